"""What a speaker takes back in the same breath: «на красную, нет, на синюю», «добавь в… добавь в шапку».

Words go only where what follows the mark of a correction has the shape of what stands before it.
Anything less plain stays as it was said: whoever reads it sees both.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from skazano.understand.amounts import numbers
from skazano.understand.calling_off import CONDITIONS
from skazano.understand.labels import quoted
from skazano.understand.numerals import NUMERALS
from skazano.understand.other_orders import another_order, forbidden, orders, other_order
from skazano.understand.recalled import recalled
from skazano.understand.restarts import said_anew
from skazano.understand.reversals import other_way_round, swapped, without_refused
from skazano.understand.stammers import denied, said_in_full, stammer
from skazano.understand.takebacks import (
    ADJECTIVE,
    PREPOSITIONS,
    Edit,
    adjectives,
    chosen_again,
    contrast,
    earlier_place,
    in_full,
    nouns,
    other_aim,
    other_colour,
    said_again,
    same_beginning,
)
from skazano.understand.words import Word, words

MOST = 100  # times in one note; who says more is not speaking
_ERRED = "ошибся ошиблась перепутал перепутала оговорился оговорилась".split()
_EXCUSES = [
    f"{no} {excuse}"
    for no in ("ой нет", "ой", "нет", "тьфу")
    for excuse in [*(f"я {erred}" for erred in _ERRED), *_ERRED, "что я говорю", "что я несу"]
]
_MARKS = [tuple(mark.split()) for mark in _EXCUSES] + [
    tuple(mark.split())
    for mark in (
        "нет это много|нет это мало|нет многовато|нет маловато|"
        "хотя нет не надо лучше|а нет не надо лучше|ой нет не надо лучше|нет не надо лучше|"
        "ой то есть|нет то есть|тьфу то есть|хотя нет подожди|хотя нет погоди|ой нет подожди|"
        "ой нет не так|ой нет лучше|а нет лучше|"
        "хотя нет лучше|хотя давай|или нет лучше|ой нет|ой вернее|ой точнее|ой извини|тьфу нет|тьфу ты|а нет|"
        "тьфу ты господи|нет вру|ой вру|вру|хотя стоп|ой стоп|"
        "хотя нет|нет лучше|нет вернее|нет точнее|нет погоди|нет подожди|нет не так|нет стоп|нет стой|"
        "стоп нет|стой нет|погоди нет|подожди нет|то есть нет|вернее нет|точнее нет|"
        "точнее сказать|вернее сказать|"
        "или вернее|или точнее|а вернее|а точнее|а лучше|хотя лучше|я хотел сказать|я имел в виду|"
        "то есть|в смысле|оговорился|извини|пардон|тьфу|вернее|точнее|хотя|ой|нет"
    ).split("|")
]  # the longer before what it begins with
_FIRST = frozenset(mark[0] for mark in _MARKS)
# Marks that are as often part of what is wanted.
_MEANT = {
    ("нет",),
    ("точнее",),
    ("то", "есть"),
    ("в", "смысле"),
    ("а", "лучше"),
    ("хотя", "лучше"),
    ("хотя", "давай"),
}
# «в базе нет», «ошибок нет»: with these endings a bare «нет» is as likely to be «there is none».
_ABSENT = re.compile(r"(?:[аеёиоыя]|[оеё][вйм]|[ая]х|ь)$")

_AIMED = frozenset("за через до для к от".split())  # what is there or not is in, on or at something

_ACCUSATIVE = re.compile(r"(?:[ую]|[бгджзклмнпрстфхцчшщ])$")
_JOKE = re.compile(
    r"\A(?:(?!не |я )[\w-]+[ ,]+){2,6}шучу[ ,.]+(?=\w)", re.I
)  # «закажи пиццу, шучу, почини вход»
_REQUOTED = re.compile(  # «возраст», ой, то есть «дата»
    r"«[^»\n]{1,80}»[\s,…–—]+(?:(?:ой|нет|тьфу|вернее|точнее|то есть|хотя нет|лучше)[\s,]+)+(?=«)", re.I
)
_TOO_MUCH = frozenset("много мало многовато маловато".split())  # «нет, двадцать много, давай десять»
_SOFTLY = frozenset(["лучше", "давай", "все таки", "уж"])  # «нет, давай всё-таки на синий»


def corrected(text: str) -> str:
    """text with what was plainly taken back left out, and with a beginning said twice said once."""
    text = said_anew(_JOKE.sub("", _REQUOTED.sub("", text.replace("...", "…"))))
    text, start = without_refused(swapped(text)), 1
    for _ in range(MOST):
        tokens = words(text)
        found = _first(text, tokens, start)
        if found is None:
            break
        before, after = text[: tokens[found.start].start], text[tokens[found.end - 1].end :]
        after = found.instead + after if found.instead else after.lstrip(" ,–—…-")
        text = " ".join(part for part in (before.rstrip(), after) if part)
        start = max(1, found.start - 1)
    return recalled(text)


def _first(text: str, tokens: list[Word], start: int) -> Edit | None:
    """What goes first from the word at `start` on, but for what is quoted or goes over a full stop."""
    norms, apart = [token.norm for token in tokens], quoted(text, tokens)
    for at in range(start, len(tokens)):
        edit = stammer(norms, at) or denied(norms, at) or _correction(text, tokens, norms, at)
        if edit is None or apart & set(range(edit.start, edit.end)):
            continue
        if _one_breath(text, tokens[edit.start : edit.end + (not edit.instead)]):
            return edit
    return None


def _one_breath(text: str, said: Sequence[Word]) -> bool:
    """Whether no sentence ends among the words, but for one that the mark of a correction follows."""
    for one, other in pairwise(said):
        gap = text[one.end : other.start]
        if re.search(r"[^\s,–—…-]|\n", gap) and not (gap == ". " and other.norm in _FIRST):
            return False
    return True


def _correction(text: str, tokens: Sequence[Word], norms: Sequence[str], at: int) -> Edit | None:
    """What the mark of a correction at `at` takes back, the mark included; None if nothing plainly."""
    if norms[at] not in _FIRST:
        return None
    mark = next((m for m in _MARKS if tuple(norms[at : at + len(m)]) == m), None)
    if mark is None or at + len(mark) >= len(norms):
        return None
    softly, new = _said_anew(norms, at, mark)
    if new == len(norms):
        return None
    if norms[new] == "наоборот" and new + 1 < len(norms):
        return other_way_round(norms, at, new + 1)
    if found := contrast(text, tokens, norms, at, new):
        return found
    if mark == ("то", "есть"):
        return in_full(norms, at, new)
    if mark == ("хотя",) or {("не", "надо"), ("не", "нужно")} & set(pairwise(norms[new + 1 : new + 5])):
        return None
    if found := said_in_full(norms, at, new):
        return found
    if (found := numbers(norms, at, new)) or norms[new] in NUMERALS:
        return found
    paused = (
        text[tokens[at].start - 2 : tokens[at].start] in (", ", ". ") and text[tokens[softly - 1].end] == ","
    )
    sure = mark not in _MEANT or (mark in (("нет",), ("точнее",)) and (paused or new > softly))
    if mark == ("точнее",) and norms[new] in PREPOSITIONS and norms[new] in norms[max(0, at - 3) : at - 1]:
        sure = True
    if not sure:
        if found := chosen_again(norms, at, new):
            return found
        if CONDITIONS & set(norms[max(0, at - 6) : at]) or "нет" in norms[new:]:
            return None
        if mark == ("нет",) and _absent(norms, at, new):
            return None
    found = _like_for_like(text, tokens, norms, at, new, sure)
    if found is None and ("лучше" in norms[at:new] or new > softly):
        found = another_order(norms, at, new)
    return found or (nouns(norms, at, new) if sure else None)


def _said_anew(norms: Sequence[str], at: int, mark: Sequence[str]) -> tuple[int, int]:
    """(where the mark ends, with what it says of the old: «нет, это рано»; where the new words begin)."""
    new = at + len(mark)
    if mark == ("нет",) and norms[new] == "это" and norms[new + 2 : new + 3] in (["давай"], ["лучше"]):
        new += 2
    softly = new
    if norms[new] in NUMERALS and norms[new + 1 : new + 2] and norms[new + 1] in _TOO_MUCH:
        new += 2
    while new + 1 < len(norms) and norms[new] in _SOFTLY:
        new += 1
    return softly, new


def _like_for_like(
    text: str, tokens: Sequence[Word], norms: Sequence[str], at: int, new: int, sure: bool
) -> Edit | None:
    return (
        other_aim(text, tokens, norms, at, new)
        or said_again(norms, at, new)
        or (earlier_place(text, tokens, norms, at, new) if sure else None)
        or same_beginning(norms, at, new, sure)
        or adjectives(norms, at, new)
        or other_colour(text, tokens, norms, at, new)
        or orders(norms, at, new)
        or other_order(text, tokens, norms, at, new)
        or forbidden(text, tokens, norms, at, new)
    )


def _absent(norms: Sequence[str], at: int, new: int) -> bool:
    """Whether a bare «нет» may as well say that something is not there: «ошибок в базе нет в кэше тоже»."""
    old = norms[at - 1]
    if not _ABSENT.search(old) or old in NUMERALS or ADJECTIVE.fullmatch(old):
        return False
    again = next((n for n in range(at - 2, max(0, at - 4), -1) if norms[n] == norms[new]), 0)
    if norms[new] not in PREPOSITIONS or not again or {"есть", "тоже"} & set(norms[new:]):
        return True
    # «поменяй логотип в шапке, нет, в подвале»: of what is not there one says «логотипа».
    whole = new + 2 == len(norms) and again == at - 2 and _ACCUSATIVE.search(norms[again - 1])
    return not (norms[new] in _AIMED or old in norms[new + 1 : new + 4] or whole)
