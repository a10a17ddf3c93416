"""Every number left in a text, read with its sign, range, unit, money or counted noun.

One pass from left to right; what stands before and after is looked at through small windows, so
that the time grows with the length of the text alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from skazano.speech.speakable_cases import case_and_gender, governed, preposition_before
from skazano.speech.speakable_numbers import (
    LONGEST,
    Noun,
    cardinal,
    compound,
    decimal,
    integer,
    noun,
    ordinal,
)
from skazano.speech.speakable_terms import table

NUMBER = (
    r"(?:\d{1,3}(?:[ \u00a0\u202f]\d{3})++(?!\d)|\d{1,3}(?:,\d{3}){2,}+(?![\d,])|\d++(?:_\d{3})*+)"
)
FRACTION = r"(?:[.,](\d++)(?![.,]\d))?"
FOUND = re.compile(
    r"(?:(<=|>=|№№|[<>≤≥~≈±№#]|(?<![\w)\]%])[-−–+](?=[\d$€£₽]))[ \u00a0]?)?"
    r"(?:(?<![\w)])[-−+](?=\d))?([$€£₽]|§[ \u00a0]?)?"
    rf"({NUMBER}){FRACTION}"
)
RANGE = re.compile(rf"(?:[-–—…]|\.\.\.?| [-–—] )(?=\d)({NUMBER}){FRACTION}")
ARROW = re.compile(rf" ?(?:->|→|=>|➜|⟶) ?({NUMBER}){FRACTION}")
SLASH = re.compile(rf" ?/ ?({NUMBER})(?![\d/])")
TIMES = re.compile(rf" ?[x×хX*·] ?(?=\d)({NUMBER}){FRACTION}|(?:x|х|X|×)(?![\wа-яё])")
SCALE = re.compile(
    r"[ \u00a0]?(тысяч[аиу]?|тыс\.?|млн\.?|млрд\.?|трлн\.?|[kKкКMB](?=[ $€₽.,;:!?)]|$)(?<=\d.))"
    r"(?![A-Za-zА-Яа-яЁё])"
)
UNIT = re.compile(
    r"[ \u00a0]?([^\W\d_]+(?:/[^\W\d_]+)?|°[CСcс]?|%|‰|п\.[ \u00a0]?п|[$€£¥₽₿])"
    r"(?![^\W_])"
)
SUFFIX = re.compile(
    r"[-‑]?(ый|ий|ой|ая|ое|ого|его|ому|ему|ым|им|ом|ую|ые|ых|ыми|ими|й|я|е|го|му|м|х|"
    r"ми|ю|ти|мя|ью)(?![а-яё])"
)
COMPOUND = re.compile(r"[-‑]([а-яё]{4,})")
BEFORE = re.compile(r"(?:[а-яё-]+[ \u00a0]){1,3}$")
AFTER = re.compile(
    r"[ \u00a0](?:[a-z][a-z0-9]*[- ]){0,2}([а-яё-]+)(?:[ \u00a0]([а-яё-]+))?(?:[ \u00a0]([а-яё-]+))?"
)
ENGLISH = re.compile(r"[ \u00a0]([A-Za-z]+)(?![A-Za-z])")
AND_NUMBER = re.compile(r"[ \u00a0](?:и|или)[ \u00a0]\d+(?=[ \u00a0])")
JOINED = re.compile(r"[ \u00a0]*(?:и|или|,|[-–—]|до)[ \u00a0]*")
OUT_OF = re.compile(
    r"[ \u00a0]из[ \u00a0]\d{1,9}[ \u00a0](?:[а-яё]{2,20}[ыи]х )?(?:строк|ошибок|страниц|задач|минут|"
    r"секунд|веток|команд|кнопок|папок|таблиц|библиотек|проверок|попыток|недель|сборок|ссылок|"
    r"функций|версий|записей|моделей)(?![а-яё])"
)
SIGNS = {
    "-": "минус",
    "−": "минус",
    "–": "минус",
    "+": "плюс",
    "±": "плюс-минус",
    "№№": "номера",
    "№": "номер",
    "#": "номер",
}
NUMBERED = ("№", "#", "№№")
COMPARED = {
    "<": "меньше",
    ">": "больше",
    "<=": "не больше",
    "≤": "не больше",
    ">=": "не меньше",
    "≥": "не меньше",
    "~": "около",
    "≈": "около",
}
MONEY_SIGNS = "$€£₽"
SCALES = {
    "тыс": noun("тысяча", "тысяч"),
    "k": noun("тысяча", "тысяч"),
    "к": noun("тысяча", "тысяч"),
    "млн": noun("миллион", "миллионов"),
    "m": noun("миллион", "миллионов"),
    "млрд": noun("миллиард", "миллиардов"),
    "b": noun("миллиард", "миллиардов"),
    "трлн": noun("триллион", "триллионов"),
}
# Units that are also prepositions when a space stands before them.
UNITS_THAT_GOVERN = frozenset(("с", "в"))
AFTER_UNIT = re.compile(
    r"(?:[ \u00a0](?:и|или|на|до|вместо|при|без|против|—|–)\b)|[ \u00a0]*(?:[^\w\s]|$|\n)"
)


@dataclass
class Place:
    """A number where it stands."""

    text: str
    start: int
    end: int
    before: str  # the word that governs it
    last_case: str  # of the number before, where this one is joined to it, else n

    def words_after(self) -> list[str]:
        window = self.text[self.end : self.end + 90].lower()
        if joined := AND_NUMBER.match(window):
            window = window[joined.end() :]
        found = AFTER.match(window)
        return [w for w in found.groups() if w] if found else []

    def case(self, n: int) -> tuple[str, str]:
        """Case and gender in front of plain words."""
        case, gender = case_and_gender(n, self.before, self.words_after())
        if case == "n" and self.last_case != "n":
            case = self.last_case
        return case, gender

    def own_case(self) -> str:
        """The case where the noun is ours to decline (units, money)."""
        case = governed(self.before)
        return self.last_case if case == "n" and self.last_case != "n" else case


def count(text: str) -> str:
    """`text` with every number in words."""
    out = []
    at = 0
    last_end, last_case = -1, "n"
    while found := FOUND.search(text, at):
        start = found.start()
        joined = last_end >= 0 and start - last_end < 12 and JOINED.fullmatch(text, last_end, start)
        window = BEFORE.search(text[max(0, start - 48) : start].lower())
        before = preposition_before(window.group().split()) if window else ""
        place = Place(text, start, found.end(), before, last_case if joined else "n")
        words, end, last_case = _read(found, place, _in_list(text, start))
        out.append(text[at:start])
        if start and text[start - 1].isalnum():
            out.append(" ")
        out.append(words)
        if end < len(text) and text[end].isalnum():
            out.append(" ")
        at = last_end = end
    out.append(text[at:])
    return "".join(out)


def _in_list(text: str, start: int) -> bool:
    """Whether the number follows a comma and a number without a space: «1,2,3» has no fractions."""
    return start > 1 and text[start - 1] == "," and text[start - 2].isdigit()


def _read(found: re.Match[str], place: Place, in_list: bool) -> tuple[str, int, str]:
    """The number's words, where its text ends, its case."""
    prefix, sign, digits, fraction = found.groups()
    if in_list and fraction:
        fraction, place.end = None, found.end(3)
    text = place.text
    head = ""
    if found.group().lstrip("<>=≤≥~≈±№# ")[:1] in SIGNS and prefix not in NUMBERED:
        head = SIGNS[found.group().lstrip("<>=≤≥~≈±№# ")[0]]
    if prefix in COMPARED:
        place.before = "меньше"
        head = f"{COMPARED[prefix]} {head}".rstrip()
    elif prefix and prefix not in "-−–+":
        head = SIGNS[prefix]
    if sign and sign.startswith("§"):
        head, sign = "параграф", None
    digits = re.sub(r"\D", "", digits)
    if sign:
        words, end, case = _money_first(sign, digits, fraction, place)
    elif prefix in NUMBERED:
        words, end, case = integer(digits), place.end, "n"
        if fraction:
            words = f"{words} точка {integer(fraction)}"
    else:
        words, end, case = _quantity(digits, fraction, place)
    if end <= len(text) and head:
        words = f"{head} {words}"
    return words, end, case


