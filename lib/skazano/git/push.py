"""Sending the day's branch to its remote: never forced, never a reason for a task to fail."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

import msgspec

from skazano.git import guard
from skazano.git.checkout import Checkout, is_repository
from skazano.git.command import Busy, GitError, Identity
from skazano.git.end import Commit, Made
from skazano.git.facts import read_status, unfinished

State = Literal["pushed", "no remote", "offline", "denied", "rejected", "failed"]

_SAYS: dict[State, str] = {
    "offline": "нет связи с удалённым репозиторием",
    "denied": "удалённый репозиторий отказал",
    "rejected": "ветка на удалённом репозитории ушла вперёд",
    "failed": "git push не удался",
}


class PushResult(msgspec.Struct, frozen=True):
    """How a push ended. `error` is a Russian phrase, `detail` git's stderr without credentials.

    `again`: worth trying later. `moved`: old to new ids of commits that were rebased; `onto`: the
    commit they now stand on.
    """

    ok: bool
    state: State
    branch: str
    pushed_branch: str | None = None
    error: str | None = None
    detail: str = ""
    again: bool = False
    moved: dict[str, str] = {}
    onto: str | None = None


def push(
    repo: Path,
    branch: str,
    *,
    remote: str = "origin",
    identity: Identity | None = None,
    env: Mapping[str, str] | None = None,
    trust_owner: bool = False,
    seconds: float = 60,
) -> PushResult:
    """Push `branch`; if the remote's has gone on, rebase once, else use a second name (`…-2`).

    Call it while nothing else works in the checkout: the rebase happens there. Each command has
    `seconds`. Raises nothing for what the world does.
    """
    if not is_repository(repo):
        return PushResult(False, "no remote", branch)
    try:
        there = Checkout(repo, identity or Identity(), remote, env, trust_owner)
        if there.remote is None:
            return PushResult(False, "no remote", branch)
        if there.shared:
            guard.remote_is_safe(there.git, there.remote)
        return _Pusher(there, there.remote, branch, seconds).push()
    except Busy as error:
        return _told("failed", branch, str(error), error.detail, again=True)
    except GitError as error:
        return _told("failed", branch, str(error), error.detail)


def rebased(commit: Commit, result: PushResult) -> Commit:
    """`commit` with the ids that its commits have after the push."""
    if not result.moved:
        return commit

    def new(made: Made) -> Made:
        sha = result.moved.get(made.sha, made.sha)
        link = made.link.replace(made.sha, sha) if made.link else None
        return Made(sha, made.subject, link)

    base = result.moved.get(commit.base or "", result.onto)
    made = [new(item) for item in commit.commits]
    compare = commit.compare
    if compare and commit.base and base and made:
        compare = compare.replace(commit.base, base).replace(commit.commits[-1].sha, made[-1].sha)
    return msgspec.structs.replace(commit, base=base, commits=made, compare=compare)


class _Pusher:
    """One push with its second tries."""

    def __init__(self, there: Checkout, remote: str, branch: str, seconds: float) -> None:
        self.there, self.git = there, there.git
        self.remote, self.branch, self.seconds = remote, branch, seconds
        self.moved: dict[str, str] = {}
        self.onto: str | None = None

    def push(self) -> PushResult:
        result = self._send(self.branch)
        if result.state == "rejected" and (before := self._rebase()):
            result = self._send(self.branch)
            if not result.ok:
                # Ids that were told stay true: the branch goes back to where it stood.
                self.git("reset", "--quiet", "--keep", before)
                self.moved, self.onto = {}, None
        if result.state == "rejected":
            for name in second_names(self.branch):
                result = self._send(name)
                if result.state != "rejected":
                    break
        return msgspec.structs.replace(result, moved=self.moved, onto=self.onto)

    def _send(self, name: str) -> PushResult:
        """One `git push` of the branch to `name` on the remote."""
        upstream = ("--set-upstream",) if name == self.branch else ()
        spec = f"refs/heads/{self.branch}:refs/heads/{name}"
        submodules = "--recurse-submodules=" + ("no" if self.there.shared else "check")
        options = ("--porcelain", "--no-progress", submodules, *upstream)
        try:
            if self.there.shared and self.there.lfs == "works":  # else its hook does it
                self.git("lfs", "push", self.remote, self.branch, seconds=self.seconds)
            done = self.git("push", *options, "--", self.remote, spec, ok=None, seconds=self.seconds)
        except Busy as error:
            return _told("offline", self.branch, str(error), error.detail, again=True)
        if done.code == 0:
            return PushResult(True, "pushed", self.branch, name)
        said = done.out.decode("utf-8", "backslashreplace")
        state = push_state(said, done.err)
        detail = "\n".join(line for line in said.splitlines() if line.startswith("!"))
        detail = f"{detail}\n{done.err}".strip()[-4000:]
        return _told(state, self.branch, _SAYS[state], detail, again=state == "offline")

    def _rebase(self) -> str | None:
        """Fetch the remote's branch and put ours on top; gives where it stood, None if it cannot."""
        git = self.git
        try:
            git(
                *("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--"),
                *(self.remote, f"refs/heads/{self.branch}"),
                seconds=self.seconds,
            )
            onto = git("rev-parse", "FETCH_HEAD").out.decode().strip()
            status = read_status(git, "dirty")
            if status.branch != self.branch or unfinished(self.there.git_dir):
                return None
            before = self._own(onto)
            git("rebase", "--quiet", "--no-autostash", onto, seconds=300)
        except GitError:
            if unfinished(self.there.git_dir) == "rebase":
                git("rebase", "--abort", ok=None)
            return None
        after = {key: sha for sha, key in self._own(onto)}
        self.moved = {sha: after[key] for sha, key in before if key in after}
        self.onto = onto
        return status.head

    def _own(self, onto: str) -> list[tuple[str, str]]:
        """Our commits with what a rebase keeps of them: author, time and message."""
        out = self.git("log", "-z", "--format=%H%n%an%n%ae%n%at%n%B", "HEAD", f"^{onto}").out
        records = out.decode("utf-8", "replace").split("\0")
        return [(r.partition("\n")[0], r.partition("\n")[2]) for r in records if r.strip()]


