"""The kind `chat` by the real `execute`, against servers on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from mock_llm import MockLlm
from real_agents import KEY, Agents, exit_of
from stages import everything_below


class Canned(BaseHTTPRequestHandler):
    """Answers what it is told, whatever it is asked."""

    status: ClassVar[int] = 200
    lines: ClassVar[list[str]] = []
    bodies: ClassVar[list[Any]] = []

    def do_POST(self) -> None:
        self.bodies.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        text = "".join(line + "\n" for line in self.lines).encode()
        self.send_response(self.status)
        self.send_header("content-type", "text/event-stream" if self.status == 200 else "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def canned(tmp_path: Path, llm: MockLlm) -> Iterator[tuple[Agents, type[Canned]]]:
    made = ThreadingHTTPServer(("127.0.0.1", 0), type("Own", (Canned,), {"bodies": []}))
    threading.Thread(target=made.serve_forever, daemon=True).start()
    more = f"""
[tools.canned]
kind = "chat"
url = "http://127.0.0.1:{made.server_address[1]}/v1"
model = "vendor/model"
"""
    yield Agents(tmp_path, llm, more), made.RequestHandlerClass  # type: ignore[misc]
    made.shutdown()
    made.server_close()


def data(**fields: Any) -> str:
    return f"data: {json.dumps(fields)}\n"


def test_a_question_is_answered_counted_and_the_key_is_nowhere(agents: Agents) -> None:
    task = agents.run("[[mock:default]]", "chat")
    assert task.text("result.md") == "Hello from the mock model."
    assert task.text("run/stdout.log") == "Hello from the mock model."
    assert exit_of(task)["cost"] > 0
    assert exit_of(task)["tokens"]["output"] > 0
    for path, raw in everything_below(agents.spool.root):
        assert KEY.encode() not in raw, path
    asked = [entry for entry in agents.server.log if entry["path"].endswith("/chat/completions")][-1]
    assert asked["path"] == "/api/v1/chat/completions"
    assert asked["headers"]["Authorization"].startswith("Bearer sk-")


def test_a_reply_brings_the_conversation_along(agents: Agents) -> None:
    first = agents.run("Запомни слово ананас.", "chat")
    agents.run("Какое было слово?", "chat", parent=first.id, session=first.load().session)
    roles = [(m["role"], m["content"]) for m in agents.server.asked("/chat/completions")[-1]["messages"]]
    assert [role for role, _ in roles] == ["system", "user", "assistant", "user"]
    assert roles[1][1] == "Запомни слово ананас."
    assert roles[3][1] == "Какое было слово?"


def test_sources_are_kept(canned: tuple[Agents, type[Canned]]) -> None:
    agents, server = canned
    source = {"type": "url_citation", "url_citation": {"url": "https://example.org/a", "title": "Пример"}}
    server.lines = [
        ": OPENROUTER PROCESSING\n",
        data(choices=[{"delta": {"content": "Так [1]."}}], citations=["https://example.org/b"]),
        data(choices=[{"delta": {"annotations": [source]}, "finish_reason": "stop"}]),
        "data: [DONE]\n",
    ]
    task = agents.run("Как?", "canned")
    assert (
        task.text("result.md") == "Так [1].\n\n[1] https://example.org/b\n[2] Пример: https://example.org/a"
    )


@pytest.mark.slow
def test_a_service_that_is_down_for_a_moment_is_waited_for(agents: Agents) -> None:
    agents.server.refuse = 1
    task = agents.run("[[mock:default]]", "chat")
    assert exit_of(task)["ok"] is True
    assert "down: again in 2 s" in (task.text("run/stderr.log") or "")


@pytest.mark.parametrize(
    ("status", "error"), [(400, "agent-refused"), (401, "agent-login"), (402, "agent-quota")]
)
def test_a_refusal_is_not_tried_again(canned: tuple[Agents, type[Canned]], status: int, error: str) -> None:
    agents, server = canned
    server.status, server.lines = status, [json.dumps({"error": {"message": "нет", "code": status}})]
    task = agents.run("Как?", "canned")
    assert exit_of(task)["error"] == error
    assert "нет" in (task.text("error.txt") or "").splitlines()[0]
    assert len(server.bodies) == 1


def test_an_error_within_a_good_answer_is_one(canned: tuple[Agents, type[Canned]]) -> None:
    agents, server = canned
    server.lines = [
        data(choices=[{"delta": {"content": "Нача"}}]),
        data(error={"code": 502, "message": "upstream died"}),
    ]
    task = agents.run("Как?", "canned")
    assert exit_of(task)["error"] == "agent-down"
    assert len(server.bodies) == 1  # what was said once is not said twice


def test_an_answer_that_was_cut_off_is_no_answer(canned: tuple[Agents, type[Canned]]) -> None:
    agents, server = canned
    server.lines = [data(choices=[{"delta": {"content": "Полови"}}])]
    task = agents.run("Как?", "canned")
    assert exit_of(task)["ok"] is False
