"""Dates, years and times of day, in the case that stands before them."""

from __future__ import annotations

import re

from skazano.speech.speakable_cases import governed, preposition_before
from skazano.speech.speakable_numbers import Noun, cardinal, noun, ordinal

MONTHS = (
    "января",
    "февраля",
    "марта",
    "апреля",
    "мая",
    "июня",
    "июля",
    "августа",
    "сентября",
    "октября",
    "ноября",
    "декабря",
)
NAMED = "|".join(MONTHS)
MONTH_ANY = (
    r"(?:январ|феврал|апрел|июн|июл|сентябр|октябр|ноябр|декабр)[ьяюе]м?|март[ауе]?|ма[йяюе]|август[ауе]?"
)
YEAR_WORD = r"год(?:а|у|ом|е|ы|ов|ам|ами|ах)?(?![а-яё])|гг?\.|гг?(?![\wа-яё])"
GAP = r"[ \u00a0]"
TIME = r"([01]?\d|2[0-4]):([0-5]\d)(?::([0-5]\d)(?:[.,]\d{1,9})?)?"
ZONE = r"(?:[ \u00a0]?(Z|UTC|GMT)|([+-]\d\d):?\d\d)?"
ISO = re.compile(rf"(?<![\w./-])(\d{{4}})-(\d\d)-(\d\d)(?:(?:T|{GAP}){TIME}{ZONE})?(?![\w/-]|\.\w)")
DOTTED = re.compile(
    rf"(?<![\w.,])(\d{{1,2}})\.(\d{{2}})\.(\d{{4}}|\d{{2}})(?![\w]|\.\d)(?:{GAP}?(?:года|год|г\.(?!\.)|г(?![\wа-яё])))?"
)
DAY_MONTH_DIGITS = re.compile(
    r"(?<![\w.,])(\d{2})\.(0[1-9]|1[0-2])(?![\w%]|[.,]\d|"
    r"[ \u00a0]?(?!(?:в|и|до|на|с|по)[ \u00a0])[а-яёА-ЯЁ%$₽€])"
)
YEAR_PART = rf"(?:{GAP}(\d{{4}})(?:{GAP}?(?:года|г\.|г(?![\wа-яё])))?)?"
WITH_TO = re.compile(
    rf"(?<![\w.,-])(\d{{1,2}}){GAP}по{GAP}(\d{{1,2}}){GAP}({NAMED})(?![а-яё]){YEAR_PART}", re.I
)
DAYS = re.compile(
    rf"(?<![\w.,-])(\d{{1,2}}){GAP}?[-–—]{GAP}?(\d{{1,2}}){GAP}({NAMED})(?![а-яё]){YEAR_PART}", re.I
)
DAY = re.compile(
    rf"(?<![\w.,-])(\d{{1,2}})(?:-?(?:го|е|ое|ого|му|м))?{GAP}({NAMED})(?![а-яё]){YEAR_PART}", re.I
)
MONTH_YEAR = re.compile(rf"(?<![а-яё])({MONTH_ANY}){GAP}([12]\d{{3}})(?!\d)(?:{GAP}?(?:{YEAR_WORD}))?", re.I)
YEARS = re.compile(rf"(?<![\w.,-])([12]\d{{3}}){GAP}?[-–—/]{GAP}?([12]\d{{3}}|\d\d){GAP}?({YEAR_WORD})", re.I)
YEAR = re.compile(rf"(?<![\w.,-])([12]\d{{3}}){GAP}?({YEAR_WORD})", re.I)
DECADE = re.compile(
    r"(?<![\w.,-])((?:19|20)\d{2})(?![\w-]|[.,:/]\d|[ \u00a0]?[а-яёА-ЯЁA-Za-z%$₽€]|[ \u00a0]\d)"
)
CENTURY = re.compile(rf"(?<!\w)([IVX]{{1,5}}|\d{{1,2}}){GAP}(век(?:а|у|ом|е|ов|ах)?)(?![а-яё])")
ROMAN_NUMBER = re.compile(r"(?<![\w-])(?:X{0,3}(?:IX|IV|VI{1,3}|I{2,3})|X{2,3}|X{1,3}V?I)(?![\w'’-])")
CLOCKS = re.compile(
    rf"(?<![\w:.,-])(?:[сc]{GAP})?([01]?\d|2[0-4]):([0-5]\d){GAP}?[-–—]{GAP}?"
    r"([01]?\d|2[0-4]):([0-5]\d)(?![\w:]|[.,]\d)"
)
CLOCK = re.compile(rf"(?<![\w:.,-]){TIME}(?![\w:]|[.,]\d)")
BEFORE = re.compile(r"(?:[а-яё-]+[ \u00a0]){1,3}$")
DATE_WORD = re.compile(
    r"(?<![а-яё])(до|к|ко|с|со|от|на|за|после|по|дедлайн|срок|дата|сегодня|завтра|вчера|"
    r"понедельник|вторник|среда|среду|четверг|пятница|пятницу|суббота|субботу|воскресенье)[,:]?[ \u00a0]$"
)
WEEKDAY = re.compile(r"(?<![\w.])(пн|вт|чт|пт|сб|вс)(?![\w-])", re.I)
WEEKDAYS = {
    "пн": "понедельник",
    "вт": "вторник",
    "чт": "четверг",
    "пт": "пятница",
    "сб": "суббота",
    "вс": "воскресенье",
}
ROMAN = {"I": 1, "V": 5, "X": 10}
WHICH_DAY = frozenset("сегодня вчера завтра послезавтра дата было слэш".split())
HOUR, MINUTE, SECOND = noun("час", "часов"), noun("минута", "минут"), noun("секунда", "секунд")
YEAR_CASES = {"год": "n", "года": "g", "году": "p", "годом": "i", "годе": "p", "г.": "", "г": ""}
YEARS_CASES = {
    "годы": "n",
    "годов": "g",
    "годам": "d",
    "годами": "i",
    "годах": "p",
    "гг.": "",
    "гг": "",
}
YEAR_FORMS: Noun = Noun(
    "m",
    ("год", "года", "году", "год", "годом", "году"),
    ("годы", "годов", "годам", "годы", "годами", "годах"),
)


