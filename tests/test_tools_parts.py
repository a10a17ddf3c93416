"""The parts of the tools: recorded events of the real programs, rules, pointers, what is kept of output."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skazano import files
from skazano.config import HOME, Tool, load
from skazano.execution import isolation
from skazano.execution.pump import TAIL, Kept, Lines, Stall
from skazano.execution.work import result
from skazano.projects import Project, broken, load_all
from skazano.tools import base, claude, codex, readable
from skazano.tools.base import RESULT_LIMIT, Denial, Job, Outcome, legible, pointer, session_of

SAMPLES = HOME / "tests" / "data" / "agents"
FINE = {"code": 0, "signal": None, "seconds": 1.0}


def job(run: Path, kind: str = "claude", **more: Any) -> Job:
    project = Project(
        slug="demo", title="Демо", aliases=[], path="/srv/demo", tool=kind, tools=[kind],
        remote=None, user=None, terms=[], hidden=False, allow=more.pop("allow", []),
    )  # fmt: skip
    given: dict[str, Any] = {
        "id": "x", "title": "t", "lang": "ru", "created": "2026-11-22T18:04:31Z", "prompt": "сделай",
        "prompt_file": run / "prompt.md", "run": run, "project": project, "path": "/bin",
        "tool": Tool(kind=kind),
    }  # fmt: skip
    return Job(**{**given, **more})


def recorded(tmp_path: Path, name: str) -> Path:
    """A run's directory with the events of a real one."""
    shutil.copy(SAMPLES / name, tmp_path / "events.jsonl")
    return tmp_path


# -- what recorded events mean --------------------------------------------------------------------


def test_half_a_letter_colours_and_odd_shapes_do_no_harm(tmp_path: Path) -> None:
    result = {
        "type": "result",
        "subtype": "success",
        "is_error": False,
        "result": "\ud83d Готово \ud83d\ude00",
    }
    odd = [{"type": "assistant", "message": "нет"}, {"type": "result", "permission_denials": {"a": 1}}, [], 7]
    strange = {"modelUsage": [], "permission_denials": ["x", {"tool_name": 1, "tool_input": "y"}]}
    lines = [*map(json.dumps, [*odd, {**result, **strange}]), "[" * 100_000]
    (tmp_path / "events.jsonl").write_text("\n".join(lines), encoding="ascii")
    found = claude.outcome(tmp_path, FINE, job(tmp_path))
    assert (found.ok, found.text) == (True, "? Готово 😀")
    odd = [
        {"type": "turn.completed", "usage": 1},
        {"type": "item.completed", "item": "x"},
        {"type": "turn.failed"},
    ]
    (tmp_path / "events.jsonl").write_text("\n".join(map(json.dumps, odd)), encoding="ascii")
    assert codex.outcome(tmp_path, FINE, job(tmp_path)).error == "agent-refused"
    assert legible("\x1b[1;31mкрасное\x1b[0m\0") == "красное"


@pytest.mark.slow
def test_an_answer_of_twenty_megabytes_is_read_and_cut(tmp_path: Path) -> None:
    event = {"type": "item.completed", "item": {"type": "agent_message", "text": "x" * 20_000_000 + " Итог."}}
    lines = [event, {"type": "turn.completed"}]
    (tmp_path / "events.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="ascii")
    found = codex.outcome(tmp_path, FINE, job(tmp_path))
    assert found.ok
    assert legible(found.text).endswith("x Итог.")
    assert len(legible(found.text)) < RESULT_LIMIT + 10


def test_refused_calls_are_a_sentence() -> None:
    calls = [Denial(what=f"Bash: touch {name * 100}") for name in "abcdef"]
    said = result(Outcome(text="Сделал.", denials=calls), {}, "ru")
    assert said.startswith("Сделал.\n\nНе разрешено, поэтому не сделано: Bash: touch aaa")
    assert said.endswith("ddd…; ….")
    assert len(said) < 400


def test_claude_success(tmp_path: Path) -> None:
    found = claude.outcome(recorded(tmp_path, "claude_success.jsonl"), FINE, job(tmp_path))
    assert found.ok
    assert found.text == "Edited README.md and created hello.txt."
    assert (found.turns, found.cost) == (5, 0.496855)
    assert found.tokens == {"input": 98536, "cached": 0, "output": 167}
    assert found.session == "90e56adf-bd90-47c1-87af-9d7b9c3c2fa4"


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("claude_api_400.jsonl", "agent-refused"),
        ("claude_overloaded.jsonl", "agent-down"),
        ("claude_max_turns.json", "max-turns"),
        ("claude_resume_unknown.jsonl", "session-gone"),
    ],
)
def test_claude_failures(tmp_path: Path, name: str, error: str) -> None:
    found = claude.outcome(recorded(tmp_path, name), {**FINE, "code": 1}, job(tmp_path))
    assert found.error == error
    assert found.unknown_session == (error == "session-gone")


