"""What processes do to a spool, each as a thing that a system simply does again after a crash."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from skazano import acts, ids
from skazano.spool import Held, Spool, Ticket
from skazano.stage import Context, Later, Stage
from skazano.task import TaskDir
from skazano.upkeep.fsck import fsck
from spool_checks import ID, contents

OTHER = "20261122-180500-cli-0-7"
LATER = 4_000_000_000.0  # Unix time: not before a test ends
OLD = 1_000_000_000.0


@dataclass(frozen=True)
class Scenario:
    """`prepare` makes a spool, `run` is killed and then done again. `tasks` are there from the start."""

    prepare: Callable[[Spool], None]
    run: Callable[[Spool], None]
    tasks: tuple[str, ...] = (ID,)
    whole: bool = True  # the prepared spool breaks no invariant
    disk_full: bool = False  # let calls fail with ENOSPC only: other errors make a stage wait for a while


def queued(stage: str, id: str = ID, **files: str) -> Callable[[Spool], None]:
    def prepare(spool: Spool) -> None:
        more = {name.replace("_", "."): text.encode() for name, text in files.items()}
        spool.publish(id, contents(id) | more, stage)

    return prepare


def each(stage: str, work: Callable[[Held, TaskDir], None]) -> Callable[[Spool], None]:
    """A stage's turn, without the loop around it."""

    def run(spool: Spool) -> None:
        for dead in spool.recover(stage):
            dead.give_back(spent=True)
        for ticket in spool.ripe(stage)[0]:
            held = spool.claim(ticket)
            if held is not None:
                with held:
                    work(held, TaskDir(held.dir))

    return run


def transcribe(held: Held, task: TaskDir) -> None:
    card = task.load()
    task.write_json("transcript.json", {"segments": []})
    task.write("transcript.txt", "проверь, пожалуйста, сайт")
    card.title = "Проверь сайт"
    task.save(card)
    task.history("transcribe", "done", ms=5)
    held.hand_on("route")


def defer(held: Held, task: TaskDir) -> None:
    task.history("transcribe", "later", reason="429")
    held.defer(LATER)


def ask(held: Held, task: TaskDir) -> None:
    task.write_json("ask.json", {"options": []})
    held.park("unsorted")


def split(held: Held, task: TaskDir) -> None:
    for number in (1, 2):
        child = ids.child(task.id, number)
        held.spool.publish(child, contents(child), "speak")
    held.park("waiting")


def fail(held: Held, task: TaskDir) -> None:
    task.write("error.txt", "Не вышло.")
    held.park("failed")


def dead_worker(spool: Spool) -> None:
    queued("transcribe")(spool)
    held = spool.claim(Ticket(ID, "new", "transcribe"))
    assert held is not None
    held.close()


def parked(box: str) -> Callable[[Spool], None]:
    def prepare(spool: Spool) -> None:
        queued("reply", transcript_txt="сделай", request_txt="сделай", prompt_md="сделай")(spool)
        task = TaskDir(spool.dir(ID))
        (task.path / "run").mkdir()
        for name in ("run/stdout.log", "result.md", "answer.txt", "error.txt"):
            task.write(name, name)
        task.history("execute", "failed")
        held = spool.claim(Ticket(ID, "new", "reply"))
        assert held is not None
        held.park(box)

    return prepare


def in_later(spool: Spool) -> None:
    queued("transcribe")(spool)
    held = spool.claim(Ticket(ID, "new", "transcribe"))
    assert held is not None
    held.defer(OLD)


def ruins(spool: Spool) -> None:
    """A spool with one of each trouble that fsck mends."""
    queued("download", OTHER)(spool)
    spool.dir(OTHER).joinpath(".ticket").write_text("download\n")
    spool.path(Ticket(OTHER, "new", "download")).unlink()
    queued("route", transcript_txt="сделай")(spool)
    spool.path(Ticket(ID, "new", "route")).unlink()
    (spool.root / "speak" / "new" / "20200101-000000-tg-1-1,0").touch()
    building = spool.dir(ID).parent / f".{ID}.abcdefgh"
    building.mkdir()
    (building / "voice.oga").touch()
    os.utime(building, (OLD, OLD))


def stage(spool: Spool) -> None:
    """The loop as a program runs it, with a task for each of its ways out."""

    def work(task: TaskDir, context: Context) -> str:
        if task.id == OTHER:
            raise Later("the world is unwell", seconds=1e8)
        task.write("request.txt", "сделай")
        return "refine"

    sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - for the rest of this process
    config = spool.root.parent / "skazano.toml"
    if code := Stage("route", work).main(["--once", "--config", str(config)]):
        sys.exit(code)


def two_in_route(spool: Spool) -> None:
    spool.root.parent.joinpath("skazano.toml").write_text('[paths]\nspool = "spool"\n')
    queued("route")(spool)
    queued("route", OTHER)(spool)


def repeated(act: Callable[[Spool], object]) -> Callable[[Spool], None]:
    """A person does it again if it was not told to be done; NotPossible then says that it was."""

    def run(spool: Spool) -> None:
        try:
            act(spool)
        except acts.NotPossible as told:
            assert "already" in str(told) or "only what waits" in str(told), told  # noqa: PT017

    return run


def nothing(spool: Spool) -> None:
    """An empty spool."""


def bare(spool: Spool) -> None:
    """One that was only half made."""
    (spool.state / "format").unlink()
    for folder in (spool.root / "speak" / "later", spool.root / "unsorted", spool.state, spool.tasks):
        folder.rmdir()


SCENARIOS: dict[str, Scenario] = {
    "open": Scenario(bare, lambda spool: Spool.open(spool.root), (), whole=False),
    "publish": Scenario(nothing, queued("download"), ()),
    "publish again": Scenario(dead_worker, queued("transcribe")),
    "hand on": Scenario(queued("transcribe"), each("transcribe", transcribe)),
    "defer": Scenario(queued("transcribe"), each("transcribe", defer)),
    "claim what is ripe": Scenario(in_later, each("transcribe", transcribe)),
    "give back": Scenario(queued("transcribe"), each("transcribe", lambda held, task: held.give_back())),
    "recover": Scenario(dead_worker, each("transcribe", transcribe)),
    "ask": Scenario(queued("route"), each("route", ask)),
    "done": Scenario(queued("reply"), each("reply", lambda held, task: held.park("done"))),
    "fail": Scenario(queued("reply"), each("reply", fail)),
    "hold": Scenario(queued("execute"), each("execute", lambda held, task: held.hold("execute"))),
    "split": Scenario(queued("refine"), each("refine", split)),
    "file": Scenario(
        parked("unsorted"), repeated(lambda spool: acts.file_under(spool, ID, "site", by="test"))
    ),
    "retry": Scenario(parked("failed"), repeated(lambda spool: acts.retry(spool, ID, by="test"))),
    "retry from done": Scenario(parked("done"), repeated(lambda spool: acts.retry(spool, ID, by="test"))),
    "cancel": Scenario(queued("refine"), repeated(lambda spool: acts.cancel(spool, ID, by="test"))),
    "stop": Scenario(queued("execute"), repeated(lambda spool: acts.hold(spool, ID, by="test"))),
    "fsck": Scenario(ruins, lambda spool: fsck(spool, repair=True), (ID, OTHER), whole=False),
    "stage": Scenario(two_in_route, stage, (ID, OTHER), disk_full=True),
}


def fresh(folder: Path, scenario: Scenario) -> Spool:
    """A spool in a new folder, prepared."""
    folder.mkdir()
    spool = Spool.open(folder / "spool")
    scenario.prepare(spool)
    return spool
