"""Buttons: a press is applied once, in its own chat, whatever is repeated or killed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from botapi import BotApi
from demo_world import OWNER, VOICES, World
from skazano.conversation import chats, press
from skazano.spool import Spool
from skazano.task import TaskDir
from stages import Person, Town, kill, once, place, put, ready_in, running, story, until, write_config


def last_press(api: BotApi) -> int:
    """The update of the newest press."""
    return max(number for number, update in api.state.history.items() if "callback_query" in update)


def repeat_press(town: Town) -> str:
    """Deliver the newest press again, as after a crash before the offset moved; what the bot says to it."""
    number = last_press(town.api)
    query = town.api.state.history[number]["callback_query"]["id"]
    town.api.state.queries[query] = None
    town.api.redeliver(number)
    return town.told(query)


def test_filing_twice_does_the_work_once(town: Town, person: Person) -> None:
    task = person.text("отметь посещение")
    town.settle(task, "unsorted")
    question = person.answer()
    assert person.press(question, "Учёт") == "Учёт"
    assert repeat_press(town) in ("Уже решено.", "Учёт")  # at once
    assert town.settle(task) == "done"
    assert repeat_press(town) == "Уже решено."  # and when all is over
    assert person.asks("/status").endswith("В работе ничего нет.")
    assert town.stamped().count(task.id) == 1


def test_the_choice_stands_under_the_question_and_the_buttons_are_gone(town: Town, person: Person) -> None:
    task = person.text("ещё одно посещение")
    town.settle(task, "unsorted")
    question = person.answer()
    person.press(question, "Учёт")
    town.settle(task)
    where = (person.id, question.message_id or 0)
    shown = town.api.wait_for(lambda: m if "→" in (m := town.api.messages[where])["text"] else None)
    assert shown["text"] == f"{question.text}\n\n→ Учёт"
    assert "reply_markup" not in shown
    assert repeat_press(town) == "Уже решено."
    assert town.api.messages[where]["text"] == shown["text"]  # what was chosen stays to be read


def test_dropping_a_question(town: Town, person: Person) -> None:
    task = person.text("или не надо")
    town.settle(task, "unsorted")
    assert person.press(person.answer(), "Не надо") == "Отменено."
    assert town.settle(task) == "done"
    assert len(person.answers()) == 1  # the question itself says it
    where = (person.id, person.answer().message_id or 0)
    town.api.wait_for(lambda: town.api.messages[where]["text"].endswith("→ Отменено."))
    assert repeat_press(town) == "Уже решено."


def test_again_after_a_failure_runs_once_more_and_no_more(town: Town, person: Person) -> None:
    person.works_on("fails")
    task = person.text("попробуй")
    town.settle(task, "failed")
    person.reaction(task, "💔")
    assert person.press(person.answer(1), "Ещё раз") == "Пробую ещё раз."
    second = person.answer(2)
    town.settle(task, "failed")
    assert repeat_press(town) == "Уже решено."
    assert (task.path / "earlier" / "1" / "error.txt").exists()
    assert not (task.path / "earlier" / "2").exists()
    assert person.press(second, "Ещё раз") == "Пробую ещё раз."  # its own button works
    person.answer(3)


def test_from_another_chat_it_does_nothing(town: Town, person: Person) -> None:
    task = person.text("моё личное дело")
    town.settle(task, "unsorted")
    data = person.answer().buttons[0]["callback_data"]
    other = town.person()
    other.text("моё")
    theirs = other.answer()
    theirs_message = town.api.state.messages[other.id, theirs.message_id or 0]
    theirs_message["reply_markup"]["inline_keyboard"][0][0]["callback_data"] = data  # forged
    query = town.api.press(theirs.message_id or 0, data, user=other.id, chat=other.id)
    assert town.told(query) == "Эта кнопка больше не действует."
    assert place(town.spool, task.id) == "unsorted"
    assert "press from another chat" in town.log("receive")


def test_a_stranger_presses_in_vain(town: Town, person: Person) -> None:
    task = person.text("в общем чате", chat=-person.id)
    town.settle(task, "unsorted")
    town.api.wait_for(lambda: town.api.replies(-person.id))
    question = town.api.replies(-person.id)[0]
    before = town.log("receive").count("stranger")
    data = question.buttons[0]["callback_data"]
    town.api.press(question.message_id or 0, data, user=666, chat=-person.id)
    after = person.text("/status")
    town.settle(after)
    assert town.log("receive").count("stranger") == before + 1
    assert place(town.spool, task.id) == "unsorted"


@pytest.mark.parametrize(
    "data",
    ["", "|", "file", "file|x|0|0", "file|../../etc|0|0", "fly|{id}||0", "file|{id}|99|0", "file|{id}|²|0",
     "retry|20260101-000000-tg-1-1||0", "file|{id}|-1|0", "{id}"],
)  # fmt: skip
def test_nonsense_is_refused(api: BotApi, world: World, spool: Spool, data: str) -> None:
    world.project("demo", "Демо", remote=False)
    task = put(spool, "route", {"ask.json": '{"options": ["demo"]}'})
    (spool.root / "route" / "new" / f"{task.id},0").rename(spool.root / "unsorted" / task.id)
    push(api, data.format(id=task.id))
    ended = once(world, "receive")
    assert ended.code == 0
    assert (spool.root / "unsorted" / task.id).exists()
    answers = [act.params["text"] for act in api.sent if act.method == "answerCallbackQuery"]
    assert answers == ["Эта кнопка больше не действует."]
    assert " pressed " not in ended.log
    assert not (spool.state / "unread").exists()


def push(api: BotApi, data: str, chat: int = OWNER, message: int = 5) -> None:
    """A press, whatever is in it."""
    api.state.queries["77"] = None
    user = api.state.user(OWNER)
    shown = {"message_id": message, "date": 0, "chat": {"id": chat, "type": "private"}}
    query = {"id": "77", "from": user, "message": shown, "data": data, "chat_instance": "1"}
    api.push("callback_query", query)


@pytest.fixture
def unsorted(world: World, spool: Spool) -> TaskDir:
    """A task that was asked about."""
    world.project("demo", "Демо", remote=False)
    words = {"request.txt": "дело", "transcript.txt": "дело"}
    task = put(spool, "route", {"ask.json": '{"options": ["demo"], "asked": "x"}', **words})
    (spool.root / "route" / "new" / f"{task.id},0").rename(spool.root / "unsorted" / task.id)
    return task


def test_dead_between_the_press_and_the_offset(
    api: BotApi, world: World, spool: Spool, unsorted: TaskDir
) -> None:
    stuck = spool.state / "telegram" / api.token.split(":")[0] / ".offset.json.tmp"
    (stuck / "full").mkdir(parents=True)
    push(api, press.data(press.FILE, unsorted, "0"))
    with running(world, "receive") as program:
        until(lambda: ready_in(spool, "refine"), spool.root / "refine" / "new")
        kill(program)
    shutil.rmtree(stuck)
    once(world, "refine")
    once(world, "execute")
    once(world, "summarize")
    once(world, "reply")
    assert place(spool, unsorted.id) == "done"
    once(world, "receive")  # it comes again
    assert place(spool, unsorted.id) == "done"
    assert story(spool, unsorted.id).count("skazano filed") == 1
    assert chats.read(spool, OWNER).project == "demo"


def test_a_press_that_was_cut_short_is_brought_to_its_end(
    api: BotApi, world: World, spool: Spool, unsorted: TaskDir
) -> None:
    """Killed after ask.json was put aside, before the ticket was handed on."""
    data = press.data(press.FILE, unsorted, "0")
    earlier = unsorted.path / "earlier" / "1"
    earlier.mkdir(parents=True)
    (unsorted.path / "ask.json").rename(earlier / "ask.json")
    push(api, data)
    once(world, "receive")
    assert ready_in(spool, "refine") == [unsorted.id]


def test_telegram_being_down_does_not_undo_a_press(
    api: BotApi, world: World, spool: Spool, unsorted: TaskDir
) -> None:
    push(api, press.data(press.FILE, unsorted, "0"))
    for method in ("answerCallbackQuery", "editMessageText"):
        api.fault("status", method)
    ended = once(world, "receive")
    assert ended.code == 0
    assert "press not shown" in ended.log
    assert ready_in(spool, "refine") == [unsorted.id]


def test_button_data_fits_telegrams_64_bytes(tmp_path: Path) -> None:
    task = TaskDir(tmp_path / "20261122-180431-tg-g1001234567890-1234567890.12")
    (task.path / "earlier" / "99").mkdir(parents=True)
    for verb in press.VERBS:
        assert len(press.data(verb, task, "7").encode()) <= 64


def test_under_a_spoken_answer_the_press_is_written_too_and_links_stay(
    api: BotApi, world: World, spool: Spool
) -> None:
    write_config(world, '[pages]\nurl = "https://skazano.example.org/"\n')
    with chats.change(spool, OWNER) as chat:
        chat.lang = "en"
    contents: dict[str, bytes | str] = {
        "answer.txt": "Done.", "result.md": "Done.", "prompt.md": "do", "speech.json": '{"seconds": 0.9}',
        "answer.oga": (VOICES / "09-cancel.oga").read_bytes(),
    }  # fmt: skip
    task = put(spool, "reply", contents, mode="audio", lang="en", project="demo")
    once(world, "reply")
    sent = api.replies()[0]
    assert [button["text"] for button in sent.buttons] == ["Again", "Details"]
    query = api.press(sent.message_id or 0, sent.buttons[0]["callback_data"])
    once(world, "receive")
    assert (api.answered[query] or {})["text"] == "Trying again."  # in the language of the chat
    shown = api.messages[OWNER, sent.message_id or 0]
    assert shown["caption"] == "Done.\n\n→ Trying again."
    assert [b["text"] for row in shown["reply_markup"]["inline_keyboard"] for b in row] == ["Details"]
    assert ready_in(spool, "execute") == [task.id]


def test_on_the_command_line_nobody_is_asked(world: World, spool: Spool) -> None:
    task = put(spool, "route", {"transcript.txt": "дело без проекта"}, chat=None, source="cli")
    world.project("demo", "Демо", remote=False)
    once(world, "route")
    once(world, "reply")
    assert place(spool, task.id) == "unsorted"
