"""Latin words as Russian developers say them: a table, letters for acronyms, rules for the rest."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from skazano.speech.speakable_numbers import Noun, noun

DATA = Path(__file__).resolve().parents[1] / "data" / "terms-ru.toml"
MARK = "\ue000"  # the table's "+" while a text is worked on: a plus sign there is a word of its own
LONGEST_PHRASE = 3  # words in a key of the table
LETTERS = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyz",
        (
            "эй би си ди и эф джи эйч ай джей кей эль эм эн о пи кью ар эс ти ю ви дабл-ю икс игрек зет"
        ).split(),
        strict=True,
    )
)
CYRILLIC_LETTERS = dict(
    zip(
        "абвгдежзийклмнопрстуфхцчшщъыьэюяё",
        (
            "а бэ вэ гэ дэ е жэ зэ и и ка эль эм эн о пэ эр эс тэ у эф ха цэ че ша ща твёрдый ы мягкий э "
            "ю я ё"
        ).split(),
        strict=True,
    )
)
WORD = re.compile(r"[A-Za-z]+(?:['’](?:s|t|re|ve|ll|d|m)\b)?|[A-Za-z]+")
JOINT = re.compile(r"[ \u00a0_-]")
ENDING = re.compile(r"['’]([а-яё]{1,4})(?![а-яё])|(?=[а-яё])")
CAMEL = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")
VOWELS = frozenset("aeiouy")
PRONOUNCED = re.compile(
    r"[bcdfghjklmnpqrstvwxz]{0,2}[aeiouy]{1,2}(?:[bcdfghjklmnpqrstvwxz]{1,2}[aeiouy]{1,2})*"
    r"[bcdfghjklmnpqrstvwxz]{0,2}",
    re.I,
)


@dataclass(frozen=True)
class Table:
    """terms: phrase → words; special: spelled with signs; units: key → noun; money: key → noun and
    its hundredth; counted: English singular → noun; the rest as in the file."""

    terms: dict[str, str]
    special: dict[str, str]
    units: dict[str, Noun]
    money: dict[str, tuple[Noun, Noun | None]]
    counted: dict[str, Noun]
    abbreviations: dict[str, str]
    shortened: dict[str, str]
    emoji: dict[str, str]


@lru_cache(maxsize=1)
def table() -> Table:
    """The table of data/terms-ru.toml, read once."""
    raw = tomllib.loads(DATA.read_text(encoding="utf-8"))

    def words(section: str) -> dict[str, str]:
        return {key: said.replace("+", MARK) for key, said in raw[section].items()}

    return Table(
        words("terms"),
        words("special"),
        {key: noun(*value) for key, value in raw["units"].items()},
        {
            key: (noun(one, many), noun(cent, cents) if cent else None)
            for key, (one, many, cent, cents) in raw["money"].items()
        },
        {key: noun(*value) for key, value in raw["counted"].items()},
        words("abbreviations"),
        words("shortened"),
        words("emoji"),
    )


def latin(text: str) -> str:
    """`text` with every run of Latin letters in Cyrillic; stress as "+" before the vowel."""
    words = list(WORD.finditer(text))
    out = []
    at = i = 0
    while i < len(words):
        said, last = _phrase(text, words, i)
        start, end = words[i].start(), words[last].end()
        out.append(text[at:start])
        if start and text[start - 1].isalnum():
            out.append(" ")
        said, at = _with_ending(text, end, said)
        out.append(said)
        i = last + 1
    out.append(text[at:])
    return "".join(out)


def _phrase(text: str, words: list[re.Match[str]], i: int) -> tuple[str, int]:
    """What the longest phrase of the table that begins at word i is said like, and its last word."""
    terms = table().terms
    last = i
    key = words[i].group().lower()
    best, found = "", i
    while last + 1 < len(words) and last - i < LONGEST_PHRASE - 1:
        gap = text[words[last].end() : words[last + 1].start()]
        if not JOINT.fullmatch(gap):
            break
        last += 1
        key += " " + words[last].group().lower()
        if key in terms:
            best, found = terms[key], last
    return (best, found) if best else (word(words[i].group()), i)


def _with_ending(text: str, end: int, said: str) -> tuple[str, int]:
    """A Russian ending stuck to the word («json'ом», «PRы») becomes part of it."""
    found = ENDING.match(text, end)
    if not found:
        return said, end
    ending = found.group(1)
    if ending is None:
        return said, end
    if said[-1] in "аеёиоуыэюя" and ending[0] in "аеёиоуыэюя":
        return f"{said}-{ending}", found.end()
    return said + ending, found.end()


def word(latin_word: str) -> str:
    """One Latin word, any case."""
    terms = table().terms
    plain = re.sub(r"['’].*", "", latin_word)
    lower = plain.lower()
    if lower in terms and not (lower == "it" and plain != "IT"):
        return terms[lower]
    if len(plain) == 1:
        return LETTERS[lower]
    parts = CAMEL.findall(plain)
    if len(parts) > 1 and not (plain.isupper() or plain[:-1].isupper()):
        return " ".join(word(part) for part in parts)
    if lower[-1] == "s" and lower[:-1] in terms:
        return terms[lower[:-1]] + "с"
    if plain[:-1].isupper() and plain[-1] == "s":
        return word(plain[:-1])
    if spelled(plain):
        return "-".join(LETTERS[c] for c in lower)
    return transliterated(lower)


def spelled(plain: str) -> bool:
    """Whether a word is read letter by letter: acronyms that cannot be pronounced."""
    lower = plain.lower()
    if not VOWELS & set(lower):
        return len(plain) <= 6
    if not plain.isupper():
        return False
    return len(plain) <= 3 or (len(plain) <= 5 and not PRONOUNCED.fullmatch(plain))


def cyrillic_acronym(plain: str) -> str:
    """«ГОСТ» is a word, «НДС» is letters: no vowel, two to five capitals."""
    return "-".join(CYRILLIC_LETTERS[c] for c in plain.lower())


_RULES: tuple[tuple[str, str], ...] = (
    (r"^kn", "н"),
    (r"^wr", "р"),
    (r"^ps(?=[yi])", "пс"),
    (r"^x", "з"),
    (r"^y(?=[aeiou])", "й"),
    (r"tch", "ч"),
    (r"sch", "ш"),
    (r"ck", "к"),
    (r"tion", "шен"),
    (r"ssion", "шен"),
    (r"sion", "жен"),
    (r"ture$", "чер"),
    (r"ough", "аф"),
    (r"igh", "ай"),
    (r"eigh", "ей"),
    (r"sh", "ш"),
    (r"ch", "ч"),
    (r"ph", "ф"),
    (r"th", "т"),
    (r"wh", "в"),
    (r"gh", "г"),
    (r"qu", "кв"),
    (r"kh", "х"),
    (r"zh", "ж"),
    (r"ts", "ц"),
    (r"tz", "ц"),
    (r"ng", "нг"),
    (r"ee", "и"),
    (r"ea", "и"),
    (r"oo", "у"),
    (r"ou", "ау"),
    (r"ow", "оу"),
    (r"oa", "оу"),
    (r"ai", "ей"),
    (r"ay", "ей"),
    (r"ey$", "и"),
    (r"ey", "ей"),
    (r"ei", "ей"),
    (r"au", "о"),
    (r"aw", "о"),
    (r"oi", "ой"),
    (r"oy", "ой"),
    (r"ew", "ью"),
    (r"ie$", "и"),
    (r"ie", "и"),
    (r"ya", "я"),
    (r"yo", "ё"),
    (r"yu", "ю"),
    (r"ia", "ия"),
    (r"io", "ио"),
    (r"ge$", "дж"),
    (r"ce$", "с"),
    (r"se$", "с"),
    (r"le$", "л"),
    (r"a(?=[bdfgklmnpstvz]e$)", "ей"),
    (r"i(?=[bdfgklmnprstvz]e$)", "ай"),
    (r"o(?=[bdfgklmnprstvz]e$)", "оу"),
    (r"u(?=[bdfgklmnprstvz]e$)", "ю"),
    (r"(?<=.[bcdfghjklmnprstvzx])e$", ""),
    (r"c(?=[eiy])", "с"),
    (r"y$", "и"),
    (r"^e", "э"),
)
_LETTER = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyz",
        ("а б к д е ф г х и дж к л м н о п к р с т у в в кс и з").split(),
        strict=True,
    )
)
_RULE = re.compile("|".join(f"({pattern})" for pattern, _ in _RULES))


def transliterated(lower: str) -> str:
    """English-like reading of a word of a-z: «widget» → «виджет», «banana» → «банана»."""
    if len(lower) > 4 and lower.endswith("es") and lower[-3] not in "sxzhicg":
        return transliterated(lower[:-1]) + "с"
    if len(lower) > 4 and lower.endswith("ed") and lower[-3] not in "eaou":
        stem = lower[:-2] if lower[-3] in "td" else lower[:-1]
        return transliterated(stem) + ("ид" if lower[-3] in "td" else "д")
    lower = re.sub(r"([bcdfgklmnprstvz])\1", r"\1", lower)
    out = []
    at = 0
    while at < len(lower):
        found = _RULE.match(lower, at)
        if found:
            out.append(_RULES[(found.lastindex or 1) - 1][1])
            at = max(found.end(), at + 1) if found.end() > at else at + 1
        else:
            out.append(_LETTER[lower[at]])
            at += 1
    said = "".join(out)
    return said if any(c in "аеёиоуыэюя" for c in said) or len(said) < 3 else said + "э"
