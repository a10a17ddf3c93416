"""A consistent copy of spool and configuration while everything runs, and the way back.

First the tickets are listed, then the tasks copied: a stage writes its outputs before it moves its ticket,
so each task in the copy is at least as far as its ticket says, and what is repeated gives the same. A run
that was alive counts as cut off in the copy: the person is asked, nothing is done twice. Index and pages are
views and are left out, as are repositories: they have their remotes. MANIFEST.json is the last member: an
archive without it is not whole. In the archive: spool/…, etc/…, secrets/….
"""

import io
import json
import os
import shutil
import stat
import tarfile
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from skazano import files, ids
from skazano.config import Settings
from skazano.spool import FORMAT, Spool, SpoolError, Ticket

PREFIX, SUFFIX = "skazano-", ".tar.gz"
MANIFEST = "MANIFEST.json"
NOT_STATE = ("alive", "lost")  # of state/: marks of processes, and evidence


@dataclass(frozen=True)
class Made:
    """What an archive holds."""

    path: Path
    tasks: int
    size: int
    secrets: bool


def backup(settings: Settings, spool: Spool, target: Path, *, secrets: bool = False) -> Made:
    """Write the archive `target` (mode 0600), or into the folder of that name. Raises OSError."""
    if target.is_dir():
        target = target / f"{PREFIX}{datetime.now(UTC):%Y%m%d-%H%M%S}{SUFFIX}"
    temporary = target.with_name(f".{target.name}.tmp")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(fd, "wb") as stream:
            with tarfile.open(fileobj=stream, mode="w:gz", compresslevel=1) as archive:
                count = _fill(archive, settings, spool, secrets)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.rename(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    files.fsync_dir(target.parent)
    return Made(target, count, target.stat().st_size, secrets)


def _fill(archive: tarfile.TarFile, settings: Settings, spool: Spool, secrets: bool) -> int:
    tickets = _tickets(spool)
    count = 0
    for ticket in tickets.values():
        folder = spool.dir(ticket.id)
        if not folder.is_dir():
            continue  # a ticket without a task: fsck's business
        _tree(archive, folder, f"spool/tasks/{ids.day(ticket.id)}/{ticket.id}")
        _add(archive, f"spool/{ticket.place}", b"", _ripe(spool, ticket))
        count += 1
    for path in sorted(spool.state.iterdir()):
        if path.name not in NOT_STATE and not path.name.startswith("."):
            _tree(archive, path, f"spool/state/{path.name}")
    for path in (settings.file, settings.folder / "htpasswd", *sorted(settings.projects.glob("*.toml"))):
        _tree(archive, path, f"etc/{path.relative_to(settings.folder)}")
    if secrets:
        _tree(archive, settings.folder / "secrets", "secrets")
    manifest = {"format": FORMAT, "tasks": count, "time": time.time(), "secrets": secrets}
    _add(archive, MANIFEST, json.dumps(manifest).encode(), time.time())
    return count


def _tickets(spool: Spool) -> dict[str, Ticket]:
    """Where each task stands: the first place met if it moves on meanwhile, for that is the earlier one."""
    found: dict[str, Ticket] = {}
    for ticket in (*spool.open_tickets(), *spool.tickets("done")):
        found.setdefault(ticket.id, ticket)
    for day in sorted(spool.tasks.iterdir()):
        for id in () if day.name.startswith(".") else sorted(os.listdir(day)):
            if id not in found and ids.valid(id) and (late := spool.find(id)):
                found[id] = late  # it moved back while they were listed
    return found


def _ripe(spool: Spool, ticket: Ticket) -> float:
    """A ticket's time: in later/ it says when the task is to be tried again."""
    try:
        return spool.path(ticket).stat().st_mtime
    except FileNotFoundError:
        return time.time()


def _tree(archive: tarfile.TarFile, path: Path, name: str) -> None:
    """Regular files and folders; links, FIFOs and what vanishes meanwhile are left out."""
    for file, member in _files(path, name):
        try:
            fd = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            continue
        with os.fdopen(fd, "rb") as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode):
                continue
            info = _info(member, status.st_size, status.st_mtime)
            archive.addfile(info, _Padded(stream, status.st_size))  # type: ignore[arg-type]


class _Padded:
    """A file of which exactly so many bytes are read, also if it gets shorter meanwhile."""

    def __init__(self, stream: io.BufferedReader, size: int) -> None:
        self.stream = stream
        self.left = size

    def read(self, size: int) -> bytes:
        size = min(size, self.left)
        data = self.stream.read(size).ljust(size, b"\0")
        self.left -= size
        return data


def _files(path: Path, name: str) -> Iterator[tuple[str, str]]:
    if path.is_symlink():
        return
    if not path.is_dir():
        yield str(path), name
        return
    for root, folders, names in os.walk(path):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        relative = os.path.relpath(root, path)
        for file in sorted(names):
            if not (file.startswith(".") and file.endswith((".tmp", ".part"))):
                yield os.path.join(root, file), os.path.normpath(f"{name}/{relative}/{file}")


