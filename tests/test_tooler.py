"""The tooler as a process: what it takes, what it refuses, and that a run is one run."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from demo_world import git
from skazano.config import HOME
from skazano.execution import runs
from skazano.spool import Spool
from skazano.task import TaskDir
from skazano.tooler import carry
from skazano.tooler import crew as crews
from skazano.tooler.answers import Refusal
from skazano.tooler.app import App, pid_of
from skazano.tooler.crew import Crew
from skazano.tooler.store import Run, Store
from skazano.tooler.wire import BODY, PAGE, PROBLEM, Result, Wanted
from tooler_box import PATIENCE, TOKEN, Far, request, task_id, until


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Far]:
    """One tooler for all tests that leave it running; each uses projects of its own."""
    made = Far(tmp_path_factory.mktemp("far"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Far]:
    """A tooler that the test may kill."""
    made = Far(tmp_path)
    made.project("demo")
    made.start()
    yield made
    made.stop(signal.SIGKILL)


def test_a_run_from_request_to_commit(far: Far) -> None:
    folder = far.project("whole")
    answer = far.ask("whole", 1, prompt="Напиши «привет»\n--help $(id)", title="Привет\n\nTask: other")
    assert answer.status_code == 202, answer.text
    view = answer.json()
    id = view["id"]
    assert (view["status"], answer.headers["Location"]) == ("running", f"/runs/{id}")
    begun = until(lambda: (seen := far.look(id))["stdout"] and seen, "its first word")
    os.kill(begun["pid"], 0)
    assert pid_of(TaskDir(far.store(id))) == begun["pid"] == view["pid"]
    assert (begun["status"], begun["stdout"], begun["stdout_next"]) == ("running", "begun\n", 6)
    far.open_gate()
    done = far.over(id)
    assert (done["status"], done["result"]["exit"]["code"]) == ("ended", 0)
    assert far.look(id, stdout_from=6)["stdout"] == "through\n"
    assert (folder / "asked.txt").read_text() == "Напиши «привет»\n--help $(id)"
    names = {file["name"] for file in done["result"]["files"]}
    assert names >= {"run/stdout.log", "commit.json", "changes.patch"}
    commit = far.call("GET", f"/runs/{id}/files/commit.json").json()
    branch = commit["branch"]
    said = git(far.world.remote("whole"), "log", "-1", "--format=%s%n%(trailers:key=Task,valueonly)", branch)
    assert said.split("\n") == ["Привет Task: other", task_id(1)]
    assert commit["push"]["state"] == "pushed" or commit["push"]["ok"]


def test_same_request_many_times_at_once_is_one_run(far: Far) -> None:
    far.project("once")
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: far.ask("once", 2), range(24)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    far.open_gate()
    done = far.over(answers[0].json()["id"])
    again = far.ask("once", 2)
    assert (again.status_code, again.json()["status"], done["status"]) == (202, "ended", "ended")
    assert far.ran("once") == [task_id(2)]
    other = far.ask("once", 2, prompt="Другое")
    assert (other.status_code, other.headers["Content-Type"]) == (409, PROBLEM)
    elsewhere = far.ask("once", 2, callback="http://127.0.0.1:9/x")
    assert elsewhere.status_code == 202  # another address is no other task
    second = far.ask("once", 2, prompt="Другое", attempt=2)
    assert second.json()["id"] != answers[0].json()["id"]
    far.open_gate()
    far.over(second.json()["id"])
    assert far.ran("once") == [task_id(2)] * 2


def test_one_run_a_project_in_order(far: Far) -> None:
    far.project("queue")
    far.project("beside")
    ids = [far.ask("queue", number).json()["id"] for number in (32, 30, 31)]
    views = [far.look(id) for id in ids]
    assert [(v["status"], v["ahead"]) for v in views] == [("running", 0), ("waiting", 1), ("waiting", 2)]
    assert [v["pid"] is None for v in views] == [False, True, True]
    beside = far.ask("beside", 33, tool="echo").json()["id"]
    assert far.over(beside)["status"] == "ended"  # another project is not held up
    for id in ids:
        far.open_gate()
        assert far.over(id)["status"] == "ended"
    assert far.ran("queue") == [task_id(32), task_id(30), task_id(31)]


def test_stopping(far: Far) -> None:
    far.project("stop")
    running, waiting = (far.ask("stop", number).json()["id"] for number in (40, 41))
    until(lambda: far.look(running)["stdout"], "its first word")
    assert far.call("DELETE", f"/runs/{waiting}").status_code == 202
    assert far.call("DELETE", f"/runs/{running}").status_code == 202
    assert far.call("DELETE", f"/runs/{running}").status_code == 202
    assert far.over(running)["result"]["exit"]["stopped"] is True
    done = far.over(waiting)
    assert (done["status"], done["result"]["exit"]["stopped"]) == ("ended", True)
    assert far.ran("stop") == [task_id(40)]
    assert "Не закончено" in git(far.world.remote("stop"), "log", "--format=%s", "--all")
    assert far.call("DELETE", f"/runs/{running}").json()["status"] == "ended"


def test_output_in_pages_and_files_byte_for_byte(far: Far) -> None:
    far.project("loud")
    id = far.ask("loud", 50, tool="loud").json()["id"]
    done = far.over(id)
    text, offset, pages = "", 0, 0
    while (page := far.look(id, stdout_from=offset))["stdout"]:
        text, offset, pages = text + page["stdout"], page["stdout_next"], pages + 1
        assert len(page["stdout"].encode()) <= PAGE
    assert text == "ы" * 400_000 + "\n\ufffd\0end"
    assert pages == 4
    assert far.look(id, stderr_from=2)["stderr"] == "лово\n"
    names = {file["name"]: file["size"] for file in done["result"]["files"]}
    assert "run/out/shot.png" in names
    assert not [name for name in names if "link" in name or " " in name]
    log = far.call("GET", f"/runs/{id}/files/run/stdout.log").content
    assert (len(log), log[-5:]) == (names["run/stdout.log"], b"\xff\0end"[-5:])
    assert far.call("GET", f"/runs/{id}/files/run/out/shot.png").content == bytes(range(256))
    for name in (
        "run/out/link.png",
        "run/argv.json",
        "request.json",
        "run/out/../../task.json",
        "../1",
        "%2e%2e/x",
    ):
        assert far.call("GET", f"/runs/{id}/files/{name}").status_code == 404, name


def test_killed_and_restarted_in_the_middle(own: Far) -> None:
    running, waiting = (own.ask("demo", number).json()["id"] for number in (60, 61))
    pid = until(lambda: (seen := own.look(running))["stdout"] and seen["pid"], "its first word")
    own.stop(signal.SIGKILL)
    os.kill(pid, 0)
    own.start()
    again = own.ask("demo", 60).json()
    assert (again["status"], again["pid"]) == ("running", pid)
    assert own.look(waiting)["status"] == "waiting"
    own.open_gate()
    assert own.over(running)["result"]["exit"]["code"] == 0
    own.open_gate()
    own.over(waiting)
    own.stop()
    own.start()
    assert own.ask("demo", 60).json()["status"] == "ended"
    assert own.ran("demo") == [task_id(60), task_id(61)]
    assert git(
        own.world.remote("demo"), "log", "--format=%(trailers:key=Task,valueonly)", "--all"
    ).split() == [
        task_id(61),
        task_id(60),
    ]


def test_ended_while_no_tooler_was_there(own: Far) -> None:
    id = own.ask("demo", 62).json()["id"]
    until(lambda: own.look(id)["stdout"], "its first word")
    assert own.tooler is not None
    assert own.tooler.end() == 0
    own.open_gate()
    until(lambda: runs.state(TaskDir(own.store(id))) == "ended", "the tool's end")
    own.start()
    assert own.over(id)["result"]["exit"]["code"] == 0
    assert own.ran("demo") == [task_id(62)]


def test_a_run_that_was_cut_off_is_not_repeated(own: Far) -> None:
    id = own.ask("demo", 63).json()["id"]
    view = until(lambda: (seen := own.look(id))["stdout"] and seen, "its first word")
    own.stop(signal.SIGKILL)
    os.kill(view["pid"], signal.SIGKILL)
    until(lambda: runs.state(TaskDir(own.store(view["id"]))) == "cut-off", "the runner's end")
    own.start()
    assert own.over(view["id"])["status"] == "cut-off"
    assert own.ask("demo", 63).json()["status"] == "cut-off"
    assert own.ran("demo") == [task_id(63)]


def test_troubles_of_the_project_are_told(far: Far) -> None:
    folder = far.project("gone")
    folder.rename(folder.with_name("elsewhere"))
    done = far.over(far.ask("gone", 70).json()["id"])
    assert done["status"] == "failed"
    assert "gone" in done["result"]["told"]


def test_what_cannot_be_stored_is_not_accepted(own: Far) -> None:
    drafts = own.world.spool / "state" / "tooler" / "new"
    drafts.rmdir()
    answer = own.ask("demo", 71)
    assert (answer.status_code, answer.headers["Content-Type"]) == (507, PROBLEM)
    assert own.call("GET", f"/runs/{task_id(71)}_1").status_code == 404
    drafts.mkdir()
    id = own.ask("demo", 71).json()["id"]
    own.open_gate()
    own.over(id)
    assert own.ran("demo") == [task_id(71)]


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (None, 401),
        ("", 401),
        ("Bearer", 401),
        ("Bearer wrong", 401),
        (f"Basic {TOKEN}", 401),
        (f"Bearer {TOKEN}x", 401),
        (f"Bearer {TOKEN[:-1]}", 401),
        (f"bearer  {TOKEN}", 404),
    ],
)
def test_only_with_the_token(far: Far, header: str | None, status: int) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = requests.get(f"{far.url}/runs/{task_id(1)}_9", headers=headers, timeout=PATIENCE)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, PROBLEM)
    assert answer.json()["detail"]
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)


BAD = {
    "unknown project": ({"project": "nowhere"}, 404),
    "tool not of the project": ({"tool": "claude"}, 403),
    "another kind": ({"kind": "codex"}, 409),
    "path for a project": ({"project": "../etc"}, 422),
    "newline after it": ({"project": "demo\n"}, 422),
    "option for a session": ({"session": "--config"}, 422),
    "path for a task": ({"task": "20261122-180431-tg-5512-1/../x"}, 422),
    "attempt nought": ({"attempt": 0}, 422),
    "unknown field": ({"argv": ["sh"]}, 422),
    "not http": ({"callback": "file:///etc/passwd"}, 422),
    "password in an address": ({"callback": "http://a:b@c/"}, 422),
    "no text": ({"prompt": None}, 422),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_requests(far: Far, name: str) -> None:
    wrong, status = BAD[name]
    if not (far.world.settings.projects / "bad.toml").exists():
        far.project("bad")
    answer = far.call("POST", "/runs", json={**request("bad", 80), **wrong})
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, PROBLEM), answer.text
    assert answer.json()["status"] == status
    assert answer.json()["detail"]


def test_bodies_that_are_none(far: Far) -> None:
    def send(data: bytes, kind: str = "application/json") -> int:
        answer = far.call("POST", "/runs", data=data, headers={"Content-Type": kind})
        assert answer.headers["Content-Type"] == PROBLEM
        return answer.status_code

    assert send(b"{") == 400
    assert send(b"\xff\xfe") == 400
    assert send(b"[" * 100_000) == 400
    assert send(b"[]") == 422
    assert send(b'{"prompt": ' + b"[" * 100_000) in (400, 422)
    assert send(b'"\\ud800"') in (400, 422)
    assert send(b"{}", "text/plain") == 415
    assert send(b'{"prompt": "' + b"x" * BODY + b'"}') == 413
    assert far.call("PUT", "/runs").headers["Allow"] == "POST"
    assert far.call("GET", "/").status_code == 404
    assert far.call("GET", f"/runs/{task_id(1)}_9?stdout_from=-1").status_code == 422
    with socket.create_connection(("127.0.0.1", int(far.listen.rpartition(":")[2]))) as rude:
        rude.sendall(b"POST /runs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ")  # cut off in the middle
    assert far.call("GET", "/openapi.json").status_code == 200


def test_nothing_secret_in_its_log(far: Far) -> None:
    assert far.tooler is not None
    far.call("GET", f"/runs/{TOKEN}")
    assert TOKEN not in far.tooler.log
    assert "listening" in far.tooler.log


@pytest.mark.parametrize("token", ["", "short", "a" * 20 + " " + "b" * 20])
def test_no_start_without_a_good_token(tmp_path: Path, token: str) -> None:
    made = Far(tmp_path, token=token)
    argv = [sys.executable, str(HOME / "bin" / "tooler.py"), "--config", str(made.world.config)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 78
    assert "openssl rand" in done.stderr


# As systemd does: the socket is descriptor 3, whoever it is meant for is named.
HAND_OVER = """
import os, sys
os.dup2(0, 3)
os.execve(sys.argv[1], sys.argv[1:], {**os.environ, "LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())})
"""


def test_one_tooler_a_store_and_systemd_s_socket(own: Far, tmp_path: Path) -> None:
    argv = [sys.executable, str(HOME / "bin" / "tooler.py"), "--config", str(own.world.config)]
    second = subprocess.run(
        [*argv, "--listen", "127.0.0.1:0"], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert (second.returncode, "another tooler" in second.stderr) == (78, True)
    own.stop()
    with socket.socket(socket.AF_UNIX) as given, socket.socket(socket.AF_UNIX) as client:
        given.bind(str(tmp_path / "sock"))
        given.listen()
        client.connect(str(tmp_path / "sock"))  # before anybody is there: as while it is restarted
        client.sendall(b"GET /openapi.json HTTP/1.0\r\n\r\n")
        client.settimeout(PATIENCE)
        process = subprocess.Popen([sys.executable, "-c", HAND_OVER, *argv], stdin=given)
        assert client.recv(15) == b"HTTP/1.1 200 OK"
        process.terminate()
        assert process.wait(PATIENCE) == 0


def test_two_boxes_with_a_task_of_one_name(far: Far) -> None:
    """Each gets a run of its own, one after the other, also in different projects."""
    for slug in ("left", "right"):
        far.project(slug)
    first, second = (
        far.ask(slug, 90, origin=origin).json() for slug, origin in (("left", "0" * 16), ("right", "1" * 16))
    )
    assert (first["id"], second["id"]) == tuple(f"{task_id(90)}_1_{digit * 16}" for digit in "01")
    assert (first["status"], second["status"]) == ("running", "waiting")
    for view in (first, second):
        far.open_gate()
        assert far.over(view["id"])["result"]["exit"]["code"] == 0
    assert (far.ran("left"), far.ran("right")) == ([task_id(90)], [task_id(90)])


def test_which_box_this_is(far: Far) -> None:
    far.project("named", tools=["gated", "echo"])
    answer = far.call("GET", "/box")
    here = answer.json()
    assert answer.headers["Skazano-Box"] == here["box"]
    assert abs(here["time"] - time.time()) < PATIENCE
    assert here["projects"]["named"] == ["gated", "echo"]
    meant = {"Skazano-Box": "f" * 16}
    refused = far.call("POST", "/runs", json=request("named", 91), headers=meant)
    assert (refused.status_code, refused.json()["title"]) == (409, "Another box")
    assert far.ran("named") == []
    assert "Skazano-Box" not in requests.get(f"{far.url}/box", timeout=PATIENCE).headers


def test_rules_that_allow_too_much(far: Far) -> None:
    far.project("rules")
    answer = far.ask("rules", 92, allow=["Bash(make *)", "Write"])
    assert (answer.status_code, answer.json()["title"]) == (409, "A rule that allows too much")


@pytest.fixture
def crew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Far, Store, Crew]]:
    """A crew that waits for nothing, and its store; the tests of it damage what it works on."""
    monkeypatch.setattr(crews, "backoff", lambda tries: 0.0)
    monkeypatch.setattr(crews, "LISTING", 0.0)
    far = Far(tmp_path)
    far.project("demo", tool="echo")
    store = Store(Spool.open(far.world.spool).state / "tooler")
    made = Crew(far.world.settings, store, lambda run: None)
    yield far, store, made
    made.close()
    store.close()


def asked_of(store: Store) -> Run:
    return store.add(Wanted(**request("demo", 80, tool="echo")))[0]


def test_a_disk_in_trouble_is_not_tried_for_ever(crew: tuple[Far, Store, Crew]) -> None:
    _, store, made = crew
    run = asked_of(store)
    (run.task.path / "run").mkdir()
    (run.task.path / "run" / "argv.json").mkdir()
    made.start()
    ended = until(run.ended, "its end")
    assert (ended.status, made.left) == ("failed", set())
    assert "не читается или не пишется файл (Is a directory)" in ended.result.told
    assert "argv.json" in ended.result.detail


def test_a_full_disk_is_waited_for(crew: tuple[Far, Store, Crew], monkeypatch: pytest.MonkeyPatch) -> None:
    _, store, made = crew
    run, tries = asked_of(store), iter(range(20))

    def full_at_first(*words: Any) -> Any:
        if next(tries, None) is not None:
            raise OSError(errno.ENOSPC, "No space left on device")
        return carry.carry_out(*words)

    monkeypatch.setattr(crews, "carry_out", full_at_first)
    made.start()
    assert until(run.ended, "its end").status == "ended"


def test_who_asks_hears_that_a_result_cannot_be_kept(crew: tuple[Far, Store, Crew]) -> None:
    far, store, made = crew
    run = asked_of(store)
    in_the_way = run.task.path / ".result.json.tmp"
    in_the_way.mkdir()
    made.start()
    until(lambda: run.id in made.left, "its being left")
    with pytest.raises(Refusal) as refused:
        App(far.world.settings, store, made)._look(run.id, 0, 0)
    assert refused.value.problem.status == 507
    in_the_way.rmdir()
    made.add(run, PATIENCE)
    assert until(run.ended, "its end").result.exit["code"] == 0
    assert made.left == set()


def test_old_runs_are_cleaned_away(tmp_path: Path) -> None:
    from skazano.tooler.wire import Wanted

    moment = 1_800_000_000 * 10**9
    store = Store(tmp_path, now=lambda: moment)
    for number in (1, 2):
        run, fresh = store.add(Wanted(**request("demo", number)))
        assert fresh
    run.end("ended", Result())
    os.utime(run.task.path / "result.json", (1, 1))
    assert store.clean() == 1
    assert [left.id for left in store.all()] == [f"{task_id(1)}_1"]
    assert list((tmp_path / "new").iterdir()) == []
    store.close()
    (tmp_path / "new" / "draft").mkdir()
    again = Store(tmp_path)
    assert list((tmp_path / "new").iterdir()) == []
    again.close()
