"""Commas and full stops for a note that was heard without any, where Russian wants them for certain."""

import re
from collections.abc import Sequence

from skazano.understand.clauses import (
    BEGINS,
    FRONTED,
    NO_COMMA_AFTER,
    PREPOSITIONS,
    SUBJECTS,
    WHICH,
    asks,
    between_clauses,
)
from skazano.understand.labels import labels, quoted
from skazano.understand.takebacks import DAYS
from skazano.understand.words import is_imperative, is_infinitive, is_verb, words

_AFTER_ASKING = frozenset("где куда откуда кто сколько насколько какой какая какое какие каких какую".split())
_ASKS = frozenset(
    """посмотри проверь напиши покажи опиши объясни узнай выясни разберись подумай скажи убедись учти
    помни укажи запиши посчитай глянь поясни расскажи кажется видно понятно ясно знаю думаю вижу заметил
    заметила жалуются жалуется говорит говорят пишут пишет оказалось известно считаю важно сказал сказали
    спрашивают спроси посмотреть проверить узнать понять выяснить объяснить рассказать показать подсказать
    понимать знать видеть проверку проверка
    уведомление показывала показывал смотри похоже письмо сообщение объявление новость""".split()
)
_NEXT = ("во вторых", "в третьих", "в четвертых")
_TOGETHER = frozenset("даже только особенно лишь именно кроме потому так".split())  # «даже если»: before both
_ASIDE = frozenset("наверное видимо пожалуй кажется".split()) | {"по моему"}
_GERUND = re.compile(
    r"[а-я]{3,}(?:ируя|изуя|льзуя)|(?:из|под)?меняя|трогая|ломая|учитывая|сохраняя|удаляя|теряя|нарушая|дожидаясь"
)
_TO_WHOM = frozenset("мне нам тебе вам ему ей им".split())
_TALES = frozenset("проблема идея просьба задача ситуация мысль история".split())
_POINTS = frozenset("то тем том того тому те тех тот та ту все всех всем всего".split())
MOST_WORDS = 1000  # of a note; who says more without a pause is not speaking


def with_commas(text: str) -> str:
    """text with commas between its clauses, and with a full stop after a long one that an order or a
    wish follows; one that has any mark inside stays as it is: whoever wrote it has set them."""
    tokens = words(text)
    if re.search(r"[,.;:!?…–—]\s+\S|\n", text) or len(tokens) > MOST_WORDS:
        return text
    norms, apart = [token.norm for token in tokens], quoted(text, tokens)
    apart |= {at for begin, end in labels(tokens) for at in range(begin, end)}
    norms = ["цитата" if at in apart else norm for at, norm in enumerate(norms)]
    marks = dict.fromkeys([at for at in range(1, len(norms)) if _before(norms, at)], ",")
    marks |= {at: ":" for at in marks if norms[at - 1] == "так" and norms[at] in FRONTED}
    marks |= {at: ":" for at in range(2, len(norms)) if _announces(norms[at - 2 : at + 1])}
    marks |= dict.fromkeys(_after_fronted(norms), ",")
    marks = between_clauses(norms, marks)
    for at in sorted(marks.keys() - apart, reverse=True):
        start = tokens[at].start
        rest = text[start:] if marks[at] in ",:" else text[start].upper() + text[start + 1 :]
        text = f"{text[:start].rstrip()}{marks[at]} {rest}"
    asked = asks(norms[max((at for at, mark in marks.items() if mark in ".?"), default=0) :])
    return text + "?" if asked and re.search(r"\w$", text) else text


def _announces(said: Sequence[str]) -> bool:
    """«проблема такая», «такая идея», «два вопроса»"""
    if len(said) == 3 and said[0] in ("два", "две", "три") and said[1] in ("вопроса", "проблемы"):
        return True
    return "такая" in said[:2] and bool(_TALES & set(said[:2])) and not is_verb(said[2])


