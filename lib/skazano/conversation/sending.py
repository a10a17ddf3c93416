"""One message into the chat of a task, as answers, questions and notices send it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from skazano.conversation import chats, press
from skazano.spool import Spool
from skazano.task import Task, now
from skazano.texts import say

if TYPE_CHECKING:
    from telegram import ReplyParameters

    from skazano.conversation.chat import Telegram


def send(
    spool: Spool,
    telegram: "Telegram",
    card: Task,
    buttons: list[tuple[str, str]],
    method: str = "sendMessage",
    **fields: Any,
) -> int:
    """Call that method of the Bot API with these fields, in answer to the message that made the task, and
    remember that what is sent belongs to the task; its number. A group that became a supergroup is followed.

    Raises stage.Later, chat.Refused.
    """
    from skazano.conversation.chat import Moved

    fields |= {"reply_markup": press.keyboard(buttons), "reply_parameters": _quoted(card)}
    chat = chats.current(spool, card.chat) or 0
    try:
        number = _call(telegram, method, card, chat, fields)
    except Moved as moved:
        chats.move(spool, chat, moved.chat)
        chat = moved.chat
        number = _call(telegram, method, card, chat, fields)
    chats.remember(spool, chat, number, card.id)
    return number


def _call(telegram: "Telegram", method: str, card: Task, chat: int, fields: dict[str, Any]) -> int:
    given = {name: value for name, value in fields.items() if value is not None}
    if chat != card.chat:
        given.pop("reply_parameters", None)  # that number is another message's there
    # The receipt is taken raw: what is quoted in it may be of a kind that the client cannot read, and a
    # message whose receipt is not understood would be sent again.
    sent = telegram.ask(telegram.bot.do_api_request(method, {"chat_id": chat, **given}))
    return int(sent["message_id"])


@contextmanager
def marked(record: dict[str, Any], key: str, write: Callable[[], None], lang: str) -> Iterator[str]:
    """`record` (kept by `write`) says under `key` that something is being sent, unless Telegram cannot have
    got it. Yields what goes before the text: a word that it may be a repeat, if the record said so before."""
    from skazano.conversation.chat import NotSent

    repeat = key in record
    record[key] = now()
    write()
    try:
        yield say(lang, "maybe-repeat") if repeat else ""
    except NotSent:
        if not repeat:
            del record[key]
            write()
        raise


def _quoted(card: Task) -> "ReplyParameters | None":
    from telegram import ReplyParameters

    return ReplyParameters(card.message, allow_sending_without_reply=True) if card.message else None
