"""reply: every answer arrives, whole, at least once, and a repeat can be seen."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from botapi import BotApi
from botapi_query import METHODS, Query
from botapi_state import State, too_many
from botapi_text import Refused
from demo_world import OWNER, VOICES, World
from skazano import acts, ids
from skazano.conversation import chats, notices
from skazano.conversation.answering import PART, split
from skazano.spool import Spool
from skazano.task import TaskDir, encode
from stages import kill, load, log_of, once, place, put, running, story, terminate, write_config

MARK = "(Возможно, повтор: связь прервалась при отправке.)\n"


def answer(spool: Spool, text: str = "Готово.", **fields: Any) -> TaskDir:
    """A task that is to be answered."""
    return put(spool, "reply", {"answer.txt": text}, **fields)


def texts(api: BotApi) -> list[str]:
    return [act.text for act in api.replies(OWNER)]


def test_an_answer_is_sent_and_remembered(api: BotApi, world: World, spool: Spool) -> None:
    task = answer(spool)
    assert once(world, "reply").code == 0
    assert texts(api) == ["Готово."]
    sent = api.replies()[0]
    assert load(task.path / "reply.json")["parts"][0]["message"] == sent.message_id
    assert (spool.state / "messages" / str(OWNER) / str(sent.message_id)).read_text().strip() == task.id
    assert place(spool, task.id) == "done"


def test_what_failed_is_told_and_filed_under_failed(api: BotApi, world: World, spool: Spool) -> None:
    error = "Не получилось, попробуйте позже.\n\nstage: refine\nwhat: boom\nagain: skazano retry x"
    task = put(spool, "reply", {"error.txt": error})
    once(world, "reply")
    assert texts(api) == ["Не получилось, попробуйте позже."]
    assert [b["text"] for b in api.replies()[0].buttons] == ["Ещё раз"]
    assert place(spool, task.id) == "failed"


def test_without_a_chat_there_is_nobody_to_tell(api: BotApi, world: World, spool: Spool) -> None:
    task = answer(spool, chat=None, source="cli")
    once(world, "reply")
    assert place(spool, task.id) == "done"
    assert api.calls == []


# -- length -----------------------------------------------------------------------------------------


def paragraphs(count: int) -> str:
    return "\n\n".join(f"{number}. " + "слово " * 60 for number in range(count))


@pytest.mark.parametrize(
    "text",
    ["ы" * 4096, "😀" * 3000, paragraphs(20), "a" * 3899 + " b", "&<>" * 1300, "\n".join(["строка"] * 1500)],
    ids=["letters", "emoji", "paragraphs", "edge", "html", "lines"],
)
def test_a_long_answer_comes_in_parts_that_make_the_whole(
    api: BotApi, world: World, spool: Spool, text: str
) -> None:
    task = answer(spool, text)
    once(world, "reply")
    assert place(spool, task.id) == "done"
    sent = texts(api)
    assert 1 <= len(sent) <= 3
    assert "".join("".join(sent).split()) == "".join(text.split())
    assert not [act for act in api.replies()[:-1] if act.buttons]


def test_a_very_long_answer_comes_as_a_file(api: BotApi, world: World, spool: Spool) -> None:
    text = paragraphs(100)
    answer(spool, text)
    once(world, "reply")
    sent = api.replies()
    assert [act.method for act in sent] == ["sendDocument"]
    assert sent[0].files["document"].decode().strip() == text.strip()
    assert sent[0].text == "Ответ длинный, он в файле."


@pytest.mark.parametrize("text", ["", "а" * 10_000, "😀" * 5000, "\n\n\n".join("абв"), "x" * 7799 + " y"])
def test_split_keeps_everything_and_each_piece_fits(text: str) -> None:
    pieces = split(text, PART)
    assert all(piece and len(piece.encode("utf-16-le")) // 2 <= PART for piece in pieces)
    assert "".join("".join(pieces).split()).strip("…") == "".join(text.split())


# -- Telegram is unwell ------------------------------------------------------------------------------

FAULTS = {
    "502": {"what": "status", "status": 502},
    "500": {"what": "status", "status": 500},
    "drop": {"what": "drop"},
    "429": {"what": "flood", "seconds": 1},
    "garbage": {"what": "garbage"},
}


@pytest.mark.parametrize("name", FAULTS)
def test_an_answer_that_could_not_be_sent_waits_and_spends_no_attempt(
    api: BotApi, world: World, spool: Spool, name: str
) -> None:
    fault: dict[str, Any] = FAULTS[name]
    api.fault(method="sendMessage", **fault)
    task = answer(spool)
    once(world, "reply")
    ticket = spool.find(task.id)
    assert ticket is not None
    assert (ticket.box, ticket.attempts) == ("later", 0)
    ripen(spool, task)
    once(world, "reply")
    assert place(spool, task.id) == "done"
    # What Telegram refused for the moment cannot be a repeat; after a 5xx nobody knows.
    assert texts(api) == ["Готово." if name == "429" else MARK + "Готово."]


def test_what_never_reached_telegram_is_no_repeat(api: BotApi, world: World, spool: Spool) -> None:
    task = answer(spool)
    api.down()
    once(world, "reply")
    api.up()
    ripen(spool, task)
    once(world, "reply")
    assert texts(api) == ["Готово."]


def ripen(spool: Spool, task: TaskDir) -> None:
    """Let the task's time come."""
    ticket = spool.find(task.id)
    assert ticket is not None
    os.utime(spool.path(ticket), (0, 0))


