"""Backup and restore, retention, and bringing a spool's format up to date."""

from __future__ import annotations

import json
import os
import tarfile
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from demo_world import World
from skazano import cli, files, ids
from skazano.spool import STAGES, Spool, SpoolError
from skazano.task import Task, TaskDir, encode
from skazano.upkeep import backup, clean, migrate
from skazano.upkeep.fsck import fsck

DAYS = {"task": 0.0, "recording": 0.0, "attachment": 0.0, "spoken": 0.0, "run": 0.0}


def publish(spool: Spool, number: int, *, days: float = 0.0, stage: str = "route") -> TaskDir:
    """A task of a message sent some days ago, with a recording and a photo."""
    moment = datetime.now(UTC) - timedelta(days=days)
    id = ids.make(moment, "tg", 5512, number)
    task = Task(id=id, created=moment.isoformat(), audio="voice.oga", attachments=["photo.jpg"])
    spool.publish(id, {"task.json": encode(task), "voice.oga": b"OggS" * 100, "photo.jpg": b"JFIF"}, stage)
    return TaskDir(spool.dir(id))


def bring(spool: Spool, task: TaskDir, where: str) -> None:
    """Move a task's ticket to a box or a stage's queue."""
    with spool.take(task.id) as held:
        if where in STAGES:
            held.hand_on(where)
        elif where == "hold":
            held.hold("execute")
        else:
            held.park(where)


def ran(task: TaskDir) -> None:
    """What a run leaves."""
    (task.path / "run" / "out").mkdir(parents=True)
    for name in ("argv.json", "exit.json", "stdout.log", "events.jsonl"):
        (task.path / "run" / name).write_text("{}\n")
    (task.path / "run" / "out" / "shot.png").write_bytes(b"PNG")
    os.mkfifo(task.path / "run" / "control")
    (task.path / "run" / "out" / "evil").symlink_to("/etc/passwd")
    task.write("answer.txt", "Готово.")
    (task.path / "answer.oga").write_bytes(b"OggS")


# -- backup and restore


def test_a_copy_of_every_state_comes_back(world: World, spool: Spool, tmp_path: Path) -> None:
    places = ("route", "execute", "done", "failed", "unsorted", "hold", "waiting")
    tasks = [publish(spool, number) for number, _ in enumerate(places)]
    for task, where in zip(tasks, places, strict=True):
        bring(spool, task, where)
    later = publish(spool, 90)
    [ticket] = [t for t in spool.tickets("new", "route") if t.id == later.id]
    held = spool.claim(ticket)
    assert held
    held.defer(2_000_000_000)
    ran(tasks[2])
    files.write_json(spool.state / "sticky.json", {"5512": "demo"})
    before = {t.id: t.place for t in (*spool.open_tickets(), *spool.tickets("done"))}

    made = backup.backup(world.settings, spool, tmp_path / "copy.tar.gz")
    assert made.tasks == len(before) == 8
    assert made.path.stat().st_mode & 0o777 == 0o600
    with tarfile.open(made.path) as archive:
        names = archive.getnames()
        assert all(member.isreg() for member in archive)
    assert names[-1] == "MANIFEST.json"
    assert not [n for n in names if "secret" in n or n.endswith(("control", "evil", "index.db"))]

    world.spool.rename(tmp_path / "gone")
    assert backup.restore(world.settings, made.path) == 8
    again = Spool.open(world.spool)
    assert {t.id: t.place for t in (*again.open_tickets(), *again.tickets("done"))} == before
    assert fsck(again) == []
    assert again.ripe("route")[1] == 2_000_000_000
    assert files.read_json(again.state / "sticky.json") == {"5512": "demo"}
    assert (TaskDir(again.dir(tasks[2].id)).path / "run/out/shot.png").read_bytes() == b"PNG"
    assert not list(world.spool.glob(".restore*"))


