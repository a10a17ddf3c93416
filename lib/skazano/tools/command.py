"""The kind `command`: any program. The request goes in by standard input, as an argument or as a file; the
answer is standard output, or lies where JSON pointers say in the last event that has it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from skazano.config import Tool
from skazano.tools.base import (
    LONGEST,
    Job,
    Outcome,
    Plan,
    by_exit,
    ended_badly,
    events,
    output,
    parsed,
    pointer,
    session_of,
)

ARGUMENT_LIMIT = 128 * 1024  # bytes of one argument with its NUL: execve(2), MAX_ARG_STRLEN


def plan(job: Job) -> Plan:
    """The command line with its placeholders filled in."""
    tool = job.tool
    arguments = _arguments(tool) if job.session else tool.args
    filled = {
        "{task}": job.id,
        "{title}": job.title,
        "{session}": job.session or "",
        "{prompt_file}": str(job.prompt_file),
        "{prompt}": _cut(job.prompt),
    }
    argv = [tool.command, *(_fill(argument, filled) for argument in arguments)]
    if tool.prompt == "argument" and "{prompt}" not in arguments:
        argv.append(_argument(filled["{prompt}"]))
    if tool.prompt == "file" and "{prompt_file}" not in arguments:
        argv.append(filled["{prompt_file}"])
    return Plan(
        argv=argv,
        stdin=job.prompt if tool.prompt == "stdin" else "",
        reads="command" if tool.answer or tool.session else "",
    )


def _arguments(tool: Tool) -> list[str]:
    """Those that continue a session: `resume` before the usual ones, or alone if it has the request."""
    has_request = {"{prompt}", "{prompt_file}"} & set(tool.resume)
    return tool.resume if has_request else [*tool.resume, *tool.args]


def _whole(run: Path) -> list[Any]:
    """All of the output as one JSON document, if it is one: some programs print it over many lines."""
    text = output(run, "events.jsonl", LONGEST)
    value = parsed(text.encode()) if "\n" in text else None
    return [value] if isinstance(value, dict) else []


def _fill(argument: str, filled: Mapping[str, str]) -> str:
    """A placeholder is a whole argument, so that what was said can name none."""
    return _argument(filled[argument]) if argument in filled else argument


def _argument(value: str) -> str:
    """A value that no program takes for an option: what was said may begin with a dash."""
    return f" {value}" if value.startswith("-") else value


def _cut(prompt: str) -> str:
    raw = prompt.replace("\0", "").encode()
    return raw[: ARGUMENT_LIMIT - 2].decode(errors="ignore")


def outcome(run: Path, exit: Mapping[str, Any], job: Job) -> Outcome:
    """Its exit code, and its output as the tool's table says how to read it."""
    tool = job.tool
    answer, session = None, None
    if tool.answer or tool.session:
        for event in (*events(run), *_whole(run)):
            found = pointer(event, tool.answer) if tool.answer else None
            answer = found if found is not None else answer
            session = session_of(pointer(event, tool.session)) or session if tool.session else None
    good = ended_badly(exit, run) or by_exit(exit, run)
    if good is None and tool.answer and answer is None:
        good = Outcome(error="no-result", values={"why": f"{tool.answer}: not in its output"})
    good = good or Outcome()
    good.text = answer if isinstance(answer, str) else output(run) if answer is None else str(answer)
    good.session = session
    return good
