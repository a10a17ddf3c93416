"""Having a run carried out by another box's tooler, so that it begins once and its result comes here once.

In run/ of the task, besides what a run has anyway:

    request.json    the request, byte for byte as it is sent, however often
    remote.json     who carries it out; written before the request is first sent
    callback.json   the other side says that it is over (see callback)
    exit.json       last, as for any run

Whoever dies in between, the next one reads these and goes on: it asks again for the same run, or looks how
it stands. Truth is what the tooler answers to GET; a callback only ends the wait for the next look.
"""

import time
from collections.abc import Callable
from typing import Any

import msgspec

from skazano import files
from skazano.log import WARNING, log
from skazano.stage import Context, Stopped
from skazano.task import TaskDir
from skazano.tooler.remote import MOST, Remote, append, known
from skazano.tooler.talk import Box, Http, Pace, Unwell, problem_of, view_of
from skazano.tooler.wire import FILE, KEPT, REMOTE, File, Result, View, Wanted, fits

AGAIN = (408, 425, 429, 500, 502, 503, 504, 507)  # the tooler, or what stands in front of it, is unwell


class Away(Exception):
    """The box cannot be reached, and was not asked for anything yet."""


class Refused(Exception):
    """The box does not want to; nothing runs there. The text says why and what to do."""


class RunFailed(Exception):
    """The run could not be carried out. `told` is for the person, `detail` for who looks after the box."""

    def __init__(self, told: str, detail: str) -> None:
        super().__init__(detail or told)
        self.told = told
        self.detail = detail


def carry_out(
    task: TaskDir,
    wanted: Callable[[], Wanted],
    box: Box,
    context: Context,
    on_quiet: Callable[[float], None],
    pace: Pace | None = None,
) -> dict[str, Any] | None:
    """Have the run carried out and fetch what it made; exit.json. None if it was cut off there, or its box
    is lost: the tool may have done anything. `wanted` is asked only for a run that was never sent. A `cancel`
    file stops it. Raises Away, Refused, RunFailed, Stopped, OSError, and what `wanted` raises."""
    if (done := task.json("run/exit.json")) is not None:
        return dict(done)
    call = _Call(task, box, context, on_quiet, pace or Pace())
    call.prepare(wanted)
    context.wake.also(task.path / "run")
    try:
        return call.through()
    finally:
        context.wake.no_longer(task.path / "run")
        call.http.close()