def _quantity(digits: str, fraction: str | None, place: Place) -> tuple[str, int, str]:
    text, end = place.text, place.end
    if fraction is None:
        if found := COMPOUND.match(text, end):
            if len(digits) <= 6 and not digits.startswith("0"):
                return compound(int(digits)) + found.group(1), found.end(), "n"
        elif found := SUFFIX.match(text, end):
            if len(digits) <= 6:
                return _suffixed(int(digits), found.group(1), place, found.end())
        if found := SLASH.match(text, end):
            second = re.sub(r"\D", "", found.group(1))
            return f"{integer(digits)} из {integer(second, 'g')}", found.end(), "n"
    if found := TIMES.match(text, end):
        return _times(digits, fraction, found)
    if found := ARROW.match(text, end):
        return _span("с", digits, fraction, found, place)
    if found := RANGE.match(text, end):
        return _range(digits, fraction, found, place)
    return _single(digits, fraction, place)


def _single(digits: str, fraction: str | None, place: Place) -> tuple[str, int, str]:
    """One number with whatever it counts."""
    scaled = _scaled(digits, fraction, place)
    if scaled:
        return scaled
    if fraction and len(fraction) == 2 and (money := _money_last(digits, fraction, place)):
        return money
    unit, end = _unit(place.text, place.end)
    if unit:
        case = place.own_case()
        if case == "a" and place.before in ("в", "во") and _counts_cases(place.text, end):
            case = "p"
        return _with_noun(digits, fraction, unit, case), end, case
    value = int(digits) if len(digits) <= LONGEST else 0
    case, gender = place.case(value)
    if OUT_OF.match(place.text, place.end):
        gender = "f"
    if fraction is not None:
        words = place.words_after()
        gender = "f" if words and words[0][-1] in "ыи" else "m"
        case = governed(place.before)
        return decimal(digits, fraction, case, gender), place.end, case
    return integer(digits, case, gender), place.end, case


