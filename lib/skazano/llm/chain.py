"""Several engines in order: retries, rests, budget, and a record of why an earlier one did not answer."""

import random
import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from skazano.llm.base import Model, ModelError, Usage, WrongShape
from skazano.llm.ledger import Ledger

T = TypeVar("T")
RETRIES = 2  # after a 429, a 5xx or a broken connection, on the same engine
GRACE = 1.0  # seconds beyond an attempt's own in which it may say itself what is wrong
FIRST_WAIT, LONGEST_WAIT = 1.0, 8.0  # seconds between tries; a server that asks for more is left


class NoModel(Exception):
    """No engine answered; the text says of each why. `usage` is what was spent in vain."""

    def __init__(self, reason: str, usage: Usage) -> None:
        super().__init__(reason)
        self.usage = usage


class Chain:
    """complete() asks the engines in order. A time-out is never waited out twice: the engine rests
    (see Ledger) and the next one is asked. sleep is for tests; absent tells of
    engines that are wanted but cannot be asked («gemini: no key»)."""

    def __init__(
        self,
        models: Sequence[Model],
        ledger: Ledger,
        seconds: float = 30.0,
        sleep: Callable[[float], None] = time.sleep,
        absent: Sequence[str] = (),
    ) -> None:
        self.models, self._ledger = models, ledger
        self._seconds, self._sleep, self._absent = seconds, sleep, absent

    def complete(
        self,
        system: str,
        text: str,
        schema: type[T],
        check: Callable[[T], str] | None = None,
    ) -> tuple[T, Usage]:
        """(value, usage). check says "" or what is wrong with a value of the right shape; either
        wrongness is retried once, then the next engine is asked. Raises NoModel."""
        spent, failed = Usage(), list(self._absent)
        for model in self.models:
            if reason := self._ledger.begin(model.name):
                failed.append(f"{model.name}: {reason}")
                continue
            try:
                value = self._ask(model, (system, text, schema), check, spent)
            except WrongShape as wrong:
                self._ledger.up(model.name)
                failed.append(f"{model.name}: {wrong}")
            except ModelError as error:
                self._ledger.down(model.name, str(error), error.after)
                failed.append(f"{model.name}: {error}")
            else:
                self._ledger.up(model.name)
                spent.engine, spent.model = model.name, getattr(model, "model", "")
                spent.fallback = "; ".join(failed)
                return value, spent
        spent.fallback = "; ".join(failed)
        raise NoModel(spent.fallback or "no language model is configured", spent)

    def _ask(
        self,
        model: Model,
        question: tuple[str, str, type[T]],
        check: Callable[[T], str] | None,
        spent: Usage,
    ) -> T:
        """One engine, with its retries."""
        (system, text, schema), failures, wrong_once = question, 0, False
        until = time.monotonic() + self._seconds  # the tries of an outage take no longer than one time-out
        while True:
            spent.calls += 1
            began = time.monotonic()
            try:
                value, usage = _within(self._seconds, model, (system, text, schema))
                self._add(spent, usage)
                if check is None or not (wrong := check(value)):
                    return value
                raise WrongShape(wrong)
            except WrongShape as error:
                self._add(spent, error.usage)
                if wrong_once or not self._ledger.again():
                    raise
                wrong_once = True
                # Its kind only: what follows the colon may be the model's own words.
                system += f"\n\nThe answer before was refused: {str(error).split(':')[0]}."
            except ModelError as error:
                failures += 1
                wait = self._wait(error, failures)
                if wait is None or time.monotonic() + wait > until or not self._ledger.again():
                    raise
                self._sleep(wait)
            finally:
                spent.ms += round(1000 * (time.monotonic() - began))

    def _wait(self, error: ModelError, failures: int) -> float | None:
        """Seconds before the same engine is tried again, None: it is not."""
        if not error.again or failures > RETRIES or (error.after or 0) > LONGEST_WAIT:
            return None
        if error.after is not None:
            return error.after
        wait: float = min(LONGEST_WAIT, FIRST_WAIT * 3 ** (failures - 1)) * random.uniform(0.8, 1.2)
        return wait

    def _add(self, spent: Usage, usage: Usage | None) -> None:
        if usage is not None:
            spent.input_tokens += usage.input_tokens
            spent.output_tokens += usage.output_tokens
            spent.cost += usage.cost
            self._ledger.paid(usage.cost)


def _within(seconds: float, model: Model, question: tuple[str, str, type[T]]) -> tuple[T, Usage]:
    """The model's answer, or ModelError soon after `seconds` even if the server sends a byte now and then:
    the time-outs of HTTP libraries are those of one read."""
    ended: list[tuple[T, Usage] | BaseException] = []

    def ask() -> None:
        try:
            ended.append(model.complete(*question, seconds))
        except BaseException as error:  # noqa: BLE001  # told below, in the thread that asked
            ended.append(error)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(seconds + GRACE)
    if not ended:
        raise ModelError(f"no whole answer in {seconds:.0f} s", timeout=True)
    if isinstance(ended[0], ModelError):
        raise ended[0]
    if isinstance(ended[0], BaseException):  # nothing that a server sends may cost a task
        raise ModelError(f"no answer that can be read: {type(ended[0]).__name__}")
    return ended[0]
