"""The stage loop, as the processes that it makes: every way out of a task, and every end of a process."""

import contextlib
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from skazano.spool import Spool, Ticket
from skazano.task import TaskDir
from skazano.wake import Wake
from spool_checks import ID, broken, contents
from spool_stage import TOKEN

PROGRAM = Path(__file__).with_name("spool_stage.py")
DEADLINE = 30.0  # seconds
OTHER = "20261122-180500-cli-0-7"


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    (tmp_path / "skazano.toml").write_text('[paths]\nspool = "spool"\n')
    return Spool.open(tmp_path / "spool")


def ordered(spool: Spool, *orders: str, id: str = ID, stage: str = "route", attempts: int = 0) -> TaskDir:
    """A task in the stage's queue."""
    spool.publish(id, contents(id) | {"order.txt": "\n".join(orders).encode() + b"\n"}, stage)
    if attempts:
        spool.path(Ticket(id, "new", stage)).rename(spool.path(Ticket(id, "new", stage, attempts)))
    return TaskDir(spool.dir(id))


class Running:
    """A stage's process, with a notify socket of its own."""

    def __init__(self, spool: Spool, *options: str, stage: str = "route", **environment: str) -> None:
        folder = spool.root.parent
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.settimeout(DEADLINE)
        self.socket.bind(str(folder / "notify"))
        self.log = folder / "log"
        with self.log.open("w") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, str(PROGRAM), stage, "--config", str(folder / "skazano.toml"), *options],
                stderr=stderr,
                env={**os.environ, "NOTIFY_SOCKET": str(folder / "notify"), **environment},
            )

    def hear(self) -> dict[str, str]:
        """The next thing that the process tells systemd."""
        return dict(line.split("=", 1) for line in self.socket.recv(4096).decode().splitlines())

    def hear_until(self, key: str) -> list[dict[str, str]]:
        heard = [self.hear()]
        while key not in heard[-1]:
            heard.append(self.hear())
        return heard

    def end(self, number: int | None = None) -> int:
        if number is not None:
            self.process.send_signal(number)
        return self.process.wait(DEADLINE)


@contextlib.contextmanager
def running(spool: Spool, *options: str, stage: str = "route", **environment: str) -> Iterator[Running]:
    process = Running(spool, *options, stage=stage, **environment)
    try:
        yield process
    finally:
        process.process.kill()
        process.process.wait()
        process.socket.close()
        (spool.root.parent / "notify").unlink()


def once(spool: Spool, stage: str = "route") -> tuple[int, str]:
    """Let the stage work off its queue; its exit code and its log."""
    with running(spool, "--once", stage=stage) as process:
        return process.end(), process.log.read_text()


def arrived(folder: Path, name: str, meanwhile: socket.socket | None = None) -> bool:
    """Whether that file comes to be in that folder; what is told `meanwhile` is taken off its queue."""
    wake, until = Wake([folder]), time.monotonic() + DEADLINE
    also = [meanwhile.fileno()] if meanwhile else []
    wake.start()
    try:
        while not (folder / name).exists() and time.monotonic() < until:
            wake.wait(until - time.monotonic(), *also)
            wake.clear()
            while meanwhile and select.select([meanwhile], [], [], 0)[0]:
                meanwhile.recv(4096)
    finally:
        wake.close()
    return (folder / name).exists()


def events(task: TaskDir) -> list[tuple[object, ...]]:
    return [(line["stage"], line["event"], line.get("reason")) for line in task.events()]


# -- the ways out of a task -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "place"),
    [
        ("refine", f"refine/new/{ID},0"),
        ("reply", f"reply/new/{ID},0"),
        ("unsorted", f"unsorted/{ID}"),
        ("waiting", f"waiting/{ID}"),
        ("hold", f"hold/route,{ID},0"),
        ("done", f"done/2026-11/{ID}"),
        ("failed", f"failed/{ID}"),
    ],
)
def test_the_ticket_goes_where_work_says(spool, where, place):
    task = ordered(spool, f"go {where}")
    code, log = once(spool)
    assert (code, spool.find(ID).place) == (0, place)
    assert events(task) == [("route", "done", None)]
    assert f"<6>{ID} claimed stage=route attempt=1\n" in log
    assert broken(spool, [ID]) == []


def test_notes_are_kept_in_history(spool):
    task = ordered(spool, "ping")
    once(spool)
    [line] = task.events()
    assert (line["engine"], line["next"]) == ("test", "refine")
    assert isinstance(line["ms"], int)


def test_once_works_off_the_queue_and_ends(spool):
    ids = [f"20261122-180431-cli-0-{number}" for number in range(1, 9)]
    for id in ids:
        ordered(spool, "go refine", id=id)
    code, log = once(spool)
    assert code == 0
    assert [ticket.id for ticket in spool.tickets("new", "refine")] == ids
    assert "<6>- stopped stage=route tasks=8\n" in log


