"""After the run: what the agent left is committed, secrets apart, and the whole task described."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from skazano.git import links
from skazano.git.begin import Work
from skazano.git.checkout import Checkout, is_repository
from skazano.git.command import NO_HOOKS, Git, GitError, Identity
from skazano.git.facts import Status, read_status
from skazano.git.message import message, one_line, subject_line
from skazano.git.patch import shown, unquote
from skazano.git.settle import keep_base, settle, task_range, uncommit_secrets
from skazano.git.stage import MAX_FILE, LeftOut

PATCH = 2 * 1024 * 1024  # bytes of changes.patch


class Made(msgspec.Struct, frozen=True):
    """One commit of the task."""

    sha: str
    subject: str
    link: str | None = None


class Changed(msgspec.Struct, frozen=True):
    """Lines of one file; None for a binary one."""

    path: str
    added: int | None
    removed: int | None


class Commit(msgspec.Struct, frozen=True):
    """What a task changed: commit.json, but for the patch.

    `commits` are the oldest first, the agent's own among them; empty: nothing changed. `left_out`:
    what stays uncommitted in the tree. `hook`: what a failing hook of the project said; the commit
    was then made without hooks. `note`: Russian sentences on anything unusual. `secret`: a commit
    holds one and could not be made again without it; do not push.
    """

    branch: str
    base: str | None
    commits: list[Made] = []
    numstat: list[Changed] = []
    left_out: list[LeftOut] = []
    compare: str | None = None
    hook: str | None = None
    note: str | None = None
    secret: bool = False

    @property
    def head(self) -> str | None:
        return self.commits[-1].sha if self.commits else self.base


def finish(
    repo: Path,
    work: Work,
    subject: str,
    trailers: Mapping[str, str | None],
    *,
    identity: Identity | None = None,
    remote: str = "origin",
    forge: str | None = None,
    env: Mapping[str, str] | None = None,
    trust_owner: bool = False,
    max_file: int = MAX_FILE,
    max_patch: int = PATCH,
    hook_seconds: float = 120,
) -> tuple[Commit, bytes] | None:
    """Commit what the task left behind and give it with its patch (bytes); None without `.git`.

    `trailers`: Project, Tool, Session …; Task is added. Everything from `work.base` on belongs to
    the task, the agent's own commits too. A secret in one of those, not pushed yet, makes them one
    commit again without it. Called twice, it gives the same. Raises Busy, GitError.
    """
    if not is_repository(repo):
        return None
    there = Checkout(repo, identity or Identity(), remote, env, trust_owner)
    notes: list[str] = []
    status = settle(there, work, notes)
    subject = subject_line(subject, f"task {work.task}")
    skip = {item.path for item in work.left_out}
    keep_base(there.git, work, status, notes)
    status, body, secret = uncommit_secrets(there, work, status, notes)
    left: list[LeftOut] = []
    hook = None
    if status.entries:
        staged, left = there.stage(status.entries, skip, max_file)
        if staged:
            text = message(subject, {"Task": work.task, **trailers}, body)
            hook = _commit(there, text, status, skip, max_file, hook_seconds)
    elif status.head == work.base:
        return Commit(status.branch or work.branch, work.base, note=" ".join(notes) or None), b""
    made = _commits(there.git, work, status)
    numstat, patch = _changes(there.git, made, work.base, max_patch)
    made, compare = _linked(there, made, work.base, forge)
    branch = status.branch or work.branch
    note = " ".join(notes) or None
    return Commit(branch, work.base, made, numstat, left, compare, hook, note, secret), patch


def _linked(
    there: Checkout, made: list[Made], base: str | None, forge: str | None
) -> tuple[list[Made], str | None]:
    """The commits with their pages on the forge, and the page of all of them."""
    url = links.rewritten(there.config.get(f"remote.{there.remote}.url", [""])[-1], there.config)
    linked = [Made(m.sha, m.subject, links.commit_link(url, m.sha, forge)) for m in made]
    if not made or base is None:
        return linked, None
    return linked, links.compare_link(url, base, made[-1].sha, forge)


def _commit(
    there: Checkout,
    text: bytes,
    status: Status,
    skip: set[str],
    max_file: int,
    seconds: float,
) -> str | None:
    """Commit the index. A hook that fails is given a second try if it changed files (formatters
    do), then the commit is made without hooks; gives what the hook said."""
    git = there.git
    args = ("commit", "--quiet", "--cleanup=whitespace", "--file=-")
    said = ""
    for _ in range(2):
        try:
            git(*args, stdin=text, seconds=seconds)
        except GitError as error:
            said = error.detail.strip() or str(error)
        else:
            return None
        again = read_status(git)
        if again.entries == status.entries:
            break
        there.stage(again.entries, sorted(skip), max_file)
        status = again
    bare = git(*args, stdin=text, options=NO_HOOKS, ok=(0, 1))
    if bare.code and git("diff", "--cached", "--quiet", ok=(0, 1)).code:
        raise GitError(f"git commit: {said[:200]}", said)
    return said[-2000:] if not bare.code else None


def _commits(git: Git, work: Work, status: Status) -> list[Made]:
    if status.head is None and not _born(git):
        return []
    order = ("--reverse", "--topo-order")
    out = git("log", "-z", *order, "--format=%H%n%s", *task_range(work, "HEAD")).out
    made = []
    for record in out.decode("utf-8", "replace").split("\0"):
        sha, _, subject = record.strip("\n").partition("\n")
        if sha:
            made.append(Made(sha, one_line(subject, 200)))
    return made


def _born(git: Git) -> bool:
    return git("rev-parse", "--verify", "--quiet", "HEAD", ok=(0, 1)).code == 0


def _changes(git: Git, made: list[Made], base: str | None, limit: int) -> tuple[list[Changed], bytes]:
    """Lines by file and the patch from `base` to the task's last commit."""
    if not made:
        return [], b""
    before = base or git("hash-object", "-t", "tree", "/dev/null").out.decode().strip()
    done = git(
        "diff",
        "--numstat",
        "--patch",
        "--no-color",
        "--no-ext-diff",
        "--no-textconv",
        "--no-renames",
        "--src-prefix=a/",
        "--dst-prefix=b/",
        "--submodule=short",
        before,
        made[-1].sha,
        limit=limit + (16 << 20),
        seconds=300,
    )
    stats, _, patch = done.out.partition(b"\n\n")
    changed = []
    for line in stats.split(b"\n"):
        if line.count(b"\t") < 2:
            continue
        added, removed, path = line.split(b"\t", 2)
        count = [None if n == b"-" else int(n) for n in (added, removed)]
        changed.append(Changed(shown(unquote(path)), *count))
    if done.cut or len(patch) > limit:
        patch = patch[:limit]
        end = patch.rfind(b"\ndiff --git ")
        patch = patch[: end + 1 if end > 0 else patch.rfind(b"\n") + 1]
        patch += f"# the rest is left out: the patch is longer than {limit} bytes\n".encode()
    return changed, patch
