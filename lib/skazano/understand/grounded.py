"""Does an answer say only what its source says? By numbers, names and file names; "" means yes."""

import re

from skazano.understand.numerals import numbers
from skazano.understand.phonetics import normal

_NAME = re.compile(r"(?<!\w)(?:[\w-]+(?:[/._][\w-]+)+/?|[A-Za-z][\w-]{2,})")


# What is easily said and must have happened: in the answer, and what of the source bears it out.
_CLAIMS = [
    (re.compile(claim, re.I), re.compile(ground, re.I))
    for claim, ground in (
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


def ungrounded(answer: str, source: str) -> str:
    """Which number, name or file name of answer does not stand in source; "" if all do."""
    if extra := numbers(answer) - numbers(source) - {"0", "1"}:
        return f"numbers that the result does not tell: {', '.join(sorted(extra))}"
    for claim, ground in _CLAIMS:
        if (found := claim.search(answer)) and not ground.search(source):
            return f"a claim that the result does not bear out: {found.group()}"
    low = source.lower()
    for name in _NAME.findall(answer):
        if name.lower().rstrip("/") not in low:
            return f"a name that the result does not tell: {name[:60]}"
    stems = {_stem(w) for w in normal(source).split()}
    for name in re.findall(r"(?<=[а-яёa-z,] )«?([А-ЯЁ][а-яё]{2,})", answer):
        if _stem(normal(name)) not in stems:
            return f"a name that the result does not tell: {name[:60]}"
    return ""
