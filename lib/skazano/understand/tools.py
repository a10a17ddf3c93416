"""Which tool was asked for: only where the note says so in plain words."""

import re
from collections.abc import Sequence

from skazano.understand.keywords import FILLER
from skazano.understand.leading import INSIDE, leads
from skazano.understand.names import Name, match, match_prefix
from skazano.understand.phonetics import likeness
from skazano.understand.readings import alike_words, endless, sound
from skazano.understand.words import is_imperative, words

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
_PERSON_MARKS = {"пусть", "попроси", "поручи", "спроси", "скажи", "отдай", "передай"}
_TELLERS = {"я", "мы", "он", "она", "они", "как", "что", "которые", "который", "кто", "умеет"}
_LOOKS = r"(?:ну |так )?(?:открой|проверь|посмотри|глянь)"
_PHRASES = {
    "note": re.compile(
        r"(?:\S+ )?(?:запиши|занеси)(?: \S+)? в (?:заметк[иу]|блокнот)\b"
        r"|(?:(?:ну|так|просто) ){0,3}запиши заметку\b"
        r"|(?:\S+ )?заметку (?:сделай|запиши)\b(?=.*\bпросто запиши\b)"
        r"|(?:(?:ну|так|э+|просто) ){0,3}сделай (?:себе |мне )?заметку (?:что|о|об|про)\b"
        r"|(?:\S+ ){0,8}в заметки закинь\b"
        r"|(?:(?:ну|так) ){0,3}просто запиши (?:идею|мысль)\b"
    ),
    "chat": re.compile(r"(?:ну |так )?спроси (?:у )?чат"),
    # Only to look: what is to be mended is another tool's.
    "browser": re.compile(
        rf"(?:{_LOOKS}(?: \S+)? в браузере|(?:(?:э|ну|так) ){{0,3}}(?:зайди|сходи) "
        r"(?:через браузер|браузером))\b"
        r"(?!.*\b(?:исправь|почини|добавь|поправь|сделай так)\b)"
    ),
}  # what nobody says but to ask for the tool
_API = {"апи", "api", "sdk", "сдк"}  # «чат работает через клод апи»
_HESITATION = re.compile(r"э+(?: э+)*|м{2,}|эм+")
_AGENTS = {"claude", "codex"}  # nobody speaks of these but to ask for them


def _named(tools: Sequence[str]) -> list[Name]:
    return [Name(t, "", _SPOKEN.get(t.split("-")[0], ())) for t in tools]


def like_tool(spoken: str) -> bool:
    """Whether this sounds like the usual name of a tool."""
    return any(alike_words(spoken, name) >= LIKELY for names in _SPOKEN.values() for name in names)


def tool_after(said: Sequence[str], at: int, plain: int) -> tuple[str | None, int]:
    """(spoken name, place after it) of the tool told after «инструмент», which ends before at: the
    likest of those before which there are only leading words; else what stands at `plain`."""
    known = [name for names in _SPOKEN.values() for name in names]
    likest, best = (_name_at(said, plain), LIKELY)
    for begins in range(at, min(at + MOST_WORDS, len(said))):
        if not leads(" ".join(said[at:begins]), INSIDE):
            continue
        for word in _apart(said[begins]):
            named = [word, *said[begins + 1 :]]
            name, count = _name_at(named, 0)
            alike = max(alike_words(name, k) for k in known) if name else 0.0
            if alike > best:
                likest, best = (name, begins + count), alike
    return likest


def _apart(word: str) -> list[str]:
    """The word, and without what ran into it: «накодекс», «выберекод», «браузердальше»."""
    cuts = range(2, len(word) - 2) if len(word) > 4 else ()
    parts = [(word[:at], word[at:]) for at in cuts]
    alone = [name for first, last in parts for name, other in ((first, last), (last, first)) if leads(other)]
    return [word, *(name for name in alone if len(name) > 2)]


def _name_at(said: Sequence[str], at: int) -> tuple[str | None, int]:
    """(one or two words, place after them): «клод код» and «кодык с» are one tool each."""
    if len(said) - at < 2 or said[at + 1] in FILLER:
        return (said[at], at + 1) if at < len(said) else (None, at)
    known = [name for names in _SPOKEN.values() for name in names]
    one, two = (max(alike_words(" ".join(said[at : at + n]), name) for name in known) for n in (1, 2))
    count = 2 if two >= max(LIKELY, one - 0.1) else 1
    return " ".join(said[at : at + count]), at + count


def match_tool(spoken: str, tools: Sequence[str]) -> str | None:
    """The tool that spoken names («клод код»), None if that is not sure."""
    found = match(spoken, _named(tools), closed=True)
    return found.slug if found.sure and not _cut_short(spoken, found.slug or "", tools) else None


def _cut_short(spoken: str, tool: str, tools: Sequence[str]) -> bool:
    """Whether it may as well be another tool's name, which goes on where this one's ends: «коды» is
    «код» or «кодекс»."""
    said = sound(spoken)
    names = {name.slug: [sound(way) for way in (name.slug, *name.aliases)] for name in _named(tools)}
    ends = [way for way in names.get(tool, ()) if len(way) < len(said)]
    longer = [way for slug, ways in names.items() if slug != tool for way in ways if len(way) >= len(said)]
    whole = max((likeness(said, way) for way in names.get(tool, ()) if way not in ends), default=0.0)
    return whole < LIKELY and any(
        way.startswith(end) and said.startswith(end) for end in ends for way in longer
    )


def asked_tool(text: str, tools: Sequence[str]) -> str | None:
    """The tool that a note clearly asks for («инструментом браузер …», «через кодекс …»), else None."""
    tokens, named = [w.norm for w in words(text) if not _HESITATION.fullmatch(w.norm)], _named(tools)
    if phrase := next((t for t, asks in _PHRASES.items() if asks.match(" ".join(tokens))), None):
        return next((tool for tool in tools if tool.split("-")[0] == phrase), None)
    for place, word in enumerate(tokens[:-1]):
        if is_imperative(tokens[place + 1]) and (tool := _by_means_of(word, named)):
            return tool
        if tokens[place + 1] == "пусть" and (tool := _is_named(word, named)) in _AGENTS:
            return tool  # «клод пусть починит»
        if word not in _PLAIN_MARKS | _WEAK_MARKS | _PERSON_MARKS:
            continue
        begin = place + 1 + (tokens[place + 1] in ("у", "это", "задачу", "эту"))
        found, _ = match_prefix(tokens[begin : begin + 3], named, most=3)
        told_of = _TELLERS & set(tokens[max(0, place - 4) : place])  # «как я пишу код через клод»
        agent = found.slug in _AGENTS and not told_of and not _API & set(tokens[begin + 1 : begin + 3])
        if found.sure and (agent or word in _PLAIN_MARKS or (word in _WEAK_MARKS and place <= 1)):
            return found.slug
    return None


def _by_means_of(word: str, named: Sequence[Name]) -> str | None:
    """«кодексом перепиши тесты»."""
    return _is_named(word, named) if word.endswith(("ом", "ем")) else None


def _is_named(word: str, named: Sequence[Name]) -> str | None:
    likely = [
        name.slug
        for name in named
        if any(alike_words(endless(word), endless(said)) >= NAMED for said in (name.slug, *name.aliases))
    ]
    return likely[0] if likely else None


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
