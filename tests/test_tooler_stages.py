"""A project on another box, through the real stages of this one: what a person may do with its tasks."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import msgspec
import pytest

from demo_world import git
from mock_llm import MockLlm
from real_agents import Agents, needed
from skazano import acts
from skazano.conversation import press_run
from skazano.execution import runs, undoing
from skazano.projects import load_all
from skazano.spool import MAX_ATTEMPTS
from skazano.task import TaskDir
from skazano.tooler.client import GIVEN_UP
from skazano.tooler.wire import Undoes
from stages import kill, once, place, running
from tooler_box import TOKEN, Far, Near, asked, task_id, until

pytestmark = pytest.mark.slow


class Two:
    """The box with the project `demo`, and the one whose person speaks of it."""

    def __init__(self, root: Path, more: str = "") -> None:
        self.far, self.near = Far(root / "far", more=more), Near(root / "near")
        self.folder = self.far.project("demo", tool="note", tools=self.far.tools)
        self.far.start()
        self.near.lives_on(self.far)

    def put(self, number: int, prompt: str = "Сделай", tool: str = "note") -> TaskDir:
        return self.near.task(number, prompt=prompt, tool=tool)

    def execute(self) -> None:
        ended = once(self.near.world, "execute")
        assert ended.code == 0, ended.log

    def run(self, number: int, prompt: str = "Сделай", tool: str = "note") -> TaskDir:
        task = self.put(number, prompt, tool)
        self.execute()
        return task

    def place(self, task: TaskDir) -> str:
        return place(self.near.spool, task.id)

    def pushed(self) -> str:
        shown = "--format=%s undoes:%(trailers:key=Undoes,valueonly)"
        return git(self.far.world.remote("demo"), "log", "--all", shown)


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    made = Two(tmp_path)
    yield made
    made.far.stop(signal.SIGKILL)


def test_undo_takes_the_commits_back_there(two: Two) -> None:
    task = two.run(1, "Запиши про кнопку")
    assert "кнопку" in (two.folder / "NOTES.md").read_text()
    assert task.json("commit.json")["commits"]
    assert undoing.request(two.near.spool, task.id)
    assert not undoing.request(two.near.spool, task.id)
    undo = TaskDir(two.near.spool.dir(task.id.replace("-tg-", "-undo-")))
    two.execute()
    assert two.place(undo) == "summarize/new", undo.text("error.txt")
    assert not (two.folder / "NOTES.md").exists()
    assert undo.text("result.md") == "Вернул всё, как было до этой задачи."
    assert two.pushed().count(f"undoes:{task.id}") == 1
    before = git(two.folder, "rev-parse", "HEAD")
    acts.retry(two.near.spool, undo.id, by="test", stage="execute")  # a second attempt is a second request
    two.execute()
    assert (two.place(undo), git(two.folder, "rev-parse", "HEAD")) == ("summarize/new", before)


def test_undo_that_cannot_be(two: Two) -> None:
    task = two.run(2, "Запиши раз")
    two.run(3, "Запиши два")
    (two.folder / "NOTES.md").write_text("всё переписано\n")
    git(two.folder, "commit", "--quiet", "-am", "Рукой")
    undoing.request(two.near.spool, task.id)
    two.execute()
    undo = TaskDir(two.near.spool.dir(task.id.replace("-tg-", "-undo-")))
    assert two.place(undo) == "reply/new"
    assert (undo.text("error.txt") or "").startswith("Вернуть не удалось: Отменить не вышло")
    assert (two.folder / "NOTES.md").read_text() == "всё переписано\n"


def test_undo_while_the_answer_is_lost(two: Two) -> None:
    """The same request twice, and the tooler killed in between: one revert."""
    task = two.run(4, "Запиши")
    commits = [made["sha"] for made in task.json("commit.json")["commits"]]
    wanted = asked(5, tool="undo", prompt="", undoes=Undoes(task=task.id, commits=commits))()
    body = msgspec.to_builtins(wanted)
    first = two.far.call("POST", "/runs", json=body).json()
    two.far.over(first["id"])
    os.unlink(two.far.store(first["id"]) / "result.json")  # as if it had been killed before it said so
    two.far.stop(signal.SIGKILL)
    two.far.start()
    assert two.far.call("POST", "/runs", json=body).json()["id"] == first["id"]
    assert two.far.over(first["id"])["result"]["exit"]["code"] == 0
    assert two.pushed().count(f"undoes:{task.id}") == 1


def test_cut_off_there_is_asked_about_and_can_go_again(two: Two) -> None:
    task = two.put(6, tool="gated")
    with running(two.near.world, "execute"):
        until(lambda: task.text("run/stdout.log") == "begun", "the log here")
        pid = two.far.look(task.json("run/remote.json")["run"])["pid"]
        two.far.stop(signal.SIGKILL)
        os.kill(pid, signal.SIGKILL)
        two.far.start()
        until(lambda: two.place(task) == "hold", "the question")
    assert runs.state(task) == "cut-off"
    assert task.has(f"run/{GIVEN_UP}")
    acts.retry(two.near.spool, task.id, by="button", stage="execute")
    with running(two.near.world, "execute"):
        two.far.open_gate()
        until(lambda: two.place(task) == "summarize/new", "the end")
    assert two.far.ran("demo") == [task.id] * 2
    assert task.json("run/exit.json")["code"] == 0


def test_killed_as_often_as_you_like_while_the_box_is_away(two: Two) -> None:
    two.far.stop()
    task = two.put(50)
    for _ in range(MAX_ATTEMPTS + 1):
        with running(two.near.world, "execute") as program:
            until(lambda: two.place(task) == "execute/run", "its turn")
            kill(program)
    two.far.start()
    two.execute()
    assert two.place(task) == "summarize/new", task.text("error.txt")


def test_a_run_is_awaited_where_it_is_whatever_its_project_says(two: Two) -> None:
    task = two.put(51, tool="gated")
    file = two.near.world.settings.projects / "demo.toml"
    with running(two.near.world, "execute") as program:
        until(lambda: task.text("run/stdout.log") == "begun", "the log here")
        kill(program)
    file.write_text(file.read_text().replace('box = "far"', f'path = "{two.folder}"'))
    two.far.open_gate()
    two.execute()
    assert (two.place(task), two.far.ran("demo")) == ("summarize/new", [task.id])
    assert task.json("run/exit.json")["box"] == "far"


def test_a_project_that_breaks_while_its_run_is_out(two: Two) -> None:
    task = two.put(52, tool="gated")
    file = two.near.world.settings.projects / "demo.toml"
    whole = file.read_text()
    with running(two.near.world, "execute") as program:
        until(lambda: task.text("run/stdout.log") == "begun", "the log here")
        kill(program)
    file.write_text("title = \n")
    two.execute()
    assert two.place(task) == "reply/new"
    with two.near.spool.take(task.id) as held:
        held.park("failed")
    file.write_text(whole)
    two.far.open_gate()
    assert acts.retry(two.near.spool, task.id, by="test", stage="execute") == "execute"
    with running(two.near.world, "execute"):
        two.far.open_gate()
        until(lambda: two.place(task) == "summarize/new", "the end")
    assert two.far.ran("demo") == [task.id] * 2


def test_cancelled_by_the_person(two: Two) -> None:
    task, waiting = two.put(7, tool="gated"), two.put(8, tool="gated")
    with running(two.near.world, "execute"):
        until(lambda: task.text("run/stdout.log") == "begun", "the log here")
        assert acts.cancel(two.near.spool, waiting.id, by="button") == "cancelled"
        assert acts.cancel(two.near.spool, task.id, by="button") == "stopping"
        until(lambda: two.place(task) == "summarize/new", "the end")
    assert task.json("run/exit.json")["stopped"] is True
    assert task.json("commit.json")["commits"]
    assert "Не закончено" in two.pushed()
    assert two.far.ran("demo") == [task.id]
    assert two.place(waiting) == "reply/new"


def test_jumping_the_queue(two: Two) -> None:
    ids = []
    first, second, third = (two.put(number, tool="gated") for number in (10, 11, 12))
    with running(two.near.world, "execute"):
        until(lambda: first.text("run/stdout.log") == "begun", "the log here")
        context = type("C", (), {"spool": two.near.spool})()
        assert press_run.jump(third.id, "", context, "ru") == "Следующая в очереди."
        for task in (first, third, second):
            two.far.open_gate()
            until(lambda task=task: two.place(task) == "summarize/new", "the end")
            ids.append(task.id)
    assert two.far.ran("demo") == ids


def test_projects_elsewhere_take_no_place_here(two: Two) -> None:
    """One run at a time here, and the other box is away: what is to be done here is done."""
    near = two.near.world
    with near.config.open("a") as config:
        config.write("[execute]\nparallel = 1\n")
    near.project("local", "Тут")
    near.project("away", "Там", box="far")
    two.far.stop()
    waiting = [two.put(40), two.near.task(41, project="away", tool="note")]
    with running(near, "execute"):
        local = two.near.task(42, project="local", tool="note")
        until(lambda: two.place(local) == "summarize/new", "what is to be done here")
        assert [two.place(task) for task in waiting] == ["execute/run"] * 2
        two.far.project("away")
        two.far.start()
        until(lambda: [two.place(task) for task in waiting] == ["summarize/new"] * 2, "the rest")


def test_the_day_s_limit_is_this_box_s_too(two: Two) -> None:
    file = two.near.world.settings.projects / "demo.toml"
    file.write_text(file.read_text() + "day_runs = 1\n")
    assert two.place(two.run(13)) == "summarize/new"
    refused = two.run(14)
    assert two.place(refused) == "reply/new"
    assert "Демо" in (refused.text("error.txt") or "")
    assert [path.name for path in (two.far.world.spool / "state/tooler/runs").glob("*/*")] == [task_id(13)]


def test_what_the_other_box_does_not_have(two: Two) -> None:
    refused = two.run(15, tool="absent")
    assert two.place(refused) == "reply/new"
    assert "нет инструмента «absent»" in (refused.text("error.txt") or "")
    two.near.secret("far", "x" * 40)
    assert "не узнаёт нас" in (two.run(16).text("error.txt") or "")
    two.near.secret("far", TOKEN)
    acts.retry(two.near.spool, refused.id, by="button", stage="execute")
    assert two.place(refused) == "execute/new"  # nothing is left that would stand in the way


def test_a_photo_goes_along(two: Two) -> None:
    task = two.put(50, tool="echo")
    (task.path / "photo.jpg").write_bytes(bytes(range(256)) * 9000)
    card = task.load()
    card.attachments = ["photo.jpg", "../../../etc/passwd"]
    task.save(card)
    task.write("prompt.md", f"Посмотри\n\nПриложено:\n- {task.path / 'photo.jpg'}")
    two.execute()
    asked, _, path = (task.text("result.md") or "").rpartition("- ")
    assert asked == "Посмотри\n\nПриложено:\n"
    assert path.startswith(str(two.far.world.spool))
    assert Path(path).read_bytes() == (task.path / "photo.jpg").read_bytes()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        return


def test_a_picture_of_a_page_comes_back(tmp_path: Path) -> None:
    pytest.importorskip("playwright")
    (tmp_path / "page").mkdir()
    page = "<meta charset=utf-8><title>Страница</title><h1>Здравствуйте</h1>"
    (tmp_path / "page/index.html").write_text(page)
    where = str(tmp_path / "page")
    server = ThreadingHTTPServer(("127.0.0.1", 0), lambda *given: _Quiet(*given, directory=where))
    Thread(target=server.serve_forever, daemon=True).start()
    two = Two(tmp_path, '[tools.browser]\nkind = "browser"\n')
    task = two.run(20, f"Открой http://127.0.0.1:{server.server_port}/", "browser")
    two.far.stop()
    server.shutdown()
    if "Chromium" in (task.text("error.txt") or ""):
        pytest.skip("no chromium here")
    assert "Здравствуйте" in (task.text("result.md") or ""), task.text("error.txt")
    [picture] = task.json("run/exit.json")["pictures"]
    assert (task.path / picture).read_bytes()[:4] == b"\x89PNG"


@needed("claude")
def test_what_was_refused_there_is_allowed_here(tmp_path: Path) -> None:
    """The press adds the rule to this box's project; the request carries it, the same session goes on."""
    with MockLlm() as server:
        agents = Agents(tmp_path / "agents", server)
        far = Far(tmp_path / "far", world=agents.world)
        far.start()
        near = Near(tmp_path / "near")
        near.lives_on(far)
        steps = [
            {"tool": "Bash", "input": {"command": "touch made.txt", "description": "x"}},
            {"text": "Всё."},
        ]
        script = f"[[mock:{json.dumps({'steps': steps})}]]"
        task = near.task(30, prompt=script, tool="claude")

        def execute() -> dict[str, Any]:
            ended = once(near.world, "execute")
            assert ended.code == 0, ended.log
            return dict(task.json("run/exit.json") or {})

        assert execute()["denials"] == [{"what": "Bash: touch made.txt", "rule": "Bash(touch *)"}]
        session = task.load().session
        assert session
        context = type("C", (), {"spool": near.spool, "settings": near.world.settings})()
        context.projects = lambda: load_all(near.world.settings)
        assert press_run.allow(task.id, "", context, "ru") == "Разрешено: Bash(touch *). Продолжаю."
        assert load_all(near.world.settings)["demo"].allow == ["Bash(touch *)"]
        task.write_json("resume.json", {"session": session, "prompt": script})
        ended = execute()
        assert (ended.get("denials"), ended["ok"], task.load().session) == (None, True, session)
        assert (agents.folder / "made.txt").exists()
        assert ended["tokens"]["input"] > 0
        assert "allow" not in (agents.world.settings.projects / "demo.toml").read_text()
        spent = next((near.spool.state / "spent").glob("*/demo.jsonl")).read_text().splitlines()
        assert [json.loads(line)["cost"] > 0 for line in spent] == [True, True]
        assert "> Bash touch made.txt" in (task.text("run/stdout.log") or "")
        far.stop()
