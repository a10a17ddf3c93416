"""What `execute` does with git around a run: the owner's work apart before it, commit and push after it.

run/work.json is written before the tool starts; commit.json and changes.patch when all is done. Each
step gives the same when it is repeated after a crash.
"""

import os
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from skazano import git
from skazano.log import ERROR, WARNING, log
from skazano.projects import Project
from skazano.stage import Context, Failed, Later, write_error
from skazano.task import Task, TaskDir
from skazano.texts import say

PUSH_TRIES = 2  # after that the answer says so; the next task's push takes this branch along


def prepare_work(task: TaskDir, card: Task, project: Project, context: Context) -> None:
    """Put the checkout on the day's branch with nothing uncommitted in it. Raises Later, Failed."""
    wanted = context.config.execute
    try:
        work = git.prepare(
            Path(project.path),
            task.id,
            today=date.today(),
            prefix=wanted.branch_prefix,
            identity=git.Identity(wanted.author_name, wanted.author_email),
            env=git_environment(),
        )
    except git.Busy as error:
        raise Later(f"git in {project.path}: {error}") from error
    except git.GitError as error:
        raise Failed(say(card.lang, "git-unprepared", why=error), error.detail) from error
    (task.path / "run").mkdir(mode=0o775, exist_ok=True)
    if work is not None:
        task.write("run/work.json", msgspec.json.format(msgspec.json.encode(work), indent=1))
        for own in work.owner:
            log(task.id, "owner's work committed apart", commit=own.sha[:12], branch=own.branch)


def commit(task: TaskDir, card: Task, project: Project, context: Context, *, partial: bool) -> None:
    """As commit_work, but what is wrong with git goes into error.txt: what the tool answered is told all the
    same. run/exit.json gets how much was changed. Raises Later."""
    try:
        commit_work(task, card, project, context, partial=partial)
    except Failed as trouble:
        log(task.id, "not committed", level=ERROR, why=trouble.detail)
        write_error(task, "execute", trouble.told, trouble.detail)
    lines = (task.json("commit.json") or {}).get("numstat") or []
    changed = {
        "files": len(lines),
        **{what: sum(line[what] or 0 for line in lines) for what in ("added", "removed")},
    }
    context.note(**changed)
    task.write_json("run/exit.json", {**(task.json("run/exit.json") or {}), **changed})


def commit_work(task: TaskDir, card: Task, project: Project, context: Context, *, partial: bool) -> None:
    """Commit what the run left and push it; commit.json, changes.patch. `partial` work says so in its
    subject. Raises Later, Failed."""
    stored = task.text("run/work.json")
    if stored is None:
        return
    work = msgspec.json.decode(stored, type=git.Work)
    identity = git.Identity(context.config.execute.author_name, context.config.execute.author_email)
    trailers = {"Project": project.slug, "Tool": card.tool, "Session": card.session}
    try:
        title = card.title or task.id
        subject = say(card.lang, "partial", title=title) if partial else title
        made = git.finish(
            Path(project.path), work, subject, trailers, identity=identity, env=git_environment()
        )
    except git.Busy as error:
        raise Later(f"git in {project.path}: {error}") from error
    except git.GitError as error:
        raise Failed(say(card.lang, "git-failed", why=error), error.detail) from error
    if made is None:
        raise Failed(say(card.lang, "git-failed", why=say(card.lang, "git-gone")), project.path)
    commit, patch = made
    # A secret that could not be taken out of a commit must not leave this machine with it.
    may_push = bool(commit.commits) and not commit.secret
    pushed = _push(task, commit, project, context, identity) if may_push else None
    if pushed is not None:
        commit = git.rebased(commit, pushed)
    record: dict[str, Any] = msgspec.to_builtins(commit)
    record["owner"] = msgspec.to_builtins(work.owner)
    record["left_before"] = msgspec.to_builtins(work.left_out)  # told of by the run after which they came
    record["push"] = msgspec.to_builtins(pushed) if pushed is not None else {}
    if patch:
        task.write("changes.patch", patch)
    task.write_json("commit.json", record)
    context.note(commits=len(commit.commits), push=pushed.state if pushed else None)


def _push(
    task: TaskDir, commit: git.Commit, project: Project, context: Context, identity: git.Identity
) -> git.PushResult | None:
    seconds = context.config.execute.push_seconds
    folder, env = Path(project.path), git_environment()
    done = git.push(folder, commit.branch, identity=identity, env=env, seconds=seconds)
    if not done.ok and done.again and context.attempt < PUSH_TRIES:
        raise Later(f"push: {done.error}: {done.detail[-300:]}", seconds=10)
    if not done.ok and done.state != "no remote":
        log(task.id, "not pushed", level=WARNING, state=done.state, detail=done.detail[-300:])
    return None if done.state == "no remote" else done


def git_environment() -> dict[str, str]:
    """What git gets of our environment besides its own allowlist: the way to the remote."""
    proxies = [f"{scheme}_proxy" for scheme in ("http", "https", "no")]
    passed = ("SSH_AUTH_SOCK", *proxies, *map(str.upper, proxies))
    return {name: os.environ[name] for name in passed if name in os.environ}
