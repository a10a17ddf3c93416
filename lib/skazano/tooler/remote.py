"""What the asking side keeps in run/ of a run on another box: remote.json, logs, files in the end."""

import os
import secrets
import threading
from pathlib import Path

import msgspec

from skazano import files
from skazano.log import WARNING, log
from skazano.task import TaskDir
from skazano.tooler.talk import Http
from skazano.tooler.wire import FILE, ORIGIN, REMOTE, File, fits

MOST = 256 << 20  # bytes of a file, or of a log
_naming = threading.Lock()


class Remote(msgspec.Struct, kw_only=True):
    """run/remote.json. `there`: the own name of the box that was asked; `read`: how far each output was read
    there; `kept`: how long its log here then was."""

    box: str
    run: str
    there: str = ""
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


def fetch(http: Http, task: TaskDir, run: str, wanted: list[File]) -> None:
    """The files of a run that is over, whole, into the task's directory. Raises Unwell, OSError."""
    for file in wanted:
        path = task.path / file.name
        if not fits(FILE, file.name) or file.size > MOST:
            log(task.id, "file not wanted", level=WARNING, name=file.name[:200], size=file.size)
            continue
        path.parent.mkdir(mode=0o775, exist_ok=True)
        draft = path.with_name(f".{path.name}.tmp")
        http.download(f"/runs/{run}/files/{file.name}", draft, file)
        draft.rename(path)
        files.fsync_dir(path.parent)


def own_name(path: Path) -> str:
    """The name in that file by which others tell this spool from the rest; made at the first look."""
    with _naming:  # one process a file, but with several threads
        name = files.read_text(path) or ""
        if not fits(ORIGIN, name):
            name = secrets.token_hex(8)
            files.write_file(path, name + "\n")
        return name
