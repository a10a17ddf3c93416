"""Does a model's request keep to the dictated note? By words, numbers and names; "" means yes.

They are strict: every word that carries meaning is either the speaker's, or the same order in another
word, and none of the speaker's is missing. What fails is asked again once and then done by the local
rules, which lose nothing: a plainer request is a small loss, an invented or a dropped one a large one.
"""

import re
from collections import Counter
from collections.abc import Sequence

from skazano.understand.arrangement import rearranged
from skazano.understand.filler import clean
from skazano.understand.grounded import odd_signs
from skazano.understand.phonetics import likeness, normal
from skazano.understand.quantities import wrong_numbers
from skazano.understand.readings import readings
from skazano.understand.refine import said_once
from skazano.understand.sameness import jargon, meanings, same, stands_in
from skazano.understand.weight import IDLE, contents
from skazano.understand.words import WISHES, is_imperative

LIKE = 0.72  # likeness at which a Latin name may be what was said
SPELT = 0.9  # the same for what was heard as a Latin name itself
SURER = 0.15  # by which another name is surer to be
_CORRECTED = re.compile(
    r"\b(?:нет (?:лучше|стоп|давай|подожди|погоди|наоборот|не так)|лучше не|вернее|точнее|ой нет|хотя нет|"
    r"то есть нет|не надо(?! (?:\w+ ){0,2}\w+ть(?:ся)?\b))\b"
)
_WRITTEN_AS = {
    re.compile(said): re.compile(written)
    for said, written in (
        (r"плюс", r"\+"),
        (r"минус", r"[-−–]\s?\d"),
        (r"процент\w*", "%"),
        (r"рубл\w+", "₽|руб"),
        (r"доллар\w*", r"\$"),
        (r"градус\w*", "°"),
        (r"(?:кило|мега|гига)байт\w*|гига?|мег", "[КкKkМMГG][БбB]"),
        (r"секунд\w*", r"\d с(?:ек)?\b"),
        (r"минут\w*", r"\d мин\b"),
        (r"вечера|дня|утра|ночи", r"\d:\d\d"),
        (r"час(?:а|ов)?", r"\d ч\b|\d:\d\d"),
    )
}
_ASIDE = re.compile(
    r"\bа не (?:\S+ ){0,2}?(?:говн|дерьм|хрен|херн|хуйн)\S*|\b(?:ну )?это самое\b|\bпонятно(?= вс|$)|"
    r"\b(?:запиши|есть|новое|новая) (?:задание|задачу|задача)\b|"
    r"\b(?:я )?(?:не (?:понимаю|знаю|пойму)(?= (?:почему|как|что|зачем|где)\b)|забыл[аи]? сказать)"
)  # says nothing of what is wanted
_UNLIMITED = re.compile(
    r"\bтолько(?= (?:без|чтобы|вот|смотри|(?:\w+ )?не|коротко|быстро|аккуратно)\b)"
)  # narrows nothing
_QUESTION = re.compile(
    r"(?:\w+ ){0,2}(?:что(?! то\b)|почему|зачем|сколько|где|кто|как(?:ой|ая|ие|ое)?|чем)\b|.*\bли\b"
)
_LOOK = re.compile(r"провер|посмотр|глян|убеди|выясн|узна|разбер|разобр|скаж|объясн|ответ")
_LIMITS = {
    "question": r"ли",
    "or": r"или|либо",
    "only": r"только|лишь|исключительно",
    "except": r"кроме|исключ\w+|помимо",
    "before": r"до|перед|раньше|прежде",
    "after": r"после|спустя",
    "over": r"над",
    "all": r"вс[еию]|всех|всем|всеми|весь|вся|кажд\w+|люб\w+",
    "no": r"не|ни|нет|нельзя|без|никогда|запре\w+|not?|never|without|don",
}  # words that widen or narrow a request
_DID = re.compile(r"[а-я]{2,}[аиеу]л[аи]?")  # «откатил» for «откати»
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
    heard = _UNLIMITED.sub("", _ASIDE.sub("", normal(said))).split()
    found = _UNLIMITED.sub("", normal(written)).split()
    return (
        wrong_numbers(
            said,
            written,
            terms,
            corrected=bool(_CORRECTED.search(normal(said))),
            listed=written != request,
        )
        or odd_signs(written, dictated)
        or _limits(heard, found)
        or _words(heard, [*heard, *_dropped(dictated)], found, written, terms)
        or rearranged(said, written, heard, found)
    )


