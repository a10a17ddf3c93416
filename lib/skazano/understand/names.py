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

from skazano.understand.everyday import FAR, is_word, nearest_word
from skazano.understand.evidence import ENOUGH, Evidence
from skazano.understand.lexicon import WORDS
from skazano.understand.phonetics import CLASSES, cyrillic, distance, normal, tidy
from skazano.understand.readings import endless, readings
from skazano.understand.words import vocabulary

GAP = 0.045  # lead in likeness over the next project that a sure match has
SURE_OF_FEW, GAP_OF_FEW = 0.74, 0.08  # likeness and lead that are enough where only a few names are possible
SHORTEST, SAME_SOUND = 2, 0.99  # letters that tell no name misheard, only one that sounds the same
LONGEST = 120  # letters; more are no name misheard
POSSIBLE = 0.45  # what is less like is not offered as a candidate
SHORTLIST = 10  # readings that get the exact, slower comparison
STEM_COST, LESS_COST = 0.03, 0.02  # taken off when endings, or a word before the name, are ignored
SWALLOWED_COST = 0.03  # taken off when a consonant before it is put back
PART_COST = 0.04  # taken off when only the first word of a name was said
TOLD, TOLD_MORE = 0.8, 0.6  # likeness that tells nothing, of the same project and of another
JOINT = 0.3  # what a second everyday word costs as an explanation

_RUSSIAN: dict[str, tuple[str, ...]] = {
    latin: tuple(said.split("/"))
    for latin, said in (entry.split("=") for entry in vocabulary("translated.txt"))
}


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


class Match(msgspec.Struct, frozen=True):
    """slug is None when nothing is like enough; candidates are (slug, score), best first."""

    slug: str | None
    score: float
    reason: str
    candidates: list[tuple[str, float]]
    sure: bool


_NONE = Match(None, 0.0, "nothing sounds like it", [], False)


class _Alike(NamedTuple):
    score: float
    apart: float
    size: float
    reason: str


class _Way(NamedTuple):
    """One reading of a name; cost is what a match of it loses; stem: it is one also where case
    endings are dropped."""

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

    def add(slug: str, written: str, stem: bool, cost: float = 0.0) -> None:
        for phones in readings(written, stem):
            known = out.get((slug, phones))
            if known is None or (stem and not known.stem):
                classes = phones.translate(CLASSES)
                out[slug, phones] = _Way(phones, classes, slug, written, stem, known.cost if known else cost)

    for slug, written in (*names, *_translated(names)):
        add(slug, written, False)
        add(slug, written, True)
    for slug, first in _first_words(names):
        add(slug, first, True, PART_COST)
    return list(out.values())


