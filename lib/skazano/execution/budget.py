"""What each project's tools used today: state/spent/<date>/<slug>.jsonl, one line a run, and the limits.

Only `execute` writes it, one run of a project at a time. A run is counted once, however often its end is
looked at: its line is named by the task and the run's begin.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from skazano import files
from skazano.config import Execute
from skazano.projects import Project
from skazano.spool import Spool
from skazano.task import TaskDir
from skazano.tools.base import Outcome


@dataclass(frozen=True)
class Left:
    """What is left of the day. `over` names the limit that is reached, `most` what it is."""

    over: Literal["runs", "minutes", "cost"] | None = None
    most: str = ""
    cost: float | None = None


def left(spool: Spool, project: Project, wanted: Execute) -> Left:
    """What the project may still use today."""
    spent = today(spool, project.slug)
    runs = wanted.day_runs if project.day_runs is None else project.day_runs
    minutes = wanted.day_minutes if project.day_minutes is None else project.day_minutes
    cost = wanted.day_cost if project.day_cost is None else project.day_cost
    if runs and spent["runs"] >= runs:
        return Left("runs", str(runs))
    if minutes and spent["seconds"] >= minutes * 60:
        return Left("minutes", f"{minutes:g}")
    if cost and spent["cost"] >= cost:
        return Left("cost", f"{cost:g}")
    return Left(cost=cost - spent["cost"] if cost else None)


def today(spool: Spool, slug: str) -> dict[str, float]:
    """runs, seconds and cost (US dollars) of a project on this day."""
    lines = {line.get("run"): line for line in files.read_lines(_file(spool, slug))}
    return {
        "runs": sum(not line.get("part") for line in lines.values()),
        "seconds": sum(float(line.get("seconds") or 0) for line in lines.values()),
        "cost": sum(float(line.get("cost") or 0) for line in lines.values()),
    }


def spend(
    spool: Spool, slug: str, task: TaskDir, exit: Mapping[str, Any], outcome: Outcome, *, part: bool = False
) -> None:
    """Put a run on the day's account, once; a further part of one is none of its own."""
    begun = (task.json("run/started.json") or {}).get("time")
    run = f"{task.id} {begun}"
    path = _file(spool, slug)
    if any(line.get("run") == run for line in files.read_lines(path)):
        return
    path.parent.mkdir(mode=0o775, parents=True, exist_ok=True)
    line = {
        "run": run,
        "seconds": exit.get("seconds"),
        "cost": outcome.cost,
        "tokens": outcome.tokens or None,
        "part": part or None,
    }
    files.append_line(path, {key: value for key, value in line.items() if value is not None})


def _file(spool: Spool, slug: str) -> Any:
    return spool.state / "spent" / date.today().isoformat() / f"{slug}.jsonl"
