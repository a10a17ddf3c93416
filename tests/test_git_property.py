"""Random days of an owner, agents and tasks in one checkout: nothing lost, nothing mixed, and no
kill inside `prepare` or `finish` changes where they end."""

import itertools
import re
import subprocess
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from git_repos import DAY, Repo, make
from skazano import git
from skazano.git.command import Git

NAMES = ("a", "b", "dir/c", "dir/é d")
OWNER = st.tuples(st.sampled_from(["write", "stage", "delete", "untrack"]), st.sampled_from(NAMES))
PLACE = st.tuples(st.sampled_from(["main", "new", "detach", "merge", "tomorrow"]), st.just(""))
TASK = st.tuples(
    st.just("task"),
    st.lists(st.tuples(st.sampled_from(["write", "delete", "commit"]), st.sampled_from(NAMES)), max_size=3),
)
DAYS = st.lists(OWNER | OWNER | PLACE | TASK | TASK, min_size=2, max_size=9)


class World:
    """One checkout, and every content that its owner ever had in it uncommitted before a task."""

    def __init__(self, base: Path) -> None:
        self.repo = make(base / "project", base / "home")
        self.repo.commit("first", a="start\n")
        self.today = DAY
        self.count = itertools.count()
        self.owned: set[str] = set()

    def write(self, who: str, name: str) -> None:
        file = self.repo.path / name
        if file.parent.exists() and not file.parent.is_dir():
            return
        old = file.read_text() if file.exists() else ""
        self.repo.write(name, f"{old}{who} {next(self.count)}\n")

    def owner(self, act: str, name: str) -> None:
        file = self.repo.path / name
        if act == "write":
            self.write("owner", name)
        elif act == "stage":
            self.write("owner", name)
            self.repo.git("add", "--", name)
        elif act == "delete":
            file.unlink(missing_ok=True)
        elif act == "untrack":
            self.repo.git("rm", "-q", "--cached", "--ignore-unmatch", "-f", "--", name)

    def move(self, where: str) -> None:
        if where == "main":
            self.repo.git("switch", "-q", "main", ok=False)
        elif where == "new":
            self.repo.git("switch", "-q", "-c", f"feature-{next(self.count)}")
        elif where == "detach":
            self.repo.git("switch", "-q", "--detach")
            self.repo.git("commit", "-q", "--allow-empty", "-m", "detached")
        elif where == "merge" and self.repo.branch.startswith("autobot"):
            self.repo.git("branch", "-f", "main", "HEAD")
        elif where == "tomorrow":
            self.today += timedelta(days=1)

    def uncommitted(self) -> set[str]:
        """Contents that are in no commit: of changed files, and of the index."""
        repo = self.repo
        names = repo.git("ls-files", "-z", "--modified", "--others").split("\0")
        found = {(repo.path / n).read_text() for n in names if n and (repo.path / n).is_file()}
        staged = repo.git("diff", "--cached", "--no-renames", "--diff-filter=d", "--raw", "--abbrev=40", "-z")
        for blob in re.findall(
            r"^:?\S+ \S+ \S+ ([0-9a-f]{40}) [AMT]$", staged.replace("\0", "\n"), re.MULTILINE
        ):
            found.add(repo.git("cat-file", "blob", blob) + "\n")
        return found

    def reachable(self) -> set[str]:
        """Contents of every blob that a reference holds."""
        repo = self.repo
        ids = [line.split()[0] for line in repo.git("rev-list", "--objects", "--all").splitlines()]
        full = {"PATH": "/usr/bin:/bin", **repo.env}
        out = subprocess.run(
            ["git", "cat-file", "--batch"],
            input="\n".join(ids).encode(),
            cwd=repo.path,
            env=full,
            capture_output=True,
            check=True,
        ).stdout
        contents = set()
        while out:
            head, _, out = out.partition(b"\n")
            _, kind, size = head.split()
            if kind == b"blob":
                contents.add(out[: int(size)].decode())
            out = out[int(size) + 1 :]
        return contents

    def task(self, acts: list[tuple[str, str]]) -> None:
        name = f"t{next(self.count)}"
        self.owned |= self.uncommitted()
        branch_before, head_before = self.repo.branch, self.repo.head
        try:
            work = self.repo.prepare(name, self.today)
        except git.Refused:
            assert self.owned <= self.reachable() | self.tree()
            return
        assert self.repo.prepare(name, self.today).base == work.base
        assert self.repo.branch == work.branch == f"autobot/{self.today.isoformat()}"
        assert self.owned <= self.reachable() | self.tree()
        holders = self.repo.git("for-each-ref", f"--contains={head_before}", "--format=%(refname)")
        assert holders, f"{branch_before or 'detached'} was left without a reference"
        for act, where in acts:
            if act == "write":
                self.write("agent", where)
            elif act == "delete":
                (self.repo.path / where).unlink(missing_ok=True)
            elif self.repo.git("status", "--porcelain"):
                self.repo.commit("agent's own")
        commit = self.repo.finish(work, f"task {name}")
        assert self.repo.finish(work, f"task {name}") == commit
        assert self.owned <= self.reachable() | self.tree()

    def tree(self) -> set[str]:
        files = [p for p in self.repo.path.rglob("*") if p.is_file() and ".git" not in p.parts]
        return {p.read_text() for p in files}

    def check_nothing_is_mixed(self) -> None:
        for sha in self.repo.git("rev-list", "--all").split():
            added = self.repo.git("show", "--format=", "--no-renames", "-U0", sha)
            authors = set(re.findall(r"^\+(owner|agent) ", added, re.MULTILINE))
            subject = self.repo.git("log", "-1", "--format=%s", sha)
            expected = {"owner"} if subject.startswith(("wip:", "detached")) else {"agent"}
            assert authors <= expected, subject


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(DAYS)
def test_nothing_is_lost_and_nothing_is_mixed(days: list[tuple[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as base:
        world = World(Path(base))
        for act, detail in [*days, ("task", [("write", "a")])]:
            if act == "task":
                world.task(detail)
            elif act in ("write", "stage", "delete", "untrack"):
                world.owner(act, detail)
            else:
                world.move(act)
        world.check_nothing_is_mixed()


class Killed(BaseException):
    """Stands for the end of the process: nothing catches it."""


def with_a_kill(number: int, action: Callable[[], object]) -> bool:
    """Run `action`, dying before its git process of that number; False if it had fewer."""
    count = itertools.count()
    run = Git._run

    def dying(self: Git, *args: Any) -> Any:
        if next(count) == number:
            raise Killed
        return run(self, *args)

    with patch.object(Git, "_run", dying):
        try:
            action()
        except Killed:
            return True
    return False


def staged_and_more(repo: Repo) -> None:
    repo.write("a", "staged\n")
    repo.git("add", "a")
    repo.write("a", "tree\n")
    repo.write("new", "1\n")
    repo.write(".env", "A=1\n")


def on_a_feature(repo: Repo) -> None:
    repo.git("switch", "-q", "-c", "feature")
    repo.write("new", "1\n")


def detached(repo: Repo) -> None:
    repo.git("switch", "-q", "--detach")
    repo.write("new", "1\n")


def in_the_way(repo: Repo) -> None:
    repo.task("t0", a="agent\n")
    repo.git("switch", "-q", "main")
    repo.write("a", "owner\n")


@pytest.mark.parametrize("scene", [staged_and_more, on_a_feature, detached, in_the_way])
def test_a_kill_at_any_step_of_prepare_ends_at_the_same_place(
    tmp_path: Path, scene: Callable[[Repo], None]
) -> None:
    expected: list[object] = []
    for number in itertools.count():
        repo = make(tmp_path / str(number), tmp_path / "home")
        repo.commit("first", a="start\n")
        scene(repo)
        died = with_a_kill(number, repo.prepare)
        repo.prepare()
        branches = repo.git(
            "for-each-ref", "--format=%(refname:short) %(contents:subject) %(tree)", "refs/heads"
        )
        place = (repo.branch, branches, repo.git("status", "--porcelain"))
        expected = expected or [place]
        if not died:
            assert place == expected[0]
            assert number > 5
            break
        assert place == expected[0], f"killed before process {number}"


def test_a_kill_at_any_step_of_finish_gives_the_same_commit(tmp_path: Path) -> None:
    for number in itertools.count():
        repo = make(tmp_path / str(number), tmp_path / "home")
        repo.commit("first", a="start\n")
        work = repo.prepare()
        repo.commit("agent's own", b="1\n", secret="ghp_" + "a1B2c3D4e5" * 4)
        repo.write("c", "1\n")
        died = with_a_kill(number, lambda repo=repo, work=work: repo.finish(work))  # type: ignore[misc]
        commit = repo.finish(work)
        assert [made.subject for made in commit.commits] == ["done"], f"killed before process {number}"
        assert repo.files() == ["b", "c"]
        assert [item.path for item in commit.left_out] == ["secret"]
        if not died:
            break
    assert number > 8
    assert isinstance(commit, git.Commit)
