"""Settings by voice: «настройки проект сайт режим аудио добавь кнопку».

Pairs come in any order with filler between them; what follows them is a request of its own.
Only the beginning of a note is read, so the same words later in a request are just words.
"""

import itertools
import re
from collections.abc import Collection, Sequence

from skazano.understand.actions import read_action, whole
from skazano.understand.keywords import AROUND, ASIDE, FILLER, MODES, SWITCH, head, keyword
from skazano.understand.leading import leads
from skazano.understand.names import Name, Named, match
from skazano.understand.pairs import MOST_LEADING, next_pair, starts, tokens_of
from skazano.understand.phonetics import normal
from skazano.understand.readings import alike_words
from skazano.understand.spoken_name import project_named
from skazano.understand.values import Settings as Settings
from skazano.understand.values import another_project, orders, read_pair, told_for_sure
from skazano.understand.words import Word, is_imperative, is_infinitive, is_verb

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
_CALLED_OFF = re.compile(
    r"(?:(?:ну|э|ой|а|(?:не )?все|нет|стоп|блин|ладно|знаешь(?: что)?|погоди|подожди|так|слушай|хотя|тьфу) )*"
    r"(?:отбой|забей|забудь|отмена|отмени|отставить|проехали|(?:я )?передумала?|не надо|не нужно)"
    r"(?: (?:отбой|забей|забудь|отмена|не надо|не нужно|ничего не надо|не делай ничего|ничего не делай"
    r"|(?:я )?передумала?|я не то сказала?|я ошиб(?:ся|лась)|(?:я )?случайно нажала?"
    r"|я разобрал(?:ся|ась)|не надо ничего"
    r"|я (?:уже |потом )?сама?(?: уже)?(?: (?:сделаю|сделала?|разберусь|справлюсь|посмотрю|решу))?))*"
)
_BARE = {
    "да", "нет", "ага", "угу", "неа", "ок", "окей", "ok", "okay", "yes", "no", "спасибо", "thanks",
    "thank you",
}  # fmt: skip


_GOING = {"переключись", "переключаемся", "перейди", "переходи", "вернись", "зайди"}
_BACK = {"верни", "переключи", "переключись", "вернись", "включи"}
_MODES_ALONE = {"голос", "аудио", "текст"}
FEW = 6  # words after «настройки» that are no request without a verb
VERB_LIKE = 0.8  # likeness at which a word is one of these
_BEFORE_SURE = {"давай", "теперь", "значит", "открой"}  # before a project that is named for sure
_OF = {"в", "во", "для", "по", "на", "внутри", "насчет", "касательно"}
_BEFORE = _BEFORE_SURE | set("ну так э эм вот слушай смотри короче и а но еще пожалуйста".split())
# What closes the settings phrase and does not belong to the request after it: «демо»: , «демо — ».
_CLOSE = re.compile(r"""[*`"')\]»”]{0,2}[,.;:!?…]*(?:[ \t]*[–—]+|[ \t]+[,.;:…-]+(?=\s))?[ \t]*""")


def _as_named(names: Sequence[Named | str]) -> list[Named]:
    return [Name(n) if isinstance(n, str) else n for n in names]


def _read_action(tokens: list[Word], at: int, names: list[Named], into: Settings) -> int:
    """«создай проект X», «скрой проект X», «покажи скрытые»; the place after it, or at."""
    asked = read_action(tokens, at, names)
    if asked is None:
        return at
    into.action, into.name = asked.action, asked.name
    return asked.after


def parse(text: str, names: Sequence[Named | str] = ()) -> Settings | None:
    """The settings in text, or None if it is no settings phrase. With names (of projects) a spoken
    project name ends where the best match ends; without, at the next keyword or verb."""
    tokens, known = tokens_of(text), _as_named(names)
    if asked := whole(tokens):
        return Settings(reset=asked == "reset", action="show-hidden" if asked == "show-hidden" else None)
    at, certain = head(tokens)
    if not at:
        return _headless(text, tokens, known)
    settings = Settings()
    after, found = _read_pairs(tokens, at, known, settings)
    settings.rest = _rest(text, tokens, after)
    told = settings != Settings(rest=settings.rest)
    if found or not settings.rest:
        return settings if certain or told or len(tokens) <= 3 else None
    if certain and orders(tokens[after:]):
        return settings
    return Settings(unclear=settings.rest) if certain and _tells_nothing(tokens[after:]) else None


def _tells_nothing(tokens: list[Word]) -> bool:
    """Whether what follows «настройки» is too little for a request: «настройки проекс перау»."""
    said = [t.norm for t in tokens if t.norm not in FILLER]
    does = any(is_imperative(word) or is_verb(word) or is_infinitive(word) or word == "не" for word in said)
    return len(said) <= FEW and not does


