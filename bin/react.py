#!/usr/bin/env python3
"""react: keeps one reaction on each message, telling where its task stands: 👀 ✍ 👍 or 💔.

A view: it only reads the spool. Takes: tickets of the newest two days and all that are open. Adds:
reactions, and state/react.json with those that were set. Delivery: the last state, at least once; a
reaction that Telegram refuses (the message is gone) is given up.
"""

import _here  # noqa: F401

from collections.abc import Callable

from skazano import files, ids
from skazano.conversation.chat import Refused, Telegram
from skazano.conversation.reactions import ASKING, wanted
from skazano.log import NOTICE, WARNING, log
from skazano.spool import Spool
from skazano.stage import Context, Later
from skazano.task import BadTask, TaskDir
from skazano.views import view


def open_view(context: Context) -> Callable[[], float | None]:
    telegram = Telegram(context.settings)
    path = context.spool.state / "react.json"
    shown: dict[str, str] = files.read_json(path) or {}
    unwell: set[str] = set()  # those that Telegram stumbled over go last, so that nobody waits for them

    def look() -> float | None:
        before, again = dict(shown), None
        try:
            for id, emoji in sorted(wanted(context.spool, shown), key=lambda one: one[0] in unwell):
                if context.stopping:
                    return None
                if emoji == ASKING and _at_hand(context.spool, id):
                    again = 1.0
                    continue
                unwell.add(id)
                _set(context, telegram, id, emoji)
                unwell.discard(id)
                shown[id] = emoji
                log(id, "reaction", emoji=emoji)
                context.ping()
        except Later as trouble:
            log("-", "reactions wait", level=WARNING, reason=trouble)
            return trouble.seconds or 30.0
        finally:
            if shown != before:
                files.write_json(path, shown)
        return again

    return look


def _at_hand(spool: Spool, id: str) -> bool:
    """Whether somebody acts on the task, and it lies in hold/ only for this moment."""
    ticket = spool.find(id)
    held = spool.lock(ticket) if ticket else None
    if held is not None:
        held.close()
    return held is None


def _set(context: Context, telegram: Telegram, id: str, emoji: str) -> None:
    try:
        card = TaskDir(context.spool.dir(id)).load()
        if card.chat is None or card.message is None or ids.parent(id):
            return
        telegram.ask(telegram.bot.set_message_reaction(card.chat, card.message, emoji))
    except (BadTask, Refused) as error:
        log(id, "no reaction", level=NOTICE, emoji=emoji, error=error)


if __name__ == "__main__":
    view.main("react", open_view)
