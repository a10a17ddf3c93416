"""Durable files: what the spool's writing rule means in system calls.

A file is written as `.name.tmp` beside its place, fsynced, renamed over the place, and the directory
is fsynced. A reader therefore sees the old file or the new one, also after a power cut.
"""

import contextlib
import errno
import fcntl
import json
import os
import stat
import time
from pathlib import Path
from typing import Any, BinaryIO

LARGEST = 64 << 20  # bytes of JSON; nothing of ours has as many


def fsync_dir(path: Path) -> None:
    """Make the directory's entries durable. Raises OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def lock(fd: int) -> bool:
    """Take the exclusive lock on an open file; False if another holds it longer than a moment: somebody may
    only be looking whether it is held, or be ending."""
    for _ in range(20):
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.05)
        else:
            return True
    return False


def write_all(path: Path, data: bytes | str, mode: int = 0o664) -> None:
    """Create or empty `path`, write everything and fsync it. The name itself is not yet durable."""
    raw = data.encode() if isinstance(data, str) else data
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    fd = os.open(path, flags, mode)
    try:
        _write(fd, raw)
        os.fsync(fd)
    finally:
        os.close(fd)


def _write(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:  # a disk that fills up takes a part first, and refuses at the next call
        view = view[os.write(fd, view) :]


def write_file(path: Path, data: bytes | str, mode: int = 0o664) -> None:
    """Replace `path` by `data`, atomically and durably.

    Raises OSError (ENOSPC among them): `path` is what it was, or, if it is the directory that could not be
    fsynced, what was wanted. The temporary file is written anew each time, never reused: after a failed
    fsync the kernel may have dropped its dirty pages.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        write_all(temporary, data, mode)
        temporary.rename(path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    fsync_dir(path.parent)


def write_json(path: Path, value: Any) -> None:
    """Replace `path` by `value` as readable JSON with a final newline."""
    write_file(path, json.dumps(value, ensure_ascii=False, indent=1) + "\n")


def open_plain(path: Path) -> BinaryIO:
    """Open a file to read it. Raises FileNotFoundError also for what an agent may have put in its place: a
    link to what it cannot read itself, a pipe that would be waited for."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.ENXIO):
            raise
        raise FileNotFoundError(errno.ENOENT, "no file", str(path)) from error
    if stat.S_ISREG(os.fstat(fd).st_mode):
        return os.fdopen(fd, "rb")
    os.close(fd)
    raise FileNotFoundError(errno.ENOENT, "no file", str(path))


def read_json(path: Path) -> Any | None:
    """The value in `path`; None if the file is absent or is not JSON, which counts as absent."""
    try:
        with open_plain(path) as stream:
            return json.loads(stream.read(LARGEST))
    except (FileNotFoundError, ValueError, RecursionError):
        return None


def read_text(path: Path) -> str | None:
    """The text in `path` without its final newline; None if there is no such file."""
    try:
        with open_plain(path) as stream:
            text = stream.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return None
    return text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")


def append_line(path: Path, value: Any) -> None:
    """Append `value` as one line of JSON, durably.

    A line that a crash cut short is ended first, so that it spoils itself only and not the next one.
    """
    line = json.dumps(value, ensure_ascii=False, separators=(", ", ": ")).encode() + b"\n"
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o664)
    try:
        size = os.fstat(fd).st_size
        if size and os.pread(fd, 1, size - 1) != b"\n":
            line = b"\n" + line
        _write(fd, line)
        os.fsync(fd)
    finally:
        os.close(fd)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The JSON objects of a file that `append_line` wrote, without the lines that a crash cut short."""
    found = []
    for line in (read_text(path) or "").splitlines():
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            found.append(value)
    return found
