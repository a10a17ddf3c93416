"""Takebacks of the whole: «… нет, наоборот, …», «второе … нет, второе не надо»."""

import re
from collections.abc import Sequence

from skazano.understand.takebacks import PREPOSITIONS, Edit
from skazano.understand.words import Word, is_imperative, words

_LONGEST_FRAME = 8  # words
_ROUND = re.compile(
    r"(?<=[\w»])[\s,.…–—]+(?:(?:ой|нет|точнее|вернее|хотя|стоп|то есть)[\s,]+){1,4}наоборот[\s,:–—]+(?=\w)",
    re.I,
)
_SWAPPED = re.compile(
    r"\bсначала (?P<one>\w+(?: \w+)?),?(?P<then> (?:а )?потом )(?P<other>\w+(?: \w+)?),? "
    r"(?:ой|нет|ой нет|точнее|вернее|хотя нет),? наоборот[.!]?$",
    re.I,
)
_REFUSED = re.compile(
    r"(?<=[\w»])[\s,.–—]+(?:(?:ой|нет|хотя|а|стоп)[\s,]+){1,4}"
    r"(?P<what>второ(?:е|й пункт)|треть(?:е|ий пункт)|последнее)"
    r"(?: пока)? не (?:надо|нужно|делай)"
    r"(?:[\s,]+(?:я(?: потом)? сама?|потом|пока))?(?: сделаю)?[.!]?$",
    re.I,
)
_LATER = re.compile(
    r"\b(?:треть(?:е|я|им|ей)|четв[её]рт(?:ое|ая)|пят(?:ое|ая)|в.третьих|в.четв[её]ртых|ещё|еще|также)\b",
    re.I,
)
_NOT_THAT = re.compile(
    r"(?<=[\w»])[\s,.]+(?:а |и )?(?:и|ещё|еще)\s+(?P<aim>[а-я]{1,5} )?(?P<what>[\w-]{3,})[\s,.…]+"
    r"(?:(?:ой|нет|хотя|а|стоп)[\s,]+){1,4}(?:(?P=aim))?(?P=what)(?: пока)? "
    r"не (?:надо|нужно)(?: пока)?[.!]?$",
    re.I,
)
_NUMBERED = {
    "второ": r"втор(?:ое|ая|ым|ой пункт)|во-вторых|во вторых",
    "треть": r"треть(?:е|я|им)|в-третьих|в третьих",
}


def other_way_round(norms: Sequence[str], at: int, new: int) -> Edit | None:
    """«за два дня до встречи, точнее наоборот, через два дня после встречи»: what is said anew has the
    words of what stands before the mark, most of them in their places."""
    end = next((n for n in range(new + 1, len(norms)) if norms[n] in ("и", "чтобы", "если")), len(norms))
    said = norms[new:end]
    size = len(said)
    if not 2 <= size <= min(_LONGEST_FRAME, at):
        return None
    before = norms[at - size : at]
    kept = sum(one == other for one, other in zip(before, said, strict=True))
    aimed = {before[0], said[0]} <= PREPOSITIONS or before[0] == said[0]
    return Edit(at - size, new) if aimed and kept >= size / 2 else None


def swapped(text: str) -> str:
    """«сначала новые, потом старые, нет, наоборот(, сначала старые, потом новые)»: the other way round."""
    for mark in list(_ROUND.finditer(text))[:1]:
        end = re.search(r"[.!?](?=\s|$)|$", text[mark.end() :])
        said = words(text[mark.end() : mark.end() + end.start()] if end else "")
        before = words(text[: mark.start()])[-len(said) :]
        if len(said) > 3 and sorted(w.norm for w in said) == sorted(w.norm for w in before):
            return text[: before[0].start] + text[mark.end() :]
    return _SWAPPED.sub(lambda found: f"сначала {found['other']}{found['then']}{found['one']}", text)


def without_refused(text: str) -> str:
    """«… и второе подними лимит, нет, второе не надо»: without the item that the end refuses, if it is
    the only one of that number, and begins with an order; «… и через Сбер, нет, Сбер не надо»."""
    text = _NOT_THAT.sub("", text)
    refused = _REFUSED.search(text)
    if not refused:
        return text
    head = text[: refused.start()]
    number = _NUMBERED.get(refused["what"].lower()[:5], "|".join(_NUMBERED.values()))
    begins = list(re.finditer(rf"[\s,.;:–—]+(?:и\s+|а\s+)?(?:{number})\b[\s,:–—]*", head, re.I))
    if begins and _LATER.search(head[begins[-1].end() :]):
        return text
    if len(begins) != 1 and not (begins and refused["what"].lower() == "последнее"):
        return text
    said = words(head[begins[-1].end() :])
    return (
        head[: begins[-1].start()] if _orders(said) and _orders(words(head[: begins[-1].start()])) else text
    )


def _orders(said: Sequence[Word]) -> bool:
    return any(is_imperative(word.norm) for word in said[:8])
