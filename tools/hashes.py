#!/usr/bin/env python3
"""Writes requirements-hashes.txt: the lock with checksums from the index, for what install.sh supports.

    tools/hashes.py      ask the index, through pip, for every Python and machine below, and write the file

Of each package the wheel that pip would take, or the source where there is none. torch is left out: its CPU
builds come from an index of their own or from a folder, with other files of the same version; it is pinned by
version alone, and install.sh looks that no CUDA build is taken. So are the packages that only tests need.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Python: the second number of glibc's version, in Debian 12, Ubuntu 24.04, Debian 13.
SYSTEMS = {"3.11": 36, "3.12": 39, "3.13": 41}
MACHINES = ("x86_64", "aarch64")
HEAD = """\
# Made by tools/hashes.py from requirements.txt: every package at its version, with the checksums of the files
# that may be taken for it. The system-wide installation takes no others. torch: see tools/hashes.py.
"""


def wanted() -> list[str]:
    """The lines of the lock that an installation needs."""
    lock, _, _ = (ROOT / "requirements.txt").read_text(encoding="utf-8").partition("\n# tests only\n")
    lines = [line for line in lock.splitlines() if line and not line.startswith("#")]
    return [line for line in lines if not line.startswith("torch==")]


def ask(requirements: Path, report: Path, python: str, machine: str) -> dict[str, set[str]]:
    """{name==version: checksums} of what pip would take there. Raises CalledProcessError."""
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in range(SYSTEMS[python], 16, -1)]
    platforms.append(f"manylinux2014_{machine}")
    argv = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
    argv += ["--no-deps", "--use-feature=fast-deps", "--implementation=cp", "--target=unused"]
    argv += [f"--python-version={python}"]
    argv += [f"--platform={name}" for name in platforms]
    argv += [f"--report={report}", "-r", str(requirements)]
    # Without this machine's own folders: the checksums have to be those of the public index.
    environment = {**os.environ, "PIP_CONFIG_FILE": "/dev/null", "PIP_FIND_LINKS": ""}
    subprocess.run(argv, check=True, env=environment)
    found: dict[str, set[str]] = {}
    for item in json.loads(report.read_text(encoding="utf-8"))["install"]:
        name = item["metadata"]["name"].lower().replace("_", "-").replace(".", "-")
        found[name] = {item["download_info"]["archive_info"]["hashes"]["sha256"]}
    return found


def main() -> None:
    sums: dict[str, set[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        requirements, report = Path(folder) / "lock.txt", Path(folder) / "report.json"
        requirements.write_text("\n".join(wanted()) + "\n", encoding="utf-8")
        for python in SYSTEMS:
            for machine in MACHINES:
                for name, found in ask(requirements, report, python, machine).items():
                    sums.setdefault(name, set()).update(found)
    lines = []
    for line in wanted():
        name = line.partition("==")[0].lower().replace("_", "-").replace(".", "-")
        lines.append(" \\\n    ".join([line, *(f"--hash=sha256:{sum}" for sum in sorted(sums[name]))]))
    (ROOT / "requirements-hashes.txt").write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
