"""The methods of the Bot API, as functions of the state: `method(state, query) -> result`.

Each is called with the state's lock held. Wording of errors: tdlib/telegram-bot-api, Client.cpp.
"""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from botapi_media import image_size, is_voice, opus_seconds
from botapi_query import Query, Upload, method
from botapi_state import Message, Poller, State, StoredFile
from botapi_text import CAPTION_MAX, MESSAGE_MAX, Refused, bad, check_keyboard, formatted, units

DOWNLOAD_MAX = 20 << 20
POLL_MAX = 50  # seconds
PHOTO_MAX = 10 << 20


# updates


@method("getUpdates", reads=True)
def get_updates(state: State, query: Query) -> list[dict[str, Any]]:
    if state.webhook:
        raise Refused(
            409,
            "Conflict: can't use getUpdates method while webhook is active; "
            "use deleteWebhook to delete the webhook first",
        )
    _set_allowed(state, query)
    offset = query.number("offset")
    limit = query.number("limit", 100)
    limit = limit if 1 <= limit <= 100 else 100
    timeout = max(0, min(query.number("timeout"), POLL_MAX))
    batch = state.take(offset, limit)
    if batch or not timeout:
        return batch
    _end_poll(
        state,
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
    )
    state.poller = Poller(query.connection)
    return _wait_updates(state, state.poller, offset, limit, time.monotonic() + timeout)


def _wait_updates(
    state: State, poller: Poller, offset: int, limit: int, deadline: float
) -> list[dict[str, Any]]:
    state.cond.notify_all()
    try:
        while not (state.stopping or poller.cut):
            if poller.conflict:
                _conflict(state, poller.conflict)
            batch = state.take(offset, limit)
            remaining = deadline - time.monotonic()
            if batch or remaining <= 0:
                return batch
            state.cond.wait(remaining)
    finally:
        if state.poller is poller:
            state.poller = None
    raise ConnectionAbortedError("the connection was cut")


def _end_poll(state: State, why: str) -> None:
    if state.poller is not None:
        state.poller.conflict = why
        state.poller = None
        state.cond.notify_all()


def _conflict(state: State, why: str) -> None:
    """Answer 409; a second one within the pause is held back, so that two consumers do not spin."""
    now = time.monotonic()
    late = now < state.next_conflict
    until = now + state.conflict_pause
    if not late:
        state.next_conflict = until
    while late and not state.stopping and time.monotonic() < until:
        state.cond.wait(until - time.monotonic())
    raise Refused(409, why)


def _set_allowed(state: State, query: Query) -> None:
    wanted = query.json("allowed_updates")
    if isinstance(wanted, list):
        state.allowed = frozenset(str(kind) for kind in wanted) or None


@method("setWebhook", reads=True)
def set_webhook(state: State, query: Query) -> bool:
    url = query.text("url")
    if url and urlsplit(url).scheme != "https":
        raise bad("bad webhook: An HTTPS URL must be provided for webhook")
    if query.yes("drop_pending_updates"):
        state.pending.clear()
    if url:
        _end_poll(state, "Conflict: terminated by setWebhook request")
    _set_allowed(state, query)
    state.webhook = url
    return True


@method("deleteWebhook", reads=True)
def delete_webhook(state: State, query: Query) -> bool:
    if query.yes("drop_pending_updates"):
        state.pending.clear()
    state.webhook = ""
    return True


@method("getWebhookInfo", reads=True)
def get_webhook_info(state: State, query: Query) -> dict[str, Any]:
    return {"url": state.webhook, "has_custom_certificate": False,
            "pending_update_count": len(state.pending)}  # fmt: skip


# files


@method("getFile", reads=True)
def get_file(state: State, query: Query) -> dict[str, Any]:
    if not query.text("file_id"):
        raise bad("file_id not specified")
    stored = state.files.get(query.text("file_id"))
    if stored is None:
        raise bad("invalid file_id")
    if stored.size > DOWNLOAD_MAX and state.local_dir is None:
        raise bad("file is too big")
    if stored.lost:
        raise bad("wrong file_id or the file is temporarily unavailable")
    stored.ready = True
    path = stored.path
    if state.local_dir is not None:
        place = state.local_dir / state.token / stored.path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(stored.data)
        path = str(place)
    return {**file_object(stored), "file_path": path}


def file_object(stored: StoredFile) -> dict[str, Any]:
    return {"file_id": stored.id, "file_unique_id": stored.unique_id, "file_size": stored.size}


