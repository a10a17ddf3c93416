"""A real process is killed before and after each system call that changes the spool, or the call fails."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from spool_checks import attempts, broken, restart, snapshot
from spool_scenarios import SCENARIOS, Scenario, fresh
from spool_trace import At, Outcome, fails_at, killed_at, traced, unavailable

from skazano.fsck import fsck
from skazano.spool import Spool

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
        self.wanted = self.trial("whole", lambda *_: None)
        scenario.run(self.spool)  # and again: doing it twice changes nothing
        assert self.after_restart() == []
        self.reference, self.counted = snapshot(self.spool.root), attempts(self.spool.root)

    def trial(self, name: str, at: At) -> Outcome:
        """Run the scenario's process on a fresh copy, with `at` at each of its calls."""
        shutil.copytree(self.first.parent, self.folder / name, symlinks=True)
        self.spool = Spool(self.folder / name / "spool")
        return traced(lambda: self.scenario.run(self.spool), at)

    def faults(self) -> Iterator[str]:
        """What is wrong after the process ended somehow: at once, after a restart, and in the end."""
        if self.scenario.whole:
            yield from broken(self.spool, self.scenario.tasks)
        yield from self.after_restart()
        counted = attempts(self.spool.root)
        traced(lambda: self.scenario.run(self.spool), lambda *_: None)
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
        shutil.rmtree(self.spool.root.parent)

    def after_restart(self) -> list[str]:
        if self.scenario.whole:
            return restart(self.spool.root)
        Spool.open(self.spool.root)
        fsck(self.spool, repair=True)
        return restart(self.spool.root)


@pytest.mark.parametrize("name", SCENARIOS)
def test_killed_before_and_after_each_call(folder, name):
    bench = Bench(folder, SCENARIOS[name])
    assert bench.wanted.code == 0, bench.wanted.error
    assert bench.wanted.calls
    wrong = []
    for call in bench.wanted.calls:
        for side in ("before", "after"):
            outcome = bench.trial(f"{call.number}-{side}", killed_at(call.number, side))
            assert outcome.code is None, f"not killed {side} {call}"
            wrong += [f"killed {side} {call}: {fault}" for fault in bench.faults()]
    assert wrong == []


@pytest.mark.parametrize("name", SCENARIOS)
def test_each_call_fails(folder, name):
    bench = Bench(folder, SCENARIOS[name])
    wrong = []
    for call in bench.wanted.calls:
        if call.name not in CAN_FAIL:
            continue
        outcome = bench.trial(str(call.number), fails_at(call.number, CAN_FAIL[call.name]))
        told = ("No space left on device", "Input/output error")
        if outcome.code != 0 and not outcome.error.rstrip().splitlines()[-1].startswith("OSError"):
            wrong.append(f"{call} failed: {outcome.error}")
        elif outcome.code != 0 and not any(text in outcome.error for text in told):
            wrong.append(f"{call} failed: {outcome.error}")
        wrong += [f"{call} failed: {fault}" for fault in bench.faults()]
    assert wrong == []


@pytest.mark.parametrize("side", ["before", "after"])
def test_before_is_before_and_after_is_after(tmp_path, side):
    (tmp_path / "old").touch()
    outcome = traced(lambda: (tmp_path / "old").rename(tmp_path / "new"), killed_at(1, side))
    assert outcome.code is None
    assert (tmp_path / "new").exists() == (side == "after")
    assert (tmp_path / "old").exists() == (side == "before")
