"""Any audio a person can send, as mono float32 at 16 kHz, a block at a time.

libsndfile (through soundfile) reads OGG/Opus, OGG/Vorbis, WAV, FLAC, MP3 and AIFF; ffmpeg reads
the rest: M4A, MP4 video notes, WebM, AMR. What a file is, its content decides, never its name.
Everything here is a stranger's file: ffmpeg may open nothing but that one file, knows only
containers of sound and video (no playlists, no images), and is stopped when it stalls.
"""

from __future__ import annotations

import io
import json
import os
import resource
import select
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from skazano.speech.audio_container import ogg_salvage, wav_is_cut

if TYPE_CHECKING:
    import soundfile
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

RATE = 16000
BLOCK_SECONDS = 2.0
MAX_SECONDS = 12 * 3600.0  # a small file can hold days of silence
STALL_SECONDS = 60.0  # without a byte from ffmpeg
PROBE_SECONDS = 30.0
SHORTFALL_SECONDS = 0.75  # containers round their duration; less than this is no truncation
PROMISE_SECONDS = 1.5  # the same for what a sender says, in whole seconds
MEMORY_LIMIT = 2 << 30  # of ffmpeg's address space, bytes
CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,ogg,mp3,wav,w64,flac,aac,amr,"
    "aiff,caf,asf,au,avi,mpegts,mpeg,flv,ac3"
)
FFMPEG_INPUT = ("-v", "error", "-protocol_whitelist", "file", "-format_whitelist", CONTAINERS)


class AudioError(Exception):
    """The file holds no sound that can be read.

    kind: "empty" (0 bytes, or a container without one sample), "unreadable" (not audio, or
    damaged from the start), "no-audio" (a video without sound). detail: English, for the log.
    """

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail


class Audio:
    """One recording: iterate over `blocks()` once; after that `seconds` and `truncated` are known.

    expected: how long the sender said it is (s); it shows a file cut off between two pages.
    """

    def __init__(self, path: str | Path, rate: int = RATE, expected: float | None = None) -> None:
        self.path = Path(path)
        self.rate = rate
        self.expected = expected
        self.seconds = 0.0
        self.truncated = False

    def blocks(self) -> Iterator[Samples]:
        """float32 arrays of shape (n,), a few seconds each at most.

        Raises AudioError before the first block, OSError where the file cannot be opened.
        """
        if self.path.stat().st_size == 0:
            raise AudioError("empty", "the file has 0 bytes")
        samples = 0
        for block in self._decoded():
            samples += len(block)
            self.seconds = samples / self.rate
            yield np.nan_to_num(block, copy=False, nan=0.0, posinf=1.0, neginf=-1.0)
            if self.seconds >= MAX_SECONDS:
                self.truncated = True
                break
        if samples == 0:
            raise AudioError("empty", "the file holds no samples")
        if self.expected is not None and self.expected - self.seconds > PROMISE_SECONDS:
            self.truncated = True

    def _decoded(self) -> Iterator[Samples]:
        import soundfile

        with self.path.open("rb", buffering=0) as file:
            mended = ogg_salvage(file)
            self.truncated = mended is not None or wav_is_cut(file)
            # An open descriptor has no name that libsndfile could judge the format by.
            source = file.fileno() if mended is None else io.BytesIO(mended)
            try:
                sound = soundfile.SoundFile(source, closefd=False)
            except soundfile.LibsndfileError:
                sound = None
            if sound is not None:
                with sound:
                    yield from self._read_soundfile(sound)
                return
        yield from self._read_ffmpeg()

    def _read_soundfile(self, sound: soundfile.SoundFile) -> Iterator[Samples]:
        """Blocks of the file at its own rate, the mean of its channels, resampled."""
        import soundfile
        import soxr

        rate = sound.samplerate
        resample = soxr.ResampleStream(rate, self.rate, 1, dtype="float32")
        size = int(rate * BLOCK_SECONDS)
        frames = 0
        while True:
            try:
                block = sound.read(size, dtype="float32", always_2d=True)
            except soundfile.LibsndfileError:
                self.truncated = True  # damaged on the way: what came before it stands
                block = np.zeros((0, sound.channels), np.float32)
            frames += len(block)
            mono = np.ascontiguousarray(block.mean(axis=1, dtype=np.float32))
            out = resample.resample_chunk(mono, last=len(block) < size)
            if len(out):
                yield out
            if len(block) < size:
                break
        declared = sound.frames / rate
        if frames and declared < MAX_SECONDS and declared - frames / rate > SHORTFALL_SECONDS:
            self.truncated = True

    def _read_ffmpeg(self) -> Iterator[Samples]:
        facts = probe(self.path)
        if not any(s.get("codec_type") == "audio" for s in facts.get("streams", [])):
            kind = "no-audio" if facts.get("streams") else "unreadable"
            raise AudioError(kind, "no audio stream in the file")
        got_any = False
        for block in _ffmpeg_blocks(self.path, self.rate):
            got_any = True
            yield block
        if not got_any:
            raise AudioError("unreadable", "ffmpeg decoded nothing")
        declared = float(facts.get("format", {}).get("duration") or 0)
        if declared - self.seconds > SHORTFALL_SECONDS:
            self.truncated = True


