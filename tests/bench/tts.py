#!/usr/bin/env python3
"""Speaking: from text to OGG/Opus on disk against how long the speech lasts, for each engine that is here.

A cold process is not counted (`open`, apart); the median of five runs, after one that warms up. The target is
0.1: a minute of speech within six seconds. Silero needs its model: SKAZANO_SILERO=/path/v5_5_ru.pt.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "lib"))

from skazano.speech import tts  # noqa: E402
from skazano.speech.speakable import speakable  # noqa: E402

ANSWER = (
    "Готово: исправил 2 ошибки в `parse_date()` (src/dates.py, строка 42) и добавил 3 теста.\n"
    "48 passed in 2.31s. Коммит 3f2a9bc в ветке autobot/2026-11-22, PR #17.\n"
    "Покрытие выросло с 81% до 93,5%, время ответа упало с 250 мс до 90 мс.\n"
)
RUNS = 5
MODEL = os.environ.get("SKAZANO_SILERO", "")


def show(what: str, value: float, unit: str, against: str | None = None, ratio: float | None = None) -> None:
    line = {"bench": "tts", "what": what, "value": round(value, 4), "unit": unit, "against": against}
    print(json.dumps({**line, "ratio": None if ratio is None else round(ratio, 4)}), flush=True)


def words() -> None:
    text = (ANSWER * 5)[:1000]
    speakable(text)
    times = []
    for _ in range(20):
        begun = time.process_time()
        speakable(text)
        times.append(time.process_time() - begun)
    show("speakable, 1000 characters, processor time", statistics.median(times) * 1000, "ms", "target 5")


def engine(name: str, folder: Path) -> None:
    begun = time.perf_counter()
    voice = tts.open_voice(name, model=MODEL)
    show(f"{name}: open", time.perf_counter() - begun, "s")
    for what, times_over in (("an answer", 1), ("a long answer", 6)):
        text = speakable(ANSWER * times_over)
        spoken = voice.say(text, folder / "answer.oga")
        times = []
        for _ in range(RUNS):
            begun = time.perf_counter()
            spoken = voice.say(text, folder / "answer.oga")
            times.append(time.perf_counter() - begun)
        took = statistics.median(times)
        lasts = f"{spoken.seconds:.1f} s of speech, target 0.1"
        show(f"{voice.name}: {what} to OGG", took, "s", lasts, took / spoken.seconds)


def main() -> None:
    words()
    with tempfile.TemporaryDirectory() as folder:
        for name, missing in tts.available(MODEL).items():
            if missing:
                print(missing, file=sys.stderr)
            else:
                engine(name, Path(folder))


if __name__ == "__main__":
    main()
