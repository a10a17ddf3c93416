"""Refine, choose and summarize with a language model, each answer checked; the local rules otherwise.

What was said goes to the model as a JSON string in the user message, never into the system prompt.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

import msgspec

from skazano.llm.base import Usage
from skazano.llm.chain import NoModel
from skazano.llm.prompts import render
from skazano.understand.arrangement import wrong_parts
from skazano.understand.deeds import of_something_else, untold
from skazano.understand.faithful import contrary, strange_words, unfaithful
from skazano.understand.grounded import odd_signs, ungrounded
from skazano.understand.names import Named
from skazano.understand.phonetics import normal
from skazano.understand.refine import TITLE, Refined, refine_local, sentence, title
from skazano.understand.summarize import (
    SPOKEN_MOST,
    TEXT_LIMIT,
    can_be_heard,
    commit_line,
    summarize_local,
)
from skazano.understand.tools import asks_for
from skazano.understand.twisted import twisted
from skazano.understand.withheld import withheld

T = TypeVar("T")
MOST_SUBTASKS = 12
SOURCE_LIMIT = 24_000  # characters of a result that a model is given: its beginning and its end
_FAILURE = re.compile(
    r"не получил|не удал|не смог|не вышло|не выполн|не заверш|не законч|не сделан|"
    r"^\s*ошибка|не успел|не прош[лё]|не хватило|провал|сорвал|прерван|останов(?:лен|ил)|упал[аои]?\b|"
    r"fail|could not|did not|unable|was not",
    re.I,
)
_NOT_DONE = re.compile(r"не удалось|не смог|не получилось|could ?n[o']t|unable to|was not able", re.I)
_OWNED = re.compile(
    r"\b(?:не|нет|без|нужно|надо|осталось|остаётся|кроме|not|no|unable|couldn't|need)\b", re.I
)


class Models(Protocol):
    """skazano.llm.chain.Chain."""

    def complete(
        self, system: str, text: str, schema: type[T], check: Callable[[T], str] | None = None
    ) -> tuple[T, Usage]: ...


class _Refined(msgspec.Struct, forbid_unknown_fields=True):
    text: str
    title: str
    tool: str | None
    tool_words: str
    subtasks: list[str]


class _Chosen(msgspec.Struct, forbid_unknown_fields=True):
    slug: str | None


class _Answer(msgspec.Struct, forbid_unknown_fields=True):
    answer: str


def refine_with_model(
    models: Models,
    text: str,
    terms: Sequence[str] = (),
    tools: Sequence[str] = (),
    prompts: Path | None = None,
    *,
    typed: bool = False,
) -> tuple[Refined, Usage]:
    """The request by a model, or by refine_local if none answers rightly (usage.engine is then
    "local" and usage.fallback says why). tools are the names that the project allows; typed: as for
    refine_local."""
    system, prompt = render("refine", prompts)
    question = {"dictated": text, "terms": list(terms)[:300], "tools": list(tools)}

    def wrong(found: _Refined) -> str:
        if found.tool is not None and found.tool not in tools:
            return f"no such tool: {found.tool[:40]}"
        parts = {normal(part) for part in found.subtasks}
        if len(parts) < len(found.subtasks) or len(parts) > MOST_SUBTASKS or "" in parts:
            return "wrong subtasks"
        said = _without(text, found.tool_words) if _tool(found, text, tools) else text
        reason = min((unfaithful(source, found.text, terms) for source in (text, said)), key=len)
        if not reason and len(found.subtasks) > 1:
            reason = unfaithful(said, "\n".join(found.subtasks), terms) or wrong_parts(said, found.subtasks)
        return reason

    try:
        found, usage = models.complete(system, json.dumps(question, ensure_ascii=False), _Refined, wrong)
    except NoModel as none:
        none.usage.prompt = prompt
        return refine_local(text, terms, tools, typed=typed), none.usage
    usage.prompt = prompt
    tool = _tool(found, text, tools)
    line = " ".join(found.title.split())
    heading = (
        title(line)
        if line and len(line) <= TITLE and not unfaithful_title(line, found.text)
        else title(found.text)
    )
    parts = [sentence(s) for s in found.subtasks] if len(found.subtasks) > 1 else []
    return Refined(sentence(found.text), heading, tool, parts), usage


def _tool(found: _Refined, text: str, tools: Sequence[str]) -> str | None:
    """The tool, if the words that are said to ask for it stand in the note and do."""
    if found.tool is None or normal(found.tool_words) not in normal(text):
        return None
    return found.tool if asks_for(found.tool_words, found.tool, tools) else None


def _without(text: str, part: str) -> str:
    return re.sub(re.escape(part.strip()), " ", text, count=1, flags=re.I)


def unfaithful_title(line: str, request: str) -> str:
    """ "" if a title says nothing that the request does not: no number, name or word of weight, nor the
    contrary of it."""
    odd = odd_signs(line, request) or "".join(set(re.findall(r"[<>{}\[\]|`*#]", line)) - set(request))
    return (
        odd or ungrounded(line, request) or " ".join(strange_words(line, request)) or contrary(line, request)
    )


def choose_project_with_model(
    models: Models,
    heard: str,
    projects: Sequence[Named],
    note: str = "",
    prompts: Path | None = None,
) -> tuple[str | None, Usage]:
    """The slug of the project that was meant, None if the model knows none (or there is no model)."""
    system, prompt = render("project", prompts)
    known = [{"slug": p.slug, "title": p.title, "aliases": list(p.aliases)[:10]} for p in projects]
    question = {"heard": heard, "note": note[:1000], "projects": known}
    slugs = {p.slug for p in projects}

    def wrong(found: _Chosen) -> str:
        return "" if found.slug is None or found.slug in slugs else "a project that is not in the list"

    try:
        found, usage = models.complete(system, json.dumps(question, ensure_ascii=False), _Chosen, wrong)
    except NoModel as none:
        none.usage.prompt = prompt
        return None, none.usage
    usage.prompt = prompt
    return found.slug, usage


def summarize_with_model(
    models: Models,
    result: str,
    mode: Literal["text", "audio"] = "text",
    lang: str = "ru",
    *,
    request: str = "",
    commit: Mapping[str, Any] | None = None,
    failed: bool = False,
    error: str | None = None,
    prompts: Path | None = None,
) -> tuple[str, Usage]:
    """The answer by a model, or by summarize_local if none answers rightly. Checked: every number,
    name and file name stands in the result, commit or error; so does every deed, as done; a failure is
    told first."""
    system, prompt = render("summarize", prompts, mode=mode, lang=lang, failed=failed)
    commit_text = json.dumps(commit, ensure_ascii=False) if commit else ""
    question = {
        "request": request[:4000],
        "result": _both_ends(result),
        "commit": commit,
        "failed": failed,
        "error": error,
    }
    told = [commit_line(commit, tongue, spoken=spoken) for tongue in ("ru", "en") for spoken in (True, False)]
    told_by = "\n".join([result, error or "", *told])

    def wrong(found: _Answer) -> str:
        return bad_answer(found.answer, told_by, mode, failed, lang, commit_text)

    try:
        found, usage = models.complete(system, json.dumps(question, ensure_ascii=False), _Answer, wrong)
    except NoModel as none:
        none.usage.prompt = prompt
        local = summarize_local(result, mode, lang, commit=commit, failed=failed, error=error)
        return local, none.usage
    usage.prompt = prompt
    return found.answer.strip(), usage


def bad_answer(answer: str, source: str, mode: str, failed: bool, lang: str = "ru", commit: str = "") -> str:
    """Why an answer must not be sent; "" if it may. commit: commit.json, for its names and numbers."""
    answer = answer.strip()
    words = re.findall(r"[^\W\d]{2,}", answer)
    if len(words) < 2 or (mode == "text" and len(answer) > TEXT_LIMIT):
        return "empty" if len(words) < 2 else f"longer than {TEXT_LIMIT} characters"
    russian = sum(bool(re.match("[А-Яа-яЁё]", word)) for word in words)
    if 4 * (russian if lang == "ru" else len(words) - russian) < len(words):
        return "another language than was asked for"
    first = re.split(r"(?<=[.!?…])\s", answer)[0]
    if failed and (
        not _FAILURE.search(first) or re.search(r"(?<!не )\b(?:получилось|удалось)\b", first, re.I)
    ):
        return "the failure is not told first"
    if failed and source and of_something_else(_FAILURE.sub("", first), source):
        return "another reason than was told"
    if mode == "audio":
        spoken = re.split(r"(?<=[.!?…])\s+", answer)
        if len(spoken) > SPOKEN_MOST:
            return f"more than {SPOKEN_MOST} sentences"
        if not all(can_be_heard(s) for s in spoken) or re.search(
            r"(?m)^\s*(?:[-*•#>]|\d+[.)])\s|\*\*", answer
        ):
            return "code or paths in a spoken answer"
    if not failed and _NOT_DONE.search(source) and not _OWNED.search(answer):
        return "what was not done is not told"
    return (
        odd_signs(answer, source)
        or ungrounded(answer, f"{source}\n{commit}")
        or untold(answer, source, failed=failed)
        or twisted(answer, f"{source}\n{commit}")
        or withheld(answer, f"{source}\n{commit}")
    )


def _both_ends(text: str) -> str:
    if len(text) <= SOURCE_LIMIT:
        return text
    half = SOURCE_LIMIT // 2
    return text[:half] + "\n[…]\n" + text[-half:]
