"""Taking a task's work back: a button makes a task of its own, which is done with git alone, by `execute` or,
if the project lives on another box, by the tooler there.

Its id is the undone task's with the source `undo`, so that pressing twice makes one. It waits for its turn
in the project like any other, so nothing is reverted under a tool's hands.
"""

import re
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from skazano.context import Context, Failed, Later, cancelled
from skazano.projects import Project
from skazano.spool import Spool
from skazano.task import BadTask, Task, TaskDir, encode, now
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
    """Revert the parent's commits and push; the next stage. The same when repeated. Raises Later, Failed,
    Stopped."""
    project = _project(card, context)
    if card.parent is None:
        raise BadTask(f"{card.id} takes nothing back")
    made = (TaskDir(context.spool.dir(card.parent)).json("commit.json") or {}).get("commits", [])
    commits = [one["sha"] for one in made]
    if project.box is None:
        take_back(task, card, card.parent, commits, context)
    else:
        from skazano.tooler import elsewhere

        exit = elsewhere.undo(task, card, project.slug, project.box, card.parent, commits, context)
        if exit is None:
            return "hold"
        if exit.get("stopped"):
            return cancelled(task)
    task.write("result.md", say(card.lang, "undone"))
    context.note(engine=TOOL, box=project.box)
    return "summarize"


def take_back(task: TaskDir, card: Task, undone: str, commits: list[str], context: Context) -> None:
    """Revert the commits of the task `undone` in the card's project on this box, and push; commit.json. The
    same when repeated. Raises Later, Failed."""
    from skazano import git
    from skazano.execution.commits import git_environment

    project = _project(card, context)
    if not Path(project.path).is_dir():
        raise _not_done(card, "undo-no-folder", title=project.title, path=project.path)
    wanted = context.config.execute
    try:
        done = git.undo(
            Path(project.path),
            undone,
            today=date.today(),
            commits=commits,
            prefix=wanted.branch_prefix,
            identity=git.Identity(wanted.author_name, wanted.author_email),
            env=git_environment(),
            seconds=wanted.push_seconds,
        )
    except git.Busy as error:
        raise Later(f"git in {project.path}: {error}") from error
    except git.GitError as error:
        raise Failed(say(card.lang, "git-unprepared", why=error), error.detail) from error
    if not done.ok:
        raise Failed(say(card.lang, "not-undone", why=done.error), done.error or "")
    task.write_json("commit.json", _record(done, card.title or ""))
    context.note(commits=len(done.reverted))


def _project(card: Task, context: Context) -> Project:
    if (project := context.projects().get(card.project or "")) is not None:
        return project
    broken = (context.settings.projects / f"{card.project}.toml").exists()
    raise _not_done(card, "undo-broken" if broken else "undo-no-project", name=card.project)


def _not_done(card: Task, why: str, **values: object) -> Failed:
    return Failed(say(card.lang, "not-undone", why=say(card.lang, why, **values)), why)


def _record(undone: Any, subject: str) -> dict[str, Any]:
    push = undone.push
    return {
        "branch": undone.branch,
        "commits": [{"sha": undone.sha, "subject": subject}],
        "reverted": undone.reverted,
        "push": msgspec.to_builtins(push) if push is not None and push.state != "no remote" else {},
    }
