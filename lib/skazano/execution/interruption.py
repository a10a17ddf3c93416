"""A run whose service was out of reach goes on in the same session when some time has passed.

The run that has ended stays in place meanwhile, so that no other begins on what it left in the tree. Which
one is to be gone on with is in resume.json: `of`, when that began. All of it is one run: its parts share
work.json, end in one commit and one answer, and are one of the day's runs.
"""

from typing import Any

from skazano import acts
from skazano.execution import runs
from skazano.spool import MAX_ATTEMPTS
from skazano.stage import Context, Later
from skazano.task import Task, TaskDir
from skazano.texts import say
from skazano.tools.base import Job, Outcome

PAUSES = (20.0, 60.0, 300.0)  # seconds before each further part; fewer than stage.MAX_ATTEMPTS
USED = ("error", "seconds", "cost", "turns", "tokens", "session")


def wait(task: TaskDir, job: Job, outcome: Outcome, context: Context) -> None:
    """Raises Later if the session is to go on when some time has passed; else the run has ended for good.
    A run on another box is waited for there, in its own time."""
    before = resume(task)
    times = before.get("times", 0)
    over = task.has("cancel") or context.attempt >= MAX_ATTEMPTS or times >= len(PAUSES)
    if outcome.error != "agent-down" or not outcome.session or job.project.box or over:
        return
    # Marked as words that the person did not say. A chat has no session of its own: it is asked once more.
    told = None if job.tool.kind == "chat" else f"<interrupted>{say(job.lang, 'go-on-up')}</interrupted>"
    session = {"session": outcome.session, "prompt": told}
    task.write_json("resume.json", {**session, "of": _begun(task), "times": times + 1})
    raise Later(f"{outcome.error}: {outcome.detail[:300]}", seconds=PAUSES[times])


def state(task: TaskDir, card: Task) -> runs.State:
    """What became of the task's run; "none" if it was one to be gone on with, which is put aside."""
    found = runs.state(task)
    if found == "ended" and due(task) and not task.has("cancel"):
        make_room(task, card)
        return "none"
    return found


def due(task: TaskDir) -> bool:
    """Whether the run in place is the one to be gone on with."""
    return resume(task).get("of") == _begun(task) is not None


def goes_on(task: TaskDir) -> bool:
    """Whether the run in place, or to begin, is a further part."""
    return bool(resume(task).get("of")) and not due(task)


def make_room(task: TaskDir, card: Task) -> None:
    """Put the part that has ended aside; history says what it used."""
    exit = task.json("run/exit.json") or {}
    runs.put_aside(task)
    used = {key: exit[key] for key in USED if key in exit}
    task.history("execute", "interrupted", engine=card.tool, **used)


def same_work(task: TaskDir) -> None:
    """The further part works where the part before it did."""
    if work := task.text(f"earlier/{acts.turn(task)}/run/work.json"):
        (task.path / "run").mkdir(mode=0o775, exist_ok=True)
        task.write("run/work.json", work)


def resume(task: TaskDir) -> dict[str, Any]:
    """resume.json: {session, prompt}, and here {of, times}; {} if there is none."""
    found = task.json("resume.json")
    return found if isinstance(found, dict) else {}


def _begun(task: TaskDir) -> float | None:
    """When the run in place began."""
    return (task.json("run/started.json") or {}).get("time")
