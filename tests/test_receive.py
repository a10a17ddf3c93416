"""receive: nothing that was said is lost, whatever happens between Telegram, this program and the disk."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import botapi_http
from botapi import BotApi
from demo_world import OWNER, VOICES, World
from skazano.conversation import chats
from skazano.spool import Spool
from skazano.upkeep.fsck import fsck
from stages import (
    Said,
    command,
    kill,
    load,
    log_of,
    mounted,
    offset,
    once,
    put,
    ready_in,
    running,
    task_ids,
    terminate,
    until,
)

STRANGER = 666


def shown(api: BotApi) -> list[str]:
    """What people could see of the bot."""
    return [act.method for act in api.sent]


# -- what becomes of each kind of message ----------------------------------------------------------


def test_every_kind_of_message_becomes_a_task(api: BotApi, world: World, spool: Spool) -> None:
    data = b"\x00\x01 any bytes \xff"
    said = {
        "text": api.say_text("добавь кнопку"),
        "voice": api.say_voice(data, duration=4),
        "audio": api.say_audio(data, name="Запись встречи.MP3", mime="audio/mpeg"),
        "sound": api.say_document(data, name="x.flac", mime="audio/flac"),
        "round": api.say_video_note(data),
        "photo": api.say_photo(data, caption="поставь на главную"),
        "file": api.say_document(data, name="../../etc/passwd", mime="application/pdf"),
        "dots": api.say_document(data, name="a.b.tar.gz$(id)", mime="text/x-sh; rm"),
    }
    answered = api.say_text("и ещё", reply_to=said["text"])
    ended = once(world, "receive")
    assert ended.code == 0, ended.log

    cards = {name: Said(spool, message).load() for name, message in said.items()}
    assert {name: card.kind for name, card in cards.items()} == {
        "text": "text", "voice": "voice", "audio": "audio", "sound": "audio", "round": "video_note",
        "photo": "photo", "file": "document", "dots": "document",
    }  # fmt: skip
    assert {name: card.audio or card.attachments for name, card in cards.items()} == {
        "text": [], "voice": "voice.oga", "audio": "audio.mp3", "sound": "audio.flac",
        "round": "video_note.mp4", "photo": ["photo.jpg"], "file": ["document.pdf"],
        "dots": ["document.textxshr"],
    } | {"dots": cards["dots"].attachments}  # fmt: skip
    assert cards["dots"].attachments[0].removeprefix("document.").isalnum()
    assert cards["voice"].size == len(data)
    assert cards["voice"].seconds == 4
    assert Said(spool, said["photo"]).text("transcript.txt") == "поставь на главную"
    assert Said(spool, answered).load().reply_to == said["text"]["message_id"]
    assert ready_in(spool, "route") == sorted([cards["text"].id, Said(spool, answered).id])
    assert len(ready_in(spool, "download")) == 7
    assert fsck(spool) == []


def test_the_update_is_kept_as_it_was_sent(api: BotApi, world: World, spool: Spool) -> None:
    message = api.say({"text": "привет", "something_that_does_not_exist_yet": {"a": [1, None, "ё"]}})
    once(world, "receive")
    assert load(Said(spool, message).path / "update.json")["message"] == message


def test_a_group_chat_is_served_too(api: BotApi, world: World, spool: Spool) -> None:
    message = api.say_text("добавь кнопку", user=OWNER, chat=-1001234567890)
    once(world, "receive")
    assert Said(spool, message).load().chat == -1001234567890


@pytest.mark.parametrize("field", ["pinned_message", "new_chat_title", "left_chat_member"])
def test_what_telegram_says_by_itself_is_no_task(api: BotApi, world: World, spool: Spool, field: str) -> None:
    api.say({field: {"message_id": 1}}, user=OWNER, chat=-100500)
    once(world, "receive")
    assert task_ids(spool) == []
    once(world, "receive")
    assert api.pending == []


def test_a_group_takes_what_holds_in_it_along(api: BotApi, world: World, spool: Spool) -> None:
    with chats.change(spool, -4500) as chat:
        chat.project, chat.lang = "demo", "en"
    api.say({"migrate_to_chat_id": -1001234567890}, user=OWNER, chat=-4500)
    task = Said(spool, api.say_text("hello", chat=-1001234567890))
    once(world, "receive")
    assert chats.read(spool, -1001234567890).project == "demo"
    assert task.load().lang == "en"


def test_a_command_for_another_bot_is_no_task(api: BotApi, world: World, spool: Spool) -> None:
    api.say_text("/status@other_bot", chat=-100500)
    ours = Said(spool, api.say_text("/status@Skazano_test_bot", chat=-100500))
    once(world, "receive")
    assert task_ids(spool) == [ours.id]


# -- who is heard -----------------------------------------------------------------------------------


def test_strangers_get_silence_and_one_line(api: BotApi, world: World, spool: Spool) -> None:
    api.say_text("пусти", user=STRANGER)
    api.say_voice(b"x", user=STRANGER)
    mine = api.say_text("это я")
    ended = once(world, "receive")
    assert ended.log.count("stranger") == 2
    assert f"user={STRANGER}" in ended.log
    assert task_ids(spool) == [Said(spool, mine).id]
    assert shown(api) == []
    assert "пусти" not in ended.log


def test_a_stranger_in_a_shared_group_is_not_heard(api: BotApi, world: World, spool: Spool) -> None:
    api.say_text("сделай", user=STRANGER, chat=-100500)
    once(world, "receive")
    assert task_ids(spool) == []


def test_an_empty_allowlist_means_nobody(api: BotApi, tmp_path: Path) -> None:
    world = World(tmp_path, api, owner="")  # type: ignore[arg-type]
    api.say_text("есть кто?")
    ended = once(world, "receive")
    assert "telegram.allowed is empty: nobody may use the bot" in ended.log
    assert task_ids(Spool.open(world.spool)) == []
    assert shown(api) == []


# -- the offset -------------------------------------------------------------------------------------


@pytest.fixture
def stuck(api: BotApi, world: World) -> Iterator[Path]:
    """The offset cannot be written, as long as a test wants: a full folder has its temporary file's name."""
    folder = world.spool / "state" / "telegram" / api.token.split(":")[0] / ".offset.json.tmp" / "full"
    folder.mkdir(parents=True)
    yield folder.parent
    shutil.rmtree(folder.parent, ignore_errors=True)


