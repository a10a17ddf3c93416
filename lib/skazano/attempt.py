"""One attempt of a stage at one task: work on it, and bring its ticket where it belongs."""

import errno
import time
import traceback
from collections.abc import Callable
from typing import Any

from skazano import log as journal
from skazano.context import LISTING, Context, Failed, Later, Stopped, cancelled, lang_of, write_error
from skazano.log import log
from skazano.outages import Outages, backoff, jittered
from skazano.spool import MAX_ATTEMPTS, STAGES, Held
from skazano.task import BadTask, TaskDir
from skazano.texts import say

FULL = (errno.ENOSPC, errno.EDQUOT)
BEFORE_WORK = ("download", "transcribe", "route", "refine")  # from execute on there may be work to tell of

Work = Callable[[TaskDir, Context], str]


class Attempt:
    """A claimed ticket in the hands of the stage `name`, which `work`s on its task."""

    def __init__(self, name: str, work: Work, held: Held, context: Context, outages: Outages) -> None:
        self.name = name
        self.work = work
        self.held = held
        self.context = context
        self.outages = outages
        self.task = TaskDir(held.dir)
        self.begun = time.monotonic()

    def make(self) -> None:
        """Work, and let the ticket go. Raises OSError if the ticket itself cannot be moved."""
        self.notes = self.context.begin(self.held.ticket.attempts)
        self._log("claimed", attempt=self.held.ticket.attempts)
        if not self.task.path.is_dir():
            self._log("no such task: its ticket goes to state/lost", level=journal.ERROR)
            self.held.lose()
            return
        try:
            self._bring()
        except OSError as trouble:
            if self.held.left:
                raise
            # What could not be recorded either: because the disk is full, it is given back, unspent; because
            # the task's folder is another's, as after a stage run as root, or damaged, a person decides.
            if trouble.errno in FULL:
                self._log("disk full", level=journal.ERROR, file=trouble.filename)
                self.outages.pause(LISTING)
                self.held.give_back()
            else:
                self._log("may not be written: goes to hold", level=journal.ERROR, why=trouble)
                self.held.hold(self.name)

    def _bring(self) -> None:
        try:
            where = self._work()
            self._record("done", next=where, **self.notes)
            leave(self.held, where, self.name)
            self.outages.over(self.task.id)
        except Stopped:
            self._log("given back")
            self.held.give_back()
        except Later as trouble:
            self._later(trouble)
        except (Failed, BadTask) as trouble:
            self._fail(trouble)
        except OSError as trouble:
            if self.held.left or trouble.errno in FULL:
                raise
            self._fault(trouble)
        except Exception as trouble:  # noqa: BLE001 - the one broad handler: a fault must not stop the stage
            self._fault(trouble)

    def _work(self) -> str:
        attempts = self.held.ticket.attempts
        if attempts > MAX_ATTEMPTS:
            raise Failed(
                say(lang_of(self.task), "poison", stage=self.name),
                f"claimed {attempts - 1} times, and each time the worker died",
            )
        if self.name in BEFORE_WORK and self.task.has("cancel"):
            return cancelled(self.task)
        return self.work(self.task, self.context)

    def _later(self, trouble: Later) -> None:
        attempts = self.held.ticket.attempts
        if trouble.outage:
            delay = self.outages.meet(self.task.id, trouble.seconds)
        elif attempts < MAX_ATTEMPTS:
            delay = jittered(trouble.seconds or backoff(attempts))
        else:
            self._fail(Failed(say(lang_of(self.task), "gave-up"), str(trouble)))
            return
        reason = journal.blot(str(trouble))
        self._record("later", level=journal.WARNING, reason=reason, seconds=round(delay))
        self.held.defer(time.time() + delay, spent=not trouble.outage)

    def _fault(self, trouble: Exception) -> None:
        journal.log_traceback(self.task.id, "".join(traceback.format_exception(trouble)))
        reason = f"{type(trouble).__name__}: {trouble}"
        if self.held.ticket.attempts >= MAX_ATTEMPTS:
            self._fail(Failed(say(lang_of(self.task), "fault", stage=self.name), reason))
        else:
            self._later(Later(reason))

    def _fail(self, trouble: Failed | BadTask) -> None:
        if isinstance(trouble, BadTask):
            trouble = Failed(say("ru", "broken-task"), str(trouble))
        write_error(self.task, self.name, trouble.told, trouble.detail, again=trouble.again)
        reason = journal.blot(trouble.detail or trouble.told)
        self._record("failed", level=journal.ERROR, reason=reason)
        # `reply` tells the person; when it is `reply` itself that failed, there is no way left to tell.
        leave(self.held, "failed" if self.name == "reply" else "reply", self.name)

    def _record(self, event: str, *, level: int = journal.INFO, **fields: Any) -> None:
        ms = round((time.monotonic() - self.begun) * 1000)
        self.task.history(self.name, event, ms=ms, **fields)
        self._log(event, level=level, ms=ms, **fields)

    def _log(self, event: str, *, level: int = journal.INFO, **fields: Any) -> None:
        log(self.task.id, event, level=level, stage=self.name, **fields)


def leave(held: Held, where: str, stage: str) -> None:
    """Let a ticket of that stage go to another stage's queue, to hold/, or to where tickets rest."""
    if where in STAGES:
        held.hand_on(where)
    elif where == "hold":
        held.hold(stage)
    else:
        held.park(where)  # type: ignore[arg-type]
