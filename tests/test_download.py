"""download: the file as it was sent, or a clear word why not."""

from __future__ import annotations

import os
from typing import Any

import pytest

from botapi import BotApi
from demo_world import VOICES, World
from skazano.spool import Spool
from stages import Said, once, place

VOICE = (VOICES / "09-cancel.oga").read_bytes()


def heard(api: BotApi, world: World, spool: Spool, **more: Any) -> Said:
    """A voice note that waits to be fetched."""
    task = Said(spool, api.say_voice(VOICE, **more))
    once(world, "receive")
    return task


def ripen(spool: Spool) -> None:
    for ticket in spool.tickets("later", "download"):
        os.utime(spool.path(ticket), (0, 0))


def test_bytes_arrive_as_they_were_sent(api: BotApi, world: World, spool: Spool) -> None:
    task = heard(api, world, spool)
    assert once(world, "download").code == 0
    assert (task.path / "voice.oga").read_bytes() == VOICE
    assert place(spool, task.id) == "transcribe/new"
    assert not [path.name for path in task.path.iterdir() if path.name.startswith(".voice")]


def test_what_is_there_is_not_fetched_again(api: BotApi, world: World, spool: Spool) -> None:
    task = heard(api, world, spool)
    once(world, "download")
    taken = spool.root / "download" / "run" / f"{task.id},1"
    (spool.root / "transcribe" / "new" / f"{task.id},0").rename(taken)
    before = len(api.calls)
    once(world, "download")
    assert len(api.calls) == before
    assert place(spool, task.id) == "transcribe/new"


FAULTS: list[tuple[str, dict[str, Any]]] = [
    ("getFile", {"what": "status", "status": 502}),
    ("getFile", {"what": "flood", "seconds": 1}),
    ("getFile", {"what": "drop"}),
    ("file", {"what": "drop"}),
    ("file", {"what": "truncate"}),
    ("file", {"what": "status", "status": 503}),
    ("file", {"what": "status", "status": 404}),
]


@pytest.mark.parametrize(
    ("method", "fault"), FAULTS, ids=[f"{m}-{f['what']}{f.get('status', '')}" for m, f in FAULTS]
)
def test_after_any_trouble_it_is_fetched_whole(
    api: BotApi, world: World, spool: Spool, method: str, fault: dict[str, Any]
) -> None:
    task = heard(api, world, spool)
    api.fault(method=method, **fault)
    ended = once(world, "download")
    assert place(spool, task.id) == "download/later"
    assert api.token.split(":")[1] not in ended.log
    ripen(spool)
    once(world, "download")
    assert (task.path / "voice.oga").read_bytes() == VOICE
    assert place(spool, task.id) == "transcribe/new"


@pytest.mark.parametrize(
    ("trouble", "told"),
    [("big", "Файл больше 20 МБ"), ("lost", "Telegram больше не отдаёт этот файл")],
)
def test_what_telegram_does_not_give_is_told(
    api: BotApi, world: World, spool: Spool, trouble: str, told: str
) -> None:
    task = heard(api, world, spool, **({"size": 21 << 20} if trouble == "big" else {}))
    if trouble == "lost":
        api.lose_file(task.load().file_id or "")
    once(world, "download")
    once(world, "reply")
    assert api.replies()[0].text.startswith(told)
    assert place(spool, task.id) == "failed"


def test_a_file_that_is_never_as_long_as_announced_is_taken_as_it_is(
    api: BotApi, world: World, spool: Spool
) -> None:
    task = heard(api, world, spool, size=len(VOICE) + 5)
    for _ in range(4):
        once(world, "download")
        ripen(spool)
    assert (task.path / "voice.oga").read_bytes() == VOICE
    assert place(spool, task.id) == "transcribe/new"


def test_one_file_that_never_comes_does_not_block_the_rest(api: BotApi, world: World, spool: Spool) -> None:
    bad = heard(api, world, spool)
    good = Said(spool, api.say_voice(VOICE))
    once(world, "receive")
    api.fault("status", "getFile", status=502)
    once(world, "download")
    assert place(spool, bad.id) == "download/later"
    once(world, "download")
    assert place(spool, good.id) == "transcribe/new"


def test_a_local_bot_api_server_gives_files_of_any_size(world: World, spool: Spool, api: BotApi) -> None:
    with BotApi(local=True) as local:
        world.config.write_text(world.config.read_text().replace(api.url, local.url))
        text = world.config.read_text().replace("poll_seconds = 20", "poll_seconds = 20\nlocal_server = true")
        world.config.write_text(text)
        task = Said(spool, local.say_voice(VOICE))
        once(world, "receive")
        once(world, "download")
        assert (task.path / "voice.oga").read_bytes() == VOICE


def test_a_file_that_is_not_given_out_is_named_and_at_last_told_of(
    api: BotApi, world: World, spool: Spool
) -> None:
    task = heard(api, world, spool)
    api.fault("status", "file", status=404, times=None)
    for _ in range(5):
        ended = once(world, "download")
        ripen(spool)
    assert "Not Found" in ended.log
    assert "InvalidToken" not in ended.log
    assert (task.text("error.txt") or "").startswith("Telegram больше не отдаёт этот файл")


def test_who_waits_long_for_a_file_is_told_once(api: BotApi, world: World, spool: Spool) -> None:
    task = heard(api, world, spool)
    fault = api.fault("status", "getFile", status=502, times=None)
    once(world, "download")
    ripen(spool)
    once(world, "download")
    once(world, "reply")
    assert api.replies() == []  # it has only begun
    history = task.path / "history.jsonl"
    history.write_text(
        history.read_text().replace('"time": "2', '"time": "1').replace('"time":"2', '"time":"1')
    )
    for _ in range(2):
        ripen(spool)
        once(world, "download")
        once(world, "reply")
    told = api.replies()
    assert [act.text for act in told] == [
        "Telegram пока не отдаёт файл. Пробую дальше; можно прислать его ещё раз."
    ]
    assert [button["text"] for button in told[0].buttons] == ["Не надо"]
    fault.cancel()
    ripen(spool)
    once(world, "download")
    assert place(spool, task.id) == "transcribe/new"
