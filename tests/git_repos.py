"""Real repositories for tests of git: an owner's checkout, bare remotes, an HTTP server for them."""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from skazano import git

DAY = date(2026, 11, 22)
BRANCH = "autobot/2026-11-22"


class Repo:
    """A checkout as its owner uses it; `home` keeps the machine's own git configuration out."""

    def __init__(self, path: Path, home: Path) -> None:
        self.path = path
        self.env = {"HOME": str(home)}

    def git(self, *args: str, ok: bool = True, **env: str) -> str:
        """Run git as the owner; the output without its last newline."""
        full = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **self.env, **env}
        done = subprocess.run(
            ["git", *args], cwd=self.path, env=full, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0 or not ok, done.stderr
        return done.stdout.rstrip("\n")

    def write(self, name: str, text: str | bytes) -> Path:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return file

    def commit(self, subject: str = "work", **files: str) -> str:
        for name, text in files.items():
            self.write(name.replace("__", "."), text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", subject)
        return self.head

    @property
    def head(self) -> str:
        return self.git("rev-parse", "HEAD")

    @property
    def branch(self) -> str:
        return self.git("branch", "--show-current")

    def subjects(self, what: str = "HEAD") -> list[str]:
        """Subjects, the newest first."""
        return self.git("log", "--format=%s", what).splitlines()

    def files(self, what: str = "HEAD") -> list[str]:
        """Paths that one commit changed."""
        return sorted(self.git("show", "--format=", "--name-only", "--no-renames", what).splitlines())

    def prepare(self, task: str = "t1", today: date = DAY, **options: Any) -> git.Work:
        work = git.prepare(self.path, task, today=today, env=self.env, **options)
        assert work is not None
        return work

    def finish(self, work: git.Work, subject: str = "done", **options: Any) -> git.Commit:
        return self.finish_with_patch(work, subject, **options)[0]

    def finish_with_patch(
        self, work: git.Work, subject: str = "done", **options: Any
    ) -> tuple[git.Commit, bytes]:
        done = git.finish(self.path, work, subject, {"Project": "p"}, env=self.env, **options)
        assert done is not None
        return done

    def task(self, task: str = "t1", today: date = DAY, **files: str) -> git.Commit:
        """A whole run that writes `files`."""
        work = self.prepare(task, today)
        for name, text in files.items():
            self.write(name, text)
        return self.finish(work, f"task {task}")

    def push(self, branch: str = BRANCH, **options: Any) -> git.PushResult:
        return git.push(self.path, branch, env=self.env, **options)

    def undo(self, task: str, **options: Any) -> git.Undone:
        return git.undo(self.path, task, today=DAY, env=self.env, **options)


def make(path: Path, home: Path, branch: str = "main", identity: bool = True) -> Repo:
    """An empty repository on an unborn branch."""
    path.mkdir(parents=True)
    home.mkdir(exist_ok=True)
    repo = Repo(path, home)
    repo.git("init", "-q", "-b", branch)
    if identity:
        repo.git("config", "user.name", "Owner")
        repo.git("config", "user.email", "owner@example.org")
    return repo


def make_bare(path: Path, home: Path, branch: str = "main") -> Repo:
    path.mkdir(parents=True)
    repo = Repo(path, home)
    repo.git("init", "-q", "--bare", "-b", branch)
    return repo


def clone(source: str | Path, path: Path, home: Path, *args: str) -> Repo:
    path.parent.mkdir(parents=True, exist_ok=True)
    repo = Repo(path.parent, home)
    repo.git("clone", "-q", *args, str(source), str(path))
    repo = Repo(path, home)
    repo.git("config", "user.name", "Other")
    repo.git("config", "user.email", "other@example.org")
    return repo


@contextmanager
def http_server(root: Path, password: str | None = None, status: int | None = None) -> Iterator[str]:
    """`git http-backend` over `root` on loopback: gives the URL without credentials.

    `password`: what basic auth must carry. `status`: answered to everything instead.
    """

    class Backend(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: object) -> None:
            pass

        def refuse(self, code: int) -> None:
            self.send_response(code)
            if code == 401:
                self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()

        def body(self) -> bytes:
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length", "0")))
            pieces = []
            while size := int(self.rfile.readline(), 16):
                pieces.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(pieces)

        def do_GET(self) -> None:
            data = self.body()
            if status:
                return self.refuse(status)
            given = base64.b64decode(self.headers.get("Authorization", "Basic ")[6:]).decode()
            if password and given.partition(":")[2] != password:
                return self.refuse(401)
            path, _, query = self.path.partition("?")
            env = {
                "PATH": os.environ["PATH"],
                "GIT_PROJECT_ROOT": str(root),
                "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(len(data)),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "REMOTE_USER": "somebody",
                "REMOTE_ADDR": "127.0.0.1",
                "HOME": str(root),
            }
            done = subprocess.run(
                ["git", "http-backend"], input=data, env=env, capture_output=True, check=False
            )
            head, _, content = done.stdout.partition(b"\r\n\r\n")
            fields = [line.split(": ", 1) for line in head.decode().splitlines()]
            code = next((int(value[:3]) for name, value in fields if name == "Status"), 200)
            self.send_response(code)
            for name, value in fields:
                if name != "Status":
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            return None

        do_POST = do_GET

    server = ThreadingHTTPServer(("127.0.0.1", 0), Backend)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
