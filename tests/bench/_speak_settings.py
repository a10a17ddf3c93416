#!/usr/bin/env python3
"""Make settings phrases as they are heard: drawn by chance, spoken by synthetic voices, written by a
recogniser.

usage: _speak_settings.py [--whisper DIR] [--freely] LIST SEED [COUNT]
prints lines of tests/data/names_settings.jsonl. LIST is one of names_projects.json, the recogniser as in
_speak_names.py; freely: as people say it who do not know the keywords. A line: {"seed", "by", "list",
"voice", "heard", "said", "project" (its slug), "mode", "tool", "lang", "reset", "rest"}; what was not said
is left out.
"""

import json
import random
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "lib"), str(ROOT / "tests" / "bench")]

import _speak_names  # noqa: E402

VALUES = {
    "project": {},
    "mode": {"текст": "text", "аудио": "audio", "голос": "audio"},
    "tool": {"код": "code", "браузер": "browser", "заметки": "note", "клод код": "claude", "кодекс": "codex"},
    "reset": {"": True},
    "lang": {"русский": "ru", "английский": "en"},
}
KEYS = {"project": "проект", "mode": "режим", "tool": "инструмент", "reset": "сброс", "lang": "язык"}
SHARES = {"project": 0.75, "mode": 0.45, "tool": 0.25, "reset": 0.08, "lang": 0.1}
FILLER = ("", "", "", "и", "пожалуйста", "а потом", "ещё", "ну", "поставь", "так")
REQUESTS = (
    "добавь кнопку выхода", "исправь опечатку в заголовке", "напиши тесты для парсера",
    "почини вход по паролю", "сделай отчёт за неделю", "убери лишние пробелы", "обнови документацию",
    "проверь ссылки на главной странице", "перенеси настройки в файл", "создай страницу контактов",
    "найди причину ошибки пятьсот", "запиши идею про тёмную тему", "покажи последние изменения",
    "переименуй папку с картинками", "надо ускорить загрузку", "хочу видеть график продаж",
)  # fmt: skip

# Said freely: pairs by what they set, what may stand before them, and requests that name the same things.
HEADS = ("настройки",) * 6 + (
    "настройка", "ну настройки", "так настройки", "поменяй настройки", "измени настройки", "слушай настройки",
    "настройки такие", "давай настройки", "мои настройки", "задай настройки", "переключи настройки",
)  # fmt: skip
FREE_PROJECT = (
    "проект {}", "проект {}", "проект {}", "проект будет {}", "переключись на проект {}", "выбери проект {}",
    "проект смени на {}", "проект поменяй на {}", "по проекту {}", "для проекта {}", "проект у нас {}",
    "пусть будет проект {}", "давай проект {}", "текущий проект {}", "перейди в проект {}", "с проектом {}",
    "проект называется {}", "мой проект {}", "поставь проект {}", "проект теперь {}", "нужен проект {}",
    "выбираем проект {}", "займёмся проектом {}", "возьмём проект {}", "сегодня проект {}", "это проект {}",
)  # fmt: skip
FREE_TOOL = (
    "инструмент {}", "инструмент {}", "инструмент поставь {}", "инструмент {} поставь",
    "инструмент выбери {}",
    "инструментом {}", "инструмент смени на {}", "инструмент по умолчанию {}", "используй инструмент {}",
    "инструмент у нас {}", "возьми инструмент {}", "инструмент давай {}", "инструмент нужен {}",
)  # fmt: skip
FREE_LANG = (
    "язык {}ий", "{}ий язык", "язык поменяй на {}ий", "язык ответов {}ий", "отвечай на {}ом",
    "язык теперь {}ий",
    "отвечай по-{}и", "говори по-{}и", "пусть язык будет {}ий", "язык сделай {}ий", "ответы на {}ом",
)  # fmt: skip
FREE_MODE = {
    "text": (
        "режим текст", "режим текстовый", "текстовый режим", "отвечай текстом", "режим поставь текст",
        "отвечай письменно", "режим на текст", "ответ текстом", "отвечай мне текстом", "режим теперь текст",
        "пиши текстом", "хочу ответы текстом", "текстом отвечай", "режим выбери текст",
        "отвечай пока текстом",
    ),
    "audio": (
        "режим аудио", "режим голос", "режим голосовой", "голосовой режим", "аудио режим", "отвечай голосом",
        "режим поставь аудио", "ответы голосом", "отвечай мне голосом", "режим на голос",
        "режим теперь аудио",
        "говори голосом", "хочу ответы голосом", "голосом отвечай", "режим выбери голос",
        "ответы давай голосом",
    ),
}  # fmt: skip
FREE_RESET = ("сброс", "сбрось всё", "сброс настроек", "сбрось настройки", "сбросить все настройки")
FREE_FILLER = (
    "", "", "", "", "и", "а также", "и ещё", "пожалуйста", "а потом", "ну и", "дальше", "значит", "плюс",
    "затем",
    "заодно", "а ещё", "и давай", "короче", "следом",
)  # fmt: skip
WITHOUT_HEAD = (
    "переключись на проект {}", "перейди в проект {}", "смени проект на {}", "выбери проект {}",
    "поменяй проект на {}", "переключи проект на {}",
)  # fmt: skip
FREE_REQUESTS = (
    "добавь тёмный режим на страницу входа", "поменяй шрифт в шапке на более крупный",
    "переведи письмо на русский",
    "добавь проект договора в документы", "создай файл с настройками", "убери лишние настройки из меню",
    "исправь описание проекта", "собери отчёт по инструментам", "нужен фильтр по цене",
    "почему падает сборка",
    "там не работает кнопка оплаты", "сократи текст на главной", "вынеси настройки в отдельный файл",
    "хотелось бы видеть дату заказа", "подними версию до второй", "выбери лучший вариант логотипа",
    "сделай режим чтения крупнее", "поставь вторую версию библиотеки", "включи кэширование",
    "перезапусти сервис",
)  # fmt: skip