def test_secrets_only_when_asked_for(world: World, spool: Spool, tmp_path: Path) -> None:
    (world.etc / "secrets" / "boxes").mkdir()
    (world.etc / "secrets" / "boxes" / "home").write_text("a token of another box")
    made = backup.backup(world.settings, spool, tmp_path, secrets=True)
    assert made.path.parent == tmp_path
    places = [world.etc / "secrets" / name for name in ("telegram", "boxes/home")]
    values = [place.read_text() for place in places]
    for place in places:
        place.unlink()
    backup.restore(world.settings, made.path, config=True)
    assert [place.read_text() for place in places] == values
    assert {place.stat().st_mode & 0o777 for place in places} == {0o600}


def test_a_copy_made_while_tasks_move_is_whole(world: World, spool: Spool, tmp_path: Path) -> None:
    """Each task of the copy has one ticket, whatever moves meanwhile."""
    tasks = [publish(spool, number) for number in range(40)]
    stop = threading.Event()

    def move() -> None:
        turn = 0
        while not stop.is_set():
            bring(spool, tasks[turn % 40], ("refine", "route", "reply", "execute")[turn % 4])
            turn += 1

    mover = threading.Thread(target=move)
    mover.start()
    try:
        made = [backup.backup(world.settings, spool, tmp_path / f"{n}.tar.gz") for n in range(3)]
    finally:
        stop.set()
        mover.join()
    world.spool.rename(tmp_path / "gone")
    backup.restore(world.settings, made[-1].path)
    again = Spool.open(world.spool)
    assert fsck(again) == []
    assert len(list(again.open_tickets())) == 40


def test_no_restore_over_tasks_nor_from_half_an_archive(world: World, spool: Spool, tmp_path: Path) -> None:
    publish(spool, 1)
    made = backup.backup(world.settings, spool, tmp_path / "copy.tar.gz")
    with pytest.raises(SpoolError, match="empty spool"):
        backup.restore(world.settings, made.path)
    world.spool.rename(tmp_path / "gone")
    half = tmp_path / "half.tar.gz"
    half.write_bytes(made.path.read_bytes()[:-200])
    with pytest.raises(SpoolError, match=r"half\.tar\.gz"):
        backup.restore(world.settings, half)
    assert not list(world.spool.glob("tasks/*"))
    assert not list(world.spool.glob(".restore*"))


@pytest.mark.parametrize("name", ["../evil", "/tmp/evil", "spool/../../evil", "link"])
def test_a_hostile_archive_leaves_nothing(world: World, tmp_path: Path, name: str) -> None:
    archive = tmp_path / "evil.tar.gz"
    with tarfile.open(archive, "w:gz") as stream:
        info = tarfile.TarInfo(name)
        if name == "link":
            info.type, info.linkname = tarfile.SYMTYPE, "/etc"
        stream.addfile(info)
    with pytest.raises(SpoolError, match="nothing that a backup holds"):
        backup.restore(world.settings, archive)
    assert not list(tmp_path.rglob("evil"))
    assert not list(world.spool.glob(".restore*"))


def test_the_newest_are_kept(tmp_path: Path) -> None:
    names = [f"skazano-2025112{n}-000000.tar.gz" for n in range(5)]
    ahead = "skazano-29991120-000000.tar.gz"  # made while the clock was wrong
    for name in (*names, ahead, "mine.tar.gz"):
        (tmp_path / name).touch()
    backup.keep(tmp_path, 2)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine.tar.gz", *names[3:]]


# -- retention


def test_nothing_goes_by_itself(spool: Spool) -> None:
    task = publish(spool, 1, days=4000)
    bring(spool, task, "done")
    assert clean.clean(spool, DAYS) == []
    assert task.has("voice.oga")


def test_each_kind_by_its_own_age(spool: Spool) -> None:
    old, young = publish(spool, 1, days=40), publish(spool, 2, days=3)
    for task in (old, young):
        ran(task)
        bring(spool, task, "done")
    dry = clean.clean(spool, {**DAYS, "run": 30.0, "spoken": 30.0}, really=False)
    assert {removal.kind for removal in dry} == {"run", "spoken"}
    assert old.has("run/stdout.log")

    clean.clean(spool, {**DAYS, "run": 30.0, "spoken": 30.0})
    assert not any(old.has(name) for name in ("run/stdout.log", "run/events.jsonl", "run/out", "answer.oga"))
    assert all(
        old.has(name) for name in ("run/argv.json", "run/exit.json", "answer.txt", "voice.oga", "photo.jpg")
    )
    assert young.has("run/stdout.log")
    assert old.events()[-1]["event"] == "removed"
    assert Path("/etc/passwd").exists()

    clean.clean(spool, {**DAYS, "recording": 30.0, "attachment": 365.0})
    assert not old.has("voice.oga")
    assert old.has("photo.jpg")
    assert clean.clean(spool, {**DAYS, "recording": 30.0}) == []
    assert fsck(spool) == []


