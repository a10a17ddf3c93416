"""How a run begins, on whatever box: the checkout is prepared, then the tool is started."""

from skazano.execution import interruption, runs
from skazano.execution import work as tools
from skazano.execution.commits import prepare_work
from skazano.log import log
from skazano.stage import Context, Failed
from skazano.task import Task, TaskDir
from skazano.texts import say
from skazano.tools.base import Job, NoProgram


def begin(task: TaskDir, card: Task, job: Job, context: Context) -> None:
    """Prepare the checkout, or go on where the part before did; start the tool. Raises Later, Failed."""
    goes_on = interruption.goes_on(task)
    job = tools.afford(job, context, goes_on=goes_on)
    try:
        plan = tools.kind(job.tool.kind).plan(job)
        if goes_on:
            interruption.same_work(task)
        else:
            prepare_work(task, card, job.project, context)
        runs.begin(task, job, plan, context, tools.hidden(job.project, context))
    except NoProgram as error:
        raise Failed(say(card.lang, "no-program", tool=card.tool, why=error), str(error)) from error
    log(task.id, "run begun", tool=card.tool, project=job.project.slug, session=job.session)
