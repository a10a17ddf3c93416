"""Formatted text and keyboards as Telegram judges them.

Lengths and offsets are UTF-16 code units, as in the Bot API. Where Telegram's own count is not
documented (the 4096 and 1024 limits), the strictest reading is taken.
"""

from __future__ import annotations

import html
import json
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

Entity = dict[str, Any]

MESSAGE_MAX = 4096
CAPTION_MAX = 1024
CALLBACK_DATA_MAX = 64  # bytes
BUTTONS_MAX = 100

TAGS = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline",
    "ins": "underline", "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough",
    "tg-spoiler": "spoiler", "span": "spoiler", "tg-emoji": "custom_emoji", "a": "text_link",
    "pre": "pre", "code": "code", "blockquote": "blockquote",
}  # fmt: skip

# https://core.telegram.org/bots/api#reactiontypeemoji: exactly these strings, no other spelling
_REACTIONS = """
❤ 👍 👎 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤️‍🔥
🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕 😈 😴 😭 🤓 👻 👨‍💻 👀 🎃 🙈 😇 😨
🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂️ 🤷 🤷‍♀️ 😡
"""
REACTIONS = frozenset(_REACTIONS.split())

AUTO = (
    ("url", re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)]")),
    ("bot_command", re.compile(r"(?<![\w/.])/[A-Za-z0-9_]{1,64}(?:@\w{3,32})?(?![\w/])")),
    ("mention", re.compile(r"(?<![\w@])@[A-Za-z]\w{3,31}")),
    ("hashtag", re.compile(r"(?<!\w)#\w*[^\W\d]\w*")),
)


class Refused(Exception):
    """A request that Telegram answers with an error: HTTP status, description, parameters."""

    def __init__(self, code: int, description: str, **parameters: int):
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


def bad(description: str) -> Refused:
    return Refused(400, f"Bad Request: {description}")


