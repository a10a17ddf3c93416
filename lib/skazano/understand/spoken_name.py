"""The project's name in a settings phrase or before a request: where it begins and where it ends."""

import re

from skazano.understand.keywords import FILLER, is_filler, keyword
from skazano.understand.names import Named, match, match_prefix
from skazano.understand.pairs import starts
from skazano.understand.readings import alike_words
from skazano.understand.words import WISHES, Word, is_imperative

LIKELY = 0.6  # likeness at which an unsure match still tells where the name ends
RUN_IN = 0.6  # likeness of a name's end to a filler, for it to be one

NAMING = {"называется", "под", "названием", "именем", "имени", "на", "это", "будет", "по"}


def _ends_name(tokens: list[Word], at: int) -> bool:
    """Whether the word at this place cannot belong to a name: a keyword, an order, a wish."""
    norm = tokens[at].norm
    return starts(tokens, at) or is_imperative(norm) or norm in WISHES or norm in {"и", "чтобы"}


def spoken_name(tokens: list[Word], at: int, names: list[Named], tail: str = "") -> tuple[str | None, int]:
    """(the project's spoken name, first place after it), reading from at; (None, at): no name. tail is
    what «проект» before it ended in: «проекты бенч» may be «проект и бенч»."""
    begins = at
    while at < len(tokens) - 1 and (
        tokens[at].norm in NAMING or (tokens[at].norm == "с" and tokens[at + 1].norm in NAMING)
    ):
        at += 1
    stop = at
    while stop < len(tokens) and stop - at < 5 and not starts(tokens, stop):
        stop += 1
    said = [t.norm for t in tokens[at:stop]]
    found, taken = match_prefix(said, names)
    if begins < at and not found.sure:  # «по торчу» may be a name in whole
        longer, count = match_prefix([t.norm for t in tokens[begins:stop]], names)
        if longer.sure and count > at - begins:
            return " ".join(t.norm for t in tokens[begins : begins + count]), begins + count
    if tail and not found.sure:
        whole, count = match_prefix([tail, *said], names, most=6)
        if whole.sure and (count > 1 or len(tail) > 2):
            return " ".join([tail, *said][:count]), at + count - 1
    if not found.sure:
        likely = taken if found.score >= LIKELY else 0
        return _unsure(tokens, at, stop, names, likely)
    of_request = any(is_imperative(word) or word in WISHES | {"и"} for word in said[taken:])
    pair_follows = stop < len(tokens) and starts(tokens, stop)  # so what is left is a misheard filler
    return " ".join(said[:taken]), stop if pair_follows and not of_request else at + taken


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


def project_named(tokens: list[Word], at: int, names: list[Named]) -> tuple[str | None, int]:
    """(spoken name, first place after it) of «проект X» at this place; (None, at): none. After other
    words that begin so the name must be sure: «проектами лаб»."""
    key, taken = keyword(tokens, at)
    said, tail = tokens[at].norm[:6], tokens[at].norm[6:]
    if key != "project" and not re.fullmatch("проект(?!н|ир|ор)[а-я]{1,3}", tokens[at].norm):
        return None, at
    name, after = spoken_name(tokens, at + (taken or 1), names, tail if said == "проект" else "")
    if key == "project" or (name and match(name, names).sure):
        return name, after
    return None, at
