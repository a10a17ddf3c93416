"""Claude Code without a terminal: `claude -p --output-format stream-json`. Written for 2.1.197.

Success is: exit code 0, and the last `result` event has subtype success and is_error false, and we did not
stop it. An API's error has subtype success too, with is_error; SIGTERM may end in exit code 0.
"""

import json
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from skazano.tools.base import (
    Denial,
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

MEMORY = 60_000  # bytes of CLAUDE.md; one argument takes 128 KiB at most
TURNS = 200  # of the model, if the tool's table says nothing: an endless loop ends there
# Bare "Edit" and "Write" would let it write anywhere. Reading commands (ls, cat, git log) need no rule.
ALLOW = ("Edit(./**)", "Write(./**)", "Bash(git *)", "Bash(npm *)", "Bash(npx *)", "Bash(node *)")
DENY = ("Bash(git push *)", "Bash(git push)")  # pushing comes after the look for secrets
# No look-ups of its own while it works; nothing left running behind a call.
ENVIRONMENT = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "CLAUDE_CODE_DISABLE_BACKGROUND_TASKS": "1",
    "DISABLE_AUTOUPDATER": "1",
}
INSTRUCTIONS = (
    "You work without a person at hand: nobody can answer a question or approve a call; decide, and say "
    "what you assumed. Work only inside the working directory. Leave your changes uncommitted and do not "
    "push: they are committed and pushed when you have ended. Run the project's tests if there are any. "
    "End with a short answer in {language}: what was done, whether the tests passed, what is left undone; "
    "it is read on a phone."
)
LANGUAGES = {"ru": "Russian", "en": "English"}


def plan(job: Job) -> Plan:
    """The command line, and settings.json with the project's permissions."""
    tool = job.tool
    argv = [
        tool.command or "claude", "-p", "--output-format", "stream-json", "--verbose",
        "--settings", str(job.run / "settings.json"),
        "--setting-sources", "user",
        "--permission-mode", "default",
        "--max-turns", str(tool.turns or TURNS),
        "--append-system-prompt", instructions(job) + memory(Path(job.project.path)),
    ]  # fmt: skip
    if tool.model:
        argv += ["--model", tool.model]
    if job.most_cost is not None:
        argv += ["--max-budget-usd", f"{job.most_cost:.4f}"]
    if job.session:
        argv += ["--resume", job.session]
    settings = {
        "permissions": {
            "allow": [*ALLOW, *job.project.allow],
            "deny": [*DENY, *job.project.deny],
            "defaultMode": "default",
        },
        "includeCoAuthoredBy": False,
    }
    return Plan(
        argv=[*argv, *tool.args],
        stdin=job.prompt,
        environment=ENVIRONMENT,
        files={"settings.json": json.dumps(settings, ensure_ascii=False, indent=1) + "\n"},
        reads="claude",
    )


def instructions(job: Job) -> str:
    """What an agent is told besides the request."""
    text = INSTRUCTIONS.format(language=LANGUAGES.get(job.lang, "Russian"))
    return f"{text}\n\n{job.tool.instructions}".strip()


def memory(project: Path) -> str:
    """The project's CLAUDE.md, or AGENTS.md. Claude itself reads it only together with .claude/settings.json,
    whose hooks would run unasked; so that source is off, and the words are passed on here."""
    for name in ("CLAUDE.md", "AGENTS.md"):
        path = project / name
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as stream:
                text = stream.read(MEMORY).decode(errors="ignore").replace("\0", "")
            return f"\n\nWhat the project's {name} says:\n\n{text}"
    return ""


def outcome(run: Path, exit: Mapping[str, Any], job: Job) -> Outcome:
    """What its events say, and its exit."""
    results, said, session = [], "", None
    for event in events(run):
        session = session_of(event.get("session_id")) or session
        if event.get("type") == "result":
            results.append(event)
        elif event.get("type") == "assistant" and not event.get("error"):
            said = _said(event) or said
    last = results[-1] if results else {}
    good = ended_badly(exit, run) or _trouble(last, run) or by_exit(exit, run) or Outcome()
    good.text = str(last.get("result") or "") if good.ok else str(last.get("result") or said)
    good.session = session
    good.cost = float(last["total_cost_usd"]) if isinstance(last.get("total_cost_usd"), int | float) else None
    good.tokens = _tokens(last)
    good.turns = sum(number(result.get("num_turns")) for result in results) or None
    good.denials = _denials(results, job)
    return good


