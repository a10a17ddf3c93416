"""Words with their places in the original text, and what Russian grammar says of a single word."""

import re
from pathlib import Path
from typing import NamedTuple

from skazano.understand.phonetics import normal


def vocabulary(name: str) -> list[str]:
    """Entries of a word list beside this file: separated by white space, # begins a comment line."""
    lines = Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines()
    return [entry for line in lines if not line.startswith("#") for entry in line.split()]


class Word(NamedTuple):
    """norm is lower case with ё as е, cut at LONGEST; text[start:end] is the word as written."""

    norm: str
    start: int
    end: int


LONGEST = 64  # letters of a word that are looked at: what is longer is no word that anybody says
IMPERATIVES = frozenset(vocabulary("verbs.txt"))
NOT_VERBS = frozenset(vocabulary("not_verbs.txt"))  # «формат», «запись», «раздел»
_IMPERATIVE_SHAPE = re.compile(
    r"[а-я]{2,}(?:[вдзлнрстчшщ]ай|[влнрчщтд]яй|[бвгдклмнпрзстчщш]уй)(?:те)?|[а-я]{2,}(?:[^лпвш]ись|[аяуо]йся)"
)
_VERB_SHAPE = re.compile(
    r"[а-я]+(?:[еиуюая]тся|л(?:ся|ась|ось|ись)|[еи]шься)|[а-я]{2,}(?:[еиаяую]т|[еи]шь)|[а-я]+[аияеыу]л[аои]?"
    r"|[а-я]+(?:шел|[гзкрсхш]л[аои])|[а-я]{3,}(?:[чщлджштнвмр]ен|[вдрзслнптй]ан|[нв]ят)[аоы]?"
)
_INFINITIVE_SHAPE = re.compile(r"[а-я]+(?:[аеиоуыя]ть|чь|(?:ве|не)[сз]?ти|йти|ться)")
_PREDICATES = frozenset(
    """нет есть надо нужно нужен нужна нужны можно нельзя должен должна должно должны видно понятно непонятно
    готов готова готово готовы сломан сломана сломано сломаны пусто хочу жду вижу знаю думаю могу хочется мог
    идет лег упал важно срочно пора забудь забей давай давайте пусть""".split()
)
WISHES = frozenset(
    ("надо нужно хочу хотелось хочется можешь можно необходимо требуется давай нужен нужна пусть").split()
)


def words(text: str) -> list[Word]:
    """Words of text (a hyphen inside a word belongs to it), with their places."""
    return [
        Word(normal(m.group()[:LONGEST]), m.start(), m.end())
        for m in re.finditer(r"[0-9A-Za-zА-Яа-яЁё_+#]+(?:[-'][0-9A-Za-zА-Яа-яЁё_+#]+)*", text)
    ]


def parts(word: Word) -> list[Word]:
    """A word, or those that a hyphen joins."""
    norm, start, end = word
    if end - start != len(norm):
        return [word]
    return [Word(m.group(), start + m.start(), start + m.end()) for m in re.finditer(r"\S+", norm)]


def is_imperative(word: str) -> bool:
    """Whether a normal word orders something: «добавь», «оптимизируй»."""
    return word in IMPERATIVES or _like(_IMPERATIVE_SHAPE, word)


def is_verb(word: str) -> bool:
    """Whether a normal word says by itself that something is so: «падает», «исчезла», «нет»."""
    return word in _PREDICATES or _like(_VERB_SHAPE, word)


def is_infinitive(word: str) -> bool:
    """«скачать», «найти», «обновиться»."""
    return _like(_INFINITIVE_SHAPE, word)


def _like(shape: re.Pattern[str], word: str) -> bool:
    return shape.fullmatch(word) is not None and word not in NOT_VERBS
