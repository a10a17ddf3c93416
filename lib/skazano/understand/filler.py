"""Filler and swearing taken out of a dictated text, everything else left as it is.

A word that is filler in one place and meaning in another («сделай заголовок короче», «что значит
ошибка») goes only where it can be filler alone.
"""

import re

from skazano.understand.labels import labels
from skazano.understand.swearing import (
    FAR,
    SWEAR_PHRASES,
    SWEARING,
    WRITTEN_SO,
    chatter_at,
    nameless,
    phrases,
    said_for_nothing,
    thanks_closing,
)
from skazano.understand.words import Word, is_imperative, is_infinitive, vocabulary, words

# Filler wherever it stands.
_HESITATION = re.compile(r"^(?:э+м*(?: [эм]+)*|м{2,}|м(?: м)+|гм+|х+м+|ну(?: у+)*|а а+)$")
# «э э» as a recogniser may write it; only where nothing has been said yet.
_MISHEARD_HESITATION = re.compile(r"^(?!ее$|ею$|ое$|ие$)[аеоуыэюя]{2,3}$")
# «вот» run into the word before it; no Russian word in these endings ends so.
_GLUED = re.compile(r"(?<=[а-яё]{4})(?<=ии|ие|ия|ой|ую|ая|ом|ах|ть)вот\b")
_ALWAYS = {"блин", "пожалуйста", "пожалуйста-пожалуйста", "вот", "плиз", "слушай", "слушайте", "алло"}
# Filler at the start, at the end, or beside other filler.
_OPENING = {"слушай", "слушайте", "короче", "так", "значит", "давай", "смотри", "смотрите", "типа", "итак",
            "кстати", "окей", "ок", "ладно", "да", "привет", "вообще", "собственно", "а", "и",
            "ой", "слышь", "ага", "угу", "о", "ох", "эх", "господи", "здравствуйте"}  # fmt: skip
_BESIDE = {"короче", "значит", "типа", "слушай", "смотри", "кстати"}
_THANKS = {"спасибо", "ага", "ладно", "а"}  # close a note wherever they end it
# What follows one of these is its name: «на страницу спасибо», «кнопку ладно».
_NAMING = re.compile(
    r"(?:кнопк|страниц|надпис|текст|слов|сообщени|команд|раздел|пункт|поле|пол[яею]|заголов|колонк|столб|ячейк|букв|класс|"
    r"вариант|блок|корпус)[а-я]{0,4}|и|или"
)
# What follows one of these is wording: «на кнопке напиши большое спасибо», «замени слово пожалуйста».
_WORDING = re.compile(
    r"напиши(?:те)?|напишем|написать|написано|слов(?:о|а|у|ом|ами)|надпись(?:ю)?|фраз(?:а|у|ы|ой)"
)
# Close it only right after other filler: «возвращает окей» and «удали все» are meant.
_CLOSING = {"короче", "ладно", "окей", "ага", "да", "спасибо", "все", "так"}
_ANSWERED = re.compile(r"наж|жм|выбер|вы(?:вед|вод)|верн|пиш|напиш|пока[жз]|ответ|отвеч|сделай")
_PHRASES = phrases(
    "в общем то | в общем | это самое | так сказать | короче говоря | собственно говоря | "
    "честно говоря | грубо говоря | кстати говоря | тут такое дело | такое дело | вот какое дело | "
    "скажем так | так вот | если можно | если не сложно | если не трудно | знаешь что | как бы это "
    "сказать | раз раз | ну это | и все такое прочее | будь добр | будь другом | будьте добры | если "
    "честно | как говорится | то есть это | что ли"
)
_GREETINGS = phrases(
    "добрый день | добрый вечер | доброе утро | проверка связи | тема такая | такая тема | дело такое "
    "| ситуация такая | такая фигня | такая проблема | у меня такая просьба | у меня просьба | "
    "такая просьба | просьба такая | такая "
    "задача | задача такая | сколько раз говорить | сколько можно говорить | сколько раз повторять | "
    "да нет же | что я хотел сказать | что я хотел | о чем я"
)  # only where a note begins
_CLOSING_PHRASES = phrases(
    "ну вот | ну вот и все | вот и все | как то так | на этом все | заранее спасибо | спасибо "
    "большое | большое спасибо "
)
# Opening words that mean something before these.
_MEANT = {
    "так": {"как", "чтобы", "что", "же", "и"},
    "слушай": {"порт", "сокет", "адрес", "на", "localhost", "события", "событие"},
    "слушайте": {"порт", "сокет", "адрес", "на"},
    "да": {"или", "нет"}, "вообще": {"не", "нет"}, "типа": set(),
}  # fmt: skip
_OPENS_BEFORE = {"там": {"в", "на", "у"}, "нет": {"не"}, "стоп": {"а", "у", "там"}}
_LOOK_GOES_ON = {"надо", "нужно", "там", "тут", "здесь", "я", "мне", "мы", "у", "какая", "какое", "короче",
                 "ну", "значит", "вот", "что", "сейчас", "есть", "такая", "так", "э"}  # fmt: skip

_TWICE_IS_MEANT = {"очень", "чуть", "еле", "далеко", "много", "ноль", "один", "два", "три", "четыре",
                   "пять", "шесть", "семь", "восемь", "девять", "плюс", "минус", "точка", "как",
                   "что"}  # fmt: skip
