"""What every program in bin/ shares: its options, and how it ends.

Exit codes: 0 stopped or `--once` done, 1 it cannot go on and wants to be restarted, 78 (EX_CONFIG) the
configuration is wrong.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from skazano.config import ConfigError
from skazano.log import ERROR, log
from skazano.spool import SpoolError
from skazano.wake import Deaf


def arguments_of(name: str, arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """`config` and `once`, of the command line or of `arguments`."""
    parser = argparse.ArgumentParser(prog=f"{name}.py", description=f"Skazano's {name}.")
    parser.add_argument("--config", type=Path, help="skazano.toml to use")
    parser.add_argument("--once", action="store_true", help="do what there is to do and exit")
    return parser.parse_args(arguments)


def guarded(name: str, run: Callable[[], int]) -> int:
    """`run()`'s exit code; troubles of the process as a whole told in one line."""
    try:
        return run()
    except (ConfigError, SpoolError) as error:
        log("-", f"cannot start {name}: {error}", level=ERROR)
        return 78
    except Deaf as error:
        log("-", f"{name} must be restarted: {error}", level=ERROR)
        return 1
    except OSError as error:
        log("-", f"{name} stops: {error}", level=ERROR)
        return 1
