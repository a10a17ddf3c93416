"""Codex without a terminal: `codex exec --json`. Written for codex-cli 0.169.0.

Its sandbox lets it write in the project's folder only, and there not in .git: we commit. Without a network
it reconnects for ever: `stall` ends that. Usage is counted over the whole thread.
"""

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from skazano.tools import claude
from skazano.tools.base import (
    Job,
    NoProgram,
    Outcome,
    Plan,
    by_exit,
    ended_badly,
    events,
    last_words,
    number,
    output,
    session_of,
    table,
)

TURNS = 200  # commands and edits, if the tool's table says nothing: codex has no limit of its own
OFFLINE = 180.0  # seconds of nothing but "Reconnecting" before it is stopped
_DOWN = re.compile(r"\b5\d\d\b|stream disconnected|error sending|overloaded|timed out|high demand")
RECONNECTING = r'"type":"error","message":"Reconnecting'
ACTED = r'^\{"type":"item\.completed","item":\{"id":"[^"]*","type":"(?!agent_message|reasoning|error)'
# No look-ups of its own: each of them waits for its time limit where there is no network.
OPTIONS = (
    "analytics.enabled=false",
    "features.plugins=false",
    "features.apps=false",
    "check_for_update_on_startup=false",
    'web_search="disabled"',
    'approval_policy="never"',
    # Commands that it runs get no key of ours.
    'shell_environment_policy.inherit="core"',
    "shell_environment_policy.ignore_default_excludes=false",
)


def plan(job: Job) -> Plan:
    """The command line. Raises NoProgram."""
    tool = job.tool
    told = json.dumps(
        claude.instructions(job), ensure_ascii=False
    )  # JSON's string syntax is a part of TOML's
    network = "true" if tool.network else "false"
    options = [
        *OPTIONS,
        f"sandbox_workspace_write.network_access={network}",
        f"developer_instructions={told}",
    ]
    argv = [native(tool.command or "codex", job.path), "exec", "--skip-git-repo-check"]
    argv += ["-s", "workspace-write", "-C", job.project.path]
    for option in options:
        argv += ["-c", option]
    if tool.model:
        argv += ["-m", tool.model]
    argv += tool.args
    # -s and -C count only before `resume`.
    argv += ["resume", "--json", job.session, "-"] if job.session else ["--json", "-"]
    return Plan(
        argv=argv,
        stdin=job.prompt,
        reads="codex",
        stall=(RECONNECTING, OFFLINE),
        turns=(ACTED, tool.turns or TURNS),
    )


def native(command: str, path: str) -> str:
    """The program behind npm's wrapper, which would survive it and hold its pipes. Raises NoProgram."""
    found = shutil.which(command, path=path)
    if found is None:
        raise NoProgram(f"{command}: not found")
    real = Path(found).resolve()
    if real.suffix != ".js":
        return str(real)
    package = real.parent.parent  # node_modules/@openai/codex
    for folder in (package.parent, package / "node_modules" / "@openai", package):
        for pattern in ("codex-*/vendor/*/bin/codex", "vendor/*/bin/codex", "vendor/*/codex/codex"):
            for program in sorted(folder.glob(pattern)):
                return str(program)
    return str(real)


def outcome(run: Path, exit: Mapping[str, Any], job: Job) -> Outcome:
    """What its events say, and its exit."""
    said, session, completed, failed, turns = "", None, False, None, 0
    usage: Mapping[str, Any] = {}
    for event in events(run):
        kind = event.get("type")
        if kind == "thread.started":
            session = session_of(event.get("thread_id"))
        elif kind == "turn.started":
            completed, failed = False, None
        elif kind == "turn.completed":
            completed, usage = True, table(event.get("usage"))
        elif kind == "turn.failed":
            failed = str(table(event.get("error")).get("message"))
        elif kind == "item.completed":
            item = table(event.get("item"))
            turns += item.get("type") != "error"
            said = str(item.get("text")) if item.get("type") == "agent_message" else said
    good = ended_badly(exit, run) or _trouble(failed, completed, exit, run) or by_exit(exit, run) or Outcome()
    good.text, good.session, good.turns = said, session, turns or None
    good.thread_tokens = (
        {
            "input": number(usage.get("input_tokens")) - number(usage.get("cached_input_tokens")),
            "cached": number(usage.get("cached_input_tokens")),
            "output": number(usage.get("output_tokens")),
        }
        if usage
        else {}
    )
    return good


def _trouble(failed: str | None, completed: bool, exit: Mapping[str, Any], run: Path) -> Outcome | None:
    detail = output(run, "stderr.log", 2000)
    if failed is not None:
        return _api_trouble(failed)
    if completed:
        return None
    if exit.get("code") and ("no rollout found" in detail or "thread not found" in detail.lower()):
        return Outcome(error="session-gone", unknown_session=True, detail=detail)
    return Outcome(error="no-result", values={"why": last_words(run)}, detail=detail)


def _api_trouble(said: str) -> Outcome:
    text = said.lower()
    if "401" in text or "unauthorized" in text or "api key" in text or "missing environment variable" in text:
        key = "agent-login"
    elif "429" in text or "rate limit" in text or "quota" in text or "usage limit" in text:
        key = "agent-quota"
    elif _DOWN.search(text):
        key = "agent-down"
    else:
        key = "agent-refused"
    return Outcome(error=key, values={"why": _plain(said)[:300]}, detail=said)


def _plain(said: str) -> str:
    """The message in an API's error, which may be JSON within text."""
    start = said.find("{")
    if start >= 0:
        try:
            inner = json.loads(said[start:])
        except ValueError:
            return said
        return str(table(table(inner).get("error")).get("message") or table(inner).get("message") or said)
    return said
