"""What goes into a commit, and what stays out: secrets, huge files, caches, other repositories."""

import re
import stat
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Literal

import msgspec

from skazano.git.command import Git, GitError, Refused
from skazano.git.facts import Entry
from skazano.git.patch import Additions, shown
from skazano.git.secrets import scan, secret_name

MAX_FILE = 50 * 1024 * 1024  # bytes; GitHub warns above 50 MiB and refuses above 100

# Directories that tools fill by themselves and no project wants in git, tracked ones excepted.
CACHES = frozenset(
    b"node_modules __pycache__ .venv venv .tox .nox .mypy_cache .pytest_cache .ruff_cache "
    b".hypothesis .gradle .terraform .DS_Store".split()
)

OTHER_RULES = ("size", "cache", "nested repository", "submodule", "LFS", "unreadable")

Lfs = Literal["unused", "works", "missing"]

_LFS_POINTER = b"version https://git-lfs.github.com/spec/"


class LeftOut(msgspec.Struct, frozen=True):
    """A changed path that was not committed, and why: one of OTHER_RULES, or what secret it is."""

    path: str
    rule: str

    @property
    def secret(self) -> bool:
        return self.rule not in OTHER_RULES


def stage(
    git: Git,
    top: Path,
    entries: Iterable[Entry],
    skip: Collection[str] = (),
    max_file: int = MAX_FILE,
    lfs: Lfs = "unused",
    strict: bool = False,
) -> tuple[int, list[LeftOut]]:
    """Bring the index up to the tree for `entries`; gives how many are staged and what is not.

    `skip`: paths left out before, not to be touched or told again. `lfs`: where it works a large file
    of filter=lfs goes in as its pointer; where git-lfs is missing only pointers do. A path left out is also
    taken out of the index (`strict`: Refused if content is nowhere else); the tree is never touched.
    """
    left: dict[bytes, LeftOut] = {}
    entries = list(entries)
    for entry in entries:
        if (item := left_out(top, entry, skip, max_file)) is not None:
            left[entry.path] = item
    if lfs == "works":
        large = [e for e in entries if e.path in left and left[e.path].rule == "size"]
        for path in under_lfs(git, large):
            del left[path]
    elif lfs == "missing":
        for path in under_lfs(git, [e for e in entries if e.path not in left]):
            if not _is_pointer(top, path):
                left[path] = LeftOut(shown(path), "LFS")
    unstage(git, [e for e in entries if e.path in left and e.staged not in ".?"], strict)
    wanted = _add(git, [e for e in entries if e.path not in left], left)
    if wanted:
        found = find_secrets(git, "diff", "--cached")
        unstage(git, [e._replace(changed=".") for e in wanted if e.path in found], strict)
        left |= found
    told = {item.path: item for item in left.values() if item.path not in skip}
    return sum(entry.path not in left for entry in wanted), list(told.values())


def left_out(top: Path, entry: Entry, skip: Collection[str], max_file: int) -> LeftOut | None:
    """Why a path stays out by its name, kind or size alone; one for a whole cache directory."""
    path = shown(entry.path)
    rule = unwanted(top, entry, max_file)
    if rule == "cache":
        parts = entry.path.split(b"/")
        depth = next(i for i, part in enumerate(parts) if part in CACHES) + 1
        return LeftOut(shown(b"/".join(parts[:depth])), rule)
    if rule is None and path in skip and "C" not in entry.submodule:
        rule = "skip"
    return LeftOut(path, rule) if rule else None


def unwanted(top: Path, entry: Entry, max_file: int) -> str | None:
    """The rule that keeps a path out by its name, kind or size alone."""
    if entry.nested:
        return "nested repository"
    if entry.submodule.startswith("S"):
        return None if "C" in entry.submodule or entry.staged != "." else "submodule"
    if entry.staged == "?" and CACHES.intersection(entry.path.split(b"/")):
        return "cache"
    if entry.changed == "D":
        return None
    if entry.staged in "?A" and (rule := secret_name(shown(entry.path))):
        return rule
    return "size" if file_size(top, entry.path) > max_file else None


def file_size(top: Path, path: bytes) -> int:
    """Bytes of a regular file, 0 for everything else."""
    try:
        facts = (top / path.decode("utf-8", "surrogateescape")).lstat()
    except OSError:
        return 0
    return facts.st_size if stat.S_ISREG(facts.st_mode) else 0


def _add(git: Git, wanted: list[Entry], left: dict[bytes, LeftOut]) -> list[Entry]:
    # update-index, not add: its paths are exact and its cost is linear in their number.
    for _ in range(30):
        # What is staged whole is not read again: it may be the removal of a file that stays.
        paths = [entry.path for entry in wanted if entry.changed != "."]
        if not paths:
            return wanted
        try:
            git(
                "update-index",
                "--add",
                "--remove",
                "--replace",
                "-z",
                "--stdin",
                stdin=b"\0".join(paths) + b"\0",
                seconds=600,
            )
        except GitError as error:
            bad = re.search(r"Unable to process path (.+)", error.detail)
            if not bad:
                raise
            left |= {
                entry.path: LeftOut(shown(entry.path), "unreadable")
                for entry in wanted
                if shown(entry.path) == bad.group(1)
            }
            wanted = [entry for entry in wanted if entry.path not in left]
        else:
            return wanted
    raise Refused("в проекте слишком много файлов, которые нельзя прочитать")


def unstage(git: Git, entries: Iterable[Entry], strict: bool) -> None:
    """Put index entries back to HEAD's; `strict`: Refused if that would lose what is only there."""
    entries = list(entries)
    for entry in entries:
        if strict and entry.two_contents:
            raise Refused(
                f"в индексе git лежит секрет или слишком большой файл: {shown(entry.path)}. "
                "Уберите его: git restore --staged"
            )
    if entries:
        git(
            "reset",
            "--quiet",
            "--pathspec-from-file=-",
            "--pathspec-file-nul",
            stdin=b"\0".join(entry.path for entry in entries),
        )


def find_secrets(git: Git, *command: str) -> dict[bytes, LeftOut]:
    """Secrets in the lines that a diff or log adds, and in the names of new files, by path."""
    found: dict[bytes, LeftOut] = {}

    def look(path: bytes, new: bool, data: bytes) -> None:
        if path in found:
            return
        name = shown(path)
        by_name = secret_name(name) if new else None
        if by_name or (findings := scan(data, name)):
            found[path] = LeftOut(name, by_name or findings[0].rule)

    additions = Additions(look)
    git(
        *command,
        "-U0",
        "--text",
        "--no-color",
        "--no-ext-diff",
        "--no-textconv",
        "--no-renames",
        "--src-prefix=a/",
        "--dst-prefix=b/",
        "--submodule=short",
        sink=additions.feed,
        limit=1 << 40,
        seconds=600,
    )
    additions.end()
    return found


def under_lfs(git: Git, entries: Iterable[Entry]) -> list[bytes]:
    """Paths that .gitattributes gives to git-lfs."""
    paths = [entry.path for entry in entries if entry.changed != "D"]
    if not paths:
        return []
    out = git("check-attr", "-z", "--stdin", "filter", stdin=b"\0".join(paths) + b"\0").out
    parts = out.split(b"\0")
    return [path for path, value in zip(parts[0::3], parts[2::3], strict=False) if value == b"lfs"]


def _is_pointer(top: Path, path: bytes) -> bool:
    if not 0 < file_size(top, path) < 1024:
        return False
    with (top / path.decode("utf-8", "surrogateescape")).open("rb") as file:
        return file.read(len(_LFS_POINTER)) == _LFS_POINTER
