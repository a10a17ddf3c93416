"""The keywords of a settings phrase, as they are spelled and as a recogniser spells them."""

import re
from itertools import pairwise
from typing import Literal

from skazano.understand.everyday import is_word
from skazano.understand.phonetics import cyrillic, normal
from skazano.understand.readings import alike_words, endless, sounds_like
from skazano.understand.words import IMPERATIVES, WISHES, Word, is_imperative

Mode = Literal["text", "audio"]

_EXACT_HEADS = {"настройки", "настройкй", "settings", "сеттингс", "сетингс"}
_LOOSE_HEADS = ("настройки", "настройка", "сеттингс")
HEAD_LIKE = 0.8  # likeness at which «настройки» is heard …
CHANGING_LIKE = 0.88  # … and «поменяй настройки»
BEFORE_LIKE = 0.7  # likeness at which a word before «настройки» is one of these
_BEFORE_HEAD = set(
    "ну так э эм а и вот слушай смотри короче значит давай привет мои ладно ага угу ок окей хорошо".split()
)
_CHANGING = [f"{verb} настройки" for verb in "поменяй измени смени обнови открой переключи задай".split()]
_CHANGING += [f"{verb} в настройки" for verb in "зайди войди перейди иди".split()]
_KEYS = {
    "project": "проект проекта проекту проекты прожект project".split(),
    "mode": "режим режима режиме mode".split(),
    "tool": "инструмент инструмента инструментом инструменты тул tool".split(),
    "lang": "язык языка language".split(),
    "reset": "сброс сброса сбрось сбросить сбросы reset".split(),
}
_SOUNDS = {"project": "проект", "mode": "режим", "tool": "инструмент", "lang": "язык", "reset": "сброс"}
MODES: dict[str, Mode] = {
    **dict.fromkeys(
        "текст текстом текстовый текстовом текстовым текстовых текстовой текстов текста text".split(), "text"
    ),
    **dict.fromkeys("тест текс тексты письменно".split(), "text"),
    **dict.fromkeys("аудио голос голосом голосовой голосовом голосовым голосовых голоса".split(), "audio"),
    **dict.fromkeys("звук звуком audio voice войс".split(), "audio"),
}
LANGS = {
    **dict.fromkeys("русский русском руский русским ru russian".split(), "ru"),
    **dict.fromkeys("английский английском английским инглиш en english".split(), "en"),
}
FILLER = set(
    "и а ну э эм так вот пожалуйста поставь выбери давай потом включи переключи переключись установи "
    "смени поменяй измени на будет пусть это теперь еще же короче слушай значит мой наш "
    "также затем дальше ем общем вобщем".split()
)
SWITCH = set(
    "переключись переключи переключаемся перейди переходи переходим вернись зайди смени поменяй выбери "
    "поставь ставь ставим выбираем включи вруби работаем назначь задай верни switch".split()
)
MAKE = set("сделай делай используй открой возьми".split())  # before a keyword they only lead to it
AROUND = set(
    """называется в во по для с со к у нас нам мне мои моя текущий активный такой такие сейчас хочу нужен плюс
    над ладно через только тогда кроме того после этого будь добр да""".split()
)  # may stand before a pair, and mean nothing there
# So may these, but misheard they are too much like anything.
ASIDE = set("заодно пока следом сегодня попутно лучше просто тоже снова опять сразу сначала всегда".split())
BETWEEN = set("ответа ответов ответы ответ умолчанию общения".split())  # … between a keyword and its value


_CUT_OFF = {"кроек", "проек", "троек"}  # «проект», and its last letter belongs to the next word
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
    re.compile(
        r"(?P<a>[ис](?=инстр)|[а-я]{2,}?)(?P<b>инструмент(?:ом)?|[еы]?нструмент|проект|режим|сброса?|настройки)"
    ),
    re.compile(
        r"(?P<a>выбери|поставь|теперь|сделай|смени|будет)(?P<b>голос(?:ом)?|текст(?:ом)?|аудио|русский|английский)"
    ),
    re.compile(r"(?P<a>создай|заведи|сделай)(?P<b>новый)"),
    # A keyword or a way to answer, and a filler after it: «сбросну», «браузерну».
    re.compile(r"(?P<a>сброс|проект|инструмент|[а-я]{4,}(?=ну$))(?P<b>ну|еще)"),
]


def unglued(tokens: list[Word]) -> list[Word]:
    """The words, with «проектантезер» as two and «демоисправь» too: a recogniser joins what is said
    in one breath."""
    return [piece for token in _with_last_letter(tokens) for piece in _cut(token)]


