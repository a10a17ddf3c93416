#!/usr/bin/env python3
"""render: writes the static pages. A view: it only reads the spool, and can be run anew at any time.

Takes: the spool as it is. Adds: the pages below paths.site. Delivery: whatever is missed or lost is
written at the next look; `skazano render` writes everything anew.
"""

import _here  # noqa: F401

from collections.abc import Callable

from skazano.stage import Context
from skazano.views import view


def open_view(context: Context) -> Callable[[], float | None]:
    from skazano.views.pages import Site, timezone

    site = Site(
        context.settings.spool,
        context.settings.site,
        list(context.projects().values()),
        context.config.chat.lang,
        timezone(context.config.pages.timezone),
    )

    def look() -> None:
        site.projects = list(context.projects().values())
        site.sync()

    return look


if __name__ == "__main__":
    view.main("render", open_view)
