"""What `execute` knows of a task before and after its run: the job, and what came of it."""

import importlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, cast

import msgspec

from skazano import files
from skazano.execution import budget, interruption
from skazano.projects import Project
from skazano.spool import SpoolError
from skazano.stage import Context, Failed
from skazano.task import BadTask, Task, TaskDir
from skazano.texts import say
from skazano.tools.base import SESSION, Job, Outcome, Plan, legible

EARLIER = 8  # exchanges of a conversation that a chat is reminded of
EARLIER_SIZE = 20_000  # characters of each
CALLS, CALL = 4, 80  # refused calls that are told, and characters of each; exit.json has them all


class Kind(Protocol):
    """A module of skazano.tools."""

    def plan(self, job: Job) -> Plan: ...

    def outcome(self, run: Path, exit: Mapping[str, Any], job: Job) -> Outcome: ...


def kind(name: str) -> Kind:
    """The module of a kind of tools."""
    return cast(Kind, importlib.import_module(f"skazano.tools.{name}"))


def project_of(card: Task, context: Context) -> Project:
    """The task's project, in which its tool may be used. Raises Failed."""
    project = context.projects().get(card.project or "")
    if project is None:
        broken = (context.settings.projects / f"{card.project}.toml").exists()
        key = "project-broken" if broken else "project-gone"
        raise Failed(say(card.lang, key, name=card.project), f"no project {card.project!r}")
    if project.box is None and not Path(project.path).is_dir():
        raise Failed(say(card.lang, "no-folder", title=project.title, path=project.path))
    name = card.tool or project.tool
    if name not in project.tools or name not in context.config.tools:
        raise Failed(say(card.lang, "no-tool", name=name, known=", ".join(project.tools)))
    return project


def job_of(task: TaskDir, card: Task, project: Project, context: Context) -> Job:
    """The request as the tool is to get it. Raises Failed: a limit of the day is reached."""
    tool = context.config.tools[card.tool or project.tool]
    resume = interruption.resume(task)
    session = resume.get("session") if resume else _continued(card, project, context)
    return Job(
        id=task.id,
        title=card.title or task.id,
        lang=card.lang,
        created=card.created,
        prompt=str(resume.get("prompt") or task.text("prompt.md") or ""),
        prompt_file=task.path / "prompt.md",
        run=task.path / "run",
        project=project,
        tool=tool,
        path={**os.environ, **tool.environment}.get("PATH", os.defpath),
        session=session,
        earlier=list(_earlier(card, context)) if tool.kind == "chat" else [],
        most_cost=tool.cost or None,
    )


def afford(job: Job, context: Context, *, goes_on: bool = False) -> Job:
    """The job with what it may cost. Raises Failed if the project's limits of the day are reached, but not
    for one that `goes_on`: half of its work lies in the tree."""
    left = budget.left(context.spool, job.project, context.config.execute)
    if left.over and not goes_on:
        raise Failed(
            say(job.lang, f"day-{left.over}", title=job.project.title, most=left.most), "limit of the day"
        )
    costs = [cost for cost in (job.most_cost, left.cost) if cost is not None]
    return replace(job, most_cost=min(costs) if costs else None)


def hidden(project: Project, context: Context) -> list[str]:
    """Folders that the tool must not see: the spool, the configuration with its secrets, the pages, other
    projects. None of them holds the project's own folder. Where the spool lies in that (our own checkout),
    its folders are hidden and not itself, which has a file of the repository."""
    own, settings = Path(project.path).resolve(), context.settings
    private = [settings.spool.resolve(), settings.folder.resolve(), settings.site.resolve()]
    private = [inner for path in private for inner in (_folders(path) if own in path.parents else [path])]
    others = [
        Path(other.path).resolve() for other in context.projects().values() if other.slug != project.slug
    ]
    found = [*private, *(path for path in others if own not in path.parents)]
    kept = [path for path in found if path.is_dir() and path != own and path not in own.parents]
    return [str(path) for path in dict.fromkeys(kept)]


def _folders(path: Path) -> list[Path]:
    return sorted(inner for inner in path.iterdir() if inner.is_dir()) if path.is_dir() else []


