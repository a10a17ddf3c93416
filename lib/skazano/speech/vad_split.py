"""Cutting a recording of any length into pieces that a recogniser takes, never inside a word.

A piece is at most 20 s long and ends in a pause. Where nobody pauses for 20 s it ends at the
quietest point, and the recogniser, which hears where words end, may have part of it again in the next.
Every sample with speech lies in a piece. At most about half a minute of audio is held.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from skazano.speech.vad import FRAME, RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

SECOND = RATE / FRAME  # frames a second
MAX_FRAMES = int(20.0 * SECOND)
MAX_SAMPLES = MAX_FRAMES * FRAME
SPEECH_ABOVE = 0.5  # a frame begins speech …
SILENCE_BELOW = 0.35  # … which goes on until a frame is this quiet (silero's own hysteresis)
MIN_SPEECH = 3  # frames; a click is shorter, «да» is longer
MIN_PAUSE = 6  # frames (0.19 s); the closure of a stop consonant is shorter
PAUSE = 8  # frames (0.26 s) that end a piece which is long ENOUGH to be understood by itself …
ENOUGH = int(3.0 * SECOND)
LONG_PAUSE = int(1.0 * SECOND)  # … and that end any piece
PAD = 4  # frames (0.13 s) kept around speech; must be at most half a PAUSE
QUIET_WINDOW = 320  # samples (20 ms) over which loudness is measured at a forced cut
QUIET_HOP = 80


@dataclass
class Piece:
    """A stretch of the recording: `start` in samples from its beginning, float32 `samples`.

    speech: mean probability of speech over its voiced frames. forced: it ends without a pause.
    """

    start: int
    samples: Samples
    speech: float
    forced: bool

    @property
    def end(self) -> int:
        return self.start + len(self.samples)


class Splitter:
    """Iterate over the pieces of `blocks` (float32 mono at 16 kHz).

    `probabilities` maps n × FRAME samples to n probabilities of speech, in order (Vad's method).
    After a forced piece, before the next is asked for, `give_back(n)` returns its last n samples:
    the next piece then begins with them.
    """

    def __init__(
        self, blocks: Iterable[Samples], probabilities: Callable[[Samples], Samples]
    ) -> None:
        self._blocks = blocks
        self._probabilities = probabilities
        self._audio: Samples = np.zeros(0, np.float32)  # whole frames, the oldest is self._first
        self._probs: Samples = np.zeros(0, np.float32)
        self._voiced: NDArray[np.bool_] = np.zeros(0, np.bool_)
        self._first = 0  # frames forgotten so far
        self._odd: Samples = np.zeros(0, np.float32)  # samples that do not fill a frame yet
        self._talking = False
        self._cursor = 0  # sample of the recording up to which all is said and done
        self._joined = False  # the word after the cursor follows without a pause
        self._given_back = 0

    def give_back(self, samples: int) -> None:
        """Let the next piece begin with the last `samples` of the forced one just yielded."""
        self._given_back = samples

    def __iter__(self) -> Iterator[Piece]:
        for block in self._blocks:
            self._add(block)
            yield from self._ready(final=False)
        if len(self._odd):
            self._add(np.zeros(FRAME - len(self._odd), np.float32))
        yield from self._ready(final=True)

    def _add(self, block: Samples) -> None:
        block = np.concatenate([self._odd, block])
        whole = len(block) // FRAME * FRAME
        self._odd = block[whole:]
        probs = self._probabilities(block[:whole])
        voiced = np.empty(len(probs), np.bool_)
        for i, p in enumerate(probs):
            self._talking = bool(p > (SILENCE_BELOW if self._talking else SPEECH_ABOVE))
            voiced[i] = self._talking
        self._audio = np.concatenate([self._audio, block[:whole]])
        self._probs = np.concatenate([self._probs, probs])
        self._voiced = np.concatenate([self._voiced, voiced])

    def _ready(self, final: bool) -> Iterator[Piece]:
        """Every piece that can be decided on with what has been heard so far."""
        while runs := self._runs(final):
            heard = self._first + len(self._voiced)
            begin = self._cursor
            if not self._joined:
                begin = max(begin, (runs[0][0] - PAD) * FRAME)
            self._move(begin)
            last, ended = _first_group(runs, begin // FRAME, heard)
            if last * FRAME - begin > MAX_SAMPLES:
                yield from self._cut(begin, [r for r in runs if r[0] < last])
            elif final or ended:
                end = min(last + PAD, heard) * FRAME
                yield self._piece(begin, end)
                self._move(end, joined=False)
            else:
                return
        idle = self._first + len(self._voiced) - (0 if final else PAD + MIN_SPEECH)
        self._move(max(self._cursor, idle * FRAME), joined=self._joined and not final)

    def _runs(self, final: bool) -> list[tuple[int, int]]:
        """Voiced stretches after the cursor as (begin, end) in frames of the recording.

        A blip too short for a word is none, unless it is still growing or a word's second half.
        """
        skip = self._cursor // FRAME - self._first
        padded = np.concatenate([[False], self._voiced[skip:], [False]])
        edges = np.flatnonzero(np.diff(padded)).reshape(-1, 2)
        size = len(padded) - 2
        return [
            (int(a) + skip + self._first, int(b) + skip + self._first)
            for a, b in edges
            if b - a >= MIN_SPEECH or (b == size and not final) or (a == 0 and self._joined)
        ]

    def _cut(self, begin: int, runs: list[tuple[int, int]]) -> Iterator[Piece]:
        """One piece of at most 20 s: up to the best pause, else to a quiet point."""
        pause = _best_pause(runs, begin // FRAME)
        if pause is not None:
            middle = (pause[0] + pause[1] + 1) // 2 * FRAME
            yield self._piece(begin, middle)
            self._move(middle, joined=False)
            return
        low, high = begin + MAX_SAMPLES // 2, begin + MAX_SAMPLES
        origin = self._first * FRAME
        end = low + quietest(self._audio[low - origin : high - origin])
        self._given_back = 0
        yield self._piece(begin, end, forced=True)
        self._move(max(begin + RATE, end - self._given_back), joined=True)

    def _piece(self, start: int, end: int, forced: bool = False) -> Piece:
        origin = self._first * FRAME
        first, last = start // FRAME - self._first, -(-end // FRAME) - self._first
        voiced = self._probs[first:last][self._voiced[first:last]]
        return Piece(
            start=start,
            samples=self._audio[start - origin : end - origin],
            speech=float(voiced.mean()) if len(voiced) else 0.0,
            forced=forced,
        )

    def _move(self, cursor: int, joined: bool | None = None) -> None:
        """Put the cursor at a sample of the recording and forget the whole frames before it."""
        self._cursor = cursor
        if joined is not None:
            self._joined = joined
        frames = cursor // FRAME - self._first
        self._first += frames
        self._audio = self._audio[frames * FRAME :]
        self._probs = self._probs[frames:]
        self._voiced = self._voiced[frames:]


def _first_group(runs: list[tuple[int, int]], begin: int, heard: int) -> tuple[int, bool]:
    """(end of the first runs that make a piece, whether the pause after them is long enough), in
    frames; the piece begins at `begin` and the recording was heard up to `heard`."""
    nexts = [*(start for start, _ in runs[1:]), heard]
    for (_, end), following in zip(runs, nexts, strict=True):
        if following - end >= (PAUSE if end - begin >= ENOUGH else LONG_PAUSE):
            return end, True
    return runs[-1][1], False


def _best_pause(runs: list[tuple[int, int]], begin: int) -> tuple[int, int] | None:
    """The pause to end a piece in, as (begin, end) in frames: the longest of the second half of
    20 s from `begin`, else the longest of the second quarter, else None."""
    best = None
    for (_, start), (end, _) in itertools.pairwise(runs):
        end = min(end, begin + MAX_FRAMES)
        length, middle = end - start, (start + end) // 2 - begin
        if length < MIN_PAUSE or middle < MAX_FRAMES // 4:
            continue
        rank = (middle >= MAX_FRAMES // 2, length)
        if best is None or rank >= best[0]:
            best = (rank, (start, end))
    return best[1] if best else None


def quietest(samples: Samples) -> int:
    """Offset in samples of the middle of the quietest 20 ms; the later one of equals."""
    power = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    starts = np.arange(0, max(1, len(samples) - QUIET_WINDOW), QUIET_HOP)
    ends = np.minimum(starts + QUIET_WINDOW, len(samples))
    loudness = (power[ends] - power[starts]) / (ends - starts)
    best = len(starts) - 1 - int(np.argmin(loudness[::-1]))
    return int(starts[best] + QUIET_WINDOW // 2)
