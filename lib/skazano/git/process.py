"""One child process in a group of its own: read it with a limit and a deadline, kill it whole."""

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable


def read_until_end(
    child: "subprocess.Popen[bytes]",
    seconds: float,
    limit: int,
    sink: Callable[[bytes], object] | None = None,
) -> tuple[bytes, bool]:
    """The child's stdout until the child ends, and whether it was cut at `limit` bytes.

    The end of the process counts, not of the pipe: a hook's background child may hold that for
    ever. `sink` takes the bytes instead. Raises TimeoutError. The group is killed when that is
    raised, when the output is cut, and when anything else interrupts.
    """
    assert child.stdout is not None
    pipe = child.stdout.fileno()
    os.set_blocking(pipe, False)
    ended = os.pidfd_open(child.pid)
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    poll.register(ended, select.POLLIN)
    deadline = time.monotonic() + seconds
    pieces: list[bytes] = []
    size = 0
    try:
        while True:
            ready = dict(poll.poll(max(0, (deadline - time.monotonic()) * 1000)))
            if not ready:
                raise TimeoutError
            piece = read_some(pipe)
            if piece:
                size += len(piece)
                (sink or pieces.append)(piece)
                if size > limit:
                    kill_group(child)
                    return b"".join(pieces)[:limit], True
            elif ended in ready:
                return b"".join(pieces), False
            elif piece == b"" and pipe >= 0:
                poll.unregister(pipe)
                pipe = -1
    except BaseException:
        kill_group(child)
        raise
    finally:
        os.close(ended)


def read_some(pipe: int) -> bytes | None:
    """What the pipe holds at the moment: None if nothing, b"" at its end."""
    if pipe < 0:
        return None
    try:
        return os.read(pipe, 1 << 18)
    except BlockingIOError:
        return None


def memory_file(data: bytes) -> int:
    """An anonymous file with `data`, read from its start: no pipe to fill, no thread to feed it."""
    handle = os.memfd_create("git", os.MFD_CLOEXEC)
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]
    os.lseek(handle, 0, os.SEEK_SET)
    return handle


def kill_group(child: "subprocess.Popen[bytes]") -> None:
    """TERM, two seconds, KILL, to git with its hooks and transports."""
    for number, patience in ((signal.SIGTERM, 2.0), (signal.SIGKILL, 10.0)):
        try:
            os.killpg(child.pid, number)
            child.wait(patience)
        except ProcessLookupError:
            break
        except subprocess.TimeoutExpired:
            continue
    # What ignored TERM while git itself obeyed is still in the group.
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
