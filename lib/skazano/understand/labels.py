"""What is to be written somewhere: «на кнопке напиши нет спасибо», «замени слово акция на скидка»."""

import re

from skazano.understand.words import WISHES, Word, is_imperative, is_infinitive

_WRITE = re.compile(r"(?:на|до|под)?пи(?:ши(?:те)?|шем|сать|сано)")
_PLACE = re.compile(r"(?:кнопк|надпис|баннер|плашк|заголов|табличк|экран|вывеск|заглушк)[а-я]{0,4}")
_QUOTED = re.compile(r"слов(?:о|ом|а|е)")
_BUTTON = re.compile(r"кнопк[уаио]й?")
_AFTER_NAME = frozenset("и под над рядом справа слева чтобы".split())
_SMALL_JOINS = frozenset("чтобы что если как".split())
_NO_LABEL = frozenset(
    "что чтобы как о об про в на по для через с сколько кто какой какая какие код тест тесты".split()
)
_QUOTATION = r"«[^»\n]{0,2000}»|\"[^\"\n]*\"|“[^”\n]{0,2000}”|„[^“”\n]*[“”]|`[^`\n]*`|(?<!\w)'[^'\n]*'(?!\w)"
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
        if _BUTTON.fullmatch(norm) and _named_so(norms, begin):
            found.append((begin, begin + 1))
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


def _named_so(norms: list[str], at: int) -> bool:
    """«добавь кнопку выйти и ссылку», not «надо кнопку удалить и …»."""
    before, over = norms[max(0, at - 4) : at], norms[at + 1 : at + 2]
    ordered = any(map(is_imperative, before)) and not (WISHES | _SMALL_JOINS) & set(before)
    return is_infinitive(norms[at]) and ordered and (not over or over[0] in _AFTER_NAME)


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


def quoted(text: str, tokens: list[Word]) -> set[int]:
    """Places of words in quotation marks: they are what is to be written, not how it was said."""
    spans = [m.span() for m in re.finditer(_QUOTATION, text)]
    return {n for n, t in enumerate(tokens) if any(a <= t.start < b for a, b in spans)}
