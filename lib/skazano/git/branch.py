"""Which branch the day's work goes on, and where it begins."""

import re
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from skazano.git.command import Git, GitError, Refused
from skazano.git.facts import Config, Ref, Status, read_refs

_PREFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*[/-]?")
HEADS = "refs/heads/"


class Day(NamedTuple):
    """A branch of the family: `autobot/2026-11-22` or, second that day, `autobot/2026-11-22-2`."""

    date: str
    number: int
    name: str


class Family:
    """The names that a prefix makes. Where a branch has the prefix's own name, "/" becomes "-"."""

    def __init__(self, prefix: str) -> None:
        if not _PREFIX.fullmatch(prefix) or ".." in prefix or ".lock" in prefix:
            raise ValueError(f"not a branch prefix: {prefix!r}")
        self.prefix = prefix
        self.flat = prefix.rstrip("/") + "-"
        stems = "|".join(re.escape(stem) for stem in {self.prefix, self.flat})
        self._pattern = re.compile(rf"(?:{stems})(\d{{4}}-\d\d-\d\d)(?:-(\d{{1,3}}))?")

    def parse(self, name: str) -> Day | None:
        found = self._pattern.fullmatch(name)
        return Day(found[1], int(found[2] or 1), name) if found else None

    def owns(self, name: str) -> bool:
        """Whether a branch was made here: a day's, or one that keeps the owner's work."""
        apart = (self.prefix + "wip-", self.flat + "wip-")
        return self.parse(name) is not None or name.startswith(apart)

    def names(self, day: str) -> Iterator[str]:
        """Names for a day's branch, the best first."""
        for stem in (self.prefix, self.flat):
            yield stem + day
            for number in range(2, 10):
                yield f"{stem}{day}-{number}"


class Refs:
    """The references that matter here, of the checkout and of one remote."""

    def __init__(self, git: Git, remote: str | None, family: Family) -> None:
        self._git, self.remote, self._family = git, remote, family
        self.all: dict[str, Ref] = {}
        self.read()

    def read(self) -> None:
        patterns = [HEADS]
        if self.remote:
            base = self.remote_prefix
            stem = self._family.prefix.rstrip("/")
            patterns += [base + name for name in ("HEAD", *_USUAL)]
            patterns += [base + stem, f"{base}{stem}*"]
        self.all = read_refs(self._git, *patterns)
        head = self.all.get(self.remote_prefix + "HEAD") if self.remote else None
        if head and head.symref:
            self.all[head.symref] = head._replace(symref="")

    @property
    def remote_prefix(self) -> str:
        return f"refs/remotes/{self.remote}/"

    def local(self, name: str) -> Ref | None:
        return self.all.get(HEADS + name)

    def distant(self, name: str) -> Ref | None:
        return self.all.get(self.remote_prefix + name) if self.remote else None

    def days(self, distant: bool) -> list[Day]:
        start = self.remote_prefix if distant else HEADS
        if distant and not self.remote:
            return []
        names = (name.removeprefix(start) for name in self.all if name.startswith(start))
        return [day for name in names if (day := self._family.parse(name))]

    def free(self, name: str) -> bool:
        """Whether a branch of this name can be made beside those that exist."""
        starts = [HEADS, self.remote_prefix] if self.remote else [HEADS]
        parts = name.split("/")
        above = {"/".join(parts[:i]) for i in range(1, len(parts))}
        for start in starts:
            for full in self.all:
                other = full.removeprefix(start)
                if full.startswith(start) and (
                    other == name or other in above or other.startswith(name + "/")
                ):
                    return False
        return True


_USUAL = ("main", "master", "trunk", "develop")


def default_branch(refs: Refs, config: Config, current: str | None, family: Family) -> str | None:
    """The branch that others are merged into: the remote's HEAD, a usual name, or the only one."""
    if refs.remote:
        head = refs.all.get(refs.remote_prefix + "HEAD")
        if head and head.symref.startswith(refs.remote_prefix):
            return head.symref.removeprefix(refs.remote_prefix)
    own = config.get("init.defaultbranch", [])[-1:]
    for name in (*own, *_USUAL):
        if refs.local(name) or refs.distant(name):
            return name
    mine = [full.removeprefix(HEADS) for full in refs.all if full.startswith(HEADS)]
    others = [name for name in mine if not family.owns(name)]
    if current in others:
        return current
    return others[0] if others else None


