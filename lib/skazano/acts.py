"""What people do to tasks: file, retry, hold, cancel. The command, the buttons and the pages all come here.

Each act takes the ticket first, so it never meets a stage at work, and doing it twice changes nothing.
"""

import time
from collections.abc import Mapping
from pathlib import Path

from skazano import files
from skazano.spool import STAGES, Busy, Held, NoTask, Spool, SpoolError
from skazano.task import TaskDir
from skazano.texts import say

# What each stage adds; a retry from a stage puts this and all that follows aside.
OUTPUTS: Mapping[str, tuple[str, ...]] = {
    "download": (),  # what was said is never put aside
    "transcribe": ("transcript.txt", "transcript.json"),
    "route": ("request.txt",),
    "refine": ("refined.txt", "prompt.md"),
    "execute": ("run", "result.md", "commit.json", "changes.patch"),
    "summarize": ("answer.txt",),
    "speak": ("speech.txt", "answer.oga", "speech.json"),
    "reply": ("reply.json",),
}


MOMENT = 0.02  # seconds
PATIENCE = 25  # moments


class NotPossible(SpoolError):
    """The act does not fit where the task stands; the text says so."""


def file_under(spool: Spool, id: str, project: str, *, by: str) -> None:
    """Put the task under a project and let it go on from `refine`. Raises NoTask, Busy, NotPossible."""
    with _take(spool, id) as held:
        task = TaskDir(held.dir)
        card = task.load()
        if held.found.box not in ("unsorted", "hold", "failed") and card.project == project:
            raise NotPossible(f"{id} is under {project} already")
        if held.ticket.box == "waiting":
            raise NotPossible(f"{id} waits for its subtasks: move those")
        if not task.has("request.txt") and not (task.text("transcript.txt") or "").strip():
            raise NotPossible(f"{id} has no words yet: it can be filed after transcribe")
        if _running(task, held):
            raise NotPossible(f"{id} is at work: cancel it first")
        card.project = project
        card.tool = None
        _put_aside(task, "refine")
        task.save(card)
        task.history("skazano", "filed", project=project, by=by)
        held.hand_on("refine" if task.has("request.txt") else "route")


def retry(
    spool: Spool, id: str, *, by: str, stage: str | None = None, resume: Mapping[str, object] | None = None
) -> str:
    """Let a failed, held or finished task go again from `stage` (default: where it failed or was held;
    a finished one from execute). What it had made from there on is kept in earlier/<n>/. `resume`, if given,
    is what `execute` then finds in resume.json: the session to go on with, and what to tell it. The stage."""
    with _take(spool, id) as held:
        task = TaskDir(held.dir)
        if held.found.box in ("waiting", "unsorted") and stage is None:
            raise NotPossible(f"{id} lies in {held.found.box}/: file it under a project, or name a stage")
        if held.found.box == "new" and stage is None:
            raise NotPossible(f"{id} waits in {held.found.place} already")
        stage = stage or _stage_of(held, task)
        if stage not in STAGES:
            raise NotPossible(f"no stage {stage!r}; there are: {', '.join(STAGES)}")
        if _running(task, held):
            raise NotPossible(f"{id} is at work: cancel it first")
        _put_aside(task, stage)
        if resume is not None:
            task.write_json("resume.json", resume)
        task.history("skazano", "retried", stage_again=stage, by=by)
        held.hand_on(stage)
        return stage


def hold(spool: Spool, id: str, *, by: str) -> str:
    """Stop a waiting task until a person decides; the stage before which it stands."""
    with _take(spool, id) as held:
        ticket, task = held.ticket, TaskDir(held.dir)
        if ticket.box != "hold" or ticket.stage is None:
            raise NotPossible(f"{id} lies in {ticket.place}: only what waits in a queue can be held")
        task.history("skazano", "held", by=by)
        # Whoever held it knows: no question is asked about it.
        task.write_json("ask.json", {"asked": "no", "by": by})
        return ticket.stage


def conclude(spool: Spool, id: str, answer: str) -> None:
    """Answer a parked task; nothing more is to be done. Raises NoTask, Busy, NotPossible."""
    with _take(spool, id) as held:
        if held.found.box not in ("unsorted", "hold"):
            raise NotPossible(f"{id} is not parked")
        TaskDir(held.dir).write("answer.txt", answer)
        held.hand_on("reply")


def join(spool: Spool, id: str, words: str, *, by: str) -> bool:
    """Add words to a request that waits; False if it does not. Raises NoTask, Busy if it just began."""
    ticket = spool.find(id)
    if ticket is None or ticket.box != "new" or ticket.stage not in ("refine", "execute"):
        return False
    with _take(spool, id) as held:
        task = TaskDir(held.dir)
        if held.found.box != "new" or held.found.stage not in ("refine", "execute") or task.has("run"):
            raise Busy(f"{id} has begun")  # an act that raises leaves the ticket where it was
        said = task.text("request.txt") or ""
        if not said.endswith(words):  # a repeat adds nothing
            task.write("request.txt", f"{said}\n{words}")
        _put_aside(task, "refine")
        task.history("skazano", "joined", by=by)
        held.hand_on("refine")
    return True