_SUBORDINATE = re.compile(
    r",\s+(?:где|что|чтобы|если|когда|как|почему|котор\w+|куда|кто|сколько|а|но)\b", re.I
)
_HOW_TO = {"ни", "не", "нам", "мне", "это", "его", "ее", "их", "так", "я", "мы", "ты", "вы", "он"}
_QUOTATION = r"«[^»\n]{0,2000}»|\"[^\"\n]*\"|“[^”\n]{0,2000}”|„[^“”\n]*[“”]|`[^`\n]*`|(?<!\w)'[^'\n]*'(?!\w)"
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
            meant = following in _MEANT.get(norm, ())
            taken = 0 if meant or (at and norm in _ALWAYS and _WORDING.fullmatch(tokens[at - 1].norm)) else 1
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
    _mark_closing(tokens, out)
    kept = [n for n in range(len(tokens)) if n not in out][:2]
    if [tokens[n].norm for n in kept[:1]] == ["я"] and is_imperative(tokens[kept[-1]].norm):
        out.add(kept[0])  # «э добавь», heard as «я добавь»
    left = [t.norm for n, t in enumerate(tokens) if n not in out]
    if all(norm in _OPENING | _CLOSING for norm in left):
        return set(range(len(tokens)))
    return out


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
    """Whether a word said twice is meant once: a small word or an order. A name may be meant twice."""
    return norm not in _TWICE_IS_MEANT and (norm in _SMALL or is_imperative(norm))


def quoted(text: str, tokens: list[Word]) -> set[int]:
    """Places of words in quotation marks: they are what is to be written, not how it was said."""
    spans = [m.span() for m in re.finditer(_QUOTATION, text)]
    return {n for n, t in enumerate(tokens) if any(a <= t.start < b for a, b in spans)}


def _mark_closing(tokens: list[Word], out: set[int]) -> None:
    """Add the filler that ends the note."""
    end = len(tokens)
    while end > 1:
        said = [t.norm for t in tokens[max(0, end - FAR) : end]]
        long = thanks_closing(said)
        long = long or next((len(p) for p in _CLOSING_PHRASES if tuple(said[-len(p) :]) == p), 0)
        if _WORDING.fullmatch(tokens[end - max(long, 1) - 1].norm):
            return
        if long and end > long:
            out.update(range(end - long, end))
            end -= long
        elif end - 1 in out:
            end -= 1
        elif _NAMING.fullmatch(tokens[end - 2].norm):
            return
        elif tokens[end - 1].norm in _THANKS or (
            tokens[end - 1].norm in _CLOSING and (end < len(tokens) or _agreed(tokens, end))
        ):
            end -= 1
            out.add(end)
        else:
            return


def _agreed(tokens: list[Word], end: int) -> bool:
    """«поярче поставь окей», not «нажми окей»."""
    last, order = tokens[end - 1].norm, tokens[end - 2].norm
    return last in {"окей", "ок", "да"} and is_imperative(order) and not _ANSWERED.match(order)


def _between_commas(text: str, word: Word) -> bool:
    """Whether a comma is after the word, and before it one too or the end of a sentence."""
    return (
        re.search(r"[,.!?] $", text[: word.start][-2:]) is not None and text[word.end : word.end + 1] == ","
    )


def clean(text: str) -> str:
    """text without filler and swearing, "" if there is nothing else; punctuation, lines and
    spelling stay, and a text with a block of code stays as it is."""
    if "```" in text:
        return text.strip()
    text = _GLUED.sub("", text)
    tokens = words(text)
    wording = {at for begin, end in labels(tokens) for at in range(begin, end)}
    apart = quoted(text, tokens)
    aside = {n for n, t in enumerate(tokens) if t.norm in _BESIDE | {"это"} and _between_commas(text, t)}
    dropped = (_filler(tokens) | aside) - apart - wording
    if len(dropped) == len(tokens):
        return ""
    pieces, at = [], 0
    for place, token in enumerate(tokens):
        if place in dropped:
            before, after = text[at : token.start], text[token.end :].lstrip(" \t")
            comma = after.startswith(",")
            pieces.append(re.sub(r",\s*$", " ", before) if comma else before)
            begins = re.search(r"(?:\A|[.!?…])\s*\Z", text[max(0, token.start - 3) : token.start])
            at = len(text) - len(after) + (comma and (begins is not None or not _SUBORDINATE.match(after)))
        elif token.norm in WRITTEN_SO and place not in apart:
            pieces += [text[at : token.start], WRITTEN_SO[token.norm]]
            at = token.end
    pieces.append(text[at:])
    if not re.search(r"\b(?:нет|или)\b\W+\w+\W*$", text):
        pieces[-1] = re.sub(r",\s+(?:да|ага|окей|ок|так|ладно|короче)([.!]?)\??\s*$", r"\1", pieces[-1])
    joined = re.sub(r"(?<=\S)[ \t]+", " ", "".join(pieces))
    joined = re.sub(r"([.!?]) +[.,!]+(?!\S)", r"\1", joined)  # «… . Спасибо.»
    joined = re.sub(r" +([,.!?;:]+)(?!\S)", r"\1", joined)
    joined = re.sub(r",([.!?]+)(?!\S)", r"\1", joined)
    if not re.search(r"[.!?] [а-яё]", text):
        joined = re.sub(r"(?<=[.!?] )[а-яё]", lambda found: found.group().upper(), joined)
    return re.sub(r"^[\s,.;:!?–—-]+(?=\w)", "", joined).strip(" \t,;–—")