def draw_freely(chance: random.Random, names: list[dict[str, str]]) -> dict[str, object]:
    """One phrase as who does not know the keywords says it, and what it means."""
    project = chance.choice(names)
    kind = chance.random()
    if kind < 0.08:
        meant: dict[str, object] = {"project": project["slug"]}
        said = [chance.choice(WITHOUT_HEAD).format(project["said"])]
    elif kind < 0.16:
        meant = {"mode": chance.choice(["text", "audio"])}
        return {"said": chance.choice(FREE_MODE[str(meant["mode"])]), **meant}
    else:
        meant, said = {}, [chance.choice(HEADS)]
        pairs = _free_pairs(chance, project, meant)
        chance.shuffle(pairs)
        for place, pair in enumerate(pairs):
            said += [chance.choice(FREE_FILLER) if place else "", pair]
    if meant and chance.random() < 0.4:
        meant["rest"] = chance.choice(FREE_REQUESTS)
        said += [chance.choice(["", "", "и"]), str(meant["rest"])]
    return {"said": " ".join(w for w in said if w), **meant}


def _free_pairs(chance: random.Random, project: dict[str, str], meant: dict[str, object]) -> list[str]:
    pairs = []
    if chance.random() < 0.75:
        meant["project"] = project["slug"]
        pairs.append(chance.choice(FREE_PROJECT).format(project["said"]))
    if chance.random() < 0.5:
        meant["mode"] = mode = chance.choice(["text", "audio"])
        pairs.append(chance.choice(FREE_MODE[mode]))
    if chance.random() < 0.25:
        tool = chance.choice(list(VALUES["tool"]))
        meant["tool"] = VALUES["tool"][tool]
        pairs.append(chance.choice(FREE_TOOL).format(tool))
    if chance.random() < 0.18:
        meant["lang"] = lang = chance.choice(["ru", "en"])
        pairs.append(chance.choice(FREE_LANG).format({"ru": "русск", "en": "английск"}[lang]))
    if chance.random() < 0.08 or not pairs:
        meant["reset"] = True
        pairs.append(chance.choice(FREE_RESET))
    return pairs


def draw(chance: random.Random, names: list[dict[str, str]]) -> dict[str, object]:
    """One phrase and what it means."""
    meant: dict[str, object] = {}
    said, pairs = ["настройки"], []
    for key in (key for key, share in SHARES.items() if chance.random() <= share):
        values = VALUES[key] or {project["said"]: project["slug"] for project in names}
        value = chance.choice(list(values))
        meant[key] = values[value]
        pairs.append(f"{KEYS[key]} {value}".strip())
    chance.shuffle(pairs)
    for pair in pairs:
        said += [chance.choice(FILLER) if len(said) > 1 else "", pair]
    if pairs and chance.random() < 0.35:
        meant["rest"] = chance.choice(REQUESTS)
        said.append(str(meant["rest"]))
    return {"said": " ".join(w for w in said if w), **meant}


def main(said: list[str]) -> None:
    by, hear, rest = _speak_names.hearer(said)
    freely, (key, seed, *count) = "--freely" in rest, [word for word in rest if word != "--freely"]
    chance = random.Random(int(seed))
    names = json.loads((_speak_names.DATA / "names_projects.json").read_text())[key]
    voices = _speak_names.LATEST if key in "def" else _speak_names.USUAL
    voices = [v for v in voices if by == "demo" or not v.startswith("ru")]
    for _ in range(int(count[0]) if count else 150):
        phrase = (draw_freely if freely else draw)(chance, names)
        voice = chance.choice(voices)
        heard = hear(_speak_names.speak(voice, str(phrase["said"])))
        line = {"seed": int(seed), "by": by, "list": key, "voice": voice, "heard": heard, **phrase}
        print(json.dumps(line, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
