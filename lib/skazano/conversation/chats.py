"""What outlives a task in a chat: the sticky project, the mode, and which task a message belongs to.

state/chats/<chat>.json is written by `route`, by a press of a project's button and by whoever learns that
a group has another number now, under the file's lock;
state/messages/<chat>/<message> (the task's id as text) by `reply`, for every message that it sends.
"""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import msgspec

from skazano import files, ids
from skazano.spool import CLOCK_SLACK, Spool


class Chat(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What holds in one chat until it is changed or forgotten."""

    project: str | None = None
    until: float = 0.0  # Unix time at which the project is forgotten
    mode: Literal["text", "audio"] | None = None
    tool: str | None = None
    lang: Literal["ru", "en"] | None = None
    moved: int | None = None  # the supergroup that this group has become

    @property
    def sticky(self) -> str | None:
        """The project that holds at this moment."""
        return self.project if self.project and time.time() < self.until else None


def read(spool: Spool, chat: int | None) -> Chat:
    """What holds in a chat; the chat None is the command line's."""
    return _decode(_file(spool, current(spool, chat)))


def current(spool: Spool, chat: int | None) -> int | None:
    """The number that a chat has at this moment."""
    passed = set()
    while chat not in passed and (moved := _decode(_file(spool, chat)).moved):
        passed.add(chat)
        chat = moved
    return chat


def move(spool: Spool, chat: int, to: int) -> None:
    """The group has become that supergroup: what holds in it goes along, and so do answers."""
    if current(spool, chat) == current(spool, to):
        return
    held = read(spool, chat)
    with change(spool, to) as there:
        there.project, there.until = held.project, held.until
        there.mode, there.tool, there.lang = held.mode, held.tool, held.lang
    with change(spool, chat) as here:
        here.moved = to


@contextmanager
def change(spool: Spool, chat: int | None) -> Iterator[Chat]:
    """Change what holds: the object that is yielded is written at the end, durably."""
    path = _file(spool, current(spool, chat))
    path.parent.mkdir(exist_ok=True)
    with path.with_name(f".{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = _decode(path)
        yield found
        files.write_file(path, msgspec.json.encode(found) + b"\n")


def remember(spool: Spool, chat: int, message: int, id: str) -> None:
    """This message of ours belongs to that task."""
    folder = spool.state / "messages" / str(chat)
    folder.mkdir(parents=True, exist_ok=True)
    files.write_file(folder / str(message), id + "\n")


def task_of(spool: Spool, chat: int, message: int) -> str | None:
    """The id of the task to which a message of ours belongs."""
    found = files.read_text(spool.state / "messages" / str(chat) / str(message))
    try:
        return ids.check(found) if found else None
    except ids.BadId:
        return None


def _file(spool: Spool, chat: int | None) -> Path:
    return spool.state / "chats" / f"{'cli' if chat is None else chat}.json"


def _decode(path: Path) -> Chat:
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Chat)
        # What was set in the future was so by a clock that has been set back since: it could hold for years.
        if path.stat().st_mtime > time.time() + CLOCK_SLACK:
            found.until = 0.0
    except (FileNotFoundError, msgspec.DecodeError):
        return Chat()
    return found


def ends(hours: float) -> float:
    """The Unix time at which a project that is set at this moment is forgotten."""
    return time.time() + hours * 3600
