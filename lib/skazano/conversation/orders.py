"""Commands and «отмена»: what a message asks of the bot itself."""

import re
from typing import TYPE_CHECKING

from skazano import acts
from skazano.spool import PARKS, Spool, SpoolError, Ticket
from skazano.task import Task, TaskDir
from skazano.texts import say

if TYPE_CHECKING:
    from skazano.routing import Desk


def obey(desk: "Desk", text: str) -> str:
    """/status, /projects, /cancel, /help; anything else gets the help."""
    match = re.match(r"/([a-z_]+)", text)
    word = match[1] if match else ""
    if word == "status":
        return _status(desk)
    if word == "projects":
        return desk.answer("projects", known=_listed(desk))
    if word == "cancel":
        return cancel_latest(desk)
    return desk.answer("help")


def _listed(desk: "Desk") -> str:
    lines = [f"• {p.title} ({', '.join([p.slug, *p.aliases])})" for p in desk.projects]
    return "\n".join(lines) or say(desk.card.lang, "none-yet")


def _status(desk: "Desk") -> str:
    lines = []
    for ticket in own_open(desk):
        other = TaskDir(desk.spool.dir(ticket.id)).load()
        place = ticket.box if ticket.box in PARKS else ticket.stage
        lines.append(f"• {_title(desk, other)} — {say(desk.card.lang, f'at-{place}')}")
    tasks = "\n".join(lines) or say(desk.card.lang, "nothing-open")
    return desk.answer("status", tasks=tasks, **desk.what_is_set())


def cancel_latest(desk: "Desk") -> str:
    """Cancel the newest open task of this chat."""
    for ticket in reversed(own_open(desk)):
        other = TaskDir(desk.spool.dir(ticket.id)).load()
        title = _title(desk, other)
        try:
            how = acts.cancel(desk.spool, ticket.id, by=desk.task.id)
        except SpoolError:
            continue  # it ended meanwhile: look at the one before
        return desk.answer(f"cancel-{how}", title=title)
    return desk.answer("nothing-to-cancel")


def _title(desk: "Desk", other: Task) -> str:
    """What a person knows a task by: its title, else its first words."""
    said = other.title or (TaskDir(desk.spool.dir(other.id)).text("transcript.txt") or "").strip()
    said = " ".join(said.split()) or say(desk.card.lang, "unheard")
    return said if len(said) <= 80 else said[:79] + "…"


def own_open(desk: "Desk") -> list[Ticket]:
    """Open tickets of this chat's tasks before this one, oldest first."""
    return sorted(
        (t for t in _unfinished(desk.spool) if _is_own(desk, t)), key=lambda ticket: ticket.id
    )


def _is_own(desk: "Desk", ticket: Ticket) -> bool:
    if ticket.id >= desk.task.id:
        return False
    other = TaskDir(desk.spool.dir(ticket.id))
    return other.has("task.json") and other.load().chat == desk.card.chat


def _unfinished(spool: Spool) -> list[Ticket]:
    """Tickets of tasks whose work is not over; what only waits to be told is."""
    return [t for t in spool.open_tickets() if t.box != "failed" and t.stage != "reply"]
