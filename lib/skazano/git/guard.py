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
from collections.abc import Collection
from pathlib import Path
from urllib.parse import unquote

from skazano.git.command import Git, Refused
from skazano.git.facts import Config, line_of

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


def is_plain(top: Path, git_dir: Path) -> None:
    """Raises Refused if the repository lies elsewhere than in `top`, or git would find links or pipes in it
    where files should be. To be asked before git is run there, which waits at a pipe."""
    common = common_directory(git_dir)
    if common != git_dir and git_dir.parent != common / "worktrees":
        raise Refused(f".git проекта ведёт в чужую папку: {common}")
    if _is_own(top, git_dir):
        _only_files(git_dir, common)


def leads_here(top: Path, git_dir: Path, config: Config) -> None:
    """Raises Refused if the repository is another's, or its files lie elsewhere than in `top`."""
    worktree = config.get("core.worktree", [""])[-1]
    if worktree and (git_dir / worktree).resolve() != top:
        raise Refused(f"core.worktree в {git_dir}/config указывает на другую папку: {worktree}")
    if not _is_own(top, git_dir):
        if not worktree:
            raise Refused(f".git проекта ведёт в чужую папку: {git_dir}")
        _only_files(git_dir)


def _is_own(top: Path, git_dir: Path) -> bool:
    """Whether it lies in the checkout, or is that of a linked worktree, which names the checkout in turn
    (gitrepository-layout(5), `gitdir`)."""
    named = line_of(git_dir / "gitdir")
    return git_dir == top / ".git" or (named is not None and (git_dir / named).parent.resolve() == top)


def _only_files(*folders: Path) -> None:
    for folder in folders:
        try:
            found = _no_file(folder, ("hooks", "modules"))
        except OSError as error:
            raise Refused(f"в .git проекта не читается папка: {error.filename}") from error
        if found is not None:
            raise Refused(f"в .git проекта ссылка или канал вместо файла: {found}")


def _no_file(folder: str | Path, spared: Collection[str] = ()) -> str | None:
    """A link or a pipe in or below the folder: git would write through the one, its reflog say, and wait at
    the other. Hooks are only read; git has no business in the repositories of submodules."""
    try:
        odd = [e for e in os.scandir(folder) if e.name not in spared and not e.is_file(follow_symlinks=False)]
    except FileNotFoundError:
        return None  # a git that tidies up has taken it away
    inner = [entry for entry in odd if entry.is_dir(follow_symlinks=False)]
    found = (entry.path for entry in odd if entry not in inner and not _is_socket(entry))
    deeper = (_no_file(entry.path) for entry in inner)
    return next(found, None) or next((path for path in deeper if path), None)


def _is_socket(entry: os.DirEntry[str]) -> bool:
    """git's own fsmonitor listens on one."""
    return stat.S_ISSOCK(entry.stat(follow_symlinks=False).st_mode)


def common_directory(git_dir: Path) -> Path:
    """Where configuration, references and objects lie, which linked worktrees share."""
    named = line_of(git_dir / "commondir")
    return git_dir if named is None else (git_dir / named).resolve()


def borrows_nothing(common: Path) -> None:
    """Raises Refused if its objects lie elsewhere too: who writes there names what our user can read."""
    lent = common / "objects" / "info" / "alternates"
    if line_of(lent):
        raise Refused(f"проект берёт объекты git из чужой папки: git repack -a -d, затем удалите {lent}")


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


def remote_is_safe(git: Git, remote: str) -> None:
    """Raises Refused if the remote is a repository on this machine that others can write: a push would run
    its hooks, a fetch may bring what the project's own user is not to read."""
    top = git.repo.resolve()
    found = [git("remote", "get-url", *push, "--all", remote).out for push in ((), ("--push",))]
    for url in b"".join(found).decode(errors="replace").splitlines():
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
