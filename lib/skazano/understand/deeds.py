"""Deeds that an answer tells, and whether its source tells them as done: «добавил», «тесты прошли».

A deed counts as told if a word of its kind stands in the source in a sentence that does not deny it, ask
about it or leave it to be done. Kinds are told apart in Russian and English, so that an answer may be in
another language than its source.
"""

import re


def _patterns(words: dict[str, str], frame: str) -> dict[str, re.Pattern[str]]:
    """Each kind's words, given with spaces between them (in one: _), as one pattern."""
    return {
        kind: re.compile(frame.replace("{}", "|".join(w.split()).replace("_", " ")), re.I)
        for kind, w in words.items()
    }


_KINDS = _patterns(
    {
        "add": r"""добав покры дописа созда появил написа завёл завел заведен внедр реализ ввел
            ввёл введен сдела подключ включ настро постав установ записа заносит вынес add
            creat wrote written implement introduc instal enabl configur set_up made built
            new\b now\b теперь""",
        "remove": r"""удал[ияе] убра убир выкин вырез очищ очист почист стёр стер(?:ла|ли|ты)?\b снес
            выпил сброс отключ remov delet drop clean clear eras disabl больше_не no_longer""",
        "fix": r"""исправ почин устран поправ решен решил восстанов fix resolv repair correct
            пересчит обновл обнови теперь больше_не now\b no_longer""",
        "change": r"""измен помен замен обнов переимен перепис передел перенес перенёс перевед перевел
            перевёл сдвин увелич уменьш поднят поднял сжат сжал ускор стал теперь больше\b
            меньше\b chang updat renam replac rewr mov migrat port(?:ed)?\b convert increas
            reduc upgrad bump switch now\b""",
        "run": r"""запу(?:щен|ст) запускал прогна прогон выполн собра[лн] сборк ran\b run\b execut
            built build пройд прош[лё] pass""",
        "pass": r"""прош[ёел] проход[ия]т пройден успешн зелён зелен без_ошибок чист pass green
            succe без_провалов 0_fail ok\b""",
        "check": r"""провер(?:ен|ил|яет|ял) протестир убедил тест verif check test прош посмотрел
            изучил review""",
        "deploy": r"""(?:за)?депло выкат выкла вылож опубликов публику на_прод на_бое релизн deploy releas
            publish ship""",
        "push": r"отправлен запуш отправил push",
        "merge": r"сли[лт] вли[лт] смерж смёрж merg",
        "lose": r"потер lost",
        "finish": r"заверш законч готов сдела done finish complet",
        "works": r"работает работают заработал works?\b working passes pass(?:ed)?\b прош",
    },
    r"\b(?:{})",
)
_TOLD = _patterns(
    {
        "add": r"""добавлен[аоы]? добавил[аи]? создан[аоы]? создал[аи]? внедр[её]н[аоы]?
            реализован[аоы]? установлен[аоы]? подключ[её]н[аоы]? включ[её]н[аоы]?
            написан[аы]? написал[аи]? настроен[аоы]? настроил[аи]? покрыт[аоы]? покрыл[аи]?
            added created implemented installed wrote""",
        "remove": r"""удал[её]н[аоы]? удалил[аи]? убран[аоы]? убрал[аи]? очищен[аоы]? очистил[аи]?
            ст[её]рт?[аоы]? отключ[её]н[аоы]? removed deleted dropped cleared""",
        "fix": r"""исправлен[аоы]? исправил[аи]? починен[аоы]? починил[аи]? устран[её]н[аоы]?
            устранил[аи]? fixed resolved""",
        "change": r"""измен[её]н[аоы]? изменил[аи]? замен[её]н[аоы]? заменил[аи]? обновл[её]н[аоы]?
            обновил[аи]? переименован[аоы]? перенес[её]н[аоы]? перен[её]с(?:ла|ли)?
            переписан[аоы]? переписал[аи]? переделал[аи]? поменял[аи]?
            увелич(?:ен[аоы]?|ил[аи]?) уменьш(?:ен[аоы]?|ил[аи]?) changed updated renamed
            moved migrated""",
        "run": r"запущен[аоы]? запустил[аи]? выполнен[аоы]? прогнал[аи]? ran executed",
        "pass": r"прош(?:[её]л|л[аи]) проход[ия]т пройден[аоы]? зелён\w+ passed pass passes",
        "check": r"проверен[аоы]? проверил[аи]? протестирован[аоы]? verified checked tested",
        "deploy": r"""(?:за)?депло[ией]\w* выкачен[аоы]? выложен[аоы]? выложил[аи]? выкатил[аи]?
            опубликовал[аи]? опубликован[аоы]? на_проде в_продакшн?е? deployed released
            published""",
        "push": r"отправлен[аоы]? отправил[аи]? запушен[аоы]? запушил[аи]? pushed",
        "merge": r"[св]лит[аоы]? [св]лил[аи]? см[её]ржен[аоы]? см[её]ржил[аи]? merged",
        "lose": r"потерян[аоы]? lost",
        "finish": r"""заверш[её]н[аоы]? закончен[аоы]? готов[аоы]? сделан[аоы]? finished completed
            done""",
        "works": r"работа[ею]т заработал[аои]? works?",
    },
    r"\b(?:{})\b",
)
_SENTENCE = re.compile(r"(?<=[.!?…;])\s+|\n+|,\s+(?=(?:но|а|однако|зато|but)\s)|\s(?=(?:but|а|но)\s)")
_DENIED = re.compile(
    r"\b(?:не|нет|ничего|никак\w+|без|нельзя|not|never|no|nothing|without|\w+n't|unable|cannot)\b", re.I
)
_LEFT = re.compile(
    r"\?|\b(?:нужно|надо|нуж(?:ен|на|ны)|следует|осталось|остаётся|остается|стоит|рекоменд\w*|требуется|вручную|"
    r"можно|начал\w*|попробовал\w*|пытал\w*|should|need|must|todo|could|started|tried|trying)\b",
    re.I,
)
_NOUN = re.compile(r"\w+(?:к[аиеуой]{1,2}|ни[еяюй]{1,2}|ци[яиюей]{1,2})\b", re.I)  # «проще в установке»
_MANAGED = re.compile(r"\b(?:успел|смог|удалось|получилось)\w*\s+(?:\w+\s+)?$", re.I)  # «успел удалить»
_INFINITIVE = re.compile(r"\w*(?:ть|ти|чь)(?:ся)?\b", re.I)
_COUNTS = {
    "skipped": re.compile(
        r"(\d+)(?:\s(?!не\b)\w+)?[)\s]{1,2}(?:пропущ\w+|skipped)|(?:пропущ\w+|skipped)\D{0,12}?(\d+)", re.I
    ),
    "passed": re.compile(
        r"(\d+)(?:\s(?!не\b)\w+)?[)\s]{1,2}(?:прош\w+|пройден\w*|pass\w*)|(?:прош\w+|пройден\w*|passed)\D{0,12}?(\d+)",
        re.I,
    ),
    "failed": re.compile(
        r"(\d+)(?:\s(?!не\b)\w+)?[)\s]{1,2}(?:упал\w*|провал\w*|fail\w*)|(?:упал\w*|провал\w*|failed)\D{0,12}?(\d+)",
        re.I,
    ),
}


