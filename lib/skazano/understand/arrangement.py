"""Is what was said still together, and in its order? Each order with its own things; "" means yes."""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from skazano.understand.alignment import replaced
from skazano.understand.lists import split_list
from skazano.understand.phonetics import normal
from skazano.understand.sameness import same, stands_in
from skazano.understand.weight import IDLE, contents
from skazano.understand.words import WISHES, is_imperative, is_infinitive, is_verb

_PLURAL, _SINGULAR = re.compile(r"..(?:ах|ях|ами|ями)$"), re.compile(r"..(?:[еую]|[оеё]м|ой)$")
_SHORT = {"со": "с", "во": "в", "ко": "к", "обо": "о", "об": "о"}


def rearranged(said: str, written: str, heard: Sequence[str], found: Sequence[str]) -> str:
    """What stands elsewhere in written than it was said. heard, found: their normal words."""
    heard, found = ([_SHORT.get(w, w) for w in words] for words in (heard, found))
    return (
        _pairs(said, written)
        or _exchanged(heard, found)
        or replaced(heard, found)
        or _turned_round(heard, found)
        or _many(heard, found)
    )


def _exchanged(heard: Sequence[str], found: Sequence[str]) -> str:
    """«с TypeScript на JavaScript» for «с JavaScript на TypeScript»: two words have changed places."""
    blocks = SequenceMatcher(None, found, heard, autojunk=False).get_matching_blocks()
    pairs = {at + n: place + n for at, place, size in blocks for n in range(size)}  # in found, in heard
    for at, word in enumerate(found):
        if at not in pairs and contents([word]):
            taken = set(pairs.values())
            place = next((p for p, w in enumerate(heard) if p not in taken and same(word, w)), None)
            pairs |= {at: place} if place is not None else {}
    places = sorted((at, place) for at, place in pairs.items() if contents([found[at]]))
    for number, (one, its_place) in enumerate(places):
        for _, other_place in places[number + 1 :]:
            framed = one and other_place and same(found[one - 1], heard[other_place - 1])
            frames = its_place and other_place and heard[its_place - 1] != heard[other_place - 1]
            beside = its_place - other_place == 1 and any(
                _says(w) for w in (heard[its_place], heard[other_place])
            )
            if other_place < its_place and framed and frames and not beside:
                return f"words that changed places: {found[one]} {heard[other_place]}"
    return ""


def _turned_round(heard: Sequence[str], found: Sequence[str]) -> str:
    """«выгрузи, потом удали» and «удали, но сначала выгрузи» must not become «удали и выгрузи»."""
    if {"сначала", "сперва", "прежде", "перед", "до", "после"} & set(found):
        return ""
    told = [(at, word) for at, word in enumerate(heard) if word in ("сначала", "сперва", "потом", "затем")]
    orders = [w for w in found if is_imperative(w)]
    for at, word in told:
        before, after = ([w for w in words if is_imperative(w)] for words in (heard[:at][::-1], heard[at:]))
        places = [
            next((n for n, w in enumerate(orders) if same(w, side[0])), None) if side else None
            for side in ((before, after) if word in ("потом", "затем") else (after, before))
        ]
        if None not in places and places[0] > places[1]:  # type: ignore[operator]
            return f"what comes {word} is told the other way round"
    return ""


def _many(heard: Sequence[str], found: Sequence[str]) -> str:
    """«на серверах» for «на сервере»; only by endings that nothing else has."""
    for one, other in ((heard, found), (found, heard)):
        for word in contents([w for w in one if _PLURAL.search(w)]):
            kin = [w for w in other if same(word, w)]
            if kin and all(_SINGULAR.search(w) and w[:4] == word[:4] for w in kin):
                return f"one thing for many: {word} {kin[0]}"
    return ""


def _pairs(said: str, written: str) -> str:
    """«закрой доступ гостям и открой редакторам»: each order keeps its own things."""
    clauses = [*_clauses(said), *_after_their_things(said)]
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
                out[-1][1].extend(contents([word]) if not IDLE.fullmatch(word) else [])
    return [clause for clause in out if clause[0] or clause[1]]


def _after_their_things(text: str) -> list[tuple[str, list[str]]]:
    """(order, the words before it in its clause): «и память ограничь»."""
    out = []
    for part in re.split(r"[.!?;:,\n]|\sи\s", text):
        said = normal(part).split()
        at = next((n for n, word in enumerate(said) if is_imperative(word)), 0)
        out += [(said[at], contents(said[:at]))] if at else []
    return out


def wrong_parts(said: str, parts: Sequence[str]) -> str:
    """Why parts are not the requests of a note that holds several; "" if they are."""
    if len(split_list(said)) == len(parts):
        return ""
    orders = [[w for w in normal(part).split() if _says(w)] for part in parts]
    whole = [w for w in normal(said).split() if _says(w)]
    if not all(orders) or sum(map(len, orders)) > len(whole):
        return "parts that are no requests of their own"
    firsts = [next((n for n, w in enumerate(whole) if same(w, order[0])), 0) for order in orders]
    return "" if firsts == sorted(firsts) else "parts in another order"


def _says(word: str) -> bool:
    """Whether the word makes a request or a complaint: «добавь», «нужен», «починить», «падает»."""
    return is_imperative(word) or word in WISHES or is_infinitive(word) or is_verb(word)
