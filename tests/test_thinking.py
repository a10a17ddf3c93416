"""Language models in the stages: the real stage processes against a model server on a socket."""

from __future__ import annotations

from pathlib import Path

import pytest

from botapi import BotApi
from demo_world import World
from llm_server import LlmServer
from skazano.spool import Spool, Ticket
from skazano.task import TaskDir
from stages import once
from test_family import say

KEY = "sk-test-0123456789abcdef"
MODELS = """
[models]
order = ["{kind}"]
seconds = 5.0
[models.engines.{kind}]
kind = "{protocol}"
model = "test-model"
base_url = "{url}"
secret = "{kind}-key"
price_input = 1.0
price_output = 2.0
"""


@pytest.fixture(params=["openai", "gemini"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def thinking(tmp_path: Path, api: BotApi, server: LlmServer, kind: str) -> World:
    url = server.url + ("/api/v1" if kind == "openai" else "")
    world = World(tmp_path, api, more=MODELS.format(kind=f"my-{kind}", protocol=kind, url=url))
    secret = world.etc / "secrets" / f"my-{kind}-key"
    secret.write_text(KEY)
    secret.chmod(0o600)
    world.project("demo", "Демо")
    return world


def test_refine_and_summarize_ask_the_model(tmp_path: Path, api: BotApi, kind: str) -> None:
    with LlmServer(["honest"]) as server:
        world = thinking(tmp_path, api, server, kind)
        spool = Spool.open(world.spool)
        id = say(spool, "ну добавь кнопку выхода")
        logs = [once(world, stage).log for stage in ("route", "refine", "execute", "summarize")]
        asked = len(server.requests)
    task = TaskDir(spool.dir(id))
    assert asked == 2
    events = {event["stage"]: event for event in task.events()}
    for stage, prompt in (("refine", "refine/"), ("summarize", "summarize/")):
        assert events[stage]["engine"] == f"my-{kind}"
        assert events[stage]["prompt"].startswith(prompt)
        assert events[stage]["cost"] > 0
    assert task.text("answer.txt").startswith("Записал")
    everything = "".join(logs) + "".join(
        p.read_text(errors="replace") for p in world.spool.rglob("*") if p.is_file()
    )
    assert KEY not in everything


@pytest.mark.parametrize("trouble", ["503", "401", "html", "broken-json", "extra", "drop"])
def test_without_a_right_answer_the_local_rules_do_it(tmp_path: Path, api: BotApi, trouble: str) -> None:
    with LlmServer([trouble]) as server:
        world = thinking(tmp_path, api, server, "openai")
        spool = Spool.open(world.spool)
        id = say(spool, "ну добавь кнопку выхода")
        for stage in ("route", "refine"):
            assert once(world, stage).code == 0
    task = TaskDir(spool.dir(id))
    assert task.text("refined.txt") == "Добавь кнопку выхода."
    refined = task.events()[-1]
    assert refined["engine"] == "local"
    assert refined["fallback"]
    assert KEY not in refined["fallback"]
    assert spool.find(id) == Ticket(id, "new", "execute")


def test_a_name_that_the_ear_does_not_know_is_asked_of_the_model(tmp_path: Path, api: BotApi) -> None:
    with LlmServer([{"value": {"slug": "demo"}}, {"value": {"slug": "no-such"}}]) as server:
        world = thinking(tmp_path, api, server, "openai")
        spool = Spool.open(world.spool)
        sure = say(spool, "настройки проект главная витрина добавь кнопку", project=None)
        once(world, "route")
        lied = say(spool, "настройки проект синяя птица добавь ссылку", number=2, project=None, chat=7)
        once(world, "route")
    assert TaskDir(spool.dir(sure)).load().project == "demo"
    assert spool.find(lied) == Ticket(lied, "unsorted")


def test_an_engine_without_its_key_is_left_out_and_said(tmp_path: Path, api: BotApi) -> None:
    with LlmServer(["honest"]) as server:
        world = thinking(tmp_path, api, server, "openai")
        (world.etc / "secrets" / "my-openai-key").unlink()
        spool = Spool.open(world.spool)
        id = say(spool, "добавь кнопку")
        for stage in ("route", "refine"):
            once(world, stage)
        assert server.requests == []
    assert "no key" in TaskDir(spool.dir(id)).events()[-1]["fallback"]


def test_an_unknown_engine_is_a_clear_error(world: World, spool: Spool) -> None:
    with world.config.open("a", encoding="utf-8") as stream:
        stream.write('[models]\norder = ["gemeni"]\n')
    ended = once(world, "refine")
    assert ended.code == 78
    assert "models.order: no engine 'gemeni'; there are: gemini, openrouter" in ended.log
