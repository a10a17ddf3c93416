"""Explicit lists in a note: «первое … второе …», «нужно три вещи …», numbered lines."""

import re
from collections.abc import Sequence

from skazano.understand.phonetics import normal
from skazano.understand.sameness import same
from skazano.understand.topics import split_topics
from skazano.understand.words import WISHES, Word, is_imperative, is_infinitive, vocabulary, words

_ORDINALS = (
    ("первое", "первая", "первый", "во-первых", "первым делом"),
    ("второе", "вторая", "второй", "во-вторых"),
    ("третье", "третья", "третий", "в-третьих"),
    ("четвертое", "четвертая", "четвертый", "в-четвертых"),
    ("пятое", "пятая", "пятый", "в-пятых"),
    ("шестое", "шестая", "шестой", "в-шестых"),
    ("седьмое", "седьмая", "седьмой", "в-седьмых"),
    ("восьмое", "восьмая", "восьмой", "в-восьмых"),
)  # fmt: skip
_PREFIX_OF_ORDINAL = {"задача", "дело", "пункт", "вещь", "во", "в", "и"}
_SUFFIX_OF_ORDINAL = {"и", "э", "ну", "то", "задача", "дело", "пункт", "вещь", "это"}
_CARDINALS = tuple((word,) for word in "раз два три четыре пять шесть семь восемь".split())
_REFUSED = re.compile(r"\b(?:(?:нет|ой|хотя)(?: \w+)?|второе|третье|последнее) не (?:надо|нужно|делай)\b")
_COUNTS = {"две": 2, "два": 2, "три": 3, "четыре": 4, "пять": 5, "шесть": 6, "семь": 7, "восемь": 8}
_ANNOUNCED = re.compile(
    r"\b(сделай|надо|нужно|нужны|необходимо)(?: \w+)? (две|два|три|четыре|пять|шесть|семь|восемь)(?: \w+)? "
    r"(?:вещи|вещей|дела|дел|задачи|задач|пункта|пунктов|правки|правок)\b"
)
_COUNTED = re.compile(
    r"(?:(?:сделай|надо|нужно|есть|у меня|тут|мне|сделать|такие|итак) )*(две|три|четыре|пять|шесть) "
    r"(?:вещи|вещей|дела|дел|задачи|задач|пункта|пунктов|правки|правок|просьбы|просьб)"
    r"(?: (?:надо|нужно|сделать|тебе|накопилось|набралось))*(?= )"
)
_ANOTHER = re.compile(
    r"(?<![\s,.;])[\s,.;]+(?:(?:(?:и|а|ну\s+и)\s+)?(?:(?:ещё|еще)\s+)?"
    r"(?:(?:одна|другая|вторая|третья|отдельная|следующая)(?:\s+отдельная)?\s+(?:задача|просьба|вещь|штука)|"
    r"(?:у\s+меня\s+)?(?:к\s+тебе\s+)?(?:совсем\s+)?другое\s+дело|другой\s+вопрос|"
    r"(?:отдельной|другой|второй|третьей)\s+задачей|(?:второе|другое|отдельное|следующее)\s+(?:дело|поручение)|"
    r"(?:теперь\s+)?(?:по|про)\s+(?:другому\s+вопросу|другое|другой\s+теме))|(?:и|а)\s+(?:(?:ещё|еще)\s+)?отдельно(?:[\s,]+(?:и\s+)?(?:это\s+)?совсем\s+другое)?(?!\s+от\b)|"
    r"(?:так\s+)?(?:дальше[\s,]+)?смена\s+темы|(?:(?:и|а)[\s,]+)*(?:(?:ещё|еще)[\s,]+)?пока\s+не\s+забыла?|"
    r"(?:(?:и|а|потом|теперь)\s+){0,2}(?:совсем\s+)?из\s+другой\s+оперы|(?:и\s+)?напоследок|и\s+последнее|"
    r"(?:и\s+)?(?:ещё|еще)\s+одно[\s,]+к\s+\w+\s+(?:это\s+)?не\s+относится|"
    r"(?:(?:потом|теперь|плюс|и|а)[\s,]+){0,3}(?:(?:ещё|еще)\s+одно[\s,]+)?(?:это\s+)?(?:(?:уже|вообще|совсем)\s+){0,2}"
    r"(?:не\s+(?:по\s+теме|в\s+тему)|(?:левая|другая)\s+тема|(?:уже|вообще|совсем)\s+другое)|"
    r"(?:(?:и|а)[\s,]+)?(?:кстати[\s,]+)?раз\s+уж\s+(?:вспомнил\w*|заговорил\w*|зашла\s+речь|на\s+то\s+пошло|я\s+тут|начал\w*)|"
    r"а[\s,]+и\s+да(?=,))"
    r"(?:\s+это)?[\s,.:–—-]+",
    re.I,
)
_LOOSELY = re.compile(r"\b(?:из другой оперы|и последнее|(?:и|а) еще отдельно|не относится)\b")
_ALSO = re.compile(
    r"(?<![\s,.;])[\s,.;]+(?:(?:и|а|ну\s+и|да\s+и|да)\s+)?(?:ещё|еще|также|кроме\s+того|помимо\s+этого|плюс|кстати)"
    r"(?:\s+(?:вот|кстати|такое|такой\s+момент|такая\s+просьба|одна\s+просьба|одно|надо|нужно|хочу))*[\s,:–—-]+",
    re.I,
)
_POINTS_BACK = frozenset(
    """его ее их он она оно они ему ей им нее него них там туда тут здесь оттуда это этот эта эту этого этой
    эти этих этом тот та ту тоже такой такую такая такие такое обратно рядом результат результаты после потом
    затем""".split()
)
_GOES_ON = re.compile(
    r"провер|прогон|закомм?ит|запуш|задепло|выложи|выкати|перезапус|запусти|пока[жз]|скажи|сообщи|убедись|пришли|"
    r"посмотри|глянь|не$|отпиши"
)
_QUESTIONS = frozenset("почему сколько как где кто что зачем когда".split())
_SMALL = frozenset(vocabulary("small_words.txt"))
_PLACES = frozenset("в во на с со к ко о об от до из за под при про по для".split())
_ENOUGH = 3  # words of weight in a request that is one by itself
_LIST_HEADER = re.compile(
    r"^(?:сделай(?:те)?|надо|нужно|есть|у|меня|нас|для|тебя|тут|мне|вот|еще|следующ\w+|пару|пара|нескольк\w+|две|два|три|ри|"
    r"четыре|пять|шесть|семь|восемь|[а-я]{0,4}вещ\w*|дел\w?|задач\w*|пункт\w*|поручени\w*|сделать|такие|такое|список|"
    r"по|пунктам|порядку|вот|что|необходимо|хочу|чтобы|ты|сделал|разных|отдельных|\d+|значит|короче|и|нам|так|ну|итак|правк\w*)$"
)


