"""The loop that every stage shares: watch, list, claim, work, hand on.

A stage is `work(task, context) -> where`, with `where` one of: the name of the next stage, "done",
"failed", "unsorted", "waiting", or "hold". It may raise Later (the world is unwell), Failed (this task
cannot work) or Stopped (the process is to end); anything else is a fault of ours, is logged with its
traceback and tried again, MAX_ATTEMPTS times in all (see skazano.attempt). Exit codes: as in skazano.program.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from skazano.attempt import FULL, Attempt, Work, leave
from skazano.config import load
from skazano.context import LISTING, Context, Failed, Later, Stopped, cancelled, write_error
from skazano.log import ERROR, log
from skazano.notify import notify
from skazano.outages import Outages
from skazano.program import arguments_of, guarded
from skazano.spool import Held, Spool, Ticket
from skazano.task import TaskDir
from skazano.wake import Wake

__all__ = [
    "FULL",
    "LISTING",
    "Context",
    "Failed",
    "Later",
    "Stage",
    "Stopped",
    "Work",
    "cancelled",
    "main",
    "write_error",
]

Recover = Callable[[TaskDir, Context], str | None]
Step = Callable[[Context], None]


class Stage:
    """One stage's process. `alone`: several of it would get in each other's way."""

    alone = False

    def __init__(
        self,
        name: str,
        work: Work,
        *,
        warm: Step | None = None,
        recover: Recover | None = None,
        aside: Step | None = None,
        also_watch: Sequence[str] = (),
        waits: "Callable[[Ticket, Context], bool] | None" = None,
    ) -> None:
        """`warm` runs before READY (load a model). `recover` decides where a task goes whose worker died;
        None means back to new/, "unspent" the same without counting the attempt. `aside` runs each turn, for
        what lies in the folders `also_watch`. `waits` tells that a ticket's turn has not come; what ends its
        waiting arrives in `also_watch`."""
        self.name = name
        self.work = work
        self.warm = warm
        self.recover = recover
        self.aside = aside
        self.also_watch = also_watch
        self.waits = waits
        self.outages = Outages()
        self.count = 0  # tasks that were worked on

    def main(self, arguments: Sequence[str] | None = None) -> int:
        """Run the stage as a program; the exit code."""
        options = arguments_of(self.name, arguments)
        return guarded(self.name, lambda: self._run(options.config, options.once))

    def _run(self, config: Path | None, once: bool) -> int:
        settings = load(config)
        spool = Spool.open(settings.spool)
        folders = [spool.root / self.name / "new", *(spool.root / box for box in self.also_watch)]
        for folder in folders:
            folder.mkdir(mode=0o775, parents=True, exist_ok=True)
        wake = Wake([] if once else folders)
        wake.stop_on(signal.SIGTERM, signal.SIGINT)
        context = Context(self.name, settings, spool, wake)
        alive = context.mark_alive(alone=self.alone)
        if self.warm:
            self.warm(context)
        wake.start()
        try:
            while not wake.stopping and self._turn(context, once):
                pass
        finally:
            notify(STOPPING=1)
            self.leave(context)
            wake.close()
            os.close(alive)
        log("-", "stopped", stage=self.name, tasks=self.count)
        return 0

    def _turn(self, context: Context, once: bool) -> bool:
        """One round: look, work, sleep. False when `once` and the queue is worked off."""
        context.wake.clear()
        context.wake.check()
        self._recover(context)
        ready, upcoming = context.spool.ripe(self.name)
        context.ping(f"{len(ready)} waiting, {self.count} done")
        if self.count == 0:
            notify(READY=1)
        before = self.count
        ready.sort(key=lambda ticket: self.outages.met_by(ticket.id))
        more = self.serve(ready, context)
        if self.aside and not context.stopping:
            self._look_aside(context, self.aside)
        if once:
            return more and self.outages.left <= 0
        if context.stopping:
            return False
        if self.count == before:  # else look again first: what was just deferred may be the next to ripen
            context.wake.wait(self.sleep(context, upcoming))
        return True

    def _look_aside(self, context: Context, aside: Step) -> None:
        try:
            aside(context)
        except OSError as trouble:
            if trouble.errno not in FULL:
                raise
            log("-", "disk full", level=ERROR, stage=self.name, file=trouble.filename)

    def serve(self, ready: Sequence[Ticket], context: Context) -> bool:
        """Work off what is ready, one after another; whether there was any that was ours."""
        taken = 0
        for ticket in ready:
            if context.stopping or self.outages.left > 0:
                break
            if self.waits and self.waits(ticket, context):
                continue
            taken += 1
            held = context.spool.claim(ticket)
            if held is not None:
                with held:
                    self.attempt(held, context)
                self.count += 1
            context.ping()
        return taken > 0

    def leave(self, context: Context) -> None:
        """The loop is over: let go of what is still in hand."""

    def sleep(self, context: Context, upcoming: float | None) -> float:
        """Seconds until the next look."""
        if (paused := self.outages.left) > 0:
            return min(context.longest_wait, paused)
        moment = time.time()
        return min(context.longest_wait, (upcoming or moment + LISTING) - moment)

    def _recover(self, context: Context) -> None:
        for held in context.spool.recover(self.name):
            task = TaskDir(held.dir)
            where = self.recover(task, context) if self.recover else None
            log(task.id, "recovered", stage=self.name, attempts=held.ticket.attempts, to=where or "new")
            if where and where != "unspent":
                leave(held, where, self.name)
            else:
                held.give_back(spent=where is None)

    def attempt(self, held: Held, context: Context) -> None:
        """Work on one claimed task and bring its ticket where it belongs."""
        Attempt(self.name, self.work, held, context, self.outages).make()


def main(stage: Stage) -> None:
    """What a stage file's `if __name__ == "__main__"` calls."""
    sys.exit(stage.main())
