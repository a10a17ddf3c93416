"""The `onnx` engine: recognition through onnxruntime, without torch in the process.

Runs what `skazano asr-export` writes and any model directory that onnx-asr knows: GigaAM v2 and v3
(also e2e, with punctuation), T-one, Vosk, NeMo, Whisper.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from skazano.files import read_json
from skazano.speech.asr_cpu import saturates
from skazano.speech.asr_words import BrokenModel, Tokens

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

# GigaAM's directories share config.json's "model_type", so their files tell which model it is.
GIGAAM_FILES = (
    ("v3_e2e_ctc*.onnx", "gigaam-v3-e2e-ctc"),
    ("v3_e2e_rnnt_encoder*.onnx", "gigaam-v3-e2e-rnnt"),
    ("multilingual*_ctc*.onnx", "gigaam-multilingual-ctc"),
    ("v3_ctc*.onnx", "gigaam-v3-ctc"),
    ("v3_rnnt_encoder*.onnx", "gigaam-v3-rnnt"),
    ("v2_ctc*.onnx", "gigaam-v2-ctc"),
    ("v2_rnnt_encoder*.onnx", "gigaam-v2-rnnt"),
)


class OnnxEngine:
    """precision: "int8", "fp32", or whatever else stands in the files' names.

    Raises FileNotFoundError if `directory` holds no such model, BrokenModel if it cannot be loaded.
    """

    def __init__(self, directory: Path, precision: str = "int8", threads: int | None = None) -> None:
        import onnx_asr
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        if threads:
            options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        kind = model_kind(directory)
        quantization = None if precision == "fp32" else precision
        try:
            model: Any = onnx_asr.load_model(
                kind,
                directory,
                quantization=quantization,
                sess_options=options,
                providers=["CPUExecutionProvider"],
            )
        except _loading_errors() as exc:
            line = str(exc).splitlines()[0] if str(exc) else type(exc).__name__
            damaged = f"{directory} is damaged: delete it and fetch or export it again ({line})"
            raise BrokenModel(damaged) from exc
        self._model = model.with_timestamps()

    def hear(self, samples: Samples) -> Tokens:
        """Recognise one piece: float32 mono at 16 kHz, 0.1 to 25 s."""
        found = self._model.recognize(samples, sample_rate=16000)
        if found.timestamps is None or found.tokens is None:
            return Tokens(text=found.text)
        logprobs = found.logprobs or [0.0] * len(found.tokens)
        return Tokens(found.tokens, found.timestamps, logprobs, found.text)


def _loading_errors() -> tuple[type[Exception], ...]:
    """What a damaged directory can raise; onnxruntime's exceptions have no ancestor but Exception."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    own = [v for v in vars(state).values() if isinstance(v, type) and issubclass(v, Exception)]
    return (OSError, ValueError, KeyError, AttributeError, RuntimeError, *own)


def model_kind(directory: Path) -> str:
    """onnx-asr's name for the model in `directory`. Raises FileNotFoundError."""
    for pattern, kind in GIGAAM_FILES:
        if any(directory.glob(pattern)):
            return kind
    named = _config(directory).get("model_type")
    if not isinstance(named, str) or "/" in named:
        raise FileNotFoundError(f"{directory}: no model that onnx-asr knows")
    return named


def precisions(directory: Path) -> list[str]:
    """The precisions in which the model in `directory` can be run here, "int8" first.

    int8 weights of 8 bits, written on another machine, are none where products saturate.
    """
    names = [p.name for p in directory.glob("*.onnx")]
    small = [n for n in names if ".int8." in n or "_int8." in n]
    found = []
    if small and not (saturates() and _config(directory).get("weight_bits") == 8):
        found.append("int8")
    if len(small) < len(names):
        found.append("fp32")
    return found


def _config(directory: Path) -> dict[str, Any]:
    config = read_json(directory / "config.json")
    return config if isinstance(config, dict) else {}
