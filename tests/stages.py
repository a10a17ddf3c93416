"""Helpers for tests of the stages: programs of bin/ as processes, tickets and answers to wait for.

Nothing here sleeps: `until` looks again when something arrives in a folder, or gives up at its deadline.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest

if __name__ == "__main__":  # the nursery's process; pytest sets the path for all others
    sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "lib")]

from botapi import BotApi, Sent
from demo_world import OWNER, World
from skazano import files, ids
from skazano.config import HOME
from skazano.conversation import chats
from skazano.spool import BOXES, Spool, Ticket
from skazano.task import Task, TaskDir, encode
from skazano.upkeep.supervise import PROGRAMS, Program, Supervisor
from skazano.wake import Wake

T = TypeVar("T")
PATIENCE = 60.0  # seconds; far above what anything here takes, the machine being busy or not
MARK = "SKAZANO_TASK="  # in the environment of every process of a tool


class Ended:
    """What a program did that ran to its end."""

    def __init__(self, code: int, log: str) -> None:
        self.code = code
        self.log = log


def once(world: World, name: str, *, env: Mapping[str, str] | None = None) -> Ended:
    """Let a program do what there is to do; its exit code and log."""
    return nursery().run(command(world, name, "--once")[1:], {**os.environ, **(env or {})})


@functools.cache
def nursery() -> Nursery:
    """The one of this test run."""
    return Nursery()


class Nursery:
    """A process that has imported what the programs import, and forks one for each run: a process of its own
    as ever, but without a third of a second of imports. Daemons (`running`, Town) are started as they are."""

    def __init__(self) -> None:
        self.socket, theirs = socket.socketpair()
        self.folder = tempfile.TemporaryDirectory(prefix="nursery-")
        self.process = subprocess.Popen(
            [sys.executable, __file__, str(theirs.fileno())], pass_fds=[theirs.fileno()]
        )
        theirs.close()
        self.stream = self.socket.makefile("rw", encoding="utf-8")
        atexit.register(self.close)

    def run(self, argv: list[str], env: Mapping[str, str], seconds: float = 120) -> Ended:
        """Run a Python program to its end."""
        log = Path(self.folder.name) / "log"
        request = {"argv": argv, "env": dict(env), "log": str(log), "seconds": seconds}
        self.stream.write(json.dumps(request) + "\n")
        self.stream.flush()
        answer = self.stream.readline()
        text = log.read_text(encoding="utf-8", errors="replace")
        if not answer or json.loads(answer) is None:
            raise TimeoutError(f"{argv[0]} did not end within {seconds:.0f} s:\n{text}")
        return Ended(json.loads(answer), text)

    def close(self) -> None:
        self.stream.close()
        self.socket.close()
        self.process.wait()
        self.folder.cleanup()


def raise_programs(connection: socket.socket) -> None:
    """The nursery's process: fork for each request and tell the exit code, null for who took too long."""
    import skazano.conversation.answering
    import skazano.conversation.chat
    import skazano.routing
    import skazano.views.view  # noqa: F401

    with connection.makefile("rw", encoding="utf-8") as stream:
        for line in stream:
            request = json.loads(line)
            child = os.fork()
            if child == 0:
                connection.close()
                os._exit(become(request))
            ended, _, _ = select.select([os.pidfd_open(child)], [], [], request["seconds"])
            if not ended:
                os.kill(child, signal.SIGKILL)
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            stream.write(json.dumps(code if ended else None) + "\n")
            stream.flush()


def become(request: dict[str, Any]) -> int:
    """Run the program in this process, as if Python had been started with it; the exit code."""
    os.setsid()
    log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for fd, file in ((0, os.open(os.devnull, os.O_RDONLY)), (1, log), (2, log)):
        os.dup2(file, fd)
    os.environ.clear()
    os.environ.update(request["env"])
    sys.argv = request["argv"]
    sys.path[0] = str(Path(sys.argv[0]).parent)
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter does
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def command(world: World, name: str, *options: str) -> list[str]:
    """The argv of a program of bin/, without its step of finding the environment."""
    return [sys.executable, str(HOME / "bin" / f"{name}.py"), "--config", str(world.config), *options]


