"""The corpus of misheard project names and settings phrases, and what is a right answer to each.

Lists a to j are 60 names each; "strangers" are names of no project of list a, "strangers_c" of none of
list c, and so on. What was heard of them comes from synthetic voices through two recognisers, the demo
model and Whisper (bench/_speak_names.py), or by "hand" from the rules of Russian phonetics.
"""

import json
import re
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path
from typing import Any

from skazano.understand import settings
from skazano.understand.names import Match, Name, match
from skazano.understand.phonetics import normal
from skazano.understand.tools import match_tool

DATA = Path(__file__).with_name("data")
TOOLS = ["code", "browser", "note", "claude", "codex"]
WHOLE = "настройки проект {}"  # the frame that a name alone is cut from


@cache
def _named() -> dict[str, Any]:
    return json.loads((DATA / "names_projects.json").read_text())


def _projects_of(key: str) -> str:
    """The list of projects against which the lines of a list are matched."""
    return {"strangers": "a"}.get(key, key[-1])


@cache
def projects(key: str) -> list[Name]:
    return [Name(p["slug"], p["title"]) for p in _named()[_projects_of(key)]]


@cache
def spoken() -> list[dict[str, Any]]:
    """Every utterance: list, by, slug (None: a stranger), said, voice, frame, phrase."""
    slugs = {(key, p["said"]): p["slug"] for key in "abcdefghij" for p in _named().get(key, ())}
    out = []
    for line in map(json.loads, (DATA / "names_heard.jsonl").read_text().splitlines()):
        slug, heard = slugs.get((line["list"], line["said"])), line.pop("heard")
        out += [line | {"slug": slug, "voice": voice, "phrase": text} for voice, text in heard.items()]
    return out


def name_in(phrase: str) -> str:
    """What follows «проект» in «настройки проект X», also where the two were joined."""
    words = normal(phrase).split()
    found = re.match(r"(?:проект|прокт|кроект|прок|проек)([а-я]*)$", words[1]) if len(words) > 1 else None
    if not found:
        return ""
    tail = "" if found.group(1) in {"а", "у", "е", "т", "ы"} else found.group(1)
    gap = " " if len(tail) > 1 else ""
    return (tail + gap + " ".join(words[2:])).strip()


def corpus() -> list[dict[str, Any]]:
    """Every garbling once a name and recogniser ("by"; "hand"), with how many "times" it was heard so."""
    by_hand = [json.loads(raw) for raw in (DATA / "names_hand.jsonl").read_text().splitlines()]
    lines = [x | {"heard": name_in(x["phrase"])} for x in spoken() if x["frame"] == WHOLE]
    lines += [x | {"by": "hand"} for x in by_hand]
    seen: dict[Any, dict[str, Any]] = {}
    for line in (x for x in lines if x["heard"]):
        first = seen.setdefault((line["list"], line["by"], line["slug"], line["heard"]), line | {"times": 0})
        first["times"] += 1
    return list(seen.values())


def verdict(found: Match, slug: str | None) -> str:
    """right, ask (with the right one among the first three, or not: lost), wrong."""
    if found.sure:
        return "right" if found.slug == slug else "wrong"
    if slug is None:
        return "right"
    return "ask" if slug in [s for s, _ in found.candidates[:3]] else "lost"


def phrase_verdict(line: dict[str, Any]) -> str:
    """The same of a whole phrase: the parser finds where the name is, the matcher which."""
    known = projects(line["list"])
    read = settings.parse(line["phrase"], known)
    prefix = None if read else settings.parse_project_prefix(line["phrase"], known)
    name = (read.project if read else prefix and prefix[0]) or ""
    return verdict(match(name, known), line["slug"])


def settings_phrases() -> list[dict[str, Any]]:
    """Settings phrases: seed, by, list, voice, heard, said, and what they set."""
    return [json.loads(raw) for raw in (DATA / "names_settings.jsonl").read_text().splitlines()]


def settings_verdict(line: dict[str, Any]) -> str:
    """right: all that was said was understood; ask: all but what is asked about, because it is known
    to be unclear (a project, a tool); else wrong."""
    known = projects(line["list"])
    read = settings.parse(line["heard"], known)
    if read is None:
        return "wrong"
    meant = line.get("rest", "").replace("ё", "е")
    alike = SequenceMatcher(None, read.rest.lower(), meant).ratio()
    rest = alike >= 0.6 if meant else not read.rest
    wanted = (line.get("mode"), line.get("lang"), line.get("reset", False))
    if (read.mode, read.lang, read.reset) != wanted or not rest:
        return "wrong"
    found, tool = match(read.project or "", known), match_tool(read.tool or "", TOOLS)
    if (bool(read.project), bool(read.tool)) != ("project" in line, "tool" in line):
        return "wrong"
    if (found.slug if found.sure else None, tool) == (line.get("project"), line.get("tool")):
        return "right"
    told = found.sure and found.slug != line.get("project"), tool not in (None, line.get("tool"))
    return "wrong" if any(told) else "ask"
