"""What a repository looks like at the moment: status, references, configuration, open merges."""

import os
from pathlib import Path
from typing import NamedTuple

from skazano.files import open_plain
from skazano.git.command import Git

Config = dict[str, list[str]]


class Entry(NamedTuple):
    """One changed path. `staged` and `changed` are status letters, "." for none, "?" untracked."""

    path: bytes
    staged: str
    changed: str
    submodule: str = "N..."

    @property
    def unmerged(self) -> bool:
        return self.staged == "U"

    @property
    def nested(self) -> bool:
        """An untracked directory with a repository of its own."""
        return self.staged == "?" and self.path.endswith(b"/")

    @property
    def two_contents(self) -> bool:
        """What is staged is neither HEAD's nor what lies in the tree: it exists nowhere else."""
        return not self.unmerged and self.staged not in ".?" and self.changed not in ".?"


class Status(NamedTuple):
    """`head` is None before the first commit, `branch` None when detached."""

    head: str | None
    branch: str | None
    entries: list[Entry]


def read_status(git: Git, submodules: str = "") -> Status:
    """The checkout's status; `submodules` as git-status(1) --ignore-submodules, else the checkout's."""
    out = git(
        "status",
        "--porcelain=v2",
        "--branch",
        "-z",
        "--untracked-files=all",
        "--no-renames",
        f"--ignore-submodules={submodules or git.submodules}",
    ).out
    head: str | None = None
    branch: str | None = None
    entries = []
    for record in out.split(b"\0"):
        kind = record[:2]
        if kind == b"# ":
            name, _, value = record[2:].decode("utf-8", "surrogateescape").partition(" ")
            if name == "branch.oid" and value != "(initial)":
                head = value
            elif name == "branch.head" and value != "(detached)":
                branch = value
        elif kind == b"1 ":
            _, xy, sub, _, _, _, _, _, path = record.split(b" ", 8)
            entries.append(Entry(path, chr(xy[0]), chr(xy[1]), sub.decode()))
        elif kind == b"u ":
            _, _, sub, _, _, _, _, _, _, _, path = record.split(b" ", 10)
            entries.append(Entry(path, "U", "U", sub.decode()))
        elif kind == b"? ":
            entries.append(Entry(record[2:], "?", "?"))
    return Status(head, branch, entries)


def read_config(git: Git) -> Config:
    """Every setting git sees, keys as `git config --list` has them (the last value wins)."""
    config: Config = {}
    for item in git("config", "--list", "-z").out.decode("utf-8", "replace").split("\0"):
        key, _, value = item.partition("\n")
        if key:
            config.setdefault(key, []).append(value)
    return config


class Ref(NamedTuple):
    """`worktree`: where the branch is checked out, "" if nowhere."""

    sha: str
    symref: str
    worktree: str


def read_refs(git: Git, *patterns: str) -> dict[str, Ref]:
    """References by full name."""
    fields = "%(refname)%00%(objectname)%00%(symref)%00%(worktreepath)%00"
    out = git("for-each-ref", f"--format={fields}", *patterns).out
    parts = out.decode("utf-8", "surrogateescape").split("\0")
    return {
        parts[i].lstrip("\n"): Ref(parts[i + 1], parts[i + 2], parts[i + 3])
        for i in range(0, len(parts) - 3, 4)
    }


def git_directory(repo: Path) -> Path:
    """The checkout's own git directory, also of a worktree or submodule, whose `.git` is a file."""
    entry = repo.resolve() / ".git"
    if entry.is_dir():
        return entry.resolve()
    return (repo / (line_of(entry) or "").removeprefix("gitdir:").strip()).resolve()


def line_of(path: Path) -> str | None:
    """What a file of one line says; None if there is none. Nothing else is waited for, or read."""
    try:
        with open_plain(path) as stream:
            return os.fsdecode(stream.read(1 << 16)).strip()
    except OSError:
        return None


_UNFINISHED = {
    "MERGE_HEAD": "merge",
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "BISECT_LOG": "bisect",
}


def unfinished(git_dir: Path) -> str | None:
    """The git command that somebody has begun and not ended: merge, rebase, am …"""
    for name, command in _UNFINISHED.items():
        if (git_dir / name).exists():
            if name == "rebase-apply" and (git_dir / name / "applying").exists():
                return "am"
            return command
    return None
