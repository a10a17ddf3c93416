"""Before the run: the owner's uncommitted work apart, the checkout on the day's branch."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import msgspec

from skazano.git import branch as branches
from skazano.git.branch import Family, Refs, Start
from skazano.git.checkout import Checkout, is_repository
from skazano.git.command import NO_HOOKS, Git, GitError, Identity, Refused
from skazano.git.facts import Status, read_status, unfinished
from skazano.git.message import message
from skazano.git.plan import Plan
from skazano.git.stage import MAX_FILE, LeftOut, find_secrets, unstage, unwanted


class OwnerCommit(msgspec.Struct, frozen=True):
    """A commit of what the owner had not committed, and the branch it is on."""

    sha: str
    subject: str
    branch: str


class Work(msgspec.Struct, frozen=True):
    """Where a task's work is done. Plain values: store it before the agent starts.

    `base`: the commit the work begins at, None before the first. `left_out`: the owner's paths that
    stay uncommitted; `finish` does not touch them either.
    """

    task: str
    branch: str
    base: str | None
    default: str | None = None
    default_sha: str | None = None
    owner: list[OwnerCommit] = []
    left_out: list[LeftOut] = []


def prepare(
    repo: Path,
    task: str,
    *,
    today: date,
    prefix: str = "autobot/",
    identity: Identity | None = None,
    remote: str = "origin",
    env: Mapping[str, str] | None = None,
    trust_owner: bool = False,
    max_file: int = MAX_FILE,
    fetch_seconds: float = 20,
) -> Work | None:
    """Commit the owner's work apart and put the checkout on the day's branch; None without `.git`.

    The owner's work goes on the day's branch if the checkout stands where that begins, on the
    default branch or one of the family; else on the branch it stands on; detached, on a branch
    `<prefix>wip-<task>`. Hooks are not run for it. Secrets, huge files, caches and nested
    repositories stay uncommitted in the tree. Nothing is stashed, reset or forced.

    Called again, also after a kill at any point, it ends at the same place. Not to be called once
    the task's agent has started. Raises Refused (the owner must decide), Busy (later), GitError.
    """
    if not is_repository(repo):
        return None
    family = Family(prefix)
    there = Checkout(repo, identity or Identity(), remote, env, trust_owner)
    status = read_status(there.git)
    _refuse_unfinished(there, status)
    refs = Refs(there.git, there.remote, family)
    plan = Plan(there, refs, family, today)
    start = plan.start(status, fetch_seconds)
    owner: list[OwnerCommit] = []
    left: list[LeftOut] = []
    if status.entries:
        status = _stand(there.git, plan, status, start, task)
        owner, left = _owner_commits(there, status, task, max_file)
    elif status.branch is None and status.head:
        _keep_detached(there.git, status.head, plan.apart(task))
    if owner:
        status = status._replace(head=owner[-1].sha)
        start = plan.after(status, start)
    _switch(there.git, status, start)
    default = refs.local(plan.default or "") or refs.distant(plan.default or "")
    return Work(task, start.name, start.sha, plan.default, default and default.sha, owner, left)


def _refuse_unfinished(there: Checkout, status: Status) -> None:
    command = unfinished(there.git_dir)
    if command:
        how = "git bisect reset" if command == "bisect" else f"git {command} --abort"
        raise Refused(f"в проекте не закончен git {command}: закончите его или отмените ({how})")
    if any(entry.unmerged for entry in status.entries):
        raise Refused("в проекте остались неразрешённые конфликты слияния")


def _stand(git: Git, plan: Plan, status: Status, start: Start, task: str) -> Status:
    """Stand on the branch where the owner's work belongs, the work carried along untouched."""
    if status.head is None or status.branch == start.name:
        return status
    if status.branch is None:
        name = plan.apart(task)
        _new_branch(git, name)
        return status._replace(branch=name)
    if plan.ours(status.branch) and start.sha and _reaches(git, status.head, start.sha):
        try:
            _switch(git, status, start)
        except Refused:
            return status
        return status._replace(branch=start.name, head=start.sha)
    return status


