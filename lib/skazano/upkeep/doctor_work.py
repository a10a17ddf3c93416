"""doctor: projects, their repositories, and the programs that work in them."""

import grp
import os
import pwd
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from skazano.config import Settings, Tool
from skazano.projects import Project, broken, load_all
from skazano.upkeep.doctor_finding import Finding, installed, output

PUSH_SECONDS = 20.0
EXECUTE = "skazano-execute"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"  # a unit's, not the caller's
AGENTS = Path("/var/lib/skazano/agents")
# Where an agent keeps its login, in its user's home.
LOGINS = {"claude": (".claude/.credentials.json", "anthropic"), "codex": (".codex/auth.json", "openai")}


def projects(settings: Settings) -> Iterator[Finding]:
    """Each project's folder, repository, identity, rights, remote and agent user."""
    known = load_all(settings)
    for error in broken(settings):
        yield Finding("wrong", "project left out", str(error), f"edit {str(error).partition(':')[0]}")
    if not known:
        yield Finding("warning", "projects", "none", "skazano project add my-site --title 'Сайт'")
    for project in known.values():
        if project.box is not None:
            continue  # what it has and lacks is asked of that box
        found = list(_project(project))
        yield from found or [Finding("ok", f"project {project.slug}", project.path)]


def _project(project: Project) -> Iterator[Finding]:
    what, folder = f"project {project.slug}", Path(project.path)
    if not folder.is_dir():
        yield Finding("wrong", what, f"no folder {folder}", f"mkdir -p {folder}")
        return
    if installed():
        yield from _rights(what, folder)
        user = project.user or "main"
        if not (Path("/etc/systemd/system") / f"skazano-agent-{user}@.service").exists():
            remedy = "sudo ./install.sh" if user == "main" else f"skazano agent add {user}"
            yield Finding("wrong", what, f"no agent user {user!r}", remedy)
    if not (folder / ".git").exists():
        yield Finding("warning", what, "no repository", f"git init {folder}")
        return
    yield from _push(what, folder)


def _rights(what: str, folder: Path) -> Iterator[Finding]:
    """Whether stages and agents, who share a group, may write here."""
    group = grp.getgrnam("skazano-code").gr_gid
    mend = f"chgrp -R skazano-code {folder}; chmod -R g+rwX {folder}; "
    mend += f"find {folder} -type d -exec chmod g+s {{}} +"
    for path in (folder, folder / ".git"):
        if not path.exists():
            continue
        status = path.stat()
        if status.st_gid != group or not status.st_mode & stat.S_IWGRP:
            yield Finding("wrong", what, f"the group skazano-code may not write in {path}", mend)
            return
    allowed = ("/srv/skazano", "/var/lib/skazano/execute")
    if not str(folder.resolve()).startswith(allowed):
        remedy = f"systemctl edit skazano@execute: [Service] ReadWritePaths={folder.resolve()}"
        _, paths = output(["systemctl", "show", "-P", "ReadWritePaths", "skazano@execute"])
        if not any(str(folder.resolve()).startswith(path) for path in paths.split()):
            yield Finding("wrong", what, "outside of what the unit of execute may write", remedy)


def _push(what: str, folder: Path) -> Iterator[Finding]:
    """Whether its remote takes what we push; asked as the user who pushes."""
    code, remote = _git(folder, "remote", "get-url", "origin")
    if code != 0:
        return  # no remote: no push
    code, told = _git(folder, "push", "--dry-run", "--quiet", "origin", "HEAD:refs/heads/skazano-doctor")
    if code not in (0, 128) or (code == 128 and "src refspec" not in told):
        last = (told.splitlines() or ["?"])[-1][:160]
        who = f"runuser -u {EXECUTE} -- " if installed() else ""
        state = f"no push to {_plain(remote)}: {last}"
        yield Finding("warning", what, state, f"{who}git -C {folder} push --dry-run")


def _plain(url: str) -> str:
    """A remote's address without a password that may stand in it."""
    scheme, mark, rest = url.partition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}" if mark else url


def _git(folder: Path, *words: str) -> tuple[int, str]:
    argv = ["git", "-C", str(folder), *words]
    home = os.environ.get("HOME", "/")
    if installed() and os.geteuid() == 0:
        home = pwd.getpwnam(EXECUTE).pw_dir
        argv = ["setpriv", f"--reuid={EXECUTE}", "--regid=skazano", "--init-groups", *argv]
    env = {"PATH": os.environ.get("PATH", os.defpath), "HOME": home, "LC_ALL": "C.UTF-8"}
    env["GIT_TERMINAL_PROMPT"] = "0"
    env["GIT_SSH_COMMAND"] = "ssh -o BatchMode=yes -o ConnectTimeout=8"
    return output(argv, PUSH_SECONDS, cwd=Path("/"), env=env)


def agents(settings: Settings) -> Iterator[Finding]:
    """The program of each tool, and whether it is logged in for each user whose projects use it."""
    used = [(p.user or "main", name) for p in load_all(settings).values() for name in p.tools]
    for name, tool in settings.config.tools.items():
        program = tool.command or (tool.kind if tool.kind in LOGINS else "")
        if tool.kind == "browser":
            program = "chromium"
        where = shutil.which(program, path=PATH if installed() else None) if program else None
        if program and where is None:
            yield Finding("warning", f"tool {name}", f"{program} is not in PATH", f"install {program}")
            continue
        if tool.kind in LOGINS:
            users = sorted({user for user, used_name in used if used_name == name})
            for user in users if installed() else ["me"]:
                yield _login(settings, name, tool, user)
        elif program:
            yield Finding("ok", f"tool {name}", str(where))


def _login(settings: Settings, name: str, tool: Tool, user: str) -> Finding:
    file, key = LOGINS[tool.kind]
    what = f"tool {name}, {user}" if user != "me" else f"tool {name}"
    home = AGENTS / user if user != "me" else Path.home()
    try:
        keyed = [secret for secret in tool.secrets.values() if _filled(settings, secret)]
        if (home / file).exists() or keyed:
            return Finding("ok", what, "logged in" if not keyed else f"by secrets/{key}")
    except PermissionError:
        return Finding("ok", what, "cannot be seen: run doctor as root")
    login = f"skazano agent login {user} {tool.kind}" if user != "me" else f"{tool.kind} login"
    return Finding("warning", what, "not logged in", login)


def _filled(settings: Settings, name: str) -> bool:
    """Whether that secret is there; an installation has empty files for those that units are handed."""
    path = settings.folder / "secrets" / name
    return path.exists() and path.stat().st_size > 0


def models(settings: Settings) -> Iterator[Finding]:
    """The language models that are to be asked, and whether each has the key that it wants."""
    builtin = {"gemini": "gemini-key", "openrouter": "openrouter-key"}
    wanted = settings.config.models
    for name in wanted.order:
        engine = wanted.engines.get(name)
        secret = engine.secret if engine else builtin[name]
        try:
            missing = bool(secret) and not _filled(settings, secret)
        except PermissionError:
            continue
        if missing:
            remedy = f"install -m 600 /dev/stdin {settings.folder}/secrets/{secret}"
            yield Finding("warning", f"model {name}", f"no key: secrets/{secret} is empty", remedy)
        else:
            yield Finding("ok", f"model {name}", "has its key" if secret else "wants no key")
