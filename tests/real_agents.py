"""The real `claude` and `codex` for tests, and a world in which they talk to a model server of ours.

They come from npm into .cache/agents, once: `python tests/real_agents.py`, which `./install.sh test` does.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from demo_world import World, git
from mock_llm import MockLlm
from skazano.config import HOME
from skazano.execution.abreast import Abreast
from skazano.execution.order import Order
from skazano.spool import Spool
from skazano.task import TaskDir
from stages import once, put

FOLDER = HOME / ".cache" / "agents"
PACKAGES = {"claude": "@anthropic-ai/claude-code@2.1.197", "codex": "@openai/codex@0.169.0"}
SECONDS = 600

TOOLS = """
[tools.claude]
kind = "claude"
command = "{claude}"
turns = 20
environment = {{ ANTHROPIC_BASE_URL = "{url}", HOME = "{home}", CLAUDE_CODE_MAX_RETRIES = "1" }}
secrets = {{ ANTHROPIC_API_KEY = "model" }}

[tools.codex]
kind = "codex"
command = "{codex}"
model = "gpt-5.5"
args = ["-c", "openai_base_url=\\"{url}/v1\\""]
environment = {{ HOME = "{home}", CODEX_HOME = "{home}/codex" }}
secrets = {{ CODEX_API_KEY = "model" }}

[tools.chat]
kind = "chat"
url = "{url}/api/v1"
model = "vendor/model"
secrets = {{ KEY = "model" }}
"""
KEY = "sk-test-7f3a9b2c4d5e6f708192"


def program(name: str) -> Path:
    """Where npm puts it."""
    return FOLDER / "node_modules" / ".bin" / name


def needed(name: str) -> pytest.MarkDecorator:
    """Skips a test if the program is not there."""
    return pytest.mark.skipif(
        not program(name).exists(), reason=f"no {name}: python tests/real_agents.py installs it with npm"
    )


def steps(*each: dict[str, object]) -> str:
    """A prompt that brings its own script."""
    return f"[[mock:{json.dumps({'steps': each})}]]"


def shell(tool: str, command: str) -> dict[str, object]:
    """A step in which the agent runs a command."""
    if tool == "claude":
        return {"tool": "Bash", "input": {"command": command, "description": "x"}}
    return {"tool": "exec_command", "input": {"cmd": command, "yield_time_ms": 250000}}


def exit_of(task: TaskDir) -> dict[str, Any]:
    """run/exit.json."""
    return task.json("run/exit.json") or {}


class Agents:
    """A world with a project `demo`, in which all of them may be used, and `other`."""

    def __init__(self, root: Path, server: MockLlm, more: str = "") -> None:
        home = root / "home"
        (home / "codex").mkdir(parents=True)
        self.server = server
        tools = TOOLS.format(url=server.url, home=home, claude=program("claude"), codex=program("codex"))
        self.world = World(root, "http://127.0.0.1:9", more=tools + more)
        secret = self.world.etc / "secrets" / "model"
        secret.write_text(KEY)
        secret.chmod(0o600)
        names = list(self.world.settings.config.tools)
        self.folder = self.world.project("demo", "Демо", tool="claude", tools=names)
        self.other = self.world.project("other", "Другой", tool="claude", tools=names)
        (self.folder / "README.md").write_text("# Демо\nold line\n", encoding="utf-8")
        git(self.folder, "commit", "--quiet", "-am", "Строка")
        self.spool = Spool.open(self.world.spool)

    def put(self, prompt: str, tool: str, **fields: object) -> TaskDir:
        """A task that waits before execute."""
        given = {"project": "demo", "title": "Задача", "tool": tool, **fields}
        return put(self.spool, "execute", {"prompt.md": prompt}, **given)

    def run(self, prompt: str, tool: str, **fields: object) -> TaskDir:
        """A task that went through execute."""
        task = self.put(prompt, tool, **fields)
        self.once()
        return task

    def once(self) -> str:
        """Let execute do what there is to do; its log."""
        ended = once(self.world, "execute")
        assert ended.code == 0, ended.log
        return ended.log

    def later(self) -> str:
        """The same at the time to which the deferred is deferred."""
        for ticket in self.spool.tickets("later", "execute"):
            os.utime(self.spool.path(ticket), (0, 0))
        return self.once()

    def once_here(self) -> None:
        """The same within this process, where a test can change what the stage would take as given."""
        import execute

        made = Abreast("execute", execute.work, Order(), warm=execute.warm, recover=execute.recover)
        before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            assert made.main(["--config", str(self.world.config), "--once"]) == 0
        finally:
            signal.set_wakeup_fd(-1)
            for number, handler in before.items():
                signal.signal(number, handler)

    def log(self) -> str:
        """The subjects of the commits, the newest first."""
        return git(self.folder, "log", "--format=%s")


def install() -> int:
    """Install what is missing; exit code 0 also where there is no npm: the tests then skip."""
    if all(program(name).exists() for name in PACKAGES):
        return 0
    if shutil.which("npm") is None:
        print("no npm: the tests of claude and codex will be skipped", file=sys.stderr)
        return 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    command = ["npm", "install", "--no-fund", "--no-audit", "--prefix", str(FOLDER), *PACKAGES.values()]
    try:
        return subprocess.run(command, check=False, timeout=SECONDS).returncode
    except subprocess.TimeoutExpired:
        print("npm took too long: the tests of claude and codex will be skipped", file=sys.stderr)
        return 0


if __name__ == "__main__":
    sys.exit(install())
