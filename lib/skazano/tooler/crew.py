"""Carries out the runs of a tooler's store: in order, one at a time in a project, several projects at once.

Each run has a thread that takes it from where it stands to its result, as `execute` does with a task. What
it does before and after the tool's run may be repeated; the run itself begins once. When the tooler ends,
the tool goes on; the next tooler finds it.
"""

import os
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

from skazano.config import ConfigError, Settings
from skazano.execution import isolation, runs
from skazano.log import ERROR, WARNING, log, log_traceback
from skazano.outages import BACKOFF, backoff
from skazano.projects import load_all
from skazano.spool import Spool
from skazano.stage import FULL, LISTING, Context, Failed, Later, Stopped
from skazano.task import BadTask
from skazano.texts import say
from skazano.tooler.carry import End, carry_out
from skazano.tooler.store import Run, Store
from skazano.tooler.wire import Result
from skazano.wake import Wake


class _Own(Context):
    """What one run's thread works with: an alarm of its own."""

    def __init__(self, settings: Settings, spool: Spool, run: Run, kept: dict[str, Any]) -> None:
        super().__init__("tooler", settings, spool, Wake([run.task.path]))
        self.kept = kept

    def ping(self, status: str = "") -> None:
        """The main thread gives signs of life."""


class _Place:
    """A run that is in work."""

    def __init__(self, folder: str, task: str, own: _Own) -> None:
        self.folder = folder
        self.task = task
        self.own = own
        self.begun = threading.Event()  # the tool runs, or never will


class Crew:
    """The threads that work. `ended` is told of each run that is over."""

    def __init__(self, settings: Settings, store: Store, ended: Callable[[Run], None]) -> None:
        self.settings = settings
        self.store = store
        self.spool = Spool.open(settings.spool)
        self._ended = ended
        self._kept = {"namespace": settings.config.execute.isolation == "auto" and isolation.allowed()}
        self._changing = threading.RLock()
        self._waiting: list[Run] = []
        self._working: dict[str, _Place] = {}
        self._threads: set[threading.Thread] = set()
        self.left: set[str] = set()  # runs that cannot be gone on with before the next start
        self._stopping = False

    def start(self) -> None:
        """Take up what is not over yet."""
        with self._changing:
            for run in self.store.all():
                if run.ended() is None:
                    self._waiting.append(run)
            self._next()

    def add(self, run: Run, seconds: float) -> None:
        """A run was accepted: it waits for its turn. Returns when the tool runs, or after so many seconds if
        its turn has come but git is not done, at once if others come first."""
        with self._changing:
            here = run.id in self._working or any(run.id == other.id for other in self._waiting)
            if not here and run.ended() is None:
                self.left.discard(run.id)
                self._waiting.append(run)
                self._next()
            place = self._working.get(run.id)
        if place is not None:
            place.begun.wait(seconds)

    def stop_run(self, run: Run) -> None:
        """Stop it, or see to it that it never begins; its thread hears of the file."""
        if run.ended() is None and not run.task.has("cancel"):
            run.task.write("cancel", "")

    def ahead(self, run: Run) -> int | None:
        """How many runs of its project come first; None if it does not wait."""
        with self._changing:
            if all(run.id != other.id for other in self._waiting):
                return None
            folder = self._folder(run)
            before = [other for other in self._waiting if other.order < run.order]
            busy = sum(place.folder == folder for place in self._working.values())
            return busy + sum(self._folder(other) == folder for other in before)

    def close(self) -> None:
        """End the threads; tools go on."""
        with self._changing:
            self._stopping = True
            for place in self._working.values():
                place.own.wake.stopping = True
                place.own.wake.ring()
            threads = list(self._threads)
        for thread in threads:
            thread.join()

    def _next(self) -> None:
        """Begin what may begin. Runs that have begun already come first: they only have to be waited for."""
        self._waiting.sort(key=lambda run: (runs.state(run.task) == "none", run.order))
        most = max(1, self.settings.config.execute.parallel)
        for run in list(self._waiting):
            folder = self._folder(run)
            at_work = {name for place in self._working.values() for name in (place.folder, place.task)}
            if self._stopping or len(self._working) >= most:
                return
            # Runs find their processes by the task: of two boxes' tasks of one name, one waits.
            if folder not in at_work and run.task.id not in at_work:
                self._waiting.remove(run)
                own = _Own(self.settings, self.spool, run, self._kept)
                self._working[run.id] = place = _Place(folder, run.task.id, own)
                thread = threading.Thread(target=self._thread, args=(run, place), name=run.id)
                self._threads.add(thread)
                thread.start()

    def _folder(self, run: Run) -> str:
        """What only one run at a time may work on: two projects may share a folder."""
        try:
            project = load_all(self.settings).get(run.wanted.project)
        except ConfigError:
            project = None  # it will fail by itself, in nobody's way
        return os.path.realpath(project.path) if project else run.id

    def _thread(self, run: Run, place: _Place) -> None:
        over, left = None, False
        try:
            place.own.wake.start()
            over = _patiently(run, place)
            if over is not None:
                log(run.id, "over", status=over[0], stopped=run.task.has("cancel") or None)
        except OSError as error:  # no inotify, a disk that takes nothing: the next start takes it up again
            log(run.id, "left where it is", level=ERROR, why=error)
            left = True
        finally:
            place.own.wake.close()
            place.begun.set()
            with self._changing:  # at once: who sees it left may add it again
                del self._working[run.id]
                if left:
                    self.left.add(run.id)
                self._threads.discard(threading.current_thread())
                self._next()
        if over is not None:
            self._ended(run)


