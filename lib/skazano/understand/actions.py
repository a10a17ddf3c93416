"""What is asked of the projects themselves («создай проект X», «скрой проект X», «покажи скрытые»), and
what a whole text may ask of the settings: to be shown, to be reset."""

from typing import Literal, NamedTuple

from skazano.understand.everyday import is_word
from skazano.understand.keywords import keyword
from skazano.understand.leading import leads
from skazano.understand.names import Named, match
from skazano.understand.pairs import MOST_LEADING
from skazano.understand.phonetics import cyrillic
from skazano.understand.readings import alike_words, endless
from skazano.understand.spoken_name import NAMING, spoken_name
from skazano.understand.words import WISHES, Word, is_imperative

Action = Literal["create", "hide", "show-hidden"]
WHOLE_LIKE = 0.88  # likeness at which a whole text is one of the phrases
VERB_LIKE = 0.8  # … at which a word before «проект» is a verb of these
FEW = 5  # words of a text that may be only «новый проект X»
LONGEST_NAME = 6  # words of a new project's name at most

_CREATE = {"создай", "создать", "создайте", "создадим", "заведи", "завести", "create"}
_HIDE = {"скрой", "скрыть", "спрячь", "спрятать", "hide"}
_CALLED = {"сназванием", "подназванием"}
_SHOW = {"покажи", "показать", "show"}
_ADJUNCTS = {"новый", "a", "new", "мне", "нам", "пожалуйста", "ка", "еще", "один", "этот"}
_POLITE = _ADJUNCTS | set("ну так э вот давай дай слушай мои наши сейчас все у меня нас стоят есть".split())
_WHOLE = {
    "покажи настройки": "show", "настройки покажи": "show", "какие настройки": "show",
    "настройки какие": "show", "текущие настройки": "show", "что в настройках": "show",
    "скажи настройки": "show", "настройки скажи": "show", "скажи какие настройки": "show",
    "покажи какие настройки": "show", "покажи что в настройках": "show", "show settings": "show",
    "сбрось настройки": "reset", "сброс настроек": "reset", "сбросить настройки": "reset",
    "настройки сброс": "reset", "настройки сбрось": "reset", "настройки сбросить": "reset",
    "reset settings": "reset", "сбрось проект": "reset", "сбросить проект": "reset",
    "сбрось проект и режим": "reset", "какой проект": "show", "какой проект выбран": "show",
    "какой проект стоит": "show", "какой режим стоит": "show", "какой режим выбран": "show",
    "покажи скрытые": "show-hidden", "покажи скрытые проекты": "show-hidden",
    "скрытые проекты": "show-hidden", "скрытые проекты покажи": "show-hidden",
    "покажи спрятанные проекты": "show-hidden", "какие проекты скрыты": "show-hidden",
    "какие скрытые проекты": "show-hidden", "покажи какие проекты скрыты": "show-hidden",
    "список скрытых проектов": "show-hidden",
}  # fmt: skip


class Asked(NamedTuple):
    """after: the place after what asks for it. name is None where none was told."""

    action: Action
    name: str | None
    after: int


def whole(tokens: list[Word]) -> str | None:
    """What the whole text asks for: "show", "reset", "show-hidden"; None: something else or more."""
    said = [t.norm for t in tokens if t.norm not in _POLITE and not _is_like(t.norm, {"пожалуйста"})]
    if len(said) > 2 and said[0] == "настройки" and said[1] in _SHOW | {"какие", "скрытые"}:
        said = said[1:]
    if said == ["настройки"]:
        return "show"
    if not 1 < len(said) <= 5:
        return None
    alike, meant = max((alike_words(" ".join(said), phrase), meant) for phrase, meant in _WHOLE.items())
    return meant if alike >= WHOLE_LIKE else None


def read_action(tokens: list[Word], at: int, names: list[Named]) -> Asked | None:
    """What is asked of the projects at this place."""
    if at + 1 >= len(tokens):
        return None
    verb, following = tokens[at].norm, at + 1
    while following + 1 < len(tokens) and tokens[following].norm in _ADJUNCTS:
        following += 1
    if verb == "новый" and (len(tokens) <= FEW if at == 0 else tokens[0].norm.startswith("настройк")):
        return _created(tokens, at + 2) if keyword(tokens, at + 1)[0] == "project" else None
    for place in range(following, min(following + MOST_LEADING, len(tokens))):
        between = [t.norm for t in tokens[following:place] if t.norm not in _ADJUNCTS]
        if keyword(tokens, place)[0] == "project" and leads(" ".join(between)):
            following = place
            break
    if verb in _SHOW and tokens[following].norm.startswith(("скрыты", "спрятан", "hidden")):
        after = following + 1
        after += after < len(tokens) and tokens[after].norm.startswith(("проект", "project"))
        return Asked("show-hidden", None, after)
    if verb in _HIDE and (named := _hidden_before(tokens, following, names)):
        return named
    if keyword(tokens, following)[0] != "project" or tokens[following].norm in {"проекты", "проекта"}:
        return None
    following += keyword(tokens, following)[1]
    if _is_like(verb, _HIDE):
        name, after = spoken_name(tokens, following, names) if following < len(tokens) else (None, at)
        return Asked("hide", name, after) if name else None
    fresh = verb == "сделай" and "новый" in [t.norm for t in tokens[at:following]]
    return _created(tokens, following) if fresh or _is_like(verb, _CREATE) else None


def _hidden_before(tokens: list[Word], at: int, names: list[Named]) -> Asked | None:
    """«скрой киноклуб проект»: nothing else is said, and the project is sure."""
    said = [t.norm for t in tokens[at:] if t.norm not in _POLITE]
    name = " ".join(said[:-1])
    if name and said[-1] in {"проект", "project"} and match(name, names).sure:
        return Asked("hide", name, len(tokens))
    return None


def _is_like(verb: str, verbs: set[str]) -> bool:
    if verb in verbs or is_imperative(verb):
        return verb in verbs
    misheard = len(verb) > 3 and not is_word(cyrillic(endless(verb)))  # «сдадим проект» is no «создадим»
    return misheard and any(alike_words(verb, known) >= VERB_LIKE for known in verbs)


def _created(tokens: list[Word], at: int) -> Asked | None:
    """A new project's name goes on to the next order: nothing else tells where it ends."""
    while at < len(tokens) - 1 and (
        tokens[at].norm in NAMING | {"с", "который"} or _is_like(tokens[at].norm, _CALLED)
    ):
        at += 1
    if [t.norm for t in tokens[at:]] in ([], ["пожалуйста"]):
        return Asked("create", None, len(tokens))
    end = at
    while end < len(tokens) and not _ends(tokens, end):
        end += 1
    if end - at > LONGEST_NAME or end == at:
        name, end = spoken_name(tokens, at, [])
        return Asked("create", name, end) if name else None
    return Asked("create", " ".join(t.norm for t in tokens[at:end]), end)


def _ends(tokens: list[Word], at: int) -> bool:
    word = tokens[at].norm
    follows = tokens[at + 1].norm if at + 1 < len(tokens) else ""
    joined = word in {"и", "а"} and (is_imperative(follows) or follows in WISHES)
    return joined or is_imperative(word) or word in WISHES | {"чтобы", "пожалуйста"}
