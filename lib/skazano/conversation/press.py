"""Buttons: what a press carries (`verb|task id|argument|turn`, at most 64 bytes) and what it does.

A press is applied before Telegram is told that it arrived; applied twice it changes nothing: `turn` is the
number of the task's newest earlier/ when the button was made, and what sets a task going again raises it.
It counts only in the chat to which the task belongs, and only from someone who is allowed.
"""

from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any

from skazano import acts, ids, project_edit
from skazano.config import ConfigError
from skazano.conversation import chats, press_run
from skazano.log import NOTICE, WARNING, log
from skazano.spool import SpoolError
from skazano.task import BadTask, TaskDir
from skazano.texts import say

if TYPE_CHECKING:
    from telegram import InlineKeyboardMarkup

    from skazano.conversation.chat import Telegram
    from skazano.stage import Context

FILE, RETRY, CANCEL, CREATE = "file", "retry", "cancel", "create"
ALLOW, GO, FIRST, UNDO = "allow", "go", "first", "undo"
AGAIN = (FILE, RETRY, CREATE, ALLOW, GO)  # what sets a task going (again)


def data(verb: str, task: TaskDir, argument: str = "") -> str:
    """A button's callback data."""
    return f"{verb}|{task.id}|{argument}|{acts.turn(task)}"


def keyboard(buttons: Sequence[tuple[str, str]], in_row: int = 2) -> "InlineKeyboardMarkup | None":
    """Buttons of (text, callback data or URL), `in_row` side by side; None if there are none."""
    from telegram import InlineKeyboardButton, InlineKeyboardMarkup

    made = [
        InlineKeyboardButton(text, url=what)
        if what.startswith(("http://", "https://"))
        else InlineKeyboardButton(text, callback_data=what)
        for text, what in buttons
    ]
    rows = [made[at : at + in_row] for at in range(0, len(made), in_row)]
    return InlineKeyboardMarkup(rows) if rows else None


def press(update: dict[str, Any], context: "Context", telegram: "Telegram") -> None:
    """Apply a button's press and show what it did. Raises OSError; Telegram's troubles are only logged."""
    query = update["callback_query"]
    user = query["from"]["id"]
    if user not in context.config.telegram.allowed:
        log("-", "stranger", level=NOTICE, user=user)
        return
    message = query.get("message") or {}
    chat = message.get("chat", {}).get("id")
    lang = chats.read(context.spool, chat).lang or context.config.chat.lang
    told = _apply(str(query.get("data", "")), chat, context, lang)
    _show(telegram, query, message, told, lasting=told != say(lang, "press-late"))


def _apply(what: str, chat: int | None, context: "Context", lang: str) -> str:
    verb, id, argument, turn = (*what.split("|"), "", "", "")[:4]
    unknown = say(lang, "press-unknown")
    try:
        task = TaskDir(context.spool.dir(id))
        card = task.load()
        if chats.current(context.spool, card.chat) != chats.current(context.spool, chat):
            log(id, "press from another chat", level=WARNING, chat=chat)
            return unknown
        if verb in AGAIN and turn != str(acts.turn(task)) and not _cut_short(task, context):
            log(id, "pressed again", verb=verb)
            return say(lang, "press-late")
        told = VERBS[verb](card.id, argument, context, lang) if verb in VERBS else unknown
    except (ids.BadId, BadTask):
        return unknown
    except (ConfigError, PermissionError) as error:
        log(id, "press refused", level=WARNING, verb=verb, why=error)
        return say(lang, "press-refused")
    except SpoolError as error:
        log(id, "press without effect", level=NOTICE, verb=verb, why=error)
        return say(lang, "press-late")
    if told == unknown:
        log(id, "press not understood", level=NOTICE, verb=verb, argument=argument or None)
    else:
        log(id, "pressed", verb=verb, argument=argument or None)
    return told


