"""Runs on the tooler's disk: <store>/runs/<attempt>[_<origin>]/<task>/, each a task's directory.

    request.json    what was asked for, and when it was accepted; the directory appears with it, by one rename
    task.json prompt.md resume.json run/ commit.json changes.patch    as `execute` has them
    earlier/        parts of a run whose service was out of reach; each went on in the same session
    attached/       files that came with the request
    cancel          the other side wants it stopped
    result.json     it is over; last
    callback.json   how the news of it was taken

From these the state of a run follows, whatever became of the tooler meanwhile.
"""

import codecs
import contextlib
import errno
import hashlib
import os
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import msgspec

from skazano import files
from skazano.task import Task, TaskDir, encode
from skazano.tooler.remote import own_name
from skazano.tooler.wire import ATTACHED, FILE, PAGE, File, Result, Status, Wanted, fits, split_run

T = TypeVar("T")
MADE = 50  # files that the tool may hand over
KEPT_DAYS = 30  # of a run that is over; a request repeated later than that would begin a second one


class Occupied(Exception):
    """Another tooler works on this store."""


class Other(Exception):
    """There is a run of this name that was asked for in other words."""


class Accepted(msgspec.Struct, kw_only=True):
    """request.json. `accepted` is Unix time in nanoseconds, never the same twice: the order of the queue.
    `wanted` is without the files that came along, `digest` with them."""

    accepted: int
    wanted: Wanted
    digest: str


class Ended(msgspec.Struct, kw_only=True):
    """result.json."""

    status: Status
    result: Result


class Run:
    """One run on disk."""

    def __init__(self, path: Path, accepted: Accepted) -> None:
        self.task = TaskDir(path)
        self.wanted, self.digest = accepted.wanted, accepted.digest
        self.order = accepted.accepted

    @property
    def id(self) -> str:
        return self.wanted.id

    @property
    def accepted(self) -> str:
        """ISO 8601, UTC."""
        return datetime.fromtimestamp(self.order / 1e9, UTC).isoformat(timespec="milliseconds")

    def ended(self) -> Ended | None:
        """What came of it, if it is over."""
        return _decoded(self.task.path / "result.json", Ended)

    def end(self, status: Status, result: Result) -> None:
        """It is over: list its files, and say so, durably."""
        result.files = [_file(self.task.path, name) for name in _names(self.task.path)]
        ended = Ended(status=status, result=result)
        text = msgspec.json.format(msgspec.json.encode(ended), indent=1)
        files.write_file(self.task.path / "result.json", text + b"\n")

    def file(self, name: str) -> Path | None:
        """A file of the run that may be fetched; None if there is no such."""
        return self.task.path / name if _may_go(self.task.path, name) else None

    def output(self, name: str, offset: int) -> tuple[str, int]:
        """What was written to a log from `offset` on, at most PAGE bytes, and where the next page begins."""
        try:
            with files.open_plain(self.task.path / "run" / name) as stream:
                stream.seek(offset)
                data = stream.read(PAGE)
        except FileNotFoundError:
            return "", offset
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        text = decoder.decode(data, final=len(data) < PAGE and self.ended() is not None)
        return text, offset + len(data) - len(decoder.getstate()[0])


