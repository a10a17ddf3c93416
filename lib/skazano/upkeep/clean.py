"""Retention: what of finished tasks is removed, by age and kind. Audio is kept until the owner says so.

Only tasks in done/ and failed/ are touched, each while its ticket is locked. A part that is removed (a run's
output, a recording) is named in the task's history; text, commits and answers stay until the whole task goes.
A task goes by one rename of its directory, which hides it, then its ticket; fsck sweeps up after a crash.
"""

import os
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from skazano import files, ids
from skazano.spool import Held, Spool, Ticket
from skazano.task import BadTask, TaskDir

DAY = 86400.0
SPOKEN = ("answer.oga", "speech.txt", "speech.json")
RUN = ("events.jsonl", "stdout.log", "stderr.log", "stdin.txt", "out")


@dataclass(frozen=True)
class Removal:
    """What was, or would be, removed of one task. `names` is empty if it is the whole task."""

    id: str
    kind: str  # task, recording, attachment, spoken, run
    names: tuple[str, ...]
    size: int  # bytes


def clean(spool: Spool, days: Mapping[str, float], *, really: bool = True) -> list[Removal]:
    """Remove what is older than days[kind]; kind: task, recording, attachment, spoken, run; 0 is never."""
    now, found = time.time(), []
    for ticket in list(_ended(spool)):
        age = (now - ids.created(ticket.id).timestamp()) / DAY
        due = {kind for kind, limit in days.items() if 0 < limit < age}
        if due:
            found += _task(spool, ticket, due, really)
    if really:
        _empty_days(spool)
    return found


def _ended(spool: Spool) -> Iterator[Ticket]:
    yield from spool.tickets("done")
    yield from spool.tickets("failed")


def _task(spool: Spool, ticket: Ticket, due: set[str], really: bool) -> list[Removal]:
    task = TaskDir(spool.dir(ticket.id))
    if not task.path.is_dir():
        return []
    held = spool.lock(ticket)
    if held is None:
        return []  # somebody acts on it at this moment
    with held:
        if "task" in due:
            removal = Removal(ticket.id, "task", (), _size(task.path))
            if really:
                _remove_task(held, task)
            return [removal]
        found = []
        for kind, names in _parts(task).items():
            present = tuple(name for name in names if os.path.lexists(task.path / name))
            if kind in due and present:
                size = sum(_size(task.path / name) for name in present)
                found.append(Removal(ticket.id, kind, present, size))
        if really and found:
            _remove_parts(task, found)
        return found


def _parts(task: TaskDir) -> dict[str, list[str]]:
    """The files of each kind, below the task's directory."""
    try:
        card = task.load()
        recording, attachments = [card.audio] if card.audio else [], list(card.attachments)
    except BadTask:
        recording, attachments = [], []
    runs = [Path("run"), *(p.relative_to(task.path) for p in sorted(task.path.glob("earlier/*/run")))]
    return {
        "recording": [name for name in recording if "/" not in name],
        "attachment": [name for name in attachments if "/" not in name],
        "spoken": list(SPOKEN),
        "run": [str(run / name) for run in runs for name in RUN],
    }


def _remove_parts(task: TaskDir, found: list[Removal]) -> None:
    for removal in found:
        for name in removal.names:
            _delete(task.path / name)
    files.fsync_dir(task.path)
    names = [name for removal in found for name in removal.names]
    task.history("clean", "removed", names=names)


def _remove_task(held: Held, task: TaskDir) -> None:
    hidden = task.path.with_name(f".{task.id}.gone")
    task.path.rename(hidden)
    files.fsync_dir(hidden.parent)
    held.spool.path(held.ticket).unlink()
    shutil.rmtree(hidden, ignore_errors=True)


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _size(path: Path) -> int:
    """Bytes in a file or in all that lies below a folder; links are not followed."""
    if path.is_symlink() or not path.is_dir():
        return path.lstat().st_size
    return sum(
        os.lstat(os.path.join(root, name)).st_size for root, _, names in os.walk(path) for name in names
    )


def _empty_days(spool: Spool) -> None:
    """Remove folders of days that have no task any more, none of them of these days."""
    for day in spool.tasks.iterdir():
        if time.time() - day.stat().st_mtime > 2 * DAY and not any(day.iterdir()):
            day.rmdir()
