"""Runs every program of bin/ in a checkout, as systemd does where it is installed.

One process each, restarted when it fails (after 0.5 s, then doubling to 30 s, from the beginning again
once it lived longer than it was waited for; at once never), told to stop with SIGTERM. Each has a notify
socket of its own, so READY is an event and not a guess.
"""

import ctypes
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from skazano.config import HOME

WORKERS = ("download", "transcribe", "route", "refine", "execute", "summarize", "speak", "reply")
PROGRAMS = ("receive", *WORKERS, "react", "render", "index")
PR_SET_PDEATHSIG = 1  # linux/prctl.h
_LIBC = ctypes.CDLL(None)
BAD_CONFIG = 78  # EX_CONFIG: to start again changes nothing
STOP_SECONDS = 30.0  # must be above a stage's longest step that cannot be interrupted


def _end_with_parent() -> None:
    """In the child: SIGTERM when this process dies, however it dies (prctl(2))."""
    _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Program:
    """One program and its process."""

    def __init__(self, name: str, config: Path, log: Path | None) -> None:
        self.name = name
        self.config = config
        self.log = log
        self.ready = False
        self.status = ""
        self.restarts = 0
        self.delay = 0.0
        self.started = 0.0
        self.start_at = 0.0
        self.process: subprocess.Popen[bytes] | None = None
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.socket.bind("")  # unix(7), autobind: a name that goes with us, however we end
        self.address = "@" + self.socket.getsockname()[1:].decode()

    def start(self) -> None:
        """Start the process."""
        self.ready, self.started = False, time.monotonic()
        environment = {k: v for k, v in os.environ.items() if k != "WATCHDOG_USEC"}
        environment["NOTIFY_SOCKET"] = self.address
        stderr = self.log.open("ab") if self.log else None
        try:
            self.process = subprocess.Popen(
                [sys.executable, str(HOME / "bin" / f"{self.name}.py"), "--config", str(self.config)],
                stdin=subprocess.DEVNULL,
                stdout=stderr,
                stderr=stderr,
                env=environment,
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )
        finally:
            if stderr:
                stderr.close()

    def hear(self) -> None:
        """Take in what the process has told."""
        while True:
            try:
                message = self.socket.recv(4096).decode(errors="replace")
            except BlockingIOError:
                return
            for line in message.splitlines():
                key, _, value = line.partition("=")
                self.ready = self.ready or (key == "READY" and value == "1")
                self.status = value if key == "STATUS" else self.status

    def reap(self) -> bool:
        """Whether the process ended; if so it is due to be started again, unless that is of no use."""
        if self.process is None or self.process.poll() is None:
            return False
        if self.process.returncode == BAD_CONFIG:
            raise RuntimeError(f"{self.name} cannot start: see its log{f', {self.log}' if self.log else ''}")
        self.process = None
        moment = time.monotonic()
        well = moment - self.started > max(1.0, self.delay)
        self.delay = 0.5 if well else min(30.0, max(0.5, 2 * self.delay))
        self.start_at = moment + self.delay
        self.restarts += 1
        return True


class Supervisor:
    """All programs of a spool. Use as a context: leaving it stops them."""

    def __init__(self, config: Path, names: Sequence[str] = PROGRAMS, logs: Path | None = None) -> None:
        if logs:
            logs.mkdir(parents=True, exist_ok=True)
        self.programs = [Program(name, config, logs / f"{name}.log" if logs else None) for name in names]
        self.stopping = False

    def __enter__(self) -> "Supervisor":
        for program in self.programs:
            program.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def step(self, seconds: float = 1.0) -> None:
        """Wait for news at most so long; restart what ended. Raises RuntimeError if that is of no use."""
        poll = select.poll()
        for program in self.programs:
            poll.register(program.socket, select.POLLIN)
        poll.poll(seconds * 1000)
        for program in self.programs:
            program.hear()
            program.reap()
            if program.process is None and time.monotonic() >= program.start_at and not self.stopping:
                program.start()

    def wait_ready(self, seconds: float = 120.0) -> None:
        """Until every program said READY. Raises TimeoutError, RuntimeError."""
        until = time.monotonic() + seconds
        while late := [p.name for p in self.programs if not p.ready]:
            if time.monotonic() > until:
                raise TimeoutError(f"not ready after {seconds:.0f} s: {', '.join(late)}")
            self.step(0.2)

    def stop(self) -> None:
        """SIGTERM to all, SIGKILL to those that do not end in time."""
        self.stopping = True
        running = [p.process for p in self.programs if p.process is not None]
        for process in running:
            process.send_signal(signal.SIGTERM)
        until = time.monotonic() + STOP_SECONDS
        for process in running:
            try:
                process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for program in self.programs:
            program.socket.close()