def _recut(tokens: list[Word]) -> list[Word]:
    """The words with an ordinal and an order cut where they belong: «треть еудали» is «третье удали»."""
    forms = [form for ordinals in _ORDINALS for form in ordinals if " " not in form and "-" not in form]
    out: list[Word] = []
    skip = False
    for at, token in enumerate(tokens):
        following = tokens[at + 1] if at + 1 < len(tokens) else None
        if skip:
            skip = False
            continue
        for form in forms:
            cut = len(form) - len(token.norm)
            if cut < 0 and token.norm.startswith(form) and is_imperative(token.norm[cut:]):
                middle = token.start + len(form)
                out += [Word(form, token.start, middle), Word(token.norm[cut:], middle, token.end)]
                break
            if not (following and 0 < cut < len(following.norm) and len(token.norm) > 2):
                continue
            if token.norm + following.norm[:cut] == form and is_imperative(following.norm[cut:]):
                middle = following.start + cut
                out += [Word(form, token.start, middle), Word(following.norm[cut:], middle, following.end)]
                skip = True
                break
        else:
            out.append(token)
    return out


def _ordinal_places(
    tokens: list[Word], announced: bool, counted: Sequence[tuple[str, ...]] = _ORDINALS
) -> list[tuple[int, int]]:
    """(first word, first word of the item) of «первое», «второе» … in order. An item that is no
    order itself counts only in a list that was announced («нужно три вещи»)."""
    found: list[tuple[int, int]] = []
    for at, token in enumerate(tokens):
        if len(found) == len(counted):
            break
        wanted = {o.replace("-", " ") for o in counted[len(found)]}
        joined = {token.norm, f"{tokens[at - 1].norm} {token.norm}" if at else ""}
        if not wanted & joined:
            continue
        start, item = at, at + 1
        while (
            start and tokens[start - 1].norm in _PREFIX_OF_ORDINAL and (not found or start - 1 > found[-1][1])
        ):
            start -= 1
        while item < len(tokens) and tokens[item].norm in _SUFFIX_OF_ORDINAL:
            item += 1
        if item < len(tokens) and (
            announced
            or is_imperative(tokens[item].norm)
            or tokens[item].norm in WISHES
            or (found and tokens[item].norm in _QUESTIONS)
        ):
            found.append((start, item))
    return found


