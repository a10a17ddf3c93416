"""Filler and swearing taken out of a dictated text, everything else left as it is.

A word that is filler in one place and meaning in another («сделай заголовок короче», «что значит
ошибка») goes only where it can be filler alone.
"""

import re

from skazano.understand.closings import CLOSING, WORDING, mark_closing
from skazano.understand.hesitation import smoothed
from skazano.understand.labels import labels, quoted
from skazano.understand.numerals import NUMERALS
from skazano.understand.swearing import (
    SWEAR_PHRASES,
    SWEARING,
    WRITTEN_SO,
    chatter_at,
    nameless,
    phrases,
    said_for_nothing,
)
from skazano.understand.words import Word, is_imperative, is_infinitive, is_verb, vocabulary, words

# Filler wherever it stands.
_HESITATION = re.compile(r"^(?:э+м*(?: [эм]+)*|м{2,}|м(?: м)+|гм+|х+м+|ну(?: у+)*|а а+|так(?: так)+)$")
# «э э» as a recogniser may write it; only where nothing has been said yet.
_MISHEARD_HESITATION = re.compile(r"^(?!ее$|ею$|ое$|ие$)[аеоуыэюя]{2,3}$")
_ALWAYS = {"блин", "пожалуйста", "пожалуйста-пожалуйста", "вот", "плиз", "слушай", "слушайте", "алло"}
# Filler at the start, at the end, or beside other filler.
_OPENING = {"слушай", "слушайте", "короче", "так", "значит", "давай", "смотри", "смотрите", "типа", "итак",
            "кстати", "окей", "ок", "ладно", "да", "привет", "вообще", "собственно", "а", "и",
            "ой", "фух", "уф", "тэкс", "слышь", "ага", "угу", "о", "ох", "эх", "господи",
            "здравствуйте"}  # fmt: skip
_BESIDE = {"короче", "значит", "типа", "слушай", "смотри", "кстати"}
_PHRASES = phrases(
    "в общем то | в общем | ну это самое | это самое | так сказать | короче говоря | собственно говоря | "
    "честно говоря | грубо говоря | кстати говоря | тут такое дело | такое дело | вот какое дело | "
    "скажем так | так вот | если можно | если не сложно | если не трудно | знаешь что | как бы это "
    "сказать | раз раз | ну это | и все такое прочее | будь добр | будь другом | будьте добры | если "
    "честно | как говорится | то есть это | что ли"
)
_GREETINGS = phrases(
    "запиши задание | запиши задачу | есть задание | есть задача | новое задание | новая задача | "
    "я тут подумал | я тут подумала | пока иду | я хотел бы попросить | я хотела бы попросить | "
    "хотел попросить | хотела попросить | я хотел попросить | я хотела попросить | "
    "еще вопрос | такой вопрос | вопрос такой | слушай сюда | "
    "добрый день | добрый вечер | доброе утро | проверка связи | тема такая | такая тема | дело такое "
    "| ситуация такая | такая фигня | такая проблема | у меня такая просьба | у меня просьба | "
    "такая просьба | просьба такая | такая "
    "задача | задача такая | сколько раз говорить | сколько можно говорить | сколько раз повторять | "
    "ох ты ж | ах ты ж | да нет же | что я хотел сказать | что я хотел | о чем я"
)  # only where a note begins
# Opening words that mean something before these.
_MEANT = {
    "так": {"как", "чтобы", "что", "же", "и"},
    "слушай": {"порт", "сокет", "адрес", "на", "localhost", "события", "событие"},
    "слушайте": {"порт", "сокет", "адрес", "на"},
    "да": {"или", "нет"}, "вообще": {"не", "нет"}, "типа": set(),
}  # fmt: skip
_WELL_THEN = {"давай", "давайте"}
_OPENS_BEFORE = {
    "что": _WELL_THEN,
    "че": _WELL_THEN,
    "чо": _WELL_THEN,
    "там": {"в", "на", "у"},
    "нет": {"не"},
    "хорошо": {"тогда", "давай", "давайте", "ну"},
    "стоп": {"а", "у", "там"},
}
_LOOK_GOES_ON = {"надо", "нужно", "там", "тут", "здесь", "я", "мне", "мы", "у", "какая", "какое", "короче",
                 "ну", "значит", "вот", "что", "сейчас", "есть", "такая", "так", "э"}  # fmt: skip

_TWICE_IS_MEANT = {"очень", "чуть", "еле", "далеко", "много", "ноль", "один", "два", "три", "четыре",
                   "пять", "шесть", "семь", "восемь", "девять", "плюс", "минус", "точка", "как",
                   "что"}  # fmt: skip