@contextmanager
def running(world: World, name: str) -> Iterator[Program]:
    """A program as a daemon that has said READY; killed at the end if it still lives."""
    world.root.joinpath("logs").mkdir(exist_ok=True)
    program = Program(name, world.config, world.root / "logs" / f"{name}.log")
    program.start()
    try:
        wait_ready(program)
        yield program
    finally:
        if program.process is not None and program.process.poll() is None:
            program.process.kill()
            program.process.wait()
        program.socket.close()


def wait_ready(program: Program, seconds: float = PATIENCE) -> None:
    """Until the program said READY. Raises TimeoutError, RuntimeError if it ended."""
    end = time.monotonic() + seconds
    program.socket.setblocking(True)
    program.socket.settimeout(0.5)
    while not program.ready:
        if program.process is not None and program.process.poll() is not None:
            raise RuntimeError(f"{program.name} ended with {program.process.returncode}:\n{log_of(program)}")
        if time.monotonic() > end:
            raise TimeoutError(f"{program.name} is not ready:\n{log_of(program)}")
        try:
            program.ready = b"READY=1" in program.socket.recv(4096)
        except TimeoutError:
            continue
    program.socket.setblocking(False)


def log_of(program: Program) -> str:
    """What the program has logged."""
    return program.log.read_text(encoding="utf-8") if program.log else ""


def kill(program: Program) -> None:
    """SIGKILL, and wait for the end."""
    assert program.process is not None
    program.process.send_signal(signal.SIGKILL)
    program.process.wait(PATIENCE)


def terminate(program: Program) -> int:
    """SIGTERM; the exit code."""
    assert program.process is not None
    program.process.send_signal(signal.SIGTERM)
    return program.process.wait(PATIENCE)


def until(holds: Callable[[], T], *folders: Path, seconds: float = PATIENCE, what: str = "it") -> T:
    """The first true value of `holds`, looked at again when something arrives in one of the folders."""
    wake = Wake(folders)
    wake.start()
    end = time.monotonic() + seconds
    try:
        while True:
            wake.clear()
            if value := holds():
                return value
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"{what} did not come within {seconds:.0f} s")
            wake.wait(left)
    finally:
        wake.close()


# -- the spool ------------------------------------------------------------------------------------


def place(spool: Spool, id: str) -> str:
    """Where the ticket lies, as `execute/new` or `done`."""
    ticket = spool.find(id)
    if ticket is None:
        return "nowhere"
    return f"{ticket.stage}/{ticket.box}" if ticket.box in BOXES else ticket.box


def settled(spool: Spool, id: str, *boxes: str, seconds: float = PATIENCE) -> str:
    """Wait until the ticket lies in one of the boxes (default: done or failed); which."""
    wanted = boxes or ("done", "failed")
    month = spool.root / "done" / ids.month(id)
    month.mkdir(exist_ok=True)
    tickets = [Ticket(id, box) for box in ("done", "failed", "unsorted", "waiting") if box in wanted]
    folders = [spool.path(ticket).parent for ticket in tickets]
    if "hold" in wanted:
        folders.append(spool.root / "hold")

    def there() -> str | None:
        found = next((t.box for t in tickets if spool.path(t).exists()), None)
        held = "hold" in wanted and any(t.id == id for t in spool.tickets("hold"))
        return found or ("hold" if held else None)

    try:
        found = until(there, *folders, seconds=seconds, what=f"{id} in {wanted}")
    except TimeoutError as error:
        raise TimeoutError(f"{error}; it is in {place(spool, id)}: {story(spool, id)}") from None
    assert found is not None
    return found


def story(spool: Spool, id: str) -> list[str]:
    """The events of a task, as `stage event`."""
    return [f"{e['stage']} {e['event']}" for e in TaskDir(spool.dir(id)).events()]


def counts(spool: Spool) -> dict[str, int]:
    """How many tickets lie where, empty places left out."""
    found: dict[str, int] = {}
    for ticket in [*spool.open_tickets(), *spool.tickets("done")]:
        name = f"{ticket.stage}/{ticket.box}" if ticket.box in BOXES else ticket.box
        found[name] = found.get(name, 0) + 1
    return found


