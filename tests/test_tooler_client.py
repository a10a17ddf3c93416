"""A run on another box as `execute` sees it: one run and one result, whatever is cut, killed or lost."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest
import requests

from skazano.config import Tool
from skazano.execution import runs
from skazano.projects import Project
from skazano.stage import Failed, Stopped
from skazano.task import TaskDir
from skazano.tooler import elsewhere
from skazano.tooler.callback import Caller
from skazano.tooler.client import Refused, RunFailed, carry_out
from skazano.tooler.receiver import receive
from skazano.tooler.remote import Remote, known
from skazano.tooler.store import Run, Store
from skazano.tooler.talk import Http, Pace, Unwell
from skazano.tooler.wire import FRESH, SIGNATURE, Result, Told, Wanted, sign, signed
from skazano.tools.base import Job
from tooler_box import (
    LAZY,
    PATIENCE,
    QUICK,
    TOKEN,
    Far,
    Near,
    Process,
    Wire,
    asked,
    box,
    request,
    task_id,
    until,
)


@pytest.fixture
def near(tmp_path: Path) -> Near:
    return Near(tmp_path / "near")


@pytest.fixture
def wire(far: Far) -> Iterator[Wire]:
    made = Wire(int(far.listen.rpartition(":")[2]))
    yield made
    made.close()


def finished(process: Process) -> None:
    exit = json.loads(process.said("finished").split("exit=")[1].strip().strip("'"))
    assert process.process.wait(PATIENCE) == 0
    assert exit["code"] == 0


def run_id(task: TaskDir) -> str:
    """What the run of that task is called where it runs."""
    found = known(task)
    assert found is not None
    return found.run


def one_result(far: Far, task: TaskDir) -> None:
    """It ran once, and everything of it is here, as it is there."""
    assert far.ran("demo").count(task.id) == 1
    there = far.store((known(task) or Remote(box="", run="")).run)
    for name in ("commit.json", "changes.patch", "run/stdout.log", "run/stderr.log"):
        assert (task.path / name).read_bytes() == (there / name).read_bytes(), name
    assert (task.json("run/exit.json") or {})["code"] == 0
    assert runs.state(task) == "ended"
    assert task.id in (task.text("changes.patch") or "")


def test_polled_without_any_callback(far: Far, near: Near) -> None:
    task = near.task(1)
    done = near.wait(task, far.url)
    until(lambda: task.text("run/stdout.log") == "begun", "the log here")
    far.open_gate()
    assert (done.result(PATIENCE) or {})["code"] == 0
    one_result(far, task)
    assert task.text("run/stdout.log") == "begun\nthrough"


def test_woken_by_a_callback(far: Far, near: Near) -> None:
    receiver = near.receiver()
    address = f"http://{receiver.said('listening').split('address=')[1].strip()}"
    task = near.task(2)
    process = near.execute(task, far.url, pace=LAZY, callback=address)
    process.said("run begun")
    far.open_gate()
    assert TOKEN not in process.log
    finished(process)  # it polls every ten minutes: only the callback can have woken it
    one_result(far, task)
    news = task.json("run/callback.json")
    assert (news["run"], news["status"]) == (f"{task.id}_1", "ended")
    body = msgspec.json.encode(news)
    for _ in range(2):  # doubled and late: taken, and nothing comes of it
        answer = requests.post(
            f"{address}/callbacks/{task.id}_1",
            body,
            headers={SIGNATURE: sign(TOKEN, body, time.time())},
            timeout=PATIENCE,
        )
        assert answer.status_code == 204
    forged = requests.post(
        f"{address}/callbacks/{task.id}_1", body, headers={SIGNATURE: "t=1,v1=00"}, timeout=PATIENCE
    )
    assert (forged.status_code, forged.headers["Content-Type"]) == (401, "application/problem+json")
    assert requests.post(f"{address}/callbacks/{task.id}_1", b"x" * 5000, timeout=PATIENCE).status_code == 413
    one_result(far, task)
    assert receiver.end() == 0


def test_the_answer_to_the_request_is_lost(far: Far, near: Near, wire: Wire) -> None:
    wire.deaf = 2
    task = near.task(3)
    done = near.wait(task, wire.url)
    for _ in range(2):
        assert wire.seen.acquire(timeout=PATIENCE)
    far.open_gate()
    assert (done.result(PATIENCE) or {})["code"] == 0
    one_result(far, task)


def test_the_link_is_cut_in_the_middle(far: Far, near: Near, wire: Wire) -> None:
    task = near.task(4)
    done = near.wait(task, wire.url)
    until(lambda: task.text("run/stdout.log") == "begun", "the log here")
    wire.set_cut(True)
    assert wire.seen.acquire(timeout=PATIENCE)
    far.open_gate()
    far.over(f"{task.id}_1")  # it ends while nobody can be told
    assert wire.seen.acquire(timeout=PATIENCE)
    assert not task.has("run/exit.json")
    wire.set_cut(False)
    assert (done.result(PATIENCE) or {})["code"] == 0
    one_result(far, task)


def test_killed_here_again_and_again(far: Far, near: Near) -> None:
    task = near.task(5)
    first = near.execute(task, far.url)
    first.said("run begun")
    first.end(signal.SIGKILL)
    second = near.execute(task, far.url)
    until(lambda: task.text("run/stdout.log") == "begun", "the log here")
    second.end(signal.SIGKILL)
    far.open_gate()
    far.over(f"{task.id}_1")
    finished(near.execute(task, far.url))
    finished(near.execute(task, "http://127.0.0.1:9"))  # what is here is not asked for any more
    one_result(far, task)


def test_killed_before_the_answer_came(far: Far, near: Near, wire: Wire) -> None:
    wire.deaf = 1000
    task = near.task(6)
    first = near.execute(task, wire.url)
    assert wire.seen.acquire(timeout=PATIENCE)
    first.end(signal.SIGKILL)
    assert known(task) is not None
    wire.deaf = 0
    process = near.execute(task, wire.url)
    process.said("run begun")
    far.open_gate()
    finished(process)
    one_result(far, task)


def test_restarted_there_while_it_is_waited_for(tmp_path: Path, near: Near) -> None:
    far = Far(tmp_path / "far")
    far.project("demo")
    far.start()
    task = near.task(7)
    done = near.wait(task, far.url)
    until(lambda: task.text("run/stdout.log") == "begun", "the log here")
    far.stop(signal.SIGKILL)
    far.start()
    far.open_gate()
    assert (done.result(PATIENCE) or {})["code"] == 0
    one_result(far, task)
    far.stop()


def test_stopped_by_the_person(far: Far, near: Near) -> None:
    task = near.task(8)
    done = near.wait(task, far.url)
    until(lambda: task.text("run/stdout.log") == "begun", "the log here")
    task.write("cancel", "")
    exit = done.result(PATIENCE) or {}
    assert (exit["stopped"], exit["box"]) == (True, "far")
    assert far.ran("demo").count(task.id) == 1


def test_nothing_is_left_of_what_was_not_begun(near: Near, far: Far) -> None:
    task = near.task(9)
    with near.context(task) as context:
        with pytest.raises(Refused, match="Who are you"):
            carry_out(task, asked(9), box(far.url, token="x" * 40), context, print, QUICK)
        assert known(task) is None
        with pytest.raises(Refused, match="No such tool"):
            carry_out(task, asked(9, tool="claude"), box(far.url), context, print, QUICK)
        assert (known(task), runs.state(task)) == (None, "none")
        context.wake.stopping = True
        with pytest.raises(Stopped):
            carry_out(task, asked(9), box(far.url), context, print, QUICK)
    assert far.ran("demo").count(task.id) == 0


def test_a_box_that_is_lost_for_good(near: Near, far: Far, wire: Wire) -> None:
    task = near.task(10)
    done = near.wait(task, wire.url)
    until(lambda: task.text("run/stdout.log") == "begun", "the log here")
    wire.set_cut(True)
    task.write("cancel", "")
    assert done.result(PATIENCE) is None
    far.call("DELETE", f"/runs/{task.id}_1")
    far.over(f"{task.id}_1")


def test_a_quiet_run_is_told_of_once(near: Near, far: Far) -> None:
    task, told = near.task(11), []
    with near.context(task) as context:
        context.config.execute.quiet_minutes = 0.001

        def tell(what: str, minutes: float) -> None:
            told.append((what, minutes))
            far.open_gate()

        exit = carry_out(task, asked(11), box(far.url), context, tell, QUICK)
    assert (exit or {})["code"] == 0
    assert told == [("quiet", 0.001)]


def test_a_box_that_is_not_there_is_waited_for(near: Near, far: Far, wire: Wire) -> None:
    """Nothing was begun: the person is told once, nothing is on disk, a cancel is a cancel."""
    wire.set_cut(True)
    task = near.task(13)
    done = near.wait(task, wire.url)
    assert near.told.acquire(timeout=PATIENCE)
    assert (known(task), runs.state(task)) == (None, "none")
    wire.set_cut(False)
    far.open_gate()
    assert (done.result(PATIENCE) or {})["code"] == 0
    one_result(far, task)
    wire.set_cut(True)
    other = near.task(14)
    done = near.wait(other, wire.url)
    assert near.told.acquire(timeout=PATIENCE)
    other.write("cancel", "")
    assert (done.result(PATIENCE) or {})["stopped"] is True
    assert far.ran("demo").count(other.id) == 0


def test_another_box_under_the_same_address(near: Near, far: Far, tmp_path: Path) -> None:
    """A second tooler with the same token and project answers in the middle: it is not believed."""
    other, relay = Far(tmp_path / "other"), Wire(int(far.listen.rpartition(":")[2]))
    other.project("demo")
    other.start()
    task = near.task(15)
    process = near.execute(task, relay.url)
    process.said("run begun")
    relay.turn(int(other.listen.rpartition(":")[2]))
    process.said("another box answers")
    far.open_gate()
    far.over(run_id(task))
    relay.turn(int(far.listen.rpartition(":")[2]))
    finished(process)
    one_result(far, task)
    assert other.ran("demo") == []
    other.stop()
    relay.close()


def test_a_token_that_is_changed_meanwhile(near: Near, far: Far, tmp_path: Path) -> None:
    """The run there goes on; when the token is right again, its result is taken."""
    own = Far(tmp_path / "own")
    own.project("demo")
    own.start()
    task = near.task(16)
    process = near.execute(task, own.url)
    process.said("run begun")
    own.stop()
    own.secret("tooler", "another" * 6)
    own.start()
    process.said("status 401")
    own.open_gate()
    until(lambda: runs.state(TaskDir(own.store(run_id(task)))) == "ended", "the tool's end")
    own.stop()
    own.secret("tooler", TOKEN)
    own.start()
    finished(process)
    one_result(own, task)
    own.stop()


def test_cut_off_there(near: Near, tmp_path: Path) -> None:
    """The box there was rebooted: a folder of a run, and no process. Here it counts as cut off, not alive."""
    own = Far(tmp_path / "own")
    own.project("demo")
    own.start()
    task = near.task(17)
    done = near.wait(task, own.url)
    until(lambda: task.text("run/stdout.log") == "begun", "the log here")
    pid = own.look(run_id(task))["pid"]
    own.stop(signal.SIGKILL)
    os.kill(pid, signal.SIGKILL)
    until(lambda: runs.state(TaskDir(own.store(run_id(task)))) == "cut-off", "the runner's end")
    own.start()
    assert done.result(PATIENCE) is None
    assert runs.state(task) == "cut-off"
    assert own.ran("demo") == [task.id]
    own.stop()


class Trickle(ThreadingHTTPServer):
    """Answers with a body that never ends, a byte at a time."""

    def __init__(self) -> None:
        self.over = threading.Event()
        super().__init__(("127.0.0.1", 0), _Drops)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Drops(BaseHTTPRequestHandler):
    server: Trickle

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        with contextlib.suppress(OSError):
            while not self.server.over.wait(0.02):
                self.wfile.write(b" ")
                self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        return


def test_an_answer_that_trickles() -> None:
    server = Trickle()
    http = Http(box(f"http://127.0.0.1:{server.server_port}"), Pace(whole=0.2))
    with pytest.raises(Unwell, match="takes too long"):
        http.call("GET", "/box")
    http.close()
    server.over.set()
    server.shutdown()


def test_told_in_the_terms_of_a_stage(near: Near, far: Far) -> None:
    with near.world.config.open("a") as config:
        config.write('[boxes.other]\nurl = "http://127.0.0.1:9"\n')
    near.lives_on(far)
    task = near.task(12)
    project = Project(
        slug="demo", title="Демо", aliases=[], path="/nowhere", tool="gated", tools=["gated"], remote=None,
        user=None, terms=[], hidden=False,
    )  # fmt: skip
    job = Job(
        id=task.id, title="Демо", lang="ru", created="", prompt="Сделай", prompt_file=task.path / "prompt.md",
        run=task.path / "run", project=project, tool=Tool(kind="claude"), path="/bin",
    )  # fmt: skip
    card = task.load()
    with near.context(task) as context:
        with pytest.raises(Failed, match="secrets/boxes/other"):
            elsewhere.box_of("other", card, context)
        with pytest.raises(Failed, match="Машины «third» нет"):
            elsewhere.box_of("third", card, context)
        here = elsewhere.box_of("far", card, context)
        with pytest.raises(Failed, match=r"не приняла.*kind command"):
            elsewhere.run(task, card, lambda: job, here, context, print, QUICK)
        with pytest.raises(Failed, match="не узнаёт нас"):
            elsewhere.run(task, card, lambda: job, box(far.url, token="x" * 40), context, print, QUICK)
        job.project.slug = "nowhere"
        card.project = "nowhere"
        with pytest.raises(Failed, match="нет проекта «nowhere»"):
            elsewhere.run(task, card, lambda: job, here, context, print, QUICK)
        far.project("broken").rename(far.world.settings.work / "moved")
        job.project.slug = "broken"
        job.tool.kind = "command"
        with pytest.raises(Failed, match="Broken") as failed:
            elsewhere.run(task, card, lambda: job, here, context, print, QUICK)
        assert isinstance(failed.value.__cause__, RunFailed)
        assert runs.state(task) == "cut-off"  # it can be set going again, and never goes by itself
        (task.path / "earlier" / "3").mkdir(parents=True)
        again = elsewhere.wanted(task, card, job, box(far.url, "https://near/"), context)
    assert again.origin == (near.spool.state / "name").read_text().strip()
    run = f"{task.id}_4_{again.origin}"
    assert (again.id, again.attempt, again.callback) == (run, 4, f"https://near/callbacks/{run}")


# -- callbacks ------------------------------------------------------------------------------------


class Answers(ThreadingHTTPServer):
    """Answers POSTs with these status codes, then with 204."""

    def __init__(self, *codes: int) -> None:
        self.codes = list(codes)
        self.bodies: list[tuple[bytes, str]] = []
        self.come = threading.Semaphore(0)
        super().__init__(("127.0.0.1", 0), _Answer)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/callbacks/x"


class _Answer(BaseHTTPRequestHandler):
    server: Answers

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.bodies.append((body, self.headers[SIGNATURE]))
        self.send_response(self.server.codes.pop(0) if self.server.codes else 204)
        self.send_header("Content-Length", "0")
        self.send_header("Location", self.server.url)
        self.end_headers()
        self.server.come.release()

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "store")
    yield made
    made.close()


def over(store: Store, url: str | None, number: int = 1) -> Run:
    run, _ = store.add(Wanted(**request("demo", number, callback=url)))
    run.end("ended", Result())
    return run


def state(run: Run) -> str:
    return str((run.task.json("callback.json") or {}).get("state"))


def test_a_callback_is_repeated_until_it_is_taken(store: Store) -> None:
    server, caller = Answers(503, 302, 500), Caller(TOKEN, delays=(0.01,) * 6)
    run = over(store, server.url)
    caller.owe(run)
    caller.start()
    for _ in range(4):
        assert server.come.acquire(timeout=PATIENCE)
    until(lambda: state(run) == "taken", "the note of it")
    for body, signature in server.bodies:
        assert signed(TOKEN, body, signature, time.time())
        assert json.loads(body)["run"] == run.id
    caller.owe(run)  # it is not owed any more
    caller.owe(over(store, None, 2))
    caller.close()
    assert len(server.bodies) == 4
    server.shutdown()


def test_callbacks_are_bounded_and_refusals_final(store: Store) -> None:
    server, caller = Answers(401), Caller(TOKEN, delays=(0.01, 0.01))
    refused, dead = over(store, server.url), over(store, "http://127.0.0.1:9/", 2)
    wrong = over(store, "http://x:99999/", 3)
    caller.start()
    for run in (refused, dead, wrong):
        caller.owe(run)
    until(
        lambda: (state(refused), state(dead), state(wrong)) == ("refused", "given up", "given up"), "the ends"
    )
    caller.close()
    assert (dead.task.json("callback.json") or {})["tries"] == 3
    server.shutdown()


def test_a_new_tooler_goes_on_calling(store: Store) -> None:
    server, first = Answers(503), Caller(TOKEN, delays=(3600.0,))
    run = over(store, server.url)
    first.start()
    first.owe(run)
    until(lambda: (run.task.json("callback.json") or {}).get("tries") == 1, "the first try")
    first.close()
    run.task.write_json("callback.json", {"state": "trying", "tries": 1, "next": 0.0})
    second = Caller(TOKEN)
    second.owe(run)
    second.start()
    until(lambda: state(run) == "taken", "the second try")
    second.close()
    assert len(server.bodies) == 2
    server.shutdown()


def test_what_a_callback_must_be(near: Near) -> None:
    task, now = near.task(20), 1_800_000_000.0
    run = f"{task.id}_1"
    body = msgspec.json.encode(Told(run=run, status="ended", time=now))
    good = sign(TOKEN, body, now)

    def take(run: str, body: bytes, signature: str, at: float = now) -> int:
        return receive(near.spool, lambda name: TOKEN if name == "far" else None, run, body, signature, at)

    assert take(run, body, good) == 401  # nobody waits
    (task.path / "run").mkdir()
    task.write_json("run/remote.json", {"box": "far", "run": run})
    assert take(run, body, good, now + FRESH + 1) == 401
    assert take(run, body, good, now - FRESH - 1) == 401
    assert take(run, body + b" ", good) == 401
    assert take(run, body, sign("another" * 6, body, now)) == 401
    assert take(run, body, good.replace(",v1", f"{1},v1")) == 401
    assert take(f"{task.id}_2", body, good) == 401
    assert take("../../etc/passwd_1", body, good) == 401
    assert take(f"{task_id(21)}_1", body, good) == 401
    assert take(run, b"[]", sign(TOKEN, b"[]", now)) == 400
    other = body.replace(run.encode(), f"{task.id}_3".encode())
    assert take(run, other, sign(TOKEN, other, now)) == 400
    assert not task.has("run/callback.json")
    assert take(run, body, good, now + FRESH - 1) == 204
    assert task.has("run/callback.json")
    task.write_json("run/remote.json", {"box": "unknown", "run": run})
    assert take(run, body, good) == 401
