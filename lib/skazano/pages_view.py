"""Everything that a task's page shows, as plain values for the template."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from markupsafe import Markup, escape

from skazano import ids
from skazano.pages_read import Event, number, read, text, value, word
from skazano.pages_text import visible

PATCH_BYTES, PATCH_LINES = 256_000, 1500
LOG_BYTES, LOG_LINES = 48_000, 300
MAX_FILES = 200

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_SHA = re.compile(r"[0-9a-f]{7,64}")
_SHOWN = re.compile(  # what a browser can be trusted to show and not to run; the rest is downloaded
    r"(?i).*\.(txt|md|json|jsonl|log|patch|oga|ogg|opus|mp3|m4a|wav|mp4|jpe?g|png|webp|gif)"
)
_PICTURE = re.compile(r"(?i).*\.(jpe?g|png|webp|gif)")


@dataclass(frozen=True)
class File:
    """A raw file: its path below the task's directory, its link, bytes."""

    name: str
    url: str
    size: int

    @property
    def shown(self) -> bool:
        """Whether a browser may show it in its own tab."""
        return bool(_SHOWN.fullmatch(self.name))

    @property
    def picture(self) -> bool:
        """Whether it is an image to be shown on the page."""
        return bool(_PICTURE.fullmatch(self.name)) and "/" not in self.name


def base_url(id: str) -> str:
    """Where a task page finds its task's files, with the final slash."""
    return f"../files/{ids.day(id)}/{quote(id)}/"


def url(id: str, name: str) -> str:
    """The link to a file, from the task's page: each byte of the name percent-encoded as needed."""
    return base_url(id) + quote(os.fsencode(name))


