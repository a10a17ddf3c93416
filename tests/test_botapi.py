"""The Bot API server against the real client and raw HTTP."""

# mypy: disable-error-code="union-attr,misc"

from __future__ import annotations

import asyncio
import http.client
import json
import random
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, ReplyParameters, Update
from telegram.error import (
    BadRequest,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.request import HTTPXRequest

from botapi import BotApi
from botapi_people import OWNER

HERE = Path(__file__).parent


def opus(seconds: float = 2.0, body: bytes = b"sound") -> bytes:
    """An OGG/Opus stream by its headers: identification page, then a last page with the length."""
    head = b"OpusHead" + bytes([1, 1]) + (312).to_bytes(2, "little") + bytes(7)
    granule = int(seconds * 48000 + 312).to_bytes(8, "little")
    page = b"OggS" + bytes([0, 2]) + bytes(20) + bytes([1, len(head)])
    return page + head + b"OggS" + bytes([0, 4]) + granule + bytes(13) + bytes([1, len(body)]) + body


@pytest.fixture
def api() -> Iterator[BotApi]:
    with BotApi() as server:
        yield server


def bot_of(api: BotApi, **more: Any) -> Bot:
    more.setdefault("token", api.token)
    return Bot(base_url=f"{api.url}/bot", base_file_url=f"{api.url}/file/bot", **more)


def play(api: BotApi, scene: Callable[[Bot], Awaitable[Any]], **more: Any) -> Any:
    """Run the scene with the real client."""

    async def run() -> Any:
        async with bot_of(api, **more) as bot:
            return await scene(bot)

    return asyncio.run(run())


def refused(api: BotApi, scene: Callable[[Bot], Awaitable[Any]], kind: type[TelegramError]) -> str:
    with pytest.raises(kind) as caught:
        play(api, scene)
    assert type(caught.value) is kind
    return caught.value.message


def raw(api: BotApi, path: str, body: bytes | None = None, kind: str = "") -> tuple[int, Any]:
    """Status and decoded JSON (or bytes) of one plain HTTP request."""
    request = urllib.request.Request(f"{api.url}{path}", data=body)
    if kind:
        request.add_header("Content-Type", kind)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        data = error.read()
        is_json = error.headers["Content-Type"] == "application/json"
        return error.code, json.loads(data) if is_json else data


def call(api: BotApi, method: str, **params: Any) -> tuple[int, Any]:
    return raw(api, f"/bot{api.token}/{method}", json.dumps(params).encode(), "application/json")


def description(api: BotApi, method: str, **params: Any) -> tuple[int, str]:
    status, told = call(api, method, **params)
    assert told["ok"] is False
    assert told["error_code"] == status
    return status, told["description"]


# what people say arrives as the real objects


def test_voice_is_received_and_downloaded(api: BotApi) -> None:
    data = opus(7.0, random.Random(1).randbytes(200))
    said = api.say_voice(data)

    async def scene(bot: Bot) -> tuple[Update, bytes]:
        (update,) = await bot.get_updates()
        file = await bot.get_file(update.message.voice.file_id)
        assert file.file_path.startswith(f"{api.url}/file/bot{api.token}/voice/file_")
        assert file.file_path.endswith(".oga")
        return update, bytes(await file.download_as_bytearray())

    update, got = play(api, scene)
    assert got == data
    voice = update.message.voice
    assert (voice.duration, voice.mime_type, voice.file_size) == (7, "audio/ogg", len(data))
    assert update.message.message_id == said["message_id"]
    assert update.message.from_user.id == OWNER
    assert update.message.chat.type == "private"
    assert update.message.from_user.language_code == "ru"
    assert api.sent == []


def test_a_real_note_tells_its_length(api: BotApi) -> None:
    for name, seconds in (("02-request-note.oga", 4), ("08-long.oga", 39)):
        voice = api.say_voice(HERE / "voices" / name)["voice"]
        assert (voice["duration"], voice["file_size"]) == (seconds, (HERE / "voices" / name).stat().st_size)
    assert api.say_voice(HERE / "voices" / "20-empty.oga")["voice"]["file_size"] == 0


def test_every_kind_of_message_parses(api: BotApi, tmp_path: Path) -> None:
    song = tmp_path / "песня.mp3"
    song.write_bytes(b"ID3 song")
    question = api.say_text("/status и #дело https://example.org/a.")
    api.say_text("да", reply_to=question)
    api.say_audio(song, name="песня.mp3", duration=3, caption="послушай")
    api.say_video_note(b"film", duration=4)
    api.say_photo(b"\xff\xd8\xff\xe0", caption="смотри", chat=-1001234567890)
    api.say_document(b"%PDF", name="план.pdf", user={"id": 7, "first_name": "Пётр"})
    api.say({"sticker": None, "dice": {"emoji": "🎲", "value": 3}})

    async def scene(bot: Bot) -> Any:
        updates = await bot.get_updates()
        photo = updates[4].message.photo
        sizes = [bytes(await (await size.get_file()).download_as_bytearray()) for size in photo]
        return updates, sizes

    updates, sizes = play(api, scene)
    text, reply, audio, note, photo, document, dice = [update.message for update in updates]
    kinds = [(e.type, text.parse_entity(e)) for e in text.entities]
    assert kinds == [("bot_command", "/status"), ("hashtag", "#дело"), ("url", "https://example.org/a")]
    assert reply.reply_to_message.message_id == question["message_id"]
    assert (audio.audio.file_name, audio.caption) == ("песня.mp3", "послушай")
    assert audio.audio.mime_type == "audio/mpeg"
    assert (note.video_note.duration, note.video_note.length) == (4, 384)
    assert (photo.chat.type, photo.chat.id, photo.caption) == ("supergroup", -1001234567890, "смотри")
    assert photo.photo[0].width < photo.photo[1].width
    assert sizes == [b"\xff\xd8\xff\xe0"] * 2
    assert (document.document.file_name, document.document.mime_type) == ("план.pdf", "application/pdf")
    assert document.from_user.first_name == "Пётр"
    assert dice.dice.value == 3
    ids = [update.update_id for update in updates]
    assert ids == sorted(set(ids))


def test_edit_press_and_block_arrive(api: BotApi) -> None:
    said = api.say_text("раз")
    api.edit(said, "два")

    async def ask(bot: Bot) -> int:
        keys = InlineKeyboardMarkup([[InlineKeyboardButton("Да", callback_data="yes")]])
        return (await bot.send_message(OWNER, "Точно?", reply_markup=keys)).message_id

    asked = play(api, ask)
    query = api.press(asked, "yes")
    api.block()
    with pytest.raises(LookupError):
        api.press(asked, "no")

    async def scene(bot: Bot) -> list[Update]:
        updates = list(await bot.get_updates())
        assert await updates[2].callback_query.answer("Принято")
        return updates

    first, edited, pressed, blocked = play(api, scene)
    assert first.message.text == "раз"
    assert (edited.edited_message.text, edited.edited_message.message_id) == ("два", said["message_id"])
    assert (pressed.callback_query.data, pressed.callback_query.id) == ("yes", query)
    assert pressed.callback_query.message.message_id == asked
    assert api.answered[query] == {"text": "Принято", "show_alert": False}
    assert blocked.my_chat_member.new_chat_member.status == "kicked"
    assert refused(api, lambda bot: bot.send_message(OWNER, "?"), Forbidden) == (
        "Forbidden: bot was blocked by the user"
    )
    api.unblock()
    play(api, lambda bot: bot.send_message(OWNER, "!"))


# getUpdates


def test_offset_confirms_everything_below(api: BotApi) -> None:
    for number in range(5):
        api.say_text(str(number))

    async def scene(bot: Bot) -> None:
        updates = await bot.get_updates(limit=2)
        assert [update.message.text for update in updates] == ["0", "1"]
        assert len(await bot.get_updates()) == 5
        updates = await bot.get_updates(offset=updates[1].update_id + 1)
        assert [update.message.text for update in updates] == ["2", "3", "4"]
        assert [update.message.text for update in await bot.get_updates(offset=-2)] == ["3", "4"]
        assert [update.message.text for update in await bot.get_updates()] == ["3", "4"]
        far = updates[-1].update_id + 1000
        assert [update.message.text for update in await bot.get_updates(offset=far)] == ["3", "4"]
        assert not await bot.get_updates(offset=updates[-1].update_id + 1)
        assert not await bot.get_updates(offset=0)

    play(api, scene)
    assert api.pending == []


def test_long_poll_wakes_on_a_message(api: BotApi) -> None:
    async def scene(bot: Bot) -> Any:
        waiting = asyncio.create_task(bot.get_updates(timeout=30, read_timeout=10))
        await asyncio.to_thread(api.wait_polling)
        assert not waiting.done()
        api.say_text("проснись")
        return await waiting

    (update,) = play(api, scene)
    assert update.message.text == "проснись"


def test_long_poll_ends_empty_at_its_timeout(api: BotApi) -> None:
    assert play(api, lambda bot: bot.get_updates(timeout=1)) == ()


def test_allowed_updates_are_remembered(api: BotApi) -> None:
    async def scene(bot: Bot) -> list[str]:
        await bot.get_updates(allowed_updates=["callback_query"])
        api.say_text("мимо")
        assert not await bot.get_updates()
        await bot.get_updates(allowed_updates=[])
        api.say_text("в дом")
        return [update.message.text for update in await bot.get_updates()]

    assert play(api, scene) == ["в дом"]


def test_conflict_goes_to_the_earlier_consumer(api: BotApi) -> None:
    async def scene(bot: Bot) -> tuple[str, Any]:
        async with bot_of(api) as other:
            early = asyncio.create_task(bot.get_updates(timeout=30))
            await asyncio.to_thread(api.wait_polling)
            late = asyncio.create_task(other.get_updates(timeout=30))
            with pytest.raises(Conflict) as caught:
                await early
            await asyncio.to_thread(api.wait_polling)
            api.say_text("кому?")
            return caught.value.message, await late

    message, updates = play(api, scene)
    assert message == (
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    )
    assert len(updates) == 1


def test_a_second_conflict_is_held_back(api: BotApi) -> None:
    api.state.conflict_pause = 2.0  # within which the third must come

    async def scene(bot: Bot) -> tuple[int, int]:
        async with bot_of(api) as other:
            polls = [asyncio.create_task(bot.get_updates(timeout=20))]
            await asyncio.to_thread(api.wait_polling)
            polls.append(asyncio.create_task(other.get_updates(timeout=20)))
            with pytest.raises(Conflict):
                await polls[0]
            await asyncio.to_thread(api.wait_polling)
            polls.append(asyncio.create_task(bot.get_updates(timeout=20)))
            await asyncio.to_thread(api.wait_for, lambda: len(api.calls) == 5)
            await asyncio.to_thread(api.wait_polling)
            open_at_once = not polls[1].done()
            with pytest.raises(Conflict):
                await polls[1]
            api.say_text("конец")
            return open_at_once, len(await polls[2])

    assert play(api, scene) == (True, 1)


def test_a_killed_client_is_not_taken_for_a_polling_one(api: BotApi) -> None:
    dead = socket.create_connection(("127.0.0.1", api.port))
    dead.sendall(f"GET /bot{api.token}/getUpdates?timeout=40 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    api.wait_polling()
    dead.close()
    with pytest.raises(TimeoutError, match="getUpdates None"):
        api.wait_polling(timeout=0.05)


def test_webhook_shuts_getupdates_out(api: BotApi) -> None:
    async def scene(bot: Bot) -> Any:
        waiting = asyncio.create_task(bot.get_updates(timeout=30))
        await asyncio.to_thread(api.wait_polling)
        assert await bot.set_webhook("https://example.org/hook")
        with pytest.raises(Conflict, match=r"^Conflict: terminated by setWebhook request$"):
            await waiting
        api.say_text("раз")
        with pytest.raises(Conflict) as caught:
            await bot.get_updates()
        info = await bot.get_webhook_info()
        assert (info.url, info.pending_update_count) == ("https://example.org/hook", 1)
        await bot.delete_webhook(drop_pending_updates=True)
        assert not await bot.get_updates()
        return caught.value.message

    assert play(api, scene) == (
        "Conflict: can't use getUpdates method while webhook is active; "
        "use deleteWebhook to delete the webhook first"
    )
    assert description(api, "setWebhook", url="http://example.org") == (
        400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")  # fmt: skip


# files


def test_files_refused(api: BotApi) -> None:
    big = api.say_voice(opus(), size=20 * 1024 * 1024 + 1)["voice"]["file_id"]
    gone = api.say_voice(opus())["voice"]["file_id"]
    api.lose_file(gone)
    shut = api.say_voice(opus())["voice"]["file_id"]
    assert refused(api, lambda bot: bot.get_file(big), BadRequest) == "File is too big"
    assert description(api, "getFile", file_id=big) == (400, "Bad Request: file is too big")
    assert description(api, "getFile", file_id="AwACnonsense") == (400, "Bad Request: invalid file_id")
    assert description(api, "getFile") == (400, "Bad Request: file_id not specified")
    assert description(api, "getFile", file_id=gone) == (
        400, "Bad Request: wrong file_id or the file is temporarily unavailable")  # fmt: skip
    path = api.state.files[shut].path
    not_found = (404, {"ok": False, "error_code": 404, "description": "Not Found"})
    assert raw(api, f"/file/bot{api.token}/{path}") == not_found
    assert raw(api, f"/file/bot{api.token}/../../etc/passwd") == not_found


def test_local_mode_gives_paths_and_has_no_small_limits(tmp_path: Path) -> None:
    with BotApi(local=tmp_path) as api:
        data = opus(3.0)
        said = api.say_voice(data, size=300 << 20)
        answer = tmp_path / "ответ.ogg"
        answer.write_bytes(opus(4.0))

        async def scene(bot: Bot) -> Path:
            file = await bot.get_file(said["voice"]["file_id"])
            sent = await bot.send_voice(OWNER, answer)
            assert sent.voice.duration == 4
            return await file.download_to_drive()

        path = play(api, scene, local_mode=True)
        assert path.is_absolute()
        assert path.is_relative_to(tmp_path / api.token)
        assert path.read_bytes() == data
        assert api.sent[0].voice == answer.read_bytes()


# what the bot sends


def test_html_message_as_it_will_stand(api: BotApi) -> None:
    said = api.say_text("что сделано?")

    async def scene(bot: Bot) -> Any:
        return await bot.send_message(
            OWNER,
            "  <b>Готово &amp; <i>сдано</i></b> 🎉 <a href='https://example.org/x'>тут</a>\n"
            '<pre><code class="language-python">x &lt; 1</code></pre>'
            "<blockquote expandable>цитата</blockquote> \n",
            parse_mode="HTML",
            reply_parameters=ReplyParameters(said["message_id"]),
            reply_markup=InlineKeyboardMarkup([
                [InlineKeyboardButton("Ещё", callback_data="ж" * 32)],
                [InlineKeyboardButton("Страница", url="https://example.org/")],
            ]),
        )  # fmt: skip

    message = play(api, scene)
    assert message.text == "Готово & сдано 🎉 тут\nx < 1цитата"
    parts = [(e.type, message.parse_entity(e)) for e in message.entities]
    assert parts == [
        ("bold", "Готово & сдано"), ("italic", "сдано"), ("text_link", "тут"), ("pre", "x < 1"),
        ("expandable_blockquote", "цитата"),
    ]  # fmt: skip
    assert message.entities[3].language == "python"
    assert message.reply_to_message.text == "что сделано?"
    (sent,) = api.sent
    assert (sent.method, sent.chat, sent.message_id) == ("sendMessage", OWNER, message.message_id)
    assert sent.params["reply_parameters"] == {"message_id": said["message_id"]}
    assert [button["text"] for button in sent.buttons] == ["Ещё", "Страница"]
    assert api.messages[OWNER, message.message_id]["text"] == message.text
    assert api.replies(OWNER) == [sent]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<foo>x</foo>", 'Unsupported start tag "foo" at byte offset 0'),
        ("если a < b", 'Unsupported start tag "" at byte offset 11'),
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("ж<b>x</i>", 'Unmatched end tag at byte offset 6, expected "</b>", found "</i>"'),
        ("</b>", "Unexpected end tag at byte offset 0"),
        ("x <", "Unclosed start tag at byte offset 2"),
        ('<a href="x', "Unclosed start tag at byte offset 0"),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("<br/>", 'Unsupported start tag "br/" at byte offset 0'),
    ],
)
def test_broken_html_is_refused_in_telegrams_words(api: BotApi, text: str, why: str) -> None:
    assert description(api, "sendMessage", chat_id=OWNER, text=text, parse_mode="HTML") == (
        400, f"Bad Request: can't parse entities: {why}")  # fmt: skip
    assert api.sent == []


KEYS = {"inline_keyboard": [[{"text": "x", "callback_data": "y" * 65}]]}


@pytest.mark.parametrize(
    ("params", "why"),
    [
        ({"text": ""}, "message text is empty"),
        ({}, "message text is empty"),
        ({"text": " \n"}, "text must be non-empty"),
        ({"text": "<b></b>", "parse_mode": "HTML"}, "text must be non-empty"),
        ({"text": "ж" * 4097}, "message is too long"),
        ({"text": "🎉" * 2049}, "message is too long"),
        ({"text": "x", "parse_mode": "BBCode"}, "unsupported parse_mode"),
        ({"text": "x", "chat_id": ""}, "chat_id is empty"),
        ({"text": "x", "chat_id": 999}, "chat not found"),
        ({"text": "x", "chat_id": "@nobody"}, "chat not found"),
        ({"text": "x", "reply_parameters": {"message_id": 9}}, "message to be replied not found"),
        ({"text": "x", "reply_markup": KEYS}, "BUTTON_DATA_INVALID"),
        ({"text": "x", "reply_markup": "{"}, "can't parse reply keyboard markup JSON object"),
        ({"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "x"}]]}},
         "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"),
        ({"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "x", "url": "http://localhost/"}]]}},
         "inline keyboard button URL 'http://localhost/' is invalid: Wrong HTTP URL"),
        ({"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "x", "callback_data": ""}]]}},
         "BUTTON_DATA_INVALID"),
        ({"text": "x", "reply_markup": {
            "inline_keyboard": [[{"text": "x", "callback_data": "y"}] * 8] * 13}},
         "reply markup is too long"),
    ],
)  # fmt: skip
def test_message_refused(api: BotApi, params: dict[str, Any], why: str) -> None:
    params = {"chat_id": OWNER, **params}
    assert description(api, "sendMessage", **params) == (400, f"Bad Request: {why}")
    assert api.sent == []


def test_limits_count_what_is_shown(api: BotApi) -> None:
    text = "<b>" + "&lt;" * 4096 + "</b>"
    status, told = call(api, "sendMessage", chat_id=OWNER, text=text, parse_mode="html")
    assert (status, told["result"]["text"]) == (200, "<" * 4096)
    lax = {"message_id": 9, "allow_sending_without_reply": True}
    status, told = call(api, "sendMessage", chat_id=OWNER, text="x", reply_parameters=lax)
    assert (status, "reply_to_message" in told["result"]) == (200, False)


def test_voice_answer_is_kept(api: BotApi) -> None:
    said = api.say_voice(opus())
    data = opus(12.4, bytes(range(200)))

    async def scene(bot: Bot) -> Any:
        return await bot.send_voice(
            OWNER, data, caption="<b>Ответ</b>", parse_mode="HTML", duration=12,
            reply_parameters=ReplyParameters(said["message_id"]), filename="ответ.ogg",
        )  # fmt: skip

    message = play(api, scene)
    assert (message.voice.duration, message.voice.mime_type) == (12, "audio/ogg")
    assert message.voice.file_size == len(data)
    sent = api.wait_sent("sendVoice")
    assert (sent.voice, sent.text) == (data, "Ответ")
    again = play(api, lambda bot: bot.send_voice(OWNER, message.voice.file_id))
    assert again.voice.file_id == message.voice.file_id
    assert api.wait_sent("sendVoice", 2).voice == data


def test_what_is_not_a_voice_note_becomes_a_document(api: BotApi) -> None:
    message = play(api, lambda bot: bot.send_voice(OWNER, b"RIFF....WAVE", filename="a.wav"))
    assert message.voice is None
    assert message.document.file_name == "a.wav"


def test_media_refused(api: BotApi) -> None:
    def send(name: str, data: Any, **more: Any) -> str:
        return refused(api, lambda bot: getattr(bot, name)(OWNER, data, **more), BadRequest)

    assert send("send_voice", opus(), caption="ж" * 1025) == "Message caption is too long"
    assert send("send_voice", b"") == "File must be non-empty"
    assert send("send_photo", b"not a picture") == "Image_process_failed"
    assert send("send_document", "BQACwrong") == (
        "Wrong remote file identifier specified: wrong string length"
    )
    assert description(api, "sendVoice", chat_id=OWNER) == (
        400, "Bad Request: there is no voice in the request")  # fmt: skip
    api.forbid_voice()
    assert send("send_voice", opus()) == "Voice_messages_forbidden"
    assert api.sent == []


def test_documents_and_photos(api: BotApi, tmp_path: Path) -> None:
    png = b"\x89PNG\r\n\x1a\n" + bytes(8) + (640).to_bytes(4, "big") + (480).to_bytes(4, "big")

    async def scene(bot: Bot) -> Any:
        photo = await bot.send_photo(OWNER, png, caption="снимок")
        return photo, await bot.send_document(OWNER, b"+++ b", filename='правка "1".patch')

    photo, document = play(api, scene)
    assert [(size.width, size.height) for size in photo.photo] == [(90, 67), (640, 480)]
    assert document.document.file_name == 'правка "1".patch'
    assert [act.files for act in api.sent] == [{"photo": png}, {"document": b"+++ b"}]


def test_over_fifty_megabytes_is_413(api: BotApi) -> None:
    data = opus() + bytes(50 << 20)
    message = refused(api, lambda bot: bot.send_voice(OWNER, data), NetworkError)
    assert message == "Request Entity Too Large"
    assert [(c.status, c.description) for c in api.calls if c.method == "sendVoice"] == [
        (413, "Request Entity Too Large")
    ]
    play(api, lambda bot: bot.send_voice(OWNER, data[: 50 << 20]))


# reactions, edits, buttons, the rest


def test_reaction_follows(api: BotApi) -> None:
    said = api.say_text("дело")
    place = (OWNER, said["message_id"])

    async def scene(bot: Bot) -> None:
        for emoji in ("👀", "✍", "👍"):
            await bot.set_message_reaction(*place, emoji)
        with pytest.raises(BadRequest, match=r"^Reaction_invalid$"):
            await bot.set_message_reaction(*place, "✅")
        assert api.reactions == {place: "👍"}
        await bot.set_message_reaction(*place, [])

    play(api, scene)
    assert api.reactions_of(said) == ["👀", "✍", "👍", ""]
    assert api.reactions == {}
    heart = [{"type": "emoji", "emoji": "❤\ufe0f"}]
    assert description(api, "setMessageReaction", chat_id=OWNER, message_id=place[1], reaction=heart) == (
        400, "Bad Request: REACTION_INVALID")  # fmt: skip
    two = [{"type": "emoji", "emoji": "👍"}] * 2
    assert description(api, "setMessageReaction", chat_id=OWNER, message_id=place[1], reaction=two) == (
        400, "Bad Request: REACTIONS_TOO_MANY")  # fmt: skip
    api.delete(said)
    assert description(api, "setMessageReaction", chat_id=OWNER, message_id=place[1], reaction=[]) == (
        400, "Bad Request: message to react not found")  # fmt: skip


def test_edits(api: BotApi) -> None:
    said = api.say_text("моё")["message_id"]

    async def scene(bot: Bot) -> tuple[int, int]:
        text = await bot.send_message(OWNER, "раз")
        voice = await bot.send_voice(OWNER, opus())
        keys = InlineKeyboardMarkup([[InlineKeyboardButton("x", callback_data="y")]])
        edited = await bot.edit_message_text("<b>два</b>", OWNER, text.message_id, parse_mode="HTML")
        assert edited.text == "два"
        await bot.edit_message_reply_markup(OWNER, text.message_id, reply_markup=keys)
        await bot.edit_message_caption(OWNER, voice.message_id, caption="подпись")
        return text.message_id, voice.message_id

    text, voice = play(api, scene)
    assert [button["text"] for button in api.sent[3].buttons] == ["x"]
    assert api.messages[OWNER, voice]["caption"] == "подпись"

    def why(**params: Any) -> str:
        status, told = description(api, "editMessageText", chat_id=OWNER, **params)
        assert status == 400
        return told.removeprefix("Bad Request: ")

    bold = {"entities": [{"type": "bold", "offset": 0, "length": 3}]}
    call(api, "editMessageText", chat_id=OWNER, message_id=text, text="два", **bold)
    assert why(message_id=text, text="два", **bold) == (
        "message is not modified: specified new message content and reply markup "
        "are exactly the same as a current content and reply markup of the message"
    )
    assert why(message_id=999, text="x") == "message to edit not found"
    assert why(message_id=said, text="x") == "message can't be edited"
    assert why(message_id=voice, text="x") == "there is no text in the message to edit"
    assert why(text="x") == "message identifier is not specified"
    play(api, lambda bot: bot.delete_message(OWNER, text))
    assert description(api, "deleteMessage", chat_id=OWNER, message_id=text) == (
        400, "Bad Request: message to delete not found")  # fmt: skip


def test_old_button_presses(api: BotApi) -> None:
    keys = {"inline_keyboard": [[{"text": "x", "callback_data": "y"}]]}
    message = call(api, "sendMessage", chat_id=OWNER, text="?", reply_markup=keys)[1]["result"]
    query = api.press(message, "y")
    api.expire(query)
    for id_ in (query, "1"):
        told = refused(api, lambda bot, id_=id_: bot.answer_callback_query(id_), BadRequest)
        assert told == "Query is too old and response timeout expired or query id is invalid"
    assert api.answered == {query: None}


def test_commands_actions_and_the_bot_itself(api: BotApi) -> None:
    async def scene(bot: Bot) -> Any:
        await bot.set_my_commands([("status", "Что делается"), ("help", "Помощь")])
        await bot.send_chat_action(OWNER, "record_voice")
        return await bot.get_my_commands(), await bot.get_chat(OWNER), await bot.get_me()

    commands, chat, me = play(api, scene)
    assert [command.command for command in commands] == ["status", "help"]
    assert (chat.type, me.username, me.is_bot) == ("private", "skazano_test_bot", True)
    assert [act.method for act in api.sent] == ["setMyCommands", "sendChatAction"]
    assert description(api, "sendChatAction", chat_id=OWNER, action="dance") == (
        400, "Bad Request: wrong parameter action in request")  # fmt: skip
    wrong = [{"command": "Статус", "description": "x"}]
    assert description(api, "setMyCommands", commands=wrong) == (400, "Bad Request: BOT_COMMAND_INVALID")


# tokens, methods, bodies


def test_tokens_and_methods(api: BotApi) -> None:
    unauthorized = {"ok": False, "error_code": 401, "description": "Unauthorized"}
    not_found = {"ok": False, "error_code": 404, "description": "Not Found"}
    assert raw(api, "/bot123456:wrong-token/getMe") == (401, unauthorized)
    assert raw(api, "/file/bot123456:wrong-token/voice/file_0.oga") == (401, unauthorized)
    assert raw(api, "/botnonsense/getMe") == (404, not_found)
    assert raw(api, f"/bot{api.token}/makeCoffee") == (404, not_found)
    assert raw(api, f"/bot{api.token}") == (404, not_found)
    assert raw(api, "/") == (404, not_found)
    assert raw(api, "/control/sent") == (404, not_found)
    assert raw(api, f"/bot{api.token}/GETME")[1]["result"]["id"] == int(api.token.split(":")[0])
    assert [c.method for c in api.calls] == ["getMe", "file", "makeCoffee", "getMe"]

    async def meet(bot: Bot) -> None:
        await bot.get_me()

    old, api.token = api.token, "123:new"
    with pytest.raises(InvalidToken, match="was rejected by the server"):
        play(api, meet, token=old)


@pytest.mark.parametrize("way", ["query", "form", "json", "multipart", "chunked"])
def test_every_way_to_pass_arguments(api: BotApi, way: str) -> None:
    path = f"/bot{api.token}/sendMessage"
    form = f"chat_id={OWNER}&text=%D1%8D%26%2B+%F0%9F%8E%89".encode()
    if way == "query":
        status, told = raw(api, f"{path}?{form.decode()}")
    elif way == "form":
        status, told = raw(api, path, form, "application/x-www-form-urlencoded")
    elif way == "json":
        status, told = call(api, "sendMessage", chat_id=OWNER, text="э&+ 🎉")
    elif way == "multipart":
        fields = {"chat_id": str(OWNER), "text": "э&+ 🎉"}
        parts = [f'--B\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
                 for name, value in fields.items()]  # fmt: skip
        body = ("".join(parts) + "--B--\r\n").encode()
        status, told = raw(api, path, body, "multipart/form-data; boundary=B")
    else:
        plain = http.client.HTTPConnection("127.0.0.1", api.port, timeout=10)
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        plain.request("POST", path, iter([form[:9], form[9:]]), kind, encode_chunked=True)
        answer = plain.getresponse()
        status, told = answer.status, json.loads(answer.read())
        plain.close()
    assert (status, told["result"]["text"]) == (200, "э&+ 🎉")


def test_nonsense_is_answered(api: BotApi, capfd: pytest.CaptureFixture[str]) -> None:
    reply = {"chat_id": OWNER, "text": "x", "reply_parameters": [1]}
    assert description(api, "sendMessage", **reply) == (
        400, "Bad Request: object expected as reply parameters")  # fmt: skip
    assert raw(api, f"/bot{api.token}/sendMessage", b"[1", "application/json")[0] == 400
    plain = http.client.HTTPConnection("127.0.0.1", api.port, timeout=10)
    plain.putrequest("POST", f"/bot{api.token}/getMe")
    plain.putheader("Content-Length", "many")
    plain.endheaders()
    assert plain.getresponse().status == 400
    plain.close()
    assert description(api, "sendMessage", chat_id=OWNER, text="x", entities=[1])[0] == 500
    assert "TypeError" in capfd.readouterr().err


def test_one_connection_serves_many_requests(api: BotApi) -> None:
    plain = http.client.HTTPConnection("127.0.0.1", api.port, timeout=10)
    plain.connect()
    port = plain.sock.getsockname()[1]
    for _ in range(20):
        plain.request("GET", f"/bot{api.token}/getMe")
        answer = plain.getresponse()
        assert answer.status == 200
        answer.read()
    assert plain.sock.getsockname()[1] == port
    plain.close()


def test_many_clients_at_once(api: BotApi) -> None:
    async def scene(bot: Bot) -> None:
        poll = asyncio.create_task(bot.get_updates(timeout=30))
        await asyncio.gather(*(bot.send_message(OWNER, str(number)) for number in range(60)))
        await asyncio.to_thread(api.wait_polling)
        api.say_text("хватит")
        assert len(await poll) == 1

    play(api, scene, request=HTTPXRequest(connection_pool_size=30, pool_timeout=20))
    assert {act.text for act in api.replies()} == {str(number) for number in range(60)}
    assert len({act.message_id for act in api.replies()}) == 60


# trouble


def test_flood_control(api: BotApi) -> None:
    now = 0.0
    api.limit_rate(1.0, burst=3, penalty=5.0, clock=lambda: now)
    other = api.say_text("я тоже", user=7)["chat"]["id"]

    def send(chat: int = OWNER) -> tuple[int, Any]:
        return call(api, "sendMessage", chat_id=chat, text="x")

    assert [send()[0] for _ in range(3)] == [200] * 3
    assert send() == (429, {"ok": False, "error_code": 429, "parameters": {"retry_after": 5},
                            "description": "Too Many Requests: retry after 5"})  # fmt: skip
    assert send(other)[0] == 200
    now = 3.5
    assert send()[1]["parameters"] == {"retry_after": 2}
    with pytest.raises(RetryAfter) as caught:
        play(api, lambda bot: bot.send_message(OWNER, "x"))
    assert caught.value._retry_after.total_seconds() == 2
    now = 5.0
    assert [send()[0] for _ in range(4)] == [200, 200, 200, 429]
    assert len(api.replies(OWNER)) == 6


@pytest.mark.parametrize(
    ("fault", "kind", "message"),
    [
        ({"what": "drop"}, NetworkError,
         "httpx.RemoteProtocolError: Server disconnected without sending a response."),
        ({"what": "status", "status": 502}, NetworkError, "Bad Gateway (502). Parsing"),
        ({"what": "status", "status": 504}, NetworkError, "Gateway Timeout (504). Parsing"),
        ({"what": "status", "status": 500}, NetworkError, "Internal Server Error"),
        ({"what": "flood", "seconds": 4}, RetryAfter, "Flood control exceeded. Retry in 4 seconds"),
        ({"what": "truncate"}, NetworkError, "httpx.RemoteProtocolError: peer closed connection"),
        ({"what": "garbage"}, TelegramError, "Invalid server response"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("after", [False, True])
def test_faults_as_the_client_sees_them(
    api: BotApi, fault: dict[str, Any], kind: type[TelegramError], message: str, after: bool
) -> None:
    made = api.fault(method="sendMessage", after=after, **fault)

    async def scene(bot: Bot) -> None:
        with pytest.raises(kind) as caught:
            await bot.send_message(OWNER, "раз")
        assert type(caught.value) is kind
        assert caught.value.message.startswith(message)
        await bot.send_message(OWNER, "два")

    play(api, scene)
    assert made.hits == 1
    took_effect = after or fault["what"] == "truncate"
    assert [act.text for act in api.sent] == (["раз", "два"] if took_effect else ["два"])
    assert [c.fault for c in api.calls if c.method == "sendMessage"] == [fault["what"], None]


@pytest.mark.parametrize("after", [False, True])
def test_delay_outlasts_the_clients_patience(api: BotApi, after: bool) -> None:
    api.fault("delay", "sendMessage", seconds=30, after=after)
    with pytest.raises(TimedOut, match=r"^Timed out$"):
        play(api, lambda bot: bot.send_message(OWNER, "раз", read_timeout=0.2))
    if after:
        assert api.wait_sent("sendMessage").text == "раз"
    else:
        assert api.sent == []


def test_truncated_download(api: BotApi) -> None:
    file_id = api.say_voice(opus())["voice"]["file_id"]
    api.fault("truncate", "file")

    async def scene(bot: Bot) -> bytes:
        file = await bot.get_file(file_id)
        with pytest.raises(NetworkError):
            await file.download_as_bytearray()
        return bytes(await file.download_as_bytearray())

    assert play(api, scene) == opus()


def test_faults_by_chance_are_the_same_for_the_same_seed() -> None:
    def run(seed: int) -> list[int]:
        with BotApi() as api:
            made = api.fault("status", times=None, probability=0.5, seed=seed, status=503)
            codes = [raw(api, f"/bot{api.token}/getMe")[0] for _ in range(30)]
            assert codes.count(503) == made.hits
            made.cancel()
            assert raw(api, f"/bot{api.token}/getMe")[0] == 200
            return codes

    assert run(1) == run(1)
    assert 0 < run(1).count(503) < 30
    assert run(1) != run(2)


def test_down_and_up_on_the_same_port(api: BotApi) -> None:
    async def scene(bot: Bot) -> Any:
        waiting = asyncio.create_task(bot.get_updates(timeout=30))
        await asyncio.to_thread(api.wait_polling)
        api.down()
        with pytest.raises(NetworkError, match=r"httpx.(ReadError|RemoteProtocolError)"):
            await waiting
        with pytest.raises(NetworkError, match=r"httpx.ConnectError: All connection attempts failed"):
            await bot.get_me()
        api.say_text("пока тебя не было")
        api.up()
        return await bot.get_updates(timeout=30)

    (update,) = play(api, scene)
    assert update.message.text == "пока тебя не было"


def test_hang_up_spares_the_next_request(api: BotApi) -> None:
    async def scene(bot: Bot) -> None:
        await bot.get_me()
        api.hang_up()
        await bot.get_me()

    play(api, scene)


def test_updates_delivered_again(api: BotApi) -> None:
    said = api.say_text("раз")

    async def scene(bot: Bot) -> list[tuple[int, int]]:
        (first,) = await bot.get_updates()
        api.redeliver(first.update_id)
        (again,) = await bot.get_updates(offset=first.update_id + 1)
        assert not await bot.get_updates(offset=first.update_id + 1)
        api.repeat(said)
        (other,) = await bot.get_updates(offset=first.update_id + 1)
        return [(update.update_id, update.message.message_id) for update in (first, again, other)]

    first, again, other = play(api, scene)
    assert first == again
    assert other == (first[0] + 1, first[1])


def test_an_update_that_no_client_can_read(api: BotApi) -> None:
    api.say_text("раз")
    bad = api.push("message", {"message_id": "?", "date": "вчера"})
    api.say_text("два")

    async def scene(bot: Bot) -> list[str]:
        with pytest.raises(TypeError):
            await bot.get_updates()
        assert bad is not None
        return [update.message.text for update in await bot.get_updates(offset=bad + 1)]

    assert play(api, scene) == ["два"]


def test_getupdates_whose_answer_is_lost_confirms_nothing_new(api: BotApi) -> None:
    api.say_text("раз")
    api.fault("drop", "getUpdates", after=True)

    async def scene(bot: Bot) -> Any:
        with pytest.raises(NetworkError):
            await bot.get_updates()
        return await bot.get_updates()

    assert len(play(api, scene)) == 1


def test_wait_for_says_what_happened_instead(api: BotApi) -> None:
    call(api, "sendMessage", chat_id=1, text="x")
    with pytest.raises(TimeoutError, match="sendMessage 400 Bad Request: chat not found"):
        api.wait_sent("sendMessage", timeout=0.01)
    later = threading.Thread(target=call, args=(api, "sendMessage"), kwargs={"chat_id": OWNER, "text": "y"})
    later.start()
    assert api.wait_sent("sendMessage").text == "y"
    later.join()


def test_as_a_process_of_its_own(tmp_path: Path) -> None:
    note = tmp_path / "note.oga"
    note.write_bytes(opus(5.0))
    command = [sys.executable, str(HERE / "botapi.py"), "--serve", "--token", "42:abc"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())

        def post(path: str, **given: Any) -> Any:
            request = urllib.request.Request(f"{told['url']}{path}", json.dumps(given).encode())
            request.add_header("Content-Type", "application/json")
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.loads(answer.read())["result"]

        said = post("/control/say_voice", source=str(note), caption="вот")
        assert said["voice"]["duration"] == 5
        (update,) = post("/bot42:abc/getUpdates")
        assert update["message"] == said
        post("/bot42:abc/sendMessage", chat_id=OWNER, text="готово")
        (act,) = post("/control/sent", since=0)
        assert (act["method"], act["result"]["text"]) == ("sendMessage", "готово")
        with pytest.raises(urllib.error.HTTPError, match="400"):
            post("/control/press", message=1, data="x")
        process.terminate()
        assert process.wait(60) == 0
