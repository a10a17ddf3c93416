"""Text to speech on the CPU: one interface, three engines, a Telegram voice note as the result.

The text has been made speakable (skazano.speech.speakable). It is spoken sentence by sentence; the
pieces are trimmed, faded for 5 ms and joined with pauses after their punctuation, the whole is
brought to -18 LUFS (see skazano.speech.opus). What is spoken waits in an unnamed file on disk, so
that an hour of speech takes no more memory than its longest sentence. Nothing is ever fetched.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from skazano.speech import opus

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

ENGINES = ("silero", "rhvoice", "espeak-ng")  # the order in which "auto" tries them
PAUSES = {"\n": 0.55, ".": 0.35, "!": 0.35, "?": 0.4, "…": 0.45, ";": 0.25, ":": 0.25, ",": 0.15}
LEAD_SECONDS = 0.05
FADE_SECONDS = 0.005
EDGE_SECONDS = 0.02  # kept around the sound when silence is trimmed
SILENCE = 0.01  # of its peak; below it the ends of a piece count as silence
FAINTEST = 0.0005  # of full scale; a piece below it is silence altogether
CHARS_A_SECOND = 14.0  # Russian synthetic speech at rate 1.0
REST = "Остальное — в тексте."


class VoiceMissing(RuntimeError):
    """The engine or its voice is not on this machine; the message is one line: what to install."""


class SpeechFailed(RuntimeError):
    """The engine could not speak a text; the message says which piece and why."""


class Engine(Protocol):
    """What an engine is.

    name: as in history.jsonl, with the voice; rate: Hz of what synth() gives; limit: characters
    that one call may take; stress: whether "+" before a vowel is a stress mark to it.
    synth() gives mono float32 and raises SpeechFailed.
    """

    name: str
    rate: int
    limit: int
    stress: bool

    def synth(self, text: str) -> Samples: ...


@dataclass(frozen=True)
class Spoken:
    """seconds: of the file; waveform: 63 bytes, 100 bars of 5 bits; engine: its name with voice."""

    seconds: float
    waveform: bytes
    engine: str


class Voice:
    """A loaded voice. Not for several threads at once."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.name = engine.name
        self.stress = engine.stress  # what speakable(…, stress=) is to be asked for

    def say(self, text: str, out: Path, heartbeat: Callable[[], None] | None = None) -> Spoken:
        """Speak `text` (speakable) into `out`: OGG/Opus, 48 kHz, mono; atomic, a repeat replaces it.

        heartbeat is called before each sentence. Raises ValueError if there is nothing to say,
        SpeechFailed if the engine fails, OSError if the disk does; then `out` is what it was.
        """
        if not any(c.isalpha() for c in text):
            raise ValueError("there is nothing to say in this text")
        loudness = opus.Loudness()
        samples = 0
        with tempfile.TemporaryFile(dir=out.parent) as spool:
            for piece in self._pieces(text, heartbeat):
                loudness.add(piece)
                spool.write(piece.tobytes())
                samples += len(piece)
            loudness.finish()
            gain = loudness.gain()
            seconds = samples / opus.RATE
            blocks = (opus.limit(block, gain) for block in opus.pieces(spool))
            opus.write_opus(out, blocks, seconds)
        return Spoken(seconds, loudness.waveform(), self.name)

    def _pieces(self, text: str, heartbeat: Callable[[], None] | None) -> Iterator[Samples]:
        import numpy as np

        yield np.zeros(int(LEAD_SECONDS * opus.RATE), np.float32)
        for sentence, pause in sentences(text, self.engine.limit):
            if heartbeat:
                heartbeat()
            yield _at_48k(_trimmed(_spoken(self.engine, sentence), self.engine.rate), self.engine)
            yield np.zeros(int(pause * opus.RATE), np.float32)


def open_voice(
    engine: str = "auto",
    voice: str = "",
    rate: float = 1.0,
    sample_rate: int = 48000,
    model: str = "",
) -> Voice:
    """The voice to speak with. "auto" takes the best engine present: silero, rhvoice, espeak-ng.

    voice: the engine's own name for it, "" for its default; rate: 1.0 is normal, 0.5 … 2.0;
    sample_rate, model: Silero's (8000, 24000 or 48000 Hz; path of its .pt file).
    Raises VoiceMissing (one line: what to install) and ValueError for an unknown engine or voice.
    """
    if engine == "auto":
        return _best(voice, rate, sample_rate, model)
    if not 0.5 <= rate <= 2.0:
        raise ValueError(f"rate is {rate}, it may be from 0.5 to 2.0")
    if engine == "silero":
        from skazano.speech.voice_silero import Silero

        return Voice(Silero(model, voice, rate, sample_rate))
    if engine == "rhvoice":
        from skazano.speech.voice_rhvoice import open_rhvoice

        return Voice(open_rhvoice(voice, rate))
    if engine == "espeak-ng":
        from skazano.speech.voice_espeak import Espeak

        return Voice(Espeak(voice, rate))
    raise ValueError(f"unknown engine {engine!r}: auto, {', '.join(ENGINES)}")


