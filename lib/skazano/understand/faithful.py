"""Does a model's answer keep to its source? Checks by words, numbers and names; "" means yes.

They are made so that an honest answer passes and an invented requirement, a lost half or a
made-up number does not; what fails is asked again once and then done by the local rules.
"""

import itertools
import re
from collections.abc import Sequence
from functools import lru_cache

from rapidfuzz.distance import Levenshtein

from skazano.understand.filler import clean
from skazano.understand.phonetics import likeness, normal
from skazano.understand.readings import readings
from skazano.understand.words import is_imperative, vocabulary

_SMALL = frozenset(vocabulary("small_words.txt"))
_UNITS = {
    "ноль": 0, "один": 1, "одна": 1, "одно": 1, "одну": 1, "одного": 1, "два": 2, "две": 2, "двух": 2,
    "оба": 2,
    "обе": 2, "три": 3, "трех": 3, "четыре": 4, "четырех": 4, "пять": 5, "пяти": 5, "шесть": 6, "шести": 6,
    "семь": 7, "семи": 7, "восемь": 8, "восьми": 8, "девять": 9, "девяти": 9, "десять": 10, "десяти": 10,
    "одиннадцать": 11, "двенадцать": 12, "тринадцать": 13, "четырнадцать": 14, "пятнадцать": 15,
    "шестнадцать": 16, "семнадцать": 17, "восемнадцать": 18, "девятнадцать": 19, "двадцать": 20,
    "тридцать": 30, "сорок": 40, "пятьдесят": 50, "шестьдесят": 60, "семьдесят": 70, "восемьдесят": 80,
    "девяносто": 90, "сто": 100, "двести": 200, "триста": 300, "четыреста": 400, "пятьсот": 500,
    "шестьсот": 600, "семьсот": 700, "восемьсот": 800, "девятьсот": 900, "тысяча": 1000,
    "тысячи": 1000, "тысяч": 1000,
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10,
}  # fmt: skip
_FORBIDDEN = re.compile(r"(?:ай|яй|уй|юй|ей|ывай|йте)$")
_CORRECTED = re.compile(
    r"\b(?:нет лучше|лучше не|вернее|точнее|ой нет|хотя нет|нет не так|то есть нет|не надо)\b"
)
_NAME = re.compile(r"(?<!\w)(?:[\w-]+(?:[/._][\w-]+)+/?|[A-Za-z][\w-]{2,})")


def numbers(text: str) -> set[str]:
    """Every number in text as digits: «двадцать пять» is "25", and so is "25"."""
    found = {n.lstrip("0") or "0" for n in re.findall(r"\d+", text)}
    total: int | None = None
    for word in [*normal(text).split(), ""]:
        value = _UNITS.get(word)
        if value is not None:
            found.add(str(value))
            if value == 1000:
                total = (total or 1) * 1000
            elif total is None or (total % 1000 and total % 1000 < 20) or value >= (total % 1000 or 10**6):
                total = value
            else:
                total += value
        if total is not None:
            found.add(str(total))
        if value is None:
            total = None
    return found


@lru_cache(maxsize=4096)
def _stem(word: str) -> str:
    return word[: max(3, min(len(word) - 2, 6))] if len(word) > 4 else word


def _contents(text: str) -> list[str]:
    """The words that carry meaning."""
    return [
        w
        for w in normal(text).split()
        if w not in _NEUTRAL and len(w) > 2 and w not in _SMALL and not w.isdigit() and w not in _UNITS
    ]


_NEUTRAL = set(
    (
        "проблему проблема ошибку ошибка сейчас текущий должен должна должно должны необходимо требуется "
        "приложение приложения устройствах устройства следующее таким образом слишком"
    ).split()
)  # words that add nothing to a request
_ALIKE = [
    set(group.split())
    for group in (
        "исправь почини поправь пофикси устрани разберись падает падают работает сломалось сломана"
        " сломан ломается",
        "добавь сделай прикрути создай напиши реализуй заведи нужен нужна нужно надо хочу добавить сделать",
        "удали убери выкинь снеси выпили вырежи удалить убрать",
        "измени поменяй замени смени сделай переделай поставь",
        "проверь посмотри глянь убедись проверить посмотреть",
    )
]  # orders that one may write for another


def _known(word: str, stems: set[str], sounds: Sequence[str]) -> bool:
    """Whether a word stands in the source: by its stem, its spelling or its sound."""
    if _stem(word) in stems:
        return True
    if any(Levenshtein.normalized_similarity(_stem(word), s) > 0.75 for s in stems if len(s) > 3):
        return True
    # A Latin term may have been heard in many ways; a Russian word in few.
    least = 0.72 if re.search("[a-z]", word) else 0.86
    return any(likeness(s, said) >= least for said in readings(word)[:6] for s in sounds)


