"""Speech models for the installation: `models.py list`, `models.py get FOLDER NAME…`. A download goes on
where it was cut off, and is checked."""

import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "lib"))

from skazano.speech.models import MODELS, DownloadError, Model, RemoteFile, download
from skazano.speech.voice_silero import LICENCE, MODEL_URL


@dataclass(frozen=True)
class Voice(Model):
    """A file in a folder of its own."""

    def path(self, root: Path) -> Path:
        return root / self.name / self.files[0].name


SILERO = Voice("silero", "Silero voices", "gigaam", (RemoteFile(MODEL_URL.rsplit("/", 1)[-1], MODEL_URL),))
KNOWN = {**MODELS, SILERO.name: SILERO}


def main(words: list[str]) -> int:
    if words[0] == "list":
        for model in KNOWN.values():
            size = f"{model.size / 1e6:.0f} MB" if model.size else "size unknown"
            print(f"  {model.name:<12} {model.title}, {size}")
        print(f"  {LICENCE}")
        return 0
    folder, names = Path(words[1]), " ".join(words[2:]).split()
    unknown = [name for name in names if name not in KNOWN]
    if unknown:
        print(f"no model {', '.join(unknown)}; there are: {', '.join(KNOWN)}", file=sys.stderr)
        return 2
    for name in names:
        try:
            print(f"{name}: {download(KNOWN[name], folder)}")
        except DownloadError as error:
            print(f"{name}: {error}. Run the same command again: it goes on from here.", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
