"""doctor: whether every program runs, gives signs of life, and takes what waits for it."""

import fcntl
import time
from collections.abc import Iterator
from pathlib import Path

from skazano.config import Settings
from skazano.spool import STAGES, Spool
from skazano.upkeep import alert
from skazano.upkeep.doctor_finding import Finding, installed, output
from skazano.upkeep.supervise import PROGRAMS

SILENT = alert.SILENT
NEED_TOKEN = ("receive", "react")
TIMERS = ("watch", "clean", "fsck", "backup")
HELPERS = (*(f"skazano-{name}.timer" for name in TIMERS), "skazano-config.path")


def examine(settings: Settings, spool: Spool, token: bool) -> Iterator[Finding]:
    """Programs by their locks in state/alive, units by systemd."""
    alive = running(spool)
    if alive:
        signs = ", ".join(f"{name} {_last_sign(spool, name):.0f} s" for name in alive)
        yield Finding("ok", "last signs of life", signs)
    for name in STAGES:
        yield from _silent(spool, name, name in alive)
    stopped = [name for name in PROGRAMS if name not in alive and (token or name not in NEED_TOKEN)]
    if installed():
        yield from _units(stopped)
    elif stopped:
        yield Finding("warning", "not running", ", ".join(stopped), "skazano up")


def running(spool: Spool) -> list[str]:
    """The programs of which a process lives."""
    return [name for name in PROGRAMS if locked(spool.state / "alive" / name)]


def _last_sign(spool: Spool, name: str) -> float:
    """Seconds since the program's loop told that it turns."""
    return max(0.0, time.time() - (spool.state / "alive" / name).stat().st_mtime)


def _silent(spool: Spool, name: str, alive: bool) -> Iterator[Finding]:
    seconds, waiting = alert.silence(spool.root, name)
    if seconds > SILENT or (waiting and not alive):
        state = f"silent for {seconds:.0f} s" if alive else "not running"
        state += f", {waiting} waiting"
        start = f"systemctl restart skazano@{name}" if installed() else "skazano up"
        yield Finding("wrong", f"stage {name}", state, start)


def _units(stopped: list[str]) -> Iterator[Finding]:
    for name in stopped:
        _, told = output(["systemctl", "show", "-p", "ActiveState,Result,StatusText", f"skazano@{name}"])
        facts = dict(line.split("=", 1) for line in told.splitlines() if "=" in line)
        state = f"{facts.get('ActiveState', '?')} ({facts.get('Result', '?')})"
        last = output(["journalctl", "-u", f"skazano@{name}", "-n", "1", "-o", "cat", "--no-pager"])[1]
        remedy = f"systemctl restart skazano@{name}"
        yield Finding("wrong", f"unit skazano@{name}", f"{state}: {last[-200:]}", remedy)
    for unit in HELPERS:
        if output(["systemctl", "is-active", unit])[0] != 0:
            yield Finding("warning", f"unit {unit}", "not active", f"systemctl start {unit}")
    if output(["systemctl", "is-enabled", "skazano.target"])[0] != 0:
        remedy = "systemctl enable skazano.target"
        yield Finding("wrong", "unit skazano.target", "not enabled: nothing starts at boot", remedy)
    code, failed = output(["systemctl", "list-units", "--failed", "--plain", "--no-legend", "skazano*"])
    units = [line.split()[0] for line in failed.splitlines() if line.split()] if code == 0 else []
    for unit in units:
        if not unit.startswith("skazano@"):
            yield Finding("wrong", f"unit {unit}", "failed", f"journalctl -u '{unit}' -n 30")


def locked(path: Path) -> bool:
    try:
        stream = path.open()
    except FileNotFoundError:
        return False
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
