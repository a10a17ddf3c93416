"""The process around the applications: options, sockets, signals, signs of life."""

import argparse
import asyncio
import os
import re
import signal
import socket
import stat
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn

from skazano import log as journal
from skazano.config import ConfigError, Settings, load
from skazano.log import log
from skazano.notify import notify, watchdog_seconds
from skazano.spool import Spool
from skazano.stage import LISTING, guarded
from skazano.tooler import app, receiver
from skazano.tooler.callback import Caller
from skazano.tooler.crew import Crew
from skazano.tooler.store import KEPT_DAYS, Occupied, Store

SECRET = "tooler"  # secrets/tooler: the token that this box asks for; secrets/tooler-BOX: another box's
LISTEN, LISTEN_CALLBACKS = "127.0.0.1:8765", "127.0.0.1:8766"
TOKEN = 32  # characters that a token has at least
DAY = 86400.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a program; the exit code."""
    options = _options(arguments)
    return guarded("tooler", lambda: _callbacks(options) if options.callbacks else _tooler(options))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tooler.py", description="Runs this box's tools for another box.")
    parser.add_argument("--config", type=Path, help="skazano.toml to use")
    parser.add_argument(
        "--callbacks", action="store_true", help="take in news of runs on other boxes instead"
    )
    parser.add_argument(
        "--listen", help=f"ADDRESS:PORT or unix:PATH ({LISTEN}; callbacks {LISTEN_CALLBACKS})"
    )
    return parser.parse_args(arguments)


def _tooler(options: argparse.Namespace) -> int:
    settings = load(options.config)
    own = token(settings, SECRET)
    if own is None:
        raise ConfigError(_no_token(settings))
    try:
        store = Store(Spool.open(settings.spool).state / "tooler")
    except Occupied as error:
        raise ConfigError(f"{error}: another tooler works here; stop it first") from error
    listening = _listen(options.listen or LISTEN)
    store.clean()
    caller = Caller(own)
    crew = Crew(settings, store, caller.owe)
    for run in store.all():
        if run.ended() is not None:
            caller.owe(run)
    caller.start()
    crew.start()
    try:
        _serve(app.build(settings, store, crew, own), listening, _daily(store))
    finally:
        crew.close()
        caller.close()
        store.close()
    return 0


def _callbacks(options: argparse.Namespace) -> int:
    settings = load(options.config)
    spool = Spool.open(settings.spool)
    listening = _listen(options.listen or LISTEN_CALLBACKS)
    _serve(receiver.build(spool, lambda box: token(settings, f"{SECRET}-{box}")), listening, lambda: None)
    return 0


def token(settings: Settings, name: str) -> str | None:
    """A token by the name of its secret; None if there is none. Raises ConfigError."""
    if not re.fullmatch(r"tooler(?:-[a-z0-9][a-z0-9-]{0,39})?", name):
        return None
    found = settings.secret(name)
    if found is not None and (len(found) < TOKEN or not found.isascii() or len(found.split()) != 1):
        raise ConfigError(f"secret {name}: {TOKEN} characters at least, without blanks. {_make(name)}")
    if found is not None:
        journal.keep_out(found)
    return found


def _no_token(settings: Settings) -> str:
    return f"no token: {settings.folder / 'secrets' / SECRET} is missing. {_make(SECRET)}"


def _make(name: str) -> str:
    return f"Make one: (umask 077; openssl rand -hex 32 > secrets/{name})"


def _listen(where: str) -> socket.socket:
    """A listening socket. Raises ConfigError."""
    try:
        if where.startswith("unix:"):
            return _listen_unix(Path(where.removeprefix("unix:")))
        host, _, port = where.rpartition(":")
        listening = socket.create_server(
            (host.strip("[]"), int(port)),
            family=socket.AF_INET6 if ":" in host else socket.AF_INET,
            backlog=64,
        )
    except (OSError, ValueError, OverflowError) as error:
        raise ConfigError(
            f"cannot listen on {where}: {error}. Say --listen ADDRESS:PORT or unix:PATH"
        ) from error
    log("-", "listening", address="{}:{}".format(*listening.getsockname()[:2]))
    return listening


def _listen_unix(path: Path) -> socket.socket:
    if path.exists() and stat.S_ISSOCK(path.stat().st_mode):
        path.unlink()  # of a process that was killed: a living one holds the store's lock
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    before = os.umask(0o117)  # for the web server's group, and nobody else
    try:
        listening.bind(str(path))
    finally:
        os.umask(before)
    listening.listen(64)
    log("-", "listening", address=f"unix:{path}")
    return listening


def _daily(store: Store) -> Callable[[], None]:
    due = time.monotonic() + DAY

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
        self._loop: asyncio.AbstractEventLoop | None = None

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self.on_tick(0)
        while not self.should_exit:
            try:
                async with asyncio.timeout(self._seconds):
                    await self._over.wait()
            except TimeoutError:
                await asyncio.to_thread(self._now_and_then)
                notify(WATCHDOG=1)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._over.set)


def _serve(application: Any, listening: socket.socket, now_and_then: Callable[[], None]) -> None:
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
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)  # uvicorn raises the signal once more when it is done
    server = _Quiet(config, min(watchdog_seconds() or LISTING, LISTING), now_and_then)
    notify(READY=1)  # the kernel takes connections from here on
    server.run(sockets=[listening])
    notify(STOPPING=1)
    log("-", "stopped", stage="tooler")
