"""What doctor says of one thing, and how it asks programs."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

INSTALLED = Path("/etc/systemd/system/skazano@.service")


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `remedy` is empty if all is well."""

    verdict: Literal["ok", "warning", "wrong"]
    what: str
    state: str
    remedy: str = ""


def installed() -> bool:
    """Whether Skazano is installed on this machine, with units, and this is not a checkout beside it."""
    from skazano.config import HOME

    return INSTALLED.exists() and HOME.parent == Path("/opt/skazano.d")


def output(
    argv: Sequence[str],
    seconds: float = 20.0,
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> tuple[int, str]:
    """A program's exit code and what it printed, both streams; 127 if it is not there, 124 if it hangs."""
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
            timeout=seconds, check=False, cwd=cwd, env=dict(env) if env is not None else None,
        )  # fmt: skip
    except FileNotFoundError:
        return 127, f"{argv[0]} is not here"
    except PermissionError as error:
        return 126, str(error)
    except subprocess.TimeoutExpired:
        return 124, f"no answer within {seconds:.0f} s"
    return done.returncode, (done.stdout + done.stderr).strip()
