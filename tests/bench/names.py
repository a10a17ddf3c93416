#!/usr/bin/env python3
"""How often a misheard project name is put right, and how fast: JSON lines.

The corpus: tests/data/names_heard.jsonl (synthetic voices through the demo recogniser, see
_speak_names.py) and names_hand.jsonl (by the rules of Russian phonetics), over the two lists of 60
names in names_projects.json. The rules and costs were tuned on half of list a, chosen by hash;
the other half of a and the whole of b (names that tuning never saw) are the evaluation.

usage: names.py [--misses]
"""

import hashlib
import json
import statistics
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "lib"))

from skazano.understand import settings  # noqa: E402
from skazano.understand.names import Match, Name, match  # noqa: E402

DATA = ROOT / "tests" / "data"


def projects(key: str) -> list[Name]:
    names = json.loads((DATA / "names_projects.json").read_text())
    return [Name(p["slug"], p["title"]) for p in names[key]]


def corpus() -> list[dict[str, Any]]:
    """Every garbling once a name, each with its "half": train or held."""
    lines: list[dict[str, Any]] = []
    seen: dict[Any, dict[str, Any]] = {}
    for source in ("names_heard.jsonl", "names_hand.jsonl"):
        for raw in (DATA / source).read_text().splitlines():
            line = json.loads(raw)
            key = (line["list"], line["slug"], line["heard"])
            if line["heard"] and key not in seen:
                seen[key] = line
                line["times"] = 0
                odd = hashlib.md5(repr(key).encode()).digest()[0] % 2
                line["half"] = "train" if line["list"] == "a" and odd else "held"
                lines.append(line)
            if key in seen:
                seen[key]["times"] += 1  # how often it was heard so
    return lines


def verdict(found: Match, slug: str | None) -> str:
    """right, ask (with the right one among the first three, or not), wrong."""
    if found.sure:
        return "right" if found.slug == slug else "wrong"
    if slug is None:
        return "right"
    return "ask" if slug in [s for s, _ in found.candidates[:3]] else "lost"


def phrases(known: dict[str, list[Name]]) -> Counter[str]:
    """«настройки проект X» as heard, whole: the parser finds where the name is, the matcher which."""
    counts = Counter[str]()
    for raw in (DATA / "names_heard.jsonl").read_text().splitlines():
        line = json.loads(raw)
        if line["slug"]:
            names = known[line["list"]]
            read = settings.parse(line["phrase"], names)
            spoken = (read and read.project) or ""
            counts[verdict(match(spoken, names), line["slug"])] += 1
    return counts


def emit(what: str, value: float, unit: str, against: float | None = None) -> None:
    ratio = round(value / against, 3) if against else None
    line = {"bench": "names", "what": what, "value": round(value, 4), "unit": unit}
    print(json.dumps(line | {"against": against, "ratio": ratio}, ensure_ascii=False))


def main(misses: bool) -> None:
    known = {key: projects(key) for key in "ab"}
    groups: dict[str, Counter[str]] = {}
    times = []
    for line in corpus():
        if line["list"] == "strangers":
            group, against = "strangers", known["a"]
        else:
            group = f"{line['list']}, {'tuned on' if line['half'] == 'train' else 'held out'}"
            against = known[line["list"]]
        match(line["heard"], against)  # fills the caches of the words
        began = time.thread_time()
        found = match(line["heard"], against)
        times.append(time.thread_time() - began)
        result = verdict(found, line["slug"])
        voice = "hand" if line["voice"] == "hand" else "heard"
        groups.setdefault(group, Counter())[result] += 1
        groups.setdefault(f"{group}, {voice}", Counter())[result] += 1
        if voice == "heard":
            groups.setdefault(f"{group}, each utterance", Counter())[result] += line["times"]
        if misses and result not in {"right"} and (group != "b, held out" or "--b" in sys.argv):
            print(result, line["slug"], "|", line["heard"], "|", found.candidates[:3], file=sys.stderr)
    groups["whole phrases through the settings parser"] = phrases(known)
    for group, counts in sorted(groups.items()):
        whole = counts.total()
        emit(f"{group}: garblings", whole, "count")
        emit(f"{group}: right without a model", 100 * counts["right"] / whole, "%", 97)
        emit(f"{group}: wrong project", 100 * counts["wrong"] / whole, "%", 0.5)
        emit(f"{group}: asked, the right one offered", 100 * counts["ask"] / whole, "%")
    emit("match among 60, median", statistics.median(times) * 1000, "ms", 5)
    emit("match among 60, 99th percentile", sorted(times)[int(len(times) * 0.99)] * 1000, "ms", 5)


if __name__ == "__main__":
    main("--misses" in sys.argv)
