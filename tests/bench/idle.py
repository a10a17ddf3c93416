"""What Skazano costs while nothing happens: each program's memory and start, the processor for all of them.

Every program runs as it does installed, one process each, on an empty spool, with a Bot API server on
loopback for Telegram. Memory is the proportional set size, CPU is utime + stime over a quiet minute.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from botapi import BotApi  # noqa: E402
from demo_world import World  # noqa: E402
from skazano.upkeep.supervise import PROGRAMS, Program, Supervisor  # noqa: E402

QUIET = float(os.environ.get("QUIET_SECONDS", "60"))
SETTLE = 5.0  # seconds after READY in which the first looks are over
SPEECH = ("transcribe", "speak")  # have a speech model in memory
CLIENTS = ("receive", "download", "react", "reply", "refine", "summarize")  # may hold a client
MEMORY, MEMORY_CLIENT, PROCESSOR, START = 40.0, 70.0, 0.2, 0.5  # MB, MB, % of a core, s


def tell(what: str, value: float, unit: str, against: float | None) -> None:
    """One figure as a JSON line."""
    figure = {"bench": "idle", "what": what, "value": round(value, 3), "unit": unit, "against": against}
    print(json.dumps(figure | {"ratio": round(value / against, 3) if against else None}), flush=True)


def memory(pid: int) -> float:
    """Proportional set size in MB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def processor(pid: int) -> float:
    """Seconds of user and system time so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def switches(pid: int) -> int:
    """How often its threads went to sleep: each time something had woken them."""
    count = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        for line in (thread / "status").read_text().splitlines():
            if line.startswith("voluntary_ctxt_switches"):
                count += int(line.split()[1])
    return count


def starts(config: Path) -> None:
    """Start the programs one after another, alone, as each is after it died."""
    for name in PROGRAMS:
        begun = time.monotonic()
        with Supervisor(config, [name]) as alone:
            alone.wait_ready(120)
            spent = time.monotonic() - begun
        tell(f"{name}: start to READY", spent, "s", None if name in SPEECH else START)


def quiet(programs: list[Program]) -> None:
    """Memory, then a minute in which nothing happens."""
    pids = {program.name: program.process.pid for program in programs if program.process}
    for name, pid in pids.items():
        target = None if name in SPEECH else MEMORY_CLIENT if name in CLIENTS else MEMORY
        tell(f"{name}: memory", memory(pid), "MB", target)
    tell("all programs: memory", sum(memory(pid) for pid in pids.values()), "MB", None)
    before = {name: (processor(pid), switches(pid)) for name, pid in pids.items()}
    begun = time.monotonic()
    time.sleep(QUIET)
    spent = time.monotonic() - begun
    after = {name: (processor(pid), switches(pid)) for name, pid in pids.items()}
    used = {name: after[name][0] - before[name][0] for name in pids}
    woken = {name: after[name][1] - before[name][1] for name in pids}
    tell("all programs: processor", 100 * sum(used.values()) / spent, "% of a core", PROCESSOR)
    tell("all programs: wake-ups", sum(woken.values()) * 60 / spent, "a minute", None)
    for name in pids:
        if used[name] or woken[name] > spent:
            print(f"{name}: {used[name]:.2f} s, {woken[name]} wake-ups in {spent:.0f} s", file=sys.stderr)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="skazano-") as folder, BotApi() as api:
        world = World(Path(folder), api)
        starts(world.config)
        with Supervisor(world.config, logs=Path(folder) / "logs") as supervisor:
            supervisor.wait_ready()
            time.sleep(SETTLE)
            quiet(supervisor.programs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