def test_a_whole_task_goes_with_its_ticket(spool: Spool) -> None:
    old, open_one = publish(spool, 1, days=40), publish(spool, 2, days=40)
    bring(spool, old, "failed")
    [removal] = clean.clean(spool, {**DAYS, "task": 30.0})
    assert (removal.id, removal.kind) == (old.id, "task")
    assert not old.path.exists()
    assert spool.find(old.id) is None
    assert spool.find(open_one.id)
    assert fsck(spool) == []


def test_who_acts_on_a_task_is_not_disturbed(spool: Spool) -> None:
    task = publish(spool, 1, days=40)
    bring(spool, task, "done")
    with spool.take(task.id):
        assert clean.clean(spool, {**DAYS, "task": 30.0}) == []
    assert task.path.is_dir()


# -- formats


def test_steps_are_taken_in_order_and_can_be_repeated(spool: Spool) -> None:
    taken: list[int] = []

    def step(number: int, *, fails: bool = False) -> migrate.Step:
        def work(root: Path) -> None:
            taken.append(number)
            if fails and taken.count(number) == 1:
                raise OSError("the power went")

        return work

    steps = {1: step(1), 2: step(2, fails=True), 3: step(3)}
    assert migrate.plan(spool.root, steps, 4) == [1, 2, 3]
    with pytest.raises(OSError, match="power"):
        migrate.migrate(spool.root, steps, 4)
    assert migrate.found(spool.root) == 2
    assert migrate.migrate(spool.root, steps, 4) == [2, 3]
    assert taken == [1, 2, 2, 3]
    assert migrate.plan(spool.root, steps, 4) == []


def test_a_format_of_the_future_is_refused_and_left_alone(spool: Spool) -> None:
    files.write_file(spool.state / "format", "7\n")
    with pytest.raises(SpoolError, match="format 7"):
        migrate.migrate(spool.root)
    with pytest.raises(SpoolError, match="'7'"):
        Spool.open(spool.root)
    assert (spool.state / "format").read_text() == "7\n"


def test_a_way_that_is_missing_is_told(spool: Spool) -> None:
    with pytest.raises(SpoolError, match="no way from 2"):
        migrate.plan(spool.root, {1: lambda root: None}, 3)


def test_the_first_format_is_this_one(spool: Spool) -> None:
    assert migrate.found(spool.root) == 1
    assert json.loads(json.dumps(migrate.plan(spool.root))) == []


# -- as commands


def command(world: World, *words: str) -> int:
    return cli.main(["--config", str(world.config), *words])


def test_the_commands(world: World, spool: Spool, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    task = publish(spool, 1, days=40)
    bring(spool, task, "done")
    assert command(world, "backup", "--to", str(tmp_path / "copy.tar.gz"), "--json") == 0
    assert json.loads(capsys.readouterr().out)["tasks"] == 1
    assert command(world, "clean") == 0
    assert "[retention]" in capsys.readouterr().out
    world.config.write_text(world.config.read_text() + "\n[retention]\nrecording_days = 30\n")
    assert command(world, "clean", "--json", "--dry-run") == 0
    [removal] = json.loads(capsys.readouterr().out)
    assert (removal["kind"], removal["names"]) == ("recording", ["voice.oga"])
    assert task.has("voice.oga")
    assert command(world, "clean") == 0
    assert not task.has("voice.oga")
    assert command(world, "restore", str(tmp_path / "copy.tar.gz")) == 1
    assert "empty spool" in capsys.readouterr().err
    assert command(world, "migrate", "--check") == 0
    files.write_file(spool.state / "format", "99\n")
    assert command(world, "migrate", "--check") == 1
    assert "format 99" in capsys.readouterr().err