def _counts_cases(text: str, end: int) -> bool:
    """«в 95 % случаев»: a share of something, hence the prepositional."""
    return text[end - 1] == "%" and bool(
        re.match(r"[ \u00a0][а-яё]+(?:ев|ов|ей|ий)\b", text[end : end + 40])
    )


def _with_noun(digits: str, fraction: str | None, unit: Noun, case: str) -> str:
    if fraction is not None:
        said = decimal(digits, fraction, case, unit.gender)
        return f"{said} {unit.after_decimal(digits, fraction, case)}"
    if len(digits) > LONGEST or (digits.startswith("0") and len(digits) > 1):
        return f"{integer(digits)} {unit.after(0, case)}"
    n = int(digits)
    return f"{cardinal(n, case, unit.gender)} {unit.after(n, case)}"


def _unit(text: str, end: int) -> tuple[Noun | None, int]:
    """The noun of the unit, money or English counted noun at `end`, and where it ends."""
    found = UNIT.match(text, end)
    if found:
        key, spaced = found.group(1).lower(), found.start(1) > end
        governs = spaced and key in UNITS_THAT_GOVERN and found.group(1) != "В"
        if not governs or (key == "с" and AFTER_UNIT.match(text, found.end())):
            tables = table()
            whole = key.replace(" ", "").replace("\u00a0", "")
            unit = tables.units.get(whole) or (tables.money.get(whole) or (None, None))[0]
            if not unit and "/" in whole:
                return _compound_unit(whole, found)
            if unit:
                return unit, _past_dot(text, found.end(), found.group(1))
    if found := ENGLISH.match(text, end):
        word = found.group(1).lower()
        counted = table().counted
        unit = (
            counted.get(word)
            or counted.get(word.removesuffix("s"))
            or counted.get(word.removesuffix("es"))
        )
        if unit:
            return unit, found.end()
    return None, end


