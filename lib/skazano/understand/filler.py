"""Filler and swearing taken out of a dictated text, everything else left as it is.

A word that is filler in one place and meaning in another («сделай заголовок короче», «что значит
ошибка») goes only where it can be filler alone.
"""

import re

from skazano.understand.words import Word, is_imperative, vocabulary, words


def _phrases(text: str) -> list[tuple[str, ...]]:
    return [tuple(phrase.split()) for phrase in text.split("|")]


# Filler wherever it stands.
_HESITATION = re.compile(r"^(?:э+м*|м{2,}|эм+|гм+|хм+|ээ+|мм+|ну)$")
# «э э» as a recogniser may write it; only where nothing has been said yet.
_MISHEARD_HESITATION = re.compile(r"^(?!ее$|ею$|ею$|ое$|ие$)[аеоуыэюя]{2,3}$")
# «вот» run into the word before it; no Russian word in these endings ends so.
_GLUED = re.compile(r"(?<=[а-яё]{4})(?<=ии|ие|ия|ой|ую|ая|ом|ах|ть)вот\b")
_ALWAYS = {"блин", "пожалуйста", "пожалуйста-пожалуйста", "вот"}
# Filler at the start, at the end, or beside other filler.
_OPENING = {"слушай", "слушайте", "короче", "так", "значит", "давай", "смотри", "смотрите", "типа", "итак",
            "кстати", "окей", "ок", "ладно", "да", "привет", "вообще", "собственно", "а", "и",
            "ой", "слышь"}  # fmt: skip
