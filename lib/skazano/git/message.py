"""Commit messages out of what people said: hostile text, so one line, no controls, a fixed form."""

import re
import unicodedata
from collections.abc import Mapping

SUBJECT = 72  # characters, the width git's own tools keep to

_UNSEEN = (
    "Cf",
    "Co",
    "Cs",
)  # directions and joiners that reorder or hide text, private, surrogates

_KEY = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,40}")


def one_line(text: str, length: int) -> str:
    """`text` without control and invisible characters, cut at a word to `length`."""
    kinds = ((c, unicodedata.category(c)) for c in text)
    kept = (" " if kind == "Cc" or c.isspace() else c for c, kind in kinds if kind not in _UNSEEN)
    plain = "".join(kept)
    plain = " ".join(plain.split())
    if len(plain) <= length:
        return plain
    cut = plain[:length]
    space = cut.rfind(" ")
    return (cut[:space] if space > length // 2 else cut[:-1]).rstrip(" ,;:—-") + "…"


def subject_line(text: str, otherwise: str) -> str:
    """The first line that says something, fit for a subject."""
    for line in text.splitlines():
        if plain := one_line(one_line(line, len(line)).lstrip("-#>* "), SUBJECT):
            return plain
    return otherwise


def message(subject: str, trailers: Mapping[str, str | None], body: str = "") -> bytes:
    """A whole commit message. Trailers without a value are left out; a key must look like one."""
    lines = []
    for key, value in trailers.items():
        if not _KEY.fullmatch(key):
            raise ValueError(f"not a trailer key: {key!r}")
        if value and (plain := one_line(value, 200)):
            lines.append(f"{key}: {plain}")
    parts = [subject, body.strip(), "\n".join(lines)]
    text = "\n\n".join(part for part in parts if part) + "\n"
    return text.encode("utf-8", "replace")
