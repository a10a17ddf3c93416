"""One phonetic alphabet for Cyrillic and Latin, and a distance in it.

A phone is one character: vowels ``a o u e i y`` (y is «ы»), consonants
``b p v f g k d t z s Z S c C W J x l m n r j`` (Z «ж», S «ш», c «ц», C «ч», W «щ», J «дж»).
Stress and softness are left out: recognisers lose both. The costs are those of Russian vowel
reduction (а/о, е/и), devoicing (б/п …) and assimilation, weighed with what a recogniser confuses.
"""

import json
import math
import re
from functools import lru_cache
from itertools import accumulate
from pathlib import Path

PHONES = "aoueiybpvfgkdtzsZScCWJxlmnrj"
_CYRILLIC = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "o", "ж": "Z", "з": "z",
    "и": "i", "й": "j", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r",
    "с": "s", "т": "t", "у": "u", "ф": "f", "х": "x", "ц": "c", "ч": "C", "ш": "S", "щ": "W",
    "ъ": "", "ы": "y", "ь": "", "э": "e", "ю": "u", "я": "a",
}  # fmt: skip
_JOTTED = "еёюя"
_CLUSTERS = (
    ("stn", "sn"), ("zdn", "zn"), ("dts", "c"), ("tsC", "C"), ("ts", "c"), ("tc", "c"),
    ("dc", "c"), ("tC", "C"), ("dC", "C"), ("tS", "C"), ("dZ", "J"), ("sC", "W"), ("zC", "W"),
    ("sS", "S"), ("zZ", "Z"), ("zS", "S"), ("dt", "t"),
)  # fmt: skip

# What it costs to hear another phone than was said ("sub"), to lose one ("lost"), to hear one that was not
# said ("added"); 1 is about a plain error. tests/bench/_learn_costs.py makes the file.
_COSTS = json.loads(Path(__file__).with_name("costs.json").read_text())
CLASSES = str.maketrans("bvgdzZJyoejWc", "pfktsSCiaiiSs")  # phones that are often taken for each other

_SUB = {h: {s: 0.0 if s == h else _COSTS["sub"][s + h] for s in PHONES} for h in PHONES}  # heard: said: cost
_LOST: dict[str, float] = _COSTS["lost"]
_ADDED: dict[str, float] = _COSTS["added"]


def normal(text: str) -> str:
    """Lower case, ё as е, every run of anything but letters, digits and + # one space."""
    return re.sub(r"[^0-9a-zа-я+#]+", " ", text.lower().replace("ё", "е")).strip()


def tidy(phones: str) -> str:
    """Doubled phones are one and clusters are as they are spoken."""
    for cluster, spoken in _CLUSTERS:
        phones = phones.replace(cluster, spoken)
    return re.sub(r"(.)\1+", r"\1", phones)


@lru_cache(maxsize=4096)
def cyrillic(word: str) -> str:
    """Phones of Cyrillic letters; everything else is skipped."""
    out: list[str] = []
    before = ""
    for letter in word:
        if letter in _JOTTED and (not before or before in "аеёиоуыэюяьъ"):
            out.append("j")
        out.append(_CYRILLIC.get(letter, ""))
        before = letter
    return tidy("".join(out))


def distance(heard: str, name: str, most: float = math.inf) -> float:
    """Weighted edit distance of what was heard from how a name is said; not symmetric. Above `most` it may
    be any number above `most`."""
    if heard == name:
        return 0.0
    losses = [_LOST[phone] for phone in name]
    row = [0.0, *accumulate(losses)]
    for phone in heard:
        gap, swaps = _ADDED[phone], _SUB[phone]
        corner = row[0]
        left = corner + gap
        under = [left]
        for said, loss, above in zip(name, losses, row[1:], strict=True):
            best = corner + swaps[said]
            if left + loss < best:
                best = left + loss
            if above + gap < best:
                best = above + gap
            corner, left = above, best
            under.append(best)
        row = under
        if min(row) > most:
            return math.inf
    return row[-1]


def likeness(heard: str, name: str) -> float:
    """0 … 1: how alike two phone strings sound."""
    if not heard or not name:
        return 0.0
    return max(0.0, 1.0 - distance(heard, name) / max(2.0, (len(heard) + len(name)) / 2))