def test_a_lost_receipt_repeats_the_answer_with_a_mark(api: BotApi, world: World, spool: Spool) -> None:
    api.fault("drop", "sendMessage", after=True)
    task = answer(spool)
    once(world, "reply")
    assert texts(api) == ["Готово."]  # it arrived, but nobody knows
    ripen(spool, task)
    once(world, "reply")
    assert texts(api) == ["Готово.", MARK + "Готово."]
    assert place(spool, task.id) == "done"


def test_a_lost_receipt_of_a_question_repeats_it_with_a_mark(api: BotApi, world: World, spool: Spool) -> None:
    world.project("demo", "Демо", remote=False)
    api.fault("drop", "sendMessage", after=True)
    task = put(spool, "route", {"transcript.txt": "чьё это"})
    once(world, "route")
    once(world, "reply")
    once(world, "reply")
    once(world, "reply")
    question = "К какому проекту это отнести?\n\n«чьё это»"
    assert texts(api) == [question, MARK + question]
    assert story(spool, task.id).count("reply asked") == 1


def test_killed_while_sending_nothing_is_lost_and_the_repeat_is_marked(
    api: BotApi, world: World, spool: Spool
) -> None:
    api.fault("delay", "sendMessage", seconds=60, after=True)
    task = answer(spool)
    with running(world, "reply") as program:
        api.wait_for(lambda: texts(api) == ["Готово."])
        kill(program)
    api.clear_faults()
    once(world, "reply")
    assert texts(api) == ["Готово.", MARK + "Готово."]
    assert place(spool, task.id) == "done"


def test_killed_between_two_parts_only_the_rest_is_sent(api: BotApi, world: World, spool: Spool) -> None:
    text = "а" * 3000 + "\n\n" + "б" * 3000
    task = answer(spool, text)
    parts: list[dict[str, Any]] = [{"kind": "text", "text": letter * 3000} for letter in "аб"]
    task.write_json("reply.json", {"parts": [{**parts[0], "sending": "x", "message": 7}, parts[1]]})
    once(world, "reply")
    assert texts(api) == ["б" * 3000]


def test_an_outage_stops_nobody_for_ever(api: BotApi, world: World, spool: Spool) -> None:
    with running(world, "reply") as program:
        fault = api.fault("flood", "sendMessage", times=None, seconds=1)
        tasks = [answer(spool, f"ответ {number}") for number in range(5)]
        api.wait_for(lambda: fault.hits >= 1)
        fault.cancel()
        api.wait_for(lambda: len(texts(api)) == 5)
        assert terminate(program) == 0
        assert "flood control" in log_of(program)
    assert sorted(text.removeprefix(MARK) for text in texts(api)) == [f"ответ {n}" for n in range(5)]
    assert all(place(spool, task.id) == "done" for task in tasks)