def _set_apart(norms: Sequence[str], at: int, following: str) -> bool:
    """Whether an aside, «хотя» or a gerund begins or has ended here."""
    norm, last = norms[at], norms[at - 1]
    if norm in _NEXT or last in _NEXT or last == "во первых" or (norm == "хотя" and following != "бы"):
        return True
    if at > 1 and norms[at - 2 : at] == ["хотя", "нет"]:
        return True
    if "кажется" in (norm, last) and (
        following == "что" or norm == "что" or _TO_WHOM & set(norms[max(0, at - 2) : at])
    ):
        return False
    gerund = _GERUND.fullmatch(following if norm == "не" else norm) and last != "не"
    return bool(gerund or norm in _ASIDE or last in _ASIDE) and last not in NO_COMMA_AFTER


def _ordered(norms: Sequence[str]) -> bool:
    return any(is_imperative(norm) or norm in ("надо", "нужно") for norm in norms)


def _before(norms: Sequence[str], at: int) -> bool:
    """Whether a comma belongs before the word at `at`."""
    norm, last = norms[at], norms[at - 1]
    following = norms[at + 1] if at + 1 < len(norms) else ""
    if _set_apart(norms, at, following):
        return True
    if norm == "только" and last not in NO_COMMA_AFTER and _ordered(norms[:at]):
        how = at + 2 == len(norms) and re.fullmatch("[а-я]{4,}о", following)
        return following == "без" or bool(how) or any(map(is_imperative, norms[at + 1 : at + 5]))
    if norm in {"потом", "затем"} and last not in NO_COMMA_AFTER:
        return is_imperative(following) or "сначала" in norms[:at] or norms.count(norm) > 1
    if not following or last in NO_COMMA_AFTER or (norm, following) == ("хотя", "бы"):
        return False
    chosen = WHICH.fullmatch(following) or (following == "чем" and last in _ASKS)
    if norm in PREPOSITIONS and (chosen or {following, last} <= DAYS):
        return True
    if norm in _TOGETHER - {"так"} and following in ("если", "когда", "что"):
        return norm != "потому" or following == "что"
    if last in PREPOSITIONS or (last in _TOGETHER and norm in ("если", "когда", "что")):
        return last == "так" and norm != "что"
    if norm == "не" and norms[at + 2 : at + 3] == ["ли"]:
        return last in _ASKS
    if WHICH.fullmatch(norm):
        return True
    if norm == "что":  # «напиши в документации, что …»
        told = is_imperative(last) or is_infinitive(last) or (is_verb(last) and last not in ("есть", "нет"))
        return told or bool(_ASKS & set(norms[max(0, at - 6) : at])) or last in _POINTS
    if norm == "то":
        return following == "есть" or (bool(FRONTED & set(norms[:at])) and last != "а")
    recent = norms[max(0, at - 3) : at]
    if norm in _AFTER_ASKING:
        asked = bool(_ASKS & set(recent)) or any(map(is_imperative, recent))
        return norm in {"где", "куда", "откуда"} or asked or last in _POINTS
    if norm == "как" and _ASKS & set(recent):
        return True
    if norm == "и" and following == "чтобы":
        return True
    if norm in {"как", "можно", "есть", "из-за"} or following == "ли":
        return last in _ASKS or (norm == "как" and last in _POINTS)
    if norm == "пока":
        return following in SUBJECTS or (
            following == "не" and not any(map(is_imperative, norms[at + 2 : at + 3]))
        )
    return norm in BEGINS and norm != "потому"


def _after_fronted(norms: Sequence[str]) -> set[int]:
    """«Если файла нет, покажи ошибку», «… и если файла нет, покажи ошибку»: where the main clause begins,
    if that is plain."""
    found = set()
    for begin in range(len(norms)):
        if norms[begin] in FRONTED and (begin == 0 or norms[begin - 1] in ("и", "а", "но")):
            found |= _main_clause(norms, begin)
    return found


def _main_clause(norms: Sequence[str], begin: int) -> set[int]:
    for at in range(begin + 2, len(norms)):
        if norms[at] in ("то", "чтобы"):
            return set()  # it has its comma
        if is_imperative(norms[at]):
            start = at - 1 if norms[at - 1] in ("не", "просто") else at
            return {start} if norms[start - 1] not in NO_COMMA_AFTER else set()
    return set()
