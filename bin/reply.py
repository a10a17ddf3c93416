#!/usr/bin/env python3
"""reply: answers, and asks about what is parked.

Takes: answer.txt or error.txt; answer.oga if the chat wants to be answered by voice. Adds: reply.json
(message ids). Goes to: done/, or failed/ if there is an error.txt or Telegram refuses the answer.
Delivery: at least once; a part that was being sent when the process died is sent again and says that it
may be a repeat. Each turn it also looks at unsorted/ and hold/: what lies there unasked gets its question,
with buttons, once; and at waiting/: a parent whose subtasks have all ended is answered with all their
results; and at notices of tasks that are still at work (see skazano.conversation.notices).
"""

import _here  # noqa: F401

from skazano import family, ids, stage
from skazano.conversation import answering, notices
from skazano.log import WARNING, log
from skazano.spool import Ticket
from skazano.task import BadTask, TaskDir
from skazano.texts import say


def work(task: TaskDir, context: stage.Context) -> str:
    ends = "failed" if task.has("error.txt") else "done"
    card = task.load()
    if card.chat is None or _told_by_parent(task.id, context) or _told_by_press(task):
        return ends
    from skazano.conversation.chat import Refused

    try:
        answering.send(task, card, context, _telegram(context))
    except Refused as error:  # the person blocked the bot, or the chat is gone
        if not task.has("error.txt"):
            raise stage.Failed(say(card.lang, "not-delivered"), f"Telegram: {error}") from error
        log(task.id, "error not told", level=WARNING, chat=card.chat, error=error)
        context.note(refused=str(error))
    return ends


def _told_by_parent(id: str, context: stage.Context) -> bool:
    """Whether this is a subtask whose parent still waits to tell of all; one that is retried later tells
    of itself."""
    parent = ids.parent(id)
    return parent is not None and context.spool.path(Ticket(parent, "waiting")).exists()


def _told_by_press(task: TaskDir) -> bool:
    """Whether the button by which the task was cancelled, before it began, has said all there is to say."""
    return task.has("cancel") and not task.has("answer.txt") and not task.has("error.txt")


def look_aside(context: stage.Context) -> None:
    try:
        notices.send(context, lambda: _telegram(context))
    except stage.Later as trouble:
        log("-", "notices wait", level=WARNING, reason=trouble)
    family.gather(context)
    parked = [*context.spool.tickets("unsorted"), *context.spool.tickets("hold")]
    unwell: set[str] = context.kept.setdefault("unwell", set())
    for ticket in sorted(parked, key=lambda ticket: ticket.id in unwell):  # nobody waits for those
        if context.stopping:
            return
        task = TaskDir(context.spool.dir(ticket.id))
        try:
            if (task.json("ask.json") or {}).get("asked"):
                continue
            answering.ask(ticket, context, lambda: _telegram(context))
            unwell.discard(ticket.id)
        except stage.Later as trouble:
            unwell.add(ticket.id)
            log(ticket.id, "question waits", level=WARNING, reason=trouble)
            return
        except (BadTask, OSError) as trouble:
            if getattr(trouble, "errno", None) in stage.FULL:
                raise
            if ticket.id not in unwell:
                log(ticket.id, "cannot be asked about", level=WARNING, reason=trouble)
            unwell.add(ticket.id)


def _telegram(context: stage.Context) -> "answering.Telegram":
    if "telegram" not in context.kept:
        from skazano.conversation.chat import Telegram

        context.kept["telegram"] = Telegram(context.settings)
    return context.kept["telegram"]


if __name__ == "__main__":
    watched = ("unsorted", "hold", "waiting", notices.NEW)
    stage.main(stage.Stage("reply", work, aside=look_aside, also_watch=watched))