@pytest.mark.parametrize(
    ("exit", "error"),
    [
        ({**FINE, "code": 1}, "tool-failed"),
        ({**FINE, "code": None, "signal": 9}, "tool-killed"),
        ({**FINE, "stopped": True}, "stopped"),
        ({**FINE, "timeout": True}, "tool-timeout"),
    ],
)
def test_a_success_flag_counts_only_with_a_good_end(tmp_path: Path, exit: dict[str, Any], error: str) -> None:
    found = claude.outcome(recorded(tmp_path, "claude_success.jsonl"), exit, job(tmp_path))
    assert found.error == error


def test_of_several_results_the_last_counts(tmp_path: Path) -> None:
    run = recorded(tmp_path, "claude_success.jsonl")
    error = (SAMPLES / "claude_api_400.jsonl").read_text().splitlines()[-1]
    with (run / "events.jsonl").open("a") as stream:
        stream.write(error + "\n")
    found = claude.outcome(run, FINE, job(tmp_path))
    assert found.error == "agent-refused"
    assert found.turns == 6


@pytest.mark.parametrize("kind", [claude, codex])
def test_no_result_is_a_failure_whatever_the_exit_code(tmp_path: Path, kind: Any) -> None:
    (tmp_path / "events.jsonl").write_text('{"type":"system","subtype":"init"}\nrubbish\n[1]\n')
    assert kind.outcome(tmp_path, FINE, job(tmp_path)).error == "no-result"


def test_codex_success(tmp_path: Path) -> None:
    found = codex.outcome(recorded(tmp_path, "codex_success.jsonl"), FINE, job(tmp_path, "codex"))
    assert found.ok
    assert found.text == "Created hello.txt and edited README.md."
    assert found.thread_tokens == {"input": 19802, "cached": 0, "output": 161}
    assert found.session == "01a202d9-9a58-7f02-93ed-cc71a015d62c"


@pytest.mark.parametrize("name", sorted(path.name for path in SAMPLES.iterdir()))
def test_every_recorded_event_has_its_text(name: str) -> None:
    kind = name.partition("_")[0]
    text = b"".join(readable.line(kind, raw) for raw in (SAMPLES / name).read_bytes().splitlines())
    text.decode()
    assert b'{"' not in text


@given(
    st.recursive(st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x))
)
def test_no_event_breaks_the_log(value: Any) -> None:
    for kind in ("claude", "codex", "chat", "command"):
        for type in ("assistant", "user", "result", "item.completed", "error", "delta"):
            event = {**value, "type": type} if isinstance(value, dict) else {"type": type, "message": value}
            readable.line(kind, json.dumps(event).encode())


# -- claude's rules -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "rule"),
    [
        ("touch evil", "Bash(touch *)"),
        ("git status && make all", "Bash(make *)"),
        ("cat a | curl http://x", "Bash(curl *)"),
        ("rm -rf build", "Bash(rm -rf build)"),
        ("python3 setup.py", "Bash(python3 setup.py)"),
        ("sudo bash -c 'id'", ""),
        ("rm -rf $HOME/*", ""),
        ("git push --force", ""),
        ("./run.sh", "Bash(./run.sh)"),
        ("", ""),
    ],
)
def test_the_rule_that_would_allow_a_command(tmp_path: Path, command: str, rule: str) -> None:
    found = claude._denial("Bash", {"command": command}, job(tmp_path))
    assert found.rule == rule


@pytest.mark.parametrize("name", ["Write", "Edit", "Read", "NotebookEdit", "Odd Tool", "Bash"])
def test_no_button_opens_what_lies_outside(tmp_path: Path, name: str) -> None:
    assert claude._denial(name, {"file_path": "/etc/passwd"}, job(tmp_path)).rule == ""


@pytest.mark.parametrize(
    "rule", ["Edit", "Write", "Write()", "Edit(*)", "Write(**)", "Edit(//**)", "MultiEdit"]
)
def test_a_rule_that_lets_it_write_anywhere_is_refused(tmp_path: Path, rule: str) -> None:
    (tmp_path / "projects").mkdir()
    (tmp_path / "projects" / "demo.toml").write_text(f'title = "x"\nallow = ["{rule}"]\n')
    settings = load(tmp_path / "skazano.toml")
    assert load_all(settings) == {}
    assert ["anywhere" in str(error) for error in broken(settings)] == [True]


