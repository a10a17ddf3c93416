"""Text as it is said aloud: nothing but Russian words and punctuation is left.

Silero drops digits and Latin letters in silence, other voices spell them. Here every number, date,
unit, abbreviation, address and Latin word becomes what a Russian developer would say. Pictures
that only decorate, and the body of a code block (which is announced), are the only things not said.

speakable() is deterministic, and linear in the length of the text.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from skazano.speech.speakable_counts import count
from skazano.speech.speakable_dates import calendar, dates
from skazano.speech.speakable_markup import emoji, plain
from skazano.speech.speakable_terms import MARK, cyrillic_acronym, latin, table
from skazano.speech.speakable_things import addresses, names

RUSSIAN = "абвгдеёжзийклмнопрстуфхцчшщъыьэюяАБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ"
PUNCTUATION = ".,!?:;-—…"
KEPT = frozenset(RUSSIAN + PUNCTUATION + " \n")
STRESS = "\u0301"
NEIGHBOURS = str.maketrans(
    {
        "і": "и",
        "ї": "йи",
        "є": "е",
        "ґ": "г",
        "ў": "у",
        "І": "И",
        "Ї": "Йи",
        "Є": "Е",
        "Ґ": "Г",
        "Ў": "У",
    }
)
SIGNS = {
    "&": " и ",
    "+": " плюс ",
    "=": " равно ",
    "%": " процент ",
    "@": " собака ",
    "#": " решётка ",
    "/": " слэш ",
    "\\": " обратный слэш ",
    "^": " в степени ",
    "~": " тильда ",
    "$": " доллар ",
    "€": " евро ",
    "₽": " рубль ",
    "£": " фунт ",
    "¥": " юань ",
    "№": " номер ",
    "§": " параграф ",
    "°": " градус ",
    "×": " на ",
    "÷": " разделить на ",
    "±": " плюс-минус ",
    "≈": " примерно ",
    "≠": " не равно ",
    "≤": " не больше ",
    "≥": " не меньше ",
    "<": " меньше ",
    ">": " больше ",
    "∞": " бесконечность ",
    "√": " корень ",
    "∑": " сумма ",
    "‰": " промилле ",
    "*": " звёздочка ",
    "→": " — ",
    "⇒": " — ",
    "➜": " — ",
    "⟶": " — ",
    "←": " — ",
    "↔": " — ",
    "↑": " вверх ",
    "↓": " вниз ",
    "−": " минус ",
    "µ": " мю ",
    "_": " ",
    "|": ", ",
    "(": ", ",
    ")": ", ",
    "[": ", ",
    "]": ", ",
    "{": ", ",
    "}": ", ",
    "•": ", ",
    "·": " ",
    "–": "—",
    "―": "—",
    "‐": "-",
    "‑": "-",
}
GREEK = dict(
    zip(
        "αβγδεζηθικλμνξοπρστυφχψω",
        (
            "альфа бета гамма дельта эпсилон дзета эта тета йота каппа лямбда мю ню кси омикрон пи ро "
            "сигма тау ипсилон фи хи пси омега"
        ).split(),
        strict=True,
    )
)
SCRIPTS = {
    "CJK": "иероглифы",
    "HIRAGANA": "по-японски",
    "KATAKANA": "по-японски",
    "HANGUL": "по-корейски",
    "ARABIC": "по-арабски",
    "HEBREW": "на иврите",
    "ARMENIAN": "по-армянски",
    "GEORGIAN": "по-грузински",
    "THAI": "по-тайски",
    "DEVANAGARI": "на хинди",
    "GREEK": "по-гречески",
}
ARROWS = re.compile(r"<?[-=]{1,2}>|<[-=]{1,2}(?![\d=])|[←→⇒➜⟶↔]")
POWERS = {"²": " в квадрате", "³": " в кубе"}
SHARES = {"½": " одна вторая ", "¼": " одна четвёртая ", "¾": " три четверти "}
OPERATORS = (
    ("!=", " не равно "),
    ("==", " равно "),
    ("<=", " не больше "),
    (">=", " не меньше "),
    ("&&", " и "),
    ("||", " или "),
    ("...", "…"),
)
SLASH_BETWEEN_WORDS = re.compile(r"(?<=[а-яёА-ЯЁ])/(?=[а-яёА-ЯЁ])")
TIGHT = re.compile(r"(?<=\w)[:,;](?=\w)")
CAPITALS = re.compile(r"(?<![А-Яа-яЁё-])[БВГДЖЗЙКЛМНПРСТФХЦЧШЩ]{2,5}(?![А-Яа-яЁё])")
RUN = re.compile(r"[ .,!?:;—…-]{2,}|—")
FOREIGN = re.compile(r"[^\W\d_a-zA-Zа-яА-ЯёЁ]+(?:[ ,.-]{1,2}[^\W\d_a-zA-Zа-яА-ЯёЁ]+)*+")


def speakable(text: str, lang: str = "ru", stress: bool = False) -> str:
    """What a voice is given for `text`: Cyrillic letters, spaces, new lines and .,!?:;-—… only.

    stress: leave "+" before stressed vowels where the table knows better than the voice (Silero).
    lang "en": English words, Latin letters kept; light.
    """
    if lang == "en":
        from skazano.speech.speakable_en import speakable_en

        return speakable_en(text)
    text = _normal(text)
    text = emoji(plain(text))
    text = _abbreviations(text)
    text = names(calendar(addresses(text)))
    text = dates(text)
    text = count(text)
    text = latin(ARROWS.sub(" — ", text))
    text = CAPITALS.sub(lambda m: cyrillic_acronym(m[0]), text)
    return _clean(text, stress)


def _normal(text: str) -> str:
    """One form for every letter and digit: compatibility forms, foreign digits, stress, spaces."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n")
    text = text.replace(MARK, "")
    for sign, said in POWERS.items():
        text = text.replace(sign, said)
    text = _user_stress(text)
    if not text.isascii():
        text = "".join(
            c if c in "…№°µ½¼¾™" or ord(c) < 0x500 else unicodedata.normalize("NFKC", c)
            for c in unicodedata.normalize("NFC", text)
        )
        for sign, said in SHARES.items():
            text = text.replace(sign, said)
        text = "".join(_letter(c) for c in text)
    return text