def strange_words(written: str, source: str) -> list[str]:
    """The words of written that carry meaning and do not stand in source."""
    heard = normal(source).split()
    return [word for word in contents(normal(written).split()) if not stands_in(word, heard)]


def _limits(heard: Sequence[str], found: Sequence[str]) -> str:
    """«не удаляй» must not become «удаляй», nor «на странице» «на всех страницах»."""
    for kind, pattern in _LIMITS.items():
        before, after = (sum(bool(re.fullmatch(pattern, w)) for w in words) for words in (heard, found))
        if kind == "no" and before != after and not _CORRECTED.search(" ".join(heard)):
            return "a prohibition lost" if before > after else "a prohibition that was not said"
        if kind == "no" and heard.count("не") - found.count("не") > 1:
            return "prohibitions lost"  # one may have been taken back
        if kind == "no" and not _CORRECTED.search(" ".join(heard)) and (moved := _negated(heard, found)):
            return f"a prohibition of something else: {moved}"
        if kind == "question" and _asks(heard):
            continue
        if kind != "no" and bool(before) != bool(after) and "равно" not in heard:
            return f"a limit lost or added: {kind}"
    return ""


def _asks(heard: Sequence[str]) -> bool:
    """Whether the note asks without «ли»: «можно как-то …», «почему …»."""
    return "ли" not in heard and ("можно" in heard[:4] or bool(_QUESTION.match(" ".join(heard))))


def _forbidden(words: Sequence[str]) -> list[str]:
    """The words that carry meaning right after «не»."""
    places = [at for at, word in enumerate(words) if word == "не"]
    after = [[w for w in words[at + 1 : at + 5] if not w.startswith("ни")] for at in places]
    return [told[0] for run in after if (told := contents(run))]


def _negated(heard: Sequence[str], found: Sequence[str]) -> str:
    """A word that only found has after «не»; "" if there is none."""
    before = _forbidden(heard)
    return next((word for word in _forbidden(found) if not stands_in(word, before)), "")


def contrary(line: str, request: str) -> str:
    """A word that one of a title and its request forbids and the other does not; "" if there is none."""
    title, whole = normal(line).split(), normal(request).split()
    orders = [w for w in title if is_imperative(w)]
    loose = [w for w in _forbidden(whole) if w in orders and not stands_in(w, _forbidden(title))]
    return _negated(whole, title) or next((w for w in loose if whole.count(w) == 1), "")


def _dropped(dictated: str) -> list[str]:
    """The filler of a note: to have left it is no addition."""
    return list((Counter(normal(dictated).split()) - Counter(normal(clean(dictated)).split())).elements())


