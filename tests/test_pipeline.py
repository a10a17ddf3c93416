"""From end to end: everything runs as its own process, people speak and write, answers come back."""

from __future__ import annotations

import io
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from botapi import BotApi
from demo_world import OWNER, VOICES, World, git
from skazano.conversation import chats
from skazano.spool import STAGES, Spool
from skazano.upkeep.fsck import fsck
from stages import Person, Town, everything_below, load, mounted, once, place, task_ids, until

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478da63fccff0"
    "bf1e000684030100f3a5c3f90000000049454e44ae426082"
)


# -- a voice note becomes a commit and a spoken answer ---------------------------------------------


def test_a_voice_note_becomes_a_commit_and_a_spoken_answer(town: Town, person: Person) -> None:
    town.settle(person.voice(VOICES / "01-settings-demo.oga"))
    assert person.answer(1).text == "Проект: Демо. Ответ: текстом. Инструмент: note."
    town.settle(person.voice(VOICES / "03-settings-audio.oga"))
    task = person.voice(VOICES / "02-request-note.oga")
    assert town.settle(task) == "done"

    answer = person.answer(3)
    assert answer.method == "sendVoice"
    assert answer.voice == (task.path / "answer.oga").read_bytes()
    assert len(answer.text) > 10
    _, rate = soundfile.read(io.BytesIO(answer.voice or b""))
    assert rate == 48000

    commit = load(task.path / "commit.json")
    bare = town.world.remote("demo")
    assert commit["branch"].startswith("autobot/")
    assert commit["commits"][0]["sha"] == git(bare, "rev-parse", commit["branch"])
    assert task.id in git(bare, "log", "-1", "--format=%(trailers:key=Task,valueonly)", commit["branch"])
    assert task.id in git(bare, "show", f"{commit['branch']}:NOTES.md")
    assert [e["stage"] for e in task.events()] == [
        "download", "transcribe", "route", "refine", "execute", "summarize", "speak", "reply"
    ]  # fmt: skip
    assert person.reaction(task, "👍", "💔") == "👍"
    given = town.api.reactions_of(town.api.messages[person.id, task.number])
    assert given[-1] == "👍"
    assert set(given) <= {"👀", "✍", "👍"}


def test_one_answer_and_nothing_else_is_sent(town: Town, person: Person) -> None:
    person.works_on("demo")
    assert person.asks("добавь раздел про установку").startswith("Записал в NOTES.md")
    assert len(person.answers()) == 1
    sent = {act.method for act in town.api.sent if act.chat == person.id}
    assert sent <= {"sendMessage", "setMessageReaction"}


def test_the_answer_replies_to_the_request(town: Town, person: Person) -> None:
    person.works_on("demo")
    task = person.text("проверь ссылки")
    assert person.answer().result["reply_to_message"]["message_id"] == task.number


# -- what is no work -------------------------------------------------------------------------------


def test_only_settings_tells_what_is_set(town: Town, person: Person) -> None:
    told = person.asks("настройки")
    assert told == "Проект: не выбран. Ответ: текстом. Инструмент: не выбран."


def test_an_unknown_project_is_said_to_be_unknown(town: Town, person: Person) -> None:
    told = person.asks("настройки проект синхрофазотрон")
    assert told.startswith("Не нашёл проекта «синхрофазотрон». Есть: ")
    assert "Демо" in told


def test_an_unknown_project_by_voice_does_not_swallow_the_request(town: Town, person: Person) -> None:
    task = person.voice(VOICES / "11-unknown-project.oga")
    town.settle(task, "done", "unsorted")
    assert person.answer().text
    assert task.has("voice.oga")


@pytest.mark.parametrize("words", ["/help", "/start", "/help@skazano_test_bot"])
def test_help(person: Person, words: str) -> None:
    assert "«Настройки проект …»" in person.asks(words)


def test_projects_are_listed_with_their_names(person: Person) -> None:
    assert "• Демо (demo, сайт)" in person.asks("/projects").splitlines()


def test_status_without_work(person: Person) -> None:
    assert person.asks("/status").splitlines()[-1] == "В работе ничего нет."


def test_status_tells_what_waits_and_cancel_cancels_it(town: Town, person: Person) -> None:
    waiting = person.text("напиши скрипт")
    town.settle(waiting, "unsorted")
    assert "• напиши скрипт — ждёт проекта" in person.asks("/status").splitlines()
    assert person.asks("/cancel") == ""
    town.settle(waiting)
    assert person.answers_to(waiting)[-1].text == "Отменено: «напиши скрипт»."
    assert person.asks("/cancel") == "Отменять нечего: всё закончено."


