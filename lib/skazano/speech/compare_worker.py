"""One engine over many recordings, for `compare`: an order as JSON on stdin, JSON lines on stdout."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from skazano.speech.asr import ModelMissing, open_recogniser
from skazano.speech.asr_measure import peak_mb
from skazano.speech.audio import AudioError


def main() -> None:
    """A line {"text", …} or {"error"} for each recording; {"engine": [name, load, peak MB, error]} as soon
    as it is ready, and again, with the memory that it took, after the last recording."""
    order = json.load(sys.stdin)
    started = time.perf_counter()
    directory = Path(order["models_dir"]) if order["models_dir"] else None
    try:
        recogniser = open_recogniser(order["engine"], order["model"], directory, order["threads"])
    except (ModelMissing, ValueError, OSError, ImportError) as exc:
        tell(engine=["", 0.0, 0.0, str(exc)])
        return
    load = time.perf_counter() - started
    name = f"{recogniser.name} {recogniser.model}"
    tell(engine=[name, load, peak_mb()])
    for path in order["audio"]:
        try:
            heard = recogniser.transcribe(path)
        except (AudioError, OSError) as exc:
            tell(error=str(exc))
        else:
            tell(text=heard.text, audio_seconds=heard.audio_seconds, seconds=heard.seconds)
    tell(engine=[name, load, peak_mb()])


def tell(**fields: Any) -> None:
    """One line, at once: the other side keeps it even if this process dies over the next recording."""
    print(json.dumps(fields, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
