"""Which tool was asked for: only where the note says so in plain words."""

from collections.abc import Sequence

from skazano.understand.names import Name, match_prefix
from skazano.understand.words import words

_SPOKEN = {
    "browser": ("браузер",),
    "note": ("заметка", "заметки", "блокнот"),
    "claude": ("клод", "клод код"),
    "codex": ("кодекс",),
    "chat": ("чат",),
    "research": ("исследование",),
}  # how a tool of this name is also called
_PLAIN_MARKS = {"инструмент", "инструментом", "инструмента", "инструменту"}
_WEAK_MARKS = {"используй", "используя", "помощью", "через", "задействуй"}
_AGENTS = {"claude", "codex"}  # nobody speaks of these but to ask for them


def _named(tools: Sequence[str]) -> list[Name]:
    return [Name(t, "", _SPOKEN.get(t.split("-")[0], ())) for t in tools]


def match_tool(spoken: str, tools: Sequence[str]) -> str | None:
    """The tool that spoken names («клод код»), None if that is not sure."""
    found, taken = match_prefix(spoken.split(), _named(tools), most=3)
    return found.slug if taken and found.sure else None


def asked_tool(text: str, tools: Sequence[str]) -> str | None:
    """The tool that a note clearly asks for («инструментом браузер …», «через кодекс …»), else None."""
    tokens, named = [w.norm for w in words(text)], _named(tools)
    for place, word in enumerate(tokens[:-1]):
        if word not in _PLAIN_MARKS and word not in _WEAK_MARKS:
            continue
        found, _ = match_prefix(tokens[place + 1 : place + 4], named, most=3)
        if found.sure and (word in _PLAIN_MARKS or place <= 1 or found.slug in _AGENTS):
            return found.slug
    return None
