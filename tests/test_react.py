"""react: one reaction on each message, telling where its task stands."""

from __future__ import annotations

from typing import Any

import pytest

from botapi import BotApi
from botapi_query import METHODS, Query
from botapi_state import State, too_many
from demo_world import OWNER, World
from skazano.spool import Spool
from skazano.task import TaskDir
from stages import log_of, once, put, running, terminate


def stands(api: BotApi, spool: Spool, place: str) -> tuple[TaskDir, int]:
    """A task of a real message, its ticket put there."""
    message = api.say_text("дело")
    task = put(spool, "route", {"transcript.txt": "дело"}, message=message["message_id"])
    target = spool.root / place.format(id=task.id)
    target.parent.mkdir(exist_ok=True)
    (spool.root / "route" / "new" / f"{task.id},0").rename(target)
    return task, int(message["message_id"])


PLACES = {
    "route/new/{id},0": "👀", "transcribe/later/{id},1": "👀",
    "execute/run/{id},1": "✍", "speak/new/{id},0": "✍",
    "unsorted/{id}": "🤔", "hold/execute,{id},1": "🤔", "done/2026-11/{id}": "👍", "failed/{id}": "💔",
}  # fmt: skip


def test_the_reaction_follows_the_ticket(api: BotApi, world: World, spool: Spool) -> None:
    wanted = {}
    for place, emoji in PLACES.items():
        task, message = stands(api, spool, place)
        if "done" in place:
            real = spool.root / "done" / f"{task.id[:4]}-{task.id[4:6]}"
            real.mkdir(exist_ok=True)
            (spool.root / "done" / "2026-11" / task.id).rename(real / task.id)
        wanted[OWNER, message] = emoji
    assert once(world, "react").code == 0
    assert api.reactions == wanted
    before = len(api.calls)
    once(world, "react")
    assert len(api.calls) == before  # nothing changed, nothing is said


@pytest.mark.parametrize(
    "fault",
    [{"what": "status"}, {"what": "drop"}, {"what": "drop", "after": True}, {"what": "flood", "seconds": 1}],
    ids=["502", "drop", "drop-after", "429"],
)
def test_what_could_not_be_set_is_set_later(
    api: BotApi, world: World, spool: Spool, fault: dict[str, Any]
) -> None:
    _, message = stands(api, spool, "route/new/{id},0")
    _, other = stands(api, spool, "execute/new/{id},0")
    api.fault(method="setMessageReaction", **fault)
    ended = once(world, "react")
    assert ended.code == 0
    assert "reactions wait" in ended.log
    assert api.token.split(":")[1] not in ended.log
    once(world, "react")
    assert api.reactions == {(OWNER, message): "👀", (OWNER, other): "✍"}


def test_one_that_telegram_stumbles_over_keeps_no_other_from_being_set(
    api: BotApi, world: World, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, bad = stands(api, spool, "route/new/{id},0")
    plain = METHODS["setMessageReaction"]

    def stumbles(state: State, query: Query) -> Any:
        if query.number("message_id") == bad:
            raise too_many(1)
        return plain(state, query)

    monkeypatch.setitem(METHODS, "setMessageReaction", stumbles)
    with running(world, "react"):
        _, good = stands(api, spool, "route/new/{id},0")
        api.wait_for(lambda: api.reactions == {(OWNER, good): "👀"})


def test_a_message_that_is_gone_is_given_up(api: BotApi, world: World, spool: Spool) -> None:
    _, message = stands(api, spool, "route/new/{id},0")
    _, other = stands(api, spool, "execute/new/{id},0")
    api.delete(message)
    assert once(world, "react").code == 0
    assert api.reactions == {(OWNER, other): "✍"}
    before = len(api.calls)
    once(world, "react")
    assert len(api.calls) == before


def test_who_blocked_the_bot_stops_nobody(api: BotApi, world: World, spool: Spool) -> None:
    stands(api, spool, "route/new/{id},0")
    api.block(OWNER)
    assert once(world, "react").code == 0


def test_what_lies_in_hold_for_a_moment_is_no_question(api: BotApi, world: World, spool: Spool) -> None:
    task, message = stands(api, spool, "execute/new/{id},0")
    with spool.take(task.id):  # a person acts on it
        once(world, "react")
        assert api.reactions == {}
    once(world, "react")
    assert api.reactions == {(OWNER, message): "🤔"}  # who acted died


def test_it_works_while_it_runs_and_stops_at_once(api: BotApi, world: World, spool: Spool) -> None:
    with running(world, "react") as program:
        _, message = stands(api, spool, "route/new/{id},0")
        api.wait_for(lambda: api.reactions.get((OWNER, message)) == "👀")
        assert terminate(program) == 0
        assert "stopped" in log_of(program)
