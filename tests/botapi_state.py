"""What the Bot API server remembers: chats, messages, updates, files, calls. One lock for all."""

from __future__ import annotations

import base64
import hashlib
import math
import mimetypes
import random
import re
import select
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from botapi_text import Refused, bad

Message = dict[str, Any]
Update = dict[str, Any]

# what a file of each kind is called by getFile, and how its file_id begins
KINDS = {
    "voice": ("voice", ".oga", "AwACAgIAAxkBAA"), "audio": ("music", ".mp3", "CQACAgIAAxkBAA"),
    "video_note": ("video_notes", ".mp4", "DQACAgIAAxkBAA"),
    "photo": ("photos", ".jpg", "AgACAgIAAxkBAA"),
    "document": ("documents", "", "BQACAgIAAxkBAA"),
}  # fmt: skip
NOT_BY_DEFAULT = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
TOKEN = re.compile(r"[1-9]\d{0,15}:[A-Za-z0-9_-]{1,64}")


@dataclass
class Call:
    """One request, from its arrival; status (None: unanswered) and description of the answer."""

    method: str
    params: dict[str, Any]
    time: float
    status: int | None = None
    description: str | None = None
    fault: str | None = None


@dataclass
class Sent:
    """One thing the bot did that people can see. files: the bytes, by parameter."""

    method: str
    params: dict[str, Any]
    files: dict[str, bytes]
    result: Any
    time: float

    @property
    def chat(self) -> int | None:
        return int(self.params["chat_id"]) if "chat_id" in self.params else None

    @property
    def message_id(self) -> int | None:
        if isinstance(self.result, dict) and "message_id" in self.result:
            return int(self.result["message_id"])
        return int(self.params["message_id"]) if "message_id" in self.params else None

    @property
    def text(self) -> str:
        """Text or caption as a person reads it, markup parsed away."""
        shown = self.result if isinstance(self.result, dict) else self.params
        return str(shown.get("text", shown.get("caption", "")))

    @property
    def voice(self) -> bytes | None:
        return self.files.get("voice")

    @property
    def buttons(self) -> list[dict[str, Any]]:
        markup = self.result.get("reply_markup", {}) if isinstance(self.result, dict) else {}
        return [button for row in markup.get("inline_keyboard", []) for button in row]


@dataclass
class StoredFile:
    kind: str
    id: str
    unique_id: str
    path: str
    data: bytes
    size: int
    name: str
    mime: str
    ready: bool = False  # getFile was called: it may be downloaded
    lost: bool = False


@dataclass
class Fault:
    """See BotApi.fault. `left` None means until cancelled; `hits` counts what it did."""

    what: str
    method: str
    left: int | None
    probability: float
    after: bool
    seconds: float
    status: int
    dice: random.Random
    hits: int = 0

    def strikes(self, method: str) -> bool:
        if self.left == 0 or self.method.lower() not in ("*", method.lower()):
            return False
        if self.dice.random() >= self.probability:
            return False
        self.hits += 1
        if self.left is not None:
            self.left -= 1
        return True

    def cancel(self) -> None:
        self.left = 0


@dataclass
class Flood:
    """Per-chat limit: `rate` messages a second after a burst; over it, silence for `penalty` s."""

    rate: float = 0.0  # 0: no limit
    burst: int = 3
    penalty: float = 0.0
    clock: Callable[[], float] = time.monotonic
    due: dict[int, float] = field(default_factory=dict)
    until: dict[int, float] = field(default_factory=dict)

    def check(self, chat: int) -> None:
        if not self.rate:
            return
        now = self.clock()
        wait = self.until.get(chat, 0.0) - now
        due = max(self.due.get(chat, 0.0), now)
        if wait <= 0 and due - now > (self.burst - 1) / self.rate + 1e-9:
            wait = max(due - now - (self.burst - 1) / self.rate, self.penalty)
            self.until[chat] = now + wait
        if wait > 0:
            raise too_many(math.ceil(wait))
        self.due[chat] = due + 1 / self.rate


def too_many(seconds: int) -> Refused:
    seconds = max(seconds, 1)
    why = f"Too Many Requests: retry after {seconds}"
    return Refused(429, why, retry_after=seconds)


@dataclass
class Poller:
    """A getUpdates request that waits."""

    connection: socket.socket | None
    conflict: str | None = None
    cut: bool = False

    @property
    def alive(self) -> bool:
        """Whether the client is still there: a killed one leaves its request waiting."""
        if self.connection is None:
            return True
        readable = select.poll()
        try:
            readable.register(self.connection, select.POLLIN)
            # asked first: a socket with a timeout waits in recv, MSG_DONTWAIT or not
            return not readable.poll(0) or self.connection.recv(1, socket.MSG_PEEK) != b""
        except (OSError, ValueError):
            return False  # reset, or closed on this side