def _words(
    heard: Sequence[str], spoken: Sequence[str], found: Sequence[str], written: str, terms: Sequence[str]
) -> str:
    names = re.findall(r"[A-Za-z][A-Za-z0-9]*", written)
    known = {name.lower() for term in terms for name in re.findall(r"[A-Za-z][A-Za-z0-9]*", term)}
    named, covered = _said_names(names, heard)
    for name in {name.lower() for name in names}:
        if places := jargon(name, heard):
            named.add(name)
            covered |= places
    if foreign := [n for n in names if n.lower() not in named | (known if len(known) < 3 else set())]:
        return f"names that were not said: {' '.join(foreign[:5])}"
    russian = [w for w in contents(found) if not re.search("[a-z]", w)]
    strange = [w for w in russian if not stands_in(w, spoken) and not _is_due(w, heard)]
    if strange := strange or _said_twice(russian, heard):
        return f"words that were not said: {' '.join(strange[:5])}"
    ordered = [w for w in heard if is_imperative(w)]
    did = [w for w in found if _DID.fullmatch(w) and w not in heard and stands_in(w, ordered)]
    if reported := did + [w for w in found if _TOLD_AS_DONE.fullmatch(w) and w not in heard]:
        return f"an answer, not a request: {' '.join(reported[:3])}"
    turned = {"наоборот"} if re.search(r"\b(?:нет|точнее|вернее) наоборот\b", " ".join(heard)) else set()
    meant = [
        w for at, w in enumerate(heard) if at not in covered and not IDLE.fullmatch(w) and w not in turned
    ]
    signs = [said for said, sign in _WRITTEN_AS.items() if sign.search(written)]
    lost = [w for w in contents(meant) if not (stands_in(w, found) or jargon(w, found))]
    lost = [w for w in lost if not any(sign.fullmatch(w) for sign in signs)]
    if taken_back := _CORRECTED.search(" ".join(heard)):
        kept = " ".join(heard)[taken_back.end() :].split()
        lost = [w for w in lost if w in kept] or (lost if len(lost) > 0.75 * len(contents(meant)) else [])
    return f"words lost: {' '.join(lost[:5])}" if lost else ""


def _is_due(word: str, heard: Sequence[str]) -> bool:
    """Whether the note has no order and this is the one that it calls for: «вход падает» is to be mended,
    «почему он падает» to be found out."""
    if any(is_imperative(w) for w in heard) or not meanings(word) & {"fix", "make", "look"}:
        return False
    if _QUESTION.match(" ".join(heard)):
        return bool(_LOOK.match(word))
    return not WISHES & set(heard) or word.startswith("сдела")


def _said_twice(found: Sequence[str], heard: Sequence[str]) -> list[str]:
    """The orders that only stand for one that is in the request as it was said: «почини и создай»."""

    def literal(one: str, other: str) -> bool:
        return one[:4] == other[:4]

    out = []
    for word in found:
        said = [w for w in heard if same(word, w)]
        only_meant = said and meanings(word) and not any(literal(word, w) for w in said)
        if only_meant and is_imperative(word) and all(any(literal(f, w) for f in found) for w in said):
            out.append(word)
    return out


def _is_spelt(name: str, run: Sequence[str]) -> bool:
    """Whether what was heard is a Latin name itself, and begins otherwise: GitLab is not GitHub misheard."""
    said = "".join(word for word in run if word.isascii())
    return bool(re.search("[a-z]", said)) and said[:4] != name.lower()[:4]


def _said_names(names: Sequence[str], heard: Sequence[str]) -> tuple[set[str], set[int]]:
    """(the Latin names that were said, the places of the words they were heard as). What sounds much more
    like another of the names is not taken for two."""
    runs = [range(at, at + n) for at in range(len(heard)) for n in (1, 2, 3) if at + n <= len(heard)]
    said = [(run, readings(" ".join(heard[at] for at in run))[:2]) for run in runs]
    scores: dict[str, list[tuple[float, range]]] = {}
    for name in dict.fromkeys(names):
        ways = readings(name)[:6]
        scores[name] = [
            (max((likeness(a, b) for a in ways for b in spoken), default=0.0), run) for run, spoken in said
        ]
    claims = {name: max(found, key=lambda f: f[0], default=(0.0, range(0))) for name, found in scores.items()}
    named: set[str] = set()
    covered: set[int] = set()
    for name, found in scores.items():
        others = [(score, set(run)) for other, (score, run) in claims.items() if other != name]
        free = [
            (score, run)
            for score, run in found
            if score >= (SPELT if _is_spelt(name, [heard[at] for at in run]) else LIKE)
            and not any(more - score > SURER and taken & set(run) for more, taken in others)
        ]
        best = max((score for score, _ in free), default=0.0)
        if name.lower() in heard or free:
            named.add(name.lower())
            covered |= {at for score, run in free if score >= best - 0.08 for at in run}
    return named, covered