def _trouble(last: Mapping[str, Any], run: Path) -> Outcome | None:
    detail = output(run, "stderr.log", 2000)
    if not last:
        text = detail.splitlines()[-1][:300] if detail else ""
        if "No conversation found" in detail:
            return Outcome(error="session-gone", unknown_session=True, detail=detail)
        return Outcome(error="no-result", values={"why": text}, detail=detail)
    subtype, said = (
        last.get("subtype"),
        str(last.get("result") or "; ".join(map(str, last.get("errors") or []))),
    )
    if subtype == "success" and not last.get("is_error"):
        return None
    if subtype == "error_max_turns":
        return Outcome(error="max-turns", values={"turns": last.get("num_turns")}, detail=said)
    if subtype == "error_max_budget_usd":
        return Outcome(
            error="max-cost", values={"cost": f"{last.get('total_cost_usd') or 0:.2f}"}, detail=said
        )
    if "No conversation found" in said:
        return Outcome(error="session-gone", unknown_session=True, detail=said)
    return _api_trouble(last.get("api_error_status"), said)


def _api_trouble(status: Any, said: str) -> Outcome:
    if status in (401, 403) or "/login" in said:
        key = "agent-login"
    elif status == 429:
        key = "agent-quota"
    elif status in (400, 404, 413):
        key = "agent-refused"
    else:  # 5xx, overloaded, timeouts, no network: null or the number
        key = "agent-down"
    return Outcome(error=key, values={"why": said[:300]}, detail=said)


def _said(event: Mapping[str, Any]) -> str:
    blocks = table(event.get("message")).get("content")
    return "\n".join(
        str(b.get("text"))
        for b in (blocks if isinstance(blocks, list) else [])
        if isinstance(b, dict) and b.get("type") == "text"
    ).strip()


def _tokens(last: Mapping[str, Any]) -> dict[str, int]:
    """modelUsage is right where usage is not: after a stream that was cut off."""
    models = [use for use in table(last.get("modelUsage")).values() if isinstance(use, dict)]
    if not models:
        return {}

    def total(*keys: str) -> int:
        return sum(number(use.get(key)) for use in models for key in keys)

    return {
        "input": total("inputTokens", "cacheCreationInputTokens"),
        "cached": total("cacheReadInputTokens"),
        "output": total("outputTokens"),
    }


# -- what was refused, and the rule that would allow it -------------------------------------------

# The whole command is what a person agrees to; for harmless programs, whatever comes after the first word.
_ANYTHING = frozenset(
    "bash sh dash zsh env sudo su doas python python3 perl ruby php eval exec xargs find rm dd ssh scp rsync "
    "nohup setsid timeout nice chmod chown kill pkill killall systemctl mount docker podman".split()
)
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,40}")


def _denials(results: list[dict[str, Any]], job: Job) -> list[Denial]:
    found: dict[str, Denial] = {}
    for result in results:
        denials = result.get("permission_denials")
        for one in map(table, denials if isinstance(denials, list) else []):
            made = _denial(str(one.get("tool_name")), table(one.get("tool_input")), job)
            found.setdefault(made.what, made)
    return list(found.values())[:20]


def _denial(name: str, given: Mapping[str, Any], job: Job) -> Denial:
    if name == "Bash":
        command = " ".join(str(given.get("command", "")).split())
        return Denial(what=f"Bash: {command}"[:300], rule=_bash_rule(command, job))
    if name == "WebFetch":
        host = re.match(r"https?://([A-Za-z0-9.-]{1,200})(?:[:/?#]|$)", str(given.get("url", "")))
        return Denial(
            what=f"WebFetch: {given.get('url')}"[:300], rule=f"WebFetch(domain:{host[1]})" if host else ""
        )
    if name == "WebSearch":
        return Denial(what=f"WebSearch: {given.get('query')}"[:300], rule="WebSearch")
    what = given.get("file_path") or given.get("path") or given.get("notebook_path") or ""
    # What lies outside of the project stays there: no button opens that.
    mcp = re.fullmatch(r"mcp__[A-Za-z0-9_-]{1,100}", name)
    return Denial(what=f"{name}: {what}"[:300], rule=name if mcp else "")


def _bash_rule(command: str, job: Job) -> str:
    """One rule for the part of the command that none of the present ones allows; "" if there is no such."""
    allowed = [
        rule[5:-1].rstrip("*").strip() for rule in (*ALLOW, *job.project.allow) if rule.startswith("Bash(")
    ]
    for part in re.split(r"&&|\|\||[;|&\n]", command):
        words = _words(part)
        if not words or any(part.strip() == a or part.strip().startswith(a + " ") for a in allowed if a):
            continue
        if words[0] == "git" and words[1:2] == ["push"]:
            return ""
        if words[0] in _READING:
            continue
        return _rule(words[0], part.strip())
    return ""


_READING = frozenset("cd ls cat head tail grep wc sort uniq echo pwd true which file stat diff".split())


def _rule(program: str, part: str) -> str:
    if _PLAIN.fullmatch(program) and program not in _ANYTHING:
        return f"Bash({program} *)"
    whole = re.search(r"[()*\\\"'`$<>{}]", part)
    return "" if whole else f"Bash({part})"


def _words(part: str) -> list[str]:
    try:
        return shlex.split(part)
    except ValueError:
        return part.split()