def units(text: str) -> int:
    """Length in UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def parse_html(text: str) -> tuple[str, list[Entity]]:
    """Plain text and entities of Telegram's HTML subset.

    Refused as Telegram refuses it, with byte offsets in UTF-8:
    https://core.telegram.org/bots/api#html-style and td/telegram/MessageEntity.cpp
    """
    return _Html(text).parse()


class _Html:
    def __init__(self, text: str):
        self.text = text
        self.at = 0
        self.plain: list[str] = []
        self.length = 0
        self.open: list[tuple[str, str, int, int]] = []  # tag, argument, offset, index in plain
        self.entities: list[Entity] = []

    def fail(self, why: str, at: int | None = None) -> Refused:
        if at is not None:
            why += f" at byte offset {len(self.text[:at].encode())}"
        return bad(f"can't parse entities: {why}")

    def parse(self) -> tuple[str, list[Entity]]:
        while self.at < len(self.text):
            if self.text[self.at] != "<":
                self.character()
            elif self.text.startswith("</", self.at):
                self.end_tag()
            else:
                self.start_tag()
        if self.open:
            tag = self.open[-1][0]
            raise self.fail(f'Can\'t find end tag corresponding to start tag "{tag}"')
        for entity in self.entities:
            if entity["type"] == "code":
                entity.pop("language", None)
        self.entities.sort(key=lambda entity: (entity["offset"], -entity["length"]))
        return "".join(self.plain), self.entities

    def character(self) -> None:
        character, self.at = _unescape(self.text, self.at)
        self.plain.append(character)
        self.length += units(character)

    def take(self, pattern: str) -> str:
        found = re.compile(pattern).match(self.text, self.at)
        assert found is not None
        self.at = found.end()
        return found[0]

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def start_tag(self) -> None:
        begin = self.at
        self.at += 1
        tag = self.take(r"[^\s>]*").lower()
        if not self.peek():
            raise self.fail("Unclosed start tag", begin)
        if tag not in TAGS:
            raise self.fail(f'Unsupported start tag "{tag}"', begin)
        argument = ""
        while self.take(r"\s*") is not None and self.peek() != ">":
            name, value = self.attribute(tag, begin)
            argument = _argument(tag, name, value) or argument
        self.at += 1
        if tag == "span" and argument != "spoiler":
            raise self.fail('Tag "span" must have class "tg-spoiler"', begin)
        self.open.append((tag, argument, self.length, len(self.plain)))

    def attribute(self, tag: str, begin: int) -> tuple[str, str]:
        if not self.peek():
            raise self.fail("Unclosed start tag", begin)
        name = self.take(r"[^\s=>]*")
        if not name:
            raise self.fail(f'Empty attribute name in the tag "{tag}"', begin)
        self.take(r"\s*")
        if self.peek() != "=":
            if (tag, name) == ("blockquote", "expandable"):
                return name, "expandable"
            why = f'Expected equal sign in declaration of an attribute of the tag "{tag}"'
            raise self.fail(why, begin)
        self.take(r"=\s*")
        start = self.at
        quote = self.peek()
        if quote in ("'", '"') and quote:
            value = self.take(f"{quote}[^{quote}]*")[1:]
            self.at += bool(self.peek())
            if not self.peek():
                raise self.fail("Unclosed start tag", begin)
            return name, _unescape_all(value)
        value = self.take(r"[A-Za-z0-9.\-]*").lower()
        if not re.match(r"[\s>]", self.peek()):
            raise self.fail("Unexpected end of name token", start)
        return name, value

    def end_tag(self) -> None:
        begin = self.at
        if not self.open:
            raise self.fail("Unexpected end tag", begin)
        self.at += 2
        name = self.take(r"[^\s>]*").lower()
        self.take(r"\s*")
        if self.peek() != ">":
            raise self.fail("Unclosed end tag", begin)
        self.at += 1
        tag, argument, offset, index = self.open.pop()
        if name not in ("", tag):
            why = f"Unmatched end tag at byte offset {len(self.text[:begin].encode())}, expected "
            raise self.fail(f'{why}"</{tag}>", found "</{name}>"')
        if self.length > offset:
            self.close(tag, argument or "", offset, "".join(self.plain[index:]))

    def close(self, tag: str, argument: str, offset: int, inside: str) -> None:
        entity: Entity = {"type": TAGS[tag], "offset": offset, "length": self.length - offset}
        last = self.entities[-1] if self.entities else {}
        same = last.get("offset") == offset and last.get("length") == entity["length"]
        if tag == "a" and not _link(entity, argument or inside):
            return
        if tag == "tg-emoji":
            if not argument.isdigit():
                raise self.fail("Invalid custom emoji identifier specified")
            entity["custom_emoji_id"] = argument
        if tag == "code" and argument:
            entity["language"] = argument
        if tag == "blockquote" and argument:
            entity["type"] = "expandable_blockquote"
        if tag == "pre" and same and last["type"] == "code":
            last["type"] = "pre"
            return
        self.entities.append(entity)


def _argument(tag: str, name: str, value: str) -> str:
    """What an attribute says that matters: address, language, class, emoji id; "" if nothing."""
    wanted = {"a": "href", "tg-emoji": "emoji-id", "blockquote": "expandable"}
    if wanted.get(tag) == name:
        return value
    if (tag, name) == ("code", "class") and value.startswith("language-"):
        return value.removeprefix("language-")
    if (tag, name) == ("span", "class") and value.startswith("tg-"):
        return value.removeprefix("tg-")
    return ""


def _unescape(text: str, at: int) -> tuple[str, int]:
    """One character of the text and where the next begins; four named entities and numeric ones."""
    found = re.compile(r"&(?:lt|gt|amp|quot|#\d{1,7}|#x[0-9a-fA-F]{1,6});?").match(text, at)
    if found is None:
        return text[at], at + 1
    return html.unescape(found[0].rstrip(";") + ";"), found.end()


def _unescape_all(text: str) -> str:
    at, parts = 0, []
    while at < len(text):
        part, at = _unescape(text, at)
        parts.append(part)
    return "".join(parts)


def _link(entity: Entity, address: str) -> bool:
    """Make a link of the entity; False if Telegram would leave plain text there."""
    if address.startswith("tg://user?"):
        user = parse_qs(urlsplit(address).query).get("id", [""])[0]
        entity["type"] = "text_mention"
        entity["user"] = {"id": int(user or 0), "is_bot": False, "first_name": "?"}
        return user.isdigit()
    if "://" not in address:
        address = f"http://{address}"
    entity["url"] = address
    return good_url(address)


def good_url(address: str) -> bool:
    """Whether Telegram takes it in a link or a button: not localhost, not another protocol."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.scheme in ("tg", "ton"):
        return bool(host)
    return parts.scheme in ("http", "https") and "." in host.strip(".") and " " not in address


