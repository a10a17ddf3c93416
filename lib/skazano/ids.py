"""Task ids: `20261122-180431-tg-5512-89` is time (UTC), source, chat and message.

The same message always gives the same id, so that a repeated delivery is recognised; ids sort by time.
A group's chat number is negative: it is written with `g` for the minus. Subtasks add `.1`, `.2` …
Whatever comes from outside is matched in full against the pattern before a path is built from it.
"""

import re
from datetime import UTC, date, datetime
from functools import lru_cache

PATTERN = (
    r"[0-9]{8}-(?:[01][0-9]|2[0-3])(?:[0-5][0-9]){2}-[a-z]{1,8}-g?[0-9]{1,16}-[0-9]{1,16}(?:\.[1-9][0-9]?){0,2}"
)
_ID = re.compile(PATTERN)


class BadId(ValueError):
    """What was given is not a task id."""


def valid(text: str) -> bool:
    """Whether `text` is an id with a real date in it."""
    return _ID.fullmatch(text) is not None and _is_day(text[:8])


@lru_cache(maxsize=1000)
def _is_day(digits: str) -> bool:
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True


def check(text: str) -> str:
    """`text` itself, if it is an id. Raises BadId."""
    if not valid(text):
        raise BadId(f"not a task id: {text[:80]!r}")
    return text


def make(when: datetime, source: str, chat: int, message: int) -> str:
    """The id of message number `message` in `chat`, sent at `when` (aware)."""
    where = f"g{-chat}" if chat < 0 else str(chat)
    return check(f"{when.astimezone(UTC):%Y%m%d-%H%M%S}-{source}-{where}-{message}")


def child(parent: str, number: int) -> str:
    """The id of subtask `number` (from 1) of `parent`."""
    return check(f"{parent}.{number}")


def parent(id: str) -> str | None:
    """The id of the task whose subtask this is, or None."""
    head, dot, _ = id.rpartition(".")
    return head if dot else None


def day(id: str) -> str:
    """`2026-11-22`: the folder of tasks/ in which it lies."""
    return f"{id[:4]}-{id[4:6]}-{id[6:8]}"


def month(id: str) -> str:
    """`2026-11`: the folder of done/ in which its ticket ends."""
    return f"{id[:4]}-{id[4:6]}"


def created(id: str) -> datetime:
    """When the task was said (UTC)."""
    return datetime.strptime(id[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
