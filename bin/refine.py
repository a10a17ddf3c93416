#!/usr/bin/env python3
"""refine: turns speech into a request.

Takes: request.txt. Adds: refined.txt (what was meant), prompt.md (what the tool is given); title and tool
in task.json. Goes to: execute; a note that lists several requests becomes subtasks, and goes to waiting/.
Delivery: at least once; the local engine gives the same result, a model's answer may differ in words.
"""

import _here  # noqa: F401

from skazano import family, ids, stage, thinking
from skazano.projects import Project
from skazano.task import Task, TaskDir
from skazano.texts import say
from skazano.understand.refine import Refined, like_speech, refine_local, sentence, title


def work(task: TaskDir, context: stage.Context) -> str:
    card = task.load()
    project = context.projects().get(card.project or "")
    if project is None:
        raise stage.Failed(say(card.lang, "project-gone", name=card.project), f"no project {card.project!r}")
    words = task.text("request.txt") or task.text("transcript.txt") or ""
    refined = _refined(words, project, context, typed=card.audio is None)
    if not refined.text and card.parent:  # «да» answers what the tool asked
        refined = Refined(sentence(words), title(words))
    if not refined.text:
        task.write("answer.txt", say(card.lang, "only-filler", heard=words[:200]))
        return "reply"
    task.write("refined.txt", refined.text)
    if len(refined.subtasks) > 1 and not ids.parent(task.id):
        card.title = refined.title
        task.save(card)
        context.note(subtasks=len(refined.subtasks))
        return family.split(task, card, refined.subtasks, context.spool)
    task.write("prompt.md", _prompt(task, card, refined.text, context))
    asked_for = refined.tool if refined.tool in project.tools else None
    card.title, card.tool = refined.title, asked_for or card.tool or project.tool
    task.save(card)
    context.note(tool=card.tool)
    return "execute"


def _refined(words: str, project: Project, context: stage.Context, *, typed: bool) -> Refined:
    """By a language model if one is configured and answers rightly, else by the local rules. A model is
    not asked to rewrite what was typed and is not like speech. A subtask has no recording; the rules for
    speech were applied to it with its parent, so it counts as typed."""
    known, models = thinking.terms(context, project), thinking.models(context)
    if models is None or (typed and not like_speech(words)):
        context.note(engine="local")
        return refine_local(words, known, project.tools, typed=typed)
    from skazano.understand.by_model import refine_with_model
    from skazano.understand.terms import correct

    heard, _ = correct(words, known)
    refined, usage = refine_with_model(
        models, heard, known, project.tools, thinking.prompts(context), typed=typed
    )
    thinking.note(context, usage)
    return refined


def _prompt(task: TaskDir, card: Task, text: str, context: stage.Context) -> str:
    """The request, and the files that came with it: a subtask's are those of its parent."""
    parent = ids.parent(task.id)
    bearer = TaskDir(context.spool.dir(parent)) if parent else task
    attached = [f"- {bearer.path / name}" for name in (bearer.load() if parent else card).attachments]
    return "\n".join([text, *(["", say(card.lang, "attached"), *attached] if attached else [])])


if __name__ == "__main__":
    stage.main(stage.Stage("refine", work))
