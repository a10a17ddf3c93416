"""Clauses of a note that was heard without any mark: where one ends and the next begins."""

import re
from collections.abc import Sequence

from skazano.understand.words import is_imperative, is_infinitive, is_verb

WHICH = re.compile(r"котор(?:ый|ая|ое|ые|ого|ой|ую|ому|ым|ом|ых|ыми)")
PREPOSITIONS = frozenset(
    "в во на с со к ко у о об от до из за над под при про по через для без после перед вместо кроме".split()
)
BEGINS = frozenset(
    """чтобы который если когда но зато однако потому поскольку почему зачем а хотя включая причем
    кроме""".split()
)
NO_COMMA_AFTER = frozenset("и или а но да что чтобы если когда ни либо не".split())
_ORDINALS = frozenset("первое второе третье четвертое пятое шестое".split()) | {
    "во первых",
    "во вторых",
    "в третьих",
}
FRONTED = frozenset("если когда раз поскольку".split())
# Between the clauses: nothing of one's own begins right after these.
_BOUND = NO_COMMA_AFTER | PREPOSITIONS | frozenset(
    """как где куда откуда кто сколько какой какая какое какие почему зачем пока хотя чем ли бы лишь потому
    поэтому же давай давайте можешь просто только лучше сразу сначала потом затем тогда заодно нужно надо
    его ее их то ничего никого никогда никуда больше тоже теперь""".split()
)  # fmt: skip
_LEADS = _ORDINALS | frozenset(
    "теперь не просто только лучше сразу сначала потом затем тогда заодно поэтому также давай пусть".split()
)
_WHOSE = frozenset("мне нам тебе ему ей им там тут еще поэтому теперь просто".split())
_WISHES = frozenset("надо нужно хочу хочется хотелось необходимо".split())
_JOINS = frozenset("и а но".split())
SUBJECTS = frozenset("он она оно они я мы".split())
_TELLS_OF_THIS = frozenset("не уже же у очень важно срочно нужно мешает бесит неудобно".split())
_QUESTIONS = frozenset(
    "почему зачем сколько где кто какой какая какое какие каких что как можешь можете".split()
)
_ANNOUNCES = re.compile(
    r"(?:две|два|три|четыре|пять|шесть)(?: \w+)? (?:вещи|вещей|дела|дел|задачи|задач|пункта|правки|просьбы)$"
)
_FIRST_PERSON = re.compile(r"[а-я]{3,}[ую](?:сь)?")
_NOMINATIVE = re.compile(r"[а-я]{2,}(?:ые|ий|ый|ая|ое)")
_TIMES = frozenset("сейчас теперь иначе раньше вчера сегодня".split())
_ASKED = frozenset("где что пока как почему сколько какой какая какие кто куда".split())
_IN_IT = frozenset("нем ней них нему нею".split())
_SHORT = 4  # the same of a question
_LONG = 8  # words after which another thought begins a sentence of its own


def asks(sentence: Sequence[str]) -> bool:
    begin = 1 if sentence[:1] in (["а"], ["ну"]) else 0
    begin += sentence[begin : begin + 2] in (["ты", "можешь"], ["вы", "можете"])
    first = sentence[begin : begin + 1]
    asks = set(first) & _QUESTIONS or "ли" in sentence[begin + 1 : begin + 3]
    return len(sentence) > 2 and bool(asks) and not any(is_imperative(norm) for norm in sentence)


def between_clauses(norms: Sequence[str], marks: dict[int, str]) -> dict[int, str]:
    """marks, and those before what is a clause of its own without any conjunction."""
    out, clause, sentence = dict(marks), 0, 0
    for at in range(1, len(norms)):
        if at in marks:
            clause = at
        elif norms[at] in _JOINS and _begins_its_own(norms, at + 1) and _depends(norms, clause):
            out[at] = ","
            clause = at + 1
        elif norms[at] in _JOINS:
            clause = at + 1
        elif _which_is_over(norms, clause, at):
            out[at] = ","
            clause = at
        elif norms[at] == "во первых" and _ANNOUNCES.search(" ".join(norms[:at])):
            out[at] = ":"
            clause = at
        elif kind := _begins_clause(norms, at, clause):
            fronted = norms[sentence] in FRONTED
            asked = asks(norms[sentence:at])
            far = at - sentence >= (_SHORT if asked else _LONG if kind == "order" else _LONG + 2)
            long = far and len(norms) - at > 2 and not fronted and kind != "subject"
            if _ANNOUNCES.search(" ".join(norms[max(0, at - 4) : at])):
                out[at], clause = ":", at
                continue
            out[at] = "," if not long else "?" if asked else "."
            clause, sentence = at, at if long else sentence
    return out


