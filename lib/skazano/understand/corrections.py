"""What a speaker takes back in the same breath: «на красную, нет, на синюю», «добавь в… добавь в шапку».

Words go only where what follows the mark of a correction has the shape of what stands before it.
Anything less plain stays as it was said: whoever reads it sees both.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from skazano.understand.filler import quoted
from skazano.understand.numerals import NUMERALS
from skazano.understand.terms import between
from skazano.understand.words import Word, is_imperative, vocabulary, words

LONGEST = 4  # words that are taken back at most
MOST = 100  # times in one note; who says more is not speaking
_SMALL = frozenset(vocabulary("small_words.txt"))
_MARKS = [
    tuple(mark.split())
    for mark in (
        "ой нет не так|ой нет лучше|а нет лучше|хотя нет лучше|или нет лучше|ой нет|ой вернее|ой точнее|"
        "тьфу нет|тьфу ты|а нет|хотя нет|нет лучше|нет вернее|нет точнее|нет погоди|нет подожди|нет не так|"
        "стоп нет|погоди нет|подожди нет|то есть нет|вернее нет|точнее сказать|вернее сказать|или вернее|"
        "или точнее|то есть|тьфу|вернее|точнее|ой|нет"
    ).split("|")
]  # the longer before what it begins with
_FIRST = frozenset(mark[0] for mark in _MARKS)
_MEANT = {("нет",), ("точнее",), ("то", "есть")}  # marks that are as often part of what is wanted
_PREPOSITIONS = frozenset(
    "в во на с со к ко у о об от до из за над под при про по через для без после перед между около".split()
)
_JOINS = frozenset("и а но что чтобы если когда где как потом пока".split())
_CONDITIONS = frozenset("если когда где там тут здесь почему пока у раз есть ли или".split())
_PLACES = frozenset("в во на под над за к ко перед около после до".split())
_ADJECTIVE = re.compile(r"[а-я]{2,}(ую|юю|ый|ий|ой|ей|ая|яя|ое|ее|ого|его|ому|ему|ым|им|ых|их|ые|ие|ыми|ими)")
_HARD = str.maketrans("юяеи", "уаоы")  # «красную» and «синюю» stand in one case
_CASES = [frozenset(letters) for letters in ("ая", "ую", "ыи", "ое", "бвгджзклмнпрстфхцчшщьй")]
# «в базе нет», «ошибок нет»: with these endings a bare «нет» is as likely to be «there is none».
_ABSENT = re.compile(r"(?:[аеёиоыя]|[оеё][вйм]|[ая]х|ь)$")

_CALLS_OFF = frozenset("отмена отставить отбой забудь забей передумал передумала проехали отменяется".split())
# What follows these is to be written: «напиши клиенту не надо забудь».
_WORDING = re.compile(r"напиши|ответь|скажи|передай|отправь|надпис|текст|слов|фраз|сообщени|кнопк")
_TURNS = frozenset("ой хотя а нет стоп тьфу все ладно блин".split())
_BESIDE = frozenset("не надо нужно ничего делать делай этого это об этом про пока я уже ну да и".split())


class _Edit(NamedTuple):
    """Words [start, end) give way to other words, usually none."""

    start: int
    end: int
    instead: str = ""


def calls_itself_off(text: str) -> bool:
    """Whether a note ends by taking all of itself back: «добавь кнопку, хотя нет, не надо, забудь».
    «добавь кнопки да нет отмена» does not: two signs are asked for, or one that nothing else can be."""
    tokens = words(text)
    start = len(tokens)
    while start and tokens[start - 1].norm in _CALLS_OFF | _TURNS | _BESIDE:
        start -= 1
    tail = [token.norm for token in tokens[start:]]
    said = " ".join(tail)
    refused = re.search(r"\bне (?:надо|нужно|делай)\b|\bничего не\b", said) is not None
    calls = sum(word in _CALLS_OFF for word in tail)
    if not start or not (calls or refused) or quoted(text, tokens) & set(range(start, len(tokens))):
        return False
    turned = re.search(r"\b(?:ой|хотя нет|а нет|тьфу)\b", said) is not None
    before = [t.norm for t in tokens[max(0, start - 4) : start]]
    if _CONDITIONS & set(before) or (not turned and any(map(_WORDING.match, before[-3:]))):
        return False
    return calls + refused > 1 or turned or (calls == 1 and "отмена" not in tail and tail[0] in _TURNS)


def corrected(text: str) -> str:
    """text with what was plainly taken back left out, and with a beginning said twice said once."""
    start = 1
    for _ in range(MOST):
        tokens = words(text)
        found = _first(text, tokens, start)
        if found is None:
            break
        before, after = text[: tokens[found.start].start], text[tokens[found.end - 1].end :]
        after = found.instead + after if found.instead else after.lstrip(" ,–—…-")
        text = " ".join(part for part in (before.rstrip(), after) if part)
        start = max(1, found.start)
    return text


def _first(text: str, tokens: list[Word], start: int) -> _Edit | None:
    """What goes first from the word at `start` on, but for what is quoted or goes over a full stop."""
    norms, apart = [token.norm for token in tokens], quoted(text, tokens)
    for at in range(start, len(tokens)):
        edit = _stammer(norms, at) or _correction(text, tokens, norms, at)
        if edit is None or apart & set(range(edit.start, edit.end)):
            continue
        if not re.search(r"[^\s,–—…-]|\n", between(text, tokens[edit.start : edit.end + 1])):
            return edit
    return None


def _stammer(norms: Sequence[str], at: int) -> _Edit | None:
    """«добавь в добавь в шапку», «почему по почему»: said again from the word before `at` on."""
    for size in range(2, LONGEST + 1):
        begun = norms[at - 1 : at - 1 + size]
        if begun != norms[at - 1 + size : at - 1 + 2 * size] or NUMERALS.keys() & set(begun):
            continue
        if all(re.fullmatch("[а-я]+", n) for n in begun) and any(
            n in _SMALL or is_imperative(n) for n in begun
        ):
            return _Edit(at - 1, at - 1 + size)
    again = at + 1 < len(norms) and norms[at + 1] == norms[at - 1] and norms[at - 1].startswith(norms[at])
    return _Edit(at - 1, at + 1) if again and len(norms[at]) < len(norms[at - 1]) else None


def _correction(text: str, tokens: Sequence[Word], norms: Sequence[str], at: int) -> _Edit | None:
    """What the mark of a correction at `at` takes back, the mark included; None if nothing plainly."""
    if norms[at] not in _FIRST:
        return None
    mark = next((m for m in _MARKS if tuple(norms[at : at + len(m)]) == m), None)
    if mark is None or at + len(mark) >= len(norms):
        return None
    new = at + len(mark)
    if found := _contrast(norms, at, new):
        return found
    if mark == ("то", "есть"):
        return None
    paused = text[tokens[at].start - 2 : tokens[at].start] == ", " and text[tokens[new - 1].end] == ","
    if (found := _numbers(norms, at, new)) or norms[new] in NUMERALS:
        return found
    sure = mark not in _MEANT or (mark == ("нет",) and paused)
    if not sure and (_CONDITIONS & set(norms[max(0, at - 6) : at]) or "нет" in norms[new:]):
        return None
    absent = mark == ("нет",) and not sure and _ABSENT.search(norms[at - 1]) and norms[at - 1] not in NUMERALS
    if absent and not _ADJECTIVE.fullmatch(norms[at - 1]):
        return None
    return (
        _same_beginning(norms, at, new, sure)
        or _adjectives(norms, at, new)
        or _orders(norms, at, new)
        or (_nouns(norms, at, new) if sure else None)
    )


def _contrast(norms: Sequence[str], at: int, new: int) -> _Edit | None:
    """«колонку возраст, то есть не колонку возраст, а …»."""
    if norms[new] != "не":
        return None
    for size in range(1, LONGEST + 1):
        same = norms[max(0, at - size) : at] == norms[new + 1 : new + 1 + size]
        if same and norms[new + 1 + size : new + 2 + size] == ["а"]:
            return _Edit(at - size, new + 2 + size)
    return None


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
    return any(one[-1] in letters and other[-1] in letters for letters in _CASES)


def _same_beginning(norms: Sequence[str], at: int, new: int, sure: bool) -> _Edit | None:
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
        return _Edit(start, new)
    return None


def _numbers(norms: Sequence[str], at: int, new: int) -> _Edit | None:
    """«десять, нет, пятнадцать секунд», «десять секунд, нет, пятнадцать»."""

    def run(place: int, step: int) -> int:
        while 0 <= place < len(norms) and (norms[place] in NUMERALS or norms[place].isdigit()):
            place += step
        return place

    new_end = run(new, 1)
    if new_end == new:
        return None
    if (old := run(at - 1, -1) + 1) < at:
        return _Edit(old, new)
    old = run(at - 2, -1) + 1  # a unit stands between the number and the mark
    if old >= at - 1:
        return None
    if norms[new_end : new_end + 1] == [norms[at - 1]]:
        return _Edit(old, new)
    if new_end < len(norms) and norms[new_end] not in _JOINS:
        return None
    return _Edit(old, new_end, " ".join([*norms[new:new_end], norms[at - 1]]))


def _adjectives(norms: Sequence[str], at: int, new: int) -> _Edit | None:
    """«красную, нет, синюю кнопку»."""
    old, fresh = _ADJECTIVE.fullmatch(norms[at - 1]), _ADJECTIVE.fullmatch(norms[new])
    same = (
        old
        and fresh
        and old[1].translate(_HARD) == fresh[1].translate(_HARD)
        and not {norms[at - 1], norms[new]} & _SMALL
    )
    if not same:
        return None
    before = norms[at - 2] if at > 1 else ""
    glued = before in {"в", "на", "с", "к"} and norms[new].startswith(before)  # «в левую нет вправую»
    return _Edit(at - 1 - glued, new)


def _orders(norms: Sequence[str], at: int, new: int) -> _Edit | None:
    """«удали, вернее скрой колонку», «удали колонку, нет, скрой колонку»."""
    if not is_imperative(norms[new]):
        return None
    for start in range(at - 1, max(-1, at - 1 - LONGEST), -1):
        if is_imperative(norms[start]):
            again = set(norms[start + 1 : at]) <= set(norms[new : new + _clause(norms, new)])
            return _Edit(start, new) if again else None
    return None


def _nouns(norms: Sequence[str], at: int, new: int) -> _Edit | None:
    """«поле телефон, вернее адрес»: one name for another."""
    old, fresh = norms[at - 1], norms[new]
    able = all(
        re.fullmatch("[а-я]{3,}", word) and word not in _SMALL | _JOINS and not is_imperative(word)
        for word in (old, fresh)
    )
    alone = new + 1 == len(norms) or norms[new + 1] in _JOINS | _PREPOSITIONS
    return _Edit(at - 1, new) if able and alone and _alike(old, fresh) else None
