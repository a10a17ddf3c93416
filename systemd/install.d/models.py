"""Speech models for the installation: `models.py list`, `models.py get FOLDER NAME…`. A download goes on
where it was cut off, and is checked."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "lib"))

from skazano.speech.models import MODELS, DownloadError, download


def main(words: list[str]) -> int:
    if words[0] == "list":
        for model in MODELS.values():
            size = f"{model.size / 1e6:.0f} MB" if model.size else "size unknown"
            print(f"  {model.name:<12} {model.title}, {size}")
        return 0
    folder, names = Path(words[1]), " ".join(words[2:]).split()
    unknown = [name for name in names if name not in MODELS]
    if unknown:
        print(f"no model {', '.join(unknown)}; there are: {', '.join(MODELS)}", file=sys.stderr)
        return 2
    for name in names:
        try:
            print(f"{name}: {download(MODELS[name], folder)}")
        except DownloadError as error:
            print(f"{name}: {error}. Run the same command again: it goes on from here.", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
