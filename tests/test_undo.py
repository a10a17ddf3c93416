"""Undo: a button under the answer takes a task's commits back, once, and says so."""

from __future__ import annotations

import pytest

from botapi import BotApi
from demo_world import World, git
from skazano.execution import undoing
from skazano.spool import Spool, Ticket
from skazano.task import TaskDir
from stages import once
from test_family import say


def run(world: World) -> None:
    for stage in ("route", "refine", "execute", "summarize", "reply"):
        assert once(world, stage).code == 0


def test_the_work_is_taken_back_and_pushed(world: World, spool: Spool, api: BotApi) -> None:
    folder = world.project("demo", "Демо")
    id = say(spool, "добавь кнопку")
    run(world)
    assert (folder / "NOTES.md").exists()
    assert undoing.request(spool, id)
    assert not undoing.request(spool, id)
    run(world)
    undone = id.replace("-tg-", "-undo-")
    assert spool.find(undone) == Ticket(undone, "done")
    assert not (folder / "NOTES.md").exists()
    branch = git(folder, "branch", "--show-current")
    remote = git(world.remote("demo"), "log", "-1", "--format=%(trailers:key=Undoes,valueonly)", branch)
    assert remote == id
    assert str(TaskDir(spool.dir(undone)).text("answer.txt")).startswith("Вернул всё, как было")
    assert "0 файлов" not in str(TaskDir(spool.dir(undone)).text("answer.txt"))


def test_what_cannot_be_reverted_is_told(world: World, spool: Spool) -> None:
    folder = world.project("demo", "Демо")
    id = say(spool, "добавь кнопку")
    run(world)
    (folder / "NOTES.md").write_text("всё иначе\n", encoding="utf-8")
    git(folder, "commit", "--quiet", "-am", "Иначе")
    undoing.request(spool, id)
    run(world)
    undone = id.replace("-tg-", "-undo-")
    assert spool.find(undone) == Ticket(undone, "failed")
    assert str(TaskDir(spool.dir(undone)).text("error.txt")).startswith("Вернуть не удалось")
    assert (folder / "NOTES.md").read_text(encoding="utf-8") == "всё иначе\n"


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("project", "проекта «demo» больше нет."),
        ("folder", "папки проекта «Демо» нет: "),
        ("commit", "нет: её работа не здесь или уже убрана."),
        ("git", "В проекте нет git."),
        ("box", "в файле проекта «demo» ошибка"),
    ],
)
def test_whatever_is_gone_is_said_in_one_sentence(world: World, spool: Spool, what: str, told: str) -> None:
    folder = world.project("demo", "Демо", remote=False)
    id = say(spool, "добавь кнопку")
    run(world)
    undoing.request(spool, id)
    card = world.settings.projects / "demo.toml"
    if what == "project":
        card.unlink()
    elif what == "folder":
        folder.rename(folder.with_name("moved"))
    elif what == "commit":
        git(folder, "reset", "--quiet", "--hard", "HEAD~1")
    elif what == "git":
        (folder / ".git").rename(folder / "git")
    else:
        card.write_text('title = "Демо"\ntool = "note"\nbox = "far"\n', encoding="utf-8")
    run(world)
    undone = TaskDir(spool.dir(id.replace("-tg-", "-undo-")))
    assert spool.find(undone.id) == Ticket(undone.id, "failed")
    sentence = (undone.text("error.txt") or "").partition("\n")[0]
    assert sentence.startswith("Вернуть не удалось: ")
    assert told in sentence
