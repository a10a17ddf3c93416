"""Push and undo against real bare remotes, by path and over HTTP."""

from datetime import date
from pathlib import Path

import pytest

from git_repos import BRANCH, Repo, clone, http_server, make, make_bare
from skazano import git
from skazano.git.push import push_state


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def bare(tmp_path: Path, home: Path) -> Repo:
    return make_bare(tmp_path / "srv" / "bare.git", home)


@pytest.fixture
def repo(tmp_path: Path, home: Path, bare: Repo) -> Repo:
    repo = make(tmp_path / "project", home)
    repo.commit("first", readme="one\n", other="x\n")
    repo.git("remote", "add", "origin", str(bare.path))
    repo.git("push", "-q", "-u", "origin", "main")
    return repo


@pytest.fixture
def other(repo: Repo, bare: Repo, tmp_path: Path, home: Path) -> Repo:
    """Another box's clone, which pushed a commit on the day's branch before us."""
    other = clone(bare.path, tmp_path / "other", home)
    other.task("far", readme="theirs\n")
    return other


def test_pushed(repo: Repo, bare: Repo) -> None:
    commit = repo.task("t1", a="1")
    result = repo.push()
    assert (result.ok, result.state, result.pushed_branch, result.again) == (True, "pushed", BRANCH, False)
    assert bare.git("rev-parse", BRANCH) == commit.head
    assert repo.git("rev-parse", "--abbrev-ref", f"{BRANCH}@{{upstream}}") == f"origin/{BRANCH}"
    assert repo.push().ok


def test_no_remote(tmp_path: Path, home: Path) -> None:
    repo = make(tmp_path / "p", home)
    repo.commit()
    assert repo.push("main") == git.PushResult(False, "no remote", "main")


def test_the_only_remote_of_another_name(repo: Repo, bare: Repo) -> None:
    repo.git("remote", "rename", "origin", "upstream")
    commit = repo.task("t1", a="1")
    assert repo.push().ok
    assert bare.git("rev-parse", BRANCH) == commit.head


def test_rejected_is_rebased_once(repo: Repo, other: Repo, bare: Repo) -> None:
    work = repo.prepare()
    own = repo.commit("agent's own", a="1\n")
    repo.write("b", "1\n")
    repo.write(".env", "left=out\n")
    commit = repo.finish(work)
    assert other.push().ok
    far = other.head
    result = repo.push()
    assert (result.ok, result.pushed_branch, result.onto) == (True, BRANCH, far)
    moved = git.rebased(commit, result)
    assert bare.git("rev-list", "--reverse", f"{far}..{BRANCH}").split() == [
        made.sha for made in moved.commits
    ]
    assert (moved.base, moved.head) == (far, repo.head)
    assert own in result.moved
    assert (repo.path / ".env").read_text() == "left=out\n"


def test_a_rebase_that_could_not_be_pushed_is_taken_back(repo: Repo, other: Repo, bare: Repo) -> None:
    commit = repo.task("t1", a="1\n")
    assert other.push().ok
    bare.write("hooks/pre-receive", "#!/bin/sh\nexit 1\n").chmod(0o755)
    result = repo.push()
    assert (result.state, result.moved, result.onto) == ("denied", {}, None)
    assert (repo.head, repo.git("status", "--porcelain")) == (commit.head, "")


def test_rejected_and_conflicting_goes_under_a_second_name(repo: Repo, other: Repo, bare: Repo) -> None:
    commit = repo.task("t1", readme="ours\n")
    assert other.push().ok
    result = repo.push()
    assert (result.ok, result.pushed_branch, result.moved) == (True, f"{BRANCH}-2", {})
    assert bare.git("rev-parse", f"{BRANCH}-2") == commit.head
    assert bare.git("rev-parse", BRANCH) == other.head
    assert repo.git("status", "--porcelain", "--branch").startswith(f"## {BRANCH}")
    second = repo.task("t2", b="1")
    assert repo.push().pushed_branch == f"{BRANCH}-2"
    assert bare.git("rev-parse", f"{BRANCH}-2") == second.head


def test_uncommitted_changes_prevent_the_rebase_not_the_push(repo: Repo, other: Repo) -> None:
    repo.task("t1", a="1")
    repo.write("readme", "owner is typing\n")
    assert other.push().ok
    assert repo.push().pushed_branch == f"{BRANCH}-2"
    assert (repo.path / "readme").read_text() == "owner is typing\n"


