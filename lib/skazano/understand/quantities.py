"""Does a written request hold the numbers that were said? «до шестнадцатого» and "16" are one."""

import re
from collections.abc import Sequence

from skazano.understand.numerals import NUMERALS, ORDINAL_STEMS, numbers, totals, with_digits
from skazano.understand.phonetics import normal

_ENDING = r"(?:ый|ой|ий|ое|ого|ому|ым|ом|ая|ую|ые|ых|ыми)"
_STEMS = {stem: value for stem, value in ORDINAL_STEMS.items() if stem != "трет"} | {
    "сороков": 40, "пятидесят": 50, "шестидесят": 60, "семидесят": 70, "восьмидесят": 80, "девяност": 90,
    "сот": 100,
}  # fmt: skip
_ORDINAL = re.compile(rf"(?:({'|'.join(_STEMS)}){_ENDING}|(трет(?:ий|ьего|ьему|ьим|ьем|ья|ьей|ью|ьи|ьих)))")
_OBLIQUE = {f"{stem}и": value for stem, value in _STEMS.items() if 10 < value < 40} | {"восьмидесяти": 80}
_CARDINAL = {value: word for word, value in reversed(NUMERALS.items())}
_COUNTED = re.compile(
    r"\b(?:две|два|три|четыре|пять|шесть)(?= (?:вещи|вещей|дела|дел|задачи|задач|пункта|пунктов|правки)\b)"
)
_MARKS = re.compile(
    r"\b(?:во? (?:перв|втор|треть|четверт|пят)(?:ых|их)|перв(?:ым|ую) (?:делом|очередь)|"
    r"(?:перв|втор|трет|четверт|пят)(?:ое|ье|ая|ья)\b)"
)


_STEPS = re.compile(
    r"\b(?:перв|втор|трет|четверт|пят)(?:ый|ой|ий|ая|ое|ье|ья) (?:этап|пункт|шаг|задач|дел)\w*"
)
_EVENING = re.compile(r"\b([1-9]|1[01]) (?:часов |часа )?(?:вечера|дня)\b")
_THOUSANDS = re.compile(r"(\d+)\s?(?:тысяч[аиу]?|тыс\.?)(?!\w)")


def in_figures(text: str) -> str:
    """«23 000» and «23 тысячи» as 23000."""
    text = re.sub(r"\b(\w+) с половиной\b", r"\1 и 5", text)  # 2,5
    text = re.sub(r"(?<=\d)[ \u00a0\u202f](?=\d{3}(?!\d))", "", text)
    return _THOUSANDS.sub(r"\g<1>000", text)


def cardinal(text: str) -> str:
    """Normal text with «шестнадцатого» and «девятнадцати» as «шестнадцать» and «девятнадцать»."""

    def plain(word: str) -> str:
        found = _ORDINAL.fullmatch(word)
        value = _OBLIQUE.get(word) or (found and (3 if found[2] else _STEMS[found[1]]))
        return _CARDINAL[value] if value else word

    return " ".join(plain(word) for word in normal(text).split())


def is_ordinal(word: str) -> bool:
    """«шестнадцатого», «третий»; not «первое», which may number the parts of a note."""
    return _ORDINAL.fullmatch(word) is not None


def wrong_numbers(
    said: str, written: str, terms: Sequence[str], *, corrected: bool, listed: bool = False
) -> str:
    """Which numbers were added, lost or exchanged; "" if none. corrected: something was taken back in
    the note, perhaps a number. listed: written is a list, whose numbers stand for «первый этап»."""
    said, written = in_figures(said), in_figures(written)
    heard = _COUNTED.sub("", normal(said))
    if listed:
        heard = _STEPS.sub("", heard)
    before, meant, after = totals(heard), totals(cardinal(heard)), totals(cardinal(written))
    allowed = numbers(" ".join([said, *terms])) | numbers(cardinal(said)) | {"0", "1"}
    evening = {hour: str(int(hour) + 12) for hour in _EVENING.findall(with_digits(cardinal(said)))}
    allowed |= set(evening.values())
    if evening:  # «не позже шести вечера, в пятницу до четырёх»
        allowed |= {str(int(n) + 12) for n in allowed if n.isdigit() and 0 < int(n) < 12}
    spelt = "".join(totals(said))  # a telephone number is said in pieces
    allowed |= {n for n in totals(written) if len(n) > 4 and n in spelt}
    if extra := set(totals(written)) - allowed:
        return f"numbers that were not said: {', '.join(sorted(extra))}"
    if corrected:
        return ""
    kept = numbers(written) | numbers(cardinal(written))
    kept |= {n for n in totals(said) for long in kept if len(long) > 4 and len(n) > 1 and n in long}
    kept |= {hour for hour, later in evening.items() if later in kept}
    if lost := (set(before) & set(meant)) - kept - {"1"}:
        return f"numbers lost: {', '.join(sorted(lost))}"
    if lost := set(totals(cardinal(_MARKS.sub("", heard)))) - kept - {"1"}:
        return f"numbers lost: {', '.join(sorted(lost))}"
    early = {later: hour for hour, later in evening.items()}
    after = [early.get(number, number) for number in after if number != "0" or not early]
    moved = meant != after and sorted(meant) == sorted(after)
    return "numbers that changed places" if moved else ""
