"""What every kind of tool takes and gives."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import msgspec

from skazano import files
from skazano.config import Tool
from skazano.execution.pump import from_letter
from skazano.projects import Project

LONGEST = 64 << 20  # bytes of an event's line; a longer one is no result
RESULT_LIMIT = 200_000  # bytes of output that become result.md
_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")  # ECMA-48, CSI
SESSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")  # an id that may stand as an argument


class NoProgram(Exception):
    """The tool cannot be started; the text says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One request to a tool. `session` is the agent's session to continue, `earlier` what was said before in
    this conversation as (request, answer), oldest first; `most_cost` what it may cost, in dollars."""

    id: str
    title: str
    lang: str
    created: str
    prompt: str
    prompt_file: Path
    run: Path
    project: Project
    tool: Tool
    path: str  # PATH of the tool's environment
    session: str | None = None
    earlier: Sequence[tuple[str, str]] = ()
    most_cost: float | None = None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to start. `files` are made in run/ first. `reads`: the kind whose events standard output carries,
    "" if it carries the answer itself. `stall`: stop when for so many seconds only lines that match came;
    `turns`: when more than so many that match did."""

    argv: Sequence[str]
    stdin: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    reads: str = ""
    stall: tuple[str, float] | None = None
    turns: tuple[str, int] | None = None
    secrets_by: Literal["environment", "descriptor"] = "environment"


class Denial(msgspec.Struct, kw_only=True):
    """A call that the policy refused. `rule` would allow it; "" if no rule of a project can."""

    what: str
    rule: str = ""


class Outcome(msgspec.Struct, kw_only=True):
    """What came of a run. `error` is a key of texts.py with `values`; ok is its absence."""

    text: str = ""
    error: str | None = None
    values: dict[str, Any] = {}
    detail: str = ""  # for the one who looks into error.txt
    session: str | None = None
    unknown_session: bool = False  # nothing was done: the session to continue is not there
    cost: float | None = None  # US dollars
    tokens: dict[str, int] = {}  # input, cached, output
    thread_tokens: dict[str, int] = {}  # those of the whole session, if the tool counts so
    turns: int | None = None
    denials: list[Denial] = []
    pictures: list[str] = []  # paths below the task's directory, to be sent with the answer

    @property
    def ok(self) -> bool:
        return self.error is None


def events(run: Path) -> Iterator[dict[str, Any]]:
    """The JSON objects in events.jsonl; lines that are none are passed over."""
    try:
        stream = files.open_plain(run / "events.jsonl")
    except FileNotFoundError:
        return
    with stream:
        while line := stream.readline(LONGEST):
            event = parsed(line)
            if isinstance(event, dict):
                yield event


def parsed(line: bytes) -> Any:
    """What a line of JSON says, None if it is none; "?" for half a letter, which no file could hold."""
    try:
        value = json.loads(line)
        if b"\\ud" in line.lower():
            value = json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return value


def table(value: Any) -> dict[str, Any]:
    """A JSON object; {} for whatever else a program wrote in its place."""
    return value if isinstance(value, dict) else {}


def output(run: Path, name: str = "stdout.log", most: int = RESULT_LIMIT) -> str:
    """What the tool wrote, at most `most` bytes, the end being kept."""
    try:
        with files.open_plain(run / name) as stream:
            size = stream.seek(0, 2)
            stream.seek(max(0, size - most))
            data = stream.read()
    except FileNotFoundError:
        return ""
    text = legible((from_letter(data) if size > most else data).decode("utf-8", errors="replace"))
    return f"…\n{text}" if size > most else text


def legible(text: str) -> str:
    """`text` without colours and control characters; of what is too long for result.md, the end."""
    plain = "".join(c for c in _COLOUR.sub("", text) if c >= " " or c in "\n\t").strip()
    return plain if len(plain) <= RESULT_LIMIT else f"…\n{plain[-RESULT_LIMIT:]}"


def last_words(run: Path) -> str:
    """The last line on standard error, for a sentence."""
    lines = output(run, "stderr.log", 4000).splitlines()
    return lines[-1][:300] if lines else ""


def ended_badly(exit: Mapping[str, Any], run: Path) -> Outcome | None:
    """The outcome if the run did not start or was ended, by us or a signal, whatever the tool said of it."""
    stderr = output(run, "stderr.log", 2000)
    if exit.get("why"):
        return Outcome(error="no-program", values={"why": exit["why"]}, detail=stderr)
    if exit.get("stopped"):
        return Outcome(error="stopped")
    if exit.get("timeout"):
        return Outcome(error="tool-timeout", values={"minutes": _minutes(exit)}, detail=stderr)
    if exit.get("circles"):
        return Outcome(error="max-turns", values={"turns": exit["circles"]}, detail=stderr)
    if exit.get("stalled"):
        return Outcome(error="tool-offline", detail=stderr)
    if exit.get("signal"):
        return Outcome(error="tool-killed", values={"code": exit["signal"]}, detail=stderr)
    return None


def by_exit(exit: Mapping[str, Any], run: Path) -> Outcome | None:
    """The outcome if the exit code tells of a failure."""
    stderr = output(run, "stderr.log", 2000)
    if exit.get("code"):
        return Outcome(
            error="tool-failed", values={"code": exit["code"], "why": last_words(run)}, detail=stderr
        )
    return None


def _minutes(exit: Mapping[str, Any]) -> str:
    return f"{float(exit.get('seconds') or 0) / 60:.0f}"


def pointer(value: Any, path: str) -> Any | None:
    """What a JSON pointer (RFC 6901) finds in `value`; None if nothing."""
    for part in path.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and key.lstrip("-").isdigit() and -len(value) <= int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value


def session_of(found: Any) -> str | None:
    """A session's id as the tool told it, if it may be used as an argument."""
    return found if isinstance(found, str) and SESSION.fullmatch(found) else None


def number(value: Any) -> int:
    """A count from an event; 0 for what is none."""
    return int(value) if isinstance(value, int | float) else 0
