"""The loop that every stage shares: watch, list, claim, work, hand on.

A stage is `work(task, context) -> where`, with `where` one of: the name of the next stage, "done",
"failed", "unsorted", "waiting", or "hold". It may raise Later (the world is unwell), Failed (this task
cannot work) or Stopped (the process is to end); anything else is a fault of ours, is logged with its
traceback and tried again, MAX_ATTEMPTS times in all. Exit codes: 0 stopped or `--once` done, 1 the loop
cannot go on and wants to be restarted, 78 (EX_CONFIG) the configuration is wrong.
"""

import argparse
import errno
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from skazano import log as journal
from skazano.config import ConfigError, load
from skazano.context import LISTING, Context, Failed, Later, Stopped, cancelled, lang_of, write_error
from skazano.log import log
from skazano.notify import notify
from skazano.spool import MAX_ATTEMPTS, STAGES, Held, Spool, SpoolError, Ticket
from skazano.task import BadTask, TaskDir
from skazano.texts import say
from skazano.wake import Deaf, Wake

__all__ = ["LISTING", "Context", "Failed", "Later", "Stage", "Stopped", "cancelled", "main", "write_error"]

BACKOFF = (10.0, 60.0, 300.0, 900.0, 3600.0)  # seconds; MAX_ATTEMPTS must not be above its length + 1
FULL = (errno.ENOSPC, errno.EDQUOT)
BEFORE_WORK = ("download", "transcribe", "route", "refine")  # from execute on there may be work to tell of


