"""News that a run is over, sent by the tooler to who asked for it (receiver takes it in there).

A callback says nothing that GET /runs/<id> does not; it only spares the other side the wait for its next
poll. So a lost one is no harm, nor is a doubled one; only one that is not signed is refused.
"""

import threading
import time
from collections.abc import Sequence
from typing import Literal

import msgspec
import requests

from skazano.log import WARNING, log
from skazano.tooler.store import Run
from skazano.tooler.wire import KEPT, SIGNATURE, Told, sign

DELAYS = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0)  # seconds between two tries; then it is given up
SECONDS = 10.0  # for one try: once to connect, and between two bytes of the answer


class Tries(msgspec.Struct, kw_only=True):
    """callback.json in a run of the tooler. `next` is Unix time, of state "trying"."""

    state: Literal["trying", "taken", "refused", "given up"] = "trying"
    tries: int = 0
    next: float = 0.0


class Caller(threading.Thread):
    """Sends what is owed. What was tried so far is on disk, so that a new tooler goes on with it."""

    def __init__(self, token: str, delays: Sequence[float] = DELAYS) -> None:
        super().__init__(name="callbacks", daemon=True)
        self._token = token
        self._delays = delays
        self._changed = threading.Condition()
        self._owed: dict[str, Run] = {}
        self._stopping = False

    def owe(self, run: Run) -> None:
        """This run is over; if somebody wants to be called, they are."""
        if run.wanted.callback is not None and _tries(run).state == "trying":
            with self._changed:
                self._owed[run.id] = run
                self._changed.notify()

    def close(self) -> None:
        """Stop; what is still owed waits on disk."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self.join()

    def run(self) -> None:
        """The thread: whoever is due next."""
        with requests.Session() as session:
            session.trust_env = False  # no proxy, and no password from ~/.netrc
            while (run := self._due()) is not None:
                try:
                    self._try(run, session)
                except OSError as error:  # it could not be noted: once more at the next start
                    log(run.id, "callback not noted", level=WARNING, why=error)
                    self._forget(run)

    def _due(self) -> Run | None:
        with self._changed:
            while not self._stopping:
                run = min(self._owed.values(), key=lambda run: _tries(run).next, default=None)
                left = _tries(run).next - time.time() if run else None
                if left is not None and left <= 0:
                    return run
                self._changed.wait(left)
        return None

    def _try(self, run: Run, session: requests.Session) -> None:
        tries = _tries(run)
        tries.tries += 1
        code = _post(run, self._token, session)
        if code is not None and 200 <= code < 300:
            tries.state = "taken"
        elif code in (400, 401, 403, 404, 410, 422):
            tries.state = "refused"  # the next would be the same
        elif tries.tries > len(self._delays):
            tries.state = "given up"
        else:
            tries.next = time.time() + self._delays[tries.tries - 1]
        run.task.write_json(KEPT, msgspec.to_builtins(tries))
        if tries.state != "trying":
            log(run.id, "callback", state=tries.state.replace(" ", "-"), code=code, tries=tries.tries)
            self._forget(run)

    def _forget(self, run: Run) -> None:
        with self._changed:
            self._owed.pop(run.id, None)


def _tries(run: Run) -> Tries:
    try:
        return msgspec.convert(run.task.json(KEPT) or {}, Tries)
    except msgspec.ValidationError:
        return Tries()


def _post(run: Run, token: str, session: requests.Session) -> int | None:
    """The answer's status code; None if there was none."""
    ended = run.ended()
    told = Told(run=run.id, status=ended.status if ended else "running", time=round(time.time(), 3))
    body = msgspec.json.encode(told)
    headers = {"Content-Type": "application/json", SIGNATURE: sign(token, body, told.time)}
    try:
        with session.post(
            run.wanted.callback or "",
            body,
            headers=headers,
            timeout=SECONDS,
            allow_redirects=False,
            stream=True,
        ) as answer:
            return int(answer.status_code)
    except (requests.RequestException, ValueError) as error:
        log(run.id, "callback failed", level=WARNING, why=type(error).__name__)
        return None
