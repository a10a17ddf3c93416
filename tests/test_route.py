"""route as a program: where a message goes. What the words mean is in test_settings.py and test_names.py."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from demo_world import OWNER, World
from skazano.conversation import chats, pieces
from skazano.spool import BOXES, Spool
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
        "настройки проекс перау": ("reply/new", "Не понял, что настроить: «проекс перау»."),
        "проект демо": ("reply/new", "Проект: Демо."),
        "добавь кнопку": ("unsorted", None),
        "/help": ("reply/new", "«Отмена» — остановить последнюю задачу."),
        "/projects": ("reply/new", "• Демо (demo, сайт)"),
        "/cancel": ("reply/new", "Отменять нечего: всё закончено."),
        "отмена": ("reply/new", "Отменять нечего: всё закончено."),
        "": ("reply/new", "добавьте подпись"),
        "нет": ("reply/new", "Не понял, что сделать: в сообщении только «нет»."),
        "Ok": ("reply/new", "Не понял, что сделать: в сообщении только «Ok»."),
        "1": ("reply/new", "Не понял, что сделать: в сообщении только «1»."),
        "создай проект": ("reply/new", "Как назвать проект?"),
        "show hidden": ("reply/new", "Скрытых проектов нет."),
        "отменяй всё": ("reply/new", "Отменять нечего: всё закончено."),
        "👍🎉": ("reply/new", "Не понял, что сделать."),
        "   \n\t ": ("reply/new", "добавьте подпись"),
        "/status@skazano_bot": ("reply/new", "В работе ничего нет."),
        "/start": ("reply/new", "Скажите, что сделать"),
        "/fly": ("reply/new", "Команды /fly нет."),
        "/etc/passwd": ("unsorted", None),
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


def test_only_what_a_settings_phrase_may_change_waits_for_what_is_being_listened_to(
    here: World, spool: Spool
) -> None:
    spoken = put(spool, "transcribe", {"voice.oga": ""}, kind="voice", audio="voice.oga", seconds=3.0)
    request, status = (said(spool, words) for words in ("добавь кнопку", "/status"))
    assert once(here, "route").code == 0
    assert [place(spool, task.id) for task in (request, status)] == ["route/new", "reply/new"]
    said(spool, "отменяй всё")
    assert once(here, "route").code == 0
    assert [place(spool, task.id) for task in (spoken, request)] == ["reply/new", "reply/new"]
    assert spoken.has("cancel")
    assert request.has("cancel")


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


def test_a_project_set_by_a_clock_that_ran_ahead_does_not_hold_for_years(here: World, spool: Spool) -> None:
    year = time.time() + 365 * 86400
    with chats.change(spool, OWNER) as chat:
        chat.project, chat.until, chat.mode = "demo", year, "audio"
    os.utime(spool.state / "chats" / f"{OWNER}.json", (year, year))
    task = said(spool, "добавь кнопку")
    once(here, "route")
    assert place(spool, task.id) == "unsorted"
    assert chats.read(spool, OWNER).mode == "audio"


def test_a_project_is_named_without_that_word(here: World, spool: Spool) -> None:
    here.project("dacha", "Дача", remote=False)
    here.project("kubespray", "", remote=False)
    cases = {
        "в замерах добавь ещё один прогон": "bench",
        "слушай на даче почини полив": "dacha",
        "на бэнче добавь график": "bench",
        "поправь опечатку в кубспрее": "kubespray",
        "please in kubespray add a test": "kubespray",
        "почини полив на даче": None,  # any summer house
        "перенеси график из бэнча в демо": None,
        "сделай замеры скорости": None,
    }
    tasks = {words: said(spool, words, chat=OTHER + number) for number, words in enumerate(cases)}
    once(here, "route")
    assert {words: task.load().project for words, task in tasks.items()} == cases
    assert tasks["поправь опечатку в кубспрее"].text("request.txt") == "поправь опечатку в кубспрее"
    asked = tasks["почини полив на даче"]
    assert place(spool, asked.id) == "unsorted"
    assert load(asked.path / "ask.json")["options"][0] == "dacha"


def test_another_project_than_the_set_one_at_the_beginning_is_asked_about(here: World, spool: Spool) -> None:
    said(spool, "настройки проект демо")
    once(here, "route")
    other, mere = said(spool, "в бэнче добавь график"), said(spool, "добавь график как в бэнче")
    same = said(spool, "в демо добавь график")
    once(here, "route")
    assert load(other.path / "ask.json")["options"] == ["bench", "demo"]
    assert [task.load().project for task in (other, mere, same)] == [None, "demo", "demo"]


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
    assert place(spool, stop.id) == "done"
    assert stop.text("answer.txt") is None
    assert place(spool, second.id) == "reply/new"
    assert second.text("answer.txt") == "Отменено: «второе дело»."
    assert place(spool, first.id) == "unsorted"
    assert place(spool, theirs.id) == "unsorted"


def test_cancelling_all_cancels_whatever_is_open_in_this_chat(here: World, spool: Spool) -> None:
    mine = [said(spool, "первое дело"), said(spool, "второе дело")]
    theirs = said(spool, "чужое дело", chat=OTHER)
    once(here, "route")
    (mine[0].path / "task.json").write_text("{")  # a broken one is in nobody's way
    mine.append(said(spool, "третье дело"))
    once(here, "route")
    stop = said(spool, "отменяй всё")
    once(here, "route")
    assert place(spool, stop.id) == "done"
    assert [place(spool, task.id) for task in (*mine[1:], theirs)] == ["reply/new", "reply/new", "unsorted"]


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


# -- what was sent as one ------------------------------------------------------------------------------


def ripen(spool: Spool) -> None:
    """Let the time come of what waits for its rest."""
    for ticket in spool.tickets("later", "route"):
        os.utime(spool.path(ticket), (0, 0))


def picture(spool: Spool, caption: str, album: str, stage: str = "route") -> TaskDir:
    return put(
        spool, stage, {"transcript.txt": caption, "photo.jpg": f"JPEG {caption}"},
        kind="photo", attachments=["photo.jpg"], album=album, message=next(NUMBERS),
    )  # fmt: skip


NUMBERS = iter(range(500, 1000))


def test_an_album_is_one_request(here: World, spool: Spool) -> None:
    with chats.change(spool, OWNER) as chat:
        chat.project, chat.until = "demo", time.time() + 60
    pictures = [picture(spool, "в галерею" if number == 1 else "", "77") for number in range(3)]
    other = picture(spool, "в корзину", "78")
    once(here, "route")
    ripen(spool)
    once(here, "route")
    assert [place(spool, task.id) for task in (*pictures, other)] == [
        "refine/new", "done", "done", "refine/new",
    ]  # fmt: skip
    first = pictures[0]
    assert first.text("request.txt") == "в галерею"
    names = first.load().attachments
    assert len(names) == 3
    assert sorted(first.text(name) or "" for name in names) == ["JPEG ", "JPEG ", "JPEG в галерею"]
    assert not any(task.has("answer.txt") for task in (*pictures, other))
    assert len(other.load().attachments) == 1


def test_pictures_that_cannot_be_linked_are_copied(
    here: World, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(source: Path, target: Path) -> None:
        raise PermissionError("Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    one, other = picture(spool, "раз", "77"), picture(spool, "два", "77")
    card = one.load()
    for _ in range(2):
        pieces.take_files(other, other.load(), one, card)
    assert card.attachments == ["photo.jpg", f"{other.load().message}-photo.jpg"]
    assert one.text(card.attachments[1]) == "JPEG два"


def test_an_album_waits_for_what_is_still_being_fetched(here: World, spool: Spool) -> None:
    """The captioned picture comes last, and not at the first try."""
    with chats.change(spool, OWNER) as chat:
        chat.project, chat.until = "demo", time.time() + 60
    first = picture(spool, "", "77")
    late = picture(spool, "в галерею", "77", stage="download")
    place_of = {box: spool.root / "download" / box / f"{late.id},1" for box in BOXES}
    (spool.root / "download" / "new" / f"{late.id},0").rename(place_of["run"])
    for box in ("later", "new"):
        once(here, "route")
        assert place(spool, first.id) == "route/new"
        next(path for path in place_of.values() if path.exists()).rename(place_of[box])
    place_of["new"].rename(spool.root / "route" / "new" / f"{late.id},0")
    once(here, "route")
    ripen(spool)
    once(here, "route")
    assert [place(spool, task.id) for task in (first, late)] == ["refine/new", "done"]
    assert first.text("request.txt") == "в галерею"
    assert len(first.load().attachments) == 2


@pytest.mark.parametrize("what", ["album", "text"])
def test_a_piece_that_comes_when_the_first_has_waited_enough(here: World, spool: Spool, what: str) -> None:
    with chats.change(spool, OWNER) as chat:
        chat.project, chat.until = "demo", time.time() + 60
    when = datetime.now(UTC)
    if what == "album":
        first = picture(spool, "", "77")
    else:
        first = said(spool, "а" * 4096, when=when)
    once(here, "route")
    rest = picture(spool, "конец", "77") if what == "album" else said(spool, "конец", when=when)
    ripen(spool)  # both are ready, the first one is older
    once(here, "route")
    ripen(spool)
    once(here, "route")
    assert [place(spool, task.id) for task in (first, rest)] == ["refine/new", "done"]
    assert (first.text("request.txt") or "").endswith("конец")


def test_a_text_that_was_cut_is_one_request(here: World, spool: Spool) -> None:
    with chats.change(spool, OWNER) as chat:
        chat.project, chat.until = "demo", time.time() + 60
    when = datetime.now(UTC)
    parts = ["а" * 4096, "б" * 4000, "конец"]
    first, *rest = [said(spool, part, when=when) for part in parts]
    theirs = said(spool, "чужое", chat=OTHER, when=when)
    once(here, "route")
    ripen(spool)
    once(here, "route")
    assert first.text("request.txt") == "\n".join(parts)
    assert {place(spool, task.id) for task in rest} == {"done"}
    assert place(spool, theirs.id) == "unsorted"


def test_a_piece_is_not_done_twice_though_route_dies_after_adding_it(here: World, spool: Spool) -> None:
    with chats.change(spool, OWNER) as chat:
        chat.project, chat.until = "demo", time.time() + 60
    when = datetime.now(UTC)
    first = said(spool, "а" * 4096, when=when)
    once(here, "route")
    piece = said(spool, "конец", when=when)
    once(here, "route")
    [ticket] = spool.root.glob(f"done/*/{piece.id}")
    ticket.rename(spool.root / "route" / "run" / f"{piece.id},1")
    for _ in range(2):
        ripen(spool)
        once(here, "route")
    assert first.text("request.txt") == "а" * 4096 + "\nконец"
    assert place(spool, piece.id) == "done"


def test_each_piece_of_a_cut_text_follows_the_one_before_it(here: World, spool: Spool) -> None:
    with chats.change(spool, OWNER) as chat:
        chat.project, chat.until = "demo", time.time() + 60
    when = datetime.now(UTC)
    parts = ["а" * 4096, "б" * 4096, "конец"]
    first, *rest = [
        said(spool, part, when=when + timedelta(seconds=2 * number)) for number, part in enumerate(parts)
    ]
    once(here, "route")
    ripen(spool)
    once(here, "route")
    assert first.text("request.txt") == "\n".join(parts)
    assert {place(spool, task.id) for task in rest} == {"done"}


# -- replies -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reply", ["демо", "проект демо", "в демо", "настройки проект демо"])
def test_a_reply_to_the_question_settles_it(here: World, spool: Spool, reply: str) -> None:
    asked = said(spool, "добавь кнопку")
    once(here, "route")
    chats.remember(spool, OWNER, 7, asked.id)
    told = said(spool, reply, reply_to=7)
    once(here, "route")
    assert place(spool, told.id) == "done"
    assert place(spool, asked.id) == "refine/new"
    assert asked.load().project == "demo"
    assert chats.read(spool, OWNER).sticky == "demo"


def test_a_reply_to_the_question_that_names_no_project_is_a_request(here: World, spool: Spool) -> None:
    asked = said(spool, "добавь кнопку")
    once(here, "route")
    chats.remember(spool, OWNER, 7, asked.id)
    request = said(spool, "и поправь подвал", reply_to=7)
    once(here, "route")
    assert place(spool, asked.id) == "unsorted"
    assert place(spool, request.id) == "unsorted"


def test_words_in_reply_to_a_file_without_words_take_it_along(here: World, spool: Spool) -> None:
    with chats.change(spool, OWNER) as chat:
        chat.project, chat.until = "demo", time.time() + 60
    bare = put(
        spool, "route", {"transcript.txt": "", "photo.jpg": "JPEG"},
        kind="photo", attachments=["photo.jpg"], message=70,
    )  # fmt: skip
    once(here, "route")
    assert place(spool, bare.id) == "reply/new"
    chats.remember(spool, OWNER, 71, bare.id)
    request = said(spool, "это логотип, поставь в шапку", reply_to=71)
    once(here, "route")
    assert request.load().attachments == ["70-photo.jpg"]
    assert request.text("70-photo.jpg") == "JPEG"


def test_a_reply_to_an_undo_goes_on_with_the_tasks_own_tool(here: World, spool: Spool) -> None:
    done = put(spool, "reply", {"answer.txt": "x"}, project="demo", tool="note", session="s1")
    undo = put(spool, "reply", {"answer.txt": "x"}, project="demo", tool="undo", parent=done.id)
    chats.remember(spool, OWNER, 8, undo.id)
    request = said(spool, "сделай иначе", reply_to=8)
    once(here, "route")
    card = request.load()
    assert (card.parent, card.tool, card.session) == (done.id, "note", "s1")
