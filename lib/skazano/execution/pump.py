"""What a tool writes, on its way into run/: raw into one file, and events readable into another.

Standard library only: the runner uses it. A file keeps the first `most` bytes of a stream and its last
TAIL, so that a tool that prints for ever fills no disk and its last words are there all the same.
"""

import contextlib
import os
import re
import time
from collections.abc import Callable

TAIL = 1 << 20  # bytes; an agent's result event is in it
GOES_ON = bytes(range(0x80, 0xC0))  # bytes of UTF-8 that go on with a letter
LONGEST = 4 << 20  # bytes of a line that is shown or looked at; longer ones are only kept raw


class Kept:
    """A log file of limited size."""

    def __init__(self, path: str, most: int) -> None:
        self.fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o664)
        self.room = max(0, most - os.fstat(self.fd).st_size)
        self.skipped = 0
        self._tail = bytearray()

    def write(self, data: bytes) -> None:
        """Append, or remember as the end: what is too much, and what a full disk did not take."""
        written = self._write(data[: self.room])
        rest = data[written:]
        self.room = 0 if rest else self.room - written
        if rest:
            self.skipped += len(rest)
            self._tail += rest
            if len(self._tail) > 2 * TAIL:
                del self._tail[:-TAIL]
            with contextlib.suppress(OSError):
                os.utime(self.fd)  # whoever looks for signs of life sees this one

    @property
    def waits(self) -> int:
        """Bytes of the end that are not on disk."""
        return min(len(self._tail), TAIL)

    def close(self) -> int:
        """Write the end down; how many bytes are left out: those between it and the beginning, and of
        the end what a full disk does not take."""
        tail = bytes(self._tail[-TAIL:])
        if self.skipped > len(tail):
            tail = from_letter(tail)
        between = self.skipped - len(tail)
        if between:
            self._write(b"\n[... %d bytes are left out ...]\n" % between)
        lost = len(tail) - self._write(tail)
        os.close(self.fd)
        return between + lost

    def _write(self, data: bytes) -> int:
        """How many bytes were written; fewer than there are if the disk is full."""
        view = memoryview(data)
        with contextlib.suppress(OSError):
            while view:
                view = view[os.write(self.fd, view) :]
        return len(data) - len(view)


def from_letter(data: bytes) -> bytes:
    """data, cut from a stream of UTF-8, without the rest of a letter at its beginning."""
    return data[:3].lstrip(GOES_ON) + data[3:]


class Lines:
    """Cuts a stream into lines; one that is too long comes as None."""

    def __init__(self, take: Callable[[bytes | None], None]) -> None:
        self.take = take
        self._part = bytearray()
        self._over = False

    def feed(self, data: bytes) -> None:
        """The next piece of the stream."""
        *whole, rest = data.split(b"\n")
        for piece in whole:
            self._add(piece)
            self.end()
        self._add(rest)

    def end(self) -> None:
        """The line is complete."""
        if self._over:
            self.take(None)
        elif self._part:
            self.take(bytes(self._part))
        self._part.clear()
        self._over = False

    def _add(self, piece: bytes) -> None:
        if len(self._part) + len(piece) > LONGEST:
            self._over = True
            self._part.clear()
        elif not self._over:
            self._part += piece


class Turns:
    """Counts lines that match `pattern`; `over` once there were more than `most`."""

    def __init__(self, pattern: str, most: int) -> None:
        self._pattern = re.compile(pattern.encode())
        self.most = most
        self._seen = 0

    def see(self, line: bytes | None) -> None:
        """A line has come."""
        self._seen += line is not None and self._pattern.search(line[:4096]) is not None

    @property
    def over(self) -> bool:
        return self._seen > self.most


class Stall:
    """Notices when for `seconds` nothing has come but lines that match `pattern`."""

    def __init__(self, pattern: str, seconds: float) -> None:
        self._pattern = re.compile(pattern.encode())
        self._seconds = seconds
        self.until: float | None = None  # monotonic; None while all is well

    def see(self, line: bytes | None) -> None:
        """A line has come."""
        if line is not None and self._pattern.search(line[:4096]):
            self.until = self.until or time.monotonic() + self._seconds
        else:
            self.until = None
