"""Make PyPI's gigaam 0.1.0 run on a current CPU-only torch, with one copy of the weights.

gigaam pins torch ≤ 2.5.1 and torchaudio, whose wheels need CUDA libraries that are not there. Of
torchaudio it uses one class, MelSpectrogram; a stand-in with the same state-dict keys and the same
numbers (largest difference in log-mel against torchaudio 2.11: 0.0) takes its place.
"""

from __future__ import annotations

import contextlib
import importlib.machinery
import math
import os
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from skazano.speech.asr_words import BrokenModel


def prepare(threads: int | None = None) -> None:
    """Import torch and gigaam so that they work together. Idempotent.

    threads: of torch in this process; None leaves torch's choice. libgomp's threads spin while
    they wait, which beside one busy neighbour on two cores makes a 15 s chunk take 8.8 s instead
    of 1.9 s; the policy is read once, when torch is first imported.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import torch

    if threads:
        torch.set_num_threads(threads)
    _stand_in_for_torchaudio()
    # Not inside load_model: encoder.py keeps the ImportError of flash_attn, whose traceback would
    # hold load_model's frame, and with it a second copy of the checkpoint, for ever.
    import gigaam.encoder  # noqa: F401


def load_model(name: str, root: Path, encoder_type: str = "float32") -> Any:
    """gigaam.load_model for the file that lies in `root`, for the CPU; its encoder in `encoder_type`.

    No random weights are made first, float32 ones are mapped from the file instead of read, and there is
    never a second copy: 0.06 s instead of 4.8 s for 221 M parameters in float32.
    Raises FileNotFoundError (gigaam itself would start a download that can leave half a file),
    BrokenModel.
    """
    path = root / f"{name}.ckpt"
    if not path.is_file():
        raise FileNotFoundError(path)
    known = known_models()
    if name not in known:
        have = ", ".join(known)
        raise BrokenModel(f"the installed gigaam cannot run {name} (it knows {have}): use the onnx engine")
    import gigaam
    import torch

    if hasattr(gigaam, "_MODEL_HASHES"):
        # The unreleased gigaam reads the whole file for an MD5; a download here was checked already.
        gigaam._MODEL_HASHES[name] = gigaam.hash_path(str(path))
    try:
        with _frugal():
            model = gigaam.load_model(
                name, fp16_encoder=False, use_flash=False, device="cpu", download_root=str(root)
            )
    except (RuntimeError, KeyError, AttributeError, EOFError, OSError, _unpickling_error()) as exc:
        damaged = f"{path} is damaged or no GigaAM model: delete it and fetch it again ({exc})"
        raise BrokenModel(damaged) from exc
    model.encoder.to(getattr(torch, encoder_type))
    model.preprocessor.float()
    model.head.float()
    return model.eval()


def known_models() -> tuple[str, ...]:
    """Names that the installed gigaam can build, without its short aliases."""
    prepare()
    import gigaam

    names = getattr(gigaam, "_MODEL_HASHES", None) or gigaam._MODEL_NAMES
    return tuple(n for n in names if n[0] == "v" and n.endswith(("ctc", "rnnt")))


def _unpickling_error() -> type[Exception]:
    import pickle

    return pickle.UnpicklingError


@contextlib.contextmanager
def _frugal() -> Iterator[None]:
    """Within it torch reads checkpoints by mmap and safely, and layers take weights over as they are."""
    import torch
    from gigaam.model import GigaAM

    layers: list[Any] = [torch.nn.Linear, torch.nn.Conv1d, torch.nn.Conv2d, torch.nn.Embedding]
    initialisers = [layer.reset_parameters for layer in layers]
    load, load_state = torch.load, GigaAM.load_state_dict

    def mapped(file: Any, **_: Any) -> Any:
        with torch.serialization.safe_globals(_checkpoint_types()):
            found = load(file, map_location="cpu", weights_only=True, mmap=True)
            if all(w.dtype == torch.float32 for w in found["state_dict"].values() if w.is_floating_point()):
                return found
            # Half precision has to be widened: read, so that each weight's bytes can go when it is.
            del found
            return load(file, map_location="cpu", weights_only=True)

    def assigned(self: Any, state: Any, **_: Any) -> Any:
        result = load_state(self, state, strict=False, assign=True)
        # Nothing was initialised, so a weight that the file lacks would be whatever lay in memory.
        lacking = set(result.missing_keys) & {n for n, _ in self.named_parameters()}
        if lacking:
            raise BrokenModel(f"the checkpoint lacks {len(lacking)} weights, {min(lacking)} among them")
        return result

    try:
        for layer in layers:
            layer.reset_parameters = lambda self: None
        torch.load, GigaAM.load_state_dict = mapped, assigned
        yield
    finally:
        torch.load, GigaAM.load_state_dict = load, load_state
        for layer, initialise in zip(layers, initialisers, strict=True):
            layer.reset_parameters = initialise


def _checkpoint_types() -> list[Any]:
    """What a GigaAM checkpoint pickles beside tensors: its omegaconf configuration."""
    import collections
    import typing

    import omegaconf
    from omegaconf.base import ContainerMetadata, Metadata
    from omegaconf.nodes import AnyNode

    plain = [dict, list, int, float, bool, str, collections.defaultdict, collections.OrderedDict]
    nodes = [omegaconf.DictConfig, omegaconf.ListConfig, ContainerMetadata, Metadata, AnyNode]
    return [*plain, *nodes, typing.Any]


def _stand_in_for_torchaudio() -> None:
    """Put a module with MelSpectrogram at torchaudio's name, unless the real one can be imported."""
    if "torchaudio" in sys.modules:
        return
    try:
        import torchaudio  # noqa: F401
    except (ImportError, OSError):
        for name in [n for n in sys.modules if n.split(".")[0] == "torchaudio"]:
            del sys.modules[name]
    else:
        return
    package, transforms = types.ModuleType("torchaudio"), types.ModuleType("torchaudio.transforms")
    package.__spec__ = importlib.machinery.ModuleSpec("torchaudio", None, is_package=True)
    package.__path__ = []
    transforms.__spec__ = importlib.machinery.ModuleSpec("torchaudio.transforms", None)
    transforms.__dict__["MelSpectrogram"] = _mel_spectrogram()
    package.__dict__["transforms"] = transforms
    package.__dict__["__version__"] = "0+stand-in"
    sys.modules["torchaudio"], sys.modules["torchaudio.transforms"] = package, transforms


