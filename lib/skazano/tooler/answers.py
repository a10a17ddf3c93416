"""What the tooler and the receiver of callbacks share as HTTP servers: problems, bodies, the token."""

import asyncio
import hashlib
import hmac
from collections.abc import Awaitable, Callable, Sequence

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from skazano.log import ERROR, log
from skazano.tooler.wire import BOX, PROBLEM, Problem


class Refusal(Exception):
    """The request is answered with this problem."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(title)
        self.problem = Problem(status=status, title=title, detail=detail)


def plain(routes: Sequence[Route]) -> Starlette:
    """An application that answers with problems where something is wrong."""
    handlers: dict[type[Exception] | int, Callable[[Request, Exception], Awaitable[Response]]] = {
        Refusal: _refused,
        HTTPException: _http,
        OSError: _unstored,
        Exception: _fault,
    }
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.router.redirect_slashes = False
    return app


class Guard:
    """Lets nobody in without the token, but for the description; who has it is told whose box this is."""

    def __init__(self, app: ASGIApp, token: str, name: str) -> None:
        self._app = app
        self._digest = hashlib.sha256(token.encode()).digest()
        self._name = (BOX.lower().encode(), name.encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] == "/openapi.json":
            await self._app(scope, receive, send)
            return
        if self._knows(scope):
            await self._app(scope, receive, self._named(send))
            return
        problem = Problem(
            status=401, title="Who are you?", detail="Send Authorization: Bearer and this box's tooler token."
        )
        answer = problem_response(problem, {"WWW-Authenticate": "Bearer"})
        await answer(scope, receive, send)

    def _named(self, send: Send) -> Send:
        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], self._name]
            await send(message)

        return named

    def _knows(self, scope: Scope) -> bool:
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        scheme, _, token = given[0].partition(b" ") if len(given) == 1 else (b"", b"", b"")
        # Digests are of one length: the comparison tells nothing, not even the token's.
        right = hmac.compare_digest(hashlib.sha256(token.strip()).digest(), self._digest)
        return right and scheme.lower() == b"bearer"


async def body_of(request: Request, most: int, seconds: float) -> bytes:
    """The body, if it has no more than `most` bytes and arrives within `seconds`. Raises Refusal."""
    parts, size = [], 0
    try:
        async with asyncio.timeout(seconds):
            async for part in request.stream():
                size += len(part)
                if size > most:
                    raise Refusal(413, "Too large", f"Send at most {most} bytes.")
                parts.append(part)
    except TimeoutError as error:
        raise Refusal(408, "Too slow", f"Send the body within {seconds:g} seconds.") from error
    except ClientDisconnect as error:
        raise Refusal(400, "Cut off", "Send the whole body.") from error
    return b"".join(parts)


def problem_response(problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """A problem as the answer."""
    return Response(msgspec.json.encode(problem), problem.status, headers, PROBLEM)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return problem_response(error.problem)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    details = {
        404: "There are /box, /runs, /runs/<id>, /runs/<id>/files/<name> and /openapi.json.",
        405: "See the header Allow for the methods that there are.",
    }
    problem = Problem(
        status=error.status_code,
        title=error.detail,
        detail=details.get(error.status_code, "See /openapi.json."),
    )
    return problem_response(problem, dict(error.headers or {}))


async def _unstored(request: Request, error: Exception) -> Response:
    log("-", "not stored", level=ERROR, why=error)
    problem = Problem(
        status=507, title="Cannot be stored", detail="Look after this box's disk, then send it again."
    )
    return problem_response(problem)


async def _fault(request: Request, error: Exception) -> Response:
    log("-", "request failed", level=ERROR, why=repr(error), path=request.url.path)
    return problem_response(Problem(status=500, title="A fault of the tooler", detail="See its log."))
