"""`execute` waiting for one run on another box, as a process: CONFIG TASK URL CALLBACK POLL READ."""

import json
import signal
import sys
from pathlib import Path

from skazano.config import load
from skazano.log import log
from skazano.spool import Spool
from skazano.stage import Context
from skazano.task import TaskDir
from skazano.tooler.client import carry_out
from skazano.tooler.talk import Box, Pace, token
from skazano.tooler.wire import Wanted
from skazano.wake import Wake


def main(config: str, id: str, url: str, callback: str, poll: str, read: str) -> None:
    settings = load(Path(config))
    spool = Spool.open(settings.spool)
    task = TaskDir(spool.dir(id))
    wake = Wake([task.path])
    wake.stop_on(signal.SIGTERM)
    context = Context("execute", settings, spool, wake)
    context.mark_alive()
    wake.start()
    box = Box(name="far", url=url, token=token(settings, "boxes/far") or "", callback=callback)
    there = f"{callback}/callbacks/{id}_1" if callback else None

    def wanted() -> Wanted:
        return Wanted(task=id, project="demo", tool="gated", prompt="Сделай", callback=there)

    exit = carry_out(task, wanted, box, context, lambda *_: None, Pace(poll=float(poll), read=float(read)))
    log(task.id, "finished", exit=json.dumps(exit))


if __name__ == "__main__":
    main(*sys.argv[1:])
