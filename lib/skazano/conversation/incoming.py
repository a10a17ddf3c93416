"""From a Telegram update to a task on disk. https://core.telegram.org/bots/api#message"""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import PurePath
from typing import Any

from skazano import ids
from skazano.config import Settings
from skazano.conversation import chats
from skazano.log import NOTICE, log
from skazano.spool import Spool
from skazano.task import Kind, Task, encode

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Field of a message, kind of task, and what the file is called in the task's directory.
FILES: tuple[tuple[str, Kind, str], ...] = (
    ("voice", "voice", "voice.oga"),
    ("audio", "audio", "audio"),
    ("video_note", "video_note", "video_note.mp4"),
    ("video", "video_note", "video.mp4"),
    ("photo", "photo", "photo.jpg"),
    ("document", "document", "document"),
)

# What Telegram says by itself in a chat, in its user's name: no message to us.
SERVICE = frozenset(
    "new_chat_members left_chat_member new_chat_title new_chat_photo delete_chat_photo group_chat_created "
    "supergroup_chat_created channel_chat_created message_auto_delete_timer_changed migrate_to_chat_id "
    "migrate_from_chat_id pinned_message forum_topic_created forum_topic_edited forum_topic_closed "
    "forum_topic_reopened general_forum_topic_hidden general_forum_topic_unhidden video_chat_scheduled "
    "video_chat_started video_chat_ended video_chat_participants_invited chat_background_set boost_added "
    "write_access_allowed proximity_alert_triggered".split()
)


def publish(update: dict[str, Any], settings: Settings, spool: Spool) -> str | None:
    """Make the message of an update a task; its id; None if it is a stranger's, Telegram's or no message.

    Raises KeyError, TypeError or ValueError if the update is not what Telegram documents, OSError.
    """
    message = update.get("message")
    if not isinstance(message, dict):
        return None
    user = message.get("from", {}).get("id")
    if user not in settings.config.telegram.allowed:
        log("-", "stranger", level=NOTICE, user=user, chat=message["chat"]["id"])
        return None
    if SERVICE & message.keys():
        if isinstance(supergroup := message.get("migrate_to_chat_id"), int):
            chats.move(spool, int(message["chat"]["id"]), supergroup)
        return None
    task = _task(message, settings, spool)
    contents = {
        "update.json": as_sent(update),
        "task.json": encode(task),
    }
    words = message.get("text") or message.get("caption")
    if words or task.file_id is None:
        contents["transcript.txt"] = (words or "").encode(errors="replace") + b"\n"
    published = spool.publish(task.id, contents, "download" if task.file_id else "route")
    log(task.id, "received" if published else "received again", kind=task.kind, size=task.size)
    return task.id


def as_sent(update: dict[str, Any]) -> bytes:
    """The update as readable JSON; in ASCII if it holds half a letter (a lone surrogate), no UTF-8."""
    try:
        return json.dumps(update, ensure_ascii=False, indent=1).encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(update, indent=1).encode() + b"\n"


def _task(message: dict[str, Any], settings: Settings, spool: Spool) -> Task:
    chat, number = int(message["chat"]["id"]), int(message["message_id"])
    when = EPOCH + timedelta(seconds=message["date"])  # fromtimestamp raises OSError for some numbers
    replied = message.get("reply_to_message") or {}
    task = Task(
        id=ids.make(when, "tg", chat, number),
        created=when.isoformat().replace("+00:00", "Z"),
        chat=chat,
        message=number,
        user=int(message["from"]["id"]),
        lang=chats.read(spool, chat).lang or settings.config.chat.lang,
        mode=settings.config.chat.mode,
        reply_to=replied.get("message_id"),
        album=message.get("media_group_id"),
    )
    for field, kind, name in FILES:
        if found := message.get(field):
            _attach(task, found[-1] if field == "photo" else found, kind, name)
            break
    return task


def _attach(task: Task, found: dict[str, Any], kind: Kind, name: str) -> None:
    mime = str(found.get("mime_type", ""))
    if kind == "document" and mime.startswith("audio/"):
        kind, name = "audio", "audio"
    if "." not in name:
        name += _suffix(str(found.get("file_name", "")), mime)
    task.kind, task.file_id = kind, str(found["file_id"])
    task.size, task.seconds = found.get("file_size"), found.get("duration")
    if kind in ("voice", "audio", "video_note"):
        task.audio = name
    else:
        task.attachments = [name]


def _suffix(file_name: str, mime: str) -> str:
    """`.mp3`: only letters and digits of what a stranger's file may be called."""
    suffix = PurePath(file_name).suffix.lower()
    if re.fullmatch(r"\.[a-z0-9]{1,8}", suffix):
        return suffix
    kind = re.sub(r"[^a-z0-9]", "", mime.partition("/")[2].lower())[:8]
    return f".{kind}" if kind else ".bin"
