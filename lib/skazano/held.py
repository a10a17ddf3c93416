"""A ticket in this process's hands: what may be done with it, and how it leaves them."""

import contextlib
import fcntl
import os
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

from skazano import files
from skazano.tickets import STAGES, SpoolError, Ticket

if TYPE_CHECKING:
    from skazano.spool import Spool


class Held:
    """A ticket whose lock this process holds. Each verb below is one rename and ends the holding; one that
    fails before its rename changes nothing."""

    def __init__(self, spool: "Spool", ticket: Ticket, fd: int) -> None:
        self.spool = spool
        self.ticket = ticket
        self.dir = spool.dir(ticket.id)
        self._fd = fd
        self._queue: Ticket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and self._queue is not None and not self.left:
            with contextlib.suppress(OSError):  # then it stays in hold/, and the person is asked
                self._move(self._queue)
        self.close()

    @property
    def left(self) -> bool:
        """Whether the ticket is no longer this process's to move."""
        return self._fd < 0

    def close(self) -> None:
        """Let the lock go; the ticket stays where it is."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    @property
    def found(self) -> Ticket:
        """Where the ticket lay when it was taken."""
        return self._queue or self.ticket

    def set_aside(self) -> None:
        """From a queue into hold/, and go on holding it. Raises FileNotFoundError if it was claimed."""
        queue = self.ticket
        folder = self._move(replace(queue, box="hold"))
        self._queue = queue
        files.fsync_dir(folder)

    def hand_on(self, stage: str) -> None:
        """To a stage's queue, with no attempts counted yet."""
        if stage not in STAGES:
            raise ValueError(f"no stage {stage!r}")
        self._leave(Ticket(self.ticket.id, "new", stage))

    def give_back(self, *, spent: bool = False) -> None:
        """Back to the queue it came from; an attempt that was not `spent` is not counted."""
        self._leave(replace(self.ticket, box="new", attempts=self._attempts(spent)))

    def defer(self, until: float, *, spent: bool = True) -> None:
        """To later/, ripe at `until` (Unix time)."""
        try:
            os.utime(self._fd, (until, until))
        except PermissionError:
            self._own()
            os.utime(self._fd, (until, until))
        self._leave(replace(self.ticket, box="later", attempts=self._attempts(spent)))

    def park(self, box: Literal["unsorted", "waiting", "done", "failed"]) -> None:
        """Out of all queues."""
        self._leave(Ticket(self.ticket.id, box))

    def hold(self, stage: str) -> None:
        """Stopped before `stage`, until a person decides."""
        self._leave(Ticket(self.ticket.id, "hold", stage))

    def _attempts(self, spent: bool) -> int:
        return self.ticket.attempts if spent else max(0, self.ticket.attempts - 1)

    def _own(self) -> None:
        """Put a ticket of this user's in the place of one that another stage's user made: only its owner
        may set a file's times. It is locked before it is seen, and replaces the other by one rename."""
        path = self.spool.path(self.ticket)
        temporary = path.with_name(f".{path.name}.tmp")
        fd = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o664)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            temporary.rename(path)
        except OSError:
            os.close(fd)
            raise
        os.close(self._fd)
        self._fd = fd

    def lose(self) -> None:
        """Out of the spool, into state/lost/: there is no such task."""
        self.spool.cast_out(self.ticket)
        self.close()

    def _move(self, target: Ticket) -> Path:
        """Rename the ticket; the folder in which it then lies, not yet fsynced."""
        if self.left:
            raise SpoolError(f"{self.ticket.id} was let go already")
        path = self.spool.path(target)
        if target.box == "done" and not path.parent.exists():
            path.parent.mkdir(mode=0o775, exist_ok=True)
            files.fsync_dir(path.parent.parent)
        self.spool.path(self.ticket).rename(path)
        self.ticket = target
        return path.parent

    def _leave(self, target: Ticket) -> None:
        folder = self._move(target)
        # It is the next one's from the rename on: who claims it need not wait for the disk.
        self.close()
        files.fsync_dir(folder)
