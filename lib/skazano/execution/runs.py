"""Running a tool: how a run is begun, found again, waited for and stopped.

run/ in the task's directory: argv.json (written first: the intent), lock (held by the runner as long as
it lives), control (FIFO: a byte stops the run), started.json (the runner's first act), stdout.log,
stderr.log, events.jsonl (if the tool writes events; stdout.log then shows them readably), out/ (the only
place there where the tool may write), exit.json (the runner's last act, to which `execute` adds what came
of it). From these alone the state of a run follows, whoever asks:

    exit.json                       ended
    lock held                       alive
    started.json, lock free         cut off: the tool may have done anything; a person decides
    neither                         not begun: it may be started
"""

import contextlib
import errno
import fcntl
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Literal

from skazano import acts, files
from skazano.execution import units
from skazano.log import log
from skazano.stage import Context, Stopped
from skazano.task import TaskDir
from skazano.tools.base import Job, NoProgram, Plan
from skazano.wake import Wake

State = Literal["none", "alive", "ended", "cut-off"]

RUNNER = Path(__file__).with_name("runner.py")
LOOK = 30.0  # seconds between two looks at whether a tool still writes
LOGS = ("events.jsonl", "stdout.log", "stderr.log", "started.json")


def state(task: TaskDir) -> State:
    """What became of the task's run."""
    run = task.path / "run"
    if (run / "exit.json").exists():
        return "ended"
    if (run / "remote.json").exists():
        return "alive"  # on another box
    if _alive(run):
        return "alive"
    # The runner writes exit.json and lets the lock go in this order: look once more.
    if (run / "exit.json").exists():
        return "ended"
    return "cut-off" if (run / "started.json").exists() else "none"


def begin(task: TaskDir, job: Job, plan: Plan, context: Context, hide: Sequence[str]) -> None:
    """Start the run. Raises Later, OSError, NoProgram (a secret is missing)."""
    run, wanted = job.run, context.config.execute
    (run / "out").mkdir(mode=0o775, parents=True, exist_ok=True)
    files.fsync_dir(task.path)
    for name, text in {"stdin.txt": plan.stdin, **plan.files}.items():
        files.write_file(run / name, text)
    by_unit = units.used()
    secrets = {} if by_unit else _secrets(job, context)
    description = {
        "argv": list(plan.argv),
        "cwd": job.project.path,
        "env": environment(job, plan, context),
        "stdin": str(run / "stdin.txt"),
        "seconds": (job.tool.minutes or wanted.minutes) * 60,
        "stdout": "events.jsonl" if plan.reads else "stdout.log",
        "reads": plan.reads,
        "output_bytes": wanted.output_mb << 20,
        "stall": plan.stall,
        "turns": plan.turns,
        "namespace": bool(context.kept.get("namespace")),
        "hide": list(hide),
        "show": [str(task.path), str(run / "out")],
        "writable": [str(run / "out")],
        "processes": wanted.processes,
        "secrets_by": plan.secrets_by,
    }
    if by_unit:
        description = units.fitted(description, job.project.user, job.tool.secrets)
    files.write_json(run / "argv.json", description)
    if not (run / "control").exists():
        os.mkfifo(run / "control", 0o640)
    if by_unit:
        units.start_unit(task.id, task.path, job.project.path, job.project.user)
    else:
        _start(run, secrets)


def _start(run: Path, secrets: dict[str, str]) -> None:
    lock = os.open(run / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    passed = [lock]
    try:
        if not files.lock(lock):
            raise BlockingIOError(errno.EWOULDBLOCK, "another runner holds it", str(run / "lock"))
        if secrets:
            passed.append(_memory_file(json.dumps(secrets).encode()))
        subprocess.Popen(
            [sys.executable, "-I", "-S", str(RUNNER), str(run), *map(str, passed[1:])],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=passed,
            env={"PATH": os.environ.get("PATH", os.defpath)},
        )
    finally:
        for fd in passed:
            os.close(fd)  # the runner has its own copy, and with it the same lock


def _memory_file(data: bytes) -> int:
    """An anonymous file, read from its start: a secret that is on no disk."""
    fd = os.memfd_create("secrets", os.MFD_CLOEXEC)
    os.write(fd, data)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def _secrets(job: Job, context: Context) -> dict[str, str]:
    found = {}
    for variable, name in job.tool.secrets.items():
        value = context.settings.secret(name)
        if value is None:
            raise NoProgram(f"secrets/{name} ({variable}): {context.settings.folder / 'secrets' / name}")
        found[variable] = value
    return found


def environment(job: Job, plan: Plan, context: Context) -> dict[str, str]:
    """Only what is on the allowlist: the bot's token and the like are never in it."""
    allowed = {n: os.environ[n] for n in context.config.execute.environment if n in os.environ}
    own = {
        "SKAZANO_TASK": job.id,
        "SKAZANO_PROJECT": job.project.slug,
        "SKAZANO_LANG": job.lang,
        "SKAZANO_OUT": str(job.run / "out"),
    }
    return {"LANG": "C.UTF-8", **allowed, **plan.environment, **job.tool.environment, **own}


def wait(task: TaskDir, context: Context, on_quiet: Callable[[float], None]) -> dict[str, Any] | None:
    """Wait for the run to end; exit.json, None if it was cut off. A `cancel` file stops the run; `on_quiet`
    is told, once, of minutes without a word of it. Raises Stopped."""
    run = task.path / "run"
    wake, quiet = context.wake, context.config.execute.quiet_minutes * 60
    control: BinaryIO | None = None
    ended = _on_free(run, wake)
    with contextlib.ExitStack() as asked:
        while not ended():
            wake.clear()
            if ended():
                break
            if context.stopping:
                raise Stopped  # the run goes on; whoever claims the task finds it again
            if task.has("cancel") and control is None:
                control = asked.enter_context(stop(task))
            context.ping(f"running {task.id}")
            left = _speaks_until(run, quiet) - time.time() if quiet else context.longest_wait
            if left <= 0:
                on_quiet(quiet / 60)
                quiet = 0.0
                continue
            wake.wait(min(context.longest_wait, max(LOOK, left) if left > 1 else left))
    if units.used():
        units.forget(task.id)
    return files.read_json(run / "exit.json")


def _speaks_until(run: Path, quiet: float) -> float:
    """When (Unix time) the tool will have been quiet for too long if it writes nothing more."""
    times = [path.stat().st_mtime for name in LOGS if (path := run / name).exists()]
    return max(times, default=time.time()) + quiet


def stop(task: TaskDir) -> BinaryIO:
    """Ask the runner to stop the tool. Hold what this gives until the run has ended: a runner that has only
    been started opens its end of the FIFO later, and a FIFO that nobody holds forgets what was written."""
    control = os.open(task.path / "run" / "control", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    os.write(control, b"s")
    log(task.id, "stopping the run")
    return os.fdopen(control, "rb", buffering=0)


def put_aside(task: TaskDir) -> None:
    """Move a run that has ended to earlier/<n>/run, so that another can be begun."""
    target = acts.fresh(task.path / "earlier")
    (task.path / "run").rename(target / "run")
    files.fsync_dir(target)
    files.fsync_dir(task.path)


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
        with contextlib.suppress(FileNotFoundError):  # then nobody has it
            fd = os.open(run / "lock", os.O_RDWR | os.O_CLOEXEC)
            fcntl.flock(fd, fcntl.LOCK_SH)
            os.close(fd)
        freed.set()
        wake.ring()

    threading.Thread(target=watch, name="run", daemon=True).start()
    return freed.is_set
