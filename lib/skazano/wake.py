"""Waking up: a stage sleeps until a ticket arrives, a signal comes, or its time is up.

inotify (through watchdog) only says "look again"; what is there is told by the listing alone. Both it
and signals write into one pipe, on which the only wait of a daemon is a poll(2): nothing can be lost
between looking and waiting, and a signal handler never touches a lock.
"""

import contextlib
import logging
import os
import select
import signal
import threading
from collections.abc import Iterable
from pathlib import Path

from watchdog.events import EVENT_TYPE_MODIFIED, FileSystemEvent, FileSystemEventHandler
from watchdog.observers.api import BaseObserver, ObservedWatch
from watchdog.observers.inotify import InotifyEmitter, InotifyObserver
from watchdog.observers.inotify_c import InotifyConstants, InotifyFD, Mask

# It complains, without a task's id, of threads that end while they wait: that is how they are ended here.
logging.getLogger("watchdog").setLevel(logging.CRITICAL)

OBSERVER_TIMEOUT = 3600.0  # seconds; the observer's threads block on their queues anyway


class Deaf(Exception):
    """The watching threads died or a watched folder is gone: the process must be started anew."""


class _Arrivals(InotifyEmitter):
    """Asks the kernel for arrivals only. watchdog asks for departures too and then holds back everything
    that follows an unmatched "moved from" for half a second; each claim is such a move."""

    def get_event_mask_from_filter(self) -> Mask:
        return Mask(
            InotifyConstants.IN_MOVED_TO | InotifyConstants.IN_CREATE | InotifyConstants.IN_DELETE_SELF
        )


class _Observer(InotifyObserver):
    """InotifyObserver takes no emitter class, its base does."""

    def __init__(self) -> None:
        self._inotify_fd = InotifyFD()
        self._inotify_fd.start()
        BaseObserver.__init__(self, _Arrivals, timeout=OBSERVER_TIMEOUT, inotify_fd=self._inotify_fd)


class Wake(FileSystemEventHandler):
    """The alarm clock of a process: folders to watch, signals, and one place to wait."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self.folders = list(folders)
        self.stopping = False
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._closing = threading.Lock()
        self._has_signals = False
        self._poll = select.poll()
        self._poll.register(self._read, select.POLLIN)
        self._observer: _Observer | None = None
        self._watches: list[ObservedWatch] = []
        self._inodes: list[int] = []

    def start(self) -> None:
        """Begin to watch. Call it before the first listing. Raises OSError (inotify limits, no folder)."""
        if not self.folders:
            return
        self._observer = _Observer()
        for folder in self.folders:
            self._watches.append(self._observer.schedule(self, str(folder), recursive=False))
        self._observer.start()
        self._inodes = [folder.stat().st_ino for folder in self.folders]

    def also(self, folder: Path) -> None:
        """Watch one folder more, from now on."""
        if self._observer is not None and folder not in self.folders:
            self._watches.append(self._observer.schedule(self, str(folder), recursive=False))
            self.folders.append(folder)
            self._inodes.append(folder.stat().st_ino)

    def no_longer(self, folder: Path) -> None:
        """Undo `also`."""
        if self._observer is not None and folder in self.folders:
            place = self.folders.index(folder)
            self._observer.unschedule(self._watches[place])
            for kept in (self.folders, self._watches, self._inodes):
                del kept[place]

    def stop_on(self, *signals: int) -> None:
        """Let these signals end the waiting and set `stopping`."""
        self._has_signals = True
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        for number in signals:
            signal.signal(number, self._stop)

    def _stop(self, number: int, frame: object) -> None:
        self.stopping = True

    def dispatch(self, event: FileSystemEvent) -> None:
        """Called by watchdog's thread: nothing here can raise. An arrival is told twice, the second time as
        a change of the folder."""
        if event.event_type != EVENT_TYPE_MODIFIED:
            self.ring()

    def fileno(self) -> int:
        """What can be read as soon as something rings; for those who wait by other means."""
        return self._read

    def ring(self) -> None:
        """End the present or next waiting."""
        with self._closing:  # a thread may ring when the work it watched for is over
            if self._write >= 0:
                with contextlib.suppress(BlockingIOError):
                    os.write(self._write, b".")

    def clear(self) -> None:
        """Forget what has rung. Call it before listing, never after."""
        try:
            while os.read(self._read, 4096):
                pass
        except BlockingIOError:
            return

    def wait(self, seconds: float, *also: int) -> None:
        """Sleep until something rings, one of the file descriptors `also` can be read, or time is up."""
        for fd in also:
            self._poll.register(fd, select.POLLIN)
        try:
            self._poll.poll(max(0.0, seconds) * 1000)
        finally:
            for fd in also:
                self._poll.unregister(fd)

    def check(self) -> None:
        """Raises Deaf if arrivals would no longer be heard."""
        if self._observer is None:
            return
        if not self._observer.is_alive() or not self._observer._inotify_fd.is_alive():
            raise Deaf("the inotify observer died")
        if len(self._observer.emitters) != len(self.folders) or not all(
            emitter.is_alive() for emitter in self._observer.emitters
        ):
            raise Deaf("a watched folder was deleted")
        try:
            same = [folder.stat().st_ino for folder in self.folders] == self._inodes
        except FileNotFoundError:
            same = False
        if not same:  # inotify goes on telling of a folder under its former name
            raise Deaf("a watched folder was moved away")

    def close(self) -> None:
        """Stop watching; who rings later is not heard."""
        if self._observer is not None:
            self._observer.stop()
            if self._observer.is_alive():  # not if `start` failed
                self._observer.join()
            self._observer = None
        with self._closing:
            if self._write < 0:
                return
            if self._has_signals:
                signal.set_wakeup_fd(-1)
            os.close(self._read)
            os.close(self._write)
            self._read = self._write = -1
