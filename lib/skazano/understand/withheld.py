"""Does an answer deny, make up or keep back what its source says was done and was not? "" means no.

What is compared by words is compared in one language only: a source may be in another than its answer.
"""

import re

from skazano.understand.pieces import NOT, content, pieces, root, sentences, stems, with_figures

MOST_LACKS = 3
_DENIAL = re.compile(
    r"\b(?:не|ничего не|никак не|не стал[аи]?|not|never|n't)\s+(?:стал[аи]?\s+)?([а-яёa-z]{4,})", re.I
)
_DONE = re.compile(r"[а-яё]+(?:[аеиыуя]л[аои]?|л[аои]|[её]н[аоы]?|ан[аоы]?|ят[аоы]?|[ыу]т[аоы]?)(?:с[яь])?")
_DOES = re.compile(r"[а-яё]+(?:[её]т|ит|[ую]т|[ая]т)(?:с[яь])?")
_WORD = re.compile(r"[а-яёa-z]{5,}")
_COMFORT = {"мен", "тро"}  # «на других страницах цвет не менял» denies nothing of what is told
_LACK = re.compile(
    r"\bнет ((?:[а-яё]+[оеы][гйхм]о? )?[а-яё]{4,})|([а-яё]{4,})\s+(?:пока |ещё |еще )?нет\b(?! [а-яё])", re.I
)
_UNDONE = re.compile(
    r"\bне\s+(запуск\w+|прогон\w+|провер\w+|тестир\w+|сдела\w+|реализ\w+|нач\w+|законч\w+|применя\w+|отправ\w+|"
    r"выкат\w+|выкла\w+|доделал\w*)|\b(упал\w*|провал\w+)\b",
    re.I,
)
_OWNED = re.compile(
    r"\b(?:не|нет|без|ни|упал\w*|пада\w+|ошиб\w+|провал\w+|остал\w+|остаё?е?тся|кроме|только|лишь|пока|нужно|надо|"
    r"вручную|проверьте|not|no|fail\w*|left|remain\w*|only|except|need\w*)\b|n't\b",
    re.I,
)
_BROKEN = re.compile(r"упал|пада|провал|ошиб|не прош|не проход|сломан|красн|fail|broke", re.I)
_COUNTED = re.compile(
    r"\b(?:цел|десят|сот|тысяч|секунд|минут|час|дн|дне|недел|месяц|пиксел|(?:кило|мега|гига)?байт|процент|рубл|штук|раз)"
    r"[а-яё]{0,4}\b",
    re.I,
)
_REASON = re.compile(r"\b(?:потому что|так как|поскольку|из-за того,? что|из-за|ведь)\s+([^.;!?\n]+)", re.I)


def withheld(answer: str, source: str) -> str:
    """What of answer the source denies or does not know, or what it lacks; "" if nothing plainly."""
    return (
        _denied(answer, source)
        or _other_lack(answer, source)
        or _made_up(answer, source)
        or _kept_back(answer, source)
    )


def _denied(answer: str, source: str) -> str:
    """«Восстановление проверено» where the source says «восстановление не проверял»."""
    denials, deeds = _deeds(source)
    for piece in pieces(answer):
        if NOT.search(piece) or piece.rstrip().endswith(":"):
            continue
        for word in filter(_is_deed, _WORD.findall(piece.lower())):
            deed, things = root(word), stems(piece)
            for denied, near in denials:
                if denied != deed or deed in _COMFORT or not _are_of(things, near):
                    continue
                if not any(done == deed and _covers(about, things, near) for done, about in deeds):
                    return f"a deed that the result denies: {word}"
    return ""


def _deeds(source: str) -> tuple[list[tuple[str, set[str]]], list[tuple[str, set[str]]]]:
    """(root, what it is about) of each deed that the source denies, and of each that it tells."""
    denials, deeds = [], []
    for piece in pieces(source):
        denials += [(root(word), _about(piece, word)) for word in _DENIAL.findall(piece)]
        if not NOT.search(piece):
            deeds += [
                (root(word), _about(piece, word)) for word in _WORD.findall(piece.lower()) if _is_deed(word)
            ]
    return denials, deeds


