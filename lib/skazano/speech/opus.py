"""Speech to a Telegram voice note: loudness, OGG/Opus, waveform.

sendVoice wants OGG with Opus and has no waveform parameter. Telegram's server draws the waveform,
and only for files of up to 1 MB (tdlib/telegram-bot-api issue 354); beyond that it stays flat. So
the bit rate falls from 32 kbit/s as a note grows past four minutes, down to a floor.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

from skazano.files import fsync_dir

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

RATE = 48000
BIT_RATE = 32000
BIT_RATE_FLOOR = 12000
DRAWN_BYTES = 950_000  # must stay below the 1 MB up to which Telegram draws the waveform
TARGET_LUFS = -18.0
PEAK = 0.8  # -2 dBFS; Opus overshoots when it is decoded
KNEE = 0.5  # above it the limiter bends the signal, below it nothing is changed
MOST_GAIN = 30.0  # dB; more would only lift noise
MOST_LIMITING = 2.0  # the loudest sample may ask for this many times PEAK, no more
BARS = 100
BLOCK = RATE // 10


def bit_rate(seconds: float) -> int:
    """Bits a second for a note of `seconds`: 32 kbit/s, less where the file would pass 1 MB."""
    if seconds <= 0:
        return BIT_RATE
    return max(BIT_RATE_FLOOR, min(BIT_RATE, int(DRAWN_BYTES * 8 / seconds)))


def compression_level(bits: int) -> float:
    """libsndfile's knob for a mono Opus bit rate: 0 is 256 kbit/s, 1 is 6 kbit/s (ogg_opus.c)."""
    return max(0.0, min(1.0, 1.0 - (bits - 6000) / 250_000))


class Loudness:
    """Integrated loudness of mono speech at 48 kHz, fed in pieces of any length.

    ITU-R BS.1770-4: K-weighting, 400 ms blocks that overlap by 75 %, gates at -70 LUFS and 10 LU
    below the mean. The weighting is applied to the power spectrum of each 100 ms, which needs no
    filter state and comes within 0.3 LU of ffmpeg's ebur128 on speech. Also keeps the peak of each
    20 ms, the material of the waveform.
    """

    def __init__(self) -> None:
        import numpy as np

        self._rest: Samples = np.zeros(0, np.float32)
        self._powers: list[float] = []
        self._peaks: list[Samples] = []
        self._weight = _k_weight(BLOCK)
        self.peak = 0.0

    def add(self, x: Samples) -> None:
        import numpy as np

        x = np.concatenate((self._rest, x))
        whole = len(x) - len(x) % BLOCK
        self._rest = x[whole:]
        if not whole:
            return
        blocks = x[:whole].reshape(-1, BLOCK)
        for part in np.array_split(blocks, max(1, len(blocks) // 100)):
            spectrum = np.abs(np.fft.rfft(part, axis=1)) ** 2
            self._powers.extend((spectrum @ self._weight).tolist())
        self._peaks.append(np.abs(x[:whole]).reshape(-1, BLOCK // 5).max(axis=1))
        self.peak = max(self.peak, float(np.abs(blocks).max()))

    def finish(self) -> None:
        """Count the last piece, shorter than 100 ms, as if silence followed it."""
        import numpy as np

        if len(self._rest):
            self.add(np.zeros(BLOCK - len(self._rest), np.float32))

    @property
    def lufs(self) -> float:
        """Integrated loudness in LUFS; -inf for silence or nothing."""
        import numpy as np

        powers = np.asarray(self._powers)
        if len(powers) >= 4:
            powers = np.convolve(powers, np.full(4, 0.25), "valid")
        powers = powers[powers > 10 ** ((-70 + 0.691) / 10)]
        if not len(powers):
            return float("-inf")
        loud = powers[powers > powers.mean() * 0.1]
        return float(-0.691 + 10 * np.log10(loud.mean()))

    def gain(self, target: float = TARGET_LUFS) -> float:
        """The factor that brings the speech to `target` without more limiting than speech bears."""
        if self.lufs == float("-inf"):
            return 1.0
        wanted = min(target - self.lufs, MOST_GAIN)
        return float(min(10 ** (wanted / 20), MOST_LIMITING * PEAK / max(self.peak, 1e-9)))

    def waveform(self) -> bytes:
        """100 bars of 5 bits, packed as in MTProto's documentAttributeAudio.waveform (63 bytes).

        The Bot API takes none; it is for pages and for players of our own. Scaled as Telegram
        Desktop does: the height of a bar is its peak against 1.8 times the mean peak.
        """
        import numpy as np

        peaks = np.concatenate(self._peaks) if self._peaks else np.zeros(1, np.float32)
        edges = np.linspace(0, len(peaks), BARS + 1).astype(int)
        bars = np.array(
            [peaks[a : max(b, a + 1)].max() if a < len(peaks) else 0.0 for a, b in itertools.pairwise(edges)]
        )
        top = max(float(bars.mean()) * 1.8, 1e-6)
        return pack_waveform(np.minimum(bars / top * 31, 31).astype(int).tolist())


def pack_waveform(bars: list[int]) -> bytes:
    """Values 0…31, five bits each, least significant bit first."""
    number = 0
    for i, bar in enumerate(bars):
        number |= (bar & 31) << (5 * i)
    return number.to_bytes((len(bars) * 5 + 7) // 8, "little")


def _k_weight(size: int) -> NDArray[np.float64]:
    """Weights that turn |rfft|² of `size` samples at 48 kHz into K-weighted mean square.

    The two biquads of BS.1770-4, tables 1 and 2.
    """
    import numpy as np

    z = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    shelf = (1.53512485958697 - 2.69169618940638 * z + 1.19839281085285 * z**2) / (
        1 - 1.69065929318241 * z + 0.73248077421585 * z**2
    )
    highpass = (1 - 2 * z + z**2) / (1 - 1.99004745483398 * z + 0.99007225036621 * z**2)
    weight = np.abs(shelf * highpass) ** 2 * 2 / size**2
    weight[0] /= 2
    weight[-1] /= 2
    return np.asarray(weight)


def limit(x: Samples, gain: float) -> Samples:
    """x times gain, with everything above KNEE bent smoothly so that nothing passes PEAK."""
    import numpy as np

    x = x * np.float32(gain)
    loud = np.abs(x) > KNEE
    if loud.any():
        room = PEAK - KNEE
        over = np.abs(x[loud]) - KNEE
        x[loud] = np.sign(x[loud]) * (KNEE + room * np.tanh(over / room))
    return x.astype(np.float32, copy=False)


def pieces(spool: IO[bytes], size: int = RATE) -> Iterator[Samples]:
    """The float32 samples that were written to `spool`, from its start, `size` at a time."""
    import numpy as np

    spool.seek(0)
    while raw := spool.read(size * 4):
        yield np.frombuffer(raw, np.float32)


def write_opus(out: Path, blocks: Iterator[Samples], seconds: float) -> None:
    """Write mono float32 blocks at 48 kHz as OGG/Opus to `out`, atomically and durably.

    `seconds` chooses the bit rate only. Raises OSError (ENOSPC among them) and soundfile's
    LibsndfileError; then `out` is what it was and no temporary file stays.
    """
    import soundfile

    temporary = out.with_name(f".{out.name}.tmp")
    level = compression_level(bit_rate(seconds))
    try:
        with temporary.open("w+b") as file:
            with soundfile.SoundFile(
                file, "w", RATE, 1, format="OGG", subtype="OPUS", compression_level=level
            ) as sink:
                for block in blocks:
                    sink.write(block)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(out)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    fsync_dir(out.parent)
