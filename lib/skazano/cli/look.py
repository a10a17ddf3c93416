"""ls, show, logs: looking at tasks."""

import argparse
import json
from datetime import datetime
from typing import Any

import msgspec

from skazano.cli.common import Desk, Refusal, show, table
from skazano.spool import BOXES, PARKS, Ticket
from skazano.task import BadTask, TaskDir
from skazano.views import view
from skazano.wake import Wake

COLOURS = {"unsorted": "yellow", "hold": "yellow", "failed": "red", "run": "cyan", "done": "green"}


def ls(desk: Desk, options: argparse.Namespace) -> int:
    """Open tickets, then the newest finished ones."""
    boxes = (*BOXES, *PARKS, "done")
    if options.state and options.state not in boxes:
        raise Refusal(f"no state {options.state!r}; there are: {', '.join(boxes)}")
    tickets = [*sorted(desk.spool.open_tickets(), key=lambda t: t.id), *desk.finished(options.n)]
    rows = [desk.row(ticket) for ticket in tickets if options.state in (None, ticket.box)]
    if options.project:
        rows = [row for row in rows if row["project"] == options.project]
    if desk.json:
        desk.print(rows)
        return 0
    from rich.text import Text

    made = table("id", "state", "project", "request")
    for row in rows:
        where = f"{row['stage']}/{row['state']}" if row["stage"] else row["state"]
        colour = COLOURS.get(row["state"], "")
        made.add_row(row["id"], Text(where, colour), row["project"] or "—", Text(row["title"] or "—"))
    show(made if rows else "Nothing here yet.")
    return 0


def _card(task: TaskDir) -> dict[str, Any] | None:
    """task.json with what it leaves out because it is the default."""
    try:
        return msgspec.structs.asdict(task.load())
    except BadTask:
        return None


def show_ticket(ticket: Ticket | None) -> str:
    """Where a task stands."""
    return ticket.place if ticket else "no ticket: run `skazano fsck --repair`"


def show_task(desk: Desk, task: TaskDir) -> dict[str, Any]:
    """Everything about a task as plain values."""
    ticket = desk.spool.find(task.id)
    files = sorted(p for p in task.path.rglob("*") if p.is_file() and not p.name.startswith("."))
    return {
        "id": task.id,
        "place": show_ticket(ticket),
        "path": str(task.path),
        "task": _card(task),
        "transcript": task.text("transcript.txt"),
        "refined": task.text("refined.txt"),
        "answer": task.text("answer.txt"),
        "error": task.text("error.txt"),
        "commit": task.json("commit.json"),
        "history": task.events(),
        "files": {str(p.relative_to(task.path)): p.stat().st_size for p in files},
    }


def show_one(desk: Desk, options: argparse.Namespace) -> int:
    """One task, whole."""
    task = desk.task(options.task)
    found = show_task(desk, task)
    if desk.json:
        desk.print(found)
        return 0
    from rich.text import Text

    card = found["task"] or {}
    show(Text.assemble((task.id, "bold"), "  ", (found["place"], "cyan")))
    names = (f"{key} {card.get(key) or '—'}" for key in ("project", "tool", "kind", "mode"))
    show(Text(", ".join(names)))
    for name in ("transcript", "refined", "answer", "error"):
        if found[name]:
            show(Text.assemble("\n", (f"{name}: ", "dim"), found[name]))
    show("")
    show(_timeline(found["history"]))
    made = table("file", "bytes")
    for name, size in found["files"].items():
        made.add_row(Text(name), str(size))
    show(made)
    show(Text(found["path"], "dim"))
    return 0


def _timeline(events: list[dict[str, Any]]) -> Any:
    from rich.text import Text

    made = table("time", "stage", "event", "ms", "")
    for event in events:
        rest = {k: v for k, v in event.items() if k not in ("time", "stage", "event", "ms")}
        clock = datetime.fromisoformat(event["time"]).astimezone().strftime("%H:%M:%S")
        words = " ".join(f"{key}={value}" for key, value in rest.items())
        made.add_row(clock, event["stage"], event["event"], str(event.get("ms", "")), Text(words))
    return made


def logs(desk: Desk, options: argparse.Namespace) -> int:
    """The history, then what the run printed; with --follow until the task has ended."""
    task, told = desk.task(options.task), 0
    wake = Wake([*view.folders(desk.spool), task.path] if options.follow else [])
    wake.start()
    try:
        while True:
            wake.clear()
            ticket = desk.spool.find(task.id)
            events = task.events()
            for event in events[told:]:
                print(json.dumps(event, ensure_ascii=False) if desk.json else _line(event), flush=True)
            told = len(events)
            if not options.follow or ticket is None or ticket.box in ("done", "failed"):
                break
            wake.wait(60)
    except KeyboardInterrupt:
        return 130
    finally:
        wake.close()
    for name in () if desk.json else ("run/stdout.log", "run/stderr.log"):
        if text := task.text(name):
            print(f"\n--- {name}\n{text}")
    return 0


def _line(event: dict[str, Any]) -> str:
    rest = {k: v for k, v in event.items() if k not in ("time", "stage", "event")}
    words = " ".join(f"{key}={value}" for key, value in rest.items())
    return f"{event['time']} {event['stage']:<10} {event['event']} {words}".rstrip()
