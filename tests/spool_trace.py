"""Stops a real process at each system call that changes the spool: to kill it there, or to let the call fail.

`traced(operation, at)` forks; the child runs `operation` under ptrace(2), and `at` is asked at the entry
and at the exit of each such call. A process that is killed while it stands at an entry never makes the
call (the kernel looks for a fatal signal between the stop and the call), one at an exit has made it.
PTRACE_GET_SYSCALL_INFO (Linux 5.3) tells number and arguments on every architecture.
"""

import contextlib
import ctypes
import errno
import os
import platform
import signal
import struct
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass

TRACEME, POKEUSER, SYSCALL, SETOPTIONS, GET_SYSCALL_INFO = 0, 6, 24, 0x4200, 0x420E
SYSGOOD, EXITKILL = 0x1, 0x100000
ENTRY, EXIT = 1, 2
X86_RAX, X86_ORIG_RAX = 10 * 8, 15 * 8  # offsets in struct user, sys/user.h

NUMBERS = {
    "x86_64": {
        1: "write", 2: "open", 18: "pwrite64", 20: "writev", 40: "sendfile", 73: "flock", 74: "fsync",
        75: "fdatasync", 77: "ftruncate", 82: "rename", 83: "mkdir", 84: "rmdir", 86: "link", 87: "unlink",
        88: "symlink", 90: "chmod", 91: "fchmod", 133: "mknod", 257: "openat", 258: "mkdirat", 259: "mknodat",
        263: "unlinkat", 264: "renameat", 265: "linkat", 266: "symlinkat", 268: "fchmodat", 280: "utimensat",
        285: "fallocate", 316: "renameat2", 326: "copy_file_range",
    },
    "aarch64": {
        32: "flock", 33: "mknodat", 34: "mkdirat", 35: "unlinkat", 36: "symlinkat", 37: "linkat",
        38: "renameat", 46: "ftruncate", 47: "fallocate", 52: "fchmod", 53: "fchmodat", 56: "openat",
        64: "write", 66: "writev", 68: "pwrite64", 71: "sendfile", 82: "fsync", 83: "fdatasync",
        88: "utimensat", 276: "renameat2", 285: "copy_file_range",
    },
}  # fmt: skip
NAMES = NUMBERS.get(platform.machine(), {})
WRITES = ("write", "pwrite64", "writev", "sendfile")

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.restype = ctypes.c_long
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


@dataclass
class Call:
    """One system call that changes the spool, unless it `failed`: the `number`th of its process."""

    number: int
    name: str
    about: str
    failed: bool = False

    def __str__(self) -> str:
        return f"{self.number}: {self.name}({self.about})"


@dataclass
class Outcome:
    """How the process ended: its exit code, or None if it was killed; what it printed when it failed."""

    code: int | None
    calls: list[Call]
    error: str = ""


At = Callable[[Call, str, int], "int | None"]  # call, "before" or "after", pid; an errno lets the call fail


def unavailable() -> str:
    """Why processes cannot be traced here; empty if they can."""
    if not NAMES:
        return f"no system call numbers for {platform.machine()}"
    try:
        return "" if traced(lambda: os.mkdir("/"), lambda *_: None).calls else "ptrace shows no calls"
    except OSError as error:
        return f"ptrace: {error.strerror}"


def traced(operation: Callable[[], object], at: At) -> Outcome:
    """Run `operation` in a child of this process, stopping at each call that changes the spool."""
    told, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        _child(operation, tell)
    os.close(tell)
    try:
        outcome = _follow(pid, at)
    finally:
        with os.fdopen(told, "rb") as stream:
            error = stream.read().decode()
    outcome.error = error
    return outcome


def killed_at(number: int, side: str) -> At:
    """An `at` that kills the process at that side of its `number`th call."""

    def at(call: Call, here: str, pid: int) -> None:
        if call.number == number and here == side:
            os.kill(pid, signal.SIGKILL)

    return at


def fails_at(number: int, error: int) -> At:
    """An `at` that lets the `number`th call fail with that errno, without being made."""

    def at(call: Call, here: str, pid: int) -> int | None:
        return error if call.number == number and here == "before" else None

    return at


