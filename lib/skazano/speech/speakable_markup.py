"""Markdown, HTML crumbs, lists, tables and emoji turned into sentences."""

from __future__ import annotations

import html
import re
import unicodedata

from skazano.speech.speakable_numbers import ordinal
from skazano.speech.speakable_terms import table

CODE_BLOCK = "Фрагмент кода — в тексте."
FENCE = re.compile(r"^[ \t]*(```|~~~)")
RULE = re.compile(r"^[ \t]*(?:[-*_=][ \t]*){3,}$")
TABLE_RULE = re.compile(r"^[ \t|:-]+$")
HEADING = re.compile(r"^[ \t]{0,3}#{1,6}[ \t]+")
BULLET = re.compile(r"^[ \t]*[-*+•·‣▪–—][ \t]+(?:\[([ xX])\][ \t]+)?")
NUMBERED = re.compile(r"^[ \t]*(\d{1,2})[.)][ \t]+(?=\D)")
QUOTE = re.compile(r"^[ \t]*(?:>[ \t]?)++(?=[^\W\d]|[«\"`*])")
IMAGE = re.compile(r"!\[([^\[\]\n]{0,200})\]\([^()\s]{0,2000}\)")
LINK = re.compile(r"\[([^\[\]\n]{1,400})\]\(<?[^()\s<>]{0,2000}>?(?: \"[^\"\n]{0,200}\")?\)")
TAG = re.compile(r"</?[a-zA-Z][a-zA-Z0-9]{0,12}(?:\s[^<>]{0,300})?/?>")
AUTOLINK = re.compile(r"<((?:https?://|mailto:)[^<>\s]{1,2000})>")
EMPHASIS = re.compile(r"(\*{1,3})(?=[^\s*])([^*\n]{1,500})(?<=\S)\1")
MARKS = re.compile(r"\*{2,}|~~|\|\||(?<!\w)_{1,3}(?=\w)|(?<=\w)_{1,3}(?!\w)")
ENDED = re.compile(r"[.!?…:;,]\s*$")


def plain(text: str) -> str:
    """`text` without markup; list items and headings end like sentences, code blocks are announced."""
    out: list[str] = []
    fence = ""
    for line in text.split("\n"):
        opened = FENCE.match(line)
        if fence:
            if opened and opened[1] == fence and not line.strip("`~ \t\r"):
                fence = ""
            continue
        if opened:
            fence = opened[1]
            if line.count(fence) > 1:
                fence = ""
            if not out or out[-1] != CODE_BLOCK:
                out.append(CODE_BLOCK)
            continue
        said = _line(line)
        if said:
            out.append(said)
    ended = [line if ENDED.search(line) else line + "." for line in out[:-1]]
    return "\n".join(ended + out[-1:])


def _line(line: str) -> str:
    line = line.rstrip("\r \t")
    if not line or RULE.match(line) or (TABLE_RULE.match(line) and "-" in line and "|" in line):
        return ""
    line = QUOTE.sub("", line)
    line = HEADING.sub("", line)
    if found := BULLET.match(line):
        done = {"x": "готово: ", " ": "осталось: "}.get((found[1] or "").lower(), "")
        line = done + line[found.end() :]
    elif found := NUMBERED.match(line):
        line = f"{ordinal(int(found[1]), 'n', 'n')}: {line[found.end() :]}"
    if line.lstrip().startswith("|") and line.rstrip().endswith("|"):
        line = ", ".join(cell.strip() for cell in line.strip(" \t|").split("|"))
    return _inline(line).strip()


def _inline(line: str) -> str:
    line = IMAGE.sub(lambda m: f"картинка {m[1]}", line)
    line = LINK.sub(r"\1", line)
    line = AUTOLINK.sub(r"\1", line)
    line = TAG.sub(" ", line)
    line = html.unescape(line) if "&" in line else line
    line = MARKS.sub("", EMPHASIS.sub(r"\2", line))
    return line.replace("`", "")


def emoji(text: str) -> str:
    """Signs that say something become words; those that decorate stay silent."""
    if text.isascii():
        return text
    return "".join(map(_sign, text))


def _sign(c: str) -> str:
    if c in table().emoji:
        return f", {table().emoji[c]}, "
    return " " if unicodedata.category(c) == "So" and c not in "№°" else c
