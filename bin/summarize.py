#!/usr/bin/env python3
"""summarize: the short answer out of what the tool said.

Takes: result.md, commit.json, and error.txt if the run failed. Adds: answer.txt. Goes to: speak if the
chat wants to be answered by voice, else reply. Delivery: at least once, with the same result.
"""

import _here  # noqa: F401

from skazano import ids, stage
from skazano.remarks import remarks
from skazano.task import TaskDir
from skazano.texts import say
from skazano.understand.summarize import commit_line, summarize_local


def work(task: TaskDir, context: stage.Context) -> str:
    card, error = task.load(), task.text("error.txt")
    commit = task.json("commit.json")
    if task.has("cancel"):
        done = commit_line(commit, card.lang, card.mode == "audio")
        task.write("answer.txt", " ".join(part for part in (say(card.lang, "cancelled"), done) if part))
        return "reply"
    answer = summarize_local(
        task.text("result.md") or "",
        card.mode,
        card.lang,
        commit=commit,
        failed=error is not None,
        error=error.splitlines()[0] if error else None,
    )
    if commit:
        answer = "\n".join([answer, *remarks(commit, card.lang, spoken=card.mode == "audio")])
    if (task.json("transcript.json") or {}).get("truncated"):
        answer = f"{say(card.lang, 'truncated')}\n{answer}"
    task.write("answer.txt", answer)
    context.note(engine="local", characters=len(answer))
    return "speak" if card.mode == "audio" and not ids.parent(card.id) else "reply"


if __name__ == "__main__":
    stage.main(stage.Stage("summarize", work))
