"""Numbers in words: «двадцать пять» is 25."""

import re

from skazano.understand.phonetics import normal

NUMERALS = {
    "ноль": 0, "нуля": 0, "один": 1, "одна": 1, "одно": 1, "одну": 1, "одного": 1, "два": 2, "две": 2,
    "двух": 2, "оба": 2, "обе": 2, "три": 3, "трех": 3, "четыре": 4, "четырех": 4, "пять": 5, "пяти": 5,
    "шесть": 6, "шести": 6, "семь": 7, "семи": 7, "восемь": 8, "восьми": 8, "девять": 9, "девяти": 9,
    "десять": 10, "десяти": 10, "одиннадцать": 11, "одиннадцати": 11, "двенадцать": 12, "двенадцати": 12,
    "тринадцать": 13, "четырнадцать": 14, "пятнадцать": 15, "пятнадцати": 15, "шестнадцать": 16,
    "семнадцать": 17, "восемнадцать": 18, "девятнадцать": 19, "двадцать": 20, "двадцати": 20, "тридцать": 30,
    "тридцати": 30, "сорок": 40, "сорока": 40, "пятьдесят": 50, "пятидесяти": 50, "шестьдесят": 60,
    "шестидесяти": 60, "семьдесят": 70, "восемьдесят": 80, "девяносто": 90, "сто": 100, "ста": 100,
    "двести": 200, "двухсот": 200, "триста": 300, "трехсот": 300, "четыреста": 400, "пятьсот": 500,
    "пятисот": 500, "шестьсот": 600, "семьсот": 700, "восемьсот": 800, "девятьсот": 900, "тысяча": 1000,
    "тысячу": 1000, "тысячи": 1000, "тысяч": 1000,
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10,
}  # fmt: skip


def numbers(text: str) -> set[str]:
    """Every number in text as digits, those inside others too: «двадцать пять» is "20", "5" and "25"."""
    return set(_read(text, whole=False))


def totals(text: str) -> list[str]:
    """The numbers of text as digits, in order, each as it is meant: «двадцать пять» is "25"."""
    return _read(text, whole=True)


def _read(text: str, *, whole: bool) -> list[str]:
    found: list[str] = []
    total: int | None = None
    for word in [*re.findall(r"\d+|[^\W\d]+", normal(text)), ""]:
        value = NUMERALS.get(word)
        if value is None or (total is not None and not _goes_on(total, value)):
            found += [str(total)] if total is not None else []
            total = value
        elif value == 1000:
            total = (total or 1) * 1000
        else:
            total = (total or 0) + value
        if value is not None and not whole:
            found += [str(value), str(total)]
        if word.isdigit():
            found.append(word.lstrip("0") or "0")
    return found


def _goes_on(total: int, value: int) -> bool:
    """Whether a numeral belongs to those before it: «сто» «двадцать» «пять», «две» «тысячи» «сорок»."""
    if value == 1000:
        return total < 1000
    last = total % 1000
    return last == 0 or (
        last >= 20 and value < (10 if last % 100 else 100) and (last % 100 == 0 or last % 10 == 0)
    )
