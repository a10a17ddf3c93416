"""What a settings phrase sets, and the reading of one pair of it."""

import msgspec

from skazano.understand.actions import Action
from skazano.understand.keywords import BETWEEN, FILLER, LANGS, MAKE, MODES, SWITCH, Mode, keyword
from skazano.understand.names import Named, match, match_prefix
from skazano.understand.pairs import next_pair, pair_apart, pair_by_sound, starts
from skazano.understand.readings import sounds_like
from skazano.understand.spoken_name import LONGEST, NAMING, NAMING_SET, project_named
from skazano.understand.tools import like_tool, tool_after
from skazano.understand.words import WISHES, Word, is_imperative

SURE = 0.9  # likeness at which no other way to read a pair is looked for

_TO_VALUE = FILLER | NAMING | SWITCH | MAKE | BETWEEN
_AMENDS = {"нет", "ой", "точнее", "вернее"}
_ALL = {"все", "всего", "всех", "мои", "настройки", "настроек", "полностью"}


class Settings(msgspec.Struct):
    """What a settings phrase sets; None means it was not mentioned. rest is the request left over, unclear
    what was not understood where nothing was."""

    project: str | None = None
    mode: Mode | None = None
    tool: str | None = None
    lang: str | None = None
    reset: bool = False
    action: Action | None = None
    name: str | None = None
    rest: str = ""
    unclear: str = ""


def read_pair(tokens: list[Word], at: int, names: list[Named], into: Settings) -> int:
    """Read one keyword and its value into `into`; the place after them, or `at` if there is none."""
    key, taken = keyword(tokens, at)
    value = at + taken
    if key == "reset":
        return _read_reset(tokens, at, value, into)
    while key not in (None, "project") and value < len(tokens) - 1 and tokens[value].norm in _TO_VALUE:
        value += 1
    name, after = project_named(tokens, at, names, NAMING_SET)
    if name and into.project:
        return at  # a second one is the request's: «добавь проект договора»
    if name:
        into.project = name
        return after
    if key == "project":
        return len(tokens) if value >= len(tokens) else at
    if key == "tool":
        into.tool, after = tool_after([t.norm for t in tokens], at + taken, value)
        if tokens[at].norm == "инструмента" and not like_tool(into.tool or ""):  # «… инструмента выделения»
            into.tool, after = None, at
        return after
    return _read_choice(tokens, at, value, key, into)


def told_for_sure(tokens: list[Word], at: int, names: list[Named]) -> bool:
    """Whether a project or a tool that there is is named here, so that what stands before leads to it."""
    key, taken = keyword(tokens, at)
    if key == "tool":
        return like_tool(tool_after([t.norm for t in tokens], at + taken, at + taken)[0] or "")
    name = project_named(tokens, at, names, NAMING_SET)[0] if key == "project" else None
    return name is not None and match(name, names).sure


def another_project(tokens: list[Word], at: int, names: list[Named], into: Settings) -> int:
    """Read a second project: it puts the first right («нет, киноклуб»), or both are kept, so that it is
    asked which; the place after it, or `at`."""
    place = at
    while place < len(tokens) - 1 and tokens[place].norm in _AMENDS:
        place += 1
    name, after = project_named(tokens, place, names, NAMING_SET)
    if name is None and place > at:
        found, taken = match_prefix([t.norm for t in tokens[place:]], names, LONGEST)
        after = place + taken
        if found.sure and (after == len(tokens) or orders(tokens[after:])):
            name = " ".join(t.norm for t in tokens[place:after])
    meant = match(name, names) if name and into.project else None
    if meant is None or not meant.sure:
        return at
    if place > at:
        into.project = name
    elif match(into.project or "", names).slug != meant.slug:
        into.project = f"{into.project} или {name}"
    return after


def _read_reset(tokens: list[Word], at: int, after: int, into: Settings) -> int:
    """«сброс», «сбрось всё», «сбросить все настройки»; not «сбрось кэш», which is a request."""
    while after < len(tokens):
        words = [t.norm for t in tokens[after : after + 2]]
        apart = len(words) > 1 and sounds_like(" ".join(words), "настройки", 0.85)  # «настрой к»
        if not apart and words[0] not in _ALL and not sounds_like(words[0], "настройки", 0.8):
            break
        after += 1 + apart
    follows = tokens[after].norm if after < len(tokens) else ""
    ordered = tokens[at].norm in {"сбрось", "сбросить"} and after == at + 1
    if (
        ordered
        and follows
        and not (begins(follows) or follows in FILLER or starts(tokens, next_pair(tokens, after)))
    ):
        return at
    into.reset = True
    return after


def orders(left: list[Word]) -> bool:
    """Whether a request begins with these words: «поставь», which may lead to a pair, orders here."""
    for word in left:
        if begins(word.norm) or word.norm not in FILLER:
            return begins(word.norm)
    return False


def begins(word: str) -> bool:
    """Whether a request may begin with this word for sure."""
    return is_imperative(word) or word in WISHES


def _read_choice(tokens: list[Word], at: int, value: int, key: str | None, into: Settings) -> int:
    """A mode or a language: as it is spelled, else by sound. A mode may be told without its keyword."""
    norm = tokens[value].norm if value < len(tokens) else ""
    second = tokens[value + 2].norm if value + 2 < len(tokens) else ""
    turned = keyword(tokens, value + 1)[0] if key is None and value + 1 < len(tokens) else None
    if norm in LANGS and "lang" in (key, turned):
        into.lang = LANGS[norm]
        return value + 1 + (turned is not None)
    if norm in MODES and turned == "mode" and second not in MODES:  # «текстовый режим»
        into.mode = MODES[norm]
        return value + 2
    alone = key is None and norm != "тест" and (value + 1 == len(tokens) or starts(tokens, value + 1))
    if norm in MODES and (key == "mode" or alone):
        into.mode = MODES[norm]
        after = value + 1
        of_answers = key == "mode" and after < len(tokens) and tokens[after].norm in BETWEEN
        return after + (of_answers and not pair_by_sound(tokens, after))  # «режим аудио ответов»
    pair = pair_by_sound(tokens, at)
    if key is not None and (pair is None or pair.alike < SURE):
        pair = max(pair_apart(tokens, at, at + 1) or pair, pair, key=lambda p: p.alike if p else 0.0)
    if pair is None:
        return len(tokens) if value >= len(tokens) else at
    if pair.key == "reset":
        into.reset = True
    elif pair.key == "mode":
        into.mode = "text" if pair.value == "text" else "audio"
    else:
        into.lang = pair.value
    last = tokens[pair.after - 1]
    if pair.cut < len(last.norm):  # what ran into it is a word of its own
        tokens.insert(pair.after, Word(last.norm[pair.cut :], last.start + pair.cut, last.end))
        tokens[pair.after - 1] = Word(last.norm[: pair.cut], last.start, last.start + pair.cut)
    again = pair.after < len(tokens) and keyword(tokens, pair.after)[0] == pair.key  # «в голосовом режиме»
    return pair.after + (again and not pair_by_sound(tokens, pair.after))
