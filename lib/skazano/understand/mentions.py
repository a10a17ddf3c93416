"""The project that a request speaks of without the word «проект»: «в ребенче добавь тест»."""

from collections.abc import Sequence
from typing import NamedTuple

from skazano.understand.keywords import FILLER
from skazano.understand.names import Named, evidence, match
from skazano.understand.words import WISHES, is_imperative, words

READ, LONGEST = 40, 4  # words of a request that are looked at, and those of a name
SURE, LIKELY = 0.93, 0.8  # likeness of a mention that is acted upon, and of one worth offering
NO_WORD = 0.25  # distance from every everyday word at which a name is none
_LEADING = FILLER | set(
    """в во на для по из с со у к ко про насчет давай теперь слушай смотри короче
    in on for to from at the now please so""".split()
)


class Mentioned(NamedTuple):
    """slug: the only project that is named, beyond doubt; likely: all that may be meant, likest first;
    leading: the request begins with the name."""

    slug: str | None
    likely: list[str]
    leading: bool


class _Mention(NamedTuple):
    score: float
    beyond_doubt: bool
    leading: bool


def mentioned(text: str, projects: Sequence[Named], read: int = READ) -> Mentioned:
    """What the first words of text name, so many of them. A name that is an everyday word too is one for
    sure only at the beginning: «на даче почини полив», not «поезжай на дачу»."""
    said = [word.norm for word in words(text)][:read]
    best: dict[str, _Mention] = {}
    for at, word in enumerate(said):
        if word in WISHES or is_imperative(word):
            continue
        leading = all(before in _LEADING for before in said[:at])
        for count in range(1, min(LONGEST, len(said) - at) + 1):
            span = " ".join(said[at : at + count])
            found = match(span, projects)
            known = best.get(found.slug or "")
            if found.slug is None or found.score <= (known.score if known else LIKELY):
                continue
            sure = found.sure and found.score >= SURE and (leading or _is_no_word(span, projects))
            best[found.slug] = _Mention(found.score, sure, leading)
    likely = sorted(best, key=lambda slug: -best[slug].score)
    only = likely[0] if len(likely) == 1 and best[likely[0]].beyond_doubt else None
    return Mentioned(only, likely, only is not None and best[only].leading)


def _is_no_word(span: str, projects: Sequence[Named]) -> bool:
    told = evidence(span, projects)
    return told is not None and told[1].rival >= NO_WORD
