#!/usr/bin/env python3
"""Make lib/skazano/understand/costs.json: the costs of skazano.understand.phonetics.

Hand costs (the rules of Russian phonetics) weighed 3 : 7 with what recognisers confuse: pairs of
said and heard words are aligned by the costs so far, the confusions counted and turned into -log p, four
times over. The pairs are tests/data/confusions.jsonl ([said, heard, voice], by the demo recogniser, words
that occur in no name of lists a and b) and the spoken garblings of lists a to g by both recognisers.
"""

import json
import math
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "lib"), str(ROOT / "tests")]

import names_corpus as names  # noqa: E402
from skazano.understand.phonetics import PHONES, cyrillic, normal, tidy  # noqa: E402

TUNED = "abcdefg"  # the lists; the others are not read
VOWELS = "aoueiy"
PRIOR = 6.0  # imagined observations of the hand cost, each phone
NATS = 4.2  # -log p that costs 1
SHARE, SCALE = 0.7, 0.6  # the counted costs' share in the result, and their unit against the hand costs'

_PAIRS = {
    # voicing
    "bp": 0.25, "vf": 0.25, "gk": 0.25, "dt": 0.25, "zs": 0.25, "ZS": 0.25, "JC": 0.25,
    # vowel reduction, then vowels that merely resemble each other
    "ao": 0.2, "ei": 0.25, "iy": 0.2, "ey": 0.35, "ae": 0.45, "ai": 0.55, "ay": 0.45, "ou": 0.4,
    "oe": 0.45, "oy": 0.55, "ui": 0.65, "uy": 0.55, "ua": 0.6, "ue": 0.65, "oi": 0.65,
    # hissing and affricates
    "sS": 0.5, "zZ": 0.5, "sc": 0.4, "zc": 0.5, "tc": 0.45, "Cc": 0.45, "CS": 0.4, "Ct": 0.5,
    "CW": 0.3, "SW": 0.25, "ZJ": 0.3, "SJ": 0.45, "dJ": 0.5, "tJ": 0.6, "ZC": 0.45, "zJ": 0.55,
    "sW": 0.5, "Sc": 0.6, "sC": 0.6, "gJ": 0.6, "dZ": 0.6,
    # throat and lips
    "xk": 0.4, "xg": 0.35, "xf": 0.6, "vu": 0.4, "bv": 0.5, "pf": 0.55, "fs": 0.6, "ft": 0.6,
    "vd": 0.8, "pt": 0.65, "kt": 0.6, "pk": 0.65, "bd": 0.65, "dg": 0.65, "bg": 0.65, "bm": 0.65,
    "dn": 0.65, "vm": 0.7, "gd": 0.65, "tp": 0.65,
    # sonorants and glides
    "mn": 0.35, "lr": 0.6, "lv": 0.6, "lu": 0.7, "nl": 0.6, "nr": 0.8, "ji": 0.2, "je": 0.45,
    "jy": 0.4, "lj": 0.7, "st": 0.65, "zd": 0.7,
}  # fmt: skip
_GAP = {"j": 0.3, "x": 0.6, "t": 0.75, "d": 0.75, "v": 0.75, "l": 0.75, "n": 0.8}
VOWEL_GAP, CONSONANT_GAP = 0.6, 0.9


def hand_costs() -> dict[str, float]:
    table = {}
    for a in PHONES:
        for b in PHONES:
            default = 1.0 if (a in VOWELS) == (b in VOWELS) else 1.25
            cost = _PAIRS.get(a + b, _PAIRS.get(b + a, default))
            table[a + b] = 0.0 if a == b else cost
    return table


HAND_SUB = hand_costs()
HAND_GAP = {p: _GAP.get(p, VOWEL_GAP if p in VOWELS else CONSONANT_GAP) for p in PHONES}


def phones(text: str) -> str:
    return tidy("".join(cyrillic(word) for word in normal(text).split()))


def pairs() -> list[tuple[str, str]]:
    """(said, heard) as phones."""
    lines = (names.DATA / "confusions.jsonl").read_text().splitlines()
    found = [(phones(said), phones(heard)) for said, heard, _ in map(json.loads, lines)]
    told = json.loads((names.DATA / "names_projects.json").read_text())
    said = {p["slug"]: phones(p["said"]) for key in TUNED for p in told[key]}
    tuned = [x for x in names.corpus() if x["list"] in set(TUNED) and x["by"] != "hand"]
    return found + [(said[x["slug"]], phones(x["heard"])) for x in tuned]


def align(
    a: str, b: str, sub: dict[str, float], lost: dict[str, float], added: dict[str, float]
) -> list[tuple[str, str]]:
    """The cheapest (phone said or "", phone heard or "") from a to b, last first."""
    best: dict[tuple[int, int], tuple[float, tuple[int, int]]] = {(0, 0): (0.0, (0, 0))}
    for i in range(len(a) + 1):
        for j in range(len(b) + 1):
            ways = []
            if i and j:
                ways.append((best[i - 1, j - 1][0] + sub[a[i - 1] + b[j - 1]], (1, 1)))
            if i:
                ways.append((best[i - 1, j][0] + lost[a[i - 1]], (1, 0)))
            if j:
                ways.append((best[i, j - 1][0] + added[b[j - 1]], (0, 1)))
            if ways:
                best[i, j] = min(ways)
    steps, i, j = [], len(a), len(b)
    while i or j:
        di, dj = best[i, j][1]
        steps.append((a[i - 1] if di else "", b[j - 1] if dj else ""))
        i, j = i - di, j - dj
    return steps


def counted(
    data: list[tuple[str, str]],
) -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
    """(sub, lost, added) by counting, in units of NATS."""
    sub, lost, added = dict(HAND_SUB), dict(HAND_GAP), dict(HAND_GAP)
    for _ in range(4):
        seen: Counter[tuple[str, str]] = Counter()
        for a, b in data:
            steps = align(a, b, sub, lost, added)
            if sum(x != y for x, y in steps) <= 0.7 * len(steps):  # else it is another word
                seen.update(steps)
        total = Counter[str]()
        for (x, _), count in seen.items():
            total[x] += count
        spoken = (sum(total.values()) - total[""]) / len(PHONES)
        prior = {p: PRIOR * math.exp(-HAND_GAP[p] * NATS) for p in PHONES}
        lost = {p: -math.log((seen[p, ""] + prior[p]) / (total[p] + PRIOR)) / NATS for p in PHONES}
        added = {p: -math.log((seen["", p] + prior[p]) / (spoken + PRIOR)) / NATS for p in PHONES}
        for x in PHONES:
            for y in PHONES:
                guess = PRIOR * math.exp(-HAND_SUB[x + y] * NATS)
                p = (seen[x, y] + guess) / (total[x] + PRIOR)
                sub[x + y] = 0.0 if x == y else -math.log(p) / NATS
    return sub, lost, added


def main() -> None:
    sub, lost, added = counted(pairs())

    def mixed(hand: float, found: float) -> float:
        return round((1 - SHARE) * hand + SHARE * SCALE * found, 3)

    costs = {
        "sub": {x + y: mixed(HAND_SUB[x + y], sub[x + y]) for x in PHONES for y in PHONES if x != y},
        "lost": {p: mixed(HAND_GAP[p], lost[p]) for p in PHONES},
        "added": {p: mixed(HAND_GAP[p], added[p]) for p in PHONES},
    }
    out = ROOT / "lib" / "skazano" / "understand" / "costs.json"
    out.write_text(json.dumps(costs, indent=1) + "\n")


if __name__ == "__main__":
    main()
