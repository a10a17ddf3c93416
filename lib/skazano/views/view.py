"""The loop of the programs that only look at the spool: react, render, index.

A view watches every folder in which a ticket can arrive and is called when one did; what changed it
finds out for itself, from the listings. It holds no ticket and writes nothing that is not its own.
"""

import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from skazano import program, stage
from skazano.config import load
from skazano.log import ERROR, log
from skazano.notify import notify
from skazano.spool import BOXES, PARKS, STAGES, Spool
from skazano.stage import Context
from skazano.wake import Wake

PAUSE = 0.3  # seconds between two looks: a task passes several queues in that time, one look is enough

Open = Callable[[Context], Callable[[], float | None]]


def main(name: str, open_view: Open) -> None:
    """Run a view as a program. `open_view(context)` gives a function that looks and acts; what it returns
    is the number of seconds after which it wants to look again, or None."""
    options = program.arguments_of(name)
    sys.exit(program.guarded(name, lambda: _run(name, options.config, options.once, open_view)))


def _run(name: str, config: Path | None, once: bool, open_view: Open) -> int:
    settings = load(config)
    spool = Spool.open(settings.spool)
    wake = Wake([] if once else folders(spool))
    wake.stop_on(signal.SIGTERM, signal.SIGINT)
    context = Context(name, settings, spool, wake)
    context.mark_alive()
    wake.start()
    look = open_view(context)
    while not wake.stopping:
        wake.clear()
        wake.check()
        for month in _newest_months(spool):
            wake.also(month)
        again = _look(name, look)
        context.ping()
        notify(READY=1)
        if once:
            break
        time.sleep(PAUSE)
        wake.wait(min(context.longest_wait, again if again is not None else stage.LISTING))
    wake.close()
    log("-", "stopped", stage=name)
    return 0


def _look(name: str, look: Callable[[], float | None]) -> float | None:
    try:
        return look()
    except OSError as trouble:
        if trouble.errno not in stage.FULL:
            raise
        log("-", "disk full", level=ERROR, stage=name, file=trouble.filename)
        return None


def folders(spool: Spool) -> list[Path]:
    """Every folder in which a ticket can arrive."""
    queues = [spool.root / name / box for name in STAGES for box in BOXES]
    return [*queues, *(spool.root / box for box in PARKS), spool.root / "done", *_newest_months(spool)]


def _newest_months(spool: Spool) -> list[Path]:
    return sorted(p for p in (spool.root / "done").iterdir() if not p.name.startswith("."))[-2:]
