"""The templates, with everything escaped, and how a page's file is replaced."""

import hashlib
import os
from itertools import groupby
from pathlib import Path
from typing import Any

from markupsafe import Markup

from skazano.views import pages_view
from skazano.views.pages_text import Speech, machine, visible

WEB = Path(__file__).resolve().parents[3] / "web"
SHOWN = 60  # rows of one kind on a page at most
FOLDED = 6  # rows of one kind before the rest is folded away


def write(path: Path, data: bytes) -> bool:
    """Replace `path` by `data` unless that is what it holds, atomically, not durably. Whether it changed."""
    try:
        if path.read_bytes() == data:
            return False
    except FileNotFoundError:
        pass
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(data)
        temporary.rename(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    return True


def environment(speech: Speech) -> Any:
    """Jinja with everything escaped and deceiving characters shown."""
    import jinja2

    style = hashlib.sha256((WEB / "style.css").read_bytes()).hexdigest()[:8]

    def shown(value: object) -> object:
        return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(WEB / "templates"),
        autoescape=True,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        auto_reload=False,
    )
    environment.filters["groupby_day"] = lambda rows: [
        (day, list(found)) for day, found in groupby(rows, lambda row: speech.date(row.created))
    ]
    environment.globals.update(
        w=speech, say=speech.say, machine=machine, style=style, SHOWN=SHOWN, FOLDED=FOLDED,
        file_url=pages_view.url,
    )  # fmt: skip
    for name in ("board", "project", "task"):  # compiled at the start, not at the first change
        environment.get_template(f"{name}.html.j2")
    return environment
