"""Settings by voice: «настройки проект сайт режим аудио добавь кнопку».

Pairs come in any order with filler between them; what follows them is a request of its own.
Only the beginning of a note is read, so the same words later in a request are just words.
"""

import re
from collections.abc import Sequence
from typing import Literal

import msgspec

from skazano.understand.keywords import FILLER, LANGS, MODES, Mode, head, keyword
from skazano.understand.names import Name, Named
from skazano.understand.pairs import next_pair, pair_by_sound, starts, tokens_of
from skazano.understand.phonetics import normal
from skazano.understand.spoken_name import NAMING, project_named, spoken_name
from skazano.understand.tools import tool_length
from skazano.understand.words import WISHES, Word, is_imperative

_ACTIONS = {
    "create": {"создай", "создать", "создайте", "заведи", "завести", "create"},
    "hide": {"скрой", "скрыть", "спрячь", "спрятать", "hide"},
    "show-hidden": {"покажи", "показать", "show"},
}
_CANCEL = {
    "отмена", "отмени", "отменить", "отменяй", "отмени это", "отменяется", "отмена отмена", "забудь",
    "забудь это", "забудь об этом", "не надо", "не надо забудь", "нет не надо", "ничего не надо",
    "не нужно", "отбой", "стоп отмена", "cancel", "забей", "проехали", "отставить", "ладно не надо",
    "все отмена", "нет отмена", "нет забудь", "ой не надо", "отмена не надо", "не надо отмена",
    "отмени последнюю задачу", "отмени задачу", "отмена задачи",
}  # fmt: skip
_CANCEL_ALL = {
    "отменяй все", "отмени все", "отменить все", "отмена всего", "отмени все задачи", "отмена всех задач",
    "останови все", "cancel all", "cancel everything",
}  # fmt: skip
_BARE = {
    "да", "нет", "ага", "угу", "неа", "ок", "окей", "ok", "okay", "yes", "no", "спасибо", "thanks",
    "thank you",
}  # fmt: skip


# What closes the settings phrase and does not belong to the request after it: «демо»: , «демо — ».
_CLOSE = re.compile(r"""[*`"')\]»”]{0,2}[,.;:!?…]*(?:[ \t]*[–—]+|[ \t]+[,.;:…-]+(?=\s))?[ \t]*""")


class Settings(msgspec.Struct):
    """What a settings phrase sets; None means it was not mentioned. rest is the request left over."""

    project: str | None = None
    mode: Mode | None = None
    tool: str | None = None
    lang: str | None = None
    reset: bool = False
    action: Literal["create", "hide", "show-hidden"] | None = None
    name: str | None = None
    rest: str = ""


def _as_named(names: Sequence[Named | str]) -> list[Named]:
    return [Name(n) if isinstance(n, str) else n for n in names]


def _read_pair(tokens: list[Word], at: int, names: list[Named], into: Settings) -> int:
    """Read one keyword and its value into `into`; the place after them, or `at` if there is none."""
    key, taken = keyword(tokens, at)
    value = at + taken
    if key == "reset":
        into.reset = True
        return value
    while key not in (None, "project") and value < len(tokens) - 1 and tokens[value].norm in FILLER | NAMING:
        value += 1
    name, after = project_named(tokens, at, names)
    if name:
        into.project = name
        return after
    if key == "project":
        return len(tokens) if value >= len(tokens) else at
    if key == "tool":
        after = value + tool_length([t.norm for t in tokens[value : value + 2]])
        if after > value:
            into.tool = " ".join(t.norm for t in tokens[value:after])
        return after
    return _read_choice(tokens, at, value, key, into)


def _read_choice(tokens: list[Word], at: int, value: int, key: str | None, into: Settings) -> int:
    """A mode or a language: as it is spelled, else by sound. A mode may be told without its keyword."""
    norm = tokens[value].norm if value < len(tokens) else ""
    if key == "lang" and norm in LANGS:
        into.lang = LANGS[norm]
        return value + 1
    alone = key is None and norm != "тест" and (value + 1 == len(tokens) or starts(tokens, value + 1))
    if norm in MODES and (key == "mode" or alone):
        into.mode = MODES[norm]
        return value + 1
    pair = pair_by_sound(tokens, at)
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
    return pair.after


