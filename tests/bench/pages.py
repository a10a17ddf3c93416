#!/usr/bin/env python3
"""What the views cost when 100,000 tasks lie in done/: JSON lines.

One task's change rendered (its page, its project's, the board), the start of a renderer, the index
rebuilt, a change indexed. usage: pages.py [--tasks N]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "lib"), str(ROOT / "tests")]

import pages_sample  # noqa: E402
from skazano import ids  # noqa: E402
from skazano.spool import Spool, Ticket  # noqa: E402
from skazano.views import index  # noqa: E402
from skazano.views.pages import Site  # noqa: E402

SAID = "так слушай в корзине сделай пожалуйста чтобы сумма была со знаком рубля и номер {n} не забудь"
STAGES = ("download", "transcribe", "route", "refine", "execute", "summarize", "reply")
TARGETS = {"one change rendered": 50.0, "start": 2000.0, "index rebuilt": 2000.0}


def fill(spool: Spool, count: int) -> None:
    """`count` finished tasks, 400 a day, with the texts and the history that real ones have."""
    begin = datetime(2026, 11, 21, 18, tzinfo=UTC)
    slugs = [project.slug for project in pages_sample.projects()]
    for number in range(count):
        created = begin - timedelta(seconds=216 * number)
        id = ids.make(created, "tg", 5512, number + 1)
        folder = spool.dir(id)
        folder.mkdir(parents=True)
        stamp = created.isoformat().replace("+00:00", "Z")
        task = {
            "id": id, "created": stamp, "source": "telegram", "chat": 5512, "kind": "voice", "seconds": 7.5,
            "audio": "voice.oga", "project": slugs[number % len(slugs)], "tool": "note",
            "title": f"Корзина {number}",
        }  # fmt: skip
        past = [
            {"time": stamp, "stage": stage, "event": "done", "ms": 120, "engine": "local"} for stage in STAGES
        ]
        said = SAID.format(n=number)
        for name, text in {
            "task.json": json.dumps(task, ensure_ascii=False),
            "history.jsonl": "\n".join(map(json.dumps, past)),
            "transcript.txt": said,
            "transcript.json": json.dumps({"text": said, "speech_seconds": 6.9}, ensure_ascii=False),
            "refined.txt": f"В корзине показать сумму со знаком рубля, номер {number}.",
            "answer.txt": f"Готово: сумма номер {number} со знаком рубля. Тесты проходят.",
            "commit.json": '{"branch": "b", "commits": [{"sha": "c0d91e77a0"}], "numstat": []}',
        }.items():
            (folder / name).write_text(text + "\n")
        path = spool.path(Ticket(id, "done"))
        path.parent.mkdir(exist_ok=True)
        path.touch()


def line(what: str, value: float, unit: str) -> None:
    """One result against its target; a ratio above 1 is better than the target."""
    against = TARGETS.get(what)
    ratio = None
    if against:
        ratio = round(value / against if unit == "tasks/s" else against / value, 2)
    given: dict[str, Any] = {"what": what, "value": round(value, 2), "unit": unit, "against": against}
    print(json.dumps({"bench": "pages", **given, "ratio": ratio}, ensure_ascii=False), flush=True)


def timed(call: Any, *arguments: Any) -> float:
    """Milliseconds that a call takes."""
    begin = time.perf_counter()
    call(*arguments)
    return (time.perf_counter() - begin) * 1000


def rendering(root: Path, spool: Spool) -> None:
    """The start of a renderer in a process of its own, then changes, each as `render` meets it."""
    started = f"""
import sys; sys.path[:0] = {sys.path[:2]!r}
from pathlib import Path
import time; begin = time.perf_counter()
import pages_sample
from skazano.views.pages import Site
site = Site(Path({str(spool.root)!r}), Path({str(root / "site")!r}), pages_sample.projects())
site.sync(); first = time.perf_counter() - begin
site = Site(Path({str(spool.root)!r}), Path({str(root / "site")!r}), pages_sample.projects())
begin = time.perf_counter(); site.sync()
pss = next(l for l in open("/proc/self/smaps_rollup") if l.startswith("Pss:")).split()[1]
print(first * 1000, (time.perf_counter() - begin) * 1000, int(pss) / 1024)
"""
    out = subprocess.run([sys.executable, "-c", started], check=True, capture_output=True, text=True).stdout
    first, again, memory = map(float, out.split())
    line("first start, no pages yet", first, "ms")
    line("start", again, "ms")
    line("memory of a renderer after its start (PSS)", memory, "MB")
    site = Site(spool.root, root / "site", pages_sample.projects())
    site.sync()
    sample = pages_sample.Sample(spool.root, datetime(2026, 11, 22, 15, tzinfo=UTC))
    spent = []
    for number in range(20):
        id = pages_sample.whole(sample, age=number + 1)
        done, run = spool.path(Ticket(id, "done")), spool.path(Ticket(id, "run", "reply", 1))
        done.rename(run)
        spent.append(timed(site.sync))
        run.rename(done)
        spent.append(timed(site.sync))
    line("one change rendered", statistics.median(spent), "ms")
    line("one change rendered, worst of 40", max(spent), "ms")
    line("a look that finds nothing", statistics.median(timed(site.sync) for _ in range(9)), "ms")


def indexing(spool: Spool, count: int) -> None:
    """The index from nothing, then what a daemon does."""
    took = timed(index.rebuild, spool)
    line("index rebuilt", count / took * 1000, "tasks/s")
    line("index compared with every ticket", timed(index.catch_up, spool), "ms")
    id = next(iter(os.listdir(next((spool.root / "done").glob("2026-1*")))))
    line("one change indexed", statistics.median(timed(index.update, spool, [id]) for _ in range(9)), "ms")
    spent = timed(lambda: index.query(spool, search="сумму корзина 777"))
    line("full-text question", spent, "ms")
    line("index.db", index.path(spool).stat().st_size / 1e6, "MB")


def main() -> None:
    """Fill a spool in the temporary directory, measure, remove it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=100_000)
    count = parser.parse_args().tasks
    with tempfile.TemporaryDirectory(prefix="skazano-bench-") as folder:
        spool = Spool.open(Path(folder) / "spool")
        fill(spool, count)
        rendering(Path(folder), spool)
        indexing(spool, count)


if __name__ == "__main__":
    main()
