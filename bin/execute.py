#!/usr/bin/env python3
"""execute: lets the project's tool do the work, and commits it.

Takes: prompt.md, and the project and tool in task.json. Adds: run/, result.md, commit.json, changes.patch;
error.txt if the tool failed. Goes to: summarize. Works on several tasks at once, in different projects.
Delivery: at most once: a run is found again by the task's name after this process died; one that was cut
off goes to hold/ and the person is asked.
"""

import _here  # noqa: F401

from typing import Any

from skazano import stage
from skazano.conversation import notices
from skazano.execution import interruption, isolation, order, order_marks, runs, undoing
from skazano.execution import work as tools
from skazano.execution.abreast import Abreast
from skazano.execution.beginning import begin
from skazano.execution.commits import commit
from skazano.log import WARNING, log
from skazano.task import BadTask, Task, TaskDir
from skazano.texts import say
from skazano.tooler import elsewhere
from skazano.tooler.remote import known
from skazano.tools.base import Job, Outcome


def work(task: TaskDir, context: stage.Context) -> str:
    card = task.load()
    if card.tool == undoing.TOOL:
        return undoing.work(task, card, context)
    project = tools.project_of(card, context)
    job = tools.job_of(task, card, project, context)
    found = interruption.state(task, card)
    if found == "none":
        if task.has("cancel"):
            return stage.cancelled(task)
        if project.box is None:
            begin(task, card, job, context)
    exit = None if found == "cut-off" else wait(task, card, job, context)
    if exit is None and runs.state(task) == "none":
        raise stage.Later("the runner ended before it began")
    if exit is None:
        tools.cut_off(task, card, context)
        return "hold"
    outcome = tools.conclude(task, card, job, exit, context)
    if outcome.unknown_session and job.session and not interruption.goes_on(task):
        return once_more(task, context)
    interruption.wait(task, job, outcome, context)
    task.write("result.md", tools.result(outcome, exit, card.lang))
    commit(task, card, project, context, partial=bool(exit.get("stopped")) or not outcome.ok)
    tell_trouble(task, card, exit, outcome)
    context.note(
        engine=card.tool, seconds=exit.get("seconds"), cost=outcome.cost, turns=outcome.turns,
        tokens=outcome.tokens or None, session=outcome.session, error=outcome.error,
    )  # fmt: skip
    notices.withdraw(context.spool, task.id)
    order_marks.jump_file(context.spool, task.id).unlink(missing_ok=True)
    return "summarize"


def wait(task: TaskDir, card: Task, job: Job, context: stage.Context) -> dict[str, Any] | None:
    """The end of the run, where it is, whatever the project's file says by now; one that is not begun begins
    on the box where the project lives. Raises Later, Failed, Stopped."""

    def quiet(minutes: float) -> None:
        log(task.id, "quiet run", level=WARNING, minutes=round(minutes))
        notices.tell(context.spool, task.id, "quiet", minutes=f"{minutes:g}", tool=card.tool)

    out = known(task)
    name = out.box if out else None if runs.state(task) == "alive" else job.project.box
    if name is None:
        return runs.wait(task, context, quiet)
    box = elsewhere.box_of(name, card, context)
    return elsewhere.run(task, card, lambda: tools.afford(job, context), box, context, quiet)


def once_more(task: TaskDir, context: stage.Context) -> str:
    """The session that was to go on is not there any more, and nothing was done: begin a fresh one."""
    log(task.id, "session unknown, beginning a fresh one", level=WARNING)
    task.history("execute", "session unknown")
    runs.put_aside(task)
    task.write_json("resume.json", {"session": None})
    return work(task, context)


def tell_trouble(task: TaskDir, card: Task, exit: dict[str, Any], outcome: Outcome) -> None:
    """error.txt, if the tool failed and nobody stopped it."""
    if outcome.error is None or exit.get("stopped") or task.has("cancel"):
        return
    told = say(card.lang, outcome.error, **{"tool": card.tool, "why": "", **outcome.values})
    stage.write_error(task, "execute", told, outcome.detail)


def recover(task: TaskDir, context: stage.Context) -> str | None:
    """A run that was cut off is never repeated by itself; any other is found again by `work`. Before one
    begins only the preparation of a project on this box can have killed us, not waiting for another."""
    found = runs.state(task)
    if found != "cut-off":
        return "unspent" if found != "none" or order.elsewhere(task, context) else None
    try:
        tools.cut_off(task, task.load(), context)
    except BadTask as error:
        log(task.id, "no session kept", level=WARNING, why=error)
    return "hold"


def warm(context: stage.Context) -> None:
    """Find out, once, whether tools can be kept apart from the rest of the box."""
    notices.forget(context.spool)
    context.kept["namespace"] = context.config.execute.isolation == "auto" and isolation.allowed()
    if not context.kept["namespace"]:
        log("-", "tools share our PID namespace and can read what this user can", level=WARNING)


if __name__ == "__main__":
    stage.main(
        Abreast("execute", work, order.Order(), warm=warm, recover=recover, also_watch=(order_marks.FOLDER,))
    )
