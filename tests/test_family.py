"""Several requests in one note, additions to a request, and the order of a chat's messages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from demo_world import OWNER, World
from skazano import ids
from skazano.spool import Spool, Ticket
from skazano.task import Task, TaskDir, encode
from stages import once

NOW = datetime(2026, 11, 22, 18, 4, 31, tzinfo=UTC)


def say(
    spool: Spool, words: str, *, number: int = 1, seconds: int = 0, stage: str = "route", **more: object
) -> str:
    """A text message of the owner's as `receive` publishes it."""
    when = NOW + timedelta(seconds=seconds)
    task = Task(id=ids.make(when, "tg", OWNER, number), created=when.isoformat(), project="demo")
    for key, value in more.items():
        setattr(task, key, value)
    spool.publish(task.id, {"task.json": encode(task), "transcript.txt": words.encode() + b"\n"}, stage)
    return task.id


LIST = "сделай две вещи первое обнови документацию второе напиши тесты"


def test_a_list_becomes_subtasks_that_are_answered_once(world: World, spool: Spool) -> None:
    world.project("demo", "Демо")
    id = say(spool, LIST)
    once(world, "route")
    once(world, "refine")
    children = [ids.child(id, 1), ids.child(id, 2)]
    assert spool.find(id) == Ticket(id, "waiting")
    for stage in ("refine", "execute", "summarize"):
        once(world, stage)
    assert [spool.find(child) for child in children] == [Ticket(c, "new", "reply") for c in children]
    parent = TaskDir(spool.dir(id))
    card = parent.load()
    card.chat = None  # nobody to be told
    parent.save(card)
    once(world, "reply")
    assert [spool.find(one) for one in (*children, id)] == [Ticket(t, "done") for t in (*children, id)]
    answer = str(parent.text("answer.txt"))
    assert answer.startswith("Готово 2 из 2.")
    assert answer.index("Обнови документацию") < answer.index("Напиши тесты")


def test_subtasks_are_given_the_files_that_came_with_the_note(world: World, spool: Spool) -> None:
    world.project("demo", "Демо")
    id = say(spool, LIST, attachments=["photo.jpg"])
    once(world, "route")
    once(world, "refine")
    once(world, "refine")
    for number in (1, 2):
        prompt = str(TaskDir(spool.dir(ids.child(id, number))).text("prompt.md"))
        assert str(spool.dir(id) / "photo.jpg") in prompt


def test_a_repeated_split_makes_the_same_subtasks(world: World, spool: Spool) -> None:
    world.project("demo", "Демо")
    id = say(spool, LIST)
    once(world, "route")
    once(world, "refine")
    with spool.take(id) as held:  # as if `refine` had died before its last rename
        held.hand_on("refine")
    once(world, "refine")
    assert spool.find(id) == Ticket(id, "waiting")
    assert len([p for p in spool.dir(id).parent.iterdir() if p.name.startswith(id)]) == 3


def test_a_failed_subtask_is_told_with_the_others(world: World, spool: Spool) -> None:
    world.project("demo", "Демо")
    id = say(spool, LIST, chat=None)
    once(world, "route")
    once(world, "refine")
    with spool.take(ids.child(id, 2)) as held:
        TaskDir(held.dir).write("error.txt", "Папки проекта нет.\n\nstage: execute")
        held.park("failed")
    for stage in ("refine", "execute", "summarize", "reply"):
        once(world, stage)
    answer = str(TaskDir(spool.dir(id)).text("answer.txt"))
    assert answer.startswith("Готово 1 из 2.")
    assert "Папки проекта нет." in answer
    assert spool.find(id) == Ticket(id, "done")


def test_and_also_is_joined_to_a_request_that_has_not_begun(world: World, spool: Spool) -> None:
    world.project("demo", "Демо")
    first = say(spool, "добавь кнопку", chat=OWNER)
    once(world, "route")
    once(world, "refine")
    second = say(spool, "и ещё добавь ссылку", number=2, seconds=60, chat=OWNER, project=None)
    once(world, "route")
    assert spool.find(second) == Ticket(second, "done")
    assert TaskDir(spool.dir(first)).text("request.txt") == "добавь кнопку\nдобавь ссылку"
    assert spool.find(first) == Ticket(first, "new", "refine")


def test_once_again_is_no_addition(world: World, spool: Spool) -> None:
    world.project("demo", "Демо")
    first = say(spool, "добавь кнопку", chat=OWNER)
    once(world, "route")
    again = say(spool, "ещё раз проверь тесты", number=2, seconds=9, chat=OWNER, project=None)
    once(world, "route")
    assert spool.find(again) == Ticket(again, "unsorted")
    assert TaskDir(spool.dir(first)).text("request.txt") == "добавь кнопку"


def test_and_also_too_late_is_a_task_of_its_own(world: World, spool: Spool) -> None:
    world.project("demo", "Демо")
    first = say(spool, "добавь кнопку", chat=OWNER)
    once(world, "route")
    second = say(spool, "и ещё добавь ссылку", number=2, seconds=500, chat=OWNER, project=None)
    once(world, "route")
    assert spool.find(first) == Ticket(first, "new", "refine")
    assert spool.find(second) == Ticket(second, "unsorted")


def test_a_text_waits_for_the_voice_note_before_it(world: World, spool: Spool) -> None:
    world.project("demo", "Демо")
    voice = say(spool, "", stage="transcribe", chat=OWNER, audio="voice.oga")
    text = say(spool, "добавь кнопку", number=2, seconds=5, chat=OWNER)
    once(world, "route")
    assert spool.find(text) == Ticket(text, "new", "route")
    once(world, "transcribe")  # there is no audio: it fails, and the text waits no longer
    assert spool.find(voice) == Ticket(voice, "new", "reply")
    once(world, "route")
    assert spool.find(text) == Ticket(text, "new", "refine")


def test_a_list_that_was_called_off_is_told_in_one_sentence(world: World, spool: Spool) -> None:
    world.project("demo", "Демо", remote=False)
    whole = say(spool, LIST)
    once(world, "route")
    once(world, "refine")
    stop = say(spool, "отмена", number=2)
    once(world, "route")
    for _ in range(3):
        once(world, "reply")
    task = TaskDir(spool.dir(whole))
    assert spool.path(Ticket(stop, "done")).exists()
    assert spool.path(Ticket(whole, "done")).exists()
    assert (task.text("answer.txt") or "").startswith("Отменено: «")
    assert "\n" not in (task.text("answer.txt") or "")


def test_a_note_that_takes_itself_back_cancels_no_other(world: World, spool: Spool) -> None:
    world.project("demo", "Демо")
    first = say(spool, "добавь кнопку", chat=OWNER)
    once(world, "route")
    second = say(spool, "сделай тёмную тему, ой нет, не надо, забудь", number=2, seconds=9, chat=OWNER)
    once(world, "route")
    assert spool.find(second) == Ticket(second, "new", "reply")
    assert TaskDir(spool.dir(second)).text("answer.txt") == "Отменено."
    assert spool.find(first) == Ticket(first, "new", "refine")