Work = Callable[[TaskDir, Context], str]
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
        self.paused_until = 0.0
        self.outages = 0
        self.unwell: dict[str, tuple[int, int]] = {}  # id: outages met with it, tasks done before the last
        self.done = 0
        self.count = 0

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
        ready.sort(key=lambda ticket: ticket.id in self.unwell)  # after an outage another one goes first
        more = self.serve(ready, context)
        if self.aside and not context.stopping:
            self._look_aside(context, self.aside)
        if once:
            return more and time.monotonic() >= self.paused_until
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
            log("-", "disk full", level=journal.ERROR, stage=self.name, file=trouble.filename)

    def serve(self, ready: Sequence[Ticket], context: Context) -> bool:
        """Work off what is ready, one after another; whether there was any that was ours."""
        taken = 0
        for ticket in ready:
            if context.stopping or time.monotonic() < self.paused_until:
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
        paused = self.paused_until - time.monotonic()
        if paused > 0:
            return min(context.longest_wait, paused)
        moment = time.time()
        return min(context.longest_wait, (upcoming or moment + LISTING) - moment)

    def _recover(self, context: Context) -> None:
        for held in context.spool.recover(self.name):
            task = TaskDir(held.dir)
            where = self.recover(task, context) if self.recover else None
            log(task.id, "recovered", stage=self.name, attempts=held.ticket.attempts, to=where or "new")
            if where and where != "unspent":
                self._leave(held, where)
            else:
                held.give_back(spent=where is None)

    def attempt(self, held: Held, context: Context) -> None:
        """Work on one claimed task and bring its ticket where it belongs."""
        task, begun = TaskDir(held.dir), time.monotonic()
        notes = context.begin(held.ticket.attempts)
        log(task.id, "claimed", stage=self.name, attempt=held.ticket.attempts)
        if not task.path.is_dir():
            log(task.id, "no such task: its ticket goes to state/lost", level=journal.ERROR, stage=self.name)
            held.lose()
            return
        try:
            self._bring(held, task, context, notes, begun)
        except OSError as trouble:
            # What could not be recorded either, because the disk is full, is given back, unspent.
            if held.left or trouble.errno not in FULL:
                raise
            self._full(held, task, trouble)

    def _bring(
        self, held: Held, task: TaskDir, context: Context, notes: dict[str, Any], begun: float
    ) -> None:
        try:
            where = self._one(held, task, context)
            self._record(task, "done", begun, next=where, **notes)
            self._leave(held, where)
            self.outages, self.done = 0, self.done + 1
            self.unwell.pop(task.id, None)
        except Stopped:
            log(task.id, "given back", stage=self.name)
            held.give_back()
        except Later as trouble:
            self._later(held, task, trouble, begun)
        except (Failed, BadTask) as trouble:
            self._fail(held, task, trouble, begun)
        except OSError as trouble:
            if held.left or trouble.errno in FULL:
                raise
            self._fault(held, task, trouble, begun)
        except Exception as trouble:  # noqa: BLE001 - the one broad handler: a fault must not stop the stage
            self._fault(held, task, trouble, begun)

    def _one(self, held: Held, task: TaskDir, context: Context) -> str:
        if held.ticket.attempts > MAX_ATTEMPTS:
            raise Failed(
                say(lang_of(task), "poison", stage=self.name),
                f"claimed {held.ticket.attempts - 1} times, and each time the worker died",
            )
        if self.name in BEFORE_WORK and task.has("cancel"):
            return cancelled(task)
        return self.work(task, context)

    def _leave(self, held: Held, where: str) -> None:
        if where in STAGES:
            held.hand_on(where)
        elif where == "hold":
            held.hold(self.name)
        else:
            held.park(where)  # type: ignore[arg-type]

    def _later(self, held: Held, task: TaskDir, trouble: Later, begun: float) -> None:
        if trouble.outage:
            delay = self._outage(task.id, trouble)
            until = time.time() + delay
        else:
            if held.ticket.attempts >= MAX_ATTEMPTS:
                self._fail(held, task, Failed(say(lang_of(task), "gave-up"), str(trouble)), begun)
                return
            delay = trouble.seconds or BACKOFF[min(held.ticket.attempts, len(BACKOFF)) - 1]
            until = time.time() + _jittered(delay)
        reason = journal.blot(str(trouble))
        self._record(task, "later", begun, level=journal.WARNING, reason=reason, seconds=round(delay))
        held.defer(until, spent=not trouble.outage)

    def _outage(self, id: str, trouble: Later) -> float:
        """Pause the stage, unless others were done since this task met an outage before: then it is this
        task alone that is unwell, and nobody waits for it. How long it is to wait, in seconds."""
        met, done = self.unwell.get(id, (0, self.done))
        self.unwell[id] = (met + 1, self.done)
        alone = self.done > done
        delay = _jittered(trouble.seconds or BACKOFF[min(met if alone else self.outages, len(BACKOFF) - 1)])
        if not alone:
            self.outages += 1
            self.paused_until = time.monotonic() + delay
        return delay

    def _fault(self, held: Held, task: TaskDir, trouble: Exception, begun: float) -> None:
        journal.log_traceback(task.id, "".join(traceback.format_exception(trouble)))
        reason = f"{type(trouble).__name__}: {trouble}"
        if held.ticket.attempts >= MAX_ATTEMPTS:
            self._fail(held, task, Failed(say(lang_of(task), "fault", stage=self.name), reason), begun)
        else:
            self._later(held, task, Later(reason), begun)

    def _fail(self, held: Held, task: TaskDir, trouble: Failed | BadTask, begun: float) -> None:
        told = trouble.told if isinstance(trouble, Failed) else say("ru", "broken-task")
        detail = trouble.detail if isinstance(trouble, Failed) else str(trouble)
        again = not isinstance(trouble, Failed) or trouble.again
        write_error(task, self.name, told, detail, again=again)
        self._record(task, "failed", begun, level=journal.ERROR, reason=journal.blot(detail or told))
        # `reply` tells the person; when it is `reply` itself that failed, there is no way left to tell.
        self._leave(held, "failed" if self.name == "reply" else "reply")

    def _full(self, held: Held, task: TaskDir, trouble: OSError) -> None:
        log(task.id, "disk full", level=journal.ERROR, stage=self.name, file=trouble.filename)
        self.paused_until = time.monotonic() + LISTING
        held.give_back()

    def _record(
        self, task: TaskDir, event: str, begun: float, *, level: int = journal.INFO, **fields: Any
    ) -> None:
        ms = round((time.monotonic() - begun) * 1000)
        task.history(self.name, event, ms=ms, **fields)
        log(task.id, event, level=level, stage=self.name, ms=ms, **fields)


def arguments_of(name: str, arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options that every program in bin/ takes."""
    parser = argparse.ArgumentParser(prog=f"{name}.py", description=f"Skazano's {name}.")
    parser.add_argument("--config", type=Path, help="skazano.toml to use")
    parser.add_argument("--once", action="store_true", help="do what there is to do and exit")
    return parser.parse_args(arguments)


def guarded(name: str, run: Callable[[], int]) -> int:
    """`run()`'s exit code; troubles of the process as a whole told in one line."""
    try:
        return run()
    except (ConfigError, SpoolError) as error:
        log("-", f"cannot start {name}: {error}", level=journal.ERROR)
        return 78
    except Deaf as error:
        log("-", f"{name} must be restarted: {error}", level=journal.ERROR)
        return 1
    except OSError as error:
        log("-", f"{name} stops: {error}", level=journal.ERROR)
        return 1


def _jittered(seconds: float) -> float:
    return seconds * random.uniform(0.9, 1.2)


def main(stage: Stage) -> None:
    """What a stage file's `if __name__ == "__main__"` calls."""
    sys.exit(stage.main())
