"""What holds in a spool at every instant, whatever was killed; and how a system goes on after a crash."""

import re
from collections.abc import Iterable
from pathlib import Path

from skazano.spool import STAGES, Spool
from skazano.task import Task, encode
from skazano.upkeep.fsck import fsck

VOICE = bytes(range(256)) * 40  # what was said: must never change
LONG_AFTER = 3_000_000_000.0  # Unix time: after the end of any test
ID = "20261122-180431-tg-5512-89"


def contents(id: str, **fields: object) -> dict[str, bytes]:
    """A task's files as `receive` and `download` leave them."""
    card = Task(id=id, created="2026-11-22T18:04:31Z", audio="voice.oga", size=len(VOICE), **fields)
    return {"update.json": b"{}\n", "task.json": encode(card), "voice.oga": VOICE}


def places(spool: Spool) -> dict[str, list[str]]:
    """For each task and each ticket's task: every place where a ticket of it lies."""
    found: dict[str, list[str]] = {path.name: [] for path in spool.tasks.glob("*/[!.]*")}
    for ticket in (*spool.open_tickets(), *spool.tickets("done")):
        found.setdefault(ticket.id, []).append(ticket.place)
    for inside in spool.tasks.glob("*/[!.]*/.ticket"):
        found[inside.parent.name].append(str(inside.relative_to(spool.root)))
    return found


def broken(spool: Spool, tasks: Iterable[str] = ()) -> list[str]:
    """Every invariant that does not hold, with `tasks` those that must be there."""
    found, standing = [], places(spool)
    for id in tasks:
        if not spool.dir(id).is_dir():
            found.append(f"{id} is lost")
    for id, where in standing.items():
        if len(where) != 1:
            found.append(f"{id} has the tickets {where}")
        if not spool.dir(id).is_dir():
            found.append(f"{where} is the ticket of no task")
        elif (voice := spool.dir(id) / "voice.oga").exists() and voice.read_bytes() != VOICE:
            found.append(f"the audio of {id} is not what was sent")
    found += [f"fsck: {finding}" for finding in fsck(spool) if finding.kind != "unpublished"]
    return found


def restart(root: Path) -> list[str]:
    """What the programs do when the box comes up again; what then is still not as it should be."""
    spool = Spool.open(root)
    for id in spool.unpublished():
        spool.finish_publishing(id)
    for stage in STAGES:
        for held in spool.recover(stage):
            held.give_back(spent=True)
    return [f"after the restart: {finding}" for finding in fsck(spool)]


def snapshot(root: Path) -> dict[str, object]:
    """The spool without what a repetition may change: attempts, times, how often history tells an event,
    and under which number of earlier/ something was put aside."""
    found: dict[str, object] = {}
    for path in root.rglob("*"):
        place = str(path.relative_to(root))
        if "/." in place or path.is_dir() or place.startswith("state/alive/"):
            continue
        if path.name == "history.jsonl":
            told = re.findall(r'"stage": "(\w+)", "event": "([\w ]+)"', path.read_text())
            found[place] = sorted(set(told))
        elif place.startswith("tasks/"):
            found[re.sub(r"/earlier/\d+/", "/earlier/", place)] = path.read_bytes()
        else:
            found[re.sub(r",\d+$", ",n", place)] = ""
    return found


def on_disk(root: Path) -> object:
    """All that lies there, but for the times in histories and the chance in a temporary name."""
    found = []
    for path in root.rglob("*"):
        place = re.sub(r"(/\.[^/]*)\.\w{8}(?=/|$)", r"\1", str(path.relative_to(root)))
        data = b"" if path.is_dir() else re.sub(rb'"(time|ms)": [^,}]*', b"", path.read_bytes())
        later = path.parent.name == "later" and path.stat().st_mtime > LONG_AFTER
        found.append((place, path.is_dir(), later, data))
    return tuple(sorted(found))


def attempts(root: Path) -> dict[str, int]:
    """How often each ticket in a queue was claimed."""
    return {ticket.id: ticket.attempts for ticket in Spool(root).open_tickets()}
