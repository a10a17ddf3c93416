"""Fixtures that several tests share: a Bot API server, a small world, and a town where all programs run."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from botapi import BotApi
from demo_world import World
from mock_llm import MockLlm
from skazano.spool import Spool
from stages import Person, Town

if TYPE_CHECKING:
    from real_agents import Agents
    from tooler_box import Far


@pytest.fixture
def api() -> Iterator[BotApi]:
    with BotApi() as server:
        yield server


@pytest.fixture
def world(tmp_path: Path, api: BotApi) -> World:
    """A folder with a configuration; nothing runs in it."""
    return World(tmp_path, api)


@pytest.fixture
def spool(world: World) -> Spool:
    """The world's spool."""
    return Spool.open(world.spool)


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Every program as a process of its own; each test is another person in it."""
    with BotApi() as api:
        made = Town(tmp_path_factory.mktemp("town"), api)
        made.world.project("demo", "Демо", aliases=["сайт"], tools=["note", "stamp"])
        made.world.project("stamp", "Учёт", tool="stamp")
        made.world.project("fails", "Поломка", tool="fails")
        made.world.project("sleeps", "Долгое дело", tool="sleeps")
        made.world.project("tags", "Разметка", tool="tags", remote=False)
        with made:
            yield made


@pytest.fixture
def person(town: Town) -> Person:
    """Somebody in the town who has said nothing yet."""
    return town.person()


@pytest.fixture(scope="module")
def llm() -> Iterator[MockLlm]:
    """A model server that agents and chats talk to."""
    with MockLlm() as made:
        yield made


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Far]:
    """Another box, with a tooler at work and the project `demo`."""
    from tooler_box import Far

    made = Far(tmp_path_factory.mktemp("far"))
    made.project("demo")
    made.start()
    yield made
    made.stop(signal.SIGKILL)


@pytest.fixture
def agents(tmp_path: Path, llm: MockLlm) -> Agents:
    """A world in which the real claude and codex talk to it."""
    from real_agents import Agents

    return Agents(tmp_path, llm)


# Whole files that `./install.sh test --quick` leaves out, so that what a developer runs all day takes less
# than two minutes: they drive models, browsers, agents and whole boxes, or try every system call.
THOROUGH = """
asr asr_compare asr_export audio backup chaos claude cli codex download execute git git_lfs
git_property git_push install pages pipeline press spool_kills thinking tooler tooler_api
tooler_client tooler_execute tools_browser tools_chat tools_runs tools_town tts undo
""".split()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is thorough as slow."""
    for item in items:
        if item.path.stem.removeprefix("test_") in THOROUGH:
            item.add_marker(pytest.mark.slow)
