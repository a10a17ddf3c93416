"""Checks a spool: every task has one ticket, every ticket a task, and nothing else lies about.

Runs at boot and by `skazano fsck`. With `repair` it does what cannot be wrong: it queues tickets that a
crash left inside their task, gives a task without a ticket one in hold/ (the person is then asked), puts
a ticket without a task aside, and removes what an aborted write left.
"""

import os
import re
import shutil
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from skazano import files, ids
from skazano.spool import Spool
from skazano.tickets import BOXES, PARKS, STAGES, Box, Ticket, named

REPAIRED = ("unpublished", "no-ticket", "no-task", "leftover")  # kinds that need nobody's decision
STALE = 3600.0  # seconds; must be above the longest write of one file


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be. `remedy` is what was or can be done."""

    kind: str  # unpublished, no-ticket, no-task, two-tickets, stranger, leftover
    what: str  # the id, or the path below the spool
    remedy: str
    repaired: bool = False


def fsck(spool: Spool, *, repair: bool = False) -> list[Finding]:
    """Every finding, worst first. With several processes at work a finding can be a task on the move:
    whatever was found is therefore looked at a second time before it is told or mended."""
    found = []
    for finding in (*_tickets(spool), *_strangers(spool)):
        if _still(spool, finding):
            found.append(_mend(spool, finding) if repair else finding)
    return found


def _task_ids(spool: Spool) -> set[str]:
    return {
        task
        for day in os.listdir(spool.tasks)
        if not day.startswith(".") and (spool.tasks / day).is_dir()
        for task in os.listdir(spool.tasks / day)
        if ids.valid(task) and ids.day(task) == day
    }


def _all_tickets(spool: Spool) -> Iterator[Ticket]:
    yield from spool.open_tickets()
    yield from spool.tickets("done")


def _tickets(spool: Spool) -> Iterator[Finding]:
    places: dict[str, set[str]] = defaultdict(set)
    for ticket in _all_tickets(spool):
        places[ticket.id].add(ticket.place)
    tasks = _task_ids(spool)
    for id in sorted(tasks - places.keys()):
        if (spool.dir(id) / ".ticket").exists():
            yield Finding("unpublished", id, "queue the ticket that lies in the task")
        else:
            yield Finding("no-ticket", id, "give it a ticket in hold/, so that the person is asked")
    for id in sorted(places.keys() - tasks):
        yield Finding("no-task", min(places[id]), "put the ticket into state/lost/")
    for id, where in sorted(places.items()):
        if len(where) > 1:
            yield Finding("two-tickets", id, f"look at {' and '.join(sorted(where))}, delete the wrong one")


def _strangers(spool: Spool) -> Iterator[Finding]:
    known = {"tasks", "state", "done", "index.db", "README.md", "lost+found", *STAGES, *PARKS}
    for path in spool.root.iterdir():
        if path.name not in known and not path.name.startswith((".", "index.db-")):
            yield Finding("stranger", path.name, "not the spool's: look at it and take it away")
    boxes: list[tuple[str, str | None, Box]] = [(f"{s}/{box}", s, box) for s in STAGES for box in BOXES]
    boxes += [(box, None, box) for box in PARKS]
    months = [month.name for month in (spool.root / "done").iterdir() if month.is_dir()]
    boxes += [(f"done/{month}", None, "done") for month in months]
    for place, stage, box in boxes:
        for name in os.listdir(spool.root / place):
            ticket = named(name, box, stage)
            if name[0] != "." and (ticket is None or ticket.place != f"{place}/{name}"):
                yield Finding("stranger", f"{place}/{name}", "no ticket: look at it and take it away")
    hidden = ("tasks/*/.*", "*/.*.tmp", "*/*/.*.tmp")
    for path in sorted({found for pattern in hidden for found in spool.root.glob(pattern)}):
        if _age(path) > STALE:
            yield Finding("leftover", str(path.relative_to(spool.root)), "remove what an aborted write left")


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _still(spool: Spool, finding: Finding) -> bool:
    if finding.kind in ("unpublished", "no-ticket"):
        return spool.dir(finding.what).exists() and not any(spool.find(finding.what) for _ in range(3))
    if finding.kind == "two-tickets":
        # One that moves is met twice, but it is one inode.
        standing = [spool.path(t) for t in _all_tickets(spool) if t.id == finding.what]
        return len({path.stat().st_ino for path in standing if path.exists()}) > 1
    if finding.kind == "no-task":
        id = re.search(ids.PATTERN, Path(finding.what).name)
        return (spool.root / finding.what).exists() and id is not None and not spool.dir(id[0]).exists()
    return (spool.root / finding.what).exists()


def _mend(spool: Spool, finding: Finding) -> Finding:
    path = spool.root / finding.what
    if finding.kind == "unpublished":
        spool.finish_publishing(finding.what)
    elif finding.kind == "no-ticket":
        ticket = Ticket(finding.what, "hold", _stage_before(spool.dir(finding.what)))
        files.write_file(spool.path(ticket), "")
    elif finding.kind == "no-task":
        lost = spool.state / "lost"
        lost.mkdir(mode=0o775, exist_ok=True)
        path.rename(lost / path.name)
    elif finding.kind == "leftover":
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    else:
        return finding
    return Finding(finding.kind, finding.what, finding.remedy, repaired=True)


def _stage_before(task: Path) -> str:
    """The stage at which a task that lost its ticket can go on without doing anything twice."""
    for name, stage in (
        ("answer.txt", "reply"),
        ("result.md", "summarize"),
        ("run", "execute"),
        ("prompt.md", "execute"),
        ("request.txt", "refine"),
        ("transcript.txt", "route"),
    ):
        if (task / name).exists():
            return stage
    return "download"
