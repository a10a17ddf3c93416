"""The spool: each verb by itself, then all of them in any order, with crashes between their steps."""

import contextlib
import errno
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from skazano import acts, files, ids
from skazano.spool import PARKS, STAGES, Busy, Held, NoTask, Spool, SpoolError, Ticket
from skazano.task import BadTask, TaskDir
from skazano.upkeep.fsck import fsck
from spool_checks import ID, VOICE, broken, contents, places

LATER = 4_000_000_000.0  # Unix time


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool.open(tmp_path / "spool")


@pytest.fixture
def held(spool: Spool) -> Iterator[Held]:
    """A claimed ticket of `refine`."""
    spool.publish(ID, contents(ID), "refine")
    with claimed(spool, "refine") as held:
        yield held


def claimed(spool: Spool, stage: str) -> Held:
    [ticket] = spool.ripe(stage)[0]
    held = spool.claim(ticket)
    assert held is not None
    return held


# -- opening ----------------------------------------------------------------------------------------


def test_open_makes_what_is_missing_and_can_be_repeated(tmp_path):
    spool = Spool.open(tmp_path / "a" / "spool")
    assert all(folder.is_dir() for folder in spool.folders())
    assert (spool.state / "format").read_text() == "1\n"
    (spool.root / "speak" / "later").rmdir()
    Spool.open(spool.root)
    assert (spool.root / "speak" / "later").is_dir()


def test_a_spool_of_another_format_is_refused(spool):
    (spool.state / "format").write_text("2\n")
    with pytest.raises(SpoolError, match=r"format '2'.*upgrade"):
        Spool.open(spool.root)


@pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="no second filesystem to write to")
def test_a_spool_on_two_filesystems_is_refused(spool):
    with tempfile.TemporaryDirectory(dir="/dev/shm") as elsewhere:
        if os.stat(elsewhere).st_dev == spool.root.stat().st_dev:
            pytest.skip("/dev/shm is the spool's filesystem")
        (spool.root / "waiting").rmdir()
        (spool.root / "waiting").symlink_to(elsewhere)
        with pytest.raises(SpoolError, match=r"not on the filesystem of .*waiting"):
            Spool.open(spool.root)


# -- publishing -------------------------------------------------------------------------------------


def test_publish_writes_the_files_and_queues_one_ticket(spool):
    assert spool.publish(ID, contents(ID), "download")
    assert (spool.tasks / "2026-11-22" / ID / "voice.oga").read_bytes() == VOICE
    assert spool.find(ID) == Ticket(ID, "new", "download")
    assert places(spool) == {ID: [f"download/new/{ID},0"]}


def test_what_was_published_is_not_published_again_wherever_it_is(spool, held):
    assert not spool.publish(ID, {"voice.oga": b"other"}, "refine")
    held.park("done")
    assert not spool.publish(ID, {"voice.oga": b"other"}, "refine")
    assert (held.dir / "voice.oga").read_bytes() == VOICE
    assert places(spool) == {ID: [f"done/2026-11/{ID}"]}


def test_a_ticket_left_in_its_task_is_found_and_queued(spool):
    spool.publish(ID, contents(ID), "route")
    spool.path(Ticket(ID, "new", "route")).rename(spool.dir(ID) / ".ticket")
    (spool.dir(ID) / ".ticket").write_text("route\n")
    (spool.tasks / "zzz").mkdir()  # a stranger hides nobody
    assert spool.find(ID) is None
    assert spool.unpublished() == [ID]
    assert spool.finish_publishing(ID)
    assert not spool.finish_publishing(ID)
    assert spool.unpublished() == []
    assert spool.find(ID) == Ticket(ID, "new", "route")


# -- claiming and handing on ------------------------------------------------------------------------


def test_a_claim_counts_the_attempt_and_only_one_gets_it(spool):
    spool.publish(ID, contents(ID), "route")
    ticket = Ticket(ID, "new", "route")
    with spool.claim(ticket) as held:
        assert held.ticket == Ticket(ID, "run", "route", 1)
        assert spool.claim(ticket) is None
        assert spool.find(ID) == held.ticket


