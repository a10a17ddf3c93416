"""From the configuration's plain values to a chain of engines."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from skazano.config import Engine
from skazano.llm.base import Model, Price
from skazano.llm.chain import Chain
from skazano.llm.gemini import DEFAULT_MODEL, PRICE, Gemini
from skazano.llm.ledger import Ledger
from skazano.llm.openai_compatible import OPENROUTER, OpenAiCompatible

__all__ = ["DEFAULTS", "Engine", "open_chain"]

DEFAULTS = {
    "gemini": Engine(
        kind="gemini",
        model=DEFAULT_MODEL,
        secret="gemini-key",
        price_input=PRICE.input,
        price_output=PRICE.output,
    ),
    "openrouter": Engine(
        kind="openai", model="google/gemini-2.5-flash", base_url=OPENROUTER, secret="openrouter-key"
    ),
}


def open_chain(
    order: Sequence[str],
    engines: Mapping[str, Engine],
    secret: Callable[[str], str | None],
    state: Path,
    *,
    seconds: float = 30.0,
    daily_calls: int | None = None,
    daily_money: float | None = None,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> Chain:
    """The engines named in order. secret gives a key by its name; an engine without its key is left
    out, and the task's history will say so. state: the file of the day's costs, shared by the stages.
    Nothing heavy is imported before the first question. Raises KeyError for an unknown engine."""
    models: list[Model] = []
    absent = []
    for name in order:
        engine = engines[name]
        key = secret(engine.secret) if engine.secret else None
        if engine.secret and not key:
            absent.append(f"{name}: no key ({engine.secret})")
            continue
        price = Price(engine.price_input, engine.price_output)
        if engine.kind == "gemini":
            model, url = engine.model or DEFAULT_MODEL, engine.base_url or None
            models.append(Gemini(key or "none", model, url, price, name))
        else:
            url = engine.base_url or OPENROUTER
            models.append(OpenAiCompatible(name, engine.model, url, key, price))
    ledger = Ledger(state, clock, daily_calls, daily_money)
    return Chain(models, ledger, seconds, sleep, absent)
