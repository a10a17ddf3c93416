"""What a repository may not do to whoever runs git in it.

Whoever writes in a `.git` chooses what git executes, where it looks for files and into which repository it
commits. An agent writes there. So a `.git` that leads elsewhere is refused always; and in a repository which
another user than ours can write (the installed box: the agent's user), no hook is run and no program that
its own configuration names, and no git in a repository within it, which has a configuration too. What the
box's owner wants run belongs into the configuration of our user.
"""

import os
import re
import stat
from pathlib import Path
from urllib.parse import unquote

from skazano.git.command import Git, Refused
from skazano.git.facts import Config

# Settings that name a program, a transport that is one, or a file with more settings, which may be another's
# after a switch of branches: git-config(1), gitattributes(5), git-lfs-config(5)
_PROGRAMS = re.compile(
    r"core\.(?:sshcommand|gitproxy|askpass|alternaterefscommand)|sequence\.editor|diff\.external|"
    r"gc\.recentobjectshook|include(?:if\..*)?\.path|gpg\.(?:.*\.)?(?:program|defaultkeycommand)|"
    r"(?:filter|merge|diff|remote|credential|lfs\.extension|protocol)"
    r"\.(?:.*\.)?(?:clean|smudge|process|driver|command|textconv|receivepack|uploadpack|vcs|helper|allow)|"
    r"lfs\.(?:customtransfer\..*|standalonetransferagent)|"
    # What leads a push with our user's key or password through somebody else's hands.
    r"http\.(?:.*\.)?(?:proxy|sslverify|sslcainfo|sslcapath|curloptresolve|cookiefile|extraheader)|"
    r"url\..*\.(?:insteadof|pushinsteadof)|remote\..*\.proxy"
)
_LFS = re.compile(r"filter\.lfs\.(?:clean|smudge|process)")
_LFS_WORDS = re.compile(r"git-lfs (?:clean -- %f|smudge (?:--skip )?-- %f|filter-process(?: --skip)?)|")


def leads_here(top: Path, git_dir: Path, config: Config) -> None:
    """Raises Refused if the repository is another's, or its files lie elsewhere than in `top`."""
    worktree = config.get("core.worktree", [""])[-1]
    if worktree and (git_dir / worktree).resolve() != top:
        raise Refused(f"core.worktree в {git_dir}/config указывает на другую папку: {worktree}")
    common = common_directory(git_dir)
    if git_dir != top / ".git" and not worktree and not _points_back(top, git_dir):
        raise Refused(f".git проекта ведёт в чужую папку: {git_dir}")
    if common != git_dir and common not in git_dir.parents:
        raise Refused(f".git проекта ведёт в чужую папку: {common}")
    for folder in (git_dir, git_dir / "refs"):
        for entry in os.scandir(folder) if folder.is_dir() else ():
            if entry.is_symlink() and entry.name != "hooks":
                raise Refused(f"в .git проекта ссылка вместо файла: {entry.path}")


def common_directory(git_dir: Path) -> Path:
    """Where configuration, references and objects lie, which linked worktrees share."""
    try:
        return (git_dir / (git_dir / "commondir").read_text(errors="surrogateescape").strip()).resolve()
    except OSError:
        return git_dir


def _points_back(top: Path, git_dir: Path) -> bool:
    """Whether the git directory of a linked worktree names this one (gitrepository-layout(5), `gitdir`)."""
    try:
        named = (git_dir / "gitdir").read_text(errors="surrogateescape").strip()
    except OSError:
        return False
    return (git_dir / named).parent.resolve() == top


def is_shared(path: Path) -> bool:
    """Whether somebody else than our user can write there."""
    facts = path.stat()
    group = facts.st_mode & stat.S_IWGRP and facts.st_gid != os.getegid()
    return bool(facts.st_uid not in (os.geteuid(), 0) or group or facts.st_mode & stat.S_IWOTH)


def names_no_program(git: Git) -> None:
    """Raises Refused if the repository's own configuration names a program to run."""
    fields = git("config", "--list", "-z", "--show-scope").out.decode("utf-8", "replace").split("\0")
    for scope, item in zip(fields[0::2], fields[1::2], strict=False):
        key, _, value = item.partition("\n")
        ours = scope in ("local", "worktree") and _PROGRAMS.fullmatch(key)
        if ours and not (_LFS.fullmatch(key) and _LFS_WORDS.fullmatch(value)):
            raise Refused(
                f"настройка «{key}» в .git/config проекта может запустить программу или увести push: "
                "уберите её, а если она нужна, задайте в ~/.gitconfig пользователя, который коммитит"
            )


def push_is_safe(git: Git, remote: str) -> None:
    """Raises Refused if a push would run the hooks of a repository on this machine that others can write."""
    top = git.repo.resolve()
    for url in git("remote", "get-url", "--push", "--all", remote).out.decode(errors="replace").splitlines():
        named = _on_this_machine(top, url)
        for path in [named + ending for ending in _ENDINGS] if named else []:
            within = top in Path(path).resolve().parents
            if within or (os.path.exists(path) and is_shared(Path(path))):
                raise Refused(f"в удалённый репозиторий {named} могут писать другие: его хуки не запускаются")


_ENDINGS = ("", "/.git", ".git", ".git/.git")  # which git tries by itself


def _on_this_machine(top: Path, url: str) -> str | None:
    """The path that git takes an address for; None if it leads to another machine."""
    scheme, found, rest = url.partition("://")
    if found:
        return "/" + unquote(rest) if scheme == "file" else None
    return None if ":" in url.partition("/")[0] else os.path.join(top, os.path.expanduser(url))
