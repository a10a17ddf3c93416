"""What is said twice in a row, and how much of it goes: «добавь в… добавь в шапку»."""

import re
from collections.abc import Sequence

from skazano.understand.numerals import NUMERALS
from skazano.understand.takebacks import LONGEST, PREPOSITIONS, SMALL, Edit
from skazano.understand.words import is_imperative

_BOTH = frozenset("и или либо ни то".split())  # «и там и там»


def stammer(norms: Sequence[str], at: int) -> Edit | None:
    """«добавь в добавь в шапку», «почему по почему»: said again from the word before `at` on."""
    for size in range(2, LONGEST + 1):
        begun = norms[at - 1 : at - 1 + size]
        after = at - 1 + size
        if begun == norms[after + 1 : after + 1 + size] and norms[after : after + 1] == ["конечно"]:
            return Edit(at - 1, after + 1)  # «до восьми, конечно, до восьми вечера»
        if begun != norms[after : after + size] or NUMERALS.keys() & set(begun) or begun[0] in _BOTH:
            continue
        ends = after + size
        if begun[0] in PREPOSITIONS and at > 2 and ends < len(norms) and is_imperative(norms[ends]):
            continue  # «письма для новых и для старых для старых добавь скидку»
        if all(re.fullmatch("[а-я]+", n) for n in begun) and any(
            n in SMALL or is_imperative(n) for n in begun
        ):
            return Edit(at - 1, at - 1 + size)
    if _broken_off(norms, at):
        return Edit(at - 1, at)
    again = at + 1 < len(norms) and norms[at + 1] == norms[at - 1] and norms[at - 1].startswith(norms[at])
    return Edit(at - 1, at + 1) if again and len(norms[at]) < len(norms[at - 1]) else None


def _broken_off(norms: Sequence[str], at: int) -> bool:
    """«доба добавь»: a syllable or two of the order that follows, where an order may begin."""
    begun, order = norms[at - 1], norms[at]
    begins = at == 1 or norms[at - 2] in ("и", "потом", "затем")
    syllables = begun not in SMALL and not is_imperative(begun) and re.fullmatch("[а-я]{2,}[аеиоуыюя]", begun)
    return bool(begins and syllables and order.startswith(begun)) and is_imperative(order)


def said_in_full(norms: Sequence[str], at: int, new: int) -> Edit | None:
    """«в три часа дня, ой, ночи, конечно, в три часа ночи»: the whole of it is said again."""
    for again in range(new + 1, min(new + 4, len(norms) - 2)):
        first = [norm for norm in norms[new:again] if norm not in ("конечно", "точнее", "вернее")]
        if not first or not set(first) <= set(norms[again : again + 2 + LONGEST]):
            continue
        for start in range(at - 2, max(-1, at - 2 - LONGEST), -1):
            if norms[start : start + 2] == norms[again : again + 2]:
                return Edit(start, again)
    return None


def denied(norms: Sequence[str], at: int) -> Edit | None:
    """«приходило письмо, не письмо, а смс»."""
    if norms[at] != "не":
        return None
    for size in range(1, LONGEST + 1):
        same = norms[max(0, at - size) : at] == norms[at + 1 : at + 1 + size]
        if same and norms[at + 1 + size : at + 2 + size] == ["а"]:
            return Edit(at - size, at + 2 + size)
    return None
