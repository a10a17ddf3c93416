"""Kept recordings through any set of engines: what each hears, how fast, with how much memory.

Each engine runs in a process of its own. Results go to a file of JSON lines as they come, so that a
comparison that was stopped goes on where it was.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from skazano.files import append_line, read_json, read_lines

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Item:
    """A kept recording: the task's id, the audio file, and what a person confirmed was said, if any."""

    id: str
    audio: Path
    truth: str | None = None


@dataclass(frozen=True)
class Result:
    """What one engine made of one recording. error: why it could not, else ""."""

    engine: str
    id: str
    audio: str  # size and time of change of the file: another file is another result
    text: str = ""
    audio_seconds: float = 0.0
    seconds: float = 0.0
    error: str = ""


@dataclass(frozen=True)
class Engine:
    """Cost of an engine's process: s until it was ready, MB at its peak. name as it chose itself."""

    engine: str
    name: str = ""
    load: float = 0.0
    peak_mb: float = 0.0
    error: str = ""


@dataclass
class Comparison:
    """Everything that was found, in the order that was asked for."""

    items: list[Item]
    engines: list[Engine]
    results: dict[tuple[str, str], Result]

    def text(self, engine: str, item: str) -> str:
        """What `engine` heard in the recording `item`; "" if it failed."""
        found = self.results.get((engine, item))
        return found.text if found else ""


def items_in(tasks: Iterable[Path]) -> list[Item]:
    """The recordings of task directories, of which each has a task.json; those without are left out."""
    items = []
    for task in tasks:
        facts = read_json(task / "task.json")
        name = facts.get("audio") if isinstance(facts, dict) else None
        if not isinstance(name, str) or Path(name).name != name or not (task / name).is_file():
            continue
        try:
            truth = (task / "confirmed.txt").read_text(encoding="utf-8").strip()
        except (FileNotFoundError, UnicodeDecodeError):
            truth = ""
        items.append(Item(task.name, task / name, truth or None))
    return items


def compare(
    items: list[Item],
    engines: list[str],
    store: Path,
    models_dir: Path | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Run every engine over every recording, except where `store` already holds the result.

    engines: "onnx-int8", "gigaam:v2_ctc", "onnx:/a/directory" … as open_recogniser takes them, the
    model after a colon. progress(engine, recordings done, recordings in all). Raises OSError.
    """
    store.parent.mkdir(parents=True, exist_ok=True)
    known, costs = _load(store)
    for engine in engines:
        missing = [i for i in items if _key(engine, i) not in known]
        while missing:
            if progress:
                progress(engine, len(items) - len(missing), len(items))
            costs[engine] = Engine(engine, error="it gave no answer")
            for entry in _run(engine, missing, models_dir, threads):
                append_line(store, asdict(entry))
                if isinstance(entry, Engine):
                    costs[engine] = entry
                    continue
                known[_key(engine, missing.pop(0))] = entry
                if progress:
                    progress(engine, len(items) - len(missing), len(items))
            if costs[engine].error:
                break
    results = {(e, i.id): r for e in engines for i in items if (r := known.get(_key(e, i)))}
    return Comparison(items, [costs.get(e, Engine(e)) for e in engines], results)


def _run(
    engine: str, items: list[Item], models_dir: Path | None, threads: int | None
) -> Iterator[Result | Engine]:
    """Results in the order of `items`, and what the process cost, as a worker process tells them.

    If the worker dies over a recording, that is its result, and the rest is left to another worker.
    """
    name, _, model = engine.partition(":")
    order = {
        "engine": name,
        "model": model,
        "models_dir": str(models_dir) if models_dir else None,
        "threads": threads,
        "audio": [str(i.audio) for i in items],
    }
    waiting = list(items)
    cost = None
    for line in _worker(order):
        if "engine" in line:
            cost = Engine(engine, *line["engine"])
            yield cost
        else:
            item = waiting.pop(0)
            yield Result(engine, item.id, _fingerprint(item.audio), **line)
    if cost is not None and not cost.error and waiting:
        item = waiting[0]
        yield Result(engine, item.id, _fingerprint(item.audio), error="the engine's process died")


def _worker(order: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The lines of a worker process; it is ended with the iteration."""
    lib = str(Path(__file__).resolve().parents[2])
    worker = subprocess.Popen(
        [sys.executable, "-m", "skazano.speech.compare_worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": lib},
    )
    assert worker.stdin is not None
    assert worker.stdout is not None
    try:
        worker.stdin.write(json.dumps(order).encode())
        worker.stdin.close()
        for line in worker.stdout:
            yield json.loads(line)
    finally:
        worker.kill()
        worker.stdout.close()
        worker.wait()


def _key(engine: str, item: Item) -> tuple[str, str, str]:
    return engine, item.id, _fingerprint(item.audio)


def _load(store: Path) -> tuple[dict[tuple[str, str, str], Result], dict[str, Engine]]:
    """What the file holds from earlier runs; lines of another version are passed over."""
    known: dict[tuple[str, str, str], Result] = {}
    costs: dict[str, Engine] = {}
    for value in read_lines(store):
        with suppress(TypeError, KeyError):
            if "id" in value:
                result = Result(**value)
                known[(result.engine, result.id, result.audio)] = result
            else:
                costs[value["engine"]] = Engine(**value)
    return known, costs


def _fingerprint(path: Path) -> str:
    try:
        facts = path.stat()
    except FileNotFoundError:
        return "absent"
    return f"{facts.st_size} {facts.st_mtime_ns}"