def test_dead_between_task_and_offset(api: BotApi, world: World, spool: Spool, stuck: Path) -> None:
    messages = [api.say_text(f"раз {number}") for number in range(3)]
    wanted = sorted(Said(spool, message).id for message in messages)
    with running(world, "receive") as program:
        until(lambda: ready_in(spool, "route") == wanted, spool.root / "route" / "new")
        # All of the batch is on disk, and Telegram has not been told of any of it.
        assert offset(world, api) is None
        assert len(api.pending) == 3
        kill(program)
    shutil.rmtree(stuck)
    ended = once(world, "receive")
    assert ended.log.count("received again") == 3
    assert ready_in(spool, "route") == wanted
    assert fsck(spool) == []
    once(world, "receive")
    assert api.pending == []


def test_the_same_message_again_changes_nothing(api: BotApi, world: World, spool: Spool) -> None:
    message = api.say_text("один раз")
    once(world, "receive")
    update = min(api.state.history)
    api.redeliver(update)  # the same update
    api.repeat(message)  # the same message in another one
    ended = once(world, "receive")
    assert ended.log.count("received again") >= 1
    once(world, "receive")
    assert task_ids(spool) == [Said(spool, message).id]
    assert len(ready_in(spool, "route")) == 1


def test_an_update_with_a_lower_number_is_not_passed_over(api: BotApi, world: World, spool: Spool) -> None:
    """After a week of silence Telegram may count from anywhere; and no "seen up to" decides what is old."""
    first = api.say_text("раньше")
    once(world, "receive")
    once(world, "receive")
    api.state.next_update = 1000
    second = api.say_text("позже")
    api.redeliver(1000)
    once(world, "receive")
    assert task_ids(spool) == sorted(Said(spool, message).id for message in (first, second))


def test_a_task_that_a_crash_left_unqueued_is_queued_at_the_start(
    api: BotApi, world: World, spool: Spool
) -> None:
    task = put(spool, "route", {"transcript.txt": "привет"})
    (spool.root / "route" / "new" / f"{task.id},0").rename(task.path / ".ticket")
    (task.path / ".ticket").write_text("route\n")
    assert "published after a crash" in once(world, "receive").log
    assert ready_in(spool, "route") == [task.id]


# -- what cannot be understood ----------------------------------------------------------------------


@pytest.fixture
def ascii_api(api: BotApi, monkeypatch: pytest.MonkeyPatch) -> BotApi:
    """The server writes JSON in ASCII, so that it can send half a letter as \\ud800."""

    def encode(result: object) -> tuple[int, bytes, str]:
        return 200, json.dumps({"ok": True, "result": result}).encode(), "application/json"

    monkeypatch.setattr(botapi_http, "encode", encode)
    return api


