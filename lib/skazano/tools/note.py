"""The kind `note`: the request goes into the project's NOTES.md. No model, no network."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from skazano.tools.base import Job, Outcome, Plan, by_exit, ended_badly, output

PROGRAM = Path(__file__).with_name("note_run.py")


def plan(job: Job) -> Plan:
    when = job.created[:16].replace("T", " ")
    argv = [sys.executable, "-I", "-S", str(PROGRAM), job.id, job.title, when, job.lang]
    return Plan(argv=argv, stdin=job.prompt)


def outcome(run: Path, exit: Mapping[str, Any], job: Job) -> Outcome:
    good = ended_badly(exit, run) or by_exit(exit, run) or Outcome()
    good.text = output(run)
    return good
