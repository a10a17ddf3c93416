#!/usr/bin/env python3
"""Find the weights of skazano.understand.names: when is what was heard a project misheard?

A logistic regression. For: the garblings of lists a to g. Against, with the same lists as projects: strangers
of the corpus (those of a, and those of the others, many chosen to sound alike), the words of
confusions.jsonl (spoken, as heard; those that are a project's name left out), everyday words drawn by
chance, and the everyday words that sound nearest to each project. Prints the weights, and for each kind
what a threshold lets through.

usage: _learn_evidence.py [--verbose]
"""

import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "lib"), str(ROOT / "tests")]

import numpy as np  # noqa: E402
from rapidfuzz import process  # noqa: E402
from rapidfuzz.distance import Levenshtein  # noqa: E402

import names_corpus as bench  # noqa: E402
from skazano.understand import everyday  # noqa: E402
from skazano.understand import names as matcher  # noqa: E402
from skazano.understand.phonetics import cyrillic, likeness, normal, tidy  # noqa: E402
from skazano.understand.readings import readings  # noqa: E402

TUNED = "abcdefg"  # the lists; the others are not read
SHARE = {"meant": 1.0, "stranger": 1.0, "alike": 1.0, "confused": 1.0, "by chance": 0.5, "nearest": 0.3}
RIGHT_WANTED = (0.95, 0.96, 0.97, 0.975, 0.98)
BY_CHANCE, NEAREST = 2000, 12
_CYRILLIC = dict(zip("abvgdeZzijklmnoprstufxcCSWy", "абвгдежзийклмнопрстуфхцчшщы", strict=True)) | {"J": "дж"}


def spelled(phones: str) -> str:
    return "".join(_CYRILLIC[p] for p in phones)


def called_so(heard: str, key: str) -> bool:
    """Whether a stranger is a project's name but for its case ending, as «налог» is for «Налоги»."""
    said = readings(heard, stem=True)[:1]
    ways = [w.phones for w in matcher._ways(matcher._written(bench.projects(key))) if w.stem]
    return any(likeness(phones, way) > 0.99 for phones in said for way in ways)


def strangers() -> Iterator[tuple[str, str, str]]:
    """(kind, list, heard) of what names no project of that list."""
    for line in bench.corpus():
        if line["list"] == "strangers":
            yield from (("stranger", key, line["heard"]) for key in "ab" if key in TUNED)
        key = line["list"].removeprefix("strangers_")
        if key != line["list"] and key in TUNED and not called_so(line["heard"], key):
            yield "alike", key, line["heard"]
    words = [w for by_length, _ in everyday._words().values() for w in by_length]
    chance = random.Random(5).sample(words, BY_CHANCE)
    for key in TUNED:
        projects = bench.projects(key)
        ways = [w.phones for w in matcher._ways(matcher._written(projects))]
        for raw in (bench.DATA / "confusions.jsonl").read_text().splitlines():
            said, heard, _ = json.loads(raw)
            phones = tidy("".join(cyrillic(w) for w in normal(said).split()))
            if heard and max(likeness(phones, way) for way in ways) < 0.85:
                yield "confused", key, heard
        yield from (("by chance", key, spelled(word)) for word in chance)
        for project in projects:
            alike: dict[str, float] = {}
            for way in matcher._ways(matcher._written([project])):
                near = process.extract(way.phones, words, scorer=Levenshtein.normalized_similarity, limit=40)
                for word, _, _ in near:
                    alike[word] = max(alike.get(word, 0.0), likeness(word, way.phones))
            for word in sorted((w for w in alike if alike[w] < 0.97), key=lambda w: -alike[w])[:NEAREST]:
                yield "nearest", key, spelled(word)


def examples() -> list[tuple[str, bool, matcher.Evidence | None, str, str]]:
    """(kind, whether the likest project was meant, the evidence, heard, likest project)."""
    known = {key: bench.projects(key) for key in TUNED}
    rows = [("meant", x["list"], x["heard"], x["slug"]) for x in bench.corpus() if x["list"] in known]
    rows += [(kind, key, heard, None) for kind, key, heard in dict.fromkeys(strangers())]
    out = []
    for kind, key, heard, slug in rows:
        found = matcher.evidence(heard, known[key])
        out.append((kind, bool(found and found[0] == slug), found and found[1], heard, found and found[0]))
    return out


def learn(x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Logistic regression by Newton's steps, on scaled features, slightly drawn to nought."""
    scale = np.maximum(x.std(0), 1e-9)
    scale[0] = 1.0
    a, ridge = x / scale, np.eye(x.shape[1])
    ridge[0, 0] = 0.0
    found = np.zeros(x.shape[1])
    for _ in range(60):
        p = 1 / (1 + np.exp(-a @ found))
        hessian = (a * (weight * p * (1 - p))[:, None]).T @ a + ridge
        found += np.linalg.solve(hessian, a.T @ (weight * (y - p)) - ridge @ found)
    return found / scale


def main(verbose: bool) -> None:
    rows = examples()
    total = {kind: sum(r[0] == kind for r in rows) for kind in SHARE}
    rows = [r for r in rows if r[2] is not None and (r[0] == "meant" or r[2].apart > 0.15)]
    x = np.array([r[2].features() for r in rows])
    kinds = np.array([r[0] for r in rows])
    y = np.array([float(r[0] == "meant" and r[1]) for r in rows])
    weights = learn(x, y, np.array([SHARE[k] for k in kinds]))
    print("weights", tuple(round(float(w), 2) for w in weights))
    odds = x @ weights
    leads = np.array([r[2].gap >= matcher.GAP for r in rows])
    odds[~leads] = -99
    right = np.sort(odds[y == 1])[::-1]
    for share in RIGHT_WANTED:
        enough = right[int(share * total["meant"])]
        false = {kind: float(((odds >= enough) & (kinds == kind) & (y == 0)).sum()) for kind in total}
        let = {kind: round(100 * count / total[kind], 2) for kind, count in false.items()}
        print(f"right {share}: enough {enough:.2f}, wrongly let through %", let)
    if verbose:
        for place in np.argsort(-odds):
            kind, meant, found, heard, slug = rows[place]
            if kind != "nearest" and (odds[place] < 1 if kind == "meant" else odds[place] > -1.5):
                print(f"{odds[place]:6.2f} {kind:9} {'' if meant else '-'}{slug} | {heard} | {found}")


if __name__ == "__main__":
    main("--verbose" in sys.argv)
