"""Gemini through google-genai (REST generateContent). The package takes some 50 MB and 0.3 s to
import, so it is imported at the first call only."""

import time
from typing import Any, TypeVar

from skazano.llm.base import (
    ModelError,
    Price,
    Usage,
    WrongShape,
    decode,
    for_status,
    json_schema,
    scrubbed,
    tokens,
    told_wait,
)

T = TypeVar("T")
DEFAULT_MODEL = "gemini-2.5-flash"
# US dollars a million tokens of gemini-2.5-flash, https://ai.google.dev/gemini-api/docs/pricing
PRICE = Price(0.30, 2.50)


class Gemini:
    """One Gemini model. base_url None: Google's own."""

    def __init__(
        self,
        key: str,
        model: str = DEFAULT_MODEL,
        base_url: str | None = None,
        price: Price = PRICE,
        name: str = "gemini",
        max_tokens: int = 4000,
    ) -> None:
        self.name, self.model, self._key = name, model, key
        self._base_url, self._price, self._max_tokens = base_url, price, max_tokens
        self._client: Any = None

    def complete(self, system: str, text: str, schema: type[T], seconds: float) -> tuple[T, Usage]:
        """One attempt. Raises ModelError, WrongShape."""
        began = time.monotonic()
        response = self._ask(system, text, schema, seconds)
        told = response.usage_metadata
        sent = tokens(told and told.prompt_token_count)
        got = tokens(told and told.candidates_token_count) + tokens(told and told.thoughts_token_count)
        usage = Usage(
            engine=self.name,
            model=self.model,
            calls=1,
            input_tokens=sent,
            output_tokens=got,
            cost=self._price.of(sent, got),
            ms=round(1000 * (time.monotonic() - began)),
        )
        try:
            return decode(_text(response), schema), usage
        except WrongShape as wrong:
            wrong.usage = usage
            raise

    def _ask(self, system: str, text: str, schema: type[Any], seconds: float) -> Any:
        from google.genai import errors, types

        config = types.GenerateContentConfig(
            system_instruction=system,
            temperature=0,
            max_output_tokens=self._max_tokens,
            response_mime_type="application/json",
            response_json_schema=json_schema(schema),
            thinking_config=types.ThinkingConfig(thinking_budget=0) if "2.5-flash" in self.model else None,
            http_options=types.HttpOptions(timeout=round(1000 * seconds)),
        )
        try:
            client = self._client = self._client or self._connected()
            return client.models.generate_content(model=self.model, contents=text, config=config)
        except errors.APIError as error:
            code = error.code if isinstance(error.code, int) and error.code >= 400 else 502
            detail = scrubbed(str(error.message or error.status or ""), self._key)
            raise for_status(code, detail, _retry_delay(error.details)) from None
        except Exception as error:  # noqa: BLE001  # httpx and pydantic errors: the package's affair
            if "timeout" in type(error).__name__.lower():
                raise ModelError(f"no whole answer in {seconds:.0f} s", timeout=True) from None
            reason = f"{type(error).__name__}: {scrubbed(str(error), self._key)}"
            raise ModelError(reason, again=True) from None

    def _connected(self) -> Any:
        from google import genai
        from google.genai import types

        from skazano.llm.short_answers import ShortAnswers

        options = types.HttpOptions(
            base_url=self._base_url,
            httpx_client=ShortAnswers(),
            retry_options=types.HttpRetryOptions(attempts=1),  # skazano.llm.chain does the retries
        )
        return genai.Client(api_key=self._key, http_options=options)


def _text(response: Any) -> str:
    """The answer's text. Raises WrongShape: refused, cut off or absent."""
    candidates = response.candidates or []
    if not candidates:
        feedback = response.prompt_feedback
        raise WrongShape(f"no candidate: {feedback.block_reason if feedback else 'empty answer'}")
    content = candidates[0].content
    parts = (content and content.parts) or []
    text = "".join(part.text or "" for part in parts if not part.thought)
    ended = candidates[0].finish_reason
    reason = getattr(ended, "value", ended)
    if not text:
        raise WrongShape(f"no text: {reason}")
    if reason not in (None, "STOP", "FINISH_REASON_UNSPECIFIED"):
        raise WrongShape(f"the answer is not whole: {reason}")
    return text


def _retry_delay(details: Any) -> float | None:
    """Seconds of google.rpc.RetryInfo ("retryDelay": "7s") in an error's details."""
    error = details.get("error", details) if isinstance(details, dict) else {}
    for detail in error.get("details") or [] if isinstance(error, dict) else []:
        delay = detail.get("retryDelay") if isinstance(detail, dict) else None
        if isinstance(delay, str) and (asked := told_wait(delay.removesuffix("s"))) is not None:
            return asked
    return None
