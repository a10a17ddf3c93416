"""Two boxes as two network namespaces, and the link between them cut; a disk there that is full."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from skazano.tooler.talk import Pace
from tooler_box import PATIENCE, Far, Near, Process, until

pytestmark = pytest.mark.slow

NEAR, FAR = f"skz{os.getpid()}n", f"skz{os.getpid()}f"
CALLBACK = "http://10.213.0.1:8766"
PACE = Pace(poll=0.5, connect=1.0, read=1.0)


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


class Boxes:
    """Both boxes, each in its namespace, with a task and a receiver of callbacks."""

    def __init__(self, root: Path, number: int) -> None:
        self.far, self.near = Far(root / "far"), Near(root / "near")
        self.far.project("demo")
        self.far.listen = "10.213.0.2:8765"
        self.tooler = self.far.start(prefix=inside(FAR))
        self.receiver = Process(self.near.receiver_argv("10.213.0.1:8766"), inside(NEAR))
        self.receiver.said("listening")
        self.task = self.near.task(number)
        self.argv = self.near.client_argv(self.task, self.far.url, pace=PACE, callback=CALLBACK)

    def client(self) -> Process:
        return Process(self.argv, inside(NEAR))

    def one_result(self, client: Process) -> None:
        client.said("finished")
        assert client.process.wait(PATIENCE) == 0
        task = self.task
        assert self.far.ran("demo") == [task.id]
        assert (task.json("run/exit.json") or {})["code"] == 0
        assert task.text("run/stdout.log") == "begun\nthrough"
        assert [made["sha"] for made in (task.json("commit.json") or {})["commits"]]
        for process in (self.tooler, self.receiver):
            assert process.end() == 0


@pytest.mark.parametrize("number", [1, 2])
def test_the_link_is_cut_in_the_middle(link: None, tmp_path: Path, number: int) -> None:
    boxes = Boxes(tmp_path, number)
    client = boxes.client()
    until(lambda: boxes.task.text("run/stdout.log") == "begun", "the log here")
    cut(True)
    client.said("box silent")
    if number == 2:  # whoever waits here is killed too, and another one takes its place in the dark
        client.end(signal.SIGKILL)
        client = boxes.client()
        client.said("box silent")
    boxes.far.open_gate()
    boxes.tooler.said("over")
    boxes.tooler.said("callback failed")
    assert not boxes.task.has("run/exit.json")
    cut(False)
    boxes.tooler.said("state=taken")
    boxes.one_result(client)


def test_the_link_is_cut_before_anything_was_asked(link: None, tmp_path: Path) -> None:
    boxes = Boxes(tmp_path, 3)
    cut(True)
    client = boxes.client()
    client.said("box silent")
    assert not boxes.task.has("run/remote.json")
    cut(False)
    client.said("box answers")
    boxes.far.open_gate()
    boxes.one_result(client)


def test_a_tooler_that_hangs_and_a_link_that_is_cut(link: None, tmp_path: Path) -> None:
    boxes = Boxes(tmp_path, 4)
    boxes.tooler.process.send_signal(signal.SIGSTOP)  # the kernel takes the connection, nobody answers
    client = boxes.client()
    client.said("box silent")
    boxes.tooler.process.send_signal(signal.SIGCONT)
    client.said("run begun")
    boxes.tooler.process.send_signal(signal.SIGSTOP)
    client.end(signal.SIGKILL)
    cut(True)
    client = boxes.client()
    client.said("box silent")
    boxes.tooler.process.send_signal(signal.SIGCONT)
    boxes.far.open_gate()
    boxes.tooler.said("over")
    cut(False)
    boxes.one_result(client)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A filesystem of 4 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "skazano-small", str(folder)],
        capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        pytest.skip(f"no filesystem of our own here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=False, timeout=20)


def test_the_disk_there_is_full(tmp_path: Path, small: Path) -> None:
    """The request is not lost and not begun twice: it goes on when there is room again."""
    far, near = Far(tmp_path / "far"), Near(tmp_path / "near")
    far.project("demo")
    far.world.spool.symlink_to(small, target_is_directory=True)
    far.start()
    filler = small / "filler"
    with filler.open("wb", buffering=0) as stream, contextlib.suppress(OSError):
        while stream.write(b"x" * 4096):
            pass
    assert shutil.disk_usage(small).free < 4096
    task = near.task(5)
    client = near.execute(task, far.url, pace=PACE)
    client.said("status 507")
    filler.unlink()
    client.said("run begun")
    far.open_gate()
    client.said("finished")
    assert client.process.wait(PATIENCE) == 0
    assert far.ran("demo") == [task.id]
    assert (task.json("run/exit.json") or {})["code"] == 0
    far.stop()
