#!/usr/bin/env python3
"""download: fetches what a message refers to, exactly as it was sent.

Takes: file_id in task.json. Adds: voice.oga (or audio, video, photo.jpg, document …).
Goes to: transcribe, or route if it is not to be listened to. Delivery: at least once, with the same
result. A file that came shorter than announced is fetched again; the last try keeps what there is.
"""

import _here  # noqa: F401

import os

from skazano import files, stage
from skazano.log import WARNING, log
from skazano.task import TaskDir


def work(task: TaskDir, context: stage.Context) -> str:
    card = task.load()
    name = card.audio or card.attachments[0]
    if card.file_id is None or _whole(task, name, card.size):
        return _next(card.audio)
    telegram = context.kept.get("telegram")
    if telegram is None:
        from skazano.conversation.chat import Telegram

        telegram = context.kept["telegram"] = Telegram(context.settings)
    part = task.path / f".{name}.part"
    size = telegram.fetch(card.file_id, part, context.config.telegram.download_mb)
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


def _whole(task: TaskDir, name: str, size: int | None) -> bool:
    path = task.path / name
    return path.exists() and (size is None or path.stat().st_size == size)


def _next(audio: str | None) -> str:
    return "transcribe" if audio else "route"


if __name__ == "__main__":
    stage.main(stage.Stage("download", work))
