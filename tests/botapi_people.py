"""The people who talk to the bot: what they say, press, edit, delete; whom they block."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from botapi_media import opus_seconds
from botapi_methods import media
from botapi_state import Message, State
from botapi_text import find_entities

OWNER = 5512  # who speaks where the test names nobody


class People:
    state: State

    def say_text(self, text: str, **who: Any) -> Message:
        """who, in every say_…: user (id or User), chat (id; default: with the user), reply_to
        (message or id), date (Unix time), caption, and any other field of the message."""
        return self.say({"text": text, "entities": find_entities(text, []) or None}, **who)

    def say_voice(self, source: str | Path | bytes, *, duration: int | None = None,
                  size: int | None = None, **who: Any) -> Message:  # fmt: skip
        """source: a file's path or its bytes. duration: s, from the OGG if it tells. size: bytes,
        to be told instead of the true one (a file too big to be got)."""
        return self._say_file("voice", source, "", "audio/ogg", duration, size, who)

    def say_audio(self, source: str | Path | bytes, *, name: str = "audio.mp3", mime: str = "",
                  duration: int | None = None, size: int | None = None,
                  **who: Any) -> Message:  # fmt: skip
        return self._say_file("audio", source, name, mime, duration, size, who)

    def say_video_note(self, source: str | Path | bytes, *, duration: int | None = None,
                       size: int | None = None, **who: Any) -> Message:  # fmt: skip
        return self._say_file("video_note", source, "", "video/mp4", duration, size, who)

    def say_photo(self, source: str | Path | bytes, **who: Any) -> Message:
        return self._say_file("photo", source, "", "image/jpeg", None, None, who)

    def say_document(self, source: str | Path | bytes, *, name: str = "", mime: str = "",
                     size: int | None = None, **who: Any) -> Message:  # fmt: skip
        name = name or ("document.pdf" if isinstance(source, bytes) else Path(source).name)
        return self._say_file("document", source, name, mime, None, size, who)

    def _say_file(self, kind: str, source: str | Path | bytes, name: str, mime: str,
                  duration: int | None, size: int | None,
                  who: dict[str, Any]) -> Message:  # fmt: skip
        data = source if isinstance(source, bytes) else Path(source).read_bytes()
        if duration is None:
            duration = round(opus_seconds(data) or 1)
        with self.state.cond:
            stored = self.state.store(kind, data, name, mime, size)
            return self.say({kind: media(stored, duration)}, **who)

    def say(self, fields: Message, *, user: int | dict[str, Any] = OWNER, chat: int | None = None,
             reply_to: int | Message | None = None, date: int | None = None,
             **more: Any) -> Message:  # fmt: skip
        """A person sends a message with these fields: what the other say_… do not cover."""
        with self.state.cond:
            sender = self.state.user(user)
            place = self.state.chat(chat, sender)
            target = reply_to["message_id"] if isinstance(reply_to, dict) else reply_to
            quoted = self.state.quoted(place["id"], target)
            if "caption" in more:
                more["caption_entities"] = find_entities(more["caption"], []) or None
            message = self.state.add_message(
                sender, place, {"reply_to_message": quoted, **fields, **more}, date
            )
            self.state.push("message", dict(message))
            return dict(message)

    def push(self, kind: str, payload: dict[str, Any]) -> int | None:
        """Any update at all, unlooked at ("poll", a message that no client can read); its id."""
        with self.state.cond:
            update = self.state.push(kind, payload)
            return update["update_id"] if update else None

    def press(self, message: int | Message, data: str, *, user: int | dict[str, Any] = OWNER,
              chat: int | None = None) -> str:  # fmt: skip
        """Press the button that bears the callback data; the callback query's id.

        LookupError if the message has no such button: nobody could press it.
        """
        with self.state.cond:
            sender = self.state.user(user)
            pressed = self._find(message, self.state.chat(chat, sender)["id"])
            rows = pressed.get("reply_markup", {}).get("inline_keyboard", [])
            if data not in [button.get("callback_data") for row in rows for button in row]:
                raise LookupError(f"no button {data!r} under message {pressed['message_id']}")
            query, self.state.next_query = str(self.state.next_query), self.state.next_query + 1
            self.state.queries[query] = None
            asked = {"id": query, "from": sender, "message": dict(pressed), "data": data,
                     "chat_instance": str(7_100_000_000_000 + abs(sender["id"]))}  # fmt: skip
            self.state.push("callback_query", asked)
            return query

    def edit(self, message: int | Message, text: str, *, chat: int | None = None) -> Message:
        """Its author edits the text (or the caption)."""
        with self.state.cond:
            edited = self._find(message, chat)
            name = "text" if "text" in edited else "caption"
            edited.update({name: text, "edit_date": int(time.time())})
            self.state.push("edited_message", dict(edited))
            return dict(edited)

    def delete(self, message: int | Message, *, chat: int | None = None) -> None:
        """A person deletes a message; bots are not told."""
        with self.state.cond:
            found = self._find(message, chat)
            del self.state.messages[found["chat"]["id"], found["message_id"]]

    def _find(self, message: int | Message, chat: int | None) -> Message:
        if isinstance(message, dict):
            return self.state.messages[message["chat"]["id"], message["message_id"]]
        return self.state.messages[OWNER if chat is None else chat, message]

    def block(self, user: int = OWNER) -> None:
        """The person stops the bot: sending gives 403."""
        self._membership(user, "member", "kicked")

    def unblock(self, user: int = OWNER) -> None:
        self._membership(user, "kicked", "member")

    def _membership(self, user: int, old: str, new: str) -> None:
        with self.state.cond:
            (self.state.blocked.add if new == "kicked" else self.state.blocked.discard)(user)
            sender = self.state.user(user)
            sides = [
                {"user": self.state.bot, "status": status} | ({"until_date": 0} if status == "kicked" else {})
                for status in (old, new)
            ]
            chat = self.state.chat(None, sender)
            self.state.push("my_chat_member", {
                "chat": chat, "from": sender, "date": int(time.time()),
                "old_chat_member": sides[0], "new_chat_member": sides[1]})  # fmt: skip

    def forbid_voice(self, user: int = OWNER) -> None:
        """The person's privacy settings refuse voice messages: VOICE_MESSAGES_FORBIDDEN."""
        with self.state.cond:
            self.state.voiceless.add(user)
