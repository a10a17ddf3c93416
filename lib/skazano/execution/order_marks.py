"""state/jump/<id>: a person let this task jump the queue in its project."""

from pathlib import Path

from skazano.spool import Spool

FOLDER = "state/jump"


def jump_file(spool: Spool, id: str) -> Path:
    """The mark of a task."""
    return spool.root / FOLDER / id
