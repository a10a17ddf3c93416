"""What the unit of an agent's run starts, as the agent's user: `python -I -S unit_run.py RUN_DIR`.

Takes run/lock, tells systemd READY (so that whoever started the unit finds the lock held), and becomes the
runner. Keys come from the unit's credentials, never from `execute`, which cannot read them. Standard library
only. A run that was begun before is not begun again.
"""

import json
import os
import sys
import time

sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from skazano import files
from skazano.execution import runner
from skazano.notify import notify


def main(folder: str) -> int:
    """Run what RUN_DIR/argv.json says; exit.json is the result."""
    folder = os.path.realpath(folder)
    lock = os.open(os.path.join(folder, "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o660)
    if not files.lock(lock):
        notify(READY=1)
        return 0
    notify(READY=1, STATUS="running")
    if any(os.path.exists(os.path.join(folder, name)) for name in ("started.json", "exit.json")):
        return 0
    try:
        secrets = memory_file(credentials(folder))
    except (OSError, ValueError) as error:
        os.chdir(folder)
        runner.write("started.json", {"time": time.time()})
        runner.write("exit.json", {"code": None, "signal": None, "why": str(error), "seconds": 0.0})
        return 0
    return runner.main(folder, secrets)


def credentials(folder: str) -> dict[str, str]:
    """{variable: secret} as argv.json names them. Raises ValueError if one is not there."""
    with open(os.path.join(folder, "argv.json"), encoding="utf-8") as stream:
        wanted = json.load(stream).get("credentials") or {}
    place, found = os.environ.get("CREDENTIALS_DIRECTORY", "/nonexistent"), {}
    for variable, name in wanted.items():
        try:
            with open(os.path.join(place, os.path.basename(name)), encoding="utf-8") as stream:
                found[variable] = stream.read().strip()
        except FileNotFoundError:
            raise ValueError(f"the agents' unit has no credential {name} (LoadCredential=)") from None
        if not found[variable]:
            raise ValueError(f"/etc/skazano/secrets/{name} is empty: {variable} is needed")
    return found


def memory_file(values: dict[str, str]) -> str:
    """An anonymous file with the values as JSON: its descriptor as text; "" for none."""
    if not values:
        return ""
    fd = os.memfd_create("secrets", os.MFD_CLOEXEC)
    os.write(fd, json.dumps(values).encode())
    os.lseek(fd, 0, os.SEEK_SET)
    os.set_inheritable(fd, True)
    return str(fd)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
