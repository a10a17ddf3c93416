"""The spoken answer is listened to: its file, its loudness, its words, by every engine that is here."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from skazano.speech import opus, tts, voice_espeak, voice_rhvoice, voice_silero
from skazano.speech.speakable import speakable

REQUEST = "добавь кнопку выхода в шапку сайта и сделай коммит"
ANSWER = "Готово: исправил две ошибки, добавил три теста. Все проходят!\nКоммит в ветке на сегодня."
PRESENT = {engine: line for engine, line in tts.available().items() if engine != "silero"}
ENGINES = [
    pytest.param(engine, marks=pytest.mark.skipif(bool(line), reason=line))
    for engine, line in PRESENT.items()
]
FAKE_SILERO = '''
import math, torch
class Model:
    speakers = ["aidar", "baya", "xenia", "random"]
    def __init__(self): self.said = []
    def to(self, device): return self
    def apply_tts(self, text=None, ssml_text=None, speaker="xenia", sample_rate=48000,
                  put_accent=True, put_yo=True):
        said = text or ssml_text
        if speaker not in self.speakers: raise ValueError("speaker should be in " + str(self.speakers))
        if "ъъъ" in said: raise ValueError("unknown")
        if len(said) > 1000: raise Exception("Model couldn't generate your text, probably it's too long")
        self.said.append(said)
        x = torch.arange(int(0.06 * len(said) * sample_rate), dtype=torch.float32) / sample_rate
        return 0.05 * torch.sin(2 * math.pi * 220 * x)
'''


class Tones:
    """An engine whose speech is a tone of 60 ms a letter, at any rate and strength."""

    def __init__(self, rate: int = 24000, strength: float = 0.1, limit: int = 1000,
                 quiet: float = 0.5) -> None:
        self.name, self.rate, self.limit, self.stress = "tones", rate, limit, False
        self.strength, self.quiet = strength, quiet
        self.said: list[str] = []

    def synth(self, text: str) -> np.ndarray:
        if "ъ" in text and len(text) > 30:
            raise tts.SpeechFailed("too hard")
        self.said.append(text)
        t = np.arange(int(0.06 * len(text) * self.rate)) / self.rate
        silence = np.zeros(int(self.rate * self.quiet), np.float32)
        tone = (self.strength * np.cos(2 * np.pi * 440 * t)).astype(np.float32)
        return np.concatenate((silence, tone, silence))


@pytest.fixture(scope="session")
def silero(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file of Silero's format with a tone in place of a voice."""
    from torch.package import PackageExporter

    folder = tmp_path_factory.mktemp("silero")
    (folder / "fake_silero.py").write_text(FAKE_SILERO)
    sys.path.insert(0, str(folder))
    try:
        fake_silero = importlib.import_module("fake_silero")

        with PackageExporter(str(folder / "v5_5_ru.pt")) as package:
            package.intern("fake_silero")
            package.extern(["torch.**", "math"])
            package.save_pickle("tts_models", "model", fake_silero.Model())
    finally:
        sys.path.remove(str(folder))
        sys.modules.pop("fake_silero", None)
    return folder / "v5_5_ru.pt"


def probe(path: Path) -> dict[str, str]:
    done = subprocess.run(
        ["ffprobe", "-v", "error", "-of", "default=noprint_wrappers=1", "-show_entries",
         "stream=codec_name,sample_rate,channels:format=duration,format_name,bit_rate", str(path)],
        capture_output=True, text=True, check=True)
    return dict(line.split("=", 1) for line in done.stdout.split())


def lufs(path: Path) -> float:
    done = subprocess.run(
        ["ffmpeg", "-hide_banner", "-nostats", "-i", str(path), "-af", "ebur128", "-f", "null", "-"],
        capture_output=True, text=True, check=True)
    return float(re.findall(r"I:\s+(-?[\d.]+) LUFS", done.stderr)[-1])


