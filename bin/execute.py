#!/usr/bin/env python3
"""execute: lets the project's tool do the work, and commits it.

Takes: prompt.md, and the project and tool in task.json. Adds: run/, result.md, commit.json, changes.patch;
error.txt if the tool failed. Goes to: summarize. Delivery: at most once: a run is found again by the
task's name after this process died; one that was cut off goes to hold/ and the person is asked.
"""

import _here  # noqa: F401

from pathlib import Path
from typing import Any

from skazano import runs, stage
from skazano.commits import commit_work, prepare_work
from skazano.projects import Project
from skazano.task import Task, TaskDir
from skazano.texts import say


def work(task: TaskDir, context: stage.Context) -> str:
    card = task.load()
    project = _project(card, context)
    tool = context.config.tools[card.tool or project.tool]
    found = runs.state(task)
    if found == "cut-off":
        return "hold"
    if found == "none":
        if task.has("cancel"):
            return stage.cancelled(task)
        prepare_work(task, card, project, context)
        runs.begin(task, card, project, tool, context)
    outcome = runs.wait(task, context)
    if outcome.get("why") == "cut off":
        return "hold"
    task.write("result.md", runs.output(task))
    commit_work(task, card, project, context)
    told = _trouble(task, card, outcome, context)
    if told:
        stage.write_error(task, "execute", told, _stderr(task))
    context.note(engine=card.tool, code=outcome.get("code"), seconds=outcome.get("seconds"))
    return "summarize"


def recover(task: TaskDir, context: stage.Context) -> str | None:
    """A run that was cut off is never repeated by itself; any other is found again by `work`."""
    return "hold" if runs.state(task) == "cut-off" else None


def _project(card: Task, context: stage.Context) -> Project:
    project = context.projects().get(card.project or "")
    if project is None:
        raise stage.Failed(say(card.lang, "project-gone", name=card.project), f"no project {card.project!r}")
    if not Path(project.path).is_dir():
        raise stage.Failed(say(card.lang, "no-folder", title=project.title, path=project.path))
    name = card.tool or project.tool
    if name not in project.tools or name not in context.config.tools:
        raise stage.Failed(say(card.lang, "no-tool", name=name, known=", ".join(project.tools)))
    return project


def _trouble(task: TaskDir, card: Task, outcome: dict[str, Any], context: stage.Context) -> str | None:
    """What went wrong, in a sentence for the person; None if nothing did."""
    lang, tool = card.lang, card.tool
    if outcome.get("stopped") or task.has("cancel"):
        return None
    if why := outcome.get("why"):
        return say(lang, "no-program", tool=tool, why=why)
    if outcome.get("timeout"):
        minutes = context.config.tools[tool or ""].minutes or context.config.execute.minutes
        return say(lang, "tool-timeout", tool=tool, minutes=f"{minutes:g}")
    if outcome.get("signal"):
        return say(lang, "tool-killed", tool=tool, code=outcome["signal"])
    return say(lang, "tool-failed", tool=tool, code=outcome["code"]) if outcome.get("code") else None


def _stderr(task: TaskDir) -> str:
    return (task.text("run/stderr.log") or "")[-2000:].strip()


if __name__ == "__main__":
    stage.main(stage.Stage("execute", work, recover=recover))
