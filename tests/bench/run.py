#!/usr/bin/env python3
"""Run the measurements of this directory: run.py [NAME …] [--json FILE].

A measurement is a file beside this one, a program that prints one JSON object a line,
{"bench", "what", "value", "unit", "against", "ratio"}, the last two null where nothing is compared.
They run one after another, each in its own process. The figures come as a table on stdout while they are
measured, and unchanged as JSON lines in FILE. Anything else a measurement prints goes to stderr.
Exit: 0, or 1 if a measurement failed, 2 if a NAME is unknown.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def available() -> dict[str, Path]:
    """The measurements by name. A name beginning with _ is a helper of theirs."""
    files = sorted(HERE.glob("[!_]*.py"))
    return {f.stem: f for f in files if f != Path(__file__).resolve()}


def figures(program: Path, failed: list[str]) -> Iterator[dict[str, Any]]:
    """Run one measurement and yield its figures as they come; add its name to failed if it fails."""
    path = os.pathsep.join([str(ROOT / "lib"), str(ROOT / "tests")])
    env = {**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, str(program)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env, cwd=ROOT) as process:
        assert process.stdout is not None
        for line in process.stdout:
            figure = parse(line)
            if figure is None:
                sys.stderr.write(line)
            else:
                yield figure
    if process.returncode != 0:
        failed.append(program.stem)
        print(f"bench: {program.stem} failed, exit status {process.returncode}", file=sys.stderr)


def parse(line: str) -> dict[str, Any] | None:
    """The figure on this line, or None if it is something else."""
    try:
        figure = json.loads(line)
    except ValueError:
        return None
    return figure if isinstance(figure, dict) and "bench" in figure and "value" in figure else None


def row(figure: dict[str, Any]) -> str:
    """The figure as a line of the table."""
    value = f"{number(figure['value']):>12} {figure.get('unit') or '':<8}"
    line = f"{figure['bench']:<14} {figure.get('what') or '':<52} {value}"
    if figure.get("against") is None:
        return line.rstrip()
    against = figure["against"]
    compared = number(against) if isinstance(against, int | float) else str(against)
    ratio = "" if figure.get("ratio") is None else f"  ×{number(figure['ratio'])}"
    return f"{line} against {compared}{ratio}"


def number(value: Any) -> str:
    """Four significant digits, without an exponent where people would not write one."""
    if isinstance(value, float) and abs(value) < 1000:
        return f"{value:.4g}"
    return f"{value:.0f}" if isinstance(value, float) else str(value)


def run(programs: list[Path], out: TextIO | None) -> list[str]:
    """Run them all; the names of those that failed."""
    failed: list[str] = []
    for program in programs:
        for figure in figures(program, failed):
            print(row(figure), flush=True)
            if out is not None:
                print(json.dumps(figure, ensure_ascii=False), file=out, flush=True)
    return failed


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="install.sh bench", description="Measure.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these measurements")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the figures there too")
    args = parser.parse_args(argv)
    known = available()
    unknown = [name for name in args.names if name not in known]
    if unknown:
        there = ", ".join(known) or "none"
        print(f"bench: no measurement called {', '.join(unknown)}; there are: {there}", file=sys.stderr)
        return 2
    programs = [known[name] for name in args.names or known]
    if args.json is None:
        failed = run(programs, None)
    else:
        with args.json.open("w", encoding="utf-8") as out:
            failed = run(programs, out)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
