"""Everything is killed at random moments while people speak: nothing is lost, nothing is done twice, everyone
is answered. Kills and messages come in the order of a seeded dice; when each meets its victim is chance."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from botapi import BotApi
from demo_world import VOICES, World, git
from skazano import files
from skazano.spool import Spool
from skazano.task import TaskDir
from skazano.upkeep.fsck import fsck
from skazano.upkeep.supervise import Supervisor
from stages import Person, Said, Town, counts, everything_below, family, put, runner_of

MARK = "(Возможно, повтор"
NOTICE = "Ждёт очереди: "  # is told while the task waits: no answer
PROJECTS = ("alpha", "beta", "gamma", "delta")


class Chaos:
    """A town without its watching thread: `step` is called here, between one kill and the next."""

    def __init__(self, root: Path, api: BotApi, seed: int) -> None:
        self.api = api
        self.town = Town(root, api)
        for slug in PROJECTS:
            self.town.world.project(slug, slug.title(), tool="stamp")
        self.dice = random.Random(seed)
        self.people = [self.town.person() for _ in PROJECTS]
        for person, slug in zip(self.people, PROJECTS, strict=True):
            person.works_on(slug)
        self.said: list[tuple[Person, Said]] = []
        self.kills: Counter[str] = Counter()

    @property
    def spool(self) -> Spool:
        return self.town.spool

    def say(self, voice: bool) -> None:
        person = self.dice.choice(self.people)
        if voice:
            self.said.append((person, person.voice(VOICES / "02-request-note.oga")))
        else:
            self.said.append((person, person.text(f"отметь дело номер {len(self.said)}")))

    def kill(self) -> None:
        program = self.dice.choice(self.town.supervisor.programs)
        if program.process is not None and program.process.poll() is None:
            program.process.send_signal(signal.SIGKILL)
            self.kills[program.name] += 1

    def kill_a_run(self) -> None:
        """SIGKILL for a runner, as an owner's `kill -9` or the kernel's would."""
        for ticket in self.spool.tickets("run", "execute"):
            try:
                os.kill(runner_of(TaskDir(self.spool.dir(ticket.id))), signal.SIGKILL)
            except (LookupError, ProcessLookupError):
                continue
            self.kills["runner"] += 1
            return

    def play(self, messages: int, voices: int, kills: int) -> None:
        """Say so many messages and kill so many times, mixed."""
        acts = ["text"] * (messages - voices) + ["voice"] * voices + ["kill"] * kills
        self.dice.shuffle(acts)
        for act in acts:
            if act == "kill":
                self.kill()
            else:
                self.say(act == "voice")
            self.town.supervisor.step(self.dice.uniform(0.0, 0.3))

    def settle(self, seconds: float) -> None:
        """Kill nothing more; wait until each task rests in done/, or in hold/ and was asked about."""
        end = time.monotonic() + seconds
        while not self.rests():
            assert time.monotonic() < end, f"not at rest: {counts(self.spool)}"
            self.town.supervisor.step(0.2)

    def rests(self) -> bool:
        resting = {ticket.id for ticket in self.spool.tickets("done")}
        for ticket in self.spool.tickets("hold"):
            if (files.read_json(self.spool.dir(ticket.id) / "ask.json") or {}).get("asked"):
                resting.add(ticket.id)
        return all(task.id in resting for _, task in self.said) and not self.api.pending

    def check(self) -> None:
        held = {ticket.id for ticket in self.spool.tickets("hold")}
        runs = Counter(self.town.stamped())
        wanted = Counter(task.id for _, task in self.said if task.id not in held)
        assert {id: count for id, count in runs.items() if id not in held} == dict(wanted)
        assert all(runs[id] <= 1 for id in held)
        for person, task in self.said:
            answers = [a.text for a in person.answers_to(task) if not a.text.startswith(NOTICE)]
            assert answers, f"{task.id} was never answered"
            plain = [text for text in answers if not text.startswith(MARK)]
            assert len(plain) <= 1, f"{task.id} was answered twice without a word: {answers}"
        assert fsck(self.spool) == []
        done = [ticket.id for ticket in self.spool.tickets("done")]
        assert sorted(done) == sorted(set(done))
        secret = self.api.token.split(":")[1].encode()
        holders = [path for path, data in everything_below(self.town.world.root) if secret in data]
        assert holders == [self.town.world.etc / "secrets" / "telegram"]

    def committed(self) -> Counter[str]:
        """The tasks that have a commit in a remote, each as often as it has one."""
        found: Counter[str] = Counter()
        for slug in PROJECTS:
            bare = self.town.world.remote(slug)
            found.update(git(bare, "log", "--all", "--format=%(trailers:key=Task,valueonly)").split())
        return found


def played(root: Path, seed: int, messages: int, voices: int, kills: int, runs: int = 0) -> None:
    with BotApi() as api:
        chaos = Chaos(root, api, seed)
        with chaos.town.supervisor as supervisor:
            supervisor.wait_ready()
            share = runs + 1
            for number in range(share):
                chaos.play(messages // share, voices // share, kills // share)
                if number:
                    chaos.kill_a_run()
            chaos.settle(seconds=600)
        chaos.check()
        commits = chaos.committed()
        held = {ticket.id for ticket in chaos.spool.tickets("hold")}
        assert {task.id for _, task in chaos.said} - held <= set(commits)
        assert max(commits.values()) == 1
        assert sum(chaos.kills.values()) > kills / 3


def test_twenty_tasks(tmp_path: Path) -> None:
    played(tmp_path, seed=1, messages=20, voices=2, kills=24)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2])
def test_two_hundred_tasks(tmp_path: Path, seed: int) -> None:
    played(tmp_path, seed, messages=200, voices=20, kills=200)


@pytest.mark.slow
def test_runs_are_killed_too(tmp_path: Path) -> None:
    played(tmp_path, seed=3, messages=60, voices=0, kills=60, runs=5)


SLOW_STAMP = """
[tools.slow]
kind = "command"
command = "/bin/sh"
args = ["-c", "echo $SKAZANO_TASK >> {root}/stamps.log; sleep 0.1; date +%N >> work.txt; echo Готово."]
"""


@pytest.mark.slow
def test_a_hundred_runs_while_execute_is_killed(tmp_path: Path, api: BotApi) -> None:
    world = World(tmp_path, api, more=SLOW_STAMP.format(root=tmp_path))
    for slug in PROJECTS:
        world.project(slug, slug.title(), tool="slow")
    spool, dice, kills = Spool.open(world.spool), random.Random(4), 0
    words = {"prompt.md": "отметь дело", "request.txt": "отметь дело"}
    tasks = [put(spool, "execute", words, project=PROJECTS[n % 4], title=f"Дело {n}") for n in range(100)]
    with Supervisor(world.config, ["execute", "summarize", "reply"], logs=tmp_path / "logs") as supervisor:
        victim, end = supervisor.programs[0], time.monotonic() + 600
        while len(list(spool.tickets("done"))) < len(tasks):
            assert time.monotonic() < end, f"not at rest: {counts(spool)}"
            kill_at = time.monotonic() + dice.uniform(0.3, 2.0)  # of which its start takes the most
            while (left := kill_at - time.monotonic()) > 0:
                supervisor.step(min(left, 0.05))
            if victim.process is not None:
                victim.process.kill()
                kills += 1
            victim.start_at = victim.delay = 0.0  # it comes back at once, however often it is killed
    ids = sorted(task.id for task in tasks)
    assert kills > 20
    assert sorted((tmp_path / "stamps.log").read_text().split()) == ids
    told = [answer.text for answer in api.replies() if not answer.text.startswith((MARK, NOTICE))]
    assert len(told) == len(ids)
    remotes = [world.remote(slug) for slug in PROJECTS]
    trailers = [git(bare, "log", "--all", "--format=%(trailers:key=Task,valueonly)") for bare in remotes]
    assert sorted(" ".join(trailers).split()) == ids
    assert fsck(spool) == []
    assert [task.id for task in tasks if family(task.id)] == []
