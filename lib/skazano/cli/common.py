"""What the commands share: the spool they act on, ids as people type them, tables."""

import json
import os
import sys
from typing import Any

from skazano import ids
from skazano.config import Settings
from skazano.spool import Spool, Ticket
from skazano.task import BadTask, Task, TaskDir
from skazano.views.pages_recent import newest


class Refusal(Exception):
    """The command cannot be carried out; the text says why and what to do."""


class Desk:
    """One command's surroundings."""

    def __init__(self, settings: Settings, spool: Spool, *, json: bool) -> None:
        self.settings = settings
        self.spool = spool
        self.json = json

    def task(self, text: str) -> TaskDir:
        """The task of that id; `last` is the newest. Raises Refusal."""
        id = self._last() if text == "last" else ids.check(text)
        if not self.spool.dir(id).is_dir():
            raise Refusal(f"there is no task {id}: see `skazano ls`")
        return TaskDir(self.spool.dir(id))

    def _last(self) -> str:
        for day in sorted(self.spool.tasks.iterdir(), reverse=True):
            found = [name for name in os.listdir(day) if not name.startswith(".")]
            if found:
                return max(found)
        raise Refusal("there are no tasks yet")

    def row(self, ticket: Ticket) -> dict[str, Any]:
        """A task as one line of a table."""
        task = TaskDir(self.spool.dir(ticket.id))
        try:
            card = task.load()
        except BadTask:
            card = Task(id=ticket.id, created="")
        return {
            "id": ticket.id,
            "state": ticket.box,
            "stage": ticket.stage,
            "attempts": ticket.attempts,
            "place": ticket.place,
            "project": card.project,
            "tool": card.tool,
            "kind": card.kind,
            "title": task.title(),
        }

    def finished(self, count: int) -> list[Ticket]:
        """The newest tickets of done/."""
        return list(newest(self.spool, count))

    def print(self, value: Any) -> None:
        """Print a value as JSON."""
        print_json(value)


def print_json(value: Any) -> None:
    """Print a value as JSON."""
    print(json.dumps(value, ensure_ascii=False, indent=1))


def table(*columns: str) -> Any:
    """An empty rich table with these columns."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    made = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold" if column in ("id", "place") else "ellipsis", no_wrap=True)
    return made


def show(what: Any) -> None:
    """Print to the terminal with rich; plain, and not cut, where there is none."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else 200
    Console(width=width, highlight=False, soft_wrap=not sys.stdout.isatty()).print(what)
