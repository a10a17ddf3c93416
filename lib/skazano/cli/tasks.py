"""new, move, retry, cancel, hold: making tasks and acting on them."""

import argparse
import getpass
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import PurePath

from skazano import acts, ids
from skazano.cli.common import Desk, Refusal
from skazano.projects import load_all
from skazano.task import Task, TaskDir, encode
from skazano.views import view
from skazano.wake import Wake

ENDED = ("done", "failed", "unsorted", "hold")


def new(desk: Desk, options: argparse.Namespace) -> int:
    """A task from words or from a recording; from there on it is like one from Telegram."""
    words = " ".join(options.words).strip()
    if bool(words) == bool(options.audio):
        raise Refusal("say what is to be done, in words or with --audio FILE")
    if options.project and options.project not in load_all(desk.settings):
        raise Refusal(f"no project {options.project!r}: see `skazano project ls`")
    moment, chat = datetime.now(UTC), desk.settings.config.chat
    task = Task(
        id=ids.make(moment, "cli", os.getuid(), time.time_ns() // 1000 % 10**12),
        created=moment.isoformat(timespec="seconds").replace("+00:00", "Z"),
        source="cli",
        project=options.project,
        mode=options.mode or chat.mode,
        lang=chat.lang,
    )
    contents: dict[str, bytes] = {}
    if options.audio:
        try:
            data = options.audio.read_bytes()
        except OSError as error:
            raise Refusal(f"{options.audio}: {error.strerror}") from error
        task.kind, task.size = "audio", len(data)
        task.audio = "audio" + _suffix(options.audio)
        contents[task.audio] = data
    else:
        contents["transcript.txt"] = words.encode() + b"\n"
    contents["task.json"] = encode(task)
    desk.spool.publish(task.id, contents, "transcribe" if options.audio else "route")
    if options.wait:
        return _wait(desk, TaskDir(desk.spool.dir(task.id)))
    if desk.json:
        desk.print({"id": task.id, "path": str(desk.spool.dir(task.id))})
    else:
        print(task.id)
    return 0


def _suffix(path: PurePath) -> str:
    suffix = path.suffix.lower()
    return suffix if suffix[1:].isalnum() and suffix.isascii() and len(suffix) <= 6 else ".bin"


def _wait(desk: Desk, task: TaskDir) -> int:
    wake = Wake(view.folders(desk.spool))
    wake.start()
    try:
        while True:
            wake.clear()
            ticket = desk.spool.find(task.id)
            if ticket and ticket.box in ENDED:
                break
            wake.wait(60)
    except KeyboardInterrupt:
        print(f"skazano: {task.id} goes on", file=sys.stderr)
        return 130
    finally:
        wake.close()
    answer = task.text("answer.txt") or task.text("error.txt")
    if desk.json:
        desk.print({"id": task.id, "state": ticket.box, "answer": answer, "path": str(task.path)})
    else:
        print(answer or f"{task.id} lies in {ticket.place}: it waits for you")
    return 0 if ticket.box == "done" else 1


def move(desk: Desk, options: argparse.Namespace) -> int:
    """File a task under a project."""
    if options.project not in load_all(desk.settings):
        raise Refusal(f"no project {options.project!r}: see `skazano project ls`")
    task = desk.task(options.task)
    acts.file_under(desk.spool, task.id, options.project, by=_who())
    print(f"{task.id} goes on under {options.project}")
    return 0


def retry(desk: Desk, options: argparse.Namespace) -> int:
    """Let a task go again."""
    task = desk.task(options.task)
    stage = acts.retry(desk.spool, task.id, by=_who(), stage=options.stage)
    print(f"{task.id} goes again from {stage}")
    return 0


def cancel(desk: Desk, options: argparse.Namespace) -> int:
    """Cancel a task."""
    task = desk.task(options.task)
    print(f"{task.id}: {acts.cancel(desk.spool, task.id, by=_who())}")
    return 0


def hold(desk: Desk, options: argparse.Namespace) -> int:
    """Stop a waiting task."""
    task = desk.task(options.task)
    stage = acts.hold(desk.spool, task.id, by=_who())
    print(f"{task.id} is held before {stage}: `skazano retry {task.id}` lets it go on")
    return 0


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
