"""The parent of one tool's run. It outlives the daemon that started it, and leaves nothing behind.

Started by execution.runs as `python -I -S runner.py RUN_DIR [SECRETS]` in a session of its own, with standard
library only. It inherits the lock on RUN_DIR/lock, so that "is the run alive?" has an exact answer
without a PID. It reads argv.json, writes the tool's output and, last of all, exit.json. A byte in the FIFO
`control` stops the run: SIGTERM, ten seconds, the end of all its processes. SECRETS is a file descriptor
with {variable: value} as JSON: they are on no disk and in no argument.

argv.json: argv, cwd, env, stdin (path), seconds (time limit), stdout (file name), reads ("" or the kind whose
events are made readable in stdout.log), output_bytes, stall ([pattern, seconds] or null), turns ([pattern,
most] or null), namespace (whether to use one), hide, show, writable (see isolation), processes, secrets_by
("environment" or "descriptor").
"""

import errno
import json
import os
import select
import signal
import sys
import time
from typing import Any

sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from skazano.execution import isolation
from skazano.execution.pump import Kept, Lines, Stall, Turns
from skazano.tools import readable

GRACE = 10.0  # seconds between SIGTERM and SIGKILL
LAST_WORDS = 2.0  # seconds for the host to tell how it ended, after it was told to end all
CHUNK = 1 << 18
FULL = (errno.ENOSPC, errno.EDQUOT)
FULL_SECONDS = 2.0  # between two looks whether a full disk has room again
SPARE = 1 << 16  # bytes that ought to be free beside the end of the output


