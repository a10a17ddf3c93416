"""One message to the owner when something is wrong that nobody would see otherwise.

    alert.py watch        looks for a stage that is silent while work waits, and for a full disk; by a timer
    alert.py unit NAME    systemd gave the unit up (OnFailure=)

Standard library only, so that it also works when nothing else does, and costs little. What was told lies
in state/alerts/<name>.json and is told once; when it is over the file goes. What could not be sent is sent
by the next look. The owner is the first of telegram.allowed.
"""

import http.client
import json
import os
import re
import shutil
import sys
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from skazano.tickets import STAGES

SILENT = 60.0  # seconds that work may wait while its stage gives no sign of life; must be above stage.LISTING
LONGEST = 86400.0  # seconds of silence that are told apart
SECONDS = 20.0  # for one request
SAYS = {
    "ru": {
        "unit": "⚠️ {what} остановлен: systemd больше не пробует. На сервере: skazano doctor",
        "stage": "⚠️ {what} молчит {minutes} мин, ждут задачи: {count}. "
        "На сервере: systemctl restart skazano@{what}",
        "disk": "⚠️ Свободно {free} МБ: новые сообщения пока остаются у Telegram. На сервере: df -h {what}",
    },
    "en": {
        "unit": "⚠️ {what} stopped and systemd gave it up. On the box: skazano doctor",
        "stage": "⚠️ {what} silent for {minutes} min, {count} waiting. "
        "On the box: systemctl restart skazano@{what}",
        "disk": "⚠️ {free} MB free: Telegram keeps further messages. On the box: df -h {what}",
    },
}


class World:
    """What little of the configuration this needs."""

    def __init__(self) -> None:
        file = Path(os.environ.get("SKAZANO_CONFIG", "/etc/skazano/skazano.toml"))
        values = tomllib.loads(file.read_text(encoding="utf-8"))
        telegram = values.get("telegram", {})
        self.api: str = telegram.get("api_url", "https://api.telegram.org")
        self.owner: int | None = next(iter(telegram.get("allowed", [])), None)
        self.lang: str = values.get("chat", {}).get("lang", "ru")
        self.free_mb: int = values.get("limits", {}).get("free_mb", 200)
        given = values.get("paths", {}).get("spool", "../../spool")
        self.spool = Path(os.path.normpath(file.parent / given))
        self.alerts = self.spool / "state" / "alerts"

    def token(self) -> str:
        """The bot's token; "" if there is none."""
        place = Path(os.environ.get("CREDENTIALS_DIRECTORY", "/nonexistent")) / "telegram"
        return place.read_text().strip() if place.exists() else ""


def watch(world: World) -> int:
    """Note what is wrong, forget what is over, send what was not sent."""
    found = dict(troubles(world))
    for name, text in found.items():
        note(world, name, text)
    for path in sorted(world.alerts.glob("[!.]*.json")):
        if path.stem.startswith("unit-"):
            over = _runs_again(world, path)
        else:
            over = path.stem not in found
        if over:
            path.unlink(missing_ok=True)
    return send_all(world)


def unit(world: World, name: str) -> int:
    """Tell of a unit that failed for good."""
    short = re.sub(r"[^a-z0-9-]", "", name.removesuffix(".service").removeprefix("skazano@"))[:60]
    note(world, f"unit-{short}", SAYS[world.lang]["unit"].format(what=short))
    return send_all(world)


def troubles(world: World) -> Iterator[tuple[str, str]]:
    """(name, sentence) of everything that is wrong at this moment."""
    words = SAYS[world.lang]
    free = shutil.disk_usage(world.spool).free // 1_000_000
    if free < world.free_mb:
        yield "disk", words["disk"].format(free=free, what=world.spool)
    for stage in STAGES:
        silent, count = silence(world.spool, stage)
        if silent > SILENT:
            minutes = max(1, round(silent / 60))
            yield f"stage-{stage}", words["stage"].format(what=stage, minutes=minutes, count=count)


def silence(spool: Path, stage: str) -> tuple[float, int]:
    """For how many seconds the stage has given no sign while work waited, and how much waits; 0 if none."""
    moment, waiting = time.time(), []
    for box in ("new", "later"):
        for entry in _entries(spool / stage / box):
            try:
                status = entry.stat()
            except FileNotFoundError:
                continue
            put = _known(status.st_ctime, moment)
            arrived = max(status.st_mtime, put) if box == "later" and put else put
            if arrived <= moment:
                waiting.append(arrived)
    if not waiting:
        return 0.0, 0
    mark = spool / "state" / "alive" / stage
    seen = _known(mark.stat().st_mtime, moment) if mark.exists() else 0.0
    return min(LONGEST, moment - max(seen, min(waiting))), len(waiting)


def _known(when: float, moment: float) -> float:
    """A time on disk; 0 if it lies ahead, which a clock that has been set back since has written."""
    return when if when <= moment + SILENT else 0.0


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return [entry for entry in found if not entry.name.startswith(".")]
    except FileNotFoundError:
        return []


def _runs_again(world: World, path: Path) -> bool:
    """Whether the unit of that alert has given signs of life for a while since it was told."""
    value = json.loads(path.read_text(encoding="utf-8"))
    mark = world.spool / "state" / "alive" / path.stem.removeprefix("unit-")
    seen = mark.stat().st_mtime if mark.exists() else 0.0
    return bool(value["told"]) and time.time() - seen < 2 * SILENT and seen - value["since"] > 2 * SILENT


def note(world: World, name: str, text: str) -> None:
    """Remember a trouble, unless it is known."""
    path = world.alerts / f"{name}.json"
    world.alerts.mkdir(mode=0o775, exist_ok=True)
    if not path.exists():
        _write(path, {"since": time.time(), "text": text, "told": False})


def _write(path: Path, value: Any) -> None:
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(json.dumps(value, ensure_ascii=False) + "\n", encoding="utf-8")
    temporary.rename(path)


def send_all(world: World) -> int:
    """Send what was not sent; 1 if something could not be."""
    token, left = world.token(), 0
    for path in sorted(world.alerts.glob("[!.]*.json")):
        value = json.loads(path.read_text(encoding="utf-8"))
        if value["told"]:
            continue
        print(f"<4>- alert name={path.stem}", file=sys.stderr)
        if not token or world.owner is None:
            continue  # nobody to tell: the journal has it
        if send(world, token, value["text"]):
            _write(path, {**value, "told": True})
        else:
            left = 1
    return left


def send(world: World, token: str, text: str) -> bool:
    """Send one message to the owner; whether Telegram took it. The URL holds the token: it is not logged."""
    request = urllib.request.Request(
        f"{world.api}/bot{token}/sendMessage",
        data=json.dumps({"chat_id": world.owner, "text": text}).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            return bool(json.load(answer).get("ok"))
    except (OSError, ValueError, http.client.HTTPException, urllib.error.URLError) as error:
        code = getattr(error, "code", None) or type(error).__name__
        print(f"<3>- alert not sent error={code}", file=sys.stderr)
        return False


def main(words: list[str]) -> int:
    """As a program."""
    world = World()
    if words[:1] == ["unit"] and len(words) == 2:
        return unit(world, words[1])
    return watch(world)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