def test_later_waits_longer_each_time(spool):
    task = ordered(spool, "later", attempts=1)
    moment = time.time()
    code, log = once(spool)
    ticket = spool.find(ID)
    assert (code, ticket) == (0, Ticket(ID, "later", "route", 2))
    ripe = spool.path(ticket).stat().st_mtime
    assert moment + 60 * 0.9 <= ripe <= time.time() + 60 * 1.2
    assert events(task) == [("route", "later", "429 for ***")]
    assert TOKEN not in log


def test_who_says_how_long_to_wait_is_heard(spool):
    ordered(spool, "later 1000000")
    once(spool)
    assert spool.ripe("route")[1] > time.time() + 800_000


@pytest.mark.parametrize("trouble", ["later", "fault"])
def test_five_attempts_and_the_task_fails(spool, trouble):
    task = ordered(spool, trouble, attempts=4)
    assert once(spool)[0] == 0
    assert spool.find(ID) == Ticket(ID, "new", "reply")
    told = (task.text("error.txt") or "").splitlines()
    assert "Запись сохранена" in told[0]
    assert f"again: skazano retry {ID}" in told
    assert TOKEN not in "".join(told)


def test_an_outage_pauses_the_stage_and_spends_nothing(spool):
    ordered(spool, "outage")
    ordered(spool, "go refine", id=OTHER)
    assert once(spool)[0] == 0
    assert spool.find(ID) == Ticket(ID, "later", "route", 0)
    assert spool.find(OTHER) == Ticket(OTHER, "new", "route", 0)


def test_failed_tells_the_person_and_the_owner(spool):
    task = ordered(spool, "failed")
    assert once(spool)[0] == 0
    assert spool.find(ID) == Ticket(ID, "new", "reply")
    assert (task.text("error.txt") or "").splitlines() == [
        "Не вышло.", "", "stage: route", "what: what the owner wants to know", f"again: skazano retry {ID}",
    ]  # fmt: skip
    assert events(task) == [("route", "failed", "what the owner wants to know")]


def test_when_reply_fails_there_is_no_one_left_to_tell(spool):
    ordered(spool, "failed", stage="reply")
    assert once(spool, stage="reply")[0] == 0
    assert spool.find(ID) == Ticket(ID, "failed")


@pytest.mark.parametrize("order", ["fault", "go nowhere"])
def test_a_fault_of_ours_is_logged_and_tried_again(spool, order):
    task = ordered(spool, order, "go refine")
    code, log = once(spool)
    assert (code, spool.find(ID)) == (0, Ticket(ID, "later", "route", 1))
    assert f"<3>{ID} | Traceback (most recent call last):\n" in log
    assert TOKEN not in log + (task.path / "history.jsonl").read_text()
    os.utime(spool.path(spool.find(ID)), (1.0, 1.0))
    assert once(spool)[0] == 0
    assert spool.find(ID) == Ticket(ID, "new", "refine")


def test_a_task_that_kills_its_worker_five_times_fails(spool):
    task = ordered(spool, "die")
    ordered(spool, "go refine", id=OTHER)
    for attempt in range(1, 6):
        assert once(spool)[0] == -signal.SIGKILL
        assert spool.find(ID) == Ticket(ID, "run", "route", attempt)
    code, log = once(spool)
    assert code == 0
    assert task.text("worked.txt") == "12345"
    assert spool.find(ID) == Ticket(ID, "new", "reply")
    assert spool.find(OTHER) == Ticket(OTHER, "new", "refine")
    assert "пять раз" in (task.text("error.txt") or "")
    assert f"<6>{ID} recovered stage=route attempts=5 to=new\n" in log
    assert broken(spool, [ID, OTHER]) == []


def test_a_stage_decides_itself_what_becomes_of_work_that_was_cut_off(spool):
    task = ordered(spool, "die")
    once(spool)
    task.write("began.txt", "")
    assert once(spool)[0] == 0
    assert spool.find(ID) == Ticket(ID, "hold", "route")
    assert task.text("worked.txt") == "1"


def test_what_was_cancelled_is_not_worked_on(spool):
    task = ordered(spool, "die")
    task.write("cancel", "test")
    assert once(spool)[0] == 0
    assert spool.find(ID) == Ticket(ID, "new", "reply")
    assert task.text("answer.txt") == "Отменено."
    assert not task.has("worked.txt")


@pytest.mark.parametrize("card", [b"", b"{", b'{"id": 5}', None])
def test_a_broken_card_fails_with_all_evidence(spool, card):
    task = ordered(spool, "load")
    (task.path / "task.json").unlink()
    if card is not None:
        (task.path / "task.json").write_bytes(card)
    for stage in ("route", "reply"):
        assert once(spool, stage=stage)[0] == 0
    assert spool.find(ID) == Ticket(ID, "failed")
    assert (task.text("error.txt") or "").startswith("Карточка задачи на диске повреждена")
    assert task.has("voice.oga")
    assert broken(spool, [ID]) == []