def _info(name: str, size: int, mtime: float) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = size, mtime, 0o664
    return info


def _add(archive: tarfile.TarFile, name: str, data: bytes, mtime: float) -> None:
    archive.addfile(_info(name, len(data), mtime), io.BytesIO(data))


def keep(folder: Path, count: int) -> list[Path]:
    """Remove all but the newest `count` archives of the folder; those that were removed. One from the future
    was made when the clock was wrong: it counts as the oldest."""
    newest = f"{PREFIX}{datetime.now(UTC):%Y%m%d-%H%M%S}{SUFFIX}"
    found = sorted(folder.glob(f"{PREFIX}[0-9]*{SUFFIX}"), key=lambda path: (path.name <= newest, path.name))
    old = found[: -count or None]
    for path in old:
        path.unlink()
    return old


# -- the way back -----------------------------------------------------------------------------------


def restore(settings: Settings, archive: Path, *, config: bool = False) -> int:
    """Put the archive's tasks into the spool, which must be empty and at rest; how many there are.

    `config`: skazano.toml, projects and secrets too, over those that are there. All is unpacked and looked at
    before anything takes its name. Raises SpoolError, OSError.
    """
    root = settings.spool
    _at_rest(root)
    root.mkdir(mode=0o770, parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=".restore-", dir=root))
    try:
        manifest = _unpack(archive, work)
        if str(manifest.get("format")) != FORMAT:
            _older(work / "spool")
        for folder in Spool(root).folders():
            folder.mkdir(mode=0o770, parents=True, exist_ok=True)
        _open_up(work / "spool")
        _move_in(work / "spool" / "tasks", root / "tasks")
        for path in sorted((work / "spool").iterdir()):
            if path.name != "tasks":
                _move_in(path, root / path.name)
        if config:
            _configuration(work, settings)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return int(manifest["tasks"])


def _older(spool: Path) -> None:
    from skazano.upkeep.migrate import migrate

    migrate(spool)


def _at_rest(root: Path) -> None:
    if any(root.glob("tasks/[0-9]*/[0-9]*")):
        raise SpoolError(f"there are tasks in {root}: a backup goes into an empty spool only. Move them away")
    from skazano.upkeep.doctor_stages import running

    if alive := running(Spool(root)):
        raise SpoolError(f"still running: {', '.join(alive)}. Run: systemctl stop skazano.target 'skazano@*'")


def _unpack(archive: Path, work: Path) -> dict[str, Any]:
    try:
        with tarfile.open(archive, mode="r:gz") as stream:
            for member in stream:
                _take_out(stream, member, work)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise SpoolError(f"{archive} cannot be read: {error}") from error
    manifest = files.read_json(work / MANIFEST)
    if not isinstance(manifest, dict) or not isinstance(manifest.get("tasks"), int):
        raise SpoolError(f"{archive} is no whole backup of Skazano: it has no {MANIFEST}")
    return manifest


def _take_out(stream: tarfile.TarFile, member: tarfile.TarInfo, work: Path) -> None:
    """One file, below `work`. By hand: the filters of tarfile came with 3.11.4, Debian 12 has 3.11.2."""
    place = PurePosixPath(member.name)
    data = stream.extractfile(member) if member.isreg() else None
    if data is None or place.is_absolute() or ".." in place.parts:
        raise tarfile.TarError(f"{member.name[:80]!r} is nothing that a backup holds")
    target = work / place
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as file:
        shutil.copyfileobj(data, file)
    os.utime(target, (member.mtime, member.mtime))


def _open_up(spool: Path) -> None:
    """Folders and files as stages make them, and of the service's user where that exists."""
    import pwd

    try:
        owner: tuple[int, int] | None = pwd.getpwnam("skazano")[2:4] if os.geteuid() == 0 else None
    except KeyError:
        owner = None
    for root, folders, names in os.walk(spool):
        for name in (*folders, *names):
            path = os.path.join(root, name)
            os.chmod(path, 0o2775 if name in folders and os.path.isdir(path) else 0o664)
            if owner:
                os.chown(path, *owner)


def _move_in(source: Path, target: Path) -> None:
    """Rename what lies in `source` to its place below `target`, which has the folders already."""
    if not source.is_dir():
        if source.exists():
            source.rename(target)
        return
    target.mkdir(mode=0o775, exist_ok=True)
    for path in sorted(source.iterdir()):
        if path.is_dir() and (target / path.name).is_dir():
            _move_in(path, target / path.name)
        else:
            path.rename(target / path.name)
    files.fsync_dir(target)


def _configuration(work: Path, settings: Settings) -> None:
    for source in sorted(p for p in (work / "etc").rglob("*") if p.is_file()):
        target = settings.folder / source.relative_to(work / "etc")
        target.parent.mkdir(parents=True, exist_ok=True)
        files.write_file(target, source.read_bytes(), 0o640 if target.name == "htpasswd" else 0o644)
    for source in sorted(p for p in (work / "secrets").rglob("*") if p.is_file()):
        target = settings.folder / source.relative_to(work)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        files.write_file(target, source.read_bytes(), 0o600)
