#!/usr/bin/env python3
"""What a run costs beside the tool's own work: our time, our memory, the real `claude` with and without us.

A run of /bin/true goes through a running `execute`, with its checkout prepared, everything fsynced and
nothing to commit; its time is the history's, less what the tool took. `claude`, if npm's is there, answers
a request from a model server on loopback, called by hand and by us in turn.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from mock_llm import MockLlm
from real_agents import KEY, Agents, program
from stages import place, runner_of, running, until

TIMES = 9


def figure(
    what: str, value: float, unit: str, against: str | None = None, ratio: float | None = None
) -> None:
    line = {"bench": "agents", "what": what, "value": round(value, 3), "unit": unit, "against": against}
    print(json.dumps({**line, "ratio": round(ratio, 2) if ratio else None}))


def proportional(pid: int) -> float:
    """A process's proportional set size in MB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def our_time(agents: Agents) -> None:
    """Claim to hand on, less the tool; and what waits while a tool works."""
    arrived = agents.spool.root / "summarize" / "new"
    ours, whole = [], []
    with running(agents.world, "execute") as stage:
        for _ in range(TIMES):
            task = agents.put("x", "true")
            until(lambda id=task.id: place(agents.spool, id) == "summarize/new", arrived)
            event, ended = task.events()[-1], task.json("run/exit.json") or {}
            ours.append(event["ms"] - ended["seconds"] * 1000)
            whole.append(event["ms"])
        task = agents.put("x", "sleep")
        until((agents.folder / "begun").exists, agents.folder)
        runner = runner_of(task)
        children = Path(f"/proc/{runner}/task/{runner}/children").read_text().split()
        figure(
            "memory beside a tool: runner and process 1",
            proportional(runner) + proportional(int(children[0])),
            "MB",
        )
        assert stage.process is not None
        figure("memory of execute with a tool at work", proportional(stage.process.pid), "MB")
        (task.path / "cancel").write_text("bench\n")
        until(lambda: place(agents.spool, task.id) == "summarize/new", arrived)
    figure("a run, beside the tool's own time, median", statistics.median(ours), "ms")
    figure("a run of /bin/true, claim to hand on, median", statistics.median(whole), "ms")


def claude(agents: Agents) -> None:
    """The same request by hand and by us, in turn."""
    home = agents.world.root / "home"
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "ANTHROPIC_BASE_URL": agents.server.url,
        "ANTHROPIC_API_KEY": KEY,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    }
    by_hand, by_us = [], []
    command = [str(program("claude")), "-p", "--output-format", "stream-json", "--verbose"]
    for _ in range(5):
        begun = time.perf_counter()
        subprocess.run(
            command, cwd=agents.folder, env=env, input=b"[[mock:default]]", check=True, capture_output=True
        )
        by_hand.append(time.perf_counter() - begun)
        task = agents.run("[[mock:default]]", "claude")
        by_us.append(task.events()[-1]["ms"] / 1000)
    hand, us = statistics.median(by_hand), statistics.median(by_us)
    figure("claude, one answer, claim to hand on, median", us, "s", f"by hand: {hand:.2f} s", us / hand)


def main() -> int:
    more = """
[tools.true]
kind = "command"
command = "/bin/true"
[tools.sleep]
kind = "command"
command = "/bin/sh"
args = ["-c", "touch begun; sleep 1000"]
"""
    with tempfile.TemporaryDirectory(prefix="skazano-bench-") as folder, MockLlm() as server:
        agents = Agents(Path(folder), server, more)
        our_time(agents)
        if program("claude").exists():
            claude(agents)
        else:
            print("no claude: python tests/real_agents.py installs it", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
