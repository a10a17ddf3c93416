"""Numbers in words: «двадцать пять» is 25."""

import re
from itertools import pairwise

from skazano.understand.phonetics import normal
from skazano.understand.words import Word, words

_FORMS = {
    0: "ноль нуля нулю нулем", 1: "один одна одно одну одного одной одному",
    2: "два две двух двум двумя оба обе",
    3: "три трех трем тремя", 4: "четыре четырех четырем", 5: "пять пяти пятью", 6: "шесть шести шестью",
    7: "семь семи семью", 8: "восемь восьми", 9: "девять девяти", 10: "десять десяти десятью",
    11: "одиннадцать одиннадцати", 12: "двенадцать двенадцати", 13: "тринадцать тринадцати",
    14: "четырнадцать четырнадцати", 15: "пятнадцать пятнадцати", 16: "шестнадцать шестнадцати",
    17: "семнадцать семнадцати", 18: "восемнадцать восемнадцати", 19: "девятнадцать девятнадцати",
    20: "двадцать двадцати", 30: "тридцать тридцати", 40: "сорок сорока", 50: "пятьдесят пятидесяти",
    60: "шестьдесят шестидесяти", 70: "семьдесят семидесяти", 80: "восемьдесят восьмидесяти",
    90: "девяносто девяноста", 100: "сто ста", 200: "двести двухсот двумстам", 300: "триста трехсот",
    400: "четыреста четырехсот", 500: "пятьсот пятисот", 600: "шестьсот шестисот", 700: "семьсот семисот",
    800: "восемьсот восьмисот", 900: "девятьсот девятисот",
    1000: "тысяча тысячу тысячи тысяч тысячей тысячам тысяче",
}  # fmt: skip
_ENGLISH = "one two three four five six seven eight nine ten".split()
NUMERALS = {form: value for value, forms in _FORMS.items() for form in forms.split()} | {
    word: value for value, word in enumerate(_ENGLISH, 1)
}
ORDINAL_STEMS = {
    "перв": 1, "втор": 2, "трет": 3, "четверт": 4, "пят": 5, "шест": 6, "седьм": 7, "восьм": 8, "девят": 9,
    "десят": 10, "одиннадцат": 11, "двенадцат": 12, "тринадцат": 13, "четырнадцат": 14, "пятнадцат": 15,
    "шестнадцат": 16, "семнадцат": 17, "восемнадцат": 18, "девятнадцат": 19, "двадцат": 20, "тридцат": 30,
}  # fmt: skip
_ORDINAL = re.compile(rf"({'|'.join(ORDINAL_STEMS)})(?:ый|ой|ий|ого|ьего|ому|ьему|ом|ое|ье|ая|ья|ую|ью|ьей)")
_DATES = re.compile(
    r"(?:январ|феврал|март|апрел|ма[яе]$|июн|июл|август|сентябр|октябр|ноябр|декабр|числ)|год(?:а|у|ом)?$"
)
_UNITS = re.compile(
    r"(?:секунд|миллисекунд|процент|пиксел|мегабайт|гигабайт|килобайт|терабайт|байт|мегабит|рубл|доллар|"
    r"градус|метр|километр|сантиметр|миллиметр|килограмм|грамм|литр)[а-я]{0,3}|евро|утра|вечера"
)
_NUMBERED = re.compile(
    r"(?:шаг|пункт|номер|верси|страниц|строк|глав|порт|этаж)[а-я]{0,2}|[a-z+#]+|python|питон"
)
_ONE = rf"(\d+|{'|'.join(word for word in NUMERALS if len(word) > 2)})"
_RANGE = re.compile(rf"\b(с |от |между |из |){_ONE} (до|на|по|и) {_ONE}\b")
_OPPOSED = [  # «8 пикселей, а не четыре», «не четыре, а 8»
    re.compile(rf"(\d(?: \w+)?,? а не (?:на |до |в |за )?){_ONE}()\b(?! раз)"),
    re.compile(rf"(\bне (?:на |до |в |за )?){_ONE}((?: \w+)?,? а (?:на |до |в |за )?\d)"),
]
_TOP = re.compile(rf"\b(топ[- ]){_ONE}\b", re.I)
_SPELT = re.compile(r"(?:парол|код|пин|номер|телефон|артикул)[а-я]{0,2}|pin")
_CLOCK = frozenset("в до с к на около после".split())


