"""The real `execute` with a project that lives on another box, the tooler and the receiver of callbacks."""

from __future__ import annotations

import signal
from pathlib import Path

from stages import place, running
from tooler_box import Far, Near, until


def test_a_task_is_carried_out_on_the_other_box(tmp_path: Path) -> None:
    far, near = Far(tmp_path / "far"), Near(tmp_path / "near")
    far.project("demo")
    far.start()
    receiver = near.receiver()
    callback = receiver.said("listening").split("address=")[1].strip()
    with near.world.config.open("a") as config:
        config.write(f'[tools.gated]\nkind = "command"\ncommand = "sh"\n[boxes.far]\nurl = "{far.url}"\n')
        config.write(f'callback = "http://{callback}"\n')
    near.world.settings.projects.mkdir()
    (near.world.settings.projects / "demo.toml").write_text('title = "Демо"\ntool = "gated"\nbox = "far"\n')
    task = near.task(1)
    with running(near.world, "execute") as program:
        until(lambda: task.text("run/stdout.log") == "begun", "the log here")
        assert program.process is not None
        program.process.send_signal(signal.SIGKILL)
        program.process.wait()
    with running(near.world, "execute"):
        far.open_gate()
        until(lambda: place(near.spool, task.id) == "summarize/new", "the next stage")
    assert far.ran("demo") == [task.id]
    assert task.text("result.md") == "begun\nthrough"
    assert [made["sha"] for made in (task.json("commit.json") or {})["commits"]]
    assert (task.json("run/exit.json") or {})["box"] == "far"
    # `execute` may have looked by itself before the news came.
    assert until(lambda: task.json("run/callback.json"), "the news of it")["status"] == "ended"
    far.stop()
    receiver.end()
