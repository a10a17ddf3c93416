#!/usr/bin/env python3
"""A language model server that does as told: chat completions and Gemini's generateContent over a socket.

    with LlmServer(["429", "honest"]) as server: ...   # server.url, server.requests
    python3 tests/llm_server.py [--port 8788] [STEP …]   # the last step is repeated

POST …/chat/completions (OpenRouter, OpenAI, llama.cpp) and POST …/models/NAME:generateContent (Gemini).
Each request takes the next step; a step is a name from STEPS, or a mapping:
  {"value": …}           the answer's JSON        {"text": "…"}      the answer's text, whatever it is
  {"status": 503, "body": {...} | "…", "headers": {...}}             an HTTP answer as it stands
"honest" reads the question (as skazano.understand.by_model asks it) and answers it truly.
"""

import argparse
import json
import sys
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Step = str | dict[str, Any]
STEPS: dict[str, dict[str, Any]] = {
    "429": {"status": 429, "error": "Too many requests", "after": 2},
    "429-long": {"status": 429, "error": "Quota exceeded for this day", "after": 3600},
    "500": {"status": 500, "error": "Internal server error"},
    "503": {"status": 503, "error": "The model is overloaded"},
    "401": {"status": 401, "error": "No auth credentials found"},
    "404": {"status": 404, "error": "No such model"},
    "html": {
        "status": 200,
        "body": "<!DOCTYPE html><html><h1>502 Bad gateway</h1></html>",
        "headers": {"Content-Type": "text/html"},
    },
    "html-502": {"status": 502, "body": "<html>Bad gateway</html>", "headers": {"Content-Type": "text/html"}},
    "error-in-200": {"status": 200, "body": {"error": {"code": 429, "message": "Provider returned error"}}},
    "broken-json": {"text": '{"text": "Добавь кно'},
    "wrong-shape": {"value": {"answer_is": 42}},
    "list": {"value": []},
    "empty": {"text": ""},
    "prose": {"text": "Конечно! Вот ваш запрос, переписанный начисто."},
    "fenced": {"lie": "fenced"},
    "wrong-project": {"value": {"slug": "no-such-project"}},
    "no-project": {"value": {"slug": None}},
    "extra": {"lie": "extra"},
    "lost": {"lie": "lost"},
    "wrong-tool": {"lie": "wrong-tool"},
    "unasked-tool": {"lie": "unasked-tool"},
    "boast": {"value": {"answer": "Исправлено 57 ошибок в engine.rs, покрытие выросло до 98 процентов."}},
    "slow": {"slow": True},
    "drop": {"drop": True},
    "honest": {"lie": ""},
}  # fmt: skip


def truthful(question: dict[str, Any], lie: str) -> Any:
    """The answer to a question of skazano.understand.by_model, with one lie in it if so told."""
    if "projects" in question:
        heard = question["heard"].replace(" ", "")
        return {"slug": next((p["slug"] for p in question["projects"] if p["slug"][:2] == heard[:2]), None)}
    if "result" in question:
        lines = [line for line in question["result"].splitlines() if line.strip()]
        first = lines[0].strip("# ") if lines else "Инструмент ничего не ответил."
        return {"answer": f"Не получилось. {first}" if question["failed"] else first}
    said = " ".join(question["dictated"].split())
    text = said[:1].upper() + said[1:]
    answer = {"text": text, "title": text[:60], "tool": None, "tool_words": "", "subtasks": []}
    if lie == "extra":
        answer["text"] += ". Также настрой непрерывную интеграцию и удали старые резервные копии"
    if lie == "lost":
        answer["text"] = " ".join(text.split()[:2])
    if lie == "wrong-tool":
        answer["tool"] = "rm-rf"
    if lie == "unasked-tool" and question["tools"]:
        answer |= {"tool": question["tools"][-1], "tool_words": ""}
    return answer


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "LlmServer"

    def log_message(self, *_: Any) -> None:
        pass

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        path = self.path.split("?")[0]
        with self.server.lock:
            self.server.requests.append({"path": self.path, "headers": dict(self.headers), "body": body})
            steps = self.server.steps
            step = steps.pop(0) if len(steps) > 1 else steps[0]
        step = STEPS[step] if isinstance(step, str) else step
        gemini = path.endswith(":generateContent")
        if not gemini and not path.endswith("/chat/completions"):
            return self._send(404, {"error": {"code": 404, "message": f"no {path}"}})
        if step.get("slow"):
            self.server.released.wait(60)
            return None
        if step.get("drop"):
            self.close_connection = True
            return self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{") and None
        if "status" in step:
            return self._send(*self._error(step, gemini))
        return self._send(200, self._completion(self._content(step, body, gemini), body, gemini))

    def _content(self, step: dict[str, Any], body: dict[str, Any], gemini: bool) -> str:
        if "text" in step:
            return str(step["text"])
        if "value" in step:
            return json.dumps(step["value"], ensure_ascii=False)
        said = body["contents"][0]["parts"][0]["text"] if gemini else body["messages"][-1]["content"]
        answer = json.dumps(truthful(json.loads(said), step["lie"]), ensure_ascii=False)
        return f"```json\n{answer}\n```" if step["lie"] == "fenced" else answer

    def _completion(self, content: str, body: dict[str, Any], gemini: bool) -> dict[str, Any]:
        if gemini:
            parts = [{"text": content}] if content else []
            return {
                "candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": "STOP"}],
                "usageMetadata": {
                    "promptTokenCount": 1000,
                    "candidatesTokenCount": 200,
                    "totalTokenCount": 1200,
                },
                "modelVersion": "gemini-2.5-flash",
            }
        message = {"role": "assistant", "content": content}
        return {
            "id": "gen-1",
            "object": "chat.completion",
            "model": body.get("model"),
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {
                "prompt_tokens": 1000,
                "completion_tokens": 200,
                "total_tokens": 1200,
                **self.server.usage,
            },
        }

    def _error(self, step: dict[str, Any], gemini: bool) -> tuple[int, Any, dict[str, str]]:
        headers = dict(step.get("headers", {}))
        if "body" in step:
            return step["status"], step["body"], headers
        after, error = step.get("after"), {"code": step["status"], "message": step["error"]}
        if gemini:
            error["status"] = {429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE"}.get(step["status"], "INTERNAL")
            if after:
                kind = "type.googleapis.com/google.rpc.RetryInfo"
                error["details"] = [{"@type": kind, "retryDelay": f"{after}s"}]
        elif after:
            headers["Retry-After"] = str(after)
        return step["status"], {"error": error}, headers

    def _send(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        raw = (body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)).encode()
        self.send_response(status)
        for name, value in ({"Content-Type": "application/json"} | (headers or {})).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)


class LlmServer(ThreadingHTTPServer):
    """Listens on 127.0.0.1 at once. usage is merged into chat completions' usage ({"cost": …})."""

    daemon_threads = True

    def __init__(self, steps: Sequence[Step] = ("honest",), port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Answers)
        self.steps: list[Step] = list(steps)
        self.requests: list[dict[str, Any]] = []
        self.usage: dict[str, Any] = {}
        self.lock, self.released = threading.Lock(), threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a client that went away is what some tests want

    def __enter__(self) -> "LlmServer":
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.released.set()
        self.shutdown()
        self.server_close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=8788)
    parser.add_argument("steps", nargs="*", default=["honest"], metavar="STEP")
    options = parser.parse_args()
    server = LlmServer(options.steps or ["honest"], options.port)
    print(server.url, file=sys.stderr)
    server.serve_forever()


if __name__ == "__main__":
    main()
