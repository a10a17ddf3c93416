"""Fifty runs on another box while tooler, `execute` and the receiver of callbacks are killed at random."""

from __future__ import annotations

import contextlib
import random
import signal
import threading
from collections import Counter
from pathlib import Path

import pytest

from skazano.config import HOME
from skazano.task import TaskDir
from stages import place
from tooler_box import Far, Near, Process, until

RUNS, PROJECTS = 50, ("a", "b", "c", "d")
WRITES = """
[tools.writes]
kind = "command"
command = "sh"
args = ["-c", "cat >$SKAZANO_TASK.txt; echo $SKAZANO_TASK >>ran.txt; echo one; sleep 0.2; echo two"]
"""


class Killed:
    """A program that is killed some time after its first word, `most` times, and started again each time."""

    def __init__(self, argv: list[str], seconds: float, most: int, dice: random.Random) -> None:
        self.kills, self._most = 0, most
        self._argv, self._seconds, self._dice = argv, seconds, dice
        self._over = threading.Event()
        self._process = Process(argv)
        self._thread = threading.Thread(target=self._torment)
        self._thread.start()

    def _torment(self) -> None:
        while self.kills < self._most and not self._over.wait(self._dice.uniform(0.1, 2) * self._seconds):
            self._process.end(signal.SIGKILL)
            self.kills += 1
            self._process = Process(self._argv)
            while not self._process.lines and not self._over.wait(0.05):
                pass

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        with contextlib.suppress(ProcessLookupError):
            self._process.end(signal.SIGKILL)


@pytest.mark.slow
def test_one_run_and_one_result_whatever_is_killed(tmp_path: Path) -> None:
    dice = random.Random(7)
    far, near = Far(tmp_path / "far", parallel=4, more=WRITES), Near(tmp_path / "near")
    for slug in PROJECTS:
        far.project(slug, tool="writes")
    far.start()
    far.stop()  # it has an address from here on
    receiver = near.receiver()
    callback = receiver.said("listening").split("address=")[1].strip()
    receiver.end()
    with near.world.config.open("a") as config:
        config.write("[execute]\nparallel = 4\n")
    near.lives_on(far, f"http://{callback}", PROJECTS)
    tasks = [
        near.task(number, tool="writes", project=PROJECTS[number % len(PROJECTS)]) for number in range(RUNS)
    ]
    tooler = ["tooler.py", "--config", str(far.world.config), "--listen", far.listen]
    argvs = [
        (tooler, 1.5, 1000),
        # A stage gives up what was claimed five times without progress, as may be on a slow machine.
        (["execute.py", "--config", str(near.world.config)], 1.5, 4),
        (["callbacks.py", "--config", str(near.world.config), "--listen", callback], 1.0, 1000),
    ]
    tormented = [
        Killed([str(HOME / "bin" / name), *rest], seconds, most, dice)
        for (name, *rest), seconds, most in argvs
    ]
    try:
        ended = ("summarize/new", "reply/new", "hold")
        until(lambda: all(place(near.spool, task.id) in ended for task in tasks), "all ends", 600)
    finally:
        for one in tormented:
            one.close()
    assert all(one.kills for one in tormented)
    ran = Counter(id for slug in PROJECTS for id in far.ran(slug))
    assert ran == Counter(task.id for task in tasks)
    for task in tasks:
        _one_result(task)


def _one_result(task: TaskDir) -> None:
    assert not task.has("error.txt"), task.text("error.txt")
    assert task.text("result.md") == "one\ntwo"
    assert task.text("run/stdout.log") == "one\ntwo"
    assert (task.json("run/exit.json") or {})["code"] == 0
    [commit] = (task.json("commit.json") or {})["commits"]
    assert commit["sha"]
    assert f"+++ b/{task.id}.txt" in (task.text("changes.patch") or "")
