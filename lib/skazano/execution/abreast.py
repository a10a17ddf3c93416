"""A stage that works on several tasks at once, each in a thread of its own.

The loop is Stage's: it looks, recovers and sleeps in the main thread; so do signals and signs of life.
A thread takes one claimed ticket from its work to where it belongs, exactly as the loop of any other stage
does, and rings the loop when it has ended.
"""

import threading
from collections.abc import Mapping, Sequence
from typing import Protocol

from skazano.log import log
from skazano.spool import Held, Ticket
from skazano.stage import Context, Recover, Stage, Step, Work
from skazano.wake import Wake


class Choose(Protocol):
    """Who is next."""

    def __call__(self, ready: Sequence[Ticket], working: Mapping[str, str], context: Context) -> list[Ticket]:
        """Those to begin at this moment, of what is ready; `working` holds id → project of who is at work."""
        ...

    def project(self, ticket: Ticket, context: Context) -> str:
        """What only one task at a time may work on."""
        ...

    def until(self) -> float | None:
        """Seconds until it wants to look again; None if only when something changes."""
        ...


class _Own(Context):
    """What one thread's work gets: its own alarm and notes; what is kept is everybody's."""

    def __init__(self, whole: Context, held: Held) -> None:
        super().__init__(whole.name, whole.settings, whole.spool, Wake([held.dir]))
        self.kept = whole.kept
        self.over = False  # set before the loop is rung: the thread itself may take a moment more to end

    def ping(self, status: str = "") -> None:
        """Only the main loop gives signs of life."""


class Abreast(Stage):
    """A Stage with several tasks in work. One process has them all: it alone knows who works beside whom."""

    alone = True

    def __init__(
        self,
        name: str,
        work: Work,
        choose: Choose,
        *,
        warm: Step | None = None,
        recover: Recover | None = None,
        also_watch: Sequence[str] = (),
    ) -> None:
        super().__init__(name, work, warm=warm, recover=recover, also_watch=also_watch)
        self.choose = choose
        self._working: dict[str, tuple[str, threading.Thread, _Own]] = {}

    def serve(self, ready: Sequence[Ticket], context: Context) -> bool:
        """Begin what may begin; whether something is in work."""
        self._reap()
        if not context.stopping and self.outages.left <= 0:
            working = {id: project for id, (project, _, _) in self._working.items()}
            for ticket in self.choose(ready, working, context):
                held = context.spool.claim(ticket)
                if held is not None:
                    self._begin(held, self.choose.project(ticket, context), context)
        if context.wake.folders or not self._working:
            return bool(self._working)
        context.wake.wait(context.longest_wait)  # `--once`: nothing else to do until one of them ends
        return True

    def leave(self, context: Context) -> None:
        """Let the threads give their tickets back; the runs go on without us."""
        for _, _, own in self._working.values():
            own.wake.stopping = True
            own.wake.ring()
        for _, thread, _ in self._working.values():
            thread.join()

    def sleep(self, context: Context, upcoming: float | None) -> float:
        """Not longer than who is next wants to wait."""
        seconds = super().sleep(context, upcoming)
        until = self.choose.until()
        return seconds if until is None else min(seconds, until)

    def _begin(self, held: Held, project: str, context: Context) -> None:
        own = _Own(context, held)
        thread = threading.Thread(target=self._one_task, args=(held, own, context.wake), name=held.ticket.id)
        self._working[held.ticket.id] = (project, thread, own)
        self.count += 1
        thread.start()

    def _one_task(self, held: Held, own: _Own, loop: Wake) -> None:
        try:
            with held:
                own.wake.start()
                self.attempt(held, own)
        except OSError as error:  # the ticket could not be moved: it is found again when the lock is free
            log(held.ticket.id, "left where it lies", why=error)
        finally:
            own.wake.close()
            own.over = True
            loop.ring()

    def _reap(self) -> None:
        for id, (_, thread, own) in list(self._working.items()):
            if own.over:
                thread.join()
                del self._working[id]
