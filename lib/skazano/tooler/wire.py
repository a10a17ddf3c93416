"""What `execute` and a tooler say to each other: requests, views of runs, problems, signatures."""

import hashlib
import hmac
import re
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from skazano import ids

SLUG = r"^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$"
TOOL = r"^[a-z0-9][a-z0-9_-]{0,31}$"
SESSION = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
TASK = rf"^{ids.PATTERN}$"
RUN = rf"^{ids.PATTERN}_[1-9][0-9]{{0,2}}$"
ADDRESS = r"^https?://[A-Za-z0-9.-]{1,200}(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~/-]{0,500})?$"
_MADE = r"out/[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}"
FILE = rf"^(?:run/(?:(?:stdout|stderr)\.log|events\.jsonl|{_MADE})|commit\.json|changes\.patch)$"

BODY = 2 << 20  # bytes of a request; must be above what PROMPT and EARLIER characters may take in JSON
PROMPT = 200_000  # characters
EARLIER = 20_000  # characters of one side of an earlier exchange
PAGE = 256 << 10  # bytes of output in one answer
FAR = 1 << 40  # bytes: no output is that long
FRESH = 300.0  # seconds for which a signature is good
KEPT = "callback.json"  # on the tooler's side: how it was taken; in run/ of the other: that it came
REMOTE = "remote.json"  # in run/ of the asking side: who carries the run out
PROBLEM = "application/problem+json"  # RFC 9457

Status = Literal["waiting", "running", "ended", "cut-off", "failed"]
_Words = Annotated[str, Meta(max_length=EARLIER)]


class Wanted(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """POST /runs: what is to be done. `task` and `attempt` name the run: the same two are the same run,
    however often they are sent. `kind` is what the sender takes the tool for. `cost` is the most it may cost,
    in US dollars; `earlier` what was said before, as pairs of request and answer."""

    task: Annotated[str, Meta(pattern=TASK, max_length=80)]
    project: Annotated[str, Meta(pattern=SLUG)]
    tool: Annotated[str, Meta(pattern=TOOL)]
    prompt: Annotated[str, Meta(max_length=PROMPT)]
    attempt: Annotated[int, Meta(ge=1, le=999)] = 1
    session: Annotated[str, Meta(pattern=SESSION)] | None = None
    callback: Annotated[str, Meta(pattern=ADDRESS)] | None = None
    kind: Annotated[str, Meta(pattern=r"^[a-z]{1,20}$")] | None = None
    title: Annotated[str, Meta(max_length=300)] = ""
    lang: Literal["ru", "en"] = "ru"
    cost: Annotated[float, Meta(ge=0, le=1e6)] | None = None
    earlier: Annotated[list[tuple[_Words, _Words]], Meta(max_length=8)] = []

    @property
    def id(self) -> str:
        """The run's name: the task's, and which attempt at it this is."""
        return f"{self.task}_{self.attempt}"

    @property
    def digest(self) -> str:
        """What is the same in two requests for the same thing: all but where to call back."""
        same = msgspec.structs.replace(self, callback=None)
        return hashlib.sha256(msgspec.json.encode(same, order="sorted")).hexdigest()


class File(msgspec.Struct, kw_only=True):
    """A file of a run that has ended, to be fetched from /runs/<id>/files/<name>."""

    name: str
    size: int
    sha256: str


class Result(msgspec.Struct, kw_only=True):
    """What came of a run: the runner's exit.json, or why it did not begin (`told` in the request's language,
    `detail` for the one who looks after the box)."""

    exit: dict[str, Any] | None = None
    told: str | None = None
    detail: str | None = None
    session: str | None = None
    files: list[File] = []


class View(msgspec.Struct, kw_only=True):
    """A run as GET /runs/<id> shows it. `pid` is the process that watches over the tool; `ahead` how many
    runs of the project come first; the outputs are text, their offsets bytes."""

    id: str
    task: str
    attempt: int
    project: str
    tool: str
    status: Status
    accepted: str
    pid: int | None = None
    ahead: int = 0
    stdout: str = ""
    stdout_next: int = 0
    stderr: str = ""
    stderr_next: int = 0
    result: Result | None = None


class Told(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The body of a callback."""

    run: Annotated[str, Meta(pattern=RUN, max_length=90)]
    status: Status
    time: float


class Problem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """RFC 9457. `detail` says what to do."""

    title: str
    status: int
    type: str = "about:blank"
    detail: str = ""


def fits(pattern: str, text: str) -> bool:
    """Whether the whole text fits: `$` alone lets a final newline through."""
    return re.fullmatch(pattern, text) is not None


def split_run(id: str) -> tuple[str, int] | None:
    """A run's task and attempt; None for what is no run's name."""
    if not fits(RUN, id):
        return None
    task, _, attempt = id.rpartition("_")
    return task, int(attempt)


def unclean(wanted: Wanted) -> str | None:
    """The field that ends in a newline where its pattern allows none; None if all is well."""
    patterns = {"task": TASK, "project": SLUG, "tool": TOOL, "session": SESSION, "callback": ADDRESS}
    for name, pattern in patterns.items():
        value = getattr(wanted, name)
        if value is not None and not fits(pattern, value):
            return name
    return None


def sign(token: str, body: bytes, now: float) -> str:
    """The value of Skazano-Signature: `t=<Unix time>,v1=<HMAC-SHA256 of "callback.<t>." + body, in hex>`."""
    stamp = str(int(now))
    return f"t={stamp},v1={_mac(token, stamp, body)}"


def signed(token: str, body: bytes, signature: str, now: float) -> bool:
    """Whether the body was signed with the token, within FRESH seconds of `now`."""
    found = re.fullmatch(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})", signature, re.ASCII)
    if found is None:
        return False
    good = hmac.compare_digest(found[2], _mac(token, found[1], body))
    return good and abs(now - int(found[1])) <= FRESH


def _mac(token: str, stamp: str, body: bytes) -> str:
    return hmac.new(token.encode(), f"callback.{stamp}.".encode() + body, hashlib.sha256).hexdigest()
