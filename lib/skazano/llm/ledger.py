"""What the models cost today and which of them are down, in one small JSON file that the stages share.

{"day": "2026-11-22", "calls": 12, "money": 0.0134, "down": {"gemini": {"until": 1795346000.0,
"failures": 2, "reason": "503 …"}}}. Written under a lock beside it; an unreadable file counts as empty.
"""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from typing import Any

from skazano import files

FIRST_REST, LONGEST_REST = 60.0, 900.0  # seconds an engine that failed is left alone: doubled each time


class Ledger:
    """calls and money are the day's limits (UTC days; money in US dollars), None: no limit."""

    def __init__(
        self,
        path: Path,
        clock: Callable[[], float],
        calls: int | None = None,
        money: float | None = None,
    ) -> None:
        self._path, self._clock = path, clock
        self._calls, self._money = calls, money

    def today(self) -> tuple[int, float]:
        """(calls, money) of this day."""
        state = self._read()
        return state["calls"], state["money"]

    def begin(self, engine: str) -> str:
        """Count one call of engine; "" or why there must be none. An engine whose rest is over gets
        one probe: until it has answered, the others still see it as down."""
        with self._locked() as state:
            if self._calls is not None and state["calls"] >= self._calls:
                return f"the day's {self._calls} calls are used up"
            if self._money is not None and state["money"] >= self._money:
                return f"the day's {self._money:g} dollars are used up"
            down = state["down"].get(engine)
            if down and down["until"] > self._clock():
                return f"resting after: {down['reason']}"
            if down:
                down["until"] = self._clock() + FIRST_REST
            state["calls"] += 1
            return ""

    def again(self) -> bool:
        """Count a retry; False if the budget has no room for it."""
        with self._locked() as state:
            if self._calls is not None and state["calls"] >= self._calls:
                return False
            state["calls"] += 1
            return True

    def paid(self, cost: float) -> None:
        if cost > 0:
            with self._locked() as state:
                state["money"] = round(state["money"] + cost, 9)

    def up(self, engine: str) -> None:
        """engine answered."""
        if engine in self._read()["down"]:
            with self._locked() as state:
                state["down"].pop(engine, None)

    def down(self, engine: str, reason: str, after: float | None = None) -> None:
        """engine failed: it rests for `after` seconds if it said so, else longer each time."""
        with self._locked() as state:
            failures = state["down"].get(engine, {}).get("failures", 0) + 1
            rest = min(LONGEST_REST, FIRST_REST * 2 ** (failures - 1))
            rest = min(LONGEST_REST, after) if after else rest
            until = self._clock() + rest
            state["down"][engine] = {"until": until, "failures": failures, "reason": reason}

    def _read(self) -> dict[str, Any]:
        day = datetime.fromtimestamp(self._clock(), UTC).date().isoformat()
        state = files.read_json(self._path)
        state = state if isinstance(state, dict) else {}
        down = (
            {
                name: entry
                for name, entry in (state.get("down") or {}).items()
                if isinstance(entry, dict) and {"until", "failures", "reason"} <= entry.keys()
            }
            if isinstance(state.get("down"), dict)
            else {}
        )
        same = state.get("day") == day
        calls, money = state.get("calls"), state.get("money")
        return {
            "day": day,
            "calls": calls if same and isinstance(calls, int) else 0,
            "money": float(money) if same and isinstance(money, int | float) and 0 <= money < inf else 0.0,
            "down": down,
        }

    @contextmanager
    def _locked(self) -> Iterator[dict[str, Any]]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.with_name(self._path.name + ".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            state = self._read()
            before = repr(state)
            yield state
            if repr(state) != before:
                files.write_json(self._path, state)