def calendar(text: str) -> str:
    """`text` with whole dates in digits said: they must go before versions, which look alike."""
    return DOTTED.sub(_dotted, ISO.sub(_iso, text))


def dates(text: str) -> str:
    """`text` with dates, years and times in words."""
    text = CENTURY.sub(_century, calendar(text))
    text = WEEKDAY.sub(lambda m: WEEKDAYS[m[1].lower()], text)
    text = WITH_TO.sub(_with_to, text)
    text = DAYS.sub(_days, text)
    text = DAY.sub(_day, text)
    text = DAY_MONTH_DIGITS.sub(_day_month, text)
    text = MONTH_YEAR.sub(_month_year, text)
    text = YEARS.sub(_years, text)
    text = YEAR.sub(_year, text)
    text = DECADE.sub(_bare_year, text)
    text = ROMAN_NUMBER.sub(lambda m: str(_roman(m[0])), text)
    return CLOCK.sub(_clock, CLOCKS.sub(_clocks, text))


def _before(found: re.Match[str]) -> str:
    window = BEFORE.search(found.string[max(0, found.start() - 48) : found.start()].lower())
    return preposition_before(window.group().split()) if window else ""


def _day_case(before: str) -> str:
    """«к двадцать второму», «на двадцать второе»; without a preposition the genitive of an event."""
    if before in WHICH_DAY:
        return "n"
    case = governed(before)
    if before in ("по",):
        return "a"
    return "g" if case == "n" else case


def _date(day: int, month: int, year: str, case: str) -> str | None:
    if not (1 <= day <= 31 and 1 <= month <= 12):
        return None
    said = f"{ordinal(day, case, 'n')} {MONTHS[month - 1]}"
    if len(year) == 2:
        year = ("20" if int(year) < 70 else "19") + year
    return f"{said} {ordinal(int(year), 'g')} года" if year else said


def _iso(found: re.Match[str]) -> str:
    year, month, day, hour, minute, second, utc, offset = found.groups()
    said = _date(int(day), int(month), year, _day_case(_before(found)))
    if said is None:
        return found.group()
    if hour:
        said += " в " + clock(int(hour), int(minute), int(second) if second else None, "n")
    if utc:
        said += " по гринвичу"
    elif offset:
        sign = "минус" if offset[0] == "-" else "плюс"
        said += f", пояс {sign} {cardinal(int(offset[1:]))}"
    return said


def _dotted(found: re.Match[str]) -> str:
    day, month, year = found.groups()
    return _date(int(day), int(month), year, _day_case(_before(found))) or found.group()


def _day_month(found: re.Match[str]) -> str:
    """«до 05.12», «дедлайн 31.12», «пн, 24.11»: a date where the words before say so."""
    window = found.string[max(0, found.start() - 16) : found.start()].lower()
    before = DATE_WORD.search(window)
    if not before:
        return found.group()
    return _date(int(found[1]), int(found[2]), "", _day_case(before[1])) or found.group()


