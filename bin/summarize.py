#!/usr/bin/env python3
"""summarize: the short answer out of what the tool said.

Takes: result.md, commit.json, and error.txt if the run failed. Adds: answer.txt. Goes to: speak if the
chat wants to be answered by voice, else reply. Delivery: at least once, with the same result.
"""

import _here  # noqa: F401

from typing import Any

from skazano import acts, ids, stage, thinking
from skazano.conversation.remarks import remarks
from skazano.task import Task, TaskDir
from skazano.texts import say
from skazano.understand.summarize import commit_line, summarize_local


def work(task: TaskDir, context: stage.Context) -> str:
    card, error = task.load(), task.text("error.txt")
    commit = task.json("commit.json")
    if task.has("cancel"):
        done = commit_line(commit, card.lang, card.mode == "audio")
        told = acts.say_cancelled(task, card.lang)
        task.write("answer.txt", "\n".join(part for part in (told, done) if part))
        return "reply"
    answer = _answer(task, card, commit, error.splitlines()[0] if error else None, context)
    if commit:
        answer = "\n".join([answer, *remarks(commit, card.lang, spoken=card.mode == "audio")])
    if (task.json("transcript.json") or {}).get("truncated"):
        answer = f"{say(card.lang, 'truncated')}\n{answer}"
    task.write("answer.txt", answer)
    context.note(characters=len(answer))
    return "speak" if card.mode == "audio" and not ids.parent(card.id) else "reply"


def _answer(
    task: TaskDir, card: Task, commit: dict[str, Any] | None, error: str | None, context: stage.Context
) -> str:
    """By a language model if one is configured and its answer can be trusted, else by extraction."""
    result, failed, models = task.text("result.md") or "", error is not None, thinking.models(context)
    if models is None:
        context.note(engine="local")
        return summarize_local(result, card.mode, card.lang, commit=commit, failed=failed, error=error)
    from skazano.understand.by_model import summarize_with_model

    answer, usage = summarize_with_model(
        models,
        result,
        card.mode,
        card.lang,
        request=task.text("refined.txt") or "",
        commit=commit,
        failed=failed,
        error=error,
        prompts=thinking.prompts(context),
    )
    thinking.note(context, usage)
    return answer


if __name__ == "__main__":
    stage.main(stage.Stage("summarize", work))
