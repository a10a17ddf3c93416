"""What a run used, against what the model server gave it."""

from __future__ import annotations

import json
from datetime import date

import pytest

from mock_llm import MockLlm
from real_agents import Agents, exit_of, needed, shell, steps
from skazano.execution import budget

WRITES = "node -e \"fs.writeFileSync('made.txt', '1\\\\n2\\\\n3\\\\n')\""
KINDS = [
    pytest.param("claude", 2, marks=needed("claude")),
    pytest.param("codex", 2, marks=needed("codex")),
    pytest.param("chat", 1),
]
pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("kind", "turns"), KINDS)
def test_tokens_turns_and_lines_are_what_was_given(
    agents: Agents, llm: MockLlm, kind: str, turns: int
) -> None:
    before = len(llm.given)
    work = [shell(kind, WRITES)] if kind != "chat" else []
    task = agents.run(steps(*work, {"text": "Готово."}), kind)
    given, found = llm.given[before:], exit_of(task)
    wanted = {"input": sum(i for i, _ in given), "cached": 0, "output": sum(o for _, o in given)}
    assert (found["tokens"], found["turns"]) == (wanted, turns)
    assert (found["files"], found["added"], found["removed"]) == ((0, 0, 0) if kind == "chat" else (1, 3, 0))
    event = task.events()[-1]
    assert {key: event.get(key) for key in ("tokens", "turns", "cost", "seconds", "files", "added")} == {
        key: found.get(key) for key in ("tokens", "turns", "cost", "seconds", "files", "added")
    }
    day = agents.spool.state / "spent" / date.today().isoformat() / "demo.jsonl"
    (line,) = map(json.loads, day.read_text().splitlines())
    assert (line["tokens"], line.get("cost"), line["seconds"]) == (
        wanted,
        found.get("cost"),
        found["seconds"],
    )


def test_minutes_and_money_of_the_day_are_limits(agents: Agents) -> None:
    file = agents.world.settings.projects / "demo.toml"
    plain = file.read_text()
    first = agents.run("[[mock:default]]", "chat")
    cost, seconds = exit_of(first)["cost"], exit_of(first)["seconds"]
    for limit, words in (
        (f"day_cost = {cost / 2:.9f}", "$"),
        (f"day_minutes = {seconds / 120:.9f}", "минут"),
    ):
        file.write_text(f"{plain}{limit}\n")
        told = agents.run("[[mock:default]]", "chat").text("error.txt") or ""
        assert "предел проекта «Демо»" in told
        assert words in told
    assert budget.today(agents.spool, "demo")["runs"] == 1


@needed("codex")
def test_codex_in_circles_is_stopped(agents: Agents) -> None:
    config = agents.world.config
    config.write_text(config.read_text().replace('kind = "codex"', 'kind = "codex"\nturns = 4'))
    task = agents.run(steps(*[shell("codex", "echo loop >> loop.txt")] * 40), "codex")
    assert (exit_of(task)["error"], exit_of(task)["circles"]) == ("max-turns", 4)
    assert "зациклился" in (task.text("error.txt") or "")
    assert agents.log().splitlines()[0] == "Не закончено: Задача"
