"""A request as the methods see it, and how a method is enrolled and performed."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botapi_state import Sent, State
from botapi_text import Refused, decode_json


@dataclass
class Upload:
    name: str
    mime: str
    data: bytes


@dataclass
class Query:
    method: str
    params: dict[str, Any] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)  # what was sent, by parameter
    connection: socket.socket | None = None

    def text(self, name: str) -> str:
        value = self.params.get(name)
        return "" if value is None else str(value)

    def number(self, name: str, default: int = 0) -> int:
        found = re.fullmatch(r"\s*(-?\d{1,18})\s*", self.text(name))
        return int(found[1]) if found else default

    def yes(self, name: str) -> bool:
        return self.text(name).strip().lower() in ("true", "yes", "1")

    def json(self, name: str, what: str = "") -> Any:
        if not self.text(name):
            return None
        return decode_json(self.params[name], f"can't parse {what or name} JSON object")


METHODS: dict[str, Callable[[State, Query], Any]] = {}
NAMES: dict[str, str] = {}  # as the documentation spells them, by their lower case
READS: set[str] = set()


def method(*names: str, reads: bool = False) -> Callable[[Any], Any]:
    """Serve the names by the function; `reads`: nobody sees it, so it is not kept in `sent`."""

    def keep(function: Callable[[State, Query], Any]) -> Callable[[State, Query], Any]:
        for name in names:
            METHODS[name] = function
            NAMES[name.lower()] = name
            if reads:
                READS.add(name)
        return function

    return keep


def perform(state: State, query: Query) -> Any:
    """The result of a method, whose effect is kept; Refused if Telegram would refuse."""
    function = METHODS.get(query.method)
    if function is None:
        raise Refused(404, "Not Found")
    with state.cond:
        result = function(state, query)
        if query.method not in READS:
            params = {name: _readable(value) for name, value in query.params.items()}
            state.sent.append(Sent(query.method, params, query.files, result, time.time()))
        state.cond.notify_all()
        return result


def _readable(value: Any) -> Any:
    """A parameter as it was meant: JSON objects and arrays decoded, the rest as it came."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return decode_json(value, "")
        except Refused:
            return value
    return value