def _read_pairs(tokens: list[Word], at: int, known: list[Named], into: Settings) -> tuple[int, int]:
    """(the place after the pairs that follow one another from this one on, how many they are)."""
    found = 0
    while at < len(tokens):
        place = next_pair(tokens, at, lambda place: told_for_sure(tokens, place, known))
        after = _read_action(tokens, place, known, into)
        if after == place:
            after = read_pair(tokens, place, known, into)
        if after == place and (tokens[place - 1].norm in FILLER | SWITCH | set((into.project or "").split())):
            after = another_project(tokens, place, known, into)  # not «здобафь проект договора»
        if after == place:
            break
        at, found = after, found + 1
    if found and all(t.norm in FILLER | SWITCH | AROUND | ASIDE for t in tokens[at:]):
        at = len(tokens)
    return at, found


def _headless(text: str, tokens: list[Word], known: list[Named]) -> Settings | None:
    """A settings phrase without «настройки»: only what nobody says of anything else. «создай проект X»;
    «переключись на проект X»; pairs and nothing after them."""
    settings = Settings()
    leading = next((n for n, t in enumerate(tokens) if t.norm not in _BEFORE), 0)
    after = _read_action(tokens, leading, known, settings)
    if after > leading:
        settings.rest = _rest(text, tokens, after)
        return settings if after == len(tokens) or settings.action == "create" else None
    if switched := _switched(tokens, known):
        return switched
    place = next((n for n in range(min(len(tokens), MOST_LEADING)) if starts(tokens, n)), None)
    before = " ".join(t.norm for t in tokens[:place])
    if place is None or not leads(before):
        return None
    after, found = _read_pairs(tokens, 0, known, settings)
    settings.rest = _rest(text, tokens, after)
    project = match(settings.project, known).sure if settings.project else None
    if project is False and before.split()[:1] == ["переключись"] and not settings.rest:
        return settings  # who has it asks which is meant
    if project is False or settings.action or settings.reset or not found:
        return None
    if settings.rest and not orders(tokens[after:]):
        return settings if project and _has(before, _GOING) else None
    if project:
        several = found > 1 and (not settings.rest or keyword(tokens, 0)[0] == "project")
        return settings if several or _has(before, SWITCH) else None
    told = sum(t.norm not in FILLER | SWITCH | AROUND | ASIDE for t in tokens)
    return settings if told <= 2 * found + 1 and not settings.rest and not settings.tool else None


def _switched(tokens: list[Word], names: list[Named]) -> Settings | None:
    """«переключись на умный дом», «верни голос», and nothing else."""
    said = [t.norm for t in tokens if t.norm not in _BEFORE]
    turned = [w for w in said[1:] if w != "на"]
    if len(turned) == 1 and said[0] in _BACK and turned[0] in _MODES_ALONE:
        return Settings(mode=MODES[turned[0]])
    if len(said) > 2 and said[0] == "переключись" and said[1] in {"на", "в"}:
        name = " ".join(said[2:])
        return Settings(project=name) if match(name, names).sure else None
    return None


def _has(said: str, verbs: Collection[str]) -> bool:
    """Whether one of these orders is among the words, misheard perhaps, or falls into two of them."""
    heard = said.split()
    heard += ["".join(pair) for pair in itertools.pairwise(heard)]
    return any(alike_words(word, verb) >= VERB_LIKE for word in heard for verb in verbs)


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
    while at < len(tokens) and tokens[at].norm in _BEFORE:
        at += 1
    weak = at > 0 and tokens[at - 1].norm in _BEFORE_SURE
    oblique = at + 1 < len(tokens) and tokens[at + 1].norm in {"проекте", "проекту"}
    if at < len(tokens) and (tokens[at].norm in _OF or (oblique and len(tokens[at].norm) < 3)):
        at += 1
    if at < len(tokens) and tokens[at].norm in {"нашем", "нашим", "моем", "нашего", "моего"}:
        at += 1
    known = _as_named(names)
    name, after = project_named(tokens, at, known) if at < len(tokens) else (None, at)
    if not name or (tokens[at].norm == "проекты" and not name.startswith("ы")):
        return None
    if weak and not match(name, known).sure:
        return None
    return name, _rest(text, tokens, after)


def is_cancel(text: str) -> bool:
    """Whether the whole text only calls something off: «отмена», «не надо, забудь»."""
    return _alone(text) in _CANCEL or _CALLED_OFF.fullmatch(normal(text)) is not None


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
