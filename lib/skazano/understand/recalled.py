"""What is put right after other words were said: «дежурит Марина, ей пересылай. Нет, не Марина, Лена.»

The old is named again, and named as it was said: only then is it known what gives way to what.
"""

import re
from collections.abc import Sequence

from skazano.understand.labels import quoted
from skazano.understand.numerals import NUMERALS
from skazano.understand.takebacks import PREPOSITIONS, SMALL
from skazano.understand.words import Word, is_imperative, words

_FAR = 30  # words back that the old is looked for
_SEGMENT = 7  # words of what is said anew
_MARK = re.compile(
    r"(?<=[\w»])(?:[.!…]\s+|,\s*)(?:(?:ой|тьфу|хотя|стоп|а|вернее|точнее)[\s,]+){0,2}"
    r"(?:нет|ой|тьфу|стоп|вернее|точнее)"
    r"(?:[\s,]+(?:подожди|погоди|стоп|стой|вру|не так|ошибся|ошиблась)){0,2}"
    r"[\s,:–—]+(?=\w)",
    re.I,
)
_END = re.compile(r"[.!?;\n]|,\s+(?:и|а|но|что|чтобы|если|когда|которы\w+|потому)\b|\s+(?:и|а|но|потому)\s|$")


def recalled(text: str) -> str:
    """text with the old replaced where it stood, and without the words that put it right."""
    for mark in reversed(list(_MARK.finditer(text))[-20:]):
        end = _END.search(text, mark.end())
        said = words(text[mark.end() : end.start()]) if end else []
        if not end or not 2 <= len(said) <= _SEGMENT:
            continue
        before = words(text[: mark.start()])
        before = [w for n, w in enumerate(before) if n not in quoted(text[: mark.start()], before)][-_FAR:]
        said = [Word(w.norm, w.start + mark.end(), w.end + mark.end()) for w in said]
        change = _denied(text, before, said) or _counted_anew(text, before, said)
        if change:
            start, stop, instead = change
            text = f"{text[:start]}{instead}{text[stop : mark.start()]}{_joined(text, mark, end.start())}"
    return text


def _joined(text: str, mark: re.Match[str], end: int) -> str:
    """What follows the correction, with the mark that ended the sentence before it or ends its own."""
    rest = text[end:]
    stop = mark.group().lstrip()[:1]
    return stop + rest if stop in ".!…" and not re.match(r"[.!?…]", rest) else rest


def _denied(text: str, before: Sequence[Word], said: Sequence[Word]) -> tuple[int, int, str] | None:
    """«не Марина, (а) Лена»"""
    if said[0].norm != "не":
        return None
    for size in (1, 2, 3):
        old, fresh = said[1 : 1 + size], said[1 + size :]
        fresh = fresh[1:] if fresh and fresh[0].norm == "а" else fresh
        if not fresh or len(fresh) > size + 1 or {old[-1].norm} & (SMALL | PREPOSITIONS):
            continue
        parted = re.search(r"[,–—]", text[old[-1].end : fresh[0].start]) or len(fresh) == size
        for at in range(len(before) - size - 1, -1, -1):
            same = [w.norm for w in before[at : at + size]] == [w.norm for w in old]
            if same and parted and not _ordering(fresh):
                return before[at].start, before[at + size - 1].end, text[fresh[0].start : fresh[-1].end]
    return None


def _counted_anew(text: str, before: Sequence[Word], said: Sequence[Word]) -> tuple[int, int, str] | None:
    """«кирпич по двадцать два рубля, цемент по сорок. Нет, кирпич по двадцать четыре»"""
    number = [n for n, w in enumerate(said) if _is_number(w)]
    if not number or number != list(range(number[0], number[-1] + 1)) or _ordering(said):
        return None
    head = [w.norm for w in said[: number[0]]]
    tail = [w.norm for w in said[number[-1] + 1 :]]
    if not [norm for norm in head if norm not in SMALL | PREPOSITIONS]:
        return None
    for at in range(len(before) - len(head) - 1, -1, -1):
        if [w.norm for w in before[at : at + len(head)]] != head:
            continue
        first = last = at + len(head)
        while last < len(before) and _is_number(before[last]):
            last += 1
        if first == last or [w.norm for w in before[last : last + len(tail)]] != tail:
            return None
        return before[first].start, before[last - 1].end, text[said[number[0]].start : said[number[-1]].end]
    return None


def _is_number(word: Word) -> bool:
    return word.norm in NUMERALS or word.norm.isdigit()


def _ordering(said: Sequence[Word]) -> bool:
    return any(is_imperative(word.norm) for word in said)
