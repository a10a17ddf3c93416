"""The answer to the person, taken from the tool's result: nothing is said that the result does not say."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

TEXT_LIMIT = 700  # characters of an answer to be read
SPOKEN_MOST = 8  # sentences of an answer to be heard
_LINE_LIMIT = 480  # of the text answer, for what the tool said; the rest is for the commit

_UNDONE = re.compile(
    r"не удал|не смог|не получ|не сделан|не выполн|не провер|не прош|не работает|осталось|остаётся|остается|"
    r"внимание|обратите|ошибк|упал|падает|провал|вручную|пропущен|не стал|не трогал|не менял|не запускал|"
    r"\bнужно|необходимо|требуется|рекоменд|откатил|could not|couldn't|unable|fail|error|"
    r"not (?:done|implemented|tested|able|run)|remaining|left to do|todo|warning|note|skipped|manually|"
    r"need to",
    re.I,
)
_TESTS = re.compile(r"тест|test|провер", re.I)
_PATH = re.compile(
    r"(?<![\w])(?:[\w.-]{0,200}/(?:[\w./-]*[\w/-])?|[\w-]{1,200}\.[A-Za-z][\w]{0,5}\b(?!\.\w))"
)
_CODE = re.compile(
    r"[{}<>=;|\\$_]|\w\(|\)\w|::|->|\b(?!iPhone|iPad|iOS|macOS)[a-z]+[A-Z]\w*|"
    r"^\s*(?:def|import|from|git|npm|pip|sudo|cd|class)\s",
    re.M,
)
_GAP = (
    r"(?:(?P<noun>\b(?:файл|функци|метод|класс|переменн|страниц|таблиц|тест|модул|команд|параметр|пакет|скрипт|миграци|"
    r"function|method|class|variable|file|module|test|table)\w*)|(?<!\w)(?:в|из|на|к|и|in|to|and|of|from))"
    r"(?:[\s,]*(?:и|and)?[\s,]*\0)+"
)  # a name left out after the word for what it is, or with its preposition
# What a name that was left out leaves behind, if it was needed there.
_TORN = re.compile(
    r"\0|[—–:,(]\s*[.,;:!?)]|^\W*[—–,.:;]|[—–]\s*$|\w:\d|"
    r"\s(?:в|из|на|к|и|с|для|по|by|to|in|of|and|from|with)\s*[.,;:!?)]"
)


def plain(markdown: str) -> str:
    """Markdown without its marks: no fences and tables, headings and list items as sentences."""
    text = re.sub(r"(?ms)^[^\S\n]*(?:```|~~~).*?(?:^[^\S\n]*(?:```|~~~)[^\S\n]*$|\Z)", "", markdown)
    text = re.sub(r"(?m)^[^\S\n]*\|.*\|[^\S\n]*$", "", text)
    text = re.sub(r"(?m)^[^\S\n]*(?:Шаг|Step) \d+[.:)]\s+", "\n", text)
    text = re.sub(r"!?\[([^\]]{0,500})\]\([^)]{0,2000}\)", r"\1", text)
    text = re.sub(r"(?m)^[^\S\n]*(?:[-*_][^\S\n]*){3,}$", "", text)
    text = re.sub(
        r"(?m)^[^\S\n]*#{1,6}[^\S\n]+(.*)$", lambda m: f"\n{m[1].rstrip().rstrip('#').rstrip()}\n", text
    )
    text = re.sub(r"(\*\*|__)(.+?)\1", r"\2", text)
    text = re.sub(r"(?<![\w*])\*([^*\n]+)\*(?![\w*])", r"\1", text)
    return re.sub(r"(?m)^[^\S\n]*>\s?", "", text)


def _units(text: str) -> list[tuple[str, bool]]:
    """(sentence, whether it is a heading) in order; list items are sentences."""
    out: list[tuple[str, bool]] = []
    for block in re.split(r"\n\s*\n|\n(?=\s*(?:[-*•+]|\d{1,2}[.)])\s)", text):
        flat = " ".join(block.split())
        item = re.sub(r"^(?:[-*•+]|\d{1,2}[.)])\s+(?:\[[ xX]\]\s*)?", "", flat)
        if not re.search(r"\w", item):
            continue
        heading = item == flat and len(item) < 60 and not re.search(r"[.!?…]$", item)
        item = item if re.match(r"[\w-]*[./_(]", item) else item[:1].upper() + item[1:]
        parts = re.split(r"(?<=[.!?…])\s+(?=[«\"(]?[А-ЯЁA-Z0-9`])", item)
        out += [(part.strip(), heading) for part in parts if part.strip()]
    return out


def _ended(sentence: str) -> str:
    sentence = sentence.rstrip(" :;,")
    return sentence if re.search(r"[.!?…][»\")]?$", sentence) else sentence + "."


def _plural(count: int, one: str, few: str, many: str) -> str:
    if count % 10 == 1 and count % 100 != 11:
        return one
    return few if 2 <= count % 10 <= 4 and not 12 <= count % 100 <= 14 else many


def _changes(commit: Mapping[str, Any] | None) -> tuple[int, int, int]:
    """(files, lines added, lines removed) of commit.json's numstat: [added, removed, path] or mappings."""
    files = added = removed = 0
    for entry in (commit or {}).get("numstat") or []:
        if isinstance(entry, Mapping):
            plus, minus = entry.get("added"), entry.get("removed", entry.get("deleted"))
        else:
            plus, minus = entry[0], entry[1]
        files += 1
        added += int(str(plus)) if str(plus).isdigit() else 0
        removed += int(str(minus)) if str(minus).isdigit() else 0
    return files, added, removed


