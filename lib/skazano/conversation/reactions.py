"""Which reaction belongs on which message: follows from where the ticket lies, and from nothing else."""

from collections.abc import Iterator

from skazano import ids
from skazano.spool import Spool, Ticket

# All are among the reactions that Telegram lets a bot set.
SEEN, WORKING, ASKING, DONE, BROKEN = "👀", "✍", "🤔", "👍", "💔"
FINAL = (DONE, BROKEN)
DAYS = 2  # day folders in which a task that passed unseen is looked for


def of(ticket: Ticket) -> str:
    """The reaction for a ticket at that place."""
    if ticket.box in ("unsorted", "hold"):
        return ASKING
    if ticket.box == "done":
        return DONE
    if ticket.box == "failed":
        return BROKEN
    return WORKING if ticket.stage in ("execute", "summarize", "speak", "reply", None) else SEEN


def wanted(spool: Spool, shown: dict[str, str]) -> Iterator[tuple[str, str]]:
    """(id, emoji) where something else is to be shown than `shown` says. Final ones of days gone by are
    taken out of `shown`: nothing more will happen to them without a ticket being open again."""
    newest = _newest(spool)
    for id in [id for id, emoji in shown.items() if emoji in FINAL and id not in newest]:
        del shown[id]
    standing = {ticket.id: of(ticket) for ticket in spool.open_tickets() if ticket.box != "failed"}
    for id in sorted(newest | {id for id, emoji in shown.items() if emoji not in FINAL}):
        if id not in standing and shown.get(id) not in FINAL:
            ended = next((t for box in ("done", "failed") if spool.path(t := Ticket(id, box)).exists()), None)
            if ended:
                standing[id] = of(ended)
    for id, emoji in sorted(standing.items()):
        if shown.get(id) != emoji:
            yield id, emoji


def _newest(spool: Spool) -> set[str]:
    days = sorted(p for p in spool.tasks.iterdir() if not p.name.startswith("."))[-DAYS:]
    return {task.name for day in days for task in day.iterdir() if _is_telegrams(task.name)}


def _is_telegrams(name: str) -> bool:
    try:
        return "-tg-" in ids.check(name)
    except ids.BadId:
        return False
