#!/usr/bin/env python3
"""How often a misheard project name is put right, and how fast: JSON lines.

The corpus is that of tests/names_corpus.py. What was tuned on what: the phones' costs on half of list a
and on other words (_learn_costs.py); the readings, the words of translated.txt and the weights of the
evidence on lists a and b, their strangers, and the words of confusions.jsonl (_learn_evidence.py). So
the figures of a and b are what tuning reached, and those of c, whose names, strangers and three of
whose voices tuning never met, are what to expect. Of the settings phrases, seed 11 was tuned on and
seed 12 was not.

usage: names.py [--misses] [--every N]
--misses tells those of all but c on standard error; --every takes each N-th line only.
"""

import json
import statistics
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "lib"), str(ROOT / "tests")]

import names_corpus as corpus  # noqa: E402
from skazano.understand.names import match  # noqa: E402

TITLES = {
    "a": "a, tuned on", "b": "b, tuned on", "c": "c, unseen",
    "strangers": "strangers, tuned on", "strangers_c": "strangers c, unseen",
}  # fmt: skip


def emit(what: str, value: float, unit: str, against: float | None = None) -> None:
    ratio = round(value / against, 3) if against else None
    line = {"bench": "names", "what": what, "value": round(value, 4), "unit": unit}
    print(json.dumps(line | {"against": against, "ratio": ratio}, ensure_ascii=False))


def of_names(misses: bool, every: int) -> tuple[dict[str, Counter[str]], list[float]]:
    """(verdicts by group, seconds of each match)."""
    groups: dict[str, Counter[str]] = {}
    known = {key: corpus.projects(key) for key in TITLES}
    times = []
    for line in corpus.corpus()[::every]:
        group, against = TITLES[line["list"]], known[line["list"]]
        match(line["heard"], against[:1])  # loads what is loaded once
        began = time.thread_time()
        found = match(line["heard"], against)
        times.append(time.thread_time() - began)
        result = corpus.verdict(found, line["slug"])
        kind = "by hand" if line["voice"] == "hand" else "heard"
        parts = [group, f"{group}, {kind}"]
        if line["voice"] in corpus.NEVER_MET:
            parts.append(f"{group}, heard in voices never met")
        elif line["list"] == "c" and kind == "heard":
            parts.append(f"{group}, heard in the voices of a and b")
        for part in parts:
            groups.setdefault(part, Counter())[result] += 1
        if misses and result != "right" and group[-6:] != "unseen":
            print(result, line["slug"], "|", line["heard"], "|", found.candidates[:3], file=sys.stderr)
    return groups, times


def main(misses: bool, every: int) -> None:
    groups, times = of_names(misses, every)
    for key in "abc" if every == 1 else "":
        groups[f"{TITLES[key]}: «настройки проект X», each utterance"] = corpus.phrases(key)
    for group, counts in sorted(groups.items()):
        whole = counts.total()
        emit(f"{group}: garblings", whole, "count")
        emit(f"{group}: right without a model", 100 * counts["right"] / whole, "%", 97)
        emit(f"{group}: wrong project", 100 * counts["wrong"] / whole, "%", 1 if "stranger" in group else 0.5)
        if "stranger" not in group:
            emit(f"{group}: asked, the right one offered", 100 * counts["ask"] / whole, "%")
    for seed, kind in ((11, "tuned on"), (12, "unseen")):
        lines = corpus.settings_phrases(seed)[::every]
        known = corpus.projects("a")
        counts = Counter(corpus.settings_verdict(line, known) for line in lines)
        emit(f"settings phrases, {kind}: all right", 100 * counts["right"] / len(lines), "%")
        emit(f"settings phrases, {kind}: all but a project, asked", 100 * counts["ask"] / len(lines), "%")
    emit("match among 60, median", statistics.median(times) * 1000, "ms", 5)
    emit("match among 60, 99th percentile", sorted(times)[int(len(times) * 0.99)] * 1000, "ms", 5)


if __name__ == "__main__":
    said = sys.argv[1:]
    main("--misses" in said, int(said[said.index("--every") + 1]) if "--every" in said else 1)
