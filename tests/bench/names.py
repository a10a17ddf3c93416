#!/usr/bin/env python3
"""How often a misheard project name is put right, and how fast: JSON lines.

The corpus is that of tests/names_corpus.py: voices heard by two recognisers, the small demo model and
Whisper (base), and garblings by hand. What was tuned on what: the phones' costs and the weights of the
evidence on lists a to g, their strangers and other words (_learn_costs.py, _learn_evidence.py), how much
evidence is enough on those and with h's totals known; rules of reading and the reading of settings phrases
on a to h. So the figures of a to h are what tuning reached, and those of i and j what to expect: their names,
strangers and phrases were met by none of it (only «зайди в настройки», «ладно настройки» and «кроек т…» were
added after their phrases were seen). In h to j a third of the Latin names are read in a less usual way.
Strangers are names of no project; those of lists c to f were chosen to sound like one, of g to j the first
thirty.
A share comes with the ends of its 95 % interval (Wilson's; garblings taken as independent).

usage: names.py [--misses] [--every N]
--misses tells those of all but i and j on standard error; --every takes each N-th line only.
"""

import json
import math
import statistics
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "lib"), str(ROOT / "tests")]

import names_corpus as corpus  # noqa: E402
from skazano.understand.names import match  # noqa: E402

UNSEEN = "ij"
WANTED = {"right": 97.0, "wrong": 0.5}
Groups = dict[str, Counter[str]]


def emit(what: str, value: float, unit: str, against: float | None = None) -> None:
    ratio = round(value / against, 3) if against else None
    line = {"bench": "names", "what": what, "value": round(value, 3), "unit": unit}
    print(json.dumps(line | {"against": against, "ratio": ratio}, ensure_ascii=False))


def interval(count: int, whole: int) -> tuple[float, float]:
    """The ends of the 95 % interval of a share, in per cent."""
    z2, share = 3.84, count / whole
    middle = share + z2 / (2 * whole)
    apart = math.sqrt(z2 * (share * (1 - share) + z2 / (4 * whole)) / whole)
    low, high = ((middle + sign * apart) / (1 + z2 / whole) for sign in (-1, 1))
    return 100 * max(0.0, low), 100 * min(1.0, high)


def kind(line: dict[str, Any]) -> str:
    """The group of a line: its list and who heard it."""
    of = line["list"].replace("strangers_", "strangers ")
    seen = "unseen" if line["list"][-1] in UNSEEN else "tuned on"
    heard = {"hand": "by hand", "demo": "the demo model", "whisper": "Whisper"}[line["by"]]
    return f"{of}, {seen}, {heard}"


def of_names(misses: bool, every: int) -> tuple[Groups, list[float]]:
    """(verdicts by group, seconds of each match)."""
    groups: Groups = defaultdict(Counter)
    times = []
    for line in corpus.corpus()[::every]:
        known = corpus.projects(line["list"])
        match(line["heard"], known[:1])  # loads what is loaded once
        began = time.thread_time()
        found = match(line["heard"], known)
        times.append(time.thread_time() - began)
        result = corpus.verdict(found, line["slug"])
        groups[f"{kind(line)}: garblings"][result] += 1
        if misses and result != "right" and line["list"][-1] not in UNSEEN:
            print(result, line["slug"], "|", line["heard"], "|", found.candidates[:3], file=sys.stderr)
    return groups, times


def of_phrases(every: int) -> Groups:
    """Verdicts of every utterance, with what stood around the name."""
    groups: Groups = defaultdict(Counter)
    for line in [x for x in corpus.spoken() if x["slug"]][::every]:
        frame = "" if line["frame"] == corpus.WHOLE else "with a request, "
        groups[f"{kind(line)}: {frame}whole phrases"][corpus.phrase_verdict(line)] += 1
    for line in corpus.settings_phrases()[::every]:
        groups[f"settings phrases, {kind(line)}"][corpus.settings_verdict(line)] += 1
    return groups


def main(misses: bool, every: int) -> None:
    groups, times = of_names(misses, every)
    for group, counts in sorted((groups | of_phrases(every)).items()):
        whole = counts.total()
        emit(f"{group}: count", whole, "count")
        for what in ("right", "wrong"):
            low, high = interval(counts[what], whole)
            emit(f"{group}: {what}", 100 * counts[what] / whole, "%", WANTED[what])
            emit(f"{group}: {what}, from", low, "%")
            emit(f"{group}: {what}, to", high, "%")
        if "stranger" not in group:
            emit(f"{group}: asked, the right one offered", 100 * counts["ask"] / whole, "%")
    emit("match among 60, median", statistics.median(times) * 1000, "ms", 5)
    emit("match among 60, 99th percentile", sorted(times)[int(len(times) * 0.99)] * 1000, "ms", 5)


if __name__ == "__main__":
    said = sys.argv[1:]
    main("--misses" in said, int(said[said.index("--every") + 1]) if "--every" in said else 1)
