"""Bringing a spool of an older format up to date.

state/format holds the number. STEPS[n] turns format n into n+1, in place, while no stage runs; it may be
killed at any instant and is then begun anew, so each step gives the same when it is repeated. A format that
this program does not know is refused and left alone.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from skazano import files
from skazano.spool import FORMAT, SpoolError

Step = Callable[[Path], None]

STEPS: dict[int, Step] = {}  # format 1 is the first


def found(root: Path) -> int:
    """The format of the spool at `root`; the present one if there is none yet. Raises SpoolError."""
    text = files.read_text(root / "state" / "format")
    if text is None:
        return int(FORMAT)
    if not text.isdecimal():
        raise SpoolError(f"{root / 'state' / 'format'} holds {text[:20]!r}: no format of a spool")
    return int(text)


def plan(root: Path, steps: Mapping[int, Step] = STEPS, wanted: int = int(FORMAT)) -> list[int]:
    """The formats that have to be left behind, oldest first; empty if it is up to date. Raises SpoolError."""
    present = found(root)
    if present > wanted:
        raise SpoolError(
            f"{root} has spool format {present}, this program knows up to {wanted}: install the newer "
            "version again, nothing was changed"
        )
    missing = [number for number in range(present, wanted) if number not in steps]
    if missing:
        raise SpoolError(f"{root} has spool format {present}; there is no way from {missing[0]} on")
    return list(range(present, wanted))


def migrate(root: Path, steps: Mapping[int, Step] = STEPS, wanted: int = int(FORMAT)) -> list[int]:
    """Do it; the formats that were left behind. Raises SpoolError, OSError: what was reached is kept."""
    todo = plan(root, steps, wanted)
    for number in todo:
        steps[number](root)
        files.write_file(root / "state" / "format", f"{number + 1}\n")
    return todo