def test_handing_on_starts_the_count_anew(spool, held):
    held.give_back(spent=True)
    assert spool.find(ID) == Ticket(ID, "new", "refine", 1)
    again = claimed(spool, "refine")
    assert again.ticket.attempts == 2
    again.hand_on("execute")
    assert again.left
    assert spool.find(ID) == Ticket(ID, "new", "execute", 0)


def test_an_unspent_attempt_is_taken_back(spool, held):
    held.give_back()
    assert spool.find(ID) == Ticket(ID, "new", "refine", 0)


def test_a_deferred_ticket_ripens_at_its_time(spool, held):
    held.defer(LATER)
    assert spool.ripe("refine") == ([], LATER)
    moment = time.time()
    os.utime(spool.path(Ticket(ID, "later", "refine", 1)), (moment, moment))
    assert spool.ripe("refine") == ([Ticket(ID, "later", "refine", 1)], None)
    assert claimed(spool, "refine").ticket.attempts == 2


def test_the_oldest_task_is_first_wherever_it_waits(spool):
    other = "20261122-170000-cli-0-1"
    spool.publish(ID, contents(ID), "route")
    spool.publish(other, contents(other), "route")
    spool.claim(Ticket(other, "new", "route")).defer(1.0)
    assert [ticket.id for ticket in spool.ripe("route")[0]] == [other, ID]


@pytest.mark.parametrize("box", ["unsorted", "waiting", "done", "failed"])
def test_a_parked_ticket_is_found_there(spool, held, box):
    held.park(box)
    assert spool.find(ID) == Ticket(ID, box)
    assert fsck(spool) == []


def test_a_verb_that_fails_leaves_the_ticket_in_hand(spool, held):
    (spool.root / "failed").rmdir()
    with pytest.raises(FileNotFoundError):
        held.park("failed")
    assert not held.left
    assert [*spool.recover("refine")] == []
    held.hand_on("execute")
    with pytest.raises(SpoolError, match="let go already"):
        held.park("done")
    assert spool.find(ID) == Ticket(ID, "new", "execute")


def test_a_ticket_that_moved_is_not_held_though_the_disk_complains(spool, held, monkeypatch):
    def broken_disk(path):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(files, "fsync_dir", broken_disk)
    with pytest.raises(OSError, match="Input/output"):
        held.hand_on("execute")
    assert held.left
    assert spool.find(ID) == Ticket(ID, "new", "execute")


def test_only_what_nobody_holds_is_recovered(spool, held):
    assert [*spool.recover("refine")] == []
    held.close()
    [ticket] = [found.ticket for found in spool.recover("refine")]
    assert ticket == Ticket(ID, "run", "refine", 1)


def test_hand_on_to_no_stage_is_refused(held):
    with pytest.raises(ValueError, match="no stage 'nowhere'"):
        held.hand_on("nowhere")


# -- people's acts ----------------------------------------------------------------------------------


def test_take_tells_who_works_on_it(spool, held):
    with pytest.raises(Busy, match="worked on by refine"):
        spool.take(ID)
    with pytest.raises(NoTask):
        spool.take("20261122-180431-tg-1-1")
    with pytest.raises(ids.BadId):
        spool.take("../../etc/passwd")


def test_two_cannot_take_the_same(spool, held):
    held.park("failed")
    with spool.take(ID), pytest.raises(Busy):
        spool.take(ID)


def test_what_is_taken_from_a_queue_lies_in_hold(spool):
    spool.publish(ID, contents(ID), "speak")
    with spool.take(ID) as held:
        assert held.ticket == Ticket(ID, "hold", "speak")
        assert spool.claim(Ticket(ID, "new", "speak")) is None
    assert spool.find(ID) == Ticket(ID, "hold", "speak")


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (lambda spool: acts.file_under(spool, ID, "site", by="t"), acts.NotPossible),  # no words yet
        (lambda spool: acts.retry(spool, ID, by="t", stage="nowhere"), acts.NotPossible),
        (lambda spool: acts.cancel(spool, ID, by="t"), BadTask),
    ],
)
@pytest.mark.parametrize("later", [False, True])
def test_an_act_that_is_refused_leaves_the_ticket_in_its_queue(spool, act, error, later):
    spool.publish(ID, contents(ID), "transcribe")
    before = Ticket(ID, "new", "transcribe")
    if later:
        spool.claim(before).defer(LATER)
        before = Ticket(ID, "later", "transcribe", 1)
    if error is BadTask:
        (spool.dir(ID) / "task.json").write_text("{")
    with pytest.raises(error):
        act(spool)
    assert spool.find(ID) == before
    assert spool.ripe("transcribe") == (([], LATER) if later else ([before], None))


