"""The keywords of a settings phrase, as they are spelled and as a recogniser spells them."""

import re
from typing import Literal

from skazano.understand.names import alike_words, sounds_like
from skazano.understand.phonetics import normal
from skazano.understand.words import Word

Mode = Literal["text", "audio"]

_EXACT_HEADS = {"настройки", "настройкй", "settings", "сеттингс", "сетингс"}
_LOOSE_HEADS = ("настройки", "настройка", "сеттингс")
_KEYS = {
    "project": "проект проекта проекту проекты прожект project".split(),
    "mode": "режим режима режиме mode".split(),
    "tool": "инструмент инструмента инструментом инструменты тул tool".split(),
    "lang": "язык языка language".split(),
    "reset": "сброс сбрось сбросить сбросы reset".split(),
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


def unglued(tokens: list[Word]) -> list[Word]:
    """The words, with «проектантезер» as two: a recogniser joins what is said in one breath."""
    out = []
    for token in tokens:
        glued = re.fullmatch(r"(проект)((?!ах$|ами$|ов$|ом$|н|ир|ор).{3,})", token.norm)
        if glued and token.end - token.start == len(token.norm):
            cut = token.start + len(glued.group(1))
            out += [Word(glued.group(1), token.start, cut), Word(glued.group(2), cut, token.end)]
        else:
            out.append(token)
    return out


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


def keyword(tokens: list[Word], at: int) -> tuple[str | None, int]:
    """(which keyword stands here, how many words it takes)."""
    word = tokens[at].norm
    for key, spellings in _KEYS.items():
        if word in spellings:
            return key, 1
    pair = word + (tokens[at + 1].norm if at + 1 < len(tokens) else "")
    for key, sound in _SOUNDS.items():
        if len(word) > 3 and sounds_like(word, sound, 0.86):
            return key, 1
        if pair != word and len(word) > 1 and normal(pair) == sound:
            return key, 2
    return None, 0
