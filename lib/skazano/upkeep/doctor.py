"""What is wrong on this machine, and the command that mends it."""

from collections.abc import Iterator
from pathlib import Path

from skazano.config import ConfigError, Settings
from skazano.spool import Spool
from skazano.upkeep import doctor_box, doctor_boxes, doctor_net, doctor_stages, doctor_work
from skazano.upkeep.doctor_finding import Finding

__all__ = ["Finding", "examine"]


def examine(settings: Settings, spool: Spool, *, network: bool = True) -> list[Finding]:
    """Everything that can be seen from here; without `network` nobody else is asked."""
    return [
        *doctor_box.machine(),
        *doctor_box.places(),
        *doctor_box.spool_state(settings, spool),
        *_speech(settings),
        *(doctor_net.clock() if network else ()),
        *(doctor_net.telegram(settings) if network else ()),
        *(doctor_net.pages(settings) if network else ()),
        *(doctor_boxes.boxes(settings) if network else ()),
        *doctor_boxes.tooler(settings),
        *doctor_work.models(settings),
        *doctor_work.agents(settings),
        *doctor_work.projects(settings),
        *doctor_stages.examine(settings, spool, _token(settings)),
    ]


def _token(settings: Settings) -> bool:
    try:
        return bool(settings.secret("telegram"))
    except (ConfigError, PermissionError):
        return True


def _speech(settings: Settings) -> Iterator[Finding]:
    from skazano.speech.asr import ModelMissing
    from skazano.speech.asr_choice import choose
    from skazano.speech.tts import available

    asr = settings.config.asr
    folder = Path(asr.models_dir) if asr.models_dir else None
    try:
        choice, why = choose(asr.engine, asr.model, folder, asr.threads or None)
    except (ModelMissing, ValueError) as error:
        yield Finding("wrong", "speech in", str(error), f"edit [asr] in {settings.file}")
    else:
        if choice.model == "demo":
            state = "the embedded demo model: it understands synthetic voices only"
            yield Finding("warning", "speech in", state, "skazano asr-get v3_ctc, then restart transcribe")
        else:
            yield Finding("ok", "speech in", f"{choice.engine} {choice.model}: {why}")
    voices = available(settings.config.tts.model)
    found = [name for name, state in voices.items() if not state]
    if found:
        yield Finding("ok", "speech out", ", ".join(found))
    else:
        state = "no voice: answers go out as text"
        yield Finding("warning", "speech out", state, "apt-get install espeak-ng")
