"""From a recogniser's tokens to words with times, and to a place between two words to cut at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from skazano.speech.transcript import Word

FRAME_SECONDS = 0.04  # a GigaAM encoder frame: 160 samples' hop × 4
LEAST_KEPT = 5.0  # seconds that a piece keeps when its end is given back
CONTEXT = 1.0  # seconds heard on both sides of a cut, at least
MOST_CONTEXT = 4.0  # seconds before a cut that are heard twice, at most; below LEAST_KEPT


class BrokenModel(ValueError):
    """Model files that are not what their names say; the message names the file."""


@dataclass(frozen=True)
class Tokens:
    """What an engine heard in one piece: letters or word parts; one with a space in front begins a word.

    times: when each was emitted, seconds from the piece's beginning. logprobs: natural logarithms.
    text: the whole as the engine writes it, where the tokens are not known.
    """

    texts: Sequence[str] = ()
    times: Sequence[float] = ()
    logprobs: Sequence[float] = ()
    text: str = ""

    def between(self, start: float, end: float) -> Tokens:
        """Those emitted from `start` up to `end`, the times unchanged."""
        kept = [i for i, t in enumerate(self.times) if start <= t < end]
        if len(kept) == len(self.times):
            return self
        return Tokens(
            [self.texts[i] for i in kept], [self.times[i] for i in kept], [self.logprobs[i] for i in kept]
        )


@dataclass(frozen=True)
class Heard:
    """Text of one piece, its words if the engine gives times, and how sure it is (0…1)."""

    text: str
    words: tuple[Word, ...] = field(default=())
    confidence: float = 1.0


def heard(tokens: Tokens, offset: float = 0.0) -> Heard:
    """Words and text; `offset` (s) is added to all times."""
    words: list[Word] = []
    current: list[int] = []
    for i in range(len(tokens.texts) + 1):
        if i == len(tokens.texts) or tokens.texts[i].startswith(" "):
            spoken = [k for k in current if tokens.texts[k].strip()]
            if spoken:
                words.append(_word(tokens, spoken, offset))
            current = []
        current.append(i)
    text = tokens.text or " ".join(w.text for w in words)
    return Heard(text.strip(), tuple(words), _mean_probability(tokens.logprobs))


def _word(tokens: Tokens, places: list[int], offset: float) -> Word:
    return Word(
        "".join(tokens.texts[k] for k in places).strip(),
        tokens.times[places[0]] + offset,
        tokens.times[places[-1]] + FRAME_SECONDS + offset,
        _mean_probability([tokens.logprobs[k] for k in places]),
    )


def _mean_probability(logprobs: Sequence[float]) -> float:
    """Geometric mean: one doubtful letter shows, a long sure word does not hide it."""
    return math.exp(sum(logprobs) / len(logprobs)) if logprobs else 1.0


def word_cut(words: Sequence[Word], seconds: float) -> tuple[float, float] | None:
    """Where to end a piece of `seconds` that was cut without a pause: (cut, context), in seconds.

    The cut lies in the widest gap between two words, in the second half if there is one; there the
    next piece's words begin. Its sound begins at `context`, with a word, at least a second earlier, so
    that the words on both sides are heard whole. None without a gap: the cut stays where it was.
    """
    best: tuple[tuple[bool, float, float], float] | None = None
    for left, right in pairwise(words):
        cut = (left.end + right.start) / 2
        if LEAST_KEPT <= cut <= seconds - CONTEXT:
            rank = (cut > seconds / 2, right.start - left.end, cut)
            if best is None or rank > best[0]:
                best = rank, cut
    if best is None:
        return None
    cut = best[1]
    # A letter is emitted a little after its sound has begun.
    earlier = [w.start - 3 * FRAME_SECONDS for w in words if w.start <= cut - CONTEXT]
    return cut, max([*earlier, cut - MOST_CONTEXT])
