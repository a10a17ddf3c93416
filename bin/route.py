#!/usr/bin/env python3
"""route: finds the project, and answers what is no work: settings phrases, commands, «отмена».

Takes: transcript.txt. Adds: request.txt (the words without the settings phrase); project and mode in
task.json; answer.txt for what is answered at once. Goes to: refine, reply, or unsorted/ where the person
is asked. Messages of a chat are taken in the order in which they were said. Delivery: at least once, with
the same result: a setting that is set twice is set.
"""

import _here  # noqa: F401

from skazano import routing, stage
from skazano.conversation import orders, pieces, turns
from skazano.spool import Ticket
from skazano.task import TaskDir
from skazano.understand import settings as spoken
from skazano.understand.calling_off import calls_itself_off


def work(task: TaskDir, context: stage.Context) -> str:
    card, text = task.load(), (task.text("transcript.txt") or "").strip()
    desk = routing.Desk(task, card, context)
    if card.project and task.has("request.txt"):
        return "refine"  # filed by a person while it waited here
    if pieces.gather(desk, text):
        return "done"
    if orders.is_command(text):
        return orders.obey(desk, text)
    if not any(letter.isalnum() for letter in text):
        return desk.answer("no-words")
    if spoken.is_cancel(text):
        return orders.cancel_latest(desk)
    if spoken.is_cancel_all(text):
        return orders.cancel_latest(desk, every=True)
    if spoken.is_bare(text) and card.reply_to is None:
        return desk.answer("only-filler", heard=text)
    if calls_itself_off(text):
        return desk.answer("cancelled")
    phrase = spoken.parse(text, desk.projects)
    if phrase is not None:
        return desk.settle(phrase)
    return desk.file(text)


def waits(ticket: Ticket, context: stage.Context) -> bool:
    """An older message of the chat is still being listened to, and may set what holds for this one; or the
    rest of its album is being fetched. Who asks how it stands or wants it stopped is not kept waiting."""
    spool = context.spool
    text = TaskDir(spool.dir(ticket.id)).text("transcript.txt") or ""
    if orders.is_command(text) or spoken.is_cancel(text) or spoken.is_cancel_all(text):
        return False
    return turns.older_on_the_way(spool, ticket.id) or pieces.others_on_the_way(spool, ticket.id)


if __name__ == "__main__":
    stage.main(stage.Stage("route", work, waits=waits, also_watch=turns.PASSED_BY))
