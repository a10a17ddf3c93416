"""The tooler over HTTP. `openapi` describes it; whatever goes wrong is answered with a problem (RFC 9457).

A request is looked at in this order: the token, the path, the method, the size, the words. What is stored
is stored before the answer says so.
"""

import time
from pathlib import Path
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from skazano.config import ConfigError, Settings
from skazano.execution import runs, units
from skazano.log import ERROR, log
from skazano.projects import Project, load_all, writes_anywhere
from skazano.task import TaskDir
from skazano.tooler import openapi
from skazano.tooler.answers import Guard, Refusal, body_of, plain
from skazano.tooler.crew import Crew
from skazano.tooler.store import Other, Run, Store
from skazano.tooler.wire import BODY, BOX, FAR, VERSION, Here, View, Wanted, unclean

BODY_SECONDS = 300.0  # for a request to arrive
BEGIN_SECONDS = 10.0  # for which the answer waits for the process that it names; below Pace.read


class App:
    """The endpoints."""

    def __init__(self, settings: Settings, store: Store, crew: Crew) -> None:
        self.settings = settings
        self.store = store
        self.crew = crew

    async def greet(self, request: Request) -> Response:
        """GET /box."""
        projects = await run_in_threadpool(self._projects)
        tools = {project.slug: project.tools for project in projects.values()}
        return _json(Here(box=self.store.name, version=VERSION, time=time.time(), projects=tools))

    async def begin(self, request: Request) -> Response:
        """POST /runs."""
        if request.headers.get(BOX, self.store.name) != self.store.name:
            raise Refusal(
                409, "Another box", "This request was meant for another box than the one it reached."
            )
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise Refusal(415, "Not JSON", "Send the request with Content-Type: application/json.")
        body = await body_of(request, BODY, BODY_SECONDS)
        return await run_in_threadpool(self._begin, _wanted(body))

    def _begin(self, wanted: Wanted) -> Response:
        known = self.store.get(wanted.id)
        if known is None:
            self._check(wanted)
        try:
            run, _ = self.store.add(wanted)
        except Other as error:
            raise Refusal(
                409,
                "Another request under this name",
                f"The run {wanted.id} was asked for in other words. Send those again, or the next attempt.",
            ) from error
        self.crew.add(run, BEGIN_SECONDS)
        return _json(self._view(run), 202, {"Location": f"/runs/{run.id}"})

    def _check(self, wanted: Wanted) -> None:
        """That this box has the project, and the project the tool. Raises Refusal."""
        project = self._projects().get(wanted.project)
        if project is None:
            raise Refusal(
                404,
                "No such project",
                f"This box has no project {wanted.project!r}. Make projects/{wanted.project}.toml there.",
            )
        if rule := next(filter(writes_anywhere, wanted.allow), None):
            raise Refusal(
                409, "A rule that allows too much", f"{rule!r} lets it write anywhere: say Edit(./**)."
            )
        if wanted.undoes is not None:
            return
        tool = self.settings.config.tools.get(wanted.tool)
        if tool is None or wanted.tool not in project.tools:
            raise Refusal(
                403,
                "No such tool in the project",
                f"Use one of {', '.join(project.tools)}, or allow {wanted.tool!r} in this box's "
                f"projects/{wanted.project}.toml.",
            )
        if wanted.kind is not None and wanted.kind != tool.kind:
            raise Refusal(
                409,
                "Another kind of tool",
                f"{wanted.tool!r} is of kind {tool.kind} on this box: let both skazano.toml say the same.",
            )

    def _projects(self) -> dict[str, Project]:
        """The projects that live here. Raises Refusal."""
        try:
            known = load_all(self.settings)
            return {slug: project for slug, project in known.items() if project.box is None}
        except ConfigError as error:
            log("-", "configuration", level=ERROR, why=error)
            raise Refusal(
                503, "Misconfigured", "This box's configuration is wrong: see `skazano doctor` there."
            ) from error

    async def look(self, request: Request) -> Response:
        """GET /runs/<id>."""
        stdout, stderr = (_offset(request, f"{name}_from") for name in ("stdout", "stderr"))
        return await run_in_threadpool(self._look, request.path_params["id"], stdout, stderr)

    def _look(self, id: str, stdout: int, stderr: int) -> Response:
        run = self._run(id)
        ended = run.ended()  # first: a run that was over by now has written all that it will
        view = self._view(run)
        view.stdout, view.stdout_next = run.output("stdout.log", stdout)
        view.stderr, view.stderr_next = run.output("stderr.log", stderr)
        if ended is not None:
            view.status, view.result = ended.status, ended.result
        elif id in self.crew.left:
            raise Refusal(507, "Cannot be gone on with", "Look after this box's disk, then restart tooler.")
        return _json(view)

    async def stop(self, request: Request) -> Response:
        """DELETE /runs/<id>."""
        return await run_in_threadpool(self._stop, request.path_params["id"])

    def _stop(self, id: str) -> Response:
        run = self._run(id)
        self.crew.stop_run(run)
        return _json(self._view(run), 202)

    async def run(self, request: Request) -> Response:
        """/runs/<id>, whatever the method."""
        return await (self.stop if request.method == "DELETE" else self.look)(request)

    async def fetch(self, request: Request) -> Response:
        """GET /runs/<id>/files/<name>."""
        run = await run_in_threadpool(self._run, request.path_params["id"])
        path = run.file(request.path_params["name"])
        if path is None or run.ended() is None:
            raise Refusal(404, "No such file", "See result.files of the run, once it is over.")
        headers = {"X-Content-Type-Options": "nosniff", "Content-Disposition": "attachment"}
        return FileResponse(path, media_type="application/octet-stream", headers=headers)

    def _run(self, id: str) -> Run:
        run = self.store.get(id)
        if run is None:
            raise Refusal(404, "No such run", "Ask for it with POST /runs; its answer names the run.")
        return run

    def _view(self, run: Run) -> View:
        ended, ahead = run.ended(), self.crew.ahead(run)
        return View(
            id=run.id,
            task=run.wanted.task,
            attempt=run.wanted.attempt,
            project=run.wanted.project,
            tool=run.wanted.tool,
            status=ended.status if ended else "running" if ahead is None else "waiting",
            accepted=run.accepted,
            pid=None if ended else self._pid(run),
            ahead=ahead or 0,
        )

    def _pid(self, run: Run) -> int | None:
        if not units.used():
            return pid_of(run.task)
        project = self._projects().get(run.wanted.project)
        return units.unit_pid(run.task.id, project.user) if project else None