def _pushed(commit: Mapping[str, Any]) -> bool | None:
    """True, False (tried in vain) or None (no remote, or nothing known)."""
    push = commit.get("push")
    if isinstance(push, Mapping):
        if "ok" in push:
            return bool(push["ok"])
        push = push.get("result", push.get("status"))
    if isinstance(push, bool):
        return push
    return {"ok": True, "pushed": True, "failed": False, "error": False}.get(str(push))


def commit_line(commit: Mapping[str, Any] | None, lang: str, spoken: bool) -> str:
    """One sentence on what was committed, "" without a commit."""
    commits = (commit or {}).get("commits") or []
    if not commit or not commits:
        return ""
    files, added, removed = _changes(commit)
    pushed, last = _pushed(commit), commits[-1]
    name = (
        str(last.get("hash") or last.get("sha") or last.get("id") or "")
        if isinstance(last, Mapping)
        else str(last)
    )
    if lang == "en":
        what = f": {files} file{'' if files == 1 else 's'}" if files else ""
        if spoken:
            return f"The changes are committed{what}." + (" The push failed." if pushed is False else "")
        what += f", +{added} −{removed}" if files else ""
        tail = {True: ", pushed", False: ", push failed", None: ""}[pushed]
        return f"Commit {name[:8]} on {commit.get('branch')}{what}{tail}."
    what = f"{files} {_plural(files, 'файл', 'файла', 'файлов')}" if files else ""
    if spoken:
        verb = _plural(files, ", изменён ", ", изменены ", ", изменено ") if files else ""
        return f"Работа сохранена в коммите{verb}{what}." + (
            " Отправить на сервер не удалось." if pushed is False else ""
        )
    tail = {True: ", отправлен", False: ", отправить не удалось", None: ""}[pushed]
    what = f": {what}, +{added} −{removed}" if files else ""
    return f"Коммит {name[:8]} в {commit.get('branch')}{what}{tail}."


def _chosen(units: Sequence[tuple[str, bool]], room: int, most: int) -> list[str]:
    """Sentences for the answer, in their order: the beginning, what is not done, the tests."""
    marks = []
    for place, (sentence, heading) in enumerate(units):
        weight = 3 if place == 0 else 2 if place < 3 else 1
        weight += 4 if _UNDONE.search(sentence) else 0
        weight += 1 if _TESTS.search(sentence) else 0
        marks.append((-(weight - (5 if heading else 0)), place))
    picked: list[int] = []
    used = 0
    for _, place in sorted(marks):
        size = len(_ended(units[place][0])) + 1
        if len(picked) < most and used + size <= room:
            picked.append(place)
            used += size
    return [_ended(units[place][0]) for place in sorted(picked)]


