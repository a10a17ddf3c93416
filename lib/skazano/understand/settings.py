"""Settings by voice: «настройки проект сайт режим аудио добавь кнопку».

Pairs come in any order with filler between them; what follows them is a request of its own.
Only the beginning of a note is read, so the same words later in a request are just words.
"""

import re
from collections.abc import Sequence
from typing import Literal

import msgspec

from skazano.understand.keywords import FILLER, LANGS, MODES, Mode, head, is_filler, keyword, unglued
from skazano.understand.names import Name, Named, match_prefix, sounds_like
from skazano.understand.phonetics import normal
from skazano.understand.tools import tool_length
from skazano.understand.words import WISHES, Word, is_imperative, words

LIKELY = 0.6  # likeness at which an unsure match still tells where the name ends

_NAMING = {"называется", "под", "названием", "именем", "имени", "на", "это", "будет", "с", "по"}
_ACTIONS = {
    "create": {"создай", "создать", "создайте", "заведи", "завести"},
    "hide": {"скрой", "скрыть", "спрячь", "спрятать"},
    "show-hidden": {"покажи", "показать"},
}
_CANCEL = {
    "отмена", "отмени", "отменить", "отменяй", "отмени это", "отменяется", "отмена отмена", "забудь",
    "забудь это", "забудь об этом", "не надо", "не надо забудь", "нет не надо", "ничего не надо",
    "не нужно", "отбой", "стоп отмена", "cancel", "забей", "проехали", "отставить", "ладно не надо",
    "все отмена", "нет отмена", "нет забудь", "ой не надо", "отмена не надо", "не надо отмена",
    "отмени последнюю задачу", "отмени задачу", "отмена задачи",
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


def _ends_name(tokens: list[Word], at: int) -> bool:
    """Whether the word at this place cannot belong to a name: a keyword, an order, a wish."""
    norm = tokens[at].norm
    return bool(keyword(tokens, at)[0]) or is_imperative(norm) or norm in WISHES or norm in {"и", "чтобы"}


def _spoken_name(tokens: list[Word], at: int, names: list[Named]) -> tuple[str | None, int]:
    """(the project's spoken name, first place after it), reading from at; (None, at): no name."""
    while at < len(tokens) - 1 and tokens[at].norm in _NAMING:
        at += 1
    stop = at
    while stop < len(tokens) and stop - at < 5 and not keyword(tokens, stop)[0]:
        stop += 1
    candidates = [t.norm for t in tokens[at:stop]]
    found, taken = match_prefix(candidates, names)
    if found.sure:
        return " ".join(candidates[:taken]), at + taken
    end = at
    if stop - at > 1 and tokens[at].norm == "и" and not _ends_name(tokens, at + 1):
        end += 1  # «и бенч»
    while end < stop and not _ends_name(tokens, end):
        end += 1
    if end == at:
        return None, at
    if end == stop < len(tokens) and keyword(tokens, stop)[0]:  # a keyword tells where it ends
        while end - at > 1 and is_filler(tokens, end - 1):
            end -= 1
    elif end - at > 1 and taken and found.score >= LIKELY and at + taken < end:
        end = at + taken
    elif end - at > 3:
        end = at + 1  # no verb and no keyword in sight: a name is most often one word
    return " ".join(t.norm for t in tokens[at:end]), end


def _read_pair(tokens: list[Word], at: int, names: list[Named], into: Settings) -> int:
    """Read one keyword and its value into `into`; the place after them, or `at` if there is none."""
    key, taken = keyword(tokens, at)
    value = at + taken
    if key is None:
        mode = MODES.get(tokens[at].norm)
        alone = at + 1 == len(tokens) or keyword(tokens, at + 1)[0]
        if mode and alone and tokens[at].norm != "тест":
            into.mode = mode
            return at + 1
        return at
    if key == "reset":
        into.reset = True
        return value
    while key != "project" and value < len(tokens) - 1 and tokens[value].norm in FILLER | _NAMING:
        value += 1
    if value >= len(tokens):
        return value
    if key == "project":
        name, after = _spoken_name(tokens, value, names)
        if name:
            into.project = name
        return after if name else at
    norm = tokens[value].norm
    if key == "mode":
        return _read_mode(tokens, at, value, into)
    if key == "lang":
        into.lang = LANGS.get(norm)
        return value + 1 if into.lang else at
    after = value + tool_length([t.norm for t in tokens[value : value + 2]])
    into.tool = " ".join(t.norm for t in tokens[value:after])
    return after


def _read_mode(tokens: list[Word], at: int, value: int, into: Settings) -> int:
    norm = tokens[value].norm
    heard = MODES.get(norm)
    if heard is None and value + 1 < len(tokens):
        heard = MODES.get(norm + tokens[value + 1].norm)  # «ауди о»
        value += 1 if heard else 0
    if heard is None:
        near = [
            m
            for w, m in (("текст", "text"), ("аудио", "audio"), ("голос", "audio"))
            if sounds_like(norm, w, 0.7)
        ]
        heard = "text" if near[:1] == ["text"] else "audio" if near else None
    if heard is None:
        return at
    into.mode = heard
    return value + 1


def _read_action(tokens: list[Word], at: int, names: list[Named], into: Settings) -> int:
    """«создай проект X», «скрой проект X», «покажи скрытые»; the place after it, or at."""
    if at + 1 >= len(tokens):
        return at
    verb, following = tokens[at].norm, at + 1
    if verb in _ACTIONS["show-hidden"] and tokens[following].norm.startswith("скрыты"):
        into.action = "show-hidden"
        after = following + 1
        return after + (after < len(tokens) and tokens[after].norm.startswith("проект"))
    if tokens[following].norm == "новый":
        following += 1
    if following + 1 >= len(tokens) or tokens[following].norm not in {"проект", "project"}:
        return at
    action = next((a for a in ("create", "hide") if verb in _ACTIONS[a]), None)
    if action is None:
        return at
    name, after = _spoken_name(tokens, following + 1, names if action == "hide" else [])
    if name is None:
        return at
    into.action, into.name = ("create" if action == "create" else "hide"), name
    return after


def parse(text: str, names: Sequence[Named | str] = ()) -> Settings | None:
    """The settings in text, or None if it is no settings phrase. With names (of projects) a spoken
    project name ends where the best match ends; without, at the next keyword or verb."""
    tokens, known, settings = unglued(words(text)), _as_named(names), Settings()
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
        place = at
        while place < len(tokens) - 1 and is_filler(tokens, place):
            place += 1
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
    tokens = unglued(words(text))
    at = 0
    while at < len(tokens) and tokens[at].norm in {"ну", "так", "э", "слушай", "короче", "и", "а"}:
        at += 1
    if at < len(tokens) and tokens[at].norm in {"в", "во", "для", "по", "на"}:
        at += 1
    if at >= len(tokens) or keyword(tokens, at)[0] != "project" or tokens[at].norm == "проекты":
        return None
    name, after = _spoken_name(tokens, at + 1, _as_named(names))
    return (name, _rest(text, tokens, after)) if name else None


def is_cancel(text: str) -> bool:
    """Whether the whole text only calls something off: «отмена», «не надо, забудь»."""
    said = [w for w in normal(text).split() if w not in {"ну", "э", "эм", "пожалуйста", "короче", "ой"}]
    return " ".join(said) in _CANCEL