def _child(operation: Callable[[], object], tell: int) -> None:
    code = 1
    try:
        libc.ptrace(TRACEME, 0, None, None)
        os.kill(os.getpid(), signal.SIGSTOP)
        operation()
        code = 0
    except BaseException:  # noqa: BLE001 - the child must end here, and tell why
        os.write(tell, traceback.format_exc().encode())
    finally:
        os._exit(code)


def _follow(pid: int, at: At) -> Outcome:
    _, status = os.waitpid(pid, 0)
    if not os.WIFSTOPPED(status):
        return Outcome(os.waitstatus_to_exitcode(status), [])
    _ptrace(SETOPTIONS, pid, 0, SYSGOOD | EXITKILL)
    calls: list[Call] = []
    call, wanted, pass_on = None, None, 0
    while True:
        with contextlib.suppress(ProcessLookupError):  # killed at this stop
            _ptrace(SYSCALL, pid, 0, pass_on)
        _, status = os.waitpid(pid, 0)
        if os.WIFSIGNALED(status):
            return Outcome(None, calls)
        if os.WIFEXITED(status):
            return Outcome(os.WEXITSTATUS(status), calls)
        pass_on = 0
        if os.WSTOPSIG(status) != signal.SIGTRAP | 0x80:
            pass_on = os.WSTOPSIG(status)
            continue
        kind, number, arguments = _info(pid)
        if kind == ENTRY:
            call = _call(pid, number, arguments, len(calls) + 1)
            if call is not None:
                calls.append(call)
                wanted = at(call, "before", pid)
                if wanted is not None:
                    _ptrace(POKEUSER, pid, X86_ORIG_RAX, -1)
        elif call is not None:
            if wanted is not None:
                _ptrace(POKEUSER, pid, X86_RAX, -wanted)
            call.failed = bool(number >> 63)  # -errno, as an unsigned number
            at(call, "after", pid)
            call, wanted = None, None


def _ptrace(request: int, pid: int, address: int, data: int) -> int:
    done = libc.ptrace(request, pid, address, ctypes.c_void_p(data))
    if done == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return int(done)


def _info(pid: int) -> tuple[int, int, tuple[int, ...]]:
    """struct ptrace_syscall_info: op, then at an entry number and six arguments, at an exit the result."""
    buffer = ctypes.create_string_buffer(88)
    if libc.ptrace(GET_SYSCALL_INFO, pid, len(buffer), ctypes.addressof(buffer)) <= 0:
        number = ctypes.get_errno()
        if number == errno.ESRCH:
            return 0, -1, ()
        raise OSError(number, os.strerror(number))
    kind, number, *arguments = struct.unpack_from("=B23x7Q", buffer)
    return kind, number, tuple(arguments)


def _call(pid: int, number: int, arguments: tuple[int, ...], count: int) -> Call | None:
    name = NAMES.get(number)
    if name is None:
        return None
    if name in ("open", "openat"):
        at = 1 if name == "open" else 2
        if not arguments[at] & (os.O_CREAT | os.O_TRUNC):
            return None
        return Call(count, name, _text(pid, arguments[at - 1]))
    if name in WRITES:
        target = _target(pid, arguments[0])
        regular = target.startswith("/") and not target.startswith("/dev/")
        return Call(count, name, target) if regular and arguments[0] > 2 else None
    if name in ("flock", "fsync", "fdatasync", "ftruncate", "fchmod", "fallocate", "copy_file_range"):
        return Call(count, name, _target(pid, arguments[0]))
    first = 1 if name.endswith(("at", "at2")) else 0
    return Call(count, name, _text(pid, arguments[first]) or _target(pid, arguments[0]))


def _target(pid: int, fd: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/fd/{ctypes.c_int(fd).value}")
    except OSError:
        return "?"


def _text(pid: int, address: int) -> str:
    """The zero-terminated path at an address of the stopped process."""
    if not address:
        return ""
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        memory.seek(address)
        return memory.read(256).split(b"\0")[0].decode(errors="replace")


if __name__ == "__main__":
    print(unavailable() or "ptrace works", file=sys.stderr)