def _compound_unit(key: str, found: re.Match[str]) -> tuple[Noun | None, int]:
    """«МБ/с», «₽/мес»: the unit, then the other one's accusative singular."""
    tables = table()
    first, _, second = key.partition("/")
    unit = tables.units.get(first) or (tables.money.get(first) or (None, None))[0]
    other = tables.units.get(second)
    if not unit or not other:
        if unit:
            return unit, found.start(1) + len(first)
        return None, found.start()
    return Noun(unit.gender, unit.one, unit.many, f"в {other.one[3]}"), found.end()


def _past_dot(text: str, end: int, unit: str) -> int:
    """Past the dot of «сек.», unless it ends the sentence too."""
    if (
        text[end : end + 1] == "."
        and unit[-1].isalpha()
        and re.match(r"\.[ \u00a0]?(?:[а-яёa-z0-9,;:)/]|[-–—])", text[end : end + 3])
    ):
        return end + 1
    return end


def _scaled(digits: str, fraction: str | None, place: Place) -> tuple[str, int, str] | None:
    found = SCALE.match(place.text, place.end)
    if not found:
        return None
    word = found.group(1).lower().rstrip(".")
    scale = SCALES.get("тыс" if word.startswith("тыс") else word)
    if scale is None:
        return None
    case = place.own_case()
    words = _with_noun(digits, fraction, scale, case)
    end = found.end()
    unit, unit_end = _unit(place.text, end)
    if unit:
        words, end = f"{words} {unit.many[1]} {unit.tail}".rstrip(), unit_end
    elif place.text[end - 1] == ".":
        end = _past_dot(place.text, end - 1, "тыс")
    return words, end, case


def _money_first(
    sign: str, digits: str, fraction: str | None, place: Place
) -> tuple[str, int, str]:
    """«$5», «$1.5M», «€0.99»."""
    unit, cent = table().money[sign]
    case = place.own_case()
    if found := SCALE.match(place.text, place.end):
        scale = SCALES.get(found.group(1).lower().rstrip("."))
        if scale:
            return f"{_with_noun(digits, fraction, scale, case)} {unit.many[1]}", found.end(), case
    if found := RANGE.match(place.text, place.end):
        words, end, case = _range(digits, fraction, found, place)
        last = int(re.sub(r"\D", "", found.group(1))[:LONGEST] or 0)
        return f"{words} {unit.after(last, case)}", end, case
    if fraction and len(fraction) == 2 and cent:
        return _with_cents(digits, fraction, unit, cent, case), place.end, case
    return _with_noun(digits, fraction, unit, case), place.end, case


def _money_last(digits: str, fraction: str, place: Place) -> tuple[str, int, str] | None:
    """«199,99 руб.», «5.99 $»."""
    found = UNIT.match(place.text, place.end)
    unit, cent = table().money.get(found[1].lower(), (None, None)) if found else (None, None)
    if not (found and unit and cent):
        return None
    case = place.own_case()
    said = _with_cents(digits, fraction, unit, cent, case)
    return said, _past_dot(place.text, found.end(), found[1]), case


def _with_cents(digits: str, fraction: str, unit: Noun, cent: Noun, case: str) -> str:
    parts = []
    if int(fraction) == 0 or digits.strip("0"):
        parts.append(_with_noun(digits, None, unit, case))
    if int(fraction):
        parts.append(_with_noun(str(int(fraction)), None, cent, case))
    return " ".join(parts)


