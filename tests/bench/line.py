#!/usr/bin/env python3
"""The whole line: a text task from Telegram through every stage to its answer, all programs running.

Everything is fsynced, the tool is `note`, the repository has a bare remote on this disk. "our own time" is
what the stages say of themselves in history.jsonl, without what the engines took: the tool's run and git's
programs in `execute`, recognition, speech. JSON lines, as all of tests/bench prints.
"""

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(HOME / "lib"), str(HOME / "tests")]

from botapi import BotApi  # noqa: E402
from demo_world import VOICES, World  # noqa: E402
from skazano.spool import Spool  # noqa: E402
from skazano.task import TaskDir  # noqa: E402
from skazano.upkeep.supervise import Supervisor  # noqa: E402

COUNT = 30
OWN = ("download", "route", "refine", "summarize", "reply")


def main() -> None:
    with tempfile.TemporaryDirectory(dir=HOME / ".cache") as folder, BotApi() as api:
        world = World(Path(folder), api)
        world.project("demo", "Демо")
        spool = Spool.open(world.spool)
        with Supervisor(world.config, logs=Path(folder) / "logs") as programs:
            programs.wait_ready()
            ask(api, programs, "настройки проект демо")
            texts = [ask(api, programs, f"добавь кнопку номер {n}") for n in range(COUNT)]
            voices = [ask(api, programs, VOICES / "02-request-note.oga") for _ in range(COUNT // 3)]
        own, execute = [], []
        for ticket in spool.tickets("done"):
            events = TaskDir(spool.dir(ticket.id)).events()
            spent = {event["stage"]: event for event in events if "ms" in event}
            if "execute" in spent:
                own.append(sum(spent[stage]["ms"] for stage in OWN if stage in spent))
                execute.append(spent["execute"]["ms"])
    tell("message to answer, text", statistics.median(texts) * 1000, "")
    tell("message to answer, 4.5 s of voice (demo model)", statistics.median(voices) * 1000, "")
    tell("the stages' own time a task, without execute", statistics.median(own), "target 250")
    tell("execute: runner, tool, git with push", statistics.median(execute), "")


def ask(api: BotApi, programs: Supervisor, what: str | Path) -> float:
    """Seconds from a message to its answer."""
    before, begun = len(api.replies()), time.monotonic()
    api.say_text(what) if isinstance(what, str) else api.say_voice(what)
    api.wait_for(lambda: len(api.replies()) > before, 60)
    return time.monotonic() - begun


def tell(what: str, value: float, against: str) -> None:
    line = {"bench": "line", "what": what, "value": round(value, 1), "unit": "ms", "against": against}
    print(json.dumps({**line, "ratio": round(value / 250, 3) if against else None}, ensure_ascii=False))


if __name__ == "__main__":
    main()
