"""Words that only lead to a pair of a settings phrase («и потом переключись на»), also misheard and run
together: «попотом передив»."""

from functools import lru_cache

from rapidfuzz.distance import Levenshtein

from skazano.understand.keywords import AROUND, BETWEEN, FILLER, MAKE, SWITCH
from skazano.understand.phonetics import CLASSES, distance
from skazano.understand.readings import sound

WORD = 0.25  # what each leading word costs, so that a chain of short ones does not explain everything
MOST = 0.2  # cost for each phone up to which words are misheard leading ones
LONGEST = 28  # phones that are looked at

BEFORE = frozenset(FILLER | SWITCH | MAKE | AROUND | {"перейди в", "переключись на", "switch to"})
INSIDE = BEFORE | BETWEEN  # between a keyword and its value


@lru_cache(maxsize=8)
def _sounds(words: frozenset[str]) -> list[tuple[str, str]]:
    return [
        (phones, phones.translate(CLASSES)) for phones in sorted({sound(word) for word in words}) if phones
    ]


@lru_cache(maxsize=4096)
def leads(said: str, words: frozenset[str] = BEFORE) -> bool:
    """Whether said is a chain of these words, perhaps misheard."""
    heard = sound(said)
    if not heard or len(heard) > LONGEST:
        return not heard
    known, classes = _sounds(words), heard.translate(CLASSES)
    cost = [0.0] + [float(len(heard))] * len(heard)
    for end in range(1, len(heard) + 1):
        for phones, near in known:
            for begin in range(max(0, end - len(phones) - 2), max(0, end - len(phones) + 2) + 1):
                if begin >= end or cost[begin] + WORD >= cost[end]:
                    continue
                if Levenshtein.distance(classes[begin:end], near, score_cutoff=3) > 3:
                    continue
                apart = cost[begin] + WORD + distance(heard[begin:end], phones)
                cost[end] = min(cost[end], apart)
    return cost[-1] <= MOST * len(heard)
