"""Everything that a task's page shows, as plain values for the template."""

import os
import re
import stat
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from skazano import ids
from skazano.views.pages_read import Event, number, text, value, word

MAX_FILES = 200

_SHA = re.compile(r"[0-9a-f]{7,64}")
_SHOWN = re.compile(  # what a browser can be trusted to show and not to run; the rest is downloaded
    r"(?i).*\.(txt|md|json|jsonl|log|patch|oga|ogg|opus|mp3|m4a|wav|mp4|jpe?g|png|webp|gif)"
)
_UNSAID = ("next", "stage_again", "tool", "push")  # of an event: told elsewhere on the page
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


def listing(folder: Path, id: str, below: str = "", depth: int = 3) -> list[File]:
    """The task's files, those of its folders last, without hidden ones and links; MAX_FILES at most."""
    found: list[File] = []
    folders: list[str] = []
    try:
        entries = sorted(os.scandir(folder / below), key=lambda entry: entry.name)
    except OSError:
        return found
    for entry in entries:
        name = below + entry.name
        try:
            mode = entry.stat(follow_symlinks=False)
        except OSError:
            continue
        if entry.name.startswith("."):
            continue
        if stat.S_ISREG(mode.st_mode):
            found.append(File(name, url(id, name), mode.st_size))
        elif stat.S_ISDIR(mode.st_mode) and depth > 1:
            folders.append(name + "/")
    for one in folders:
        found += listing(folder, id, one, depth - 1)
    return found[:MAX_FILES]


# -- history --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """An event of the history. `left` and `width` are percent of all the work done."""

    event: Event
    wait: float | None  # seconds between the step before and this one's start
    left: float
    width: float
    extra: list[str]


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
        extra = [_plain(v) for k, v in event.extra.items() if isinstance(v, str) and k not in _UNSAID]
        found.append(Step(event, wait, round(100 * done / total, 2), round(width, 2), extra[:8]))
        done += event.ms or 0
        before, begun = event.time, None
    return found, sum(event.ms or 0 for event in past) / 1000


def _plain(given: str) -> str:
    return given if len(given) <= 300 else given[:299] + "…"


# -- what was committed ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Commit:
    """A commit: its hash, its subject, a link to it where the remote has a known web address."""

    sha: str
    subject: str
    link: str | None


@dataclass(frozen=True)
class Changed:
    """A line of numstat; None for a binary file's counts."""

    path: str
    added: int | None
    removed: int | None


@dataclass(frozen=True)
class Work:
    """commit.json, read with forbearance. `notes` say what was unusual; `pushed` None: there is no remote."""

    branch: str | None
    branch_link: str | None
    compare: str | None
    commits: list[Commit]
    changed: list[Changed]
    left_out: list[str]
    pushed: bool | None
    notes: list[str]

    @property
    def added(self) -> int:
        """Lines added."""
        return sum(one.added or 0 for one in self.changed)

    @property
    def removed(self) -> int:
        """Lines removed."""
        return sum(one.removed or 0 for one in self.changed)


def web_address(remote: object) -> str | None:
    """The repository's page for a remote over ssh or https, without user and password; else None."""
    given = str(remote or "").strip()
    short = re.fullmatch(r"[\w.-]+@([\w.-]+):([\w./~-]+?)(?:\.git)?/?", given)
    if short:
        return f"https://{short[1]}/{short[2].lstrip('/')}"
    try:
        parts = urlsplit(given)
        port = f":{parts.port}" if parts.port and parts.scheme == "https" else ""
    except ValueError:
        return None
    if parts.scheme not in ("https", "ssh") or not parts.hostname:
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
    left = [one for one in _list(given, "left_out") if isinstance(one, dict)]
    return Work(
        branch=branch,
        branch_link=f"{page}/tree/{quote(branch)}" if page and branch else None,
        compare=_https(given.get("compare")),
        commits=[one for one in (_commit(c, page) for c in _list(given, "commits")) if one],
        changed=[one for one in map(_changed, _list(given, "numstat")) if one],
        left_out=[f"{one.get('path')} ({one.get('rule')})" for one in left],
        pushed=bool(state["ok"]) if "ok" in state else None,
        notes=[
            note for note in map(word, (given.get("note"), state.get("error"), given.get("hook"))) if note
        ],
    )


def _https(given: object) -> str | None:
    """A link that is safe to follow, or None."""
    return given if isinstance(given, str) and re.fullmatch(r"https?://[!-~]+", given) else None


def _list(given: dict[str, Any], key: str) -> list[Any]:
    found = given.get(key)
    return found[:500] if isinstance(found, list) else []


def _commit(given: object, page: str | None) -> Commit | None:
    fields = given if isinstance(given, dict) else {}
    sha = fields.get("sha")
    if not isinstance(sha, str) or not _SHA.fullmatch(sha):
        return None
    link = _https(fields.get("link")) or (f"{page}/commit/{sha}" if page else None)
    return Commit(sha, word(fields.get("subject")) or "", link)


def _changed(given: object) -> Changed | None:
    if not isinstance(given, dict) or not isinstance(given.get("path"), str):
        return None
    added, removed = (number(given.get(key)) for key in ("added", "removed"))
    if added is None or removed is None:
        return Changed(given["path"], None, None)
    return Changed(given["path"], int(added), int(removed))


def long_text(folder: Path, name: str, limit: int = 65536) -> str | None:
    """A text file's beginning."""
    return text(folder / name, limit)


def trouble(folder: Path) -> tuple[str, str] | None:
    """error.txt: what is told to the person, and the details below it; None if nothing failed.

    The command that tries again is left out: the page offers the one that fits where the task stands.
    """
    told, _, detail = (text(folder / "error.txt") or "").partition("\n\n")
    lines = [line for line in detail.splitlines() if not line.startswith("again: ")]
    return (told, "\n".join(lines).strip()) if told else None