def main(folder: str, secrets: str = "") -> int:
    """Run what RUN_DIR/argv.json says; the exit code is of no meaning, exit.json is."""
    os.chdir(folder)
    with open("argv.json", encoding="utf-8") as stream:
        wanted = json.load(stream)
    control = os.open("control", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    write("started.json", {"time": time.time()})
    try:
        given(wanted, secrets)
        outcome = Run(wanted, control).outcome()
    except OSError as error:
        why = f"{error.filename}: {error.strerror}"
        outcome = {"code": None, "signal": None, "why": why, "seconds": 0.0}
    while True:
        try:
            write("exit.json", outcome)
        except OSError as error:
            if error.errno not in FULL:
                raise
            time.sleep(FULL_SECONDS)
        else:
            return 0


def given(wanted: dict[str, Any], secrets: str) -> None:
    """Put the secrets where the tool looks for them."""
    if not secrets:
        return
    if wanted.get("secrets_by") == "descriptor":
        wanted["env"]["SKAZANO_SECRETS_FD"] = secrets
        wanted["pass_fds"] = [int(secrets)]
    else:
        with open(int(secrets), "rb", closefd=False) as stream:
            wanted["env"].update(json.load(stream))
        os.set_inheritable(int(secrets), False)


class Run:
    """One run of the tool, from its start to the end of its last process."""

    def __init__(self, wanted: dict[str, Any], control: int) -> None:
        self.control = control
        self.begun = time.monotonic()
        self.deadline = self.begun + wanted["seconds"]
        self.why = ""
        most = wanted["output_bytes"]
        self.out, self.err = Kept(wanted["stdout"], most), Kept("stderr.log", most)
        self.shown = Kept("stdout.log", most) if wanted["reads"] else None
        self.reads = wanted["reads"]
        self.stall = Stall(*wanted["stall"]) if wanted.get("stall") else None
        self.turns = Turns(*wanted["turns"]) if wanted.get("turns") else None
        self.lines = Lines(self._line)
        self.namespace = bool(wanted.get("namespace")) and isolation.enter()
        self._start(wanted)

    def _start(self, wanted: dict[str, Any]) -> None:
        stdin = os.open(wanted["stdin"], os.O_RDONLY | os.O_CLOEXEC)
        self.pipe_out, out = os.pipe2(os.O_CLOEXEC)
        self.pipe_err, err = os.pipe2(os.O_CLOEXEC)
        self.status, status = os.pipe2(os.O_CLOEXEC)
        signal.pthread_sigmask(signal.SIG_BLOCK, isolation.TOLD_BY)
        self.pid = os.fork()
        if self.pid == 0:
            code = 1
            try:
                for fd in (self.pipe_out, self.pipe_err, self.status, self.control):
                    os.close(fd)
                code = isolation.host(wanted, (stdin, out, err), status, namespace=self.namespace)
            finally:
                os._exit(code)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, isolation.TOLD_BY)
        for fd in (stdin, out, err, status):
            os.close(fd)
        for fd in (self.pipe_out, self.pipe_err):
            os.set_blocking(fd, False)

    def outcome(self) -> dict[str, Any]:
        """Wait for the end, or bring it about; what goes into exit.json."""
        ended = os.pidfd_open(self.pid)
        if not self._until(ended, self.deadline, also_control=True):
            os.kill(self.pid, signal.SIGTERM)
            if not self._until(ended, time.monotonic() + GRACE):
                os.kill(self.pid, signal.SIGUSR1)
                if not self._until(ended, time.monotonic() + isolation.PATIENCE + LAST_WORDS):
                    os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        told = self._told()
        self._drain()
        self.lines.end()
        seconds = round(time.monotonic() - self.begun, 3)
        logs = [log for log in (self.out, self.err, self.shown) if log]
        room(sum(log.waits for log in logs))
        cut = sum(log.close() for log in logs)
        return {
            **told,
            "seconds": seconds,
            "stopped": self.why == "stopped",
            "timeout": self.why == "timeout",
            "stalled": self.why == "stalled",
            "circles": self.turns.most if self.turns and self.why == "circles" else 0,
            "left_out": cut,
            "isolation": "namespace" if self.namespace else "group",
        }

    def _told(self) -> dict[str, Any]:
        """What the host said; it was killed if it said nothing."""
        said = b""
        while piece := os.read(self.status, CHUNK):
            said += piece
        try:
            return dict(json.loads(said))
        except ValueError:
            return {"code": None, "signal": signal.SIGKILL}

    def _until(self, ended: int, deadline: float, *, also_control: bool = False) -> bool:
        """Take output in until the end (True), or until it is time to stop (False, `why` says the reason)."""
        poll = select.poll()
        for fd in (ended, self.pipe_out, self.pipe_err, *([self.control] if also_control else [])):
            poll.register(fd, select.POLLIN)
        while True:
            stall = self.stall.until if self.stall and also_control else None
            until = min(deadline, stall or deadline)
            ready = {fd for fd, _ in poll.poll(max(0.0, until - time.monotonic()) * 1000)}
            for pipe in ready & {self.pipe_out, self.pipe_err}:
                if not self._read(pipe):
                    poll.unregister(pipe)
            if ended in ready:
                return True
            if also_control and self.control in ready:
                self.why = "stopped"
                return False
            if also_control and self.turns and self.turns.over:
                self.why = "circles"
                return False
            if time.monotonic() >= until:
                self.why = self.why or ("timeout" if until == deadline else "stalled")
                return False

    def _read(self, pipe: int) -> bool:
        """Take in what the pipe holds; False at its end."""
        try:
            data = os.read(pipe, CHUNK)
        except BlockingIOError:
            return True
        if pipe == self.pipe_err:
            self.err.write(data)
            return bool(data)
        self.out.write(data)
        if self.reads:
            self.lines.feed(data)
        return bool(data)

    def _drain(self) -> None:
        """What was written just before the end. No process is left, so both pipes have one."""
        poll = select.poll()
        for pipe in (self.pipe_out, self.pipe_err):
            poll.register(pipe, select.POLLIN)
            while poll.poll(0) and self._read(pipe):
                continue
            poll.unregister(pipe)

    def _line(self, line: bytes | None) -> None:
        for watcher in (self.stall, self.turns):
            if watcher:
                watcher.see(line)
        if self.shown:
            self.shown.write(readable.line(self.reads, line))


def room(wanted: int) -> None:
    """Wait until the disk can take the end of the output, which may hold the answer."""
    while wanted and os.statvfs(".").f_bavail * os.statvfs(".").f_frsize < wanted + SPARE:
        time.sleep(FULL_SECONDS)


def write(name: str, value: object) -> None:
    """A durable file, as skazano.files writes it; this program imports as little of ours as it can."""
    temporary = f".{name}.tmp"
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o664)
    try:
        view = memoryview(json.dumps(value).encode() + b"\n")
        while view:
            view = view[os.write(fd, view) :]
        os.fsync(fd)
    finally:
        os.close(fd)
    os.rename(temporary, name)
    folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(folder)
    os.close(folder)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