def confirm(spool: Spool, id: str, text: str, *, by: str) -> None:
    """Keep what was really said: confirmed.txt, beside the transcript, which stays as it was heard.

    Where the task stands does not matter: no stage reads or writes this file. Raises NoTask.
    """
    task = TaskDir(spool.dir(id))
    if not task.path.is_dir():
        raise NoTask(f"no task {id}")
    task.write("confirmed.txt", text)
    task.history("skazano", "confirmed", by=by)


def cancel(spool: Spool, id: str, *, by: str, told: bool = False) -> str:
    """Cancel a task: "cancelled", or "stopping" if a stage works on it and will see the mark. One that has
    not begun answers that it was cancelled, unless the person was `told`."""
    ticket = spool.find(id)
    if ticket is not None and ticket.stage == "reply" and ticket.box != "hold":
        if (spool.dir(id) / "cancel").exists():
            return "cancelled"
        raise NotPossible(f"{id} is done, its answer is on the way: undo it instead")
    try:
        held = _take(spool, id)
    except Busy:
        files.write_file(spool.dir(id) / "cancel", by + "\n")
        return "stopping"
    with held:
        task = TaskDir(held.dir)
        if held.ticket.box in ("done", "failed"):
            raise NotPossible(f"{id} is finished: there is nothing to cancel")
        if held.ticket.box == "waiting":
            return _cancel_children(spool, task, by)
        task.write("cancel", by)
        if task.has("result.md"):  # what was done is done: it is told as it is
            held.hand_on("summarize")
            return "cancelled"
        if _begun(task):  # `execute` finds the mark, stops the run if it lives, and keeps what it did
            held.hand_on("execute")
            return "stopping"
        if not told:
            task.write("answer.txt", say_cancelled(task, task.load().lang))
        task.history("skazano", "cancelled", by=by)
        held.hand_on("reply")
    return "cancelled"


def say_cancelled(task: TaskDir, lang: str) -> str:
    """The sentence that tells that this task was cancelled."""
    title = task.title()
    return say(lang, "cancelled-one", title=title) if title else say(lang, "cancelled")


def _take(spool: Spool, id: str) -> Held:
    """As Spool.take, but with patience: whoever has just brought the ticket where it lies lets go of it in
    milliseconds. It is not waited for by its lock, which may be a stage's that has claimed it meanwhile."""
    for _ in range(PATIENCE):
        try:
            return spool.take(id)
        except Busy:
            ticket = spool.find(id)
            if ticket is None or ticket.box == "run":
                raise
            time.sleep(MOMENT)
    return spool.take(id)


def _cancel_children(spool: Spool, parent: TaskDir, by: str) -> str:
    """Cancel the subtasks that are not finished; the parent is answered as ever, when all have ended."""
    outcomes = []
    for one in parent.json("subtasks.json") or []:
        try:
            outcomes.append(cancel(spool, one["id"], by=by))
        except NotPossible:
            continue
    return "stopping" if "stopping" in outcomes else "cancelled"


def _stage_of(held: Held, task: TaskDir) -> str:
    if held.ticket.stage:
        return held.ticket.stage
    if held.ticket.box == "failed":
        for event in reversed(task.events()):
            if event.get("event") == "failed" and event.get("stage") in STAGES:
                return str(event["stage"])
    return "execute" if task.has("prompt.md") else "route"


def _running(task: TaskDir, held: Held) -> bool:
    """Whether a tool works on the task, also while nobody waits for it. What another box has of one that
    failed meanwhile (its project's file broke, say) is awaited no more."""
    from skazano.execution import runs

    awaited = held.found.box != "failed" or not (task.path / "run" / "remote.json").exists()
    return runs.state(task) == "alive" and awaited


def _begun(task: TaskDir) -> bool:
    """Whether a run of the task lives, or has ended and its work was not looked at."""
    from skazano.execution import runs

    return runs.state(task) in ("alive", "ended")


def _put_aside(task: TaskDir, stage: str) -> None:
    """Move what `stage` and those after it made into earlier/<n>/: evidence is never deleted."""
    made = [name for later in STAGES[STAGES.index(stage) :] for name in OUTPUTS[later]]
    there = [name for name in (*made, "error.txt", "cancel", "ask.json", "resume.json") if task.has(name)]
    if not there:
        return
    target = fresh(task.path / "earlier")
    for name in there:
        (task.path / name).rename(target / name)
    files.fsync_dir(target)
    files.fsync_dir(task.path)


def turn(task: TaskDir) -> int:
    """How often the task was set going again: the newest number in earlier/."""
    folder = task.path / "earlier"
    return max((int(p.name) for p in folder.glob("*") if p.name.isdigit()), default=0)


def fresh(folder: Path) -> Path:
    """The next numbered folder in `folder`, made."""
    folder.mkdir(mode=0o775, exist_ok=True)
    target = folder / str(1 + max((int(p.name) for p in folder.iterdir() if p.name.isdigit()), default=0))
    target.mkdir(mode=0o775)
    return target
