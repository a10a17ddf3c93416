"""The kind `browser` with a real Chromium, on pages of a server on loopback."""

from __future__ import annotations

import importlib.util
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from demo_world import World
from skazano.spool import Spool
from skazano.task import TaskDir
from skazano.tools.browser import script_in, url_in
from stages import once, put

real = pytest.mark.skipif(
    shutil.which("chromium") is None or importlib.util.find_spec("playwright") is None,
    reason="no chromium (Debian) or no playwright (pip)",
)
MORE = """
[tools.browser]
kind = "browser"

[tools.blind]
kind = "browser"
command = "no-such-chromium"
"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "index.html").write_text(
        "<meta charset=utf-8><title>Витрина</title><h1>Привет</h1><p style='height:3000px'>&lt;b&gt;",
        encoding="utf-8",
    )
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(pages)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


@pytest.fixture
def here(tmp_path: Path) -> World:
    made = World(tmp_path, "http://127.0.0.1:9", more=MORE)
    made.project("demo", "Демо", tool="browser", tools=["browser", "blind"], remote=False)
    return made


def ran(here: World, prompt: str, tool: str = "browser") -> TaskDir:
    fields = {"project": "demo", "title": "Дело", "tool": tool}
    task = put(Spool.open(here.spool), "execute", {"prompt.md": prompt}, **fields)
    ended = once(here, "execute")
    assert ended.code == 0, ended.log
    return task


def exit_of(task: TaskDir) -> dict[str, Any]:
    return task.json("run/exit.json") or {}


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("открой https://example.org/a?b=1, пожалуйста", "https://example.org/a?b=1"),
        ("сделай скриншот example.org.", "https://example.org"),
        ("что на сайте пример.рф/новости?", "https://пример.рф/новости"),
        ("посмотри localhost:8000/admin", "http://localhost:8000/admin"),
        ("«https://example.org»", "https://example.org"),
        ("запусти test.py версии 2.5", None),
        ("напиши на me@example.org", None),
        ("покажи file:///etc/passwd", None),
        ("ничего", None),
    ],
)
def test_the_address_in_a_request(text: str, url: str | None) -> None:
    assert url_in(text) == url


def test_the_script_in_a_request_lies_in_the_project(tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "e2e").mkdir(parents=True)
    (project / "e2e" / "shop.spec.ts").write_text("")
    (tmp_path / "outside.py").write_text("")
    assert script_in("прогони e2e/shop.spec.ts", project) == str(project / "e2e" / "shop.spec.ts")
    assert script_in("прогони ../outside.py", project) is None
    assert script_in("прогони нет.py", project) is None


def test_without_chromium_it_says_what_to_install(here: World) -> None:
    task = ran(here, "открой example.org", "blind")
    assert "apt-get install" in (task.text("error.txt") or "").splitlines()[0]


@real
def test_a_page_comes_back_as_picture_and_text(here: World, site: str) -> None:
    task = ran(here, f"открой {site}")
    assert (task.text("result.md") or "").startswith(f"Витрина\n{site}\n\nПривет\n")
    assert exit_of(task)["pictures"] == ["run/out/page.png"]
    raw = (task.path / "run/out/page.png").read_bytes()
    assert raw.startswith(b"\x89PNG")
    assert int.from_bytes(raw[20:24]) > 3000  # the page's whole height


@real
@pytest.mark.slow
def test_a_page_that_is_not_there_is_told(here: World) -> None:
    task = ran(here, "открой http://127.0.0.1:9/")
    assert "Страница не открылась" in (task.text("error.txt") or "")


@real
@pytest.mark.slow
def test_the_projects_own_script_is_run(here: World, site: str) -> None:
    script = f"""
import os
from playwright.sync_api import sync_playwright
with sync_playwright() as p:
    chromium = os.environ["PLAYWRIGHT_CHROMIUM_EXECUTABLE_PATH"]
    page = p.chromium.launch(executable_path=chromium, args=["--no-sandbox"]).new_page()
    page.goto("{site}")
    page.screenshot(path=os.environ["SKAZANO_OUT"] + "/own.png")
    print("Заголовок:", page.title())
"""
    (here.settings.work / "demo" / "look.py").write_text(script, encoding="utf-8")
    task = ran(here, "запусти look.py")
    assert "Заголовок: Витрина" in (task.text("result.md") or "")
    assert exit_of(task)["pictures"] == ["run/out/own.png"]


def test_a_request_without_an_address_is_asked_for_one(here: World, tmp_path: Path) -> None:
    if shutil.which("chromium") is None:
        pytest.skip("no chromium")
    task = ran(here, "покажи страницу")
    assert "Не понял, какую страницу" in (task.text("error.txt") or "")
