"""Commands and «отмена»: what a message asks of the bot itself."""

import re
from typing import TYPE_CHECKING

from skazano import acts, ids
from skazano.conversation import chats
from skazano.spool import PARKS, Spool, SpoolError, Ticket
from skazano.task import BadTask, TaskDir
from skazano.texts import say

if TYPE_CHECKING:
    from skazano.routing import Desk


def commands(lang: str) -> list[tuple[str, str]]:
    """Each command and what it does, as Telegram's menu shows them."""
    return [(name, say(lang, f"command-{name}")) for name in ("status", "projects", "cancel", "help")]


def is_command(text: str) -> bool:
    """Whether it is a command, and not a path such as /etc/hosts."""
    return re.match(r"/\w+(@\w+)?(\s|$)", text) is not None


def obey(desk: "Desk", text: str) -> str:
    """/status, /projects, /cancel, /help."""
    word = text[1:].split()[0].partition("@")[0].lower()
    if word == "status":
        return _status(desk)
    if word == "projects":
        return _projects(desk)
    if word == "cancel":
        return cancel_latest(desk)
    if word in ("help", "start"):
        lines = (f"/{name} — {told}" for name, told in commands(desk.card.lang) if name != "help")
        return desk.answer("help", commands="\n".join(lines))
    return desk.answer("no-command", name=word)


def _projects(desk: "Desk") -> str:
    lines = [f"• {p.title} ({', '.join([p.slug, *p.aliases])})" for p in desk.projects]
    return desk.answer("projects", known="\n".join(lines)) if lines else desk.answer("projects-none")


def _status(desk: "Desk") -> str:
    lines = []
    for ticket in own_open(desk):
        queued = ticket.stage == "execute" and ticket.box == "new"
        place = ticket.box if ticket.box in PARKS else "queue" if queued else ticket.stage
        title = TaskDir(desk.spool.dir(ticket.id)).title() or say(desk.card.lang, "unheard")
        lines.append(f"• {title} — {say(desk.card.lang, f'at-{place}')}")
    tasks = "\n".join(lines) or say(desk.card.lang, "nothing-open")
    return desk.answer("status", tasks=tasks, **desk.what_is_set())


def cancel_latest(desk: "Desk", *, every: bool = False) -> str:
    """Cancel the newest open task of this chat, with all its subtasks, or `every` one; each tells of that
    itself."""
    cancelled = []
    for ticket in reversed(own_open(desk)):
        if (parent := ids.parent(ticket.id)) and desk.spool.path(Ticket(parent, "waiting")).exists():
            continue
        try:
            acts.cancel(desk.spool, ticket.id, by=desk.task.id)
        except SpoolError:
            continue  # it ended meanwhile: look at the one before
        cancelled.append(ticket.id)
        if not every:
            break
    if not cancelled:
        return desk.answer("nothing-to-cancel")
    desk.task.save(desk.card)
    desk.context.note(cancelled=", ".join(cancelled))
    return "done"


def own_open(desk: "Desk") -> list[Ticket]:
    """Open tickets of this chat's tasks before this one, oldest first."""
    return sorted((t for t in _unfinished(desk.spool) if _is_own(desk, t)), key=lambda ticket: ticket.id)


def _is_own(desk: "Desk", ticket: Ticket) -> bool:
    if ticket.id >= desk.task.id:
        return False
    try:
        chat = TaskDir(desk.spool.dir(ticket.id)).load().chat
    except BadTask:
        return False
    return chats.current(desk.spool, chat) == desk.card.chat


def _unfinished(spool: Spool) -> list[Ticket]:
    """Tickets of tasks whose work is not over; what only waits to be told is."""
    return [t for t in spool.open_tickets() if t.box != "failed" and t.stage != "reply"]
