"""An answer and its source in pieces: sentences, clauses, and the stems of the words that carry meaning."""

import re
from collections.abc import Iterator

from skazano.understand.numerals import NUMERALS, totals
from skazano.understand.words import vocabulary

SMALL = frozenset(vocabulary("small_words.txt"))
_NUMERAL = "|".join(sorted(map(re.escape, NUMERALS), key=len, reverse=True))
_NUMBER = re.compile(rf"\b(?:{_NUMERAL})(?:\s+(?:{_NUMERAL}))*\b", re.I)
LONGEST = 600
_SENTENCE = re.compile(r"(?<=[.!?…;])\s+|\n+")
_PIECE = re.compile(r"(?<=[.!?…;:,()])\s+|\s+[—–-]\s+|\n+|\s(?=(?:а|но|but|and)\s)")
_PREFIX = re.compile(r"(?:пере|недо|при|под|над|раз|рас|про|вы|по|на|за|об|от|до|из|ис|у|с)(?=[а-яё]{4})")
NOT = re.compile(r"\b(?:не|ни|нет|без|никак|отсутств\w+|not|never|no|without)\b|n't\b", re.I)
_SOFT = str.maketrans("щш", "сс")
_SAME_IN_RUSSIAN = {
    "restart": "пус", "start": "пус", "run": "пус", "deploy": "деп", "push": "пус", "publish": "кры",
    "expos": "кры", "install": "ста", "merg": "сли", "delet": "дал", "remov": "дал", "sent": "пра",
    "chang": "мен", "updat": "нов", "test": "тес", "check": "вер", "verif": "вер",
}  # fmt: skip


def sentences(text: str) -> list[list[str]]:
    """Each sentence in its pieces; what goes on for more than LONGEST characters is cut."""
    found = (sentence[:LONGEST] for sentence in _SENTENCE.split(text) if sentence.strip())
    return [[piece for piece in _PIECE.split(sentence) if piece] for sentence in found]


def pieces(text: str) -> list[str]:
    return [piece for sentence in sentences(text) for piece in sentence]


def content(text: str) -> Iterator[tuple[str, str]]:
    for word in re.findall(r"[^\W\d_]{4,}", text.lower().replace("ё", "е")):
        if word not in SMALL and word not in NUMERALS and word not in ("ничего", "нет", "пока"):
            yield word, word[: 4 if len(word) > 5 else 3]


def stems(text: str) -> set[str]:
    return {stem for _, stem in content(text)}


def root(word: str) -> str:
    word = word.lower().replace("ё", "е")
    for english, russian in _SAME_IN_RUSSIAN.items():
        if word.startswith(english):
            return russian
    if word.startswith(("нач", "примен")):
        return word[:3]
    bare = _PREFIX.sub("", word, count=1)
    bare = _PREFIX.sub("", bare, count=1) if word.startswith("пере") else bare
    return bare[:3].translate(_SOFT)


def with_figures(text: str) -> str:
    """Numbers in words as digits, «1 240» as 1240."""
    text = re.sub(r"(?<=\d)[ \u00a0\u202f](?=\d{3}\b)", "", text)
    return _NUMBER.sub(lambda found: " ".join(totals(found.group())), text)