def second_names(branch: str) -> Iterator[str]:
    """Other names for a branch that cannot be pushed under its own."""
    for number in range(2, 6):
        yield f"{branch}-{number}"
    if "/" in branch:
        yield branch.replace("/", "-")


_DENIED = re.compile(
    r"\[remote rejected\]|Authentication failed|could not read (?:Username|Password)"
    r"|Permission denied|requested URL returned error: (?:401|403|404)|not found"
    r"|does not appear to be a git repository"
    r"|access denied|Host key verification failed|GH0\d\d",
    re.IGNORECASE,
)
_OFFLINE = re.compile(
    r"Could not resolve host|Connection (?:refused|timed out|reset|closed)|Network is unreachable"
    r"|No route to host|Failed to connect|Couldn't connect|Temporary failure|timed out|early EOF"
    r"|unable to connect|hung up unexpectedly|requested URL returned error: (?:5\d\d|429)",
    re.IGNORECASE,
)


def push_state(porcelain: str, err: str) -> State:
    """What git's answer to a push means."""
    if re.search(r"\[rejected\]", porcelain):
        return "rejected"
    if re.search(r"\[remote rejected\]", porcelain):
        # Somebody else pushed in between, or a branch is in the way of the name.
        if re.search(r"cannot lock ref|failed to update ref|incorrect old value", porcelain + err):
            return "rejected"
        return "denied"
    if _OFFLINE.search(err):
        return "offline"
    return "denied" if _DENIED.search(err) else "failed"


def _told(state: State, branch: str, error: str, detail: str, again: bool = False) -> PushResult:
    return PushResult(False, state, branch, None, error, detail, again)
