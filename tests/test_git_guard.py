"""What an agent leaves in a `.git` neither leads our git astray nor runs as our user."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from git_repos import DAY, Repo, make, make_bare
from skazano import git


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = make(tmp_path / "project", tmp_path / "home")
    made.commit("first", readme="one\n")
    return made


@pytest.fixture
def shared(repo: Repo) -> Repo:
    """A repository in which another user may write, as an agent's does in an installed box."""
    (repo.path / ".git").chmod(0o777)
    return repo


def hook(folder: Path, name: str, mark: Path) -> None:
    path = folder / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\ntouch {mark}\n")
    path.chmod(0o755)


def test_no_hook_of_a_shared_repository_is_run(shared: Repo, tmp_path: Path) -> None:
    bare, mark = make_bare(tmp_path / "bare.git", tmp_path / "home"), tmp_path / "ran"
    shared.git("remote", "add", "origin", str(bare.path))
    names = "pre-commit post-commit commit-msg post-checkout reference-transaction post-index-change pre-push"
    for name in names.split():
        hook(shared.path / ".git", name, mark)
    work = shared.prepare()
    shared.write("readme", "two\n")
    assert shared.finish(work).hook is None
    assert git.push(shared.path, work.branch, env=shared.env).state == "pushed"
    assert git.undo(shared.path, "t1", today=DAY, env=shared.env).ok
    assert not mark.exists()


@pytest.mark.parametrize(
    "key",
    [
        "filter.x.clean", "core.sshCommand", "credential.helper", "credential.https://a.b.helper",
        "merge.x.driver", "diff.x.textconv", "remote.origin.receivepack", "protocol.ext.allow",
        "core.askPass", "lfs.customtransfer.x.path", "filter.lfs.process", "gpg.program", "gpg.ssh.program",
        "http.proxy", "http.https://a.b.sslVerify", "url.https://evil/.insteadOf",
    ],
)  # fmt: skip
def test_a_program_that_a_shared_repository_names_is_refused(shared: Repo, tmp_path: Path, key: str) -> None:
    work = shared.prepare()
    shared.git("config", key, f"touch {tmp_path}/ran; cat")
    shared.write(".gitattributes", "* filter=x diff=x merge=x\n")
    with pytest.raises(git.Refused, match="может запустить программу"):
        shared.finish(work)
    assert not (tmp_path / "ran").exists()


def test_what_our_own_configuration_names_is_run(shared: Repo, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(exist_ok=True)
    shared.git("config", "--global", "filter.x.clean", f"touch {tmp_path}/ran; cat")
    work = shared.prepare()
    shared.write(".gitattributes", "* filter=x\n")
    shared.finish(work)
    assert (tmp_path / "ran").exists()


def test_a_push_runs_no_hooks_that_others_wrote(shared: Repo, tmp_path: Path) -> None:
    bare = make_bare(tmp_path / "bare.git", tmp_path / "home")
    hook(bare.path, "pre-receive", tmp_path / "ran")
    bare.path.chmod(0o777)
    shared.git("remote", "add", "origin", str(bare.path))
    pushed = git.push(shared.path, "main", env=shared.env)
    assert (pushed.state, pushed.again) == ("failed", False)
    assert "могут писать другие" in (pushed.error or "")
    assert not (tmp_path / "ran").exists()


def test_files_from_elsewhere_are_never_committed(repo: Repo, tmp_path: Path) -> None:
    work = repo.prepare()
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / "said.txt").write_text("private\n")
    repo.git("config", "core.worktree", str(tmp_path / "spool"))
    for step in (lambda: repo.finish(work), lambda: repo.prepare("t2")):
        with pytest.raises(git.Refused, match="указывает на другую папку"):
            step()


@pytest.mark.parametrize("how", ["link", "file", "common", "above"])
def test_another_projects_repository_is_not_committed_to(repo: Repo, tmp_path: Path, how: str) -> None:
    other = make(tmp_path / "other", tmp_path / "home")
    before = other.commit("theirs", readme="theirs\n")
    work = repo.prepare()
    if how in ("common", "above"):
        common = f"{other.path}/.git" if how == "common" else "../.."
        (repo.path / ".git" / "commondir").write_text(f"{common}\n")
    else:
        (repo.path / ".git").rename(tmp_path / "away")
    if how == "link":
        (repo.path / ".git").symlink_to(other.path / ".git")
    if how == "file":
        (repo.path / ".git").write_text(f"gitdir: {other.path}/.git\n")
    with pytest.raises(git.Refused, match="ведёт в чужую папку"):
        repo.finish(work)
    assert (other.head, other.branch) == (before, "main")


def test_nothing_is_written_through_links_in_the_repository(repo: Repo, tmp_path: Path) -> None:
    work = repo.prepare()
    (tmp_path / "victim").write_text("precious\n")
    (repo.path / ".git" / "index").unlink()
    (repo.path / ".git" / "index").symlink_to(tmp_path / "victim")
    with pytest.raises(git.Refused, match="вместо файла"):
        repo.finish(work)
    assert (tmp_path / "victim").read_text() == "precious\n"


