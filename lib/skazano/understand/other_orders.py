"""One order taken back for another: «удали колонку, нет, лучше скрой её»."""

from collections.abc import Sequence

from skazano.understand.takebacks import JOINS, LONGEST, PREPOSITIONS, SMALL, Edit, clause_length
from skazano.understand.words import Word, is_imperative

_BACK = frozenset("его ее их там туда тоже это этот эту так такой такую сначала".split())  # to what was said


def orders(norms: Sequence[str], at: int, new: int) -> Edit | None:
    """«удали, вернее скрой колонку», «удали колонку, нет, скрой колонку»."""
    order = new + (norms[new] in ("просто", "лучше", "сразу") and new + 1 < len(norms))
    if not is_imperative(norms[order]):
        return None
    for start in range(at - 1, max(-1, at - 2 - 2 * LONGEST), -1):
        if is_imperative(norms[start]):
            thing = set(norms[start + 1 : at]) - SMALL
            anew = set(norms[new : new + clause_length(norms, new)])
            near = start >= at - 1 - LONGEST or len(thing) > 1
            return Edit(start, new) if thing <= anew and near and not JOINS & set(norms[start:at]) else None
    return None


def other_order(text: str, tokens: Sequence[Word], norms: Sequence[str], at: int, new: int) -> Edit | None:
    """«удали колонку, нет, лучше скрой её», «удали его запись, хотя нет, не удаляй, просто скрой»: the
    other order is for the same thing."""
    order = new
    if norms[order] == "не" and order + 2 < len(norms) and is_imperative(norms[order + 1]):
        order += 2
    while order < len(norms) and norms[order] in ("а", "просто", "лучше", "только"):
        order += 1
    if order >= len(norms) or not is_imperative(norms[order]):
        return None
    end = order + 1
    while end < len(norms) and norms[end] in ("ее", "его", "их"):
        end += 1
    begun = next(
        (n for n in range(at - 1, max(-1, at - 2 - 2 * LONGEST), -1) if is_imperative(norms[n])), None
    )
    over = end == len(norms) or (norms[end] in JOINS | PREPOSITIONS and end > order + 1)
    if begun is None or begun + 1 >= at or not over or JOINS & set(norms[begun:at]):
        return None
    thing = text[tokens[begun + 1].start : tokens[at - 1].end]
    if norms[new : new + 3] == ["не", norms[begun], "а"]:
        new = order  # «не удали, а скрой»
    return Edit(begun, end, f"{text[tokens[new].start : tokens[order].end]} {thing}")


def forbidden(text: str, tokens: Sequence[Word], norms: Sequence[str], at: int, new: int) -> Edit | None:
    """«удали ветку, нет, не удаляй, просто закрой запрос»: not to be done; the other order follows."""
    said = norms[new : new + 3]
    if (
        len(said) < 3
        or said[0] != "не"
        or not is_imperative(said[1])
        or said[2] not in ("просто", "лучше", "а")
    ):
        return None
    begun = next(
        (n for n in range(at - 2, max(-1, at - 2 - 2 * LONGEST), -1) if is_imperative(norms[n])), None
    )
    if begun is None or norms[begun][:4] != said[1][:4] or JOINS & set(norms[begun:at]):
        return None
    thing = text[tokens[begun + 1].start : tokens[at - 1].end]
    if said[1:] == [norms[begun], "а"] and is_imperative((*norms[new + 3 : new + 4], "")[0]):
        order = tokens[new + 3]  # «убери товары, точнее, не убери, а опусти в конец»
        return Edit(begun, new + 4, f"{text[order.start : order.end]} {thing}")
    return Edit(begun, new + 2, f"{text[tokens[new].start : tokens[new + 1].end]} {thing}")


def another_order(norms: Sequence[str], at: int, new: int) -> Edit | None:
    """«создай задачу в джире, нет, лучше просто запиши в файл, что …»: another order for another thing."""
    order = new + (norms[new] in ("просто", "сразу"))
    begun = next(
        (n for n in range(at - 1, max(-1, at - 2 - 2 * LONGEST), -1) if is_imperative(norms[n])), None
    )
    if (
        begun is None
        or order >= len(norms)
        or not is_imperative(norms[order])
        or JOINS & set(norms[begun:at])
    ):
        return None
    thing = norms[order + 1 : order + 1 + clause_length(norms, order)]
    whole = len([norm for norm in thing if norm not in SMALL]) > 1
    return Edit(begun, new) if whole and not _BACK & set(thing) else None
