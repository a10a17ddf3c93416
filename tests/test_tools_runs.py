"""Runs of tools by the real `execute`: what they print, leave behind, may see, and whose turn it is."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from demo_world import World, git
from real_agents import exit_of
from skazano import acts
from skazano.conversation import notices
from skazano.execution import order_marks, runs
from skazano.projects import load_all
from skazano.spool import Spool
from skazano.task import TaskDir
from stages import family, kill, once, place, put, runner_of, running, story, terminate, until

TOOLS = """
[tools.sh]
kind = "command"
command = "/bin/sh"
args = ["{prompt_file}"]

[tools.brief]
kind = "command"
command = "/bin/sh"
args = ["{prompt_file}"]
minutes = 0.04

[tools.events]
kind = "command"
command = "/bin/sh"
args = ["{prompt_file}"]
resume = ["{prompt_file}", "again", "{session}"]
answer = "/result"
session = "/session_id"

[tools.echo]
kind = "command"
command = "/bin/echo"
args = ["--", "{title}"]
prompt = "argument"

[tools.absent]
kind = "command"
command = "/nonexistent/agent"

[execute]
output_mb = 2
tell_wait_seconds = 0.2
"""


@pytest.fixture
def here(tmp_path: Path) -> World:
    made = World(tmp_path, "http://127.0.0.1:9", more=TOOLS)
    tools = ["sh", "brief", "events", "echo", "absent", "note"]
    for slug in ("one", "two", "three"):
        made.project(slug, slug.title(), tool="sh", tools=tools, remote=False)
    return made


@pytest.fixture
def spool(here: World) -> Spool:
    made = Spool.open(here.spool)
    for folder in (notices.NEW, order_marks.FOLDER):
        (made.root / folder).mkdir(parents=True)
    return made


def task_of(spool: Spool, prompt: str, tool: str = "sh", **fields: Any) -> TaskDir:
    given = {"project": "one", "title": "Дело", "tool": tool, **fields}
    return put(spool, "execute", {"prompt.md": prompt}, **given)


def ran(here: World, spool: Spool, prompt: str, tool: str = "sh", **fields: Any) -> TaskDir:
    task = task_of(spool, prompt, tool, **fields)
    ended = once(here, "execute")
    assert ended.code == 0, ended.log
    return task


def done(spool: Spool, task: TaskDir) -> None:
    until(lambda: place(spool, task.id) == "summarize/new", spool.root / "summarize" / "new")


# -- output ---------------------------------------------------------------------------------------


def test_a_line_of_twenty_megabytes_is_kept_at_both_ends(here: World, spool: Spool) -> None:
    task = ran(here, spool, "head -c 20000000 /dev/zero | tr '\\0' x; echo; echo Готово.")
    assert (task.path / "run" / "stdout.log").stat().st_size < 4 << 20
    assert exit_of(task)["left_out"] > 10 << 20
    result = (task.text("result.md") or "").splitlines()
    assert result[-3] == "Готово."
    assert result[-1].startswith("Часть вывода инструмента пропущена (1")


def test_the_answer_is_found_behind_a_huge_event(here: World, spool: Spool) -> None:
    huge = """printf '{"text":"'; head -c 20000000 /dev/zero | tr '\\0' x; echo '"}'; """
    task = ran(here, spool, huge + """echo '{"result":"Вот."}'""", "events")
    assert (task.text("result.md") or "").startswith("Вот.\n\nЧасть вывода")


def test_bytes_that_are_no_text_do_no_harm(here: World, spool: Spool) -> None:
    task = ran(here, spool, "head -c 100000 /dev/urandom; printf '\\n\\033[31mГотово\\033[0m\\0.'")
    assert exit_of(task)["ok"] is True
    assert "Готово" in (task.text("result.md") or "")
    assert "\0" not in (task.text("result.md") or "")


def test_answer_and_session_are_where_the_pointers_say(here: World, spool: Spool) -> None:
    says = """echo '{"session_id":"abc-1"}'; echo noise; echo '{"result":"Раз."}'"""
    first = ran(here, spool, says, "events")
    assert (first.text("result.md"), first.load().session) == ("Раз.", "abc-1")
    second = ran(here, spool, 'echo "{\\"result\\":\\"$1 $2\\"}"', "events", parent=first.id, session="abc-1")
    assert second.text("result.md") == "again abc-1"


def test_events_without_the_answer_are_a_failure(here: World, spool: Spool) -> None:
    task = ran(here, spool, "echo '{}'", "events")
    assert exit_of(task)["error"] == "no-result"


def test_what_was_said_is_never_an_option(here: World, spool: Spool) -> None:
    task = ran(here, spool, "--help", "echo", title="--version")
    assert json.loads((task.path / "run" / "argv.json").read_text())["argv"][2:] == [" --version", " --help"]


def test_a_program_that_is_not_there_is_told(here: World, spool: Spool) -> None:
    task = ran(here, spool, "x", "absent")
    assert "/nonexistent/agent" in (task.text("error.txt") or "").splitlines()[0]


# -- the end of a run -----------------------------------------------------------------------------


def test_what_ignores_term_in_another_session_does_not_survive(here: World, spool: Spool) -> None:
    deaf = "setsid sh -c 'trap \"\" TERM; sleep 1000' &"
    task = ran(here, spool, f"{deaf} nohup sleep 1000 & sleep 0.2; echo Готово.")
    assert exit_of(task)["left_behind"] >= 2
    assert exit_of(task)["ok"] is True
    assert family(task.id) == []


def test_the_time_limit_is_told_and_work_is_kept(here: World, spool: Spool) -> None:
    task = ran(here, spool, "echo half > part.txt; sleep 1000", "brief")
    assert exit_of(task)["timeout"] is True
    assert "не уложился" in (task.text("error.txt") or "")
    assert git(here.settings.work / "one", "log", "-1", "--format=%s") == "Не закончено: Дело"


@pytest.mark.slow
def test_who_ignores_term_is_killed(here: World, spool: Spool) -> None:
    task = ran(here, spool, "trap '' TERM; while :; do sleep 1; done", "brief")
    assert exit_of(task)["timeout"] is True
    assert family(task.id) == []


def test_a_killed_runner_takes_the_tool_along_and_a_person_is_asked(here: World, spool: Spool) -> None:
    task = task_of(spool, "touch begun; sleep 1000")
    folder = here.settings.work / "one"
    with running(here, "execute") as program:
        until((folder / "begun").exists, folder)
        os.kill(runner_of(task), signal.SIGKILL)
        until(lambda: place(spool, task.id) == "hold", spool.root / "hold")
        terminate(program)
    assert family(task.id) == []


def test_a_run_outlives_ten_deaths_of_the_daemon(here: World, spool: Spool) -> None:
    folder = here.settings.work / "one"
    waits = "touch begun; while [ ! -e gate ]; do sleep 0.1; done; echo Да."
    task = task_of(spool, f"echo once >> count; {waits}")
    for _ in range(10):
        with running(here, "execute") as program:
            until((folder / "begun").exists, folder)
            until(lambda: place(spool, task.id) == "execute/run", spool.root / "execute" / "run")
            kill(program)
    (folder / "gate").write_text("")
    with running(here, "execute") as program:
        done(spool, task)
        terminate(program)
    assert (folder / "count").read_text() == "once\n"
    assert task.text("result.md") == "Да."
    assert story(spool, task.id) == ["execute done"]


def test_cancelled_while_no_daemon_is_there_it_is_stopped_by_the_next(here: World, spool: Spool) -> None:
    folder = here.settings.work / "one"
    task = task_of(spool, "touch begun; sleep 1000")
    with running(here, "execute") as program:
        until((folder / "begun").exists, folder)
        terminate(program)
    assert runs.state(task) == "alive"
    assert acts.cancel(spool, task.id, by="test") == "stopping"
    once(here, "execute")
    assert exit_of(task)["stopped"] is True
    assert family(task.id) == []


# -- what it may see ------------------------------------------------------------------------------


def test_the_environment_is_that_of_the_allowlist(
    here: World, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_THING", "hidden")
    task = ran(here, spool, "env")
    names = {line.split("=")[0] for line in (task.text("result.md") or "").splitlines()}
    allowed = {"PATH", "HOME", "LANG", "TZ", "USER", "LOGNAME", "SHELL", "PWD", "SHLVL", "_", "OLDPWD"}
    assert {name for name in names if not name.startswith("SKAZANO_")} <= allowed


def test_its_own_processes_and_its_own_task_are_all_it_sees(here: World, spool: Spool) -> None:
    secret = here.etc / "secrets" / "telegram"
    other = task_of(spool, "echo secret words", project="two")
    task = ran(
        here,
        spool,
        f"cat {secret} {other.path}/prompt.md {here.settings.work}/two/README.md; cat $0 | wc -l;"
        " echo x > $0; echo x > $SKAZANO_OUT/mine; ls /proc | grep -c '^[0-9]'",
    )
    if exit_of(task)["isolation"] != "namespace":
        pytest.skip("no namespaces here")
    errors = task.text("run/stderr.log") or ""
    assert errors.count("No such file") == 3
    assert "Read-only file system" in errors
    assert (task.path / "run" / "out" / "mine").exists()
    assert int((task.text("result.md") or "").split()[-1]) < 8


def test_a_project_that_holds_the_spool_sees_nothing_of_it(here: World, spool: Spool) -> None:
    (here.settings.projects / "whole.toml").write_text(f'title = "Всё"\ntool = "sh"\npath = "{here.root}"\n')
    (spool.root / "README.md").write_text("of the repository\n")
    other = task_of(spool, "echo secret words", project="none")
    look = f"cat {other.path}/prompt.md etc/secrets/telegram; cat spool/README.md; ls spool/tasks/*/"
    task = ran(here, spool, look, project="whole")
    if exit_of(task)["isolation"] != "namespace":
        pytest.skip("no namespaces here")
    assert (task.text("result.md") or "").split() == ["of", "the", "repository", task.id]
    assert (task.text("run/stderr.log") or "").count("No such file") == 2


def test_without_namespaces_it_works_and_says_so(here: World, spool: Spool) -> None:
    here.config.write_text(here.config.read_text().replace("[execute]", '[execute]\nisolation = "off"'))
    deaf = "setsid sh -c 'trap \"\" TERM; sleep 1000' &"
    task = task_of(spool, f"{deaf} (setsid sleep 1000 &) ; sleep 0.2; echo Готово.")
    ended = once(here, "execute")
    assert ended.log.count("share our PID namespace") == 1
    assert exit_of(task)["isolation"] == "group"
    assert exit_of(task)["left_behind"] >= 2
    assert family(task.id) == []


def test_without_namespaces_a_killed_runner_leaves_nothing(here: World, spool: Spool) -> None:
    here.config.write_text(here.config.read_text().replace("[execute]", '[execute]\nisolation = "off"'))
    task = task_of(spool, "setsid sleep 1000 & touch begun; sleep 1000")
    folder = here.settings.work / "one"
    with running(here, "execute") as program:
        until((folder / "begun").exists, folder)
        os.kill(runner_of(task), signal.SIGKILL)
        until(lambda: place(spool, task.id) == "hold", spool.root / "hold")
        terminate(program)
    assert family(task.id) == []


def test_an_answer_over_many_lines_of_json_is_found(here: World, spool: Spool) -> None:
    says = """printf '{\\n "session_id": "s-9",\\n "result": "Вот."\\n}\\n'"""
    task = ran(here, spool, says, "events")
    assert (task.text("result.md"), task.load().session) == ("Вот.", "s-9")


# -- whose turn it is -----------------------------------------------------------------------------


def test_one_at_a_time_in_a_project_and_two_projects_at_once(here: World, spool: Spool) -> None:
    marks = here.root / "marks"
    marks.mkdir()
    say = f"touch {marks}/$SKAZANO_TASK; while [ ! -e gate ]; do sleep 0.05; done"
    one, again, two, three = (task_of(spool, say, project=slug) for slug in ("one", "one", "two", "three"))
    with running(here, "execute") as program:
        until(lambda: set(os.listdir(marks)) == {one.id, two.id}, marks)
        (here.settings.work / "one" / "gate").write_text("")
        # one's second task waits until the others had their turn
        until(lambda: set(os.listdir(marks)) == {one.id, two.id, three.id}, marks)
        assert place(spool, again.id) == "execute/new"
        for slug in ("two", "three"):
            (here.settings.work / slug / "gate").write_text("")
        done(spool, again)
        terminate(program)


def test_who_waits_is_told_once_and_may_jump_the_queue(here: World, spool: Spool) -> None:
    mark, folder = here.root / "marks", here.settings.work / "one"
    say = f"echo $SKAZANO_TASK >> {mark}; while [ ! -e gate ]; do sleep 0.05; done"
    tasks = [task_of(spool, say) for _ in range(3)]
    new = spool.root / notices.NEW
    with running(here, "execute") as program:
        until(lambda: (new / f"{tasks[2].id},queued").exists(), new)
        assert json.loads((new / f"{tasks[1].id},queued").read_text()) == {"ahead": 1}
        assert json.loads((new / f"{tasks[2].id},queued").read_text()) == {"ahead": 2}
        order_marks.jump_file(spool, tasks[2].id).write_text("")
        (folder / "gate").write_text("")
        for task in tasks:
            done(spool, task)
        terminate(program)
    assert mark.read_text().split() == [tasks[0].id, tasks[2].id, tasks[1].id]
    assert os.listdir(new) == []


def test_a_quiet_tool_is_told_of_once(here: World, spool: Spool) -> None:
    text = here.config.read_text().replace("output_mb = 2", "output_mb = 2\nquiet_minutes = 0.005")
    here.config.write_text(text)
    task = task_of(spool, "sleep 1000")
    new = spool.root / notices.NEW
    with running(here, "execute"):
        until(lambda: (new / f"{task.id},quiet").exists(), new)
        acts.cancel(spool, task.id, by="test")
        done(spool, task)


def test_a_project_file_says_what_is_allowed(here: World) -> None:
    file = here.settings.projects / "one.toml"
    file.write_text(file.read_text() + 'allow = ["Bash(make *)"]\nday_cost = 2.5\n')
    project = load_all(here.settings)["one"]
    assert (project.allow, project.day_cost) == (["Bash(make *)"], 2.5)


def test_notes_are_not_read_through_a_link(here: World, spool: Spool) -> None:
    folder, secret = here.settings.work / "one", here.root / "secret.txt"
    secret.write_text("чужое\n")
    (folder / "NOTES.md").symlink_to(secret)
    task = ran(here, spool, "запиши", "note")
    assert "NOTES.md — ссылка" in (task.text("error.txt") or "")
    assert "чужое" not in git(folder, "log", "-p", "--all")
    assert secret.read_text() == "чужое\n"