def test_another_branch_than_the_checkouts(repo: Repo, other: Repo, bare: Repo) -> None:
    commit = repo.task("t1", a="1")
    assert other.push().ok
    repo.git("switch", "-q", "main")
    assert repo.push().pushed_branch == f"{BRANCH}-2"
    assert bare.git("rev-parse", f"{BRANCH}-2") == commit.head
    assert repo.branch == "main"


def test_a_branch_in_the_way_on_the_remote(repo: Repo, bare: Repo) -> None:
    repo.task("t1", a="1")
    bare.git("branch", "autobot", "main")
    result = repo.push()
    assert (result.ok, result.pushed_branch) == (True, "autobot-2026-11-22")


def test_a_remote_hook_that_declines(repo: Repo, bare: Repo) -> None:
    repo.task("t1", a="1")
    bare.write("hooks/pre-receive", "#!/bin/sh\necho no thanks >&2\nexit 1\n").chmod(0o755)
    result = repo.push()
    assert (result.ok, result.state, result.again) == (False, "denied", False)
    assert "no thanks" in result.detail


def test_a_local_hook_that_declines(repo: Repo) -> None:
    repo.task("t1", a="1")
    repo.write(".git/hooks/pre-push", "#!/bin/sh\necho tests fail >&2\nexit 1\n").chmod(0o755)
    result = repo.push()
    assert (result.ok, result.state) == (False, "failed")
    assert "tests fail" in result.detail


def test_a_remote_that_is_gone(repo: Repo, bare: Repo) -> None:
    repo.task("t1", a="1")
    bare.path.rename(bare.path.with_name("elsewhere"))
    assert repo.push().state == "denied"


def test_over_http_with_a_password_that_is_never_shown(repo: Repo, bare: Repo) -> None:
    bare.git("config", "http.receivepack", "true")
    with http_server(bare.path.parent, "p4ss") as url:
        host = url.removeprefix("http://")
        repo.git("remote", "set-url", "origin", f"http://me:p4ss@{host}/bare.git")
        commit = repo.task("t1", a="1")
        assert commit.commits[0].link == f"http://{host}/bare/commit/{repo.head}"
        assert repo.push().ok
        assert bare.git("rev-parse", BRANCH) == commit.head
        repo.git("remote", "set-url", "origin", f"http://me:wr0ng@{host}/bare.git")
        repo.task("t2", b="1")
        result = repo.push()
    assert (result.ok, result.state) == (False, "denied")
    assert "wr0ng" not in repr(result)
    assert host in result.detail


@pytest.mark.parametrize(
    ("status", "state"), [(403, "denied"), (404, "denied"), (502, "offline"), (429, "offline")]
)
def test_http_errors(repo: Repo, tmp_path: Path, status: int, state: str) -> None:
    repo.task("t1", a="1")
    with http_server(tmp_path, status=status) as url:
        repo.git("remote", "set-url", "origin", f"{url}/bare.git")
        result = repo.push()
    assert (result.ok, result.state, result.again) == (False, state, state == "offline")


def test_nobody_listens(repo: Repo) -> None:
    repo.task("t1", a="1")
    repo.git("remote", "set-url", "origin", "http://me:s3cret@127.0.0.1:9/bare.git")
    result = repo.push()
    assert (result.state, result.again) == ("offline", True)
    assert "s3cret" not in repr(result)


def test_a_remote_that_never_answers(repo: Repo, tmp_path: Path) -> None:
    repo.task("t1", a="1")
    slow = repo.write(".git/slow", "#!/bin/sh\nsleep 600\n")
    slow.chmod(0o755)
    repo.git("config", "remote.origin.receivepack", str(slow))
    result = repo.push(seconds=0.5)
    assert (result.ok, result.state, result.again) == (False, "offline", True)


def test_a_submodule_commit_that_nobody_has_is_not_pushed(repo: Repo, tmp_path: Path, home: Path) -> None:
    library = make(tmp_path / "library", home)
    library.commit("lib", code="1\n")
    repo.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(library.path), "lib")
    repo.commit("with submodule")
    work = repo.prepare()
    inner = Repo(repo.path / "lib", home)
    inner.git("config", "user.name", "A")
    inner.git("config", "user.email", "a@example.org")
    inner.commit("agent in the submodule", code="2\n")
    repo.finish(work)
    result = repo.push()
    assert not result.ok
    assert "lib" in result.detail


