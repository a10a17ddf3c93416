"""Whether a note ends by taking all of itself back: «добавь кнопку, хотя нет, не надо, забудь»."""

import re
from collections.abc import Sequence

from skazano.understand.labels import quoted
from skazano.understand.words import Word, is_imperative, words

CONDITIONS = frozenset("если когда где там тут здесь почему пока у раз есть ли или".split())
_EXCUSE = re.compile(
    r"(?: я)?(?: уже| потом| лучше)? (?:сам|сама)(?: [а-я]{3,}[ую])?"
    r"(?: (?:потом|сделаю|поправлю|починю|разберусь|посмотрю|справлюсь|решу|все|уже))*$"
    r"| уже(?: сам| сама)? (?:нашел|нашла|сделал|сделала|сделали|разобрался|разобралась|починил|поздно)$"
    r"| (?:потом|позже|завтра) (?:скажу|надиктую|решу|решим|подумаю|разберусь|разберемся)$"
)
_CALLS_OFF = frozenset(
    """отмена отставить отбой забудь забей передумал передумала проехали отменяется отмени отменяй
    неважно""".split()
)
# What follows these is to be written: «напиши клиенту не надо забудь».
_WORDING = re.compile(r"напиши|ответь|скажи|передай|отправь|надпис|текст|слов|фраз|сообщени|кнопк")
_TURNS = frozenset("ой ай хотя а нет стоп тьфу все ладно блин знаешь короче подожди погоди стой".split())
_GONE = re.compile(
    r" (?:вопрос (?:снят|отпал)|(?:все|ладно|стоп|ой) (?:сбрось|удали|сотри) эту запись|"
    r"забудь (?:про )?(?:все|это) что я (?:сказала?|говорила?|наговорила?)|не тебе (?:это )?проехали|"
    r"забей на (?:это|все)(?: дело)?|хотя нет(?: [а-яa-z0-9]+){0,8} ничего не (?:нужно|надо)|"
    r"это(?: я)? не туда(?: \w+){0,5} (?:сотри|удали)(?: пожалуйста)?|можешь не \w+ отменяй)$"
)  # nothing but the whole note can be meant
_BESIDE = frozenset(
    """ни коем случае не надо нужно ничего делать делай менять этого это об этом про пока я уже есть ну да и
    впрочем давай будем""".split()
)


def calls_itself_off(text: str) -> bool:
    """Whether a note ends by taking all of itself back: «добавь кнопку, хотя нет, не надо, забудь».
    «добавь кнопки да нет отмена» does not: two signs are asked for, or one that nothing else can be."""
    tokens = words(text)
    said = " ".join(token.norm for token in tokens)
    if (gone := _GONE.search(said[-200:])) and not any(
        map(_WORDING.match, said[-200:][: gone.start()].split()[-3:])
    ):
        return True
    if len(tokens) > 1 and tokens[-1].norm in _CALLS_OFF and (why := _EXCUSE.search(said.rpartition(" ")[0])):
        del tokens[-1 - len(why.group().split()) : -1]  # «я уже сам нашёл. Забудь.»
    excuse = _EXCUSE.search(said) or re.search(r"(?<=не надо забудь) (?:про|об)(?: \w+){1,3}$", said)
    if excuse:
        del tokens[len(tokens) - len(excuse.group().split()) :]
    start = len(tokens)
    while start and (
        tokens[start - 1].norm in _CALLS_OFF | _TURNS | _BESIDE
        or _forbids(tokens, start - 1)
        or [token.norm for token in tokens[max(0, start - 2) : start]] == ["знаешь", "что"]
        or [token.norm for token in tokens[max(0, start - 3) : start]] == ["оставь", "как", "есть"]
    ):
        start -= 3 if tokens[start - 1].norm == "есть" else 1
    tail = [token.norm for token in tokens[start:]]
    said = " ".join(tail)
    refused = re.search(r"\bне (?:надо|нужно|делай|будем)\b|\bничего не\b", said) is not None
    if "как есть" in said and sum(is_imperative(token.norm) for token in tokens[:start]) == 1:
        refused = True  # of several orders it may be the last alone that is taken back
    calls = sum(word in _CALLS_OFF for word in tail)
    if not start or not (calls or refused) or quoted(text, tokens) & set(range(start, len(tokens))):
        return False
    turned = re.search(r"\b(?:ой|хотя|а нет|тьфу|нет не)\b", said) is not None
    before = [t.norm for t in tokens[max(0, start - 4) : start]]
    if CONDITIONS & set(before) or (not turned and any(map(_WORDING.match, before[-3:]))):
        return False
    return calls + refused > 1 or turned or (calls == 1 and "отмена" not in tail and tail[0] in _TURNS)


def _forbids(tokens: Sequence[Word], at: int) -> bool:
    """«не добавляй»"""
    return at > 0 and tokens[at - 1].norm == "не" and is_imperative(tokens[at].norm)
