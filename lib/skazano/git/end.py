"""After the run: what the agent left is committed, secrets apart, and the whole task described."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from skazano.git import links
from skazano.git.begin import Work
from skazano.git.branch import HEADS
from skazano.git.checkout import Checkout, is_repository
from skazano.git.command import NO_HOOKS, Git, GitError, Identity
from skazano.git.facts import Status, read_status, unfinished
from skazano.git.message import message, one_line, subject_line
from skazano.git.patch import shown, unquote
from skazano.git.stage import MAX_FILE, LeftOut, find_secrets

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
    status = _settle(there, work, notes)
    subject = subject_line(subject, f"task {work.task}")
    skip = {item.path for item in work.left_out}
    _keep_base(there.git, work, status, notes)
    status, body, secret = _uncommit_secrets(there, work, status, notes)
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
    url = links.rewritten(there.config.get(f"remote.{there.remote}.url", [""])[-1], there.config)
    made = [Made(m.sha, m.subject, links.commit_link(url, m.sha, forge)) for m in made]
    compare = None
    if made and work.base:
        compare = links.compare_link(url, work.base, made[-1].sha, forge)
    branch = status.branch or work.branch
    note = " ".join(notes) or None
    return Commit(branch, work.base, made, numstat, left, compare, hook, note, secret), patch


def _settle(there: Checkout, work: Work, notes: list[str]) -> Status:
    """Back on a branch that holds the work, whatever the agent left half done; nothing undone."""
    git = there.git
    status = read_status(git)
    command = unfinished(there.git_dir)
    if command and (command != "merge" or any(entry.unmerged for entry in status.entries)):
        git(command, *(("reset", "HEAD") if command == "bisect" else ("--quit",)))
        notes.append(f"Агент не закончил git {command}: записано то, что было в файлах.")
        status = read_status(git)
    if status.branch == work.branch or status.head is None:
        return status
    day = git("rev-parse", "--verify", "--quiet", HEADS + work.branch, ok=(0, 1)).out.decode()
    day = day.strip()
    if not day or _holds(git, day, status.head):
        # The same commit, so the switch touches no file.
        git("switch", "--quiet", "--no-track", "-C", work.branch)
        return status._replace(branch=work.branch)
    if _holds(git, status.head, day):
        # No commit of its own there: its files come along to the day's branch if they fit.
        if not git("switch", "--quiet", "--no-overwrite-ignore", work.branch, ok=None).code:
            return read_status(git)
        status = status._replace(branch=None)
    if status.branch is None and status.head:
        name = f"{work.branch}-{status.head[:8]}"
        git("switch", "--quiet", "--no-track", "-C", name)
        status = status._replace(branch=name)
    notes.append(f"Агент ушёл с ветки дня: работа записана на ветке {status.branch}.")
    return status


def _keep_base(git: Git, work: Work, status: Status, notes: list[str]) -> None:
    """A branch for what stood before the task, if the agent rewrote it away."""
    base = work.base
    if base is None or status.head == base or (status.head and _holds(git, base, status.head)):
        return
    places = ("refs/heads", "refs/remotes")
    if not git("for-each-ref", f"--contains={base}", "--count=1", *places).out:
        name = f"{work.branch}-{base[:8]}"
        git("branch", "--no-track", "--force", name, base)
        notes.append(f"Агент переписал историю ветки: прежнее осталось на ветке {name}.")


def _holds(git: Git, old: str, new: str) -> bool:
    return git("merge-base", "--is-ancestor", old, new, ok=(0, 1)).code == 0


def _range(work: Work, head: str) -> list[str]:
    """Arguments that select the task's commits."""
    known = {sha for sha in (work.base, work.default_sha) if sha}
    return [head, *(f"^{sha}" for sha in sorted(known))]


def _uncommit_secrets(
    there: Checkout, work: Work, status: Status, notes: list[str]
) -> tuple[Status, str, bool]:
    """If the agent committed a secret that nobody has seen yet, make its commits uncommitted again.

    Only HEAD and the index move; every file stays. Gives the status, a body that tells what the
    agent called its commits, and whether a secret had to be left where it is.
    """
    git = there.git
    if status.head is None or status.head == work.base:
        return status, "", False
    selected = _range(work, status.head)
    if not find_secrets(git, "log", "-p", "--remerge-diff", "--format=", *selected):
        return status, "", False
    pushed = git("for-each-ref", f"--contains={status.head}", "--count=1", "refs/remotes").out
    if pushed or (work.base and not _holds(git, work.base, status.head)):
        notes.append("В коммитах агента есть секрет: замените его.")
        return status, "", True
    subjects = git("log", "--reverse", "--format=%s", *selected).out.decode("utf-8", "replace")
    if work.base:
        git("reset", "--quiet", "--soft", work.base)
    else:
        git("update-ref", "-d", "HEAD")
    notes.append("Агент записал в git секрет: его коммиты сделаны заново, без секрета.")
    body = "\n".join("- " + one_line(line, 200) for line in subjects.splitlines()[:50])
    return read_status(git), body, False


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
    out = git("log", "-z", *order, "--format=%H%n%s", *_range(work, "HEAD")).out
    made = []
    for record in out.decode("utf-8", "replace").split("\0"):
        sha, _, subject = record.strip("\n").partition("\n")
        if sha:
            made.append(Made(sha, one_line(subject, 200)))
    return made


def _born(git: Git) -> bool:
    return git("rev-parse", "--verify", "--quiet", "HEAD", ok=(0, 1)).code == 0


def _changes(
    git: Git, made: list[Made], base: str | None, limit: int
) -> tuple[list[Changed], bytes]:
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