def _letter(c: str) -> str:
    if c in RUSSIAN or c.isascii() or c == MARK:
        return c
    if c.isdecimal():
        return str(unicodedata.decimal(c))
    kind = unicodedata.category(c)
    if kind in ("Zs",):
        return " "
    if kind in ("Cf", "Mn", "Me", "Cc") and c != "\n":
        return ""
    base = unicodedata.normalize("NFD", c)[0]
    if base.isascii() and base.isalpha():
        return base
    return c.translate(NEIGHBOURS)


def _user_stress(text: str) -> str:
    """A combining acute after a vowel becomes a mark before it."""
    if STRESS not in text:
        return text
    return re.sub(rf"([аеёиоуыэюяАЕЁИОУЫЭЮЯ]){STRESS}", rf"{MARK}\1", text)


@lru_cache(maxsize=1)
def _abbreviation_patterns() -> tuple[re.Pattern[str], re.Pattern[str], dict[str, str]]:
    tables = table()
    keys = {re.sub(r"\s", "", key).lower(): said for key, said in tables.abbreviations.items()}
    dotted = "|".join(
        re.escape(key).replace(r"\ ", r"[ \u00a0]?")
        for key in sorted(tables.abbreviations, key=len, reverse=True)
    )
    plain_keys = "|".join(map(re.escape, sorted(tables.shortened, key=len, reverse=True)))
    return (
        re.compile(rf"(?<![\wа-яё.-])(?:{dotted})(?![а-яё])", re.I),
        re.compile(rf"(?<![\w-])(?:{plain_keys})(?!\w)"),
        keys,
    )


def _abbreviations(text: str) -> str:
    dotted, short, keys = _abbreviation_patterns()

    def expand(found: re.Match[str]) -> str:
        ahead = found.string[max(0, found.start() - 3) : found.start()].rstrip()
        if ahead[-1:].isdigit() and found[0][0] not in "иИтТрР":
            return found[0]  # «15 стр.» is a count
        said = keys[re.sub(r"\s", "", found[0]).lower()]
        if found[0][0].isupper():
            said = said[0].upper() + said[1:]
        rest = found.string[found.end() : found.end() + 2]
        ends = not rest.strip() or (rest[0] == " " and rest[1:2].isupper())
        return said + ("." if ends and found[0].lower().startswith("и ") else "")

    text = dotted.sub(expand, text)
    return short.sub(lambda m: table().shortened[m[0]], text)


def _clean(text: str, stress: bool) -> str:
    text = SLASH_BETWEEN_WORDS.sub(", ", text.replace("()", ""))
    text = TIGHT.sub(r"\g<0> ", text)
    for sign, said in OPERATORS:
        text = text.replace(sign, said)
    text = FOREIGN.sub(_foreign, text)
    text = "".join(c if c in KEPT or c == MARK else SIGNS.get(c, " ") for c in text)
    lines = (_line(line) for line in text.split("\n"))
    text = "\n".join(line for line in lines if line)
    return text.replace(MARK, "+" if stress else "")


def _foreign(found: re.Match[str]) -> str:
    """Letters of other alphabets: Greek by name, the rest announced by the language."""
    letters = found.group()
    if all(c.lower() in GREEK for c in letters):
        return " ".join(GREEK[c.lower()] for c in letters)
    script = unicodedata.name(letters[0], "").split(" ")[0]
    return f" {SCRIPTS.get(script, 'текст на другом языке')} "


def _line(line: str) -> str:
    """One line with single spaces and one mark of punctuation at a time."""
    line = RUN.sub(_run, line)
    return line.lstrip(" .,!?:;-—…").rstrip(" ,-—")


def _run(found: re.Match[str]) -> str:
    run = found.group()
    for mark in "?!…":
        if mark in run:
            return f"{mark} "
    if "." in run:
        return ". "
    for mark in ":;":
        if mark in run:
            return f"{mark} "
    if "—" in run or (" -" in run and not run.startswith("-")):
        return " — " if "," not in run else ", "
    if "," in run:
        return ", "
    return " "
