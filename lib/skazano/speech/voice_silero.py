"""Silero: the most natural Russian voices. A torch.package file, run without network.

The silero-tts package keeps its files inside site-packages and fetches what it lacks when it is
imported, loses lines that the model refuses, and sets torch's threads; a file needs none of that,
so it is opened as that package itself opens it. A torch.package runs code when it is loaded: only
a file that the owner put in place may be named.
"""

from __future__ import annotations

import importlib.util
import os
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from skazano.speech.tts import SpeechFailed, VoiceMissing

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LICENCE = (
    "Silero's voices are licensed CC BY-NC 4.0: not for commercial use "
    "(except v5_cis_base, MIT). For commercial use take RHVoice's anna, elena, irina or aleksandr."
)
MODEL_URL = "https://models.silero.ai/models/tts/ru/v5_5_ru.pt"
DEFAULT_VOICE = "xenia"
RATES = (8000, 24000, 48000)
THREADS = 4
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,40}")


def find_model(model: str = "") -> Path | None:
    """The model file: `model` if given and there, else the newest that silero-tts has kept."""
    if model:
        path = Path(model).expanduser()
        return path if path.is_file() else None
    try:
        spec = importlib.util.find_spec("silero_tts")
    except (ImportError, ValueError):
        return None
    folders = [Path(p) / "silero_models" for p in (spec.submodule_search_locations or [])] if spec else []
    files = [f for folder in folders for f in folder.glob("v*_ru.pt")]
    return max(files, key=lambda f: f.name, default=None)


def missing(model: str = "") -> str:
    """ "" if Silero can speak here, else the line that says what to do."""
    if importlib.util.find_spec("torch") is None:
        return "Silero needs torch: run install.sh again"
    if find_model(model):
        return ""
    where = f"{model} is not there" if model else "no model file"
    return f"Silero: {where}: download {MODEL_URL} and set its path in the configuration"


class Silero:
    """One torch.package model. voice: aidar, baya, kseniya, xenia, eugene in v5_5_ru.

    Raises VoiceMissing (no file, or one that is no Silero model), ValueError (voice, sample rate).
    """

    def __init__(self, model: str, voice: str = "", rate: float = 1.0, sample_rate: int = 48000) -> None:
        if line := missing(model):
            raise VoiceMissing(line)
        if sample_rate not in RATES:
            raise ValueError(f"Silero's sample rate is 8000, 24000 or 48000 Hz, not {sample_rate}")
        path = find_model(model)
        assert path is not None
        self._model = _load(path)
        known = [str(s) for s in self._model.speakers if s != "random"]
        self.voice = voice or (DEFAULT_VOICE if DEFAULT_VOICE in known else known[0])
        if not NAME.fullmatch(self.voice) or self.voice not in known:
            raise ValueError(f"Silero has no voice {voice!r} in {path.name}: {', '.join(known)}")
        self.name = f"silero {path.stem} {self.voice}"
        self.rate = sample_rate
        self.stress = True
        self.limit = 700  # its models refuse about 1000 characters
        self._speed = _speed(rate)

    def synth(self, text: str) -> NDArray[np.float32]:
        """Mono float32 at `rate` Hz. Raises SpeechFailed."""
        import numpy as np
        import torch

        if self._speed == "medium":
            said = {"text": text}
        else:
            inner = escape(text)
            said = {"ssml_text": f'<speak><prosody rate="{self._speed}">{inner}</prosody></speak>'}
        try:
            with torch.inference_mode():
                x = self._model.apply_tts(
                    **said, speaker=self.voice, sample_rate=self.rate, put_accent=True, put_yo=True
                )
        except Exception as e:
            raise SpeechFailed(f"Silero could not speak «{text[:60]}»: {e}") from e
        return np.asarray(x.detach().cpu().numpy(), np.float32).reshape(-1)


def _speed(rate: float) -> str:
    """Silero knows five speeds only (SSML prosody rate)."""
    for limit, name in ((0.65, "x-slow"), (0.87, "slow"), (1.13, "medium"), (1.45, "fast")):
        if rate < limit:
            return name
    return "x-fast"


def _load(path: Path) -> Any:
    # libgomp spins while it waits and starves its neighbours; read at torch's first import only.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import torch
    from torch.package import PackageImporter

    try:
        model = PackageImporter(str(path)).load_pickle("tts_models", "model")
        model.to(torch.device("cpu"))
    except Exception as e:
        raise VoiceMissing(
            f"{path} is no Silero model ({type(e).__name__}): download {MODEL_URL} again"
        ) from e
    if threading.active_count() == 1 and torch.get_num_threads() > THREADS:
        torch.set_num_threads(THREADS)
    return model
