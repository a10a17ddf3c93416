#!/usr/bin/env python3
"""refine: turns speech into a request.

Takes: request.txt. Adds: refined.txt (what was meant), prompt.md (what the tool is given); title and tool
in task.json. Goes to: execute; a note that lists several requests becomes subtasks, and goes to waiting/.
Delivery: at least once, with the same result.
"""

import _here  # noqa: F401

from skazano import family, ids, stage
from skazano.task import Task, TaskDir
from skazano.texts import say
from skazano.understand.refine import refine_local


def work(task: TaskDir, context: stage.Context) -> str:
    card = task.load()
    project = context.projects().get(card.project or "")
    if project is None:
        raise stage.Failed(say(card.lang, "project-gone", name=card.project), f"no project {card.project!r}")
    words = task.text("request.txt") or task.text("transcript.txt") or ""
    refined = refine_local(words, project.terms)
    if not refined.text:
        task.write("answer.txt", say(card.lang, "only-filler", heard=words[:200]))
        return "reply"
    task.write("refined.txt", refined.text)
    if len(refined.subtasks) > 1 and not ids.parent(task.id):
        card.title = refined.title
        task.save(card)
        context.note(engine="local", subtasks=len(refined.subtasks))
        return family.split(task, card, refined.subtasks, context.spool)
    task.write("prompt.md", _prompt(task, card, refined.text))
    asked_for = refined.tool if refined.tool in project.tools else None
    card.title, card.tool = refined.title, asked_for or card.tool or project.tool
    task.save(card)
    context.note(engine="local", tool=card.tool)
    return "execute"


def _prompt(task: TaskDir, card: Task, text: str) -> str:
    attached = [f"- {task.path / name}" for name in card.attachments]
    return "\n".join([text, *(["", say(card.lang, "attached"), *attached] if attached else [])])


if __name__ == "__main__":
    stage.main(stage.Stage("refine", work))
