"""The small endpoint that takes callbacks in: POST /callbacks/<run>, signed with the box's token."""

import time
from collections.abc import Callable

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from skazano import files, ids
from skazano.log import WARNING, log
from skazano.spool import Spool
from skazano.tooler.answers import Refusal, body_of, plain
from skazano.tooler.wire import KEPT, REMOTE, SIGNATURE, Told, signed, split_run

BODY, SECONDS = 4096, 30.0  # bytes of a callback, and how long it may take to arrive


def build(
    spool: Spool, token_of: Callable[[str], str | None], clock: Callable[[], float] = time.time
) -> Starlette:
    """The application; `token_of` gives the token of the box of that name."""

    async def take(request: Request) -> Response:
        body = await body_of(request, BODY, SECONDS)
        run, signature = request.path_params["run"], request.headers.get(SIGNATURE, "")
        status = await run_in_threadpool(receive, spool, token_of, run, body, signature, clock())
        if status != 204:
            log("-", "callback refused", level=WARNING, status=status)
            raise Refusal(
                status, "Not a callback for here", "Sign it anew, with the token of this box's run."
            )
        return Response(status_code=204)

    return plain([Route("/callbacks/{run}", take, methods=["POST"])])


def receive(
    spool: Spool, token_of: Callable[[str], str | None], run: str, body: bytes, signature: str, now: float
) -> int:
    """Take a callback in: run/callback.json in the task's directory, which wakes whoever waits for the run.
    `token_of` gives the token of the box of that name.

    The HTTP status to answer with: 204 taken, also if it came before; 401 nobody waits for that run, or the
    signature is wrong or too old; 400 it is signed but no callback of `run`.
    """
    parts = split_run(run)
    if parts is None or not ids.valid(parts[0]):
        return 401
    folder = spool.dir(parts[0]) / "run"
    wanted = files.read_json(folder / REMOTE)
    if not isinstance(wanted, dict) or wanted.get("run") != run:
        return 401
    token = token_of(str(wanted.get("box")))
    if token is None or not signed(token, body, signature, now):
        return 401
    try:
        told = msgspec.json.decode(body, type=Told)
    except msgspec.DecodeError:
        return 400
    if told.run != run:
        return 400
    files.write_json(folder / KEPT, msgspec.to_builtins(told))
    return 204