def _translated(names: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    """(slug, Russian word) of projects that have a plain English word for a name and no Russian one."""
    russian = {slug for slug, written in names if re.search("[а-яё]", written.lower())}
    return [
        (slug, word)
        for slug in dict.fromkeys(slug for slug, _ in names)
        if slug not in russian
        for word in _RUSSIAN.get(slug, ())
    ]


def _first_words(names: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    """(slug, first word) where a name may be called by that alone: «кайрос» for kairos-asr. A word that
    names something common («docs») tells nothing; one that begins several names speaks for each."""
    first: dict[str, set[str]] = {}
    for slug, written in names:
        word, *others = normal(written).split() or [""]
        first.setdefault(word, set()).add(slug if others else "")
    return [
        (slug, word)
        for word, slugs in first.items()
        for slug in slugs
        if "" not in slugs and re.fullmatch("[a-z]{5,}", word) and word not in WORDS
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


def match(spoken: str, projects: Sequence[Named], closed: bool = False) -> Match:
    """The project that spoken names, if any. `sure` alone allows to act without asking. closed: it is
    known to be one of a few (a tool after «инструмент»), so no everyday word competes."""
    written = _written(projects)
    if found := _exact(spoken, written):
        return found
    alike = _alike(spoken, written) if len(spoken) <= LONGEST else {}
    ranked = sorted(((slug, found.score) for slug, found in alike.items()), key=lambda c: -c[1])
    ranked = [(slug, round(score, 3)) for slug, score in ranked if score >= POSSIBLE][:8]
    if not ranked:
        return _NONE
    slug, score = ranked[0]
    gap = score - ranked[1][1] if len(ranked) > 1 else score
    if closed:
        sure = gap >= GAP_OF_FEW and score >= SURE_OF_FEW
    else:
        told = len(normal(spoken)) > SHORTEST or score >= SAME_SOUND
        sure = told and gap >= GAP and _enough(spoken, alike[slug], gap, len(projects))
    return Match(slug, score, alike[slug].reason, ranked, sure)


def evidence(spoken: str, projects: Sequence[Named]) -> tuple[str, Evidence] | None:
    """(slug, what speaks for it) of the likest project; None: nothing sounds like it."""
    alike = sorted(_alike(spoken, _written(projects)).items(), key=lambda entry: -entry[1].score)
    if not alike or alike[0][1].score < POSSIBLE:
        return None
    slug, best = alike[0]
    second = alike[1][1].score if len(alike) > 1 else 0.0
    gap = best.score - second if second >= POSSIBLE else best.score
    return slug, Evidence(best.apart, best.size, gap, _rival(spoken), len(projects))


def _enough(spoken: str, best: _Alike, gap: float, many: int) -> bool:
    """Whether the odds suffice; the everyday words are searched only where they can decide."""
    least, most = (Evidence(best.apart, best.size, gap, rival, many) for rival in (0.0, FAR))
    if least.odds() >= ENOUGH or most.odds() < ENOUGH:
        return least.odds() >= ENOUGH
    return Evidence(best.apart, best.size, gap, _rival(spoken), many).odds() >= ENOUGH


def _rival(spoken: str) -> float:
    """Distance of the nearest everyday word, or of a chain of them."""
    said = normal(spoken).split()
    chain = [cyrillic(endless(word)) for word in said]
    if len(said) > 1 and all(is_word(phones) for phones in chain):
        return JOINT * (len(said) - 1)
    return nearest_word(tidy("".join([*map(cyrillic, said[:-1]), chain[-1]])))[0]


def _hearings(spoken: str) -> list[tuple[str, float]]:
    """(what was said, cost): as it is, without a preposition or a stray consonant before it, and with a «т»
    that the end of «проект» has swallowed."""
    words = normal(spoken).split()
    out = [(spoken, 0.0), ("т" + spoken, SWALLOWED_COST)]
    if len(words) > 1 and re.fullmatch(r"[бвгджзклмнпрстфхцчшщ]|во|на|по|для", words[0]):
        out.append((" ".join(words[1:]), LESS_COST))
    return out


def _alike(spoken: str, written: tuple[tuple[str, str], ...]) -> dict[str, _Alike]:
    """The best likeness of each project that comes near to what was said."""
    found: dict[str, _Alike] = {}
    done: set[str] = set()
    for heard, cost in _hearings(spoken):
        for stem in (False, True):
            fresh = [said for said in readings(heard, stem)[:6] if said not in done]
            done.update(fresh)
            for said in fresh:
                _compare(said, cost + STEM_COST * stem, stem, written, found)
    return found


def _compare(
    said: str, cost: float, stem: bool, written: tuple[tuple[str, str], ...], found: dict[str, _Alike]
) -> None:
    """Put into found the best likeness of each project to one reading of what was said."""
    classes = said.translate(CLASSES)
    ways = [w for w in _ways(written) if w.stem or not stem]
    near = sorted(
        ways,
        key=lambda w: Levenshtein.distance(classes, w.classes) / (len(classes) + len(w.classes)),
    )[:SHORTLIST]
    for way in near:
        size = max(2.0, (len(said) + len(way.phones)) / 2)
        least = found[way.slug].score if way.slug in found else POSSIBLE
        apart = distance(said, way.phones, (1.0 - least - cost - way.cost) * size)
        score = 1.0 - apart / size - cost - way.cost
        if score > least:
            reason = f"«{way.written}» sounds like it"
            found[way.slug] = _Alike(score, apart + (cost + way.cost) * size, size, reason)


def match_prefix(words: Sequence[str], projects: Sequence[Named], most: int = 5) -> tuple[Match, int]:
    """The best match of the first one to `most` words, and how many words it took (0: none). What more
    words tell of the same project belongs to its name: «матрикс бридж», not «матрикс» alone."""
    spans = [" ".join(words[:count]) for count in range(1, min(most, len(words)) + 1)]
    tried = [(match(span, projects), span, count) for count, span in enumerate(spans, 1)]
    likest = max((t[0] for t in tried), key=lambda found: (found.sure, found.score), default=_NONE)
    if likest.slug is None:
        return _NONE, 0
    same = [t for t in tried if (t[0].slug, t[0].sure) == (likest.slug, likest.sure)]
    found, _, taken = max(same, key=lambda t: _told(t, TOLD))
    another = max(tried, key=lambda t: _told(t, TOLD_MORE))
    if another[2] > taken and another[0].slug != found.slug:
        found, taken = another[0], another[2]
    return found, taken


def _told(tried: tuple[Match, str, int], least: float) -> float:
    """How much a match tells: the more, the longer what was heard and the more alike."""
    return len(tried[1]) * (tried[0].score - least)
