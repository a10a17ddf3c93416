"""What a person in Telegram sees of runs: queue, silence, refusals, pictures, a run that was cut off."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from botapi import BotApi
from mock_llm import MockLlm
from real_agents import TOOLS as AGENT_TOOLS
from real_agents import needed, program
from skazano.projects import load_all
from stages import Person, Town, runner_of, until

MORE = """
[tools.waits]
kind = "command"
command = "/bin/sh"
args = ["-c", "touch begun-$SKAZANO_TASK; while [ ! -e gate ]; do sleep 0.05; done; echo Готово: дождался."]

[tools.silent]
kind = "command"
command = "/bin/sleep"
args = ["1000"]

[tools.talks]
kind = "command"
command = "/bin/sh"
args = ["-c", "echo '{\\"session\\":\\"s-1\\"}'; touch begun; sleep 1000"]
resume = ["-c", "echo '{\\"answer\\":\\"Продолжил сеанс.\\"}'"]
session = "/session"
answer = "/answer"

[tools.draws]
kind = "browser"

[execute]
tell_wait_seconds = 0.1
quiet_minutes = 0.01
"""


@pytest.fixture(scope="module")
def server() -> Iterator[MockLlm]:
    with MockLlm() as made:
        yield made


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, server: MockLlm) -> Iterator[Town]:
    root = tmp_path_factory.mktemp("tools")
    home = root / "home"
    (home / "codex").mkdir(parents=True)
    agents = AGENT_TOOLS.format(url=server.url, home=home, claude=program("claude"), codex=program("codex"))
    with BotApi() as api:
        names = ("receive", "route", "refine", "execute", "summarize", "reply")
        made = Town(root, api, names=names, more=MORE + agents)
        secret = made.world.etc / "secrets" / "model"
        secret.write_text("sk-test")
        secret.chmod(0o600)
        for slug, tool in (("waits", "waits"), ("silent", "silent"), ("talks", "talks"), ("draws", "draws")):
            made.world.project(slug, slug.title(), tool=tool, remote=False)
        made.world.project("agent", "Агент", tool="claude", remote=False)
        with made:
            yield made


@pytest.fixture
def somebody(place: Town) -> Person:
    return place.person()


def folder(place: Town, slug: str) -> Path:
    return place.world.settings.work / slug


def test_who_waits_is_told_and_can_go_first_or_give_up(place: Town, somebody: Person) -> None:
    somebody.works_on("waits")
    here = folder(place, "waits")
    first = somebody.text("сделай первое дело")
    until((here / f"begun-{first.id}").exists, here)
    second, third = somebody.text("сделай второе дело"), somebody.text("сделай третье дело")
    one, two = (f"Ждёт очереди: перед этой задачей ещё {ahead}." for ahead in (1, 2))
    place.api.wait_for(lambda: {one, two} <= {message.text for message in somebody.answers()})
    told = {message.text: message for message in somebody.answers()}
    assert somebody.press(told[two], "Без очереди") == "Следующая в очереди."
    assert somebody.press(told[one], "Не надо") == "Отменено."
    place.settle(second)
    (here / "gate").write_text("")
    for task in (first, third):
        place.settle(task)
    assert [act.text for act in somebody.answers_to(second)] == [one]  # whoever pressed «Не надо» knows
    assert not (here / f"begun-{second.id}").exists()


def test_a_silent_tool_can_be_stopped(place: Town, somebody: Person) -> None:
    somebody.works_on("silent")
    task = somebody.text("сделай тихо")
    told = somebody.answer()
    assert told.text.startswith("Инструмент «silent» молчит уже")
    somebody.press(told, "Остановить")
    place.settle(task)
    assert [act.text for act in somebody.answers()][1:] == ["Отменено: «Сделай тихо»."]


def test_a_run_that_was_cut_off_is_asked_about_and_goes_on(place: Town, somebody: Person) -> None:
    somebody.works_on("talks")
    here = folder(place, "talks")
    task = somebody.text("сделай с разговором")
    until((here / "begun").exists, here)
    os.kill(runner_of(task), signal.SIGKILL)
    place.settle(task, "hold")
    place.api.wait_for(lambda: any("прервалась" in act.text for act in somebody.answers()))
    asked = next(act for act in somebody.answers() if "прервалась" in act.text)
    assert [button["text"] for button in asked.buttons] == ["Ещё раз", "Продолжить", "Не надо"]
    assert somebody.press(asked, "Продолжить") == "Продолжаю."
    place.settle(task)
    assert "Продолжил сеанс." in somebody.answers()[-1].text


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium (Debian)")
def test_a_picture_comes_with_the_answer(place: Town, somebody: Person, server: MockLlm) -> None:
    somebody.works_on("draws")
    task = somebody.text(f"открой {server.url}/")
    place.settle(task)
    text, picture = somebody.answers()[-2:]
    assert server.url in text.text
    assert picture.method == "sendDocument"


@needed("claude")
def test_what_was_refused_is_allowed_by_a_button(place: Town, somebody: Person) -> None:
    somebody.works_on("agent")
    here = folder(place, "agent")
    task = somebody.text("сделай файл [[mock:touch]]")
    place.settle(task)
    refused = somebody.answers_to(task)[-1]
    assert "touch made.txt" in refused.text
    assert not (here / "made.txt").exists()
    told = somebody.press(refused, "Разрешить в этом проекте")
    assert told == "Разрешено: Bash(touch *). Продолжаю."
    place.api.wait_for(lambda: len(somebody.answers_to(task)) >= 2)
    place.settle(task)
    assert load_all(place.world.settings)["agent"].allow == ["Bash(touch *)"]
    resumed = json.loads((task.path / "run" / "argv.json").read_text())["argv"]
    assert resumed[resumed.index("--resume") + 1] == task.load().session
    assert "Bash(touch *)" in (task.text("run/stdin.txt") or "")