def media(stored: StoredFile, duration: int = 0) -> Any:
    """The file as a message shows it: Voice, Audio, VideoNote, Document or PhotoSize array."""
    shown = file_object(stored)
    if stored.kind == "photo":
        width, height = image_size(stored.data) or (1280, 960)
        small = {"file_id": f"{stored.id[:-4]}_min", "file_unique_id": f"{stored.unique_id[:-1]}s",
                 "file_size": max(stored.size // 12, 1)}  # fmt: skip
        scale = 90 / max(width, height)
        small_size = {"width": max(int(width * scale), 1), "height": max(int(height * scale), 1)}
        return [small | small_size, shown | {"width": width, "height": height}]
    if stored.kind == "video_note":
        return {"duration": duration, "length": 384, **shown}
    if stored.name:
        shown = {"file_name": stored.name, **shown}
    if stored.kind == "document":
        return {**shown, "mime_type": stored.mime}
    return {"duration": duration, "mime_type": stored.mime, **shown}


def _input_file(state: State, query: Query, name: str) -> StoredFile | Upload:
    """What a file parameter means: an upload, attach://, file:// in local mode, or a file_id."""
    value = query.text(name)
    upload = query.uploads.get(value.removeprefix("attach://") if "attach://" in value else name)
    if upload is not None:
        if not upload.data:
            raise bad("file must be non-empty")
        query.files[name] = upload.data
        return upload
    if value.startswith("file://") and state.local_dir is not None:
        path = Path(unquote(urlsplit(value).path))
        if not path.is_file():
            raise bad("invalid file HTTP URL specified: Wrong port number specified in the URL")
        query.files[name] = path.read_bytes()
        return Upload(path.name, "", query.files[name])
    if not value:
        raise bad(f"there is no {name} in the request")
    if re.match(r"https?://", value):
        raise bad("failed to get HTTP URL content")
    if value not in state.files:
        raise bad("wrong remote file identifier specified: Wrong string length")
    query.files[name] = state.files[value].data
    return state.files[value]


# sending


def content(query: Query, name: str, limit: int) -> Message:
    """Text or caption with its entities, judged; nothing for an empty caption."""
    entities = "entities" if name == "text" else "caption_entities"
    text, found = formatted(query.text(name), query.text("parse_mode"), query.json(entities))
    if name == "text" and not query.text(name):
        raise bad("message text is empty")
    if name == "text" and not text:
        raise bad("text must be non-empty")
    if units(text) > limit:
        raise bad("message is too long" if name == "text" else "message caption is too long")
    return {name: text or None, entities: found or None}


def keyboard_of(query: Query) -> Message:
    markup = query.json("reply_markup", "reply keyboard markup")
    return {"reply_markup": check_keyboard(markup) if markup is not None else None}


def _send(state: State, query: Query, fields: Message) -> Message:
    chat = state.chat_for(query.params.get("chat_id"))
    reply = query.json("reply_parameters", "reply parameters") or {}
    if not isinstance(reply, dict):
        raise bad("object expected as reply parameters")
    target = Query("", reply).number("message_id") or query.number("reply_to_message_id")
    may_lack = Query("", reply).yes("allow_sending_without_reply")
    may_lack = may_lack or query.yes("allow_sending_without_reply")
    quoted = state.quoted(chat, target)
    if target and quoted is None and not may_lack:
        raise bad("message to be replied not found")
    state.may_write(chat)
    if "voice" in fields and chat in state.voiceless:
        raise bad("VOICE_MESSAGES_FORBIDDEN")
    state.flood.check(chat)
    bot = {key: state.bot[key] for key in ("id", "is_bot", "first_name", "username")}
    fields = {"reply_to_message": quoted, **fields}
    return dict(state.add_message(bot, state.chats[chat], fields))


@method("sendMessage")
def send_message(state: State, query: Query) -> Message:
    return _send(state, query, content(query, "text", MESSAGE_MAX) | keyboard_of(query))


@method("sendVoice", "sendAudio", "sendDocument", "sendPhoto", "sendVideoNote")
def send_media(state: State, query: Query) -> Message:
    kind = {"sendVoice": "voice", "sendAudio": "audio", "sendDocument": "document",
            "sendPhoto": "photo", "sendVideoNote": "video_note"}[query.method]  # fmt: skip
    given = _input_file(state, query, kind)
    caption = content(query, "caption", CAPTION_MAX)
    keyboard = keyboard_of(query)
    kind = _judge(kind, given.data) if isinstance(given, Upload) else given.kind
    if isinstance(given, Upload):
        opus = kind == "voice" and opus_seconds(given.data) is not None
        name = "" if kind in ("voice", "photo", "video_note") else given.name
        given = state.store(kind, given.data, name, "audio/ogg" if opus else given.mime)
    duration = query.number("duration") or round(opus_seconds(given.data) or 0)
    shown = {kind: media(given, duration)}
    return _send(state, query, shown | caption | keyboard)


def _judge(kind: str, data: bytes) -> str:
    """The kind of message an upload becomes."""
    if kind == "photo" and len(data) > PHOTO_MAX:
        limit = f"the maximum size is {PHOTO_MAX} bytes"
        raise bad(f"file of size {len(data)} bytes is too big for a photo; {limit}")
    if kind == "photo" and image_size(data) is None:
        raise bad("IMAGE_PROCESS_FAILED")
    if kind == "voice" and not is_voice(data):
        return "document"
    return kind
