"""asr-get, asr-export, asr-compare, correct, replay-understanding: what was heard, and how well."""

import argparse
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skazano import acts
from skazano.cli.common import Desk, Refusal, show, table
from skazano.project_edit import learn_terms
from skazano.projects import load_all
from skazano.speech.models import MODELS, DownloadError, download, models_dir
from skazano.task import TaskDir

if TYPE_CHECKING:
    from skazano.speech.compare_report import Row


def _root(desk: Desk) -> Path:
    return models_dir(desk.settings.config.asr.models_dir)


def models(desk: Desk, options: argparse.Namespace) -> int:
    """List the models that can be had, or fetch one."""
    root = _root(desk)
    if not options.name:
        made = table("model", "what it is", "MB", "here")
        for model in MODELS.values():
            size = f"{model.size / 1e6:.0f}" if model.size else "?"
            made.add_row(model.name, model.title, size, "yes" if model.path(root).exists() else "")
        show(made)
        show(f"Fetch one with `skazano asr-get NAME`; they lie in {root}.")
        return 0
    if options.name not in MODELS:
        raise Refusal(f"no model {options.name!r}; there are: {', '.join(MODELS)}")
    with _bar(options.name, "bytes") as advance:
        try:
            path = download(MODELS[options.name], root, advance)
        except (DownloadError, OSError) as error:
            raise Refusal(f"{error}. Run the same command again: it goes on where it stopped") from error
    print(path)
    return 0


def export(desk: Desk, options: argparse.Namespace) -> int:
    """Write a GigaAM checkpoint as ONNX, int8 and fp32, for the `onnx` engine."""
    from skazano.speech.asr_words import BrokenModel
    from skazano.speech.export import export as write

    root = _root(desk)
    try:
        made = write(options.name, root / "gigaam", root / "onnx" / options.name, progress=print)
    except FileNotFoundError as error:
        raise Refusal(f"{error.filename}: no such checkpoint. Run: skazano asr-get {options.name}") from error
    except BrokenModel as error:
        raise Refusal(str(error)) from error
    print("\n".join(map(str, made)))
    return 0


def compare(desk: Desk, options: argparse.Namespace) -> int:
    """Replay kept recordings through engines; a table, and a page with the differences."""
    from skazano.speech.compare import compare as run
    from skazano.speech.compare import items_in
    from skazano.speech.compare_report import page, rows

    tasks = [TaskDir(desk.spool.dir(id)).path for id in options.task] if options.task else _all(desk)
    items = items_in(tasks)
    if not items:
        raise Refusal("no kept recordings: nothing to compare")
    engines = options.engine or ["gigaam", "onnx-int8"]
    with _bar("asr-compare", "recordings") as advance:
        found = run(items, engines, options.store or desk.spool.state / "asr-compare.jsonl",
                    _root(desk), desk.settings.config.asr.threads or None, advance)  # fmt: skip
    made = table("engine", "notes", "× real time", "ready s", "peak MB", "WER %", "agreement %", "trouble")
    for row in rows(found):
        made.add_row(*_cells(row))
    show(made)
    target = options.html or desk.settings.site / "asr-compare.html"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(page(found), encoding="utf-8")
    print(target)
    return 0


def _cells(row: "Row") -> list[str]:
    def number(value: float | None, form: str = ".1f") -> str:
        return "—" if value is None else format(value, form)

    agreement = list(row.agreement.values())
    mean = sum(agreement) / len(agreement) * 100 if agreement else None
    return [
        f"{row.engine} ({row.name})" if row.name and row.name != row.engine else row.engine,
        str(row.recordings),
        number(row.speed),
        number(row.load),
        number(row.peak_mb, ".0f"),
        number(row.wer * 100 if row.wer is not None else None),
        number(mean),
        row.error or (f"{row.failed} not heard" if row.failed else ""),
    ]


def correct(desk: Desk, options: argparse.Namespace) -> int:
    """Keep what was really said beside the transcript: confirmed.txt."""
    task = desk.task(options.task)
    before = task.text("confirmed.txt") or task.text("transcript.txt")
    if before is None:
        raise Refusal(f"{task.id} has no transcript yet")
    text = " ".join(options.words).strip() or _edited(before)
    acts.confirm(desk.spool, task.id, text, by="skazano correct")
    print(f"{task.path / 'confirmed.txt'}: it counts as the truth from now on")
    project = load_all(desk.settings).get(task.load().project or "")
    learned = learn_terms(desk.settings, project, text) if project else []
    if project and learned:
        print(f"terms of {project.title}: {', '.join(learned)}")
    return 0


def _edited(text: str) -> str:
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "editor"
    with tempfile.NamedTemporaryFile("w+", suffix=".txt", encoding="utf-8") as stream:
        stream.write(text + "\n")
        stream.flush()
        try:
            subprocess.run([*editor.split(), stream.name], check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise Refusal(f"the editor failed ({error}); say the text itself after the id") from error
        found = Path(stream.name).read_text(encoding="utf-8").strip()
    if not found:
        raise Refusal("nothing was written: nothing is changed")
    return found


def replay(desk: Desk, options: argparse.Namespace) -> int:
    """Run a file of transcripts through the rules, or what models make of them; exit code 1 if any
    expectation is missed."""
    from skazano import thinking
    from skazano.context import Context
    from skazano.understand.refine import refine_local
    from skazano.understand.replay import BadLine, asking, print_replay
    from skazano.understand.replay import replay as run
    from skazano.wake import Wake

    engines: Counter[str] = Counter()
    context = Context("refine", desk.settings, desk.spool, Wake([]))
    models = thinking.models(context) if options.models else None
    if options.models and models is None:
        raise Refusal("no language model is configured: see models.order in skazano.toml")
    try:
        found = run(
            options.file, asking(models, thinking.prompts(context), engines) if models else refine_local
        )
    except (BadLine, OSError) as error:
        raise Refusal(str(error)) from error
    print_replay(found)
    for engine, count in engines.most_common():
        print(f"{count} by {engine}")
    return 0 if all(row.hit for row in found) else 1


def _all(desk: Desk) -> list[Path]:
    return sorted(path for day in desk.spool.tasks.iterdir() for path in day.glob("[!.]*"))


@contextmanager
def _bar(title: str, unit: str) -> Iterator[Any]:
    """A progress bar; yields a function of (what, done, total)."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn

    count = DownloadColumn() if unit == "bytes" else MofNCompleteColumn()
    columns = (TextColumn("{task.description}"), BarColumn(), count)
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        work = bar.add_task(title, total=None)
        yield lambda what, done, total: bar.update(work, description=what, completed=done, total=total)
