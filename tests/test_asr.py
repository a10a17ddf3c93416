"""Recognition of real voice notes by the real engines with the demo model."""

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import jiwer
import numpy as np
import pytest
import soundfile

from skazano.speech import asr_choice, asr_cpu
from skazano.speech.asr import ModelMissing, open_recogniser, raised
from skazano.speech.asr_choice import DEMO_DIR, REMEMBERED
from skazano.speech.asr_words import BrokenModel, Tokens, heard, word_cut
from skazano.speech.audio import AudioError, decode
from skazano.speech.transcript import Transcript, Word

VOICES = Path(__file__).parent / "voices"
MANIFEST = {entry["file"]: entry for entry in json.loads((VOICES / "manifest.json").read_text())}
EXACT = ("01", "03", "04", "09", "10", "12")


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module", params=["gigaam", "onnx"])
def recogniser(request, models):
    return open_recogniser(request.param, models_dir=models)


@pytest.fixture(scope="module")
def onnx(models):
    return open_recogniser("onnx", models_dir=models)


@pytest.fixture(scope="module")
def torch_engine(models):
    return open_recogniser("gigaam", models_dir=models)


def test_voice_notes_come_out_as_they_were_said(recogniser):
    truths, texts = [], []
    for name, entry in MANIFEST.items():
        found = recogniser.transcribe(VOICES / name)
        truths.append(entry["text"])
        texts.append(found.text)
        if name[:2] in EXACT:
            assert found.text == entry["text"]
        assert found.audio_seconds == pytest.approx(entry["seconds"], abs=0.05)
        assert found.audio_seconds * 0.8 < found.speech_seconds <= found.audio_seconds + 0.1
        assert found.model == "demo"
    assert jiwer.wer(truths, texts) < 0.3


def test_int8_hears_what_torch_hears(onnx, torch_engine):
    truths, a, b = [], [], []
    for name, entry in MANIFEST.items():
        truths.append(entry["text"])
        a.append(onnx.transcribe(VOICES / name).text)
        b.append(torch_engine.transcribe(VOICES / name).text)
    assert abs(jiwer.wer(truths, a) - jiwer.wer(truths, b)) <= 0.005


def test_nobody_speaks_and_nothing_is_heard(recogniser, tmp_path):
    for name in ("21-silence.oga", "22-noise.oga"):
        found = recogniser.transcribe(VOICES / name)
        assert (found.text, found.segments, found.speech_seconds) == ("", [], 0.0)
        assert found.audio_seconds == pytest.approx(5.0, abs=0.01)
    path = tmp_path / "ten-minutes.flac"
    soundfile.write(path, np.zeros(8000 * 600, np.float32), 8000)
    beats = []
    found = recogniser.transcribe(path, heartbeat=lambda: beats.append(1))
    assert len(beats) > 100
    assert found.text == ""
    assert found.audio_seconds == pytest.approx(600, abs=0.1)


def test_what_is_no_audio_raises(recogniser):
    for name, kind in (("20-empty.oga", "empty"), ("24-garbage.oga", "unreadable")):
        with pytest.raises(AudioError) as caught:
            recogniser.transcribe(VOICES / name)
        assert caught.value.kind == kind


def test_a_truncated_note_gives_what_is_there(recogniser):
    found = recogniser.transcribe(VOICES / "23-truncated.oga")
    assert found.truncated
    assert found.text.startswith("се")


def test_segments_have_times_and_words(recogniser):
    beats = []
    found = recogniser.transcribe(VOICES / "08-long.oga", heartbeat=lambda: beats.append(1))
    assert len(beats) >= len(found.segments) + 38 / 2
    assert len(found.segments) >= 5
    last = 0.0
    for segment in found.segments:
        assert last <= segment.start < segment.end <= found.audio_seconds + 0.1
        assert segment.end - segment.start <= 20.1
        assert 0.5 < segment.confidence <= 1.0
        assert " ".join(w.text for w in segment.words) == segment.text
        for word in segment.words:
            assert segment.start <= word.start < word.end <= segment.end + 0.1
        last = segment.end
    assert found.text == " ".join(s.text for s in found.segments)


