"""Which project was named: a match by sound, with a score, a reason and how sure it is.

A wrong project is far worse than a question: `Match.sure` wants the likest project to lead the next
one, and what was heard to be likelier that project misheard than an everyday word (see everyday).
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

import msgspec
from rapidfuzz.distance import Levenshtein

from skazano.understand.everyday import FAR, nearest_word
from skazano.understand.lexicon import WORDS
from skazano.understand.phonetics import CLASSES, cyrillic, distance, likeness, normal, tidy
from skazano.understand.readings import endless, readings

GAP = 0.08  # lead in likeness over the next project that a sure match has
CLEAR, CLEAR_GAP = 0.93, 0.045  # said all but exactly: a smaller lead is enough
POSSIBLE = 0.45  # what is less like is not offered as a candidate
SHORTLIST = 10  # readings that get the exact, slower comparison
STEM_COST, LESS_COST = 0.03, 0.02  # taken off when endings, or a word before the name, are ignored
PART_COST = 0.04  # taken off when only the first word of a name was said
SAME = 0.12  # distance at which two sound the same

# Log odds that a project was meant, by what Evidence says; tests/bench/_learn_evidence.py finds them.
_WEIGHTS = (0.0, -1.0, -16.0, 0.33, 3.0, 1.0, -3.5)
ENOUGH = -0.5  # log odds that may be acted upon
LONG = 14  # phones; a longer name is no surer


class Named(Protocol):
    """What the matcher needs of a project."""

    @property
    def slug(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def aliases(self) -> Sequence[str]: ...


class Name(msgspec.Struct, frozen=True):
    """A plain name as a project."""

    slug: str
    title: str = ""
    aliases: tuple[str, ...] = ()


class Match(msgspec.Struct):
    """slug is None when nothing is like enough; candidates are (slug, score), best first."""

    slug: str | None
    score: float
    reason: str
    candidates: list[tuple[str, float]]
    sure: bool


class Evidence(NamedTuple):
    """apart: distance of what was heard from the name; size: phones, of both on average; gap: lead in
    likeness over the next project; rival: distance from the nearest everyday word."""

    apart: float
    size: float
    gap: float
    rival: float

    def features(self) -> tuple[float, ...]:
        """What _WEIGHTS weigh: a phone in a short name counts for more, and to be another word
        exactly counts against every name that is not said as exactly."""
        another = self.rival < 0.02 and self.apart > SAME
        return (
            1.0,
            self.apart,
            self.apart / max(2.0, self.size),
            min(self.size, LONG),
            min(self.gap, 0.5),
            self.rival - self.apart,
            float(another),
        )

    def odds(self) -> float:
        return sum(w * f for w, f in zip(_WEIGHTS, self.features(), strict=True))


class _Alike(NamedTuple):
    score: float
    apart: float
    size: float
    reason: str


class _Way(NamedTuple):
    """One reading of a name; cost is what a match of it loses, stem says that endings are dropped."""

    phones: str
    classes: str
    slug: str
    written: str
    stem: bool
    cost: float


@lru_cache(maxsize=64)
def _ways(names: tuple[tuple[str, str], ...]) -> list[_Way]:
    """Every reading of every name."""
    out: dict[tuple[str, str], _Way] = {}
    for slug, written in names:
        for stem in (False, True):
            for phones in readings(written, stem):
                way = _Way(phones, phones.translate(CLASSES), slug, written, stem, 0.0)
                out.setdefault((slug, phones), way)
    for slug, first in _first_words(names):
        for phones in readings(first):
            way = _Way(phones, phones.translate(CLASSES), slug, first, False, PART_COST)
            out.setdefault((slug, phones), way)
    return list(out.values())


def _first_words(names: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    """(slug, first word) where that alone tells the project: «кайрос» for kairos-asr. A word that
    names something common («docs») or begins another project's name tells nothing."""
    first: dict[str, set[str]] = {}
    for slug, written in names:
        word, *others = normal(written).split()
        first.setdefault(word, set()).add(slug if others else "")
    return [
        (slug, word)
        for word, slugs in first.items()
        for slug in slugs
        if slug and len(slugs) == 1 and re.fullmatch("[a-z]{5,}", word) and word not in WORDS
    ]


def _written(projects: Sequence[Named]) -> tuple[tuple[str, str], ...]:
    return tuple((p.slug, name) for p in projects for name in (p.slug, p.title, *p.aliases) if name)


def _exact(spoken: str, written: tuple[tuple[str, str], ...]) -> Match | None:
    """The one project whose name, title or alias is letter by letter what was said."""
    squeezed = normal(spoken).replace(" ", "")
    slugs = {slug for slug, name in written if normal(name).replace(" ", "") == squeezed}
    if len(slugs) != 1:
        return None
    slug = slugs.pop()
    return Match(slug, 1.0, "written so", [(slug, 1.0)], True)


