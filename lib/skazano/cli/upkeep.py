"""backup, restore, clean, migrate, agent: looking after an installation."""

import argparse
import os
import pwd
import subprocess
from pathlib import Path

from skazano import files
from skazano.cli import look
from skazano.cli.common import Desk, Refusal, show, table
from skazano.execution.units import USER
from skazano.upkeep import backup as archives
from skazano.upkeep import clean as retention
from skazano.upkeep import migrate as formats
from skazano.upkeep.doctor_finding import installed

BACKUPS = Path("/var/backups/skazano")
UNITS = Path("/etc/systemd/system")
AGENTS = Path("/var/lib/skazano/agents")
OLDER = 3  # exit code of `migrate --check`: there is something to bring up to date


def backup(desk: Desk, options: argparse.Namespace) -> int:
    """Write an archive of spool and configuration."""
    target = options.to or (BACKUPS if BACKUPS.is_dir() else Path.cwd())
    made = archives.backup(desk.settings, desk.spool, target.absolute(), secrets=options.secrets)
    removed = archives.keep(made.path.parent, options.keep) if options.keep else []
    if desk.json:
        desk.print({"path": str(made.path), "tasks": made.tasks, "bytes": made.size, "removed": len(removed)})
    else:
        kept = "with secrets: keep it safe" if made.secrets else "without secrets"
        print(f"{made.path}: {made.tasks} tasks, {made.size / 1e6:.1f} MB, {kept}")
    return 0


def restore(desk: Desk, options: argparse.Namespace) -> int:
    """Put an archive's tasks into an empty spool."""
    count = archives.restore(desk.settings, options.archive.absolute(), config=options.config_too)
    print(f"{count} tasks in {desk.settings.spool}; start the stages, and `skazano index --rebuild`")
    return 0


def clean(desk: Desk, options: argparse.Namespace) -> int:
    """Remove what [retention] says."""
    wanted = desk.settings.config.retention
    days = {
        "task": wanted.task_days,
        "recording": wanted.recording_days,
        "attachment": wanted.attachment_days,
        "spoken": wanted.spoken_days,
        "run": wanted.run_days,
    }
    found = retention.clean(desk.spool, days, really=not options.dry_run)
    if not options.dry_run:
        for removal in found:
            if removal.kind == "task":
                (desk.settings.site / "task" / f"{removal.id}.html").unlink(missing_ok=True)
    if desk.json:
        desk.print([vars(removal) for removal in found])
        return 0
    made = table("id", "kind", "KB")
    for removal in found:
        made.add_row(removal.id, removal.kind, f"{removal.size / 1000:.0f}")
    words = "would be removed" if options.dry_run else "was removed"
    if found:
        show(made)
    else:
        print(f"Nothing {words}: [retention] in {desk.settings.file} says what and when.")
    return 0


def migrate(desk: Desk, options: argparse.Namespace) -> int:
    """Bring a spool of an older format up to date; with --check only say whether that is needed (3)."""
    root = desk.settings.spool
    todo = formats.plan(root)
    if options.check or not todo:
        print(f"spool format {formats.found(root)}: {'to be brought up to date' if todo else 'up to date'}")
        return OLDER if todo else 0
    formats.migrate(root)
    print(f"the spool has format {formats.found(root)}")
    return 0


# -- agents' users --------------------------------------------------------------------------------------


def agent_add(desk: Desk, options: argparse.Namespace) -> int:
    """A further unix user for agents, with a unit of its own: the same as `main`, under another name."""
    name, model = options.name, UNITS / "skazano-agent-main@.service"
    if not USER.fullmatch(name):
        raise Refusal(f"{name!r}: an agent's user is named with a-z and 0-9, at most 16")
    _root()
    if not model.exists():
        raise Refusal("Skazano is not installed on this machine: run sudo ./install.sh")
    user, home = f"skazano-agent-{name}", AGENTS / name
    line = f'u {user} - "Skazano, agents" {home} /bin/bash\n'
    files.write_file(Path(f"/etc/sysusers.d/{user}.conf"), line, 0o644)
    files.write_file(Path(f"/etc/tmpfiles.d/{user}.conf"), f"d {home} 0700 {user} {user}\n", 0o644)
    _run("systemd-sysusers", f"/etc/sysusers.d/{user}.conf")
    _run("systemd-tmpfiles", "--create", f"/etc/tmpfiles.d/{user}.conf")
    config = home / ".gitconfig"
    if not config.exists():
        files.write_file(config, "[safe]\n\tdirectory = *\n", 0o644)
        os.chown(config, *pwd.getpwnam(user)[2:4], follow_symlinks=False)
    text = model.read_text().replace("skazano-agent-main", user).replace("agents/main", f"agents/{name}")
    files.write_file(UNITS / f"{user}@.service", text, 0o644)
    _run("systemctl", "daemon-reload")
    print(f'user {user}, home {home}. In a project\'s file: user = "{name}"')
    print(f"to log in: skazano agent login {name} claude")
    return 0


def agent_login(desk: Desk, options: argparse.Namespace) -> int:
    """Run a program (the CLI's own login) at this terminal, as the agent's user in its home."""
    _root()
    home = AGENTS / options.name
    if not USER.fullmatch(options.name) or not home.is_dir():
        raise Refusal(f"there is no agent user {options.name!r}: run `skazano agent add {options.name}`")
    words = options.words or ["bash", "-l"]
    user = f"skazano-agent-{options.name}"
    environment = {"PATH": os.environ.get("PATH", os.defpath), "TERM": os.environ.get("TERM", "dumb")}
    environment |= {"HOME": str(home), "USER": user, "LOGNAME": user, "SHELL": "/bin/bash", "LANG": "C.UTF-8"}
    argv = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--no-new-privs", "--", *words]
    return subprocess.run(argv, cwd=home, env=environment, check=False).returncode


def agent_ls(desk: Desk, options: argparse.Namespace) -> int:
    """The users for agents."""
    names = sorted(path.name.removeprefix("skazano-agent-").removesuffix("@.service")
                   for path in UNITS.glob("skazano-agent-*@.service"))  # fmt: skip
    print("\n".join(names) or "none: Skazano is not installed on this machine")
    return 0


def _root() -> None:
    if os.geteuid() != 0:
        raise Refusal("this needs root: sudo skazano agent …")


def _run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Refusal(f"{' '.join(words)}: {done.stderr.strip()}")


# -- logs -----------------------------------------------------------------------------------------------


def logs(desk: Desk, options: argparse.Namespace) -> int:
    """A task's history and output; without a task what all units wrote to the journal, in order."""
    if options.task:
        return look.logs(desk, options)
    if not installed():
        raise Refusal("name a task, or `last`: there is no journal of a checkout, see `skazano up --logs`")
    argv = ["journalctl", "-u", "skazano*", "-o", "json" if desk.json else "short-iso", "-n", "200"]
    argv.append("--follow" if options.follow else "--no-pager")
    try:
        return subprocess.run(argv, check=False).returncode
    except KeyboardInterrupt:
        return 130