def find_entities(text: str, known: list[Entity]) -> list[Entity]:
    """The entities that Telegram finds by itself, beside those known."""
    found = list(known)
    for kind, pattern in AUTO:
        for match in pattern.finditer(text):
            start, length = units(text[: match.start()]), units(match[0])
            rivals = ("code", "pre", "text_link", "text_mention", "url")
            if not any(
                entity["type"] in rivals
                and entity["offset"] < start + length
                and start < entity["offset"] + entity["length"]
                for entity in found
            ):
                found.append({"type": kind, "offset": start, "length": length})
    return sorted(found, key=lambda entity: (entity["offset"], -entity["length"]))


def formatted(text: str, parse_mode: str, entities: Any) -> tuple[str, list[Entity]]:
    """Text as it will stand in the message: parsed, trimmed, with entities moved accordingly."""
    if parse_mode.lower() == "html":
        plain, known = parse_html(text)
    elif parse_mode.lower() in ("", "none"):
        plain, known = text, [dict(entity) for entity in entities or []]
    elif parse_mode.lower() in ("markdown", "markdownv2"):
        raise Refused(501, f"Not Implemented: {parse_mode} in this server")
    else:
        raise bad("unsupported parse_mode")
    head = units(plain) - units(plain.lstrip())
    plain = plain.strip()
    kept = []
    for entity in known:
        start = max(entity["offset"] - head, 0)
        end = min(entity["offset"] - head + entity["length"], units(plain))
        if end > start:
            kept.append({**entity, "offset": start, "length": end - start})
    return plain, find_entities(plain, kept)


def check_keyboard(markup: Any) -> dict[str, Any] | None:
    """An inline keyboard as the message will carry it; other markups pass unread (None)."""
    if not isinstance(markup, dict):
        raise bad("object expected as reply markup")
    if "inline_keyboard" not in markup:
        return None
    rows = markup["inline_keyboard"]
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad('field "inline_keyboard" must be of type Array')
    buttons = [button for row in rows for button in row]
    for button in buttons:
        _check_button(button)
    if len(buttons) > BUTTONS_MAX:
        raise bad("reply markup is too long")
    return {"inline_keyboard": rows} if buttons else None


def _check_button(button: Any) -> None:
    if not isinstance(button, dict):
        raise bad("can't parse inline keyboard button: InlineKeyboardButton must be an Object")
    if not isinstance(button.get("text"), str):
        why = "can't parse inline keyboard button: Can't find field \"text\""
        raise bad(why)
    if "url" in button:
        address = str(button["url"])
        if not good_url(address):
            raise bad(f"inline keyboard button URL '{address}' is invalid: Wrong HTTP URL")
    elif "callback_data" in button:
        if not 1 <= len(str(button["callback_data"]).encode()) <= CALLBACK_DATA_MAX:
            raise bad("BUTTON_DATA_INVALID")
    elif len(button) == 1:
        why = "Text buttons are unallowed in the inline keyboard"
        raise bad(f"can't parse inline keyboard button: {why}")
    if not button["text"].strip():
        raise bad("BUTTON_TEXT_INVALID")


def decode_json(value: Any, complaint: str) -> Any:
    """The object a parameter holds, whether it came as JSON text or inside a JSON body."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise bad(complaint) from error