def numbers(text: str) -> set[str]:
    """Every number in text as digits, those inside others too: «двадцать пять» is "20", "5" and "25"."""
    return set(_read(text, whole=False))


def totals(text: str) -> list[str]:
    """The numbers of text as digits, in order, each as it is meant: «двадцать пять» is "25"."""
    return _read(text, whole=True)


def _read(text: str, *, whole: bool) -> list[str]:
    found: list[str] = []
    total: int | None = None
    for word in [*re.findall(r"\d+|[^\W\d]+", normal(text)), ""]:
        value = NUMERALS.get(word)
        if value is None or (total is not None and not _goes_on(total, value)):
            found += [str(total)] if total is not None else []
            total = value
        else:
            total = _add(total or 0, value)
        if value is not None and not whole:
            found += [str(value), str(total)]
        if word.isdigit():
            found.append(word.lstrip("0") or "0")
    return found


def _add(total: int, value: int) -> int:
    return (total or 1) * 1000 if value == 1000 else total + value


def _goes_on(total: int, value: int) -> bool:
    """Whether a numeral belongs to those before it: «сто» «двадцать» «пять», «две» «тысячи» «сорок»."""
    if value == 1000:
        return total < 1000
    last = total % 1000
    return (total > 0 and last == 0) or (
        last >= 20 and value < (10 if last % 100 else 100) and (last % 100 == 0 or last % 10 == 0)
    )


def with_digits(text: str, apart: frozenset[int] | set[int] = frozenset()) -> str:
    """text with digits where one writes them: from ten on, before a unit, in a date, a time of day or a
    version. «Два шага», «сто раз» and words at the places in `apart` stay."""
    tokens, edits, at = words(text), [], 0
    while at < len(tokens):
        end = at
        while end < len(tokens) and tokens[end].norm in NUMERALS and end not in apart:
            end += 1
        if (
            end < len(tokens)
            and _ORDINAL.fullmatch(tokens[end].norm)
            and (edit := _date(text, tokens, at, end))
        ):
            edits.append(edit)
        elif end > at and not (
            end < len(tokens) and _ORDINAL.fullmatch(tokens[end].norm) and _tens(tokens[end - 1])
        ):
            edits += _run(text, tokens, at, end)
        at = end + 1
    for start, stop, digits in reversed(edits):
        text = text[:start] + digits + text[stop:]
    text = re.sub(r"(?<=\d) точка (?=\d)", ".", text)
    text = re.sub(r"\b(?:полторы тысячи|полутора тысяч)(?= [а-яё]{3})", "1500", text)
    text = _TOP.sub(lambda found: found[1] + _digits(found[2]), text)
    if not re.search(r"\d", text):
        return text
    for opposed in _OPPOSED:
        text = opposed.sub(lambda found: found[1] + _digits(found[2]) + found[3], text)
    return _RANGE.sub(_both, text)


def _digits(said: str) -> str:
    return str(NUMERALS.get(normal(said), said))


def _both(found: re.Match[str]) -> str:
    """«с 23 до семи»: if one is in digits, so is the other."""
    one, other = (NUMERALS.get(normal(found[n]), found[n]) for n in (2, 4))
    digits = (found[2].isdigit() or found[4].isdigit()) and (found[1] or found[3] == "на")
    return f"{found[1]}{one} {found[3]} {other}" if digits else found.group()


def _tens(word: Word) -> bool:
    return NUMERALS[word.norm] >= 20  # «двадцать пятая»


