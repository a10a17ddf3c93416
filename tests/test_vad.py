"""Splitting: pieces of at most 20 s, ended in pauses, nothing that was said left out."""

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skazano.speech.audio import decode
from skazano.speech.vad import FRAME, RATE, Vad
from skazano.speech.vad_split import LONG_PAUSE, MAX_SAMPLES, MIN_SPEECH, Splitter, quietest

VOICES = Path(__file__).parent / "voices"


@pytest.fixture(scope="module")
def vad():
    return Vad()


def split(vad, samples, block=32000):
    vad.reset()
    blocks = (samples[i : i + block] for i in range(0, len(samples), block))
    return list(Splitter(blocks, vad.probabilities))


def test_silence_and_noise_have_no_pieces(vad):
    rng = np.random.default_rng(0)
    sounds = [
        np.zeros(RATE * 600, np.float32),
        rng.normal(0, 0.2, RATE * 20).astype(np.float32),
        rng.normal(0, 0.001, RATE * 20).astype(np.float32),
        np.sin(np.arange(RATE * 20) * 0.1).astype(np.float32),
        decode(VOICES / "21-silence.oga"),
        decode(VOICES / "22-noise.oga"),
    ]
    assert [split(vad, s) for s in sounds] == [[]] * len(sounds)


def test_a_long_note_is_cut_in_its_pauses(vad):
    samples = decode(VOICES / "08-long.oga")
    pieces = split(vad, samples)
    assert len(pieces) > 5
    assert not any(p.forced for p in pieces)
    level = np.sqrt(np.mean(np.square(samples)))
    for left, right in pairwise(pieces):
        between = samples[left.end - 800 : right.start + 800]
        assert np.sqrt(np.mean(np.square(between))) < 0.1 * level


def test_the_size_of_blocks_does_not_matter(vad):
    samples = decode(VOICES / "06-list.oga")
    first, *others = (
        [(p.start, p.end) for p in split(vad, samples, block)] for block in (32000, 511, 16001, len(samples))
    )
    assert others == [first] * 3


def test_a_whisper_is_speech_too(vad):
    samples = decode(VOICES / "02-request-note.oga")
    loud, soft = split(vad, samples), split(vad, samples * np.float32(0.002))
    assert abs(loud[0].start - soft[0].start) < RATE / 5
    assert abs(loud[-1].end - soft[-1].end) < RATE / 5


def test_distant_words_are_pieces_of_their_own(vad):
    word = decode(VOICES / "09-cancel.oga")
    silence = np.zeros(RATE * 5, np.float32)
    pieces = split(vad, np.concatenate([silence, word, silence, word, silence]))
    assert len(pieces) == 2
    assert all(p.end - p.start < len(word) + RATE for p in pieces)


def pieces_of(probabilities, block=7):
    """The splitter over made-up probabilities; each frame's samples carry its number."""
    frames = np.repeat(np.arange(len(probabilities), dtype=np.float32), FRAME)
    blocks = (frames[i : i + block * FRAME] for i in range(0, len(frames), block * FRAME))
    left = list(probabilities)

    def take(samples):
        count = len(samples) // FRAME
        taken, left[:] = left[:count], left[count:]
        return np.array(taken, np.float32)

    return list(Splitter(blocks, take))


speech = st.lists(st.tuples(st.integers(1, 900), st.integers(1, 80)), min_size=1, max_size=8)


@settings(max_examples=60, deadline=None)
@given(speech, st.integers(1, 200))
def test_every_voiced_frame_lies_in_one_piece(runs, block):
    probabilities = []
    for voiced, silent in runs:
        probabilities += [0.9] * voiced + [0.01] * silent
    pieces = pieces_of(probabilities, block)
    cover = np.zeros(len(probabilities) * FRAME, int)
    for piece in pieces:
        assert 0 < piece.end - piece.start <= MAX_SAMPLES + 2 * LONG_PAUSE * FRAME
        assert piece.samples[0] == piece.start // FRAME
        cover[piece.start : piece.end] += 1
    assert cover.max(initial=0) <= 1
    place = 0
    for voiced, silent in runs:
        if voiced >= MIN_SPEECH:
            assert cover[place * FRAME : (place + voiced) * FRAME].all()
        place += voiced + silent


def test_what_is_given_back_begins_the_next_piece():
    frames = 2000
    samples = np.arange(frames * FRAME, dtype=np.float32)
    splitter = Splitter([samples], lambda s: np.full(len(s) // FRAME, 0.9, np.float32))
    pieces = []
    for piece in splitter:
        pieces.append(piece)
        if piece.forced:
            splitter.give_back(RATE)
    assert len(pieces) > 3
    for left, right in pairwise(pieces):
        assert right.start == left.end - RATE
    assert pieces[-1].end == frames * FRAME


def test_the_quietest_place_is_found():
    samples = np.ones(RATE, np.float32)
    samples[9000:9400] = 0.01
    assert abs(quietest(samples) - 9200) < 120


def test_onnxruntime_leaves_no_id_of_the_machine(tmp_path):
    """Left to itself it writes one into the home when it is imported."""
    code = "from skazano.speech.vad import Vad; Vad()"
    env = {**os.environ, "HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    env.pop("ORT_DISABLE_TELEMETRY", None)
    env.pop("XDG_CACHE_HOME", None)
    subprocess.run([sys.executable, "-c", code], env=env, check=True, timeout=60)
    assert list(tmp_path.rglob("*")) == []
