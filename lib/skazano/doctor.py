"""What is wrong on this machine, and the command that mends it."""

import fcntl
import os
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from skazano.config import ConfigError, Settings
from skazano.fsck import fsck
from skazano.projects import load_all
from skazano.spool import PARKS, STAGES, Spool
from skazano.supervise import PROGRAMS

START = "skazano up (in a checkout), or systemctl start skazano@{name}"
SILENT = 60.0  # seconds that a ticket may wait while its stage takes nothing


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `remedy` is empty if all is well."""

    verdict: Literal["ok", "warning", "wrong"]
    what: str
    state: str
    remedy: str = ""


def examine(settings: Settings, spool: Spool) -> list[Finding]:
    """Everything that can be seen from here, without network."""
    return [
        *_machine(settings),
        *_spool(settings, spool),
        *_telegram(settings),
        *_speech(settings),
        *_projects(settings),
        *_stages(spool),
    ]


def _machine(settings: Settings) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding("ok", "python", version)
    for program, package in (("ffmpeg", "ffmpeg"), ("git", "git")):
        where = shutil.which(program)
        if where:
            yield Finding("ok", program, where)
        else:
            yield Finding("wrong", program, "not found", f"apt-get install {package}")
    limit = Path("/proc/sys/fs/inotify/max_user_instances")
    count = int(limit.read_text()) if limit.exists() else 0
    if count and count < 64:
        yield Finding("warning", "inotify", f"{count} instances", f"sysctl {limit.name}=128")
    else:
        yield Finding("ok", "inotify", f"{count} instances a user")


def _spool(settings: Settings, spool: Spool) -> Iterator[Finding]:
    free = shutil.disk_usage(spool.root).free // 1_000_000
    if free < settings.config.limits.free_mb:
        yield Finding("wrong", "disk", f"{free} MB free: receive has stopped", f"df -h {spool.root}")
    else:
        yield Finding("ok", "disk", f"{free} MB free")
    if not os.access(spool.root, os.W_OK):
        yield Finding("wrong", "spool", f"{spool.root} cannot be written", f"ls -ld {spool.root}")
    found = fsck(spool)
    if found:
        yield Finding("warning", "spool", f"{len(found)} findings", "skazano fsck --repair")
    else:
        yield Finding("ok", "spool", str(spool.root))
    parked = {box: len(spool.tickets(box)) for box in PARKS}
    waiting = ", ".join(f"{count} in {box}/" for box, count in parked.items() if count)
    yield Finding("ok", "waiting for a person", waiting or "nothing")


def _telegram(settings: Settings) -> Iterator[Finding]:
    place = settings.folder / "secrets" / "telegram"
    try:
        token = settings.secret("telegram")
    except ConfigError as error:
        yield Finding("wrong", "bot token", str(error), f"chmod 600 {place}")
        return
    if token:
        yield Finding("ok", "bot token", "there")
    else:
        yield Finding("warning", "bot token", "none: no Telegram", f"install -m 600 /dev/stdin {place}")
    if not settings.config.telegram.allowed:
        yield Finding("warning", "telegram.allowed", "empty: nobody may use the bot", f"edit {settings.file}")
    else:
        yield Finding("ok", "telegram.allowed", f"{len(settings.config.telegram.allowed)} people")


def _speech(settings: Settings) -> Iterator[Finding]:
    from skazano.speech.asr import ModelMissing
    from skazano.speech.asr_choice import choose
    from skazano.speech.tts import available

    asr = settings.config.asr
    folder = Path(asr.models_dir) if asr.models_dir else None
    try:
        choice, why = choose(asr.engine, asr.model, folder, asr.threads or None)
    except (ModelMissing, ValueError) as error:
        yield Finding("wrong", "speech in", str(error), f"edit [asr] in {settings.file}")
    else:
        demo = choice.model == "demo"
        yield Finding("warning" if demo else "ok", "speech in", f"{choice.engine} {choice.model}: {why}")
    voices = available(settings.config.tts.model)
    found = [name for name, state in voices.items() if not state]
    if found:
        yield Finding("ok", "speech out", ", ".join(found))
    else:
        state = "no voice: answers go out as text"
        yield Finding("warning", "speech out", state, "apt-get install espeak-ng")


def _projects(settings: Settings) -> Iterator[Finding]:
    known = load_all(settings)
    if not known:
        yield Finding("warning", "projects", "none", "skazano project add my-site --title «Сайт»")
    for project in known.values():
        folder = Path(project.path)
        if not folder.is_dir():
            yield Finding("wrong", f"project {project.slug}", f"no folder {folder}", f"mkdir -p {folder}")
        elif not (folder / ".git").exists():
            yield Finding("warning", f"project {project.slug}", "no repository", f"git init {folder}")
        else:
            yield Finding("ok", f"project {project.slug}", str(folder))


def _stages(spool: Spool) -> Iterator[Finding]:
    running = [name for name in PROGRAMS if _runs(spool, name)]
    if running:
        yield Finding("ok", "running", ", ".join(running))
    for name in PROGRAMS:
        waiting = spool.ripe(name)[0] if name in STAGES else []
        mark = spool.state / "alive" / name
        silent = time.time() - mark.stat().st_mtime if mark.exists() else 0.0
        if name in running and waiting and silent > SILENT:
            state = f"silent for {silent:.0f} s with {len(waiting)} waiting"
            yield Finding("wrong", f"stage {name}", state, f"systemctl restart skazano@{name}")
        elif name not in running and waiting:
            state = f"not running, {len(waiting)} waiting"
            yield Finding("wrong", f"stage {name}", state, START.format(name=name))
    stopped = [name for name in PROGRAMS if name not in running]
    if stopped:
        which = "all" if not running else stopped[0]
        yield Finding("warning", "not running", ", ".join(stopped), START.format(name=which))


def _runs(spool: Spool, name: str) -> bool:
    """Whether a process of that name holds its lock on state/alive/."""
    mark = spool.state / "alive" / name
    return mark.exists() and _locked(mark)


def _locked(path: Path) -> bool:
    with path.open() as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
