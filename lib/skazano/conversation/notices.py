"""What a person is told once, while their task is still at work: that it waits, that its tool is quiet.

`execute` leaves a notice in state/notices/new/<id>,<what>; `reply`, which talks to Telegram, sends it and
moves it to state/notices/sent/, where it says that this was told. Told at least once: a notice that was
being sent when `reply` died may come twice.
"""

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skazano import files, ids
from skazano.conversation import chats, press
from skazano.log import WARNING, log
from skazano.spool import Spool
from skazano.stage import Context
from skazano.task import BadTask, Task, TaskDir
from skazano.texts import say

if TYPE_CHECKING:
    from skazano.conversation.chat import Telegram

NEW = "state/notices/new"
KEPT = 7 * 86400.0  # seconds; above the longest run


def tell(spool: Spool, id: str, what: str, **values: object) -> None:
    """Let the person be told, unless they were. `what` names the text: notice-<what>."""
    name = f"{id},{what}"
    new, sent = _folders(spool)
    if not (new / name).exists() and not (sent / name).exists():
        files.write_json(new / name, values)


def withdraw(spool: Spool, id: str) -> None:
    """The task goes on: nothing of it is to be told any more, and what was told may be told again."""
    for folder in _folders(spool):
        for name in os.listdir(folder):
            if name.startswith(f"{id},"):
                (folder / name).unlink(missing_ok=True)


def forget(spool: Spool) -> None:
    """Drop what was told of tasks that are long over."""
    oldest = time.time() - KEPT
    for folder in _folders(spool):
        for name in os.listdir(folder):
            with contextlib.suppress(FileNotFoundError):
                if (folder / name).stat().st_mtime < oldest:
                    (folder / name).unlink()


def send(context: Context, client: "Callable[[], Telegram]") -> None:
    """Send what there is to tell. Raises stage.Later."""
    from skazano.conversation.chat import Refused

    new, sent = _folders(context.spool)
    for name in sorted(name for name in os.listdir(new) if not name.startswith(".")):
        id, _, what = name.partition(",")
        try:
            ticket = context.spool.find(id)
            if ticket is None or ticket.stage != "execute":
                (new / name).unlink(missing_ok=True)  # cancelled, or ended, before it was told
                continue
            task = TaskDir(context.spool.dir(id))
            card = task.load()
            if card.chat is not None:
                message = _send(client(), task, card, what, files.read_json(new / name) or {})
                chats.remember(context.spool, card.chat, message, task.id)
            log(task.id, "told", what=what)
        except (ids.BadId, BadTask, Refused, KeyError) as error:
            log(id, "notice not sent", level=WARNING, what=what, why=error)
        try:
            (new / name).rename(sent / name)
        except FileNotFoundError:
            continue  # withdrawn meanwhile


def _send(telegram: "Telegram", task: TaskDir, card: Task, what: str, values: dict[str, Any]) -> int:
    from telegram import ReplyParameters

    if what == "queued":
        values = {"ahead": values["ahead"], "tasks": _tasks(card.lang, int(values["ahead"]))}
        buttons = [
            (say(card.lang, "button-first"), press.data(press.FIRST, task)),
            (say(card.lang, "button-drop"), press.data(press.CANCEL, task)),
        ]
    else:
        buttons = [(say(card.lang, "button-stop"), press.data(press.CANCEL, task))]
    reply_to = ReplyParameters(card.message, allow_sending_without_reply=True) if card.message else None
    call = telegram.bot.send_message(
        int(card.chat or 0),
        say(card.lang, f"notice-{what}", **values),
        reply_markup=press.keyboard(buttons),
        reply_parameters=reply_to,
    )
    return telegram.ask(call).message_id


def _tasks(lang: str, number: int) -> str:
    if lang == "en":
        return "task is" if number == 1 else "tasks are"
    if number % 10 == 1 and number % 100 != 11:
        return "задача"
    return "задачи" if 2 <= number % 10 <= 4 and not 12 <= number % 100 <= 14 else "задач"


def _folders(spool: Spool) -> tuple[Path, Path]:
    """new/ and sent/, made if they are not there."""
    folders = spool.root / NEW, spool.root / "state" / "notices" / "sent"
    for folder in folders:
        folder.mkdir(mode=0o775, parents=True, exist_ok=True)
    return folders