_KIND = re.compile(r"[а-я]{2,}(?:ую|юю|ый|ая|яя|ые|ых|ыми|ого|ому|дые)")  # an adjective
_SUBORDINATE = re.compile(
    r",\s+(?:где|что|чтобы|если|когда|как|почему|котор\w+|куда|кроме|включая|кто|сколько|а|но)\b", re.I
)
_HOW_TO = {"ни", "не", "нам", "мне", "это", "его", "ее", "их", "так", "я", "мы", "ты", "вы", "он"}
_SMALL = frozenset(vocabulary("small_words.txt"))


def _phrase_at(tokens: list[Word], at: int, phrases: list[tuple[str, ...]]) -> int:
    for phrase in phrases:
        if phrase[0] != tokens[at].norm:
            continue
        if tuple(t.norm for t in tokens[at : at + len(phrase)]) == phrase:
            return len(phrase)
    return 0


def _opens(tokens: list[Word], at: int) -> bool:
    """Whether the word, standing first, is only an opening."""
    norm = tokens[at].norm
    if _MISHEARD_HESITATION.match(norm) and len(tokens) > at + 1:
        return True
    following = tokens[at + 1].norm if at + 1 < len(tokens) else ""
    if norm == "стоп" and following == "не":
        forbidden = tokens[at + 2].norm if at + 2 < len(tokens) else ""
        return forbidden in ("надо", "нужно") or is_imperative(forbidden)
    if norm in _OPENS_BEFORE:
        return following in _OPENS_BEFORE[norm]
    if norm not in _OPENING or not following or following in _MEANT.get(norm, ()):
        return False
    if norm.startswith("смотри"):
        return following in _LOOK_GOES_ON or is_imperative(following)
    return (
        norm != "давай"
        or is_imperative(following)
        or following in _OPENING
        or bool(_HESITATION.match(following))
    )


def _filler(tokens: list[Word]) -> set[int]:
    """Places of the words that say nothing."""
    out: set[int] = set()
    norms = [token.norm for token in tokens]
    at, opening = 0, True
    while at < len(tokens):
        norm = tokens[at].norm
        taken = _phrase_at(tokens, at, _PHRASES + SWEAR_PHRASES + (_GREETINGS if opening else []))
        if not taken and (_HESITATION.match(norm) or norm in _ALWAYS or SWEARING.match(norm)):
            following = tokens[at + 1].norm if at + 1 < len(tokens) else ""
            meant = following in _MEANT.get(norm, ()) or (norm == "мм" and _unit(norms, at))
            taken = 0 if meant or (at and norm in _ALWAYS and WORDING.fullmatch(tokens[at - 1].norm)) else 1
        if not taken and opening and _opens(tokens, at):
            taken = 1
        if not taken and at and at - 1 in out and at + 1 < len(tokens):
            taken = 1 if norm in _BESIDE else _phrase_at(tokens, at, [("как", "бы")])
        if not taken and at and norm == tokens[at - 1].norm and _stammered(norm):
            taken = 1
        taken = taken or (chatter_at(norms, at) if opening else 0)
        taken = taken or said_for_nothing(norms, at) or nameless(norms, at)
        if not taken and at and _as_it_were(tokens, at):
            taken = 2
        opening = opening and bool(taken)
        out.update(range(at, at + taken))
        at += max(1, taken)
    mark_closing(tokens, out)
    kept = [n for n in range(len(tokens)) if n not in out][:2]
    if [tokens[n].norm for n in kept[:1]] == ["я"] and is_imperative(tokens[kept[-1]].norm):
        out.add(kept[0])  # «э добавь», heard as «я добавь»
    left = [t.norm for n, t in enumerate(tokens) if n not in out]
    if all(norm in _OPENING | CLOSING for norm in left):
        return set(range(len(tokens)))
    return out


def _unit(norms: list[str], at: int) -> bool:
    """«десять мм», «дд.мм.гггг»"""
    beside = norms[max(0, at - 1) : at + 2]
    counted = at > 0 and (norms[at - 1][-1:].isdigit() or norms[at - 1] in NUMERALS)
    return counted or any(re.fullmatch("[дгч]{2,4}", norm) for norm in beside)


def _as_it_were(tokens: list[Word], at: int) -> bool:
    """«чтобы он как бы появлялся», not «подумай как бы ускорить»."""
    following = [t.norm for t in tokens[at : at + 3]]
    return (
        following[:2] == ["как", "бы"]
        and len(following) > 2
        and not is_infinitive(following[2])
        and following[2] not in _HOW_TO
        and not is_imperative(tokens[at - 1].norm)
    )


