"""A task as the index holds it: one row of `tasks`, some of `events`. And Russian words as it finds them."""

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from skazano import ids
from skazano.spool import Spool, Ticket
from skazano.views import pages_read
from skazano.views.pages_read import Event

TEXT = 65536  # bytes of each text that are kept

# n keeps its place under VACUUM, which the full-text index relies on. `date` is the task's folder (UTC),
# `seconds` the audio's length, `speech` the part of it with words, `ms` all stages' work, `cost` US dollars,
# `seen` the ticket's ctime (ns) when the row was made: every rename of a ticket changes it.
SCHEMA = """
create table tasks (
    n integer primary key, id text not null unique, created text, date text, finished text,
    state text, stage text, attempts integer, project text, tool text, mode text, kind text, lang text,
    title text, source text, chat integer, parent text, seconds real, speech real, ms integer, cost real,
    commits integer, added integer, removed integer, transcript text, refined text, answer text, error text,
    seen integer, indexed real,
    words text generated always as (replace(replace(
        coalesce(title, '') || char(10) || coalesce(transcript, '') || char(10) || coalesce(refined, '')
        || char(10) || coalesce(answer, ''), 'ё', 'е'), 'Ё', 'Е')) virtual
);
create table events (
    n integer primary key, task text not null, time text, stage text, event text, ms integer, engine text,
    cost real
);
"""
INDEXES = """
create index tasks_state on tasks (state, id);
create index tasks_project on tasks (project, id);
create index tasks_date on tasks (date);
create index events_task on events (task);
"""
COLUMNS = (
    "id", "created", "date", "finished", "state", "stage", "attempts", "project", "tool", "mode", "kind",
    "lang", "title", "source", "chat", "parent", "seconds", "speech", "ms", "cost", "commits", "added",
    "removed", "transcript", "refined", "answer", "error", "seen", "indexed",
)  # fmt: skip
EVENT_COLUMNS = ("task", "time", "stage", "event", "ms", "engine", "cost")

_NAMES = re.compile(ids.PATTERN)
_ENDINGS = re.compile(
    r"(?:иями|ями|ами|ого|его|ому|ему|ыми|ими|ешь|ете|ить|ать|ять|еть|ует|ают|яют|ишь|ите|ается|яется|иться|аться"
    r"|ов|ев|ей|ой|ий|ый|ая|яя|ое|ее|ые|ие|ую|юю|ию|ии|ия|ам|ям|ах|ях|ом|ем|им|ым|их|ых|ет|ит|ут|ют|ат|ят|ал|ил"
    r"|ть|ла|ло|ли|а|я|о|е|и|ы|у|ю|ь|й)$"
)


def seen(spool: Spool, ticket: Ticket | None) -> int | None:
    """The ticket's ctime in nanoseconds; None without a ticket."""
    if ticket is None:
        return None
    try:
        return spool.path(ticket).stat().st_ctime_ns
    except OSError:
        return None


def tickets(spool: Spool) -> Iterator[tuple[Ticket, int]]:
    """Every ticket with its ctime (ns), without holding a list of those in done/."""
    for month in sorted(_entries(spool.root / "done"), key=lambda entry: entry.name):
        for entry in _entries(Path(month.path)):
            if _NAMES.fullmatch(entry.name) and (mark := _ctime(entry)):
                yield Ticket(entry.name, "done"), mark
    for ticket in spool.open_tickets():
        if mark := seen(spool, ticket):
            yield ticket, mark


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            yield from (entry for entry in found if not entry.name.startswith("."))
    except (FileNotFoundError, NotADirectoryError):
        return


def _ctime(entry: os.DirEntry[str]) -> int | None:
    try:
        return entry.stat(follow_symlinks=False).st_ctime_ns
    except FileNotFoundError:
        return None


def read(
    spool: Spool, id: str, ticket: Ticket | None, mark: int | None
) -> tuple[tuple[Any, ...], list[tuple[Any, ...]]] | None:
    """The rows of a task, in the order of COLUMNS and EVENT_COLUMNS; None if it has no directory."""
    folder = spool.dir(id)
    task = pages_read.value(folder / "task.json")
    past = pages_read.events(folder)
    if not task and not past and not folder.is_dir():
        return None
    texts = {
        name: pages_read.text(folder / f"{name}.txt", TEXT)
        for name in ("transcript", "refined", "answer", "error")
    }
    box = ticket.box if ticket else "missing"
    finished = past[-1].time.isoformat() if past and box in ("done", "failed") else None
    title = pages_read.first_line(pages_read.word(task.get("title")))
    heard = pages_read.value(folder / "transcript.json") if task.get("audio") else {}
    commits, added, removed = _work(pages_read.value(folder / "commit.json"))
    row = (
        id, pages_read.word(task.get("created")) or ids.created(id).isoformat(), ids.day(id), finished,
        box, ticket.stage if ticket else None, ticket.attempts if ticket else 0,
        pages_read.word(task.get("project")), pages_read.word(task.get("tool")),
        pages_read.word(task.get("mode")) or "text", pages_read.word(task.get("kind")) or "text",
        pages_read.word(task.get("lang")) or "ru",
        title or pages_read.first_line(texts["refined"] or texts["transcript"]),
        pages_read.word(task.get("source")) or "telegram", _whole(task.get("chat")), ids.parent(id),
        pages_read.audio_seconds(task, past), pages_read.number(heard.get("speech_seconds")),
        int(sum(event.ms or 0 for event in past)), sum(event.cost or 0 for event in past),
        commits, added, removed, *(_storable(text) for text in texts.values()), mark, time.time(),
    )  # fmt: skip
    return tuple(map(_storable, row)), [_event(id, event) for event in past]


def _storable(given: Any) -> Any:
    """SQLite takes no lone surrogates, which JSON may bring, and ends text at a zero byte."""
    if not isinstance(given, str):
        return given
    return given.encode("utf-8", "replace").decode().replace("\0", "�")


def _whole(given: object) -> int | None:
    if isinstance(given, bool) or not isinstance(given, int) or abs(given) >= 1 << 62:
        return None
    return given


def _event(id: str, event: Event) -> tuple[Any, ...]:
    time = event.time.isoformat(timespec="milliseconds")
    ms = None if event.ms is None else int(event.ms)
    return tuple(map(_storable, (id, time, event.stage, event.event, ms, event.engine, event.cost)))


def _work(commit: dict[str, Any]) -> tuple[int, int, int]:
    """Commits, lines added, lines removed."""
    made, changed = commit.get("commits"), commit.get("numstat")
    files = [one for one in changed if isinstance(one, dict)] if isinstance(changed, list) else []
    added, removed = (
        int(sum(pages_read.number(one.get(key)) or 0 for one in files)) for key in ("added", "removed")
    )
    return len(made) if isinstance(made, list) else 0, added, removed


def match(search: str) -> str:
    """An FTS5 expression that finds all the words of `search`, in whatever form they stand.

    Russian endings are cut from the words that are looked for, and the rest is found as a prefix: the
    texts stay as they are, so that what was said is what is indexed. Empty if there is no word in it.
    """
    words = re.findall(r"\w+", search.lower().replace("ё", "е"))
    return " ".join(f'"{_stem(word)}"*' for word in words[:32])


def _stem(word: str) -> str:
    stem = _ENDINGS.sub("", word)
    return stem if len(stem) >= 3 else word
