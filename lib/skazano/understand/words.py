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
_IMPERATIVE_SHAPE = re.compile(
    r"^(?:до|за|на|по|под|при|пере|про|раз|рас|с|со|у|вы|от|об|о|из|ис|вос)?[а-я]{2,}"
    r"(?:ируй|изуй|овай|ируйте|изуйте|уйте|айте|ись|йся)$"
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


def is_imperative(word: str) -> bool:
    """Whether a normal word orders something: «добавь», «оптимизируй»."""
    return word in IMPERATIVES or bool(_IMPERATIVE_SHAPE.match(word))
