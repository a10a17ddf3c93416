#!/usr/bin/env python3
"""speak: reads the answer aloud.

Takes: answer.txt. Adds: speech.txt (what is read), answer.oga (OGG/Opus), speech.json (seconds, engine).
Goes to: reply. Delivery: at least once, with the same result. Without a voice, or if it fails, the answer
goes out as text, and history says so.
"""

import _here  # noqa: F401

from skazano import stage
from skazano.log import WARNING, log
from skazano.task import TaskDir


def work(task: TaskDir, context: stage.Context) -> str:
    from skazano.speech import tts
    from skazano.speech.models import models_dir, silero_file
    from skazano.speech.speakable import speakable

    card, wanted = task.load(), context.config.tts
    try:
        voice = context.kept.get("voice")
        if voice is None:
            model = wanted.model or silero_file(models_dir(context.config.asr.models_dir))
            voice = tts.open_voice(wanted.engine, wanted.voice, wanted.rate, model=model)
            context.kept["voice"] = voice
        words = speakable(task.text("answer.txt") or "", card.lang, stress=voice.stress)
        text = tts.capped(words, wanted.max_seconds, wanted.rate)
        task.write("speech.txt", text)
        spoken = voice.say(text, task.path / "answer.oga", context.ping)
    except (tts.VoiceMissing, tts.SpeechFailed, ValueError) as error:
        log(task.id, "not spoken, goes out as text", level=WARNING, error=error)
        context.note(engine="none", reason=str(error))
        return "reply"
    task.write_json("speech.json", {"seconds": round(spoken.seconds, 2), "engine": spoken.engine})
    context.note(engine=spoken.engine, spoken_seconds=round(spoken.seconds, 2))
    return "reply"


if __name__ == "__main__":
    stage.main(stage.Stage("speak", work))
