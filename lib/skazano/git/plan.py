"""The day's branch of one checkout, decided from its references."""

import contextlib
from datetime import date

from skazano.git import branch as branches
from skazano.git import guard
from skazano.git.branch import Family, Refs, Start
from skazano.git.checkout import Checkout
from skazano.git.command import Busy, GitError, Refused
from skazano.git.facts import Status


class Plan:
    """The day's branch, decided from the references; asked again after they changed."""

    def __init__(self, there: Checkout, refs: Refs, family: Family, today: date) -> None:
        self.there, self.refs, self.family, self.today = there, refs, family, today
        self.default: str | None = None

    def start(self, status: Status, fetch_seconds: float) -> Start:
        """`fetch_seconds`: how long the remote may take, once a day; 0 asks nobody."""
        git, refs = self.there.git, self.refs
        self._learn_default(status)
        start = branches.todays(refs, self.family, self.today, status.branch)
        if start is None:
            if fetch_seconds and self._fetch(fetch_seconds):
                self._learn_default(status)
            self._tidy()
            return branches.begin(git, refs, self.family, self.today, self.default, status)
        return start if status.entries else self._forward(start, status.branch)

    def after(self, status: Status, start: Start) -> Start:
        """The day's branch once the owner's work is committed, on it or elsewhere."""
        if status.branch == start.name:
            return Start(start.name, status.head, True)
        self.refs.read()
        return self.start(status, 0)

    def apart(self, task: str) -> str:
        """A branch name for work that stands on no branch."""
        names = (f"{self.family.prefix}wip-{task}{end}" for end in ("", "-2", "-3", "-4", "-5"))
        for name in names:
            if self.refs.free(name):
                return name
        raise Refused("слишком много веток wip- для одной задачи")

    def ours(self, branch: str | None) -> bool:
        """Whether work on this branch may go on to the day's branch."""
        return branch is not None and (branch == self.default or self.family.parse(branch) is not None)

    def _learn_default(self, status: Status) -> None:
        refs, config = self.refs, self.there.config
        self.default = branches.default_branch(refs, config, status.branch, self.family)

    def _fetch(self, seconds: float) -> bool:
        """News of the remote and its default branch. No network is no trouble."""
        git, remote = self.there.git, self.there.remote
        if remote is None:
            return False
        specs = self.there.config.get(f"remote.{remote}.fetch", [])
        if any("refs/heads/*:" in spec for spec in specs):
            specs = []
        else:
            family = f"refs/heads/{self.family.prefix}*:{self.refs.remote_prefix}{self.family.prefix}*"
            specs = [*specs, "+" + family]
        quiet = ("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--", remote)
        try:
            if self.there.shared:
                guard.remote_is_safe(git, remote)
            git(*quiet, *specs, seconds=seconds)
            if self.refs.remote_prefix + "HEAD" not in self.refs.all:
                git("remote", "set-head", remote, "--auto", ok=None, seconds=seconds)
        except GitError:
            return False
        self.refs.read()
        return True

    def _tidy(self) -> None:
        """Once a day what git otherwise does after every commit, in a process left behind."""
        with contextlib.suppress(Busy):
            self.there.git("gc", "--auto", "--quiet", ok=None, seconds=120)

    def _forward(self, start: Start, current: str | None) -> Start:
        """Moved up to what already contains it: merged, gone on from another box, or, while the clock was
        wrong, under another day's name."""
        refs = self.refs
        near = {branches.HEADS + str(self.default): refs.local(self.default or "")}
        if current is not None and self.family.parse(current):
            near[branches.HEADS + current] = refs.local(current)
        if refs.remote:
            near[refs.remote_prefix + start.name] = refs.distant(start.name)
            near[refs.remote_prefix + str(self.default)] = refs.distant(self.default or "")
        known = {name: ref.sha for name, ref in near.items() if ref}
        ahead = branches.containing(self.there.git, start.sha or "", known)
        best = next((name for name in reversed(known) if name in ahead), None)
        return start._replace(sha=known[best]) if best else start
