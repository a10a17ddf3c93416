"""sd_notify(3): tell systemd READY, STATUS and WATCHDOG. Does nothing where no one listens."""

import os
import socket

PATIENCE = 5.0  # seconds; a reader that is stuck must not stop a stage


def notify(**fields: object) -> None:
    """Send `KEY=value` lines, e.g. notify(READY=1, STATUS="idle")."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    target = "\0" + address[1:] if address.startswith("@") else address
    message = "\n".join(f"{key}={value}" for key, value in fields.items())
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
        sock.settimeout(PATIENCE)
        try:
            sock.connect(target)
            sock.send(message.encode())
        except OSError:  # systemd is gone or deaf: no reason for a stage to stop
            return


def watchdog_seconds() -> float | None:
    """How often systemd wants a sign of life at the latest (half of WatchdogSec), or None."""
    usec, pid = os.environ.get("WATCHDOG_USEC"), os.environ.get("WATCHDOG_PID")
    if not usec or not usec.isdigit() or (pid and pid != str(os.getpid())):
        return None
    return int(usec) / 2_000_000
