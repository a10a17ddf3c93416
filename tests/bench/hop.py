"""How long a hop takes: a ticket renamed into a stage's new/ until that stage has claimed it.

Two processes: this one hands tickets on, a stage of its own waits as every stage does. The moment of a claim
is the one at which the claimed ticket's work begins; both read the same clock (CLOCK_MONOTONIC).
"""

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from skazano.spool import Spool
from skazano.stage import Context, Stage
from skazano.task import Task, TaskDir, encode

HOPS, WARM = 400, 50
ASLEEP = 0.02  # seconds after which the stage has done with the former ticket
TARGETS = {"median": 5.0, "99th percentile": 25.0}  # ms


def claimed(task: TaskDir, context: Context) -> str:
    """The stage's work: tell when it began."""
    os.write(1, b"%s %d\n" % (task.id.encode(), time.monotonic_ns()))
    return "refine"


def prepare(spool: Spool, count: int) -> list[str]:
    """Tasks that `download` holds, ready to be handed on."""
    made = [f"20261122-180431-cli-0-{number}" for number in range(1, count + 1)]
    for id in made:
        card = Task(id=id, created="2026-11-22T18:04:31Z", source="cli")
        spool.publish(id, {"task.json": encode(card)}, "download")
    return made


def measure(spool: Spool, stage: "subprocess.Popen[str]", ids: list[str], pause: float) -> list[float]:
    """Milliseconds of each hop, with so many seconds from a claim to the next ticket that is handed on."""
    assert stage.stdout is not None
    spent = []
    tickets = {ticket.id: ticket for ticket in spool.tickets("new", "download")}
    for id in ids:
        held = spool.claim(tickets[id])
        assert held is not None
        time.sleep(pause)
        begun = time.monotonic_ns()
        held.hand_on("route")
        claimed_id, moment = stage.stdout.readline().split()
        assert claimed_id == id
        spent.append((int(moment) - begun) / 1e6)
    return spent


def tell(what: str, spent: list[float]) -> None:
    """The figures as JSON lines."""
    spent.sort()
    values = {
        "median": statistics.median(spent),
        "99th percentile": spent[min(len(spent) - 1, round(len(spent) * 0.99))],
    }
    for name, value in values.items():
        against = TARGETS[name]
        figure = {"bench": "hop", "what": f"{what}, {name}", "value": round(value, 3), "unit": "ms"}
        print(json.dumps(figure | {"against": against, "ratio": round(value / against, 3)}), flush=True)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="skazano-") as folder:
        spool = Spool.open(Path(folder) / "spool")
        config = Path(folder) / "skazano.toml"
        config.write_text('[paths]\nspool = "spool"\n')
        ids = prepare(spool, 2 * HOPS + WARM)
        stage = subprocess.Popen(
            [sys.executable, __file__, str(config)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        measure(spool, stage, ids[:WARM], 0.0)
        tell("the stage asleep", measure(spool, stage, ids[WARM : WARM + HOPS], ASLEEP))
        tell("right after it claimed another", measure(spool, stage, ids[WARM + HOPS :], 0.0))
        stage.send_signal(signal.SIGTERM)
        return stage.wait()


if __name__ == "__main__":
    if len(sys.argv) == 2 and sys.argv[1].endswith(".toml"):
        sys.exit(Stage("route", claimed).main(["--config", sys.argv[1]]))
    sys.exit(main())
