"""The small endpoint that takes callbacks in: POST /callbacks/<run>, signed with the box's token."""

import time
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from skazano.log import WARNING, log
from skazano.spool import Spool
from skazano.tooler.answers import Refusal, body_of, plain
from skazano.tooler.callback import HEADER, receive

BODY = 4096  # bytes


def build(
    spool: Spool, token_of: Callable[[str], str | None], clock: Callable[[], float] = time.time
) -> Starlette:
    """The application; `token_of` gives the token of the box of that name."""

    async def take(request: Request) -> Response:
        body = await body_of(request, BODY)
        run, signature = request.path_params["run"], request.headers.get(HEADER, "")
        status = await run_in_threadpool(receive, spool, token_of, run, body, signature, clock())
        if status != 204:
            log("-", "callback refused", level=WARNING, status=status)
            raise Refusal(
                status, "Not a callback for here", "Sign it anew, with the token of this box's run."
            )
        return Response(status_code=204)

    return plain([Route("/callbacks/{run}", take, methods=["POST"])])