def test_a_transcript_survives_its_json(onnx):
    found = onnx.transcribe(VOICES / "02-request-note.oga")
    text = found.to_json()
    again = Transcript.from_dict(json.loads(text))
    assert again.text == found.text
    assert [w.text for w in again.segments[0].words] == found.text.split()
    assert again.to_json() == text
    assert json.loads(Transcript().to_json())["segments"] == []


def test_speech_without_a_pause_is_cut_between_words(onnx, tmp_path):
    """espeak-ng reads a minute of requests in one breath: no word may suffer from the cuts."""
    requests = ["добавь фильтр по дате", "исправь опечатку в приветствии", "обнови список задач"]
    requests += ["напиши тесты для парсера", "удали скрипт сборки", "проверь таймаут запроса"]
    text = " и ".join(requests * 3)
    path = tmp_path / "breathless.wav"
    subprocess.run(["espeak-ng", "-v", "ru", "-s", "150", "-w", path, text], check=True)
    found = onnx.transcribe(path)
    assert found.audio_seconds > 25
    assert len(found.segments) >= 2
    for left, right in pairwise(found.segments):
        assert right.start >= left.end
        assert left.text.split()[-1] in text.split()
        assert right.text.split()[0] in text.split()
    assert jiwer.wer(text, found.text) < 0.08


@pytest.mark.slow
def test_an_hour_in_little_memory_with_every_word(tmp_path):
    """In a process of its own, so that its memory can be told."""
    note = decode(VOICES / "12-no-project.oga")
    second = np.concatenate([note, np.zeros(32000, np.float32)])
    count = 3600 * 16000 // len(second)
    path = tmp_path / "hour.flac"
    with soundfile.SoundFile(path, "w", 16000, 1) as out:
        for _ in range(count):
            out.write(second)
    program = f"""
from pathlib import Path
from skazano.speech.asr import open_recogniser
from skazano.speech.asr_measure import peak_mb
found = open_recogniser("onnx", models_dir=Path({str(tmp_path)!r})).transcribe({str(path)!r})
print(peak_mb(), found.audio_seconds, found.text)
"""
    lib = str(Path(__file__).parent.parent / "lib")
    done = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": lib}, capture_output=True, text=True
    )
    peak, seconds, text = done.stdout.split(maxsplit=2)
    assert float(seconds) > 3590
    assert float(peak) < 500
    assert text.split() == MANIFEST["12-no-project.oga"]["text"].split() * count


def test_quiet_speech_is_heard_as_loud_speech_is(onnx, tmp_path):
    samples = decode(VOICES / "04-settings-both-and-request.oga")
    soundfile.write(tmp_path / "far.wav", samples * 0.003, 16000, subtype="FLOAT")
    assert onnx.transcribe(tmp_path / "far.wav").text == MANIFEST["04-settings-both-and-request.oga"]["text"]
    assert raised(samples) is samples
    assert not raised(np.zeros(8000, np.float32)).any()


def test_words_from_tokens():
    found = heard(Tokens(list("да нет"), [0.0, 0.04, 0.2, 0.4, 0.44, 0.48], [0.0] * 6), 10.0)
    assert found.text == "да нет"
    found = heard(Tokens(["да", " ", "н", "ет", " ", " "], [0, 0.2, 0.4, 0.44, 0.6, 0.8], [0.0] * 6), 10.0)
    assert [(w.text, round(w.start, 2), round(w.end, 2)) for w in found.words] == [
        ("да", 10.0, 10.04),
        ("нет", 10.4, 10.48),
    ]
    assert heard(Tokens(text="Да, нет. ")).text == "Да, нет."
    assert heard(Tokens()).text == ""
    assert heard(Tokens([" а", "б"], [1.0, 2.0], [0, 0]).between(1.5, 9)).text == "б"


def test_a_cut_keeps_a_second_on_both_sides():
    words = [Word("слово", i * 0.6, i * 0.6 + 0.4, 1.0) for i in range(33)]
    cut, context = word_cut(words, 20.0)
    assert 10 < cut <= 19
    assert 1.0 <= cut - context <= 4.0
    assert not any(w.start < cut < w.end for w in words)
    assert word_cut(words[:1], 20.0) is None
    assert word_cut([], 20.0) is None


