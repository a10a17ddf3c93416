"""What a run left, for its page: the diff in colours, the ends of its logs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from markupsafe import Markup, escape

from skazano.views.pages_read import read
from skazano.views.pages_text import visible

PATCH_BYTES, PATCH_LINES = 256_000, 1500
LOG_BYTES, LOG_LINES = 48_000, 300

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")


@dataclass
class Patched:
    """One file of a diff: its lines as HTML."""

    name: str
    lines: list[str] = field(default_factory=list)
    html: Markup = field(default_factory=Markup)


def diff(folder: Path) -> tuple[list[Patched], bool]:
    """changes.patch by file, coloured, and whether its end was left out."""
    data, size = read(folder / "changes.patch", PATCH_BYTES)
    if size <= 0:
        return [], False
    lines = visible(data.decode("utf-8", "replace")).removesuffix("\n").split("\n")
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
            if line.startswith(("diff --git ", "index ", "--- ", "+++ ")):
                continue
            kind = "meta"
        else:
            kind = {"+": "add", "-": "del"}.get(line[:1], "")
        html = escape(line)
        yield Markup(f'<span class="{kind}">{html}</span>') if kind else html


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
