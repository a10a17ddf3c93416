#!/usr/bin/env python3
"""Make settings phrases as they are heard: drawn by chance, spoken by synthetic voices, written by a
recogniser.

usage: _speak_settings.py [--whisper DIR] LIST SEED [COUNT]    prints lines of tests/data/names_settings.jsonl
LIST is one of names_projects.json, the recogniser as in _speak_names.py. A line: {"seed", "by", "list",
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
    by, hear, (key, seed, *count) = _speak_names.hearer(said)
    chance = random.Random(int(seed))
    names = json.loads((_speak_names.DATA / "names_projects.json").read_text())[key]
    voices = _speak_names.LATEST if key in "def" else _speak_names.USUAL
    voices = [v for v in voices if by == "demo" or not v.startswith("ru")]
    for _ in range(int(count[0]) if count else 150):
        phrase, voice = draw(chance, names), chance.choice(voices)
        heard = hear(_speak_names.speak(voice, str(phrase["said"])))
        line = {"seed": int(seed), "by": by, "list": key, "voice": voice, "heard": heard, **phrase}
        print(json.dumps(line, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
