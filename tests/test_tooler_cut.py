"""Two boxes as two network namespaces, and the link between them cut in the middle of a run."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from skazano.tooler.talk import Pace
from tooler_box import Far, Near, Process, until

NEAR, FAR = f"skz{os.getpid()}n", f"skz{os.getpid()}f"


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=20)


def inside(name: str) -> list[str]:
    return ["ip", "netns", "exec", name]


@pytest.fixture
def link() -> Iterator[None]:
    """Namespaces 10.213.0.1 (near) and 10.213.0.2 (far), joined by a pair of interfaces."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("network namespaces need root and the command ip (package iproute2)")
    try:
        ip("netns", "add", NEAR)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no network namespaces here: {error.stderr.decode().strip()}")
    try:
        ip("netns", "add", FAR)
        ip("link", "add", "skz0", "netns", NEAR, "type", "veth", "peer", "name", "skz0", "netns", FAR)
        for name, address in ((NEAR, "10.213.0.1/30"), (FAR, "10.213.0.2/30")):
            ip("-n", name, "address", "add", address, "dev", "skz0")
            ip("-n", name, "link", "set", "skz0", "up")
            ip("-n", name, "link", "set", "lo", "up")
        yield
    finally:
        for name in (NEAR, FAR):
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True, timeout=20)


def cut(down: bool) -> None:
    ip("-n", FAR, "link", "set", "skz0", "down" if down else "up")


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 2])
def test_the_link_is_cut_in_the_middle(link: None, tmp_path: Path, number: int) -> None:
    far, near = Far(tmp_path / "far"), Near(tmp_path / "near")
    far.project("demo")
    far.listen = "10.213.0.2:8765"
    tooler = far.start(prefix=inside(FAR))
    receiver = Process(near.receiver_argv("10.213.0.1:8766"), inside(NEAR))
    receiver.said("listening")
    task = near.task(number)
    argv = near.client_argv(task, far.url, pace=Pace(poll=0.5, read=1.0), callback="http://10.213.0.1:8766")
    client = Process(argv, inside(NEAR))
    until(lambda: task.text("run/stdout.log") == "begun", "the log here")
    cut(True)
    client.said("box silent")
    if number == 2:  # whoever waits here is killed too, and another one takes its place in the dark
        client.end(9)
        client = Process(argv, inside(NEAR))
        client.said("box silent")
    far.open_gate()
    tooler.said("over")
    tooler.said("callback failed")
    assert not task.has("run/exit.json")
    cut(False)
    client.said("finished")
    assert client.process.wait(20) == 0
    tooler.said("state=taken")
    assert far.ran("demo") == [task.id]
    assert (task.json("run/exit.json") or {})["code"] == 0
    assert task.text("run/stdout.log") == "begun\nthrough"
    assert [made["sha"] for made in (task.json("commit.json") or {})["commits"]]
    for process in (tooler, receiver):
        assert process.end() == 0