class Start(NamedTuple):
    """The day's branch: its name and the commit it stands at or begins at (None: no commit yet)."""

    name: str
    sha: str | None
    exists: bool


def containing(git: Git, sha: str, refs: dict[str, str]) -> set[str]:
    """Which of the references (full name: sha) hold the commit `sha` and more."""
    names = [name for name, other in refs.items() if other != sha]
    if not names:
        return set()
    out = git("for-each-ref", f"--contains={sha}", "--format=%(refname)", *names).out
    return set(out.decode("utf-8", "surrogateescape").split("\n")) & set(names)


def adds_nothing(git: Git, into: str, sha: str) -> bool:
    """Whether merging `sha` would change nothing: squashed or rebased merges leave no ancestry."""
    try:
        merged = git("merge-tree", "--write-tree", into, sha, ok=(0, 1))
        if merged.code:
            return False
        tree = git("rev-parse", f"{into}^{{tree}}").out
    except GitError:
        return False
    return merged.out.split()[:1] == tree.split()[:1]


def default_tip(git: Git, refs: Refs, default: str | None) -> str | None:
    """The default branch's newest commit: the checkout's, or the remote's if that goes on."""
    if default is None:
        return None
    mine, theirs = refs.local(default), refs.distant(default)
    if mine is None or theirs is None:
        found = mine or theirs
        return found.sha if found else None
    name = refs.remote_prefix + default
    return theirs.sha if containing(git, mine.sha, {name: theirs.sha}) else mine.sha


def todays(refs: Refs, family: Family, today: date, current: str | None) -> Start | None:
    """Today's branch if the checkout has it and no other worktree stands on it."""
    days = [day for day in refs.days(distant=False) if day.date == today.isoformat()]
    for day in sorted(days, reverse=True):
        ref = refs.local(day.name)
        if ref and (not ref.worktree or day.name == current):
            return Start(day.name, ref.sha, True)
    return None


def begin(git: Git, refs: Refs, family: Family, today: date, default: str | None, status: Status) -> Start:
    """Where today's branch begins: DESIGN's "from where the work stands".

    On the remote already: from there. Else from the last such branch while it holds what the
    default branch lacks, else from the default branch; without either, from HEAD. A branch of a day to come,
    on which the checkout stands, is the last such branch: the clock was set back.
    """
    day = today.isoformat()
    standing = family.parse(status.branch or "")
    theirs = sorted((d for d in refs.days(distant=True) if d.date == day), reverse=True)
    for found in theirs:
        ref = refs.distant(found.name)
        if ref and not refs.local(found.name):
            return Start(found.name, ref.sha, False)
    name = next((name for name in family.names(day) if refs.free(name)), None)
    if name is None:
        raise Refused("не нашлось свободного имени для ветки дня")
    tip = default_tip(git, refs, default)
    ahead = standing is not None and standing.date > day
    last = status.head if ahead else last_day(git, refs, day)
    if last and not (tip and _merged(git, refs, default, tip, last)):
        return Start(name, last, False)
    return Start(name, tip or status.head, False)


def last_day(git: Git, refs: Refs, before: str) -> str | None:
    """The newest commit of the last such branch up to `before`, of the checkout or the remote."""
    days = [day for far in (False, True) for day in refs.days(far) if day.date <= before]
    if not days:
        return None
    latest = max(days).date
    mine = max((d for d in refs.days(False) if d.date == latest), default=None)
    theirs = max((d for d in refs.days(True) if d.date == latest), default=None)
    near = refs.local(mine.name) if mine else None
    far = refs.distant(theirs.name) if theirs else None
    if near is None or far is None:
        found = near or far
        return found.sha if found else None
    name = refs.remote_prefix + (theirs.name if theirs else "")
    return far.sha if containing(git, near.sha, {name: far.sha}) else near.sha


def _merged(git: Git, refs: Refs, default: str | None, tip: str, sha: str) -> bool:
    if sha == tip:
        return True
    places = {HEADS + str(default): refs.local(str(default))}
    if refs.remote:
        places[refs.remote_prefix + str(default)] = refs.distant(str(default))
    known = {name: ref.sha for name, ref in places.items() if ref}
    if sha in known.values() or containing(git, sha, known):
        return True
    return adds_nothing(git, tip, sha)
