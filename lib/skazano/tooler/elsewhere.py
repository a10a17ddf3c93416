"""`execute` and projects on other boxes: a request made of the job, troubles told in a stage's terms."""

import base64
from collections.abc import Callable
from typing import Any

from skazano import ids
from skazano.conversation import notices
from skazano.log import WARNING, log
from skazano.stage import Context, Failed
from skazano.task import Task, TaskDir
from skazano.tooler.client import Refused, RunFailed, carry_out
from skazano.tooler.remote import known, own_name
from skazano.tooler.talk import Box, Pace, token
from skazano.tooler.wire import ATTACHED, BROUGHT, EARLIER, NAME, PROMPT, Attached, Undoes, Wanted, fits
from skazano.tools.base import Job

TEXTS = {
    "refused": (
        "Машина «{box}», где живёт проект, не приняла задачу: {why}",
        "The box {box}, where the project lives, did not take the task: {why}",
    ),
    "refused-401": (
        "Машина «{box}» не узнаёт нас: ключ в secrets/boxes/{box} здесь не тот, что в secrets/tooler там.",
        "The box {box} does not know us: secrets/boxes/{box} here is not what secrets/tooler is there.",
    ),
    "refused-403": (
        "На машине «{box}» в проекте «{project}» нет инструмента «{tool}»: добавьте его там в проект.",
        "On the box {box} the project {project} has no tool {tool}: add it to the project there.",
    ),
    "refused-404": (
        "На машине «{box}» нет проекта «{project}»: заведите его там под тем же именем.",
        "The box {box} has no project {project}: make one of that name there.",
    ),
    "failed": (
        "На машине «{box}» задача не пошла, причина в её журнале.",
        "On the box {box} the task failed; the reason is in its log.",
    ),
    "no-token": (
        "Нет ключа для машины «{box}»: положите его в secrets/boxes/{box}.",
        "There is no token for the box {box}: put it into secrets/boxes/{box}.",
    ),
    "no-box": (
        "Машины «{box}» нет в skazano.toml: верните туда таблицу [boxes.{box}].",
        "There is no box {box} in skazano.toml: put the table [boxes.{box}] back.",
    ),
    "too-large": (
        "Приложенные файлы слишком велики для машины «{box}»: не больше {most} МБ вместе.",
        "The attached files are too large for the box {box}: {most} MB together at most.",
    ),
    "too-long": (
        "Запрос слишком длинный для машины «{box}»: не больше {most} знаков.",
        "The request is too long for the box {box}: {most} characters at most.",
    ),
}


def box_of(name: str, card: Task, context: Context) -> Box:
    """The box of that name, with its token. Raises Failed, ConfigError."""
    table = context.config.boxes.get(name)
    if table is None:
        raise Failed(_say(card, "no-box", box=name), f"no table [boxes.{name}]")
    found = token(context.settings, f"boxes/{name}")
    if found is None and known(TaskDir(context.spool.dir(card.id))) is None:
        raise Failed(_say(card, "no-token", box=name), f"no secret boxes/{name}")
    # A run that is out there is not forgotten for want of a token: the box refuses, and is waited for.
    return Box(name=name, url=table.url, token=found or "", callback=table.callback)


def run(
    task: TaskDir,
    card: Task,
    job: Callable[[], Job],
    box: Box,
    context: Context,
    on_quiet: Callable[[float], None],
    pace: Pace | None = None,
) -> dict[str, Any] | None:
    """The run's exit.json; None if it was cut off. `job` is asked for what it may cost, once a run.
    Raises Failed, Stopped."""
    return _through(task, card, lambda: wanted(task, card, job(), box, context), box, context, on_quiet, pace)


