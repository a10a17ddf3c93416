"""The pages: what they show, that they are safe, that they keep up with the spool; and in Chromium."""

import functools
import http.server
import os
import re
import shutil
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

import pytest

import pages_sample
from skazano import files
from skazano.spool import Ticket
from skazano.views import index, pages_recent
from skazano.views.pages import Site, timezone
from skazano.views.pages_read import read
from skazano.views.pages_text import Speech, visible
from skazano.views.pages_view import shown_remote, web_address

BEGIN = datetime(2026, 11, 22, 15, 4, 31, tzinfo=UTC)
MOSCOW = ZoneInfo("Europe/Moscow")
CHROMIUM = shutil.which("chromium")


class Made:
    """A sample spool, its site and the ids of its tasks."""

    def __init__(self, root: Path, lang: str = "ru") -> None:
        self.ids = pages_sample.fill(root / "spool", BEGIN)
        self.root = root
        self.site = self.again(lang)
        self.spool = self.site.spool

    def again(self, lang: str = "ru") -> Site:
        return Site(self.root / "spool", self.root / "site", pages_sample.projects(), lang, MOSCOW)

    def page(self, name: str) -> str:
        path = f"task/{self.ids[name]}.html" if name in self.ids else name
        return (self.site.root / path).read_text(encoding="utf-8")

    def move(self, name: str, box: str, stage: str | None = None, attempts: int = 0) -> None:
        ticket = self.spool.find(self.ids[name])
        assert ticket
        target = self.spool.path(Ticket(ticket.id, box, stage, attempts))  # type: ignore[arg-type]
        target.parent.mkdir(parents=True, exist_ok=True)
        self.spool.path(ticket).rename(target)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A rendered sample that no test changes."""
    made = Made(tmp_path_factory.mktemp("shown"))
    made.site.render_all()
    return made


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """A sample of one's own."""
    return Made(tmp_path)


