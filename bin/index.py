#!/usr/bin/env python3
"""index: keeps index.db, the SQLite view. It only reads the spool, and can be rebuilt at any time.

Takes: the spool as it is. Adds: spool/index.db. Delivery: whatever is missed is found at the next look;
`skazano index --rebuild` makes it anew.
"""

import _here  # noqa: F401

from collections.abc import Callable

from skazano import view
from skazano.stage import Context


def open_view(context: Context) -> Callable[[], float | None]:
    from skazano.index import Follower

    follower = Follower(context.spool)

    def look() -> None:
        follower.sync()

    return look


if __name__ == "__main__":
    view.main("index", open_view)
