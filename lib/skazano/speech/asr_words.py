"""From a recogniser's tokens to words with times, and back from words to a place to cut."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from skazano.speech.transcript import Word
from skazano.speech.vad import RATE
from skazano.speech.vad_split import quietest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

FRAME_SECONDS = 0.04  # a GigaAM encoder frame: 160 samples' hop × 4
LEAST_KEPT = 5.0  # seconds that a piece keeps when its last words are given back


class BrokenModel(Exception):
    """Model files that are not what their names say; the message names the file."""


@dataclass(frozen=True)
class Heard:
    """What an engine heard in one piece: words with times in seconds from the piece's beginning.

    `words` is empty where the engine gives no times; confidence (0…1) is then 1.0.
    """

    text: str
    words: tuple[Word, ...] = ()
    confidence: float = 1.0


def heard(
    tokens: Sequence[str],
    times: Sequence[float],
    logprobs: Sequence[float],
    text: str | None = None,
    frame: float = FRAME_SECONDS,
) -> Heard:
    """Words from tokens, of which one that begins with a space begins a word.

    times: when each token was emitted (s). logprobs: natural logarithms. text: the whole as the
    engine writes it, if that is not the tokens joined.
    """
    words: list[Word] = []
    current: list[int] = []
    for i in range(len(tokens) + 1):
        if i == len(tokens) or tokens[i].startswith(" "):
            spoken = [k for k in current if tokens[k].strip()]
            if spoken:
                words.append(
                    Word(
                        "".join(tokens[k] for k in spoken).strip(),
                        times[spoken[0]],
                        times[spoken[-1]] + frame,
                        _mean_probability([logprobs[k] for k in spoken]),
                    )
                )
            current = []
        current.append(i)
    if text is None:
        text = " ".join(w.text for w in words)
    return Heard(text.strip(), tuple(words), _mean_probability(list(logprobs)))


def _mean_probability(logprobs: list[float]) -> float:
    """Geometric mean: one doubtful letter shows, a long sure word does not hide it."""
    return math.exp(sum(logprobs) / len(logprobs)) if logprobs else 1.0


def word_cut(samples: Samples, found: Heard) -> tuple[int, Heard] | None:
    """Where to end a piece that was cut without a pause: (samples to keep, what was heard in them).

    Of the gaps between two words, past the first half if there are any there, the quietest. None
    if there is no gap to choose from: then the cut stays where it was.
    """
    best: tuple[tuple[bool, float], int, int] | None = None
    for i in range(1, len(found.words)):
        low, high = found.words[i - 1].end, found.words[i].start
        if low < LEAST_KEPT:
            continue
        a, b = int((low - FRAME_SECONDS) * RATE), int((high + FRAME_SECONDS) * RATE)
        b = min(max(b, a + 3200), len(samples))
        at = a + quietest(samples[a:b])
        near = samples[max(0, at - 160) : at + 160]
        rank = (low < len(samples) / RATE / 2, float(np.mean(np.square(near))))
        if best is None or rank < best[0]:
            best = (rank, at, i)
    if best is None:
        return None
    _, at, count = best
    words = found.words[:count]
    return at, Heard(" ".join(w.text for w in words), words, found.confidence)
