"""transcribe as a program: what becomes of real and of broken recordings. Recognition is in test_asr.py."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from demo_world import VOICES, World
from skazano.spool import Spool
from skazano.task import TaskDir
from stages import PATIENCE, kill, load, once, place, put, running, story, until

PNG = b"\x89PNG\r\n\x1a\n" + bytes(2000)


def recorded(spool: Spool, data: bytes, **fields: object) -> TaskDir:
    return put(spool, "transcribe", {"voice.oga": data}, kind="voice", audio="voice.oga", **fields)


def test_each_recording_gets_its_due(world: World, spool: Spool) -> None:
    """One run of the program for all: a bad one does not keep the next from being heard."""
    names = ("20-empty", "24-garbage", "02-request-note", "21-silence", "22-noise", "23-truncated")
    tasks = {name: recorded(spool, (VOICES / f"{name}.oga").read_bytes(), seconds=4.5) for name in names}
    tasks["png"] = recorded(spool, PNG)
    tasks["gone"] = put(spool, "transcribe", {}, kind="voice", audio="voice.oga")
    sounds = {name: task.path / "voice.oga" for name, task in tasks.items() if name != "gone"}
    before = {name: path.read_bytes() for name, path in sounds.items()}
    assert once(world, "transcribe").code == 0
    assert {name: place(spool, task.id) for name, task in tasks.items()} == {
        "20-empty": "reply/new", "24-garbage": "reply/new", "02-request-note": "route/new",
        "21-silence": "reply/new", "22-noise": "reply/new", "23-truncated": "route/new",
        "png": "reply/new", "gone": "reply/new",
    }  # fmt: skip
    told = {name: task.text("error.txt") or task.text("answer.txt") or "" for name, task in tasks.items()}
    first = {name: text.split("\n")[0] for name, text in told.items()}
    assert first["20-empty"].startswith("Запись пришла пустой")
    assert first["24-garbage"] == first["png"]
    assert first["png"].startswith("Не могу прочитать этот файл")
    assert first["21-silence"] == first["22-noise"]
    assert first["21-silence"].startswith("Не расслышал ни слова")
    assert first["gone"].startswith("В задаче нет звука")
    assert load(tasks["23-truncated"].path / "transcript.json")["truncated"] is True
    assert "список задач" in (tasks["02-request-note"].text("transcript.txt") or "")
    assert {name: path.read_bytes() for name, path in sounds.items()} == before  # audio is never touched


def test_a_caption_is_kept_with_the_words(world: World, spool: Spool) -> None:
    sound = (VOICES / "09-cancel.oga").read_bytes()
    contents = {"audio.ogg": sound, "transcript.txt": "подпись\n"}
    task = put(spool, "transcribe", contents, kind="audio", audio="audio.ogg")
    once(world, "transcribe")
    lines = (task.text("transcript.txt") or "").splitlines()
    assert lines[-1] == "подпись"
    assert len(lines) == 2


def test_killed_in_the_midst_it_is_heard_again(world: World, spool: Spool) -> None:
    sound = (VOICES / "08-long.oga").read_bytes()
    with running(world, "transcribe") as program:
        task = recorded(spool, sound)
        until(lambda: spool.tickets("run", "transcribe"), spool.root / "transcribe" / "run", what="the claim")
        kill(program)
    once(world, "transcribe")
    assert place(spool, task.id) == "route/new"
    assert story(spool, task.id)[-1] == "transcribe done"


@pytest.fixture
def hour(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """An hour of speech: a note, a pause, and again; (file, times that it is said)."""
    note, rate = soundfile.read(VOICES / "02-request-note.oga", dtype="float32")
    block = np.concatenate([note, np.zeros(rate, np.float32)])
    times = round(3600 * rate / len(block))
    path = tmp_path / "hour.ogg"
    with soundfile.SoundFile(path, "w", rate, 1, format="OGG", subtype="OPUS") as file:
        for _ in range(times):
            file.write(block)
    yield path, times
    path.unlink()


@pytest.mark.slow
def test_an_hour_is_heard_whole_in_little_memory(
    world: World, spool: Spool, hour: tuple[Path, int]
) -> None:
    path, times = hour
    with running(world, "transcribe") as program:
        assert program.process is not None
        task = recorded(spool, path.read_bytes())
        peak: list[int] = []
        ended = threading.Event()

        def watch() -> None:
            assert program.process is not None
            status = Path(f"/proc/{program.process.pid}/status")
            while not ended.wait(1):
                line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
                peak.append(int(line.split()[1]))

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            new = spool.root / "route" / "new"
            until(lambda: any(new.iterdir()), new, seconds=PATIENCE + 900, what="the words")
        finally:
            ended.set()
            thread.join()
    heard = load(task.path / "transcript.json")
    assert heard["truncated"] is False or heard.get("truncated") is None
    assert heard["audio_seconds"] == pytest.approx(3600, abs=10)
    words = (task.text("transcript.txt") or "").split()
    assert words.count("почты") == pytest.approx(times, rel=0.02)
    assert heard["segments"][-1]["end"] == pytest.approx(heard["audio_seconds"], abs=10)
    assert max(peak) < 1_500_000  # KiB