def blocks(path: str | Path, rate: int = RATE) -> Iterator[Samples]:
    """The recording as float32 mono blocks of shape (n,) at `rate` Hz, in bounded memory.

    Raises AudioError, OSError. Use `Audio` to learn also whether the file is whole.
    """
    return Audio(path, rate).blocks()


def decode(path: str | Path, rate: int = RATE) -> Samples:
    """The whole recording as one float32 array of shape (n,) at `rate` Hz."""
    return np.concatenate(list(blocks(path, rate)))


def probe(path: Path) -> dict[str, Any]:
    """ffprobe's view: {"streams": [{"codec_type"}], "format": {"duration", "format_name"}}.

    {} for what is no container of sound or video. Raises AudioError if ffprobe hangs, and if it
    is not installed.
    """
    show = "format=duration,format_name:stream=codec_type"
    argv = ["ffprobe", *FFMPEG_INPUT, "-show_entries", show, "-of", "json", _file_url(path)]
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PROBE_SECONDS,
            env=_environment(),
            check=False,
        )
    except subprocess.TimeoutExpired as exc:
        raise AudioError("unreadable", "ffprobe did not end") from exc
    except FileNotFoundError as exc:
        raise AudioError("unreadable", "ffmpeg is not installed (apt install ffmpeg)") from exc
    facts: dict[str, Any] = json.loads(done.stdout or b"{}") if done.returncode == 0 else {}
    return facts


def _ffmpeg_blocks(path: Path, rate: int) -> Iterator[Samples]:
    argv = ["ffmpeg", "-nostdin", "-threads", "1", *FFMPEG_INPUT, "-i", _file_url(path), "-map", "0:a:0"]
    argv += ["-vn", "-sn", "-dn", "-ac", "1", "-ar", str(rate), "-f", "f32le", "pipe:1"]
    process = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(),
    )
    assert process.stdout is not None
    try:
        with suppress(ProcessLookupError):
            resource.prlimit(process.pid, resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
        pending = b""
        while data := _read_or_stall(process.stdout.fileno()):
            pending += data
            whole = len(pending) // 4 * 4
            if whole >= 4 * rate * BLOCK_SECONDS:
                yield np.frombuffer(pending[:whole], np.float32).copy()
                pending = pending[whole:]
        if len(pending) >= 4:
            yield np.frombuffer(pending[: len(pending) // 4 * 4], np.float32).copy()
    finally:
        process.kill()
        process.stdout.close()
        process.wait()


def _read_or_stall(fd: int) -> bytes:
    """The next bytes from a pipe; b"" at its end, and when nothing has come for too long."""
    ready = select.select([fd], [], [], STALL_SECONDS)[0]
    return os.read(fd, 1 << 18) if ready else b""


def _file_url(path: Path) -> str:
    """ffmpeg's own name for a local file: a path can then be neither an option nor a protocol."""
    return f"file:{path.resolve()}"


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8"}
