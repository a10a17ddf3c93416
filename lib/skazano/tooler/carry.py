"""One run on the tooler's side, from where it stands to its end: as `execute` does with a task.

What comes before and after the tool's run may be repeated; the run itself begins once.
"""

from collections.abc import Callable
from dataclasses import replace

import msgspec

from skazano.execution import interruption, runs, undoing
from skazano.execution import work as tools
from skazano.execution.beginning import begin
from skazano.execution.commits import commit_work
from skazano.stage import Context
from skazano.task import Task
from skazano.tooler.store import Run
from skazano.tooler.wire import STOPPED, Result, Status, Undoes

End = tuple[Status, Result]


def carry_out(run: Run, card: Task, context: Context, begun: Callable[[], None]) -> End:
    """The run's end. Raises Later, Failed, Stopped, BadTask, ConfigError, OSError."""
    if run.wanted.undoes is not None:
        return _undo(run, run.wanted.undoes, card, context, begun)
    task, wanted = run.task, run.wanted
    project = tools.project_of(card, context)
    project = msgspec.structs.replace(
        project, allow=[*project.allow, *wanted.allow], deny=[*project.deny, *wanted.deny]
    )
    job = replace(tools.job_of(task, card, project, context), earlier=wanted.earlier)
    state = interruption.state(task, card)
    if state == "none":
        if task.has("cancel"):
            return "ended", Result(exit=STOPPED)
        limits = [limit for limit in (job.most_cost, wanted.cost) if limit is not None]
        begin(task, card, replace(job, most_cost=min(limits, default=None)), context)
        state = "alive"
    begun()
    exit = None if state == "cut-off" else runs.wait(task, context, lambda minutes: None)
    if exit is None:
        tools.cut_off(task, card, context)
        return "cut-off", Result(session=card.session)
    outcome = tools.conclude(task, card, job, exit, context)
    interruption.wait(task, job, outcome, context)
    if not outcome.unknown_session or interruption.goes_on(task):
        commit_work(task, card, project, context, partial=bool(exit.get("stopped")) or not outcome.ok)
    return "ended", Result(exit=task.json("run/exit.json") or exit, session=card.session)


def _undo(run: Run, undoes: Undoes, card: Task, context: Context, begun: Callable[[], None]) -> End:
    """Git takes the commits back; the same when it is repeated after a crash."""
    begun()
    if run.task.has("cancel"):
        return "ended", Result(exit=STOPPED)
    undoing.take_back(run.task, card, undoes.task, undoes.commits, context)
    return "ended", Result(exit={"code": 0, "signal": None, "seconds": 0.0})