def _mel_spectrogram() -> Any:
    import torch

    class MelSpectrogram(torch.nn.Module):
        """(batch, samples) → power mel spectrogram (batch, n_mels, frames): HTK scale, no norm,
        periodic Hann window, reflect padding if `center`, as torchaudio.transforms has it."""

        def __init__(
            self,
            sample_rate: int = 16000,
            n_fft: int = 400,
            win_length: int | None = None,
            hop_length: int | None = None,
            n_mels: int = 128,
            center: bool = True,
            **_: Any,
        ) -> None:
            super().__init__()
            self.n_fft, self.center = n_fft, center
            self.win_length = win_length or n_fft
            self.hop_length = hop_length or self.win_length // 2
            self.spectrogram, self.mel_scale = torch.nn.Module(), torch.nn.Module()
            self.spectrogram.register_buffer("window", torch.hann_window(self.win_length))
            self.mel_scale.register_buffer("fb", _mel_filters(sample_rate, n_fft, n_mels))

        def forward(self, x: Any) -> Any:
            window = self.spectrogram.window
            spectrum = torch.stft(
                x,
                self.n_fft,
                self.hop_length,
                self.win_length,
                window=window,
                center=self.center,
                pad_mode="reflect",
                return_complex=True,
            )
            power = spectrum.abs().pow(2.0)
            return torch.matmul(power.transpose(-1, -2), self.mel_scale.fb).transpose(-1, -2)

    return MelSpectrogram


def _mel_filters(sample_rate: int, n_fft: int, n_mels: int) -> Any:
    """Triangular filters, shape (n_fft / 2 + 1, n_mels); mel = 2595 log10(1 + f / 700) (HTK)."""
    import torch

    top = sample_rate // 2
    bins = torch.linspace(0, top, n_fft // 2 + 1)
    mels = torch.linspace(0.0, 2595.0 * math.log10(1.0 + top / 700.0), n_mels + 2)
    centres = 700.0 * (10.0 ** (mels / 2595.0) - 1.0)
    widths = centres[1:] - centres[:-1]
    slopes = centres.unsqueeze(0) - bins.unsqueeze(1)
    falling = (-1.0 * slopes[:, :-2]) / widths[:-1]
    rising = slopes[:, 2:] / widths[1:]
    return torch.clamp(torch.min(falling, rising), min=0.0)
