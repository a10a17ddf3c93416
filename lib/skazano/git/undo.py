"""Taking a task back: `git revert` of its commits, as one commit, on the day's branch."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import msgspec

from skazano.git.begin import prepare
from skazano.git.checkout import Checkout
from skazano.git.command import NO_HOOKS, Git, GitError, Identity
from skazano.git.message import message, one_line
from skazano.git.push import PushResult, push

_NONE = "Коммитов этой задачи на ветке {} нет: её работа не здесь или уже убрана."


class Undone(msgspec.Struct, frozen=True):
    """How an undo ended. `error` is a Russian sentence; `sha` the revert, also an earlier one."""

    ok: bool
    branch: str | None = None
    sha: str | None = None
    reverted: list[str] = []
    push: PushResult | None = None
    error: str | None = None


def undo(
    repo: Path,
    task: str,
    *,
    today: date,
    commits: Sequence[str] = (),
    prefix: str = "autobot/",
    identity: Identity | None = None,
    remote: str = "origin",
    env: Mapping[str, str] | None = None,
    trust_owner: bool = False,
    seconds: float = 60,
) -> Undone:
    """Revert the task's commits and push. Once undone, it stays so: called again it gives the same.

    `commits`: their ids from commit.json, the agent's own among them; those with the trailer
    `Task: <task>` are found besides. Raises Refused, Busy, GitError as `prepare` does.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}", task):
        raise ValueError(f"not a task id: {task!r}")
    work = prepare(
        repo, task, today=today, prefix=prefix, identity=identity, remote=remote, env=env,
        trust_owner=trust_owner,
    )  # fmt: skip
    if work is None:
        return Undone(False, error="В проекте нет git.")
    there = Checkout(repo, identity or Identity(), remote, env, trust_owner)
    git = there.git
    if work.base is None:
        return Undone(False, work.branch, error="В проекте ещё нет коммитов.")
    done = by_trailer(git, "Undoes", task)
    made = _reachable(git, [*commits, *by_trailer(git, "Task", task)])
    if done and not _newer(git, made, done[0]):
        sha = done[0]
    elif not made:
        return Undone(False, work.branch, error=_NONE.format(work.branch))
    else:
        try:
            sha = _revert(git, task, made)
        except GitError as error:
            return Undone(False, work.branch, error=f"Отменить не вышло: {error}")
    sent = push(
        repo, work.branch, remote=remote, identity=identity, env=env, trust_owner=trust_owner,
        seconds=seconds,
    )  # fmt: skip
    return Undone(True, work.branch, sent.moved.get(sha, sha), made, sent)


def by_trailer(git: Git, key: str, task: str) -> list[str]:
    """Commits of HEAD's history that carry the trailer, the newest first."""
    out = git(
        "log",
        "-z",
        "--fixed-strings",
        f"--grep={key}: {task}",
        f"--format=%H%n%(trailers:key={key},valueonly,unfold)",
        "HEAD",
    ).out
    found = []
    for record in out.decode("utf-8", "replace").split("\0"):
        sha, _, values = record.strip("\n").partition("\n")
        if sha and task in (value.strip() for value in values.splitlines()):
            found.append(sha)
    return found


def _reachable(git: Git, commits: Sequence[str]) -> list[str]:
    """Those of the commits that HEAD's history has, each once, the newest first.

    What a merge among them brought in is left out: reverting the merge takes it back.
    """
    wanted = {sha for sha in commits if re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", sha)}
    if not wanted:
        return []
    out = git("rev-list", "--topo-order", "--parents", "HEAD").out.decode()
    found = [line.split() for line in out.splitlines() if line.partition(" ")[0] in wanted]
    for sha, *parents in found:
        if len(parents) > 1:
            inner = git("rev-list", sha, f"^{parents[0]}").out.decode().split()
            wanted -= set(inner) - {sha}
    return [sha for sha, *_ in found if sha in wanted]


def _newer(git: Git, made: Sequence[str], undone: str) -> bool:
    """Whether the task has a commit that came after its undoing."""
    return any(git("merge-base", "--is-ancestor", sha, undone, ok=(0, 1)).code for sha in made[:1])


def _revert(git: Git, task: str, made: Sequence[str]) -> str:
    subject = git("log", "-1", "--format=%s", made[-1]).out.decode("utf-8", "replace")
    try:
        for sha in made:
            parents = git("rev-list", "--parents", "-1", sha).out.split()[1:]
            mainline = ("-m", "1") if len(parents) > 1 else ()
            git("revert", "--no-commit", *mainline, sha, seconds=300)
        if not git("diff", "--cached", "--quiet", ok=(0, 1)).code:
            raise GitError("эти изменения уже отменены")
        body = "\n".join(f"This reverts commit {sha}." for sha in made)
        text = message(one_line(f"Отмена: {subject}", 72), {"Undoes": task}, body)
        args = ("commit", "--quiet", "--cleanup=whitespace", "--file=-")
        git(*args, stdin=text, options=NO_HOOKS, seconds=300)
    except GitError as error:
        # As `git revert --abort` does; what prepare left uncommitted in the tree stays.
        git("reset", "--quiet", "--merge")
        if "could not revert" in error.detail or "would be overwritten" in error.detail:
            raise GitError("файлы с тех пор изменились", error.detail) from error
        raise
    return git("rev-parse", "HEAD").out.decode().strip()
