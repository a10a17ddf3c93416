"""Addresses, paths, hashes, versions, identifiers: what developers write and nobody reads letter by letter.

Each is announced by what it is («ссылка на …», «коммит», «файл …») or read in the way a colleague
would; the text of the answer carries the rest. Every pattern begins where a token begins and is
possessive, so that no text makes it run twice over the same characters.
"""

from __future__ import annotations

import re
from functools import lru_cache

from skazano.speech.speakable_cases import governed
from skazano.speech.speakable_numbers import DIGITS, cardinal, integer, noun
from skazano.speech.speakable_terms import LETTERS, table

UUID = re.compile(r"(?<![\w-])[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}(?![\w-])")
COMMIT = re.compile(
    r"((?:коммит[а-яё]{0,3}|ревизи[а-яё]{1,2}|commits?|revision)[ :]{1,2})\(?[`#]?[0-9a-f]{7,40}(?![\w])\)?",
    re.I,
)
HASH = re.compile(r"(?<![\w/.-])(?=[a-f]*+[0-9])(?=[0-9]*+[a-f])[0-9a-f]{7,128}(?![\w-])")
URL = re.compile(r"(?:(?:https?|ftp|ssh|wss?)://|git@|www\.)([^\s<>\"«»`]++)", re.I)
EMAIL = re.compile(r"(?<![\w.+-])([A-Za-z0-9_.+-]++)@([A-Za-z0-9-]++(?:\.[A-Za-z0-9-]++)++)")
MENTION = re.compile(r"(?<![\w@])@(?=[A-Za-z])")
DRIVE = re.compile(r"(?<!\w)([A-Za-z]):\\([\w.\\ -]++)")
IP = re.compile(
    r"(?<![\w.])(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:/(\d{1,2}))?(?::(\d{1,5}))?(?![\w]|\.\d)"
)
PORT = re.compile(r"((?<!\w)порт[а-яё]{0,3} |(?<=[A-Za-z]):)(\d{2,5})(?!\w|\.\d)", re.I)
NUMBERED = r"\d{1,8}(?:\.\d{1,8}){0,5}+"
PRE = r"(?:[-.+]?(?:rc|alpha|beta|dev|post|pre|a|b)[.-]?\d*+(?![A-Za-z])|\+[a-z0-9.]+)?"
V_VERSION = re.compile(rf"(?<![\w./-])[vV]\.? ?(\d{{1,8}}(?:\.\d{{1,8}}){{0,5}}+)({PRE})(?![\w/])")
DOTTED_VERSION = re.compile(rf"(?<![\w.,])(\d{{1,8}}(?:\.\d{{1,8}}){{2,5}}+)({PRE})(?!\w)")
NAMED_VERSION = re.compile(
    rf"((?:(?<![A-Za-z+#])[A-Za-z][A-Za-z+#]*+|верси[а-яё]{{1,3}}|релиз[а-яё]{{0,2}}|питон[а-яё]{{0,2}}|"
    rf"(?:пункт|раздел|глав|параграф|рисун|таблиц|стать|задани|шаг|этап)[а-яё]{{0,4}})"
    rf"(?: | ?(?:[=><~]=|[<>]) ?|@|-)[vV]?)(\d{{1,4}}\.\d{{1,4}})({PRE})(?![\w%]|[.,]\d)",
    re.I,
)
MEASURE = re.compile(r" ?([^\W\d_]{1,8}(?:/[^\W\d_]{1,4})?|[°%$€₽£])")
UNITS_NOT_NAMES = frozenset("in at to of is was by for from".split())
PATH = re.compile(
    r"(?<![\w./~@-])(?:~|\.{1,2})?/(?:[\w.@+*-]++/?)++|(?<![\w./@-])[A-Za-z0-9_.@-]++(?:/[A-Za-z0-9_.@+*-]++)++/?"
)
DOTFILE = re.compile(r"(?<![\w.])(\*?)\.([A-Za-z][A-Za-z0-9_-]*+)(?!\.\w)")
NAME = re.compile(r"(?<![\w./-])\.?[A-Za-z0-9_][A-Za-z0-9_-]*+(?:\.[A-Za-z0-9_-]++)++")
COLOUR = re.compile(
    r"(?<![\w&])#((?=0|[0-9]*+[A-Fa-f])[0-9A-Fa-f]{6}|(?=[0-9]*+[A-Fa-f])[0-9A-Fa-f]{3})(?![\w-])"
)
HEX = re.compile(r"(?<!\w)0[xX]([0-9a-fA-F]{1,32})(?!\w)")
PHONE = re.compile(r"(?<![\d\w])(\+7|8)[ -]?\(?(\d{3})\)?[ -]?(\d{3})[ -]?(\d{2})[ -]?(\d{2})(?![\d-])")
FLAG = re.compile(r"(?<![\w-])--(?=[A-Za-z])([A-Za-z][A-Za-z0-9-]*+)(=?)")
SHORT_FLAG = re.compile(r"(?<![\w-])-([A-Za-z]{1,3})(?![\w-])")
MIXED = re.compile(r"(?<![A-Za-z0-9])(?=[A-Za-z]++[0-9]|[0-9]++[A-Za-z])[A-Za-z0-9]++")
PIECE = re.compile(r"[A-Za-z]++|[0-9]++")
SHORTSTAT = re.compile(
    r"(?<!\w)(\d{1,9}) files? changed(?:, (\d{1,9}) insertions?(?:\(\+\))?)?"
    r"(?:, (\d{1,9}) deletions?(?:\(-\))?)?"
)
OUTCOME = re.compile(
    r"(?<![\w.,])(\d{1,9}) (?:tests? )?(passed|failed|skipped|deselected|xfailed|xpassed)(?!\w)",
    re.I,
)
OUTCOMES = {
    "passed": ("прошёл", "прошло"),
    "failed": ("не прошёл", "не прошло"),
    "skipped": ("пропущен", "пропущено"),
    "deselected": ("исключён", "исключено"),
    "xfailed": ("ожидаемо не прошёл", "ожидаемо не прошло"),
    "xpassed": ("неожиданно прошёл", "неожиданно прошло"),
}
IN_TIME = re.compile(r"(?<!\w)in (?=\d{1,9}(?:[.,]\d{1,6})? ?(?:ms|s|sec|seconds?|min|minutes?)(?!\w))")
TEST, STRING = noun("тест", "тестов"), noun("строка", "строк")
CHECKSUMS = (32, 56, 64, 96, 128)
SUFFIXES = {
    "rc": "релиз-кандидат",
    "alpha": "альфа",
    "beta": "бета",
    "dev": "дев",
    "post": "пост",
    "pre": "пре",
    "a": "альфа",
    "b": "бета",
}
VERSION_CASES = {"g": "версии", "d": "версии", "a": "версию", "i": "версией", "p": "версии"}
LONG_PATH = 4  # components; of a longer path the last is read, and the folder it lies in
BEFORE = re.compile(r"([а-яё]+)[ \u00a0]$")