@pytest.mark.parametrize(
    "name", ["logs/HEAD", "logs/refs/heads/autobot", "refs/heads/autobot", "refs/heads/hooks", "objects/pack"]
)
@pytest.mark.parametrize("before", [True, False])
def test_nor_through_links_anywhere_below_it(repo: Repo, tmp_path: Path, name: str, before: bool) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "HEAD").write_text("precious\n")
    work = None if before else repo.prepare()
    place = repo.path / ".git" / name
    if place.exists():
        place.rename(tmp_path / "away")
    place.symlink_to(victim / "HEAD" if name == "logs/HEAD" else victim)
    repo.write("readme", "two\n")
    with pytest.raises(git.Refused, match="вместо файла"):
        repo.finish(work) if work else repo.prepare()
    assert [(path.name, path.read_text()) for path in victim.iterdir()] == [("HEAD", "precious\n")]


@pytest.mark.parametrize("name", ["HEAD", "commondir", "config", "info/exclude", ""])
def test_nobody_waits_at_a_pipe(repo: Repo, tmp_path: Path, name: str) -> None:
    place = repo.path / ".git" / name
    if place.exists():
        place.rename(tmp_path / "away")
    os.mkfifo(place)
    with pytest.raises(git.Refused, match=r"вместо файла|ведёт в чужую папку"):
        repo.prepare()


def test_what_is_no_danger_is_let_be(repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "hook").write_text("#!/bin/sh\n")
    (tmp_path / "hook").chmod(0o755)
    (repo.path / ".git" / "hooks").mkdir(exist_ok=True)
    (repo.path / ".git" / "hooks" / "pre-commit").symlink_to(tmp_path / "hook")
    with socket.socket(socket.AF_UNIX) as daemon:
        daemon.bind(str(repo.path / ".git" / "fsmonitor--daemon.ipc"))
        assert repo.task(new="x\n").commits


def test_no_objects_and_no_branches_of_other_projects_come_in(shared: Repo, tmp_path: Path) -> None:
    other = make(tmp_path / "other", tmp_path / "home")
    other.commit("theirs", secret="private\n")
    (other.path / ".git").chmod(0o777)
    shared.git("remote", "add", "origin", str(other.path))
    shared.prepare()
    assert "theirs" not in shared.subjects("--all")
    assert shared.push("main").state == "failed"
    alternates = shared.path / ".git" / "objects" / "info" / "alternates"
    alternates.parent.mkdir(exist_ok=True)
    alternates.write_text(f"{other.path}/.git/objects\n")
    with pytest.raises(git.Refused, match="из чужой папки"):
        shared.prepare("t2")


def test_a_linked_worktree_is_a_checkout_like_any(repo: Repo, tmp_path: Path) -> None:
    repo.git("worktree", "add", "-q", str(tmp_path / "tree"), "-b", "side")
    tree = Repo(tmp_path / "tree", tmp_path / "home")
    work = tree.prepare()
    tree.write("new", "x\n")
    assert len(tree.finish(work).commits) == 1


def test_a_nested_repository_s_programs_are_not_run(shared: Repo, tmp_path: Path) -> None:
    inner = make(shared.path / "inner", tmp_path / "home")
    inner.commit("theirs", __gitattributes="* filter=x\n", file="one\n")
    shared.git("update-index", "--add", "--cacheinfo", f"160000,{inner.head},inner")
    work = shared.prepare()
    inner.git("config", "filter.x.clean", f"touch {tmp_path}/ran; cat")
    inner.write("file", "two\n")
    shared.write("readme", "two\n")
    assert shared.finish(work).commits
    assert git.push(shared.path, work.branch, env=shared.env).state == "no remote"
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("key", ["include.path", "includeIf.onbranch:autobot/**.path"])
def test_no_settings_come_from_files_that_a_switch_of_branches_may_change(shared: Repo, key: str) -> None:
    work = shared.prepare()
    shared.git("config", key, "../settings")
    with pytest.raises(git.Refused, match="уберите её"):
        shared.finish(work)


@pytest.mark.parametrize("url", ["file:/{}", "file://{}", "{}", "file:///{}", "%", "inner.git"])
def test_however_a_repository_on_this_machine_is_named(shared: Repo, tmp_path: Path, url: str) -> None:
    bare = make_bare(tmp_path / "bare.git", tmp_path / "home")
    hook(bare.path, "pre-receive", tmp_path / "ran")
    bare.path.chmod(0o777)
    named = f"file://{bare.path}".replace("bare", "b%61re") if url == "%" else url.format(bare.path)
    if url == "inner.git":
        bare.path.rename(shared.path / "inner.git")
        (shared.path / "inner.git").chmod(0o755)
    shared.git("remote", "add", "origin", named)
    assert git.push(shared.path, "main", env=shared.env).state != "pushed"
    assert not (tmp_path / "ran").exists()


def test_a_repository_named_without_its_ending(shared: Repo, tmp_path: Path) -> None:
    bare = make_bare(tmp_path / "bare.git", tmp_path / "home")
    hook(bare.path, "pre-receive", tmp_path / "ran")
    bare.path.chmod(0o777)
    shared.git("remote", "add", "origin", str(tmp_path / "bare"))
    assert git.push(shared.path, "main", env=shared.env).state == "failed"
    assert not (tmp_path / "ran").exists()
