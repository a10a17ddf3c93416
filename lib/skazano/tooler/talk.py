"""HTTP to one tooler: who it is, with which patience, and answers that mean something or are none."""

import hashlib
import os
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import msgspec
import requests
import urllib3

from skazano import log as journal
from skazano.config import ConfigError, Settings
from skazano.tooler.wire import BOX, File, Problem, View

ANSWER = 8 << 20  # bytes of an answer; must be above what two pages of output take in JSON
SLOWEST = 20_000  # bytes a second that a file must come with, beyond Pace.whole
TOKEN = 32  # characters that a token has at least
T = TypeVar("T")


class Unwell(Exception):
    """No answer that means anything: ask again."""


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
    """Seconds. `read`: between two bytes of an answer, `whole`: for all of them; `away`: of silence until the
    person is told; `give_up`: how long a box may be silent after the person wants the run stopped."""

    poll: float = 5.0
    connect: float = 5.0
    read: float = 20.0
    whole: float = 60.0
    away: float = 60.0
    give_up: float = 60.0


class Http:
    """Requests to one box, each with the token; answers with their size and time limited. Once `there` is
    set, an answer of any box but that one is none."""

    def __init__(self, box: Box, pace: Pace, there: str = "") -> None:
        self.there = there
        self._url = box.url.rstrip("/")
        self._token = box.token
        self._pace = pace
        self._session = requests.Session()

    def close(self) -> None:
        """Close its connections."""
        self._session.close()

    def call(
        self, method: str, path: str, *, query: Mapping[str, int] | None = None, body: BinaryIO | None = None
    ) -> tuple[int, bytes]:
        """Status and body. Raises Unwell. A body is read piece by piece: each has its own time to be sent."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        try:
            with self._send(method, path, params=query, data=body, headers=headers) as answer:
                data = b""
                for piece in self._pieces(answer, 0):
                    data += piece
                    if len(data) > ANSWER:
                        raise Unwell("its answer has no end")
                return int(answer.status_code), data
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise Unwell(_why(error)) from error

    def download(self, path: str, draft: Path, file: File) -> None:
        """A file, as it was announced, durably. Raises Unwell."""
        digest, size = hashlib.sha256(), 0
        try:
            with self._send("GET", path) as answer, draft.open("wb") as stream:
                if answer.status_code != 200:
                    raise Unwell(f"status {answer.status_code} for {file.name}")
                for piece in self._pieces(answer, file.size):
                    size += len(piece)
                    if size > file.size:
                        break
                    digest.update(piece)
                    stream.write(piece)
                stream.flush()
                os.fsync(stream.fileno())
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise Unwell(_why(error)) from error
        if size != file.size or digest.hexdigest() != file.sha256:
            raise Unwell(f"{file.name} came incomplete")

    def _send(self, method: str, path: str, **what: Any) -> requests.Response:
        headers = {**what.pop("headers", {}), "Accept-Encoding": "identity"}
        if self.there:
            headers[BOX] = self.there
        answer = self._session.request(
            method,
            self._url + path,
            auth=self._authorize,  # an own header would lose against ~/.netrc
            headers=headers,
            timeout=(self._pace.connect, self._pace.read),
            allow_redirects=False,
            stream=True,
            **what,
        )
        if self.there and answer.headers.get(BOX) != self.there:
            answer.close()
            other = "another box answers" if BOX in answer.headers else "not of its tooler"
            raise Unwell(f"status {answer.status_code}, {other}")
        return answer

    def _pieces(self, answer: requests.Response, size: int) -> Iterator[bytes]:
        """The body as it comes, bytes that trickle too: whoever reads may look at the clock."""
        until = time.monotonic() + self._pace.whole + size / SLOWEST
        while piece := answer.raw.read1(1 << 18):
            yield piece
            if time.monotonic() > until:
                raise Unwell("its answer takes too long")

    def _authorize(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _why(error: Exception) -> str:
    """Without the address, in which there might be a password."""
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return type(reason or error).__name__


def answer_of(body: bytes, kind: type[T]) -> T:
    """A tooler's answer. Raises Unwell: it is none."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unwell(f"no answer of a tooler: {error}") from error


def view_of(body: bytes, run: str) -> View:
    """The view of that run. Raises Unwell: it is none."""
    view = answer_of(body, View)
    if view.id != run:
        raise Unwell(f"an answer about {view.id[:100]}")
    return view


def problem_of(status: int, body: bytes) -> Problem:
    """What a refusal says."""
    try:
        return msgspec.structs.replace(msgspec.json.decode(body, type=Problem), status=status)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Problem(title=f"status {status}", status=status)


def token(settings: Settings, name: str) -> str | None:
    """A token by the name of its secret, tooler or boxes/NAME, kept out of the log; None if there is none.
    Raises ConfigError."""
    if not re.fullmatch(r"tooler|boxes/[a-z0-9][a-z0-9-]{0,39}", name):
        return None
    found = settings.secret(name)
    if found is None:
        return None
    if len(found) < TOKEN or not found.isascii() or len(found.split()) != 1:
        raise ConfigError(f"secret {name}: {TOKEN} characters at least, without blanks. {make(name)}")
    journal.keep_out(found)
    return found


def make(name: str) -> str:
    """How to make a token."""
    return f"Make one: (umask 077; openssl rand -hex 32 > secrets/{name})"
