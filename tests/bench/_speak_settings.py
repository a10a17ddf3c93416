#!/usr/bin/env python3
"""Make settings phrases as they are heard: drawn by chance, spoken by synthetic voices, written by the
demo recogniser.

usage: _speak_settings.py SEED [COUNT]    appends to tests/data/names_settings.jsonl
A line: {"seed", "said", "voice", "heard", "project" (slug of list a), "mode", "tool", "reset", "rest"};
what was not said is null, false or "".
"""

import json
import random
import sys
import tempfile
from pathlib import Path

import soundfile

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "lib"), str(ROOT / "tests" / "bench")]

import _speak_names  # noqa: E402

from skazano.speech.asr import open_recogniser  # noqa: E402

MODES = {"текст": "text", "аудио": "audio", "голос": "audio"}
TOOLS = {"код": "code", "браузер": "browser", "заметки": "note", "клод код": "claude", "кодекс": "codex"}
FILLER = ("", "", "", "и", "пожалуйста", "а потом", "ещё", "ну")
REQUESTS = (
    "добавь кнопку выхода", "исправь опечатку в заголовке", "напиши тесты для парсера",
    "почини вход по паролю", "сделай отчёт за неделю", "убери лишние пробелы", "обнови документацию",
    "проверь ссылки на главной странице", "перенеси настройки в файл", "создай страницу контактов",
    "найди причину ошибки пятьсот", "запиши идею про тёмную тему", "покажи последние изменения",
    "переименуй папку с картинками", "надо ускорить загрузку", "хочу видеть график продаж",
)  # fmt: skip


def draw(chance: random.Random, names: list[dict[str, str]]) -> dict[str, object]:
    """One phrase and what it means."""
    meant: dict[str, object] = {"project": None, "mode": None, "tool": None, "reset": False, "rest": ""}
    pairs = []
    for key, share in (("project", 0.75), ("mode", 0.45), ("tool", 0.25), ("reset", 0.08)):
        if chance.random() > share:
            continue
        if key == "project":
            project = chance.choice(names)
            meant["project"] = project["slug"]
            pairs.append(f"проект {project['said']}")
        elif key == "mode":
            word = chance.choice(list(MODES))
            meant["mode"] = MODES[word]
            pairs.append(f"режим {word}")
        elif key == "tool":
            word = chance.choice(list(TOOLS))
            meant["tool"] = TOOLS[word]
            pairs.append(f"инструмент {word}")
        else:
            meant["reset"] = True
            pairs.append("сброс")
    chance.shuffle(pairs)
    said = ["настройки"]
    for pair in pairs:
        said += [chance.choice(FILLER) if len(said) > 1 else "", pair]
    if pairs and chance.random() < 0.35:
        meant["rest"] = chance.choice(REQUESTS)
        said.append(str(meant["rest"]))
    return {"said": " ".join(w for w in said if w), **meant}


def main(seed: int, count: int) -> None:
    chance = random.Random(seed)
    names = json.loads((_speak_names.DATA / "names_projects.json").read_text())["a"]
    recogniser = open_recogniser("gigaam")
    with (_speak_names.DATA / "names_settings.jsonl").open("a") as lines:
        for _ in range(count):
            phrase = draw(chance, names)
            voice = chance.choice(_speak_names.RHVOICE + _speak_names.ESPEAK)
            with tempfile.NamedTemporaryFile(suffix=".wav") as wav:
                soundfile.write(wav.name, _speak_names.speak(voice, str(phrase["said"])), 16000)
                heard = recogniser.transcribe(wav.name).text
            line = {"seed": seed, "voice": voice, "heard": heard, **phrase}
            lines.write(json.dumps(line, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 150)
