"""Is one thing that was said put in the place of another? «на TypeScript» where «на JavaScript» was said;
"" means no. Both texts are laid side by side, each word by what it was said as."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from functools import lru_cache

from skazano.understand.phonetics import likeness
from skazano.understand.pieces import with_figures
from skazano.understand.quantities import cardinal
from skazano.understand.readings import readings
from skazano.understand.sameness import jargon, same
from skazano.understand.weight import contents
from skazano.understand.words import is_imperative, is_verb

_WAYS = frozenset("в во на до к вместо из под над".split())
MOST = 400  # words that are compared
_LIKE = 0.6  # likeness at which a Latin name may be a word that was said
_OPPOSITE = [
    {"от", "до"}, {"до", "после"}, {"перед", "после"}, {"в", "из"}, {"к", "от"}, {"над", "под"}, {"без", "с"},
    {"больше", "меньше"}, {"более", "менее"}, {"выше", "ниже"}, {"раньше", "позже"}, {"старше", "младше"},
    {"первый", "последний"}, {"слева", "справа"}, {"левый", "правый"}, {"вверх", "вниз"}, {"утра", "вечера"},
    {"только", "кроме"}, {"быстрее", "медленнее"}, {"дороже", "дешевле"}, {"до", "с"}, {"сначала", "потом"},
]  # fmt: skip


def replaced(heard: Sequence[str], found: Sequence[str]) -> str:
    """heard, found: the normal words of a note and of what was written of it."""
    said = _figured(heard)
    keys = _keys(_figured(found), said)
    for kind, a, b, c, d in SequenceMatcher(None, said, keys, autojunk=False).get_opcodes():
        if kind != "replace":
            continue
        pairs = zip(said[a:b], keys[c:d], strict=True) if b - a == d - c else ()
        for one, other in pairs:
            if {one, other} in _OPPOSITE or _another(one, other, said):
                return f"one for another: {other} for {one}"
    return _turned(said, keys)


def _turned(said: Sequence[str], keys: Sequence[str]) -> str:
    """«клиент айди в юзер айди» for «юзер айди в клиент айди»."""
    for size in (1, 2):
        ways, written = set(_ways(said, size)), set(_ways(keys, size))
        for one, way, other in written - ways:
            if (other, way, one) in ways - written:
                return f"the other way round: {' '.join([*one, way, *other])}"
    return ""


def _ways(words: Sequence[str], size: int) -> Iterator[tuple[tuple[str, ...], str, tuple[str, ...]]]:
    for at in range(size, len(words) - size):
        one, other = tuple(words[at - size : at]), tuple(words[at + 1 : at + 1 + size])
        if words[at] in _WAYS and one != other and all(map(_is_thing, (one[0], other[0]))):
            yield one, words[at], other


def _figured(words: Sequence[str]) -> list[str]:
    """The words with numbers as digits: «шестнадцатой», «16 й» and «шестнадцать» are one."""
    text = with_figures(cardinal(" ".join(words[:MOST])))
    text = re.sub(r"(?<=\d) (?:й|я|е|го|му|м|х|ой|ая|ое|ую|ых)(?= |$)", "", text)
    return re.sub(r"(?<=\d)(?=[а-яa-z])", " ", text).split()


def _another(one: str, other: str, said: Sequence[str]) -> bool:
    """Whether other, in the place of one, is a thing that was said elsewhere in the note."""
    if other not in said or same(one, other) or not (_is_thing(one) and _is_thing(other)):
        return False
    return one.isdigit() == other.isdigit()


def _is_thing(word: str) -> bool:
    return word.isdigit() or bool(contents([word]) and not is_imperative(word) and not is_verb(word))


def _keys(found: Sequence[str], said: Sequence[str]) -> list[str]:
    """Each word of found as that word of said which it is, or as it stands."""
    known = list(dict.fromkeys(said))
    return [_key(word, tuple(known)) for word in found]


@lru_cache(maxsize=4096)
def _key(word: str, known: tuple[str, ...]) -> str:
    if word in known or (len(word) < 3 and not re.fullmatch("[a-z]+", word)):
        return word
    if re.fullmatch("[a-z][a-z0-9]*", word):
        if places := jargon(word, known):
            return known[min(places)]
        ways = readings(word)[:6]
        scores = [
            (max((likeness(a, b) for a in ways for b in readings(k)[:2]), default=0.0), k) for k in known
        ]
        best, name = max(scores, default=(0.0, ""))
        return name if best >= _LIKE else word
    kin = [k for k in known if same(k, word)]
    return max(kin, key=lambda k: _common(k, word), default=word)


def _common(one: str, other: str) -> int:
    return next(
        (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
