"""index.db: the spool as SQLite, for questions that a listing answers slowly. A view: it can be rebuilt.

Tables `tasks` and `events` (index_rows.SCHEMA), full-text search over titles, transcripts, refined texts and
answers. Readers are never blocked (WAL). Whoever writes holds flock on `.index.lock`; a rebuild is made
beside and renamed into place. What a crash left out is found by `catch_up`, which compares every ticket.
"""

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from skazano.spool import Spool
from skazano.views import index_rows
from skazano.views.pages_changes import Changes

VERSION = 1  # of the schema
BATCH = 500  # tasks in one insertion


class NoIndex(Exception):
    """There is no usable index.db; the text says what to do."""


def path(spool: Spool) -> Path:
    """Where the index lies."""
    return spool.root / "index.db"


# -- asking ---------------------------------------------------------------------------------------


def query(
    spool: Spool,
    *,
    id: str | None = None,
    state: str | None = None,
    stage: str | None = None,
    project: str | None = None,
    tool: str | None = None,
    source: str | None = None,
    since: date | None = None,
    until: date | None = None,
    search: str | None = None,
    limit: int = 50,
    offset: int = 0,
) -> list[dict[str, Any]]:
    """Tasks that fit every condition given, newest first, as rows of `tasks`.

    `state` is a box, or "open" for whatever is neither done nor failed; `project` "" means none;
    `since` and `until` are days (UTC), both included. Raises NoIndex.
    """
    where, values = ["1"], []
    for column, value in (("id", id), ("stage", stage), ("tool", tool), ("source", source)):
        if value is not None:
            where.append(f"{column} = ?")
            values.append(value)
    if state == "open":
        where.append("state not in ('done', 'failed')")
    elif state is not None:
        where.append("state = ?")
        values.append(state)
    if project is not None:
        where.append("coalesce(project, '') = ?" if project == "" else "project = ?")
        values.append(project)
    for sign, day in ((">=", since), ("<=", until)):
        if day is not None:
            where.append(f"date {sign} ?")
            values.append(day.isoformat())
    if search is not None:
        where.append("n in (select rowid from tasks_fts where tasks_fts match ?)")
        values.append(index_rows.match(search) or '""')
    order = "order by id desc limit ? offset ?"
    return ask(spool, f"select * from tasks where {' and '.join(where)} {order}", *values, limit, offset)


def ask(spool: Spool, sql: str, *values: Any) -> list[dict[str, Any]]:
    """The rows of a SELECT, read only. Raises NoIndex."""
    for _ in range(3):
        try:
            before = path(spool).stat().st_ino
            db = sqlite3.connect(f"{path(spool).absolute().as_uri()}?mode=ro", uri=True, timeout=5)
        except (OSError, sqlite3.Error) as error:
            raise NoIndex(f"{path(spool)}: {error}. Make it with: skazano index --rebuild") from error
        try:
            db.row_factory = sqlite3.Row
            found = [dict(row) for row in db.execute(sql, values)]
        except sqlite3.Error as error:
            raise NoIndex(f"{path(spool)}: {error}. Mend it with: skazano index --rebuild") from error
        finally:
            db.close()
        # A rebuild that took its place in between may have lent its WAL to the former file.
        if path(spool).exists() and path(spool).stat().st_ino == before:
            return found
    raise NoIndex(f"{path(spool)} is being replaced: try again")


# -- keeping it true ------------------------------------------------------------------------------


def update(spool: Spool, changed: Iterable[str]) -> int:
    """Bring the rows of these tasks up to date; how many there are. Raises BadId, sqlite3.Error."""
    with _writing(spool) as db:
        return _update(spool, db, changed)


def catch_up(spool: Spool) -> int:
    """Compare every ticket with its row and update what differs; the number of tasks updated.

    A ticket's ctime changes with each of its renames, so also a task that left done/ and came back is found.
    """
    with _writing(spool) as db:
        db.execute("create temp table there (id text primary key, state text, seen integer) without rowid")
        db.executemany("insert or replace into there values (?, ?, ?)", _marks(spool))
        differs = """select t.id from there t left join tasks k on k.id = t.id
            where k.id is null or k.state is not t.state or k.seen is not t.seen
            union all select id from tasks where id not in (select id from there)"""
        changed = [str(id) for (id,) in db.execute(differs)]
        db.execute("drop table there")
        _update(spool, db, changed)
        return len(changed)


def rebuild(spool: Spool, progress: Callable[[int], None] | None = None) -> int:
    """Make the index anew and put it in the former one's place; the number of tasks.

    The former one serves readers until the rename, and writers: what they change meanwhile is caught up.
    """
    with _lock(spool, ".index.building"):
        built = spool.root / ".index.db"
        for stray in spool.root.glob(f"{built.name}*"):  # of a rebuild that was killed
            stray.unlink()
        try:
            count = _build(spool, built, progress)
            with _lock(spool):
                _replace(path(spool), built)
        finally:
            built.unlink(missing_ok=True)
    catch_up(spool)
    return count