class Links(HTMLParser):
    """Every address in a page, every attribute name, and the tags."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.names: set[str] = set()
        self.tags: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.names |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]


def test_board_puts_first_what_waits_for_a_person(shown: Made) -> None:
    board = shown.page("index.html")
    order = re.findall(r'<section class="group g-(\w+)"', board)
    assert order == ["unsorted", "hold", "failed", "working", "projects", "recent"]
    working = board[board.index('id="working"') : board.index('id="projects"')]
    states = re.findall(r"is-(\w+)", working)
    assert states == sorted(states, key=["run", "new", "later", "waiting"].index)
    assert "Магазин керамики" in board
    assert '<time datetime="2026-11-22T14:26:31Z" title="22\u00a0ноября 2026, 17:26">' in board


def test_task_page_tells_the_whole_story(shown: Made) -> None:
    page = shown.page("whole")
    for part in (
        "так в магазине э в корзине", "показывать итог со знаком рубля", "Готово. Итог в корзине",
        "1\u00a0мин 34\u00a0с", "ждало 21\u00a0с", "gemini", "0,13\u00a0$", "autobot/2026-11-22",
        "https://github.com/petrova/ceramic-shop/commit/c0d91e77a0", "static/ruble.woff2", "двоичный",
        '<span class="add">+    &lt;p class=&#34;hint&#34;&gt;Доставка бесплатная', "отправлено",
        "48 passed in 3.21s", "Ход работы", "answer.oga", "run/exit.json",
    ):  # fmt: skip
        assert part in page
    assert "\x1b" not in page
    assert "skazano retry" in shown.page("failed")
    assert "Invalid API key" in shown.page("failed")
    assert f"skazano move {shown.ids['unsorted']} shop" in shown.page("unsorted")
    assert "429 from Gemini" in shown.page("later")
    assert shown.ids["child2"] in shown.page("waiting")
    assert shown.ids["waiting"] in shown.page("child1")


def test_every_link_leads_to_a_file_and_nothing_is_inline(shown: Made) -> None:
    pages = [*shown.site.root.glob("*.html"), *shown.site.root.glob("*/*.html")]
    assert len(pages) == 1 + 4 + sum(1 for _ in shown.spool.tasks.glob("*/*"))
    outside = set()
    for page in pages:
        found = Links(page.read_text(encoding="utf-8"))
        assert not {name for name in found.names if name == "style" or name.startswith("on")}
        assert not {"script", "style", "iframe", "form"} & set(found.tags)
        for link in found.links:
            parts = urlsplit(link)
            if parts.scheme:
                outside.add(parts.hostname)
            elif parts.path:
                assert (page.parent / unquote(parts.path)).is_file(), f"{page}: {link}"
    assert outside == {"github.com", "git.example.org"}


def test_hostile_words_stay_words(shown: Made) -> None:
    pages = [shown.page("hostile"), shown.page("index.html")]
    for page in pages:
        assert "&lt;img src=x onerror=&#34;" in page
        assert "{{ 7*7 }}" in page
        assert "⟨U+202E⟩абв⟨U+202C⟩" in page
    for path in shown.site.root.rglob("*.html"):
        assert "\u202e" not in path.read_text(encoding="utf-8")
    assert "%3Cb%3E%3F.txt" in pages[0]


def test_credentials_of_a_remote_are_not_shown(shown: Made) -> None:
    assert "https://git.example.org/tea/blog" in shown.page("project/blog.html")
    assert all("bot:secret" not in page.read_text() for page in shown.site.root.rglob("*.html"))


def test_unchanged_pages_are_not_rewritten(made: Made) -> None:
    made.site.render_all()
    before = {path: path.stat().st_ino for path in made.site.root.rglob("*.html")}
    made.again().render_all()
    assert {path: path.stat().st_ino for path in made.site.root.rglob("*.html")} == before
    assert not list(made.site.root.rglob("*.tmp"))


def test_sync_renders_what_moved_and_only_that(made: Made) -> None:
    made.site.sync()
    assert made.site.sync() == []
    made.move("run", "done")
    assert made.site.sync() == [made.ids["run"]]
    assert 'state is-done">готово' in made.page("run")
    made.move("unsorted", "new", "refine")
    assert made.site.sync() == [made.ids["unsorted"]]
    board = made.page("index.html")
    assert made.ids["unsorted"] in board[board.index('id="working"') :]


def test_sync_sees_a_finished_task_that_was_retried_between_two_looks(made: Made) -> None:
    made.site.sync()
    made.move("whole", "run", "reply", 1)
    (made.spool.dir(made.ids["whole"]) / "answer.txt").write_text("Другой ответ\n")
    made.move("whole", "done")
    assert made.site.sync() == [made.ids["whole"]]
    assert "Другой ответ" in made.page("whole")
    assert "Другой ответ" in made.page("index.html")


def test_sync_sees_a_task_that_came_and_was_finished_between_two_looks(made: Made) -> None:
    made.site.sync()
    sample = pages_sample.Sample(made.root / "spool", BEGIN + timedelta(minutes=1))
    made.ids["late"] = sample.task("done", said="успел", answer="Готово.", project="home")
    assert made.site.sync() == [made.ids["late"]]
    assert made.ids["late"] in made.page("index.html")
    assert made.ids["late"] in made.page("project/home.html")


def test_what_finished_while_nobody_looked_is_rendered_at_the_start(made: Made) -> None:
    made.site.sync()
    made.move("run", "done")
    made.again().sync()
    assert 'state is-done">готово' in made.page("run")


def test_a_removed_task_and_a_removed_project_lose_their_pages(made: Made) -> None:
    made.site.sync()
    id = made.ids["whole"]
    made.spool.path(Ticket(id, "done")).unlink()
    shutil.rmtree(made.spool.dir(id))
    assert made.site.sync() == [id]
    assert not (made.site.root / "task" / f"{id}.html").exists()
    assert id not in made.page("index.html")
    made.site.projects = [one for one in made.site.projects if one.slug != "blog"]
    made.site.sync()
    assert not (made.site.root / "project" / "blog.html").exists()
    assert "Блог о чае" not in made.page("index.html")


def test_done_is_never_listed_for_a_change(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    made.site.sync()
    real = os.listdir

    def listdir(path: Any = ".") -> list[str]:
        assert Path(path).parent.name != "done", "done/ was listed"
        return real(path)

    monkeypatch.setattr(os, "listdir", listdir)
    made.move("run", "done")
    assert made.site.sync() == [made.ids["run"]]
    assert made.ids["run"] in made.page("index.html")


def test_a_quiet_project_is_remembered_by_the_index(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages_recent, "SCAN", 1)
    made.site.render_project("blog")
    assert "Черновик заметки" not in made.page("project/blog.html")
    index.rebuild(made.spool)
    made.again().render_project("blog")
    assert "Черновик заметки" in made.page("project/blog.html")


def test_nothing_outside_the_task_is_shown(made: Made) -> None:
    folder = made.spool.dir(made.ids["run"])
    (made.root / "secret").write_text("тайна")
    (folder / "run" / "stdout.log").unlink()
    (folder / "run" / "stdout.log").symlink_to(made.root / "secret")
    (folder / "answer.txt").symlink_to(made.root / "secret")
    os.mkfifo(folder / "result.md")
    made.site.sync()
    assert "тайна" not in made.page("run")
    assert "answer.txt" not in made.page("run")


def test_the_measured_length_is_shown(made: Made) -> None:
    folder = made.spool.dir(made.ids["whole"])
    made.site.render_task(made.ids["whole"])
    assert Speech("ru").duration(38.9) in made.page("whole")
    files.append_line(
        folder / "history.jsonl",
        {"time": "2026-11-22T18:04:31.000Z", "stage": "transcribe", "event": "done", "audio_seconds": 62.4},
    )
    made.site.render_task(made.ids["whole"])
    page = made.page("whole")
    assert Speech("ru").duration(62.4) in page
    assert Speech("ru").duration(38.9) not in page


@pytest.mark.parametrize(
    "broken", [b"", b"[1]", b'{"created": 7, "seconds": NaN, "title": [], "commits": [3]}', b"\xff"]
)
def test_broken_files_leave_a_page(made: Made, broken: bytes) -> None:
    for name in ("task.json", "history.jsonl", "commit.json", "transcript.json", "update.json", "error.txt"):
        (made.spool.dir(made.ids["whole"]) / name).write_bytes(broken)
        made.site.render_task(made.ids["whole"])
    made.site.sync()
    assert made.ids["whole"] in made.page("whole")
    assert made.ids["whole"] in made.page("index.html")


def test_long_logs_and_patches_are_bounded(made: Made) -> None:
    folder = made.spool.dir(made.ids["whole"])
    (folder / "changes.patch").write_text(pages_sample.PATCH * 2000)
    (folder / "run" / "stdout.log").write_text("строка\n" * 200_000 + "последняя\n")
    made.site.render_task(made.ids["whole"])
    page = made.page("whole")
    assert len(page) < 400_000
    assert "последняя" in page
    assert "Показано начало" in page
    assert "Показан конец" in page


def test_a_task_without_a_ticket_says_what_to_do(made: Made) -> None:
    made.spool.path(Ticket(made.ids["whole"], "done")).unlink()
    made.site.render_task(made.ids["whole"])
    assert "skazano fsck" in made.page("whole")


def test_a_very_long_transcript_scrolls_in_its_place(made: Made) -> None:
    folder = made.spool.dir(made.ids["whole"])
    made.site.render_task(made.ids["whole"])
    assert 'role="group" lang' not in made.page("whole")
    (folder / "transcript.txt").write_text("надо бы ещё проверить корзину " * 100)
    made.site.render_task(made.ids["whole"])
    assert '<p class="speech verbatim long" tabindex="0" role="group" lang="ru"' in made.page("whole")


def test_english(tmp_path: Path) -> None:
    made = Made(tmp_path, "en")
    made.site.render_all()
    board = made.page("index.html")
    assert '<html lang="en">' in board
    assert "Waits for a decision" in board
    assert "1\u00a0min 34\u00a0s" in made.page("whole")


def test_an_empty_spool_has_a_board(tmp_path: Path) -> None:
    pages_sample.Sample(tmp_path / "spool", BEGIN)
    Site(tmp_path / "spool", tmp_path / "site", []).sync()
    assert "Пока тихо" in (tmp_path / "site" / "index.html").read_text()


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 мс"),
        (0.35, "350 мс"),
        (4.21, "4,2 с"),
        (59.96, "1 мин"),
        (80, "1 мин 20 с"),
        (7500, "2 ч 5 мин"),
        (273600, "3 дн. 4 ч"),
    ],
)
def test_durations(seconds: float, said: str) -> None:
    assert Speech("ru").duration(seconds).replace("\u00a0", " ") == said


@pytest.mark.parametrize(
    ("number", "said"),
    [(1, "1 задача"), (3, "3 задачи"), (11, "11 задач"), (21, "21 задача"), (1112, "1 112 задач")],
)
def test_counts(number: int, said: str) -> None:
    assert re.sub("[\u00a0\u202f]", " ", Speech("ru").count(number, "tasks")) == said


def test_a_russian_line_does_not_end_with_a_short_word() -> None:
    assert Speech("ru").bound("и в доме — чай") == "и\u00a0в\u00a0доме\u00a0— чай"
    assert Speech("en").bound("a b") == "a b"
    assert Speech("ru").title(None, "voice") == "Голосовое сообщение"


def test_deceiving_characters_are_shown_and_emoji_kept() -> None:
    assert (
        visible("a\u202eb\u2066\x00\ud800\ufeff\u061c")
        == "a⟨U+202E⟩b⟨U+2066⟩⟨U+0000⟩⟨U+D800⟩⟨U+FEFF⟩⟨U+061C⟩"
    )
    assert visible("👩\u200d💻 é\tя\n") == "👩\u200d💻 é\tя\n"


@pytest.mark.parametrize(
    ("remote", "page"),
    [
        ("git@github.com:o/r.git", "https://github.com/o/r"),
        ("https://user:pass@git.example.org:8443/o/r.git", "https://git.example.org:8443/o/r"),
        ("ssh://git@git.example.org:2222/o/r", "https://git.example.org/o/r"),
        ("/srv/git/r.git", None),
        ("javascript:alert(1)", None),
        ("http://[::1", None),
        (None, None),
    ],
)
def test_web_address_of_a_remote(remote: str | None, page: str | None) -> None:
    assert web_address(remote) == page
    assert "pass" not in (shown_remote(remote) or "")


def test_timezone_by_name() -> None:
    assert timezone("Asia/Tokyo") == ZoneInfo("Asia/Tokyo")
    assert timezone("") is None
    assert timezone("../etc/passwd") is None
    assert timezone("Nowhere/Land") is None


def test_reading_is_bounded(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("абв")
    assert read(tmp_path / "a", 3) == ("аб".encode()[:3], 6)
    assert read(tmp_path / "a", 2, tail=True) == ("в".encode(), 6)
    assert read(tmp_path / "none", 9) == (b"", -1)


# -- in a browser ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's Chromium."""
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-dev-shm-usage"]
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def served(shown: Made) -> Iterator[str]:
    """The site over HTTP, as `python -m http.server` gives it."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=str(shown.site.root))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


class Visit:
    """A page in the browser, and whatever it complained about or asked for."""

    def __init__(self, browser: Any, base: str, width: int, scheme: str = "light") -> None:
        self.base = base
        self.trouble: list[str] = []
        self.asked: list[str] = []
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        self.page = context.new_page()
        self.page.on("console", lambda message: self.trouble.append(message.text))
        self.page.on("pageerror", lambda error: self.trouble.append(str(error)))
        self.page.on("dialog", lambda dialog: self.trouble.append(dialog.message))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("response", lambda answer: answer.status >= 400 and self.trouble.append(answer.url))

    def go(self, path: str) -> Any:
        self.page.goto(self.base + path, wait_until="load")
        return self.page


def addresses(shown: Made) -> list[str]:
    return ["index.html", "project/shop.html", *(f"task/{id}.html" for id in shown.ids.values())]


@pytest.mark.parametrize("way", ["http", "file"])
def test_pages_load_quietly_and_ask_nobody(browser: Any, served: str, shown: Made, way: str) -> None:
    base = served if way == "http" else shown.site.root.as_uri() + "/"
    visit = Visit(browser, base, 320)
    for path in addresses(shown):
        page = visit.go(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
        assert page.evaluate("getComputedStyle(document.body).maxWidth") != "none", "style.css did not load"
        assert page.locator("h1").count() == 1
        assert page.locator("main").count() == 1
    visit.go(f"task/{shown.ids['whole']}.html")
    visit.page.wait_for_function("[...document.querySelectorAll('audio')].every(a => a.readyState >= 1)")
    assert visit.page.locator("audio").count() == 2
    assert visit.trouble == []
    assert [url for url in visit.asked if not url.startswith(base)] == []


def test_hostile_words_do_nothing_in_a_browser(browser: Any, served: str, shown: Made) -> None:
    visit = Visit(browser, served, 800)
    page = visit.go(f"task/{shown.ids['hostile']}.html")
    assert page.locator("main img, main b, main script").count() == 0
    assert page.title().startswith("</script><img src=x onerror=")
    assert page.locator("h1").inner_text().startswith("</script>")
    with page.expect_response(lambda answer: "%3Cb%3E" in answer.url) as got:
        page.locator(".files a", has_text="отчёт").evaluate(
            "a => { a.removeAttribute('download'); a.click(); }"
        )
    assert got.value.status == 200
    assert visit.trouble == []


CONTRAST = """() => {
  const parse = c => c.match(/[\\d.]+/g).map(Number);
  const linear = v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
  const lum = c => { const [r, g, b] = c.slice(0, 3).map(linear);
    return .2126 * r + .7152 * g + .0722 * b; };
  const back = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor);
    if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
  const bad = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !e.checkVisibility() || e.closest('audio, svg')) continue;
    const [a, b] = [lum(parse(getComputedStyle(e).color)), lum(back(e))].sort((x, y) => y - x);
    const ratio = (a + .05) / (b + .05);
    if (ratio < 4.5) bad.push([e.className, walk.currentNode.data.trim().slice(0, 30), ratio]);
  }
  return bad;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_is_aa(browser: Any, served: str, shown: Made, scheme: str) -> None:
    visit = Visit(browser, served, 1280, scheme)
    for path in addresses(shown)[:12]:
        assert visit.go(path).evaluate(CONTRAST) == [], path


def test_keyboard_reaches_the_content_and_shows_where_it_is(browser: Any, served: str) -> None:
    page = Visit(browser, served, 800).go("index.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
