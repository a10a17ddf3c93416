"""Pairs of a settings phrase whose values are few, found by sound, whatever became of the spaces:
«режима у дя» is «режим аудио», «за конглейский» is «язык английский»."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

from rapidfuzz.distance import Levenshtein

from skazano.understand.everyday import is_word
from skazano.understand.keywords import (
    AROUND,
    ASIDE,
    BETWEEN,
    FILLER,
    MAKE,
    MODES,
    SWITCH,
    is_filler,
    keyword,
    unglued,
)
from skazano.understand.leading import INSIDE, leads
from skazano.understand.phonetics import CLASSES, cyrillic, likeness
from skazano.understand.readings import alike_words, endless, sound
from skazano.understand.words import IMPERATIVES, WISHES, Word, is_imperative, parts, words

LIKE = 0.8  # likeness at which a pair is heard …
LIKE_RARE = 0.86  # … and one that is told otherwise than by its keyword first
KEY_LIKE = 0.87  # likeness at which a keyword is heard inside a word
FILLER_LIKE = 0.65  # likeness at which a word before a pair is a filler …
SAME_FILLER = 0.85  # … and at which it is one though it looks like an order
READ = 30  # words of a text that a settings phrase has at most
LONGEST = 4  # words that a pair of two falls into …
MOST_BETWEEN = 3  # … and others between them
MOST_LEADING = 5  # misheard words before a pair …
MOST_ODD = 4  # … and fewer than these, where they sound like nothing that leads to it

_KEYS = [sound(keyword) for keyword in ("проект", "инструмент", "режим")]
_ANSWER = "отвечай отвечать ответ ответы говори пиши".split()
_SAID = {
    ("mode", "text"): [
        *"режим текст, режим текстом, режим текстовый, режим ответа текст, режим ответов текстовый".split(
            ", "
        ),
        *(
            "режим текстовых ответов",
            "текстовый режим",
            "отвечай текстовом режиме",
            "отвечай мне текстом",
            "отвечай письменно",
            "режим теперь текст",
        ),
        *(f"{answer} текстом" for answer in _ANSWER),
        "текстом отвечай",
    ],
    ("mode", "audio"): [
        *"режим аудио, режим голос, режим голосом, режим голосовой, режим звук, режим ответа голосом".split(
            ", "
        ),
        *(
            "режим ответов голосовой",
            "голосовой режим",
            "аудио режим",
            "отвечай мне голосом",
            "отвечай аудио",
            "режим теперь аудио",
            "режим теперь голос",
        ),
        *(f"{answer} голосом" for answer in _ANSWER),
        "голосом отвечай",
    ],
    **{
        ("lang", lang): [
            *(f"язык {word}ий", f"язык теперь {word}ий", f"язык ответов {word}ий"),
            *(f"{word}ий язык", f"{word}ом языке"),
            *(
                f"{answer} {how}"
                for answer in _ANSWER
                for how in (f"на {word}ом", f"по {word}и", f"{word}ом", f"{word}и")
            ),
        ]
        for lang, word in (("ru", "русск"), ("en", "английск"))
    },
    ("reset", ""): ["сброс", "сброс настроек", "сброс всех настроек", "сбрось настройки", "сбрось все"],
}
_USUAL = {"режим", "язык", "сброс"}
_PAIRS = {
    sound(said): (
        sound(said).translate(CLASSES),
        said.split()[0] in _USUAL,
        not said.endswith(("ий язык", "языке")),
        *meant,
    )
    for meant, phrases in _SAID.items()
    for said in phrases
}
_BETWEEN = (FILLER | SWITCH | MAKE | AROUND | ASIDE | BETWEEN) - {"а", "у"}  # these may be pieces of «аудио»


class Pair(NamedTuple):
    """alike: 0 … 1; after: the place after its last word; cut: how many letters of that word belong to it;
    usual: no request ends so, as «исправь перевод на русский язык» does."""

    alike: float
    key: str
    value: str
    after: int
    cut: int
    usual: bool


def tokens_of(text: str) -> list[Word]:
    """The first words of a text, more than a settings phrase has; those run together and those joined by a
    hyphen are taken apart."""
    whole = words(text)
    apart = [part for word in whole[:READ] for part in parts(word)]
    return [piece for token in unglued(apart) for piece in _cut(token)] + whole[READ : 2 * READ]


def _cut(token: Word) -> list[Word]:
    """«троектвики» as two words, «курсинструменткот» as three, if they are no word as they stand."""
    norm, start, end = token
    size = len(norm)
    if size < 8 or end - start != size or is_imperative(norm) or is_word(cyrillic(endless(norm))):
        return [token]
    spots = (
        (likeness(cyrillic(norm[at:stop]), phones), at, stop)
        for phones in _KEYS
        for at in range(size - 4)
        for stop in range(at + len(phones) - 1, min(at + len(phones) + 1, size) + 1)
        if at != 1 and stop != size - 1 and _near(cyrillic(norm[at:stop]), phones)
    )
    alike, at, stop = max(spots, default=(0.0, 0, 0))
    if alike < KEY_LIKE:
        return [token]
    bounds = [(a, b) for a, b in ((0, at), (at, stop), (stop, size)) if a < b]
    return [Word(norm[a:b], start + a, start + b) for a, b in bounds]


def _near(heard: str, phones: str) -> bool:
    """Whether the exact, slower comparison is worth the while."""
    return Levenshtein.distance(heard.translate(CLASSES), phones.translate(CLASSES), score_cutoff=2) <= 2


def pair_by_sound(tokens: list[Word], at: int) -> Pair | None:
    """The pair that begins at this place, if one is heard there, and no better one that begins within it."""
    here = max(_heard(tokens, at), default=None)
    if here is None:
        return None
    whole = (
        p for p in _heard(tokens, at) if p.after == here.after and p.cut == len(tokens[p.after - 1].norm)
    )
    here = max((p for p in whole if p.value == here.value and p.alike >= LIKE_RARE), default=here)
    within = (p for place in range(at + 1, here.after) for p in _heard(tokens, place))
    return here if all(here.alike >= p.alike for p in within if p.after >= here.after) else None


def pair_apart(tokens: list[Word], at: int, value: int) -> Pair | None:
    """The pair of a keyword and a value that others stand between, misheard: «режим ответо в голосовой»."""
    for begins in range(value, min(value + LONGEST, len(tokens))):
        if not leads(" ".join(t.norm for t in tokens[value:begins]), INSIDE):
            continue
        if pair := pair_by_sound([tokens[at], *tokens[begins : begins + LONGEST]], 0):
            return pair._replace(after=begins - 1 + pair.after)
    return None


def _heard(tokens: list[Word], at: int) -> Iterator[Pair]:
    kept: list[str] = []
    for after in range(at + 1, min(at + LONGEST + MOST_BETWEEN, len(tokens)) + 1):
        last = tokens[after - 1]
        if kept and kept[0] in _ANSWER and last.norm in IMPERATIVES - _BETWEEN - set(_ANSWER):
            return  # «отвечай и найди»: a request begins
        if len(kept) < LONGEST and not (kept and last.norm in _BETWEEN - {"с", "к"}):
            for cut in _ends(last):
                said = sound(" ".join([*kept, last.norm[:cut]]))
                for alike, key, value, usual in _sounding(said):
                    yield Pair(alike, key, value, after, cut, usual)
        if not kept or last.norm not in _BETWEEN:
            kept.append(last.norm)


@lru_cache(maxsize=4096)
def _sounding(said: str) -> list[tuple[float, str, str, bool]]:
    """(likeness, key, value, whether it is usual) of the pairs that sound like this."""
    classes, found = said.translate(CLASSES), []
    for phones, (near, first, usual, *meant) in _PAIRS.items():
        if abs(len(said) - len(phones)) < 4 and Levenshtein.distance(classes, near, score_cutoff=4) <= 4:
            alike = likeness(said, phones)
            if alike >= (LIKE if first else LIKE_RARE):
                found.append((alike, meant[0], meant[1], usual))
    return found


def _ends(token: Word) -> list[int]:
    """Where a pair may end in a word: at its end, or before what it ran into: an order, a filler, or
    anything after a value if the whole is no word."""
    norm, size = token.norm, len(token.norm)
    if token.end - token.start != size:
        return [size]
    odd = size > 7 and not is_word(cyrillic(endless(norm)))
    tails = (at for at in range(2, size - 1) if is_imperative(norm[at:]) or norm[at:] in FILLER | WISHES)
    return [size, *tails, *(at for at in range(4, size - 2) if odd and norm[:at] in MODES)]


def starts(tokens: list[Word], at: int) -> bool:
    """Whether a pair of any kind begins at this place."""
    return bool(keyword(tokens, at)[0] or pair_by_sound(tokens, at))


def is_pair(tokens: list[Word], at: int) -> bool:
    """Whether a pair begins at this place, and not a keyword alone, with which a request may end as well."""
    return starts(tokens, at) and (at < len(tokens) - 1 or keyword(tokens, at)[0] in (None, "reset"))


def next_pair(tokens: list[Word], at: int, sure: Callable[[int], bool] = lambda _: False) -> int:
    """The first place from this one on that is no filler, or misheard as none before a pair: «еща й»."""
    while (
        at < len(tokens) - 1
        and is_filler(tokens, at)
        and not (
            len(tokens[at].norm) < 3 and pair_by_sound(tokens, at)  # «с брос»
        )
    ):
        at += 1
    for place in range(at + 1, min(at + MOST_LEADING, len(tokens) - 1) + 1):
        between = [t.norm for t in tokens[at:place]]
        if starts(tokens, at) or any(_of_request(w) or w.startswith("проект") for w in between):
            break
        if not starts(tokens, place):
            continue
        few = len(between) < MOST_ODD and (_like_filler(between) or _closes(tokens, place) or sure(place))
        if few or leads(" ".join(between)):
            return place
    return at


def _closes(tokens: list[Word], at: int) -> bool:
    """Whether a pair begins at this place after which there is another, an order, a wish or nothing, so that
    it can be no part of a request: what stands before it was misheard."""
    pair = pair_by_sound(tokens, at)
    if pair is not None and not pair.usual:
        return False  # «исправь перевод на русский язык»
    if pair is None or pair.cut < len(tokens[pair.after - 1].norm):
        return pair is not None
    rest = tokens[pair.after :]
    follows = rest[0].norm if rest else ""
    return not rest or starts(tokens, pair.after) or is_imperative(follows) or follows in FILLER | WISHES


def _of_request(word: str) -> bool:
    """Whether a word orders or wishes something, and is not «пожалуйста» misheard as «пожалуйся»."""
    orders = word in IMPERATIVES | WISHES | MODES.keys()
    return orders and word not in FILLER | SWITCH and not _is_like(word, SAME_FILLER)


def _like_filler(said: list[str]) -> bool:
    """Whether every word is a filler, short, or sounds like a filler, alone or all together."""
    return _is_like("".join(said)) or all(len(word) < 3 or _is_like(word) for word in said)


def _is_like(word: str, least: float = FILLER_LIKE) -> bool:
    return any(alike_words(word, filler) >= least for filler in FILLER if len(filler) > 2)
