"""A run on another box as `execute` sees it: one run and one result, whatever is cut, killed or lost."""

from __future__ import annotations

import json
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
from skazano.stage import Failed, Later, Stopped
from skazano.task import TaskDir
from skazano.tooler import elsewhere
from skazano.tooler.callback import HEADER, Caller, receive
from skazano.tooler.client import Away, Refused, RunFailed, carry_out, known
from skazano.tooler.store import Run, Store
from skazano.tooler.wire import FRESH, Result, Told, Wanted, sign, signed
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


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Far]:
    made = Far(tmp_path_factory.mktemp("far"))
    made.project("demo")
    made.start()
    yield made
    made.stop(signal.SIGKILL)


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


def one_result(far: Far, task: TaskDir) -> None:
    """It ran once, and everything of it is here, as it is there."""
    assert far.ran("demo").count(task.id) == 1
    there = far.store(f"{task.id}_1")
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
            headers={HEADER: sign(TOKEN, body, time.time())},
            timeout=9,
        )
        assert answer.status_code == 204
    forged = requests.post(f"{address}/callbacks/{task.id}_1", body, headers={HEADER: "t=1,v1=00"}, timeout=9)
    assert (forged.status_code, forged.headers["Content-Type"]) == (401, "application/problem+json")
    assert requests.post(f"{address}/callbacks/{task.id}_1", b"x" * 5000, timeout=9).status_code == 413
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
        with pytest.raises(Away):
            carry_out(task, asked(9), box("http://127.0.0.1:9"), context, print, QUICK)
        assert known(task) is None
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

        def quiet(minutes: float) -> None:
            told.append(minutes)
            far.open_gate()

        exit = carry_out(task, asked(11), box(far.url), context, quiet, QUICK)
    assert (exit or {})["code"] == 0
    assert told == [0.001]


def test_told_in_the_terms_of_a_stage(near: Near, far: Far) -> None:
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
        with pytest.raises(Failed, match="secrets/tooler-other"):
            elsewhere.box_of("other", far.url, "", card, context)
        here = elsewhere.box_of("far", far.url, "", card, context)
        with pytest.raises(Failed, match=r"не приняла.*kind command"):
            elsewhere.run(task, card, lambda: job, here, context, print, QUICK)
        with pytest.raises(Later, match="far"):
            elsewhere.run(task, card, lambda: job, box("http://127.0.0.1:9"), context, print)
        far.project("broken").rename(far.world.settings.work / "moved")
        job.project.slug = "broken"
        job.tool.kind = "command"
        with pytest.raises(Failed, match="Broken") as failed:
            elsewhere.run(task, card, lambda: job, here, context, print, QUICK)
        assert isinstance(failed.value.__cause__, RunFailed)
    (task.path / "earlier" / "3").mkdir(parents=True)
    again = elsewhere.wanted(task, card, job, box(far.url, "https://near/"))
    assert (again.attempt, again.callback) == (4, f"https://near/callbacks/{task.id}_4")


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
        self.server.bodies.append((body, self.headers[HEADER]))
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
