"""Transcripts run through the rules again, and what came out held against what should have.

A line of the file is {"text": …, "projects": [slug | {"slug", "title", "aliases"}], "terms": […],
"tools": […], "expected": {…}}; projects, terms and tools may be left out; "by" and "voice" tell who heard
and who spoke it. What may be expected:
  settings phrase: "settings" (false: it is none), "project" (slug, or null for none that is sure),
                   "mode", "tool" (as it was said), "lang", "reset", "action", "name", "rest"
  request:         "request" (its words), "written" (to the letter), "title", "tool" (of tools),
                   "subtasks" (a number, or their words), "cancel"
"""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from skazano.understand import settings
from skazano.understand.calling_off import calls_itself_off
from skazano.understand.mentions import mentioned
from skazano.understand.names import Name, match
from skazano.understand.phonetics import normal
from skazano.understand.refine import Refined, refine_local

if TYPE_CHECKING:
    from collections import Counter

    from skazano.understand.by_model import Models

Refine = Callable[[str, Sequence[str], Sequence[str]], Refined]  # text, terms, tools


class Row(msgspec.Struct):
    """One expectation and what came of it."""

    line: int
    text: str
    field: str
    expected: Any
    got: Any

    @property
    def hit(self) -> bool:
        if self.field == "written":
            return bool(self.expected == self.got)
        return _same(self.expected, self.got)


class BadLine(ValueError):
    """The file's line cannot be replayed; the text says which and why."""


class _Project(msgspec.Struct, forbid_unknown_fields=True):
    slug: str
    title: str = ""
    aliases: list[str] = []


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    text: str
    expected: dict[str, Any]
    projects: list[str | _Project] = []
    terms: list[str] = []
    tools: list[str] = []
    by: str = ""
    voice: str = ""


def _same(expected: Any, got: Any) -> bool:
    if isinstance(expected, str) and isinstance(got, str):
        return normal(expected) == normal(got)
    if isinstance(expected, list) and isinstance(got, list):
        return len(expected) == len(got) and all(map(_same, expected, got))
    if isinstance(expected, int) and isinstance(got, list) and not isinstance(expected, bool):
        return len(got) == expected
    return bool(expected == got)


def understand(
    text: str, projects: Sequence[Name], terms: Sequence[str], tools: Sequence[str], refine: Refine
) -> dict[str, Any]:
    """Everything that may be expected of a text, as route and refine would see it."""
    phrase = settings.parse(text, projects)
    prefix = None if phrase else settings.parse_project_prefix(text, projects)
    spoken = phrase.project or phrase.name if phrase else prefix[0] if prefix else None
    found = match(spoken, projects) if spoken else None
    named = found.slug if found and found.sure else None
    if not phrase and not prefix:
        named = mentioned(text, projects).slug
    request = phrase.rest if phrase else prefix[1] if prefix else text
    refined = refine(request, terms, tools) if request.strip() else Refined("", "")
    told = msgspec.to_builtins(phrase) if phrase else {}
    return {
        **{key: told.get(key) for key in ("mode", "lang", "action", "name")},
        "tool": told.get("tool") or refined.tool,
        "reset": bool(told.get("reset")),
        "rest": told.get("rest", ""),
        "settings": phrase is not None,
        "project": named,
        "cancel": settings.is_cancel(text) or calls_itself_off(text),
        "request": refined.text,
        "written": refined.text,
        "title": refined.title,
        "subtasks": refined.subtasks,
    }


def replay(path: Path, refine: Refine = refine_local) -> list[Row]:
    """The rows of a file. Raises BadLine, OSError. refine: the local rules, or a model's."""
    rows = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        if not line.strip() or line.lstrip().startswith(b"#"):
            continue
        try:
            entry = msgspec.json.decode(line, type=_Line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:
            raise BadLine(f"{path}:{number}: {wrong}") from None
        named = [_name(p) for p in entry.projects]
        got = understand(entry.text, named, entry.terms, entry.tools, refine)
        if strange := entry.expected.keys() - got.keys():
            known = ", ".join(sorted(got))
            raise BadLine(f"{path}:{number}: cannot expect {', '.join(sorted(strange))}, only {known}")
        rows += [Row(number, entry.text, field, want, got[field]) for field, want in entry.expected.items()]
    return rows


def _name(project: str | _Project) -> Name:
    if isinstance(project, str):
        return Name(re.sub(r"\s+", "-", project), project)
    return Name(project.slug, project.title, tuple(project.aliases))


def asking(models: "Models", prompts: Path | None, engines: "Counter[str]") -> Refine:
    """As refine does it with language models; engines counts who answered."""
    from skazano.understand.by_model import refine_with_model
    from skazano.understand.terms import correct

    def refine(text: str, terms: Sequence[str], tools: Sequence[str]) -> Refined:
        found, usage = refine_with_model(models, correct(text, terms)[0], terms, tools, prompts)
        engines[usage.engine + (f" ({usage.fallback})" if usage.engine == "local" else "")] += 1
        return found

    return refine


def summary(rows: Sequence[Row]) -> list[tuple[str, int, int]]:
    """(field, hits, all) in order of the field's name, "" for everything at the end."""
    fields = sorted({row.field for row in rows})
    table = [(f, sum(r.hit for r in rows if r.field == f), sum(r.field == f for r in rows)) for f in fields]
    return [*table, ("", sum(row.hit for row in rows), len(rows))]


def print_replay(rows: Sequence[Row]) -> None:
    """The misses, then the hits of each field, as tables on the terminal."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    misses = [row for row in rows if not row.hit]
    if misses:
        table = Table("line", "text", "field", "expected", "got", title="Misses")
        for row in misses:
            cells = (row.text, row.field, _shown(row.expected), _shown(row.got))
            table.add_row(str(row.line), *(escape(cell) for cell in cells))
        console.print(table)
    table = Table("field", "hits", "of", "%", title="Hits")
    for field, hits, whole in summary(rows):
        table.add_row(field or "all", str(hits), str(whole), f"{100 * hits / whole:.1f}" if whole else "–")
    console.print(table)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
