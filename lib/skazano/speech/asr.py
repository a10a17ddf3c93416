"""Speech to text: one recogniser over several engines, for a recording of any length.

    recogniser = open_recogniser("auto", models_dir=Path("models"))
    transcript = recogniser.transcribe("voice.oga")

Engines: "gigaam" (torch), "gigaam-bf16", "onnx" (int8, else fp32), "onnx-int8", "onnx-fp32", and
"auto", which takes the best model that is present and the engine that is fastest with it here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from skazano.speech.asr_words import Tokens, heard, word_cut
from skazano.speech.audio import Audio
from skazano.speech.transcript import Segment, Transcript
from skazano.speech.vad import RATE, Vad
from skazano.speech.vad_split import Piece, Splitter

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

ENGINES = ("auto", "gigaam", "gigaam-bf16", "onnx", "onnx-int8", "onnx-fp32")
SHORTEST = RATE // 2  # samples; a shorter piece is padded: the models know no shorter utterances
WARM_SECONDS = 5
QUIET = 0.1  # a piece whose loudest moments are below it …
AUDIBLE = 0.3  # … is raised to this: what was said far from the microphone is else not recognised


class ModelMissing(Exception):
    """No model for what was asked; the message is one line with the command that gets it."""


class Engine(Protocol):
    """What an engine must do: a piece of float32 mono at 16 kHz in, what it heard out."""

    def hear(self, samples: Samples) -> Tokens: ...


class Recogniser:
    """A loaded, warm recogniser. Not for several threads at once.

    name: the engine and its precision, e.g. "onnx-int8". model: e.g. "v2_ctc". why: one line on
    how it came to be chosen.
    """

    def __init__(self, engine: Engine, name: str, model: str, why: str = "") -> None:
        self.name = name
        self.model = model
        self.why = why
        self._engine = engine
        self._vad = Vad()
        noise = np.random.default_rng(0).normal(0, 0.01, WARM_SECONDS * RATE)
        engine.hear(noise.astype(np.float32))

    def hear(self, samples: Samples) -> Tokens:
        """Recognise one piece of at most 20 s, float32 mono at 16 kHz, without looking for speech."""
        padded = np.pad(samples, (0, max(0, SHORTEST - len(samples))))
        return self._engine.hear(np.ascontiguousarray(raised(padded)))

    def transcribe(
        self,
        path: str | Path,
        heartbeat: Callable[[], None] | None = None,
        expected_seconds: float | None = None,
    ) -> Transcript:
        """What is said in the recording; text "" if nobody speaks.

        heartbeat is called before and after every piece, that is every second or so. expected_seconds:
        how long the sender said the recording is. Raises audio.AudioError, OSError.
        """
        started = time.perf_counter()
        audio = Audio(path, expected=expected_seconds)
        self._vad.reset()
        splitter = Splitter(_beating(audio.blocks(), heartbeat), self._vad.probabilities)
        result = Transcript(engine=self.name, model=self.model)
        after = 0.0
        for piece in splitter:
            segment = self._recognise(piece, splitter, after)
            after = segment.end
            if is_speech(piece.speech, segment):
                result.segments.append(segment)
                result.speech_seconds += segment.end - segment.start
            if heartbeat is not None:
                heartbeat()
        result.text = " ".join(s.text for s in result.segments)
        result.audio_seconds = audio.seconds
        result.truncated = audio.truncated
        result.seconds = time.perf_counter() - started
        return result

    def _recognise(self, piece: Piece, splitter: Splitter, after: float) -> Segment:
        """The piece as a segment, from the time `after` (s) on: what lies before it was heard already."""
        begin, end = piece.start / RATE, piece.end / RATE
        tokens = self.hear(piece.samples)
        if piece.forced and (found := word_cut(heard(tokens).words, end - begin)):
            cut, context = found
            splitter.give_back(int((end - begin - context) * RATE))
            end = begin + cut
        found_here = heard(tokens.between(after - begin, end - begin), begin)
        return Segment(max(begin, after), end, found_here.text, found_here.confidence, found_here.words)


def _beating(blocks: Iterator[Samples], heartbeat: Callable[[], None] | None) -> Iterator[Samples]:
    """The same blocks: hours of silence have no pieces, yet the reader must be seen to live."""
    for block in blocks:
        if heartbeat is not None:
            heartbeat()
        yield block


def raised(samples: Samples) -> Samples:
    """The same samples, louder if they are quiet; the loudest thousandth, a click, does not count."""
    loudest = float(np.quantile(np.abs(samples), 0.999))
    return samples * np.float32(AUDIBLE / loudest) if 1e-6 < loudest < QUIET else samples


def is_speech(probability: float, found: Segment) -> bool:
    """False for what a CTC model makes of noise and music: letters that neither it nor the voice
    activity detector is sure of."""
    if not any(c.isalnum() for c in found.text):
        return False
    return probability >= 0.6 or found.confidence >= 0.6


@dataclass(frozen=True)
class Choice:
    """An engine to open: its name, its model's name and the directory in which the model lies."""

    engine: str
    model: str
    directory: Path

    def open(self, threads: int | None = None, why: str = "") -> Recogniser:
        """Load and warm it. Raises FileNotFoundError, ValueError, asr_words.BrokenModel."""
        return Recogniser(self._load(threads), self.engine, self.model, why)

    def _load(self, threads: int | None) -> Engine:
        precision = self.engine.partition("-")[2]
        if self.engine.startswith("gigaam"):
            from skazano.speech.gigaam_engine import GigaamEngine

            name = "v2_ctc" if self.model == "demo" else self.model
            return GigaamEngine(name, self.directory, threads, precision or "fp32")
        from skazano.speech.onnx_engine import OnnxEngine

        return OnnxEngine(self.directory, precision or "int8", threads)


def open_recogniser(
    engine: str = "auto",
    model: str = "",
    models_dir: Path | None = None,
    threads: int | None = None,
) -> Recogniser:
    """Load a recogniser and warm it up.

    engine: one of ENGINES. model: a name ("v2_ctc"), a directory with an ONNX model, or "" for the
    best one in `models_dir`, and for the embedded demo model where there is none. Raises
    ModelMissing, ValueError: an unknown engine, or asr_words.BrokenModel, which is one.
    """
    from skazano.speech.asr_choice import choose

    choice, why = choose(engine, model, models_dir, threads)
    return choice.open(threads, why)
