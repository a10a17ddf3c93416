"""One number taken back for another: «десять секунд, нет, пятнадцать»."""

from collections.abc import Callable, Sequence

from skazano.understand.numerals import NUMERALS
from skazano.understand.takebacks import JOINS, LONGEST, PREPOSITIONS, Edit
from skazano.understand.words import is_imperative, is_infinitive, is_verb


def numbers(norms: Sequence[str], at: int, new: int) -> Edit | None:
    """«десять, нет, пятнадцать секунд», «десять секунд, нет, пятнадцать»."""

    def run(place: int, step: int) -> int:
        while 0 <= place < len(norms) and (norms[place] in NUMERALS or norms[place].isdigit()):
            place += step
        return place

    aim = norms[new] in PREPOSITIONS  # «на тридцать дней, нет, на шестьдесят»
    new_end = run(new + aim, 1)
    if new_end == new + aim:
        return None
    over = new_end == len(norms) or norms[new_end] in JOINS | {"нет", "ой"} or is_infinitive(norms[new_end])
    if aim:
        old, counted = _counted(norms, at, run)
        if over and old and norms[old - 1] == norms[new]:
            return Edit(old - 1, new_end, " ".join([*norms[new:new_end], *counted]))
        return None
    if (old := run(at - 1, -1) + 1) < at:
        return Edit(old, new)
    old, counted = _counted(norms, at, run)
    if not counted or (len(counted) > 1 and norms[at:new] == ["нет"]):
        return None  # «три товара со склада нет одного»
    if norms[new_end : new_end + 1] == counted:
        return Edit(old, new)
    if new_end < len(norms) and norms[new_end] not in JOINS:
        return None
    return Edit(old, new_end, " ".join([*norms[new:new_end], *counted]))


def _counted(norms: Sequence[str], at: int, run: Callable[[int, int], int]) -> tuple[int, list[str]]:
    """Where the last number before `at` begins, and the words after it: «секунд», «штук на страницу»."""
    for first in range(at - 1, max(0, at - 1 - LONGEST), -1):
        if norms[first] in JOINS or is_verb(norms[first]) or is_imperative(norms[first]):
            break
        if (old := run(first - 1, -1) + 1) < first:
            return old, list(norms[first:at])
    return 0, []
