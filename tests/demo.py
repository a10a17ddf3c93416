#!/usr/bin/env python3
"""The demo: `./install.sh demo` plays a conversation with a bot against every stage, and checks the result.

A Bot API server on loopback stands for Telegram; all else is real: voice notes in OGG/Opus, recognition,
the stages as processes, a git repository with a bare remote, a spoken answer, the pages. Everything is
left in demo/ to be looked at; `demo --clean` removes it. Exit code 0 only if all that is promised is there.
"""

import argparse
import sys
import time
from pathlib import Path

HOME = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(HOME / "lib"), str(HOME / "tests")]

from botapi import BotApi, Sent  # noqa: E402
from demo_world import OWNER, VOICES, World, clean, git  # noqa: E402
from skazano.config import ConfigError  # noqa: E402
from skazano.spool import Spool, Ticket  # noqa: E402
from skazano.task import TaskDir  # noqa: E402
from skazano.upkeep.supervise import PROGRAMS, Supervisor  # noqa: E402

ROOT = HOME / "demo"
# What is said, in this order, and how it is to be answered.
CONVERSATION = (
    ("01-settings-demo.oga", "text"),
    ("02-request-note.oga", "text"),
    ("03-settings-audio.oga", "text"),
    ("04-settings-both-and-request.oga", "text"),
    ("03-settings-audio.oga", "text"),
    ("05-filler.oga", "voice"),
)
PATIENCE = 120.0  # seconds for one answer; a cold machine loads its model in that time too


class Broken(Exception):
    """Something that the demo promises is not there."""


def main() -> int:
    options = argparse.ArgumentParser(prog="install.sh demo", description=__doc__)
    options.add_argument("--clean", action="store_true", help="remove what the demo left")
    if options.parse_args().clean:
        clean(ROOT)
        print(f"Удалено: {ROOT}")
        return 0
    clean(ROOT)
    try:
        return play()
    except (Broken, ConfigError, TimeoutError, RuntimeError) as error:
        print(f"\n{error}\nЖурналы: {ROOT / 'logs'}\ndemo: FAILED", file=sys.stderr)
        return 1


def play() -> int:
    with BotApi() as api:
        world = World(ROOT, api)
        folder = world.project("demo", "Демо")
        spool = Spool.open(world.spool)
        print(f"Запускаю {len(PROGRAMS)} процессов на спуле {show(world.spool)} …", flush=True)
        begun = time.monotonic()
        with Supervisor(world.config, logs=ROOT / "logs") as programs:
            programs.wait_ready(PATIENCE)
            print(f"готовы за {time.monotonic() - begun:.1f} с: {', '.join(PROGRAMS)}\n", flush=True)
            for number, (name, kind) in enumerate(CONVERSATION, 1):
                one(api, spool, programs, VOICES / name, kind, number)
            last_views(world, spool, api, programs)
        check(world, folder, spool, api)
        results(world, folder, spool)
    print("demo: ok")
    return 0


def one(api: BotApi, spool: Spool, programs: Supervisor, voice: Path, kind: str, number: int) -> None:
    """Say one voice note, show what happens with it, and wait for its answer."""
    before, begun = len(api.replies()), time.monotonic()
    message = api.say_voice(voice, user=OWNER, chat=OWNER)
    print(f"{number}. 🎤 {voice.name}", flush=True)
    task, shown = None, 0
    while time.monotonic() - begun < PATIENCE:
        programs.step(0.05)
        task = task or find(spool, message["message_id"])
        shown = tell(task, shown) if task else 0
        if len(api.replies()) > before and task and spool.path(Ticket(task.id, "done")).exists():
            break
    else:
        raise Broken(f"нет ответа на {voice.name} за {PATIENCE:.0f} с")
    tell(task, shown)
    answer = api.replies()[-1]
    if answer.method != ("sendVoice" if kind == "voice" else "sendMessage"):
        raise Broken(f"на {voice.name} ответ пришёл как {answer.method}")
    print(f"   ← {said(answer, task)}   [{time.monotonic() - begun:.2f} с]\n", flush=True)


def find(spool: Spool, message: int) -> TaskDir | None:
    """The task of the person's message."""
    for day in spool.tasks.iterdir():
        for path in day.glob(f"[0-9]*-tg-{OWNER}-{message}"):
            return TaskDir(path)
    return None