def addresses(text: str) -> str:
    """`text` with links, mail addresses, identifiers, hashes and telephone numbers in words."""
    text = UUID.sub(" идентификатор ", text)
    text = URL.sub(_url, text)
    text = EMAIL.sub(_email, text)
    text = MENTION.sub("", text)
    text = COMMIT.sub(r"\1", text)
    text = HASH.sub(_hash, text)
    text = COLOUR.sub(lambda m: "решётка " + _characters(m[1]), text)
    text = HEX.sub(lambda m: "ноль икс " + _characters(m[1]), text)
    text = PHONE.sub(_phone, text)
    text = SHORTSTAT.sub(_shortstat, text)
    text = OUTCOME.sub(_outcome, text)
    return IN_TIME.sub("за ", text)


def names(text: str) -> str:
    """`text` with versions, paths, file names, flags and identifiers in words or plain numbers."""
    text = IP.sub(_ip, text)
    text = V_VERSION.sub(_v_version, text)
    text = DOTTED_VERSION.sub(_dotted_version, text)
    text = _special().sub(lambda m: table().special[m[0].lower()], text)
    text = DRIVE.sub(lambda m: f"диск {LETTERS[m[1].lower()]}, " + _components(m[2], "\\"), text)
    text = PATH.sub(_path, text)
    text = NAME.sub(_name, text)
    text = DOTFILE.sub(lambda m: f"{'звёздочка ' if m[1] else ''}точка {m[2]}", text)
    text = NAMED_VERSION.sub(_named_version, text)
    text = PORT.sub(_port, text)
    text = FLAG.sub(lambda m: f"минус-минус {m[1].replace('-', ' ')}" + (" равно " if m[2] else ""), text)
    text = SHORT_FLAG.sub(_short_flag, text)
    return MIXED.sub(_mixed, text)