def undo(
    task: TaskDir, card: Task, project: str, name: str, undone: str, commits: list[str], context: Context
) -> dict[str, Any] | None:
    """Have the commits of the task `undone` taken back on the box of that name; as `run`."""
    box = box_of(name, card, context)
    undoes = Undoes(task=undone, commits=commits)
    asked = Wanted(task=task.id, project=project, tool=card.tool or "", prompt="", undoes=undoes)
    return _through(task, card, lambda: _addressed(asked, task, card, box, context), box, context)


def _through(
    task: TaskDir,
    card: Task,
    ask: Callable[[], Wanted],
    box: Box,
    context: Context,
    on_quiet: Callable[[float], None] = lambda minutes: None,
    pace: Pace | None = None,
) -> dict[str, Any] | None:
    def tell(what: str, minutes: float) -> None:
        if what == "quiet":
            on_quiet(minutes)
        else:
            log(task.id, "box away", level=WARNING, box=box.name, minutes=round(minutes, 1))
            notices.tell(context.spool, task.id, "away", box=box.name)

    try:
        return carry_out(task, ask, box, context, tell, pace)
    except Refused as trouble:
        key = f"refused-{trouble.status}"
        told = _say(
            card, key if key in TEXTS else "refused",
            box=box.name, project=card.project, tool=card.tool, why=trouble,
        )  # fmt: skip
        raise Failed(told, str(trouble)) from trouble
    except RunFailed as trouble:
        raise Failed(trouble.told or _say(card, "failed", box=box.name), trouble.detail) from trouble


def wanted(task: TaskDir, card: Task, job: Job, box: Box, context: Context) -> Wanted:
    """The request for a tool's run, with the files that came with it. Raises Failed."""
    prompt, attached = _brought(task, card, job.prompt, box, context)
    if len(prompt) > PROMPT:
        raise Failed(_say(card, "too-long", box=box.name, most=PROMPT), again=False)
    asked = Wanted(
        task=task.id,
        project=job.project.slug,
        tool=card.tool or job.project.tool,
        kind=job.tool.kind,
        prompt=prompt,
        session=job.session,
        cost=job.most_cost,
        earlier=[(asked[:EARLIER], answered[:EARLIER]) for asked, answered in job.earlier],
        allow=job.project.allow,
        deny=job.project.deny,
        attached=attached,
    )
    return _addressed(asked, task, card, box, context)


def _brought(
    task: TaskDir, card: Task, prompt: str, box: Box, context: Context
) -> tuple[str, list[Attached]]:
    """The prompt with the names that its files have there, and the files; a subtask's are its parent's."""
    parent = ids.parent(task.id)
    bearer = TaskDir(context.spool.dir(parent)) if parent else task
    attached, room = [], BROUGHT
    for name in (bearer.load() if parent else card).attachments:
        path = bearer.path / name
        if str(path) not in prompt or not fits(NAME, name) or not path.is_file():
            continue
        room -= path.stat().st_size
        if room < 0:
            raise Failed(_say(card, "too-large", box=box.name, most=BROUGHT >> 20), again=False)
        attached.append(Attached(name=name, data=base64.b64encode(path.read_bytes()).decode()))
        prompt = prompt.replace(str(path), ATTACHED + name)
    return prompt, attached


def _addressed(asked: Wanted, task: TaskDir, card: Task, box: Box, context: Context) -> Wanted:
    """What is the same for every request."""
    asked.title, asked.lang = (card.title or task.id)[:300], card.lang
    asked.attempt = _attempt(task)
    asked.origin = own_name(context.spool.state / "name")
    if box.callback:
        asked.callback = f"{box.callback.rstrip('/')}/callbacks/{asked.id}"
    return asked


def _attempt(task: TaskDir) -> int:
    """Which run of the task this is: earlier ones were put aside, into earlier/<n>/."""
    folder = task.path / "earlier"
    numbers = [int(path.name) for path in folder.iterdir() if path.name.isdigit()] if folder.is_dir() else []
    return 1 + max(numbers, default=0)


def _say(card: Task, key: str, **values: object) -> str:
    return TEXTS[key][1 if card.lang == "en" else 0].format(**values)
