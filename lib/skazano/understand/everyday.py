"""The competitor of every project name: what was heard may be an everyday word instead."""

from bisect import bisect_left
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from skazano.understand.phonetics import CLASSES, distance
from skazano.understand.words import vocabulary

FAR = 3.0  # distance that stands for "like no word"
NEAREST = 6  # words of each length that get the exact, slower comparison

Words = dict[int, tuple[list[str], list[str]]]  # by length in phones: the words, and their classes


@lru_cache(maxsize=1)
def _words() -> Words:
    by_length: dict[int, list[str]] = {}
    for phones in vocabulary("everyday.txt"):
        by_length.setdefault(len(phones), []).append(phones)
    return {n: (words, [w.translate(CLASSES) for w in words]) for n, words in by_length.items()}


def is_word(phones: str) -> bool:
    words = _words().get(len(phones), ([], []))[0]  # sorted, as the file is; a set would double the memory
    place = bisect_left(words, phones)
    return place < len(words) and words[place] == phones


@lru_cache(maxsize=2048)
def nearest_word(heard: str) -> tuple[float, str]:
    """(distance, word) of the everyday word that phones (without a case ending) are nearest to;
    (FAR, "") if none is near."""
    if is_word(heard):
        return 0.0, heard
    classes, best = heard.translate(CLASSES), (FAR, "")
    most = 2 if len(classes) < 8 else 3
    for length in range(len(classes) - 2, len(classes) + 3):
        words, by_class = _words().get(length, ([], []))
        near = process.extract(
            classes, by_class, scorer=Levenshtein.distance, limit=NEAREST, score_cutoff=most
        )
        for _, _, place in near:
            best = min(best, (distance(heard, words[place]), words[place]))
    return best
