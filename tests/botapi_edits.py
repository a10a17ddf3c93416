"""The methods of the Bot API that change what was said, and those about the bot itself."""

from __future__ import annotations

import re
import time
from typing import Any

from botapi_methods import content, keyboard_of
from botapi_query import Query, method
from botapi_state import Message, State
from botapi_text import CAPTION_MAX, MESSAGE_MAX, REACTIONS, bad, units

_ACTIONS = """
typing upload_photo record_video upload_video record_voice upload_voice upload_document
choose_sticker find_location record_video_note upload_video_note
"""
ACTIONS = frozenset(_ACTIONS.split())
SAME = (
    "message is not modified: specified new message content and reply markup are exactly the "
    "same as a current content and reply markup of the message"
)


def _message(state: State, query: Query, purpose: str) -> Message:
    """The message that the request is about, in a chat where the bot may act."""
    chat = state.chat_for(query.params.get("chat_id"))
    if query.number("message_id") <= 0:
        raise bad("message identifier is not specified")
    message = state.messages.get((chat, query.number("message_id")))
    if message is None:
        raise bad(f"message to {purpose} not found")
    return message


def _edit(state: State, query: Query, fields: Message) -> Message:
    message = _message(state, query, "edit")
    chat = message["chat"]["id"]
    if message["from"]["id"] != state.bot["id"]:
        raise bad("message can't be edited")
    for name in ("text", "caption"):
        if name in fields and ("text" in message) != (name == "text"):
            raise bad(f"there is no {name} in the message to edit")
    if all(message.get(name) == value for name, value in fields.items()):
        raise bad(SAME)
    state.may_write(chat)
    state.flood.check(chat)
    for name, value in fields.items():
        if value is None:
            message.pop(name, None)
        else:
            message[name] = value
    if len(fields) > 1:  # more than the keyboard
        message["edit_date"] = int(time.time())
    return message.copy()


@method("editMessageText")
def edit_message_text(state: State, query: Query) -> Message:
    return _edit(state, query, content(query, "text", MESSAGE_MAX) | keyboard_of(query))


@method("editMessageCaption")
def edit_message_caption(state: State, query: Query) -> Message:
    return _edit(state, query, content(query, "caption", CAPTION_MAX) | keyboard_of(query))


@method("editMessageReplyMarkup")
def edit_message_reply_markup(state: State, query: Query) -> Message:
    return _edit(state, query, keyboard_of(query))


@method("deleteMessage")
def delete_message(state: State, query: Query) -> bool:
    message = _message(state, query, "delete")
    chat = message["chat"]["id"]
    state.may_write(chat)
    del state.messages[chat, message["message_id"]]
    return True


@method("setMessageReaction")
def set_message_reaction(state: State, query: Query) -> bool:
    message = _message(state, query, "react")
    place = (message["chat"]["id"], message["message_id"])
    wanted = query.json("reaction", "reaction types") or []
    if not isinstance(wanted, list):
        raise bad("expected an Array of ReactionType")
    state.may_write(place[0])
    if len(wanted) > 1:
        raise bad("REACTIONS_TOO_MANY")
    if wanted and (wanted[0].get("type") != "emoji" or wanted[0].get("emoji") not in REACTIONS):
        raise bad("REACTION_INVALID")
    if wanted:
        state.reactions[place] = wanted[0]["emoji"]
    else:
        state.reactions.pop(place, None)
    return True


@method("answerCallbackQuery")
def answer_callback_query(state: State, query: Query) -> bool:
    asked = query.text("callback_query_id")
    if asked not in state.queries or asked in state.stale:
        raise bad("query is too old and response timeout expired or query ID is invalid")
    if units(query.text("text")) > 200:
        raise bad("MESSAGE_TOO_LONG")
    state.queries[asked] = {"text": query.text("text"), "show_alert": query.yes("show_alert")}
    return True


@method("sendChatAction")
def send_chat_action(state: State, query: Query) -> bool:
    chat = state.chat_for(query.params.get("chat_id"))
    state.may_write(chat)
    if query.text("action") not in ACTIONS:
        raise bad("wrong parameter action in request")
    return True


@method("setMyCommands")
def set_my_commands(state: State, query: Query) -> bool:
    commands = query.json("commands", "commands")
    if not isinstance(commands, list):
        raise bad("expected an Array of BotCommand")
    for command in commands:
        name = str(command.get("command", "")).removeprefix("/")
        if not re.fullmatch(r"[a-z0-9_]{1,32}", name):
            raise bad("BOT_COMMAND_INVALID")
        if not 1 <= len(str(command.get("description", ""))) <= 256:
            raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
    state.commands = commands
    return True


@method("getMyCommands", reads=True)
def get_my_commands(state: State, query: Query) -> list[dict[str, str]]:
    return state.commands


@method("getMe", reads=True)
def get_me(state: State, query: Query) -> dict[str, Any]:
    return {**state.bot, "can_join_groups": True, "can_read_all_group_messages": False,
            "supports_inline_queries": False, "can_connect_to_business": False,
            "has_main_web_app": False}  # fmt: skip


@method("getChat", reads=True)
def get_chat(state: State, query: Query) -> dict[str, Any]:
    chat = state.chats[state.chat_for(query.params.get("chat_id"))]
    return {**chat, "accent_color_id": 5, "max_reaction_count": 11,
            "accepted_gift_types": dict.fromkeys(
                ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription",
                 "gifts_from_channels"), True)}  # fmt: skip