def _reaches(git: Git, old: str, new: str) -> bool:
    return old == new or git("merge-base", "--is-ancestor", old, new, ok=(0, 1)).code == 0


def _owner_commits(
    there: Checkout, status: Status, task: str, max_file: int
) -> tuple[list[OwnerCommit], list[LeftOut]]:
    commits: list[OwnerCommit] = []
    git = there.git
    if any(entry.two_contents for entry in status.entries):
        # What is staged lies nowhere else: a commit of the tree alone would lose it.
        index = [e._replace(changed=".") for e in status.entries if e.staged not in ".?"]
        whole = {entry.path: entry for entry in status.entries}
        found = find_secrets(git, "diff", "--cached")
        named = {e.path for e in index if unwanted(there.top, e, max_file)}
        unstage(git, [whole[path] for path in whole if path in found or path in named], True)
        commits += _owner_commit(there, status, f"wip: staged work before task {task}", task)
        status = read_status(git)._replace(branch=status.branch)
    staged, left = there.stage(status.entries, (), max_file, strict=True)
    if staged:
        commits += _owner_commit(there, status, f"wip: uncommitted work before task {task}", task)
    return commits, left


def _owner_commit(there: Checkout, status: Status, subject: str, task: str) -> list[OwnerCommit]:
    git = there.git
    done = git(
        "commit",
        "--quiet",
        "--cleanup=whitespace",
        "--file=-",
        stdin=message(subject, {"Before-Task": task}),
        options=NO_HOOKS,
        ok=(0, 1),
        seconds=300,
    )
    if done.code:
        # A filter may have made the files equal to what is recorded: then there is nothing to do.
        if git("diff", "--cached", "--quiet", ok=(0, 1)).code:
            raise GitError(f"git commit: {done.err.strip()[:200]}", done.err, done.code)
        return []
    return [OwnerCommit(_head(git) or "", subject, status.branch or "")]


def _head(git: Git) -> str | None:
    done = git("rev-parse", "--verify", "--quiet", "HEAD", ok=(0, 1))
    return done.out.decode().strip() or None


def _keep_detached(git: Git, head: str, name: str) -> None:
    """A branch for commits that no reference holds, before the checkout leaves them."""
    places = ("refs/heads", "refs/remotes", "refs/tags")
    if not git("for-each-ref", f"--contains={head}", "--count=1", *places).out:
        git("branch", "--no-track", name, head)


def _switch(git: Git, status: Status, start: Start) -> None:
    """Put the checkout on the day's branch; Refused, nothing changed, if files are in the way."""
    if status.branch == start.name and status.head == start.sha:
        return
    try:
        if start.sha is None:
            git("symbolic-ref", "HEAD", branches.HEADS + start.name)
        elif not start.exists:
            _new_branch(git, start.name, start.sha)
        else:
            if status.branch != start.name:
                git(*_SWITCH, "--no-guess", start.name, seconds=600)
            git("merge", "--quiet", "--ff-only", "--no-overwrite-ignore", start.sha, seconds=600)
    except GitError as error:
        if "would be overwritten" not in error.detail and "would lose" not in error.detail:
            raise
        names = [line.strip() for line in error.detail.splitlines() if line.startswith("\t")]
        raise Refused(
            "незаписанные файлы мешают перейти на ветку дня: " + ", ".join(names[:5]), error.detail
        ) from error


_SWITCH = ("switch", "--quiet", "--no-overwrite-ignore")


def _new_branch(git: Git, name: str, *start: str) -> None:
    try:
        git(*_SWITCH, "--no-track", "-c", name, *start, seconds=600)
    except GitError as error:
        # git made the branch, met a lock on HEAD and was run again.
        if "already exists" not in error.detail:
            raise
        git(*_SWITCH, "--no-guess", name, seconds=600)