def _patiently(run: Run, place: _Place) -> End | None:
    """Carry the run out and say so; what is in the way for a while is waited for. None: the process ends.
    Raises OSError: what came of it cannot be kept."""
    own = place.own
    while True:
        over = _attempt(run, place)
        try:
            if isinstance(over, tuple):
                run.end(*over)
                return over
        except OSError as trouble:
            over = _again(run, own, trouble)
            if over is None:
                raise
        if over is None or not _pause(run, own, over):
            return None


def _attempt(run: Run, place: _Place) -> End | float | None:
    """The run's end, or in how many seconds to try again; None: the process ends."""
    own, lang = place.own, run.wanted.lang
    try:
        return carry_out(run, run.task.load(), own, place.begun.set)
    except Stopped:
        return None
    except (Later, OSError) as trouble:
        seconds = _again(run, own, trouble)
        if seconds is not None:
            return seconds
        if isinstance(trouble, OSError):
            return "failed", Result(told=say(lang, "disk-unwell", why=trouble.strerror), detail=str(trouble))
        return "failed", Result(told=say(lang, "gave-up"), detail=str(trouble))
    except Failed as trouble:
        return "failed", Result(told=trouble.told, detail=trouble.detail)
    except (BadTask, ConfigError) as trouble:
        return "failed", Result(told=say(lang, "fault", stage="tooler"), detail=str(trouble))
    except Exception as trouble:  # noqa: BLE001 - the one broad handler: a fault in one run ends that one
        log_traceback(run.id, "".join(traceback.format_exception(trouble)))
        return "failed", Result(told=say(lang, "fault", stage="tooler"), detail=repr(trouble))


def _again(run: Run, own: _Own, trouble: Later | OSError) -> float | None:
    """In how many seconds to try once more; None if that was done often enough. Only a full disk, and a tool
    that is still at work, are waited for as long as it takes."""
    log(run.id, "later", level=WARNING, why=trouble)
    if isinstance(trouble, OSError) and trouble.errno in FULL:
        return LISTING
    own.attempt += 1
    if own.attempt > len(BACKOFF) + 1 and runs.state(run.task) != "alive":
        return None
    seconds = trouble.seconds if isinstance(trouble, Later) else None
    return seconds or backoff(own.attempt - 1)


def _pause(run: Run, own: _Own, seconds: float) -> bool:
    """Wait, not longer than until a person wants it stopped; False if the process is to end."""
    until, cancelled = time.monotonic() + seconds, run.task.has("cancel")
    while not own.stopping and (left := until - time.monotonic()) > 0:
        own.wake.clear()
        if not own.stopping and run.task.has("cancel") == cancelled:
            own.wake.wait(left)
        elif not own.stopping:
            break
    return not own.stopping