@pytest.mark.parametrize("source", ["text", "voice"])
def test_cancel_stops_a_run_and_the_next_goes_on(town: Town, source: str) -> None:
    person, other = town.person(), town.person()
    person.works_on("sleeps")
    task = person.text("жди сто секунд")
    person.reaction(task, "✍")
    other.works_on("demo")
    behind = other.text("добавь заметку")
    stop = person.text("отмена") if source == "text" else person.voice(VOICES / "09-cancel.oga")
    assert town.settle(task) == "done"
    town.settle(stop)
    assert [act.text for act in person.answers()] == ["Отменено: «Жди 100 секунд»."]
    assert town.settle(behind) == "done"  # the stage is free again
    assert load(task.path / "run" / "exit.json")["stopped"] is True


# -- which project ---------------------------------------------------------------------------------


def test_a_text_without_a_project_is_asked_about_and_goes_on_by_a_button(town: Town, person: Person) -> None:
    task = person.text("исправь опечатку")
    assert town.settle(task, "unsorted") == "unsorted"
    question = person.answer()
    assert question.text == "К какому проекту это отнести?\n\n«исправь опечатку»"
    assert [b["text"] for b in question.buttons][-1] == "Не надо"
    person.reaction(task, "🤔")
    assert person.press(question, "Демо") == "Демо"
    assert town.settle(task) == "done"
    assert person.answer(2).text.startswith("Записал в NOTES.md: «Исправь опечатку».")
    person.reaction(task, "👍")
    # The choice holds from now on.
    assert person.asks("и ещё одну").startswith("Записал в NOTES.md")


def test_a_reply_to_an_answer_goes_on_with_its_task(town: Town, person: Person) -> None:
    person.works_on("stamp")
    first = person.text("посчитай строки")
    town.settle(first)
    answer = person.answer(1)
    person.works_on("demo")
    second = person.text("а теперь слова", reply_to=answer.message_id)
    town.settle(second)
    card = second.load()
    assert card.project == "stamp"
    assert card.parent == first.id
    third = person.text("и буквы", reply_to=first.number)  # to one's own message
    town.settle(third)
    assert third.load().parent == first.id


def test_a_project_can_be_named_in_the_request(town: Town, person: Person) -> None:
    task = person.text("настройки проект демо добавь кнопку выхода")
    assert town.settle(task) == "done"
    assert task.load().project == "demo"
    assert task.text("request.txt") == "добавь кнопку выхода"


# -- whatever is sent gets a clear answer, and nothing is lost --------------------------------------


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("20-empty.oga", "Запись пришла пустой"),
        ("21-silence.oga", "Не расслышал ни слова"),
        ("22-noise.oga", "Не расслышал ни слова"),
        ("24-garbage.oga", "Не могу прочитать этот файл"),
        ("png", "Не могу прочитать этот файл"),
    ],
)
def test_what_nobody_can_hear(town: Town, person: Person, name: str, told: str) -> None:
    data = PNG if name == "png" else (VOICES / name).read_bytes()
    person.works_on("demo")
    task = person.voice(data, duration=3)
    town.settle(task)
    assert person.answer().text.startswith(told)
    assert (task.path / "voice.oga").read_bytes() == data


def test_a_bad_voice_note_does_not_block_the_next(town: Town, person: Person) -> None:
    person.works_on("demo")
    broken = [(VOICES / name).read_bytes() for name in ("24-garbage.oga", "20-empty.oga")]
    bad = [person.voice(data, duration=2) for data in broken]
    good = person.voice(VOICES / "02-request-note.oga")
    assert town.settle(good) == "done"
    assert [town.settle(task) for task in bad] == ["failed", "failed"]


def test_a_truncated_note_is_heard_as_far_as_it_goes(town: Town, person: Person) -> None:
    person.works_on("demo")
    task = person.voice((VOICES / "23-truncated.oga").read_bytes(), duration=5)
    town.settle(task)
    assert load(task.path / "transcript.json")["truncated"] is True
    assert person.answer().text


def test_ten_minutes_of_silence(town: Town, person: Person, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "silence.ogg", np.zeros(48000 * 600, np.float32), 48000, subtype="OPUS")
    task = person.voice(tmp_path / "silence.ogg")
    assert town.settle(task, seconds=120) == "done"
    assert person.answer().text.startswith("Не расслышал ни слова")


def test_a_text_of_5000_characters_is_kept_whole(town: Town, person: Person) -> None:
    words = "добавь в список: " + " ".join(f"пункт{number}" for number in range(600))
    words = words[:4999] + "я"
    person.works_on("demo")
    task = person.text(words)
    assert town.settle(task) == "done"
    assert task.text("transcript.txt") == words
    assert len(person.answers()) == 1
    assert "пункт599"[:6] in (task.text("prompt.md") or "")[-40:]


def test_a_long_voice_note_is_heard_whole(town: Town, person: Person) -> None:
    person.works_on("demo")
    task = person.voice(VOICES / "08-long.oga")
    town.settle(task)
    heard = load(task.path / "transcript.json")
    assert len(heard["segments"]) >= 2
    assert heard["audio_seconds"] == pytest.approx(38.95, abs=0.5)
    assert len((task.text("transcript.txt") or "").split()) > 60


