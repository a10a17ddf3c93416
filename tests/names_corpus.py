"""The corpus of misheard project names and settings phrases, and what is a right answer to each.

Lists a, b and c are 60 names each; strangers are names of no project (of list a) and strangers_c of
none of list c. "heard" lines come from synthetic voices through the demo recogniser
(bench/_speak_names.py), "hand" ones from the rules of Russian phonetics.
"""

import json
from collections import Counter
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from skazano.understand import settings
from skazano.understand.names import Match, Name, match
from skazano.understand.tools import match_tool

DATA = Path(__file__).with_name("data")
NEVER_MET = {
    "tatiana",
    "vitaliy",
    "evgeniy-rus",
}  # list c alone; the demo recogniser never met them
TOOLS = ["code", "browser", "note", "claude", "codex"]


def projects(key: str) -> list[Name]:
    """The projects against which lines of a list are matched."""
    names = json.loads((DATA / "names_projects.json").read_text())
    return [Name(p["slug"], p["title"]) for p in names[{"strangers": "a", "strangers_c": "c"}.get(key, key)]]


def spoken() -> list[dict[str, Any]]:
    """Every utterance: list, slug (null: a stranger), said, voice, heard, phrase."""
    return [json.loads(raw) for raw in (DATA / "names_heard.jsonl").read_text().splitlines()]


def corpus() -> list[dict[str, Any]]:
    """Every garbling once a name, with how many "times" it was heard so."""
    seen: dict[Any, dict[str, Any]] = {}
    by_hand = [json.loads(raw) for raw in (DATA / "names_hand.jsonl").read_text().splitlines()]
    for line in [*spoken(), *by_hand]:
        if line["heard"]:
            first = seen.setdefault((line["list"], line["slug"], line["heard"]), line | {"times": 0})
            first["times"] += 1
    return list(seen.values())


def verdict(found: Match, slug: str | None) -> str:
    """right, ask (with the right one among the first three, or not: lost), wrong."""
    if found.sure:
        return "right" if found.slug == slug else "wrong"
    if slug is None:
        return "right"
    return "ask" if slug in [s for s, _ in found.candidates[:3]] else "lost"


def phrases(key: str) -> Counter[str]:
    """«настройки проект X» as heard, whole: the parser finds where the name is, the matcher which."""
    known, counts = projects(key), Counter[str]()
    for line in spoken():
        if line["slug"] and line["list"] == key:
            read = settings.parse(line["phrase"], known)
            counts[verdict(match((read and read.project) or "", known), line["slug"])] += 1
    return counts


def settings_phrases(seed: int) -> list[dict[str, Any]]:
    lines = (DATA / "names_settings.jsonl").read_text().splitlines()
    return [line for line in map(json.loads, lines) if line["seed"] == seed]


def settings_verdict(line: dict[str, Any], known: list[Name]) -> str:
    """right: all that was said was understood; ask: all but a project, which is asked about; else wrong."""
    read = settings.parse(line["heard"], known)
    if read is None:
        return "wrong"
    tool = match_tool(read.tool, TOOLS) if read.tool else None
    alike = SequenceMatcher(None, read.rest.lower(), line["rest"].replace("ё", "е")).ratio()
    rest = alike >= 0.6 if line["rest"] else not read.rest
    if (read.mode, tool, read.reset, rest) != (line["mode"], line["tool"], line["reset"], True):
        return "wrong"
    found = match(read.project or "", known)
    if (found.slug if found.sure else None) == line["project"]:
        return "right"
    return "ask" if read.project and not found.sure else "wrong"
