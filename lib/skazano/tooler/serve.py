"""The process around an application: options, sockets, signals, signs of life."""

import argparse
import asyncio
import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import uvicorn

from skazano.config import ConfigError, Settings, load
from skazano.log import log
from skazano.notify import notify, watchdog_seconds
from skazano.program import guarded
from skazano.spool import Spool
from skazano.stage import LISTING
from skazano.tooler import app, receiver
from skazano.tooler.callback import Caller
from skazano.tooler.crew import Crew
from skazano.tooler.store import KEPT_DAYS, Occupied, Store
from skazano.tooler.talk import make, token

LISTEN = {"tooler": "127.0.0.1:8765", "callbacks": "127.0.0.1:8766"}
FIRST_FD = 3  # of the sockets that systemd opened, sd_listen_fds(3)
HOUR, DAY = 3600.0, 86400.0
Sockets = list[socket.socket]


def tooler(arguments: Sequence[str] | None = None) -> int:
    """bin/tooler.py as a program; the exit code."""
    options = _options("tooler", "Runs this box's tools for another box.", arguments)
    return guarded("tooler", lambda: _tooler(load(options.config), options.listen))


def callbacks(arguments: Sequence[str] | None = None) -> int:
    """bin/callbacks.py as a program; the exit code."""
    options = _options("callbacks", "Takes in news of runs on other boxes.", arguments)
    return guarded("callbacks", lambda: _callbacks(load(options.config), options.listen))


def _options(name: str, what: str, arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=f"{name}.py", description=what)
    parser.add_argument("--config", type=Path, help="skazano.toml to use")
    where = f"where to listen, if systemd gives no socket ({LISTEN[name]})"
    parser.add_argument("--listen", metavar="ADDRESS:PORT", default=LISTEN[name], help=where)
    return parser.parse_args(arguments)


def _tooler(settings: Settings, where: str) -> int:
    own = token(settings, "tooler")
    if own is None:
        raise ConfigError(f"no token: {settings.folder / 'secrets' / 'tooler'} is missing. {make('tooler')}")
    try:
        store = Store(Spool.open(settings.spool).state / "tooler")
    except Occupied as error:
        raise ConfigError(f"{error}: another tooler works here; stop it first") from error
    listening = _listen(where)
    caller = Caller(own)
    crew = Crew(settings, store, caller.owe)
    for run in store.all():
        if run.ended() is not None:
            caller.owe(run)
    caller.start()
    crew.start()
    try:
        _serve("tooler", app.build(settings, store, crew, own), listening, _daily(store))
    finally:
        crew.close()
        caller.close()
        store.close()
    return 0


def _callbacks(settings: Settings, where: str) -> int:
    spool = Spool.open(settings.spool)
    application = receiver.build(spool, lambda box: token(settings, f"boxes/{box}"))
    _serve("callbacks", application, _listen(where), lambda: None)
    return 0


def _listen(where: str) -> Sockets:
    """Listening sockets: systemd's, if it gives any. Raises ConfigError."""
    given = int(os.environ.pop("LISTEN_FDS", "0"))
    if os.environ.pop("LISTEN_PID", "") == str(os.getpid()) and given:
        for fd in range(FIRST_FD, FIRST_FD + given):
            os.set_inheritable(fd, False)
        listening = [socket.socket(fileno=fd) for fd in range(FIRST_FD, FIRST_FD + given)]
    else:
        listening = [_bind(where)]
    for one in listening:
        name = one.getsockname()
        log("-", "listening", address=name if isinstance(name, str) else "{}:{}".format(*name[:2]))
    return listening


def _bind(where: str) -> socket.socket:
    host, _, port = where.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host.strip("[]"), int(port)), family=family, backlog=64)
    except (OSError, ValueError, OverflowError) as error:
        raise ConfigError(f"cannot listen on {where}: {error}. Say --listen ADDRESS:PORT") from error


def _daily(store: Store) -> Callable[[], None]:
    due = time.monotonic() + HOUR  # until then a clock that was wrong at the start has been set

    def clean() -> None:
        nonlocal due
        if time.monotonic() >= due:
            due = time.monotonic() + DAY
            log("-", "cleaned", runs=store.clean(), older_than_days=KEPT_DAYS)

    return clean


class _Quiet(uvicorn.Server):
    """uvicorn looks ten times a second whether it is to end; this one is told, and sleeps."""

    def __init__(self, config: uvicorn.Config, seconds: float, now_and_then: Callable[[], None]) -> None:
        super().__init__(config)
        self._seconds = seconds
        self._now_and_then = now_and_then
        self._over = asyncio.Event()

    async def main_loop(self) -> None:
        with self._signals_heard():
            await self.on_tick(0)
            while not self.should_exit:
                try:
                    async with asyncio.timeout(self._seconds):
                        await self._over.wait()
                except TimeoutError:
                    await asyncio.to_thread(self._now_and_then)
                    notify(WATCHDOG=1)

    @contextlib.contextmanager
    def _signals_heard(self) -> Iterator[None]:
        """Let signals set `_over`. They write into a pipe: one that comes just before the loop falls asleep
        would else be handled when something else wakes it."""
        loop = asyncio.get_running_loop()
        read, write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        loop.add_reader(read, self._over.set)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(-1)
            loop.remove_reader(read)
            os.close(read)
            os.close(write)


def _serve(name: str, application: Any, listening: Sockets, now_and_then: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT."""
    config = uvicorn.Config(
        application,
        http="h11",
        ws="none",
        lifespan="off",
        loop="asyncio",
        interface="asgi3",
        log_config=None,
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        limit_concurrency=100,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=10,
        h11_max_incomplete_event_size=16 << 10,
    )
    server = _Quiet(config, min(watchdog_seconds() or LISTING, LISTING), now_and_then)
    # uvicorn has handlers of its own while it serves, and raises the signal once more when it is done.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: setattr(server, "should_exit", True))
    notify(READY=1)  # the kernel takes connections from here on
    server.run(sockets=listening)
    notify(STOPPING=1)
    log("-", "stopped", stage=name)