def speakable(sentence: str) -> str:
    """The sentence without code and paths, "" if too little of it remains to be understood."""
    bare = re.sub(
        r"`([^`]*)`",
        lambda m: m.group(1) if re.fullmatch(r"[А-Яа-яЁё -]+|[A-Za-z]+", m.group(1)) else "\0",
        sentence,
    )
    bare = _PATH.sub("\0", re.sub(r"https?://\S+", "\0", bare))
    if _CODE.search(bare.replace("\0", "")):
        return ""
    bare = re.sub(r"\s*\((?:[^()]*\0[^()]*|стр(?:ок[аи]?|\.) [\d–, -]+)\)", "", bare)
    bare = re.sub(r"\s*[:—–]\s*\0\s*(?=[.!?]?$)", "", bare)
    bare = re.sub(_GAP, lambda m: m["noun"] or "", bare)
    bare = re.sub(r"\s+([.,:;!?…])", r"\1", " ".join(bare.split()))
    kept = len(re.findall(r"\w+", bare))
    if _TORN.search(bare) or kept < 3:
        return ""
    return bare[:1].upper() + bare[1:]


def can_be_heard(sentence: str) -> bool:
    """Whether a sentence holds no code, no path and no address."""
    return not ("`" in sentence or "://" in sentence or _PATH.search(sentence) or _CODE.search(sentence))


def _failure(lang: str, error: str | None) -> str:
    said, plain_words = (
        " ".join((error or "").split()),
        "It did not work" if lang == "en" else "Не получилось",
    )
    if not said:
        return f"{plain_words}."
    return f"{plain_words}{'.' if said[0].isupper() else ':'} {said}"


def _foreign(units: Sequence[tuple[str, bool]]) -> list[str]:
    """What is told aloud in Russian of an answer in another language, which would only be noise."""
    passed = [m for unit, _ in units if (m := re.search(r"\b(\d+) (?:tests? )?pass(?:ed)?\b", unit))]
    tests = [f"Пройдено тестов: {passed[-1][1]}."] if passed else []
    return ["Инструмент ответил по-английски, его слова целиком сохранены в задаче.", *tests]


def _is_russian(text: str) -> bool:
    return len(re.findall("[А-Яа-яЁё]", text)) >= len(re.findall("[A-Za-z]", text))


def summarize_local(
    result: str,
    mode: Literal["text", "audio"] = "text",
    lang: str = "ru",
    *,
    commit: Mapping[str, Any] | None = None,
    failed: bool = False,
    error: str | None = None,
) -> str:
    """The answer by extraction. mode text: at most 700 characters; audio: up to 8 sentences without
    code and paths. A failure comes first. commit is commit.json, error one sentence on a failure."""
    spoken = mode == "audio"
    units = every = _units(plain(result))
    if spoken:
        units = [
            (said, False) for sentence, heading in units if not heading and (said := speakable(sentence))
        ]
    else:
        units = [(re.sub(r"`([^`\n]+)`", r"\1", sentence), heading) for sentence, heading in units]
        units = [unit for unit in units if not unit[1]] or units
    last = commit_line(commit, lang, spoken)
    first = _ended(_cut(_failure(lang, error), 200)) if failed else ""
    if spoken and first:
        first = _ended(speakable(first) or _failure(lang, None))
    most = SPOKEN_MOST - 2 * bool(first) - 2 * bool(last)
    room = min(900 if spoken else _LINE_LIMIT, (1500 if spoken else TEXT_LIMIT) - len(first) - len(last) - 4)
    body = _chosen(units, room, most if spoken else 12)
    if spoken and lang == "ru" and every and not _is_russian(" ".join(body or [every[0][0]])):
        body = _foreign(every)
    if not body and units:
        body = [_cut(units[0][0], room)]
    if not (first or body or last):
        return (
            "The tool ended without a word." if lang == "en" else "Инструмент закончил и ничего не ответил."
        )
    said = " ".join(body)
    return (
        " ".join(p for p in (first, said, last) if p)
        if spoken
        else "\n".join(p for p in (first, said, last) if p)
    )


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    return text[: limit - 1].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"
