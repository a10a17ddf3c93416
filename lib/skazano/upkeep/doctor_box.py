"""doctor: what an installation has of files, owners and modes, and a machine of programs and limits."""

import grp
import os
import pwd
import shutil
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from skazano.config import Settings
from skazano.spool import PARKS, STAGES, Spool
from skazano.upkeep.doctor_finding import Finding, installed
from skazano.upkeep.fsck import REPAIRED, fsck

# path, mode, owner, group: as tmpfiles.d/skazano.conf makes them.
PLACES = (
    ("/etc/skazano/secrets", 0o700, "root", "root"),
    ("/etc/skazano/secrets/boxes", 0o700, "root", "root"),
    ("/var/spool/skazano", 0o2770, "skazano", "skazano"),
    ("/var/spool/skazano/tasks", 0o2770, "skazano", "skazano"),
    ("/srv/skazano", 0o2770, "skazano", "skazano-code"),
    ("/var/lib/skazano/execute", 0o700, "skazano-execute", "skazano-execute"),
    ("/var/lib/skazano/agents/main", 0o700, "skazano-agent-main", "skazano-agent-main"),
    ("/run/skazano/runs", 0o755, "skazano-execute", "skazano"),
)
MEND = "systemd-tmpfiles --create /etc/tmpfiles.d/skazano.conf"
FAR_DAYS = 1.0  # must be above the longest that a stage puts a task off
INSTANCES, WATCHES = 64, 8192  # of inotify, for a user; each view watches some thirty folders


def machine() -> Iterator[Finding]:
    """Python, programs, kernel limits."""
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding("ok", "python", version)
    for program, package in (("ffmpeg", "ffmpeg"), ("git", "git")):
        if where := shutil.which(program):
            yield Finding("ok", program, where)
        else:
            yield Finding("wrong", program, "not found", f"apt-get install {package}")
    for name, least in (("max_user_instances", INSTANCES), ("max_user_watches", WATCHES)):
        file = Path("/proc/sys/fs/inotify") / name
        count = int(file.read_text()) if file.exists() else least
        if count < least:
            wider = f"sysctl -w fs.inotify.{name}={2 * least}"
            yield Finding("warning", f"inotify {name}", str(count), wider)
    yield Finding("ok", "inotify", "limits are wide enough")


def spool_state(settings: Settings, spool: Spool) -> Iterator[Finding]:
    """Space, rights, order, and what waits for a person."""
    for place in (spool.root, settings.work):
        if place.is_dir():
            yield from _space(place, settings.config.limits.free_mb)
    if not os.access(spool.root, os.W_OK):
        yield Finding("wrong", "spool", f"{spool.root} cannot be written", f"ls -ld {spool.root}")
    found = fsck(spool)
    if found:
        mends = " --repair" if any(finding.kind in REPAIRED for finding in found) else ""
        state = f"{found[0].kind} {found[0].what}" + (f" and {len(found) - 1} more" if found[1:] else "")
        yield Finding("warning", "spool", state, f"skazano fsck{mends}")
    else:
        yield Finding("ok", "spool", f"{spool.root}, one filesystem")
    yield from _far_off(spool)
    parked = {box: len(spool.tickets(box)) for box in PARKS}
    waiting = ", ".join(f"{count} in {box}/" for box, count in parked.items() if count)
    yield Finding("ok", "waiting for a person", waiting or "nothing")


def _far_off(spool: Spool) -> Iterator[Finding]:
    """Tickets in later/ whose time was set while the clock was ahead."""
    for stage in STAGES:
        for ticket in spool.tickets("later", stage):
            path = spool.path(ticket)
            days = (path.stat().st_mtime - time.time()) / 86400 if path.exists() else 0.0
            if days > FAR_DAYS:
                state = f"waits {days:.0f} days for {stage}: the clock was wrong"
                yield Finding("wrong", f"task {ticket.id}", state, f"touch {path}")


def _space(place: Path, least: int) -> Iterator[Finding]:
    free = shutil.disk_usage(place).free // 1_000_000
    inodes = os.statvfs(place)
    if free < least:
        yield Finding("wrong", f"disk {place}", f"{free} MB free: receive has stopped", f"df -h {place}")
    elif inodes.f_files and inodes.f_favail < 10_000:
        yield Finding("wrong", f"disk {place}", f"{inodes.f_favail} inodes left", f"df -i {place}")
    else:
        yield Finding("ok", f"disk {place}", f"{free} MB free")


def places() -> Iterator[Finding]:
    """Owners and modes of an installation's folders and secrets."""
    if not installed():
        return
    for path, mode, owner, group in PLACES:
        yield from _place(Path(path), mode, owner, group)
    secrets = Path("/etc/skazano/secrets")
    if os.geteuid() != 0:
        return
    for file in sorted(secrets.iterdir()) if secrets.is_dir() else []:
        status = file.stat()
        if status.st_mode & 0o077 or status.st_uid != 0:
            mend = f"chown root: {file}; chmod 600 {file}"
            yield Finding("wrong", f"secret {file.name}", "others may read it", mend)


def _place(path: Path, mode: int, owner: str, group: str) -> Iterator[Finding]:
    try:
        status = path.stat()
    except FileNotFoundError:
        yield Finding("wrong", str(path), "is not there", MEND)
        return
    except PermissionError:
        return
    try:
        mine = (pwd.getpwuid(status.st_uid).pw_name, grp.getgrgid(status.st_gid).gr_name)
    except KeyError:
        mine = ("?", "?")
    # With an ACL (the door for nginx) the bits of the group are the mask: as wide as its widest entry.
    found = stat.S_IMODE(status.st_mode)
    if mine != (owner, group) or found != mode:
        state = f"{mine[0]}:{mine[1]} {found:04o} instead of {owner}:{group} {mode:04o}"
        yield Finding("wrong", str(path), state, MEND)
