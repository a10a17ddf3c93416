"""route as a program: where a message goes. What the words mean is in test_settings.py and test_names.py."""

from __future__ import annotations

import time
from typing import Any

import pytest

from demo_world import OWNER, World
from skazano.conversation import chats
from skazano.spool import Spool
from skazano.task import TaskDir
from stages import load, once, place, put, story

OTHER = 4242


@pytest.fixture
def here(world: World) -> World:
    world.project("demo", "Демо", aliases=["сайт"], remote=False)
    world.project("bench", "Замеры", remote=False)
    return world


def said(spool: Spool, words: str, **fields: Any) -> TaskDir:
    return put(spool, "route", {"transcript.txt": words}, **fields)


def test_where_each_message_goes(here: World, spool: Spool) -> None:
    """One run of the program; each person in a chat of their own."""
    cases = {
        "настройки": ("reply/new", "Проект: не выбран."),
        "Настройки проект демо": ("reply/new", "Проект: Демо."),
        "настройки режим аудио": ("reply/new", "Ответ: голосом."),
        "настройки проект демо добавь кнопку": ("refine/new", None),
        "настройки проект синхрофазотрон": ("reply/new", "Не нашёл проекта «синхрофазотрон». Есть: Демо"),
        "добавь кнопку": ("unsorted", None),
        "/help": ("reply/new", "«Отмена» — остановить последнюю задачу."),
        "/projects": ("reply/new", "• Демо (demo, сайт)"),
        "/cancel": ("reply/new", "Отменять нечего: всё закончено."),
        "отмена": ("reply/new", "Отменять нечего: всё закончено."),
        "": ("reply/new", "Понимаю голос"),
        "   \n\t ": ("reply/new", "Понимаю голос"),
        "/status@skazano_bot": ("reply/new", "В работе ничего нет."),
        "/../../etc/passwd": ("reply/new", "Скажите, что сделать"),
    }  # fmt: skip
    tasks = {words: said(spool, words, chat=OTHER + number) for number, words in enumerate(cases)}
    assert once(here, "route").code == 0
    assert {words: place(spool, task.id) for words, task in tasks.items()} == {
        words: where for words, (where, _) in cases.items()
    }
    for words, (_, told) in cases.items():
        if told:
            assert told in (tasks[words].text("answer.txt") or ""), words
    assert tasks["настройки проект демо добавь кнопку"].text("request.txt") == "добавь кнопку"
    assert load(tasks["добавь кнопку"].path / "ask.json")["options"] == ["demo", "bench"]


def test_without_any_project_it_says_how_to_make_one(world: World, spool: Spool) -> None:
    task = said(spool, "сделай сайт")
    once(world, "route")
    assert "Проектов ещё нет" in (task.text("answer.txt") or "")
    assert task.text("request.txt") == "сделай сайт"


def test_a_project_holds_for_three_hours_from_the_last_request(here: World, spool: Spool) -> None:
    said(spool, "настройки проект демо")
    once(here, "route")
    set_at = chats.read(spool, OWNER).until
    assert set_at == pytest.approx(time.time() + 3 * 3600, abs=60)
    with chats.change(spool, OWNER) as chat:
        chat.until = time.time() + 5
    held = said(spool, "добавь кнопку")
    once(here, "route")
    assert held.load().project == "demo"
    assert chats.read(spool, OWNER).until > time.time() + 3600
    with chats.change(spool, OWNER) as chat:
        chat.until = time.time() - 1
    forgotten = said(spool, "добавь ещё кнопку")
    once(here, "route")
    assert place(spool, forgotten.id) == "unsorted"


def test_one_chats_settings_are_not_anothers(here: World, spool: Spool) -> None:
    said(spool, "настройки проект демо режим аудио")
    once(here, "route")
    task = said(spool, "добавь кнопку", chat=OTHER)
    once(here, "route")
    assert place(spool, task.id) == "unsorted"
    assert task.load().mode == "text"


def test_cancelling_cancels_the_newest_of_this_chat_only(here: World, spool: Spool) -> None:
    first, second = said(spool, "первое дело"), said(spool, "второе дело")
    theirs = said(spool, "чужое дело", chat=OTHER)
    once(here, "route")
    stop = said(spool, "отмена")
    once(here, "route")
    assert stop.text("answer.txt") == "Отменил: «второе дело»."
    assert place(spool, second.id) == "reply/new"
    assert second.text("answer.txt") == "Отменено."
    assert place(spool, first.id) == "unsorted"
    assert place(spool, theirs.id) == "unsorted"


def test_the_same_again_after_a_crash(here: World, spool: Spool) -> None:
    """Killed after its files were written, before the ticket moved: the same comes out."""
    task = said(spool, "настройки проект демо добавь кнопку")
    once(here, "route")
    before = {path.name: path.read_bytes() for path in task.path.iterdir() if path.name != "history.jsonl"}
    (spool.root / "refine" / "new" / f"{task.id},0").rename(spool.root / "route" / "run" / f"{task.id},1")
    once(here, "route")
    after = {path.name: path.read_bytes() for path in task.path.iterdir() if path.name != "history.jsonl"}
    assert after == before
    assert story(spool, task.id) == ["route done", "route done"]
    assert place(spool, task.id) == "refine/new"


def test_words_that_mean_something_elsewhere_are_only_words(here: World, spool: Spool) -> None:
    with chats.change(spool, OWNER) as chat:
        chat.project, chat.until = "demo", time.time() + 60
    words = 'сделай <b>x</b>; $(touch /tmp/pwned) `id` {"a": 1} {title} %s ../../x\n--option'
    task = said(spool, words)
    once(here, "route")
    once(here, "refine")
    assert task.text("request.txt") == words
    assert place(spool, task.id) == "execute/new"
    assert "$(touch /tmp/pwned)" in (task.text("prompt.md") or "")


def test_a_hidden_project_is_not_offered(here: World, spool: Spool) -> None:
    here.project("secret", "Тайна", remote=False, hidden=True)
    task = said(spool, "добавь кнопку")
    listed = said(spool, "/projects")
    once(here, "route")
    assert "secret" not in load(task.path / "ask.json")["options"]
    assert "Тайна" not in (listed.text("answer.txt") or "")


def test_a_broken_project_file_is_told_and_loses_nothing(here: World, spool: Spool) -> None:
    (here.settings.projects / "bad.toml").write_text('titel = "x"\n')
    task = said(spool, "добавь кнопку")
    ended = once(here, "route")
    assert "bad.toml" in ended.log
    assert place(spool, task.id) != "nowhere"
    assert task.text("transcript.txt") == "добавь кнопку"