def task_ids(spool: Spool) -> list[str]:
    """The ids of all tasks that can be seen."""
    return sorted(p.name for day in spool.tasks.iterdir() for p in day.iterdir() if p.name[0] != ".")


_message = iter(range(900_001, 1_000_000))


def put(
    spool: Spool, stage: str, contents: Mapping[str, bytes | str] | None = None, **fields: Any
) -> TaskDir:
    """A task with these files that waits before `stage`; `fields` go into task.json."""
    chat, message = fields.get("chat", OWNER), fields.pop("number", next(_message))
    id = ids.make(fields.pop("when", datetime.now(UTC)), "tg", chat or 0, message)
    card = Task(id=id, created="2026-11-22T18:04:31Z", **{"chat": chat, **fields})
    raw = {name: data.encode() if isinstance(data, str) else data for name, data in (contents or {}).items()}
    assert spool.publish(id, {**raw, "task.json": encode(card)}, stage)
    return TaskDir(spool.dir(id))


def ready_in(spool: Spool, stage: str) -> list[str]:
    """Ids that wait in a stage's new/."""
    return [ticket.id for ticket in spool.tickets("new", stage)]


# -- processes ------------------------------------------------------------------------------------


def family(id: str) -> list[int]:
    """Every living process that bears the task in its environment: a tool's whole family."""
    mark, found = f"{MARK}{id}\0".encode(), []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
                if state != "Z" and mark in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
    return found


def end_family(id: str) -> None:
    """Kill whatever a test left of a tool."""
    for pid in family(id):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def runner_of(task: TaskDir) -> int:
    """The process id of the runner of a task's run."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except (FileNotFoundError, ProcessLookupError):
                continue
            if str(task.path / "run").encode() in words:
                return int(entry.name)
    raise LookupError(f"no runner of {task.id}")


# -- a world in which everything runs -------------------------------------------------------------


class Said(TaskDir):
    """The task that a message makes, perhaps not yet there."""

    def __init__(self, spool: Spool, message: Mapping[str, Any]) -> None:
        when = datetime.fromtimestamp(message["date"], UTC)
        super().__init__(spool.dir(ids.make(when, "tg", message["chat"]["id"], message["message_id"])))
        self.number = int(message["message_id"])


class Person:
    """Somebody who talks to the bot, in a chat of their own."""

    def __init__(self, town: Town, id: int) -> None:
        self.town = town
        self.id = id

    def text(self, words: str, **more: Any) -> Said:
        """Say something in writing; the task that it makes."""
        return Said(self.town.spool, self.town.api.say_text(words, user=self.id, **more))

    def voice(self, source: str | Path | bytes, **more: Any) -> Said:
        """Say something aloud; the task that it makes."""
        return Said(self.town.spool, self.town.api.say_voice(source, user=self.id, **more))

    def photo(self, source: bytes, **more: Any) -> Said:
        """Send a picture; the task that it makes."""
        return Said(self.town.spool, self.town.api.say_photo(source, user=self.id, **more))

    def reaction(self, task: Said, *wanted: str, seconds: float = PATIENCE) -> str:
        """Wait until one of these stands on the message; which."""
        api, place = self.town.api, (self.id, task.number)
        return api.wait_for(lambda: e if (e := api.reactions.get(place, "")) in wanted else "", seconds)

    def works_on(self, slug: str, **more: Any) -> None:
        """As after «настройки проект …»."""
        with chats.change(self.town.spool, self.id) as chat:
            chat.project, chat.until = slug, time.time() + 3600
            for key, value in more.items():
                setattr(chat, key, value)

    def answers(self) -> list[Sent]:
        """What the bot sent to this chat."""
        return self.town.api.replies(self.id)

    def answer(self, count: int = 1, seconds: float = PATIENCE) -> Sent:
        """The count-th message from the bot."""
        self.town.api.wait_for(lambda: len(self.answers()) >= count, seconds)
        return self.answers()[count - 1]

    def answers_to(self, task: Said) -> list[Sent]:
        """What the bot sent in reply to the message that made the task."""
        replies = [(act.result.get("reply_to_message") or {}, act) for act in self.answers()]
        return [act for quoted, act in replies if quoted.get("message_id") == task.number]

    def asks(self, words: str, **more: Any) -> str:
        """Say something in writing and wait for its end; the answer's text."""
        task = self.text(words, **more)
        self.town.settle(task)
        return "\n".join(act.text for act in self.answers_to(task))

    def press(self, message: Sent, text: str) -> str:
        """Press the button with this text; what the bot says to it."""
        data = next(b["callback_data"] for b in message.buttons if b["text"] == text)
        query = self.town.api.press(message.message_id or 0, data, user=self.id, chat=self.id)
        return self.town.told(query)


