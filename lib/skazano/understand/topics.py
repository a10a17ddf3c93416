"""Requests that each begin with what they are about: «по сайту поменяй телефон, а по боту сделай прайс»."""

import re

from skazano.understand.words import WISHES, is_imperative, is_verb, words

# A topic where a clause begins; «теперь» says that another one does.
_TOPIC = re.compile(
    r"(?:^|(?P<stop>[.!?;,])\s{0,3}|\s{1,3})(?:(?:а|и|так|ну)\s{1,3}){0,3}(?P<now>(?:теперь|дальше)\s+)?(?P<topic>(?:по|про|насч[её]т)\s+"
    r"(?P<what>[\w-]{3,}))(?=\s*[:,–—]?\s+(?P<order>[\w-]+)(?:\s*[:,–—]?\s+(?P<next>[\w-]+))?)",
    re.I,
)
_NO_TOPIC = re.compile(
    r"(?:эт|то|та|том|одно|друго|порядк|возможност|умолчани|кругу|очеред|крайн|сути|почт|телефон|утр|вечер|ноч|"
    r"дня|понедельник|вторник|сред|четверг|пятниц|суббот|воскресен)\w*$",
    re.I,
)  # «по почте», «по вечерам»: how or when, not about what


def split_topics(text: str) -> list[str]:
    """The requests, each with its topic, if there are several and each asks for something; else []."""
    found = [m for m in _TOPIC.finditer(text) if _begins(m) and not _NO_TOPIC.match(m["what"])]
    stems = {m["what"].lower()[:4] for m in found}
    if len(stems) < len(found) or (len(found) < 2 and not any(m["now"] for m in found)):
        return []
    starts = [m.start("topic") for m in found]
    first = found[0]
    if first["now"] or text[: first.start()].strip(" ,.–—"):
        head = text[: first.start() + bool(first["stop"])]
        if not first["now"] or not any(_asks(word.norm) for word in words(head)):
            return []
        starts.insert(0, 0)
    ends = [*(m.start() for m in found[len(found) - len(starts) + 1 :]), len(text)]
    return [text[start:end].strip(" ,;–—") for start, end in zip(starts, ends, strict=True)]


def _begins(found: re.Match[str]) -> bool:
    """Whether an order follows the topic, of one word or two: «по сайту поменяй», «по новому боту сделай»."""
    later = words(found.string[found.end() :])[:14] if found["now"] else []
    return (
        _asks(found["order"])
        or _asks(found["next"] or "")
        or any(_asks(w.norm) or is_verb(w.norm) for w in later)
    )


def _asks(word: str) -> bool:
    norm = word.lower().replace("ё", "е")
    return is_imperative(norm) or norm in WISHES