def test_a_ticket_without_a_task_stops_nobody(spool):
    ordered(spool, "go refine")
    ordered(spool, "go refine", id=OTHER)
    shutil.rmtree(spool.dir(ID))
    code, log = once(spool)
    assert code == 0
    assert spool.find(OTHER) == Ticket(OTHER, "new", "refine")
    assert (spool.state / "lost" / f"{ID},1").exists()
    assert f"<3>{ID} no such task" in log
    assert broken(spool, [OTHER]) == []


@pytest.mark.parametrize("why", ["foreign", "damaged"])
def test_a_task_that_may_not_be_written_goes_to_hold_and_stops_nobody(spool, why):
    task = ordered(spool, "foreign" if why == "foreign" else "go refine")
    if why == "damaged":
        (task.path / "history.jsonl").mkdir()
    ordered(spool, "go refine", id=OTHER)
    code, log = once(spool)
    assert (code, spool.find(ID)) == (0, Ticket(ID, "hold", "route"))
    assert spool.find(OTHER) == Ticket(OTHER, "new", "refine")
    assert f"<3>{ID} may not be written: goes to hold" in log


def test_a_full_disk_gives_back_unspent_and_pauses(spool):
    ordered(spool, "full")
    ordered(spool, "go refine", id=OTHER)
    code, log = once(spool)
    assert (code, spool.find(ID)) == (0, Ticket(ID, "new", "route", 0))
    assert spool.find(OTHER) == Ticket(OTHER, "new", "route", 0)
    assert f"<3>{ID} disk full" in log


# -- a process's life -------------------------------------------------------------------------------


def test_ready_after_the_first_listing_then_work_then_sleep(spool):
    ordered(spool, "go refine")
    with running(spool) as process:
        assert process.hear() == {"WATCHDOG": "1", "STATUS": "1 waiting, 0 done"}
        assert process.hear() == {"READY": "1"}
        assert arrived(spool.root / "refine" / "new", f"{ID},0")
        assert process.end(signal.SIGTERM) == 0
        assert process.hear_until("STOPPING")


def test_a_sleeping_stage_wakes_for_each_ticket(spool):
    with running(spool) as process:
        process.hear_until("READY")
        for number in range(1, 6):
            id = f"20261122-180431-cli-0-{number}"
            ordered(spool, "go refine", id=id)
            assert arrived(spool.root / "refine" / "new", f"{id},0")
        assert process.end(signal.SIGTERM) == 0


def test_what_was_deferred_is_taken_up_again(spool):
    task = ordered(spool, "later 0.05", "go refine")
    with running(spool) as process:
        assert arrived(spool.root / "refine" / "new", f"{ID},0")
        assert process.end(signal.SIGTERM) == 0
    assert task.text("worked.txt") == "12"


@pytest.mark.parametrize(("order", "stage"), [("stop", "route"), ("finish", "refine")])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_finishes_or_gives_back(spool, order, stage, number):
    task = ordered(spool, order)
    with running(spool) as process:
        assert arrived(task.path, "waiting.txt")
        assert process.end(number) == 0
    assert spool.find(ID) == Ticket(ID, "new", stage)


def test_the_sign_of_life_comes_from_the_loop_alone(spool):
    with running(spool, WATCHDOG_USEC="20000") as process:
        for _ in range(5):
            process.hear_until("WATCHDOG")
        task = ordered(spool, "silent", id=OTHER, stage="download")
        os.mkfifo(task.path / "fifo")
        spool.claim(Ticket(OTHER, "new", "download")).hand_on("route")
        assert arrived(task.path, "worked.txt", process.socket)
        while select.select([process.socket], [], [], 0.1)[0]:  # what was told before the work began
            process.hear()
        assert not select.select([process.socket], [], [], 0.1)[0]
        (task.path / "fifo").write_text("go on")
        assert process.hear_until("WATCHDOG")


def test_long_work_can_tell_that_it_lives(spool):
    ordered(spool, "ping")
    with running(spool, WATCHDOG_USEC="2") as process:
        while process.hear().get("STATUS") != "still here":
            continue


def test_a_queue_that_vanishes_ends_the_process_to_be_restarted(spool):
    with running(spool) as process:
        process.hear_until("READY")
        (spool.root / "route" / "new").rmdir()
        assert process.end() == 1
        assert "route must be restarted" in process.log.read_text()


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ("[paths]\nspol = 'x'\n", "unknown key 'paths.spol'; did you mean 'spool'?"),
        ("[limits]\nfree_mb = 'many'\n", "limits.free_mb"),
        ("paths = [", "skazano.toml"),
    ],
)
def test_a_wrong_configuration_is_told_in_one_line(spool, config, told):
    (spool.root.parent / "skazano.toml").write_text(config)
    code, log = once(spool)
    assert code == 78
    [line] = log.splitlines()
    assert line.startswith("<3>- cannot start route: ")
    assert told in line


def test_a_spool_of_another_format_is_told_in_one_line(spool):
    (spool.state / "format").write_text("2\n")
    code, log = once(spool)
    assert code == 78
    [line] = log.splitlines()
    assert "spool format '2'" in line