def conclude(task: TaskDir, card: Task, job: Job, exit: Mapping[str, Any], context: Context) -> Outcome:
    """What came of the run, from its files; written into exit.json, task.json, the day's account and the
    session's. The same however often it is repeated."""
    outcome = kind(job.tool.kind).outcome(job.run, exit, job)
    outcome.text, outcome.detail = legible(outcome.text), legible(outcome.detail)
    if outcome.thread_tokens and not exit.get("tokens"):
        before = (_session_card(outcome.session, context) or {}).get("tokens", {}) if job.session else {}
        spent = {name: max(0, n - before.get(name, 0)) for name, n in outcome.thread_tokens.items()}
        outcome.tokens = spent
    elif exit.get("tokens"):
        outcome.tokens = exit["tokens"]
    files.write_json(job.run / "exit.json", {**exit, **_account(outcome, exit)})
    if outcome.session and outcome.session != card.session:
        card.session = outcome.session
        task.save(card)
    _remember(outcome, job, context)
    again = bool(outcome.unknown_session and job.session)  # a fresh one follows
    part = interruption.goes_on(task) or again
    budget.spend(context.spool, job.project.slug, task, exit, outcome, part=part)
    return outcome


def cut_off(task: TaskDir, card: Task, context: Context) -> None:
    """Keep the session of a run that was cut off: the person may go on with it."""
    project = context.projects().get(card.project or "")
    tool = context.config.tools.get(card.tool or (project.tool if project else ""))
    if project is None or tool is None:
        return
    outcome = kind(tool.kind).outcome(task.path / "run", {}, job_of(task, card, project, context))
    if outcome.session and outcome.session != card.session:
        card.session = outcome.session
        task.save(card)
        _remember(outcome, job_of(task, card, project, context), context)


def result(outcome: Outcome, exit: Mapping[str, Any], lang: str) -> str:
    """What the tool said, what it was not allowed to do, and how much of its output is not kept."""
    parts, calls = [outcome.text], [denial.what for denial in outcome.denials]
    if calls:
        shown = [call if len(call) <= CALL else call[: CALL - 1] + "…" for call in calls[:CALLS]]
        parts.append(say(lang, "denied", calls="; ".join([*shown, *(["…"] if len(calls) > CALLS else [])])))
    if cut := exit.get("left_out"):
        parts.append(say(lang, "output-cut", mb=f"{max(cut / 1e6, 0.001):.3g}"))
    return "\n\n".join(part for part in parts if part)


def _account(outcome: Outcome, exit: Mapping[str, Any]) -> dict[str, Any]:
    found = {
        "ok": outcome.ok and not exit.get("stopped"),
        "error": outcome.error,
        "session": outcome.session,
        "cost": outcome.cost,
        "tokens": outcome.tokens or None,
        "turns": outcome.turns,
        "denials": [msgspec.to_builtins(denial) for denial in outcome.denials] or None,
        "pictures": outcome.pictures or None,
    }
    return {key: value for key, value in found.items() if value is not None}


def _continued(card: Task, project: Project, context: Context) -> str | None:
    """The session of the task to which this one is a reply, if it was this tool's in this project."""
    if card.parent is None:
        return None
    try:
        session = TaskDir(context.spool.dir(card.parent)).load().session
    except (SpoolError, BadTask, ValueError):
        return None
    known = _session_card(session, context)
    same = known and known.get("tool") == (card.tool or project.tool) and known.get("project") == project.slug
    return session if same else None


def _session_card(session: str | None, context: Context) -> dict[str, Any] | None:
    if session is None or not SESSION.fullmatch(session):
        return None
    return files.read_json(context.spool.state / "sessions" / f"{session}.json")


def _remember(outcome: Outcome, job: Job, context: Context) -> None:
    if outcome.session is None:
        return
    folder = context.spool.state / "sessions"
    folder.mkdir(mode=0o775, exist_ok=True)
    name = next((n for n, tool in context.config.tools.items() if tool is job.tool), job.tool.kind)
    known = {"tool": name, "project": job.project.slug, "task": job.id}
    tokens = outcome.thread_tokens or (_session_card(outcome.session, context) or {}).get("tokens", {})
    files.write_json(folder / f"{outcome.session}.json", {**known, "tokens": tokens})


def _earlier(card: Task, context: Context) -> Iterator[tuple[str, str]]:
    """The conversation so far, oldest first."""
    found: list[tuple[str, str]] = []
    parent = card.parent
    while parent and len(found) < EARLIER:
        try:
            task = TaskDir(context.spool.dir(parent))
            parent = task.load().parent
        except (SpoolError, BadTask, ValueError):
            break
        asked, answered = task.text("prompt.md"), task.text("result.md")
        if asked and answered:
            found.append((asked[:EARLIER_SIZE], answered[:EARLIER_SIZE]))
    yield from reversed(found)
