"""What was sent as one and comes as several: an album is a message for each picture, and a text that is too
long for one message is cut by the person's own Telegram. The first piece waits in `route` for the others."""

import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

from skazano import ids
from skazano.context import Later
from skazano.spool import BOXES, MAX_ATTEMPTS, Spool
from skazano.task import BadTask, Task, TaskDir

if TYPE_CHECKING:
    from skazano.routing import Desk

WAIT = 2.0  # seconds that a piece waits for the next one
CUT = 3500  # UTF-16 units; a text is cut at 4096, or at the last paragraph, line or word before


def gather(desk: "Desk", text: str) -> bool:
    """Add this piece to the first one; False if there is none, and this is the first or stands alone.

    Raises Later for a piece that may not be the last.
    """
    if desk.context.attempt > 1 and _is_added(desk, text):
        return True  # by an attempt that died; the first piece may have gone on since
    for ticket in desk.spool.tickets("later", "route"):
        held = desk.spool.lock(ticket) if _continues(desk.spool, desk.card, ticket.id) else None
        if held is not None:
            with held:
                desk.task.history("route", "joining", to=ticket.id)
                _add(TaskDir(held.dir), desk.task, desk.card, text)
                held.defer(time.time() + WAIT)
            desk.task.save(desk.card)
            desk.context.note(joined=ticket.id)
            return True
    cut = desk.card.kind == "text" and _may_be_cut(text)
    tries = desk.context.attempt
    if (desk.card.album or cut) and (tries == 1 or (tries < MAX_ATTEMPTS - 1 and _rest_is_here(desk))):
        raise Later("the rest of it may still come", seconds=WAIT)
    return False


def others_on_the_way(spool: Spool, id: str) -> bool:
    """Whether pictures of the same album are still being fetched, or to be tried again."""
    album = _load(spool, id).album
    waiting = [ticket for box in BOXES for ticket in spool.tickets(box, "download")] if album else []
    return any(_load(spool, ticket.id).album == album for ticket in waiting)


def _rest_is_here(desk: "Desk") -> bool:
    """Whether a further piece came while this one waited, and has its turn after it."""
    queue = desk.spool.tickets("new", "route")
    return any(_continues(desk.spool, _load(desk.spool, ticket.id), desk.task.id) for ticket in queue)


def _continues(spool: Spool, card: Task, id: str) -> bool:
    """Whether that card is of a further piece of the task `id`."""
    first = _load(spool, id)
    if (first.chat, first.user) != (card.chat, card.user) or first.source != card.source:
        return False
    if card.album or first.album:
        return card.album == first.album
    task = TaskDir(spool.dir(id))
    joined = [event["by"] for event in task.events() if event.get("event") == "joined"]
    apart = (ids.created(card.id) - max(map(ids.created, [id, *joined]))).total_seconds()
    said = task.text("transcript.txt") or ""
    return 0 <= apart <= WAIT and card.kind == first.kind == "text" and _may_be_cut(said)


def _is_added(desk: "Desk", text: str) -> bool:
    """Whether the piece is part of a first one already."""
    names = {_name_there(desk.card, name) for name in desk.card.attachments}
    for event in desk.task.events():
        if event.get("event") == "joining":
            said = TaskDir(desk.spool.dir(event["to"])).text("transcript.txt") or ""
            if text in said and names <= set(_load(desk.spool, event["to"]).attachments):
                return True
    return False


def _add(first: TaskDir, piece: TaskDir, card: Task, text: str) -> None:
    """Words and files of a piece, the same when repeated."""
    whole, said = first.load(), first.text("transcript.txt") or ""
    if not said.endswith(text):
        first.write("transcript.txt", f"{said}\n{text}".strip())
    take_files(piece, card, first, whole)
    first.save(whole)
    first.history("skazano", "joined", by=card.id)


def take_files(piece: TaskDir, card: Task, to: TaskDir, whole: Task) -> None:
    """Let the files of one task belong to another as well, the same when repeated; `whole` is not saved."""
    for name in card.attachments:
        added = _name_there(card, name)
        if piece.has(name) and not to.has(added):
            _link(piece.path / name, to.path / added)
        if to.has(added) and added not in whole.attachments:
            whole.attachments.append(added)


def _name_there(card: Task, name: str) -> str:
    """What a file of a piece is called in the first one."""
    return f"{card.message}-{name}"


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except PermissionError:  # fs.protected_hardlinks: it is another user's, as where Skazano is installed
        part = target.with_name(f".{target.name}.tmp")
        shutil.copyfile(source, part)
        part.rename(target)


def _may_be_cut(text: str) -> bool:
    return len(text.encode("utf-16-le", "replace")) // 2 >= CUT


def _load(spool: Spool, id: str) -> Task:
    try:
        return TaskDir(spool.dir(id)).load()
    except BadTask:
        return Task(id=id, created="")
