#!/usr/bin/env python3
"""transcribe: writes down what was said, on the CPU.

Takes: the audio. Adds: transcript.txt (the words), transcript.json (segments, times, confidence, engine).
Goes to: route; to reply with a polite answer if nobody speaks in it. Delivery: at least once, with the
same result. The model is loaded before READY and kept. Audio is never deleted, whatever happens.
"""

import _here  # noqa: F401

from pathlib import Path

from skazano import stage
from skazano.config import ConfigError
from skazano.task import TaskDir
from skazano.texts import say


def warm(context: stage.Context) -> None:
    from skazano.speech.asr import ModelMissing, open_recogniser

    asr = context.config.asr
    try:
        context.kept["recogniser"] = open_recogniser(
            asr.engine, asr.model, Path(asr.models_dir) if asr.models_dir else None, asr.threads or None
        )
    except (ModelMissing, ValueError) as error:
        raise ConfigError(f"[asr] in {context.settings.file}: {error}") from error


def work(task: TaskDir, context: stage.Context) -> str:
    from skazano.speech.audio import AudioError

    card = task.load()
    if card.audio is None or not task.has(card.audio):
        raise stage.Failed(say(card.lang, "no-audio"), f"{card.audio} is not in the task's directory")
    try:
        heard = context.kept["recogniser"].transcribe(task.path / card.audio, context.ping, card.seconds)
    except AudioError as error:
        raise stage.Failed(say(card.lang, f"audio-{error.kind}"), str(error), again=False) from error
    caption = task.text("transcript.txt") if task.json("transcript.json") is None else None
    task.write("transcript.json", heard.to_json())
    task.write("transcript.txt", "\n".join(part for part in (heard.text, caption) if part))
    context.note(
        engine=heard.engine,
        model=heard.model,
        audio_seconds=round(heard.audio_seconds, 2),
        truncated=heard.truncated or None,
    )
    if not heard.text and not caption:
        task.write("answer.txt", say(card.lang, "nothing-heard"))
        return "reply"
    return "route"


if __name__ == "__main__":
    stage.main(stage.Stage("transcribe", work, warm=warm))
