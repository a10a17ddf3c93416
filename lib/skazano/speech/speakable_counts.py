"""Every number left in a text, read with its sign, range, unit, money or counted noun.

One pass from left to right; what stands before and after is looked at through small windows, so
that the time grows with the length of the text alone.
"""

from __future__ import annotations

import re

from skazano.speech.speakable_amounts import (
    FRACTION,
    NUMBER,
    Place,
    money_first,
    single,
    unit_at,
)
from skazano.speech.speakable_cases import governed, preposition_before
from skazano.speech.speakable_numbers import (
    LONGEST,
    cardinal,
    compound,
    decimal,
    integer,
    ordinal,
)
from skazano.speech.speakable_terms import table

FOUND = re.compile(
    r"(?:(<=|>=|№№|[<>≤≥~≈±№#]|(?<![\w)\]%])[-−–+](?=[\d$€£₽]))[ \u00a0]?)?"
    r"(?:(?<![\w)])[-−+](?=\d))?([$€£₽]|§[ \u00a0]?)?"
    rf"({NUMBER}){FRACTION}"
)
RANGE = re.compile(rf"(?:[-–—…]|\.\.\.?| [-–—] )(?=\d)({NUMBER}){FRACTION}")
ARROW = re.compile(rf" ?(?:->|→|=>|➜|⟶) ?({NUMBER}){FRACTION}")
SLASH = re.compile(rf" ?/ ?({NUMBER})(?![\d/])")
TIMES = re.compile(rf" ?[x×хX*·] ?(?=\d)({NUMBER}){FRACTION}|(?:x|х|X|×)(?![\wа-яё])")
# Without a hyphen only what is no unit («5м») and no multiplication («2х»).
SUFFIX = re.compile(
    r"(?:[-‑]|(?=(?:й|го|му|ый|ая|ого|ых)(?![а-яё])|х[ \u00a0](?!раз)[а-яё]))"
    r"(ый|ий|ой|ая|ое|ого|его|ому|ему|ым|им|ом|ую|ые|ых|ыми|ими|й|я|е|го|му|м|х|ми|ю|ти|мя|ью)"
    r"(?![а-яё])"
)
COMPOUND = re.compile(r"[-‑]([а-яё]{4,})")
BEFORE = re.compile(r"(?:[а-яё-]+[ \u00a0]){1,3}$")
JOINED = re.compile(r"[ \u00a0]*(?:и|или|,|[-–—]|до)[ \u00a0]*")
ROUGHLY = ("~", "≈")
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
}


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
    elif prefix in ROUGHLY:
        head = f"примерно {head}".rstrip()
    elif prefix and prefix not in "-−–+":
        head = SIGNS[prefix]
    if sign and sign.startswith("§"):
        head, sign = "параграф", None
    digits = re.sub(r"\D", "", digits)
    if sign:
        words, end, case = _with_sign(sign, digits, fraction, place)
    elif prefix in NUMBERED:
        words, end, case = integer(digits), place.end, "n"
        if fraction:
            words = f"{words} точка {integer(fraction)}"
    else:
        words, end, case = _quantity(digits, fraction, place)
    if end <= len(text) and head:
        words = f"{head} {words}"
    return words, end, case


def _with_sign(sign: str, digits: str, fraction: str | None, place: Place) -> tuple[str, int, str]:
    """«$5», «$5–10»."""
    found = RANGE.match(place.text, place.end)
    if not found:
        return money_first(sign, digits, fraction, place)
    words, end, case = _range(digits, fraction, found, place)
    last = int(re.sub(r"\D", "", found[1])[:LONGEST])
    return f"{words} {table().money[sign][0].after(last, case)}", end, case


def _quantity(digits: str, fraction: str | None, place: Place) -> tuple[str, int, str]:
    text, end = place.text, place.end
    if fraction is None:
        found = COMPOUND.match(text, end)
        if found and len(digits) <= 6 and not digits.startswith("0"):
            return compound(int(digits)) + found.group(1), found.end(), "n"
        if len(digits) <= 6 and (found := SUFFIX.match(text, end)):
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
    return single(digits, fraction, place)


def _times(digits: str, fraction: str | None, found: re.Match[str]) -> tuple[str, int, str]:
    """«1920x1080», «10×15 см», «2x»."""
    first = decimal(digits, fraction) if fraction else integer(digits)
    if found.group(1) is None:
        return f"{first} икс", found.end(), "n"
    second = re.sub(r"\D", "", found.group(1))
    other = decimal(second, found.group(2)) if found.group(2) else integer(second, "a")
    unit, end = unit_at(found.string, found.end())
    if unit:
        other += " " + unit.after(int(second[-LONGEST:]))
    return f"{first} на {other}", end, "n"


def _span(
    word: str, digits: str, fraction: str | None, found: re.Match[str], place: Place
) -> tuple[str, int, str]:
    """«с двенадцати до восьми миллисекунд» (word: «с» or «от»)."""
    place.before, place.end = "до", found.end()
    second = re.sub(r"\D", "", found.group(1))
    last, end, case = single(second, found.group(2), place)
    first = decimal(digits, fraction, "g") if fraction else integer(digits, "g")
    return f"{word} {first} до {last}", end, case


def _range(digits: str, fraction: str | None, found: re.Match[str], place: Place) -> tuple[str, int, str]:
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
    last, end, case = single(second, found.group(2), place)
    gender = "f" if last.split()[0] in ("две", "одна", "одну") else "m"
    unit, _ = unit_at(place.text, found.end())
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
