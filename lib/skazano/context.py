"""What a stage's work is given and what it may raise; error.txt."""

import fcntl
import os
import time
from typing import Any

from skazano import acts, files
from skazano import log as journal
from skazano.config import Settings
from skazano.notify import notify, watchdog_seconds
from skazano.projects import Project, load_all
from skazano.spool import Spool, SpoolError
from skazano.task import BadTask, TaskDir
from skazano.wake import Wake

LISTING = 60.0  # seconds between two listings when nothing wakes us


class Later(Exception):
    """The world is unwell: try again. An `outage` is nobody's fault: it pauses the whole stage and
    spends no attempt. `seconds` overrides the table (a server said how long to wait)."""

    def __init__(self, reason: str, *, outage: bool = False, seconds: float | None = None) -> None:
        super().__init__(reason)
        self.outage = outage
        self.seconds = seconds


class Failed(Exception):
    """This task cannot work. `told` is one sentence for the person: what happened and what to do;
    `detail` is for the one who looks into error.txt. `again`: whether a retry could end otherwise."""

    def __init__(self, told: str, detail: str = "", *, again: bool = True) -> None:
        super().__init__(told)
        self.told = told
        self.detail = detail
        self.again = again


class Stopped(Exception):
    """The process is to end before the work is done: the ticket is given back, unspent."""


class Context:
    """What a stage's work may use besides the task."""

    def __init__(self, name: str, settings: Settings, spool: Spool, wake: Wake) -> None:
        self.name = name
        self.settings = settings
        self.config = settings.config
        self.spool = spool
        self.wake = wake
        self.kept: dict[str, Any] = {}  # whatever the stage keeps between tasks: a model, a client
        self.attempt = 1  # which attempt at the present task in this stage this is
        self._notes: dict[str, Any] = {}
        self._watchdog = watchdog_seconds()
        self._alive = settings.spool / "state" / "alive" / name
        self._last = 0.0

    @property
    def stopping(self) -> bool:
        """Whether a signal asked the process to end."""
        return self.wake.stopping

    def projects(self) -> dict[str, Project]:
        """Every project, as the files say at this moment."""
        return load_all(self.settings)

    def note(self, **fields: Any) -> None:
        """Add fields to this task's line in history.jsonl, e.g. engine="gigaam"."""
        self._notes.update(fields)

    def ping(self, status: str = "") -> None:
        """A sign of life, from the loop and from long work in it, never from a thread."""
        moment = time.monotonic()
        if moment - self._last >= min(self._watchdog or LISTING, LISTING / 2):
            self._last = moment
            notify(WATCHDOG=1, **({"STATUS": status} if status else {}))
            os.utime(self._alive)

    def begin(self, attempt: int) -> dict[str, Any]:
        """Forget the former task; the dictionary that collects this one's notes."""
        self.attempt, self._notes = attempt, {}
        return self._notes

    def mark_alive(self, *, alone: bool = False) -> int:
        """Hold a lock on state/alive/<stage>, by which others see that the stage runs.

        `alone`: there may be one such process only. Raises SpoolError if there is another.
        """
        self._alive.parent.mkdir(exist_ok=True)
        fd = os.open(self._alive, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        if not alone:
            fcntl.flock(fd, fcntl.LOCK_SH)
            return fd
        if files.lock(fd):
            return fd
        os.close(fd)
        raise SpoolError(f"another {self.name} works on {self.spool.root}: stop it first (skazano doctor)")

    @property
    def longest_wait(self) -> float:
        """How long the loop may sleep at most, in seconds."""
        return min(LISTING, self._watchdog or LISTING)


def write_error(task: TaskDir, stage: str, told: str, detail: str, *, again: bool = True) -> None:
    """error.txt: the sentence for the person, then what the owner of the box wants to know."""
    lines = [told, "", f"stage: {stage}"]
    if detail:
        lines.append(f"what: {journal.blot(detail)}")
    if again:
        lines.append(f"again: skazano retry {task.id}")
    task.write("error.txt", "\n".join(lines))


def cancelled(task: TaskDir) -> str:
    """Answer that the task was cancelled; the next stage."""
    task.write("answer.txt", acts.say_cancelled(task, lang_of(task)))
    return "reply"


def lang_of(task: TaskDir) -> str:
    """The language in which the task's person is told."""
    try:
        return task.load().lang
    except BadTask:
        return "ru"