def _read_action(tokens: list[Word], at: int, names: list[Named], into: Settings) -> int:
    """«создай проект X», «скрой проект X», «покажи скрытые»; the place after it, or at."""
    if at + 1 >= len(tokens):
        return at
    verb, following = tokens[at].norm, at + 1
    if verb in _ACTIONS["show-hidden"] and tokens[following].norm.startswith(("скрыты", "hidden")):
        into.action = "show-hidden"
        after = following + 1
        return after + (after < len(tokens) and tokens[after].norm.startswith(("проект", "project")))
    while following + 1 < len(tokens) and tokens[following].norm in {"новый", "a", "new"}:
        following += 1
    action = next((a for a in ("create", "hide") if verb in _ACTIONS[a]), None)
    if action is None or tokens[following].norm not in {"проект", "project"}:
        return at
    if action == "create" and [t.norm for t in tokens[following + 1 :]] in ([], ["пожалуйста"]):
        into.action = "create"
        return len(tokens)
    if following + 1 >= len(tokens):
        return at
    name, after = spoken_name(tokens, following + 1, names if action == "hide" else [])
    if name is None:
        return at
    into.action, into.name = ("create" if action == "create" else "hide"), name
    return after


def parse(text: str, names: Sequence[Named | str] = ()) -> Settings | None:
    """The settings in text, or None if it is no settings phrase. With names (of projects) a spoken
    project name ends where the best match ends; without, at the next keyword or verb."""
    tokens, known, settings = tokens_of(text), _as_named(names), Settings()
    at, certain = head(tokens)
    if not at:
        after = _read_action(tokens, 0, known, settings)
        whole = after and (after == len(tokens) or settings.action == "create")
        if not whole:
            return None
        settings.rest = _rest(text, tokens, after)
        return settings
    found = False
    while at < len(tokens):
        place = next_pair(tokens, at)
        after = _read_action(tokens, place, known, settings)
        if after == place:
            after = _read_pair(tokens, place, known, settings)
        if after == place:
            break
        at, found = after, True
    settings.rest = _rest(text, tokens, at)
    if found or not settings.rest:
        return settings if certain or found or len(tokens) <= 3 else None
    begins = next((t.norm for t in tokens[at:] if t.norm not in FILLER), "")
    return settings if certain and (is_imperative(begins) or begins in WISHES) else None


def _rest(text: str, tokens: list[Word], at: int) -> str:
    """What stands from the at-th word on with the marks before it that are its own, as in «<b>» and
    «- one» on a line of its own; without a lone «и» or «а» before it."""
    while at < len(tokens) and tokens[at].norm in {"и", "а", "ну", "э"}:
        at += 1
    after = text[tokens[at - 1].end if at else 0 :]
    if not re.search(r"\w", after):
        return ""
    closing = _CLOSE.match(after)
    left = after[closing.end() if closing else 0 :]
    return re.sub(r"\A(?:[^\S\n]*\n)+", "", left).rstrip()


def parse_project_prefix(text: str, names: Sequence[Named | str] = ()) -> tuple[str, str] | None:
    """(spoken project name, request) of «проект X …» and «в проекте X …», or None."""
    tokens = tokens_of(text)
    at = 0
    while at < len(tokens) and tokens[at].norm in {"ну", "так", "э", "слушай", "короче", "и", "а"}:
        at += 1
    if at < len(tokens) and tokens[at].norm in {"в", "во", "для", "по", "на"}:
        at += 1
    known = _as_named(names)
    name, after = project_named(tokens, at, known) if at < len(tokens) else (None, at)
    if not name or (tokens[at].norm == "проекты" and not name.startswith("ы")):
        return None
    return name, _rest(text, tokens, after)


def is_cancel(text: str) -> bool:
    """Whether the whole text only calls something off: «отмена», «не надо, забудь»."""
    return _alone(text) in _CANCEL


def is_cancel_all(text: str) -> bool:
    """Whether the whole text calls off all that is at work: «отменяй всё»."""
    return _alone(text) in _CANCEL_ALL


def is_bare(text: str) -> bool:
    """Whether the whole text is an answer to nothing: «нет», «ok», «1»."""
    said = _alone(text)
    return said in _BARE or re.fullmatch(r"\d{1,3}", said) is not None


def _alone(text: str) -> str:
    """What is said without filler."""
    filler = {"ну", "э", "эм", "пожалуйста", "короче", "ой"}
    return " ".join(w for w in normal(text).split() if w not in filler)
