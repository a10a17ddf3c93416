"""The kind `browser`: opens the page that the request names, in Debian's Chromium, and brings its screenshot
and text; or runs the project's own Playwright script that the request names. browser_run does the work."""

import json
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from skazano.tools.base import Job, NoProgram, Outcome, Plan, by_exit, ended_badly, events, output

PROGRAM = Path(__file__).with_name("browser_run.py")
TOLD = ("no-url", "page-failed")  # keys of texts.py that browser_run tells
PICTURES = 4  # that go back to the person
_URL = re.compile(r"https?://[^\s<>«»\"'`]+", re.I)
# «example.org», «example.org/page», «localhost:8000»; not «test.py» or «2.5»
_HOST = re.compile(
    r"(?<![\w@./-])((?:localhost|127\.0\.0\.1)(?::\d{2,5})?|(?:[a-z0-9а-яё-]+\.)+[a-zа-яё]{2,24}(?::\d{2,5})?)"
    r"((?:/[^\s<>«»\"'`]*)?)(?![\w.@-]*[\w@])",
    re.I,
)
_SCRIPT = re.compile(r"(?<![\w/.-])((?:[\w-]+/)*[\w.-]+\.(?:spec\.|test\.|pw\.)?(?:py|js|mjs|ts))(?![\w/])")


def plan(job: Job) -> Plan:
    """The program, told what to do. Raises NoProgram."""
    chromium = shutil.which(job.tool.command or "chromium", path=job.path)
    if chromium is None:
        raise NoProgram("Chromium: apt-get install -y --no-install-recommends chromium")
    wanted = {
        "chromium": chromium,
        "out": str(job.run / "out"),
        "script": script_in(job.prompt, Path(job.project.path)),
        "url": url_in(job.prompt),
    }
    return Plan(
        argv=[sys.executable, "-I", str(PROGRAM), *job.tool.args],
        stdin=json.dumps(wanted, ensure_ascii=False) + "\n",
        environment={
            # What Playwright and its test runner take instead of a browser of their own.
            "PLAYWRIGHT_CHROMIUM_EXECUTABLE_PATH": chromium,
            "PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD": "1",
        },
        reads="browser",
    )


def url_in(text: str) -> str | None:
    """The first address in a request; a host's name alone is one too."""
    if found := _URL.search(text):
        return found[0].rstrip(".,;:!?)]}")
    for found in _HOST.finditer(text):
        host, rest = found[1], found[2].rstrip(".,;:!?)]}")
        if host.rpartition(".")[2].lower() in (
            "py",
            "js",
            "ts",
            "md",
            "mjs",
            "txt",
            "json",
            "html",
            "css",
            "toml",
        ):
            continue
        scheme = "http" if re.match(r"localhost|127\.", host, re.I) else "https"
        return f"{scheme}://{host}{rest}"
    return None


def script_in(text: str, project: Path) -> str | None:
    """The first file that a request names, if it is a script within the project."""
    for found in _SCRIPT.finditer(text):
        path = (project / found[1]).resolve()
        if path.is_file() and project.resolve() in path.parents:
            return str(path)
    return None


def outcome(run: Path, exit: Mapping[str, Any], job: Job) -> Outcome:
    """What it found, and the pictures it took."""
    found: dict[str, Any] = {}
    for event in events(run):
        found = event if event.get("type") in ("page", "script", "error") else found
    good = ended_badly(exit, run)
    if good is None and found.get("type") == "error":
        key = str(found.get("key"))  # a script of the project may print such an event too
        good = Outcome(error=key if key in TOLD else "no-result", values={"why": str(found.get("why"))[:300]})
    good = good or by_exit(exit, run) or (Outcome() if found else Outcome(error="no-result"))
    if found.get("type") == "page":
        good.text = (
            f"{found.get('title') or found.get('url')}\n{found.get('url')}\n\n{found.get('text')}".strip()
        )
    elif found.get("type") == "script":
        good.text = output(run)
    shots = sorted(p.name for p in (run / "out").glob("*.png") if p.is_file() and not p.is_symlink())
    good.pictures = [f"run/out/{name}" for name in shots[:PICTURES]]
    return good
