"""A lock file left behind by a killed git, told from one that is held.

git makes `<name>.lock` beside what it changes and removes it when done. A killed git leaves it,
and every later command fails until somebody deletes it.
"""

import os
import re
import time
from pathlib import Path

STALE = 5.0  # s; programs with git built in hold the index for milliseconds and have no git process

_NAMED = re.compile(r"Unable to create '(.+?\.lock)': File exists")


def named_lock(err: str) -> Path | None:
    """The lock file that git's stderr complains about."""
    found = _NAMED.search(err)
    if not found:
        return None
    return Path(found.group(1))


def clear_lock(lock: Path, repo: Path) -> bool:
    """Wait for a lock until it goes or is old enough, and remove it if no git works in `repo`.

    True: the way is free. False: held by a running git, or not inside a git directory.
    """
    if ".git" not in lock.parts:
        return False
    while (age := lock_age(lock)) is not None:
        if age < STALE:
            time.sleep(min(0.1, STALE - age))
            continue
        if git_at_work(repo, lock):
            return False
        lock.unlink(missing_ok=True)
    return True


def lock_age(lock: Path) -> float | None:
    """Seconds since the lock was written; None if it is gone. The future counts as long ago."""
    try:
        age = time.time() - lock.lstat().st_mtime
    except FileNotFoundError:
        return None
    return age if age >= 0 else STALE


def git_at_work(repo: Path, lock: Path) -> bool:
    """Whether a git process stands in the checkout, or any process has the lock open."""
    inside = (repo.resolve(), lock.parent.resolve())
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            if (entry / "comm").read_text().startswith("git"):
                place = (entry / "cwd").readlink()
                if any(place == top or top in place.parents for top in inside):
                    return True
            if any(handle.readlink() == lock for handle in (entry / "fd").iterdir()):
                return True
        except OSError:
            continue
    return False
