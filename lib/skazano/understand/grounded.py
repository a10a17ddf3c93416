"""Does an answer say only what its source says? By numbers, names and file names; "" means yes."""

import re
import unicodedata

from skazano.understand.numerals import numbers, totals
from skazano.understand.phonetics import likeness, normal
from skazano.understand.quantities import in_figures
from skazano.understand.readings import endless, readings

LIKE = 0.7  # likeness at which a name in Russian letters is one of the source
_NAME = re.compile(r"(?<!\w)(?:[\w-]+(?:[/._][\w-]+)+/?|[A-Za-z][\w-]{2,})")
_OPENS = re.compile(r"(?:^|[.!?:]\s+|\n\s*)$")  # a sentence begins here
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_UNITS = "one two three four five six seven eight nine".split()

# What is easily said and must have happened: in the answer, and what of the source bears it out.
_CLAIMS = [
    (re.compile(claim, re.I), re.compile(ground, re.I))
    for claim, ground in (
        (
            r"\bвсе (?:\w+ )?тесты|\ball (?:the )?tests",
            r"\bвс[её]\w*|\ball\b|whole|entire|suite|\d+ (?:из|of) \d+|\d+ (?:\w+ )?(?:тест|test|pass|прош)",
        ),
        (r"\bтест|\btest", r"тест|test|passed|провер"),
        (
            r"депло|выкат|выложен|опубликован|deploy|released",
            r"депло|выкат|выкла|вылож|публик|deploy|release",
        ),
        (r"запуш|отправлен|\bpush", r"пуш|отправ|push|sent"),
        (r"закоммич|\bкоммит|\bcommit", r"коммит|commit"),
        (r"провер(?:ен|ил)|verified|checked", r"провер|тест|verif|check|test|passed"),
    )
]


def _stem(word: str) -> str:
    return word[: max(3, min(len(word) - 2, 6))] if len(word) > 4 else word


def _digits(text: str) -> str:
    """«twenty-three» as 23, «1 240» as 1240."""
    text = re.sub(r"(?<=\d)[ \u00a0\u202f,](?=\d{3}\b)", "", text)

    def number(found: re.Match[str]) -> str:
        unit = (found[2] or "").lower()
        return str(10 * (_TENS.index(found[1].lower()) + 2) + (_UNITS.index(unit) + 1 if unit else 0))

    return re.sub(rf"\b({'|'.join(_TENS)})(?:[ -]({'|'.join(_UNITS)}))?\b", number, text, flags=re.I)


def odd_signs(text: str, source: str) -> str:
    """Control characters, turned writing, pictures and the like in text that source has not; "" if none."""
    odd = {
        c
        for c in set(text) - set(source) - set("\n\t")
        if unicodedata.category(c)[0] == "C" or unicodedata.category(c) in ("So", "Zl", "Zp")
    }
    return f"signs from nowhere: {' '.join(sorted(f'U+{ord(c):04X}' for c in odd)[:5])}" if odd else ""


def ungrounded(answer: str, source: str) -> str:
    """Which number, name or file name of answer does not stand in source; "" if all do."""
    told = numbers(_digits(source)) | numbers(_digits(in_figures(source)))
    if extra := set(totals(_digits(in_figures(answer)))) - told - {"0", "1"}:
        return f"numbers that the result does not tell: {', '.join(sorted(extra))}"
    for claim, ground in _CLAIMS:
        if (found := claim.search(answer)) and not ground.search(source):
            return f"a claim that the result does not bear out: {found.group()}"
    low = source.lower()
    english = len(re.findall("[A-Za-z]", answer)) > len(re.findall("[А-Яа-яЁё]", answer))
    for found in _NAME.finditer(answer):
        name = found.group()
        plain = re.fullmatch(r"[a-z-]+", name) or _OPENS.search(answer[: found.start()])
        if english and plain and re.fullmatch(r"[A-Za-z][a-z-]+", name):
            continue  # a word, not a name
        if re.fullmatch(r"\d+/\d+", name):
            continue  # its numbers are looked at
        if re.fullmatch(r"[A-Za-z]+-[а-яё]+", name):
            name = name.split("-")[0]  # «IP-адреса»
        if name.lower().rstrip("/") not in low:
            return f"a name that the result does not tell: {name[:60]}"
    stems = {_stem(w) for w in normal(source).split()}
    latin = [way for w in set(re.findall(r"[a-z]{4,}", low)) for way in readings(w)[:3]]
    for name in re.findall(r"(?<=[а-яёa-z,] )«?([А-ЯЁ][а-яё]{2,})", answer):
        said = readings(endless(normal(name)))[:2]
        spoken = any(likeness(a, b) >= LIKE for a in said for b in latin)  # «Телеграм» for Telegram
        if _stem(normal(name)) not in stems and not spoken:
            return f"a name that the result does not tell: {name[:60]}"
    return ""
