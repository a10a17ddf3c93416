"""Commas for a note that was heard without any, where Russian wants one before a word for certain."""

import re
from collections.abc import Sequence

from skazano.understand.filler import quoted
from skazano.understand.words import is_imperative, words

_WHICH = re.compile(r"котор(?:ый|ая|ое|ые|ого|ой|ую|ому|ым|ом|ых|ыми)")
_PREPOSITIONS = frozenset(
    "в во на с со к ко у о об от до из за над под при про по через для без после перед".split()
)
_BEGINS = frozenset("чтобы который если когда но зато однако потому поскольку почему зачем а хотя".split())
_AFTER_ASKING = frozenset("как где куда откуда кто сколько какой какая какое какие можно".split())
_ASKS = frozenset(
    """посмотри проверь напиши покажи опиши объясни узнай выясни разберись подумай скажи убедись учти
    помни укажи запиши посчитай глянь поясни расскажи кажется видно понятно ясно знаю думаю вижу заметил
    заметила жалуются жалуется говорит говорят пишут пишет оказалось известно считаю важно""".split()
)
_TOGETHER = frozenset("даже только особенно лишь именно кроме потому так".split())  # «даже если»: before both
_NO_COMMA_AFTER = frozenset("и или а но да что чтобы если когда ни либо не".split())
_ORDER = re.compile(r"[а-я]{3,}(?:[лнрчщ]я|ва)й(?:те)?")  # «отправляй», «показывай»
_FRONTED = frozenset("если когда раз поскольку".split())


def with_commas(text: str) -> str:
    """text with commas before subordinate clauses and «но»; one that has any mark inside stays as it is:
    whoever wrote it has set them."""
    if re.search(r"[,.;:!?…–—]\s+\S|\n", text):
        return text
    tokens = words(text)
    norms, apart = [token.norm for token in tokens], quoted(text, tokens)
    places = {at for at in range(1, len(norms)) if _before(norms, at)} | _after_fronted(norms)
    for at in sorted(places, reverse=True):
        if at not in apart:
            start = tokens[at].start
            text = f"{text[:start].rstrip()}, {text[start:]}"
    return text


def _before(norms: Sequence[str], at: int) -> bool:
    """Whether a comma belongs before the word at `at`."""
    norm, last = norms[at], norms[at - 1]
    following = norms[at + 1] if at + 1 < len(norms) else ""
    if norm in {"потом", "затем"} and last not in _NO_COMMA_AFTER:
        return _orders(following)
    if not following or last in _NO_COMMA_AFTER:
        return False
    if norm in _PREPOSITIONS and (_WHICH.fullmatch(following) or (following == "чем" and last in _ASKS)):
        return True
    if norm in _TOGETHER and following in ("если", "когда", "что"):
        return (norm, following) != ("так", "что") and (norm != "потому" or following == "что")
    if last in _PREPOSITIONS or (last in _TOGETHER and norm in ("если", "когда", "что")):
        return False
    if _WHICH.fullmatch(norm):
        return True
    if norm == "что" and last not in _PREPOSITIONS:  # «напиши в документации, что …»
        return bool(_ASKS & set(norms[max(0, at - 4) : at])) or last in {"то", "тем", "том", "того", "тому"}
    if norm == "то":
        return "если" in norms[:at] and last != "а"
    if norm in _AFTER_ASKING:
        return last in _ASKS or (norm == "как" and last in {"то", "тем", "том", "того"})
    return norm in _BEGINS and norm != "потому"


def _orders(word: str) -> bool:
    return is_imperative(word) or _ORDER.fullmatch(word) is not None


def _after_fronted(norms: Sequence[str]) -> set[int]:
    """«Если файла нет, покажи ошибку»: where the main clause begins, if that is plain."""
    if not norms or norms[0] not in _FRONTED:
        return set()
    for at in range(2, len(norms)):
        if norms[at] == "то":
            return set()  # it has its comma
        if _orders(norms[at]):
            start = at - 1 if norms[at - 1] == "не" else at
            return {start} if norms[start - 1] not in _NO_COMMA_AFTER else set()
    return set()
