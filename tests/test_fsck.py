"""fsck: what it finds, what it mends, and what it leaves to a person."""

import os

import pytest

from skazano.spool import Spool, Ticket
from skazano.task import TaskDir
from skazano.upkeep.fsck import fsck
from spool_checks import ID, broken, contents, places

OLD = 1_000_000_000.0


@pytest.fixture
def spool(tmp_path):
    spool = Spool.open(tmp_path / "spool")
    spool.publish(ID, contents(ID), "route")
    return spool


@pytest.fixture
def ticket(spool):
    return spool.path(Ticket(ID, "new", "route"))


def kinds(spool, **how):
    return [(finding.kind, finding.what, finding.repaired) for finding in fsck(spool, **how)]


@pytest.mark.parametrize("box", ["unsorted", "waiting", "failed", "done"])
def test_a_spool_in_order(spool, box):
    spool.claim(Ticket(ID, "new", "route")).park(box)
    TaskDir(spool.dir(ID)).write("index.db", "a task may have any file")
    (spool.root / "index.db").touch()
    (spool.root / "index.db-wal").touch()
    (spool.root / "README.md").touch()
    (spool.root / "lost+found").mkdir()  # where the spool is a filesystem of its own
    assert kinds(spool) == []
    assert kinds(spool, repair=True) == []


def test_a_ticket_that_was_not_queued(spool, ticket):
    ticket.rename(spool.dir(ID) / ".ticket")
    (spool.dir(ID) / ".ticket").write_text("route\n")
    assert kinds(spool) == [("unpublished", ID, False)]
    assert kinds(spool, repair=True) == [("unpublished", ID, True)]
    assert spool.find(ID) == Ticket(ID, "new", "route")
    assert kinds(spool) == []


@pytest.mark.parametrize(
    ("there", "stage"),
    [
        ([], "download"),
        (["transcript.txt"], "route"),
        (["transcript.txt", "request.txt"], "refine"),
        (["transcript.txt", "request.txt", "prompt.md"], "execute"),
        (["prompt.md", "run"], "execute"),
        (["prompt.md", "run", "result.md"], "summarize"),
        (["prompt.md", "result.md", "answer.txt"], "reply"),
    ],
)
def test_a_task_without_a_ticket_is_held_where_it_can_go_on(spool, ticket, there, stage):
    ticket.unlink()
    for name in there:
        (spool.dir(ID) / name).touch()
    assert kinds(spool) == [("no-ticket", ID, False)]
    assert places(spool) == {ID: []}
    assert kinds(spool, repair=True) == [("no-ticket", ID, True)]
    assert spool.find(ID) == Ticket(ID, "hold", stage)
    assert broken(spool, [ID]) == []


@pytest.mark.parametrize(
    "place", ["route/new/{},0", "speak/later/{},3", "hold/execute,{},1", "unsorted/{}", "done/2026-11/{}"]
)
def test_a_ticket_without_a_task_is_put_aside(spool, place):
    other = "20261122-180431-tg-5512-90"
    path = spool.root / place.format(other)
    path.parent.mkdir(exist_ok=True)
    path.touch()
    assert kinds(spool) == [("no-task", place.format(other), False)]
    assert kinds(spool, repair=True) == [("no-task", place.format(other), True)]
    assert (spool.state / "lost" / path.name).exists()
    assert broken(spool, [ID]) == []


def test_two_tickets_are_left_to_a_person(spool, ticket):
    (spool.root / "unsorted" / ID).touch()
    [finding] = fsck(spool, repair=True)
    assert (finding.kind, finding.what, finding.repaired) == ("two-tickets", ID, False)
    assert f"route/new/{ID},0" in finding.remedy
    assert f"unsorted/{ID}" in finding.remedy
    assert ticket.exists()


@pytest.mark.parametrize(
    "place",
    ["route/new/notes.txt", "hold/nowhere,x,0", "done/2026-11/x", f"done/2025-01/{ID}", "failed/x", "backup"],
)
def test_a_stranger_is_told_and_left(spool, place):
    path = spool.root / place
    path.parent.mkdir(exist_ok=True)
    path.touch()
    if ID in place:
        spool.path(Ticket(ID, "new", "route")).rename(path)
    found = kinds(spool, repair=False)
    assert ("stranger", place, False) in found
    fsck(spool, repair=True)
    assert path.exists()


def test_only_what_was_aborted_long_ago_is_removed(spool):
    day = spool.dir(ID).parent
    left = [day / f".{ID}.abcdefgh", spool.root / "hold" / f".route,{ID},0.tmp", spool.state / ".format.tmp"]
    left[0].mkdir()
    (left[0] / "voice.oga").touch()
    for path in left[1:]:
        path.touch()
    assert kinds(spool) == []
    for path in left:
        os.utime(path, (OLD, OLD))
    assert {kind for kind, _, _ in kinds(spool)} == {"leftover"}
    assert [repaired for _, _, repaired in kinds(spool, repair=True)] == [True] * 3
    assert [path for path in left if path.exists()] == []
    assert broken(spool, [ID]) == []
