"""`execute` and projects on other boxes: a request made of the job, troubles told in a stage's terms."""

from collections.abc import Callable
from typing import Any

from skazano.log import keep_out
from skazano.stage import Context, Failed, Later
from skazano.task import Task, TaskDir
from skazano.tooler.client import Away, Refused, RunFailed, carry_out
from skazano.tooler.talk import Box, Pace
from skazano.tooler.wire import EARLIER, PROMPT, Wanted
from skazano.tools.base import Job

TEXTS = {
    "refused": (
        "Машина «{box}», где живёт проект, не приняла задачу: {why}",
        "The box {box}, where the project lives, did not take the task: {why}",
    ),
    "no-token": (
        "Нет ключа для машины «{box}»: положите его в secrets/tooler-{box}.",
        "There is no token for the box {box}: put it into secrets/tooler-{box}.",
    ),
    "too-long": (
        "Запрос слишком длинный для машины «{box}»: не больше {most} знаков.",
        "The request is too long for the box {box}: {most} characters at most.",
    ),
}


def box_of(name: str, url: str, callback: str, card: Task, context: Context) -> Box:
    """The box of that name, with its token. Raises Failed, ConfigError."""
    token = context.settings.secret(f"tooler-{name}")
    if token is None:
        raise Failed(_say(card, "no-token", box=name), f"no secret tooler-{name}")
    keep_out(token)
    return Box(name=name, url=url, token=token, callback=callback)


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
    Raises Later, Failed, Stopped."""
    try:
        return carry_out(task, lambda: wanted(task, card, job(), box), box, context, on_quiet, pace)
    except Away as trouble:
        raise Later(f"box {trouble}") from trouble
    except Refused as trouble:
        raise Failed(_say(card, "refused", box=box.name, why=trouble), str(trouble)) from trouble
    except RunFailed as trouble:
        raise Failed(trouble.told or _say(card, "refused", box=box.name, why=""), trouble.detail) from trouble


def wanted(task: TaskDir, card: Task, job: Job, box: Box) -> Wanted:
    """The request. Raises Failed."""
    if len(job.prompt) > PROMPT:
        raise Failed(_say(card, "too-long", box=box.name, most=PROMPT), again=False)
    asked = Wanted(
        task=task.id,
        attempt=_attempt(task),
        project=job.project.slug,
        tool=card.tool or job.project.tool,
        kind=job.tool.kind,
        prompt=job.prompt,
        session=job.session,
        title=job.title[:300],
        lang=card.lang,
        cost=job.most_cost,
        earlier=[(asked[:EARLIER], answered[:EARLIER]) for asked, answered in job.earlier],
    )
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