def listing(folder: Path, id: str) -> list[File]:
    """The task's files and those of run/, by name, without hidden ones and links."""
    found: list[File] = []
    for below in ("", "run/"):
        try:
            entries = sorted(os.scandir(folder / below), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            if entry.name.startswith(".") or not entry.is_file(follow_symlinks=False):
                continue
            name = below + entry.name
            try:
                size = entry.stat(follow_symlinks=False).st_size
            except OSError:
                continue
            found.append(File(name, url(id, name), size))
    return found[:MAX_FILES]


# -- history --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """An event of the history. `left` and `width` are percent of all the work done."""

    event: Event
    wait: float | None  # seconds between the step before and this one's start
    left: float
    width: float
    extra: list[tuple[str, str]]


def steps(past: list[Event]) -> tuple[list[Step], float]:
    """The history as steps, and the seconds worked in all.

    A claim only tells when a step began, so it is shown only while nothing has followed it.
    """
    total = sum(event.ms or 0 for event in past) or 1.0
    found: list[Step] = []
    before: datetime | None = None
    begun: datetime | None = None
    done = 0.0
    for place, event in enumerate(past):
        if event.event == "claimed" and place + 1 < len(past):
            begun = event.time
            continue
        start = begun or event.time - timedelta(milliseconds=event.ms or 0)
        wait = (start - before).total_seconds() if before else None
        width = 100 * (event.ms or 0) / total
        extra = [(str(k), _plain(v)) for k, v in event.extra.items()]
        found.append(Step(event, wait, round(100 * done / total, 2), round(width, 2), extra[:12]))
        done += event.ms or 0
        before, begun = event.time, None
    return found, sum(event.ms or 0 for event in past) / 1000


def _plain(given: object) -> str:
    found = given if isinstance(given, str) else str(given)
    return found if len(found) <= 300 else found[:299] + "…"


# -- what was committed ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Commit:
    """A commit: its hash, its subject, a link to it where the remote has a known web address."""

    sha: str
    subject: str
    link: str | None


@dataclass(frozen=True)
class Changed:
    """A line of numstat; None for a binary file's counts. `green` of 5 squares were added."""

    path: str
    added: int | None
    deleted: int | None


@dataclass(frozen=True)
class Work:
    """commit.json, read with forbearance."""

    branch: str | None
    branch_link: str | None
    commits: list[Commit]
    changed: list[Changed]
    pushed: bool | None
    push_note: str | None

    @property
    def added(self) -> int:
        """Lines added."""
        return sum(one.added or 0 for one in self.changed)

    @property
    def deleted(self) -> int:
        """Lines deleted."""
        return sum(one.deleted or 0 for one in self.changed)


def web_address(remote: object) -> str | None:
    """The repository's page for a remote over ssh or https, without user and password; else None."""
    given = str(remote or "").strip()
    short = re.fullmatch(r"[\w.-]+@([\w.-]+):([\w./~-]+?)(?:\.git)?/?", given)
    if short:
        return f"https://{short[1]}/{short[2].lstrip('/')}"
    parts = urlsplit(given)
    if parts.scheme not in ("https", "ssh") or not parts.hostname:
        return None
    try:
        port = f":{parts.port}" if parts.port and parts.scheme == "https" else ""
    except ValueError:
        return None
    path = parts.path.strip("/").removesuffix(".git")
    return f"https://{parts.hostname}{port}/{quote(path)}"


def shown_remote(remote: object) -> str | None:
    """A remote as it may be shown: a URL loses user and password."""
    given = str(remote or "").strip()
    return re.sub(r"^(\w+://)[^/@]*@", r"\1", given) or None


def work(folder: Path, remote: object) -> Work | None:
    """What the task committed; None if it committed nothing."""
    given = value(folder / "commit.json")
    if not given:
        return None
    page = web_address(remote)
    branch = word(given.get("branch"))
    push = given.get("push")
    state = push if isinstance(push, dict) else {}
    ok = state.get("ok", push if isinstance(push, bool) else None)
    note = word(state.get("error")) or word(state.get("reason")) or word(push)
    return Work(
        branch=branch,
        branch_link=f"{page}/tree/{quote(branch)}" if page and branch else None,
        commits=[one for one in map(lambda c: _commit(c, page), _list(given, "commits")) if one],
        changed=[one for one in map(_changed, _list(given, "numstat")) if one],
        pushed=ok if isinstance(ok, bool) else None,
        push_note=note,
    )


def _list(given: dict[str, Any], key: str) -> list[Any]:
    found = given.get(key)
    return found[:500] if isinstance(found, list) else []


def _commit(given: object, page: str | None) -> Commit | None:
    fields = given if isinstance(given, dict) else {"sha": given}
    sha = fields.get("sha") or fields.get("hash") or fields.get("id")
    if not isinstance(sha, str) or not _SHA.fullmatch(sha):
        return None
    return Commit(sha, str(fields.get("subject") or ""), f"{page}/commit/{sha}" if page else None)


def _changed(given: object) -> Changed | None:
    if isinstance(given, dict):
        given = [given.get("added"), given.get("deleted"), given.get("path")]
    if not isinstance(given, list) or len(given) != 3 or not isinstance(given[2], str):
        return None
    added, deleted = number(given[0]), number(given[1])
    return Changed(
        given[2],
        None if added is None else int(added),
        None if deleted is None else int(deleted),
    )


@dataclass
class Patched:
    """One file of a diff: its lines as HTML."""

    name: str
    html: Markup = Markup("")
    lines: list[str] = field(default_factory=list)


def diff(folder: Path) -> tuple[list[Patched], bool]:
    """changes.patch by file, coloured, and whether its end was left out."""
    data, size = read(folder / "changes.patch", PATCH_BYTES)
    if size <= 0:
        return [], False
    lines = visible(data.decode("utf-8", "replace").replace("\r\n", "\n")).split("\n")
    cut = size > PATCH_BYTES or len(lines) > PATCH_LINES
    found: list[Patched] = []
    for line in lines[:PATCH_LINES]:
        if line.startswith("diff --git ") or not found:
            found.append(Patched(line.rpartition(" b/")[2] if " b/" in line else ""))
        found[-1].lines.append(line if len(line) <= 2000 else line[:2000] + "…")
    for one in found:
        one.html = Markup("\n").join(_coloured(one.lines))
    return found, cut


def _coloured(lines: list[str]) -> Iterator[Markup]:
    inside = False
    for line in lines:
        if line.startswith("@@"):
            inside, kind = True, "at"
        elif not inside:
            kind = "meta"
        else:
            kind = {"+": "add", "-": "del"}.get(line[:1], "")
        html = escape(line)
        yield Markup(f'<span class="{kind}">{html}</span>') if kind else html  # noqa: S704


# -- what the tool printed ------------------------------------------------------------------------


@dataclass(frozen=True)
class Log:
    """The end of a log."""

    key: str
    text: str
    cut: bool
    file: str


def logs(folder: Path) -> list[Log]:
    """The ends of the run's output and errors, as a terminal would have left them, without colours."""
    found = []
    for key in ("stdout", "stderr"):
        name = f"run/{key}.log"
        data, size = read(folder / name, LOG_BYTES, tail=True)
        plain = _ANSI.sub("", data.decode("utf-8", "replace"))
        lines = [line.rstrip("\r").rpartition("\r")[2] for line in plain.rstrip().split("\n")]
        cut = size > LOG_BYTES or len(lines) > LOG_LINES
        tail = "\n".join(line[:2000] for line in lines[-LOG_LINES:])
        if tail:
            found.append(Log(key, tail, cut, name))
    return found


def long_text(folder: Path, name: str, limit: int = 65536) -> str | None:
    """A text file's beginning."""
    return text(folder / name, limit)
