"""index.db: what it holds, that it follows the spool whatever happens, that no reader is blocked."""

import os
import shutil
import sqlite3
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import pages_sample
from skazano.spool import Spool, Ticket
from skazano.upkeep import fsck
from skazano.views import index, index_rows

BEGIN = datetime(2026, 11, 22, 15, 4, 31, tzinfo=UTC)


class Made:
    """A sample spool with the ids of its tasks."""

    def __init__(self, root: Path) -> None:
        self.ids = pages_sample.fill(root, BEGIN)
        self.spool = Spool(root)

    def move(self, name: str, box: str, stage: str | None = None) -> str:
        ticket = self.spool.find(self.ids[name])
        assert ticket
        target = self.spool.path(Ticket(ticket.id, box, stage))  # type: ignore[arg-type]
        target.parent.mkdir(parents=True, exist_ok=True)
        self.spool.path(ticket).rename(target)
        return ticket.id

    def state(self, name: str) -> str | None:
        rows = index.query(self.spool, id=self.ids[name])
        return str(rows[0]["state"]) if rows else None

    def answer(self, name: str, text: str) -> None:
        (self.spool.dir(self.ids[name]) / "answer.txt").write_text(text + "\n")


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(tmp_path / "spool")


def test_rebuild_holds_every_task(made: Made) -> None:
    steps: list[int] = []
    count = index.rebuild(made.spool, steps.append)
    assert count == steps[-1] == sum(1 for _ in made.spool.tasks.glob("*/*"))
    whole = index.query(made.spool, id=made.ids["whole"])[0]
    wanted = {
        "state": "done", "stage": None, "project": "shop", "tool": "claude", "mode": "audio",
        "date": "2026-11-22", "kind": "voice", "seconds": 38.9, "ms": 102086,
        "commits": 1, "added": 10, "removed": 3, "chat": 5512,
        "title": "Корзина: сумма со знаком рубля и остаток до бесплатной доставки", "source": "telegram",
    }  # fmt: skip
    assert {key: whole[key] for key in wanted} == wanted
    assert whole["cost"] == pytest.approx(0.1323)
    assert whole["finished"].startswith("2026-11-22T14:28:3")
    assert whole["transcript"].startswith("так в магазине")
    events = index.ask(made.spool, "select * from events where task = ? order by n", made.ids["whole"])
    assert [event["stage"] for event in events][:2] == ["download", "transcribe"]
    assert events[4]["engine"] == "claude"


def test_filters(made: Made) -> None:
    index.rebuild(made.spool)

    def ids(**conditions: object) -> list[str]:
        return [row["id"] for row in index.query(made.spool, **conditions)]  # type: ignore[arg-type]

    assert ids(state="unsorted") == [made.ids["hostile"], made.ids["unsorted"]]
    assert ids(state="hold", stage="execute") == [made.ids["hold"]]
    assert made.ids["failed"] not in ids(state="open")
    assert set(ids(project="home")) >= {made.ids["waiting"], made.ids["child1"]}
    assert set(ids(project="")) == {made.ids[name] for name in ("unsorted", "hostile", "new")}
    assert all(id < "20261122" for id in ids(until=date(2026, 11, 21)))
    assert ids(since=date(2026, 11, 23)) == []
    assert ids(limit=2, offset=1) == ids()[1:3]
    assert ids() == sorted(ids(), reverse=True)


@pytest.mark.parametrize(
    "words", ["корзину", "в корзинах рубль", "КОРЗИНЕ доставке", "еще остаток", "показать знаки"]
)
def test_search_finds_russian_words_in_any_form(made: Made, words: str) -> None:
    index.rebuild(made.spool)
    assert [row["id"] for row in index.query(made.spool, search=words)] == [made.ids["whole"]]


@pytest.mark.parametrize(
    "words", ['"', "a OR b", "NEAR(", "*", "words:", "", "-", "')--", "\x00", "title : x AND"]
)
def test_search_takes_any_words(made: Made, words: str) -> None:
    index.rebuild(made.spool)
    assert index.query(made.spool, search=words) == []


def test_search_follows_changes(made: Made) -> None:
    index.rebuild(made.spool)
    made.answer("whole", "Совсем другое: баобаб")
    assert index.update(made.spool, [made.ids["whole"]]) == 1
    assert len(index.query(made.spool, search="баобабы")) == 1
    assert index.query(made.spool, search="тестов проходят отправлены") == []


def test_update_follows_a_ticket_and_a_removal(made: Made) -> None:
    index.rebuild(made.spool)
    index.update(made.spool, [made.move("unsorted", "new", "refine"), made.move("run", "done")])
    assert (made.state("unsorted"), made.state("run")) == ("new", "done")
    id = made.ids["whole"]
    made.spool.path(Ticket(id, "done")).unlink()
    assert index.update(made.spool, [id, id]) == 1
    assert made.state("whole") == "missing"
    shutil.rmtree(made.spool.dir(id))
    assert index.update(made.spool, [id]) == 0
    assert made.state("whole") is None
    assert index.ask(made.spool, "select count(*) as n from events where task = ?", id) == [{"n": 0}]


def test_update_makes_the_index_if_there_is_none(made: Made) -> None:
    index.update(made.spool, [])
    assert made.state("whole") == "done"