def _shortstat(found: re.Match[str]) -> str:
    """git's summary line."""
    said = f"изменения в {found[1]} {'файле' if _is_one(found[1]) else 'файлах'}"
    for digits, one, many in (
        (found[2], "добавлена", "добавлено"),
        (found[3], "удалена", "удалено"),
    ):
        if digits:
            lines = STRING.after(int(digits))
            said += f", {one if _is_one(digits) else many} {digits} {lines}"
    return said


def _outcome(found: re.Match[str]) -> str:
    """A test runner's counts: «12 passed»."""
    one, many = OUTCOMES[found[2].lower()]
    verb = one if _is_one(found[1]) else many
    return f"{verb} {found[1]} {TEST.after(int(found[1]))}"


def _is_one(digits: str) -> bool:
    return digits[-1] == "1" and digits[-2:] != "11"


@lru_cache(maxsize=1)
def _special() -> re.Pattern[str]:
    keys = sorted(table().special, key=len, reverse=True)
    return re.compile(
        r"(?<![\w.@/-])(?:" + "|".join(map(re.escape, keys)) + r")(?![\w@]|/\w|-[A-Za-z0-9])", re.I
    )


def _url(found: re.Match[str]) -> str:
    rest = found[1]
    tail = re.search(r"[.,;:!?)\]}'*]{1,10}$", rest[-12:])
    end = rest[len(rest) - len(tail.group()) :] if tail else ""
    host = re.split(r"[/?#]", rest.rpartition("@")[2] if "@" in rest[:60] else rest, maxsplit=1)[0]
    host = host.rstrip(".,;:!?)]}'*").removeprefix("www.")
    name, _, port = host.partition(":")
    before = _word_before(found)
    lead = "" if before == "по" or governed(before) != "n" else "ссылка на "
    lead = "ссылку на " if before == "смотри" else lead
    said = f"{lead}{_host(name)}" if name else "ссылка"
    if port.isdigit():
        said += f", порт {_port_number(port)}"
    return f"{said}{end} " if end else said


def _host(name: str) -> str:
    if found := IP.fullmatch(name):
        return _ip(found)
    if name.lower() in table().special:
        return table().special[name.lower()]
    return " точка ".join(part.replace("-", " ").replace("_", " ") for part in name.split(".") if part)


def _email(found: re.Match[str]) -> str:
    local = re.sub(r"[.]", " точка ", found[1]).replace("_", " подчёркивание ").replace("+", " плюс ")
    return f"{local.replace('-', ' дефис ')} собака {_host(found[2])}"


def _hash(found: re.Match[str]) -> str:
    return "контрольная сумма" if len(found.group()) in CHECKSUMS else "коммит"


def _characters(text: str) -> str:
    return " ".join(DIGITS[int(c)] if c.isdigit() else LETTERS[c] for c in text.lower())


def _phone(found: re.Match[str]) -> str:
    country = "плюс семь" if found[1] == "+7" else "восемь"
    return " ".join((country, *(integer(part) for part in found.groups()[1:])))


def _ip(found: re.Match[str]) -> str:
    parts = found.groups()[:4]
    if any(int(part) > 255 for part in parts):
        return _version_words(".".join(parts))
    said = " ".join(integer(part) for part in parts)
    if found[5]:
        said += f" слэш {integer(found[5])}"
    return f"{said}, порт {_port_number(found[6])}" if found[6] else said


def _port_number(digits: str) -> str:
    """«восемьдесят восемьдесят», «пятьдесят четыре тридцать два», «три тысячи»."""
    if len(digits) == 4 and int(digits[:2]) >= 10 and int(digits[2:]) >= 10:
        return f"{cardinal(int(digits[:2]))} {cardinal(int(digits[2:]))}"
    return integer(digits)


def _port(found: re.Match[str]) -> str:
    head = found[1] if found[1] != ":" else ", порт "
    return head + _port_number(found[2])


def _version_words(number: str, pre: str = "") -> str:
    said = " точка ".join(integer(part) for part in number.split("."))
    if not pre:
        return said
    found = re.match(r"[-.+]?([a-z]+)[.-]?(\d*)", pre)
    if not found or pre.startswith("+"):
        return f"{said} плюс {pre[1:].replace('.', ' точка ')}"
    tail = SUFFIXES.get(found[1], found[1])
    return f"{said} {tail} {integer(found[2])}" if found[2] else f"{said} {tail}"


