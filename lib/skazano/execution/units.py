"""Runs as systemd units, where Skazano is installed: skazano-agent-<user>@<task>.service.

`execute` has no power but to start and stop that template (polkit/50-skazano.rules). Three links in
/run/skazano/runs/<task> say which task, which run/ and which project the unit sees; everything else of the
spool, and every other project, is hidden from it. The unit's own user runs the runner (skazano.unit_run).
"""

import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Mapping
from grp import getgrnam
from pathlib import Path
from typing import Any

from skazano import ids
from skazano.context import Later
from skazano.tools.base import NoProgram

DEFAULT_USER = "main"
USER = re.compile(r"[a-z0-9]{1,16}")  # must be what the polkit rule takes
GROUP = "skazano-code"  # of the projects' folders, and of run/
START_SECONDS = 60.0  # must be above the unit's TimeoutStartSec
ASK_SECONDS = 20.0
AGAIN = 20.0  # seconds until systemd, or polkit, has come back
AWAY = re.compile(r"authentication required|access denied|connect|not activated|timed out", re.I)


def used() -> bool:
    """Whether runs are units here: execute's own unit says so."""
    return bool(os.environ.get("SKAZANO_RUNS"))


def unit_name(task: str, user: str | None) -> str:
    """The unit of a task's run. Raises NoProgram if `user` is no name of an agent's user."""
    name = user or DEFAULT_USER
    if not USER.fullmatch(name):
        raise NoProgram(f"user = {name!r} in the project's file: it is a name that `skazano agent add` made")
    return f"skazano-agent-{name}@{ids.check(task)}.service"


def account(user: str | None) -> pwd.struct_passwd:
    """The unix user of an agent. Raises NoProgram."""
    try:
        return pwd.getpwnam(f"skazano-agent-{user or DEFAULT_USER}")
    except KeyError as error:
        raise NoProgram(
            f"there is no user skazano-agent-{user or DEFAULT_USER}. Run: "
            f"skazano agent add {user or DEFAULT_USER}"
        ) from error


def fitted(wanted: Mapping[str, Any], user: str | None, secrets: Mapping[str, str]) -> dict[str, Any]:
    """run/argv.json for a unit: its user's home, no namespace of its own (the unit is one), and the names of
    the credentials ({variable: name}) that the unit's user reads for itself. Raises NoProgram."""
    entry = account(user)
    own = {"HOME": entry.pw_dir, "USER": entry.pw_name, "LOGNAME": entry.pw_name, "SHELL": "/bin/bash"}
    cwd = os.path.realpath(str(wanted["cwd"]))
    env = {**wanted["env"], **own}
    return {**wanted, "cwd": cwd, "env": env, "namespace": False, "hide": [], "credentials": dict(secrets)}


def start_unit(task: str, folder: Path, project: str, user: str | None) -> None:
    """Start the run that folder/run describes; returns when its runner holds run/lock, or has ended.

    `folder` is the task's directory. A second start of a run does nothing. Raises Later
    (whoever allows it or does it is away), NoProgram, OSError.
    """
    unit = unit_name(task, user)
    account(user)
    run = folder / "run"
    group = getgrnam(GROUP).gr_gid
    for path in (run, run / "out", run / "control"):
        os.chown(path, -1, group)
    (run / "control").chmod(0o660)
    links = Path(os.environ["SKAZANO_RUNS"]) / ids.check(task)
    links.mkdir(mode=0o755, exist_ok=True)
    for name, target in (("task", folder), ("run", run), ("project", Path(project))):
        _link(links / name, os.path.realpath(target))
    done = _systemctl("start", unit, seconds=START_SECONDS)
    if done.returncode != 0:
        forget(task)
        why = f"{unit} does not start: {' '.join(done.stderr.split())[:300]}. See: journalctl -u '{unit}'"
        if AWAY.search(done.stderr):
            raise Later(why, seconds=AGAIN)
        raise NoProgram(why)


def _link(path: Path, target: str) -> None:
    if path.is_symlink() and os.readlink(path) == target:
        return
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def unit_pid(task: str, user: str | None) -> int | None:
    """The process of the run's unit, while it runs."""
    done = _systemctl("show", "--property=MainPID", "--value", unit_name(task, user), seconds=ASK_SECONDS)
    return int(done.stdout.strip() or 0) or None


def forget(task: str) -> None:
    """Remove the links of a run that has ended."""
    shutil.rmtree(Path(os.environ["SKAZANO_RUNS"]) / ids.check(task), ignore_errors=True)


def _systemctl(*words: str, seconds: float) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["systemctl", "--no-ask-password", "--no-pager", *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Later(f"systemctl {words[0]}: {error}", seconds=AGAIN) from error
    except OSError as error:
        raise NoProgram(f"systemctl {words[0]}: {error}") from error