def _stammered(norm: str) -> bool:
    """Whether a word said twice is meant once: a small word, an order, a verb. A name may be meant twice."""
    said = (
        norm in _SMALL or is_imperative(norm) or is_verb(norm) or is_infinitive(norm) or _KIND.fullmatch(norm)
    )
    return norm not in _TWICE_IS_MEANT and bool(said)


def _between_commas(text: str, word: Word) -> bool:
    """Whether a comma is after the word, and before it one too or the end of a sentence."""
    return (
        re.search(r"[,.!?] $", text[: word.start][-2:]) is not None and text[word.end : word.end + 1] == ","
    )


def _parts_clauses(before: str, after: str) -> bool:
    """«добавь тесты, (блин,) опять всё сломалось»: whether both sides of the word are whole clauses."""
    said = words(re.split(r"[.!?;:]", before[-200:])[-1])
    following = words(re.split(r"[,.!?;:]", after[:200].lstrip(", "))[0])
    goes_on = following[:1] == [] or following[0].norm in ("и", "или", "а", "но")
    return (
        len(said) > 2
        and said[-1].norm not in _SMALL
        and not goes_on
        and any(is_imperative(word.norm) or is_verb(word.norm) for word in said)
        and any(is_imperative(word.norm) or is_verb(word.norm) for word in following)
    )


def _run(text: str, tokens: list[Word], dropped: set[int], place: int) -> tuple[Word, bool]:
    """The last of the dropped words that follow one another, and whether a comma is among them."""
    end = place
    while end + 1 in dropped and not text[tokens[end].end : tokens[end + 1].start].strip(" \t,"):
        end += 1
    return tokens[end], "," in text[tokens[place].start : tokens[end].end]


def clean(text: str) -> str:
    """text without filler and swearing, "" if there is nothing else; punctuation, lines and
    spelling stay, and a text with a block of code stays as it is."""
    if "```" in text:
        return text.strip()
    text = smoothed(text)
    tokens = words(text)
    wording = {at for begin, end in labels(tokens) for at in range(begin, end)}
    apart = quoted(text, tokens)
    aside = {
        n
        for n, t in enumerate(tokens)
        if t.norm in _BESIDE | {"это", "скажем", "знаешь"} and _between_commas(text, t)
    }
    dropped = (_filler(tokens) | aside) - apart - wording
    if len(dropped) == len(tokens):
        return ""
    pieces, at = [], 0
    for place, token in enumerate(tokens):
        if place in dropped:
            if token.start < at:
                continue  # it went with the word before it
            last, inside = _run(text, tokens, dropped, place)
            before, after = text[at : token.start], text[last.end :].lstrip(" \t")
            if place and tokens[place - 1].norm == token.norm and place - 1 not in dropped:
                before = re.sub(r"[\s,…-]+$", " ", before)  # «накидай, накидай мне»
            comma = after.startswith(",") or inside
            pieces.append(re.sub(r",\s*$", " ", before) if comma else before)
            begins = re.search(r"(?:\A|[.!?…])\s*\Z", text[max(0, token.start - 3) : token.start])
            meant = _SUBORDINATE.match(after) or _parts_clauses(before, after)
            over = after.startswith(",") and (begins is not None or not meant)
            at = len(text) - len(after) + over
        elif token.norm in WRITTEN_SO and place not in apart:
            pieces += [text[at : token.start], WRITTEN_SO[token.norm]]
            at = token.end
    pieces.append(text[at:])
    if not re.search(r"\b(?:нет|или)\b\W+\w+\W*$", text):
        pieces[-1] = re.sub(r",\s+(?:да|ага|окей|ок|так|ладно|короче)([.!]?)\??\s*$", r"\1", pieces[-1])
    return _tidied("".join(pieces), text)


def _tidied(joined: str, text: str) -> str:
    """What is left of text, with its marks and capitals where they belong."""
    joined = re.sub(r"(?<=\S)[ \t]+", " ", joined)
    joined = re.sub(r"([.!?]) +[.,!]+(?!\S)", r"\1", joined)  # «… . Спасибо.»
    joined = re.sub(r" +([,.!?;:]+)(?!\S)", r"\1", joined)
    joined = re.sub(r",([.!?]+)(?!\S)", r"\1", joined)
    if not re.search(r"[.!?] [а-яё]", text):
        joined = re.sub(r"(?<=[.!?] )[а-яё]", lambda found: found.group().upper(), joined)
    return re.sub(r"^[\s,.;:!?–—-]+(?=\w)", "", joined).strip(" \t,;–—")
