"""The parent of one tool's run. It outlives the daemon that started it, and leaves nothing behind.

Started by skazano.runs as `python -I -S runner.py RUN_DIR` in a session of its own, with standard
library only. It inherits the lock on RUN_DIR/lock, so that "is the run alive?" has an exact answer
without a PID. It reads argv.json, writes stdout.log, stderr.log and, last of all, exit.json. A byte in
the FIFO `control` stops the run: SIGTERM, ten seconds, SIGKILL. Whatever the tool left running, also
with setsid or nohup, becomes this process's child (it is a subreaper, prctl(2)) and is killed.
"""

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time

GRACE = 10.0  # seconds between SIGTERM and SIGKILL
PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
PR_SET_PDEATHSIG_NONE = 0


def main(folder: str) -> int:
    """Run what RUN_DIR/argv.json says; the exit code is of no meaning, exit.json is."""
    os.chdir(folder)
    with open("argv.json", encoding="utf-8") as stream:
        wanted = json.load(stream)
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    control = os.open("control", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    write("started.json", {"time": time.time()})
    begun = time.monotonic()
    try:
        outcome = run(wanted, control)
    except OSError as error:
        outcome = {"code": None, "signal": None, "why": f"{error.filename}: {error.strerror}"}
    outcome["seconds"] = round(time.monotonic() - begun, 3)
    write("exit.json", outcome)
    return 0


def run(wanted: dict, control: int) -> dict:  # type: ignore[type-arg]
    """Start the tool, wait for its end, a stop or the time limit, and bury its whole family."""
    with open(wanted["stdin"], "rb") as given, open("stdout.log", "ab") as out, open("stderr.log", "ab") as err:
        child = subprocess.Popen(
            wanted["argv"],
            cwd=wanted["cwd"],
            env=wanted["env"],
            stdin=given,
            stdout=out,
            stderr=err,
            start_new_session=True,
            close_fds=True,
        )
    end = os.pidfd_open(child.pid)
    why = wait(end, control, wanted["seconds"])
    if why != "ended":
        kill(child, signal.SIGTERM)
        if wait(end, -1, GRACE) != "ended":
            kill(child, signal.SIGKILL)
    code = child.wait()
    left = bury()
    return {
        "code": code if code >= 0 else None,
        "signal": -code if code < 0 else None,
        "stopped": why == "stopped",
        "timeout": why == "timeout",
        "left_behind": left,
    }


def wait(end: int, control: int, seconds: float) -> str:
    """`ended`, `stopped` or `timeout`."""
    poll = select.poll()
    poll.register(end, select.POLLIN)
    if control >= 0:
        poll.register(control, select.POLLIN)
    ready = [fd for fd, _ in poll.poll(seconds * 1000)]
    if end in ready:
        return "ended"
    return "stopped" if ready else "timeout"


def kill(child: "subprocess.Popen[bytes]", number: int) -> None:
    """Signal the tool's process group, which its own children share unless they left it."""
    try:
        os.killpg(child.pid, number)
    except ProcessLookupError:
        return


def bury() -> int:
    """Kill and reap every process that the tool left; how many there were."""
    count, until = 0, time.monotonic() + GRACE
    while time.monotonic() < until:
        for pid in children():
            count += 1
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return count
    return count


def children() -> list[int]:
    """Our children now; killing one makes its children ours."""
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as stream:
        return [int(pid) for pid in stream.read().split()]


def write(name: str, value: object) -> None:
    """A durable file, as skazano.files writes it; this program imports nothing of ours."""
    temporary = f".{name}.tmp"
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o640)
    os.write(fd, json.dumps(value).encode() + b"\n")
    os.fsync(fd)
    os.close(fd)
    os.rename(temporary, name)
    folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(folder)
    os.close(folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
