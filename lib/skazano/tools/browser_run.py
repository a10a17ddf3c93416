"""Opens a page and takes its picture, or runs a script of the project. Run as `python -I browser_run.py`, in
the project's folder; standard input is {chromium, out, url, script} as JSON. Events on standard output: page
{url, status, title, text}, script {code}, error {key, why}; what a script prints is passed through.
"""

import contextlib
import json
import os
import subprocess
import sys
from typing import Any

SECONDS = 45  # for a page to load
SETTLE = 3  # seconds more for what it loads by itself
TALLEST = 8000  # pixels of a full-page picture
TEXT = 20_000  # characters of a page's text
SIZE = {"width": 1280, "height": 800}


def main() -> int:
    """Do what is asked for; the exit code is the script's."""
    wanted = json.load(sys.stdin)
    os.environ["SKAZANO_OUT"] = wanted["out"]
    if wanted["script"]:
        return run(wanted["script"], wanted["out"])
    if not wanted["url"]:
        return failed("no-url", "")
    return visit(wanted)


def run(script: str, out: str) -> int:
    """The project's own script: Python with our Playwright, anything else with the project's test runner."""
    if script.endswith(".py"):
        tests = os.path.basename(script).startswith("test_") or script.endswith("_test.py")
        argv = [sys.executable, *(["-m", "pytest", "-q"] if tests else []), script]
    elif ".spec." in script or ".test." in script:
        argv = ["npx", "--no-install", "playwright", "test", "--output", os.path.join(out, "results"), script]
    else:
        argv = ["node", script]
    try:
        code = subprocess.run(argv, check=False, stdin=subprocess.DEVNULL).returncode
    except FileNotFoundError:
        return failed("page-failed", f"{argv[0]}: not found")
    collect(out)
    emit({"type": "script", "code": code})
    return code if code >= 0 else 128 - code


def collect(out: str) -> None:
    """Pictures that a test runner put into folders of its own, moved to where they are looked for."""
    for folder, _, names in os.walk(os.path.join(out, "results")):
        for name in sorted(names):
            if name.endswith(".png"):
                flat = os.path.relpath(os.path.join(folder, name), out).replace(os.sep, "-")
                os.replace(os.path.join(folder, name), os.path.join(out, flat))


def visit(wanted: dict[str, Any]) -> int:
    """A page: its picture, title and text."""
    try:
        from playwright.sync_api import Error, TimeoutError, sync_playwright
    except ImportError:
        return failed("page-failed", "pip install playwright")
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(
                executable_path=wanted["chromium"], args=["--no-sandbox", "--disable-dev-shm-usage"]
            )
        except Error as error:
            return failed("page-failed", error.message.splitlines()[0])
        try:
            page = browser.new_page(viewport=SIZE, accept_downloads=False)  # type: ignore[arg-type]
            answer = page.goto(wanted["url"], timeout=SECONDS * 1000, wait_until="load")
            with contextlib.suppress(TimeoutError):  # a page that never rests is taken as it is
                page.wait_for_load_state("networkidle", timeout=SETTLE * 1000)
            tall = min(TALLEST, int(page.evaluate("document.documentElement.scrollHeight")))
            page.set_viewport_size({"width": SIZE["width"], "height": max(SIZE["height"], tall)})
            page.screenshot(path=os.path.join(wanted["out"], "page.png"))
            text = page.inner_text("body", timeout=5000)[:TEXT]
            status = answer.status if answer else None
            emit({"type": "page", "url": page.url, "status": status, "title": page.title(), "text": text})
        except Error as error:
            return failed("page-failed", error.message.splitlines()[0])
        finally:
            browser.close()
    return 0


def failed(key: str, why: str) -> int:
    """What went wrong, as a key of the texts for people."""
    emit({"type": "error", "key": key, "why": why})
    return 1


def emit(event: dict[str, Any]) -> None:
    """One event, at once."""
    print(json.dumps(event, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    sys.exit(main())
