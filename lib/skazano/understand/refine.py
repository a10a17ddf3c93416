"""A dictated note as a written request, by rules: filler and swearing out, a title, explicit lists split.

Nothing is added, and nothing is left out that could carry meaning.
"""

import re
from collections.abc import Sequence

import msgspec

from skazano.understand.filler import clean
from skazano.understand.phonetics import normal
from skazano.understand.terms import correct
from skazano.understand.tools import asked_tool
from skazano.understand.words import WISHES, Word, is_imperative, words

TITLE = 72  # characters: the usual width of a commit's first line

_ORDINALS = (
    ("первое", "первая", "первый", "во-первых", "первым делом"),
    ("второе", "вторая", "второй", "во-вторых"),
    ("третье", "третья", "третий", "в-третьих"),
    ("четвертое", "четвертая", "четвертый", "в-четвертых"),
    ("пятое", "пятая", "пятый", "в-пятых"),
    ("шестое", "шестая", "шестой", "в-шестых"),
    ("седьмое", "седьмая", "седьмой", "в-седьмых"),
    ("восьмое", "восьмая", "восьмой", "в-восьмых"),
)  # fmt: skip
_PREFIX_OF_ORDINAL = {"задача", "дело", "пункт", "вещь", "во", "в", "и"}
_SUFFIX_OF_ORDINAL = {"задача", "дело", "пункт", "вещь", "это"}
_COUNTS = {"две": 2, "два": 2, "три": 3, "четыре": 4, "пять": 5, "шесть": 6, "семь": 7, "восемь": 8}
_ANNOUNCED = re.compile(
    r"\b(сделай|надо|нужно|нужны|необходимо)(?: \w+)? (две|два|три|четыре|пять|шесть|семь|восемь)(?: \w+)? "
    r"(?:вещи|вещей|дела|дел|задачи|задач|пункта|пунктов|правки|правок)\b"
)
_LIST_HEADER = re.compile(
    r"^(?:сделай(?:те)?|надо|нужно|есть|у|меня|нас|для|тебя|тут|мне|вот|еще|следующ\w+|пару|пара|нескольк\w+|две|два|три|"
    r"четыре|пять|шесть|семь|восемь|вещ\w*|дел\w?|задач\w*|пункт\w*|поручени\w*|сделать|такие|такое|список|"
    r"по|пунктам|порядку|вот|что|необходимо|хочу|чтобы|ты|сделал|разных|отдельных|\d+|значит|короче|и|нам|правк\w*)$"
)


class Refined(msgspec.Struct):
    """text: the request; title: at most 72 characters; tool: only if one was clearly asked for;
    subtasks: the parts of an explicit list, empty if there is none."""

    text: str
    title: str
    tool: str | None = None
    subtasks: list[str] = []


def sentence(text: str) -> str:
    """text with a capital first letter and a full stop, if it ends in a word."""
    text = text.strip()
    if not text:
        return ""
    first = re.match(r"[\w./-]+", text)
    shaped = bool(first and re.search(r"[A-Z_/.\d]", first.group()[1:].rstrip(".")))  # a name keeps its case
    text = text if shaped else text[0].upper() + text[1:]
    return text + "." if re.search(r"[\w»\")]$", text) and not text.endswith("```") else text


def title(text: str) -> str:
    """The first line of a commit: the first sentence, whole words, at most 72 characters."""
    line = next((ln.strip() for ln in text.splitlines() if ln.strip()), "")
    line = re.sub(r"^(?:\d{1,2}[.)]|[-*•#]+)\s+", "", line)
    line = "".join(c for c in line if c.isprintable())
    line = re.split(r"(?<=[.!?])\s+(?=[А-ЯЁA-Z])", line)[0].rstrip(" .,;:")
    if len(line) <= TITLE:
        return line
    cut = line[: TITLE - 1].rsplit(" ", 1)[0] if " " in line[: TITLE - 1] else line[: TITLE - 1]
    while " " in cut and len(cut.rsplit(" ", 1)[1]) < 3:
        cut = cut.rsplit(" ", 1)[0]  # never ends in «и» or «в»
    return cut.rstrip(" .,;:–—-") + "…"


def _ordinal_places(tokens: list[Word], announced: bool) -> list[tuple[int, int]]:
    """(first word, first word of the item) of «первое», «второе» … in order. An item that is no
    order itself counts only in a list that was announced («нужно три вещи»)."""
    found: list[tuple[int, int]] = []
    for at, token in enumerate(tokens):
        if len(found) == len(_ORDINALS):
            break
        wanted = {o.replace("-", " ") for o in _ORDINALS[len(found)]}
        joined = {token.norm, f"{tokens[at - 1].norm} {token.norm}" if at else ""}
        if not wanted & joined:
            continue
        start, item = at, at + 1
        while (
            start and tokens[start - 1].norm in _PREFIX_OF_ORDINAL and (not found or start - 1 > found[-1][1])
        ):
            start -= 1
        while item < len(tokens) and tokens[item].norm in _SUFFIX_OF_ORDINAL:
            item += 1
        if item < len(tokens) and (
            announced or is_imperative(tokens[item].norm) or tokens[item].norm in WISHES
        ):
            found.append((start, item))
    return found


def split_list(text: str) -> list[str]:
    """The requests of an explicit list («первое … второе …», «1. … 2. …»), else []."""
    lines = [ln.strip() for ln in text.splitlines() if ln.strip()]
    numbered = [re.sub(r"^(?:\d{1,2}[.)]|[-*•])\s+", "", ln) for ln in lines]
    marked = [a != b for a, b in zip(lines, numbered, strict=True)]
    if len(lines) > 2 and all(marked[1:]) and not marked[0] and _generic(words(lines[0])):
        lines, numbered, marked = lines[1:], numbered[1:], marked[1:]
    if len(lines) > 1 and all(marked):
        begins = [words(item)[:1] for item in numbered]
        if all(b and (is_imperative(b[0].norm) or b[0].norm in WISHES) for b in begins):
            return numbered
        return []
    tokens = words(text)
    places = _ordinal_places(tokens, announced=False)
    said = _ANNOUNCED.search(normal(text))
    if len(places) < 2 and said:
        places = _ordinal_places(tokens, announced=True)
        places = places if len(places) == _COUNTS[said.group(2)] else []
    if len(places) < 2 or not _generic(tokens[: places[0][0]]):
        return []
    wish = f"{said.group(1)}: " if said and not is_imperative(tokens[places[0][1]].norm) else ""
    items = []
    for number, (_, item) in enumerate(places):
        end = tokens[places[number + 1][0]].start if number + 1 < len(places) else len(text)
        items.append(wish + re.sub(r"\s+и$", "", text[tokens[item].start : end].strip(" ,;:–—\n")))
    return items


def _generic(header: list[Word]) -> bool:
    return all(_LIST_HEADER.match(t.norm) for t in header)


def refine_local(text: str, terms: Sequence[str] = (), tools: Sequence[str] = ()) -> Refined:
    """The request without a model, text and title "" if it was all filler. terms are the project's
    words; they and those that every project knows are spelled right where they were misheard.
    tools: the names that may be asked for; the words that ask stay in the text."""
    cleaned = clean(correct(text, terms)[0])
    items = [sentence(clean(item)) for item in split_list(cleaned)]
    whole = sentence(cleaned)
    tool = asked_tool(text, tools)
    return Refined(whole, title(whole), tool, [i for i in items if i] if len(items) > 1 else [])