@pytest.mark.parametrize("engine", ENGINES)
def test_answer_is_a_telegram_voice_note(engine: str, tmp_path: Path) -> None:
    out = tmp_path / "answer.oga"
    spoken = tts.open_voice(engine).say(ANSWER, out)
    found = probe(out)
    assert (found["codec_name"], found["format_name"]) == ("opus", "ogg")
    assert (found["sample_rate"], found["channels"]) == ("48000", "1")
    assert 20_000 < float(found["bit_rate"]) < 45_000
    x, rate = soundfile.read(out)
    assert rate == 48000
    assert x.ndim == 1
    assert len(x) / rate == pytest.approx(spoken.seconds, abs=0.01)
    assert float(found["duration"]) == pytest.approx(spoken.seconds, abs=0.05)
    assert 4 < spoken.seconds < 12
    assert np.abs(x).max() < 1.05  # what the codec adds to a limited peak
    assert lufs(out) == pytest.approx(opus.TARGET_LUFS, abs=1.5)
    assert spoken.engine.startswith(engine)
    assert len(spoken.waveform) == 63
    assert [p.name for p in tmp_path.iterdir()] == ["answer.oga"]


@pytest.mark.parametrize("engine", ENGINES)
def test_recogniser_hears_what_was_said(engine: str, tmp_path: Path) -> None:
    asr = pytest.importorskip("skazano.speech.asr")
    out = tmp_path / "request.oga"
    tts.open_voice(engine).say(speakable(REQUEST), out)
    heard = asr.open_recogniser("auto").transcribe(out).text
    assert heard.lower().replace("ё", "е") == REQUEST


@pytest.mark.parametrize("engine", ENGINES)
def test_rate_changes_how_long_it_takes(engine: str, tmp_path: Path) -> None:
    slow = tts.open_voice(engine, rate=0.8).say(REQUEST, tmp_path / "a.oga").seconds
    fast = tts.open_voice(engine, rate=1.5).say(REQUEST, tmp_path / "b.oga").seconds
    assert slow > fast * 1.3


@pytest.mark.parametrize("engine", ENGINES)
def test_unknown_or_hostile_voice_is_refused(engine: str) -> None:
    for voice in ("nobody", "-h", "../../x", "anna;id", "ru\n"):
        with pytest.raises(ValueError, match="voice"):
            tts.open_voice(engine, voice)


@pytest.mark.parametrize("engine", ENGINES)
def test_text_that_looks_like_options_is_only_text(engine: str, tmp_path: Path) -> None:
    spoken = tts.open_voice(engine).say("--help -w /tmp/x. <speak> да", tmp_path / "a.oga")
    assert spoken.seconds > 0.3


@pytest.mark.skipif(bool(voice_rhvoice.missing()), reason=voice_rhvoice.missing())
def test_rhvoice_in_process_and_program_say_the_same() -> None:
    pytest.importorskip("rhvoice_wrapper")
    inside = voice_rhvoice.InProcess("anna", 1.0)
    program = voice_rhvoice.Program("anna", 1.0)
    a, b = inside.synth(REQUEST), program.synth(REQUEST)
    assert len(a) / inside.rate == pytest.approx(len(b) / program.rate, rel=0.05)
    assert "anna" in voice_rhvoice.voices()


def test_silero_speaks_from_a_local_file(silero: Path, tmp_path: Path) -> None:
    voice = tts.open_voice("silero", model=str(silero))
    spoken = voice.say("Привет. Как дела?", tmp_path / "a.oga")
    assert voice.name == "silero v5_5_ru xenia"
    assert voice.stress
    assert soundfile.info(tmp_path / "a.oga").duration == pytest.approx(spoken.seconds, abs=0.01)
    assert lufs(tmp_path / "a.oga") == pytest.approx(opus.TARGET_LUFS, abs=1.5)


def test_auto_prefers_silero_where_its_file_is(silero: Path) -> None:
    assert tts.open_voice("auto", model=str(silero)).name.startswith("silero")
    assert tts.available(str(silero))["silero"] == ""


def test_silero_rate_is_ssml_and_text_in_it_is_escaped(silero: Path) -> None:
    engine = voice_silero.Silero(str(silero), rate=1.3)
    engine.synth('а <b> & "в"')
    assert engine._model.said[-1] == (
        '<speak><prosody rate="fast">а &lt;b&gt; &amp; "в"</prosody></speak>')


