"""The kind `claude` with the real program from npm, against a model server on loopback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from demo_world import git
from real_agents import KEY, Agents, exit_of, needed, shell, steps
from skazano import acts
from skazano.conversation import press_run
from skazano.execution import budget, runs
from skazano.projects import load_all
from skazano.task import TaskDir
from stages import everything_below, family, kill, place, running, story, terminate, until

pytestmark = needed("claude")


def bash(command: str) -> dict[str, object]:
    return shell("claude", command)


def done(agents: Agents, task: TaskDir) -> None:
    """Wait until execute has handed the task on."""
    until(lambda: place(agents.spool, task.id) == "summarize/new", agents.spool.root / "summarize" / "new")


def test_work_is_done_committed_and_counted(agents: Agents) -> None:
    task = agents.run("[[mock:full]]", "claude")
    assert task.text("result.md") == "Edited README.md and created hello.txt."
    assert not task.has("error.txt")
    found = exit_of(task)
    assert found["ok"] is True
    assert found["turns"] == 5
    assert found["tokens"]["input"] > 1000
    assert found["cost"] > 0
    assert (found["files"], found["added"], found["removed"]) == (2, 2, 1)
    event = task.events()[-1]
    assert (event["cost"], event["turns"]) == (found["cost"], 5)
    card = task.load()
    assert card.session == found["session"]
    trailer = git(agents.folder, "log", "-1", "--format=%(trailers:key=Session,valueonly)").strip()
    assert trailer == card.session
    shown = task.text("run/stdout.log") or ""
    assert "> Bash git status --short" in shown
    assert "Edited README.md" in shown
    assert place(agents.spool, task.id) == "summarize/new"


@pytest.mark.slow
def test_the_key_is_in_no_file_and_in_no_argument(agents: Agents) -> None:
    agents.run("[[mock:bash]]", "claude")
    for path, data in everything_below(agents.spool.root):
        assert KEY.encode() not in data, path


@pytest.mark.slow
def test_what_was_refused_is_told_allowed_and_gone_on_with(agents: Agents) -> None:
    script = steps(bash("touch made.txt"), {"text": "Закончил."})
    task = agents.run(script, "claude")
    assert exit_of(task)["denials"] == [{"what": "Bash: touch made.txt", "rule": "Bash(touch *)"}]
    assert "touch made.txt" in (task.text("result.md") or "")
    assert press_run.refused(task) == ["Bash(touch *)"]
    session = task.load().session
    rules = ["Bash(touch *)"]
    agents.world.settings.projects.joinpath("demo.toml").open("a").write(f"allow = {json.dumps(rules)}\n")
    assert load_all(agents.world.settings)["demo"].allow == rules
    resume = {"session": session, "prompt": script}
    acts.retry(agents.spool, task.id, by="button", stage="execute", resume=resume)
    agents.once()
    assert not exit_of(task).get("denials")
    assert task.load().session == session
    assert (agents.folder / "made.txt").exists()
    asked = agents.server.asked("/messages")[-1]["messages"]
    assert sum("This command requires approval" in json.dumps(message) for message in asked) == 1


def test_the_button_writes_the_rule_and_resumes(agents: Agents) -> None:
    task = agents.run(steps(bash("touch made.txt"), {"text": "Закончил."}), "claude")
    context = type("C", (), {"spool": agents.spool, "settings": agents.world.settings})()
    context.projects = lambda: load_all(agents.world.settings)
    told = press_run.allow(task.id, "", context, "ru")
    assert told == "Разрешено: Bash(touch *). Продолжаю."
    assert load_all(agents.world.settings)["demo"].allow == ["Bash(touch *)"]
    assert place(agents.spool, task.id) == "execute/new"
    assert task.json("resume.json")["session"] == task.load().session
    assert task.has("earlier/1/run/exit.json")


@pytest.mark.slow
def test_half_a_letter_in_an_answer_is_no_fault(agents: Agents) -> None:
    task = agents.run(steps({"text": "Готово \ud83d и \x1b[31mкрасно\x1b[0m"}), "claude")
    assert task.text("result.md") == "Готово ? и красно"
    assert story(agents.spool, task.id) == ["execute done"]


def test_writing_outside_of_the_project_is_refused_and_not_offered(agents: Agents, tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    task = agents.run(
        steps({"tool": "Write", "input": {"file_path": str(outside), "content": "x"}}, {"text": "Готово."}),
        "claude",
    )
    assert not outside.exists()
    assert exit_of(task)["denials"] == [{"what": f"Write: {outside}", "rule": ""}]
    assert press_run.refused(task) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("badreq", "agent-refused"),
        ("auth", "agent-login"),
        ("ratelimit", "agent-quota"),
    ],
)
def test_an_error_of_the_service_is_told_in_a_sentence(agents: Agents, script: str, error: str) -> None:
    task = agents.run(f"[[mock:{script}]]", "claude")
    assert exit_of(task)["error"] == error
    told = (task.text("error.txt") or "").splitlines()[0]
    assert "claude" in told
    assert len(told) < 400
    assert place(agents.spool, task.id) == "summarize/new"


@pytest.mark.slow
def test_a_stream_that_was_cut_is_answered_all_the_same(agents: Agents) -> None:
    task = agents.run("[[mock:drop]]", "claude")
    assert exit_of(task)["ok"] is True
    assert task.text("result.md") == "this answer is cut off in the middle of the stream"


@pytest.mark.slow
def test_a_service_that_is_down_for_a_moment_is_waited_for(agents: Agents) -> None:
    agents.server.refuse = 1
    task = agents.run("[[mock:write]]", "claude")
    assert exit_of(task)["ok"] is True
    assert (agents.folder / "hello.txt").exists()


@pytest.mark.slow
def test_going_in_circles_ends_and_what_was_done_is_kept(agents: Agents) -> None:
    write = {"tool": "Write", "input": {"file_path": "$CWD/part.txt", "content": "half\n"}}
    task = agents.run(steps(write, *[bash("echo loop")] * 60), "claude")
    assert exit_of(task)["error"] == "max-turns"
    assert "зациклился" in (task.text("error.txt") or "")
    assert agents.log().splitlines()[0] == "Не закончено: Задача"
    assert (agents.folder / "part.txt").read_text() == "half\n"


@pytest.mark.slow
def test_a_follow_up_goes_on_in_the_same_session(agents: Agents) -> None:
    first = agents.run("[[mock:write]] запомни слово ананас", "claude")
    second = agents.run("а теперь дальше", "claude", parent=first.id, session=first.load().session)
    assert second.load().session == first.load().session
    assert "ананас" in json.dumps(agents.server.asked("/messages")[-1]["messages"], ensure_ascii=False)


@pytest.mark.slow
def test_an_unknown_session_begins_afresh(agents: Agents) -> None:
    first = agents.run("[[mock:default]]", "claude")
    for folder in (agents.world.root / "home" / ".claude" / "projects").iterdir():
        for file in folder.glob("*.jsonl"):
            file.unlink()
    second = agents.run("[[mock:write]]", "claude", parent=first.id, session=first.load().session)
    assert exit_of(second)["ok"] is True
    assert second.load().session != first.load().session
    assert "execute session unknown" in story(agents.spool, second.id)
    assert budget.today(agents.spool, "demo")["runs"] == 2
    assert (agents.folder / "hello.txt").exists()


@pytest.mark.slow
def test_the_tool_sees_neither_the_spool_nor_secrets_nor_other_projects(agents: Agents) -> None:
    secret, other = agents.world.etc / "secrets" / "model", agents.other / "README.md"
    words = f"{secret} {other} {agents.spool.root / 'state' / 'format'}"
    code = "for (const f of process.argv.slice(1)) try { fs.readFileSync(f); console.log('READ', f) }"
    look = bash(f'node -e "{code} catch (e) {{ console.log(e.code) }}" {words}')
    task = agents.run(steps(look, {"text": "Посмотрел."}), "claude")
    shown = task.text("run/stdout.log") or ""
    assert shown.count("ENOENT") == 3
    assert "READ /" not in shown
    assert not exit_of(task).get("denials")


@pytest.mark.slow
def test_the_words_of_the_projects_claude_md_are_passed_on_and_its_hooks_are_not_run(agents: Agents) -> None:
    (agents.folder / "CLAUDE.md").write_text("Пиши стихами.\n", encoding="utf-8")
    hook = {"hooks": [{"type": "command", "command": f"touch {agents.folder}/hook-ran"}]}
    (agents.folder / ".claude").mkdir()
    (agents.folder / ".claude" / "settings.json").write_text(json.dumps({"hooks": {"SessionStart": [hook]}}))
    agents.run("[[mock:default]]", "claude")
    assert "Пиши стихами." in json.dumps(agents.server.asked("/messages")[-1]["system"], ensure_ascii=False)
    assert not (agents.folder / "hook-ran").exists()


def test_a_killed_daemon_finds_its_run_again(agents: Agents) -> None:
    gate = agents.folder / "gate"
    script = f"const f=require('fs');f.writeFileSync('begun','');while(!f.existsSync('{gate}'));"
    waits = bash(f'node -e "{script}"')
    task = agents.put(steps(waits, {"text": "Дождался."}), "claude")
    with running(agents.world, "execute") as program:
        until((agents.folder / "begun").exists, agents.folder)
        kill(program)
    assert runs.state(task) == "alive"
    with running(agents.world, "execute") as program:
        gate.write_text("")
        done(agents, task)
        terminate(program)
    assert task.text("result.md") == "Дождался."
    assert story(agents.spool, task.id) == ["execute done"]
    assert family(task.id) == []


@pytest.mark.slow
def test_a_cancelled_run_leaves_nothing_and_its_work_is_kept_as_unfinished(agents: Agents) -> None:
    write = {"tool": "Write", "input": {"file_path": "$CWD/part.txt", "content": "half\n"}}
    script = "process.on('SIGTERM',()=>{});require('fs').writeFileSync('begun','');setInterval(()=>0,99)"
    hangs = bash(f'node -e "{script}"')
    task = agents.put(steps(write, hangs, {"text": "Не дойдёт."}), "claude")
    with running(agents.world, "execute"):
        until((agents.folder / "begun").exists, agents.folder)
        assert acts.cancel(agents.spool, task.id, by="test") == "stopping"
        done(agents, task)
    assert exit_of(task)["stopped"] is True
    assert not task.has("error.txt")
    assert agents.log().splitlines()[0] == "Не закончено: Задача"
    assert family(task.id) == []


@pytest.mark.slow
def test_the_day_has_a_limit(agents: Agents) -> None:
    agents.world.settings.projects.joinpath("demo.toml").open("a").write("day_runs = 1\n")
    agents.run("[[mock:default]]", "claude")
    task = agents.run("[[mock:default]]", "claude")
    assert "предел проекта «Демо»" in (task.text("error.txt") or "")
    assert not task.has("run/started.json")


@pytest.mark.slow
def test_a_budget_stops_the_run(agents: Agents) -> None:
    agents.world.settings.projects.joinpath("demo.toml").open("a").write("day_cost = 0.15\n")
    task = agents.run(steps(*[bash("echo again")] * 8), "claude")
    assert exit_of(task)["error"] == "max-cost"
