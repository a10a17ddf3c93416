"""A task's directory: what is in it and how it is read and written."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import msgspec

from skazano import files

Kind = Literal["voice", "audio", "video_note", "text", "photo", "document"]
Mode = Literal["text", "audio"]
TITLE = 80  # characters


class Task(msgspec.Struct, omit_defaults=True, kw_only=True):
    """task.json. Unknown fields are let through, so that an older program can read a newer spool."""

    id: str
    created: str  # ISO 8601, UTC
    source: Literal["telegram", "cli"] = "telegram"
    chat: int | None = None
    message: int | None = None
    user: int | None = None
    kind: Kind = "text"
    file_id: str | None = None  # Telegram's handle of the audio or attachment
    audio: str | None = None  # its name in the task's directory: voice.oga
    attachments: list[str] = []
    size: int | None = None  # bytes, as announced
    album: str | None = None  # Telegram's number of the album to which it belongs
    seconds: float | None = None  # length of the audio, as announced
    project: str | None = None
    tool: str | None = None
    mode: Mode = "text"
    lang: Literal["ru", "en"] = "ru"
    title: str | None = None
    parent: str | None = None
    session: str | None = None
    reply_to: int | None = None


class BadTask(Exception):
    """task.json is absent, may not be read, or is no task."""


def now() -> str:
    """The time in UTC with milliseconds, as history.jsonl has it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class TaskDir:
    """One task's files. Only the process that holds the task's ticket writes here."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.id = path.name

    def load(self) -> Task:
        """task.json. Raises BadTask."""
        try:
            return msgspec.json.decode((self.path / "task.json").read_bytes(), type=Task)
        except (FileNotFoundError, PermissionError, msgspec.DecodeError) as error:
            raise BadTask(f"task.json of {self.id}: {error}") from error

    def save(self, task: Task) -> None:
        """Replace task.json if that changes it."""
        data = encode(task)
        if data != (self.text("task.json") or "").encode() + b"\n":
            self.write("task.json", data)

    def text(self, name: str) -> str | None:
        """A file's text without its final newline; None if there is no such file."""
        return files.read_text(self.path / name)

    def json(self, name: str) -> Any | None:
        """A file's JSON; None if the file is absent or broken."""
        return files.read_json(self.path / name)

    def write(self, name: str, data: bytes | str) -> None:
        """Write a file durably; text gets a final newline."""
        if isinstance(data, str) and not data.endswith("\n"):
            data += "\n"
        files.write_file(self.path / name, data)

    def write_json(self, name: str, value: Any) -> None:
        """Write a value as JSON, durably."""
        files.write_json(self.path / name, value)

    def has(self, name: str) -> bool:
        """Whether the file is there."""
        return (self.path / name).exists()

    def remove(self, name: str) -> None:
        """Delete a file if it is there."""
        (self.path / name).unlink(missing_ok=True)

    def title(self) -> str:
        """What a person knows the task by: its title, else its first words; "" if nothing is known yet."""
        try:
            title = self.load().title
        except BadTask:
            title = None
        said = " ".join((title or self.text("transcript.txt") or "").split())
        return said if len(said) <= TITLE else said[: TITLE - 1].rstrip() + "…"

    def history(self, stage: str, event: str, **fields: Any) -> None:
        """Append an event. Fields that are None are left out."""
        given = {key: value for key, value in fields.items() if value is not None}
        files.append_line(
            self.path / "history.jsonl", {"time": now(), "stage": stage, "event": event, **given}
        )

    def events(self) -> list[dict[str, Any]]:
        """history.jsonl, oldest first."""
        return files.read_lines(self.path / "history.jsonl")


def encode(task: Task) -> bytes:
    """task.json's bytes: one field a line, readable."""
    return msgspec.json.format(msgspec.json.encode(task), indent=1) + b"\n"