@pytest.mark.parametrize("rate", [8000, 24000, 48000])
def test_silero_rates_all_end_at_48_khz(silero: Path, tmp_path: Path, rate: int) -> None:
    spoken = tts.open_voice("silero", "baya", sample_rate=rate, model=str(silero)).say(
        "Привет, мир", tmp_path / "a.oga")
    assert soundfile.info(tmp_path / "a.oga").samplerate == 48000
    assert spoken.seconds == pytest.approx(0.66 + 0.6, abs=0.1)


def test_silero_refuses_what_it_has_not(silero: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="aidar, baya, xenia"):
        tts.open_voice("silero", "nobody", model=str(silero))
    with pytest.raises(ValueError, match="22050"):
        tts.open_voice("silero", sample_rate=22050, model=str(silero))
    with pytest.raises(tts.VoiceMissing, match=r"download https://.*\.pt"):
        tts.open_voice("silero", model=str(tmp_path / "none.pt"))
    (tmp_path / "half.pt").write_bytes(silero.read_bytes()[:700])
    with pytest.raises(tts.VoiceMissing, match="no Silero model"):
        tts.open_voice("silero", model=str(tmp_path / "half.pt"))


def test_silero_failure_names_the_piece(silero: Path, tmp_path: Path) -> None:
    with pytest.raises(tts.SpeechFailed, match="ъъъ"):
        tts.open_voice("silero", model=str(silero)).say("Хм ъъъ", tmp_path / "a.oga")
    assert list(tmp_path.iterdir()) == []


def test_silero_licence_is_told() -> None:
    assert "CC BY-NC" in voice_silero.LICENCE


def test_missing_engines_say_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(voice_rhvoice, "DATA", tmp_path)
    with pytest.raises(tts.VoiceMissing, match="apt-get install espeak-ng"):
        tts.open_voice("espeak-ng")
    with pytest.raises(tts.VoiceMissing, match="apt-get install rhvoice") as e:
        tts.open_voice("rhvoice")
    assert "\n" not in str(e.value)
    if voice_silero.missing():
        with pytest.raises(tts.VoiceMissing, match="no voice on this machine"):
            tts.open_voice("auto")


def test_unknown_engine_and_rate_are_refused() -> None:
    with pytest.raises(ValueError, match="espeak-ng"):
        tts.open_voice("festival")
    with pytest.raises(ValueError, match=r"0\.5"):
        tts.open_voice("espeak-ng", rate=9.0)


@pytest.mark.skipif(bool(voice_espeak.missing()), reason=voice_espeak.missing())
def test_auto_keeps_a_voice_that_only_another_engine_knows() -> None:
    name = tts.open_voice("auto", "ru+f2").name
    assert name == ("espeak-ng ru+f2" if voice_rhvoice.missing() else name)


@pytest.mark.parametrize("strength", [0.02, 0.1, 0.9])
def test_loudness_does_not_depend_on_the_engine(strength: float, tmp_path: Path) -> None:
    tts.Voice(Tones(strength=strength)).say("Раз два три четыре пять. " * 4, tmp_path / "a.oga")
    assert lufs(tmp_path / "a.oga") == pytest.approx(opus.TARGET_LUFS, abs=0.6)


def test_joins_do_not_click(tmp_path: Path) -> None:
    tts.Voice(Tones(48000, quiet=0)).say("А" * 30 + ". " + "б" * 30 + "! " + "в" * 30, tmp_path / "a.oga")
    x, _ = soundfile.read(tmp_path / "a.oga")
    # A 440 Hz tone of this strength rises by 0.015 a sample; a hard edge would leap.
    assert 0.15 < np.abs(x).max() < 0.3
    assert np.abs(np.diff(x)).max() < 0.025


def test_pauses_follow_the_punctuation(tmp_path: Path) -> None:
    plain = tts.Voice(Tones()).say("абвгд", tmp_path / "a.oga").seconds
    two = tts.Voice(Tones()).say("абвгд. абвгд", tmp_path / "b.oga").seconds
    lines = tts.Voice(Tones()).say("абвгд\nабвгд", tmp_path / "c.oga").seconds
    assert two - plain == pytest.approx(0.36 + tts.PAUSES["."] + 0.04, abs=0.06)
    assert lines > two