def test_catch_up_finds_whatever_was_missed(made: Made) -> None:
    index.rebuild(made.spool)
    assert index.catch_up(made.spool) == 0
    made.move("run", "done")
    made.move("whole", "run", "reply")
    made.answer("whole", "Второй раз")
    made.move("whole", "done")
    made.spool.path(Ticket(made.ids["failed"], "failed")).unlink()
    shutil.rmtree(made.spool.dir(made.ids["failed"]))
    assert index.catch_up(made.spool) == 3
    assert made.state("run") == "done"
    assert index.query(made.spool, id=made.ids["whole"])[0]["answer"] == "Второй раз"
    assert made.state("failed") is None
    assert index.catch_up(made.spool) == 0


def test_follower(made: Made) -> None:
    follower = index.Follower(made.spool)
    follower.sync()
    assert made.state("run") == "run"
    assert follower.sync() == 0
    made.move("run", "done")
    assert follower.sync() == 1
    assert made.state("run") == "done"
    made.move("whole", "run", "reply")
    made.move("whole", "done")
    assert follower.sync() == 1
    index.path(made.spool).unlink()
    made.move("unsorted", "new", "refine")
    follower.sync()
    assert made.state("unsorted") == "new"


@pytest.mark.parametrize("garbage", [b"", b"no database at all " * 500])
def test_follower_mends_a_spoiled_index(made: Made, garbage: bytes) -> None:
    index.rebuild(made.spool)
    follower = index.Follower(made.spool)
    follower.sync()
    index.path(made.spool).write_bytes(garbage)
    made.move("run", "done")
    follower.sync()
    assert made.state("run") == "done"
    assert len(index.query(made.spool, limit=1000)) == sum(1 for _ in made.spool.tasks.glob("*/*"))


def test_a_page_spoiled_inside_is_mended(made: Made) -> None:
    index.rebuild(made.spool)
    file = index.path(made.spool)
    data = bytearray(file.read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    file.write_bytes(data)
    made.move("run", "done")
    index.Follower(made.spool).sync()
    assert made.state("run") == "done"


def test_what_changes_during_a_rebuild_is_not_lost(made: Made) -> None:
    index.rebuild(made.spool)

    def meanwhile(count: int) -> None:
        if made.spool.path(Ticket(made.ids["unsorted"], "unsorted")).exists():
            index.update(made.spool, [made.move("unsorted", "new", "refine")])
            assert made.state("unsorted") == "new"

    index.rebuild(made.spool, meanwhile)
    assert made.state("unsorted") == "new"


def test_a_reader_is_not_blocked_and_keeps_what_it_sees(made: Made) -> None:
    index.rebuild(made.spool)
    reader = sqlite3.connect(f"{index.path(made.spool).as_uri()}?mode=ro", uri=True, timeout=0)
    question = "select state from tasks where id = ?"
    reader.execute("begin")
    assert reader.execute(question, (made.ids["run"],)).fetchone() == ("run",)
    index.update(made.spool, [made.move("run", "done")])
    assert reader.execute(question, (made.ids["run"],)).fetchone() == ("run",)
    index.rebuild(made.spool)
    assert reader.execute(question, (made.ids["run"],)).fetchone() == ("run",)
    reader.close()
    assert made.state("run") == "done"
    index.update(made.spool, [made.move("run", "new", "reply")])
    assert made.state("run") == "new"
    assert index.ask(made.spool, "pragma integrity_check") == [{"integrity_check": "ok"}]


def test_without_an_index_the_question_says_what_to_do(made: Made) -> None:
    with pytest.raises(index.NoIndex, match="skazano index --rebuild"):
        index.query(made.spool)
    index.path(made.spool).write_bytes(b"garbage" * 1000)
    with pytest.raises(index.NoIndex, match="skazano index --rebuild"):
        index.query(made.spool)


def test_a_rebuild_that_is_killed_harms_nothing(made: Made) -> None:
    index.rebuild(made.spool)
    program = """
import os, signal, sys
from pathlib import Path
from skazano.views import index
from skazano.spool import Spool
index.rebuild(Spool(Path(sys.argv[1])), lambda count: os.kill(os.getpid(), signal.SIGKILL))
"""
    died = subprocess.run(
        [sys.executable, "-c", program, str(made.spool.root)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert died.returncode == -9
    assert made.state("whole") == "done"
    assert [finding for finding in fsck.fsck(made.spool) if "index" in str(finding)] == []
    index.rebuild(made.spool)
    left = sorted(path.name for path in made.spool.root.iterdir() if "index" in path.name)
    assert left == [".index.building", ".index.lock", "index.db"]


def test_hostile_values_are_stored(made: Made) -> None:
    folder = made.spool.dir(made.ids["whole"])
    (folder / "task.json").write_text(
        '{"title": "\\ud800\\u0000x", "chat": 99999999999999999999999, "seconds": 1e999, "project": ["a"]}'
    )
    (folder / "history.jsonl").write_text(
        '{"time": "2026-01-01T00:00:00Z", "ms": 1e300, "stage": {}, "cost": "x"}\n'
    )
    index.rebuild(made.spool)
    row = index.query(made.spool, id=made.ids["whole"])[0]
    assert (row["title"], row["chat"], row["seconds"], row["project"]) == ("?�x", None, None, None)


@pytest.mark.parametrize(
    ("words", "expression"),
    [
        ("Заметками", '"заметк"*'),
        ("ёлки", '"елк"*'),
        ("дом", '"дом"*'),
        ("README.md", '"readme"* "md"*'),
        ("", ""),
    ],
)
def test_match(words: str, expression: str) -> None:
    assert index_rows.match(words) == expression
