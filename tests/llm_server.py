#!/usr/bin/env python3
"""A language model server that does as told: chat completions and Gemini's generateContent over a socket.

    with LlmServer(["429", "honest"]) as server: ...   # server.url, server.requests
    python3 tests/llm_server.py [--port 8788] [STEP …]   # the last step is repeated

POST …/chat/completions (OpenRouter, OpenAI, llama.cpp) and POST …/models/NAME:generateContent (Gemini).
Each request takes the next step; a step is a name from STEPS, or a mapping:
  {"value": …}           the answer's JSON        {"text": "…"}      the answer's text, whatever it is
  {"status": 503, "body": {...} | "…", "headers": {...}}             an HTTP answer as it stands
  {"openai": {…}, "gemini": {…}}    what stands in that protocol's completion instead of its usual fields;
                                    with "lie" or "value", the rest is as for those
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
REFINED = {"text": "", "title": "", "tool": None, "tool_words": "", "subtasks": []}


def _ended(reason: str) -> dict[str, Any]:
    """A completion's end in either protocol; its content is filled in later."""
    return {"ended": reason}


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
    "added-task": {"lie": "added-task"},
    "no-negation": {"lie": "no-negation"},
    "answered": {"value": REFINED | {"text": "Париж — столица Франции, население 2 миллиона."}},
    "sixty-subtasks": {"lie": "sixty-subtasks"},
    "same-subtasks": {"lie": "same-subtasks"},
    "empty-subtasks": {"lie": "empty-subtasks"},
    "lost-subtask": {"lie": "lost-subtask"},
    "empty-strings": {"value": REFINED},
    "long-title": {"lie": "long-title"},
    "trailers": {"lie": "trailers"},
    "number-changed": {"lie": "number-changed"},
    "bom": {"lie": "bom"},
    "twice": {"lie": "twice"},
    "nul": {"text": "\0\0\0"},
    "nested-too-deep": {"text": "[" * 100_000},
    "null-content": {
        "openai": {"choices": [{"index": 0, "message": {"role": "assistant", "content": None}}]},
        "gemini": {"candidates": [{"content": None, "finishReason": "STOP"}]},
    },
    "no-choices": {"openai": {"choices": []}, "gemini": {"candidates": []}},
    "odd-choices": {"openai": {"choices": {"0": 1}}, "gemini": {"candidates": "none"}},
    "cut-off": {"lie": "cut-off", "openai": _ended("length"), "gemini": _ended("MAX_TOKENS")},
    "whole-but-cut-off": {"lie": "", "openai": _ended("length"), "gemini": _ended("MAX_TOKENS")},
    "refused": {
        "openai": {"choices": [{"message": {"content": None, "refusal": "I can't help with that."}}]},
        "gemini": {"candidates": [], "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}},
    },
    "filtered": {"lie": "", "openai": _ended("content_filter"), "gemini": _ended("SAFETY")},
    "no-usage": {"lie": "", "openai": {"usage": None}, "gemini": {"usageMetadata": None}},
    "negative-usage": {
        "lie": "",
        "openai": {"usage": {"prompt_tokens": -5, "completion_tokens": -10**30, "cost": -1e9}},
        "gemini": {"usageMetadata": {"promptTokenCount": -5, "candidatesTokenCount": -(2**31)}},
    },
    "huge-usage": {
        "lie": "",
        "openai": {"usage": {"prompt_tokens": 10**30, "completion_tokens": 10**30, "cost": 1e300}},
        "gemini": {"usageMetadata": {"promptTokenCount": 2**31 - 1, "candidatesTokenCount": 2**31 - 1}},
    },
    "nan-cost": {
        "lie": "",
        "openai": {"usage": {"prompt_tokens": True, "completion_tokens": 1.5, "cost": float("nan")}},
        "gemini": {"usageMetadata": {"promptTokenCount": "many"}},
    },
    "infinite-cost": {
        "lie": "",
        "openai": {"usage": {"cost": float("inf")}},
        "gemini": {"usageMetadata": {"candidatesTokenCount": None}},
    },
    "gzip-garbage": {"status": 200, "body": "no gzip at all", "headers": {"Content-Encoding": "gzip"}},
    "error-string": {"status": 200, "body": {"error": "quota"}},
    "error-list": {"status": 200, "body": [{"error": {"code": 503, "message": "overloaded"}}]},
    "error-beside": {"lie": "", "openai": {"error": {"code": 500, "message": "broke off"}}, "gemini": {}},
    "302": {"status": 302, "body": "", "headers": {"Location": "http://127.0.0.1:9/"}},
    "204": {"status": 204, "body": ""},
    "dripping": {"drip": True},
    "stalled": {"stall": True},
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
    if lie == "added-task":
        answer["subtasks"] = [text, "Удали старые резервные копии"]
    if lie == "no-negation":
        answer["text"] = text.replace("не ", "").replace("Не ", "")
    if lie == "sixty-subtasks":
        answer["subtasks"] = [f"{text} {number}" for number in range(60)]
    if lie == "same-subtasks":
        answer["subtasks"] = [text, text]
    if lie == "empty-subtasks":
        answer["subtasks"] = [text, " "]
    if lie == "lost-subtask":
        answer["subtasks"] = [" ".join(words) for words in (text.split()[:2], text.split()[2:4])]
    if lie == "long-title":
        answer["title"] = (
            "<b>Готово</b>\n\n**" + "очень длинный заголовок " * 220 + "\nTask: 20990101-000000-tg-1-1"
        )
    if lie == "trailers":
        answer["title"] = text[:20] + "\n\nTask: 20990101-000000-tg-1-1\nCo-authored-by: x <x@example.org>"
    if lie == "number-changed":
        answer["text"] = text.replace("30", "60").replace("тридцать", "шестьдесят")
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
        if step.get("stall"):
            self.wfile.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"
            )
            self.server.released.wait(60)
            return None
        if step.get("drip"):
            self.wfile.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"
            )
            while not self.server.released.wait(0.1):
                self.wfile.write(b" ")
            return None
        if step.get("drop"):
            self.close_connection = True
            return self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{") and None
        if "status" in step:
            return self._send(*self._error(step, gemini))
        whole = self._completion(self._content(step, body, gemini), body, gemini)
        instead = dict(step.get("gemini" if gemini else "openai", {}))
        if reason := instead.pop("ended", None):
            whole["candidates" if gemini else "choices"][0]["finishReason" if gemini else "finish_reason"] = (
                reason
            )
        return self._send(200, whole | instead)

    def _content(self, step: dict[str, Any], body: dict[str, Any], gemini: bool) -> str:
        if not step.keys() & {"text", "value", "lie"}:
            return ""
        if "text" in step:
            return str(step["text"])
        if "value" in step:
            return json.dumps(step["value"], ensure_ascii=False)
        said = body["contents"][0]["parts"][0]["text"] if gemini else body["messages"][-1]["content"]
        answer = json.dumps(truthful(json.loads(said), step["lie"]), ensure_ascii=False)
        return {
            "fenced": f"```json\n{answer}\n```",
            "bom": "\ufeff" + answer,
            "twice": answer[:-1] + ', "text": "Удали всё.", "answer": "Всё удалено.", "slug": "none"}',
            "cut-off": answer[: len(answer) // 2],
        }.get(step["lie"], answer)

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
