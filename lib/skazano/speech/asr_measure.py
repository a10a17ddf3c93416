"""python -m skazano.speech.asr_measure ENGINE MODEL DIRECTORY THREADS: how fast it is here, as JSON.

A process of its own, so that what was tried and not chosen leaves no memory behind.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path

import numpy as np

from skazano.speech.asr import Choice
from skazano.speech.vad import RATE

SECONDS = 10  # of noise; what a CTC model hears does not change how long it takes
RUNS = 3


def main(engine: str, model: str, directory: str, threads: str) -> None:
    """Print {"rtf", "load", "peak_mb"}: seconds a second of audio, s until warm, MB."""
    started = time.perf_counter()
    recogniser = Choice(engine, model, Path(directory)).open(int(threads) or None)
    load = time.perf_counter() - started
    noise = np.random.default_rng(1).normal(0, 0.05, SECONDS * RATE).astype(np.float32)
    took = []
    for _ in range(RUNS):
        started = time.perf_counter()
        recogniser.hear(noise)
        took.append(time.perf_counter() - started)
    print(json.dumps({"rtf": statistics.median(took) / SECONDS, "load": load, "peak_mb": peak_mb()}))


def peak_mb() -> float:
    """The most memory this process had resident (VmHWM), MB.

    Not getrusage: its maximum is inherited from the parent over exec.
    """
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