@pytest.mark.parametrize(
    ("porcelain", "err", "state"),
    [
        ("!\ta:b\t[rejected] (fetch first)\nDone", "", "rejected"),
        ("!\ta:b\t[remote rejected] (pre-receive hook declined)", "remote: GH013: secret", "denied"),
        ("!\ta:b\t[remote rejected] (cannot lock ref 'x': is at 1 but expected 2)", "", "rejected"),
        ("", "fatal: unable to access 'https://x/': Could not resolve host: x", "offline"),
        (
            "",
            "ssh: connect to host x port 22: Connection timed out\nfatal: Could not read from remote",
            "offline",
        ),
        ("", "git@github.com: Permission denied (publickey).", "denied"),
        ("", "remote: Repository not found.\nfatal: repository 'x' not found", "denied"),
        ("", "fatal: something else", "failed"),
    ],
)
def test_what_a_push_says(porcelain: str, err: str, state: str) -> None:
    assert push_state(porcelain, err) == state


# --- undo


def test_undo_reverts_all_commits_of_the_task_and_pushes(repo: Repo, bare: Repo) -> None:
    work = repo.prepare()
    repo.commit("agent's own", readme="agent\n", a="1\n")
    repo.write("other", "changed\n")
    commit = repo.finish(work, "Сделай")
    repo.push()
    done = repo.undo("t1", commits=[made.sha for made in commit.commits])
    assert done.ok
    assert done.push is not None
    assert done.push.ok
    assert repo.git("diff", work.base or "", "HEAD") == ""
    assert repo.subjects()[0] == "Отмена: agent's own"
    assert repo.git("log", "-1", "--format=%(trailers:key=Undoes,valueonly)").strip() == "t1"
    assert bare.git("rev-parse", BRANCH) == done.sha == repo.head


def test_undo_twice_is_once(repo: Repo) -> None:
    repo.task("t1", a="1\n")
    first = repo.undo("t1")
    second = repo.undo("t1")
    assert first.ok
    assert second.sha == first.sha == repo.head


def test_undo_keeps_later_tasks_and_the_owners_work(repo: Repo) -> None:
    repo.task("t1", a="1\n")
    repo.task("t2", b="1\n")
    repo.write("mine", "owner\n")
    assert repo.undo("t1").ok
    assert not (repo.path / "a").exists()
    assert (repo.path / "b").read_text() == "1\n"
    assert repo.subjects()[:2] == ["Отмена: task t1", "wip: uncommitted work before task t1"]


def test_undo_that_conflicts_changes_nothing(repo: Repo) -> None:
    commit = repo.task("t1", a="1\n", b="1\n")
    repo.task("t2", b="2\n")
    head = repo.head
    repo.write(".env", "left=out\n")
    done = repo.undo("t1", commits=[commit.head or ""])
    assert not done.ok
    assert "изменились" in (done.error or "")
    assert repo.head == head
    assert repo.git("status", "--porcelain") == "?? .env"
    assert (repo.path / "b").read_text() == "2\n"


def test_undo_of_a_task_merged_into_main_the_day_after(repo: Repo) -> None:
    repo.task("t1", a="1\n")
    repo.git("switch", "-q", "main")
    repo.git("merge", "-q", "--no-ff", "-m", "merged", BRANCH)
    done = git.undo(repo.path, "t1", today=date(2026, 11, 23), env=repo.env)
    assert (done.ok, done.branch) == (True, "autobot/2026-11-23")
    assert not (repo.path / "a").exists()


def test_undo_of_a_merge_by_the_agent(repo: Repo) -> None:
    work = repo.prepare()
    repo.git("switch", "-q", "-c", "side")
    repo.commit("side", a="1\n")
    repo.git("switch", "-q", BRANCH)
    repo.git("merge", "-q", "--no-ff", "-m", "agent merged", "side")
    commit = repo.finish(work)
    assert repo.undo("t1", commits=[made.sha for made in commit.commits]).ok
    assert not (repo.path / "a").exists()


def test_undo_of_what_is_not_there(repo: Repo) -> None:
    repo.task("t1", a="1\n")
    repo.prepare("t2")
    (repo.path / "x").write_text("Task: t9")
    commit = repo.finish(repo.prepare("t3"), "Task: t9")
    assert commit.commits == []
    assert not repo.undo("t9").ok
    assert not repo.undo("t1.").ok
    with pytest.raises(ValueError, match="task id"):
        repo.undo("--all")
    assert repo.undo("t1").ok
    (repo.path / "a").write_text("1\n")
