"""A model's service that is out of reach for a while: the run goes on in its session, still as one run."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from demo_world import git
from mock_llm import MockLlm
from real_agents import Agents, exit_of, needed, shell, steps
from skazano import acts
from skazano.execution import budget, interruption
from skazano.tooler.crew import Crew
from skazano.tooler.store import Run, Store
from skazano.tooler.wire import Wanted
from stages import place, story
from tooler_box import request, until

LEAVES = "node -e \"require('fs').appendFileSync('ran.txt', 'x')\""
TOOLS = [pytest.param(name, marks=[pytest.mark.slow, needed(name)]) for name in ("claude", "codex")]


@pytest.fixture(autouse=True)
def _up_again(llm: MockLlm) -> Iterator[None]:
    yield
    llm.answers = None


def spent(agents: Agents) -> float:
    return budget.today(agents.spool, "demo")["runs"]


@pytest.mark.parametrize("tool", TOOLS)
def test_the_session_goes_on_when_the_service_is_back(agents: Agents, llm: MockLlm, tool: str) -> None:
    llm.answers = 1
    task = agents.put(steps(shell(tool, LEAVES), shell(tool, LEAVES), {"text": "Готово."}), tool)
    agents.once()
    assert place(agents.spool, task.id) == "execute/later"
    assert not task.has("result.md")
    assert (agents.folder / "ran.txt").read_text() == "x"
    after = agents.put("после", "note")
    agents.once()
    assert place(agents.spool, after.id) == "execute/new"  # not on a tree with half of another's work
    llm.answers = None
    agents.later()
    assert task.text("result.md") == "Готово."
    assert (agents.folder / "ran.txt").read_text() == "xx"
    assert story(agents.spool, task.id) == ["execute later", "execute interrupted", "execute done"]
    before = task.json("earlier/1/run/exit.json")
    assert before["session"] == exit_of(task)["session"] == task.load().session
    commit = task.json("commit.json")
    assert ([made["subject"] for made in commit["commits"]], commit["owner"]) == (["Задача"], [])
    assert (exit_of(task)["files"], exit_of(task)["added"]) == (1, 1)
    assert place(agents.spool, after.id) == "summarize/new"
    assert spent(agents) == 2


@pytest.mark.slow
@needed("claude")
def test_one_that_does_not_come_back_is_told_and_the_half_is_kept(agents: Agents, llm: MockLlm) -> None:
    agents.world.settings.projects.joinpath("demo.toml").open("a").write("day_runs = 1\n")
    llm.answers = 1
    task = agents.put(steps(shell("claude", LEAVES), {"text": "Готово."}), "claude")
    agents.once()
    for _ in interruption.PAUSES:
        assert not task.has("error.txt")
        agents.later()
    assert "не отвечает" in (task.text("error.txt") or "")
    assert agents.log().splitlines()[0] == "Не закончено: Задача"
    assert place(agents.spool, task.id) == "summarize/new"
    assert spent(agents) == 1


@pytest.mark.slow
@needed("claude")
def test_cancelled_while_it_waits_its_half_is_kept(agents: Agents, llm: MockLlm) -> None:
    llm.answers = 1
    task = agents.put(steps(shell("claude", LEAVES), {"text": "Готово."}), "claude")
    agents.once()
    assert acts.cancel(agents.spool, task.id, by="test") == "stopping"
    agents.once()
    assert place(agents.spool, task.id) == "summarize/new"
    assert not task.has("error.txt")
    assert agents.log().splitlines()[0] == "Не закончено: Задача"
    assert git(agents.folder, "status", "--porcelain") == ""


@pytest.fixture
def far(agents: Agents, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Run]]:
    """Has a request of another box carried out by a crew of its own, whose pauses are short."""
    monkeypatch.setattr(interruption, "PAUSES", (0.1, 0.1, 60.0))
    store = Store(agents.spool.state / "tooler")
    crew = Crew(agents.world.settings, store, lambda run: None)

    def asked(prompt: str, number: int) -> Run:
        wanted = request("demo", number, tool="claude", prompt=prompt, title="Задача")
        run, _ = store.add(Wanted(**wanted))
        crew.add(run, 0.0)
        return run

    yield asked
    crew.close()
    store.close()


@pytest.mark.slow
@needed("claude")
def test_on_another_box_too_it_is_one_run(agents: Agents, llm: MockLlm, far: Callable[..., Run]) -> None:
    llm.answers = 1
    run = far(steps(shell("claude", LEAVES), shell("claude", LEAVES), {"text": "Готово."}), 1)
    until(lambda: run.task.has("earlier/1/run/exit.json"), "its first part", 60)
    llm.answers = None
    ended = until(run.ended, "its end", 60)
    assert (ended.status, ended.result.exit["ok"]) == ("ended", True)
    assert (agents.folder / "ran.txt").read_text() == "xx"
    assert agents.log().splitlines()[0] == "Задача"
    assert [made["subject"] for made in run.task.json("commit.json")["commits"]] == ["Задача"]
    assert spent(agents) == 1


@pytest.mark.slow
@needed("claude")
def test_stopped_there_while_it_waits_its_half_is_kept(
    agents: Agents, llm: MockLlm, far: Callable[..., Run]
) -> None:
    llm.answers = 1
    run = far(steps(shell("claude", LEAVES), {"text": "Готово."}), 2)
    until(lambda: interruption.resume(run.task).get("times") == 3, "its longest pause", 60)
    run.task.write("cancel", "")
    assert until(run.ended, "its end", 30).status == "ended"
    assert agents.log().splitlines()[0] == "Не закончено: Задача"
    assert git(agents.folder, "status", "--porcelain") == ""


@pytest.mark.slow
def test_a_chat_is_asked_once_more(agents: Agents, llm: MockLlm) -> None:
    llm.answers = 0
    task = agents.put("[[mock:default]] вопрос", "chat")
    agents.once()
    assert place(agents.spool, task.id) == "execute/later"
    llm.answers = None
    agents.later()
    assert task.text("result.md") == "Hello from the mock model."
    assert "вопрос" in llm.asked("/chat/completions")[-1]["messages"][-1]["content"]
