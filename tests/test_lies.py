"""A model server that lies, breaks off, drips and refuses: what comes of it is right, or the local rules'."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from botapi import BotApi
from llm_server import STEPS, LlmServer
from skazano.llm.base import Price
from skazano.llm.chain import Chain
from skazano.llm.gemini import Gemini
from skazano.llm.ledger import Ledger
from skazano.llm.openai_compatible import OpenAiCompatible
from skazano.spool import Spool, Ticket
from skazano.task import TaskDir
from skazano.understand.by_model import choose_project_with_model, refine_with_model, summarize_with_model
from skazano.understand.names import Name
from skazano.understand.refine import TITLE, refine_local
from skazano.understand.summarize import summarize_local
from stages import once
from test_family import say
from test_thinking import kind, thinking

__all__ = ["kind"]  # the fixture
pytestmark = pytest.mark.slow

NOTE = "ну поставь таймаут 30 секунд и не удаляй старые логи"
LOCAL = "Поставь таймаут 30 секунд и не удаляй старые логи."
RESULT = "# Готово\n\nТаймаут теперь 30 секунд, файл settings.py. Проверить на сервере не удалось.\n"
PROJECTS = [Name("ebench"), Name("rebench"), Name("demo", "Демо")]
SECONDS = 0.5  # that an answer may take
DAY = 10.0  # US dollars


def chain(server: LlmServer, kind: str, folder: Path) -> Chain:
    if kind == "gemini":
        engine: Gemini | OpenAiCompatible = Gemini("key-123456789", base_url=server.url)
    else:
        engine = OpenAiCompatible("openrouter", "m", server.url, "key-123456789", Price(1, 2))
    return Chain([engine], Ledger(folder / "models.json", lambda: 1e9, money=DAY), SECONDS, lambda _: None)


@pytest.mark.parametrize("step", sorted(STEPS))
def test_no_lie_changes_what_was_asked_or_done(tmp_path: Path, kind: str, step: str) -> None:
    with LlmServer([step]) as server:
        refined, asked = refine_with_model(chain(server, kind, tmp_path), NOTE, [], ["code", "browser"])
        assert refined.text in (LOCAL, f"{NOTE[0].upper()}{NOTE[1:]}.")
        assert (refined.tool, refined.subtasks) == (None, [])
        assert 0 < len(refined.title) <= TITLE
        assert refined.title.rstrip("…") in refined.text
        if asked.engine == "local":
            assert refined == refine_local(NOTE, [], ["code", "browser"])
            assert asked.fallback
        assert (tmp_path / "models.json").exists()
        (tmp_path / "models.json").unlink()
        slug, _ = choose_project_with_model(chain(server, kind, tmp_path), "re бэч", PROJECTS, "note")
        assert slug in (None, "rebench")
        (tmp_path / "models.json").unlink()
        said, told = summarize_with_model(chain(server, kind, tmp_path), RESULT)
        assert said == summarize_local(RESULT)
    state = json.loads((tmp_path / "models.json").read_text())
    assert math.isfinite(state["money"])
    assert 0 <= state["money"] < DAY
    assert math.isfinite(asked.cost + told.cost)


CONTENT = ["extra", "no-negation", "added-task", "sixty-subtasks", "wrong-tool", "trailers", "twice"]
BROKEN = ["html", "error-in-200", "gzip-garbage", "refused", "cut-off", "null-content", "infinite-cost"]


@pytest.mark.parametrize("step", CONTENT + BROKEN)
def test_the_stages_go_on(tmp_path: Path, api: BotApi, kind: str, step: str) -> None:
    with LlmServer([step]) as server:
        world = thinking(tmp_path, api, server, kind)
        spool = Spool.open(world.spool)
        id = say(spool, NOTE)
        for stage in ("route", "refine", "execute", "summarize"):
            ended = once(world, stage)
            assert ended.code == 0, ended.log
    task = TaskDir(spool.dir(id))
    assert spool.find(id) == Ticket(id, "new", "reply")
    assert str(task.text("refined.txt")).removeprefix("Ну ").lower() == LOCAL.lower()
    assert "\n" not in str(task.load().title)
    for event in [
        e for e in task.events() if e["stage"] in ("refine", "summarize") and e["event"] != "received"
    ]:
        assert event["engine"] == f"my-{kind}" or event["fallback"]


def test_an_outage_costs_one_time_out_and_not_one_a_task(tmp_path: Path, api: BotApi, kind: str) -> None:
    with LlmServer(["dripping"]) as server:
        world = thinking(tmp_path, api, server, kind)
        config = world.config.read_text()
        world.config.write_text(config.replace("seconds = 5.0", "seconds = 0.5"))
        spool = Spool.open(world.spool)
        ids = [say(spool, f"добавь кнопку {word}", number=n) for n, word in enumerate(("да", "нет", "ой"), 1)]
        for stage in ("route", "refine"):
            assert once(world, stage).code == 0
        assert len(server.requests) == 1
    events = [TaskDir(spool.dir(id)).events()[-1] for id in ids]
    assert [event["engine"] for event in events] == ["local"] * 3
    assert "no whole answer in 0 s" in events[0]["fallback"]
    assert all("resting after" in event["fallback"] for event in events[1:])
