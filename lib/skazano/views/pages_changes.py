"""Which tasks changed since one looked last, from the listings alone: for the views, which hold no ticket."""

import os
import time
from collections import OrderedDict

from skazano.spool import Spool, Ticket
from skazano.views.pages_read import is_id, signature
from skazano.views.pages_recent import newest

DAYS = 2  # newest folders of tasks/ in which a task may appear and be finished between two looks
DONE = 300  # newest finished tasks that are watched for leaving done/ and coming back


class Changes:
    """The spool at the last look. A look costs the listing of what is open, not of what is done."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._open: dict[str, tuple[object, ...]] = {}
        self._days: dict[str, int] = {}  # of the newest day folders: when they changed (mtime, ns)
        self._arrived: set[str] = set()
        self._done: OrderedDict[str, int] = OrderedDict()  # ctime (ns) of the ticket
        self._begun = False

    def look(self) -> list[str]:
        """The ids of tasks that came, moved, changed or went, each once. The first look: whatever is open."""
        tickets = {ticket.id: ticket for ticket in self._spool.open_tickets()}
        marks = {id: signature(self._spool, ticket) for id, ticket in tickets.items()}
        changed = [id for id, mark in marks.items() if self._open.get(id) != mark]
        changed += [id for id in self._open if id not in marks]
        arrived = self._newcomers()
        if self._begun:
            changed += sorted(id for id in arrived if id not in marks)
            changed += self._moved()
        else:
            for ticket in reversed(list(newest(self._spool, DONE))):
                self._done[ticket.id] = self._ctime(ticket.id)
        self._open, self._begun = marks, True
        changed = list(dict.fromkeys(changed))
        for id in changed:
            if id not in marks:
                self._done[id] = self._ctime(id)
        while len(self._done) > DONE:
            self._done.popitem(last=False)
        return changed

    def _newcomers(self) -> set[str]:
        """Ids that appeared in the newest day folders, which are listed only if they changed."""
        try:
            days = sorted(name for name in os.listdir(self._spool.tasks) if name[:1].isdigit())[-DAYS:]
        except FileNotFoundError:
            return set()
        changed = {}
        for day in days:
            try:
                changed[day] = (self._spool.tasks / day).stat().st_mtime_ns
            except FileNotFoundError:
                continue
        if not changed or changed == self._days:
            return set()
        # A name that comes in the same tick of the clock leaves the time as it is: list once more then.
        settled = time.time_ns() - max(changed.values()) > 1_000_000_000
        self._days = changed if settled else {}
        there = {id for day in changed for id in _names(self._spool, day)}
        fresh, self._arrived = there - self._arrived, there
        return fresh

    def _moved(self) -> list[str]:
        return [id for id, mark in self._done.items() if self._ctime(id) != mark]

    def _ctime(self, id: str) -> int:
        try:
            return self._spool.path(Ticket(id, "done")).stat().st_ctime_ns
        except FileNotFoundError:
            return 0


def _names(spool: Spool, day: str) -> list[str]:
    try:
        return [name for name in os.listdir(spool.tasks / day) if is_id(name)]
    except FileNotFoundError:
        return []
