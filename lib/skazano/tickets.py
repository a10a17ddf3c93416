"""Tickets: the names of a spool's folders, and of the small files in them that say where a task stands."""

import re
from dataclasses import dataclass
from typing import Literal

from skazano import ids

STAGES = ("download", "transcribe", "route", "refine", "execute", "summarize", "speak", "reply")

Box = Literal["new", "run", "later", "unsorted", "waiting", "hold", "done", "failed"]

BOXES: tuple[Box, ...] = ("new", "run", "later")  # of each stage
PARKS: tuple[Box, ...] = ("unsorted", "waiting", "hold", "failed")  # of the spool

_ATTEMPTS = r"0|[1-9][0-9]{0,2}"  # one way to write a number, so that a ticket has one name
_QUEUED = re.compile(rf"(?P<id>{ids.PATTERN}),(?P<attempts>{_ATTEMPTS})")
_HELD = re.compile(rf"(?P<stage>{'|'.join(STAGES)}),{_QUEUED.pattern}")


class SpoolError(Exception):
    """The spool cannot be used as it is; the text says why and what to do."""


class NoTask(SpoolError):
    """There is no task of that id."""


class Busy(SpoolError):
    """The ticket is being worked on, or moved on at this moment."""


@dataclass(frozen=True)
class Ticket:
    """Where a task stands. `stage` is None in unsorted, waiting, done and failed."""

    id: str
    box: Box
    stage: str | None = None
    attempts: int = 0

    @property
    def place(self) -> str:
        """Its path below the spool, as `ls` shows it."""
        if self.box in BOXES:
            return f"{self.stage}/{self.box}/{self.id},{self.attempts}"
        if self.box == "hold":
            return f"hold/{self.stage},{self.id},{self.attempts}"
        if self.box == "done":
            return f"done/{ids.month(self.id)}/{self.id}"
        return f"{self.box}/{self.id}"


def named(name: str, box: Box, stage: str | None = None) -> Ticket | None:
    """The ticket of that file name in that box; None if it is no ticket's name."""
    if box not in BOXES and box != "hold":
        return Ticket(name, box) if ids.valid(name) else None
    match = (_HELD if box == "hold" else _QUEUED).fullmatch(name)
    if match is None or not ids.valid(match["id"]):
        return None
    return Ticket(match["id"], box, match["stage"] if box == "hold" else stage, int(match["attempts"]))
