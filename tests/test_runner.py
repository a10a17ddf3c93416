"""The runner as a program of its own: what it leaves on disk, whatever the tool does."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from skazano import files
from skazano.execution import runs
from skazano.execution.pump import TAIL, Kept
from skazano.task import TaskDir
from skazano.tools.base import output
from stages import mounted, until

BASE: dict[str, Any] = {
    "seconds": 60, "stdout": "stdout.log", "reads": "", "output_bytes": 1 << 20, "stall": None,
    "namespace": False, "hide": [], "show": [], "writable": [], "processes": 0, "secrets_by": "environment",
    "env": {"PATH": os.environ["PATH"], "SKAZANO_TASK": "t"},
}  # fmt: skip


def start(folder: Path, script: str, stdin: str = "", **more: Any) -> subprocess.Popen[bytes]:
    """The runner at work on a shell script."""
    run = folder / "run"
    run.mkdir()
    (run / "stdin.txt").write_text(stdin)
    wanted = {**BASE, "argv": ["/bin/sh", "-c", script], "cwd": str(folder), "stdin": str(run / "stdin.txt")}
    (run / "argv.json").write_text(json.dumps({**wanted, **more}))
    os.mkfifo(run / "control")
    lock = os.open(run / "lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", str(runs.RUNNER), str(run)], pass_fds=[lock], start_new_session=True
    )
    os.close(lock)
    return process


def play(folder: Path, script: str, **more: Any) -> dict[str, Any]:
    """exit.json of a run that went to its end."""
    process = start(folder, script, **more)
    assert process.wait(60) == 0
    told: dict[str, Any] = json.loads((folder / "run" / "exit.json").read_text())
    return told


def text(folder: Path, name: str = "stdout.log") -> str:
    return (folder / "run" / name).read_text(errors="replace")


def test_output_code_and_time(tmp_path: Path) -> None:
    told = play(tmp_path, "echo раз; echo два >&2; exit 7")
    assert (told["code"], told["signal"], told["stopped"], told["timeout"]) == (7, None, False, False)
    assert 0 < told["seconds"] < 30
    assert (text(tmp_path), text(tmp_path, "stderr.log")) == ("раз\n", "два\n")


def test_stdin_is_the_request_and_then_its_end(tmp_path: Path) -> None:
    play(tmp_path, "cat; echo конец", stdin="просьба\n")
    assert text(tmp_path) == "просьба\nконец\n"


@pytest.mark.parametrize("namespace", [False, True])
def test_children_that_left_the_session_die_too(tmp_path: Path, namespace: bool) -> None:
    leaves = "nohup sleep 300 >/dev/null 2>&1 & setsid -f sleep 300; setsid -f sh -c 'sleep 300 & sleep 300'"
    marked = {**BASE["env"], "MARK": str(tmp_path)}
    told = play(tmp_path, f"{leaves}; echo готово", namespace=namespace, env=marked)
    assert told["code"] == 0
    assert bearers(str(tmp_path)) == []


def environment(process: Path) -> bytes:
    try:
        return (process / "environ").read_bytes()
    except OSError:
        return b""


def test_the_time_limit(tmp_path: Path) -> None:
    told = play(tmp_path, "echo начал; exec sleep 300", seconds=2)
    assert told["timeout"] is True
    assert text(tmp_path) == "начал\n"


def test_a_byte_in_control_stops_it(tmp_path: Path) -> None:
    process = start(tmp_path, "echo начал; touch began; exec sleep 300")
    until(lambda: (tmp_path / "began").exists(), tmp_path)
    (tmp_path / "run" / "control").write_text("s")
    assert process.wait(60) == 0
    told = json.loads((tmp_path / "run" / "exit.json").read_text())
    assert told["stopped"] is True
    assert told["signal"] == 15


def test_twenty_megabytes_are_cut_and_said_to_be(tmp_path: Path) -> None:
    told = play(tmp_path, "head -c 20000000 /dev/zero | tr '\\0' 'x'; echo конец")
    assert told["code"] == 0
    assert told["left_out"] > 17_000_000
    assert (tmp_path / "run" / "stdout.log").stat().st_size < 3 << 20
    assert text(tmp_path).endswith("конец\n")


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    told = play(tmp_path, "echo раз; echo два >&2", stdout="/dev/full")
    assert (told["code"], told["left_out"]) == (0, len("раз\n".encode()))
    assert text(tmp_path, "stderr.log") == "два\n"


def test_a_run_waits_for_room_to_tell_how_it_ended(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    mounted(disk, "1m")
    try:
        process = start(disk, f"cat /dev/zero > fill; echo начало; touch {tmp_path}/over; echo конец")
        until(lambda: (tmp_path / "over").exists(), tmp_path)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)
        assert not (disk / "run" / "exit.json").exists()
        (disk / "fill").unlink()
        assert process.wait(60) == 0
        told = json.loads((disk / "run" / "exit.json").read_text())
        assert (told["code"], told["left_out"], text(disk)) == (0, 0, "начало\nконец\n")
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_going_in_circles_is_ended(tmp_path: Path) -> None:
    told = play(tmp_path, "while echo step; do sleep 0.01; done", reads="command", turns=["^step", 5])
    assert (told["circles"], told["stopped"]) == (5, False)


def test_what_a_full_disk_did_not_take_is_written_when_there_is_room(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    kept = Kept(str(tmp_path / "log"), 1 << 20)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1001, limits[1]))
    try:
        kept.write("ж".encode() * 600)
        kept.write(b"end")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (tmp_path / "log").stat().st_size == 1001
    assert kept.close() == 0
    assert (tmp_path / "log").read_text() == "ж" * 600 + "end"


def test_no_half_letter_where_output_is_cut(tmp_path: Path) -> None:
    kept = Kept(str(tmp_path / "log"), 2)
    kept.write(b"ab" + "ж".encode() * TAIL + b"!")
    assert kept.close() == TAIL + 2
    end = (tmp_path / "log").read_bytes().rpartition(b" ...]\n")[2]
    assert end.decode() == "ж" * (TAIL // 2 - 1) + "!"
    assert output(tmp_path, "log", 6) == "…\nжж!"


def test_binary_output(tmp_path: Path) -> None:
    told = play(tmp_path, "head -c 100000 /dev/urandom; printf '\\0\\377'")
    assert told["code"] == 0
    assert (tmp_path / "run" / "stdout.log").stat().st_size == 100002


def test_what_cannot_be_started_is_said(tmp_path: Path) -> None:
    told = play(tmp_path, "", argv=["/nonexistent/tool"])
    assert "No such file" in told["why"]


def test_the_states_of_a_run(tmp_path: Path) -> None:
    task = TaskDir(tmp_path)
    assert runs.state(task) == "none"
    os.mkfifo(tmp_path / "gate")
    process = start(tmp_path, "touch began; read x < gate")
    assert runs.state(task) == "alive"
    until(lambda: (tmp_path / "began").exists(), tmp_path)
    assert runs.state(task) == "alive"
    process.kill()
    with (tmp_path / "run" / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)  # free as soon as all of the tool is gone
    assert runs.state(task) == "cut-off"
    (tmp_path / "run" / "exit.json").write_text("{}")
    assert runs.state(task) == "ended"


def test_who_only_looks_at_a_lock_keeps_nobody_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "lock").open("w") as looks, (tmp_path / "lock").open("w") as starts:
        fcntl.flock(looks, fcntl.LOCK_SH)
        monkeypatch.setattr(files.time, "sleep", lambda _: fcntl.flock(looks, fcntl.LOCK_UN))
        assert files.lock(starts.fileno())
        assert not files.lock(looks.fileno())


def test_a_killed_runner_takes_the_tool_along(tmp_path: Path) -> None:
    marked = {**BASE["env"], "MARK": str(tmp_path)}
    process = start(tmp_path, "touch began; setsid -f sleep 300; sleep 300", env=marked)
    until(lambda: (tmp_path / "began").exists(), tmp_path)
    process.kill()
    with (tmp_path / "run" / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
    assert bearers(str(tmp_path)) == []


def bearers(mark: str) -> list[Path]:
    """Processes that bear the mark in their environment."""
    found = [entry for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [entry for entry in found if mark.encode() in environment(entry)]
