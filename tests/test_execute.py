"""execute: a run happens once, is found again, and leaves nothing behind. What tools do to their surroundings
is in test_tools_runs.py; here the daemon, the project and the person's side."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from botapi import BotApi
from demo_world import World, git
from skazano.spool import Spool
from skazano.task import TaskDir
from stages import (
    PATIENCE,
    Person,
    Town,
    end_family,
    everything_below,
    family,
    kill,
    load,
    log_of,
    once,
    place,
    put,
    ready_in,
    runner_of,
    running,
    story,
    task_ids,
    terminate,
    until,
    write_config,
)

TOOLS = '''
[tools.gated]
kind = "command"
command = "/bin/sh"
args = ["-c", """echo $SKAZANO_TASK >> {root}/stamps.log; touch {root}/began/$SKAZANO_TASK
cat {root}/gate; date >> work.txt; echo Готово."""]

[tools.stamp]
kind = "command"
command = "/bin/sh"
args = ["-c", "echo $SKAZANO_TASK >> {root}/stamps.log; date +%N >> work.txt; echo Готово."]

[tools.looks]
kind = "command"
command = "/bin/sh"
args = ["-c", "env; cat /proc/*/environ | tr '\\\\0' '\\\\n'; cat /proc/*/cmdline | tr '\\\\0' '\\\\n'"]

[tools.fails]
kind = "command"
command = "/bin/sh"
args = ["-c", "echo сделал половину | tee half.txt; echo ой >&2; exit 4"]
'''


@pytest.fixture
def here(world: World, spool: Spool) -> Iterator[World]:
    """A world with tools; what a test leaves running is killed."""
    write_config(world, TOOLS.format(root=world.root))
    (world.root / "began").mkdir()
    os.mkfifo(world.root / "gate")
    yield world
    for id in task_ids(spool):
        end_family(id)


def asked(spool: Spool, project: str = "site", **fields: Any) -> TaskDir:
    """A request that waits for its tool."""
    words = {"prompt.md": "сделай дело", "refined.txt": "сделай дело", "request.txt": "сделай дело"}
    return put(spool, "execute", words, project=project, title="Сделай дело", **fields)


def begun(world: World, task: TaskDir) -> None:
    """Wait until the tool works."""
    until(lambda: (world.root / "began" / task.id).exists(), world.root / "began", what="the tool")


def open_gate(world: World) -> None:
    """Let the tool that waits at the gate end."""
    with (world.root / "gate").open("w") as gate:
        gate.write("go\n")


def stamps(world: World) -> list[str]:
    path = world.root / "stamps.log"
    return path.read_text().split() if path.exists() else []


def summarized(spool: Spool, task: TaskDir) -> None:
    until(lambda: task.id in ready_in(spool, "summarize"), spool.root / "summarize" / "new", what="its end")


# -- once ---------------------------------------------------------------------------------------------


def test_a_killed_daemon_finds_its_run_again(here: World, spool: Spool) -> None:
    here.project("site", "Сайт", tool="gated")
    task = asked(spool)
    with running(here, "execute") as program:
        begun(here, task)
        kill(program)
    assert family(task.id)  # the tool works on
    with running(here, "execute") as program:
        open_gate(here)
        summarized(spool, task)
        assert terminate(program) == 0
    assert stamps(here) == [task.id]
    assert load(task.path / "run" / "exit.json")["code"] == 0
    assert len(load(task.path / "commit.json")["commits"]) == 1


def test_a_run_that_ended_while_nobody_was_there_is_taken_over(here: World, spool: Spool) -> None:
    here.project("site", "Сайт", tool="gated")
    task = asked(spool)
    with running(here, "execute") as program:
        begun(here, task)
        kill(program)
    open_gate(here)
    until(lambda: (task.path / "run" / "exit.json").exists(), task.path / "run", what="exit.json")
    assert once(here, "execute").code == 0
    assert place(spool, task.id) == "summarize/new"
    assert stamps(here) == [task.id]


def test_stopping_the_daemon_gives_the_task_back_and_completes_nothing(here: World, spool: Spool) -> None:
    here.project("site", "Сайт", tool="gated")
    task = asked(spool)
    with running(here, "execute") as program:
        begun(here, task)
        assert terminate(program) == 0
        assert "given back" in log_of(program)
    assert place(spool, task.id) == "execute/new"
    assert not (task.path / "result.md").exists()
    assert "execute done" not in story(spool, task.id)
    ticket = spool.find(task.id)
    assert ticket is not None
    assert ticket.attempts == 0
    assert family(task.id)
    with running(here, "execute"):
        open_gate(here)
        summarized(spool, task)
    assert stamps(here) == [task.id]


def test_a_run_that_was_cut_off_is_asked_about_and_not_repeated(
    api: BotApi, here: World, spool: Spool
) -> None:
    here.project("site", "Сайт", tool="gated")
    task = asked(spool)
    with running(here, "execute"):
        begun(here, task)
        os.kill(runner_of(task), signal.SIGKILL)
        until(lambda: spool.tickets("hold"), spool.root / "hold", what="the ticket in hold/")
    assert family(task.id) == []  # the tool went with its runner
    for _ in range(2):
        once(here, "execute")
        once(here, "reply")
    assert stamps(here) == [task.id]
    question = api.replies()[0]
    assert question.text.startswith("Работа прервалась на полпути и сама не возобновится:")
    assert [button["text"] for button in question.buttons] == ["Ещё раз", "Не надо"]
    assert len(api.replies()) == 1


@pytest.mark.parametrize(
    ("button", "runs", "ends"), [("Ещё раз", 2, "execute/new"), ("Не надо", 1, "reply/new")]
)
def test_what_the_person_decides_about_it_is_done(
    api: BotApi, here: World, spool: Spool, button: str, runs: int, ends: str
) -> None:
    here.project("site", "Сайт", tool="stamp")
    task = asked(spool)
    run = task.path / "run"
    run.mkdir()
    (run / "started.json").write_text('{"time": 1}')
    (run / "lock").touch()
    (here.root / "stamps.log").write_text(f"{task.id}\n")
    once(here, "execute")
    once(here, "reply")
    question = api.replies()[0]
    chosen = next(b["callback_data"] for b in question.buttons if b["text"] == button)
    api.press(question.message_id or 0, chosen)
    once(here, "receive")
    assert place(spool, task.id) == ends
    once(here, "execute")
    assert stamps(here).count(task.id) == runs


def test_a_claim_of_the_dead_blocks_nobody(here: World, spool: Spool) -> None:
    """A ticket in run/ whose worker died; the process id is nowhere, so none can be mistaken for it."""
    here.project("site", "Сайт", tool="stamp")
    dead, after = asked(spool), asked(spool)
    new, run = spool.root / "execute" / "new", spool.root / "execute" / "run"
    (new / f"{dead.id},0").rename(run / f"{dead.id},1")
    once(here, "execute")
    assert {place(spool, task.id) for task in (dead, after)} == {"summarize/new"}
    assert sorted(stamps(here)) == sorted([dead.id, after.id])


def test_a_claim_of_the_living_is_left_alone(here: World, spool: Spool) -> None:
    here.project("site", "Сайт", tool="stamp")
    task = asked(spool)
    held = spool.claim(spool.tickets("new", "execute")[0])
    assert held is not None
    with held:
        once(here, "execute")
        assert place(spool, task.id) == "execute/run"
    assert stamps(here) == []
    once(here, "execute")
    assert stamps(here) == [task.id]


# -- failure is no success ----------------------------------------------------------------------------


def test_a_task_whose_folder_is_damaged_is_tried_once_and_asked_about(
    api: BotApi, here: World, spool: Spool
) -> None:
    here.project("site", "Сайт", tool="stamp")
    task = asked(spool)
    (task.path / "history.jsonl").mkdir()
    for _ in range(2):
        assert once(here, "execute").code == 0
        assert once(here, "reply").code == 0
    assert (place(spool, task.id), stamps(here)) == ("hold", [task.id])
    assert len(api.sent) == 1
    assert "Работа прервалась" in api.sent[0].text


def test_a_tool_that_fails_is_told_and_its_half_is_kept(api: BotApi, here: World, spool: Spool) -> None:
    folder = here.project("site", "Сайт", tool="fails")
    task = asked(spool, tool="fails")
    for name in ("execute", "summarize", "reply"):
        once(here, name)
    assert place(spool, task.id) == "failed"
    told = api.replies()[0].text
    assert told.startswith("Не получилось. Инструмент «fails» закончил с ошибкой (код 4).")
    assert "ой" in (task.text("error.txt") or "")
    assert (folder / "half.txt").exists()
    assert git(folder, "status", "--porcelain") == ""
    assert len(load(task.path / "commit.json")["commits"]) == 1


@pytest.mark.parametrize("what", ["folder", "project", "tool"])
def test_what_is_gone_is_said_plainly(api: BotApi, here: World, spool: Spool, what: str) -> None:
    folder = here.project("site", "Сайт", tool="stamp", remote=False)
    task = asked(spool, tool="нет-такого" if what == "tool" else None)
    if what == "folder":
        folder.rename(folder.with_name("elsewhere"))
    if what == "project":
        (here.settings.projects / "site.toml").unlink()
    once(here, "execute")
    once(here, "reply")
    expected = {
        "folder": "Нет папки проекта «Сайт»",
        "project": "Проекта «site» больше нет",
        "tool": "Инструмента «",
    }
    assert expected[what] in api.replies()[0].text
    assert place(spool, task.id) == "failed"


# -- git ----------------------------------------------------------------------------------------------


def test_the_owners_work_is_kept_apart(here: World, spool: Spool) -> None:
    folder = here.project("site", "Сайт", tool="stamp")
    (folder / "README.md").write_text("моя правка\n")
    (folder / "черновик.txt").write_text("моё\n")
    task = asked(spool)
    once(here, "execute")
    record = load(task.path / "commit.json")
    mine = git(folder, "show", "--stat", "--format=%s", record["owner"][0]["sha"])
    assert mine.startswith("wip: uncommitted work before task")
    assert "README.md" in mine
    assert "work.txt" not in mine
    theirs = git(folder, "show", "--name-only", "--format=", record["commits"][-1]["sha"])
    assert theirs == "work.txt"
    assert (folder / "черновик.txt").read_text() == "моё\n"


def test_work_that_cannot_be_committed_is_told_with_the_answer(
    api: BotApi, here: World, spool: Spool
) -> None:
    removes = 'kind = "command"\ncommand = "/bin/sh"\nargs = ["-c", "rm -rf .git; echo Убрал."]'
    write_config(here, f"[tools.rm]\n{removes}\n")
    here.project("site", "Сайт", tool="rm")
    task = asked(spool)
    for name in ("execute", "summarize", "reply"):
        once(here, name)
    assert place(spool, task.id) == "failed"
    told = api.replies()[0].text
    assert "закоммитить её не удалось: в папке проекта больше нет .git" in told
    assert "Убрал." in told


def test_a_push_that_fails_is_told_and_fails_nothing(api: BotApi, here: World, spool: Spool) -> None:
    folder = here.project("site", "Сайт", tool="stamp")
    hook = here.remote("site") / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho нельзя >&2\nexit 1\n")
    hook.chmod(0o755)
    task = asked(spool)
    once(here, "execute")
    if place(spool, task.id) == "execute/later":
        os.utime(spool.path(spool.find(task.id) or spool.tickets("later", "execute")[0]), (0, 0))
        once(here, "execute")
    for name in ("summarize", "reply"):
        once(here, name)
    assert place(spool, task.id) == "done"
    assert "отправить не удалось" in api.replies()[0].text
    assert stamps(here) == [task.id]
    assert git(folder, "log", "-1", "--format=%s", f"autobot/{date.today()}") == "Сделай дело"


def test_without_a_remote_nothing_is_pushed_or_told(api: BotApi, here: World, spool: Spool) -> None:
    here.project("site", "Сайт", tool="stamp", remote=False)
    task = asked(spool)
    for name in ("execute", "summarize", "reply"):
        once(here, name)
    assert place(spool, task.id) == "done"
    assert "отправ" not in api.replies()[0].text


# -- secrets ------------------------------------------------------------------------------------------


def test_no_tool_sees_the_token_or_our_environment(
    api: BotApi, here: World, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = api.token.split(":")[1]
    here.project("site", "Сайт", tool="looks", remote=False)
    task = asked(spool)
    hostile = {"TELEGRAM_TOKEN": api.token, "OPENAI_API_KEY": "sk-ant-0123456789", "SSH_AUTH_SOCK": "/tmp/s"}
    ended = once(here, "execute", env=hostile)
    assert ended.code == 0
    output = (task.path / "run" / "stdout.log").read_text(errors="replace")
    assert f"SKAZANO_TASK={task.id}" in output
    for forbidden in (secret, "sk-ant-0123456789", "SSH_AUTH_SOCK"):
        assert forbidden not in output
        holders = [path for path, data in everything_below(here.spool) if forbidden.encode() in data]
        assert holders == []


def test_the_runner_itself_has_no_secret_to_show(here: World, spool: Spool, api: BotApi) -> None:
    here.project("site", "Сайт", tool="gated", remote=False)
    task = asked(spool)
    os.environ["SKAZANO_TEST_SECRET"] = api.token
    try:
        with running(here, "execute"):
            begun(here, task)
            for pid in (runner_of(task), *family(task.id)):
                for name in ("environ", "cmdline"):
                    with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # `touch` is just ending
                        assert api.token.encode() not in Path(f"/proc/{pid}/{name}").read_bytes()
            open_gate(here)
            summarized(spool, task)
    finally:
        del os.environ["SKAZANO_TEST_SECRET"]


# -- cancelling --------------------------------------------------------------------------------------


def test_cancelled_in_its_run_it_ends_and_the_next_one_goes(town: Town, person: Person) -> None:
    person.works_on("sleeps")
    first, second = person.text("жди первый раз"), person.text("жди второй раз")
    person.reaction(first, "✍")
    person.works_on("demo")
    stop = person.text("отмена")  # the newest open one
    town.settle(stop)
    assert town.settle(second) == "done"
    again = person.text("/cancel")
    town.settle(again)
    assert town.settle(first, seconds=PATIENCE) == "done"
    assert load(first.path / "run" / "exit.json")["stopped"] is True
    assert not (second.path / "run").exists()
    assert family(first.id) == []


def test_cancelled_before_it_began_it_never_begins(here: World, spool: Spool) -> None:
    here.project("site", "Сайт", tool="stamp", remote=False)
    task = asked(spool)
    task.write("cancel", "test")
    once(here, "execute")
    assert stamps(here) == []
    assert task.text("answer.txt") == "Отменено: «Сделай дело»."
    assert place(spool, task.id) == "reply/new"


def test_what_was_left_uncommitted_before_is_no_news(here: World, spool: Spool) -> None:
    folder = here.project("demo", "Demo", remote=False)
    (folder / ".env").write_text("KEY=1\n")
    task = put(spool, "execute", {"prompt.md": "add"}, project="demo", tool="note", title="Add", lang="en")
    for stage in ("execute", "summarize"):
        assert once(here, stage).code == 0
    answer = str(task.text("answer.txt"))
    assert answer.startswith("Noted in NOTES.md: “Add”.")
    assert ".env" not in answer
    assert [left["path"] for left in load(task.path / "commit.json")["left_before"]] == [".env"]
