"""HTTP of the Bot API server: one thread a connection, kept alive; faults happen here.

The answer leaves in one write: two would meet Nagle's algorithm and a delayed ACK (40 ms).
"""

from __future__ import annotations

import contextlib
import email.message
import json
import re
import socket
import threading
import time
import traceback
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from botapi_query import NAMES, Query, Upload, perform
from botapi_state import TOKEN, Call, Fault, State, too_many
from botapi_text import Refused

BODY_MAX = {False: 51 << 20, True: 2001 << 20}  # bytes, by local mode
UPLOAD_MAX = {False: 50 << 20, True: 2000 << 20}
IDLE = 75.0  # seconds after which nginx closes a silent connection
Answer = tuple[int, bytes, str]


class Hangup(Exception):
    """The connection is to be closed without an answer."""


def encode(result: Any) -> Answer:
    body = json.dumps({"ok": True, "result": result}, ensure_ascii=False).encode()
    return 200, body, "application/json"


def refuse(refused: Refused) -> Answer:
    told: dict[str, Any] = {"ok": False, "error_code": refused.code}
    told["description"] = refused.description
    if refused.parameters:
        told["parameters"] = refused.parameters
    return refused.code, json.dumps(told, ensure_ascii=False).encode(), "application/json"


def nginx_page(status: int) -> Answer:
    title = f"{status} {HTTPStatus(status).phrase}"
    head = f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
    body = f"{head}<center><h1>{title}</h1></center>\r\n<hr><center>nginx/1.18.0</center>\r\n"
    return status, f"{body}</body>\r\n</html>\r\n".encode(), "text/html"


class Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = IDLE
    server: Listener  # type: ignore[assignment]

    def do_GET(self) -> None:
        try:
            self._answer(*self._serve())
        except (Hangup, ConnectionError, TimeoutError):
            self._hang_up()
        except ValueError:  # lengths or JSON that are none
            self.close_connection = True
            self._answer(*nginx_page(400))

    do_POST = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Calls are kept in State.calls; standard error stays quiet."""

    def _serve(self) -> Answer:
        body = self._body()
        url = urlsplit(self.path)
        if self.server.control is not None and url.path.startswith("/control/"):
            given = json.loads(body) if body else dict(parse_qsl(url.query))
            return self.server.control(url.path.removeprefix("/control/"), given)
        found = re.fullmatch(r"(/file)?/bot([^/]+)/(.+)", unquote(url.path))
        if found is None:
            return refuse(Refused(404, "Not Found"))
        is_file, token, rest = found.groups()
        if TOKEN.fullmatch(token) is None:
            return refuse(Refused(404, "Not Found"))
        query = Query("file" if is_file else NAMES.get(rest.lower(), rest), connection=self.connection)
        if is_file:
            query.params["file_path"] = rest
        elif body is not None:
            _read_arguments(query, url.query, body, self.headers.get("Content-Type", ""))
        state = self.server.state
        with state.cond:
            call = Call(query.method, query.params, time.time())
            state.calls.append(call)
            state.cond.notify_all()
        if token != state.token:
            return self._told(call, refuse(Refused(401, "Unauthorized")))
        return self._faulty(query, call, body)

    def _faulty(self, query: Query, call: Call, body: bytes | None) -> Answer:
        """The answer, or what the first fault that strikes makes of it; delays add up."""
        state = self.server.state
        with state.cond:
            faults = [fault for fault in state.faults if fault.left != 0]
            delays = [f for f in faults if f.what == "delay" and f.strikes(query.method)]
            others = (f for f in faults if f.what != "delay" and f.strikes(query.method))
            fault = next(others, None)
        call.fault = fault.what if fault else "delay" if delays else None
        self._sleep(sum(delay.seconds for delay in delays if not delay.after))
        answer = None
        if fault is None or fault.after or fault.what == "truncate":
            answer = self._effect(query, body)
        self._sleep(sum(delay.seconds for delay in delays if delay.after))
        return self._told(call, self._spoil(fault, answer))

    def _effect(self, query: Query, body: bytes | None) -> Answer:
        state = self.server.state
        try:
            local = state.local_dir is not None
            files = [len(upload.data) for upload in query.uploads.values()]
            if body is None or max(files, default=0) > UPLOAD_MAX[local]:
                raise Refused(413, "Request Entity Too Large")
            if query.method != "file":
                return encode(perform(state, query))
            with state.cond:
                stored = None if local else state.file_by_path(query.text("file_path"))
            if stored is None:
                raise Refused(404, "Not Found")
            return 200, stored.data, "application/octet-stream"
        except Refused as refused:
            return refuse(refused)
        except (TypeError, ValueError, AttributeError, LookupError):
            traceback.print_exc()  # arguments that this server did not foresee
            return refuse(Refused(500, "Internal Server Error"))

    def _spoil(self, fault: Fault | None, answer: Answer | None) -> Answer:
        if fault is None and answer is not None:
            return answer
        if fault is None or fault.what == "drop":
            raise Hangup
        if fault.what == "flood":
            return refuse(too_many(int(fault.seconds)))
        if fault.what == "status" and fault.status == 500:
            return refuse(Refused(500, "Internal Server Error"))
        if fault.what == "status":
            return nginx_page(fault.status)
        if fault.what == "garbage":
            return 200, b'{"ok":tru', "application/json"
        assert answer is not None
        head = self._head(*answer)
        self.wfile.write(head + answer[1][: len(answer[1]) // 2])
        raise Hangup

    def _told(self, call: Call, answer: Answer) -> Answer:
        with self.server.state.cond:
            call.status = answer[0]
            if answer[0] != 200 and answer[2] == "application/json":
                call.description = json.loads(answer[1])["description"]
            self.server.state.cond.notify_all()
        return answer

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.wfile.write(self._head(status, body, kind) + body)

    def _head(self, status: int, body: bytes, kind: str) -> bytes:
        lines = [
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", "Server: nginx/1.18.0",
            f"Date: {self.date_time_string()}", f"Content-Type: {kind}",
            f"Content-Length: {len(body)}",
            f"Connection: {'close' if self.close_connection else 'keep-alive'}",
        ]  # fmt: skip
        if status == 429:
            lines.append(f"Retry-After: {json.loads(body)['parameters']['retry_after']}")
        return "\r\n".join([*lines, "", ""]).encode()

    def _sleep(self, seconds: float) -> None:
        state, until = self.server.state, time.monotonic() + seconds
        with state.cond:
            while seconds and not state.stopping and time.monotonic() < until:
                state.cond.wait(until - time.monotonic())

    def _hang_up(self) -> None:
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # the other side was faster

    def _body(self) -> bytes | None:
        """The body; None if it is over the limit, read to its end all the same."""
        limit = BODY_MAX[self.server.state.local_dir is not None]
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            parts = list(self._chunks())
            return b"".join(parts) if sum(map(len, parts)) <= limit else None
        length = int(self.headers.get("Content-Length") or 0)
        if length <= limit:
            return self._exactly(length)
        while length > 0:
            length -= len(self._exactly(min(length, 1 << 20)))
        return None

    def _chunks(self) -> Any:
        while size := int(self.rfile.readline(100).split(b";")[0] or b"0", 16):
            yield self._exactly(size)
            self.rfile.readline(3)
        self.rfile.readline(3)

    def _exactly(self, length: int) -> bytes:
        data = self.rfile.read(length)
        if len(data) < length:
            raise Hangup
        return data


def _read_arguments(query: Query, url_query: str, body: bytes, kind: str) -> None:
    query.params.update(parse_qsl(url_query, keep_blank_values=True))
    header = email.message.Message()
    header["Content-Type"] = kind or "application/octet-stream"
    if header.get_content_type() == "application/x-www-form-urlencoded":
        query.params.update(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    elif header.get_content_type() == "application/json":
        try:
            query.params.update(json.loads(body or b"{}"))
        except (ValueError, TypeError):
            return  # Telegram, too, goes on without the arguments
    elif boundary := header.get_param("boundary"):
        _read_multipart(query, body, f"--{boundary}".encode())


def _read_multipart(query: Query, body: bytes, boundary: bytes) -> None:
    for part in (b"\r\n" + body).split(b"\r\n" + boundary)[1:]:
        head, gap, data = part.partition(b"\r\n\r\n")
        names = dict(re.findall(r'(\w+)="([^"]*)"', head.decode("utf-8", "replace")))
        if not gap or "name" not in names:
            continue
        if "filename" in names:
            mime = re.search(rb"(?i)content-type:\s*([^\s;]+)", head)
            kind = mime[1].decode("ascii", "replace") if mime else ""
            query.uploads[names["name"]] = Upload(unquote(names["filename"]), kind, data)
        else:
            query.params[names["name"]] = data.decode("utf-8", "replace")


class Listener:
    """A listening socket and its connections. Refusing, it still holds its port."""

    control: Callable[[str, dict[str, Any]], Answer] | None = None

    def __init__(self, state: State, port: int):
        self.state = state
        self.lock = threading.Lock()
        self.open: set[socket.socket] = set()
        self.socket = self._bind(port)
        self.port = int(self.socket.getsockname()[1])

    @staticmethod
    def _bind(port: int) -> socket.socket:
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(("127.0.0.1", port))
        return bound

    def listen(self) -> None:
        self.socket.listen(512)
        threading.Thread(target=self._accept, args=(self.socket,), daemon=True).start()

    def refuse(self) -> None:
        """Stop listening, cut every connection; the port stays ours."""
        self.close()
        self.socket = self._bind(self.port)

    def close(self) -> None:
        with self.lock:
            listening = self.socket
            self.socket = socket.socket()  # whoever is still at the door is late
        with contextlib.suppress(OSError):  # it was not listening
            listening.shutdown(socket.SHUT_RDWR)  # wakes accept
        listening.close()
        self.hang_up()

    def hang_up(self) -> None:
        with self.lock:
            for connection in self.open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, address = listening.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                late = listening is not self.socket
                if not late:
                    self.open.add(connection)
            if late:
                connection.close()
                continue
            threading.Thread(target=self._converse, args=(connection, address), daemon=True).start()

    def _converse(self, connection: socket.socket, address: Any) -> None:
        try:
            Connection(connection, address, self)  # type: ignore[arg-type]
        except (ConnectionError, TimeoutError):
            pass  # the client went away
        finally:
            with self.lock:
                self.open.discard(connection)
            connection.close()