def _word_before(found: re.Match[str]) -> str:
    window = BEFORE.search(found.string[max(0, found.start() - 24) : found.start()].lower())
    return window[1] if window else ""


def _v_version(found: re.Match[str]) -> str:
    before = _word_before(found)
    said = _version_words(found[1], found[2])
    if before.startswith(("верси", "релиз", "тег")):
        return said
    ahead = found.string[max(0, found.start() - 2) : found.start()]
    if "." in found[1] and ahead[1:] == " " and ahead[0].isascii() and ahead[0].isalpha():
        return said
    case = governed(before)
    if before in ("в", "во"):
        case = "p"
    return f"{VERSION_CASES.get(case, 'версия')} {said}"


def _dotted_version(found: re.Match[str]) -> str:
    return _version_words(found[1], found[2])


def _named_version(found: re.Match[str]) -> str:
    name = found[1].rstrip(" =~<>@-vV").lower()
    measure = MEASURE.match(found.string, found.end())
    tables = table()
    measured = measure is not None and (
        measure[1].lower() in tables.units
        or measure[1].lower() in tables.money
        or measure[1].lower() in ("тыс", "млн", "млрд")
    )
    if name in UNITS_NOT_NAMES or measured:
        return found.group()
    link = {
        "==": " равно ",
        ">=": " не ниже ",
        "<=": " не выше ",
        "~=": " около ",
        ">": " новее ",
        "<": " старше ",
    }
    joint = next((said for sign, said in link.items() if sign in found[1]), " ")
    return f"{found[1].rstrip(' =~<>@-')}{joint}{_version_words(found[2], found[3])}"


def _components(path: str, separator: str) -> str:
    parts = [part for part in path.split(separator) if part]
    if len(parts) < LONG_PATH:
        return " слэш ".join(map(_label, parts))
    return f"{_label(parts[-1])} в папке {_label(parts[-2])}"


def _path(found: re.Match[str]) -> str:
    path = found.group()
    tail = re.search(r"[.,;:!?]{1,9}$", path[-10:])
    end = tail.group() if tail and not path.endswith("..") else ""
    path = path[: len(path) - len(end)] if end else path
    if not re.search(r"[A-Za-zА-Яа-яЁё]", path):
        return found.group()
    if path[0] not in "/~." and _is_unit(path):
        return found.group()
    lead = "слэш " if path.startswith("/") and path.count("/") < LONG_PATH else ""
    lead = "домашняя папка слэш " if path.startswith("~/") else lead
    path = path.removeprefix("~").removeprefix("./").replace("../", "на уровень выше/")
    return f"{lead}{_components(path, '/')}{end}"


def _is_unit(path: str) -> bool:
    first, _, second = path.lower().partition("/")
    units = table().units
    return path.lower() in units or (first in units and second in units)


def _name(found: re.Match[str]) -> str:
    name = found.group()
    if not re.search(r"[A-Za-z]", name):
        return name
    if re.fullmatch(r"\d++(?:\.\d++)?[A-Za-z]+", name):
        return name
    return _label(name)


def _label(name: str) -> str:
    """A file name, a component of a path, a dotted identifier: its words, dots said."""
    special = table().special.get(name.lower())
    if special:
        return special
    said = re.sub(r"\.(?=[\w-])", " точка ", name).replace("_", " ").replace("*", " звёздочка ")
    if re.fullmatch(r"\d{4}-\d\d-\d\d", name):
        return name
    if re.fullmatch(r"[vV]\d{1,4}", name):
        return "вэ " + integer(name[1:])
    return re.sub(r"-(?=[\w])", " ", said).replace("@", " собака ").replace("+", " плюс ").strip()


def _short_flag(found: re.Match[str]) -> str:
    return f"минус {' '.join(LETTERS[c] for c in found[1].lower())}"


def _mixed(found: re.Match[str]) -> str:
    """«python3», «py311», «3d»: the table, else letters and digits apart; units stay («10ms»)."""
    token = found.group()
    tables = table()
    if token.lower() in tables.terms:
        return tables.terms[token.lower()]
    pieces = PIECE.findall(token)
    if token[0].isdigit() and len(pieces) == 2:
        if pieces[1].lower() in tables.units or pieces[1] in ("k", "K", "M", "x", "X"):
            return token
        if pieces[1].lower() in tables.money:
            return token
    if len(pieces) == 3 and pieces[1] in ("x", "X") and token[0].isdigit():
        return token
    return " ".join(integer(piece) if piece.isdigit() else piece for piece in pieces)