def _value(tokens: list[Word]) -> int:
    total = 0
    for token in tokens:
        total = _add(total, NUMERALS[token.norm])
    return total


def _date(text: str, tokens: list[Word], at: int, end: int) -> tuple[int, int, str] | None:
    """«двадцать пятого декабря», «две тысячи двадцать шестой год»."""
    ordinal = _ORDINAL.fullmatch(tokens[end].norm)
    after = [token.norm for token in tokens[end + 1 : end + 5]]
    if after[:1] in (["на"], ["по"], ["до"], ["а"], ["и"]):  # «с пятнадцатого на двадцатое ноября»
        after = next((after[n + 1 :] for n in (1, 2) if n < len(after) and _ORDINAL.fullmatch(after[n])), [])
    of = after[0] if after else ""
    total = _value(tokens[at:end])
    coded = 100 <= total < 1000 and after[:1] != ["раз"]  # «пятьсот третья ошибка»
    dated = _DATES.match(of) or total >= 1000 or coded
    if not ordinal or not dated or (end == at and of.startswith("год")):
        return None
    value = ORDINAL_STEMS[ordinal[1]]
    if total and not _goes_on(total, value):
        return None
    return tokens[at].start, tokens[end].end, str(total + value)


def _run(text: str, tokens: list[Word], at: int, end: int) -> list[tuple[int, int, str]]:
    """What is written for the numerals [at, end): a run of them may be several numbers."""
    cuts = [at]
    for place in range(at + 1, end):
        if not _goes_on(_value(tokens[cuts[-1] : place]), NUMERALS[tokens[place].norm]):
            cuts.append(place)
    spans = list(pairwise([*cuts, end]))
    before = tokens[at - 1].norm if at else ""
    after = tokens[end].norm if end < len(tokens) else ""
    values = [_value(tokens[a:b]) for a, b in spans]
    start, stop = tokens[at].start, tokens[end - 1].end
    unit = _UNITS.fullmatch(after) is not None
    if before in _CLOCK and values[0] < 24 and not unit:
        if len(values) == 2 and 10 <= values[1] < 60:
            return [(start, stop, f"{values[0]}:{values[1]}")]
        if values[1:] == [0, 0]:
            return [(start, stop, f"{values[0]}:00")]
    if len(values) == 2 and values[0] < values[1] and unit:
        return [(start, stop, f"{values[0]}–{values[1]}")]
    if len(set(values)) < len(values) and max(values) < 10 and unit:
        return []  # «пять, пять секунд мало»
    numbered = _NUMBERED.fullmatch(before) is not None
    if len(values) > 2 and max(values) < 10 and _SPELT.fullmatch(before):
        return [(start, stop, "".join(map(str, values)))]
    many = len(values) > 2 or (len(values) == 2 and max(values) > 99)  # «восемь девятьсот»
    sure = "точка" in (before, after) or numbered or many
    edits = [_one(tokens, a, b, after, sure or (unit and _value(tokens[a:b]) > 1)) for a, b in spans]
    return [edit for edit in edits if edit]


def _one(tokens: list[Word], a: int, b: int, after: str, sure: bool) -> tuple[int, int, str] | None:
    """What is written for the number [a, b); sure: in digits even if it is small."""
    if b - a == 1 and tokens[a].norm in ("тысяча", "тысячу") and after not in ("", "и", "или", "раз"):
        return tokens[a].start, tokens[a].end, "1000"  # «на тысячу запросов», not «тысячи писем»
    thousands = NUMERALS[tokens[b - 1].norm] == 1000
    last = b - 1 if thousands else b  # «25 тысяч»
    said = " ".join(token.norm for token in tokens[a:last])
    written = _value(tokens[a:b]) // 1000 if thousands else _value(tokens[a:b])
    if last == a or after in ("раз", "раза") or said in _ENGLISH:
        return None
    if not (sure or written > 9 or b - a > 1):
        return None
    return tokens[a].start, tokens[last - 1].end, str(written)
