"""What a person is told once, while their task is still at work: that it waits, that its tool is quiet, that
its file does not come.

A stage leaves a notice in state/notices/new/<id>,<what>; `reply`, which talks to Telegram, sends it and moves
it to state/notices/sent/, where it says that this was told. Told at least once: state/notices/tried/ bears
what was being sent when `reply` died, and its repeat says that it may be one.
"""

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skazano import files, ids
from skazano.conversation import press, sending
from skazano.log import WARNING, log
from skazano.spool import Spool
from skazano.stage import Context
from skazano.task import BadTask, Task, TaskDir
from skazano.texts import say

if TYPE_CHECKING:
    from skazano.conversation.chat import Telegram

NEW = "state/notices/new"
KEPT = 7 * 86400.0  # seconds; above the longest run
STAGE = {"file": "download"}  # where a task must be for the notice to be true; all others: in execute


def tell(spool: Spool, id: str, what: str, **values: object) -> None:
    """Let the person be told, unless they were. `what` names the text: notice-<what>."""
    name = f"{id},{what}"
    new, sent, _ = _folders(spool)
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
    """Send what there is to tell; what was tried before comes last, so that no other waits for it.

    Raises stage.Later at the first that cannot be sent.
    """
    new, sent, tried = _folders(context.spool)
    names = [name for name in os.listdir(new) if not name.startswith(".")]
    for name in sorted(names, key=lambda name: ((tried / name).exists(), name)):
        id, _, what = name.partition(",")
        ticket = context.spool.find(id) if ids.valid(id) else None
        with contextlib.suppress(FileNotFoundError):  # it was withdrawn meanwhile
            if ticket is None or ticket.stage != STAGE.get(what, "execute"):
                (new / name).unlink()  # cancelled, or gone on, before it was told
            else:
                _send(context, client, TaskDir(context.spool.dir(id)), what, new / name, tried / name)
                (new / name).rename(sent / name)
        (tried / name).unlink(missing_ok=True)


def _send(
    context: Context, client: "Callable[[], Telegram]", task: TaskDir, what: str, notice: Path, tried: Path
) -> None:
    from skazano.conversation.chat import Refused

    mark: dict[str, Any] = files.read_json(tried) or {}
    try:
        card, values = task.load(), files.read_json(notice) or {}
        if card.chat is None or (what == "queued" and ids.parent(task.id)):
            return  # subtasks wait for each other: nobody needs to know
        text, buttons = _written(task, card, what, values)
        with sending.marked(mark, "sending", lambda: files.write_json(tried, mark), card.lang) as repeat:
            sending.send(context.spool, client(), card, buttons, text=repeat + text)
        log(task.id, "told", what=what)
    except (BadTask, Refused, KeyError) as error:
        log(task.id, "notice not sent", level=WARNING, what=what, why=error)


def _written(
    task: TaskDir, card: Task, what: str, values: dict[str, Any]
) -> tuple[str, list[tuple[str, str]]]:
    """The notice's words and its buttons. Raises KeyError."""
    begun = what not in ("queued", "file")
    keys = [("button-stop" if begun else "button-drop", press.CANCEL)]
    if what == "queued":
        keys.insert(0, ("button-first", press.FIRST))
    buttons = [(say(card.lang, key), press.data(verb, task)) for key, verb in keys]
    return say(card.lang, f"notice-{what}", **values), buttons


def _folders(spool: Spool) -> tuple[Path, Path, Path]:
    """new/, sent/ and tried/, made if they are not there."""
    notices = spool.state / "notices"
    folders = notices / "new", notices / "sent", notices / "tried"
    for folder in folders:
        folder.mkdir(mode=0o775, parents=True, exist_ok=True)
    return folders