def test_a_photo_with_a_caption_is_work_and_without_one_is_asked_about(town: Town, person: Person) -> None:
    person.works_on("demo")
    captioned = person.photo(PNG, caption="поставь это на главную")
    assert town.settle(captioned) == "done"
    assert str(captioned.path / "photo.jpg") in (captioned.text("prompt.md") or "")
    bare = person.photo(PNG)
    town.settle(bare)
    assert person.answer(2).text.startswith("Не понял, что сделать.")


# -- answers ---------------------------------------------------------------------------------------


def test_html_is_shown_literally(town: Town, person: Person) -> None:
    person.works_on("tags")
    assert person.asks("покажи теги").startswith("Теги <b>жирный</b> & <script>x</script> остались.")


def test_html_in_a_question_is_shown_literally(town: Town, person: Person) -> None:
    town.settle(person.text("вставь <b>тег</b> & амперсанд"), "unsorted")
    assert "«вставь <b>тег</b> & амперсанд»" in person.answer().text


def test_a_failed_tool_is_told_and_can_be_run_again(town: Town, person: Person) -> None:
    person.works_on("fails")
    task = person.text("сделай что-нибудь")
    assert town.settle(task) == "failed"
    answer = person.answer()
    assert answer.text.startswith("Не получилось. Инструмент «fails» закончил с ошибкой (код 3).")
    assert "всё сломалось" in (task.text("error.txt") or "")
    person.reaction(task, "💔")
    assert person.press(answer, "Ещё раз") == "Пробую ещё раз."
    person.answer(2)
    assert (task.path / "earlier" / "1" / "run" / "exit.json").exists()


def test_mode_audio_speaks_and_the_text_stands_under_it(town: Town, person: Person) -> None:
    person.works_on("demo", mode="audio")
    task = person.text("добавь заметку о погоде")
    town.settle(task)
    answer = person.answer()
    assert answer.method == "sendVoice"
    assert answer.params["duration"] == str(round(load(task.path / "speech.json")["seconds"]))
    assert task.text("speech.txt")


# -- the disk ---------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(world: World) -> Iterator[World]:
    """The spool on a filesystem of 4 MB."""
    mounted(world.spool, "4m")
    yield world
    subprocess.run(["umount", str(world.spool)], check=True)


def test_a_full_disk_loses_nothing_at_any_stage(api: BotApi, small_disk: World) -> None:
    """Each stage meets the full disk once: the ticket stays where it was, unspent, and then goes on."""
    world, spool = small_disk, Spool.open(small_disk.spool)
    world.config.write_text(world.config.read_text().replace("free_mb = 20", "free_mb = 0"))
    world.project("demo", "Демо")
    for stage in STAGES:
        if stage != "transcribe":
            once(world, stage)  # makes what a program that starts wants to have there
    with chats.change(spool, OWNER) as chat:
        chat.project, chat.until, chat.mode = "demo", time.time() + 600, "audio"
    api.say_voice(VOICES / "02-request-note.oga")
    once(world, "receive")
    (id,) = task_ids(spool)
    (spool.state / "alive" / "transcribe").touch()
    for stage in STAGES:
        assert place(spool, id) == f"{stage}/new"
        filler = spool.root / "state" / "filler"
        fill(filler)
        ended = once(world, stage)
        ticket = spool.find(id)
        assert ticket is not None
        assert (ticket.stage, ticket.box, ticket.attempts) == (stage, "new", 0), ended.log
        assert "disk full" in ended.log
        filler.unlink()
        ended = once(world, stage)
    assert place(spool, id) == "done", ended.log
    assert len(api.replies()) == 1
    assert api.replies()[0].method == "sendVoice"
    assert fsck(spool) == []


def fill(path: Path) -> None:
    """Leave no byte free."""
    with pytest.raises(OSError, match="No space left"):
        path.write_bytes(bytes(64 << 20))


# -- afterwards ------------------------------------------------------------------------------------


def test_every_task_has_one_ticket(town: Town) -> None:
    assert fsck(town.spool) == []


def test_the_token_is_nowhere(town: Town) -> None:
    """In no log, page or task; only in its own file."""
    secret = town.api.token.split(":")[1].encode()
    holders = {path for path, data in everything_below(town.world.root) if secret in data}
    assert holders == {town.world.etc / "secrets" / "telegram"}


def test_pages_tell_of_every_task(town: Town, person: Person) -> None:
    person.works_on("demo")
    task = person.text("последняя <i>заметка</i>")
    town.settle(task)
    page = town.world.settings.site / "task" / f"{task.id}.html"
    text = until(lambda: page.exists() and "готово" in (t := page.read_text("utf-8")) and t, page.parent)
    assert "<i>заметка</i>" not in text
    assert re.search(r"&lt;i&gt;заметка", text)


def test_no_program_had_to_be_restarted(town: Town) -> None:
    assert {p.name: p.restarts for p in town.supervisor.programs if p.restarts} == {}
