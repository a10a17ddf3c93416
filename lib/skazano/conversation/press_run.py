"""Buttons about a run: allow what was refused, go on after a cut, jump the queue, take back."""

from typing import TYPE_CHECKING

from skazano import acts, files, project_edit
from skazano.execution import order_marks, undoing
from skazano.task import TaskDir
from skazano.texts import say

if TYPE_CHECKING:
    from skazano.stage import Context


def allow(id: str, argument: str, context: "Context", lang: str) -> str:
    """Add the rules that would have allowed what was refused to the project; go on in the same session."""
    task = TaskDir(context.spool.dir(id))
    card = task.load()
    project = context.projects().get(card.project or "")
    rules = refused(task)
    if project is None or not rules:
        return say(lang, "press-unknown")
    shown = ", ".join(rules)
    resume = {"session": card.session, "prompt": say(card.lang, "now-allowed", rules=shown)}
    fresh = [rule for rule in rules if rule not in project.allow]
    if fresh:
        project_edit.change(context.settings, project.slug, allow=[*project.allow, *fresh])
    acts.retry(context.spool, id, by="button", stage="execute", resume=resume if card.session else None)
    return say(lang, "allowed", rules=shown)


def refused(task: TaskDir) -> list[str]:
    """The rules that would allow what the task's run was refused."""
    denials = (task.json("run/exit.json") or {}).get("denials") or []
    return list(dict.fromkeys(denial["rule"] for denial in denials if denial.get("rule")))


def go_on(id: str, argument: str, context: "Context", lang: str) -> str:
    """Continue the session of a run that was cut off."""
    card = TaskDir(context.spool.dir(id)).load()
    if not card.session:
        return say(lang, "press-unknown")
    resume = {"session": card.session, "prompt": say(card.lang, "go-on")}
    acts.retry(context.spool, id, by="button", stage="execute", resume=resume)
    return say(lang, "goes-on")


def jump(id: str, argument: str, context: "Context", lang: str) -> str:
    """Let a waiting task be the next one of its project."""
    ticket = context.spool.find(id)
    if ticket is None or ticket.stage != "execute" or ticket.box != "new":
        return say(lang, "press-late")
    files.write_file(order_marks.jump_file(context.spool, id), "")
    return say(lang, "is-first")


def undo(id: str, argument: str, context: "Context", lang: str) -> str:
    """Take the task's commits back, as a task of its own."""
    if not (TaskDir(context.spool.dir(id)).json("commit.json") or {}).get("commits"):
        return say(lang, "press-unknown")
    return say(lang, "undoing" if undoing.request(context.spool, id) else "press-late")