def test_everything_is_said_in_order_within_the_engines_limit() -> None:
    engine = Tones(limit=40)
    text = "Первое предложение довольно длинное, с запятой, и ещё. Второе!\n" + "слово" * 20
    voice = tts.Voice(engine)
    list(voice._pieces(text, None))
    assert all(len(piece) <= 40 for piece in engine.said)
    assert re.sub(r"\s", "", "".join(engine.said)) == re.sub(r"\s", "", text)


def test_a_hard_piece_is_halved_before_giving_up(tmp_path: Path) -> None:
    engine = Tones()
    tts.Voice(engine).say("подъезд объём съёмка изъян разъём въезд", tmp_path / "a.oga")
    assert " ".join(engine.said) == "подъезд объём съёмка изъян разъём въезд"


def test_heartbeat_beats_before_each_sentence(tmp_path: Path) -> None:
    beats: list[int] = []
    tts.Voice(Tones()).say("Раз. Два. Три.", tmp_path / "a.oga", lambda: beats.append(1))
    assert len(beats) == 3


def test_nothing_to_say_is_an_error_and_leaves_no_file(tmp_path: Path) -> None:
    for text in ("", " … ", "\n"):
        with pytest.raises(ValueError, match="nothing to say"):
            tts.Voice(Tones()).say(text, tmp_path / "a.oga")
    assert list(tmp_path.iterdir()) == []


def test_failure_leaves_the_old_answer(tmp_path: Path) -> None:
    out = tmp_path / "a.oga"
    tts.Voice(Tones()).say("Раз", out)
    before = out.read_bytes()

    def die() -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        tts.Voice(Tones()).say("Два. Три", out, die)
    with pytest.raises(ValueError, match="channels"):
        opus.write_opus(tmp_path / "b.oga", iter([np.zeros((5, 3), np.float32)]), 1.0)
    assert out.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.oga"]


def test_long_answer_stays_below_a_megabyte(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, opus.RATE).astype(np.float32)
    opus.write_opus(tmp_path / "a.oga", (noise for _ in range(260)), 260.0)
    assert (tmp_path / "a.oga").stat().st_size < 1_000_000
    assert opus.bit_rate(10) == 32000
    assert opus.bit_rate(36000) == opus.BIT_RATE_FLOOR


def test_capped_says_that_there_is_more() -> None:
    text = "Первое предложение. Второе предложение. Третье предложение. " * 20
    short = tts.capped(text, 10)
    assert short.endswith(tts.REST)
    assert text.startswith(short.removesuffix(" " + tts.REST))
    assert len(short) <= 10 * tts.CHARS_A_SECOND
    assert tts.capped("Коротко.", 10) == "Коротко."
    assert tts.capped("слово " * 200, 10).endswith("слово. " + tts.REST)


def test_waveform_is_the_shape_of_the_sound() -> None:
    meter = opus.Loudness()
    half = np.sin(np.arange(opus.RATE * 2) / 20).astype(np.float32)
    meter.add(np.concatenate((half * 0.01, half * 0.5)))
    meter.finish()
    number = int.from_bytes(meter.waveform(), "little")
    bars = [number >> (5 * i) & 31 for i in range(100)]
    assert max(bars[:48]) <= 1
    assert min(bars[52:]) >= 30


def test_silence_has_no_loudness_and_no_gain() -> None:
    meter = opus.Loudness()
    meter.add(np.zeros(opus.RATE, np.float32))
    meter.finish()
    assert meter.lufs == float("-inf")
    assert meter.gain() == 1.0
    assert meter.waveform() == bytes(63)


def test_limiter_never_passes_its_ceiling() -> None:
    x = np.linspace(-3, 3, 1001).astype(np.float32)
    y = opus.limit(x, 2.0)
    assert np.abs(y).max() <= opus.PEAK + 1e-6
    assert np.all(np.diff(y) >= 0)
    small = np.linspace(-0.2, 0.2, 101).astype(np.float32)
    assert np.allclose(opus.limit(small, 2.0), small * 2)