def test_an_engine_that_is_unknown_and_models_that_are_missing(tmp_path):
    with pytest.raises(ValueError, match="gigaam"):
        open_recogniser("vosk", models_dir=tmp_path)
    with pytest.raises(ModelMissing, match="skazano asr-get v2_rnnt"):
        open_recogniser("gigaam", "v2_rnnt", tmp_path)
    (tmp_path / "gigaam").mkdir()
    (tmp_path / "gigaam" / "v2_rnnt.ckpt").write_bytes(b"")
    with pytest.raises(ModelMissing, match="skazano asr-export v2_rnnt"):
        open_recogniser("onnx", "v2_rnnt", tmp_path)
    for engine, model, cure in (
        ("onnx", "v3_e2e_ctc", "run `skazano asr-get v3_e2e_ctc`"),
        ("auto", "v2_ctc", "run `skazano asr-get v2_ctc`"),
        ("onnx", "v2_ctc", "run `skazano asr-get v2_ctc`, then `skazano asr-export v2_ctc`"),
        ("gigaam", "v3_ctc", "that one is for engine onnx"),
        ("auto", "v9", "v3_e2e_rnnt"),
    ):
        with pytest.raises(ModelMissing, match=cure):
            open_recogniser(engine, model, tmp_path)
    with pytest.raises(ModelMissing, match="no directory"):
        open_recogniser("onnx", f"{tmp_path}/nowhere", tmp_path)