POISON: list[Any] = [
    {"message_id": 1},
    {"message_id": 2, "from": None, "date": 1, "chat": {"id": OWNER}},
    {"message_id": "x", "from": {"id": OWNER}, "date": 1795355379, "chat": {"id": OWNER}, "text": "а"},
    {"message_id": 3, "from": {"id": OWNER}, "date": 10**30, "chat": {"id": OWNER}, "text": "когда-то"},
    {"message_id": 4, "from": {"id": OWNER}, "date": 10**11, "chat": {"id": OWNER}, "text": "в будущем"},
    {"message_id": 5, "from": {"id": OWNER}, "date": 1795355379, "chat": {"id": 10**40}, "text": "где"},
    {"message_id": 6, "from": {"id": OWNER}, "date": 1795355379, "chat": {"id": OWNER}, "photo": []},
    {"message_id": 7, "from": {"id": OWNER}, "date": 1795355379, "chat": {"id": OWNER}, "voice": [1]},
    {"message_id": 8, "from": {"id": OWNER}, "date": 1795355379, "chat": {"id": OWNER}, "text": {"a": 1}},
    {"message_id": 9, "from": {"id": OWNER}, "date": None, "chat": {"id": OWNER}, "text": "\ud800"},
    {"message_id": 10, "from": [OWNER], "date": 1, "chat": {"id": OWNER}, "text": "а"},
    {"message_id": 11, "from": {"id": {"a": 1}}, "date": 1, "chat": {"id": OWNER}, "text": "а"},
]


def test_what_cannot_be_understood_is_kept_and_blocks_nothing(
    ascii_api: BotApi, world: World, spool: Spool
) -> None:
    api = ascii_api
    poison = [api.push("message", payload) for payload in POISON]
    poison.append(api.push("callback_query", {"id": "1", "from": {"id": OWNER}, "data": 5, "message": 7}))
    poison.append(api.push("callback_query", {"from": None}))
    good = api.say_text("а это понятно")
    ended = once(world, "receive")
    assert ended.code == 0, ended.log
    assert Said(spool, good).id in ready_in(spool, "route")
    kept = {int(path.stem) for path in (spool.state / "unread").iterdir()}
    assert kept <= set(poison)
    assert len(kept) >= 10
    for number in kept:
        assert load(spool.state / "unread" / f"{number}.json")["update_id"] == number
    once(world, "receive")
    assert api.pending == []


def test_half_a_letter_is_kept(ascii_api: BotApi, world: World, spool: Spool) -> None:
    """A lone surrogate is JSON and no UTF-8."""
    api = ascii_api
    message = api.say({"text": "привет \ud800 всё"})
    after = api.say_text("дальше")
    assert once(world, "receive").code == 0
    assert load(Said(spool, message).path / "update.json")["message"]["text"] == "привет \ud800 всё"
    assert Said(spool, message).text("transcript.txt") == "привет ? всё"
    assert Said(spool, after).id in ready_in(spool, "route")


# -- when Telegram is unwell ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        ({"what": "status", "status": 502}, "Telegram cannot be reached"),
        ({"what": "status", "status": 500}, "Telegram cannot be reached"),
        ({"what": "drop"}, "Telegram cannot be reached"),
        ({"what": "drop", "after": True}, "Telegram cannot be reached"),
        ({"what": "truncate", "after": True}, "Telegram cannot be reached"),
        ({"what": "garbage", "after": True}, "Telegram cannot be reached"),
        ({"what": "flood", "seconds": 3}, "flood control"),
    ],
    ids=["502", "500", "drop", "drop-after", "truncate", "garbage", "429"],
)
def test_a_failed_poll_loses_nothing(
    api: BotApi, world: World, spool: Spool, fault: dict[str, Any], line: str
) -> None:
    message = api.say_text("не потеряйся")
    api.fault(method="getUpdates", **fault)
    ended = once(world, "receive")
    assert ended.code == 0
    assert line in ended.log
    assert task_ids(spool) == []
    once(world, "receive")
    assert task_ids(spool) == [Said(spool, message).id]
    assert api.token.split(":")[1] not in ended.log


def test_a_revoked_token_is_said_and_what_was_said_comes_later(
    api: BotApi, world: World, spool: Spool
) -> None:
    token, api.token = api.token, "5550001112:another-token-that-nobody-knows-of-1"
    message = api.say_text("позже")
    ended = once(world, "receive")
    assert "Telegram refuses the bot's token" in ended.log
    assert token.split(":")[1] not in ended.log
    api.token = token
    once(world, "receive")
    assert task_ids(spool) == [Said(spool, message).id]


def test_another_consumer_is_told_of_and_nothing_is_lost(api: BotApi, world: World, spool: Spool) -> None:
    with running(world, "receive") as program:
        api.wait_polling()
        other = threading.Thread(
            target=lambda: urllib.request.urlopen(f"{api.url}/bot{api.token}/getUpdates?timeout=1").read()
        )
        other.start()
        api.wait_for(lambda: any(c.status == 409 for c in api.calls if c.method == "getUpdates"))
        other.join()
        message = api.say_text("кому я это говорю")
        assert terminate(program) == 0  # at once, in the midst of the pause
        assert "another program polls with this" in log_of(program)
    once(world, "receive")
    assert task_ids(spool) == [Said(spool, message).id]


