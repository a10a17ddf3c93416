"""The keywords of a settings phrase, as they are spelled and as a recogniser spells them."""

import re
from typing import Literal

from skazano.understand.everyday import is_word
from skazano.understand.phonetics import cyrillic, normal
from skazano.understand.readings import alike_words, endless, sounds_like
from skazano.understand.words import IMPERATIVES, WISHES, Word, is_imperative

Mode = Literal["text", "audio"]

_EXACT_HEADS = {"настройки", "настройкй", "settings", "сеттингс", "сетингс"}
_LOOSE_HEADS = ("настройки", "настройка", "сеттингс")
_KEYS = {
    "project": "проект проекта проекту проекты прожект project".split(),
    "mode": "режим режима режиме mode".split(),
    "tool": "инструмент инструмента инструментом инструменты тул tool".split(),
    "lang": "язык языка language".split(),
    "reset": "сброс сброса сбрось сбросить сбросы reset".split(),
}
_SOUNDS = {"project": "проект", "mode": "режим", "tool": "инструмент", "lang": "язык", "reset": "сброс"}
MODES: dict[str, Mode] = {
    "текст": "text", "текстом": "text", "текстовый": "text", "текста": "text", "text": "text",
    "тест": "text", "текс": "text", "тексты": "text", "письменно": "text",
    "аудио": "audio", "голос": "audio", "голосом": "audio", "голосовой": "audio", "голоса": "audio",
    "звук": "audio", "звуком": "audio", "audio": "audio", "voice": "audio", "войс": "audio",
}  # fmt: skip
LANGS = {"русский": "ru", "русском": "ru", "руский": "ru", "ru": "ru", "russian": "ru",
          "английский": "en", "английском": "en", "инглиш": "en", "en": "en", "english": "en"}  # fmt: skip
FILLER = set(
    "и а ну э эм так вот пожалуйста поставь выбери давай потом включи переключи переключись установи "
    "смени поменяй измени на будет пусть это теперь еще же короче слушай значит мой наш".split()
)


_PREFIXES = {"при", "под", "над", "пре", "про", "раз", "рас", "пере", "недо", "само"}  # of Russian verbs
_GLUED = [
    # A keyword that begins what was run together; its own forms and derived words are left whole.
    re.compile(
        r"(?P<a>проект(?!(?:а|у|е|ы|ом|ах|ам|ами|ов)$|н|ир|ор)|"
        r"инструмент(?!(?:а|у|е|ы|ом|ах|ам|ами|ов)$|ал|ар)|"
        r"режим(?!(?:а|у|е|ы|ом|ах|ам|ами|ов)$|н)|сброс(?!(?:а|у|е|ы|ом|ах|ам|ами|ов|ь|ьте)$|ит|ил|н))"
        r"(?P<b>[а-я]{3,})"
    ),
    # A keyword that ends it: «ребенчинструмент», «текстынструмент», «демосброс».
    re.compile(r"(?P<a>и(?=инстр)|[а-я]{2,}?)(?P<b>инструмент|[еы]?нструмент|проект|режим|сброса?)"),
    # A keyword or a way to answer, and a filler after it: «сбросну», «браузерну».
    re.compile(r"(?P<a>сброс|проект|инструмент|[а-я]{4,}(?=ну$))(?P<b>ну|еще)"),
]


def unglued(tokens: list[Word]) -> list[Word]:
    """The words, with «проектантезер» as two and «демоисправь» too: a recogniser joins what is said
    in one breath."""
    return [piece for token in tokens for piece in _cut(token)]


def _cut(token: Word) -> list[Word]:
    norm, start, end = token
    if end - start != len(norm) or len(norm) < 7:
        return [token]
    for pattern in _GLUED:
        if found := pattern.fullmatch(norm):
            middle = start + found.start("b")
            if pattern is _GLUED[-1] and is_word(cyrillic(endless(norm))):
                return [token]  # «глубину»
            second = "инструмент" if found["b"].endswith("нструмент") else found["b"]
            return [*_cut(Word(found["a"], start, middle)), *_cut(Word(second, middle, end))]
    return [token] if is_imperative(norm) else _cut_at_order(token)


def _cut_at_order(token: Word) -> list[Word]:
    """«демоисправь» as two words, «ребенчуберилишние» as three, the last of them a word in itself."""
    norm, start, end = token
    for at in range(3, len(norm) - 4):
        if norm[at:] in IMPERATIVES and norm[:at] not in _PREFIXES:
            return [Word(norm[:at], start, start + at), Word(norm[at:], start + at, end)]
    if is_word(cyrillic(endless(norm))):
        return [token]
    for at in range(3, len(norm) - 7):
        for after in range(at + 5, len(norm) - 2):
            last = norm[after:]
            if norm[at:after] in IMPERATIVES and is_word(cyrillic(endless(last))):
                return [
                    Word(norm[:at], start, start + at),
                    Word(norm[at:after], start + at, start + after),
                    Word(last, start + after, end),
                ]
    return [token]


def head(tokens: list[Word]) -> tuple[int, bool]:
    """(words that the opening «настройки» takes, whether it is unmistakable); (0, False): none."""
    first = [t.norm for t in tokens[:3]]
    if not first:
        return 0, False
    if first[0] in _EXACT_HEADS:
        return 1, True
    likest, taken = 0.8, 0
    for count in range(1, len(first) + 1):
        alike = max(alike_words(" ".join(first[:count]), head) for head in _LOOSE_HEADS)
        if alike >= likest:
            likest, taken = alike, count
    return taken, False


def is_filler(tokens: list[Word], at: int) -> bool:
    """Whether the word at this place may be passed over on the way to a keyword: a filler, or what
    stands right before a keyword and sounds like one («еща», «бпожалуйста», «му»)."""
    word = tokens[at].norm
    if keyword(tokens, at)[0]:
        return False
    if word in FILLER or (len(word) == 1 and tokens[at + 1 :] and tokens[at + 1].norm in FILLER):
        return True
    if at + 1 == len(tokens) or not keyword(tokens, at + 1)[0] or word in WISHES or is_imperative(word):
        return False
    return word not in MODES and (
        len(word) < 3 or any(alike_words(word, f) >= 0.65 for f in FILLER if len(f) > 2)
    )


def keyword(tokens: list[Word], at: int) -> tuple[str | None, int]:
    """(which keyword stands here, how many words it takes)."""
    word = tokens[at].norm
    following = tokens[at + 1].norm if at + 1 < len(tokens) else ""
    for key, spellings in _KEYS.items():
        if word in spellings:
            return key, 1
    pair = word + following
    if following in MODES and following != "тест" and sounds_like(word, "режим", 0.6):
        return "mode", 1
    for key, sound in _SOUNDS.items():
        if len(word) > 3 and sounds_like(word, sound, 0.8 if key == "reset" else 0.86):
            return key, 1
        if pair != word and len(word) > 1 and normal(pair) == sound:
            return key, 2
    return None, 0
