"""Does a model's request keep to the dictated note? By words, numbers and names; "" means yes.

They are strict: every word that carries meaning is either the speaker's, or the same order in another
word, and none of the speaker's is missing. What fails is asked again once and then done by the local
rules, which lose nothing: a plainer request is a small loss, an invented or a dropped one a large one.
"""

import re
from collections import Counter
from collections.abc import Sequence

from skazano.understand.filler import clean
from skazano.understand.numerals import NUMERALS, numbers, totals
from skazano.understand.phonetics import likeness, normal
from skazano.understand.readings import readings
from skazano.understand.refine import said_once
from skazano.understand.sameness import meanings, same, stands_in
from skazano.understand.words import WISHES, is_imperative, vocabulary

_SMALL = frozenset(vocabulary("small_words.txt"))
_CORRECTED = re.compile(
    r"\b(?:нет лучше|лучше не|вернее|точнее|ой нет|хотя нет|нет не так|то есть нет|не надо)\b"
)
# What adds nothing to a request, and what is lost without harm.
_ADDS_NOTHING = frozenset(
    """проблему проблема ошибку ошибка ошибки сейчас текущий должен должна должно должны необходимо требуется
    следующее таким образом слишком возможность возможностью данных будет около работает устройствах проект
    проекта""".split()
)
_IDLE = re.compile(
    r"сдела\w*|дела[йт]\w*|хо(?:чу|тел\w*|чется|тим)|можешь|можно|кажется|вообще|просто|прямо|опять|снова|наконец|сегодня|"
    r"поговорить|штук\w*|вещ\w*|дел[оа]|задач\w*|какой-нибудь|как-нибудь|как-то|пожалуйста|сначала|потом|затем|"
    r"главное|давай|слушай|смотри|привет|добрый|больше|теперь|именно|перв\w+|втор\w+|треть\w+|четверт\w+|"
    r"дерьм\w*|ерунд\w*|обязательно|желательно|буквально|будем|равно|спасибо|"
    r"ошибк\w*|проблем\w*|во-первых|во-вторых|в-третьих|потому|том|это(?:му|го|м)|утра|почему|отдельн\w*|друг(?:ая|ой)|кстати|точка|слэш|слеш|дефис"
)
_COUNTED = re.compile(
    r"\b(?:две|два|три|четыре|пять|шесть)(?= (?:вещи|вещей|дела|дел|задачи|задач|пункта|пунктов|правки)\b)"
)
_LIMITS = {
    "question": r"ли",
    "only": r"только|лишь|исключительно",
    "except": r"кроме|исключ\w+|помимо",
    "all": r"вс[еию]|всех|всем|всеми|весь|вся|кажд\w+|люб\w+",
    "no": r"не|ни|нет|нельзя|без|никогда|запре\w+|not?|never|without|don",
}  # words that widen or narrow a request
_TOLD_AS_DONE = re.compile(
    r"(?:исправ|добав|удал|обнов|измен|сдела|провер|настро|выполн|созда|перене|переимен|почин|поправ|устран|напис|"
    r"загруж|установ|перепис|отправ|реализ|подготов|включ|отключ|постав|заверш|внедр)\w*?(?:[её]н|ан)[аоы]?|готово"
)


def unfaithful(dictated: str, request: str, terms: Sequence[str] = ()) -> str:
    """Why request is not the dictated note written down: something added, lost or changed; "" if it is."""
    said = said_once(dictated) or dictated
    written = re.sub(r"(?m)^\s*(?:\d{1,2}[.)]|[-*•])\s+", "", request)  # a list's own numbers
    if not written.strip():
        return "the request is empty"
    if len(written) > 1.5 * len(said) + 60:
        return "the request is longer than the note"
    heard, found = normal(said).split(), normal(written).split()
    return (
        _numbers(said, written, terms)
        or _limits(heard, found)
        or _words(heard, [*heard, *_dropped(dictated)], found, written, terms)
        or _pairs(said, written)
        or _exchanged(heard, found)
    )


def strange_words(written: str, source: str) -> list[str]:
    """The words of written that carry meaning and do not stand in source."""
    heard = normal(source).split()
    return [word for word in _contents(normal(written).split()) if not stands_in(word, heard)]


def _numbers(said: str, written: str, terms: Sequence[str]) -> str:
    before, after = totals(_COUNTED.sub("", normal(said))), totals(written)
    if extra := set(after) - numbers(" ".join([said, *terms])) - {"0", "1"}:
        return f"numbers that were not said: {', '.join(sorted(extra))}"
    if _CORRECTED.search(normal(said)):
        return ""
    if lost := set(before) - numbers(written) - {"1"}:
        return f"numbers lost: {', '.join(sorted(lost))}"
    moved = before != after and sorted(before) == sorted(after)
    return "numbers that changed places" if moved else ""


def _limits(heard: Sequence[str], found: Sequence[str]) -> str:
    """«не удаляй» must not become «удаляй», nor «на странице» «на всех страницах»."""
    for kind, pattern in _LIMITS.items():
        before, after = (sum(bool(re.fullmatch(pattern, w)) for w in words) for words in (heard, found))
        if kind == "no" and before != after and not _CORRECTED.search(" ".join(heard)):
            return "a prohibition lost" if before > after else "a prohibition that was not said"
        if kind == "no" and not _CORRECTED.search(" ".join(heard)) and (moved := _negated(heard, found)):
            return f"a prohibition of something else: {moved}"
        if kind != "no" and bool(before) != bool(after) and "равно" not in heard:
            return f"a limit lost or added: {kind}"
    return ""


