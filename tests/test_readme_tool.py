"""The command-line agent that the README adds by five lines of TOML, carried out as it stands there."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from demo_world import World, git
from skazano.config import HOME
from skazano.spool import Spool
from skazano.task import TaskDir
from stages import once, put

# Speaks as that agent does with `--output-format json`: one object over many lines.
AGENT = """#!/usr/bin/env python3
import json, sys
said = {"response": "Сделал.", "session_id": "abc-1", "stats": {"arguments": sys.argv[1:]}}
asked_for = sys.argv[sys.argv.index("--output-format") + 1]
print(json.dumps(said, indent=2) if asked_for == "json" else said["response"])
open("made.txt", "a").write("x")
"""


def example() -> tuple[str, str]:
    """The table, and the two keys that let a reply continue its session."""
    readme = (HOME / "README.md").read_text(encoding="utf-8")
    table = re.search(r"^    \[tools\.gemini\]\n(?:    .*\n)+", readme, re.M)
    keys = re.search(r"`(session = \"[^`]+)` and `(resume = [^`]+)`", readme)
    assert table is not None
    assert keys is not None
    lines = [line.partition("  # ")[0].strip() for line in table[0].splitlines()]
    return "\n".join(lines) + "\n", f"{keys[1]}\n{keys[2]}\n"


def asked(spool: Spool, prompt: str, **fields: str) -> TaskDir:
    given = {"project": "demo", "title": "Дело", "tool": "gemini", **fields}
    return put(spool, "execute", {"prompt.md": prompt}, **given)


def test_the_example_works_as_it_is_shown(tmp_path: Path) -> None:
    table, more = example()
    assert len(table.splitlines()) == 5
    program = tmp_path / "bin" / "gemini"
    program.parent.mkdir()
    program.write_text(AGENT, encoding="utf-8")
    program.chmod(0o755)
    world = World(tmp_path, "http://127.0.0.1:9", more=table + more)
    folder, spool = world.project("demo", "Демо", tool="gemini", remote=False), Spool.open(world.spool)
    path = f"{program.parent}:{os.environ['PATH']}"
    task = asked(spool, "--добавь тест")
    once(world, "execute", env={"PATH": path})
    assert task.text("result.md") == "Сделал."
    assert git(folder, "log", "-1", "--format=%s") == "Дело"
    reply = asked(spool, "а теперь ещё", parent=task.id, session=task.load().session or "")
    once(world, "execute", env={"PATH": path})
    first, second = (json.loads(one.text("run/events.jsonl") or "")["stats"] for one in (task, reply))
    usual = ["--approval-mode", "auto_edit", "--output-format", "json", "--prompt"]
    assert first["arguments"] == [*usual, " --добавь тест"]
    assert second["arguments"] == ["--resume", "abc-1", *usual, "а теперь ещё"]
