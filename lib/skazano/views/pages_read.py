"""A task as the pages and the index read it: bounded, and trusting nothing that lies in the directory.

Reading happens while stages write, so whatever is absent, cut short or broken is simply left out.
"""

import json
import os
import stat
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from skazano import ids
from skazano.spool import Spool, Ticket

LINE = 160  # characters of a title or of an answer's first line


def read(path: Path, limit: int, *, tail: bool = False) -> tuple[bytes, int]:
    """At most `limit` bytes from the beginning (or the end) of a regular file, and its whole size.

    (b"", -1) if there is no such file. Symbolic links and pipes count as absent: nothing outside the
    task's directory may be shown, and no reader may hang.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b"", -1
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            return b"", -1
        offset = max(0, found.st_size - limit) if tail else 0
        return os.pread(fd, limit, offset), found.st_size
    except OSError:
        return b"", -1
    finally:
        os.close(fd)


def text(path: Path, limit: int = 65536) -> str | None:
    """The first `limit` bytes as text without surrounding blank; None if there is no such file."""
    data, size = read(path, limit)
    if size < 0:
        return None
    return data.decode("utf-8", "ignore" if size > limit else "replace").strip()


def value(path: Path, limit: int = 1 << 20) -> dict[str, Any]:
    """A file's JSON object; empty if it is absent, broken or something else."""
    data, _ = read(path, limit)
    try:
        found = json.loads(data)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def is_id(name: str) -> bool:
    """Whether a name in a folder is a task's."""
    try:
        return bool(ids.check(name))
    except ids.BadId:
        return False


def first_line(given: str | None) -> str | None:
    """The first line that has something in it, cut to LINE characters."""
    for line in (given or "").lstrip().splitlines():
        line = line.strip().lstrip("#").strip()
        if line:
            return line if len(line) <= LINE else line[:LINE].rpartition(" ")[0][-LINE:] + "…"
    return None


def number(given: object) -> float | None:
    """A finite, non-negative number, or None."""
    if isinstance(given, bool) or not isinstance(given, int | float):
        return None
    return float(given) if 0 <= given < 1e15 else None


def word(given: object) -> str | None:
    """A string with something in it, or None."""
    return given if isinstance(given, str) and given else None


def moment(given: object) -> datetime | None:
    """An ISO 8601 time as an aware datetime (UTC if it names no zone)."""
    try:
        found = datetime.fromisoformat(given) if isinstance(given, str) else None
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found and found.tzinfo is None else found


@dataclass(frozen=True)
class Event:
    """A line of history.jsonl. `ms` is what the stage took; `extra` whatever else it said."""

    time: datetime
    stage: str
    event: str
    ms: float | None
    engine: str | None
    cost: float | None
    extra: dict[str, Any] = field(default_factory=dict)


def events(folder: Path, limit: int = 262144) -> list[Event]:
    """history.jsonl's newest `limit` bytes, oldest event first."""
    data, size = read(folder / "history.jsonl", limit, tail=True)
    lines = data.decode("utf-8", "replace").splitlines()
    found = []
    for line in lines[1:] if size > limit else lines:
        try:
            given = json.loads(line)
        except ValueError:
            continue
        if not isinstance(given, dict):
            continue
        time = moment(given.pop("time", None))
        if time is None:
            continue
        stage, event = given.pop("stage", None), given.pop("event", None)
        ms, cost = number(given.pop("ms", None)), number(given.pop("cost", None))
        engine = word(given.pop("engine", None))
        found.append(Event(time, str(stage or ""), str(event or ""), ms, engine, cost, given))
    return found


@dataclass(frozen=True)
class Row:
    """A task in a line. `ticket` None: it has none (fsck tells). Times aware, `seconds` of audio."""

    id: str
    ticket: Ticket | None
    created: datetime
    last: datetime  # the newest event, or `created`
    project: str | None
    tool: str | None
    mode: str
    kind: str
    title: str | None
    note: str | None  # first line of the answer, or of the error
    seconds: float | None
    cost: float
    due: datetime | None  # a deferred task's next attempt

    @property
    def state(self) -> str:
        """The name of the box in which its ticket lies, or `missing`."""
        return self.ticket.box if self.ticket else "missing"

    @property
    def stage(self) -> str | None:
        """The stage whose queue it is in."""
        return self.ticket.stage if self.ticket else None


def said(folder: Path, limit: int = 65536) -> str | None:
    """The transcript; for what was typed, the message's text."""
    found = text(folder / "transcript.txt", limit)
    if found is not None:
        return found
    message = value(folder / "update.json").get("message")
    if not isinstance(message, dict):
        return None
    given = message.get("text") or message.get("caption")
    return given[:limit] if isinstance(given, str) else None


def row(spool: Spool, id: str, ticket: Ticket | None) -> Row | None:
    """The task in a line; None if it has no directory."""
    folder = spool.dir(id)
    if not folder.is_dir():
        return None
    task = value(folder / "task.json")
    past = events(folder)
    created = moment(task.get("created")) or ids.created(id)
    title = first_line(word(task.get("title"))) or _first_of(folder, "refined.txt", "request.txt")
    title = title or first_line(said(folder, 2048))
    failed = ticket is not None and ticket.box in ("failed", "hold")
    note = text(folder / ("error.txt" if failed else "answer.txt"), 2048)
    return Row(
        id=id,
        ticket=ticket,
        created=created,
        last=past[-1].time if past else created,
        project=word(task.get("project")),
        tool=word(task.get("tool")),
        mode="audio" if task.get("mode") == "audio" else "text",
        kind=word(task.get("kind")) or "text",
        title=title[:1].upper() + title[1:].removesuffix(".") if title else None,
        note=first_line(note),
        seconds=audio_seconds(task, past),
        cost=sum(event.cost or 0 for event in past),
        due=_due(spool, ticket),
    )


def audio_seconds(task: dict[str, Any], past: list[Event]) -> float | None:
    """Length of the recording: as `transcribe` measured it, until then as Telegram announced it."""
    measured = (number(event.extra.get("audio_seconds")) for event in reversed(past))
    return next(filter(None, measured), number(task.get("seconds")))


def _first_of(folder: Path, *names: str) -> str | None:
    return next(filter(None, (first_line(text(folder / name, 2048)) for name in names)), None)


def _due(spool: Spool, ticket: Ticket | None) -> datetime | None:
    if ticket is None or ticket.box != "later":
        return None
    try:
        return datetime.fromtimestamp(spool.path(ticket).stat().st_mtime, UTC)
    except (OSError, OverflowError, ValueError):
        return None


def signature(spool: Spool, ticket: Ticket) -> tuple[object, ...]:
    """Differs whenever something that the pages show of an open task may differ."""
    folder = spool.dir(ticket.id)
    watched = [folder]
    if ticket.box == "run":
        watched += [folder / "history.jsonl", folder / "run" / "stdout.log"]
    marks: list[object] = [ticket]
    for path in watched:
        try:
            found = path.stat()
        except OSError:
            continue
        marks.append((found.st_mtime_ns, found.st_size))
    return tuple(marks)