def _day(found: re.Match[str]) -> str:
    month = MONTHS.index(found[2].lower()) + 1
    said = _date(int(found[1]), month, found[3] or "", _day_case(_before(found)))
    return said or found.group()


def _days(found: re.Match[str]) -> str:
    before = _before(found)
    month = MONTHS.index(found[3].lower()) + 1
    last = _date(int(found[2]), month, found[4] or "", "n")
    if not last or not 1 <= int(found[1]) <= 31:
        return found.group()
    case = governed(before)
    if case in "gdi" and case != "n":
        last = _date(int(found[2]), month, found[4] or "", case)
        return f"{ordinal(int(found[1]), case, 'n')} — {last}"
    return f"с {ordinal(int(found[1]), 'g', 'n')} по {last}"


def _with_to(found: re.Match[str]) -> str:
    month = MONTHS.index(found[3].lower()) + 1
    last = _date(int(found[2]), month, found[4] or "", "n")
    if not last or not 1 <= int(found[1]) <= 31:
        return found.group()
    return f"{ordinal(int(found[1]), 'g', 'n')} по {last}"


def _month_year(found: re.Match[str]) -> str:
    return f"{found[1]} {ordinal(int(found[2]), 'g')} года"


def _year_case(word: str, before: str, cases: dict[str, str]) -> str:
    case = cases.get(word.lower(), "n")
    if not case:
        wanted = governed(before)
        return "p" if before in ("в", "во") else ("g" if wanted == "n" and before else wanted)
    if case == "p" and governed(before) == "d":
        return "d"
    return case


def _year(found: re.Match[str]) -> str:
    before = _before(found)
    cases = YEARS_CASES if found[2].lower() in YEARS_CASES else YEAR_CASES
    case = _year_case(found[2], before, cases)
    if cases is YEARS_CASES:
        return f"{ordinal(int(found[1]), case, 'p')} {YEAR_FORMS.many['ngdaip'.index(case)]}"
    form = YEAR_FORMS.one["ngdaip".index(case)]
    if case == "p" and found[2].lower() == "годе":
        form = "годе"
    return f"{ordinal(int(found[1]), case)} {form}"


def _years(found: re.Match[str]) -> str:
    first, last, word = found.groups()
    if len(last) == 2:
        last = first[:2] + last
    case = _year_case(
        word, _before(found), YEARS_CASES if "гг" in word or word[-1:] in "ывмих" else YEAR_CASES
    )
    form = YEAR_FORMS.many["ngdaip".index(case)]
    return f"{ordinal(int(first), case)} — {ordinal(int(last), case)} {form}"


def _bare_year(found: re.Match[str]) -> str:
    """«в 2026», «с 2020»: a year where nothing is counted."""
    before = _before(found)
    case = {"в": "p", "во": "p", "с": "g", "со": "g", "к": "d", "на": "n", "за": "n"}.get(before)
    return ordinal(int(found[1]), case) if case else found.group()


def _century(found: re.Match[str]) -> str:
    raw, word = found.groups()
    number = int(raw) if raw.isdigit() else _roman(raw)
    case = {"век": "n", "века": "g", "веку": "d", "веком": "i", "веке": "p"}.get(word)
    return f"{ordinal(number, case)} {word}" if case else f"{cardinal(number)} {word}"


def _roman(text: str) -> int:
    values = [ROMAN[c] for c in text]
    return sum(-v if any(v < later for later in values[i + 1 : i + 2]) else v for i, v in enumerate(values))


def _clocks(found: re.Match[str]) -> str:
    first, last = (clock(int(found[i]), int(found[i + 1]), None, "g") for i in (1, 3))
    return f"с {first} до {last}"


def _clock(found: re.Match[str]) -> str:
    hour, minute, second = found.groups()
    case = governed(_before(found))
    return clock(int(hour), int(minute), int(second) if second else None, "n" if case in "ap" else case)


def clock(hour: int, minute: int, second: int | None = None, case: str = "n") -> str:
    """«четырнадцать тридцать», «до четырнадцати часов», «девять ноль пять»."""
    if second is not None:
        parts = ((hour, HOUR), (minute, MINUTE), (second, SECOND))
        case = "a" if case == "n" else case
        return " ".join(f"{cardinal(n, case, unit.gender)} {unit.after(n, case)}" for n, unit in parts)
    if minute == 0:
        return f"{cardinal(hour, case)} {HOUR.after(hour, case)}"
    lead = "ноль " if minute < 10 else ""
    return f"{cardinal(hour, case)} {lead}{cardinal(minute, case)}"
