"""What every language model engine has: one call, its errors, its cost, its answer's shape."""

import re
from typing import Any, Protocol, TypeVar

import msgspec

T = TypeVar("T")
MOST_TOKENS, MOST_DOLLARS = 1_000_000, 100  # of one call; a server that tells of more is not believed
DETAIL = 200  # characters of a server's own words that an error carries


class Usage(msgspec.Struct, kw_only=True):
    """What one answer took. cost in US dollars, ms of wall time, calls with retries."""

    engine: str = "local"
    model: str = ""
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0
    ms: int = 0
    prompt: str = ""  # "refine/1": name and version
    fallback: str = ""  # why earlier engines did not answer, "" if the first did


class ModelError(Exception):
    """An engine did not answer. again: worth trying the same engine at once; after: seconds that
    the server asked to wait; timeout: the wait itself was used up. Never carries a key."""

    def __init__(
        self, reason: str, *, again: bool = False, after: float | None = None, timeout: bool = False
    ) -> None:
        super().__init__(reason)
        self.again, self.after, self.timeout = again, after, timeout


class WrongShape(ModelError):
    """The engine answered, but not what was asked for. usage: it was paid for all the same."""

    usage: Usage | None = None


class Model(Protocol):
    """One engine. `complete` is one attempt of at most `seconds`; raises ModelError."""

    @property
    def name(self) -> str: ...

    def complete(self, system: str, text: str, schema: type[T], seconds: float) -> tuple[T, Usage]: ...


class Price(msgspec.Struct, frozen=True):
    """US dollars a million tokens."""

    input: float = 0.0
    output: float = 0.0

    def of(self, input_tokens: int, output_tokens: int) -> float:
        return (input_tokens * self.input + output_tokens * self.output) / 1e6


def tokens(told: object) -> int:
    """A number of tokens as a server tells it; 0 for what cannot be one."""
    return min(told, MOST_TOKENS) if type(told) is int and told > 0 else 0


def dollars(told: object) -> float | None:
    """The cost of one call as a server tells it; None if it does not, or what nobody would believe."""
    known = isinstance(told, int | float) and not isinstance(told, bool) and 0 <= told <= MOST_DOLLARS
    return float(told) if known else None  # type: ignore[arg-type]


def told_wait(told: object) -> float | None:
    """How long a server asks to wait; None if it does not, or for what is no time."""
    try:
        asked = float(told)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return asked if asked >= 0 else None


def scrubbed(text: str, key: str | None) -> str:
    """A server's words in one short line, without the key or anything that looks like one."""
    if key:
        text = text.replace(key, "***")
    text = re.sub(r"(?i)(bearer\s+|key[=: ]+)[\w.~+/-]{8,}", r"\1***", text)
    text = re.sub(r"\b(?:sk-|AIza)[\w-]{8,}", "***", text)
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= DETAIL else line[: DETAIL - 1] + "…"


def for_status(status: int, detail: str, after: float | None = None) -> ModelError:
    """The error that an HTTP status (or an error code in a body) means."""
    reason = f"{status} {detail}".strip()
    if status in (408, 409, 425, 429) or status >= 500:
        return ModelError(reason, again=True, after=after)
    return ModelError(reason)


def decode(answer: str, schema: type[T]) -> T:
    """The JSON value in a model's answer, checked against schema. Raises WrongShape."""
    text = re.sub(r"(?s)\A\s*<think>.*?</think>", "", answer)
    begin, end = text.find("{"), text.rfind("}") + 1  # without fences, and what is said around it
    try:
        return msgspec.json.decode(text[begin:end].encode() if 0 <= begin < end else text, type=schema)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as wrong:
        raise WrongShape(f"wrong shape: {wrong}") from None


def json_schema(schema: type[Any]) -> dict[str, Any]:
    """schema as JSON Schema without references, every property required, no others allowed:
    the subset that OpenAI's strict mode, Gemini and llama.cpp all take."""
    whole = msgspec.json.schema(schema)
    definitions = whole.pop("$defs", {})

    def plain(node: Any) -> Any:
        if isinstance(node, list):
            return [plain(item) for item in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            return plain(definitions[node["$ref"].rsplit("/", 1)[1]])
        out = {k: plain(v) for k, v in node.items() if k not in {"title", "default"}}
        if "properties" in out:
            out["properties"] = {k: plain(v) for k, v in node["properties"].items()}
            out |= {"required": list(out["properties"]), "additionalProperties": False}
        return out

    return plain(whole)  # type: ignore[no-any-return]
