#!/usr/bin/env python3
"""What git costs a task: JSON lines, one figure each.

A small repository (40 files) with a clean checkout on the day's branch; one task changes two files,
`prepare` and `finish` are timed without what is between them, in turn with the same steps as a person
would type them (git status, git add -A, git commit, git show). The scanner's speed is megabytes of
Python sources a second.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "lib"))

from skazano import git  # noqa: E402
from skazano.git import secrets  # noqa: E402
from skazano.git.command import Git  # noqa: E402

RUNS = 40
DAY = date(2026, 11, 22)


def show(what: str, value: float, unit: str, against: str | None = None, ratio: float | None = None) -> None:
    line = {"bench": "git", "what": what, "value": round(value, 2), "unit": unit, "against": against}
    print(json.dumps({**line, "ratio": None if ratio is None else round(ratio, 2)}), flush=True)


def by_hand(repo: Path, env: dict[str, str], *args: str) -> None:
    full = {"PATH": os.environ["PATH"], **env}
    subprocess.run(["git", *args], cwd=repo, env=full, check=True, capture_output=True)


def repository(base: Path) -> tuple[Path, dict[str, str]]:
    repo, env = base / "project", {"HOME": str(base)}
    repo.mkdir()
    for number in range(40):
        (repo / f"file{number}.py").write_text(f"print({number})\n" * 50)
    by_hand(repo, env, "init", "-q", "-b", "main")
    by_hand(repo, env, "config", "user.name", "Owner")
    by_hand(repo, env, "config", "user.email", "owner@example.org")
    by_hand(repo, env, "add", "-A")
    by_hand(repo, env, "commit", "-q", "-m", "first")
    return repo, env


def change(repo: Path, text: str) -> None:
    (repo / "file1.py").write_text(f"print({text!r})\n")
    (repo / f"{text}.txt").write_text(text)


def task(repo: Path, env: dict[str, str], name: str) -> float:
    """Seconds of `prepare` and `finish`."""
    began = time.perf_counter()
    work = git.prepare(repo, name, today=DAY, env=env)
    assert work is not None
    middle = time.perf_counter()
    change(repo, name)
    again = time.perf_counter()
    done = git.finish(repo, work, f"task {name}", {"Project": "bench"}, env=env)
    assert done is not None
    assert len(done[0].commits) == 1
    return time.perf_counter() - again + middle - began


def typed(repo: Path, env: dict[str, str], name: str) -> float:
    """Seconds of the four commands that a person would type."""
    change(repo, name)
    began = time.perf_counter()
    by_hand(repo, env, "status")
    by_hand(repo, env, "add", "-A")
    by_hand(repo, env, "commit", "-q", "-m", name)
    by_hand(repo, env, "show", "--stat", "-p")
    return time.perf_counter() - began


def count_processes(repo: Path, env: dict[str, str]) -> int:
    count = 0
    run = Git._run

    def counting(self: Git, *args: object) -> object:
        nonlocal count
        count += 1
        return run(self, *args)  # type: ignore[arg-type]

    Git._run = counting  # type: ignore[assignment, method-assign]
    task(repo, env, "counted")
    Git._run = run  # type: ignore[method-assign]
    return count


def scanner() -> None:
    data = b"".join(path.read_bytes() for path in sorted(ROOT.glob("lib/**/*.py")))
    data *= max(1, 4_000_000 // len(data))
    began = time.perf_counter()
    for start in range(0, len(data), 20_000):
        secrets.scan(data[start : start + 20_000], "a.py")
    show("secret scan", len(data) / 1e6 / (time.perf_counter() - began), "MB/s")


def main() -> None:
    with tempfile.TemporaryDirectory() as base:
        repo, env = repository(Path(base))
        task(repo, env, "warm")
        ours, theirs = [], []
        for number in range(RUNS):
            ours.append(task(repo, env, f"task{number}"))
            theirs.append(typed(repo, env, f"hand{number}"))
        hand = statistics.median(theirs)
        show("prepare + finish, median", statistics.median(ours) * 1e3, "ms", "4 commands by hand",
             statistics.median(ours) / hand)  # fmt: skip
        show("prepare + finish, 90th percentile", sorted(ours)[int(RUNS * 0.9)] * 1e3, "ms")
        show("git processes a task", count_processes(repo, env), "processes")
    scanner()


if __name__ == "__main__":
    main()
