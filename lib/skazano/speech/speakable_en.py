"""The English half: markup, addresses, hashes, numbers and units; words are left to the voice."""

from __future__ import annotations

import re

from skazano.speech.speakable_markup import plain

URL = re.compile(r"(?:https?|ftp|ssh)://([^\s/<>\"?#]++)[^\s<>\"]*")
EMAIL = re.compile(r"(?<![\w.+-])([\w.+-]++)@([\w-]++(?:\.[\w-]++)++)")
COMMIT = re.compile(r"(commits? |revision )\(?[0-9a-f]{7,40}(?!\w)\)?", re.I)
HASH = re.compile(r"(?<![\w/.-])(?=[a-f]*+[0-9])(?=[0-9]*+[a-f])[0-9a-f]{7,128}(?![\w-])")
VERSION = re.compile(
    r"(?<![\w.])v?(\d{1,8}(?:\.\d{1,8}){2,5}+)(?!\w)|(?<![\w.])v(\d{1,8}(?:\.\d{1,8})?+)(?!\w)"
)
NUMBER = re.compile(
    r"(\$|€|£)?(\d{1,3}(?:,\d{3})++(?![\d,])|\d++)(?:\.(\d++))?(?:(st|nd|rd|th)\b)?"
    r"( ?%| ?(?:ms|KB|MB|GB|TB|px|s|min|h)\b)?"
)
UNITS = {
    "%": "percent",
    "ms": "milliseconds",
    "KB": "kilobytes",
    "MB": "megabytes",
    "GB": "gigabytes",
    "TB": "terabytes",
    "px": "pixels",
    "s": "seconds",
    "min": "minutes",
    "h": "hours",
}
MONEY = {"$": "dollars", "€": "euros", "£": "pounds"}
SIGNS = {
    "&": " and ",
    "+": " plus ",
    "=": " equals ",
    "@": " at ",
    "#": " number ",
    "%": " percent ",
    "<": " less than ",
    ">": " greater than ",
    "→": ", ",
    "_": " ",
    "~": " about ",
    "/": " slash ",
    "\\": " backslash ",
    "|": ", ",
    "*": " ",
    "(": ", ",
    ")": ", ",
    "[": ", ",
    "]": ", ",
    "{": ", ",
    "}": ", ",
    "^": " to the power of ",
    "$": " dollars ",
    "€": " euros ",
    "£": " pounds ",
}
LONGEST = 15
CODE_BLOCK_RU = "Фрагмент кода — в тексте."


def speakable_en(text: str) -> str:
    """What an English voice is given: no digits, no markup, addresses as «link to …»."""
    text = plain(text).replace(CODE_BLOCK_RU, "There is a piece of code in the text.")
    text = URL.sub(lambda m: "link to " + m[1].replace(".", " dot ").replace(":", " port "), text)
    text = EMAIL.sub(lambda m: f"{m[1].replace('.', ' dot ')} at {m[2].replace('.', ' dot ')}", text)
    text = HASH.sub("commit", COMMIT.sub(r"\1", text))
    text = VERSION.sub(_version, text)
    text = NUMBER.sub(_number, text)
    text = re.sub(r"(?<=\w)\.(?=\w)", " dot ", text)
    text = "".join(SIGNS.get(c, c) if not c.isdigit() else " " for c in text)
    lines = (
        re.sub(r"[ \t]*,[ ,]*", ", ", re.sub(r"[ \t]{2,}", " ", line)).strip(" ,")
        for line in text.split("\n")
    )
    text = "\n".join(line for line in lines if line)
    return re.sub(r", ?(?=[.!?])| (?=[.,!?])", "", text)


def _cardinal(digits: str) -> str:
    from num2words import num2words

    if len(digits) > LONGEST or (digits[0] == "0" and len(digits) > 1):
        return " ".join(str(num2words(int(d))) for d in digits)
    return str(num2words(int(digits))).replace(",", "")


def _version(found: re.Match[str]) -> str:
    said = " point ".join(_cardinal(part) for part in (found[1] or found[2]).split("."))
    return f"version {said}" if found[0].startswith("v") else said


def _number(found: re.Match[str]) -> str:
    from num2words import num2words

    money, digits, fraction, nth, unit = found.groups()
    digits = digits.replace(",", "")
    if nth and len(digits) <= LONGEST:
        said = str(num2words(int(digits), to="ordinal")).replace(",", "")
    else:
        said = _cardinal(digits)
    if fraction:
        said += " point " + " ".join(str(num2words(int(d))) for d in fraction)
    if money:
        said += " " + MONEY[money]
    if unit:
        word = UNITS[unit.strip()]
        said += " " + (word[:-1] if digits == "1" and not fraction and word != "percent" else word)
    before, after = found.string[: found.start()][-1:], found.string[found.end() :][:1]
    return (" " if before.isalnum() else "") + said + (" " if after.isalnum() else "")