class Store:
    """All runs. One tooler at a time works on it: `close` lets it go."""

    def __init__(self, root: Path, now: Callable[[], int] = time.time_ns) -> None:
        """Raises Occupied, OSError."""
        self.root = root
        self._now = now
        self._adding = threading.Lock()
        for folder in (root / "runs", root / "new"):
            folder.mkdir(mode=0o775, parents=True, exist_ok=True)
        self._lock = os.open(root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        if not files.lock(self._lock):
            os.close(self._lock)
            raise Occupied(str(root))
        for left in (root / "new").iterdir():
            shutil.rmtree(left)
        self.name = own_name(root / "name")
        self._last = max((run.order for run in self.all()), default=0)

    def close(self) -> None:
        """Another may work on it."""
        os.close(self._lock)

    def add(self, wanted: Wanted) -> tuple[Run, bool]:
        """The run that was asked for, and whether it is new. Raises Other, OSError."""
        with self._adding:
            known = self.get(wanted.id)
            if known is None:
                return self._make(wanted), True
        if known.digest != wanted.digest:
            raise Other(wanted.id)
        return known, False

    def _make(self, wanted: Wanted) -> Run:
        self._last = max(self._last + 1, self._now())
        bare = msgspec.structs.replace(wanted, attached=[])
        accepted = Accepted(accepted=self._last, wanted=bare, digest=wanted.digest)
        place = self._path(wanted.id)
        draft = self.root / "new" / secrets.token_hex(8)
        draft.mkdir(mode=0o775)  # the spool is the door; the agent's own user reads its task here
        try:
            (draft / "attached").mkdir(mode=0o775)
            for one in wanted.attached:
                files.write_all(draft / "attached" / one.name, one.content)
            files.fsync_dir(draft / "attached")
            for name, data in _first_files(accepted, place).items():
                files.write_all(draft / name, data)
            files.fsync_dir(draft)
            place.parent.mkdir(mode=0o775, exist_ok=True)
            draft.rename(place)
        except OSError:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        files.fsync_dir(place.parent)
        files.fsync_dir(place.parent.parent)
        return Run(place, accepted)

    def get(self, id: str) -> Run | None:
        """The run of that name, if there is one."""
        return self._load(self._path(id)) if split_run(id) else None

    def all(self) -> list[Run]:
        """Every run, in the order in which they were accepted."""
        places = [place for attempt in (self.root / "runs").iterdir() for place in attempt.iterdir()]
        runs = [run for place in places if (run := self._load(place)) is not None]
        return sorted(runs, key=lambda run: run.order)

    def clean(self, days: float = KEPT_DAYS) -> int:
        """Delete runs that have been over for so long; how many."""
        gone = list(self._over_since(self._now() / 1e9 - days * 86400))
        for run in gone:
            grave = self.root / "new" / secrets.token_hex(8)
            run.task.path.rename(grave)  # never half a run under its name
            shutil.rmtree(grave)
        return len(gone)

    def _over_since(self, moment: float) -> Iterator[Run]:
        for run in self.all():
            with contextlib.suppress(FileNotFoundError):
                if (run.task.path / "result.json").stat().st_mtime < moment:
                    yield run

    def _path(self, id: str) -> Path:
        task, _, rest = id.partition("_")
        return self.root / "runs" / rest / task

    def _load(self, path: Path) -> Run | None:
        accepted = _decoded(path / "request.json", Accepted)
        return Run(path, accepted) if accepted else None


def _first_files(accepted: Accepted, place: Path) -> dict[str, bytes]:
    wanted = accepted.wanted
    created = datetime.fromtimestamp(accepted.accepted / 1e9, UTC).isoformat(timespec="milliseconds")
    card = Task(
        id=wanted.task,
        created=created,
        source="cli",
        project=wanted.project,
        tool=wanted.tool,
        lang=wanted.lang,
        title=" ".join(wanted.title.split()) or None,
        session=wanted.session,
    )
    return {
        "task.json": encode(card),
        "prompt.md": wanted.prompt.replace(ATTACHED, f"{place}/attached/").encode() + b"\n",
        "resume.json": msgspec.json.encode({"session": wanted.session}) + b"\n",
        "request.json": msgspec.json.format(msgspec.json.encode(accepted), indent=1) + b"\n",
    }


def _names(folder: Path) -> list[str]:
    made = sorted(folder.glob("run/out/*"))[:MADE]
    found = [*folder.glob("*"), *folder.glob("run/*"), *made]
    names = (str(path.relative_to(folder)) for path in found)
    return sorted(name for name in names if _may_go(folder, name))


def _may_go(folder: Path, name: str) -> bool:
    """Whether it is a file that the other side may have: the tool may have put a link in its place."""
    path = folder / name
    return fits(FILE, name) and path.is_file() and path.resolve() == folder.resolve() / name


def _file(folder: Path, name: str) -> File:
    digest = hashlib.sha256()
    with (folder / name).open("rb") as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
        return File(name=name, size=stream.tell(), sha256=digest.hexdigest())


def _decoded(path: Path, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    except OSError as error:
        if error.errno in (errno.ENOTDIR, errno.ENAMETOOLONG):
            return None
        raise
