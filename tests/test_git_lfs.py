"""Git LFS with the real git-lfs and a store beside a bare remote: pointers in commits, contents uploaded."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from git_repos import BRANCH, DAY, Repo, make, make_bare
from skazano import git

pytestmark = pytest.mark.skipif(not shutil.which("git-lfs"), reason="no git-lfs: apt-get install git-lfs")
CONTENT = bytes(range(256)) * 400


@pytest.fixture
def bare(tmp_path: Path) -> Repo:
    return make_bare(tmp_path / "bare.git", tmp_path / "home")


@pytest.fixture
def repo(tmp_path: Path, bare: Repo) -> Repo:
    made = make(tmp_path / "project", tmp_path / "home")
    made.git("lfs", "install", "--local")
    made.commit("first", readme="one\n", __gitattributes="*.bin filter=lfs diff=lfs merge=lfs -text\n")
    made.git("remote", "add", "origin", f"file://{bare.path}")
    made.git("push", "-q", "-u", "origin", "main")
    return made


def stored(bare: Repo, content: bytes) -> Path:
    """Where the remote's store keeps a content."""
    oid = hashlib.sha256(content).hexdigest()
    return bare.path / "lfs" / "objects" / oid[:2] / oid[2:4] / oid


def test_contents_become_pointers_and_are_uploaded(repo: Repo, bare: Repo) -> None:
    repo.write("mine.bin", b"owner" + CONTENT)
    work = repo.prepare()
    assert [commit.branch for commit in work.owner] == [BRANCH]
    repo.write("sound.bin", CONTENT)
    commit = repo.finish(work)
    assert (commit.left_out, repo.files()) == ([], ["sound.bin"])
    pointer = repo.git("show", "HEAD:sound.bin")
    assert pointer.splitlines()[1] == f"oid sha256:{hashlib.sha256(CONTENT).hexdigest()}"
    assert (commit.numstat[0].added, commit.numstat[0].removed) == (3, 0)
    assert git.push(repo.path, commit.branch, env=repo.env).state == "pushed"
    assert stored(bare, CONTENT).read_bytes() == CONTENT
    assert stored(bare, b"owner" + CONTENT).exists()
    assert (repo.path / "sound.bin").read_bytes() == CONTENT
    assert repo.git("status", "--porcelain") == ""


def test_a_file_too_large_for_git_goes_in_by_lfs_alone(repo: Repo) -> None:
    work = repo.prepare()
    repo.write("large.bin", CONTENT)
    repo.write("large.txt", CONTENT)
    commit = repo.finish(work, max_file=1000)
    assert commit.left_out == [git.LeftOut("large.txt", "size")]
    assert repo.files() == ["large.bin"]
    assert len(repo.git("show", "HEAD:large.bin")) < 200


def test_a_pointer_stays_a_pointer_and_an_undo_brings_the_content_back(repo: Repo) -> None:
    work = repo.prepare()
    repo.write("sound.bin", CONTENT)
    repo.finish(work)
    second = repo.prepare("t2")
    repo.write("sound.bin", repo.git("show", "HEAD:sound.bin") + "\n")
    repo.write("readme", "two\n")
    assert repo.finish(second).numstat[0].path == "readme"
    third = repo.prepare("t3")
    repo.write("sound.bin", b"other" + CONTENT)
    repo.finish(third)
    undone = git.undo(repo.path, "t3", today=DAY, env=repo.env)
    assert undone.ok
    assert (repo.path / "sound.bin").read_bytes() == CONTENT


def test_what_others_can_write_is_uploaded_without_hooks(repo: Repo, bare: Repo) -> None:
    work = repo.prepare()
    (repo.path / ".git").chmod(0o777)
    repo.write("sound.bin", CONTENT)
    commit = repo.finish(work)
    assert git.push(repo.path, commit.branch, env=repo.env).state == "pushed"
    assert stored(bare, CONTENT).exists()