def _depends(norms: Sequence[str], clause: int) -> bool:
    """Whether the clause is a subordinate one within a sentence."""
    return clause > 0 and (
        norms[clause] in BEGINS - {"но", "зато", "однако", "а"} | _ASKED
        or any(map(WHICH.fullmatch, norms[clause : clause + 2]))
        or "ли" in norms[clause + 1 : clause + 3]
    )


def _which_is_over(norms: Sequence[str], clause: int, at: int) -> bool:
    """«кнопка, через которую открывается чат, не работает»: the subject's own verb comes."""
    main = max((n + 1 for n in range(clause) if norms[n] in BEGINS), default=0)
    if not any(map(WHICH.fullmatch, norms[clause : clause + 2])) or any(map(_says, norms[main:clause])):
        return False
    verb = at + (norms[at] == "не")
    return verb < len(norms) and is_verb(norms[verb]) and norms[at - 1] != "не" and any(
        map(is_verb, norms[clause:at])
    )  # fmt: skip


def _begins_order(norms: Sequence[str], at: int) -> bool:
    """Whether an order begins at `at`, with what may lead it: «просто не трогай»."""
    if norms[at : at + 2] == ["не", "давай"]:
        return True
    if norms[at : at + 2] == ["ничего", "не"]:
        at += 1
    if norms[at : at + 1] == ["вместо"]:
        return any(map(is_imperative, norms[at + 2 : at + 4]))
    while at < len(norms) - 1 and norms[at] in _LEADS:
        at += 1
    return at < len(norms) and is_imperative(norms[at])


def _begins_its_own(norms: Sequence[str], at: int) -> bool:
    """Whether an order begins at `at`, or «если …» that one follows."""
    fronted = norms[at : at + 1] != [] and norms[at] in FRONTED
    return any(map(is_imperative, norms[at + 1 :])) if fronted else _begins_order(norms, at)


def _begins_clause(norms: Sequence[str], at: int, clause: int) -> str:
    """What kind of a clause begins at `at`, "" if none: the one before it must have said something."""
    norm, said = norms[at], norms[clause:at]
    if norms[at - 1] in _BOUND or WHICH.fullmatch(norms[at - 1]) or not _complete(said):
        return ""
    following = norms[at + 1 : at + 6]
    if _begins_order(norms, at):
        return "order" if not any(map(is_imperative, said)) else "next order"
    if norm in _WISHES or (norm in _WHOSE and following[:1] and following[0] in _WISHES):
        return "order"
    if norm in _TIMES and following[:1] and following[0] in SUBJECTS:
        return "subject"
    does = any(map(_says, following)) or (norm == "я" and any(map(_FIRST_PERSON.fullmatch, following[:3])))
    does = does or any(map(_NOMINATIVE.fullmatch, following[:2]))
    if norm in SUBJECTS and does and not is_imperative(norms[at - 1]):
        return "subject"
    there = norm == "там" or (norm in PREPOSITIONS and following[:1] and following[0] in _IN_IT)
    if there and following[:1] != ["где"] and any(map(is_verb, following[:4])):
        return "subject" if not is_imperative(norms[at - 1]) else ""
    if norm == "пусть":
        return "subject"
    if norm == "это" and following and following[0] in _TELLS_OF_THIS and not is_imperative(norms[at - 1]):
        return "subject"
    if is_infinitive(norm) and any(map(is_infinitive, said[:-1])) and _WISHES & set(norms[:at]):
        bound = is_infinitive(said[-1]) or is_verb(said[-1]) or _WISHES & set(said[-3:])
        return "" if bound else "subject"
    return ""


def _says(norm: str) -> bool:
    return is_verb(norm) or is_imperative(norm)


def _complete(said: Sequence[str]) -> bool:
    """Whether the words of a clause say something: they have a verb, or «тесты красные», «опять ошибка»."""
    if _ANNOUNCES.search(" ".join(said)):
        return True
    if len(said) > 1 and any(_says(norm) for norm in said if norm != "нет"):
        return True
    if said[0] in _QUESTIONS and len(said) > 2:
        return True
    if said[0] in FRONTED and any(map(is_infinitive, said)):
        return True  # «если ввести название»
    fault = {"опять", "снова", "почему", "ошибка", "опечатка", "баг", "дыра"} & set(said)
    if "нет" in said[:-1] and said[said.index("нет") + 1] not in PREPOSITIONS:
        return True  # «в договоре нет даты»
    if said[-1] in ("нет", "да"):  # «да или нет покажи»
        return len(said) > 2 and "или" not in said
    red = len(said) > 1 and _NOMINATIVE.fullmatch(said[-1]) is not None
    return bool(fault) or (red and said[-2] not in PREPOSITIONS)
