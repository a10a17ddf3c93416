"""The shapes of a correction: how what follows its mark must answer to what stands before it."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from skazano.understand.numerals import NUMERALS
from skazano.understand.words import Word, is_imperative, is_infinitive, vocabulary

LONGEST = 4  # words that are taken back at most
SMALL = frozenset(vocabulary("small_words.txt"))
PREPOSITIONS = frozenset(
    "в во на с со к ко у о об от до из за над под при про по через для без после перед между около".split()
)
_JOINS = frozenset("и а но что чтобы если когда где как потом пока".split())
_PLACES = frozenset("в во на под над за к ко перед около после до".split())
ADJECTIVE = re.compile(r"[а-я]{2,}(ую|юю|ый|ий|ой|ей|ая|яя|ое|ее|ого|его|ому|ему|ым|им|ых|их|ые|ие|ыми|ими)")
_BACK = frozenset("его ее их там туда тоже это этот эту так такой такую сначала".split())  # to what was said
DAYS = frozenset("понедельник вторник среду четверг пятницу субботу воскресенье".split())
_THOSE = frozenset("те тех тем теми тот того та ту той".split())
_EVERY = frozenset("весь всю все всех всем всеми всей всего каждый каждую".split())
_HARD = str.maketrans("юяеи", "уаоы")  # «красную» and «синюю» stand in one case
_CASES = [frozenset(letters) for letters in ("ая", "ую", "ыи", "ое", "бвгджзклмнпрстфхцчшщьй")]


class Edit(NamedTuple):
    """Words [start, end) give way to other words, usually none."""

    start: int
    end: int
    instead: str = ""


def contrast(text: str, tokens: Sequence[Word], norms: Sequence[str], at: int, new: int) -> Edit | None:
    """«колонку возраст, то есть не колонку возраст, а …»."""
    if norms[new] != "не":
        return None
    if found := _only(text, tokens, norms, at, new):
        return found
    for size in range(1, LONGEST + 1):
        denied, instead = norms[new + 1 : new + 1 + size], new + 2 + size
        again = denied[:1] == norms[instead - 1 : instead] != [] and denied[0] in PREPOSITIONS
        if again and norms[max(0, at - size) : at] == denied:
            return Edit(at - size, instead - 1)  # «нет, не на бизнес, на премиум»
        named = norms[at - 1 : at] == norms[instead - 1 + size : instead + size]
        if again and named and at > size and norms[at - 1 - size : at - 1] == denied:
            return Edit(
                at - 1 - size, instead - 1
            )  # «на тестовом сервере, ой, не на тестовом, на боевом сервере»
        if norms[instead - 1 : instead] != ["а"]:
            continue
        if norms[max(0, at - size) : at] == denied:
            return Edit(at - size, instead)
        end = instead + size
        for start in range(at - size - 1, max(-1, at - size - LONGEST), -1):
            if norms[start : start + size] == denied and end <= len(norms):
                said = [
                    text[tokens[a].start : tokens[b - 1].end] for a, b in ((instead, end), (start + size, at))
                ]
                return Edit(start, end, " ".join(said))
    return None


def _only(text: str, tokens: Sequence[Word], norms: Sequence[str], at: int, new: int) -> Edit | None:
    """«всю страницу, нет, не всю, только шапку»; «у всех карточек, нет, не у всех, только у закрытых»."""
    instead = next((n for n in (new + 2, new + 3) if norms[n : n + 1] == ["только"]), 0)
    what = norms[new + 1 : instead]
    if not instead or instead + 1 >= len(norms) or what[-1] not in _EVERY or len(what) > 2:
        return None
    begins = [n for n in range(max(0, at - 3), at - len(what) + 1) if norms[n : n + len(what)] == what]
    if not begins:
        return None
    start = begins[-1]
    end = instead + 2 + (aimed := norms[instead + 1] in PREPOSITIONS)
    following, thing = norms[end : end + 1], text[tokens[start + len(what)].start : tokens[at - 1].end]
    if start + len(what) == at or end > len(norms):
        return Edit(start, instead)
    if norms[end - 1] in SMALL | NUMERALS.keys() | _THOSE or NUMERALS.keys() & set(following):
        return None
    if aimed and what[0] not in PREPOSITIONS:
        return Edit(start, instead, thing)  # «все заказы, нет, не все, только за март»
    if ADJECTIVE.fullmatch(norms[end - 1]) and (not following or following[0] in _JOINS | PREPOSITIONS):
        return Edit(start, end, f"{text[tokens[instead].start : tokens[end - 1].end]} {thing}")
    return Edit(start, instead)


def _clause(norms: Sequence[str], start: int) -> int:
    """How many words go on before the next clause."""
    for length, norm in enumerate(norms[start:]):
        if length and (norm in _JOINS or is_imperative(norm)):
            return length
    return len(norms) - start


def _alike(one: str, other: str) -> bool:
    """Whether two words may stand in the same case."""
    if one in NUMERALS or other in NUMERALS:
        return one in NUMERALS and other in NUMERALS
    return {one, other} <= DAYS or any(one[-1] in letters and other[-1] in letters for letters in _CASES)


def same_beginning(norms: Sequence[str], at: int, new: int, sure: bool) -> Edit | None:
    """«на красную, нет, на синюю»: the new words begin as the old ones did."""
    for start in range(at - 1, max(-1, at - 1 - LONGEST), -1):
        size = at - start
        swapped = sure and size == 2 and {norms[start], norms[new]} <= _PLACES
        if norms[start] != norms[new] and not swapped:
            continue
        if size > _clause(norms, new) or (
            not sure and size > 1 and not _alike(norms[at - 1], norms[new + size - 1])
        ):
            return None
        return Edit(start, new)
    return None


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
    if aim:
        old = run(at - 2, -1) + 1
        over = new_end == len(norms) or norms[new_end] in _JOINS | {"нет", "ой"}
        over = over or is_infinitive(norms[new_end])
        if old < at - 1 and norms[old - 1] == norms[new] and over:
            return Edit(old - 1, new_end, " ".join([*norms[new:new_end], norms[at - 1]]))
        return None
    if (old := run(at - 1, -1) + 1) < at:
        return Edit(old, new)
    old = run(at - 2, -1) + 1  # a unit stands between the number and the mark
    if old >= at - 1:
        return None
    if norms[new_end : new_end + 1] == [norms[at - 1]]:
        return Edit(old, new)
    if new_end < len(norms) and norms[new_end] not in _JOINS:
        return None
    return Edit(old, new_end, " ".join([*norms[new:new_end], norms[at - 1]]))


def other_colour(text: str, tokens: Sequence[Word], norms: Sequence[str], at: int, new: int) -> Edit | None:
    """«красную кнопку, нет, зелёную»."""
    over = (
        new + 1 == len(norms) or norms[new + 1] in _JOINS or re.match(r"\s*[.!?,]", text[tokens[new].end :])
    )
    if at < 2 or not over or norms[at - 1] in SMALL or not _one_case(norms[at - 2], norms[new]):
        return None
    said = [text[word.start : word.end] for word in (tokens[new], tokens[at - 1])]
    return Edit(at - 2, new + 1, " ".join(said))


def _one_case(one: str, other: str) -> bool:
    old, fresh = ADJECTIVE.fullmatch(one), ADJECTIVE.fullmatch(other)
    return bool(
        old and fresh and old[1].translate(_HARD) == fresh[1].translate(_HARD) and not {one, other} & SMALL
    )


def adjectives(norms: Sequence[str], at: int, new: int) -> Edit | None:
    """«красную, нет, синюю кнопку»."""
    if not _one_case(norms[at - 1], norms[new]):
        return None
    before = norms[at - 2] if at > 1 else ""
    glued = before in {"в", "на", "с", "к"} and norms[new].startswith(before)  # «в левую нет вправую»
    return Edit(at - 1 - glued, new)


def orders(norms: Sequence[str], at: int, new: int) -> Edit | None:
    """«удали, вернее скрой колонку», «удали колонку, нет, скрой колонку»."""
    order = new + (norms[new] in ("просто", "лучше", "сразу") and new + 1 < len(norms))
    if not is_imperative(norms[order]):
        return None
    for start in range(at - 1, max(-1, at - 1 - LONGEST), -1):
        if is_imperative(norms[start]):
            again = set(norms[start + 1 : at]) <= set(norms[new : new + _clause(norms, new)])
            return Edit(start, new) if again else None
    return None


def said_again(norms: Sequence[str], at: int, new: int) -> Edit | None:
    """«на телеграм и на почту вернее только на телеграм»: of several, one is said again."""
    if norms[at - 1] == norms[new] and norms[new] not in SMALL:
        return Edit(at - 1, new)
    begin = new + (norms[new] in ("только", "просто", "лучше"))
    again = norms[begin : begin + 2]
    if len(again) < 2 or again[0] not in PREPOSITIONS:
        return None
    for start in range(at - 3, max(-1, at - 1 - 2 * LONGEST), -1):
        if norms[start : start + 2] == again and norms[start + 2] in ("и", "или", again[0]):
            return Edit(start, new)
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
    over = end == len(norms) or (norms[end] in _JOINS | PREPOSITIONS and end > order + 1)
    if begun is None or begun + 1 >= at or not over or _JOINS & set(norms[begun:at]):
        return None
    thing = text[tokens[begun + 1].start : tokens[at - 1].end]
    return Edit(begun, end, f"{text[tokens[new].start : tokens[order].end]} {thing}")


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
        or _JOINS & set(norms[begun:at])
    ):
        return None
    thing = norms[order + 1 : order + 1 + _clause(norms, order)]
    whole = len([norm for norm in thing if norm not in SMALL]) > 1
    return Edit(begun, new) if whole and not _BACK & set(thing) else None


def nouns(norms: Sequence[str], at: int, new: int) -> Edit | None:
    """«поле телефон, вернее адрес»: one name for another."""
    old, fresh = norms[at - 1], norms[new]
    able = all(
        re.fullmatch("[а-я]{3,}", word) and word not in SMALL | _JOINS and not is_imperative(word)
        for word in (old, fresh)
    )
    alone = new + 1 == len(norms) or norms[new + 1] in _JOINS | PREPOSITIONS
    return Edit(at - 1, new) if able and alone and _alike(old, fresh) else None
