"""What is to be written somewhere: «на кнопке напиши нет спасибо», «замени слово акция на скидка»."""

import re

from skazano.understand.words import Word, is_imperative

_WRITE = re.compile(r"(?:на|до|под)?пи(?:ши(?:те)?|шем|сать|сано)")
_PLACE = re.compile(r"(?:кнопк|надпис|баннер|плашк|заголов|табличк|экран|вывеск|заглушк)[а-я]{0,4}")
_QUOTED = re.compile(r"слов(?:о|ом|а|е)")
_NO_LABEL = frozenset(
    "что чтобы как о об про в на по для через с сколько кто какой какая какие код тест тесты".split()
)
LONGEST = 6  # words


def labels(tokens: list[Word]) -> list[tuple[int, int]]:
    """The places [first, last) of words that are such wording, where it begins and ends for certain."""
    norms = [token.norm for token in tokens]
    found: list[tuple[int, int]] = []
    for at, norm in enumerate(norms[:-1]):
        begin = at + 1
        if found and at < found[-1][1]:
            continue
        if _QUOTED.fullmatch(norm):
            if begin + 1 == len(norms) or norms[begin + 1] in ("на", "и", "из", "в", "там"):
                found.append((begin, begin + 1))
            continue
        if not _WRITE.fullmatch(norm):
            continue
        told = any(map(_PLACE.fullmatch, norms[max(0, at - 4) : at]))
        if (
            not told
            and norms[begin] in ("на", "под")
            and any(map(_PLACE.fullmatch, norms[begin + 1 : begin + 2]))
        ):
            told, begin = True, begin + 2
        end = _end(norms, begin)
        if told and begin < end <= begin + LONGEST and norms[begin] not in _NO_LABEL:
            found.append((begin, end))
    return found


def _end(norms: list[str], begin: int) -> int:
    """Where an order or the note ends the wording that begins at `begin`."""
    for at in range(begin + 1, min(len(norms), begin + LONGEST + 2)):
        if is_imperative(norms[at]) and norms[at - 1] in ("и", "а"):
            return at - 1
        if norms[at] in ("вместо", "чтобы", "а", "но"):
            return at
    return len(norms)


def in_quotes(text: str, tokens: list[Word]) -> str:
    """text with quotation marks about each label; tokens are its words."""
    for begin, end in reversed(labels(tokens)):
        first, last = tokens[begin].start, tokens[end - 1].end
        if re.search(r"[«»\"“”„`\n]", text[max(0, first - 1) : last + 1]):
            continue
        text = f"{text[:first]}«{text[first:last]}»{text[last:]}"
    return text
