"""One number with what it counts: plain words, units, money, thousands and millions."""

from __future__ import annotations

import re
from dataclasses import dataclass

from skazano.speech.speakable_cases import case_and_gender, governed
from skazano.speech.speakable_numbers import LONGEST, Noun, cardinal, decimal, integer, noun
from skazano.speech.speakable_terms import table

NUMBER = r"(?:\d{1,3}(?:[ \u00a0\u202f]\d{3})++(?!\d)|\d{1,3}(?:,\d{3}){2,}+(?![\d,])|\d++(?:_\d{3})*+)"
FRACTION = r"(?:[.,](\d++)(?![.,]\d))?"
SCALE = re.compile(
    r"[ \u00a0]?(тысяч[аиу]?|тыс\.?|млн\.?|млрд\.?|трлн\.?|[kKкКMB](?=[ $€₽.,;:!?)]|$)(?<=\d.))"
    r"(?![A-Za-zА-Яа-яЁё])"
)
UNIT = re.compile(
    r"[ \u00a0]?([^\W\d_]+(?:/[^\W\d_]+)?|°[CСcс]?|%|‰|п\.[ \u00a0]?п|[$€£¥₽₿])"
    r"(?![^\W_])"
)
AFTER = re.compile(
    r"[ \u00a0](?:[a-z][a-z0-9]*[- ]){0,2}([а-яё-]+)(?:[ \u00a0]([а-яё-]+))?(?:[ \u00a0]([а-яё-]+))?"
)
ENGLISH = re.compile(r"[ \u00a0]([A-Za-z]+)(?![A-Za-z])")
AND_NUMBER = re.compile(r"[ \u00a0](?:и|или)[ \u00a0]\d+(?=[ \u00a0])")
OUT_OF = re.compile(
    r"[ \u00a0]из[ \u00a0]\d{1,9}[ \u00a0](?:[а-яё]{2,20}[ыи]х )?(?:строк|ошибок|страниц|задач|минут|"
    r"секунд|веток|команд|кнопок|папок|таблиц|библиотек|проверок|попыток|недель|сборок|ссылок|"
    r"функций|версий|записей|моделей)(?![а-яё])"
)
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


def single(digits: str, fraction: str | None, place: Place) -> tuple[str, int, str]:
    """One number with whatever it counts."""
    scaled = _scaled(digits, fraction, place)
    if scaled:
        return scaled
    if fraction and len(fraction) == 2 and (money := _money_last(digits, fraction, place)):
        return money
    unit, end = unit_at(place.text, place.end)
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
    return text[end - 1] == "%" and bool(re.match(r"[ \u00a0][а-яё]+(?:ев|ов|ей|ий)\b", text[end : end + 40]))


def _with_noun(digits: str, fraction: str | None, unit: Noun, case: str) -> str:
    if fraction is not None:
        said = decimal(digits, fraction, case, unit.gender)
        return f"{said} {unit.after_decimal(digits, fraction, case)}"
    if len(digits) > LONGEST or (digits.startswith("0") and len(digits) > 1):
        return f"{integer(digits)} {unit.after(0, case)}"
    n = int(digits)
    return f"{cardinal(n, case, unit.gender)} {unit.after(n, case)}"


def unit_at(text: str, end: int) -> tuple[Noun | None, int]:
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
            counted.get(word) or counted.get(word.removesuffix("s")) or counted.get(word.removesuffix("es"))
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
    unit, unit_end = unit_at(place.text, end)
    if unit:
        words, end = f"{words} {unit.many[1]} {unit.tail}".rstrip(), unit_end
    elif place.text[end - 1] == ".":
        end = _past_dot(place.text, end - 1, "тыс")
    return words, end, case


def money_first(sign: str, digits: str, fraction: str | None, place: Place) -> tuple[str, int, str]:
    """«$5», «$1.5M», «€0.99»."""
    unit, cent = table().money[sign]
    case = place.own_case()
    if found := SCALE.match(place.text, place.end):
        scale = SCALES.get(found.group(1).lower().rstrip("."))
        if scale:
            return f"{_with_noun(digits, fraction, scale, case)} {unit.many[1]}", found.end(), case
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
