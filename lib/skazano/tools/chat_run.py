"""Asks a model and writes the answer as it comes, one JSON event a line: delta {text}, done {usage,
citations, model, finish}, error {status, message, kind}. Run as `python -I chat_run.py CHAT_JSON`.

The key comes by the file descriptor $SKAZANO_SECRETS_FD, as {"KEY": …} in JSON. The server's stream is that
of https://platform.openai.com/docs/api-reference/chat-streaming, with OpenRouter's additions.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from typing import Any

import requests

TIMEOUTS = (10, 300)  # seconds to connect, and between two pieces of the answer
AGAIN = (408, 429, 500, 502, 503, 504, 529)
PAUSES = (2.0, 8.0, 30.0)  # seconds before each further try
PIECE = 512  # bytes; a larger piece of an answer that is not chunked would be waited for
LONGEST_PAUSE = 60.0  # a server that wants us to wait longer is taken as down


class Refused(Exception):
    """The server said no; `status` is HTTP's."""

    def __init__(self, message: str, status: int | None, after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.after = after


def main(path: str) -> int:
    """Ask, and again if the server is only unwell and has said nothing yet; exit code 0 if it answered."""
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    with open(path, encoding="utf-8") as stream:
        request = json.load(stream)
    headers = {"X-Title": "Skazano"}
    if key := secret():
        headers["Authorization"] = f"Bearer {key}"
    for pause in (*PAUSES, None):
        said = False
        try:
            for event in ask(request["url"], request["body"], headers):
                emit(event)
                said = said or event["type"] == "delta"
            return 0
        except (Refused, requests.RequestException) as error:
            status = error.status if isinstance(error, Refused) else None
            after = error.after if isinstance(error, Refused) else None
            again = status is None or status in AGAIN
            if said or pause is None or not again or (after or 0) > LONGEST_PAUSE:
                emit({"type": "error", "status": status, "message": told(error)})
                return 1
            print(f"{told(error)}: again in {after or pause:g} s", file=sys.stderr, flush=True)
            time.sleep(after or pause)
    return 1


def secret() -> str | None:
    """The key, if one was given; the descriptor is closed."""
    fd = os.environ.pop("SKAZANO_SECRETS_FD", None)
    if fd is None:
        return None
    with open(int(fd), "rb") as stream:
        value = json.load(stream).get("KEY")
    return str(value) if value else None


def ask(url: str, body: dict[str, Any], headers: dict[str, str]) -> Iterator[dict[str, Any]]:
    """The events of one request. Raises Refused, requests.RequestException."""
    wanted = {**body, "stream": True, "stream_options": {"include_usage": True}, "usage": {"include": True}}
    usage: dict[str, Any] = {}
    citations: list[Any] = []
    finish, model = None, None
    with requests.post(
        f"{url}/chat/completions", json=wanted, headers=headers, stream=True, timeout=TIMEOUTS
    ) as answer:
        if answer.status_code != 200:
            raise Refused(message_of(answer), answer.status_code, pause_of(answer))
        for chunk in chunks(answer):
            if chunk.get("error"):  # an error may come within a 200
                error = chunk["error"]
                code = error.get("code") if isinstance(error, dict) else None
                raise Refused(
                    str(error.get("message") if isinstance(error, dict) else error),
                    code if isinstance(code, int) else None,
                )
            usage, model = chunk.get("usage") or usage, chunk.get("model") or model
            citations = chunk.get("citations") or citations
            for choice in chunk.get("choices") or []:
                part = choice.get("delta") or choice.get("message") or {}
                finish = choice.get("finish_reason") or finish
                citations = [*citations, *urls(part.get("annotations") or [])]
                if part.get("content"):
                    yield {"type": "delta", "text": part["content"]}
    if finish is None:
        raise Refused("the answer was cut off", None)
    yield {"type": "done", "usage": usage, "citations": unique(citations), "model": model, "finish": finish}


def chunks(answer: requests.Response) -> Iterator[dict[str, Any]]:
    """The objects of a stream of server-sent events, or the one of a plain answer."""
    if "event-stream" not in answer.headers.get("content-type", ""):
        yield answer.json()
        return
    for line in lines(answer):
        if not line.startswith(b"data:"):
            continue  # comments, such as OpenRouter's ": OPENROUTER PROCESSING"
        data = line[5:].strip()
        if data == b"[DONE]":
            return
        yield json.loads(data)


def lines(answer: requests.Response) -> Iterator[bytes]:
    """The lines of an answer as they come. (Response.iter_lines copies a long one for each piece of it.)"""
    parts: list[bytes] = []
    for piece in answer.iter_content(PIECE):
        first, *rest = piece.split(b"\n")
        parts.append(first)
        for part in rest:
            yield b"".join(parts)
            parts = [part]
    yield b"".join(parts)


def urls(annotations: list[Any]) -> list[Any]:
    """The pages that an answer's annotations name."""
    return [one["url_citation"] for one in annotations if isinstance(one, dict) and one.get("url_citation")]


def unique(citations: list[Any]) -> list[Any]:
    """Each page once, in order."""
    kept = {one.get("url") if isinstance(one, dict) else one: one for one in reversed(citations)}
    return list(reversed(kept.values()))


def message_of(answer: requests.Response) -> str:
    """What the server says went wrong."""
    try:
        error = answer.json().get("error")
    except (ValueError, AttributeError):
        error = None
    text = error.get("message") if isinstance(error, dict) else error
    return str(text or answer.reason or answer.status_code)[:1000]


def pause_of(answer: requests.Response) -> float | None:
    """How long it wants us to wait, in seconds."""
    try:
        return float(answer.headers.get("retry-after", ""))
    except ValueError:
        return None


def told(error: Exception) -> str:
    """An error in a line; a request's own would have the whole URL."""
    return str(error) if isinstance(error, Refused) else type(error).__name__


def emit(event: dict[str, Any]) -> None:
    """One event, at once."""
    print(json.dumps(event, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
