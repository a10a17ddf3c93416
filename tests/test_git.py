"""The owner's work, the day's branch and the task's commit, on real repositories."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from git_repos import BRANCH, DAY, Repo, clone, make, make_bare
from skazano import git
from skazano.git.command import Git
from tooler_box import until

NEXT = date(2026, 11, 23)
KEY = "ghp_" + "a1B2c3D4e5" * 4


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def repo(tmp_path: Path, home: Path) -> Repo:
    repo = make(tmp_path / "project", home)
    repo.commit("first", readme="one\ntwo\n", other="x\n")
    return repo


@pytest.fixture
def remote(repo: Repo, tmp_path: Path, home: Path) -> Repo:
    bare = make_bare(tmp_path / "bare.git", home)
    repo.git("remote", "add", "origin", str(bare.path))
    repo.git("push", "-q", "-u", "origin", "main")
    return bare


# --- prepare: where the work begins


def test_no_git_is_none(tmp_path: Path, repo: Repo) -> None:
    inner = repo.path / "inner"
    inner.mkdir()
    assert git.prepare(tmp_path, "t", today=DAY) is None
    assert git.prepare(inner, "t", today=DAY) is None
    assert git.finish(inner, git.Work("t", "b", None), "s", {}) is None
    assert git.push(inner, "b").state == "no remote"


def test_broken_git_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "p" / ".git").mkdir(parents=True)
    with pytest.raises(git.GitError, match="not a git repository"):
        git.prepare(tmp_path / "p", "t", today=DAY)


def test_clean_checkout_begins_at_the_default_branch(repo: Repo) -> None:
    work = repo.prepare()
    assert (work.branch, work.base, work.default, work.owner) == (BRANCH, repo.head, "main", [])
    assert repo.branch == BRANCH
    assert repo.head == repo.git("rev-parse", "main")


def test_owners_work_is_committed_apart(repo: Repo) -> None:
    main = repo.head
    repo.write("readme", "one\nchanged\n")
    repo.write("new folder/Новый файл.txt", "mine")
    (repo.path / "other").unlink()
    work = repo.prepare("20261122-180431-tg-5512-89")
    assert repo.git("rev-parse", "main") == main
    assert repo.subjects() == ["wip: uncommitted work before task 20261122-180431-tg-5512-89", "first"]
    assert work.owner == [git.OwnerCommit(repo.head, repo.subjects()[0], BRANCH)]
    assert work.base == repo.head
    assert repo.git("status", "--porcelain") == ""
    assert (repo.path / "new folder/Новый файл.txt").read_text() == "mine"


def test_twice_is_once(repo: Repo) -> None:
    repo.write("mine", "1")
    first, second = repo.prepare(), repo.prepare()
    assert (first.branch, first.base) == (second.branch, second.base)
    assert repo.subjects() == ["wip: uncommitted work before task t1", "first"]


def test_staged_and_unstaged_contents_are_both_kept(repo: Repo) -> None:
    repo.write("readme", "staged\n")
    repo.git("add", "readme")
    repo.write("readme", "in the tree\n")
    repo.write("gone", "staged only\n")
    repo.git("add", "gone")
    (repo.path / "gone").unlink()
    work = repo.prepare()
    assert len(work.owner) == 2
    staged, tree = (made.sha for made in work.owner)
    assert repo.git("show", f"{staged}:readme") == "staged"
    assert repo.git("show", f"{staged}:gone") == "staged only"
    assert repo.git("show", f"{tree}:readme") == "in the tree"
    assert not (repo.path / "gone").exists()


def test_untracking_is_not_undone(repo: Repo) -> None:
    repo.git("rm", "-q", "--cached", "other")
    repo.write(".gitignore", "other\n")
    work = repo.prepare()
    assert repo.files() == [".gitignore", "other"]
    assert (repo.path / "other").exists()
    repo.write("readme", "agent")
    repo.finish(work)


def test_work_on_another_branch_stays_there(repo: Repo) -> None:
    repo.git("switch", "-q", "-c", "feature")
    repo.write("mine", "uncommitted")
    work = repo.prepare()
    assert work.owner[0].branch == "feature"
    assert repo.subjects("feature") == ["wip: uncommitted work before task t1", "first"]
    assert (repo.branch, repo.subjects()) == (BRANCH, ["first"])
    assert not (repo.path / "mine").exists()


def test_work_on_the_default_branch_comes_along_to_an_existing_day(repo: Repo) -> None:
    repo.task("t1", agent="1\n")
    repo.git("switch", "-q", "main")
    repo.write("mine", "1")
    repo.prepare("t2")
    assert repo.subjects() == ["wip: uncommitted work before task t2", "task t1", "first"]
    assert repo.subjects("main") == ["first"]


def test_work_that_does_not_fit_the_day_stays_on_the_default_branch(repo: Repo) -> None:
    repo.task("t1", readme="agent\n")
    repo.git("switch", "-q", "main")
    repo.write("readme", "owner\n")
    work = repo.prepare("t2")
    assert repo.subjects("main")[0] == "wip: uncommitted work before task t2"
    assert (work.owner[0].branch, repo.branch) == ("main", BRANCH)
    assert (repo.path / "readme").read_text() == "agent\n"
    assert repo.prepare("t2").base == work.base


def test_detached_head_with_work_and_commits(repo: Repo) -> None:
    repo.git("switch", "-q", "--detach")
    own = repo.commit("detached commit", a="1")
    work = repo.prepare("t1")
    assert repo.git("rev-parse", "autobot/wip-t1") == own
    assert repo.subjects() == ["first"]
    repo.git("switch", "-q", "--detach", own)
    repo.write("mine", "1")
    work = repo.prepare("t1")
    assert work.owner[0].branch == "autobot/wip-t1-2"
    assert repo.subjects("autobot/wip-t1-2")[1] == "detached commit"
    assert repo.branch == BRANCH


def test_unborn_and_empty(tmp_path: Path, home: Path) -> None:
    repo = make(tmp_path / "p", home)
    work = repo.prepare()
    assert (work.branch, work.base) == (BRANCH, None)
    assert repo.prepare() == work
    repo.write("a", "1")
    commit, patch = repo.finish_with_patch(work, "Начало")
    assert [made.subject for made in commit.commits] == ["Начало"]
    assert commit.numstat == [git.Changed("a", 1, 0)]
    assert b"+1" in patch
    assert (repo.branch, repo.subjects()) == (BRANCH, ["Начало"])


def test_unborn_with_the_owners_files(tmp_path: Path, home: Path) -> None:
    repo = make(tmp_path / "p", home)
    repo.write("a", "1")
    work = repo.prepare()
    assert work.owner[0].branch == "main"
    assert (repo.branch, repo.head, work.base) == (BRANCH, repo.git("rev-parse", "main"), repo.head)


def test_no_identity_is_ours_and_a_known_one_is_kept(tmp_path: Path, home: Path) -> None:
    repo = make(tmp_path / "p", home, identity=False)
    repo.write("a", "1")
    repo.prepare()
    assert repo.git("log", "-1", "--format=%an %ae %cn") == "Skazano skazano@localhost Skazano"
    repo.git("config", "--global", "user.name", "Global")
    repo.git("config", "--global", "user.email", "g@example.org")
    repo.write("a", "2")
    repo.prepare("t2")
    assert repo.git("log", "-1", "--format=%an %ae") == "Global g@example.org"


@pytest.mark.parametrize("command", ["merge", "rebase", "cherry-pick", "revert"])
def test_an_unfinished_command_of_the_owner_is_refused(repo: Repo, command: str) -> None:
    repo.git("switch", "-q", "-c", "side")
    repo.commit("side", readme="side\n")
    repo.git("switch", "-q", "main")
    repo.commit("main", readme="main\n")
    repo.commit("more", readme="more\n")
    repo.git(command, "HEAD~1" if command == "revert" else "side", ok=False)
    before = repo.git("status", "--porcelain")
    with pytest.raises(git.Refused, match=command):
        repo.prepare()
    assert repo.git("status", "--porcelain") == before


# --- prepare: day after day


def test_tomorrow_goes_on_from_today_until_it_is_merged(repo: Repo) -> None:
    commit = repo.task("t1", a="1")
    work = repo.prepare("t2", NEXT)
    assert (work.branch, work.base) == ("autobot/2026-11-23", commit.head)
    repo.git("switch", "-q", "main")
    repo.git("merge", "-q", "--no-ff", "-m", "merged", BRANCH)
    merged = repo.commit("main goes on", b="1")
    assert repo.prepare("t3", date(2026, 11, 25)).base == merged


def test_a_squashed_day_counts_as_merged(repo: Repo) -> None:
    repo.task("t1", a="1\n")
    repo.git("switch", "-q", "main")
    repo.git("merge", "-q", "--squash", BRANCH)
    squashed = repo.commit("squashed")
    assert repo.prepare("t2", NEXT).base == squashed


def test_todays_branch_moves_up_once_merged(repo: Repo) -> None:
    repo.task("t1", a="1\n")
    repo.git("switch", "-q", "main")
    repo.git("merge", "-q", "--no-ff", "-m", "merged", BRANCH)
    assert repo.prepare("t2").base == repo.git("rev-parse", "main") == repo.head
    assert repo.branch == BRANCH


def test_a_branch_of_the_future_is_followed_only_by_who_stands_on_it(repo: Repo) -> None:
    main = repo.head
    repo.git("switch", "-q", "-c", "autobot/2099-01-01")
    wrong = repo.commit("clock was wrong", wrong="x\n")
    repo.git("switch", "-q", "main")
    assert repo.prepare().base == main
    repo.git("switch", "-q", "autobot/2099-01-01")
    repo.git("branch", "-q", "-D", BRANCH)
    assert repo.prepare("t2").base == wrong
    assert (repo.prepare("t3", NEXT).base, repo.branch) == (wrong, "autobot/2026-11-23")


def test_a_clock_that_goes_back_and_forth_loses_no_work_from_sight(repo: Repo) -> None:
    repo.task("t1", a="1\n")
    repo.task("t2", DAY - timedelta(days=1), b="2\n")
    assert (repo.branch, repo.subjects()[:2]) == ("autobot/2026-11-21", ["task t2", "task t1"])
    repo.task("t3", c="3\n")
    assert (repo.branch, repo.subjects()[:3]) == (BRANCH, ["task t3", "task t2", "task t1"])


def test_the_days_branch_exists_only_on_the_remote(
    repo: Repo, remote: Repo, tmp_path: Path, home: Path
) -> None:
    other = clone(remote.path, tmp_path / "other", home)
    far = other.task("far", a="1").head
    assert other.push().ok
    work = repo.prepare()
    assert (work.branch, work.base) == (BRANCH, far)
    assert repo.branch == BRANCH


def test_yesterday_exists_only_on_the_remote_of_a_single_branch_clone(
    repo: Repo, remote: Repo, tmp_path: Path, home: Path
) -> None:
    far = repo.task("far", a="1").head
    assert repo.push().ok
    narrow = clone(f"file://{remote.path}", tmp_path / "narrow", home, "--single-branch", "--depth=1")
    assert narrow.prepare("t", NEXT).base == far


@pytest.mark.parametrize("name", ["master", "trunk", "релиз"])
def test_default_branch_of_any_name(tmp_path: Path, home: Path, name: str) -> None:
    bare = make_bare(tmp_path / "b.git", home, name)
    first = make(tmp_path / "first", home, name)
    first.commit("first", a="1")
    first.git("push", "-q", str(bare.path), name)
    repo = clone(bare.path, tmp_path / "repo", home)
    newer = first.commit("newer", a="2")
    first.git("push", "-q", str(bare.path), name)
    repo.git("switch", "-q", "-c", "elsewhere")
    work = repo.prepare()
    assert (work.default, work.base) == (name, newer)


def test_default_branch_is_asked_of_a_remote_added_later(tmp_path: Path, home: Path, repo: Repo) -> None:
    bare = make_bare(tmp_path / "b.git", home, "special")
    repo.git("remote", "add", "origin", str(bare.path))
    repo.git("push", "-q", "origin", "main:special", "main:main")
    repo.git("branch", "special")
    assert repo.prepare().default == "special"


def test_no_network_is_no_trouble(repo: Repo) -> None:
    repo.git("remote", "add", "origin", "http://127.0.0.1:9/nothing.git")
    assert repo.prepare().branch == BRANCH
    assert repo.push().state == "offline"


def test_a_branch_in_the_way_of_the_prefix(repo: Repo) -> None:
    repo.git("branch", "autobot")
    assert repo.prepare().branch == "autobot-2026-11-22"
    assert repo.task("t2", a="1").branch == "autobot-2026-11-22"
    assert repo.prepare("t3", NEXT).base == repo.head


def test_a_branch_below_the_days_name(repo: Repo) -> None:
    repo.git("branch", f"{BRANCH}/mine")
    assert repo.prepare().branch == f"{BRANCH}-2"
    assert repo.prepare().branch == f"{BRANCH}-2"


def test_worktree_and_a_day_checked_out_elsewhere(repo: Repo, tmp_path: Path) -> None:
    first = repo.task("t1", a="1")
    tree = tmp_path / "tree"
    repo.git("worktree", "add", "-q", "--detach", str(tree), "main")
    second = Repo(tree, Path(repo.env["HOME"]))
    commit = second.task("t2", b="1")
    assert (commit.branch, commit.base) == (f"{BRANCH}-2", first.head)
    assert (repo.branch, repo.git("status", "--porcelain")) == (BRANCH, "")


def test_a_bad_prefix_is_an_error(repo: Repo) -> None:
    for prefix in ("-x/", "a..b/", "a b/", "/", "a.lock/", "~"):
        with pytest.raises(ValueError, match="prefix"):
            repo.prepare(prefix=prefix)


# --- what stays out


def test_owners_secrets_stay_uncommitted_and_are_told(repo: Repo) -> None:
    repo.write(".env", "A=1\n")
    repo.write("config.py", f'TOKEN = "{KEY}"\n')
    repo.write("staged.txt", KEY)
    repo.git("add", "staged.txt")
    repo.write("fine", "1")
    work = repo.prepare()
    assert repo.files() == ["fine"]
    told = {item.path: item.rule for item in work.left_out}
    assert told == {".env": "environment file", "config.py": "GitHub token", "staged.txt": "GitHub token"}
    assert all((repo.path / name).exists() for name in told)
    repo.write("config.py", "harmless, by the agent")
    repo.write("agent", "1")
    commit = repo.finish(work)
    assert repo.files() == ["agent"]
    assert commit.left_out == []
    assert KEY not in repo.git("log", "-p", "--all")


def test_a_secret_in_a_tracked_file_stays_in_the_tree(repo: Repo) -> None:
    repo.write("readme", f"one\n{KEY}\n")
    work = repo.prepare()
    assert work.left_out == [git.LeftOut("readme", "GitHub token")]
    assert (repo.branch, repo.path.joinpath("readme").read_text()) == (BRANCH, f"one\n{KEY}\n")


def test_a_staged_secret_that_is_nowhere_else_is_refused(repo: Repo) -> None:
    repo.write("a", KEY)
    repo.git("add", "a")
    repo.write("a", "clean")
    with pytest.raises(git.Refused, match="restore --staged"):
        repo.prepare()
    assert repo.git("show", ":a") == KEY


def test_a_secret_in_the_way_of_the_branch_is_refused(repo: Repo) -> None:
    repo.task("t1", readme="agent\n")
    repo.git("switch", "-q", "main")
    repo.write("readme", KEY)
    with pytest.raises(git.Refused, match="readme"):
        repo.prepare("t2")
    assert (repo.path / "readme").read_text() == KEY


def test_an_ignored_file_is_never_overwritten(repo: Repo) -> None:
    repo.task("t1", local="agent's\n")
    repo.git("switch", "-q", "main")
    (repo.path / ".git/info/exclude").write_text("local\n")
    repo.write("local", "owner's\n")
    with pytest.raises(git.Refused, match="local"):
        repo.prepare("t2")
    assert (repo.path / "local").read_text() == "owner's\n"


def test_agents_secrets_huge_files_caches_and_clones_stay_out(repo: Repo) -> None:
    work = repo.prepare()
    repo.write("key.pem", "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n")
    repo.write("big.bin", b"\0" * 3000)
    repo.write("node_modules/a/index.js", "1")
    repo.write("web/node_modules/b.js", "1")
    nested = make(repo.path / "vendor" / "lib", Path(repo.env["HOME"]))
    nested.commit("theirs", a="1")
    repo.write("good", "1")
    commit = repo.finish(work, max_file=2000)
    assert {(item.path, item.rule) for item in commit.left_out} == {
        ("key.pem", "private key"),
        ("big.bin", "size"),
        ("node_modules", "cache"),
        ("web/node_modules", "cache"),
        ("vendor/lib/", "nested repository"),
    }
    assert repo.files() == ["good"]
    again = repo.prepare("t2", max_file=2000)
    assert (again.owner, len(again.left_out)) == ([], 5)
    repo.write("good", "2")
    assert repo.finish(again, max_file=2000).left_out == []


def test_a_secret_that_the_agent_committed_is_taken_out_again(repo: Repo) -> None:
    work = repo.prepare()
    repo.commit("agent one", a="1\n", settings=f"{KEY}\n")
    repo.commit("agent two", b="1\n")
    (repo.path / "settings").write_text("cleaned\n")
    repo.commit("agent hides it")
    commit = repo.finish(work)
    assert [made.subject for made in commit.commits] == ["done"]
    assert KEY not in repo.git("log", "-p", BRANCH)
    assert "- agent one\n- agent two" in repo.git("log", "-1", "--format=%b")
    assert "секрет" in (commit.note or "")
    assert repo.files() == ["a", "b", "settings"]


def test_a_secret_that_the_agent_has_pushed_already_is_told(repo: Repo, remote: Repo) -> None:
    work = repo.prepare()
    pushed = repo.commit("agent", settings=f"{KEY}\n")
    repo.git("push", "-q", "origin", BRANCH)
    commit = repo.finish(work)
    assert (commit.secret, commit.head) == (True, pushed)
    assert "секрет" in (commit.note or "")


def test_a_secret_on_a_side_branch_that_the_agent_merged(repo: Repo) -> None:
    work = repo.prepare()
    repo.git("switch", "-q", "-c", "side")
    repo.commit("side", settings=f"{KEY}\n", a="1\n")
    repo.commit("hidden", settings="clean\n")
    repo.git("switch", "-q", BRANCH)
    repo.git("merge", "-q", "--no-ff", "-m", "agent merged", "side")
    commit = repo.finish(work)
    assert (commit.secret, [made.subject for made in commit.commits]) == (False, ["done"])
    assert KEY not in repo.git("log", "-p", BRANCH)


def test_what_the_agent_reset_away_is_kept(repo: Repo) -> None:
    before = repo.task("t0", a="1\n").head
    work = repo.prepare()
    repo.git("reset", "-q", "--hard", "HEAD~1")
    repo.write("b", "1\n")
    commit = repo.finish(work)
    assert repo.git("rev-parse", f"{BRANCH}-{(before or '')[:8]}") == before
    assert "переписал" in (commit.note or "")
    assert [made.subject for made in commit.commits] == ["done"]


def test_a_bisect_that_the_agent_left(repo: Repo) -> None:
    for number in range(4):
        repo.commit(f"c{number}", a=str(number))
    work = repo.prepare()
    repo.git("bisect", "start", "HEAD", "HEAD~3")
    repo.write("b", "1\n")
    commit = repo.finish(work)
    assert (repo.branch, repo.files()) == (BRANCH, ["b"])
    assert len(commit.commits) == 1
    repo.prepare("t2")


def test_env_file_that_the_agent_committed_first_of_all(tmp_path: Path, home: Path) -> None:
    repo = make(tmp_path / "p", home)
    work = repo.prepare()
    repo.write(".env", "PORT=1\n")
    repo.commit("agent", a="1\n")
    commit = repo.finish(work)
    assert repo.files() == ["a"]
    assert commit.left_out == [git.LeftOut(".env", "environment file")]
    assert repo.subjects() == ["done"]


@pytest.fixture
def foreign() -> Iterator[Repo]:
    """A checkout that belongs to nobody, where nobody can reach it."""
    if os.geteuid() != 0:
        pytest.skip("needs two users")
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        base.chmod(0o755)
        repo = make(base / "project", base / "home")
        repo.commit("first", a="1\n")
        for path in (base, *base.rglob("*")):
            os.chown(path, 65534, 65534)
        repo.env |= {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
        yield repo


def test_root_works_as_the_checkouts_owner(foreign: Repo) -> None:
    owner = Repo(foreign.path, Path(foreign.env["HOME"]))
    work = owner.prepare()
    foreign.write("locked", "root's").chmod(0o600)
    foreign.write("open", "1").chmod(0o644)
    commit = owner.finish(work)
    assert commit.left_out == [git.LeftOut("locked", "unreadable")]
    assert foreign.files() == ["open"]
    assert all(path.lstat().st_uid == 65534 for path in (foreign.path / ".git").rglob("*"))


def test_another_users_checkout_is_refused_unless_trusted(foreign: Repo) -> None:
    def stranger(trust: bool) -> str:
        code = (
            "import os, pathlib\n"
            "from skazano import git\n"
            "os.setgid(65533); os.setuid(65533)\n"
            f"g = git.Git(pathlib.Path({str(foreign.path)!r}), {{'HOME': '/nonexistent'}}, {trust})\n"
            "try: print(g('rev-parse', '--git-dir').out.decode())\n"
            "except git.Refused as error: print('refused', error)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONPATH": os.pathsep.join(sys.path), "PATH": os.environ["PATH"]},
        )
        return done.stdout.strip()

    assert stranger(False) == "refused папка проекта принадлежит другому пользователю"
    assert stranger(True) == ".git"


def test_lfs_without_git_lfs(repo: Repo, tmp_path: Path) -> None:
    repo.commit("lfs", __gitattributes="*.bin filter=lfs diff=lfs merge=lfs -text\n")
    for key in ("clean", "smudge"):
        repo.git("config", f"filter.lfs.{key}", f"git-lfs {key} -- %f")
    repo.git("config", "filter.lfs.required", "true")
    only_git = tmp_path / "bin"
    only_git.mkdir()
    (only_git / "git").symlink_to(str(shutil.which("git")))
    repo.env["PATH"] = str(only_git)
    work = repo.prepare()
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "ab" * 32 + "\nsize 12\n"
    repo.write("pointer.bin", pointer)
    repo.write("content.bin", "not a pointer")
    repo.write("readme", "changed")
    commit = repo.finish(work)
    assert commit.left_out == [git.LeftOut("content.bin", "LFS")]
    assert repo.files() == ["pointer.bin", "readme"]
    assert repo.git("show", "HEAD:pointer.bin") == pointer.strip()


def test_submodules(repo: Repo, tmp_path: Path, home: Path) -> None:
    library = make(tmp_path / "library", home)
    library.commit("lib", code="1\n")
    repo.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(library.path), "lib")
    repo.commit("with submodule")
    inner = Repo(repo.path / "lib", home)
    inner.write("code", "owner's, uncommitted\n")
    work = repo.prepare()
    assert (work.owner, work.left_out) == ([], [git.LeftOut("lib", "submodule")])
    inner.write("code", "2\n")
    inner.git("config", "user.name", "A")
    inner.git("config", "user.email", "a@example.org")
    moved = inner.commit("agent in the submodule")
    inner.write("junk", "left by the agent\n")
    commit = repo.finish(work)
    assert repo.files() == ["lib"]
    assert repo.git("rev-parse", "HEAD:lib") == moved
    assert commit.numstat == [git.Changed("lib", 1, 1)]
    assert (inner.path / "junk").exists()


# --- finish


def test_the_commit_of_a_task(repo: Repo) -> None:
    work = repo.prepare("20261122-1")
    repo.write("readme", "one\ntwo\nthree\n")
    (repo.path / "other").unlink()
    repo.write("pic.png", b"\x89PNG\0\xff")
    done = git.finish(
        repo.path,
        work,
        "Добавь третью строку\nи ещё",
        {"Project": "p", "Tool": "claude", "Session": None},
        env=repo.env,
    )
    assert done is not None
    commit, patch = done
    assert repo.git("log", "-1", "--format=%B") == (
        "Добавь третью строку\n\nTask: 20261122-1\nProject: p\nTool: claude"
    )
    assert commit.commits == [git.Made(repo.head, "Добавь третью строку")]
    assert (commit.branch, commit.base, commit.head) == (BRANCH, work.base, repo.head)
    assert {(c.path, c.added, c.removed) for c in commit.numstat} == {
        ("readme", 1, 0),
        ("other", 0, 1),
        ("pic.png", None, None),
    }
    assert b"+three" in patch
    assert repo.finish_with_patch(work) == (commit, patch)


def test_nothing_changed_makes_no_commit(repo: Repo) -> None:
    work = repo.prepare()
    commit, patch = repo.finish_with_patch(work)
    assert (commit.commits, commit.numstat, patch, repo.head) == ([], [], b"", work.base)


def test_the_agents_own_commits_belong_to_the_task(repo: Repo) -> None:
    work = repo.prepare()
    own = repo.commit("agent's own", a="1\n")
    repo.write("rest", "2\n")
    commit = repo.finish(work)
    assert [made.subject for made in commit.commits] == ["agent's own", "done"]
    assert commit.commits[0].sha == own
    assert {c.path for c in commit.numstat} == {"a", "rest"}


@pytest.mark.parametrize(
    "name",
    [
        "with space",
        "new\nline",
        "-rf",
        "--all",
        "кириллица/файл",
        'quo"te\t',
        "*",
        ":(top)x",
        "a\\b",
        "#x",
        "\x7f",
    ],
)
def test_hostile_file_names(repo: Repo, name: str) -> None:
    repo.write("owner " + name.replace("/", "_"), "owner's\n")
    work = repo.prepare()
    repo.write(name, "agent's\n")
    repo.write("secret " + name.replace("/", "_"), KEY + "\n")
    commit = repo.finish(work)
    assert commit.numstat == [git.Changed(name, 1, 0)]
    assert [item.rule for item in commit.left_out] == ["GitHub token"]
    (repo.path / name).unlink()
    again = repo.prepare("t2")
    assert len(again.owner) == 1
    assert repo.git("ls-files", "-z", "--", ":(literal)" + name) == ""


def test_a_name_that_is_not_utf8(repo: Repo) -> None:
    work = repo.prepare()
    Path(os.fsdecode(os.fsencode(repo.path) + b"/caf\xe9")).write_text("1\n")
    assert repo.finish(work).numstat == [git.Changed("caf\\xe9", 1, 0)]


@pytest.mark.parametrize(
    ("said", "subject"),
    [
        ("--amend", "amend"),
        ("\n\n  Сделай\tкрасиво \r\nвторая", "Сделай красиво"),
        ("\x1b[31mred\x07", "[31mred"),
        ("abc\u202etxt.exe", "abctxt.exe"),
        ("слово " * 30, "слово " * 11 + "слово…"),
        ("", "task t1"),
        ("# heading", "heading"),
        ("Task: t9", "Task: t9"),
    ],
)
def test_hostile_subjects(repo: Repo, said: str, subject: str) -> None:
    repo.prepare()
    work = repo.prepare()
    repo.write("a", "1")
    assert repo.finish(work, said).commits[0].subject == subject
    assert repo.git("log", "-1", "--format=%(trailers:key=Task,valueonly)").strip() == "t1"
    assert len(repo.subjects()[0]) <= 72


def test_a_failing_hook_loses_nothing_and_is_told(repo: Repo) -> None:
    work = repo.prepare()
    hook = repo.write(
        ".git/hooks/pre-commit", "#!/bin/sh\necho style is bad: token " + KEY + " >&2\nexit 1\n"
    )
    hook.chmod(0o755)
    repo.write("a", "1")
    commit = repo.finish(work)
    assert commit.hook == "style is bad: token ***"
    assert repo.files() == ["a"]


def test_a_hook_that_mends_files_gets_a_second_try(repo: Repo) -> None:
    work = repo.prepare()
    script = "#!/bin/sh\ngrep -q good a && exit 0\necho good > a\necho mended >&2\nexit 1\n"
    repo.write(".git/hooks/pre-commit", script).chmod(0o755)
    repo.write("a", "bad\n")
    assert repo.finish(work).hook is None
    assert repo.git("show", "HEAD:a") == "good"


def test_a_hook_that_hangs_is_killed_with_its_children(repo: Repo, tmp_path: Path) -> None:
    work = repo.prepare()
    pid = tmp_path / "pid"
    repo.write(".git/hooks/pre-commit", f"#!/bin/sh\nsleep 600 &\necho $! > {pid}\nwait\n").chmod(0o755)
    repo.write("a", "1")
    commit = repo.finish(work, hook_seconds=3)
    assert "не уложился" in (commit.hook or "")
    assert repo.files() == ["a"]
    state = Path(f"/proc/{pid.read_text().strip()}/stat")

    def gone() -> bool:
        try:
            return state.read_text().split()[2] == "Z"
        except (FileNotFoundError, ProcessLookupError):
            return True

    until(gone, "the end of the hook's child")


def test_hooks_see_a_closed_environment(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGRAM_TOKEN", "secret")
    seen = tmp_path / "seen"
    work = repo.prepare()
    repo.write(".git/hooks/pre-commit", f"#!/bin/sh\nenv > {seen}\n").chmod(0o755)
    repo.write("a", "1")
    repo.finish(work)
    assert "TELEGRAM_TOKEN" not in seen.read_text()
    assert "GIT_TERMINAL_PROMPT=0" in seen.read_text()


def test_the_agent_made_a_branch_of_its_own(repo: Repo) -> None:
    work = repo.prepare()
    repo.git("switch", "-q", "-c", "feature/agent")
    repo.commit("on a branch", a="1")
    repo.write("b", "1")
    commit = repo.finish(work)
    assert (commit.branch, repo.branch) == (BRANCH, BRANCH)
    assert [made.subject for made in commit.commits] == ["on a branch", "done"]


def test_the_agent_went_to_main_without_committing(repo: Repo) -> None:
    repo.task("t0", z="1")
    work = repo.prepare()
    repo.git("switch", "-q", "main")
    repo.write("b", "1")
    commit = repo.finish(work)
    assert (repo.branch, repo.files(), repo.subjects("main")) == (BRANCH, ["b"], ["first"])
    assert [made.subject for made in commit.commits] == ["done"]


def test_the_agent_left_a_rebase_half_done(repo: Repo) -> None:
    repo.task("t0", readme="day\n")
    repo.git("switch", "-q", "main")
    repo.commit("main goes on", readme="main\n")
    work = repo.prepare()
    own = repo.commit("agent", a="1")
    repo.git("rebase", "main", ok=False)
    commit = repo.finish(work)
    assert "rebase" in (commit.note or "")
    assert repo.git("rev-parse", BRANCH) == own
    assert commit.branch.startswith(BRANCH + "-")
    assert commit.branch == repo.branch
    assert repo.git("status", "--porcelain") == ""
    assert "<<<<<<<" in repo.git("show", "HEAD:readme")


def test_the_agent_left_a_merge_in_conflict(repo: Repo) -> None:
    repo.task("t0", readme="day\n")
    repo.git("switch", "-q", "main")
    repo.commit("main goes on", readme="main\n")
    work = repo.prepare()
    repo.git("merge", "main", ok=False)
    commit = repo.finish(work)
    assert [made.subject for made in commit.commits] == ["done"]
    assert len(repo.git("rev-list", "--parents", "-1", "HEAD").split()) == 2


def test_a_merge_that_the_agent_resolved_is_concluded(repo: Repo) -> None:
    repo.task("t0", readme="day\n")
    repo.git("switch", "-q", "main")
    repo.commit("main goes on", readme="main\n")
    work = repo.prepare()
    repo.git("merge", "main", ok=False)
    repo.write("readme", "both\n")
    repo.git("add", "readme")
    repo.finish(work)
    assert len(repo.git("rev-list", "--parents", "-1", "HEAD").split()) == 3


def test_the_patch_is_bounded_and_whole_files(repo: Repo) -> None:
    work = repo.prepare()
    repo.write("a", "short\n")
    repo.write("b", "long line\n" * 5000)
    commit, patch = repo.finish_with_patch(work, max_patch=4000)
    assert b"+short" in patch
    assert b"+++ b/b" not in patch
    assert len(patch) < 4200
    assert [c.added for c in commit.numstat] == [1, 5000]


def test_links_of_the_commit(repo: Repo) -> None:
    repo.git("config", "url.https://me:tok@github.com/.insteadOf", "gh:")
    repo.git("remote", "add", "origin", "gh:o/r.git")
    repo.git("config", "url.file:///nonexistent/.insteadOf", "nothing")
    work = repo.prepare(fetch_seconds=0)
    repo.write("a", "1")
    commit = repo.finish(work)
    assert commit.commits[0].link == f"https://github.com/o/r/commit/{repo.head}"
    assert commit.compare == f"https://github.com/o/r/compare/{work.base}...{repo.head}"


# --- locks and ownership


def test_a_lock_left_by_a_killed_git_is_removed(repo: Repo) -> None:
    for name in ("index.lock", "HEAD.lock"):
        lock = repo.write(f".git/{name}", "")
        os.utime(lock, (1, 1))
    repo.write("mine", "1")
    work = repo.prepare()
    assert len(work.owner) == 1
    assert not list((repo.path / ".git").glob("*.lock"))


def test_a_lock_that_is_held_is_left_alone(repo: Repo) -> None:
    lock = repo.write(".git/index.lock", "")
    os.utime(lock, (1, 1))
    repo.write("mine", "1")
    with lock.open() as held, subprocess.Popen(["sleep", "60"], stdin=held) as holder:
        with pytest.raises(git.Busy):
            repo.prepare()
        holder.kill()
    assert lock.exists()


def test_a_command_without_end_is_busy(repo: Repo) -> None:
    runner = Git(repo.path, repo.env)
    with pytest.raises(git.Busy, match="wait"):
        runner("wait", options=("-c", "alias.wait=!sleep 600"), seconds=0.3)


def test_few_processes(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []
    run = Git._run

    def counting(self: Git, *args: object) -> object:
        counted.append(1)
        return run(self, *args)  # type: ignore[arg-type]

    repo.prepare("t0")
    monkeypatch.setattr(Git, "_run", counting)
    work = repo.prepare()
    repo.write("a", "1")
    repo.finish(work)
    assert len(counted) <= 12
