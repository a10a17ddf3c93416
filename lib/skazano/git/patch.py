"""Reading git's patches: whose lines are added, and what a quoted path means."""

import re
from collections.abc import Callable

_ESCAPES = {b"a": 7, b"b": 8, b"t": 9, b"n": 10, b"v": 11, b"f": 12, b"r": 13}


def unquote(path: bytes) -> bytes:
    r"""A path as git prints it in patches: "a\tb\"\303\251" in C's quotes, or bare."""
    if not path.startswith(b'"'):
        return path
    body = path[1 : path.rfind(b'"')]

    def plain(match: re.Match[bytes]) -> bytes:
        code = match.group(1)
        if code.isdigit():
            return bytes([int(code, 8)])
        return bytes([_ESCAPES[code]]) if code in _ESCAPES else code

    return re.sub(rb"\\([0-7]{3}|.)", plain, body, flags=re.DOTALL)


def shown(path: bytes) -> str:
    """A path for JSON, pages and people: bytes that are not UTF-8 become \\xNN."""
    return path.decode("utf-8", "backslashreplace")


class Additions:
    """Reads a patch piece by piece and hands each file's added lines to `take(path, new, data)`, `new` if
    the patch makes the file.

    Hunk headers count the lines, so no added line can pose as a header.
    """

    BLOCK = 1 << 22  # bytes of added lines looked at together

    def __init__(self, take: Callable[[bytes, bool, bytes], None]) -> None:
        self._take = take
        self._rest = b""
        self._path: bytes | None = None
        self._made = False
        self._old = self._new = 0
        self._lines: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes) -> None:
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            self._line(line)

    def end(self) -> None:
        if self._rest:
            self._line(self._rest)
        self._flush()

    def _line(self, line: bytes) -> None:
        if self._new or self._old:
            if line.startswith(b"+"):
                self._new -= 1
                self._lines.append(line[1:])
                self._size += len(line)
                if self._size > self.BLOCK:
                    self._flush()
            elif line.startswith(b"-"):
                self._old -= 1
            elif line.startswith(b" "):
                self._old -= 1
                self._new -= 1
        elif line.startswith(b"@@ "):
            counts = re.match(rb"@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@", line)
            if counts:
                self._old = int(counts.group(1) or 1)
                self._new = int(counts.group(2) or 1)
        elif line.startswith(b"diff --git "):
            self._flush()
            self._path = None
            self._made = False
        elif line.startswith(b"new file mode "):
            self._made = True
        elif line.startswith(b"+++ "):
            name = unquote(line[4:].removesuffix(b"\t"))
            self._path = name[2:] if name.startswith(b"b/") else None

    def _flush(self) -> None:
        if self._path is not None and self._lines:
            self._take(self._path, self._made, b"\n".join(self._lines))
        self._lines = []
        self._size = 0
