"""doctor and the watch over the stages: what they see, what they say, to whom and how often."""

from __future__ import annotations

import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from botapi import BotApi
from demo_world import OWNER, World, git
from skazano import ids
from skazano.config import HOME, load
from skazano.execution import unit_run, units
from skazano.spool import Spool, Ticket
from skazano.task import Task, encode
from skazano.tools.base import NoProgram
from skazano.upkeep import alert, doctor, doctor_box, doctor_net, doctor_stages, doctor_work, keys
from skazano.upkeep.doctor_finding import Finding
from stages import running

ALERT = Path(alert.__file__)


def by_name(found: list[Finding]) -> dict[str, Finding]:
    return {finding.what: finding for finding in found}


def waiting(spool: Spool, stage: str = "route", *, number: int = 1) -> str:
    id = ids.make(datetime.now(UTC), "tg", 5512, number)
    spool.publish(id, {"task.json": encode(Task(id=id, created="x"))}, stage)
    return id


def silent_for(spool: Spool, stage: str, seconds: float) -> None:
    """As if the stage had given its last sign that long ago."""
    mark = spool.state / "alive" / stage
    mark.parent.mkdir(exist_ok=True)
    mark.touch()
    os.utime(mark, (time.time() - seconds,) * 2)


# -- doctor


def test_every_finding_that_is_not_well_says_what_to_run(world: World, spool: Spool) -> None:
    found = doctor.examine(world.settings, spool)
    assert {f.verdict for f in found} <= {"ok", "warning", "wrong"}
    assert [f for f in found if f.verdict != "ok" and not f.remedy] == []
    assert [f for f in found if f.verdict == "ok" and f.remedy] == []
    assert by_name(found)["telegram"].state.startswith("@")
    assert {"python", "ffmpeg", "git", "spool", "telegram.allowed"} <= by_name(found).keys()


def test_a_token_that_telegram_refuses(world: World, api: BotApi) -> None:
    api.token = "1234567:another-token-than-the-one-that-is-configured"
    found = next(doctor_net.telegram(world.settings))
    assert found.verdict == "wrong"
    assert "refuses" in found.state
    assert api.token not in str(found)


def test_telegram_out_of_reach(world: World, api: BotApi) -> None:
    api.down()
    found = next(doctor_net.telegram(world.settings))
    assert "cannot be reached" in found.state
    assert world.settings.secret("telegram") not in f"{found}"


def test_others_may_read_the_token(world: World) -> None:
    (world.etc / "secrets/telegram").chmod(0o644)
    [found] = doctor_net.telegram(world.settings)
    assert (found.verdict, found.remedy) == ("wrong", f"chmod 600 {world.etc}/secrets/telegram")


def test_a_remote_that_takes_no_push(world: World) -> None:
    folder = world.project("demo", "Демо")
    assert [f.verdict for f in doctor_work.projects(world.settings)] == ["ok"]
    git(folder, "remote", "set-url", "origin", "ssh://me:secret@localhost:1/nowhere.git")
    [found] = doctor_work.projects(world.settings)
    assert found.verdict == "warning"
    assert "no push to ssh://localhost:1/nowhere.git" in found.state
    assert "secret" not in f"{found}"


def test_no_folder_no_repository(world: World) -> None:
    folder = world.project("demo", "Демо", remote=False)
    folder.joinpath(".git").rename(folder / "kept")
    assert [f.state for f in doctor_work.projects(world.settings)] == ["no repository"]
    folder.rename(world.root / "elsewhere")
    assert next(doctor_work.projects(world.settings)).verdict == "wrong"


def test_a_stage_that_runs_is_seen_by_its_lock(world: World, spool: Spool) -> None:
    assert doctor_stages.running(spool) == []
    with running(world, "summarize"):
        assert doctor_stages.running(spool) == ["summarize"]
    assert doctor_stages.running(spool) == []


def test_work_waits_and_nobody_takes_it(world: World, spool: Spool) -> None:
    waiting(spool)
    found = by_name(list(doctor_stages.examine(world.settings, spool, token=True)))
    assert found["stage route"].state == "not running, 1 waiting"
    assert found["not running"].remedy == "skazano up"