_BESIDE = {"короче", "значит", "типа", "слушай", "смотри"}
_THANKS = {"спасибо", "ага", "ладно"}  # close a note wherever they end it
# What follows one of these is its name: «на страницу спасибо», «кнопку ладно».
_NAMING = re.compile(
    r"(?:кнопк|страниц|надпис|текст|слов|сообщени|команд|раздел|пункт|поле|пол[яею]|заголов)[а-я]{0,4}|и|или"
)
# What follows one of these is wording: «на кнопке напиши большое спасибо», «замени слово пожалуйста».
_WORDING = re.compile(
    r"напиши(?:те)?|напишем|написать|написано|слов(?:о|а|у|ом|ами)|надпись(?:ю)?|фраз(?:а|у|ы|ой)"
)
# Close it only right after other filler: «возвращает окей» and «удали все» are meant.
_CLOSING = {"короче", "ладно", "окей", "ага", "да", "спасибо", "все", "так"}
_PHRASES = _phrases(
    "в общем то | в общем | это самое | так сказать | как его | короче говоря | собственно "
    "говоря | честно говоря | грубо говоря | ну это | и все такое прочее | будь добр | будь "
    "другом | будьте добры | если честно | как говорится | то есть это | что ли "
)
_CLOSING_PHRASES = _phrases(
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
_LOOK_GOES_ON = {"надо", "нужно", "там", "тут", "здесь", "я", "мне", "мы", "у", "какая", "какое", "короче",
                 "ну", "значит", "вот", "что", "сейчас", "есть", "такая", "так", "э"}  # fmt: skip

_SWEARING = re.compile(
    r"^(?:бля+|бля(?:дь|ть|ха|дский|дская|дское|дские|дского|дскую)|су(?:ка|кин|чий|чья)|нахуй|нахер|нахрен|нафиг|"
    r"на?хуя|пиздец|пизде?ц|еб(?:ана|аный|аная|аное|аные|аную|аного|аный|учий|учая|анный|анная)|"
    r"йоб(?:аный|аная)|еп(?:рст|та)|еба(?:ть|ный)|заебись|заеб(?:ал|ала|ало|али)|хуле|хули|"
    r"хуев(?:ый|ая|ое|ые|ого|ую)|хренов(?:ый|ая|ое|ые|ого|ую)|гребан(?:ый|ая|ое|ые|ого|ую)|"
    r"долбан(?:ый|ая|ое|ые|ого|ую)|чертов(?:ый|а|ый|ы|у|ого)|сраны?(?:й|я|е)|сран(?:ая|ое|ую|ого)|охуе(?:ть|нно)|"
    r"черт|блять|блеать|пипец|капец)$"
)
_SWEAR_PHRASES = _phrases(
    "твою мать | мать твою | мать его | черт с ним | черт с ней | ну его | "
    "едрена мать | какого хрена | какого хера | какого хуя | к черту | на хуй | на "
    "хер | на хрен | на фиг | едрить колотить | елки палки | пиздец как | пипец как | капец как | "
    "ебать как | охуеть как "
)
_SWEAR_MEANING = {
    "нихуя": "ничего", "нихера": "ничего", "нихрена": "ничего", "нифига": "ничего", "ни хрена": "ничего",
    "хуево": "плохо", "херово": "плохо", "хреново": "плохо", "хуйню": "ерунду", "херню": "ерунду",
    "хуйня": "ерунда", "херня": "ерунда", "хуйни": "ерунды", "херни": "ерунды",
    "дохуя": "много", "дохера": "много", "дофига": "много", "дохрена": "много",
}  # fmt: skip
_TWICE_IS_MEANT = {"очень", "чуть", "еле", "далеко", "много", "ноль", "один", "два", "три", "четыре",
                   "пять", "шесть", "семь", "восемь", "девять", "плюс", "минус", "точка", "как",
                   "что"}  # fmt: skip
_QUOTATION = r"«[^»\n]{0,2000}»|\"[^\"\n]*\"|“[^”\n]{0,2000}”|„[^“”\n]*[“”]|`[^`\n]*`|(?<!\w)'[^'\n]*'(?!\w)"
_SMALL = frozenset(vocabulary("small_words.txt"))


def _phrase_at(tokens: list[Word], at: int, phrases: list[tuple[str, ...]]) -> int:
    for phrase in phrases:
        if tuple(t.norm for t in tokens[at : at + len(phrase)]) == phrase:
            return len(phrase)
    return 0


def _opens(tokens: list[Word], at: int) -> bool:
    """Whether the word, standing first, is only an opening."""
    norm = tokens[at].norm
    if _MISHEARD_HESITATION.match(norm) and len(tokens) > at + 1:
        return True
    following = tokens[at + 1].norm if at + 1 < len(tokens) else ""
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
    at, opening = 0, True
    while at < len(tokens):
        norm = tokens[at].norm
        taken = _phrase_at(tokens, at, _PHRASES + _SWEAR_PHRASES)
        if not taken and (_HESITATION.match(norm) or norm in _ALWAYS or _SWEARING.match(norm)):
            taken = 0 if at and norm in _ALWAYS and _WORDING.fullmatch(tokens[at - 1].norm) else 1
        if not taken and opening and _opens(tokens, at):
            taken = 1
        if not taken and at and at - 1 in out and at + 1 < len(tokens):
            taken = 1 if norm in _BESIDE else _phrase_at(tokens, at, [("как", "бы")])
        if not taken and at and norm == tokens[at - 1].norm and _stammered(norm):
            taken = 1
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
        long = next(
            (
                len(p)
                for p in _CLOSING_PHRASES
                if tuple(t.norm for t in tokens[max(0, end - len(p)) : end]) == p
            ),
            0,
        )
        if _WORDING.fullmatch(tokens[end - max(long, 1) - 1].norm):
            return
        if long and end > long:
            out.update(range(end - long, end))
            end -= long
        elif end - 1 in out:
            end -= 1
        elif _NAMING.fullmatch(tokens[end - 2].norm):
            return
        elif tokens[end - 1].norm in _THANKS or (tokens[end - 1].norm in _CLOSING and end < len(tokens)):
            end -= 1
            out.add(end)
        else:
            return


def clean(text: str) -> str:
    """text without filler and swearing, "" if there is nothing else; punctuation, lines and
    spelling stay, and a text with a block of code stays as it is."""
    if "```" in text:
        return text.strip()
    text = _GLUED.sub("", text)
    tokens = words(text)
    dropped = _filler(tokens) - quoted(text, tokens)
    if len(dropped) == len(tokens):
        return ""
    pieces, at = [], 0
    for place, token in enumerate(tokens):
        if place in dropped:
            before, after = text[at : token.start], text[token.end :].lstrip(" \t")
            comma = after.startswith(",")
            pieces.append(re.sub(r",\s*$", " ", before) if comma else before)
            at = len(text) - len(after) + comma
        elif token.norm in _SWEAR_MEANING:
            pieces += [text[at : token.start], _SWEAR_MEANING[token.norm]]
            at = token.end
    pieces.append(text[at:])
    joined = re.sub(r"(?<=\S)[ \t]+", " ", "".join(pieces))
    joined = re.sub(r" +([,.!?;:]+)(?!\S)", r"\1", joined)
    return re.sub(r"^[\s,.;:!?–—-]+(?=\w)", "", joined).strip(" \t,;–—")
