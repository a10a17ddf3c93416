"""Running git: one process, a closed environment, a deadline, its whole group killed after that.

Hooks, filters and credential helpers of the project run inside these processes, so they get an
environment made from a short list and never ours. stdout is bytes; stderr is text, no credentials.
"""

import os
import pwd
import re
import subprocess
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from skazano.git.locks import clear_lock, named_lock
from skazano.git.process import memory_file, read_until_end
from skazano.git.secrets import redact

CAP = 256 * 1024 * 1024  # bytes of stdout taken from one command

# Settings that must hold whatever the owner's configuration says: output that can be parsed, no
# prompts, no editor, no daemon left behind, no stash, no submodule touched by a switch.
FIXED = {
    "core.quotepath": "off",
    "core.fsmonitor": "false",
    "core.safecrlf": "false",
    "core.editor": ":",
    "core.pager": "cat",
    "color.ui": "false",
    "commit.gpgsign": "false",
    "gc.autoDetach": "false",
    "i18n.commitEncoding": "UTF-8",
    "i18n.logOutputEncoding": "UTF-8",
    "log.showSignature": "false",
    "maintenance.auto": "false",
    "merge.autoStash": "false",
    "protocol.ext.allow": "never",
    "push.followTags": "false",
    "push.gpgSign": "false",
    "rebase.autoStash": "false",
    "rebase.updateRefs": "false",
    "submodule.recurse": "false",
}

NO_HOOKS = ("-c", "core.hooksPath=/dev/null")


class GitError(Exception):
    """git said no. `str()` is one plain line; `detail` is its stderr without credentials."""

    def __init__(self, text: str, detail: str = "", code: int = 0) -> None:
        super().__init__(text)
        self.detail = detail
        self.code = code


class Refused(GitError):
    """Only the owner can decide. `str()` is a Russian sentence for the person."""


class Busy(GitError):
    """Another git program is at work in the repository, or git ran out of time: try later."""


class Identity(msgspec.Struct, frozen=True):
    """Who commits when neither the repository nor the user's configuration says."""

    name: str = "Skazano"
    email: str = "skazano@localhost"


class Output(NamedTuple):
    """What one git process gave. `cut` is true if stdout was longer than its limit."""

    code: int
    out: bytes
    err: str
    cut: bool = False


class Git:
    """git in one checkout.

    `env` adds to the allowlist (SSH_AUTH_SOCK, HTTPS_PROXY, HOME …). As root, git runs as the
    user who owns the checkout: whoever writes its .git chooses what git executes. Not as root, a
    checkout of another user is refused by git itself; `trust_owner` says that it is wanted.
    `started` counts processes; `submodules` is what a status ignores of them.
    """

    def __init__(
        self,
        repo: Path,
        env: Mapping[str, str] | None = None,
        trust_owner: bool = False,
    ) -> None:
        self.repo = repo
        self.started = 0
        self.submodules = "none"
        self.options: list[str] = []
        for key, value in FIXED.items():
            self.options += ["-c", f"{key}={value}"]
        if trust_owner:
            self.options += ["-c", f"safe.directory={repo.resolve()}"]
        home = os.environ.get("HOME", "/nonexistent")
        self.user: dict[str, object] = {}
        owner = repo.stat().st_uid
        if os.geteuid() == 0 and owner != 0:
            home = self._become(owner)
        self.env = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": home,
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_LITERAL_PATHSPECS": "1",
            "GIT_MERGE_AUTOEDIT": "no",
            "GIT_EDITOR": ":",
            "GIT_CEILING_DIRECTORIES": str(repo.resolve().parent),
        }
        if "TZ" in os.environ:
            self.env["TZ"] = os.environ["TZ"]
        self.env.update(env or {})

    def _become(self, uid: int) -> str:
        """Make every process run as `uid`; gives that user's home."""
        try:
            entry = pwd.getpwuid(uid)
        except KeyError:
            self.user = {"user": uid, "group": uid, "extra_groups": []}
            return "/nonexistent"
        groups = os.getgrouplist(entry.pw_name, entry.pw_gid)
        self.user = {"user": uid, "group": entry.pw_gid, "extra_groups": groups}
        return entry.pw_dir

    def __call__(
        self,
        *args: str,
        stdin: bytes = b"",
        ok: Iterable[int] | None = (0,),
        seconds: float = 120,
        limit: int = CAP,
        sink: Callable[[bytes], object] | None = None,
        options: Iterable[str] = (),
    ) -> Output:
        """Run `git <args>` in the checkout.

        `ok`: exit codes that are no error, None for all. `sink` takes stdout piece by piece, and
        `out` stays empty. Raises GitError, Refused (ownership) or Busy (a live lock, the deadline).
        A lock that nobody holds any more is removed and the command run again.
        """
        argv = ["git", *self.options, *options, *args]
        done = self._run(argv, stdin, seconds, limit, sink)
        for _ in range(4):
            lock = named_lock(done.err) if done.code else None
            if lock is None or not clear_lock(lock, self.repo):
                break
            done = self._run(argv, stdin, seconds, limit, sink)
        if ok is None or done.code in ok or done.cut:
            return done
        if named_lock(done.err):
            raise Busy("в проекте работает другая программа git", done.err, done.code)
        if "dubious ownership" in done.err:
            raise Refused("папка проекта принадлежит другому пользователю", done.err, done.code)
        raise GitError(f"git {args[0]}: {last_line(done.err)}", done.err, done.code)

    def _run(
        self,
        argv: list[str],
        stdin: bytes,
        seconds: float,
        limit: int,
        sink: Callable[[bytes], object] | None,
    ) -> Output:
        self.started += 1
        given = memory_file(stdin)
        errors = memory_file(b"")
        try:
            child = subprocess.Popen(
                argv,
                cwd=self.repo,
                env=self.env,
                stdin=given,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
                **self.user,  # type: ignore[call-overload]
            )
            with child:
                out, cut = read_until_end(child, seconds, limit, sink)
                code = child.wait()
            err = redact(os.pread(errors, 1 << 20, 0).decode("utf-8", "backslashreplace"))
        except TimeoutError:
            command = next(a for a in argv[1:] if a[0] != "-" and "=" not in a)
            raise Busy(f"git {command} не уложился в отведённое время") from None
        finally:
            os.close(given)
            os.close(errors)
        return Output(code, out, err, cut)


def last_line(err: str) -> str:
    """The line of stderr that says what went wrong."""
    lines = [line.strip() for line in err.splitlines() if line.strip()]
    for line in lines:
        if re.match(r"(fatal|error|remote: error|ERROR)\b", line):
            return line[:300]
    return lines[-1][:300] if lines else "без объяснений"
