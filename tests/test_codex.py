"""The kind `codex` with the real program from npm, against a model server on loopback."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from mock_llm import MockLlm
from real_agents import KEY, Agents, exit_of, needed, program
from skazano import acts
from skazano.tools import codex
from stages import everything_below, family, place, running, until

pytestmark = needed("codex")


def test_the_program_behind_npms_wrapper_is_run() -> None:
    found = Path(codex.native(str(program("codex")), os.environ["PATH"]))
    assert found.name == "codex"
    assert found.open("rb").read(4) == b"\x7fELF"


def test_work_is_done_committed_and_counted(agents: Agents) -> None:
    task = agents.run("[[mock:cx-patch]]", "codex")
    assert task.text("result.md") == "Created hello.txt and edited README.md."
    assert not task.has("error.txt")
    assert exit_of(task)["ok"] is True
    assert exit_of(task)["tokens"]["input"] > 1000
    assert agents.log().splitlines()[0] == "Задача"
    assert (agents.folder / "hello.txt").read_text() == "hello from mock\n"
    for path, data in everything_below(agents.spool.root):
        assert KEY.encode() not in data, path


def test_a_follow_up_goes_on_and_is_counted_by_itself(agents: Agents) -> None:
    first = agents.run("[[mock:cx-shell]] запомни слово ананас", "codex")
    second = agents.run("[[mock:default]]", "codex", parent=first.id, session=first.load().session)
    assert second.load().session == first.load().session
    assert "ананас" in json.dumps(agents.server.asked("/responses")[-1]["input"], ensure_ascii=False)
    thread = agents.spool.state / "sessions" / f"{second.load().session}.json"
    whole = json.loads(thread.read_text())["tokens"]
    assert exit_of(first)["tokens"]["input"] + exit_of(second)["tokens"]["input"] == whole["input"]


@pytest.mark.slow
def test_an_unknown_session_begins_afresh(agents: Agents) -> None:
    first = agents.run("[[mock:default]]", "codex")
    shutil.rmtree(agents.world.root / "home" / "codex")
    (agents.world.root / "home" / "codex").mkdir()
    second = agents.run("[[mock:cx-shell]]", "codex", parent=first.id, session=first.load().session)
    assert exit_of(second)["ok"] is True
    assert second.load().session != first.load().session


@pytest.mark.slow
def test_writing_outside_of_the_project_is_refused(agents: Agents) -> None:
    outside = Path("/var/tmp") / f"skazano-outside-{os.getpid()}"  # it may write in /tmp
    call = {"tool": "exec_command", "input": {"cmd": f"echo x > {outside}"}}
    script = {"steps": [call, {"text": "Пробовал."}]}
    task = agents.run(f"[[mock:{json.dumps(script)}]]", "codex")
    assert not outside.exists()
    assert exit_of(task)["ok"] is True


@pytest.mark.slow
@pytest.mark.parametrize(("script", "error"), [("badreq", "agent-refused"), ("auth", "agent-login")])
def test_an_error_of_the_service_is_told_in_a_sentence(agents: Agents, script: str, error: str) -> None:
    task = agents.run(f"[[mock:{script}]]", "codex")
    assert exit_of(task)["error"] == error
    assert "codex" in (task.text("error.txt") or "").splitlines()[0]


@pytest.mark.slow
def test_a_service_that_is_down_for_a_moment_is_waited_for(agents: Agents) -> None:
    agents.server.refuse = 2
    task = agents.run("[[mock:cx-patch]]", "codex")
    assert exit_of(task)["ok"] is True
    assert (agents.folder / "hello.txt").exists()


@pytest.mark.slow
def test_without_a_network_it_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with MockLlm() as server:
        agents = Agents(tmp_path, server)
    monkeypatch.setattr(codex, "OFFLINE", 3.0)  # and nothing listens there any more
    task = agents.put("[[mock:default]]", "codex")
    agents.once_here()
    assert exit_of(task)["stalled"] is True
    assert "без сети" in (task.text("error.txt") or "")


@pytest.mark.slow
def test_a_cancelled_run_leaves_nothing(agents: Agents) -> None:
    command = "trap '' TERM; touch begun; setsid sleep 1000 & sleep 1000"
    script = {"steps": [{"tool": "exec_command", "input": {"cmd": command, "yield_time_ms": 250000}}]}
    task = agents.put(f"[[mock:{json.dumps(script)}]]", "codex")
    with running(agents.world, "execute"):
        until((agents.folder / "begun").exists, agents.folder)
        acts.cancel(agents.spool, task.id, by="test")
        arrived = agents.spool.root / "summarize" / "new"
        until(lambda: place(agents.spool, task.id) == "summarize/new", arrived)
    assert exit_of(task)["stopped"] is True
    assert family(task.id) == []
