"""The shapes of a correction: how what follows its mark must answer to what stands before it."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from skazano.understand.numerals import NUMERALS
from skazano.understand.words import Word, is_imperative, is_verb, vocabulary

LONGEST = 4  # words that are taken back at most
SMALL = frozenset(vocabulary("small_words.txt"))
PREPOSITIONS = frozenset(
    "в во на с со к ко у о об от до из за над под при про по через для без после перед между около".split()
)
JOINS = frozenset("и а но что чтобы если когда где как потом пока".split())
_PLACES = frozenset("в во на под над за к ко перед около после до".split())
ADJECTIVE = re.compile(r"[а-я]{2,}(ую|юю|ый|ий|ой|ей|ая|яя|ое|ее|ого|его|ому|ему|ым|им|ых|их|ые|ие|ыми|ими)")
DAYS = frozenset("понедельник вторник среду четверг пятницу субботу воскресенье".split())
_ADVERBS = frozenset("сейчас сегодня завтра вчера теперь снова опять всегда никогда туда сюда".split())
_THOSE = frozenset("те тех тем теми тот того та ту той".split())
_EVERY = frozenset("весь всю все всех всем всеми всей всего каждый каждую".split())
_HARD = str.maketrans("юяеи", "уаоы")  # «красную» and «синюю» stand in one case
_ORDINAL = re.compile(r"перв|втор|трет|четв[её]рт|пят|шест|седьм|восьм|девят|десят")
_STRESSED = re.compile(r"(?:втор|шест|седьм|восьм|больш|друг|пуст|прост|голуб|цветн|основн)ой$")
_CASES = [
    frozenset(letters)
    for letters in ("ая", "ую", "ыи", "ое", "бвгджзклмнпрстфхцчшщьй", "бвгджзклмнпрстфхцчшщоеь")
]


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
    if norms[new + 1 : new + 2] == [norms[at - 1]] and new + 2 < len(norms):
        comma = text[tokens[new + 1].end : tokens[new + 2].start] == ", "
        over = re.match(r"\s*(?:[.!?,]|$)", text[tokens[new + 2].end :])
        if comma and over and norms[new + 2] not in SMALL and not is_verb(norms[new + 2]):
            return Edit(at - 1, new + 2)  # «график, нет, не график, таблицу»
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
    if ADJECTIVE.fullmatch(norms[end - 1]) and (not following or following[0] in JOINS | PREPOSITIONS):
        return Edit(start, end, f"{text[tokens[instead].start : tokens[end - 1].end]} {thing}")
    return Edit(start, instead)


def clause_length(norms: Sequence[str], start: int) -> int:
    """How many words go on before the next clause."""
    for length, norm in enumerate(norms[start:]):
        if length and (norm in JOINS or is_imperative(norm)):
            return length
    return len(norms) - start


def _alike(one: str, other: str) -> bool:
    """Whether two words may stand in the same case."""
    if one in NUMERALS or other in NUMERALS:
        return one in NUMERALS and other in NUMERALS
    return {one, other} <= DAYS or any(one[-1] in letters and other[-1] in letters for letters in _CASES)


def earlier_place(text: str, tokens: Sequence[Word], norms: Sequence[str], at: int, new: int) -> Edit | None:
    """«смени в терминале тему на тёмную, ой, в редакторе»: the place that was named before the rest."""
    if norms[new] not in PREPOSITIONS or clause_length(norms, new) != 2:
        return None
    for start in range(at - 3, max(-1, at - 3 - LONGEST), -1):
        rest = norms[start + 2 : at]
        if is_verb(rest[0]) or is_imperative(rest[0]) or rest[0] in JOINS:
            return None
        named = norms[start] == norms[new] and norms[start + 1] not in SMALL and rest[0] in PREPOSITIONS
        if named and norms[new] not in rest and _alike(norms[start + 1], norms[new + 1]):
            kept = text[tokens[start + 2].start : tokens[at - 1].end]
            return Edit(start, new + 2, f"{text[tokens[new].start : tokens[new + 1].end]} {kept}")
    return None


def same_beginning(norms: Sequence[str], at: int, new: int, sure: bool) -> Edit | None:
    """«на красную, нет, на синюю»: the new words begin as the old ones did."""
    for start in range(at - 1, max(-1, at - 1 - LONGEST), -1):
        size = at - start
        swapped = sure and size == 2 and {norms[start], norms[new]} <= _PLACES
        swapped = swapped and new + 1 < len(norms) and _alike(norms[at - 1], norms[new + 1])
        if norms[start] != norms[new] and not swapped:
            continue
        if size > clause_length(norms, new) or (
            not sure and size > 1 and not _alike(norms[at - 1], norms[new + size - 1])
        ):
            return None
        return Edit(start, new)
    return None


def in_full(norms: Sequence[str], at: int, new: int) -> Edit | None:
    """«по дате, то есть по дате добавления»"""
    for size in range(min(LONGEST, at - 1), 1, -1):
        if norms[at - size : at] == norms[new : new + size]:
            return Edit(at - size, new)
    exact = norms[new].split()[-1:] == [norms[at - 1]] != [norms[new]]  # «синим, то есть тёмно-синим»
    return Edit(at - 1, new) if exact else None


def other_colour(text: str, tokens: Sequence[Word], norms: Sequence[str], at: int, new: int) -> Edit | None:
    """«красную кнопку, нет, зелёную»."""
    over = (
        new + 1 == len(norms)
        or norms[new + 1] in JOINS | PREPOSITIONS
        or re.match(r"\s*[.!?,]", text[tokens[new].end :])
    )
    if at < 2 or not over or norms[at - 1] in SMALL or not _one_case(norms[at - 2], norms[new]):
        return None
    said = [text[word.start : word.end] for word in (tokens[new], tokens[at - 1])]
    return Edit(at - 2, new + 1, " ".join(said))


def other_aim(text: str, tokens: Sequence[Word], norms: Sequence[str], at: int, new: int) -> Edit | None:
    """«на красный фон, нет, на синий», «по всем клиентам, точнее, только по тем, кто …»."""
    aim = new + (norms[new] == "только")
    fresh = aim + 1
    if at < 3 or fresh >= len(norms) or norms[aim] != norms[at - 3] or norms[aim] not in PREPOSITIONS:
        return None
    following = norms[fresh + 1 : fresh + 2]
    over = (
        not following
        or following[0] in JOINS | PREPOSITIONS
        or re.match(r"\s*[.!?,]", text[tokens[fresh].end :])
    )
    those = norms[at - 2] in _EVERY and norms[fresh] in _THOSE
    named = norms[at - 1] not in SMALL | NUMERALS.keys() and not ADJECTIVE.fullmatch(norms[at - 1])
    if not named or not (those or (over and _one_case(norms[at - 2], norms[fresh]))):
        return None
    said = text[tokens[new].start : tokens[fresh].end]
    return Edit(at - 3, fresh + 1, f"{said} {text[tokens[at - 1].start : tokens[at - 1].end]}")


def _one_case(one: str, other: str) -> bool:
    old, fresh = ADJECTIVE.fullmatch(one), ADJECTIVE.fullmatch(other)
    ordinals = all(map(_ORDINAL.match, (one, other)))
    if not old or not fresh or ({one, other} & SMALL and not ordinals):
        return False
    ends = {found[1].translate(_HARD) for found in (old, fresh)}
    masculine = ends == {"ой", "ый"} and any(map(_STRESSED.match, (one, other)))  # «второй» and «третий»
    return len(ends) == 1 or masculine


def adjectives(norms: Sequence[str], at: int, new: int) -> Edit | None:
    """«красную, нет, синюю кнопку»."""
    if not _one_case(norms[at - 1], norms[new]):
        return None
    before = norms[at - 2] if at > 1 else ""
    glued = before in {"в", "на", "с", "к"} and norms[new].startswith(before)  # «в левую нет вправую»
    return Edit(at - 1 - glued, new)


def said_again(norms: Sequence[str], at: int, new: int) -> Edit | None:
    """«на телеграм и на почту вернее только на телеграм»: of several, one is said again."""
    if at > 2 and norms[new] == "только" and norms[at - 2] == "и":  # «олегу и кате, нет, только кате»
        one = norms[new + 1 : new + 2]
        if one and one[0] in (norms[at - 1], norms[at - 3]) and one[0] not in SMALL:
            return Edit(at - 3, new)
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


def nouns(norms: Sequence[str], at: int, new: int) -> Edit | None:
    """«поле телефон, вернее адрес»: one name for another."""
    old, fresh = norms[at - 1], norms[new]
    able = all(
        re.fullmatch("[а-я]{3,}", word) and word not in SMALL | JOINS | _ADVERBS and not is_imperative(word)
        for word in (old, fresh)
    )
    alone = new + 1 == len(norms) or norms[new + 1] in JOINS | PREPOSITIONS
    return Edit(at - 1, new) if able and alone and _alike(old, fresh) else None


def chosen_again(norms: Sequence[str], at: int, new: int) -> Edit | None:
    """«слева нет справа нет слева», «олегу и кате нет только кате»."""
    over = norms[new + 1 : new + 2] in ([], ["и"])
    if over and len(norms[new]) > 3 and norms[new] == norms[at - 1]:
        return Edit(at - 1, new)
    return said_again(norms, at, new) if norms[new] == "только" else None
