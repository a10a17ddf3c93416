"""Undo: a button under the answer takes a task's commits back, once, and says so."""

from __future__ import annotations

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