def build(settings: Settings, store: Store, crew: Crew, token: str) -> ASGIApp:
    """The whole application."""
    app = App(settings, store, crew)
    document = msgspec.json.encode(openapi.document())

    async def describe(request: Request) -> Response:
        return Response(document, media_type="application/json")

    routes = [
        Route("/openapi.json", describe, methods=["GET"]),
        Route("/box", app.greet, methods=["GET"]),
        Route("/runs", app.begin, methods=["POST"]),
        Route("/runs/{id}", app.run, methods=["GET", "DELETE"]),
        Route("/runs/{id}/files/{name:path}", app.fetch, methods=["GET"]),
    ]
    return Guard(plain(routes), token, store.name)


def _wanted(body: bytes) -> Wanted:
    try:
        wanted = msgspec.convert(_whole(msgspec.json.decode(body)), Wanted)
    except msgspec.ValidationError as error:
        raise Refusal(422, "Not a request for a run", f"{error}. See /openapi.json.") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(400, "Not JSON", f"Send one JSON object in UTF-8: {error}.") from error
    if name := unclean(wanted):
        raise Refusal(422, "Not a request for a run", f"`$.{name}` ends in a newline. See /openapi.json.")
    return wanted


def _whole(value: Any) -> Any:
    """The request with `attempt` as an int: in JSON Schema 2.0 is an integer, for msgspec it is not."""
    if isinstance(value, dict) and isinstance(number := value.get("attempt"), float) and number.is_integer():
        return {**value, "attempt": int(number)}
    return value


def _offset(request: Request, name: str) -> int:
    given = request.query_params.getlist(name)
    if not given:
        return 0
    text = given[0]
    if len(given) > 1 or not (text.isascii() and text.isdigit() and len(text) < 16 and int(text) <= FAR):
        raise Refusal(422, "Not an offset", f"Give {name} once, as a whole number from 0 to {FAR}.")
    return int(text)


def _json(view: View | Here, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(view), status, headers, "application/json")


def pid_of(task: TaskDir) -> int | None:
    """The process that watches over the task's tool, if it lives: its argument is the run's folder."""
    wanted = str(task.path / "run").encode()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue  # it has ended meanwhile, or is not ours to look at
            if wanted in words and str(runs.RUNNER).encode() in words:
                return int(entry.name)
    return None
