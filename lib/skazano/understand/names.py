"""Which project was named: a match by sound, with a score, a reason and how sure it is.

A wrong project is far worse than a question: `Match.sure` wants both a near likeness and a gap to
the second best.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

import msgspec
from rapidfuzz.distance import Levenshtein

from skazano.understand.phonetics import cyrillic, likeness, normal
from skazano.understand.readings import readings

SURE, GAP = 0.74, 0.08  # likeness that may be acted upon, and its lead over the next project
CLEAR, CLEAR_GAP = 0.93, 0.045  # said all but exactly: a smaller lead is enough
POSSIBLE = 0.45  # what is less like is not offered as a candidate
SHORTLIST = 10  # readings that get the exact, slower comparison
STEM_COST, LESS_COST = 0.03, 0.02  # taken off when endings, or a word before the name, are ignored
_CLASSES = str.maketrans("bvgdzZJyoejWc", "pfktsSCiaiiSs")


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


@lru_cache(maxsize=64)
def _ways(names: tuple[tuple[str, str], ...]) -> list[tuple[str, str, str, str, bool]]:
    """(phones, their classes, slug, written name, stemmed) of every reading of every name."""
    out: dict[tuple[str, str], tuple[str, str, str, str, bool]] = {}
    for slug, written in names:
        for stem in (False, True):
            for phones in readings(written, stem):
                out.setdefault((slug, phones), (phones, phones.translate(_CLASSES), slug, written, stem))
    return list(out.values())


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
    scores: dict[str, tuple[float, str]] = {}
    for heard, cost in _hearings(spoken):
        for stem in (False, True):
            for said in readings(heard, stem)[:6]:
                _score(said, cost + STEM_COST * stem, stem, written, scores)
    ranked = sorted(((slug, score) for slug, (score, _) in scores.items()), key=lambda c: -c[1])
    ranked = [(slug, round(score, 3)) for slug, score in ranked if score >= POSSIBLE][:8]
    if not ranked:
        return Match(None, 0.0, "nothing sounds like it", [], False)
    slug, score = ranked[0]
    gap = score - ranked[1][1] if len(ranked) > 1 else 1.0
    sure = (score >= SURE and gap >= GAP) or (score >= CLEAR and gap >= CLEAR_GAP)
    return Match(slug, score, scores[slug][1], ranked, sure)


def _hearings(spoken: str) -> list[tuple[str, float]]:
    """(what was said, cost): as it is, and without a preposition or a stray consonant before it."""
    words = normal(spoken).split()
    if len(words) > 1 and re.fullmatch(r"[бвгджзклмнпрстфхцчшщ]|во|на|по|для", words[0]):
        return [(spoken, 0.0), (" ".join(words[1:]), LESS_COST)]
    return [(spoken, 0.0)]


def _score(
    said: str,
    cost: float,
    stem: bool,
    written: tuple[tuple[str, str], ...],
    scores: dict[str, tuple[float, str]],
) -> None:
    """Put into scores the best likeness of each project to one reading of what was said."""
    classes = said.translate(_CLASSES)
    ways = [w for w in _ways(written) if w[4] is stem or not stem]
    near = sorted(
        ways,
        key=lambda w: Levenshtein.distance(classes, w[1]) / (len(classes) + len(w[1])),
    )[:SHORTLIST]
    for phones, _, slug, name, _ in near:
        score = likeness(said, phones) - cost
        if score > scores.get(slug, (0.0, ""))[0]:
            scores[slug] = (score, f"«{name}» sounds like it")


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