@pytest.mark.slow
def test_one_answer_that_telegram_cannot_digest_does_not_block_the_others(
    api: BotApi, world: World, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = METHODS["sendMessage"]

    def stumbles(state: State, query: Query) -> Any:
        if "тёмное" in query.text("text"):
            raise ConnectionAbortedError("the connection was cut")
        return plain(state, query)

    monkeypatch.setitem(METHODS, "sendMessage", stumbles)
    bad = answer(spool, "тёмное место")
    with running(world, "reply"):
        good = [answer(spool, f"светлое {number}") for number in range(3)]
        api.wait_for(lambda: len(texts(api)) == len(good), 30)
    ticket = spool.find(bad.id)
    assert ticket is not None
    assert ticket.box == "later"


def test_one_question_that_cannot_be_asked_keeps_no_other_waiting(
    api: BotApi, world: World, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.project("demo", "Демо", remote=False)
    plain = METHODS["sendMessage"]

    def stumbles(state: State, query: Query) -> Any:
        if "тёмное" in query.text("text"):
            raise too_many(1)
        return plain(state, query)

    monkeypatch.setitem(METHODS, "sendMessage", stumbles)
    for words in ("тёмное", "светлое"):
        put(spool, "route", {"transcript.txt": words})
    once(world, "route")
    with running(world, "reply"):
        answer(spool)  # whatever makes it look again
        api.wait_for(lambda: len(texts(api)) == 2)
    assert sorted(texts(api)) == ["Готово.", "К какому проекту это отнести?\n\n«светлое»"]


# -- refusals ----------------------------------------------------------------------------------------


def test_who_blocked_the_bot_holds_nobody_up(api: BotApi, world: World, spool: Spool) -> None:
    api.block(OWNER)
    task, other = answer(spool), answer(spool, "вам", chat=777, user=777)
    api.say_text("привет", user=777)
    once(world, "reply")
    assert place(spool, task.id) == "failed"
    assert place(spool, other.id) == "done"
    assert (task.text("error.txt") or "").startswith("Ответ не доставлен")
    assert "bot was blocked" in (task.text("error.txt") or "")
    api.unblock(OWNER)
    acts.retry(spool, task.id, by="owner")
    once(world, "reply")
    assert texts(api) == ["Готово."]
    assert place(spool, task.id) == "done"


def test_an_error_that_cannot_be_told_is_kept_as_it_was(api: BotApi, world: World, spool: Spool) -> None:
    api.block(OWNER)
    task = put(spool, "reply", {"error.txt": "Не получилось."})
    once(world, "reply")
    assert place(spool, task.id) == "failed"
    assert task.text("error.txt") == "Не получилось."


def test_who_wants_no_voice_messages_gets_the_text(api: BotApi, world: World, spool: Spool) -> None:
    api.forbid_voice(OWNER)
    task = put(
        spool,
        "reply",
        {"answer.txt": "Сделано.", "answer.oga": b"OggS", "speech.json": '{"seconds": 1}'},
        mode="audio",
    )
    once(world, "reply")
    assert texts(api) == ["Сделано."]
    assert place(spool, task.id) == "done"


def test_a_receipt_that_cannot_be_read_is_a_receipt(api: BotApi, world: World, spool: Spool) -> None:
    """An older Bot API server leaves out what the client wants of a quoted poll."""
    message = api.say({"poll": {"id": "1", "question": "?", "options": []}})
    task = answer(spool, message=message["message_id"])
    once(world, "reply")
    assert texts(api) == ["Готово."]
    assert place(spool, task.id) == "done"


GROUP, SUPERGROUP = -4500, -1001234567890


def test_a_group_that_became_a_supergroup_is_answered_there(
    api: BotApi, world: World, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = METHODS["sendMessage"]
    api.say_text("привет", chat=SUPERGROUP)

    def migrated(state: State, query: Query) -> Any:
        if query.number("chat_id") == GROUP:
            raise Refused(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=SUPERGROUP)
        return plain(state, query)

    monkeypatch.setitem(METHODS, "sendMessage", migrated)
    with chats.change(spool, GROUP) as chat:
        chat.project = "demo"
    first, second = (answer(spool, text, chat=GROUP, message=7) for text in ("раз", "два"))
    once(world, "reply")
    sent = api.replies(SUPERGROUP)
    assert [act.text for act in sent] == ["раз", "два"]
    assert all("reply_to_message" not in act.result for act in sent)  # 7 is another message there
    assert [call.params["chat_id"] for call in api.calls if call.method == "sendMessage"].count(
        str(GROUP)
    ) == 1
    assert {place(spool, first.id), place(spool, second.id)} == {"done"}
    assert chats.read(spool, SUPERGROUP).project == "demo"
    assert chats.task_of(spool, SUPERGROUP, sent[0].message_id or 0) == first.id


# -- notices -----------------------------------------------------------------------------------------


def waits(spool: Spool, ahead: int) -> TaskDir:
    """A task of which there is something to tell."""
    task = put(spool, "execute", {"request.txt": "дело"}, project="demo")
    notices.tell(spool, task.id, "queued", ahead=ahead)
    return task


def test_a_notice_whose_receipt_is_lost_comes_again_and_says_so(
    api: BotApi, world: World, spool: Spool
) -> None:
    api.fault("drop", "sendMessage", after=True)
    waits(spool, 1)
    for _ in range(3):
        once(world, "reply")
    notice = "Ждёт очереди: перед этой задачей ещё 1."
    assert texts(api) == [notice, MARK + notice]


def test_a_notice_that_cannot_be_sent_keeps_no_other_waiting(
    api: BotApi, world: World, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = METHODS["sendMessage"]

    def stumbles(state: State, query: Query) -> Any:
        if query.text("text").endswith("ещё 1."):
            raise too_many(1)
        return plain(state, query)

    monkeypatch.setitem(METHODS, "sendMessage", stumbles)
    for ahead in (1, 2, 3):
        waits(spool, ahead)
    once(world, "reply")
    once(world, "reply")
    assert [text[-2:] for text in texts(api)] == ["2.", "3."]
    monkeypatch.setitem(METHODS, "sendMessage", plain)
    once(world, "reply")
    assert texts(api)[-1] == "Ждёт очереди: перед этой задачей ещё 1."  # refused before, so no repeat


def test_subtasks_that_wait_for_each_other_are_no_news(api: BotApi, world: World, spool: Spool) -> None:
    whole = put(spool, "execute", {"request.txt": "дело"}, project="demo")
    card = whole.load()
    card.id = ids.child(whole.id, 2)
    spool.publish(card.id, {"task.json": encode(card)}, "execute")
    notices.tell(spool, card.id, "queued", ahead=1)
    once(world, "reply")
    assert texts(api) == []
    notices.tell(spool, card.id, "queued", ahead=1)
    assert not os.listdir(spool.state / "notices" / "new")


def test_a_message_that_was_deleted_is_answered_without_quoting(
    api: BotApi, world: World, spool: Spool
) -> None:
    message = api.say_text("стёрто")
    task = answer(spool, message=message["message_id"])
    api.delete(message)
    once(world, "reply")
    assert texts(api) == ["Готово."]
    assert place(spool, task.id) == "done"


def test_a_revoked_token_keeps_the_answer(api: BotApi, world: World, spool: Spool) -> None:
    token, api.token = api.token, "5550001112:another-token-that-nobody-knows-of-1"
    task = answer(spool)
    ended = once(world, "reply")
    assert place(spool, task.id) == "reply/later"
    assert token.split(":")[1] not in ended.log
    api.token = token
    ripen(spool, task)
    once(world, "reply")
    assert texts(api) == ["Готово."]


# -- voice -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("times", [10, 100])
def test_a_spoken_answer_has_its_text_below(api: BotApi, world: World, spool: Spool, times: int) -> None:
    """As the caption, or, if it is too long for one, whole in a message after it."""
    sound = (VOICES / "09-cancel.oga").read_bytes()
    long = ("Очень длинный ответ. " * times).strip()
    put(
        spool,
        "reply",
        {"answer.txt": long, "answer.oga": sound, "speech.json": '{"seconds": 0.9}'},
        mode="audio",
    )
    once(world, "reply")
    sent = api.replies()[0]
    assert (sent.method, sent.voice) == ("sendVoice", sound)
    written = [sent.text] if times == 10 else [reply.text for reply in api.replies()[1:]]
    assert written == [long]


def test_without_a_voice_it_is_written(api: BotApi, world: World, spool: Spool) -> None:
    put(spool, "reply", {"answer.txt": "Сделано."}, mode="audio")
    once(world, "reply")
    assert texts(api) == ["Сделано."]


# -- questions ---------------------------------------------------------------------------------------


def test_what_is_parked_is_asked_about_once(api: BotApi, world: World, spool: Spool) -> None:
    world.project("demo", "Демо", remote=False)
    parked = put(spool, "route", {"transcript.txt": "куда это"})
    once(world, "route")
    cut = put(spool, "execute", {"request.txt": "делай"}, project="demo")
    (spool.root / "execute" / "new" / f"{cut.id},0").rename(spool.root / "hold" / f"execute,{cut.id},1")
    for _ in range(3):
        once(world, "reply")
    assert sorted(text.split("\n")[0] for text in texts(api)) == [
        "К какому проекту это отнести?",
        "Работа прервалась на полпути и сама не возобновится:",
    ]
    assert place(spool, parked.id) == "unsorted"
    assert place(spool, cut.id) == "hold"


def test_a_page_is_linked_where_pages_have_an_address(api: BotApi, world: World, spool: Spool) -> None:
    write_config(world, '[pages]\nurl = "https://skazano.example.org/"\n')
    task = put(spool, "reply", {"answer.txt": "Готово.", "result.md": "Готово."})
    once(world, "reply")
    links = [button for button in api.replies()[0].buttons if "url" in button]
    address = f"https://skazano.example.org/task/{task.id}.html"
    assert links == [{"text": "Подробности", "url": address}]


def test_the_token_is_in_no_log(api: BotApi, world: World, spool: Spool, tmp_path: Path) -> None:
    api.fault("garbage", "sendMessage")
    answer(spool)
    secret = api.token.split(":")[1]
    assert secret not in once(world, "reply").log
