"""An HTTP client for google-genai that goes nowhere but where it was sent, and reads no more than an
answer can hold, nor longer than was given for it. Imported at the first call only: httpx takes its time."""

import time
from typing import Any

import httpx

MOST_BYTES = 2_000_000  # of an answer; more is no answer to our questions


class ShortAnswers(httpx.Client):
    """Raises httpx.ReadTimeout, httpx.ReadError."""

    def __init__(self) -> None:
        super().__init__(follow_redirects=False)  # the key goes where it was meant to go

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        given = request.extensions.get("timeout", {}).get("read")
        deadline = time.monotonic() + given if given else None
        response = super().send(request, **options | {"stream": True})
        body = bytearray()
        try:
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > MOST_BYTES:
                    raise httpx.ReadError("the answer is too long", request=request)
                if deadline and time.monotonic() > deadline:
                    raise httpx.ReadTimeout("no whole answer", request=request)
        finally:
            response.close()
        headers = {k: v for k, v in response.headers.items() if k != "content-encoding"}
        return httpx.Response(response.status_code, headers=headers, content=bytes(body), request=request)
