"""A stage whose tasks say themselves what happens to them: `spool_stage.py NAME [--config …] [--once]`.

order.txt in the task has a line for each attempt; the last one holds for all that follow.
"""

import errno
import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from skazano.stage import Context, Failed, Later, Stage, Stopped, main
from skazano.task import TaskDir

TOKEN = "123456789:" + "A" * 35


def denied(*what: object, **fields: object) -> None:
    raise PermissionError(errno.EACCES, "Permission denied", "history.jsonl")


def work(task: TaskDir, context: Context) -> str:
    orders = (task.text("order.txt") or "go refine").splitlines()
    verb, _, rest = orders[min(context.attempt, len(orders)) - 1].partition(" ")
    task.write("worked.txt", f"{task.text('worked.txt') or ''}{context.attempt}")
    if verb == "load":
        task.load()
    elif verb == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    elif verb == "later":
        raise Later(f"429 for {TOKEN}", seconds=float(rest) if rest else None)
    elif verb == "outage":
        raise Later("no network", outage=True)
    elif verb == "failed":
        raise Failed("Не вышло.", "what the owner wants to know")
    elif verb == "fault":
        raise RuntimeError(f"a bug with {TOKEN}")
    elif verb == "foreign":
        task.history = denied  # type: ignore[method-assign]
    elif verb == "full":
        Path("/dev/full").write_text("x")
    elif verb in ("stop", "finish"):
        task.write("waiting.txt", "for a signal")
        while not context.stopping:
            context.wake.wait(60)
        if verb == "stop":
            raise Stopped
    elif verb == "silent":
        (task.path / "fifo").read_text()
    elif verb == "ping":
        context.note(engine="test")
        context.ping("still here")
    return rest if verb == "go" else "refine"


def recover(task: TaskDir, context: Context) -> str | None:
    return "hold" if task.has("began.txt") else None


if __name__ == "__main__":
    main(Stage(sys.argv.pop(1), work, recover=recover))