def test_broken_models_are_named(tmp_path):
    (tmp_path / "gigaam").mkdir()
    broken = tmp_path / "gigaam" / "v2_ctc.ckpt"
    whole = (DEMO_DIR / "v2_ctc.ckpt").read_bytes()
    for content in (b"", b"not a checkpoint", whole[: len(whole) // 2]):
        broken.write_bytes(content)
        with pytest.raises(BrokenModel, match=r"v2_ctc\.ckpt"):
            open_recogniser("gigaam", "v2_ctc", tmp_path)
    directory = tmp_path / "onnx" / "v2_ctc"
    directory.mkdir(parents=True)
    for path in DEMO_DIR.glob("*"):
        if path.suffix != ".ckpt":
            end = 100_000 if path.suffix == ".onnx" else None
            (directory / path.name).write_bytes(path.read_bytes()[:end])
    with pytest.raises(BrokenModel, match="v2_ctc"):
        open_recogniser("onnx", "v2_ctc", tmp_path)


def test_a_checkpoint_that_lacks_weights_is_refused(tmp_path, torch_engine):
    import torch

    (tmp_path / "gigaam").mkdir()
    checkpoint = torch.load(DEMO_DIR / "v2_ctc.ckpt", weights_only=False)
    del checkpoint["state_dict"]["encoder.layers.3.conv.pointwise_conv1.weight"]
    torch.save(checkpoint, tmp_path / "gigaam" / "v2_ctc.ckpt")
    with pytest.raises(BrokenModel, match="pointwise_conv1"):
        open_recogniser("gigaam", "v2_ctc", tmp_path)


def test_a_checkpoint_cannot_run_code(tmp_path):
    import torch

    class Bomb:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path}/boom",)

    (tmp_path / "gigaam").mkdir()
    torch.save({"cfg": Bomb(), "state_dict": {}}, tmp_path / "gigaam" / "v2_ctc.ckpt")
    with pytest.raises(BrokenModel):
        open_recogniser("gigaam", "v2_ctc", tmp_path)
    assert not (tmp_path / "boom").exists()


def test_auto_measures_once_and_remembers(tmp_path, monkeypatch):
    measured = []
    speeds = {"onnx-int8": 0.02, "gigaam": 0.01, "gigaam-bf16": None}

    def fake(choice, threads):
        measured.append(choice.engine)
        return {"rtf": speeds[choice.engine]}

    monkeypatch.setattr(asr_choice, "measure", fake)
    monkeypatch.setattr(asr_choice, "has_bfloat16", lambda: True)
    choice, why = asr_choice.choose("auto", "", tmp_path, 1)
    assert (choice.engine, choice.model) == ("gigaam", "demo")
    assert "gigaam-bf16 failed" in why
    assert sorted(measured) == sorted(speeds)
    assert asr_choice.choose("auto", "", tmp_path, 1)[0] == choice
    assert len(measured) == 3
    asr_choice.choose("auto", "", tmp_path, 2)
    assert len(measured) == 6
    (tmp_path / REMEMBERED).write_text("half a fil")
    asr_choice.choose("auto", "", tmp_path, 1)
    assert len(measured) == 9


def test_measuring_really_runs_the_engine():
    found = asr_choice.measure(asr_choice.candidates(Path("/nowhere"), "demo")[0], 1)
    assert 0 < found["rtf"] < 1
    assert found["peak_mb"] > 50
    broken = asr_choice.Choice("onnx-int8", "demo", Path("/nowhere"))
    assert asr_choice.measure(broken, 1) == {}


def test_the_best_model_present_is_taken(tmp_path):
    for name in ("v2_ctc", "v3_ctc", ".v3_rnnt.part", "mine"):
        directory = tmp_path / "onnx" / name
        directory.mkdir(parents=True)
        for path in DEMO_DIR.glob("*"):
            if path.suffix != ".ckpt":
                (directory / path.name).symlink_to(path)
    choice, why = asr_choice.choose("onnx", "", tmp_path, None)
    assert choice.model == "v3_ctc"
    assert "v3_ctc" in why
    assert asr_choice.choose("onnx", "v2_ctc", tmp_path, None)[0].model == "v2_ctc"
    assert asr_choice.choose("onnx", f"{tmp_path}/onnx/mine", tmp_path, None)[0].model == "mine"
    assert asr_choice.choose("onnx", "demo", tmp_path, None)[0].directory == DEMO_DIR


@pytest.mark.parametrize(
    ("model", "vocabulary"),
    [("v3_ctc", "v3_vocab.txt"), ("v3_e2e_ctc", "v3_e2e_ctc_vocab.txt"), ("v2_ctc", "v2_vocab.txt")],
)
def test_a_published_directory_is_run_by_its_files(tmp_path, model, vocabulary):
    directory = tmp_path / "onnx" / model
    directory.mkdir(parents=True)
    (directory / f"{model}.int8.onnx").symlink_to(DEMO_DIR / "v2_ctc.int8.onnx")
    (directory / vocabulary).symlink_to(DEMO_DIR / "v2_vocab.txt")
    (directory / "config.json").symlink_to(DEMO_DIR / "config.json")
    recogniser = open_recogniser("onnx", model, tmp_path)
    assert (recogniser.name, recogniser.model) == ("onnx-int8", model)
    assert recogniser.transcribe(VOICES / "10-settings-only.oga").text == "настройки"


def test_a_checkpoint_that_the_package_does_not_know(tmp_path):
    (tmp_path / "gigaam").mkdir()
    (tmp_path / "gigaam" / "v9_ctc.ckpt").symlink_to(DEMO_DIR / "v2_ctc.ckpt")
    with pytest.raises(BrokenModel, match="v2_ctc"):
        open_recogniser("gigaam", "v9_ctc", tmp_path)


def test_eight_bit_weights_are_left_alone_where_products_saturate(monkeypatch, tmp_path):
    monkeypatch.setattr(asr_cpu, "cpuinfo", lambda: "model name: x\nflags : sse avx2 fma")
    assert asr_cpu.saturates()
    assert not asr_cpu.has_bfloat16()
    assert [c.engine for c in asr_choice.candidates(tmp_path)] == ["gigaam"]
    monkeypatch.setattr(asr_cpu, "cpuinfo", lambda: "flags : sse avx2 avx512_vnni avx512_bf16")
    assert not asr_cpu.saturates()
    assert "gigaam-bf16" in [c.engine for c in asr_choice.candidates(tmp_path)]


def test_onnx_needs_no_torch(tmp_path):
    program = f"""
import sys
from pathlib import Path
from skazano.speech.asr import open_recogniser
r = open_recogniser("onnx", models_dir=Path({str(tmp_path)!r}))
print(r.transcribe({str(VOICES / "09-cancel.oga")!r}).text)
sys.exit("torch" in sys.modules)
"""
    lib = str(Path(__file__).parent.parent / "lib")
    done = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": lib}, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout.strip()) == (0, "отмена")