class _Call:
    def __init__(
        self, task: TaskDir, box: Box, context: Context, on_quiet: Callable[[float], None], pace: Pace
    ) -> None:
        self.task = task
        self.run = task.path / "run"
        self.box = box
        self.context = context
        self.on_quiet = on_quiet
        self.pace = pace
        self.http = Http(box, pace)
        self.heard = self.spoke = time.monotonic()  # when the box answered last, when the tool wrote last
        self.quiet = context.config.execute.quiet_minutes * 60
        self.stopped = False
        self.news: int | None = None

    def prepare(self, wanted: Callable[[], Wanted]) -> None:
        """The request and the intent, on disk."""
        self.remote = known(self.task)
        self.fresh = self.remote is None
        if self.remote is not None:
            return
        asked = wanted()
        self.run.mkdir(mode=0o775, exist_ok=True)
        files.write_file(self.run / "request.json", msgspec.json.encode(asked))
        self.remote = Remote(box=self.box.name, run=asked.id)
        self._save()

    def through(self) -> dict[str, Any] | None:
        """From where it stands to the end."""
        while True:
            self.context.wake.clear()
            if self.context.stopping:
                raise Stopped  # it goes on there; whoever claims the task asks for it
            try:
                view = self._look() if self._remote.accepted else self._ask()
                if view is None:
                    return None
                if view.result is not None:
                    return self._fetch(view, view.result)
                self.heard = time.monotonic()
            except Unwell as trouble:
                log(self.task.id, "box silent", level=WARNING, box=self.box.name, why=trouble)
                if self._hopeless():
                    return None
            self._stay()

    @property
    def _remote(self) -> Remote:
        assert self.remote is not None
        return self.remote

    def _ask(self) -> View | None:
        """POST. Raises Away, Refused, Unwell."""
        try:
            status, body = self.http.call("POST", "/runs", body=(self.run / "request.json").read_bytes())
        except Unwell as trouble:
            if trouble.unsent and self.fresh:
                self._forget()
                raise Away(f"{self.box.name}: {trouble}") from trouble
            self.fresh = False
            raise
        if status in AGAIN:
            self.fresh = False
            raise Unwell(f"status {status}")
        if status != 202:
            if self.fresh:
                self._forget()
            raise Refused(problem_of(status, body))
        view = view_of(body, self._remote.run)
        started = {"time": time.time(), "pid": view.pid, "box": self.box.name}
        files.write_json(self.run / "started.json", started)
        self._remote.accepted = True
        self._save()
        log(self.task.id, "run begun", box=self.box.name, run=view.id, pid=view.pid, status=view.status)
        return view

    def _look(self) -> View | None:
        """GET, with all output that there is; None if the box knows nothing of the run any more."""
        while True:
            if self.task.has("cancel") and not self.stopped:
                self.stopped = self.http.call("DELETE", f"/runs/{self._remote.run}")[0] in (202, 404)
            read = self._remote.read
            query = {f"{name}_from": read.get(name, 0) for name in ("stdout", "stderr")}
            status, body = self.http.call("GET", f"/runs/{self._remote.run}", query=query)
            if status == 404:
                return None
            if status != 200:
                raise Unwell(f"status {status}")
            view = view_of(body, self._remote.run)
            if not self._take(view) or self.context.stopping:
                return view

    def _take(self, view: View) -> bool:
        """Keep new output; whether there was any."""
        new = False
        outputs = (("stdout", view.stdout, view.stdout_next), ("stderr", view.stderr, view.stderr_next))
        for name, text, upto in outputs:
            if text and upto > self._remote.read.get(name, 0):
                length = append(self.run / f"{name}.log", text.encode(), self._remote.kept.get(name, 0))
                self._remote.read[name], self._remote.kept[name] = upto, length
                new = True
        if new:
            self.spoke = time.monotonic()
            self._save()
        return new

    def _stay(self) -> None:
        """Wait for the next look: for a callback, for a person who wants it stopped, or until it is time."""
        until, cancelled = time.monotonic() + self.pace.poll, self.task.has("cancel")
        self.context.ping(f"running {self.task.id}")
        while not self.context.stopping and not self._called():
            left = until - time.monotonic()
            if left <= 0 or self.task.has("cancel") != cancelled:
                break
            self.context.wake.wait(left)
            self.context.wake.clear()
        if self.quiet and time.monotonic() - self.spoke >= self.quiet:
            self.on_quiet(self.quiet / 60)
            self.quiet = 0.0

    def _called(self) -> bool:
        """Whether a callback has come since it was last asked."""
        try:
            stamp = (self.run / KEPT).stat().st_mtime_ns
        except FileNotFoundError:
            return False
        came, self.news = stamp != self.news, stamp
        return came

    def _hopeless(self) -> bool:
        return self.task.has("cancel") and time.monotonic() - self.heard >= self.pace.give_up

    def _fetch(self, view: View, result: Result) -> dict[str, Any] | None:
        """All files, whole; exit.json last. Raises RunFailed, Unwell."""
        for file in result.files:
            self._file(file)
        log(self.task.id, "run fetched", box=self.box.name, status=view.status, files=len(result.files))
        if view.status == "failed":
            raise RunFailed(result.told or "", result.detail or "")
        if view.status == "cut-off" or result.exit is None:
            return None
        exit = {**result.exit, "box": self.box.name}
        files.write_json(self.run / "exit.json", exit)
        return exit

    def _file(self, file: File) -> None:
        path = self.task.path / file.name
        if not fits(FILE, file.name) or file.size > MOST:
            log(self.task.id, "file not wanted", level=WARNING, name=file.name[:200], size=file.size)
            return
        path.parent.mkdir(mode=0o775, exist_ok=True)
        draft = path.with_name(f".{path.name}.tmp")
        self.http.download(f"/runs/{self._remote.run}/files/{file.name}", draft, file)
        draft.rename(path)
        files.fsync_dir(path.parent)

    def _save(self) -> None:
        files.write_json(self.run / REMOTE, msgspec.to_builtins(self._remote))

    def _forget(self) -> None:
        """Nothing was begun: leave no sign of it."""
        for name in (REMOTE, "request.json"):
            (self.run / name).unlink(missing_ok=True)
        files.fsync_dir(self.run)
