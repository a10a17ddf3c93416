"""Which tool was asked for: only where the note says so in plain words."""

import re
from collections.abc import Sequence

from skazano.understand.names import Name, match, match_prefix
from skazano.understand.readings import alike_words, endless
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
NAMED = 0.9  # likeness at which a word, but for its ending, is a tool's name
MOST_WORDS = 4  # that ask for a tool
_PLAIN_MARKS = {"инструмент", "инструментом", "инструмента", "инструменту"}
_WEAK_MARKS = {"используй", "используя", "помощью", "через", "задействуй"}
_PERSON_MARKS = {"пусть", "попроси", "поручи"}
_TELLERS = {"я", "мы", "он", "она", "они", "как", "что", "которые", "который", "кто", "умеет"}
_LOOKS = r"(?:ну |так )?(?:открой|проверь|посмотри|глянь)"
_PHRASES = {
    "note": re.compile(r"(?:\S+ )?(?:запиши|занеси)(?: \S+)? в (?:заметк[иу]|блокнот)\b"),
    "chat": re.compile(r"(?:ну |так )?спроси (?:у )?чат"),
    # Only to look: what is to be mended is another tool's.
    "browser": re.compile(
        rf"{_LOOKS}(?: \S+)? в браузере\b(?!.*\b(?:исправь|почини|добавь|поправь|сделай так)\b)"
    ),
}  # what nobody says but to ask for the tool
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
    if phrase := next((t for t, asks in _PHRASES.items() if asks.match(" ".join(tokens))), None):
        return next((tool for tool in tools if tool.split("-")[0] == phrase), None)
    for place, word in enumerate(tokens[:-1]):
        if word not in _PLAIN_MARKS | _WEAK_MARKS | _PERSON_MARKS:
            continue
        found, _ = match_prefix(tokens[place + 1 : place + 4], named, most=3)
        told_of = _TELLERS & set(tokens[max(0, place - 4) : place])  # «как я пишу код через клод»
        agent = found.slug in _AGENTS and not told_of
        if found.sure and (agent or word in _PLAIN_MARKS or (word in _WEAK_MARKS and place <= 1)):
            return found.slug
    return None


def asks_for(said: str, tool: str, tools: Sequence[str]) -> bool:
    """Whether a few words of a note name the tool, and not only as something that is spoken of: «через
    кодекс», «браузером», not «в старом браузере»."""
    norms = [w.norm for w in words(said)]
    if not 0 < len(norms) <= MOST_WORDS:
        return False
    names = (tool.split("-")[0], *_SPOKEN.get(tool.split("-")[0], ()))
    at = next(
        (n for n, w in enumerate(norms) for name in names if alike_words(endless(w), endless(name)) >= NAMED),
        None,
    )
    if at is None or tool not in tools:
        return False
    marks = _PLAIN_MARKS | _WEAK_MARKS | _PERSON_MARKS | {"спроси", "запиши", "занеси", "открой"}
    return bool(marks & set(norms[:at])) or norms[at].endswith(("ом", "ем", "кой"))
