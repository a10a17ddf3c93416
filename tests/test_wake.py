"""Waking up: what rings, what does not, and when a process must know that it went deaf."""

import os
import re
import select
import signal
from pathlib import Path

import pytest
from watchdog.observers.inotify_c import InotifyConstants
from watchdog.observers.inotify_move_event_grouper import InotifyMoveEventGrouper

from skazano.spool import Spool, Ticket
from skazano.wake import Deaf, Wake
from spool_checks import ID, contents

DEADLINE = 20.0  # seconds; a machine under load may take long, a wake-up that is lost takes longer
NEVER = 3600.0


class Counting(Wake):
    """A Wake that counts how often it rang."""

    told = 0

    def ring(self):
        self.told += 1
        super().ring()


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool.open(tmp_path / "spool")


@pytest.fixture
def queue(spool):
    return spool.root / "route" / "new"


@pytest.fixture
def wake(queue, monkeypatch):
    """Watches the queue of `route`. Whatever watchdog held back would be held back for an hour."""
    monkeypatch.setattr(InotifyMoveEventGrouper, "delay", NEVER)
    wake = Counting([queue])
    wake.start()
    yield wake
    wake.close()


def arrives(queue: Path, name: str = "a") -> None:
    (queue.parent / f".{name}").touch()
    (queue.parent / f".{name}").rename(queue / name)


def rung(wake: Wake) -> bool:
    return bool(select.select([wake.fileno()], [], [], DEADLINE)[0])


def test_a_ticket_that_arrives_rings(wake, spool):
    wake.check()
    assert not select.select([wake.fileno()], [], [], 0)[0]
    spool.publish(ID, contents(ID), "route")
    assert rung(wake)


def test_an_arrival_rings_also_right_after_a_claim(wake, spool, queue):
    for number in range(5):
        id = f"20261122-180431-cli-0-{number}"
        spool.publish(id, contents(id), "route")
        assert rung(wake)
        wake.clear()
        spool.claim(Ticket(id, "new", "route")).hand_on("refine")
    assert wake.told == 5


def test_what_the_stage_itself_does_rings_nothing(wake, spool, queue):
    spool.publish(ID, contents(ID), "route")
    assert rung(wake)
    for _ in range(20):
        spool.ripe("route")
        spool.find(ID)
        (queue / f"{ID},0").read_bytes()
        os.utime(queue / f"{ID},0")
        spool.lock(Ticket(ID, "new", "route")).close()
    with spool.claim(Ticket(ID, "new", "route")) as held:
        held.defer(1.0)
    spool.claim(Ticket(ID, "later", "route", 1)).park("done")
    wake.clear()
    arrives(queue)  # what was told before it would have been counted before it
    assert rung(wake)
    assert wake.told == 2


def test_the_kernel_is_asked_for_arrivals_only(wake):
    asked = set()
    for fd in Path("/proc/self/fd").iterdir():
        if os.path.lexists(fd) and str(fd.readlink()) == "anon_inode:inotify":
            watches = Path("/proc/self/fdinfo", fd.name).read_text()
            asked |= {int(mask, 16) for mask in re.findall(r"^inotify .* mask:(\w+)", watches, re.M)}
    arrivals = InotifyConstants.IN_MOVED_TO | InotifyConstants.IN_CREATE | InotifyConstants.IN_DELETE_SELF
    assert {mask & InotifyConstants.IN_ALL_EVENTS for mask in asked} == {arrivals}


def test_nothing_is_lost_between_clear_and_wait(wake, queue):
    for number in range(20):
        wake.clear()
        arrives(queue, f"{number}")
        assert rung(wake)
        wake.wait(NEVER)
    wake.ring()
    wake.clear()
    wake.wait(0.0)


def test_a_thousand_rings_are_one(wake):
    for _ in range(100_000):  # more than a pipe holds
        wake.ring()
    wake.clear()
    assert not select.select([wake.fileno()], [], [], 0)[0]


def test_a_deleted_folder_wakes_and_is_told(wake, queue):
    queue.rmdir()
    assert rung(wake)
    with pytest.raises(Deaf, match=r"deleted|moved away"):
        wake.check()


def test_a_folder_that_was_replaced_is_told(wake, queue):
    queue.rename(queue.with_name("old"))
    queue.mkdir()
    with pytest.raises(Deaf, match="moved away"):
        wake.check()


def test_a_dead_observer_is_told(wake):
    wake._observer.stop()
    wake._observer.join()
    with pytest.raises(Deaf, match="died"):
        wake.check()


def test_a_dead_emitter_is_told(wake):
    for emitter in wake._observer.emitters:
        emitter.stop()
        emitter.join()
    with pytest.raises(Deaf):
        wake.check()


def test_a_folder_that_is_not_there_cannot_be_watched(tmp_path):
    wake = Wake([tmp_path / "nowhere"])
    with pytest.raises(FileNotFoundError):
        wake.start()
    wake.close()


def test_one_folder_more_and_one_less(wake, tmp_path, queue):
    also = tmp_path / "also"
    also.mkdir()
    wake.also(also)
    wake.also(also)
    wake.check()
    arrives(also)
    assert rung(wake)
    wake.no_longer(also)
    also.joinpath("a").unlink()
    also.rmdir()
    wake.check()
    wake.clear()
    arrives(queue)
    assert rung(wake)
    assert wake.told == 2


def test_another_file_descriptor_ends_the_waiting(wake):
    read, write = os.pipe()
    os.write(write, b".")
    wake.wait(NEVER, read)
    os.close(read)
    os.close(write)
    wake.ring()
    wake.wait(NEVER)


def test_a_signal_wakes_and_asks_to_stop(wake):
    kept = signal.getsignal(signal.SIGUSR1)
    try:
        wake.stop_on(signal.SIGUSR1)
        assert not wake.stopping
        os.kill(os.getpid(), signal.SIGUSR1)
        wake.wait(NEVER)
        assert wake.stopping
        wake.clear()
        os.kill(os.getpid(), signal.SIGUSR1)
        wake.wait(NEVER)
    finally:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGUSR1, kept)


def test_without_folders_it_only_waits():
    wake = Wake([])
    wake.start()
    wake.check()
    wake.ring()
    wake.wait(NEVER)
    wake.close()
