"""What `execute` and a tooler say to each other: requests, views of runs, problems, signatures."""

import base64
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
ORIGIN = r"^[0-9a-f]{16}$"
RUN = rf"^{ids.PATTERN}_[1-9][0-9]{{0,2}}(?:_[0-9a-f]{{16}})?$"
COMMIT = r"^(?:[0-9a-f]{40}|[0-9a-f]{64})$"
ADDRESS = r"^https?://[A-Za-z0-9.-]{1,200}(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~/-]{0,500})?$"
NAME = r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$"
BASE64 = r"^[A-Za-z0-9+/]*={0,2}$"
_MADE = r"out/[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}"
FILE = rf"^(?:run/(?:(?:stdout|stderr)\.log|events\.jsonl|{_MADE})|commit\.json|changes\.patch)$"

BODY = 48 << 20  # bytes of a request; must be above what the longest fields take in JSON
PROMPT = 200_000  # characters
EARLIER = 20_000  # characters of one side of an earlier exchange
BROUGHT = 24 << 20  # bytes of the files that come with a request, above what Telegram gives to bots
ATTACHED = "attached:/"  # in a prompt: the folder in which they lie there
PAGE = 256 << 10  # bytes of output in one answer
FAR = 1 << 40  # bytes: no output is that long
FRESH = 300.0  # seconds for which a signature is good
KEPT = "callback.json"  # on the tooler's side: how it was taken; in run/ of the other: that it came
REMOTE = "remote.json"  # in run/ of the asking side: who carries the run out
PROBLEM = "application/problem+json"  # RFC 9457
VERSION = "1.0"  # of this protocol; both sides must have the same
SIGNATURE = "Skazano-Signature"  # of a callback
BOX = "Skazano-Box"  # in each answer: the tooler's own name; in a request: the one that it is meant for

# exit.json of a run that was stopped before it began
STOPPED: dict[str, Any] = {"code": None, "signal": None, "stopped": True, "seconds": 0.0}
Status = Literal["waiting", "running", "ended", "cut-off", "failed"]
_Words = Annotated[str, Meta(max_length=EARLIER)]
_Rules = Annotated[list[Annotated[str, Meta(min_length=1, max_length=500)]], Meta(max_length=200)]


class Undoes(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What is to be taken back: the commits of an earlier task."""

    task: Annotated[str, Meta(pattern=TASK, max_length=80)]
    commits: Annotated[list[Annotated[str, Meta(pattern=COMMIT)]], Meta(max_length=500)] = []


class Attached(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A file that came with the request, in base64; in the prompt it is called ATTACHED and its name."""

    name: Annotated[str, Meta(pattern=NAME)]
    data: Annotated[str, Meta(pattern=BASE64)]

    @property
    def content(self) -> bytes:
        """What is in it; padding may be missing."""
        text = self.data.rstrip("=")
        text = text[: len(text) - (len(text) % 4 == 1)]
        return base64.b64decode(text + "=" * (-len(text) % 4))


class Wanted(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """POST /runs: what is to be done. `task` and `attempt` name the run: the same two are the same run,
    however often they are sent; `origin` keeps tasks of several boxes apart. `kind` is what the sender takes
    the tool for. `cost` is the most it may cost, in US dollars; `earlier` what was said before, as pairs of
    request and answer; `allow` and `deny` are rules of Claude's permissions beside those of the project
    there. With `undoes` no tool runs: git takes that task's commits back."""

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
    origin: Annotated[str, Meta(pattern=ORIGIN)] | None = None
    allow: _Rules = []
    deny: _Rules = []
    undoes: Undoes | None = None
    attached: Annotated[list[Attached], Meta(max_length=20)] = []

    @property
    def id(self) -> str:
        """The run's name: the task's, which attempt at it this is, and who asked."""
        return "_".join([self.task, str(self.attempt), *([self.origin] if self.origin else [])])

    @property
    def digest(self) -> str:
        """What is the same in two requests for the same thing: all but where to call back."""
        same = msgspec.structs.replace(self, callback=None)
        return hashlib.sha256(msgspec.json.encode(same, order="sorted")).hexdigest()


class Here(msgspec.Struct, kw_only=True):
    """The tooler as GET /box shows it. `box` is its store's own name, `version` the protocol's, `time` Unix
    time; `projects` the tools of each project."""

    box: str
    version: str
    time: float
    projects: dict[str, list[str]]


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

    run: Annotated[str, Meta(pattern=RUN, max_length=110)]
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


def split_run(id: str) -> tuple[str, str] | None:
    """A run's task, and the rest of its name; None for what is no run's name."""
    if not fits(RUN, id):
        return None
    task, _, rest = id.partition("_")
    return task, rest


def unclean(wanted: Wanted) -> str | None:
    """The field that ends in a newline where its pattern allows none; None if all is well."""
    undoes = wanted.undoes or Undoes(task=wanted.task)
    given = [
        ("task", TASK, wanted.task), ("project", SLUG, wanted.project), ("tool", TOOL, wanted.tool),
        ("session", SESSION, wanted.session), ("callback", ADDRESS, wanted.callback),
        ("origin", ORIGIN, wanted.origin), ("undoes.task", TASK, undoes.task),
        *(("undoes.commits", COMMIT, commit) for commit in undoes.commits),
        *(("attached.name", NAME, one.name) for one in wanted.attached),
    ]  # fmt: skip
    return next((name for name, pattern, value in given if value and not fits(pattern, value)), None)


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
