"""Which engine runs which model: what is present, what is best, what is fastest on this machine.

In the models directory: gigaam/NAME.ckpt (checkpoints), onnx/NAME/ (ONNX directories, as
`skazano asr-export` writes them) and asr-choice.json (what was measured here).
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from skazano.files import read_json, write_json
from skazano.speech.asr import ENGINES, Choice, ModelMissing
from skazano.speech.asr_cpu import has_bfloat16, processor
from skazano.speech.models import MODELS
from skazano.speech.models import models_dir as default_dir
from skazano.speech.onnx_engine import precisions

DEMO = "demo"
DEMO_DIR = Path(__file__).resolve().parent.parent / "data" / "asr-demo"
# By word error rate over GigaAM's ten test sets, e2e ones after normalising: 8.3, 9.1, 10.6, 11.1, …
BEST_FIRST = ("v3_rnnt", "v3_ctc", "v2_rnnt", "v2_ctc", "v3_e2e_rnnt", "v3_e2e_ctc")
MEASURE_SECONDS = 180  # for one engine to load and run, at most
REMEMBERED = "asr-choice.json"


def choose(
    engine: str, model: str, models_dir: Path | None, threads: int | None
) -> tuple[Choice, str]:
    """The engine to open and one line that says why. Raises ModelMissing, ValueError."""
    if engine not in ENGINES:
        raise ValueError(f"unknown speech engine {engine!r}; there are {', '.join(ENGINES)}")
    root = models_dir or default_dir()
    found = [c for c in candidates(root, model) if fits(engine, c.engine)]
    if not found:
        raise ModelMissing(missing_line(engine, model, root))
    best = min(found, key=lambda c: _rank(c.model)).model
    found = [c for c in found if c.model == best]
    if engine == "auto" and len(found) > 1:
        return fastest(found, root, threads)
    where = "embedded, for the demo and tests" if best == DEMO else found[0].directory
    return found[0], f"{found[0].engine} with {best} ({where}): engine {engine} is configured"


def fits(asked: str, engine: str) -> bool:
    """Whether `engine` is one of those that the configured name `asked` stands for."""
    return asked in ("auto", engine) or (asked == "onnx" and engine.startswith("onnx-"))


def candidates(root: Path, model: str = "") -> list[Choice]:
    """Every engine and model that could be opened, int8 first; only `model`, if it is given."""
    if "/" in model and Path(model).is_dir():
        directory = Path(model)
        return [Choice(f"onnx-{p}", directory.name, directory) for p in precisions(directory)]
    found = []
    for directory in sorted(_listed(root / "onnx")):
        found += [Choice(f"onnx-{p}", directory.name, directory) for p in precisions(directory)]
    for path in sorted(_listed(root / "gigaam")):
        if path.suffix == ".ckpt":
            found += [Choice(e, path.stem, path.parent) for e in _torch_engines()]
    found += [Choice(f"onnx-{p}", DEMO, DEMO_DIR) for p in precisions(DEMO_DIR)]
    found += [Choice(e, DEMO, DEMO_DIR) for e in _torch_engines()]
    return [c for c in found if model in ("", c.model)]


def missing_line(engine: str, model: str, root: Path) -> str:
    """One line on what is not there and what to run."""

    if "/" in model:
        return f"{model} is no directory with an ONNX speech model"
    wants_onnx = engine.startswith("onnx")
    name = model or ("v3_ctc" if wants_onnx else "v2_ctc")
    known = MODELS.get(name)
    if wants_onnx and (root / "gigaam" / f"{name}.ckpt").exists():
        cure = f"run `skazano asr-export {name}`"
    elif known is None:
        names = [model.name for model in MODELS.values() if model.kind != "silero"]
        cure = f"`skazano asr-get NAME` fetches {', '.join(names)}"
    elif wants_onnx and known.kind != "onnx":
        cure = f"run `skazano asr-get {name}`, then `skazano asr-export {name}`"
    elif engine.startswith("gigaam") and known.kind == "onnx":
        cure = "that one is for engine onnx"
    else:
        cure = f"run `skazano asr-get {name}`"
    return f"no speech model {name} for engine {engine} in {root}: {cure}"


def fastest(found: list[Choice], root: Path, threads: int | None) -> tuple[Choice, str]:
    """Measure each in a process of its own, once for this machine and these files, and remember."""
    key = _fingerprint(found, threads)
    path = root / REMEMBERED
    remembered = read_json(path)
    known = remembered if isinstance(remembered, dict) else {}
    measured = known.get(key)
    if not (isinstance(measured, dict) and set(measured) >= {c.engine for c in found}):
        measured = {c.engine: measure(c, threads).get("rtf") for c in found}
        with suppress(OSError):  # a read-only directory costs a measurement at each start
            root.mkdir(parents=True, exist_ok=True)
            write_json(path, {**known, key: measured})
    ran = [c for c in found if isinstance(measured[c.engine], (int, float))]
    if not ran:
        raise ModelMissing(f"no engine could run {found[0].model} in {found[0].directory}")
    best = min(ran, key=lambda c: float(measured[c.engine]))
    figures = ", ".join(
        f"{c.engine} {f'{1 / measured[c.engine]:.0f}×' if c in ran else 'failed'}" for c in found
    )
    return best, f"{best.engine} with {best.model}: the fastest here ({figures} real time, measured)"


def measure(choice: Choice, threads: int | None) -> dict[str, Any]:
    """{"rtf": seconds a second of audio, "load": s, "peak_mb": MB} from a fresh process; {} if it fails."""
    lib = str(Path(__file__).resolve().parents[2])
    argv = [sys.executable, "-m", "skazano.speech.asr_measure", choice.engine, choice.model]
    argv += [str(choice.directory), str(threads or 0)]
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=MEASURE_SECONDS,
            env={**os.environ, "PYTHONPATH": lib},
            check=False,
        )
        result: dict[str, Any] = json.loads(done.stdout) if done.returncode == 0 else {}
    except (subprocess.TimeoutExpired, ValueError):
        return {}
    return result


def _fingerprint(found: list[Choice], threads: int | None) -> str:
    """Changes with the processor, the number of threads, the libraries and the model's files."""
    parts = [processor(), str(os.cpu_count()), str(threads or 0), found[0].model]
    for package in ("torch", "onnxruntime", "gigaam"):
        with suppress(importlib.metadata.PackageNotFoundError):
            parts.append(importlib.metadata.version(package))
    for directory in sorted({c.directory for c in found}):
        files = sorted(p for p in directory.iterdir() if p.suffix in (".onnx", ".ckpt", ".data"))
        parts += [f"{p.name} {p.stat().st_size}" for p in files]
    return f"{found[0].model} {hashlib.sha256(chr(10).join(parts).encode()).hexdigest()[:16]}"


def _rank(model: str) -> tuple[int, str]:
    if model == DEMO:
        return len(BEST_FIRST) + 1, model
    return (BEST_FIRST.index(model) if model in BEST_FIRST else len(BEST_FIRST)), model


def _torch_engines() -> list[str]:
    return ["gigaam-bf16", "gigaam"] if has_bfloat16() else ["gigaam"]


def _listed(directory: Path) -> list[Path]:
    """What lies there; names with a dot in front belong to downloads and exports under way."""
    try:
        return [p for p in directory.iterdir() if not p.name.startswith(".")]
    except OSError:
        return []