def _best(voice: str, rate: float, sample_rate: int, model: str) -> Voice:
    missing = []
    for engine in ENGINES:
        for name in dict.fromkeys((voice, "")):  # a voice belongs to one engine only
            try:
                return open_voice(engine, name, rate, sample_rate, model)
            except VoiceMissing as e:
                missing.append(str(e))
                break
            except ValueError:
                if not name:
                    raise
    raise VoiceMissing("no voice on this machine: " + "; ".join(missing))


def available(model: str = "") -> dict[str, str]:
    """What `doctor` shows: engine → "" if it can speak here, else the line that says what to do."""
    from skazano.speech import voice_espeak, voice_rhvoice, voice_silero

    return {
        "silero": voice_silero.missing(model),
        "rhvoice": voice_rhvoice.missing(),
        "espeak-ng": voice_espeak.missing(),
    }


def sentences(text: str, limit: int) -> Iterator[tuple[str, float]]:
    """`text` in pieces of at most `limit` characters, each with the pause after it in seconds.

    Pieces end after sentences and lines; a longer sentence is cut after a comma or the like, else
    between words, and only a word longer than `limit` inside itself.
    """
    for found in re.finditer(r"[^\n.!?…]+[.!?…]*", text):
        piece = found.group().strip()
        if not any(c.isalpha() for c in piece):
            continue
        rest = text[found.end() : found.end() + 1]
        pause = PAUSES["\n"] if rest in ("\n", "") else PAUSES.get(piece[-1], PAUSES["."])
        while len(piece) > limit:
            cut = _cut(piece, limit)
            head, piece = piece[:cut].strip(), piece[cut:].strip()
            if head:
                yield head, PAUSES.get(head[-1], 0.0)
        if piece:
            yield piece, pause


def _cut(text: str, limit: int) -> int:
    for marks in (";:", ",—", " "):
        at = max(text.rfind(mark, 0, limit) for mark in marks)
        if at >= limit // 3:
            return at + 1
    return limit


def capped(text: str, seconds: float, rate: float = 1.0, tail: str = REST) -> str:
    """`text` (speakable) cut at the end of a sentence so that it takes about `seconds` to say.

    What is cut is announced by `tail`, never dropped in silence. A single sentence that is too
    long is cut between words.
    """
    room = int(seconds * CHARS_A_SECOND * rate)
    if len(text) <= room:
        return text
    room = max(room - len(tail), 1)
    ends = [m.end() for m in re.finditer(r"[.!?…]+(?=\s)|\n", text[:room])]
    if ends:
        return text[: ends[-1]].rstrip() + " " + tail
    at = text.rfind(" ", 0, room)
    return text[: at if at > 0 else room].rstrip(" ,;:—-") + ". " + tail


def _spoken(engine: Engine, text: str) -> Samples:
    """One piece; a piece that the engine cannot take is halved once more before giving up."""
    import numpy as np

    try:
        return engine.synth(text)
    except SpeechFailed:
        halves = [half for half, _ in sentences(text, max(len(text) * 2 // 3, 1))]
        if len(halves) < 2 or len(text) < 20:
            raise
    return np.concatenate([_spoken(engine, half) for half in halves])


def _trimmed(x: Samples, rate: int) -> Samples:
    """Without the engine's own silence at both ends, and faded so that a join does not click."""
    import numpy as np

    size = np.abs(x)
    peak = float(size.max(initial=0.0))
    if peak < FAINTEST:
        return x[:0]
    loud = np.flatnonzero(size > SILENCE * peak)
    edge = int(EDGE_SECONDS * rate)
    x = x[max(loud[0] - edge, 0) : loud[-1] + edge].astype(np.float32)
    fade = min(int(FADE_SECONDS * rate), len(x) // 2)
    ramp = np.linspace(0, 1, fade, dtype=np.float32)
    x[:fade] *= ramp
    x[len(x) - fade :] *= ramp[::-1]
    return x


def _at_48k(x: Samples, engine: Engine) -> Samples:
    import numpy as np

    if engine.rate == opus.RATE or not len(x):
        return x
    import soxr

    return np.asarray(soxr.resample(x, engine.rate, opus.RATE), np.float32)