def match(spoken: str, projects: Sequence[Named]) -> Match:
    """The project that spoken names, if any. `sure` alone allows to act without asking."""
    written = _written(projects)
    if found := _exact(spoken, written):
        return found
    alike = _alike(spoken, written)
    ranked = sorted(((slug, found.score) for slug, found in alike.items()), key=lambda c: -c[1])
    ranked = [(slug, round(score, 3)) for slug, score in ranked if score >= POSSIBLE][:8]
    if not ranked:
        return Match(None, 0.0, "nothing sounds like it", [], False)
    slug, score = ranked[0]
    gap = score - ranked[1][1] if len(ranked) > 1 else score
    leads = gap >= GAP or (score >= CLEAR and gap >= CLEAR_GAP)
    return Match(slug, score, alike[slug].reason, ranked, leads and _enough(spoken, alike[slug], gap))


def evidence(spoken: str, projects: Sequence[Named]) -> tuple[str, Evidence] | None:
    """(slug, what speaks for it) of the likest project; None: nothing sounds like it."""
    alike = sorted(_alike(spoken, _written(projects)).items(), key=lambda entry: -entry[1].score)
    if not alike or alike[0][1].score < POSSIBLE:
        return None
    slug, best = alike[0]
    second = alike[1][1].score if len(alike) > 1 else 0.0
    gap = best.score - second if second >= POSSIBLE else best.score
    return slug, Evidence(best.apart, best.size, gap, _rival(spoken))


def _enough(spoken: str, best: _Alike, gap: float) -> bool:
    """Whether the odds suffice; the everyday words are searched only where they can decide."""
    least, most = (Evidence(best.apart, best.size, gap, rival) for rival in (0.0, FAR))
    if least.odds() >= ENOUGH or most.odds() < ENOUGH:
        return least.odds() >= ENOUGH
    return Evidence(best.apart, best.size, gap, _rival(spoken)).odds() >= ENOUGH


def _rival(spoken: str) -> float:
    *before, last = normal(spoken).split()
    return nearest_word(tidy("".join(cyrillic(w) for w in (*before, endless(last)))))[0]


def _hearings(spoken: str) -> list[tuple[str, float]]:
    """(what was said, cost): as it is, and without a preposition or a stray consonant before it."""
    words = normal(spoken).split()
    if len(words) > 1 and re.fullmatch(r"[бвгджзклмнпрстфхцчшщ]|во|на|по|для", words[0]):
        return [(spoken, 0.0), (" ".join(words[1:]), LESS_COST)]
    return [(spoken, 0.0)]


def _alike(spoken: str, written: tuple[tuple[str, str], ...]) -> dict[str, _Alike]:
    """The best likeness of each project that comes near to what was said."""
    found: dict[str, _Alike] = {}
    for heard, cost in _hearings(spoken):
        for stem in (False, True):
            for said in readings(heard, stem)[:6]:
                _compare(said, cost + STEM_COST * stem, stem, written, found)
    return found


def _compare(
    said: str, cost: float, stem: bool, written: tuple[tuple[str, str], ...], found: dict[str, _Alike]
) -> None:
    """Put into found the best likeness of each project to one reading of what was said."""
    classes = said.translate(CLASSES)
    ways = [w for w in _ways(written) if w.stem is stem or not stem]
    near = sorted(
        ways,
        key=lambda w: Levenshtein.distance(classes, w.classes) / (len(classes) + len(w.classes)),
    )[:SHORTLIST]
    for way in near:
        size = max(2.0, (len(said) + len(way.phones)) / 2)
        apart = distance(said, way.phones)
        score = max(0.0, 1.0 - apart / size) - cost - way.cost
        if way.slug not in found or score > found[way.slug].score:
            reason = f"«{way.written}» sounds like it"
            found[way.slug] = _Alike(score, apart + (cost + way.cost) * size, size, reason)


def match_prefix(words: Sequence[str], projects: Sequence[Named], most: int = 5) -> tuple[Match, int]:
    """The best match of the first one to `most` words, and how many words it took (0: none)."""
    best, taken = Match(None, 0.0, "nothing sounds like it", [], False), 0
    for count in range(1, min(most, len(words)) + 1):
        found = match(" ".join(words[:count]), projects)
        if (found.sure, found.score) > (best.sure, best.score + 1e-6):
            best, taken = found, count
    return best, taken


def alike_words(one: str, other: str) -> float:
    """0 … 1: how alike two Russian phrases sound, spaces aside."""
    a, b = ("".join(cyrillic(w) for w in normal(said).split()) for said in (one, other))
    return likeness(a, b)


def sounds_like(word: str, target: str, least: float = 0.75) -> bool:
    """Whether word could be target misheard."""
    return alike_words(word, target) >= least
