"""Having a run carried out by another box's tooler, so that it begins once and its result comes here once.

In run/ of the task, besides what a run has anyway:

    request.json    the request, byte for byte as it is sent, however often
    remote.json     who carries it out; written when that box has answered, before the request is first sent
    callback.json   the other side says that it is over (see callback)
    exit.json       last, as for any run

Whoever dies in between, the next one reads these and goes on: it asks again for the same run, or looks how
it stands. Truth is what that very box's tooler answers to GET; a callback only ends the wait for the next
look.
"""

import time
from collections.abc import Callable
from typing import Any

import msgspec

from skazano import files
from skazano.log import WARNING, log
from skazano.stage import Context, Stopped
from skazano.task import TaskDir
from skazano.tooler.remote import Remote, append, fetch, known
from skazano.tooler.talk import Box, Http, Pace, Unwell, answer_of, problem_of, view_of
from skazano.tooler.wire import (
    KEPT,
    REMOTE,
    STOPPED,
    VERSION,
    Here,
    Problem,
    Result,
    View,
    Wanted,
)

GIVEN_UP = "remote-given-up.json"  # what remote.json becomes when nothing more is awaited from there


class Refused(Exception):
    """The box does not want to; nothing runs there. The text says why and what to do."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.title}: {problem.detail}"[:500])
        self.status = problem.status


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
    tell: Callable[[str, float], None],
    pace: Pace | None = None,
) -> dict[str, Any] | None:
    """Have the run carried out and fetch what it made; exit.json. None if it was cut off there, or its box
    is lost: the tool may have done anything. `wanted` is asked only for a run that was never sent. A `cancel`
    file stops it. `tell` hears, once each, of "quiet" (minutes without a word of the tool) and "away"
    (minutes without one of the box). Raises Refused, RunFailed, Stopped, OSError, what `wanted` raises."""
    if (done := task.json("run/exit.json")) is not None:
        return dict(done)
    call = _Call(task, wanted, box, context, tell, pace or Pace())
    context.wake.also(call.run)
    try:
        return call.through()
    finally:
        context.wake.no_longer(call.run)
        call.http.close()


class _Call:
    def __init__(
        self,
        task: TaskDir,
        wanted: Callable[[], Wanted],
        box: Box,
        context: Context,
        tell: Callable[[str, float], None],
        pace: Pace,
    ) -> None:
        self.task = task
        self.run = task.path / "run"
        self.run.mkdir(mode=0o775, exist_ok=True)
        self.wanted = wanted
        self.box = box
        self.context = context
        self.tell = tell
        self.told: set[str] = set()
        self.pace = pace
        self.remote = known(task)
        self.http = Http(box, pace, self.remote.there if self.remote else "")
        self.heard = self.spoke = time.monotonic()  # when the box answered last, when the tool wrote last
        self.trouble = ""  # why the box is silent
        self.stopped = False
        self.news: int | None = None

    def through(self) -> dict[str, Any] | None:
        """From where it stands to the end."""
        while True:
            self.context.wake.clear()
            if self.context.stopping:
                raise Stopped  # it goes on there; whoever claims the task asks for it
            if self.remote is None and self.task.has("cancel"):
                return self._exit(STOPPED)
            try:
                view = self._step(self.remote or self._greet())
                if view is None:
                    self._give_up("it knows nothing of the run")
                    return None
                if view.result is not None:
                    return self._fetch(view, view.result)
                self._heard()
            except Unwell as trouble:
                self._silent(str(trouble))
                if self._hopeless():
                    self._give_up("it is silent, and nobody wants to wait")
                    return None
            self._stay()

    def _step(self, remote: Remote) -> View | None:
        return self._look(remote) if remote.accepted else self._ask(remote)

    def _greet(self) -> Remote:
        """Learn which box answers, while nothing was asked of it; the request and the intent, on disk."""
        status, body = self.http.call("GET", "/box")
        if status == 401:
            raise Refused(problem_of(status, body))
        if status != 200:
            raise Unwell(f"status {status}")
        here = answer_of(body, Here)
        if here.version != VERSION:
            detail = f"its protocol is {here.version}, ours {VERSION}: install the same version on both boxes"
            raise Refused(Problem(title="Another version", status=200, detail=detail))
        asked = self.wanted()
        files.write_file(self.run / "request.json", msgspec.json.encode(asked))
        self.remote = Remote(box=self.box.name, run=asked.id, there=here.box)
        self._save(self.remote)
        self.http.there = here.box
        return self.remote

    def _ask(self, remote: Remote) -> View:
        """POST. Raises Refused, Unwell."""
        with (self.run / "request.json").open("rb") as request:
            status, body = self.http.call("POST", "/runs", body=request)
        if status in (400, 403, 404, 409, 413, 415, 422):  # of that very tooler: it began nothing
            self._forget()
            raise Refused(problem_of(status, body))
        if status != 202:
            raise Unwell(f"status {status}")
        view = view_of(body, remote.run)
        started = {"time": time.time(), "pid": view.pid, "box": self.box.name}
        files.write_json(self.run / "started.json", started)
        remote.accepted = True
        self._save(remote)
        log(self.task.id, "run begun", box=self.box.name, run=view.id, pid=view.pid, status=view.status)
        return view

    def _look(self, remote: Remote) -> View | None:
        """GET, with all output that there is; None if the box knows nothing of the run any more."""
        while True:
            if self.task.has("cancel") and not self.stopped:
                self.stopped = self.http.call("DELETE", f"/runs/{remote.run}")[0] in (202, 404)
            query = {f"{name}_from": remote.read.get(name, 0) for name in ("stdout", "stderr")}
            status, body = self.http.call("GET", f"/runs/{remote.run}", query=query)
            if status == 404:
                return None
            if status != 200:
                raise Unwell(f"status {status}")
            view = view_of(body, remote.run)
            if not self._take(remote, view) or self.context.stopping:
                return view

    def _take(self, remote: Remote, view: View) -> bool:
        """Keep new output; whether there was any."""
        new = False
        outputs = (("stdout", view.stdout, view.stdout_next), ("stderr", view.stderr, view.stderr_next))
        for name, text, upto in outputs:
            if text and upto > remote.read.get(name, 0):
                length = append(self.run / f"{name}.log", text.encode(), remote.kept.get(name, 0))
                remote.read[name], remote.kept[name] = upto, length
                new = True
        if new:
            self.spoke = time.monotonic()
            self._save(remote)
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
        silence = time.monotonic() - self.heard
        if self.trouble and silence >= self.pace.away:
            self._tell("away", silence / 60)
        quiet = self.context.config.execute.quiet_minutes * 60
        if quiet and not self.trouble and time.monotonic() - self.spoke >= quiet:
            self._tell("quiet", quiet / 60)

    def _tell(self, what: str, minutes: float) -> None:
        if what not in self.told:
            self.told.add(what)
            self.tell(what, minutes)

    def _called(self) -> bool:
        """Whether a callback has come since it was last asked."""
        try:
            stamp = (self.run / KEPT).stat().st_mtime_ns
        except FileNotFoundError:
            return False
        came, self.news = stamp != self.news, stamp
        return came

    def _heard(self) -> None:
        if self.trouble:
            log(self.task.id, "box answers", box=self.box.name)
        self.heard, self.trouble = time.monotonic(), ""

    def _silent(self, why: str) -> None:
        if why != self.trouble:  # each five seconds would be too much said
            log(self.task.id, "box silent", level=WARNING, box=self.box.name, why=why)
        self.trouble = why

    def _hopeless(self) -> bool:
        waited = time.monotonic() - self.heard >= self.pace.give_up
        return self.remote is not None and self.task.has("cancel") and waited

    def _fetch(self, view: View, result: Result) -> dict[str, Any] | None:
        """All files, whole; exit.json last. Raises RunFailed, Unwell."""
        fetch(self.http, self.task, view.id, result.files)
        log(self.task.id, "run fetched", box=self.box.name, status=view.status, files=len(result.files))
        if view.status == "failed":
            self._give_up("it failed there")
            raise RunFailed(result.told or "", result.detail or "")
        if view.status == "cut-off" or result.exit is None:
            self._give_up("it was cut off there")
            return None
        return self._exit({**result.exit, "box": self.box.name})

    def _exit(self, exit: dict[str, Any]) -> dict[str, Any]:
        files.write_json(self.run / "exit.json", exit)
        return exit

    def _save(self, remote: Remote) -> None:
        files.write_json(self.run / REMOTE, msgspec.to_builtins(remote))

    def _forget(self) -> None:
        """Nothing was begun: leave no sign of it."""
        for name in (REMOTE, "request.json"):
            (self.run / name).unlink(missing_ok=True)
        files.fsync_dir(self.run)

    def _give_up(self, why: str) -> None:
        """Nothing more comes from there: from here on the run counts as cut off, and a person decides."""
        log(self.task.id, "run given up", level=WARNING, box=self.box.name, why=why)
        if not (self.run / "started.json").exists():  # it may have begun: it is not to begin by itself again
            files.write_json(self.run / "started.json", {"time": time.time(), "box": self.box.name})
        (self.run / REMOTE).rename(self.run / GIVEN_UP)
        files.fsync_dir(self.run)
