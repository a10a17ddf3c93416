"""Running a tool: how a run is begun, found again, waited for and stopped.

run/ in the task's directory: argv.json (written first: the intent), lock (held by the runner as long as
it lives), control (FIFO: a byte stops the run), started.json (the runner's first act), stdout.log,
stderr.log, exit.json (its last). From these alone the state of a run follows, whoever asks:

    exit.json                       ended
    lock held                       alive
    started.json, lock free         cut off: the tool may have done anything; a person decides
    neither                         not begun: it may be started
"""

import fcntl
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from skazano import files
from skazano.config import Tool
from skazano.log import WARNING, log
from skazano.projects import Project
from skazano.stage import Context, Stopped
from skazano.task import Task, TaskDir
from skazano.wake import Wake

State = Literal["none", "alive", "ended", "cut-off"]

RUNNER = Path(__file__).with_name("runner.py")
NOTE = Path(__file__).with_name("note.py")
RESULT_LIMIT = 200_000  # bytes of the tool's output that become result.md


class NoProgram(Exception):
    """The tool's program cannot be started; the text says why."""


def state(task: TaskDir) -> State:
    """What became of the task's run."""
    run = task.path / "run"
    if (run / "exit.json").exists():
        return "ended"
    if _alive(run):
        return "alive"
    # The runner writes exit.json and lets the lock go in this order: look once more.
    if (run / "exit.json").exists():
        return "ended"
    return "cut-off" if (run / "started.json").exists() else "none"


def begin(task: TaskDir, card: Task, project: Project, tool: Tool, context: Context) -> None:
    """Start the run. Raises OSError."""
    run = task.path / "run"
    run.mkdir(mode=0o750, exist_ok=True)
    files.fsync_dir(task.path)
    minutes = tool.minutes or context.config.execute.minutes
    wanted = {
        "argv": _argv(task, card, tool),
        "cwd": project.path,
        "env": _environment(task, card, project, tool, context),
        "stdin": str(task.path / "prompt.md"),
        "seconds": minutes * 60,
    }
    files.write_json(run / "argv.json", wanted)
    control = run / "control"
    if not control.exists():
        os.mkfifo(control, 0o640)
    lock = os.open(run / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        subprocess.Popen(
            [sys.executable, "-I", "-S", str(RUNNER), str(run)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=[lock],
            env={"PATH": os.environ.get("PATH", os.defpath)},
        )
    finally:
        os.close(lock)  # the runner has its own copy of the same lock


def _argv(task: TaskDir, card: Task, tool: Tool) -> list[str]:
    title = card.title or task.id
    if tool.kind == "note":
        when = card.created[:16].replace("T", " ")
        return [sys.executable, "-I", "-S", str(NOTE), task.id, title, when]
    filled = {"{task}": task.id, "{title}": title, "{prompt_file}": str(task.path / "prompt.md")}
    return [tool.command, *(_fill(argument, filled) for argument in tool.args)]


def _fill(argument: str, filled: dict[str, str]) -> str:
    """Placeholders replaced once each, so that what was said can name no placeholder."""
    return filled.get(argument, argument)


def _environment(
    task: TaskDir, card: Task, project: Project, tool: Tool, context: Context
) -> dict[str, str]:
    """Only what is on the allowlist: the bot's token and the like are never in it."""
    allowed = {n: os.environ[n] for n in context.config.execute.environment if n in os.environ}
    own = {"SKAZANO_TASK": task.id, "SKAZANO_PROJECT": project.slug, "SKAZANO_LANG": card.lang}
    return {"LANG": "C.UTF-8", **allowed, **tool.environment, **own}


def wait(task: TaskDir, context: Context) -> dict[str, Any]:
    """Wait for the run to end; exit.json. A `cancel` file stops the run. Raises Stopped, NoProgram."""
    run = task.path / "run"
    wake = context.wake
    wake.also(task.path)
    told = False
    ended = _on_free(run, wake)
    try:
        while not ended():
            wake.clear()
            if ended():
                break
            if context.stopping:
                raise Stopped  # the run goes on; whoever claims the task finds it again
            if task.has("cancel") and not told:
                told = stop(task)
            context.ping(f"running {task.id}")
            wake.wait(context.longest_wait)
    finally:
        wake.no_longer(task.path)
    outcome = files.read_json(run / "exit.json")
    if outcome is None:
        return {"code": None, "signal": None, "why": "cut off"}
    return dict(outcome)


def stop(task: TaskDir) -> bool:
    """Ask the runner to stop the tool; whether there was one to ask."""
    try:
        fd = os.open(task.path / "run" / "control", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:  # ENXIO: no runner reads it any more
        log(task.id, "nothing to stop", level=WARNING, why=error.strerror)
        return False
    os.write(fd, b"s")
    os.close(fd)
    log(task.id, "stopping the run")
    return True


def output(task: TaskDir) -> str:
    """What the tool wrote to standard output, at most RESULT_LIMIT bytes, the end being kept."""
    path = task.path / "run" / "stdout.log"
    try:
        with path.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - RESULT_LIMIT))
            raw = stream.read()
    except FileNotFoundError:
        return ""
    text = raw.decode("utf-8", errors="replace").strip()
    return f"…\n{text}" if size > RESULT_LIMIT else text


def _alive(run: Path) -> bool:
    try:
        fd = os.open(run / "lock", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def _on_free(run: Path, wake: Wake) -> Callable[[], bool]:
    """Ring `wake` when the runner's lock is free; the function tells whether it is.

    The kernel tells of a freed lock only to who waits for it, hence a thread: it holds nothing and
    writes nothing, so it may be left behind when the process ends.
    """
    freed = threading.Event()

    def watch() -> None:
        fd = os.open(run / "lock", os.O_RDWR | os.O_CLOEXEC)
        fcntl.flock(fd, fcntl.LOCK_SH)
        os.close(fd)
        freed.set()
        wake.ring()

    threading.Thread(target=watch, name="run", daemon=True).start()
    return freed.is_set
