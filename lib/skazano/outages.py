"""How long a stage waits when the world is unwell."""

import random
import time

BACKOFF = (10.0, 60.0, 300.0, 900.0, 3600.0)  # seconds; MAX_ATTEMPTS must not be above its length + 1


def jittered(seconds: float) -> float:
    """About so long, so that not all come back at once."""
    return seconds * random.uniform(0.9, 1.2)


def backoff(tries: int) -> float:
    """Seconds to wait after so many tries."""
    return BACKOFF[min(tries, len(BACKOFF)) - 1]


class Outages:
    """An outage pauses the whole stage, unless other tasks were done since this one met its last: then it is
    this task alone that is unwell, and nobody waits for it."""

    def __init__(self) -> None:
        self._until = 0.0  # time.monotonic()
        self._in_row = 0
        self._done = 0
        self._unwell: dict[str, tuple[int, int]] = {}  # id: outages met, tasks done before the last of them

    @property
    def left(self) -> float:
        """Seconds for which the stage is still paused; not above 0 if it is not."""
        return self._until - time.monotonic()

    def pause(self, seconds: float) -> None:
        """Let the whole stage wait so long."""
        self._until = time.monotonic() + seconds

    def met_by(self, id: str) -> bool:
        """Whether this task met an outage and was not done since; others go before it."""
        return id in self._unwell

    def meet(self, id: str, seconds: float | None) -> float:
        """A task met an outage: how long it is to wait, in seconds. `seconds` overrides the table."""
        met, done = self._unwell.get(id, (0, self._done))
        self._unwell[id] = (met + 1, self._done)
        alone = self._done > done
        delay = jittered(seconds or backoff(1 + (met if alone else self._in_row)))
        if not alone:
            self._in_row += 1
            self.pause(delay)
        return delay

    def over(self, id: str) -> None:
        """A task was done: so the world is well."""
        self._in_row, self._done = 0, self._done + 1
        self._unwell.pop(id, None)