def _times(digits: str, fraction: str | None, found: re.Match[str]) -> tuple[str, int, str]:
    first = decimal(digits, fraction) if fraction else integer(digits)
    if found.group(1) is None:
        return f"{first} икс", found.end(), "n"
    second = re.sub(r"\D", "", found.group(1))
    other = decimal(second, found.group(2)) if found.group(2) else integer(second, "a")
    return f"{first} на {other}", found.end(), "n"


def _span(
    word: str, digits: str, fraction: str | None, found: re.Match[str], place: Place
) -> tuple[str, int, str]:
    """«с двенадцати до восьми миллисекунд» (word: «с» or «от»)."""
    place.before, place.end = "до", found.end()
    second = re.sub(r"\D", "", found.group(1))
    last, end, case = _single(second, found.group(2), place)
    first = decimal(digits, fraction, "g") if fraction else integer(digits, "g")
    return f"{word} {first} до {last}", end, case


def _range(
    digits: str, fraction: str | None, found: re.Match[str], place: Place
) -> tuple[str, int, str]:
    second = re.sub(r"\D", "", found.group(1))
    place.end = found.end()
    if (
        place.text[found.end() : found.end() + 2].startswith(("-", "–"))
        and place.text[found.end() + 1 : found.end() + 2].isdigit()
    ):
        # Three and more numbers joined by hyphens are a code or a telephone, not a range.
        return f"{integer(digits)} {integer(second)}", found.end(), "n"
    big = max(len(digits), len(second)) > 2 or max(int(digits), int(second)) > 20
    if big and not place.before:
        return _span("от", digits, fraction, found, place)
    last, end, case = _single(second, found.group(2), place)
    gender = "f" if last.split()[0] in ("две", "одна", "одну") else "m"
    unit, _ = _unit(place.text, found.end())
    if unit:
        gender = unit.gender
    first = decimal(digits, fraction, case, gender) if fraction else integer(digits, case, gender)
    link = "-" if not fraction and not found.group(2) and " " not in first else " — "
    return f"{first}{link}{last}", end, case


def _suffixed(n: int, suffix: str, place: Place, end: int) -> tuple[str, int, str]:
    """«5-й», «21-го», «90-е», «3-х», «5-ти»: the suffix tells the case."""
    place.end = end
    if suffix in ("ти", "мя", "ью") or (suffix == "х" and n in (2, 3, 4)):
        case = "g" if suffix in ("ти", "х") else "i"
        return cardinal(n, case), end, case
    words = place.words_after()
    case, gender = _ordinal_form(n, suffix, place.before, words[0] if words else "")
    return ordinal(n, case, gender), end, case


def _ordinal_form(n: int, suffix: str, before: str, after: str) -> tuple[str, str]:
    plural = n % 10 == 0 and n >= 10
    wanted = governed(before)
    if suffix in ("й", "ый", "ий", "ой"):
        oblique = after[-1:] in ("е", "и", "ы") or after.endswith(("ой", "ей", "ью"))
        if oblique and not after.endswith(("ый", "ий")):
            return ("g" if wanted in "na" else wanted), "f"
        return "n", "m"
    if suffix in ("м", "ым", "им", "ом"):
        if plural and after.endswith(("ам", "ям")):
            return "d", "p"
        return ("p" if wanted in "ap" and suffix != "ым" else "i"), "m"
    fixed = {
        "я": ("n", "f"),
        "ая": ("n", "f"),
        "го": ("g", "m"),
        "ого": ("g", "m"),
        "его": ("g", "m"),
        "му": ("d", "m"),
        "ому": ("d", "m"),
        "ему": ("d", "m"),
        "ю": ("a", "f"),
        "ую": ("a", "f"),
        "х": ("g", "p"),
        "ых": ("g", "p"),
        "ми": ("i", "p"),
        "ыми": ("i", "p"),
        "ими": ("i", "p"),
        "ые": ("n", "p"),
        "ое": ("n", "n"),
    }
    if suffix == "е":
        return (
            ("n", "p")
            if (plural and not after.endswith(("о", "е"))) or after.endswith(("ы", "и"))
            else ("n", "n")
        )
    return fixed[suffix]
