"""A beginning that is said anew after something else: «команду прайс ой машина так вот команду прайс и …»,
«Мне надо… так, секунду. Мне надо, чтобы …», «release-2.4… оговорился, release-2.5»."""

import re

from skazano.understand.labels import quoted
from skazano.understand.words import words

_BACK = re.compile(
    r"\b(?:так вот|в общем|ну так вот|о чем это я|на чем я остановил(?:ся|ась))\b[\s,.…:–—]*", re.I
)
_ASIDE = 14  # words of what is said in between, and of the beginning, at most
_BROKEN = re.compile(r"(?:…|\.\.\.)")
_FIRST = 5  # words of a beginning that is broken off
_ERRED = re.compile(
    r"(?:…|\.\.\.|,|\.)?\s{1,3}(?:(?:ой|нет|тьфу|вру|оговорил(?:ся|ась)|ошиб(?:ся|лась)|вернее|точнее)[\s,]{1,3}){1,3}(?=\S)",
    re.I,
)
_NUMBERED = re.compile(r"([^\s\d]{0,30})(\d[\d.]{0,20}(?<!\.))$")  # «release-2.4»


def said_anew(text: str) -> str:
    """text without what was broken off, the aside, and the second beginning."""
    text = _begun_again(_other_number(text))
    for found in list(_BACK.finditer(text))[:5]:
        before, after = words(text[: found.start()]), words(text[found.end() :])[:3]
        said, again = [w.norm for w in before], [w.norm for w in after]
        if len(again) < 2 or quoted(text, before):
            continue
        for size in (3, 2):
            places = [n for n in range(len(said)) if said[n : n + size] == again[:size]]
            if places and len(said) - places[-1] <= _ASIDE:
                return text[: before[places[-1]].start] + text[found.end() :]
    return text


def _other_number(text: str) -> str:
    """«release-2.4… оговорился, release-2.5»"""
    for mark in reversed(list(_ERRED.finditer(text))[:20]):
        old = _NUMBERED.search(text[max(0, mark.start() - 60) : mark.start()])
        fresh = re.match(r"[^\s,;!?]{1,50}", text[mark.end() :])
        new = _NUMBERED.match(fresh.group().rstrip(".")) if fresh else None
        if old and new and old[1] and old[1].lower() == new[1].lower():
            text = text[: mark.start() - len(old.group())] + text[mark.end() :]
    return text


def _begun_again(text: str) -> str:
    """«Мне надо… так, секунду… ага. Мне надо, чтобы»: the first words come again after a break."""
    broken = _BROKEN.search(text[:200])
    if not broken:
        return text
    first = [w.norm for w in words(text[: broken.start()])]
    if not 2 <= len(first) <= _FIRST:
        return text
    after = words(text[broken.end() : broken.end() + 200])
    for at in range(min(len(after) - 1, _ASIDE)):
        if [w.norm for w in after[at : at + 2]] == first[:2]:
            return text[broken.end() + after[at].start :]
    return text
