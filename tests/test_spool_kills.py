"""A real process is killed before and after each system call that changes the spool, or the call fails."""

import errno
import os
import shutil
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from skazano.spool import Spool
from skazano.upkeep.fsck import fsck
from spool_checks import attempts, broken, on_disk, restart, snapshot
from spool_scenarios import SCENARIOS, Scenario, fresh
from spool_trace import At, Outcome, fails_at, killed_at, traced, unavailable

REFUSED = unavailable()
pytestmark = pytest.mark.skipif(bool(REFUSED), reason=f"processes cannot be traced here: {REFUSED}")

CAN_FAIL = {
    "open": errno.ENOSPC,
    "openat": errno.ENOSPC,
    "write": errno.ENOSPC,
    "mkdir": errno.ENOSPC,
    "rename": errno.EIO,
    "fsync": errno.EIO,
}
TOLD = ("OSError: [Errno 28] No space left", "OSError: [Errno 5] Input/output error", "SystemExit: 1")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """In memory, where there is that: a kill loses nothing that was written, whatever lies below, and a
    spool's thirty directories are made in a millisecond."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="skazano-", dir=memory) as made:
        yield Path(made)


class Bench:
    """One scenario's prepared spool, from which each trial gets its own copy."""

    def __init__(self, folder: Path, scenario: Scenario) -> None:
        self.scenario = scenario
        self.folder = folder
        self.first = fresh(folder / "first", scenario).root
        self.verdicts: dict[object, list[str]] = {}
        self.spool = self.copy("whole")
        whole = traced(lambda: scenario.run(self.spool), lambda *_: None)
        assert whole.code == 0, whole.error
        self.calls = [call for call in whole.calls if not call.failed]
        self.again()  # doing it twice changes nothing
        assert self.after_restart() == []
        self.reference, self.counted = snapshot(self.spool.root), attempts(self.spool.root)

    def copy(self, name: str) -> Spool:
        shutil.copytree(self.first.parent, self.folder / name, symlinks=True)
        return Spool(self.folder / name / "spool")

    def trial(self, at: At) -> tuple[Outcome, list[str]]:
        """Run the scenario's process on a fresh copy, with `at` at each of its calls; what is wrong then.

        Where two trials leave the same files, the system goes on in the same way: that is looked at once.
        """
        self.spool = self.copy("trial")
        outcome = traced(lambda: self.scenario.run(self.spool), at)
        state = on_disk(self.spool.root)
        if state not in self.verdicts:
            self.verdicts[state] = list(self.faults())
        shutil.rmtree(self.spool.root.parent)
        return outcome, self.verdicts[state]

    def faults(self) -> Iterator[str]:
        """What is wrong after the process ended somehow: at once, after a restart, and in the end."""
        if self.scenario.whole:
            yield from broken(self.spool, self.scenario.tasks)
        yield from self.after_restart()
        counted = attempts(self.spool.root)
        self.again()
        yield from broken(self.spool, self.scenario.tasks)
        yield from self.after_restart()
        shown = snapshot(self.spool.root)
        for place in sorted(shown.keys() ^ self.reference.keys()):
            yield f"{place}: {'not wanted' if place in shown else 'missing'}"
        for place in sorted(shown.keys() & self.reference.keys()):
            if shown[place] != self.reference[place]:
                yield f"{place} is {shown[place]!r}, wanted was {self.reference[place]!r}"
        for id, count in attempts(self.spool.root).items():
            if not self.counted.get(id, 0) <= count <= max(self.counted.get(id, 0), counted.get(id, 0)) + 1:
                yield f"{id}: {count} attempts"

    def after_restart(self) -> list[str]:
        if not self.scenario.whole:
            fsck(Spool.open(self.spool.root), repair=True)
        return restart(self.spool.root)

    def again(self) -> None:
        """The scenario's process once more, undisturbed. Raises AssertionError."""
        pid = os.fork()
        if pid == 0:
            try:
                self.scenario.run(self.spool)
            except BaseException:  # noqa: BLE001 - the child must end here
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0


@pytest.mark.parametrize("name", SCENARIOS)
def test_killed_before_and_after_each_call(folder, name):
    bench, wrong = Bench(folder, SCENARIOS[name]), []
    assert bench.calls
    for call in bench.calls:
        for side in ("before", "after"):
            outcome, faults = bench.trial(killed_at(call.number, side))
            assert outcome.code is None, f"not killed {side} {call}"
            wrong += [f"killed {side} {call}: {fault}" for fault in faults]
    assert wrong == []


@pytest.mark.parametrize("name", SCENARIOS)
def test_each_call_fails(folder, name):
    bench, wrong = Bench(folder, SCENARIOS[name]), []
    for call in bench.calls:
        if call.name not in CAN_FAIL:
            continue
        error = errno.ENOSPC if bench.scenario.disk_full else CAN_FAIL[call.name]
        outcome, faults = bench.trial(fails_at(call.number, error))
        last = outcome.error.rstrip().rpartition("\n")[2]
        if outcome.code != 0 and not last.startswith(TOLD):
            wrong.append(f"{call} failed: {outcome.error}")
        wrong += [f"{call} failed: {fault}" for fault in faults]
    assert wrong == []


@pytest.mark.parametrize("side", ["before", "after"])
def test_before_is_before_and_after_is_after(tmp_path, side):
    (tmp_path / "old").touch()
    outcome = traced(lambda: (tmp_path / "old").rename(tmp_path / "new"), killed_at(1, side))
    assert outcome.code is None
    assert (tmp_path / "new").exists() == (side == "after")
    assert (tmp_path / "old").exists() == (side == "before")
