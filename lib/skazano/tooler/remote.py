"""What the asking side keeps in run/ of a run on another box: remote.json, and logs that grow."""

import os
from pathlib import Path

import msgspec

from skazano.task import TaskDir
from skazano.tooler.wire import REMOTE

MOST = 256 << 20  # bytes of a file, or of a log


class Remote(msgspec.Struct, kw_only=True):
    """run/remote.json. `read`: how far each output was read there; `kept`: how long its log here then was."""

    box: str
    run: str
    accepted: bool = False
    read: dict[str, int] = {}
    kept: dict[str, int] = {}


def known(task: TaskDir) -> Remote | None:
    """Who carries the task's run out, if it was given away."""
    try:
        return msgspec.convert(task.json(f"run/{REMOTE}"), Remote)
    except msgspec.ValidationError:
        return None


def append(path: Path, data: bytes, kept: int) -> int:
    """Append to a log of which `kept` bytes count, a crash may have left more. Its length."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    with os.fdopen(fd, "r+b") as stream:
        stream.truncate(kept)
        stream.seek(kept)
        if kept + len(data) <= MOST:
            stream.write(data)
        return stream.tell()
