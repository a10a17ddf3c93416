"""spool/README.md tells what the code does: every name in it exists there, and the reverse."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from skazano.acts import OUTPUTS
from skazano.outages import BACKOFF
from skazano.spool import BOXES, MAX_ATTEMPTS, PARKS, STAGES, Spool
from skazano.stage import LISTING
from skazano.views.pages_text import WORDS

HOME = Path(__file__).resolve().parents[1]
PAGE = (HOME / "spool" / "README.md").read_text(encoding="utf-8")
SOURCES = [*(HOME / "lib" / "skazano").rglob("*.py"), *(HOME / "bin").glob("*.py"), HOME / "bin" / "skazano"]
# A name that the code builds from parts, or that another program writes: not to be found as one string.
BUILT = {"document.pdf": '"document"', "earlier/": '"earlier"', "run/": '"run"'}


def code() -> str:
    return "\n".join(source.read_text(encoding="utf-8") for source in SOURCES)


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(title: str) -> list[list[str]]:
    """The cells of the section's table, without its head."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def quoted(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def calls(*names: str) -> Iterator[ast.Call]:
    """Every call of a function or method of one of these names."""
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            called = getattr(node, "func", None)
            if isinstance(node, ast.Call) and getattr(called, "attr", getattr(called, "id", "")) in names:
                yield node


def text_of(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def test_it_can_be_read_in_one_sitting():
    assert len(PAGE.splitlines()) <= 200
    assert max(len(line) for line in PAGE.splitlines()) <= 125


def test_every_directory_is_told_and_exists(tmp_path):
    told = {name.rstrip("/") for row in rows("Directories") for name in quoted(row[0])}
    spool = Spool.open(tmp_path / "spool")
    assert told == {"tasks", "state", "done", *BOXES, *PARKS}
    assert {folder.relative_to(spool.root).parts[0] for folder in spool.folders()} == {
        *(told - {*BOXES}), *STAGES,
    }  # fmt: skip
    below = section("Directories").rpartition("stage's directory:")[2]
    assert tuple(name.rstrip("/") for name in quoted(below)) == STAGES


def test_every_file_of_a_task_that_is_told_exists_in_the_code():
    text = code()
    told = [name for row in rows("A task's files") for name in quoted(row[0])]
    told += [name for row in rows("A task's files") for name in quoted(row[2]) if "<" not in name]
    assert len(told) > 25
    for name in told:
        if name in ("skazano", *STAGES):
            continue
        sought = BUILT.get(name) or re.escape(name)
        assert re.search(sought, text), f"{name} is nowhere in the code"


def test_every_file_that_is_written_in_a_task_is_told():
    told = {name.rstrip("/") for row in rows("A task's files") for name in quoted(" ".join(row))}
    written = {name for names in OUTPUTS.values() for name in names}
    for call in calls("write", "write_json", "has", "text", "json"):
        name = text_of(call.args[0]) if call.args else None
        owner = ast.unparse(call.func)
        if name and re.search(r"task|child|TaskDir", owner) and re.fullmatch(r"[a-z/]+\.[a-z]+", name):
            written.add(name.removeprefix("run/"))
    assert {"answer.txt", "subtasks.json", "work.json"} <= written
    assert written - told == set()


def test_events_are_told_and_exist():
    stages = {"_record": 0, "history": 1}
    told = set(quoted(section("A task's files").partition("In history.jsonl:")[2].partition("\n\n")[0]))
    made = {text_of(call.args[stages[ast.unparse(call.func).rpartition(".")[2]]]) for call in calls(*stages)}
    assert told == made - {None}
    assert {f"event_{event}" for event in told} <= set(WORDS)


def test_what_lies_in_state_is_told_and_exists():
    told = {name.split("/")[0] for name in quoted(section("A task's files").partition("In `state/`:")[2])}
    used = set(re.findall(r"""state / f?["']([a-z.-]+)""", code()))
    used |= set(re.findall(r"""["']state(?:["'] / ["']|/)([a-z]+)""", code()))
    assert used == told


def test_figures_are_those_of_the_code():
    later = section("Transitions")
    assert f"After {MAX_ATTEMPTS} claims" in later
    minutes = [str(round(seconds / 60)) for seconds in BACKOFF[1:]]
    assert f"after {BACKOFF[0]:.0f} s, {', '.join(minutes)} min" in later
    assert f"every {LISTING:.0f} s" in later


@pytest.mark.parametrize("title", ["Looking at it", "What each crash leaves, and who mends it"])
def test_what_a_reader_looks_for_is_there(title):
    assert len(section(title).strip().splitlines()) > 5
