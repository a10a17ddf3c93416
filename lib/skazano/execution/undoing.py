"""Taking a task's work back: a button makes a task of its own, which `execute` does with git alone.

Its id is the undone task's with the source `undo`, so that pressing twice makes one. It waits for its turn
in the project like any other, so nothing is reverted under a tool's hands.
"""

import re
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from skazano.context import Context, Failed, Later
from skazano.spool import Spool
from skazano.task import Task, TaskDir, encode, now
from skazano.texts import say

TOOL = "undo"


def request(spool: Spool, id: str) -> bool:
    """Publish the task that takes `id` back; False if it was published before."""
    card = TaskDir(spool.dir(id)).load()
    undo = Task(
        id=re.sub(r"^(\d{8}-\d{6})-[a-z]+-", rf"\1-{TOOL}-", id),
        created=now(),
        source=card.source,
        chat=card.chat,
        message=card.message,
        user=card.user,
        project=card.project,
        tool=TOOL,
        lang=card.lang,
        title=say(card.lang, "undo-title", title=card.title or id),
        parent=id,
    )
    return spool.publish(undo.id, {"task.json": encode(undo)}, "execute")


def work(task: TaskDir, card: Task, context: Context) -> str:
    """Revert the parent's commits and push. The same when repeated. Raises Later, Failed."""
    from skazano import git
    from skazano.execution.commits import git_environment

    project = context.projects().get(card.project or "")
    if project is None or card.parent is None:
        raise Failed(say(card.lang, "project-gone", name=card.project), f"no project {card.project!r}")
    made = (TaskDir(context.spool.dir(card.parent)).json("commit.json") or {}).get("commits", [])
    wanted = context.config.execute
    try:
        undone = git.undo(
            Path(project.path),
            card.parent,
            today=date.today(),
            commits=[one["sha"] for one in made],
            prefix=wanted.branch_prefix,
            identity=git.Identity(wanted.author_name, wanted.author_email),
            env=git_environment(),
            seconds=wanted.push_seconds,
        )
    except git.Busy as error:
        raise Later(f"git in {project.path}: {error}") from error
    except git.GitError as error:
        raise Failed(say(card.lang, "git-unprepared", why=error), error.detail) from error
    if not undone.ok:
        raise Failed(say(card.lang, "not-undone", why=undone.error), undone.error or "")
    task.write("result.md", say(card.lang, "undone"))
    task.write_json("commit.json", _record(undone, card.title or ""))
    context.note(engine=TOOL, commits=len(undone.reverted))
    return "summarize"


def _record(undone: Any, subject: str) -> dict[str, Any]:
    push = undone.push
    return {
        "branch": undone.branch,
        "commits": [{"sha": undone.sha, "subject": subject}],
        "reverted": undone.reverted,
        "push": msgspec.to_builtins(push) if push is not None and push.state != "no remote" else {},
    }
