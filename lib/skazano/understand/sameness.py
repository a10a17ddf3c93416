"""Are two words one: forms of it, one order in other words, or the same misheard?"""

import re
from collections.abc import Sequence
from functools import lru_cache

from skazano.understand.everyday import is_word
from skazano.understand.phonetics import cyrillic, likeness
from skazano.understand.readings import endless, readings
from skazano.understand.words import is_imperative, is_infinitive

# One may be written for another.
_ALIKE = {
    meaning: re.compile(rf"(?:{stems})")
    for meaning, stems in {
        "fix": "исправ|почин|поправ|пофикс|устран",
        "make": "добав|сделае|с?дела[йтюл]|прикрут|созда[йтв]|напи[шс]|реализ|заве[дс]|внедр|обеспеч|нуж[ен]",
        "remove": "удал|убер|убра|выкин|снес|выпил|выреж",
        "change": "измен|помен|замен|смени|передел|постав|устано",
        "look": "провер|посмотр|глян|убеди|выясн|узна|разбер|разобр",
        "find": "най[дт]|отыщ|отыск|поищ|ищ",
        "front": "фронт",
        "show": "пока[зж]|отображ|вывод|вывед",
        "press": "нажат|нажим|клик",
        "again": "опять|снова",
        "slow": "тормоз|медлен|долго",
        "load": "груз|загруз|загруж",
        "run": "запуст|запуск|прогон|шли|идут",
        "user": "юзер|пользоват",
        "mail": "емейл|имейл|почт|email",
        "fail": "слома|ломает|падае|падат|упал",
    }.items()
}
# Latin words, and the jargon that they are said as.
_JARGON = {
    name: re.compile(f"(?:{said})")
    for name, said in {
        "production": "прод",
        "prod": "прод",
        "staging": "стейдж|стейж",
        "stage": "стейдж|стейж",
        "dev": "дев$|деве$",
        "px": "пиксел",
        "mr": "мердж|мерж|merge|реквест|request",
        "merge": "мердж|мерж",
        "request": "реквест",
        "pr": "пул$|пулл|pull|реквест|request",
        "db": "баз[аеуы]$|базой$",
        "frontend": "фронт",
        "backend": "бэк|бек",
        "repo": "реп[аеуы]$|репозитор",
        "info": "инфо",
        "kb": "килобайт",
        "mb": "мегабайт|мег",
        "gb": "гигабайт|гиг",
        "ms": "миллисекунд",
        "url": "ссылк|урл|адрес(?!н|у[ею])",
    }.items()
}
_INTERCHANGED = ({"make", "change"}, {"look", "fix"}, {"fix", "make"})  # orders: «сделай» for «поменяй» …


def jargon(name: str, heard: Sequence[str]) -> set[int]:
    """The places of the words that a Latin name may be jargon for: «на проде» for production."""
    said = _JARGON.get(name)
    return {at for at, word in enumerate(heard) if said and said.match(word)}


def _common(one: str, other: str) -> int:
    """Letters that two words begin with alike."""
    return next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


@lru_cache(maxsize=8192)
def same(one: str, other: str) -> bool:
    """Whether two words are forms of one, or near enough."""
    one, other = one.replace("э", "е"), other.replace("э", "е")
    common, longer = _common(one, other), max(len(one), len(other))
    if one == other or (common >= 5 and longer - common <= 6):
        return True
    if common >= 3 and common >= min(len(one), len(other)) - 1 and longer - common <= 3:
        return True
    if len(one) > 4 and _rooted(one) == _rooted(other):
        return True
    if _one_deed(one, other, common):
        return True
    said = meanings(one)
    if said & meanings(other):
        return True
    # A word that is none may have been misheard; an everyday word was said.
    return not is_everyday(other) and any(
        likeness(a, b) >= 0.8 for a in readings(one)[:3] for b in readings(other)[:2]
    )


def _one_deed(one: str, other: str, common: int) -> bool:
    """«скажи» and «сказать», «терять» and «потерять»."""
    orders, names = (any(map(shape, (one, other))) for shape in (is_imperative, is_infinitive))
    if orders and names and common >= 3:
        return True
    longer, shorter = sorted((one, other), key=len, reverse=True)
    return (
        is_infinitive(one)
        and is_infinitive(other)
        and longer in (f"по{shorter}", f"с{shorter}", f"на{shorter}")
    )


def _rooted(word: str) -> str:
    """«список» and «списке» without ending and fleeting vowel."""
    return re.sub(r"(?<=..)[ое](?=[кнц]$)", "", endless(word))


@lru_cache(maxsize=8192)
def meanings(word: str) -> frozenset[str]:
    """What the word says that others say as well: "fix", "look" …; none for most."""
    found = {meaning for meaning, pattern in _ALIKE.items() if pattern.match(word)}
    return frozenset(found.union(*(pair for pair in _INTERCHANGED if pair & found)) if found else found)


@lru_cache(maxsize=8192)
def is_everyday(word: str) -> bool:
    """Whether people say the word, in any of its forms: it need not be a term misheard."""
    return len(word) < 4 or is_word(cyrillic(endless(word)))


def stands_in(word: str, others: Sequence[str]) -> bool:
    """Whether one of the others is the same word, in another form or misheard."""
    return any(same(word, other) for other in others)