def _negated(heard: Sequence[str], found: Sequence[str]) -> str:
    """A word that only one of the texts has after «не»; "" if there is none."""

    def forbidden(words: Sequence[str]) -> list[str]:
        places = [at for at, word in enumerate(words) if word == "не"]
        return [after[0] for at in places if (after := _contents(words[at + 1 : at + 5]))]

    before, after = forbidden(heard), forbidden(found)
    lone = [word for word in after if not stands_in(word, before)]
    return next(iter(lone), "")


def _exchanged(heard: Sequence[str], found: Sequence[str]) -> str:
    """«с TypeScript на JavaScript» for «с JavaScript на TypeScript»: two words have changed places."""
    places: list[tuple[int, int]] = []  # (in found, in heard)
    for at, word in enumerate(found):
        taken = {place for _, place in places}
        place = next((p for p, w in enumerate(heard) if p not in taken and same(word, w)), None)
        if place is not None and _contents([word]):
            places.append((at, place))
    for number, (one, its_place) in enumerate(places):
        for _, other_place in places[number + 1 :]:
            alike = one and other_place and same(found[one - 1], heard[other_place - 1])
            frames = its_place and other_place and heard[its_place - 1] != heard[other_place - 1]
            if other_place < its_place and alike and frames:
                return f"words that changed places: {found[one]} {heard[other_place]}"
    return ""


def _contents(words: Sequence[str]) -> list[str]:
    """The words that carry meaning."""
    return [
        w
        for w in words
        if len(w) > 2 and w not in _ADDS_NOTHING | _SMALL and not re.search(r"\d", w) and w not in NUMERALS
    ]


def _dropped(dictated: str) -> list[str]:
    """The filler of a note: to have left it is no addition."""
    return list((Counter(normal(dictated).split()) - Counter(normal(clean(dictated)).split())).elements())


def _words(
    heard: Sequence[str], spoken: Sequence[str], found: Sequence[str], written: str, terms: Sequence[str]
) -> str:
    names = re.findall(r"[A-Za-z][A-Za-z0-9]*", written)
    known = {name.lower() for term in terms for name in re.findall(r"[A-Za-z][A-Za-z0-9]*", term)}
    named, covered = _said_names(names, heard)
    if foreign := [n for n in names if n.lower() not in named | (known if len(known) < 3 else set())]:
        return f"names that were not said: {' '.join(foreign[:5])}"
    russian = [w for w in _contents(found) if not re.search("[a-z]", w)]
    complains = not any(is_imperative(w) or w in WISHES for w in heard)  # «вход падает»: it is to be mended
    strange = [
        w for w in russian if not stands_in(w, spoken) and not (complains and meanings(w) & {"fix", "make"})
    ]
    if strange:
        return f"words that were not said: {' '.join(strange[:5])}"
    if reported := [w for w in found if _TOLD_AS_DONE.fullmatch(w) and w not in heard]:
        return f"an answer, not a request: {' '.join(reported[:3])}"
    meant = [w for at, w in enumerate(heard) if at not in covered and not _IDLE.fullmatch(w)]
    contents = _contents(meant)
    lost = [w for w in contents if not stands_in(w, found)]
    allowed = 0.75 * len(contents) if _CORRECTED.search(" ".join(heard)) else 0
    return f"words lost: {' '.join(lost[:5])}" if len(lost) > allowed else ""


def _said_names(names: Sequence[str], heard: Sequence[str]) -> tuple[set[str], set[int]]:
    """(the Latin names that were said, the places of the words they were heard as)."""
    named: set[str] = set()
    covered: set[int] = set()
    runs = [range(at, at + n) for at in range(len(heard)) for n in (1, 2, 3) if at + n <= len(heard)]
    said = [(run, readings(" ".join(heard[at] for at in run))[:2]) for run in runs]
    for name in dict.fromkeys(names):
        ways = readings(name)[:6]
        scores = [
            (max((likeness(a, b) for a in ways for b in spoken), default=0.0), run) for run, spoken in said
        ]
        best = max((score for score, _ in scores), default=0.0)
        if name.lower() in heard or best >= 0.72:
            named.add(name.lower())
            covered |= {at for score, run in scores if score >= max(0.72, best - 0.08) for at in run}
    return named, covered


def _pairs(said: str, written: str) -> str:
    """«закрой доступ гостям и открой редакторам»: each order keeps its own things."""
    clauses = _clauses(said)
    for order, things in _clauses(written):
        own = [words for other, words in clauses if order and other and same(order, other)]
        beside = [words for other, words in clauses if not (order and other and same(order, other))]
        strange = [w for w in things if not any(stands_in(w, words) for words in own)]
        moved = [w for w in strange if any(stands_in(w, words) for words in beside)]
        if any(own) and things and len(moved) == len(things):
            return f"an order for something else: {order} {' '.join(moved[:3])}"
    return ""


def _clauses(text: str) -> list[tuple[str, list[str]]]:
    """(order, the words that carry meaning) from each order to the next; order "" before the first."""
    out: list[tuple[str, list[str]]] = [("", [])]
    for part in re.split(r"[.!?;:\n]", text):
        out.append(("", []))
        for word in normal(part).split():
            if is_imperative(word):
                out.append((word, []))
            else:
                out[-1][1].extend(_contents([word]) if not _IDLE.fullmatch(word) else [])
    return [clause for clause in out if clause[0] or clause[1]]
