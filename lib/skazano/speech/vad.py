"""Where somebody speaks: silero-vad through onnxruntime, without torch.

The weights lie in the wheel of silero-vad (MIT). Its "sequence" model takes many frames in one
call: 512 samples each (32 ms at 16 kHz), every one preceded by the last 64 samples before it.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

RATE = 16000
FRAME = 512  # samples
CONTEXT = 64  # samples
AUDIBLE = 0.1  # a recording that never gets louder is raised to it: silero misses half of a whisper
MOST_GAIN = 100.0
MODEL = "silero_vad_16k_sequence.onnx"


class Vad:
    """Speech probabilities of one recording, fed block by block; `reset()` begins another."""

    def __init__(self) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(_model_path()), options, providers=["CPUExecutionProvider"]
        )
        self.reset()

    def reset(self) -> None:
        """Forget the recording heard so far."""
        self._h = np.zeros((1, 1, 128), np.float32)
        self._c = np.zeros((1, 1, 128), np.float32)
        self._context = np.zeros(CONTEXT, np.float32)
        self._loudest = 0.0

    def probabilities(self, samples: Samples) -> Samples:
        """The probability of speech in each frame: shape (n,) for n × FRAME samples at 16 kHz."""
        if not len(samples):
            return np.zeros(0, np.float32)
        self._loudest = max(self._loudest, float(np.quantile(np.abs(samples), 0.999)))
        gain = min(max(1.0, AUDIBLE / max(self._loudest, 1e-9)), MOST_GAIN)
        frames = (samples * np.float32(gain)).reshape(-1, FRAME)
        contexts = np.empty((len(frames), CONTEXT), np.float32)
        contexts[0] = self._context
        contexts[1:] = frames[:-1, -CONTEXT:]
        self._context = frames[-1, -CONTEXT:].copy()
        feed = {"input": np.hstack([contexts, frames]), "h": self._h, "c": self._c}
        found, self._h, self._c = self._session.run(["speech_probs", "hn", "cn"], feed)
        return np.asarray(found, np.float32).reshape(-1)


def _model_path() -> Path:
    """silero_vad's data directory, found without importing the package (that would load torch)."""
    spec = importlib.util.find_spec("silero_vad")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("silero-vad is not installed: pip install --no-deps silero-vad")
    return Path(spec.submodule_search_locations[0]) / "data" / MODEL