def _sounds(text: str) -> list[str]:
    """How the source's words sound, and neighbouring words together: «постгресс куль» is one name."""
    words = normal(text).split()
    runs = {" ".join(words[i : i + n]) for i in range(len(words)) for n in (1, 2, 3) if i + n <= len(words)}
    return [reading for run in runs for reading in readings(run)[:2]]


def unfaithful(dictated: str, request: str, terms: Sequence[str] = ()) -> str:
    """Why request is not the dictated note written down: something added, lost or changed; "" if it is."""
    said = clean(dictated) or dictated
    written = re.sub(r"(?m)^\s*(?:\d{1,2}[.)]|[-*•])\s+", "", request)  # a list's own numbers
    if not written.strip():
        return "the request is empty"
    if len(written) > 1.5 * len(said) + 60:
        return "the request is longer than the note"
    known = said + " " + " ".join(terms)
    if extra := numbers(written) - numbers(known) - {"0", "1"}:
        return f"numbers that were not said: {', '.join(sorted(extra))}"
    if lost := {n for n in re.findall(r"\d+", said) if (n.lstrip("0") or "0") not in numbers(written)}:
        return f"numbers lost: {', '.join(sorted(lost))}"
    if wrong := _negations(said, written):
        return wrong
    heard_words = normal(known).split()
    sounds, stems = _sounds(known), {_stem(w) for w in heard_words}
    stems |= {_stem(w) for group in _ALIKE if group & set(heard_words) for w in group}
    names = re.findall(r"[A-Za-z][A-Za-z0-9]*", written)
    if foreign := [n for n in names if not _known(n.lower(), stems, sounds)]:
        return f"names that were not said: {' '.join(foreign[:5])}"
    every: list[str] = []
    for clause in re.split(r"[.!?;\n]|,?\s+(?:и|а также|and)\s+|,", written):
        contents = _contents(clause)
        strange = [w for w in contents if not _known(w, stems, sounds)]
        every += strange
        objects = [w for w in contents if not is_imperative(w)]
        invented = objects and all(w in strange for w in objects) and len(contents) > len(objects)
        if invented or (len(strange) >= 3 and len(strange) > 0.6 * len(contents)):
            return f"words that were not said: {' '.join(strange[:5])}"
    if len(every) >= 3 and len(every) > 0.3 * len(_contents(written)):
        return f"words that were not said: {' '.join(every[:5])}"
    heard, found = _contents(said), _sounds(written)
    written_words = normal(written).split()
    kept = {_stem(w) for w in written_words}
    kept |= {_stem(w) for group in _ALIKE if group & set(written_words) for w in group}
    lost_words = [w for w in heard if not _known(w, kept, found)]
    share = 0.75 if _CORRECTED.search(normal(said)) else 0.4
    if len(lost_words) >= 3 and len(lost_words) > share * len(heard):
        return f"words lost: {' '.join(lost_words[:5])}"
    return ""


def _negations(said: str, written: str) -> str:
    """«не удаляй» must not become «удаляй», nor the other way round."""

    def forbidden(text: str) -> int:
        pairs = itertools.pairwise(normal(text).split())
        return sum(a == "не" and (is_imperative(b) or bool(_FORBIDDEN.search(b))) for a, b in pairs)

    def negative(text: str) -> int:
        return len(
            re.findall(
                r"\b(?:не|нет|нельзя|без|кроме|никогда|запре\w+|not|no|never|without|don)\b", text.lower()
            )
        )

    if forbidden(said) > negative(written):
        return "a prohibition lost"
    return "a prohibition that was not said" if forbidden(written) > negative(said) else ""


def ungrounded(answer: str, source: str) -> str:
    """Which number, name or file name of answer does not stand in source; "" if all do."""
    if extra := numbers(answer) - numbers(source) - {"0", "1"}:
        return f"numbers that the result does not tell: {', '.join(sorted(extra))}"
    low = source.lower()
    for name in _NAME.findall(answer):
        if name.lower().rstrip("/") not in low:
            return f"a name that the result does not tell: {name[:60]}"
    stems = {_stem(w) for w in normal(source).split()}
    for name in re.findall(r"(?<=[а-яёa-z,] )«?([А-ЯЁ][а-яё]{2,})", answer):
        if _stem(normal(name)) not in stems:
            return f"a name that the result does not tell: {name[:60]}"
    return ""
