"""Several requests in one note: the parent waits in waiting/ until each of its subtasks has ended.

subtasks.json in the parent names them, and is written before the first is published: a repeated `refine`
makes the same ones, whatever a model would say the second time. `reply` looks at waiting/ each turn.
"""

from collections.abc import Sequence

import msgspec

from skazano import acts, ids
from skazano.log import log
from skazano.spool import Box, Spool, Ticket
from skazano.stage import Context, write_error
from skazano.task import BadTask, Task, TaskDir, encode
from skazano.texts import say

MOST = 20  # subtasks of one note
ENDED: tuple[Box, ...] = ("done", "failed")


def split(task: TaskDir, card: Task, requests: Sequence[str], spool: Spool) -> str:
    """Publish a subtask for each request; the parent is to wait."""
    planned: list[dict[str, str]] = task.json("subtasks.json") or [
        {"id": ids.child(task.id, number), "request": request}
        for number, request in enumerate(requests[:MOST], 1)
    ]
    task.write_json("subtasks.json", planned)
    for one in planned:
        child = msgspec.structs.replace(card, id=one["id"], parent=task.id, title=None, kind="text")
        child.audio, child.file_id, child.attachments = None, None, []
        words = one["request"].encode() + b"\n"
        contents = {"task.json": encode(child), "transcript.txt": words, "request.txt": words}
        if spool.publish(child.id, contents, "refine"):
            log(child.id, "received", parent=task.id)
    return "waiting"


def gather(context: Context) -> None:
    """Let every waiting parent go on whose subtasks have all ended."""
    for ticket in context.spool.tickets("waiting"):
        planned = TaskDir(context.spool.dir(ticket.id)).json("subtasks.json") or []
        children = [one["id"] for one in planned]
        if children and all(_ended(context.spool, id) for id in children):
            _conclude(ticket, children, context)


def _ended(spool: Spool, id: str) -> bool:
    return any(spool.path(Ticket(id, box)).exists() for box in ENDED)


def _conclude(ticket: Ticket, children: Sequence[str], context: Context) -> None:
    held = context.spool.lock(ticket, wait=True)  # nothing would wake this stage once it is free again
    if held is None:
        return  # it was taken away meanwhile
    with held:
        task = TaskDir(held.dir)
        try:
            card = task.load()
        except BadTask as error:
            write_error(task, "reply", say("ru", "broken-task"), str(error))
            held.hand_on("reply")
            return
        parts = [_part(TaskDir(context.spool.dir(id)), card.lang) for id in children]
        good = sum(fine for fine, _ in parts)
        head = say(card.lang, "family-done", done=good, all=len(parts))
        mark = "" if card.mode == "audio" else "{}. "
        lines = [mark.format(number) + text for number, (_, text) in enumerate(parts, 1)]
        task.write("answer.txt", "\n\n".join([head, *lines]))
        if all((context.spool.dir(id) / "cancel").exists() for id in children):
            task.write("answer.txt", acts.say_cancelled(task, card.lang))
        elif not good:
            write_error(task, "execute", head, "every subtask failed")
        task.history("reply", "gathered", subtasks=len(parts), good=good)
        log(task.id, "gathered", subtasks=len(parts), good=good)
        held.hand_on("speak" if card.mode == "audio" else "reply")


def _part(child: TaskDir, lang: str) -> tuple[bool, str]:
    """Whether a subtask succeeded, and what it has to say."""
    failed = child.has("error.txt")
    text = child.text("answer.txt") or (child.text("error.txt") or "").split("\n\n")[0]
    return not failed and not child.has("cancel"), text.strip() or say(lang, "no-answer")
