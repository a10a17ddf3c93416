"""The kind `chat`: a model behind an OpenAI-compatible server, OpenRouter by default. It is asked by a
program of its own (chat_run), so that it outlives this daemon, streams into run/, and can be stopped."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from skazano.tools.base import (
    Job,
    Outcome,
    Plan,
    by_exit,
    ended_badly,
    events,
    number,
    output,
    session_of,
    table,
)
from skazano.tools.claude import LANGUAGES

PROGRAM = Path(__file__).with_name("chat_run.py")
OPENROUTER = "https://openrouter.ai/api/v1"
INSTRUCTIONS = "Answer in {language}, to the point. It is read on a phone. Say what you are not sure of."


def plan(job: Job) -> Plan:
    """The program, and the conversation in chat.json."""
    tool = job.tool
    system = INSTRUCTIONS.format(language=LANGUAGES.get(job.lang, "Russian"))
    messages = [{"role": "system", "content": f"{system}\n\n{tool.instructions}".strip()}]
    for asked, answered in job.earlier:
        messages += [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]
    request = {
        "url": (tool.url or OPENROUTER).rstrip("/"),
        "body": {"model": tool.model, "messages": [*messages, {"role": "user", "content": job.prompt}]},
    }
    return Plan(
        argv=[sys.executable, "-I", str(PROGRAM), str(job.run / "chat.json")],
        files={"chat.json": json.dumps(request, ensure_ascii=False, indent=1) + "\n"},
        reads="chat",
        secrets_by="descriptor",
    )


def outcome(run: Path, exit: Mapping[str, Any], job: Job) -> Outcome:
    """The answer with its sources."""
    text, done, error = [], None, None
    for event in events(run):
        if event.get("type") == "delta":
            text.append(str(event.get("text")))
        elif event.get("type") == "done":
            done = event
        elif event.get("type") == "error":
            error = event
    good = ended_badly(exit, run) or _trouble(error) or by_exit(exit, run)
    if good is None and (done is None or not "".join(text).strip()):
        good = Outcome(error="no-result", detail=output(run, "stderr.log", 2000))
    good = good or Outcome()
    good.text = "".join(text).strip() + _sources((done or {}).get("citations") or [])
    good.session = session_of(job.id)  # the conversation is in the tasks themselves
    if done is not None:
        usage = table(done.get("usage"))
        cost = usage.get("cost")
        good.cost = float(cost) if isinstance(cost, int | float) else None
        cached = number(table(usage.get("prompt_tokens_details")).get("cached_tokens"))
        good.tokens = {
            "input": number(usage.get("prompt_tokens")) - cached,
            "cached": cached,
            "output": number(usage.get("completion_tokens")),
        }
        good.turns = 1
    return good


def _trouble(error: Mapping[str, Any] | None) -> Outcome | None:
    if error is None:
        return None
    status, said = error.get("status"), str(error.get("message"))
    if status in (401, 403) or error.get("kind") == "key":
        key = "agent-login"
    elif status in (402, 429):
        key = "agent-quota"
    elif isinstance(status, int) and 400 <= status < 500 and status != 408:
        key = "agent-refused"
    else:
        key = "agent-down"
    return Outcome(error=key, values={"why": said[:300]}, detail=said)


def _sources(citations: list[Any]) -> str:
    lines = []
    for place, one in enumerate(citations[:20], 1):
        url = str(one.get("url", "")) if isinstance(one, dict) else str(one)
        title = str(one.get("title") or "") if isinstance(one, dict) else ""
        if url.startswith(("http://", "https://")):
            lines.append(f"[{place}] {title + ': ' if title else ''}{url}"[:500])
    return "\n\n" + "\n".join(lines) if lines else ""