# -- names ------------------------------------------------------------------------------------------


def test_ids_say_when_and_where(spool):
    moscow = timezone(timedelta(hours=3))
    id = ids.make(datetime(2026, 11, 22, 21, 4, 31, tzinfo=moscow), "tg", -1001234, 89)
    assert id == "20261122-180431-tg-g1001234-89"
    assert (ids.day(id), ids.month(id)) == ("2026-11-22", "2026-11")
    assert ids.created(id) == datetime(2026, 11, 22, 18, 4, 31, tzinfo=UTC)
    assert ids.parent(ids.child(id, 3)) == id
    assert ids.parent(id) is None


@pytest.mark.parametrize(
    "text",
    [
        "", ID + "\n", " " + ID, "../" + ID, ID + "/..", ID + ".0", ID + ".1.1.1", "20260230-180431-tg-1-1",
        "20261122-246000-tg-1-1", "٢٠٢٦١١٢٢-180431-tg-1-1", ID.replace("tg", "TG"), ID + ",1",
    ],
)  # fmt: skip
def test_what_is_no_id_reaches_no_path(spool, text):
    with pytest.raises(ids.BadId):
        spool.dir(text)


@pytest.mark.parametrize(
    "name",
    ["x", f"{ID},", f"{ID},01", f"{ID},1000", f".{ID},0", "20260230-180431-tg-1-1,0", f"{ID},0.tmp", f"{ID}"],
)
def test_what_is_no_ticket_is_passed_over_in_a_queue(spool, name):
    (spool.root / "route" / "new" / name).touch()
    assert spool.ripe("route") == ([], None)
    assert [f.kind for f in fsck(spool)] == ([] if name.startswith(".") else ["stranger"])


def test_a_file_among_the_months_hides_nothing(spool, held):
    held.park("done")
    (spool.root / "done" / "notes.txt").touch()
    assert [ticket.id for ticket in spool.tickets("done")] == [ID]


# -- files ------------------------------------------------------------------------------------------


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "task.json"
    files.write_file(path, "old")
    write = os.write

    def fills_up(fd, data):
        if len(data) < 100:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(fd, data[:100])

    monkeypatch.setattr(os, "write", fills_up)
    with pytest.raises(OSError, match="No space"):
        files.write_file(path, "n" * 250)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["task.json"]


def test_what_a_crash_cut_short_in_history_spoils_itself_only(tmp_path):
    path = tmp_path / "history.jsonl"
    files.append_line(path, {"event": "claimed"})
    with path.open("a") as stream:
        stream.write('{"event": "do')
    files.append_line(path, {"event": "готово"})
    assert [line["event"] for line in files.read_lines(path)] == ["claimed", "готово"]


def test_a_disk_that_fills_up_cannot_shorten_history_unseen(tmp_path, monkeypatch):
    path, write = tmp_path / "history.jsonl", os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[:7]))
    files.append_line(path, {"event": "claimed"})
    assert files.read_lines(path) == [{"event": "claimed"}]


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b"null{"])
def test_json_that_does_not_parse_counts_as_absent(tmp_path, data):
    (tmp_path / "a.json").write_bytes(data)
    assert files.read_json(tmp_path / "a.json") is None
    assert files.read_json(tmp_path / "b.json") is None


# -- all of it, in any order ------------------------------------------------------------------------


class Crash(BaseException):
    """The process died here."""


@contextlib.contextmanager
def crashing(at: tuple[int, bool] | None) -> Iterator[None]:
    """Die before or after the n-th rename or fsync, if it comes to that."""
    count = 0

    def dying(function):
        def call(*arguments):
            nonlocal count
            count += 1
            if at is not None and count == at[0] and not at[1]:
                raise Crash
            done = function(*arguments)
            if at is not None and count == at[0] and at[1]:
                raise Crash
            return done

        return call

    kept = os.rename, os.fsync
    os.rename, os.fsync = dying(os.rename), dying(lambda fd: None)
    try:
        yield
    finally:
        os.rename, os.fsync = kept


