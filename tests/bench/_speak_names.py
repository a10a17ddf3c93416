#!/usr/bin/env python3
"""Make garblings of project names: synthetic voices speak them, a recogniser writes what it hears.

usage: _speak_names.py [--whisper DIR] LIST …    prints lines of tests/data/names_heard.jsonl
The lists are those of tests/data/names_projects.json. The recogniser is the demo model, with --whisper
the Whisper model in DIR (CTranslate2's format; it and faster-whisper, run from an environment that has
it, are no part of the product). A line out: {"list", "by" (recogniser), "said", "frame" (the phrase that
the name stood in), "heard": {voice: text}}. Needs RHVoice with its Russian voices and espeak-ng. Takes
minutes, so its output is kept beside the tests.
"""

import io
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "lib"))

import numpy as np  # noqa: E402
import soundfile  # noqa: E402
import soxr  # noqa: E402

DATA = ROOT / "tests" / "data"
USUAL = ["anna", "aleksandr", "elena", "pavel", "mikhail", "arina", "ru", "ru+f2"]
NEVER_MET = ["tatiana", "vitaliy", "evgeniy-rus"]  # with those of LATEST in lists d to g alone
LATEST = [*NEVER_MET, "artemiy", "yuriy", "victoria", "irina", "aleksandr-hq", "ru+m3", "ru+f4"]
FOR_DEMO = {
    "h": "elena mikhail arina tatiana yuriy artemiy "
    "victoria vitaliy aleksandr evgeniy-rus ru+m1 ru+f3".split(),
    "i": "tatiana anna vitaliy pavel irina mikhail "
    "evgeniy-rus victoria aleksandr-hq arina ru+m2 ru+f1".split(),
    "j": "yuriy elena aleksandr tatiana artemiy irina pavel evgeniy-rus arina vitaliy ru+m4 ru+f5".split(),
}
# Whisper takes seconds, so it hears fewer, and none of espeak-ng's: those are no Russian to it.
FOR_WHISPER = {
    "a": ["anna", "pavel"],
    "b": ["mikhail", "arina"],
    "c": ["tatiana", "evgeniy-rus"],
    "d": ["vitaliy", "artemiy", "irina", "victoria", "aleksandr-hq"],
    "e": ["tatiana", "yuriy", "artemiy", "elena", "evgeniy-rus"],
    "f": ["vitaliy", "evgeniy-rus", "aleksandr", "victoria", "irina"],
    "g": ["vitaliy", "evgeniy-rus", "aleksandr", "victoria", "irina"],
    "h": ["tatiana", "mikhail", "elena", "yuriy", "arina"],
    "i": ["anna", "vitaliy", "mikhail", "victoria", "evgeniy-rus"],
    "j": ["irina", "pavel", "artemiy", "tatiana", "aleksandr"],
}
WHOLE = "настройки проект {}"
OTHERS = ("проект {} добавь кнопку выхода", "в проекте {} исправь опечатку в заголовке")

Hears = Callable[[np.ndarray], str]


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


def demo() -> Hears:
    from skazano.speech.asr import open_recogniser

    recogniser = open_recogniser("gigaam")

    def hear(samples: np.ndarray) -> str:
        with tempfile.NamedTemporaryFile(suffix=".wav") as wav:
            soundfile.write(wav.name, samples, 16000)
            return recogniser.transcribe(wav.name).text

    return hear


def whisper(model: str) -> Hears:
    from faster_whisper import WhisperModel

    recogniser = WhisperModel(model, device="cpu", compute_type="int8", cpu_threads=1, local_files_only=True)

    def hear(samples: np.ndarray) -> str:
        wav = io.BytesIO()
        soundfile.write(wav, samples, 16000, format="WAV")
        wav.seek(0)
        pieces, _ = recogniser.transcribe(wav, language="ru", beam_size=1, temperature=0.0)
        return "".join(piece.text for piece in pieces).strip()

    return hear


def hearer(said: list[str]) -> tuple[str, Hears, list[str]]:
    """(the recogniser's name, the recogniser, the arguments but those that chose it)."""
    if said[:1] == ["--whisper"]:
        return "whisper", whisper(said[1]), said[2:]
    return "demo", demo(), said


def wanted(
    key: str, by: str, names: dict[str, list[dict[str, str] | str]]
) -> list[tuple[str, str, list[str]]]:
    """(said, frame, voices) of a list."""
    said = [name if isinstance(name, str) else name["said"] for name in names[key]]
    of, late = {"strangers": "a"}.get(key, key[-1]), key[-1] in "defghij"
    if by == "whisper":
        voices = FOR_WHISPER[of]
    else:
        usual = USUAL + NEVER_MET * (key == "c")
        voices = FOR_DEMO.get(of, [*LATEST, "anna", "pavel"] if late else usual)
    if key.startswith("strangers"):
        return [(name, WHOLE, voices[1 : 3 if by == "demo" else 2]) for name in said]
    rows = [(name, WHOLE, voices) for name in said]
    if late or by == "whisper":
        rows += [(name, OTHERS[i % 2], voices[i % 2 :][:1]) for i, name in enumerate(said)]
    return rows


def main(said: list[str]) -> None:
    by, hear, keys = hearer(said)
    names = json.loads((DATA / "names_projects.json").read_text())
    for key in keys:
        for name, frame, voices in wanted(key, by, names):
            heard = {voice: hear(speak(voice, frame.format(name))) for voice in voices}
            line = {"list": key, "by": by, "said": name, "frame": frame, "heard": heard}
            print(json.dumps(line, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
