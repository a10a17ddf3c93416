"""Numbers and counted nouns in Russian: cases, genders, agreement.

Cases are num2words' letters: n g d a i p (nominative, genitive, dative, accusative, instrumental,
prepositional). Things without life only: the accusative of «два» is «два».
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

CASES = "ngdaip"
LONGEST = 15  # digits; a longer number is read digit by digit
ZERO = ("ноль", "нуля", "нулю", "ноль", "нулём", "нуле")  # num2words has «ноля»
DIGITS = ("ноль", "один", "два", "три", "четыре", "пять", "шесть", "семь", "восемь", "девять")
FRACTIONS = ("десятая", "сотая", "тысячная", "десятитысячная", "стотысячная", "миллионная")
HUSHING = "гкхжшчщ"  # после них «и», а не «ы»


@dataclass(frozen=True)
class Noun:
    """gender: m, f, n; one and many: the six forms in the order of CASES; tail: what follows the
    noun and does not change («в секунду»)."""

    gender: str
    one: tuple[str, ...]
    many: tuple[str, ...]
    tail: str = ""

    def after(self, n: int, case: str = "n") -> str:
        """The form that stands after the number n in this case, with the tail."""
        index = CASES.index(case)
        tens, last = n % 100, n % 10
        if last == 1 and tens != 11:
            form = self.one[index]
        elif case not in "na":
            form = self.many[index]
        elif last in (2, 3, 4) and tens not in (12, 13, 14):
            form = self.one[1]
        else:
            form = self.many[1]
        return f"{form} {self.tail}".rstrip()

    def after_decimal(self, whole: str, fraction: str, case: str = "n") -> str:
        """«две целых пять десятых секунды», «пять с половиной секунд», «полутора секунд»."""
        if is_half(whole, fraction) and len(whole) <= LONGEST:
            value = int(whole)
            if value > 1:
                return self.after(value, case)
            if case not in "na":
                return f"{self.many[CASES.index(case)]} {self.tail}".rstrip()
        return f"{self.one[1]} {self.tail}".rstrip()


def noun(word: str, genitives: str, tail: str = "") -> Noun:
    """A noun from its nominative and its genitive plural.

    Regular declensions only, by the ending: файл, рубль, случай, секунда, неделя, версия, запись,
    слово, значение. «0» as genitive plural: the noun does not change (евро).
    """
    if genitives == "0":
        return Noun("m", (word,) * 6, (word,) * 6, tail)
    if word in IRREGULAR:
        first, second = (forms.split() for forms in IRREGULAR[word])
        return Noun("m", tuple(first), tuple(second), tail)
    gender, one, many = _endings(word)
    stem = word[:-1] if word[-1] in "аяоеьй" else word
    soft = word[-1] in "яеьй"
    oblique = ("ям", "ями", "ях") if soft else ("ам", "ами", "ах")
    singular = tuple(stem + e for e in one)
    plural = (
        stem + many,
        genitives,
        stem + oblique[0],
        stem + many,
        stem + oblique[1],
        stem + oblique[2],
    )
    return Noun(gender, singular, plural, tail)


def _endings(word: str) -> tuple[str, tuple[str, ...], str]:
    """Gender, the six endings of the singular, the ending of the nominative plural."""
    before = word[-2] if len(word) > 1 else ""
    i = "и" if before in HUSHING else "ы"
    if word.endswith("ия"):
        return "f", ("я", "и", "и", "ю", "ей", "и"), "и"
    if word.endswith("ие"):
        return "n", ("е", "я", "ю", "е", "ем", "и"), "я"
    if word.endswith("ь") and is_feminine_soft(word):
        return "f", ("ь", "и", "и", "ь", "ью", "и"), "и"
    table: dict[str, tuple[str, tuple[str, ...], str]] = {
        "а": ("f", ("а", i, "е", "у", "ей" if before in "жшчщц" else "ой", "е"), i),
        "я": ("f", ("я", "и", "е", "ю", "ей", "е"), "и"),
        "о": ("n", ("о", "а", "у", "о", "ом", "е"), "а"),
        "е": ("n", ("е", "я", "ю", "е", "ем", "е"), "я"),
        "ь": ("m", ("ь", "я", "ю", "ь", "ем", "е"), "и"),
        "й": ("m", ("й", "я", "ю", "й", "ем", "е"), "и"),
    }
    if word[-1] in table:
        return table[word[-1]]
    plural = "и" if word[-1] in HUSHING else "ы"
    return "m", ("", "а", "у", "", "ем" if word[-1] == "ц" else "ом", "е"), plural


FEMININE_SOFT = frozenset(
    "модель запись часть сеть ветвь дверь ночь цель роль связь очередь вещь речь мысль печать "
    "степень соль смесь тетрадь ось боль панель сессия подпись кровь медь".split()
)
# (singular, plural) where the endings do not tell.
IRREGULAR = {
    "день": ("день дня дню день днём дне", "дни дней дням дни днями днях"),
    "столбец": (
        "столбец столбца столбцу столбец столбцом столбце",
        "столбцы столбцов столбцам столбцы столбцами столбцах",
    ),
    "сутки": ("сутки суток суткам сутки сутками сутках",) * 2,
    "человек": (
        "человек человека человеку человека человеком человеке",
        "люди человек людям людей людьми людях",
    ),
}


def is_feminine_soft(word: str) -> bool:
    """Whether a noun in -ь is feminine: all in -ость and the usual others."""
    return word in FEMININE_SOFT or word.endswith(("ость", "есть", "знь", "адь", "овь", "асть"))


SCALES = tuple(
    noun(word, genitives)
    for word, genitives in (
        ("миллион", "миллионов"),
        ("миллиард", "миллиардов"),
        ("триллион", "триллионов"),
    )
)


@lru_cache(maxsize=4096)
def cardinal(n: int, case: str = "n", gender: str = "m") -> str:
    """0 ≤ n < 10^15 in words.

    num2words gives everything below a million; above, its genders go astray («одна миллион»).
    """
    from num2words import num2words

    parts = []
    rest = n
    for power, scale in zip((12, 9, 6), reversed(SCALES), strict=True):
        value, rest = divmod(rest, 10**power)
        if value:
            parts += [cardinal(value, case), scale.after(value, case)]
    if not n:
        return ZERO[CASES.index(case)]
    if rest:
        parts.append(str(num2words(rest, lang="ru", case=case, gender=gender, animate=False)))
    return " ".join(parts)


@lru_cache(maxsize=4096)
def ordinal(n: int, case: str = "n", gender: str = "m") -> str:
    """«первый», «двадцать первой», «две тысячи двадцать шестого»; gender "p" is the plural.

    0 ≤ n < 10^6. The accusative is that of things without life: «первый», «первую».
    """
    from num2words import num2words

    if case == "a" and gender in "mnp":
        case = "n"
    if gender != "p":
        return str(num2words(n, to="ordinal", lang="ru", case=case, gender=gender))
    word = str(num2words(n, to="ordinal", lang="ru", case="n", gender="m"))
    head, _, last = word.rpartition(" ")
    if last == "третий":
        plural = {"n": "третьи", "g": "третьих", "d": "третьим", "i": "третьими", "p": "третьих"}
        last = plural[case]
    else:
        ends = {"n": "ые", "g": "ых", "d": "ым", "i": "ыми", "p": "ых"}
        last = last[:-2] + ends[case]
    return f"{head} {last}".strip()


def digit_by_digit(digits: str) -> str:
    """«ноль ноль семь»: codes, leading zeros, numbers too long to be numbers."""
    return " ".join(DIGITS[int(d)] for d in digits)


def integer(digits: str, case: str = "n", gender: str = "m") -> str:
    """A run of digits as a number; with leading zeros, or longer than LONGEST, digit by digit."""
    if len(digits) > LONGEST:
        return digit_by_digit(digits)
    zeros = len(digits) - len(digits.lstrip("0"))
    if zeros and len(digits) > 1:
        rest = digits[zeros:]
        return digit_by_digit("0" * zeros) + (" " + cardinal(int(rest)) if rest else "")
    return cardinal(int(digits), case, gender)


def decimal(whole: str, fraction: str, case: str = "n", gender: str = "m") -> str:
    """«три целых четырнадцать сотых», «две с половиной», «полтора»; gender of what is counted.

    A fraction of more than six digits is read digit by digit.
    """
    whole = whole.lstrip("0") or "0"
    if len(whole) > LONGEST or len(fraction) > len(FRACTIONS):
        return f"{integer(whole, case)} и {digit_by_digit(fraction)} после запятой"
    value, part = int(whole), int(fraction)
    if is_half(whole, fraction):
        if value > 1:
            return f"{cardinal(value, case, gender)} с половиной"
        if case not in "na":
            return "полутора"
        return "полторы" if gender == "f" else "полтора"
    wholes = _adjective("цел", value, case)
    parts = _adjective(FRACTIONS[len(fraction) - 1][:-2], part, case)
    return f"{cardinal(value, case, 'f')} {wholes} {cardinal(part, case, 'f')} {parts}"


def is_half(whole: str, fraction: str) -> bool:
    """Whether it is said with «с половиной» or «полтора»: 1,5 and up."""
    return fraction == "5" and whole.strip("0") != ""


def _adjective(stem: str, n: int, case: str) -> str:
    if n % 10 == 1 and n % 100 != 11:
        return stem + {"n": "ая", "a": "ую"}.get(case, "ой")
    return stem + {"d": "ым", "i": "ыми"}.get(case, "ых")


def compound(n: int) -> str:
    """The first half of «трёхдневный», «шестидесятичетырёхбитный»: genitives without spaces."""
    if n == 1:
        return "одно"
    words = cardinal(n, "g").replace("одной тысячи", "тысяча").split()
    if n == 1000:
        return "тысяче"
    whole = {"ста": "сто", "девяноста": "девяносто", "одного": "одно"}
    return "".join(whole.get(word, word) for word in words)
