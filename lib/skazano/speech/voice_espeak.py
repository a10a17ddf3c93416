"""espeak-ng, Debian's program: robotic, tiny, speaks everywhere. Text goes to its stdin."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

from skazano.speech.tts import SpeechFailed, VoiceMissing

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PROGRAM = "espeak-ng"
INSTALL = "espeak-ng is not installed: apt-get install espeak-ng"
WORDS_A_MINUTE = 165  # at rate 1.0; its own default of 175 is hasty in Russian
TIMEOUT_SECONDS = 60
VOICE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]{0,40}")


def missing() -> str:
    """ "" if the program is here, else the line that says what to install."""
    return "" if shutil.which(PROGRAM) else INSTALL


class Espeak:
    """voice: "ru" (default), "ru+f2" … (`espeak-ng --voices`). Raises VoiceMissing, ValueError."""

    def __init__(self, voice: str = "", rate: float = 1.0) -> None:
        if line := missing():
            raise VoiceMissing(line)
        self.voice = voice or "ru"
        self.speed = max(80, min(450, round(WORDS_A_MINUTE * rate)))
        self.name = f"espeak-ng {self.voice}"
        self.rate = 22050
        self.stress = False
        self.limit = 2000
        if not VOICE.fullmatch(self.voice) or not self._run("а"):
            raise ValueError(f"espeak-ng has no voice {self.voice!r}: see espeak-ng --voices")

    def synth(self, text: str) -> NDArray[np.float32]:
        """Mono float32 at `rate` Hz. Raises SpeechFailed."""
        import numpy as np

        wav = self._run(text)
        at = wav.find(b"data")
        if wav[:4] != b"RIFF" or at < 0:
            raise SpeechFailed(f"espeak-ng gave no sound for «{text[:60]}»")
        self.rate = int.from_bytes(wav[24:28], "little")
        raw = wav[at + 8 :]
        return np.frombuffer(raw[: len(raw) & ~1], "<i2").astype(np.float32) / np.float32(32768)

    def _run(self, text: str) -> bytes:
        """A WAV of 16-bit mono samples (its header cannot know the length); empty on failure."""
        command = [
            PROGRAM,
            "-v",
            self.voice,
            "-s",
            str(self.speed),
            "-b",
            "1",
            "--stdin",
            "--stdout",
        ]
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
        try:
            done = subprocess.run(
                command,
                input=text.encode(),
                capture_output=True,
                check=False,
                env=environment,
                timeout=TIMEOUT_SECONDS,
            )
        except subprocess.TimeoutExpired as e:
            raise SpeechFailed(f"espeak-ng took over {TIMEOUT_SECONDS} s for one piece") from e
        return done.stdout if done.returncode == 0 else b""