class _Page(http.server.BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def server() -> Iterator[http.server.HTTPServer]:
    with http.server.HTTPServer(("127.0.0.1", 0), _Page) as made:
        threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield made
        made.shutdown()


@pytest.mark.parametrize(("status", "verdict"), [(200, "wrong"), (401, "ok"), (502, "wrong")])
def test_pages_without_a_password(server: http.server.HTTPServer, status: int, verdict: str) -> None:
    _Page.status = status
    found = doctor_net._without_password(f"http://127.0.0.1:{server.server_port}/")
    assert found.verdict == verdict
    assert bool(found.remedy) == (verdict == "wrong")


# -- the watch


def watch(world: World, *words: str) -> subprocess.CompletedProcess[str]:
    """The program as its unit starts it."""
    return subprocess.run(
        [sys.executable, "-I", "-S", str(ALERT), *(words or ("watch",))],
        env={"SKAZANO_CONFIG": str(world.config), "CREDENTIALS_DIRECTORY": str(world.etc / "secrets")},
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip


def told(api: BotApi) -> list[str]:
    return [str(act.params["text"]) for act in api.sent if act.method == "sendMessage" and act.chat == OWNER]


def test_all_is_well(world: World, spool: Spool, api: BotApi) -> None:
    waiting(spool)
    silent_for(spool, "route", 10_000)  # the ticket came just then
    assert alert.silence(spool.root, "route")[0] < 5
    assert watch(world).returncode == 0
    assert told(api) == []


def test_a_silent_stage_is_told_once_and_again_after_it_recovered(
    world: World, spool: Spool, api: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKAZANO_CONFIG", str(world.config))
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(world.etc / "secrets"))
    monkeypatch.setattr(alert, "SILENT", 0.0)  # a ticket that came just then waits long enough
    id = waiting(spool)
    silent_for(spool, "route", 10_000)
    for _ in range(3):
        assert alert.main(["watch"]) == 0
    assert len(told(api)) == 1
    assert "route" in told(api)[0]
    with spool.take(id) as held:
        held.park("done")
    alert.main(["watch"])
    waiting(spool, number=2)
    alert.main(["watch"])
    assert len(told(api)) == 2


def test_what_could_not_be_sent_is_sent_by_the_next_look(world: World, spool: Spool, api: BotApi) -> None:
    api.down()
    failed = watch(world, "unit", "skazano@refine.service")
    assert failed.returncode == 1
    assert world.settings.secret("telegram") not in failed.stderr
    api.up()
    assert watch(world).returncode == 0
    assert watch(world, "unit", "skazano@refine.service").returncode == 0
    assert [text.count("refine") for text in told(api)] == [1]


def test_too_little_disk_is_told_once(world: World, spool: Spool, api: BotApi) -> None:
    text = world.config.read_text()
    world.config.write_text(text.replace("free_mb = 20", "free_mb = 1000000000"))
    watch(world)
    watch(world)
    assert len(told(api)) == 1
    world.config.write_text(text)
    watch(world)
    assert not list((spool.state / "alerts").iterdir())


# -- a clock that jumps


def set_clock(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """As if the clock had been set forward by so much, or back; what lies on disk has the times it has."""
    true = time.time
    monkeypatch.setattr(time, "time", lambda: true() + seconds)


def put_off(spool: Spool, seconds: float) -> Ticket:
    """A task that `route` puts off by so much."""
    waiting(spool)
    [ticket] = spool.tickets("new", "route")
    held = spool.claim(ticket)
    assert held
    held.defer(time.time() + seconds)
    return spool.tickets("later", "route")[0]


def test_a_clock_set_back_keeps_no_task_waiting(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = put_off(spool, 60.0)
    assert spool.ripe("route")[0] == []
    set_clock(monkeypatch, -400 * 86400)
    assert spool.ripe("route") == ([ticket], None)


def test_a_clock_set_forward_only_ends_the_waiting(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = put_off(spool, 60.0)
    set_clock(monkeypatch, 400 * 86400)
    assert spool.ripe("route") == ([ticket], None)


def test_a_ticket_that_is_due_in_a_year_is_found(world: World, spool: Spool) -> None:
    path = spool.path(put_off(spool, 365 * 86400))
    found = [f for f in doctor_box.spool_state(world.settings, spool) if f.what.startswith("task ")]
    assert [(f.verdict, f.remedy) for f in found] == [("wrong", f"touch {path}")]
    assert "365 days" in found[0].state
    subprocess.run(found[0].remedy.split(), check=True)
    assert not any(f.what.startswith("task ") for f in doctor_box.spool_state(world.settings, spool))


def test_a_sign_of_life_from_the_future_is_none(spool: Spool) -> None:
    waiting(spool)
    silent_for(spool, "route", -86400.0)
    assert alert.silence(spool.root, "route")[0] < 5  # the ticket came just then


def test_a_stage_that_is_silent_after_the_clock_was_set_back_is_found(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting(spool)
    silent_for(spool, "route", 0.0)
    set_clock(monkeypatch, -400 * 86400)
    assert alert.silence(spool.root, "route") == (alert.LONGEST, 1)


# -- keys


def test_keys_that_the_configuration_names_go_to_the_units_that_need_them(world: World) -> None:
    units_there = world.root / "units"
    units_there.mkdir()
    for name in ("skazano@.service", "skazano-agent-main@.service"):
        shutil.copy(HOME / "systemd" / name, units_there)
    with world.config.open("a") as stream:
        stream.write(
            '[models.engines.a]\nkind = "openai"\nbase_url = "http://x"\nmodel = "m"\nsecret = "house"\n'
            '[models.engines.b]\nkind = "openai"\nbase_url = "http://x"\nmodel = "m"\nsecret = "telegram"\n'
            '[models.engines.c]\nkind = "openai"\nbase_url = "http://x"\nmodel = "m"\nsecret = "absent"\n'
            '[tools.s]\nkind = "chat"\nmodel = "m"\nsecrets = { KEY = "search" }\n'
            '[tools.c]\nkind = "claude"\nsecrets = { K = "anthropic", T = "telegram", E = "../x" }\n'
        )
    for name in ("house", "search", "anthropic"):
        (world.etc / "secrets" / name).write_text("sk-1")
    settings = load(world.config)
    asking = [f"skazano@{name}.service" for name in keys.ASK_MODELS]
    assert keys.hand_out(settings, units_there) == [*asking, "skazano-agent-main@.service"]
    assert keys.hand_out(settings, units_there) == []
    told = {path.parent.name: path.read_text() for path in units_there.glob("*.d/*.conf")}
    loads = {unit: re.findall(r"^LoadCredential=(.*)$", text, re.M) for unit, text in told.items()}
    folder = world.etc / "secrets"
    assert loads == {
        **{f"{unit}.d": [f"house:{folder}/house"] for unit in asking},
        "skazano-agent-main@.service.d": [f"search:{folder}/search"],
    }
    given = units_there / "skazano-agent-main@.service.d" / keys.NAME
    with given.open() as reader:  # systemd, say: it sees all of the old one or all of the next
        (folder / "search").unlink()
        (folder / "anthropic").write_text("sk-1")
        with world.config.open("a") as stream:
            stream.write('[tools.d]\nkind = "chat"\nmodel = "m"\nsecrets = { KEY = "house" }\n')
        assert keys.hand_out(load(world.config), units_there) == ["skazano-agent-main@.service"]
        assert "search:" in reader.read()
    assert "house:" in given.read_text()
    (folder / "house").unlink()
    assert keys.hand_out(settings, units_there)[:3] == asking
    assert not list(units_there.glob("skazano@*.d/*"))


def test_a_model_without_its_key_is_told(world: World) -> None:
    world.config.write_text(world.config.read_text() + '[models]\norder = ["gemini"]\n')
    (world.etc / "secrets" / "gemini-key").write_text("")
    [found] = doctor_work.models(load(world.config))
    assert (found.verdict, found.what) == ("warning", "model gemini")
    assert found.remedy.endswith("secrets/gemini-key")


# -- runs as units


def test_a_units_name_is_what_polkit_takes() -> None:
    id = "20261122-180431-tg-5512-89"
    assert units.unit_name(id, None) == f"skazano-agent-main@{id}.service"
    assert units.unit_name(id, "site2") == f"skazano-agent-site2@{id}.service"
    for user in ("../root", "root;id", "Main", "", "a" * 17, "main@x"):
        if user:
            with pytest.raises(NoProgram):
                units.unit_name(id, user)
    with pytest.raises(ids.BadId):
        units.unit_name("../../etc", None)


def run_folder(path: Path, **more: object) -> Path:
    run = path / "run"
    (run / "out").mkdir(parents=True)
    (run / "stdin.txt").write_text("слова\n")
    os.mkfifo(run / "control")
    wanted = {
        "argv": ["/bin/sh", "-c", "cat; echo ${KEY:-none}"], "cwd": str(path), "env": {"PATH": os.defpath},
        "stdin": str(run / "stdin.txt"), "seconds": 20, "stdout": "stdout.log", "reads": "",
        "output_bytes": 1 << 20, "namespace": False, "processes": 0, "secrets_by": "environment", **more,
    }  # fmt: skip
    (run / "argv.json").write_text(json.dumps(wanted))
    return run


def start(run: Path, secrets: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", unit_run.__file__, str(run)],
        env={"CREDENTIALS_DIRECTORY": str(secrets)}, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_a_unit_runs_the_tool_once_with_its_own_keys(tmp_path: Path) -> None:
    run = run_folder(tmp_path, credentials={"KEY": "anthropic"})
    (tmp_path / "anthropic").write_text("sk-1\n")
    start(run, tmp_path)
    assert (run / "stdout.log").read_text() == "слова\nsk-1\n"
    assert json.loads((run / "exit.json").read_text())["code"] == 0
    assert "sk-1" not in (run / "argv.json").read_text()
    (run / "stdout.log").write_text("once")
    start(run, tmp_path)
    assert (run / "stdout.log").read_text() == "once"


@pytest.mark.parametrize("content", [None, ""])
def test_a_key_that_is_missing_is_told(tmp_path: Path, content: str | None) -> None:
    run = run_folder(tmp_path, credentials={"KEY": "anthropic"})
    if content is not None:
        (tmp_path / "anthropic").write_text(content)
    start(run, tmp_path)
    assert "anthropic" in json.loads((run / "exit.json").read_text())["why"]
    assert not (run / "stdout.log").exists()
