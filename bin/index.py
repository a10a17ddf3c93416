#!/usr/bin/env python3
"""index: keeps index.db, the SQLite view. It only reads the spool, and can be rebuilt at any time.

Takes: the spool as it is. Adds: spool/index.db. Delivery: whatever is missed is found at the next look;
`skazano index --rebuild` makes it anew.
"""

import _here  # noqa: F401

import sqlite3
from collections.abc import Callable

from skazano.log import WARNING, log
from skazano.stage import Context
from skazano.views import view

BUSY = 5.0  # seconds


def open_view(context: Context) -> Callable[[], float | None]:
    from skazano.views.index import Follower

    follower = Follower(context.spool)

    def look() -> float | None:
        try:
            follower.sync()
        except sqlite3.OperationalError as error:  # busy, or no space: the spool has lost nothing
            log("-", "index waits", level=WARNING, reason=error)
            return BUSY
        return None

    return look


if __name__ == "__main__":
    view.main("index", open_view)