def let_go(path: Path) -> None:
    """Close what this process has open of a ticket, as the kernel does for a dead one."""
    for fd in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            if fd.readlink() == path:
                os.close(int(fd.name))


IDS = [ID, "20261122-180431-tg-g77-1", "20261130-235959-cli-0-1", f"{ID}.1", f"{ID}.2"]
CRASHES = st.none() | st.tuples(st.integers(1, 9), st.booleans())
MISSING = "no such task"
INSIDE = "its ticket lies in the task"
Standing = Ticket | str


class Spools(RuleBasedStateMachine):
    """The model is where each task stands, how often it was claimed, and which worker holds it."""

    @initialize()
    def open(self) -> None:
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.spool = Spool.open(Path(tempfile.mkdtemp(prefix="skazano-", dir=memory)) / "spool")
        self.standing: dict[str, Standing] = dict.fromkeys(IDS, MISSING)
        self.held: dict[str, Held] = {}
        self.files: dict[str, set[str]] = {id: set() for id in IDS}

    def teardown(self) -> None:
        for held in self.held.values():
            held.close()
        if hasattr(self, "spool"):
            shutil.rmtree(self.spool.root.parent)

    def actual(self, id: str) -> Standing:
        if not self.spool.dir(id).exists():
            return MISSING
        return self.spool.find(id) or INSIDE

    def crashed(self, id: str, *between: Standing) -> None:
        """The process died on the way to one of these places: the task is where it was, or at one of them."""
        found = self.actual(id)
        assert found in (self.standing[id], *between), (self.standing[id], between, found)
        self.standing[id] = found
        if id in self.held:
            self.held.pop(id).close()

    def which(self, data: st.DataObject, *boxes: str) -> str:
        fits = [id for id, at in self.standing.items() if isinstance(at, Ticket) and at.box in boxes]
        return data.draw(st.sampled_from(fits))

    def any_in(*boxes: str):
        return precondition(
            lambda self: any(isinstance(at, Ticket) and at.box in boxes for at in self.standing.values())
        )

    @rule(id=st.sampled_from(IDS), stage=st.sampled_from(STAGES), crash=CRASHES)
    def publish(self, id: str, stage: str, crash: tuple[int, bool] | None) -> None:
        target = Ticket(id, "new", stage)
        if self.standing[id] == INSIDE:
            target = Ticket(id, "new", files.read_text(self.spool.dir(id) / ".ticket"))
        elif self.standing[id] != MISSING:
            target = self.standing[id]
        try:
            with crashing(crash):
                published = self.spool.publish(id, contents(id), stage)
        except Crash:
            held = self.held.pop(id, None)  # it is another process that died
            self.crashed(id, INSIDE, target)
            self.held |= {id: held} if held else {}
        else:
            assert published == (self.standing[id] in (MISSING, INSIDE))
            self.standing[id] = target

    @any_in("new", "later")
    @rule(data=st.data(), crash=CRASHES)
    def claim(self, data: st.DataObject, crash: tuple[int, bool] | None) -> None:
        id = self.which(data, "new", "later")
        before = self.standing[id]
        target = Ticket(id, "run", before.stage, before.attempts + 1)
        try:
            with crashing(crash):
                held = self.spool.claim(before)
        except Crash:
            self.crashed(id, target)
        else:
            assert held is not None
            assert self.spool.claim(before) is None
            self.standing[id], self.held[id] = target, held

    @precondition(lambda self: self.held)
    @rule(data=st.data(), name=st.sampled_from(["transcript.txt", "request.txt", "prompt.md", "answer.txt"]))
    def write(self, data: st.DataObject, name: str) -> None:
        id = data.draw(st.sampled_from(sorted(self.held)))
        TaskDir(self.held[id].dir).write(name, name)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), crash=CRASHES, spent=st.booleans(), until=st.sampled_from([1.0, LATER]))
    def leave(self, data: st.DataObject, crash: tuple[int, bool] | None, spent: bool, until: float) -> None:
        id = data.draw(st.sampled_from(sorted(self.held)))
        held, at = self.held[id], self.standing[id]
        count = at.attempts if spent else at.attempts - 1
        ways = {
            "give back": (lambda: held.give_back(spent=spent), Ticket(id, "new", at.stage, count)),
            "defer": (lambda: held.defer(until, spent=spent), Ticket(id, "later", at.stage, count)),
            "hold": (lambda: held.hold(at.stage), Ticket(id, "hold", at.stage)),
        }
        for box in ("unsorted", "waiting", "done", "failed"):
            ways[box] = (lambda box=box: held.park(box), Ticket(id, box))
        for stage in STAGES:
            ways[stage] = (lambda stage=stage: held.hand_on(stage), Ticket(id, "new", stage))
        verb, target = ways[data.draw(st.sampled_from(sorted(ways)))]
        try:
            with crashing(crash):
                verb()
        except Crash:
            self.crashed(id, target)
        else:
            assert held.left
            self.standing[id] = target
            del self.held[id]

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def die(self, data: st.DataObject) -> None:
        self.held.pop(data.draw(st.sampled_from(sorted(self.held)))).close()

    @rule(stage=st.sampled_from(STAGES), crash=CRASHES)
    def recover(self, stage: str, crash: tuple[int, bool] | None) -> None:
        dead = {
            id: Ticket(id, "new", stage, at.attempts)
            for id, at in self.standing.items()
            if isinstance(at, Ticket) and (at.box, at.stage) == ("run", stage) and id not in self.held
        }
        try:
            with crashing(crash):
                found = []
                for held in self.spool.recover(stage):
                    found.append(held.ticket.id)
                    held.give_back(spent=True)
        except Crash:
            for id, target in dead.items():
                self.crashed(id, target)
        else:
            assert found == sorted(dead)
            self.standing |= dead

    @any_in("new", "later", *PARKS, "done")
    @rule(data=st.data(), act=st.sampled_from(["file", "retry", "cancel", "hold"]), crash=CRASHES)
    def act(self, data: st.DataObject, act: str, crash: tuple[int, bool] | None) -> None:
        id = self.which(data, "new", "later", *PARKS, "done")
        before = self.standing[id]
        aside = Ticket(id, "hold", before.stage, before.attempts) if before.stage else before
        call, ends = {
            "file": (lambda: acts.file_under(self.spool, id, "site", by="test"), ("route", "refine")),
            "retry": (lambda: acts.retry(self.spool, id, by="test"), STAGES),
            "cancel": (lambda: acts.cancel(self.spool, id, by="test"), ("reply",)),
            "hold": (lambda: acts.hold(self.spool, id, by="test"), ()),
        }[act]
        targets = [Ticket(id, "new", stage) for stage in ends] or [aside]
        if (act, before.box) == ("cancel", "waiting"):
            targets = [before]  # its subtasks are cancelled; it is answered when they have ended
        try:
            with crashing(crash):
                call()
        except Crash:
            self.crashed(id, aside, *targets)
            let_go(self.spool.path(self.standing[id]))
        except acts.NotPossible:
            assert self.actual(id) == before
        else:
            assert self.actual(id) in targets
            self.standing[id] = self.actual(id)

    @any_in("later")
    @rule(data=st.data())
    def time_passes(self, data: st.DataObject) -> None:
        id = self.which(data, "later")
        os.utime(self.spool.path(self.standing[id]), (1.0, 1.0))
        assert self.standing[id] in self.spool.ripe(self.standing[id].stage)[0]

    @rule()
    def restart(self) -> None:
        """Every process dies, and what starts again queues what was not."""
        for held in self.held.values():
            held.close()
        self.held.clear()
        for id in self.spool.unpublished():
            assert self.standing[id] == INSIDE
            self.spool.finish_publishing(id)
            self.standing[id] = self.spool.find(id)
        assert fsck(self.spool) == []

    @invariant()
    def every_task_is_whole_and_where_it_belongs(self) -> None:
        if not hasattr(self, "spool"):
            return
        there = [id for id, at in self.standing.items() if at != MISSING]
        assert broken(self.spool, there) == []
        for id in IDS:
            assert self.actual(id) == self.standing[id]
            names = {path.name for path in self.spool.dir(id).rglob("[!.]*") if path.is_file()}
            assert self.files[id] <= names, f"lost: {self.files[id] - names}"
            self.files[id] |= names
            assert id not in there or (self.spool.dir(id) / "voice.oga").read_bytes() == VOICE


Spools.TestCase.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
test_any_order = Spools.TestCase