def _cut_short(task: TaskDir, context: "Context") -> bool:
    """Whether this program died between setting aside what the task had made and letting it go."""
    ticket = context.spool.find(task.id)
    if ticket is None or ticket.box not in ("failed", "unsorted"):
        return False
    return not task.has("error.txt" if ticket.box == "failed" else "ask.json")


def _file(id: str, argument: str, context: "Context", lang: str) -> str:
    task = TaskDir(context.spool.dir(id))
    asked = task.json("ask.json") or task.json(f"earlier/{acts.turn(task)}/ask.json") or {}
    options = asked.get("options", [])
    chosen = options[int(argument)] if argument.isdecimal() and int(argument) < len(options) else ""
    project = context.projects().get(chosen)
    if project is None:
        return say(lang, "press-unknown")
    # The task goes last: once it is filed, the same press coming again after a crash counts no more.
    if spoken := asked.get("spoken"):
        project_edit.learn_alias(context.settings, project, spoken)
    _stick(id, project.slug, context)
    acts.file_under(context.spool, id, project.slug, by="button")
    return say(lang, "filed", title=project.title)


def _create(id: str, argument: str, context: "Context", lang: str) -> str:
    task = TaskDir(context.spool.dir(id))
    name = (task.json("ask.json") or {}).get("create")
    if not name:
        return say(lang, "press-unknown")
    slug = project_edit.slug_of(name)
    project = context.projects().get(slug) or project_edit.create(context.settings, slug, title=name)
    _stick(id, slug, context)
    if task.has("request.txt"):
        acts.file_under(context.spool, id, slug, by="button")
    else:
        acts.conclude(context.spool, id, say(lang, "created", title=project.title, path=project.path))
    return say(lang, "filed", title=project.title)


def _stick(id: str, slug: str, context: "Context") -> None:
    """What was chosen by a button holds like what was chosen by voice."""
    card = TaskDir(context.spool.dir(id)).load()
    with chats.change(context.spool, card.chat) as chat:
        chat.project = slug
        chat.until = chats.ends(context.config.chat.sticky_hours)


def _retry(id: str, argument: str, context: "Context", lang: str) -> str:
    acts.retry(context.spool, id, by="button")
    return say(lang, "retried")


def _cancel(id: str, argument: str, context: "Context", lang: str) -> str:
    how = acts.cancel(context.spool, id, by="button", told=True)
    return say(lang, "stopping" if how == "stopping" else "cancelled")


VERBS = {
    FILE: _file, RETRY: _retry, CANCEL: _cancel, CREATE: _create,
    ALLOW: press_run.allow, GO: press_run.go_on, FIRST: press_run.jump, UNDO: press_run.undo,
}  # fmt: skip


def _show(
    telegram: "Telegram", query: dict[str, Any], message: dict[str, Any], told: str, *, lasting: bool
) -> None:
    """Tell the phone that the press arrived, and if that is `lasting` leave it under the message for good."""
    from telegram.error import TelegramError

    arrived = telegram.bot.answer_callback_query(query["id"], text=told[:200])
    calls: list[Coroutine[Any, Any, object]] = [arrived]
    if lasting and message.get("date"):  # one that is too old to be edited comes with the date 0
        calls.append(_written_below(telegram, message, told))
    for call in calls:
        try:
            telegram.run(call)
        except TelegramError as error:
            log("-", "press not shown", level=WARNING, error=error.message)


def _written_below(telegram: "Telegram", message: dict[str, Any], told: str) -> "Coroutine[Any, Any, object]":
    """The call that writes `told` below a message or its caption, and leaves no button there but links."""
    bot, place = telegram.bot, {"chat_id": message["chat"]["id"], "message_id": message["message_id"]}
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    links = keyboard([(button["text"], button["url"]) for row in rows for button in row if "url" in button])
    if text := message.get("text"):
        return bot.edit_message_text(f"{text}\n\n→ {told}"[:4096], **place, reply_markup=links)
    caption = f"{message.get('caption', '')}\n\n→ {told}"[:1024].lstrip()
    return bot.edit_message_caption(**place, caption=caption, reply_markup=links)
