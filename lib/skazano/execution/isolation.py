"""The process that stands between the runner and the tool: it starts the tool, and outlives all of it.

Standard library only: the runner uses it. Where the kernel allows, it is process 1 of a PID namespace
(pid_namespaces(7)): the tool sees no process but its own, and when it ends the kernel kills whatever is
left, also what left its session. In a mount namespace of its own it covers what the tool must not read
(the spool, secrets, other projects) with empty, read-only filesystems, and leaves the task's own
directory readable. Elsewhere it is a subreaper (prctl(2)) and kills what is left one by one.
"""

import contextlib
import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import time
from typing import Any

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID = 0x00020000, 0x10000000, 0x20000000  # linux/sched.h
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32  # linux/mount.h
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36  # linux/prctl.h
POLITE = 1.0  # seconds between SIGTERM and SIGKILL for what the tool left running
PATIENCE = 10.0  # seconds for what was killed to be gone
OOM_SCORE = 500  # when memory is short the kernel takes the tool, not the daemons
# The runner blocks these before it forks: process 1 would not hear one that came before its handlers.
TOLD_BY = (signal.SIGTERM, signal.SIGUSR1)
_libc = ctypes.CDLL(None, use_errno=True)


def enter() -> bool:
    """Let the children of this process live in a PID namespace; whether the kernel allows it.

    Without root a user namespace is needed, in which the user stays who they are. Afterwards only one
    child may be forked: it is process 1.
    """
    if os.geteuid() == 0:
        return bool(_libc.unshare(CLONE_NEWPID) == 0)
    user, group = os.geteuid(), os.getegid()
    if _libc.unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0:
        return False
    try:
        _put("/proc/self/setgroups", "deny")
        _put("/proc/self/uid_map", f"{user} {user} 1")
        _put("/proc/self/gid_map", f"{group} {group} 1")
    except OSError:
        return False
    return True


def allowed() -> bool:
    """Whether a namespace can be had here: tried in a child, so that nothing changes for the caller."""
    done = subprocess.run([sys.executable, "-I", "-S", __file__], check=False, timeout=30)
    return done.returncode == 0


def host(wanted: dict[str, Any], streams: tuple[int, int, int], status: int, *, namespace: bool) -> int:
    """In the child: start the tool, wait for it, bury its family; {code, signal, left_behind} or {why} to
    `status` as JSON. SIGTERM is passed on to the tool's group; SIGUSR1, and the runner's death, end all."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGUSR1, 0, 0, 0)
    _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        if namespace:
            _own_view(wanted)
        _limits(wanted)
        told = _tool(wanted, streams)
    except OSError as error:
        told = {"why": f"{error.filename or 'starting it'}: {error.strerror}"}
    os.write(status, json.dumps(told).encode())
    return 0


def _tool(wanted: dict[str, Any], streams: tuple[int, int, int]) -> dict[str, Any]:
    child = subprocess.Popen(
        wanted["argv"],
        cwd=wanted["cwd"],
        env=wanted["env"],
        stdin=streams[0],
        stdout=streams[1],
        stderr=streams[2],
        start_new_session=True,
        pass_fds=wanted.get("pass_fds", []),
        preexec_fn=_unblock,
    )
    for fd in streams:
        os.close(fd)

    def end_all(number: int, frame: object) -> None:
        _group(child.pid, signal.SIGKILL)

    signal.signal(signal.SIGTERM, lambda number, frame: _group(child.pid, signal.SIGTERM))
    signal.signal(signal.SIGUSR1, end_all)
    _unblock()
    ended = -1
    while ended != child.pid:
        ended, state = os.wait()  # orphans of the tool are ours, and are reaped here
    code = os.waitstatus_to_exitcode(state)
    return {
        "code": code if code >= 0 else None,
        "signal": -code if code < 0 else None,
        "left_behind": bury(),
    }


def _unblock() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, TOLD_BY)


def bury() -> int:
    """End and reap every process that the tool left, politely first; how many there were."""
    seen = _ask_to_end()
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        for pid in _children():
            if not _zombie(pid):
                seen.add(pid)
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            break
    return len(seen)


def _ask_to_end() -> set[int]:
    """SIGTERM to what is left, and a moment to put its things in order; who it was."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    seen = {pid for pid in _children() if not _zombie(pid)}
    for pid in seen:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + POLITE
    while (left := until - time.monotonic()) > 0:
        try:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                signal.sigtimedwait({signal.SIGCHLD}, left)
        except ChildProcessError:
            break
    return seen


def _children() -> list[int]:
    """Our children now; killing one makes its children ours."""
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as stream:
        return [int(pid) for pid in stream.read().split()]


def _zombie(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", "rb") as stream:
            return stream.read().rpartition(b") ")[2][:1] == b"Z"
    except OSError:
        return True


def _group(pid: int, number: int) -> None:
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return


def _limits(wanted: dict[str, Any]) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if most := int(wanted.get("processes") or 0):
        hard = resource.getrlimit(resource.RLIMIT_NPROC)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(resource.RLIMIT_NPROC, (most, most))
    try:
        _put("/proc/self/oom_score_adj", str(OOM_SCORE))
    except OSError:
        return  # lower than what it is may not be asked for, higher always: it is that high already


def _own_view(wanted: dict[str, Any]) -> None:
    """A /proc of our own, and nothing under what is to be hidden. Raises OSError."""
    _call(_libc.unshare(CLONE_NEWNS), "namespace")
    _mount("none", "/", None, MS_REC | MS_PRIVATE)
    _mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    kept = [
        (path, os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)) for path in wanted.get("show", [])
    ]
    for path in wanted.get("hide", []):
        if os.path.isdir(path):
            _mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=64k")
    for path, fd in kept:
        os.makedirs(path, exist_ok=True)
        _mount(f"/proc/self/fd/{fd}", path, None, MS_BIND)
        os.close(fd)
        if path not in wanted.get("writable", []):
            _mount("none", path, None, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV)


def _mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    words = [word.encode() if word is not None else None for word in (source, target, kind)]
    _call(_libc.mount(*words, ctypes.c_ulong(flags), data.encode() if data else None), target)


def _call(result: int, about: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), about)


def _put(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as stream:
        stream.write(text)


def _try() -> int:
    """Exit code 0 if the whole way works: a namespace, a child in it, mounts."""
    if not enter():
        return 1
    child = os.fork()
    if child == 0:
        try:
            _own_view({})
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    sys.exit(_try())
