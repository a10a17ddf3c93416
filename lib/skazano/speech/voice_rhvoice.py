"""RHVoice: good Russian voices, 30 to 50 times faster than speech, no torch.

In process through rhvoice-wrapper (GPL-3, a dependency of its own) and Debian's library; without
the wrapper, Debian's program RHVoice-test. Packages, from Debian's non-free component: rhvoice,
rhvoice-russian, librhvoice5. Licences: aleksandr, anna, elena, irina LGPL-2.1+; aleksandr-hq
CC BY-SA 4.0; the others CC BY-NC-ND.
"""

from __future__ import annotations

import ctypes.util
import importlib.util
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skazano.speech.tts import SpeechFailed, VoiceMissing

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from skazano.speech.tts import Engine

LIBRARY = "libRHVoice.so.5"
DATA = Path("/usr/share/RHVoice")
CONFIG = Path("/etc/RHVoice")
PROGRAM = "RHVoice-test"
DEFAULT_VOICE = "anna"
FREE_VOICES = ("anna", "elena", "irina", "aleksandr")
INSTALL = (
    "RHVoice is not installed: enable Debian's non-free component, then "
    "apt-get install rhvoice rhvoice-russian librhvoice5"
)
PROGRAM_RATE = 24000
TIMEOUT_SECONDS = 120
VOICE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]{0,40}")


def missing() -> str:
    """ "" if RHVoice can speak Russian here, else the line that says what to install."""
    if not (DATA / "languages" / "Russian").is_dir() or not voices():
        return INSTALL
    if (_library() and importlib.util.find_spec("rhvoice_wrapper")) or shutil.which(PROGRAM):
        return ""
    return INSTALL


def voices(language: str = "Russian") -> list[str]:
    """Names of the voices of a language on this machine, those with a free licence first.

    language: as RHVoice writes it ("Russian", "English"); "" for all.
    """
    found = []
    for info in sorted(DATA.glob("voices/*/voice.info")):
        fields = info.read_text(encoding="utf-8", errors="replace")
        spoken = re.search(r"^language=(\w+)", fields, re.M)
        if not language or (spoken and spoken[1] == language):
            found.append(info.parent.name)
    return sorted(found, key=lambda name: (name not in FREE_VOICES, name))


def open_rhvoice(voice: str = "", rate: float = 1.0) -> Engine:
    """In process if that works here, else the program. Raises VoiceMissing, ValueError."""
    if line := missing():
        raise VoiceMissing(line)
    here = voices()
    chosen = (voice or (DEFAULT_VOICE if DEFAULT_VOICE in here else here[0])).lower()
    if not VOICE.fullmatch(chosen) or chosen not in voices(""):
        raise ValueError(f"RHVoice has no voice {voice!r} here: {', '.join(here)}")
    if _library() and importlib.util.find_spec("rhvoice_wrapper"):
        try:
            return InProcess(chosen, rate)
        except (OSError, RuntimeError, AttributeError) as e:
            if not shutil.which(PROGRAM):
                raise VoiceMissing(f"RHVoice's library does not load ({e}): {INSTALL}") from e
    return Program(chosen, rate)


def _library() -> str | None:
    """What dlopen takes: the soname of Debian's library, if the loader can find it."""
    return ctypes.util.find_library("RHVoice")


class InProcess:
    """librhvoice5 through rhvoice-wrapper's binding, without its threads: synth() is one call."""

    def __init__(self, voice: str, rate: float) -> None:
        from rhvoice_wrapper import rhvoice_proxy

        self.name = f"rhvoice {voice}"
        self.rate = 24000
        self.stress = False
        self.limit = 3000
        self._heard = bytearray()
        self._engine: Any = rhvoice_proxy.Engine(_library() or LIBRARY)
        self._engine.init(self._play, self._set_rate, data_path=str(DATA), config_path=str(CONFIG))
        self._engine.set_params(voice_profile=voice, relative_rate=rate)

    def _play(self, samples: Any, count: int, _: Any) -> int:
        self._heard += ctypes.string_at(samples, count * 2)
        return 1

    def _set_rate(self, rate: int, _: Any) -> int:
        self.rate = rate
        return 1

    def synth(self, text: str) -> NDArray[np.float32]:
        """Mono float32 at `rate` Hz. Raises SpeechFailed."""
        import numpy as np

        self._heard.clear()
        try:
            self._engine.generate(text)
        except RuntimeError as e:
            raise SpeechFailed(f"RHVoice could not speak «{text[:60]}»: {e}") from e
        if not self._heard:
            raise SpeechFailed(f"RHVoice gave no sound for «{text[:60]}»")
        return np.frombuffer(bytes(self._heard), "<i2").astype(np.float32) / np.float32(32768)


class Program:
    """Debian's RHVoice-test: text on its stdin, the sound in a file. 0.3 s to start, each time."""

    def __init__(self, voice: str, rate: float) -> None:
        self.name = f"rhvoice {voice}"
        self.rate = PROGRAM_RATE
        self.stress = False
        self.limit = 3000
        self._options = ["-p", voice, "-r", str(round(rate * 100)), "-R", str(PROGRAM_RATE)]

    def synth(self, text: str) -> NDArray[np.float32]:
        """Mono float32 at `rate` Hz. Raises SpeechFailed."""
        import numpy as np
        import soundfile

        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
        with tempfile.TemporaryDirectory(prefix="skazano-rhvoice-") as folder:
            wav = Path(folder) / "speech.wav"
            try:
                done = subprocess.run(
                    [PROGRAM, *self._options, "-o", str(wav)],
                    input=text.encode(),
                    check=False,
                    capture_output=True,
                    env=environment,
                    timeout=TIMEOUT_SECONDS,
                )
            except subprocess.TimeoutExpired as e:
                raise SpeechFailed(f"{PROGRAM} took over {TIMEOUT_SECONDS} s") from e
            if done.returncode or not wav.exists():
                detail = done.stderr.decode(errors="replace").strip()[:200]
                raise SpeechFailed(f"{PROGRAM} gave no sound for «{text[:60]}»: {detail}")
            x, self.rate = soundfile.read(wav, dtype="float32", always_2d=False)
            return np.asarray(x, np.float32)
