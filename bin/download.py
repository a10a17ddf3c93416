#!/usr/bin/env python3
"""download: fetches what a message refers to, exactly as it was sent.

Takes: file_id in task.json. Adds: voice.oga (or audio, video, photo.jpg, document …).
Goes to: transcribe, or route if it is not to be listened to. Delivery: at least once, with the same
result. A file that came shorter than announced is fetched again; the last try keeps what there is.
"""

import _here  # noqa: F401

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from skazano import files, stage
from skazano.conversation import notices
from skazano.log import WARNING, log
from skazano.spool import MAX_ATTEMPTS
from skazano.task import Task, TaskDir, now
from skazano.texts import say

PATIENCE = timedelta(minutes=10)  # after which the person is told that the file does not come


def work(task: TaskDir, context: stage.Context) -> str:
    card = task.load()
    name = card.audio or card.attachments[0]
    if card.file_id is None or _whole(task, name, card.size):
        return _next(card.audio)
    part = task.path / f".{name}.part"
    size = _fetch(task, card, part, context)
    if card.size is not None and size != card.size:
        if context.attempt < 3:
            raise stage.Later(f"{name} came with {size} bytes, announced were {card.size}")
        log(task.id, "length differs", level=WARNING, bytes=size, announced=card.size)
        card.size = size
        task.save(card)
    with part.open("rb") as stream:
        os.fsync(stream.fileno())
    part.rename(task.path / name)
    files.fsync_dir(task.path)
    context.note(bytes=size)
    return _next(card.audio)


def _fetch(task: TaskDir, card: Task, part: Path, context: stage.Context) -> int:
    from skazano.conversation.chat import Refused, Telegram

    telegram = context.kept.get("telegram") or Telegram(context.settings)
    context.kept["telegram"] = telegram
    try:
        return telegram.fetch(str(card.file_id), part)
    except Refused as error:
        if "too big" in str(error):
            told = say(card.lang, "too-big", mb=context.config.telegram.download_mb)
            raise stage.Failed(told, str(error), again=False) from error
        raise stage.Failed(say(card.lang, "no-file"), str(error)) from error
    except stage.Later as trouble:
        if not trouble.outage and context.attempt >= MAX_ATTEMPTS:
            raise stage.Failed(say(card.lang, "no-file"), str(trouble)) from trouble
        if _tried_since(task) < datetime.now(UTC) - PATIENCE:
            notices.tell(context.spool, task.id, "file")
        raise


def _tried_since(task: TaskDir) -> datetime:
    """When the file was asked for in vain for the first time."""
    tried = (e["time"] for e in task.events() if (e.get("stage"), e.get("event")) == ("download", "later"))
    return datetime.fromisoformat(next(tried, now()))


def _whole(task: TaskDir, name: str, size: int | None) -> bool:
    path = task.path / name
    return path.exists() and (size is None or path.stat().st_size == size)


def _next(audio: str | None) -> str:
    return "transcribe" if audio else "route"


if __name__ == "__main__":
    stage.main(stage.Stage("download", work))
