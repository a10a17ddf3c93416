"""Whose turn it is in `execute`: one task a project, several projects at once, and nobody forgotten.

Within a project first come, first served, but for one whose run has begun already (it must be waited for)
and one that a person let jump the queue (a file `first` in state/jump). Among projects the one that has been
idle longest is next. Those on other boxes take none of the places here: a box that is away holds nobody up.
"""

import os
import time
from collections.abc import Mapping, Sequence

from skazano.config import ConfigError
from skazano.conversation import notices
from skazano.execution import runs
from skazano.execution.order_marks import jump_file
from skazano.projects import Project
from skazano.spool import Ticket
from skazano.stage import Context
from skazano.task import BadTask, TaskDir

ELSEWHERE = "box "  # what begins so is no folder of ours


class Order:
    """Remembers which project had its turn when, and since when each task waits."""

    def __init__(self) -> None:
        self._turn: dict[str, float] = {}
        self._since: dict[str, float] = {}
        self._tell_at: float | None = None

    def __call__(self, ready: Sequence[Ticket], working: Mapping[str, str], context: Context) -> list[Ticket]:
        """Those to begin, the next one first."""
        ready = [ticket for ticket in ready if ticket.id not in working]
        here = sum(not place.startswith(ELSEWHERE) for place in working.values())
        room = max(0, max(1, context.config.execute.parallel) - here)
        queues = self._queues(ready, context)
        at_work, unfinished = set(working.values()), self._unfinished(context)
        free = [
            place
            for place, queue in queues.items()
            if place not in at_work and (place not in unfinished or runs_on(queue[0], context))
        ]
        free.sort(key=lambda place: (self._turn.get(place, 0.0), queues[place][0].id))
        chosen_here = [place for place in free if not place.startswith(ELSEWHERE)][:room]
        free = [place for place in free if place in chosen_here or place.startswith(ELSEWHERE)]
        chosen = [queues[place][0] for place in free]
        for place in free:
            self._turn[place] = time.monotonic()
        self._tell(queues, {ticket.id for ticket in chosen}, working, context)
        return chosen

    def project(self, ticket: Ticket, context: Context) -> str:
        """The folder on which the task works, on which box if not here; its id if there is no project."""
        project = _project(TaskDir(context.spool.dir(ticket.id)), context)
        if project is None:
            return ticket.id  # it will fail by itself, in nobody's way
        if project.box is not None:
            return f"{ELSEWHERE}{project.box}/{project.slug}"
        return os.path.realpath(project.path)

    def until(self) -> float | None:
        """Seconds until somebody is to be told that they wait."""
        return None if self._tell_at is None else max(0.0, self._tell_at - time.monotonic())

    def _queues(self, ready: Sequence[Ticket], context: Context) -> dict[str, list[Ticket]]:
        queues: dict[str, list[Ticket]] = {}
        for ticket in sorted(ready, key=lambda ticket: self._rank(ticket, context)):
            queues.setdefault(self.project(ticket, context), []).append(ticket)
        return queues

    def _rank(self, ticket: Ticket, context: Context) -> tuple[bool, bool, str]:
        return not runs_on(ticket, context), not jump_file(context.spool, ticket.id).exists(), ticket.id

    def _unfinished(self, context: Context) -> set[str]:
        """Projects in which a run's work is not committed or pushed yet, and is to be tried again."""
        later = context.spool.tickets("later", "execute")
        return {self.project(ticket, context) for ticket in later if runs_on(ticket, context)}

    def _tell(
        self,
        queues: Mapping[str, list[Ticket]],
        chosen: set[str],
        working: Mapping[str, str],
        context: Context,
    ) -> None:
        """Tell those who have waited long enough how many are before them."""
        moment, patience = time.monotonic(), context.config.execute.tell_wait_seconds
        waiting: dict[str, int] = {}
        for place, queue in queues.items():
            before = sum(other == place for other in working.values())
            for ticket in queue:
                if ticket.id not in chosen and before:
                    waiting[ticket.id] = before
                before += 1
        self._since = {id: self._since.get(id, moment) for id in waiting}
        due = {id: since + patience for id, since in self._since.items()}
        for id, ahead in waiting.items():
            if due[id] <= moment:
                notices.tell(context.spool, id, "queued", ahead=ahead)
        self._tell_at = min((at for at in due.values() if at > moment), default=None)


def elsewhere(task: TaskDir, context: Context) -> bool:
    """Whether the task's project lives on another box."""
    project = _project(task, context)
    return project is not None and project.box is not None


def _project(task: TaskDir, context: Context) -> Project | None:
    try:
        return context.projects().get(task.load().project or "")
    except (BadTask, ConfigError):
        return None


def runs_on(ticket: Ticket, context: Context) -> bool:
    """Whether the task's run has begun: alive, ended or cut off."""
    return runs.state(TaskDir(context.spool.dir(ticket.id))) != "none"
