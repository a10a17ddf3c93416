"""HTTP to one tooler: who it is, with which patience, and answers that mean something or are none."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import requests

from skazano.tooler.wire import File, Problem, View

ANSWER = 8 << 20  # bytes of an answer; must be above what two pages of output take in JSON


class Unwell(Exception):
    """No answer that means anything: ask again. `unsent`: it cannot have been heard."""

    def __init__(self, why: str, *, unsent: bool = False) -> None:
        super().__init__(why)
        self.unsent = unsent


@dataclass(frozen=True, kw_only=True)
class Box:
    """Another box. `url` is its tooler's address, `callback` the address of our own endpoint for callbacks
    ("": none, then it is polled only)."""

    name: str
    url: str
    token: str
    callback: str = ""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Seconds. `give_up`: how long a box may be silent after the person wants the run stopped."""

    poll: float = 5.0
    connect: float = 5.0
    read: float = 20.0
    give_up: float = 60.0


class Http:
    """Requests to one box, each with the token; answers with their size limited."""

    def __init__(self, box: Box, pace: Pace) -> None:
        self._url = box.url.rstrip("/")
        self._token = box.token
        self._times = (pace.connect, pace.read)
        self._session = requests.Session()

    def close(self) -> None:
        """Close its connections."""
        self._session.close()

    def call(
        self, method: str, path: str, *, query: Mapping[str, int] | None = None, body: bytes | None = None
    ) -> tuple[int, bytes]:
        """Status and body. Raises Unwell."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        try:
            with self._send(method, path, params=query, data=body, headers=headers) as answer:
                data = b""
                for piece in answer.iter_content(1 << 16):
                    data += piece
                    if len(data) > ANSWER:
                        raise Unwell("its answer has no end")
                return int(answer.status_code), data
        except requests.RequestException as error:
            raise Unwell(_why(error), unsent=_unsent(error)) from error

    def download(self, path: str, draft: Path, file: File) -> None:
        """A file, as it was announced, durably. Raises Unwell."""
        digest, size = hashlib.sha256(), 0
        try:
            with self._send("GET", path) as answer, draft.open("wb") as stream:
                if answer.status_code != 200:
                    raise Unwell(f"status {answer.status_code} for {file.name}")
                for piece in answer.iter_content(1 << 18):
                    size += len(piece)
                    if size > file.size:
                        break
                    digest.update(piece)
                    stream.write(piece)
                stream.flush()
                os.fsync(stream.fileno())
        except requests.RequestException as error:
            raise Unwell(_why(error)) from error
        if size != file.size or digest.hexdigest() != file.sha256:
            raise Unwell(f"{file.name} came incomplete")

    def _send(self, method: str, path: str, **what: Any) -> requests.Response:
        return self._session.request(
            method,
            self._url + path,
            auth=self._authorize,  # an own header would lose against ~/.netrc
            timeout=self._times,
            allow_redirects=False,
            stream=True,
            **what,
        )

    def _authorize(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _unsent(error: requests.RequestException) -> bool:
    """Whether no connection came about, so that nothing can have been heard."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return type(reason).__name__ in ("NewConnectionError", "NameResolutionError", "ConnectTimeoutError")


def _why(error: requests.RequestException) -> str:
    """Without the address, in which there might be a password."""
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return type(reason or error).__name__


def view_of(body: bytes, run: str) -> View:
    """The view of that run. Raises Unwell: it is none."""
    try:
        view = msgspec.json.decode(body, type=View)
    except msgspec.DecodeError as error:
        raise Unwell(f"no answer of a tooler: {error}") from error
    if view.id != run:
        raise Unwell(f"an answer about {view.id[:100]}")
    return view


def problem_of(status: int, body: bytes) -> str:
    """What a refusal says."""
    try:
        problem = msgspec.json.decode(body, type=Problem)
    except msgspec.DecodeError:
        return f"status {status}"
    return f"{problem.title}: {problem.detail}"[:500]