def untold(answer: str, source: str, *, failed: bool = False) -> str:
    """The first deed of answer that source does not tell as done; "" if there is none. failed: the work
    did, so it must not be called done either."""
    clauses = [c for c in _SENTENCE.split(source) if c and not re.match(r"\s*#", c)]
    for clause in _SENTENCE.split(answer):
        told = [(m, kind) for kind, deed in _TOLD.items() for m in deed.finditer(clause)]
        told = [(m, kind) for m, kind in told if failed or kind != "finish"]
        places = sorted({m.start() for m, _ in told} | {m.end() for m, _ in told} | {0, len(clause)})
        for found, kind in told:
            if _denied(clause, found.start()):
                if _asserted(found.group(), clauses):
                    return f"a failure that the result does not tell: {found.group()}"
                continue
            begin = max(p for p in places if p <= found.start() and (p < found.start() or p == 0))
            end = min(p for p in places if p >= found.end() and (p > found.end() or p == len(clause)))
            things = _stems(clause[begin : found.start()] + " " + clause[found.end() : end])
            telling = [c for c in clauses if _is_told(kind, c)]
            named = {s for s in things if s.isascii()} if kind in ("remove", "lose") else set()
            if not any(_is_about(things, c) and (named & _stems(c) or not named) for c in telling):
                return f"a deed that the result does not tell: {found.group()}"
    return _wrong_counts(answer, source)


def of_something_else(sentence: str, source: str) -> bool:
    """Whether a sentence of some words has none in common with its source, in one language."""
    things = _stems(sentence)
    return len(things) > 1 and not _is_about(things, source)


def _wrong_counts(answer: str, source: str) -> str:
    """«312 tests failed» where they passed."""
    told = {kind: _counted(count, source) for kind, count in _COUNTS.items()}
    for kind, count in _COUNTS.items():
        others = set().union(*(known for other, known in told.items() if other != kind))
        wrong = _counted(count, answer) - told[kind]
        if wrong and (told[kind] or wrong & others):
            return f"a count that the result does not tell: {', '.join(sorted(wrong))} ({kind})"
    return ""


def _stems(text: str) -> set[str]:
    return {word[:4].lower() for word in re.findall(r"[^\W\d_]{4,}", text)}


def _is_about(things: set[str], clause: str) -> bool:
    """Whether the clause speaks of one of the things; taken for granted of one in another language."""
    other = _stems(clause)
    latin, latin_other = (2 * sum(s.isascii() for s in stems) > len(stems) for stems in (things, other))
    return not things or not other or latin != latin_other or bool(things & other)


def _is_told(kind: str, clause: str) -> bool:
    if re.search(r"\?\s*$", clause):
        return False
    for found in _KINDS[kind].finditer(clause):
        if found.group().lower() in ("больше не", "no longer", "без ошибок", "без провалов", "0 fail"):
            return True
        word = re.match(r"\w*", clause[found.start() :])
        before = clause[: found.start()][-28:]
        to_do = bool(word and _INFINITIVE.fullmatch(word.group())) and not _MANAGED.search(before)
        left = to_do or _LEFT.search(before)
        if not left and not _denied(clause, found.start()):
            return True
    return False


def _denied(clause: str, place: int) -> bool:
    before = re.split(r"[:—–]", clause[max(0, place - 24) : place])[-1]
    return _DENIED.search(before) is not None


def _asserted(word: str, clauses: list[str]) -> bool:
    """Whether the source says the very word, and never denied or left to be done."""
    stem = re.compile(rf"\b{re.escape(word[:6])}", re.I)
    found = [(c, m.start()) for c in clauses for m in stem.finditer(c)]
    said = [(c, at) for c, at in found if not _INFINITIVE.match(c, at) and not _NOUN.match(c, at)]
    return bool(said) and not any(_denied(c, at) or _LEFT.search(c[:at]) for c, at in said)


def _counted(pattern: re.Pattern[str], text: str) -> set[str]:
    return {one or other for one, other in pattern.findall(text)}