def _is_deed(word: str) -> bool:
    return (
        bool(_DONE.fullmatch(word) or _DOES.fullmatch(word))
        if not word.isascii()
        else word.endswith(("ed", "ent", "un"))
    )


def _about(piece: str, deed: str) -> set[str]:
    return {stem for word, stem in content(piece) if root(word) != root(deed)}


def _are_of(things: set[str], near: set[str]) -> bool:
    """Whether a deed told of things may be the one that is denied of near; so it may in another language."""
    return not near or bool(things & near) or all(stem.isascii() for stem in near)


def _covers(about: set[str], things: set[str], near: set[str]) -> bool:
    """Whether a deed that is told is the one of the answer: of what is denied it names the same."""
    return (not about or bool(things & about) or not things) and things & near <= about


def _other_lack(answer: str, source: str) -> str:
    """«заказы нет» for «возвраты нет», «нет выручки» for «нет себестоимости»."""
    known, lacking = stems(source), set()
    for sentence in sentences(source):
        for piece in sentence:
            lacking |= (stems(piece) or stems(" ".join(sentence))) if NOT.search(piece) else set()
    if not any(not stem.isascii() for stem in lacking):
        return ""
    for found in _LACK.finditer(answer):
        none_of, none = stems(found[1] or "") - {"нужн"}, stems(found[2] or "")
        if (none_of and not none_of & known) or (none and none <= known and not none & lacking):
            return f"a lack that the result does not tell: {found.group()}"
    return ""


def _made_up(answer: str, source: str) -> str:
    """A reason, or a whole clause, that shares next to nothing with a source in the same language."""
    known = stems(source)
    if 2 * sum(stem.isascii() for stem in known) > len(known):
        return ""
    for reason in _REASON.findall(answer):
        said = stems(re.split(r",\s", reason)[0])
        if len(said) > 1 and len(said & known) < len(said) / 2:
            return f"a reason that the result does not tell: {reason[:60]}"
    short = {stem[:3] for stem in known}
    for piece in pieces(answer):
        said = {stem[:3] for stem in stems(_COUNTED.sub(" ", piece)) if not stem.isascii()}
        if len(said) > 2 and not NOT.search(piece) and len(said & short) * 5 < len(said):
            return f"what the result does not tell: {piece[:60]}"
    return ""


def _kept_back(answer: str, source: str) -> str:
    """What the source says was not done or went wrong, and no sentence of the answer does. Of more than
    MOST_LACKS the answer may leave out up to a half."""
    owned = [said for sentence in sentences(answer) if _OWNED.search(said := " ".join(sentence))]
    told = stems(" ".join(owned))
    told |= {f"-{root(word)}" for sentence in owned for word in _WORD.findall(sentence.lower())}
    told |= set(re.findall(r"\d+", with_figures(" ".join(owned))))
    told |= {"broken"} if _BROKEN.search(answer) else set()
    lacks = [
        (piece, _is_told(found, piece, " ".join(sentence), told))
        for sentence in sentences(source)
        for piece in sentence
        for found in _UNDONE.finditer(piece)
    ]
    missing = [piece.strip() for piece, is_told in lacks if not is_told]
    few = len(lacks) <= MOST_LACKS or 2 * len(missing) > len(lacks)
    return f"what was not done or went wrong is not told: {missing[0][:60]}" if missing and few else ""


def _is_told(found: re.Match[str], piece: str, sentence: str, told: set[str]) -> bool:
    """Whether told has the number of what was not done, its verb, or most of what it is about."""
    if set(re.findall(r"\d+", piece)) & told:
        return True
    if found[2]:
        return "broken" in told
    near, far = _about(piece, found[1]), _about(sentence, found[1])
    most = 3 * len(near & told) >= 2 * len(near) if near & told else bool(far & told)
    return most or not far or f"-{root(found[1])}" in told
