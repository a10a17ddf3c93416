"""skazano, the operator's command, as the executable that people run."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from demo_world import VOICES, World
from skazano.config import HOME
from skazano.spool import Spool, Ticket
from skazano.task import TaskDir
from stages import once


def skazano(world: World, *words: str, code: int = 0) -> str:
    """What the command prints; it must end with `code`."""
    done = subprocess.run(
        [str(HOME / "bin" / "skazano"), "--config", str(world.config), *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout if code == 0 else done.stderr


def drain(world: World, *stages: str) -> None:
    for stage in stages:
        assert once(world, stage).code == 0


WORK = ("route", "refine", "execute", "summarize", "reply")


def test_a_task_from_words_goes_to_a_commit_without_telegram(world: World, spool: Spool) -> None:
    folder = world.project("demo", "Демо")
    id = skazano(world, "new", "--project", "demo", "ну", "добавь", "кнопку").strip()
    drain(world, *WORK)
    found = json.loads(skazano(world, "show", id, "--json"))
    assert found["place"] == f"done/{id[:4]}-{id[4:6]}/{id}"
    assert found["refined"] == "Добавь кнопку."
    assert "Добавь кнопку" in (folder / "NOTES.md").read_text(encoding="utf-8")
    assert "Добавь кнопку" in skazano(world, "show", "last")
    assert "execute" in skazano(world, "logs", id)


def test_a_recording_goes_the_same_way(world: World, spool: Spool) -> None:
    world.project("demo", "Демо")
    id = skazano(world, "new", "--project", "demo", "--audio", str(VOICES / "02-request-note.oga")).strip()
    assert (spool.dir(id) / "audio.oga").read_bytes() == (VOICES / "02-request-note.oga").read_bytes()
    drain(world, "transcribe", "route", "refine")
    assert "проверку почты" in str(TaskDir(spool.dir(id)).text("refined.txt"))


def test_unsorted_is_filed_by_move(world: World, spool: Spool) -> None:
    world.project("demo", "Демо")
    id = skazano(world, "new", "добавь", "кнопку").strip()
    drain(world, "route")
    assert [row["state"] for row in json.loads(skazano(world, "ls", "--json"))] == ["unsorted"]
    assert "nowhere" in skazano(world, "move", id, "nowhere", code=1)
    skazano(world, "move", id, "demo")
    assert spool.find(id) == Ticket(id, "new", "refine")
    assert "under demo already" in skazano(world, "move", id, "demo", code=1)


def test_hold_retry_and_cancel(world: World, spool: Spool) -> None:
    world.project("demo", "Демо")
    id = skazano(world, "new", "--project", "demo", "добавь", "кнопку").strip()
    assert "before route" in skazano(world, "hold", id)
    drain(world, "route")
    assert spool.find(id) == Ticket(id, "hold", "route")
    skazano(world, "retry", id)
    assert spool.find(id) == Ticket(id, "new", "route")
    skazano(world, "cancel", id)
    drain(world, "reply")
    assert spool.find(id) == Ticket(id, "done")
    assert "finished" in skazano(world, "cancel", id, code=1)


def test_a_finished_task_goes_again_and_keeps_what_it_had_made(world: World, spool: Spool) -> None:
    world.project("demo", "Демо")
    id = skazano(world, "new", "--project", "demo", "добавь", "кнопку").strip()
    drain(world, *WORK)
    first = (spool.dir(id) / "result.md").read_bytes()
    skazano(world, "retry", id, "--from", "summarize")
    assert (spool.dir(id) / "result.md").read_bytes() == first
    assert (spool.dir(id) / "earlier" / "1" / "answer.txt").exists()
    drain(world, "summarize", "reply")
    assert spool.find(id) == Ticket(id, "done")
    assert "no stage" in skazano(world, "retry", id, "--from", "nonsense", code=1)


@pytest.mark.parametrize(
    "words",
    [
        ("show", "../../etc/passwd"),
        ("show", "20261122-180431-tg-5512-89"),
        ("show", "20269999-180431-tg-5512-89"),
        ("cancel", "20261122-180431-tg-5512-89"),
        ("new",),
        ("new", "слова", "--audio", "x.oga"),
        ("new", "--audio", "/nonexistent.oga"),
        ("ls", "--state", "nowhere"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line(world: World, spool: Spool, words: tuple[str, ...]) -> None:
    told = skazano(world, *words, code=1)
    assert told.startswith("skazano: ")
    assert "Traceback" not in told
    assert len(told.splitlines()) == 1


def test_a_wrong_configuration_names_file_key_and_the_right_name(world: World) -> None:
    text = world.config.read_text(encoding="utf-8").replace("poll_seconds", "pol_seconds")
    world.config.write_text(text, encoding="utf-8")
    told = skazano(world, "ls", code=78)
    assert "skazano.toml" in told
    assert "telegram.pol_seconds" in told
    assert "'poll_seconds'" in told


def test_projects_are_added_and_listed(world: World, spool: Spool) -> None:
    skazano(world, "project", "add", "my-site", "--title", "Мой сайт", "--alias", "веб")
    found = json.loads(skazano(world, "project", "ls", "--json"))
    assert [(p["slug"], p["title"], p["aliases"]) for p in found] == [("my-site", "Мой сайт", ["веб"])]
    assert Path(found[0]["path"], ".git").is_dir()
    assert "is there already" in skazano(world, "project", "add", "my-site", code=78)
    assert "no slug" in skazano(world, "project", "add", "../x", code=78)


def test_fsck_and_views(world: World, spool: Spool) -> None:
    world.project("demo", "Демо")
    id = skazano(world, "new", "--project", "demo", "добавь", "кнопку").strip()
    assert "in order" in skazano(world, "fsck")
    (spool.root / "route" / "new" / f"{id},0").unlink()
    assert [f["kind"] for f in json.loads(_fsck(world))] == ["no-ticket"]
    skazano(world, "fsck", "--repair")
    assert spool.find(id) == Ticket(id, "hold", "route")
    assert "1 tasks" in skazano(world, "index", "--rebuild")
    assert "1 tasks" in skazano(world, "render")
    assert (world.settings.site / "task" / f"{id}.html").exists()


def _fsck(world: World) -> str:
    done = subprocess.run(
        [str(HOME / "bin" / "skazano"), "--config", str(world.config), "fsck", "--json"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    return done.stdout


def test_a_correction_is_kept_beside_the_transcript_and_teaches_terms(world: World, spool: Spool) -> None:
    world.project("demo", "Демо")
    id = skazano(world, "new", "--project", "demo", "почини", "постгрю").strip()
    told = skazano(world, "correct", id, "почини PostgreSQL и README.md")
    task = TaskDir(spool.dir(id))
    assert task.text("confirmed.txt") == "почини PostgreSQL и README.md"
    assert task.text("transcript.txt") == "почини постгрю"
    assert "PostgreSQL, README.md" in told
    project = json.loads(skazano(world, "project", "ls", "--json"))[0]
    assert project["terms"] == ["PostgreSQL", "README.md"]


def test_engines_are_compared_on_kept_audio(world: World, spool: Spool) -> None:
    id = skazano(world, "new", "--audio", str(VOICES / "01-settings-demo.oga")).strip()
    drain(world, "transcribe")
    skazano(world, "correct", id, "настройки проект демо")
    page = world.root / "compare.html"
    told = skazano(world, "asr-compare", "--engine", "onnx-int8", "--html", str(page))
    assert "onnx-int8" in told
    assert " 0.0 " in told  # word error rate
    assert "настройки" in page.read_text(encoding="utf-8")
