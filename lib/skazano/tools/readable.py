"""A tool's events as text for run/stdout.log, line by line as they come. Standard library only: the
runner uses it. What is no event of the kind is shown as it is."""

import json
from typing import Any

OUTPUT_LINES = 12  # of a command's output that are shown
WIDTH = 400  # characters of a line


def line(kind: str, raw: bytes | None) -> bytes:
    """The text of one line of events, with its newline; b"" if it has nothing for people."""
    if raw is None:
        return b"[... a very long line ...]\n"
    try:
        event = json.loads(raw)
    except ValueError:
        return raw + b"\n"
    if not isinstance(event, dict):
        return raw + b"\n"
    show = {"claude": _claude, "codex": _codex, "chat": _chat}.get(kind)
    if show is None:
        return raw + b"\n"
    try:
        text = show(event)
    except (KeyError, TypeError, AttributeError, ValueError):
        return b""  # an event of another shape than is known: it is in events.jsonl
    return text.encode("utf-8", "replace")


def _claude(event: dict[str, Any]) -> str:
    if event["type"] == "assistant":
        return "".join(_claude_block(block) for block in event["message"]["content"])
    if event["type"] == "user":
        content = event["message"]["content"]
        return "".join(
            _result(_text(b.get("content")), bool(b.get("is_error"))) for b in content if isinstance(b, dict)
        )
    if event.get("subtype") == "api_retry":
        return f"  ! {event.get('error')}: {event.get('attempt')}/{event.get('max_retries')}\n"
    if event["type"] == "result" and event.get("is_error"):
        return f"! {event.get('result') or '; '.join(event.get('errors', []))}\n"
    return ""


def _claude_block(block: dict[str, Any]) -> str:
    if block["type"] == "text":
        return str(block["text"]).strip() + "\n"
    if block["type"] == "tool_use":
        given = block["input"]
        what = (
            given.get("command") or given.get("file_path") or given.get("pattern") or given.get("url") or ""
        )
        return f"> {block['name']} {_short(str(what))}\n"
    return ""


def _codex(event: dict[str, Any]) -> str:
    if event["type"] in ("error", "turn.failed"):
        return f"! {event.get('message') or event['error']['message']}\n"
    if event["type"] != "item.completed":
        return ""
    item = event["item"]
    if item["type"] == "agent_message":
        return str(item["text"]).strip() + "\n"
    if item["type"] == "command_execution":
        failed = item.get("exit_code") not in (0, None)
        return f"> {_short(item['command'])}\n" + _result(item.get("aggregated_output") or "", failed)
    if item["type"] == "file_change":
        return "".join(f"> {change['kind']} {change['path']}\n" for change in item["changes"])
    return f"  ! {item['message']}\n" if item["type"] == "error" else ""


def _chat(event: dict[str, Any]) -> str:
    if event["type"] == "delta":
        return str(event["text"])
    return (
        f"\n! {event['message']}\n" if event["type"] == "error" else "\n" if event["type"] == "done" else ""
    )


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(part.get("text", "") for part in content or [] if isinstance(part, dict))


def _result(text: str, failed: bool) -> str:
    lines = text.strip().splitlines()
    shown = [f"  {'!' if failed else '|'} {_short(one)}" for one in lines[:OUTPUT_LINES]]
    if len(lines) > OUTPUT_LINES:
        shown.append(f"  | [... {len(lines) - OUTPUT_LINES} lines more ...]")
    return "".join(one + "\n" for one in shown)


def _short(text: str) -> str:
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"