class Town:
    """A world with many people and all programs running, each its own process."""

    def __init__(
        self,
        root: Path,
        api: BotApi,
        *,
        names: Iterable[str] = PROGRAMS,
        people: range = range(7001, 7400),
        more: str = "",
    ) -> None:
        self.api = api
        self.stamps = root / "stamps.log"
        tools = TOOLS.format(stamps=self.stamps)
        allowed = ", ".join(str(id) for id in people)
        self.world = World(root, api, more=tools + more, owner=allowed)  # type: ignore[arg-type]
        self.spool = Spool.open(self.world.spool)
        self._people = iter(people)
        self.supervisor = Supervisor(self.world.config, list(names), logs=root / "logs")
        self._thread = threading.Thread(target=self._watch, name="supervisor")
        self._end = threading.Event()

    def __enter__(self) -> Town:
        self.supervisor.__enter__()
        try:
            self.supervisor.wait_ready()
        except (TimeoutError, RuntimeError):
            self.supervisor.stop()
            raise
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
        self.supervisor.stop()
        for id in task_ids(self.spool):
            end_family(id)

    def _watch(self) -> None:
        while not self._end.is_set():
            self.supervisor.step(0.1)

    def person(self) -> Person:
        """Somebody who has said nothing yet."""
        return Person(self, next(self._people))

    def settle(self, task: TaskDir, *boxes: str, seconds: float = PATIENCE) -> str:
        """Wait until the task has come to rest; the box."""
        return settled(self.spool, task.id, *boxes, seconds=seconds)

    def told(self, query: str) -> str:
        """What the bot says to a press."""
        answer = self.api.wait_for(lambda: self.api.answered[query])
        assert answer is not None
        return str(answer["text"])

    def stamped(self) -> list[str]:
        """The ids of the tasks that the tool `stamp` did, once for each time it did them."""
        return self.stamps.read_text().split() if self.stamps.exists() else []

    def log(self, name: str) -> str:
        """What a program has logged."""
        return (self.world.root / "logs" / f"{name}.log").read_text(encoding="utf-8")


# Tools of a town. `stamp` writes down each of its runs outside any repository; `script` runs the request.
TOOLS = """
[tools.stamp]
kind = "command"
command = "/bin/sh"
args = ["-c", "echo $SKAZANO_TASK >> {stamps}; date >> work.txt; echo Готово: отметил."]

[tools.fails]
kind = "command"
command = "/bin/sh"
args = ["-c", "echo всё сломалось >&2; exit 3"]

[tools.sleeps]
kind = "command"
command = "/bin/sleep"
args = ["100"]

[tools.tags]
kind = "command"
command = "/bin/echo"
args = ["Теги <b>жирный</b> & <script>x</script> остались."]

[tools.script]
kind = "command"
command = "/bin/sh"
args = ["{{prompt_file}}"]
"""


def write_config(world: World, more: str) -> None:
    """Add tables to the world's configuration."""
    world.config.write_text(world.config.read_text(encoding="utf-8") + more, encoding="utf-8")


def mounted(path: Path, size: str) -> None:
    """A small filesystem at `path`; the test is skipped where none can be mounted."""
    path.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "skazano-test", str(path)],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"cannot mount a tmpfs: {done.stderr.decode().strip()}")


def everything_below(root: Path) -> Iterator[tuple[Path, bytes]]:
    """Each plain file below a folder with its contents."""
    for path in sorted(root.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path, path.read_bytes()


def offset(world: World, api: BotApi) -> int | None:
    """Up to where Telegram has been told that updates arrived."""
    return files.read_json(world.spool / "state" / "telegram" / api.token.split(":")[0] / "offset.json")


def load(path: Path) -> Any:
    """A JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    raise_programs(socket.socket(fileno=int(sys.argv[1])))