def test_it_goes_on_when_telegram_is_back(api: BotApi, world: World, spool: Spool) -> None:
    with running(world, "receive") as program:
        api.wait_polling()
        api.down()
        message = api.say_text("пока вас не было")
        api.up()
        until(lambda: ready_in(spool, "route") == [Said(spool, message).id], spool.root / "route" / "new")
        assert "Telegram cannot be reached" in log_of(program)
        api.wait_polling()
        assert terminate(program) == 0


def test_it_stops_at_once_and_takes_what_comes_meanwhile_later(
    api: BotApi, world: World, spool: Spool
) -> None:
    with running(world, "receive") as program:
        api.wait_polling()
        assert terminate(program) == 0
    message = api.say_text("привет")
    once(world, "receive")
    assert task_ids(spool) == [Said(spool, message).id]


def test_without_a_token_it_says_where_to_put_it(api: BotApi, world: World) -> None:
    (world.etc / "secrets" / "telegram").unlink()
    ended = once(world, "receive")
    assert ended.code == 78
    assert str(world.etc / "secrets" / "telegram") in ended.log


# -- the disk ----------------------------------------------------------------------------------------


@pytest.fixture
def tiny(world: World) -> Iterator[Path]:
    """The spool on a filesystem of 2 MB."""
    mounted(world.spool, "2m")
    yield world.spool
    subprocess.run(["umount", str(world.spool)], check=True)


def test_below_the_floor_telegram_keeps_the_messages(api: BotApi, world: World, tiny: Path) -> None:
    message = api.say_text("подожду")
    ended = once(world, "receive")  # the world's floor is 20 MB
    assert ended.code == 0
    assert "disk nearly full: Telegram keeps the messages" in ended.log
    assert [call.method for call in api.calls] == []
    world.config.write_text(world.config.read_text().replace("free_mb = 20", "free_mb = 1"))
    once(world, "receive")
    assert task_ids(Spool.open(tiny)) == [Said(Spool(tiny), message).id]


def test_a_disk_that_fills_in_the_midst_of_a_batch(api: BotApi, world: World, tiny: Path) -> None:
    world.config.write_text(world.config.read_text().replace("free_mb = 20", "free_mb = 0"))
    spool = Spool.open(tiny)
    messages = [api.say_text(f"{number} " + "слово " * 3000) for number in range(60)]
    ended = once(world, "receive")
    assert "disk full: the batch will come again" in ended.log
    assert len(api.pending) == 60  # none of them was confirmed
    assert offset(world, api) is None
    taken = task_ids(spool)
    assert 0 < len(taken) < 60
    assert fsck(spool) == []
    subprocess.run(["mount", "-o", "remount,size=40m", str(tiny)], check=True)
    once(world, "receive")
    assert task_ids(spool) == sorted(Said(spool, message).id for message in messages)
    assert sorted(ready_in(spool, "route")) == task_ids(spool)
    assert fsck(spool) == []


def test_a_spool_that_cannot_be_written_is_no_silence(api: BotApi, world: World, spool: Spool) -> None:
    """The writer must not stop in silence: it ends with an error, and its restart is seen."""
    api.say_text("а где папка?")
    spool.tasks.rmdir()
    spool.tasks.write_text("")
    ended = once(world, "receive")
    assert ended.code != 0
    assert "<3>" in ended.log
    assert offset(world, api) is None


def test_the_commands_stand_in_telegrams_menu(api: BotApi, world: World, spool: Spool) -> None:
    for calls in (["getMyCommands", "setMyCommands"], ["getMyCommands", "setMyCommands", "getMyCommands"]):
        with running(world, "receive"):
            api.say_text("привет")
            api.wait_for(lambda: [c.method for c in api.calls if "MyCommands" in c.method] == calls)  # noqa: B023
            api.wait_polling()
    assert [c["command"] for c in api.state.commands] == ["status", "projects", "cancel", "help"]
    assert shown(api) == ["setMyCommands"]  # it stands there: nothing to do the second time


def test_whether_it_lives_can_be_seen(api: BotApi, world: World, spool: Spool) -> None:
    """state/alive/receive bears a lock as long as the process lives, and no longer."""
    import fcntl

    def free() -> bool:
        with (spool.state / "alive" / "receive").open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

    with running(world, "receive") as program:
        assert not free()
        kill(program)
        assert free()


def test_voice_of_a_stranger_is_not_even_fetched(api: BotApi, world: World, spool: Spool) -> None:
    api.say_voice(VOICES / "09-cancel.oga", user=STRANGER)
    once(world, "receive")
    once(world, "download")
    assert {call.method for call in api.calls} == {"getUpdates"}


def test_it_says_how_to_be_called(world: World) -> None:
    done = subprocess.run(command(world, "receive", "--help"), capture_output=True, text=True, check=True)
    assert "--once" in done.stdout
