"""Does an answer turn round or swap what its source says? Opposites, units, directions, and numbers and
attributes with the things that they belong to; "" means no.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from skazano.understand.phonetics import likeness
from skazano.understand.pieces import SMALL, pieces, sentences, stems, with_figures
from skazano.understand.readings import endless, readings

LIKE = 0.7  # likeness at which two names are one
_OPPOSITES = [
    (re.compile(one, re.I), re.compile(other, re.I))
    for one, other in (
        (
            r"\b(?:увелич|повы[шс]|increas|rais)",
            r"\b(?:уменьш|сни[жз]|пони[жз]|сокра[тщ]|decreas|reduc|lower)",
        ),
        (r"\b(?:по )?возраст(?:ани|ающ)|\bascend", r"\b(?:по )?убыва(?:ни|ющ)|\bdescend"),
        (r"\bвключ|\benabl", r"\b(?:от|вы)ключ|\bdisabl"),
        (r"\bускор|\bбыстре|\bfaster", r"\bзамедл|\bмедленн|\bslower"),
        (r"\bвыше\b|\bhigher", r"\bниже\b|\blower"),
        (r"\bпроще|\beasier|\bsimpler", r"\bсложнее|\bharder"),
        (r"\bдешевле|\bcheaper", r"\bдороже|\bmore expensive"),
        (r"\bраньше|\bearlier", r"\bпозже|\blater"),
        (r"\bразреш|\ballow", r"\bзапре[тщ]|\bforbid|\bden(?:y|ied)"),
        (r"\bслева|\bлев(?:ый|ую|ой|ом|ого)|\bleft\b", r"\bсправа|\bправ(?:ый|ую|ой|ом|ого)|\bright\b"),
        (r"\b(?:сверху|вверх)", r"\b(?:снизу|вниз)"),
        (r"\bполностью|\bцеликом|\bfully", r"\bчастично|\bнаполовину|\bpartial|\bhalf"),
        (r"\bоткры(?:т|л|в)|\bopened", r"\bзакры(?:т|л|в)|\bclosed"),
        (r"\bпервы[ейхм]|\bfirst", r"\bпоследни[ейхм]|\blast"),
    )
]
_UNITS = {
    unit: re.compile(rf"(\d+)[\s\u00a0]?(?:{words})(?!\w)", re.I)
    for unit, words in {
        "seconds": r"с|сек|секунд[аыу]?|s|sec|seconds?",
        "minutes": r"мин|минут[аыу]?|min|minutes?",
        "hours": r"ч|час(?:а|ов)?|h|hours?",
        "days": r"дн|день|дня|дней|days?",
        "weeks": r"недел[ьюия]|weeks?",
        "months": r"месяц(?:а|ев)?|months?",
        "kilobytes": r"[КкKk][БбBb]|килобайт[а]?",
        "megabytes": r"[МмMm][БбBb]|мегабайт[а]?",
        "gigabytes": r"[ГгGg][БбBb]|гигабайт[а]?",
        "percent": r"%|процент(?:а|ов)?|percent",
    }.items()
}
_RATES = {
    rate: re.compile(rf"(?:\bв |\bза |\bper |/)(?:{words})\b", re.I)
    for rate, words in {
        "second": "секунду|second|sec|с",
        "minute": "минуту|minute|min|мин",
        "hour": "час|hour",
        "day": "день|сутки|day",
        "week": "неделю|week",
        "month": "месяц|month",
    }.items()
}
_THING = r"[«`\"']?([\w.][\w./-]*)[»`\"']?"
_DIRECTIONS = [
    re.compile(rf"\b(?:с|со|из|от|from)\s+{_THING}(?:\s+\w+)?\s+(?:на|до|в|во|к|to|into)\s+{_THING}", re.I),
    re.compile(rf"{_THING}\s+(?:→|->|=>)\s+{_THING}", re.I),
    re.compile(
        rf"\b(?:было?|был[аи]?|was|were)\s+{_THING}(?:[\s,]+\w+)?[\s,;—–-]+(?:а )?"
        rf"(?:стал[оаи]?|теперь|now(?: it is)?|it is now)\s+{_THING}",
        re.I,
    ),
    re.compile(
        rf"(?=[«`\"']?\w*[A-Za-z_]){_THING}\s+(?:[а-яё]{{4,}}\s+)?(?:в|во|на|to|into)\s+(?=[«`\"']?\w*[A-Za-z_]){_THING}"
    ),
    re.compile(rf"\bвместо\s+{_THING}(?:\s+\w+)?\s+(?:теперь|стал[оаи]?|использу\w+)\s+{_THING}", re.I),
]
_INSTEAD = re.compile(
    r"\b(до|после|before|after)\b[^.;\n]{0,40}?[,(]?\s(?:а не|not)\s+(до|после|before|after)\b", re.I
)
_NOT_BUT = re.compile(rf"{_THING},? (?:а не|instead of|not) {_THING}", re.I)
_INSTEAD_OF = re.compile(rf"\bвместо {_THING}", re.I)
_COUNTED = re.compile(r"(?<![\w.,])(\d{2,})\s+([а-яё]{4,})")
_NAMED_NUMBER = re.compile(
    r"(?=[\w./-]*[A-Za-z])(?<![\w./-])([\w./-]*\w)[`»\"')]*(?:\s*[—–:(=-]+\s*|\s+)(?:[а-яё]+\s+)?(\d+)(?![\w.,]\d)"
)
_LINE_OF = re.compile(r"(?m)^\s*(?:[-*•]|\d+[.)])\s+`?([A-Za-z][\w.+-]{2,})`?\s*[:—–-]?\s+(.+)$")
_KIND = re.compile(
    r"[а-я]{2,}(?:ую|юю|ая|яя|ый|ое|ее|ые|ых|ыми|ого|ому|(?<!е)ний|кий)"
)  # an adjective for certain


def twisted(answer: str, source: str) -> str:
    """What of answer the source says otherwise; "" if nothing plainly."""
    return (
        _opposite(answer, source)
        or _other_unit(answer, source)
        or _turned(answer, source)
        or _of_another(answer, source)
        or _of_the_other(answer, source)
        or _of_another_kind(answer, source)
    )


def _opposite(answer: str, source: str) -> str:
    for pair in _OPPOSITES:
        for one, other in (pair, pair[::-1]):
            said, only_other = one.search(answer), other.search(source) and not other.search(answer)
            if said and only_other and not one.search(source):
                return f"the opposite of what the result tells: {said.group()}"
    return ""


def _other_unit(answer: str, source: str) -> str:
    """«100 сообщений в секунду» for «в минуту», «5 секунд» for «5 минут»."""
    told = {unit: set(pattern.findall(source)) for unit, pattern in _UNITS.items()}
    for unit, pattern in _UNITS.items():
        for number in set(pattern.findall(answer)) - told[unit]:
            if any(number in others for others in told.values()):
                return f"another unit than the result tells: {number} {unit}"
    rates = {rate for rate, pattern in _RATES.items() if pattern.search(source)}
    wrong = [rate for rate, pattern in _RATES.items() if pattern.search(answer) and rate not in rates]
    return f"another rate than the result tells: per {wrong[0]}" if wrong and rates else ""


def _turned(answer: str, source: str) -> str:
    """«с 3 до 5» for «с 5 до 3», «client_id в user_id» for «user_id в client_id»."""
    told, said = set(_ways(source)), set(_ways(answer))
    for one, other in said - told:
        if not _alike(one, other) and any(_alike(one, b) and _alike(other, a) for a, b in told):
            return f"the other way round than the result tells: {one} {other}"
    kept, dropped = ({found[n].lower() for found in _NOT_BUT.findall(source)} for n in (0, 1))
    if instead := {thing.lower() for thing in _INSTEAD_OF.findall(answer)} & kept - dropped:
        return f"the other way round than the result tells: instead of {min(instead)}"
    before, after = ([(a.lower(), b.lower()) for a, b in _INSTEAD.findall(text)] for text in (source, answer))
    wrong = [pair for pair in after if before and pair not in before and pair[::-1] in before]
    return f"the other way round than the result tells: {' '.join(wrong[0])}" if wrong else ""


def _alike(one: str, other: str) -> bool:
    """Whether two names are one, in another case or in other letters: «Гугл» and Google."""
    if one == other or one[:5] == other[:5]:
        return True
    if one.isdigit() or other.isdigit():
        return False
    return any(
        likeness(a, b) >= LIKE for a in readings(endless(one))[:2] for b in readings(endless(other))[:2]
    )


def _ways(text: str) -> Iterator[tuple[str, str]]:
    plain = with_figures(text)
    for pattern in _DIRECTIONS:
        for one, other in pattern.findall(plain):
            yield one.lower().strip("."), other.lower().strip(".")


def _of_another(answer: str, source: str) -> str:
    """«test_pdf_render — 48 с» where 48 is told of another test."""
    told = set(_named_numbers(source))
    for name, number in sorted(set(_named_numbers(answer)) - told):
        others = {other for other, same in told if same == number}
        if others and name in {known for known, _ in told}:
            return f"a number that the result tells of {min(others)}: {number}"
    counts = {(number, thing[:4]) for number, thing in _COUNTED.findall(with_figures(source.lower()))}
    for number, thing in _COUNTED.findall(with_figures(answer.lower())):
        same = {other for n, other in counts if n == number}
        if same and thing[:4] not in same and any(other == thing[:4] for _, other in counts):
            return f"a number that the result tells of something else: {number} {thing}"
    return ""


def _named_numbers(text: str) -> Iterator[tuple[str, str]]:
    """(name, number) where they stand side by side."""
    for line in map(" ".join, sentences(with_figures(text))):
        for found in _NAMED_NUMBER.finditer(line):
            yield found[1].lower().rsplit("/", 1)[-1], found[2]


def _of_the_other(answer: str, source: str) -> str:
    """«Kafka проще в установке» where the line that says so is RabbitMQ's."""
    lines = {m[1].lower(): stems(m[2]) for m in _LINE_OF.finditer(source)}
    for piece in map(" ".join, sentences(answer)) if len(lines) > 1 else ():
        named = [name for name in lines if name in piece.lower()]
        said = stems(piece) - {name[:4] for name in named}
        if len(named) == 1 and not said & (lines[named[0]] - {named[0][:4]}):
            other = next((name for name in lines if name != named[0] and len(said & lines[name]) > 1), "")
            if other:
                return f"what the result tells of {other}, not of {named[0]}"
    return ""


def _of_another_kind(answer: str, source: str) -> str:
    """«кнопка синяя, фон красный» for «кнопка красная, фон синий»: both are told, of one another's things."""
    told = set(_attributes(source))
    for kind, thing in set(_attributes(answer)) - told:
        if any(k == kind for k, _ in told) and any(t == thing for _, t in told):
            return f"what the result tells of something else: {kind} {thing}"
    return ""


def _attributes(text: str) -> Iterator[tuple[str, str]]:
    """(adjective, noun) by their stems, in either order, where they stand side by side and agree."""
    for piece in pieces(text):
        said = re.findall(r"[а-яё]+", piece.lower().replace("ё", "е"))
        for one, other in pairwise(said):
            for kind, thing in ((one, other), (other, one)):
                if (
                    _KIND.fullmatch(kind)
                    and not _KIND.fullmatch(thing)
                    and not {kind, thing} & SMALL
                    and len(thing) > 2
                ):
                    yield kind[:4], thing[:4]
