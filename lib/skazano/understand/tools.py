"""Which tool was asked for: only where the note says so in plain words."""

from collections.abc import Sequence

from skazano.understand.names import Name, alike_words, match, match_prefix
from skazano.understand.words import words

_SPOKEN = {
    "code": ("код",),
    "browser": ("браузер",),
    "note": ("заметка", "заметки", "блокнот"),
    "claude": ("клод", "клод код"),
    "codex": ("кодекс",),
    "chat": ("чат",),
    "research": ("исследование",),
}  # how a tool of this name is also called
LIKELY = 0.72  # likeness at which a second word belongs to a tool's name
_PLAIN_MARKS = {"инструмент", "инструментом", "инструмента", "инструменту"}
_WEAK_MARKS = {"используй", "используя", "помощью", "через", "задействуй"}
_AGENTS = {"claude", "codex"}  # nobody speaks of these but to ask for them


def _named(tools: Sequence[str]) -> list[Name]:
    return [Name(t, "", _SPOKEN.get(t.split("-")[0], ())) for t in tools]


def tool_length(said: Sequence[str]) -> int:
    """How many of one or two words name a tool: «клод код» and «кодык с» are one tool each."""
    if len(said) < 2:
        return len(said)
    known = [name for names in _SPOKEN.values() for name in names]
    one, two = (max(alike_words(" ".join(said[:n]), name) for name in known) for n in (1, 2))
    return 2 if two >= max(LIKELY, one - 0.1) else 1


def match_tool(spoken: str, tools: Sequence[str]) -> str | None:
    """The tool that spoken names («клод код»), None if that is not sure."""
    found = match(spoken, _named(tools), closed=True)
    return found.slug if found.sure else None


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
