"""The project's name in a settings phrase or before a request: where it begins and where it ends."""

import re
from collections.abc import Collection

from skazano.understand.keywords import FILLER, SWITCH, is_filler, keyword
from skazano.understand.leading import leads
from skazano.understand.names import Named, match, match_prefix
from skazano.understand.pairs import is_pair, starts
from skazano.understand.readings import alike_words
from skazano.understand.words import IMPERATIVES, WISHES, Word, is_imperative

LIKELY = 0.6  # likeness at which an unsure match still tells where the name ends
LONGEST = 6  # words of a name: «а е эс двести пятьдесят шесть»
WELL_HEARD = 0.85  # likeness of a name that is not looked for further on
MOST_MISHEARD = 3  # words before a name that may be misheard «поменяй на»
MOST_ODD = 2  # words between a name and a pair that may sound like nothing that leads to it
RUN_IN = 0.6  # likeness of a name's end to a filler, for it to be one

NAMING = {"называется", "под", "названием", "именем", "имени", "на", "это", "будет", "по"}
# Between «настройки проект» and the name; before a request they may belong to it: «в проекте поменяй цвет».
NAMING_SET = frozenset(
    NAMING | SWITCH | {"теперь", "сейчас", "у", "нас", "такой", "пусть", "значит", "пожалуйста"}
)


def _ends_name(tokens: list[Word], at: int) -> bool:
    """Whether the word at this place cannot belong to a name: a keyword, an order, a wish."""
    norm = tokens[at].norm
    return starts(tokens, at) or is_imperative(norm) or norm in WISHES or norm in {"и", "чтобы"}


def spoken_name(
    tokens: list[Word], at: int, names: list[Named], tail: str = "", naming: Collection[str] = NAMING
) -> tuple[str | None, int]:
    """(the project's spoken name, first place after it), reading from at; (None, at): no name. tail is
    what «проект» before it ended in: «проекты бенч» may be «проект и бенч». naming: words that may lead
    to the name."""
    begins = at
    while at < len(tokens) - 1 and (
        tokens[at].norm in naming or (tokens[at].norm == "с" and tokens[at + 1].norm in naming)
    ):
        at += 1
    stop = at
    while stop < len(tokens) and stop - at < LONGEST and not starts(tokens, stop):
        stop += 1
    said = [t.norm for t in tokens[at:stop]]
    found, taken = match_prefix(said, names, LONGEST)
    if begins < at and not found.sure:  # «по торчу» may be a name in whole
        longer, count = match_prefix([t.norm for t in tokens[begins:stop]], names)
        if longer.sure and count > at - begins:
            return " ".join(t.norm for t in tokens[begins : begins + count]), begins + count
    if naming is not NAMING and found.score < WELL_HEARD:
        led = _misheard_leading(said, names, taken)
        at, said = at + led, said[led:]
        found, taken = match_prefix(said, names, LONGEST) if led else (found, taken)
    if tail and not found.sure:
        whole, count = match_prefix([tail, *said], names, most=6)
        if whole.sure and (count > 1 or len(tail) > 2):
            return " ".join([tail, *said][:count]), at + count - 1
    if not found.sure:
        likely = taken if found.score >= LIKELY else 0
        return _unsure(tokens, at, stop, names, likely)
    of_request = any(is_imperative(word) or word in WISHES | {"и"} for word in said[taken:])
    left = said[taken:]  # before a pair it is a misheard filler
    pair_follows = (
        stop < len(tokens) and is_pair(tokens, stop) and (len(left) <= MOST_ODD or leads(" ".join(left)))
    )
    return " ".join(said[:taken]), stop if pair_follows and not of_request else at + taken


def _misheard_leading(said: list[str], names: list[Named], taken: int) -> int:
    """How many words before the name are «поменяй на» misheard: «проект сменина кеш фло». taken: the
    words of what would be the name without this."""
    most = min(MOST_MISHEARD, len(said) - 1)
    order = next((n for n, word in enumerate(said) if word in IMPERATIVES | WISHES), most)
    led = [count for count in range(1, min(most, order) + 1) if leads(" ".join(said[:count]), NAMING_SET)]
    sure = (count for count in led if match_prefix(said[count:], names)[0].sure)
    unsure = (count for count in led if count >= taken and not is_imperative(said[count]))
    return next(sure, next(unsure, 0))


def _unsure(
    tokens: list[Word], at: int, stop: int, names: list[Named], likely: int
) -> tuple[str | None, int]:
    """Where a name ends that is none for sure; likely: words of it that are like one, or 0."""
    end = at
    if stop - at > 1 and tokens[at].norm == "и" and not _ends_name(tokens, at + 1):
        end += 1  # «и бенч»
    while end < stop and not _ends_name(tokens, end):
        end += 1
    if end == at:
        return None, at
    if end == stop < len(tokens) and starts(tokens, stop):  # a keyword tells where it ends
        while end - at > 1 and is_filler(tokens, end - 1):
            end -= 1
        return _without_filler(" ".join(t.norm for t in tokens[at:end]), names), end
    if likely and at + likely < end:
        end = at + likely
    elif end - at > 3:
        end = at + 1  # no verb and no keyword in sight: a name is most often one word
    return " ".join(t.norm for t in tokens[at:end]), end


def _without_filler(name: str, names: list[Named]) -> str:
    """The name without a filler that it ran into, if it is sure only so: «складно» is «склад, ну»."""
    for at in range(len(name) - 1, 2, -1):
        if any(alike_words(name[at:], f) >= RUN_IN for f in FILLER) and match(name[:at], names).sure:
            return name[:at]
    return name


def project_named(
    tokens: list[Word], at: int, names: list[Named], naming: Collection[str] = NAMING
) -> tuple[str | None, int]:
    """(spoken name, first place after it) of «проект X» at this place; (None, at): none. After other
    words that begin so the name must be sure: «проектами лаб»."""
    key, taken = keyword(tokens, at)
    said, tail = tokens[at].norm[:6], tokens[at].norm[6:]
    if key != "project" and not re.fullmatch("[пкт]роект(?!н|ир|ор)[а-я]{1,3}", tokens[at].norm):
        return None, at
    name, after = spoken_name(tokens, at + (taken or 1), names, tail if said[1:] == "роект" else "", naming)
    if key == "project" or (name and match(name, names).sure):
        return name, after
    return None, at
