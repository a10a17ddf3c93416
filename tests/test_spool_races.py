"""Several processes at the same tickets: each is worked once, and no living claim is taken away."""

import fcntl
import os
import signal
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from skazano.spool import Spool, Ticket
from skazano.upkeep.fsck import fsck
from spool_checks import ID, broken, contents, places
from spool_trace import traced, unavailable

TICKETS, WORKERS = 500, 4


def forked(run: Callable[[], object]) -> int:
    """Run it in a process of its own, which exits 0 unless it raises; the process id."""
    pid = os.fork()
    if pid == 0:
        try:
            run()
        except BaseException:  # noqa: BLE001 - the child must end here
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return pid


def ended(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def empty_files(spool: Spool, count: int, stage: str) -> list[str]:
    """Tasks of which nothing but their ticket matters."""
    made = [f"20261122-180431-cli-0-{number}" for number in range(1000, 1000 + count)]
    for id in made:
        spool.dir(id).mkdir(parents=True)
        spool.path(Ticket(id, "new", stage)).touch()
    return made


def test_many_workers_and_recover_at_once(tmp_path: Path):
    spool = Spool.open(tmp_path / "spool")
    made = empty_files(spool, TICKETS, "route")
    work_left, worked_off = os.pipe()

    def work() -> None:
        os.close(work_left)
        while ready := spool.ripe("route")[0]:
            for ticket in ready:
                held = spool.claim(ticket)
                if held is None:
                    continue
                with held, (held.dir / "work.log").open("a") as log:
                    log.write(f"{held.ticket.attempts} {os.getpid()}\n")
                    log.flush()
                    held.hand_on("refine")

    def recover() -> None:
        os.close(worked_off)
        os.set_blocking(work_left, False)
        while True:
            for held in spool.recover("route"):
                raise AssertionError(f"{held.ticket} was taken from a living worker")
            try:
                if os.read(work_left, 1) == b"":
                    return
            except BlockingIOError:
                continue

    workers = [forked(work) for _ in range(WORKERS)]
    watcher = forked(recover)
    os.close(worked_off)  # the watcher reads the end when the last worker is gone
    os.close(work_left)
    assert [ended(pid) for pid in workers] == [0] * WORKERS
    assert ended(watcher) == 0
    logs = [(spool.dir(id) / "work.log").read_text().split() for id in made]
    assert [log[0] for log in logs] == ["1"] * TICKETS
    assert [len(log) for log in logs] == [2] * TICKETS
    assert spool.tickets("new", "refine") == [Ticket(id, "new", "refine") for id in made]
    assert broken(spool, made) == []


@pytest.mark.skipif(bool(unavailable()), reason="processes cannot be traced here")
def test_a_claim_cannot_be_recovered_between_its_rename_and_its_lock(tmp_path):
    spool = Spool.open(tmp_path / "spool")
    spool.publish(ID, contents(ID), "route")
    seen = []

    def at(call, side, pid):
        if call.name.startswith("rename") and side == "after":
            gate = os.open(spool.root / "route" / "run", os.O_RDONLY)
            try:
                fcntl.flock(gate, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                seen.append(places(spool)[ID])
            finally:
                os.close(gate)

    outcome = traced(lambda: spool.claim(Ticket(ID, "new", "route")), at)
    assert outcome.code == 0, outcome.error
    assert seen == [[f"route/run/{ID},1"]]


def test_kill_9_frees_the_ticket(tmp_path):
    spool = Spool.open(tmp_path / "spool")
    spool.publish(ID, contents(ID), "route")
    ready, tell = os.pipe()

    def work() -> None:
        held = spool.claim(Ticket(ID, "new", "route"))
        os.write(tell, b"." if held else b"!")
        signal.pause()

    pid = forked(work)
    assert os.read(ready, 1) == b"."
    assert [*spool.recover("route")] == []
    os.kill(pid, signal.SIGKILL)
    assert ended(pid) == -signal.SIGKILL
    assert [held.ticket for held in spool.recover("route")] == [Ticket(ID, "run", "route", 1)]
    for fd in (ready, tell):
        os.close(fd)


def test_fsck_lets_a_living_spool_alone(tmp_path):
    spool = Spool.open(tmp_path / "spool")
    made = empty_files(spool, 20, "route")
    ready, tell = os.pipe()

    def move() -> None:
        os.close(tell)
        os.set_blocking(ready, False)
        while True:
            for stage, following in (("route", "refine"), ("refine", "route")):
                for ticket in spool.ripe(stage)[0]:
                    spool.claim(ticket).give_back()
                    spool.claim(ticket).hand_on(following)
            try:
                os.read(ready, 1)
                return
            except BlockingIOError:
                continue

    pid = forked(move)
    os.close(ready)
    found = [finding for _ in range(30) for finding in fsck(spool, repair=True)]
    os.close(tell)
    assert ended(pid) == 0
    assert found == []
    assert broken(spool, made) == []