def _build(spool: Spool, file: Path, progress: Callable[[int], None] | None) -> int:
    import sqlite_utils

    db = sqlite3.connect(file, isolation_level=None)
    try:
        db.executescript("pragma journal_mode = off; pragma synchronous = off;" + index_rows.SCHEMA)
        db.execute("begin")
        count = _fill(spool, db, progress)
        db.execute("commit")
        db.executescript(index_rows.INDEXES)
        tables = sqlite_utils.Database(db)
        tables["tasks"].enable_fts(["words"], tokenize="unicode61", create_triggers=True)
        db.executescript(f"pragma user_version = {VERSION}; pragma journal_mode = wal;")
    finally:
        db.close()
    return count


def _replace(former: Path, built: Path) -> None:
    fd = os.open(built, os.O_RDONLY)
    try:
        os.fchmod(fd, 0o660)  # it holds all that was ever said: nobody's but the spool's own
        os.fsync(fd)
    finally:
        os.close(fd)
    if former.exists():
        _checkpoint(former)
    for end in ("-wal", "-shm"):
        former.with_name(former.name + end).unlink(missing_ok=True)
    built.rename(former)


def _checkpoint(former: Path) -> None:
    """Bring a WAL home; if the file is unusable, which may be why it is rebuilt, leave it."""
    db = sqlite3.connect(former, timeout=0.5)
    try:
        db.execute("pragma wal_checkpoint(truncate)")
    except sqlite3.Error:
        return
    finally:
        db.close()


class Follower:
    """Keeps index.db true for as long as it lives. `sync` is called whenever something may have moved."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._changes = Changes(spool)
        self._begun = False

    def sync(self) -> int:
        """Update what changed since the last call (the first one compares everything); how many."""
        changed = self._changes.look()
        try:
            if not self._begun:
                self._begun = True
                return catch_up(self._spool)
            return update(self._spool, changed) if changed else 0
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and "no such" not in str(error):
                self._begun = False  # busy, or the disk is full: compare everything when it is over
                raise
            return rebuild(self._spool)


# -- writing --------------------------------------------------------------------------------------


@contextmanager
def _lock(spool: Spool, name: str = ".index.lock") -> Iterator[None]:
    fd = os.open(spool.root / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


@contextmanager
def _writing(spool: Spool) -> Iterator[sqlite3.Connection]:
    """One transaction on an index of this version, made if need be."""
    if _version(path(spool)) != VERSION:
        rebuild(spool)
    with _lock(spool):
        db = sqlite3.connect(path(spool), timeout=30, isolation_level=None)
        try:
            db.execute("pragma synchronous = normal")
            db.execute("begin immediate")
            yield db
            db.execute("commit")
        finally:
            db.close()


def _version(file: Path) -> int:
    """The schema's version in `file`; 0 if there is none, or it is no database."""
    if not file.exists():
        return 0
    db = sqlite3.connect(file, timeout=5)
    try:
        return int(db.execute("pragma user_version").fetchone()[0])
    except sqlite3.DatabaseError:
        return 0
    finally:
        db.close()


def _update(spool: Spool, db: sqlite3.Connection, changed: Iterable[str]) -> int:
    columns = index_rows.COLUMNS
    change = ", ".join(f"{name} = excluded.{name}" for name in columns[1:])
    upsert = f"{_insertion('tasks', columns)} on conflict (id) do update set {change}"
    tickets = {ticket.id: ticket for ticket in spool.open_tickets()}
    count = 0
    for id in dict.fromkeys(changed):
        ticket = tickets.get(id)
        mark = index_rows.seen(spool, ticket)
        if mark is None:  # done, or moved since they were listed
            ticket = spool.find(id)
            mark = index_rows.seen(spool, ticket)
        found = index_rows.read(spool, id, ticket, mark)
        db.execute("delete from events where task = ?", (id,))
        if found is None:
            db.execute("delete from tasks where id = ?", (id,))
            continue
        row, events = found
        db.execute(upsert, row)
        db.executemany(_insertion("events", index_rows.EVENT_COLUMNS), events)
        count += 1
    return count


def _fill(spool: Spool, db: sqlite3.Connection, progress: Callable[[int], None] | None) -> int:
    rows: list[tuple[Any, ...]] = []
    events: list[tuple[Any, ...]] = []
    count = 0

    def flush() -> None:
        db.executemany(_insertion("tasks", index_rows.COLUMNS, "or replace"), rows)
        db.executemany(_insertion("events", index_rows.EVENT_COLUMNS), events)
        rows.clear()
        events.clear()
        if progress:
            progress(count)

    done: set[str] = set()  # open tasks: one that moves on while we list may be met twice
    for ticket, mark in index_rows.tickets(spool):
        if ticket.id in done:
            continue
        if ticket.box != "done":
            done.add(ticket.id)
        found = index_rows.read(spool, ticket.id, ticket, mark)
        if found is None:
            continue
        rows.append(found[0])
        events.extend(found[1])
        count += 1
        if len(rows) >= BATCH:
            flush()
    flush()
    return count


def _insertion(table: str, columns: tuple[str, ...], conflict: str = "") -> str:
    marks = ", ".join("?" * len(columns))
    return f"insert {conflict} into {table} ({', '.join(columns)}) values ({marks})"


def _marks(spool: Spool) -> Iterator[tuple[str, str, int]]:
    for ticket, mark in index_rows.tickets(spool):
        yield ticket.id, ticket.box, mark
