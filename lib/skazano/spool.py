"""The spool: task directories that never move and tickets that do. spool/README.md tells the protocol.

A ticket is one inode for the whole life of its task. Every change of state is one rename(2) of it, so
at no instant are there two tickets or none; who loses a race gets ENOENT and goes on. While a process
works on a task it holds flock(2) on the ticket, which the kernel lets go when the process dies.
"""

import contextlib
import errno
import fcntl
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Self

from skazano import files, ids
from skazano.held import Held
from skazano.tickets import BOXES, PARKS, STAGES, Box, Busy, NoTask, SpoolError, Ticket, named

__all__ = [
    "BOXES",
    "MAX_ATTEMPTS",
    "PARKS",
    "STAGES",
    "Box",
    "Busy",
    "Held",
    "NoTask",
    "Spool",
    "SpoolError",
    "Ticket",
]

FORMAT = "1"
CLOCK_SLACK = 60.0  # seconds by which clocks may differ from one moment to the next
MAX_ATTEMPTS = 5  # claims of one ticket in one stage before the task is failed


class Spool:
    """A spool on disk. `open` makes what is missing and checks what is there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.tasks = root / "tasks"
        self.state = root / "state"

    @classmethod
    def open(cls, root: Path) -> Self:
        """The spool at `root`. Raises SpoolError if it cannot serve: format, or several filesystems."""
        spool = cls(root)
        for folder in spool.folders():
            folder.mkdir(mode=0o770, parents=True, exist_ok=True)
        mark = root / "state" / "format"
        found = files.read_text(mark)
        if found is None:
            files.write_file(mark, FORMAT + "\n")
        elif found != FORMAT:
            raise SpoolError(
                f"{root} has spool format {found!r}, this program knows {FORMAT}: upgrade the program"
            )
        device = root.stat().st_dev
        strangers = [str(f) for f in spool.folders() if f.stat().st_dev != device]
        if strangers:
            raise SpoolError(
                f"not on the filesystem of {root}: {', '.join(strangers)}. A ticket moves by rename(2), "
                "so the whole spool lies on one filesystem"
            )
        return spool

    def folders(self) -> list[Path]:
        """Every directory that the spool always has."""
        queues = [self.root / stage / box for stage in STAGES for box in BOXES]
        rest = ("tasks", "state", "done", *PARKS)
        return queues + [self.root / name for name in rest]

    def path(self, ticket: Ticket) -> Path:
        """The ticket's file."""
        return self.root / ticket.place

    def dir(self, id: str) -> Path:
        """The task's directory, whether it is there or not. Raises ids.BadId."""
        return self.tasks / ids.day(ids.check(id)) / id

    # -- how a task comes to be -------------------------------------------------------------------

    def publish(self, id: str, contents: Mapping[str, bytes], stage: str) -> bool:
        """Make the task with these files and put its ticket into the stage's new/.

        True if this call published it, False if it was there before. When it returns the task is durable.
        Everything is written in a hidden directory with the ticket among it; one rename shows the
        directory, a second one moves the ticket to its queue. A task that was shown and not yet queued
        has its ticket still inside: `finish_publishing` does what is left.
        """
        target = self.dir(id)
        if target.exists():
            # Whoever began may have died before an fsync; the caller tells Telegram after this one.
            files.fsync_dir(target.parent)
            files.fsync_dir(self.root / stage / "new")
            return self.finish_publishing(id)
        if not target.parent.exists():
            target.parent.mkdir(mode=0o775, exist_ok=True)
            files.fsync_dir(self.tasks)
        building = target.parent / f".{id}.{secrets.token_hex(4)}"
        building.mkdir(mode=0o775)
        try:
            for name, data in {**contents, ".ticket": stage.encode() + b"\n"}.items():
                files.write_all(building / name, data)
            files.fsync_dir(building)
            building.rename(target)
        except OSError as error:
            shutil.rmtree(building, ignore_errors=True)
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise
        files.fsync_dir(target.parent)
        return self.finish_publishing(id)

    def finish_publishing(self, id: str) -> bool:
        """Queue the ticket that still lies in its task's directory. False if there is none."""
        inside = self.dir(id) / ".ticket"
        stage = files.read_text(inside)
        if stage is None:
            return False
        if stage not in STAGES:
            raise SpoolError(f"{inside} names no stage: {stage[:40]!r}")
        target = self.path(Ticket(id, "new", stage))
        try:
            inside.rename(target)
        except FileNotFoundError:
            return False
        files.fsync_dir(target.parent)
        return True

    def unpublished(self, days: int = 2) -> list[str]:
        """Ids of tasks of the newest `days` day folders whose ticket was not yet queued."""
        newest = sorted(day for day in _names(self.tasks) if re.fullmatch(r"\d{4}-\d\d-\d\d", day))[-days:]
        found = [ticket.parent.name for day in newest for ticket in (self.tasks / day).glob("[!.]*/.ticket")]
        return sorted(id for id in found if ids.valid(id))

    # -- what lies where --------------------------------------------------------------------------

    def tickets(self, box: Box, stage: str | None = None) -> list[Ticket]:
        """The tickets in a box, oldest task first. Names that are none are passed over (see fsck)."""
        folder = self.root / (stage or "") / box if box in BOXES else self.root / box
        folders = [folder / month for month in _names(folder)] if box == "done" else [folder]
        found = (named(name, box, stage) for place in folders for name in _names(place))
        return sorted((t for t in found if t), key=lambda ticket: ticket.id)

    def open_tickets(self) -> Iterator[Ticket]:
        """Every ticket that is not done."""
        for stage in STAGES:
            for box in BOXES:
                yield from self.tickets(box, stage)
        for box in PARKS:
            yield from self.tickets(box)

    def ripe(self, stage: str) -> tuple[list[Ticket], float | None]:
        """What can be claimed at this moment, and when the next deferred ticket ripens (Unix time)."""
        ready, upcoming, moment = self.tickets("new", stage), None, time.time()
        for ticket in self.tickets("later", stage):
            try:
                status = self.path(ticket).stat()
            except FileNotFoundError:
                continue
            ripens = status.st_mtime
            # One that was put off in the future was so by a clock that has been set back since.
            if ripens <= moment or status.st_ctime > moment + CLOCK_SLACK:
                ready.append(ticket)
            else:
                upcoming = min(upcoming or ripens, ripens)
        return sorted(ready, key=lambda ticket: ticket.id), upcoming

    def find(self, id: str) -> Ticket | None:
        """Where the task stands, or None. Queues are listed in the direction in which tickets travel, so one
        that moves on is met further down; one that moved back is met in the next round."""
        ids.check(id)
        for _ in range(3):
            for ticket in (Ticket(id, "done"), Ticket(id, "failed")):
                if self.path(ticket).exists():
                    return ticket
            for ticket in self.open_tickets():
                if ticket.id == id:
                    return ticket
        return None

    # -- how a ticket is taken --------------------------------------------------------------------

    def claim(self, ticket: Ticket) -> Held | None:
        """Take a ticket of new/ or later/ to work on it. None if another was faster.

        The rename decides and counts the attempt. The lock may still be held for a moment by the stage
        that handed the ticket on; the gate keeps `recover` from taking it before it is locked here.
        """
        running = replace(ticket, box="run", attempts=min(ticket.attempts + 1, 999))
        with self._gate(str(ticket.stage), fcntl.LOCK_SH):
            try:
                self.path(ticket).rename(self.path(running))
            except FileNotFoundError:
                return None
            return self.lock(running, wait=True)

    def take(self, id: str) -> Held:
        """Take a ticket that nobody works on, to act on it for a person. Raises NoTask, Busy.

        One in a queue is first renamed into hold/, where no stage claims it: if this process dies, the
        person is asked what to do with it. An act that raises leaves it in the queue where it was.
        """
        for _ in range(3):
            ticket = self.find(id)
            if ticket is None:
                raise NoTask(f"no task {id}")
            if ticket.box == "run":
                raise Busy(f"{id} is being worked on by {ticket.stage}")
            held = self.lock(ticket)
            if held is None:
                continue
            if ticket.box in ("new", "later"):
                try:
                    held.set_aside()
                except FileNotFoundError:
                    held.close()
                    continue
                except OSError:
                    held.close()
                    raise
            return held
        raise Busy(f"{id} moves on at this moment: try again")

    def recover(self, stage: str) -> Iterator[Held]:
        """Each ticket of run/ that nobody holds: its worker died. The caller decides where it goes."""
        for ticket in self.tickets("run", stage):
            with self._gate(stage, fcntl.LOCK_EX):
                held = self.lock(ticket)
            if held is not None:
                with held:
                    yield held

    @contextlib.contextmanager
    def _gate(self, stage: str, kind: int) -> Iterator[None]:
        """flock on the stage's run/: shared from a claim's rename to its lock, exclusive to look who died."""
        fd = os.open(self.root / stage / "run", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(fd, kind)
            yield
        finally:
            os.close(fd)

    def cast_out(self, ticket: Ticket) -> None:
        """Put a ticket without a task into state/lost/, where it is evidence and no more."""
        lost = self.state / "lost"
        lost.mkdir(mode=0o775, exist_ok=True)
        path = self.path(ticket)
        path.rename(lost / path.name)
        files.fsync_dir(lost)

    def lock(self, ticket: Ticket, *, wait: bool = False) -> Held | None:
        """Hold the ticket's lock where it lies; None if it is gone, or held by another and not `wait`ed
        for. To write in a task that is parked, or to look who is alive; to work on one, claim it."""
        path = self.path(ticket)
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            there, mine = path.stat(), os.fstat(fd)
        except (BlockingIOError, FileNotFoundError):
            os.close(fd)
            return None
        if there.st_ino != mine.st_ino:
            os.close(fd)
            return None
        return Held(self, ticket, fd)


def _names(folder: Path) -> list[str]:
    """Names in a folder; those that begin with a dot do not exist."""
    try:
        return [name for name in os.listdir(folder) if not name.startswith(".")]
    except (FileNotFoundError, NotADirectoryError):
        return []