def _with_last_letter(tokens: list[Word]) -> list[Word]:
    """The words, with «кроек терминал» as «проект ерминал»: the matcher knows of a swallowed «т»."""
    out = list(tokens)
    for at, (word, following) in enumerate(pairwise(tokens)):
        if word.norm in _CUT_OFF and len(following.norm) > 3 and following.norm[0] == "т":
            out[at] = Word("проект", word.start, word.end)
            out[at + 1] = Word(following.norm[1:], following.start + 1, following.end)
    return out


def _cut(token: Word) -> list[Word]:
    norm, start, end = token
    if end - start != len(norm) or len(norm) < 7:
        return [token]
    for pattern in _GLUED:
        if found := pattern.fullmatch(norm):
            middle = start + found.start("b")
            if pattern is _GLUED[-1] and is_word(cyrillic(endless(norm))):
                return [token]  # «глубину»
            second = "инструмент" if "нструмент" in found["b"] else found["b"]
            return [*_cut(Word(found["a"], start, middle)), *_cut(Word(second, middle, end))]
    return [token] if norm in IMPERATIVES else _cut_at_order(token)


def _cut_at_order(token: Word) -> list[Word]:
    """«демоисправь» as two words, «ребенчуберилишние» as three, the last of them a word in itself."""
    norm, start, end = token
    for at in range(3, len(norm) - 4):
        if norm[at:] in IMPERATIVES and norm[:at] not in _PREFIXES:
            return [Word(norm[:at], start, start + at), Word(norm[at:], start + at, end)]
    if is_imperative(norm) or is_word(cyrillic(endless(norm))):
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
    before = 0
    while before < min(2, len(tokens)) and _before_head(tokens, before):
        before += 1
    first = [t.norm for t in tokens[before : before + 4]]
    if not first:
        return 0, False
    if first[0] in _EXACT_HEADS:
        return before + 1, True
    likest, taken, changed = HEAD_LIKE, 0, False
    for count in range(1, len(first) + 1):
        said = " ".join(first[:count])
        for changes, known in ((False, _LOOSE_HEADS), (True, _CHANGING)):
            alike = max(alike_words(said, head) for head in known)
            if alike >= max(likest, CHANGING_LIKE * changes):
                likest, taken, changed = alike, count, changes
    following = first[taken] if taken < len(first) else ""
    if not taken or (changed and following in {"проекта", "языка", "инструмента"}):
        return 0, False
    return before + taken, False


def _before_head(tokens: list[Word], at: int) -> bool:
    """Whether «настройки» may come after this word: «ладно настройки», «ладна настройки»."""
    word, following = tokens[at].norm, tokens[at + 1].norm if at + 1 < len(tokens) else ""
    return word in _BEFORE_HEAD or (
        following in _EXACT_HEADS
        and not is_imperative(word)
        and any(alike_words(word, before) >= BEFORE_LIKE for before in _BEFORE_HEAD)
    )


def is_filler(tokens: list[Word], at: int) -> bool:
    """Whether the word at this place may be passed over on the way to a keyword: a filler, or what
    stands right before a keyword and sounds like one («еща», «бпожалуйста», «му»)."""
    word = tokens[at].norm
    if keyword(tokens, at)[0]:
        return False
    if word in FILLER | SWITCH | AROUND | ASIDE:
        return True
    if word in MAKE and tokens[at + 1 :] and keyword(tokens, at + 1)[0]:
        return True
    if len(word) == 1 and tokens[at + 1 :] and tokens[at + 1].norm in FILLER:
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
    if word == "проектом" and at:  # «займёмся проектом X»
        return "project", 1
    pair = word + following
    if following in MODES and following != "тест" and sounds_like(word, "режим", 0.6):
        return "mode", 1
    third = tokens[at + 2].norm if at + 2 < len(tokens) else ""
    if third in MODES and sounds_like(word, "режим", 0.6) and _sets(following):
        return "mode", 1  # «прижим постав текст»
    for key, sound in _SOUNDS.items():
        if len(word) > 3 and sounds_like(word, sound, 0.8 if key == "reset" else 0.86):
            return key, 1
        if pair != word and len(word) > 1 and normal(pair) == sound:
            return key, 2
    return None, 0


def _sets(word: str) -> bool:
    """Whether a word is «поставь», «выбери», misheard perhaps."""
    return any(alike_words(word, verb) >= CHANGING_LIKE for verb in SWITCH)