def test_claudes_settings_never_have_a_bare_edit(tmp_path: Path) -> None:
    plan = claude.plan(job(tmp_path, allow=["Bash(make *)"], session="abc"))
    allowed = json.loads(plan.files["settings.json"])["permissions"]["allow"]
    assert {"Edit(./**)", "Write(./**)", "Bash(make *)"} <= set(allowed)
    assert not {"Edit", "Write", "Bash"} & set(allowed)
    assert plan.argv[plan.argv.index("--setting-sources") + 1] == "user"
    assert plan.argv[-2:] == ["--resume", "abc"]
    assert plan.stdin == "сделай"


# -- small parts ----------------------------------------------------------------------------------


def test_json_pointers() -> None:
    value = {"a": [{"b/c": 1}, {"~": 2}], "": 3}
    assert pointer(value, "/a/0/b~1c") == 1
    assert pointer(value, "/a/-1/~0") == 2
    assert pointer(value, "") == value
    assert pointer(value, "/a/7") is None
    assert pointer(value, "/a/x/y") is None


def test_a_session_that_could_be_an_option_is_none() -> None:
    assert session_of("abc-1.2_3") == "abc-1.2_3"
    for bad in ("-x", "--help", "a b", "", ".x", None, 5, "x" * 200, "a/../b"):
        assert session_of(bad) is None


def test_a_log_keeps_its_beginning_and_its_end(tmp_path: Path) -> None:
    kept = Kept(str(tmp_path / "log"), 1000)
    for number in range(300_000):
        kept.write(b"%09d\n" % number)
    left_out = kept.close()
    text = (tmp_path / "log").read_bytes()
    assert text.startswith(b"000000000\n")
    assert text.endswith(b"000299999\n")
    assert left_out == 3_000_000 - 1000 - TAIL
    assert len(text) < 1000 + TAIL + 100


@given(st.lists(st.binary(max_size=20)))
def test_lines_are_the_same_however_they_come(pieces: list[bytes]) -> None:
    seen: list[bytes | None] = []
    lines = Lines(seen.append)
    for piece in pieces:
        lines.feed(piece)
    lines.end()
    assert seen == [line for line in b"".join(pieces).split(b"\n") if line]


def test_a_stall_is_only_what_nothing_else_interrupts() -> None:
    stall = Stall(codex.RECONNECTING, 5.0)
    again = b'{"type":"error","message":"Reconnecting... 1/5 (x)"}'
    stall.see(again)
    first = stall.until
    stall.see(again)
    assert stall.until == first is not None
    stall.see(b'{"type":"turn.completed"}')
    assert stall.until is None


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become somebody else")
def test_somebody_who_is_not_root_gets_a_namespace_too(tmp_path: Path) -> None:
    program = Path("/tmp") / f"skazano-isolation-{os.getpid()}.py"
    shutil.copy(isolation.__file__, program)
    program.chmod(0o644)
    try:
        command = [
            "setpriv",
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
            "/usr/bin/python3",
            "-I",
            "-S",
        ]
        done = subprocess.run([*command, str(program)], check=False, timeout=30)
    finally:
        program.unlink()
    assert done.returncode == (0 if isolation.allowed() else 1)


def test_trying_changes_nothing_here() -> None:
    before = os.readlink("/proc/self/ns/pid_for_children")
    isolation.allowed()
    assert os.readlink("/proc/self/ns/pid_for_children") == before


def test_what_a_tool_put_in_place_of_its_logs_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text('{"type": "secret"}\n')
    (tmp_path / "stdout.log").symlink_to(tmp_path / "secret")
    (tmp_path / "events.jsonl").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "stderr.log")
    (tmp_path / "exit.json").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / ".exit.json.tmp")
    assert (base.output(tmp_path), base.output(tmp_path, "stderr.log")) == ("", "")
    assert list(base.events(tmp_path)) == []
    assert files.read_json(tmp_path / "exit.json") is None
    with pytest.raises(OSError, match=r"exit\.json"):
        files.write_json(tmp_path / "exit.json", {})
    files.write_json(tmp_path / "exit.json", {"code": 0})  # the pipe is gone by then
    assert files.read_json(tmp_path / "exit.json") == {"code": 0}
