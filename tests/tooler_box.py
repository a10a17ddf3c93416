"""Two boxes for tests of the tooler: one where it runs as a process, one from which runs are asked for, and
the wire between them, which can be cut."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import requests

from demo_world import World
from skazano.config import HOME, load
from skazano.spool import Spool
from skazano.stage import Context
from skazano.task import TaskDir
from skazano.tooler.client import carry_out
from skazano.tooler.talk import Box, Pace
from skazano.tooler.wire import Wanted
from skazano.wake import Wake

TOKEN = "0123456789abcdef0123456789abcdef-far"
PATIENCE = 60.0  # seconds; far above what anything here takes, the machine being busy or not
QUICK = Pace(poll=0.05, away=0.1, give_up=0.0)  # a box that answers slowly is not away
LAZY = Pace(poll=600.0)  # without a callback it would never look

TOOLS = """
[tools.echo]
kind = "command"
command = "cat"

[tools.gated]
kind = "command"
command = "sh"
args = ["-c", 'cat >asked.txt; echo {task} >>ran.txt; echo begun; cat "$GATE"']
environment = {{ GATE = "{gate}" }}

[tools.loud]
kind = "command"
command = "{python}"
args = ["{loud}"]
"""
LOUD = """\
import os, pathlib, sys
sys.stdout.write("ы" * 400_000 + "\\n")
sys.stdout.flush()
sys.stdout.buffer.write(b"\\xff\\x00end")
sys.stderr.write("слово\\n")
out = pathlib.Path(os.environ["SKAZANO_OUT"])
(out / "shot.png").write_bytes(bytes(range(256)))
(out / "link.png").symlink_to("/etc/passwd")
(out / "a b.png").write_text("a name with a blank is not handed over")
"""


def until(ready: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """What `ready` gives as soon as it is true; asked again at short intervals, until a deadline."""
    end, tick = time.monotonic() + seconds, threading.Event()
    while not (found := ready()):
        assert time.monotonic() < end, f"in vain: {what}"
        tick.wait(0.02)
    return found


class Process:
    """A program whose log is read line by line."""

    def __init__(self, argv: Sequence[str], prefix: Sequence[str] = ()) -> None:
        self.lines: list[str] = []
        self._new = threading.Condition()
        self.process = subprocess.Popen(
            [*prefix, sys.executable, *argv],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": f"{HOME / 'lib'}:{HOME / 'tests'}"},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._new:
                self.lines.append(line)
                self._new.notify_all()
        with self._new:
            self.lines.append("")
            self._new.notify_all()

    def said(self, word: str) -> str:
        """The first line with that word, when it comes."""
        with self._new:
            found = self._new.wait_for(
                lambda: next((x for x in self.lines if word in x), None) or "" in self.lines, PATIENCE
            )
        assert isinstance(found, str), f"never said {word!r}: {self.lines}"
        return found

    @property
    def log(self) -> str:
        return "".join(self.lines)

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return code


class Far:
    """The box where projects live: a world with a tooler."""

    def __init__(
        self, root: Path, *, token: str = TOKEN, parallel: int = 4, more: str = "", world: World | None = None
    ) -> None:
        gate, loud = root / "gate", root / "loud.py"
        root.mkdir(parents=True, exist_ok=True)
        os.mkfifo(gate)
        loud.write_text(LOUD, encoding="utf-8")
        more += TOOLS.format(gate=gate, loud=loud, python=sys.executable, task="$SKAZANO_TASK")
        head = f"[execute]\nparallel = {parallel}\n"
        self.world = world or World(root, "http://127.0.0.1:9", more=head + more)
        self.secret("tooler", token)
        self.gate = gate
        self.listen = "127.0.0.1:0"
        self.tooler: Process | None = None

    def secret(self, name: str, value: str) -> None:
        file = self.world.etc / "secrets" / name
        file.write_text(value)
        file.chmod(0o600)

    @property
    def tools(self) -> list[str]:
        return list(self.world.settings.config.tools)

    def project(self, slug: str, *, tool: str = "gated", tools: Sequence[str] = ()) -> Path:
        tools = list(tools) or self.tools
        return self.world.project(slug, slug.title(), tool=tool, tools=tools)

    def start(self, *options: str, prefix: Sequence[str] = ()) -> Process:
        argv = [str(HOME / "bin" / "tooler.py"), "--config", str(self.world.config), "--listen", self.listen]
        self.tooler = Process([*argv, *options], prefix)
        self.listen = self.tooler.said("listening").split("address=")[1].strip()
        return self.tooler

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self.tooler is not None and self.tooler.process.poll() is None:
            self.tooler.end(number)

    @property
    def url(self) -> str:
        return f"http://{self.listen}"

    def store(self, id: str) -> Path:
        task, _, rest = id.partition("_")
        return self.world.spool / "state" / "tooler" / "runs" / rest / task

    def open_gate(self) -> None:
        """Let one run that stands at the gate go on; waits until there is one."""
        fd = until(self._reader_at_gate, "somebody at the gate")
        os.write(fd, b"through\n")
        os.close(fd)

    def _reader_at_gate(self) -> int | None:
        try:
            return os.open(self.gate, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:  # ENXIO: nobody reads
            return None

    def call(self, method: str, path: str, **what: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {TOKEN}", **what.pop("headers", {})}
        return requests.request(method, self.url + path, headers=headers, timeout=PATIENCE, **what)

    def ask(self, project: str, number: int, **more: Any) -> requests.Response:
        return self.call("POST", "/runs", json=request(project, number, **more))

    def look(self, id: str, **query: int) -> dict[str, Any]:
        answer = self.call("GET", f"/runs/{id}", params=query)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def over(self, id: str) -> dict[str, Any]:
        """The run, when it is over."""
        return dict(until(lambda: (view := self.look(id))["result"] and view, f"end of {id}"))

    def ran(self, project: str) -> list[str]:
        """The tasks whose tool ran in the project, once for each time."""
        file = self.world.settings.work / project / "ran.txt"
        return file.read_text().split() if file.exists() else []


def task_id(number: int) -> str:
    return f"20261122-180431-tg-5512-{number}"


def request(project: str, number: int, **more: Any) -> dict[str, Any]:
    return {"task": task_id(number), "project": project, "tool": "gated", "prompt": "Сделай", **more}


class Near:
    """The box that asks: a spool with tasks, and what `execute` has of them."""

    def __init__(self, root: Path) -> None:
        self.world = World(root, "http://127.0.0.1:9")
        self.spool = Spool.open(self.world.spool)
        self.told = threading.Semaphore(0)  # what the person would hear
        self.secret("far", TOKEN)

    def secret(self, box: str, token: str) -> None:
        folder = self.world.etc / "secrets" / "boxes"
        folder.mkdir(mode=0o700, exist_ok=True)
        (folder / box).write_text(token)
        (folder / box).chmod(0o600)

    def lives_on(self, far: Far, callback: str = "", slugs: Sequence[str] = ("demo",)) -> None:
        """Its projects are on that box, and have the tools that it has, and one that it has not."""
        kinds = {name: tool.kind for name, tool in far.world.settings.config.tools.items()}
        with self.world.config.open("a") as config:
            for name, kind in {**kinds, "absent": "command"}.items():
                if name not in self.world.settings.config.tools:
                    config.write(f'[tools.{name}]\nkind = "{kind}"\ncommand = "sh"\nmodel = "m"\n')
            config.write(f'[boxes.far]\nurl = "{far.url}"\ncallback = "{callback}"\n')
        self.world.settings = load(self.world.config)
        self.world.settings.projects.mkdir(exist_ok=True)
        for slug in slugs:
            tools = json.dumps([*kinds, "absent"])
            text = f'title = "Демо"\ntool = "note"\nbox = "far"\ntools = {tools}\n'
            (self.world.settings.projects / f"{slug}.toml").write_text(text)

    def task(
        self, number: int, *, prompt: str = "Сделай", tool: str = "gated", project: str = "demo"
    ) -> TaskDir:
        id = task_id(number)
        card = {"id": id, "created": "2026-11-22T18:04:31Z", "project": project, "tool": tool}
        contents = {"task.json": json.dumps(card).encode(), "prompt.md": f"{prompt}\n".encode()}
        self.spool.publish(id, contents, "execute")
        return TaskDir(self.spool.dir(id))

    def _tell(self, what: str, minutes: float) -> None:
        self.told.release()

    @contextlib.contextmanager
    def context(self, task: TaskDir) -> Iterator[Context]:
        context = Context("execute", self.world.settings, self.spool, Wake([task.path]))
        context.mark_alive()
        context.wake.start()
        try:
            yield context
        finally:
            context.wake.close()

    def wait(self, task: TaskDir, url: str) -> Future[dict[str, Any] | None]:
        """The client in a thread: where nobody is to be killed."""
        done: Future[dict[str, Any] | None] = Future()

        def work() -> None:
            with self.context(task) as context:
                number = int(task.id.rpartition("-")[2])
                try:
                    done.set_result(carry_out(task, asked(number), box(url), context, self._tell, QUICK))
                except Exception as error:  # noqa: BLE001 - the test gets it
                    done.set_exception(error)

        threading.Thread(target=work, daemon=True).start()
        return done

    def client_argv(self, task: TaskDir, url: str, *, pace: Pace = QUICK, callback: str = "") -> list[str]:
        words = [str(self.world.config), task.id, url, callback, str(pace.poll), str(pace.read)]
        return [str(Path(__file__).with_name("tooler_near.py")), *words]

    def execute(self, task: TaskDir, url: str, *, pace: Pace = QUICK, callback: str = "") -> Process:
        """The client as a process of its own, which may be killed."""
        return Process(self.client_argv(task, url, pace=pace, callback=callback))

    def receiver_argv(self, listen: str) -> list[str]:
        argv = [str(HOME / "bin" / "callbacks.py"), "--config", str(self.world.config)]
        return [*argv, "--listen", listen]

    def receiver(self) -> Process:
        """The endpoint for callbacks, listening."""
        return Process(self.receiver_argv("127.0.0.1:0"))


def box(url: str, callback: str = "", token: str = TOKEN) -> Box:
    return Box(name="far", url=url, token=token, callback=callback)


def asked(number: int, **more: Any) -> Callable[[], Wanted]:
    return lambda: Wanted(**request("demo", number, **more))


class Wire:
    """A relay for TCP in front of a port, which can be cut, and can lose answers."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._server = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.cut = False
        self.deaf = 0  # so many POSTs are heard by the other side, and their answers are lost
        self.seen = threading.Semaphore(0)  # connections that were refused or lost
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.getsockname()[1]}"

    def turn(self, port: int) -> None:
        """From now on it leads to another port; what is open breaks."""
        self._port = port
        self.set_cut(True)
        self.set_cut(False)

    def set_cut(self, cut: bool) -> None:
        """Cut: everything that is open breaks, whatever comes is hung up on."""
        with self._lock:
            self.cut = cut
            broken = list(self._open) if cut else []
        for one in broken:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _lose(self) -> bool:
        with self._lock:
            if not self.deaf:
                return False
            self.deaf -= 1
        self.seen.release()
        return True

    def close(self) -> None:
        self.set_cut(True)
        self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            with self._lock:
                lost = self.cut
            if lost:
                near.close()
                self.seen.release()
                continue
            far = socket.create_connection(("127.0.0.1", self._port))
            with self._lock:
                self._open |= {near, far}
            posted = threading.Event()
            threading.Thread(target=self._pump, args=(near, far, posted, True), daemon=True).start()
            threading.Thread(target=self._pump, args=(far, near, posted, False), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, posted: threading.Event, out: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                if out and data.startswith(b"POST"):
                    posted.set()
                if not out and posted.is_set() and self._lose():
                    break
                target.sendall(data)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._open -= {source, target}
        source.close()
