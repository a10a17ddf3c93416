#!/usr/bin/env python3
"""Make garblings of project names: synthetic voices speak them, the demo recogniser writes what it hears.

usage: _speak_names.py [OUT.jsonl]    default tests/data/names_heard.jsonl
Needs RHVoice with its Russian voices and espeak-ng. Reads tests/data/names_projects.json; a line
out is {"list", "slug" (null for a stranger), "said", "voice", "heard", "phrase"}. Takes minutes, so
its output is kept beside the tests.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "lib"))

import numpy as np  # noqa: E402
import soundfile  # noqa: E402
import soxr  # noqa: E402

from skazano.speech.asr import open_recogniser  # noqa: E402

DATA = ROOT / "tests" / "data"
RHVOICE = ["anna", "aleksandr", "elena", "pavel", "mikhail", "arina"]
ESPEAK = ["ru", "ru+f2"]
NEVER_MET = ["tatiana", "vitaliy", "evgeniy-rus"]  # spoke nothing that anything was tuned or trained on
FOR_STRANGERS_C = ["anna", "pavel", "ru", "elena", "mikhail"]


def speak(voice: str, text: str) -> np.ndarray:
    """float32 mono 16 kHz."""
    if voice.startswith("ru"):
        argv = ["espeak-ng", "-v", voice, "-s", "150", "--stdout", text]
        wav = subprocess.run(argv, capture_output=True, check=True).stdout
    else:
        argv = ["RHVoice-test", "-p", voice, "-o", "/dev/stdout"]
        wav = subprocess.run(argv, input=text.encode(), capture_output=True, check=True).stdout
    rate = int.from_bytes(wav[24:28], "little")
    pcm = wav[44 : 44 + (len(wav) - 44) // 2 * 2]
    samples = np.frombuffer(pcm, dtype=np.int16).astype(np.float32) / 32768
    return np.pad(soxr.resample(samples, rate, 16000), 3200)


def name_in(phrase: str) -> str:
    """What follows «проект» in «настройки проект X», also where the two were joined."""
    words = phrase.split()
    found = re.match(r"(?:проект|прокт|кроект|прок|проек)([а-я]*)$", words[1]) if len(words) > 1 else None
    if not found:
        return ""
    tail = "" if found.group(1) in {"а", "у", "е", "т"} else found.group(1)
    gap = " " if len(tail) > 1 else ""
    return (tail + gap + " ".join(words[2:])).strip()


def main(out: Path) -> None:
    names = json.loads((DATA / "names_projects.json").read_text())
    recogniser = open_recogniser("gigaam")
    wanted = [
        (key, p["slug"], p["said"], voice)
        for key in "abc"
        for p in names[key]
        for voice in RHVOICE + ESPEAK + (NEVER_MET if key == "c" else [])
    ]
    wanted += [("strangers", None, said, v) for said in names["strangers"] for v in ("anna", "pavel", "ru")]
    wanted += [("strangers_c", None, said, v) for said in names["strangers_c"] for v in FOR_STRANGERS_C]
    with out.open("w") as lines:
        for key, slug, said, voice in wanted:
            with tempfile.NamedTemporaryFile(suffix=".wav") as wav:
                soundfile.write(wav.name, speak(voice, f"настройки проект {said}"), 16000)
                phrase = recogniser.transcribe(wav.name).text
            line = {"list": key, "slug": slug, "said": said, "voice": voice}
            line |= {"heard": name_in(phrase), "phrase": phrase}
            lines.write(json.dumps(line, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DATA / "names_heard.jsonl")
