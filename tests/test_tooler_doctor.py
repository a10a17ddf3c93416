"""What doctor says of other boxes."""

from __future__ import annotations

import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from skazano.tooler.wire import VERSION
from skazano.upkeep import doctor_boxes, doctor_work
from skazano.upkeep.doctor_finding import Finding
from tooler_box import TOKEN, Far, Near


@pytest.fixture
def near(tmp_path: Path, far: Far) -> Near:
    made = Near(tmp_path / "near")
    made.lives_on(far, slugs=("demo", "elsewhere"))
    return made


def findings(near: Near) -> list[tuple[str, str]]:
    found = list(doctor_boxes.boxes(near.world.settings))
    assert all(bool(one.remedy) == (one.verdict != "ok") and TOKEN not in str(one) for one in found)
    return [(one.verdict, one.state) for one in found]


def test_projects_and_tools_that_the_box_lacks(near: Near, far: Far) -> None:
    assert findings(near) == [
        ("warning", "its project demo has no absent"),
        ("wrong", "has no project elsewhere"),
    ]
    (near.world.settings.projects / "elsewhere.toml").unlink()
    file = near.world.settings.projects / "demo.toml"
    file.write_text(file.read_text().replace(', "absent"', ""))
    assert findings(near) == [("ok", f"{far.url}, 1 projects")]
    assert [one.verdict for one in doctor_work.projects(near.world.settings)] == []


def test_tokens(near: Near) -> None:
    near.secret("far", "x" * 40)
    assert findings(near) == [("wrong", "does not take our token")]
    near.secret("far", "short")
    assert findings(near)[0][0] == "wrong"
    (near.world.etc / "secrets/boxes/far").unlink()
    assert findings(near) == [("wrong", "no token")]


def test_nobody_there(near: Near) -> None:
    near.world.settings.config.boxes["far"].url = "http://127.0.0.1:9"
    [(verdict, state)] = findings(near)
    assert (verdict, state.startswith("http://127.0.0.1:9 has no tooler")) == ("wrong", True)


class _Later(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        here = {
            "box": "0" * 16,
            "version": f"{VERSION}1",
            "time": time.time() + 4000,
            "projects": {"demo": []},
        }
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(here).encode())

    def log_message(self, format: str, *args: object) -> None:
        return


def test_another_clock_and_version(near: Near) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Later)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    near.world.settings.config.boxes["far"].url = f"http://127.0.0.1:{server.server_port}"
    version, clock, *_ = findings(near)
    assert version == ("wrong", f"its protocol is {VERSION}1, ours {VERSION}")
    assert clock[0] == "warning"
    off = re.search(r"\+(\d+) s off ours", clock[1])
    assert off is not None
    assert 3900 < int(off[1]) <= 4000  # less what the answer took
    server.shutdown()


def test_whether_this_box_works_for_another(far: Far, near: Near, tmp_path: Path) -> None:
    assert list(doctor_boxes.tooler(near.world.settings)) == []
    assert list(doctor_boxes.tooler(far.world.settings)) == [
        Finding("ok", "tooler", "runs tools for another box")
    ]
    idle = Far(tmp_path / "idle")
    [found] = doctor_boxes.tooler(idle.world.settings)
    assert (found.verdict, found.remedy) == ("wrong", "bin/tooler.py")
