"""Pairs of a settings phrase whose values are few, found by sound, whatever became of the spaces:
«режима у дя» is «режим аудио», «за конглейский» is «язык английский»."""

from collections.abc import Iterator
from typing import NamedTuple

from rapidfuzz.distance import Levenshtein

from skazano.understand.everyday import is_word
from skazano.understand.keywords import FILLER, MODES, is_filler, keyword, unglued
from skazano.understand.phonetics import CLASSES, cyrillic, likeness
from skazano.understand.readings import alike_words, endless, sound
from skazano.understand.words import WISHES, Word, is_imperative, words

LIKE = 0.8  # likeness at which a pair is heard
KEY_LIKE = 0.87  # likeness at which a keyword is heard inside a word
FILLER_LIKE = 0.65  # likeness at which a word before a pair is a filler …
SAME_FILLER = 0.85  # … and at which it is one though it looks like an order
READ = 30  # words of a text that a settings phrase has at most
LONGEST = 4  # words that a pair of two falls into

_KEYS = [sound(keyword) for keyword in ("проект", "инструмент", "режим")]
_PAIRS = {
    sound(said): (key, value)
    for said, key, value in (
        ("режим текст", "mode", "text"),
        ("режим аудио", "mode", "audio"),
        ("режим голос", "mode", "audio"),
        ("язык русский", "lang", "ru"),
        ("язык английский", "lang", "en"),
        ("сброс", "reset", ""),
    )
}


class Pair(NamedTuple):
    """alike: 0 … 1; after: the place after its last word; cut: how many letters of that word belong to it."""

    alike: float
    key: str
    value: str
    after: int
    cut: int


def tokens_of(text: str) -> list[Word]:
    """The words of a settings phrase: those run together and those joined by a hyphen taken apart."""
    apart, whole = [], words(text)
    for norm, start, end in whole[:READ]:
        begins = start
        for part in norm.split() if end - start == len(norm) else [norm]:
            stop = begins + len(part) if part != norm else end
            apart.append(Word(part, begins, stop))
            begins = stop + 1
    return [piece for token in unglued(apart) for piece in _cut(token)] + whole[READ:]


def _cut(token: Word) -> list[Word]:
    """«троектвики» as two words, «курсинструменткот» as three, if they are no word as they stand."""
    norm, start, end = token
    size = len(norm)
    if size < 8 or end - start != size or is_imperative(norm) or is_word(cyrillic(endless(norm))):
        return [token]
    spots = (
        (likeness(cyrillic(norm[at:stop]), phones), at, stop)
        for phones in _KEYS
        for at in range(size - 4)
        for stop in range(at + len(phones) - 1, min(at + len(phones) + 1, size) + 1)
        if at != 1 and stop != size - 1 and _near(cyrillic(norm[at:stop]), phones)
    )
    alike, at, stop = max(spots, default=(0.0, 0, 0))
    if alike < KEY_LIKE:
        return [token]
    bounds = [(a, b) for a, b in ((0, at), (at, stop), (stop, size)) if a < b]
    return [Word(norm[a:b], start + a, start + b) for a, b in bounds]


def _near(heard: str, phones: str) -> bool:
    """Whether the exact, slower comparison is worth the while."""
    return Levenshtein.distance(heard.translate(CLASSES), phones.translate(CLASSES), score_cutoff=2) <= 2


def pair_by_sound(tokens: list[Word], at: int) -> Pair | None:
    """The pair that begins at this place, if one is heard there and not better without its first word."""
    here = max(_heard(tokens, at), default=None)
    without = (pair.alike for pair in _heard(tokens, at + 1) if here and pair.after == here.after)
    return here if here and here.alike >= max(without, default=0.0) else None


def _heard(tokens: list[Word], at: int) -> Iterator[Pair]:
    for after in range(at + 1, min(at + LONGEST, len(tokens)) + 1):
        before = " ".join(t.norm for t in tokens[at : after - 1])
        for cut in _ends(tokens[after - 1]):
            said = sound(f"{before} {tokens[after - 1].norm[:cut]}")
            for phones, (key, value) in _PAIRS.items():
                alike = likeness(said, phones) if abs(len(said) - len(phones)) < 4 else 0.0
                if alike >= LIKE:
                    yield Pair(alike, key, value, after, cut)


def _ends(token: Word) -> list[int]:
    """Where a pair may end in a word: at its end, or before what it ran into: an order, a filler, or
    anything after a value if the whole is no word."""
    norm, size = token.norm, len(token.norm)
    if token.end - token.start != size:
        return [size]
    odd = size > 7 and not is_word(cyrillic(endless(norm)))
    tails = (at for at in range(2, size - 1) if is_imperative(norm[at:]) or norm[at:] in FILLER | WISHES)
    return [size, *tails, *(at for at in range(4, size - 2) if odd and norm[:at] in MODES)]


def starts(tokens: list[Word], at: int) -> bool:
    """Whether a pair of any kind begins at this place."""
    return bool(keyword(tokens, at)[0] or pair_by_sound(tokens, at))


def next_pair(tokens: list[Word], at: int) -> int:
    """The first place from this one on that is no filler, or misheard as none before a pair: «еща й»."""
    while at < len(tokens) - 1 and is_filler(tokens, at):
        at += 1
    for place in range(at + 1, min(at + 3, len(tokens) - 1) + 1):
        between = [t.norm for t in tokens[at:place]]
        if starts(tokens, at) or any(_of_request(w) for w in between):
            break
        if starts(tokens, place) and (_like_filler(between) or _closes(tokens, place)):
            return place
    return at


def _closes(tokens: list[Word], at: int) -> bool:
    """Whether a pair begins at this place after which there is another, an order, a wish or nothing, so that
    it can be no part of a request: what stands before it was misheard."""
    pair = pair_by_sound(tokens, at)
    if pair is None or pair.cut < len(tokens[pair.after - 1].norm):
        return pair is not None
    rest = tokens[pair.after :]
    follows = rest[0].norm if rest else ""
    return not rest or starts(tokens, pair.after) or is_imperative(follows) or follows in FILLER | WISHES


def _of_request(word: str) -> bool:
    """Whether a word orders or wishes something, and is not «пожалуйста» misheard as «пожалуйся»."""
    return (is_imperative(word) or word in WISHES or word in MODES) and not _is_like(word, SAME_FILLER)


def _like_filler(said: list[str]) -> bool:
    """Whether every word is a filler, short, or sounds like a filler, alone or all together."""
    return _is_like("".join(said)) or all(len(word) < 3 or _is_like(word) for word in said)


def _is_like(word: str, least: float = FILLER_LIKE) -> bool:
    return any(alike_words(word, filler) >= least for filler in FILLER if len(filler) > 2)
