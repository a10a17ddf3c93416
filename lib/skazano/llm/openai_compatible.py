"""Chat completions over HTTP: OpenRouter, OpenAI, llama.cpp's server, Ollama, vLLM.

POST {base_url}/chat/completions with response_format json_schema, as
https://platform.openai.com/docs/api-reference/chat describes it. A server that refuses
response_format is asked again without it: the prompt says what shape is wanted as well.
"""

import json
import time
from typing import Any, TypeVar

from skazano.llm.base import (
    ModelError,
    Price,
    Usage,
    WrongShape,
    decode,
    dollars,
    for_status,
    json_schema,
    scrubbed,
    tokens,
    told_wait,
)

T = TypeVar("T")
OPENROUTER = "https://openrouter.ai/api/v1"
MOST_BYTES = 2_000_000  # of an answer; more is no answer to our questions
CONNECT_SECONDS = 5.0


class OpenAiCompatible:
    """One model of one server. key None: no Authorization header (a local server)."""

    def __init__(
        self,
        name: str,
        model: str,
        base_url: str = OPENROUTER,
        key: str | None = None,
        price: Price | None = None,
        max_tokens: int = 4000,
    ) -> None:
        self.name, self.model, self._key = name, model, key
        self._url = base_url.rstrip("/") + "/chat/completions"
        self._price, self._max_tokens = price or Price(), max_tokens
        self._shaped = True

    def complete(self, system: str, text: str, schema: type[T], seconds: float) -> tuple[T, Usage]:
        """One attempt. Raises ModelError, WrongShape."""
        began = time.monotonic()
        status, body, after = self._post(self._payload(system, text, schema), seconds)
        if status == 400 and self._shaped and b"response_format" in body:
            self._shaped = False
            left = seconds - (time.monotonic() - began)
            status, body, after = self._post(self._payload(system, text, schema), left)
        answer = self._answer(status, body, after)
        usage = self._usage(answer)
        usage.ms = round(1000 * (time.monotonic() - began))
        try:
            return decode(_content(answer), schema), usage
        except WrongShape as wrong:
            wrong.usage = usage
            raise

    def _payload(self, system: str, text: str, schema: type[Any]) -> dict[str, Any]:
        payload: dict[str, Any] = {
            "model": self.model,
            "messages": [
                {"role": "system", "content": system},
                {"role": "user", "content": text},
            ],
            "temperature": 0,
            "max_tokens": self._max_tokens,
        }
        if self._shaped:
            shape = {"name": schema.__name__.lower(), "strict": True, "schema": json_schema(schema)}
            payload["response_format"] = {"type": "json_schema", "json_schema": shape}
        if self._url.startswith(OPENROUTER):
            payload["usage"] = {"include": True}  # OpenRouter then tells what the call cost
        return payload

    def _post(self, payload: dict[str, Any], seconds: float) -> tuple[int, bytes, float | None]:
        """(status, body, seconds of Retry-After). The deadline holds for a server that drips, too."""
        import requests

        deadline = time.monotonic() + seconds
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        try:
            with requests.post(
                self._url,
                json=payload,
                headers=headers,
                timeout=(min(CONNECT_SECONDS, seconds), seconds),
                allow_redirects=False,  # the key goes where it was meant to go
                stream=True,
            ) as response:
                body = bytearray()
                for chunk in response.iter_content(65536):
                    body += chunk
                    if len(body) > MOST_BYTES:
                        raise ModelError("the answer is too long")
                    if time.monotonic() > deadline:
                        raise ModelError(f"no whole answer in {seconds:.0f} s", timeout=True)
                return response.status_code, bytes(body), told_wait(response.headers.get("Retry-After"))
        except requests.RequestException as error:
            if isinstance(error, requests.Timeout) or time.monotonic() >= deadline:
                raise ModelError(f"no whole answer in {seconds:.0f} s", timeout=True) from None
            reason = f"{type(error).__name__}: {scrubbed(str(error), self._key)}"
            raise ModelError(reason, again=True) from None

    def _answer(self, status: int, body: bytes, after: float | None) -> dict[str, Any]:
        """The completion. An error may come with status 200, and a web page with any."""
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError):
            answer = None
        error = answer.get("error") if isinstance(answer, dict) else None
        if status == 200 and isinstance(answer, dict) and not error:
            return answer
        if error is not None:
            detail = error.get("message", "") if isinstance(error, dict) else str(error)
            code = error.get("code") if isinstance(error, dict) else None
            status = code if status == 200 and isinstance(code, int) else status
            raise for_status(502 if status == 200 else status, scrubbed(str(detail), self._key), after)
        detail = "not JSON" if answer is None else "no completion"
        raise for_status(502 if status < 400 else status, detail, after)

    def _usage(self, answer: dict[str, Any]) -> Usage:
        told = answer.get("usage")
        told = told if isinstance(told, dict) else {}
        sent, got = (tokens(told.get(key)) for key in ("prompt_tokens", "completion_tokens"))
        cost = dollars(told.get("cost"))
        return Usage(
            engine=self.name,
            model=self.model,
            calls=1,
            input_tokens=sent,
            output_tokens=got,
            cost=self._price.of(sent, got) if cost is None else cost,
        )


def _content(answer: dict[str, Any]) -> str:
    """The answer's text. Raises WrongShape: refused, cut off or absent."""
    try:
        choice = answer["choices"][0]
        content = choice["message"]["content"]
    except (KeyError, IndexError, TypeError):
        raise WrongShape("wrong shape: no choices[0].message.content") from None
    if choice.get("finish_reason") in ("length", "content_filter"):
        raise WrongShape(f"the answer is not whole: {choice['finish_reason']}")
    if not isinstance(content, str):
        raise WrongShape(
            "refused" if choice["message"].get("refusal") else "wrong shape: the content is no text"
        )
    return content
