"""The newest finished tasks, of all and of each project, without listing done/ for every page.

done/ may hold a hundred thousand tickets. It is listed once, when the process starts, and of that only
the newest SCAN tasks are read; the index, where there is one, names the newest of quieter projects.
After that each change is told (`put`). Whether a task is done is always asked of its ticket.
"""

import heapq
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator

from skazano.spool import Spool, Ticket
from skazano.views.pages_read import Row, is_id

SCAN = 1000  # tasks read at the start
KEEP = 100  # rows kept of all, and of each project


class Recent:
    """Rows of finished tasks, newest id first."""

    def __init__(self, spool: Spool, read: Callable[[Ticket], Row | None]) -> None:
        self._spool = spool
        self._read = read
        self._rows: dict[str, Row] = {}
        self._lists: dict[str | None, list[str]] = {}  # None: of all projects

    def load(self, projects: Iterable[str]) -> list[Row]:
        """Forget everything and look anew. The rows read, newest first."""
        self._rows.clear()
        self._lists.clear()
        found = [row for ticket in newest(self._spool, SCAN) if (row := self._read(ticket))]
        for row in reversed(found):
            self.put(row)
        for slug in projects:
            if len(self._lists.get(slug, ())) < KEEP:
                for id in self._indexed(slug):
                    if id not in self._rows and (row := self._read(Ticket(id, "done"))):
                        self.put(row)
        return found

    def put(self, row: Row) -> None:
        """A task was seen. If it is done it takes its place, else it loses it."""
        self.drop(row.id)
        if row.state != "done":
            return
        for key in {None, row.project}:
            order = self._lists.setdefault(key, [])
            order.append(row.id)
            if len(order) > 1 and order[-2] < row.id:
                order.sort(reverse=True)
            self._rows[row.id] = row
            for id in order[KEEP:]:
                order.remove(id)
                self._forget(id)

    def get(self, id: str) -> Row | None:
        """The kept row of a task."""
        return self._rows.get(id)

    def drop(self, id: str) -> None:
        """A task is no longer done, or no longer there."""
        row = self._rows.pop(id, None)
        if row is None:
            return
        for key in {None, row.project}:
            order = self._lists.get(key, [])
            if id in order:
                order.remove(id)

    def rows(self, project: str | None, count: int) -> list[Row]:
        """The newest finished tasks of a project (None: of all) whose ticket is still in done/."""
        found = []
        for id in list(self._lists.get(project, ())):
            if not self._spool.path(Ticket(id, "done")).exists():
                self.drop(id)
                continue
            found.append(self._rows[id])
            if len(found) == count:
                break
        return found

    def _forget(self, id: str) -> None:
        if not any(id in order for order in self._lists.values()):
            self._rows.pop(id, None)

    def _indexed(self, slug: str) -> list[str]:
        """The newest done tasks of a project, as the index remembers them."""
        try:
            db = sqlite3.connect(f"file:{self._spool.root / 'index.db'}?mode=ro", uri=True)
        except sqlite3.Error:
            return []
        query = "select id from tasks where project = ? and state = 'done' order by id desc limit ?"
        try:
            given = [str(id) for (id,) in db.execute(query, (slug, KEEP))]
        except sqlite3.Error:
            return []
        finally:
            db.close()
        return [id for id in given if self._done(id)]

    def _done(self, id: str) -> bool:
        try:
            return self._spool.dir(id).exists() and self._spool.path(Ticket(id, "done")).exists()
        except ValueError:
            return False


def newest(spool: Spool, count: int) -> Iterator[Ticket]:
    """The newest `count` done tickets, newest first, month by month."""
    try:
        months = sorted(os.listdir(spool.root / "done"), reverse=True)
    except FileNotFoundError:
        return
    for month in months:
        if month.startswith(".") or count <= 0:
            continue
        try:
            names = os.listdir(spool.root / "done" / month)
        except OSError:
            continue
        for name in heapq.nlargest(count, names):
            if is_id(name):
                count -= 1
                yield Ticket(name, "done")
