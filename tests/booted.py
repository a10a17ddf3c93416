"""A Debian booted in a box (tests/box), and Skazano installed in it: what tests/test_system.py works with."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BOX = ROOT / "tests" / "box"
SOURCES = (
    "bin",
    "lib",
    "web",
    "systemd",
    "spool/README.md",
    "install.sh",
    "README.md",
    "LICENSE",
    "tests/voices",
)
ANTHROPIC = "sk-ant-test-0123456789abcdefghijklmnopqrstuv"
PASSWORD = "лес-и-море-4711"
CODE = "314159"
DOMAIN = "box.example"
TOKEN = "5550009998:AAH0f9bYtM2nUe0Wq3ZxK7cVd4LhR8sSystem"
STAGES = ("receive", "download", "transcribe", "route", "refine", "execute", "summarize", "speak", "reply",
          "react", "render", "index")  # fmt: skip

ALL_ACTIVE = "[ $(systemctl list-units --plain --no-legend --state=active 'skazano@*.service' | wc -l) = 12 ]"
CONFIG_TAKEN = "systemctl show -P ActiveState skazano-config.service | grep -qE 'inactive|failed'"

# What a hostile tool would try. It answers with one word a line.
PROBE = r"""#!/bin/bash
own="/var/spool/skazano/tasks/${SKAZANO_TASK:0:4}-${SKAZANO_TASK:4:2}-${SKAZANO_TASK:6:2}/$SKAZANO_TASK"
try() { local name=$1; shift; if "$@" >/dev/null 2>&1; then echo "$name: YES"; else echo "$name: no"; fi; }
try token cat /etc/skazano/secrets/telegram
try config cat /etc/skazano/skazano.toml
try credentials cat /run/credentials/skazano@receive.service/telegram
try other-task cat /var/spool/skazano/tasks/*/*-1/voice.oga
try spool-state ls /var/spool/skazano/state
try queue ls /var/spool/skazano/reply/new
try other-project cat /srv/skazano/secretplan/plan.txt
try write-usr touch /usr/local/bin/evil
try write-task touch "$own/evil"
try start-unit systemctl --no-ask-password start skazano@receive
try journal journalctl -n 1
try sudo sudo -n true
try other-process cat /proc/1/environ
while read -r pid; do
    try "see-$pid" ls "/proc/$pid"
    try "environ-$pid" cat "/proc/$pid/environ"
    try "kill-$pid" kill -0 "$pid"
    try "ptrace-$pid" python3 -c "import ctypes; raise SystemExit(ctypes.CDLL(None).ptrace(16, $pid, 0, 0))"
done <stages
try htpasswd cat /etc/skazano/htpasswd
try projects ls /etc/skazano/projects
try backups ls /var/backups/skazano
try install-log cat /var/log/skazano-install.log
try pages ls /var/lib/skazano/site
try push-key ls /var/lib/skazano/execute
try root-home cat /root/token
try queue-write touch /var/spool/skazano/reply/new/20261122-000000-cli-1-1,0
try run-links ln -s / /run/skazano/runs/evil
try write-etc touch /etc/evil
try write-program touch /opt/skazano/bin/evil
try write-site touch /var/lib/skazano/site/evil.html
try write-unit touch /run/systemd/system/evil.service
try cron touch /var/spool/cron/evil
try stop-unit systemctl --no-ask-password stop skazano@receive
try stop-own-kind systemctl --no-ask-password stop "skazano-agent-main@$SKAZANO_TASK.service"
try transient systemd-run --no-ask-password true
try bus python3 -c 'import socket; socket.socket(1).connect("/run/dbus/system_bus_socket")'
try systemd-socket python3 -c 'import socket; socket.socket(1).connect("/run/systemd/private")'
try raw-socket python3 -c 'import socket; socket.socket(2, 3, 1)'
try mount mount -t tmpfs none /mnt
try metadata timeout 3 bash -c 'echo >/dev/tcp/169.254.169.254/80'
try clock date -s 2030-01-01
try su su -c true skazano-execute
try kernel-log dmesg
try own-project touch here.txt
try own-task cat "$own/task.json"
try own-out touch "$SKAZANO_OUT/x"
try own-home touch "$HOME/x"
try node-like-netlink ip link
echo "user: $(id -un) group: $(id -gn)"
echo "key: ${#ANTHROPIC_API_KEY}"
env | grep -c -i telegram
setsid nohup sleep 1000 >/dev/null 2>&1 &
"""
WAITS = r"""#!/bin/bash
echo begun >"$SKAZANO_OUT/begun"
while [ ! -e "$HOME/go" ]; do sleep 0.1; done
echo "дождался"
"""
TOOLS = """
[tools.probe]
kind = "command"
command = "/usr/local/bin/probe"
secrets = { ANTHROPIC_API_KEY = "anthropic" }

[tools.waits]
kind = "command"
command = "/usr/local/bin/waits"

[tools.fails]
kind = "command"
command = "/bin/false"
"""


class Box:
    """A machine. `run` is a command on it as root; what it printed."""

    def __init__(self) -> None:
        self.env = {**os.environ, "BOX_NAME": f"skazano-{os.getpid()}", "BOX_PACKAGES": "polkitd"}
        self.env.setdefault("BOX_HOME", "/var/tmp/skazano-box")

    def verb(
        self, *words: str, seconds: float = 600, stdin: bytes | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        given = {"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}
        return subprocess.run(
            ["bash", str(BOX), *words], env=self.env, capture_output=True, timeout=seconds,
            check=False, **given
        )  # fmt: skip

    def ask(self, *words: str, seconds: float = 600, stdin: bytes | None = None) -> tuple[int, str]:
        done = self.verb("run", *words, seconds=seconds, stdin=stdin)
        return done.returncode, (done.stdout + done.stderr).decode(errors="replace").strip()

    def run(self, *words: str, seconds: float = 600, stdin: bytes | None = None) -> str:
        code, told = self.ask(*words, seconds=seconds, stdin=stdin)
        assert code == 0, f"{' '.join(words)}: exit code {code}\n{told[-3000:]}"
        return told

    def sh(self, text: str, seconds: float = 600) -> str:
        return self.run("bash", "-c", text, seconds=seconds)

    def write(self, path: str, text: str, mode: str = "644") -> None:
        self.run("install", "-D", "-m", mode, "/dev/stdin", path, stdin=text.encode())

    def wait(self, condition: str, seconds: int = 60) -> None:
        """Until a shell condition holds."""
        loop = f"for i in $(seq {seconds * 5}); do if {condition}; then exit 0; fi; sleep 0.2; done; exit 1"
        code, told = self.ask("bash", "-c", loop, seconds=seconds + 30)
        assert code == 0, f"not within {seconds} s: {condition}\n{told}\n{self.ask('skazano', 'ls')[1]}"

    def reboot(self) -> None:
        """Reboot, and wait until it is up again. What is asked meanwhile would delay its shutdown."""
        ended = os.pidfd_open(self._pid("LEADER"))
        self.verb("enter", "systemctl", "--no-block", "reboot")
        try:
            assert select.select([ended], [], [], 150)[0], "the box does not go down"
        finally:
            os.close(ended)
        deadline = time.monotonic() + 120
        while self.verb("status").stdout.split()[-1:] not in ([b"running"], [b"degraded"]):
            assert time.monotonic() < deadline, "the box does not come up"

    def power_cut(self) -> None:
        """Every process in it ends at once, as when the power goes; then it is booted again."""
        ended = os.pidfd_open(self._pid("SUPERVISOR"))
        os.kill(self._pid("LEADER"), signal.SIGKILL)
        try:
            assert select.select([ended], [], [], 60)[0], "the box does not end"
        finally:
            os.close(ended)
        self.verb("stop")
        done = self.verb("boot")
        assert done.returncode == 0, done.stderr.decode()

    @contextmanager
    def small_disk(self, place: str, megabytes: int, *units: str) -> Iterator[None]:
        """Have what lies at `place` on a filesystem of that size; the units are stopped for the change."""
        stop = f"systemctl stop {' '.join(units)} && rm -rf /root/kept && cp -a {place} /root/kept"
        start = f"cp -a /root/kept/. {place}/ && rm -rf /root/kept && systemctl start {units[0]}"
        self.sh(f"{stop} && mount -t tmpfs -o size={megabytes}m none {place} && {start}")
        self.wait(ALL_ACTIVE, 120)
        try:
            yield
        finally:
            self.sh(f"{stop} && umount {place} && rm -rf {place}/* && {start}")
        self.wait(ALL_ACTIVE, 120)

    def _pid(self, which: str) -> int:
        """LEADER: the process that is the box's PID 1, as this machine numbers it; SUPERVISOR: its holder."""
        home = Path(self.env["BOX_HOME"]) / "boxes" / self.env["BOX_NAME"]
        found = re.search(rf"^{which}=(\d+)", (home / "state").read_text(), re.M)
        assert found
        return int(found[1])

    def place(self, id: str) -> str:
        return str(json.loads(self.run("skazano", "show", id, "--json"))["place"])

    def newest(self) -> str:
        return str(json.loads(self.run("skazano", "show", "last", "--json"))["id"])


def source(change: Callable[[Path], bytes | None] = lambda path: None) -> bytes:
    """The checkout as a tar; `change` may give other content for a file."""
    packed = BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        names = [*SOURCES, *(path.name for path in ROOT.glob("requirements*.txt"))]
        for file in sorted(
            f for name in names for f in [ROOT / name, *(ROOT / name).rglob("*")] if f.is_file()
        ):
            if "__pycache__" in file.parts:
                continue
            data = change(file.relative_to(ROOT)) or file.read_bytes()
            info = tarfile.TarInfo(str(file.relative_to(ROOT)))
            info.size, info.mode = len(data), file.stat().st_mode & 0o777
            archive.addfile(info, BytesIO(data))
    return packed.getvalue()


def previous() -> bytes | None:
    """The commit before this tree as a tar; None in a shallow clone."""
    names = [*SOURCES[:-1], "requirements.txt", "requirements-hashes.txt"]
    unchanged = subprocess.run(["git", "diff", "--quiet", "HEAD", "--", *names], cwd=ROOT, check=False)
    commit = "HEAD" if unchanged.returncode else "HEAD~1"
    done = subprocess.run(["git", "archive", commit, *names], cwd=ROOT, capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else None


def bring(box: Box, data: bytes) -> None:
    box.run("bash", "-c", "rm -rf /root/src; mkdir /root/src; tar -C /root/src -xf -", stdin=data)


def install(box: Box, *flags: str, seconds: float = 1500) -> tuple[int, str]:
    return box.ask("bash", "-c", 'cd /root/src && ./install.sh "$@"', "install", *flags, seconds=seconds)