def tell(task: TaskDir, shown: int) -> int:
    """Print the events of a task from number `shown` on; how many there are."""
    events = task.events()
    for event in events[shown:]:
        what = ""
        if event["stage"] == "transcribe":
            what = f"услышано: «{task.text('transcript.txt')}»"
        elif event["stage"] == "refine":
            what = f"понято: «{task.text('refined.txt')}»"
        elif event["stage"] == "execute" and (commit := task.json("commit.json")):
            made = commit["commits"][-1]
            push = commit["push"].get("state", "no remote")
            what = f"сделано: {made['sha'][:8]} в {commit['branch']}, {push}"
        elif event["stage"] == "speak":
            what = f"прочитано вслух: {event.get('spoken_seconds')} с, {event.get('engine')}"
        elif event["event"] != "done":
            what = f"{event['event']}: {event.get('reason', '')}"
        print(f"   {event['stage']:<11}{event.get('ms', 0):>6} мс  {what}", flush=True)
    return len(events)


def said(answer: Sent, task: TaskDir) -> str:
    """An answer as the person gets it."""
    if answer.voice:
        return f"🔊 голосом, {show(task.path / 'answer.oga')}\n     «{answer.text}»"
    return f"«{answer.text}»"


def last_views(world: World, spool: Spool, api: BotApi, programs: Supervisor) -> None:
    """Wait until the views have caught up with the last task: its page, and a final reaction."""
    newest = max(t.id for t in spool.tickets("done"))
    page, until = world.settings.site / "task" / f"{newest}.html", time.monotonic() + 20
    while time.monotonic() < until:
        programs.step(0.1)
        shown = page.exists() and "готово" in page.read_text(encoding="utf-8")
        if shown and reactions(api, spool, newest)[-1:] in (["👍"], ["💔"]):
            return
    raise Broken(f"не появилась страница {page} или последняя реакция: {reactions(api, spool, newest)}")


def reactions(api: BotApi, spool: Spool, id: str) -> list[str]:
    """What the bot has set on the message of a task, in order."""
    return api.reactions_of(api.messages[OWNER, TaskDir(spool.dir(id)).load().message or 0])


def check(world: World, folder: Path, spool: Spool, api: BotApi) -> None:
    """Every artefact that the demo promises. Raises Broken."""
    done = [TaskDir(spool.dir(t.id)) for t in spool.tickets("done")]
    need(len(done) == len(CONVERSATION), f"в done/ {len(done)} задач, а должно быть {len(CONVERSATION)}")
    for task in done:
        for name in ("update.json", "task.json", "voice.oga", "transcript.txt", "transcript.json",
                     "answer.txt", "reply.json", "history.jsonl"):  # fmt: skip
            need(task.has(name), f"нет {task.path / name}")
    worked = [task for task in done if task.has("run")]
    need(len(worked) == 3, f"выполнено {len(worked)} задач, а должно быть 3")
    branch = git(folder, "branch", "--show-current")
    for task in worked:
        for name in ("request.txt", "refined.txt", "prompt.md", "result.md", "commit.json", "changes.patch"):
            need(task.has(name), f"нет {task.path / name}")
        log = git(world.remote("demo"), "log", branch, "--format=%(trailers:key=Task,valueonly)")
        need(task.id in log, f"коммита задачи {task.id} нет в {branch} на удалённом репозитории")
    voices = [act for act in api.replies() if act.voice]
    need(len(voices) == 1, f"голосовых ответов {len(voices)}, а должен быть один")
    spoken = worked[-1].path / "answer.oga"
    need(voices[0].voice == spoken.read_bytes(), f"{spoken} — не то, что отправлено")
    final = reactions(api, spool, worked[-1].id)
    need(final[-1:] == ["👍"], f"последняя реакция {final}, а должна быть 👍")


def need(there: bool, what: str) -> None:
    if not there:
        raise Broken(what)


def results(world: World, folder: Path, spool: Spool) -> None:
    """What is left to look at."""
    newest = max(t.id for t in spool.tickets("done"))
    print("git log -1 --stat:\n")
    for line in git(folder, "log", "-1", "--stat").splitlines():
        print(f"   {line}")
    print(f"""
Посмотреть:
   задача    {show(spool.dir(newest))}
   страница  {show(world.settings.site / "task" / f"{newest}.html")}
   все       {show(world.settings.site / "index.html")}
   спул      ls {show(world.spool)}/*/*/
   ответ     {show(spool.dir(newest) / "answer.oga")}
   журналы   {show(ROOT / "logs")}
   убрать    ./install.sh demo --clean
""")


def show(path: Path) -> str:
    """A path as one types it in the checkout."""
    return str(path.relative_to(HOME)) if path.is_relative_to(HOME) else str(path)


if __name__ == "__main__":
    sys.exit(main())