def split_list(text: str) -> list[str]:
    """The requests of an explicit list («первое … второе …», «1. … 2. …»), else []."""
    lines = [ln.strip() for ln in text.splitlines() if ln.strip()]
    numbered = [re.sub(r"^(?:\d{1,2}[.)]|[-*•])\s+", "", ln) for ln in lines]
    marked = [a != b for a, b in zip(lines, numbered, strict=True)]
    if len(lines) > 2 and all(marked[1:]) and not marked[0] and _generic(words(lines[0])):
        lines, numbered, marked = lines[1:], numbered[1:], marked[1:]
    if len(lines) > 1 and all(marked):
        begins = [words(item)[:1] for item in numbered]
        if all(b and (is_imperative(b[0].norm) or b[0].norm in WISHES) for b in begins):
            return numbered
        return []
    if _REFUSED.search(normal(text)):
        return []
    if parts := _apart(text) or _announced_orders(text) or _unrelated(text) or split_topics(text):
        return parts
    tokens = _recut(words(text))
    places = _ordinal_places(tokens, announced=False)
    if len(places) < 2:
        places = _ordinal_places(tokens, announced=False, counted=_CARDINALS)
    said = _ANNOUNCED.search(normal(text))
    if len(places) < 2 and said:
        places = _ordinal_places(tokens, announced=True)
        places = places if len(places) == _COUNTS[said.group(2)] else []
    if len(places) < 2:
        places = _asking(text, tokens, _ordinal_places(tokens, announced=True))
    if len(places) < 2 or not _generic(tokens[: places[0][0]]):
        return []
    wish = f"{said.group(1)}: " if said and not is_imperative(tokens[places[0][1]].norm) else ""
    items = []
    for number, (_, item) in enumerate(places):
        end = tokens[places[number + 1][0]].start if number + 1 < len(places) else len(text)
        items.append(wish + re.sub(r"\s+и$", "", text[tokens[item].start : end].strip(" ,;:–—\n")))
    return items