class State:
    def __init__(self, token: str, local_dir: Path | None):
        self.cond = threading.Condition()  # over an RLock: a predicate may ask the API again
        self.token = token
        self.local_dir = local_dir
        self.bot = {"id": int(token.split(":")[0]), "is_bot": True, "first_name": "Сказано",
                    "username": "skazano_test_bot"}  # fmt: skip
        self.pending: list[Update] = []
        self.again: list[Update] = []  # delivered once more, whatever the offset
        self.history: dict[int, Update] = {}
        self.next_update = 739_184_201
        self.next_message = 101
        self.next_file = 1
        self.next_query = 4_382_910_000_000_000_001
        self.allowed: frozenset[str] | None = None
        self.webhook = ""
        self.poller: Poller | None = None
        self.next_conflict = 0.0
        self.conflict_pause = 3.0
        self.users: dict[int, dict[str, Any]] = {}
        self.chats: dict[int, dict[str, Any]] = {}
        self.messages: dict[tuple[int, int], Message] = {}
        self.files: dict[str, StoredFile] = {}
        self.queries: dict[str, dict[str, Any] | None] = {}  # None: asked, not answered
        self.stale: set[str] = set()
        self.reactions: dict[tuple[int, int], str] = {}
        self.blocked: set[int] = set()
        self.voiceless: set[int] = set()
        self.commands: list[dict[str, str]] = []
        self.calls: list[Call] = []
        self.sent: list[Sent] = []
        self.faults: list[Fault] = []
        self.flood = Flood()
        self.stopping = False

    # people, chats, messages

    def user(self, who: int | dict[str, Any]) -> dict[str, Any]:
        given = {"id": who} if isinstance(who, int) else who
        known = self.users.setdefault(
            given["id"],
            {"id": given["id"], "is_bot": False, "first_name": "Анна", "last_name": "Иванова",
             "username": f"person{given['id']}", "language_code": "ru"},
        )  # fmt: skip
        known.update(given)
        return dict(known)

    def chat(self, chat: int | None, user: dict[str, Any]) -> dict[str, Any]:
        chat = user["id"] if chat is None else chat
        if chat == user["id"]:
            parts = ("first_name", "last_name", "username")
            kept = {key: user[key] for key in parts if key in user}
            self.chats[chat] = {"id": chat, **kept, "type": "private"}
        elif chat not in self.chats:
            kind = "supergroup" if chat < -(10**12) else "group"
            self.chats[chat] = {"id": chat, "title": "Проекты", "type": kind}
        return self.chats[chat]

    def add_message(
        self, sender: dict[str, Any], chat: dict[str, Any], fields: Message, date: int | None = None
    ) -> Message:
        message: Message = {"message_id": self.next_message, "from": sender, "chat": chat,
                            "date": int(time.time()) if date is None else date}  # fmt: skip
        self.next_message += 1
        message.update({key: value for key, value in fields.items() if value is not None})
        self.messages[chat["id"], message["message_id"]] = message
        self.cond.notify_all()
        return message

    def quoted(self, chat: int, message_id: int | None) -> Message | None:
        """The message as it stands inside a reply: without the reply it is itself."""
        message = self.messages.get((chat, message_id or 0))
        if message is None:
            return None
        return {key: value for key, value in message.items() if key != "reply_to_message"}

    # updates

    def push(self, kind: str, payload: Any) -> Update | None:
        """Queue an update; None if the bot does not ask for this kind."""
        if kind in NOT_BY_DEFAULT if self.allowed is None else kind not in self.allowed:
            return None
        update = {"update_id": self.next_update, kind: payload}
        self.next_update += 1
        self.history[update["update_id"]] = update
        self.pending.append(update)
        self.cond.notify_all()
        return update

    def take(self, offset: int, limit: int) -> list[Update]:
        """Updates from the offset on; all before it are confirmed and forgotten.

        A negative offset counts from the end. One more than ten past the end is taken for
        nonsense and gives what there is, as td/db/TQueue does.
        """
        if offset < 0:
            offset += self.next_update
        if offset <= self.next_update + 10:
            self.pending = [update for update in self.pending if update["update_id"] >= offset]
        batch = (self.again + self.pending)[:limit]
        self.again = self.again[limit:]
        return batch

    # files

    def store(self, kind: str, data: bytes, name: str = "", mime: str = "",
              size: int | None = None) -> StoredFile:  # fmt: skip
        folder, suffix, prefix = KINDS[kind]
        number, self.next_file = self.next_file, self.next_file + 1
        digest = hashlib.sha256(f"{self.bot['id']} {number}".encode()).digest()
        token = base64.urlsafe_b64encode(digest * 2)[:58].decode()
        suffix = Path(name).suffix or suffix
        mime = mime or mimetypes.guess_type(f"x{suffix}")[0] or "application/octet-stream"
        stored = StoredFile(
            kind, f"{prefix}{token}", f"AgAD{token[:11]}", f"{folder}/file_{number}{suffix}", data,
            len(data) if size is None else size, name, mime,
        )  # fmt: skip
        self.files[stored.id] = stored
        if kind == "photo":
            small = replace(stored, id=f"{stored.id[:-4]}_min", path=f"photos/file_{number}s.jpg")
            self.files[small.id] = small
        return stored

    def file_by_path(self, path: str) -> StoredFile | None:
        for stored in self.files.values():
            if stored.path == path and stored.ready and not stored.lost:
                return stored
        return None

    # what must hold before a bot may act

    def chat_for(self, chat_id: Any) -> int:
        text = str(chat_id if chat_id is not None else "").strip()
        if not text:
            raise bad("chat_id is empty")
        if not re.fullmatch(r"-?\d+", text) or int(text) not in self.chats:
            raise bad("chat not found")
        return int(text)

    def may_write(self, chat: int) -> None:
        if chat in self.blocked:
            why = "blocked by the user" if chat > 0 else "kicked from the group chat"
            raise Refused(403, f"Forbidden: bot was {why}")