def _asking(text: str, tokens: list[Word], places: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The places of items that each ask for something of their own: «первое, на сайте поменяй телефон»;
    else []."""
    if len(places) < 2:
        return []
    ends = [*(tokens[start].start for start, _ in places[1:]), len(text)]
    items = [text[tokens[item].start : end] for (_, item), end in zip(places, ends, strict=True)]
    back = any(_POINTS_BACK & {word.norm for word in words(item)} for item in items[1:])
    return places if all(map(_asks, items)) and not back else []


def _asks(part: str) -> bool:
    said = words(part)[:14]
    return any(is_imperative(w.norm) or w.norm in WISHES for w in said) or is_infinitive(
        said[0].norm if said else ""
    )


def _apart(text: str) -> list[str]:
    """«исправь опечатку и отдельной задачей сделай выгрузку»: each part asks for something, else []."""
    parts = _ANOTHER.split(text)
    if _LOOSELY.search(normal(text)) and not _strangers(parts):
        return []
    if len(parts) < 2 or not all(map(_asks, parts[1:])):
        return []
    said = words(parts[0])
    if header := _COUNTED.match(" ".join(word.norm for word in said)):
        parts[0] = parts[0][said[len(header.group().split())].start :]
    return parts if _asks(parts[0]) else []


def _strangers(parts: Sequence[str]) -> bool:
    """Whether each part but the first begins with an order, and none speaks of what another does."""
    said = [[word.norm for word in words(part)] for part in parts]
    for number, part in enumerate(said[1:], 1):
        begins = part and is_imperative(part[0]) and not _GOES_ON.match(part[0])
        before = {norm for one in said[:number] for norm in one if norm not in _SMALL}
        own = {norm for at, norm in enumerate(part) if part[at - 1 : at] != ["чтобы"]}  # «скрипт, чтобы он …»
        if not begins or (_POINTS_BACK | before) & own or said[number - 1][-1:] == ["первое"]:
            return False
    return True


def _announced_orders(text: str) -> list[str]:
    """«три задачи: почини поиск, обнови логотип и удали баннер»: as many orders as were announced."""
    tokens = words(text)
    said = _COUNTED.match(" ".join(token.norm for token in tokens))
    if not said:
        return []
    header = len(said.group().split())
    starts = [n for n in range(header, len(tokens)) if is_imperative(tokens[n].norm)]
    if not starts or starts[0] != header or len(starts) != _COUNTS[said.group(1)]:
        return []
    ends = [*(tokens[n].start for n in starts[1:]), len(text)]
    return [
        re.sub(r"[\s,;]+(?:и|а)$", "", text[tokens[n].start : end].strip(" ,;:–—\n"))
        for n, end in zip(starts, ends, strict=True)
    ]


def _unrelated(text: str) -> list[str]:
    """«почини вход через гугл и ещё обнови список вакансий на сайте»: requests that have nothing in
    common, each whole by itself, else []."""
    parts = [part.strip() for part in _ALSO.split(text)]
    heavy = [[w.norm for w in words(part) if w.norm not in _SMALL] for part in parts]
    if len(parts) < 2 or any(
        len(one) < _ENOUGH or not _asks(part) for one, part in zip(heavy, parts, strict=True)
    ):
        return []
    for number, part in enumerate(parts):
        said = [w.norm for w in words(part)]
        if number and len(heavy[number]) < 5 and not _PLACES & set(said):
            return []  # «добавь автора к статьям и ещё добавь дату»: to the same
        if number and (_POINTS_BACK & set(said) or not is_imperative(said[0]) or _GOES_ON.match(said[0])):
            return []
        before = [norm for one in heavy[:number] for norm in one if not is_imperative(norm)]
        if any(same(norm, other) for norm in heavy[number] if not is_imperative(norm) for other in before):
            return []
    return parts


def split_numbered(text: str) -> list[str]:
    """The requests of a written list, word for word, else []: each line is one, numbered 1, 2, 3 … from
    its first column, and begins with an order; only words that announce a list may stand before."""
    lines = [ln.rstrip() for ln in text.splitlines() if ln.strip()]
    if lines and not re.match(r"1[.)]\s", lines[0]) and _generic(words(lines[0])):
        del lines[0]
    items = []
    for number, line in enumerate(lines, 1):
        found = re.fullmatch(rf"{number}[.)]\s+(.+)", line)
        first = words(found.group(1))[:1] if found else []
        if not found or not first or not (is_imperative(first[0].norm) or first[0].norm in WISHES):
            return []
        items.append(found.group(1))
    return items if len(items) > 1 else []


def _generic(header: list[Word]) -> bool:
    return all(_LIST_HEADER.match(t.norm) for t in header)
