"""skazano, the operator's command: looks at the spool and acts on tasks, on this machine.

Exit codes: 0 done, 1 it could not be done (the text says why), 2 wrong usage, 78 the configuration is
wrong. With --json, standard output is JSON and nothing else.
"""

import argparse
import sqlite3
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from skazano.cli import box, look, speech, tasks, upkeep
from skazano.cli.common import Desk, Refusal
from skazano.config import ConfigError, load
from skazano.ids import BadId
from skazano.spool import Spool, SpoolError
from skazano.task import BadTask

Command = Callable[[Desk, argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    options = _parser().parse_args(arguments)
    try:
        settings = load(options.config)
        spool = Spool(settings.spool) if getattr(options, "unopened", False) else Spool.open(settings.spool)
        desk = Desk(settings, spool, json=getattr(options, "json", False))
        run: Command = options.run
        return run(desk, options)
    except (ConfigError, SpoolError) as error:
        if options.run is box.doctor:
            return box.no_doctor(error, json=options.json)
        print(f"skazano: {error}", file=sys.stderr)
        return 78 if isinstance(error, ConfigError) else 1
    except (Refusal, BadId, BadTask) as error:
        print(f"skazano: {error}", file=sys.stderr)
        return 1
    except PermissionError as error:
        print(
            f"skazano: {error.filename}: no permission; run it with sudo, or as the service's user",
            file=sys.stderr,
        )
        return 1
    except sqlite3.Error as error:
        print(f"skazano: index.db: {error}. Make it anew: skazano index --rebuild", file=sys.stderr)
        return 1
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except OSError as error:
        print(f"skazano: {error.filename or 'the spool'}: {error.strerror}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="skazano", description="Сказано — сделано: tasks on this machine.")
    parser.add_argument("--config", type=Path, help="skazano.toml to use (else $SKAZANO_CONFIG)")
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(name: str, run: Command, help: str, *, task: bool = False, json: bool = False) -> _Sub:
        made = commands.add_parser(name, help=help, description=help)
        made.set_defaults(run=run)
        if task:
            made.add_argument("task", help="the task's id, or `last`")
        if json:
            made.add_argument("--json", action="store_true", help="print JSON")
        return made

    _looking(command)
    _acting(command)
    _speech(command)
    _upkeep(command)
    _box(command)
    return parser


_Sub = argparse.ArgumentParser
_Maker = Callable[..., _Sub]


def _looking(command: _Maker) -> None:
    ls = command("ls", look.ls, "what is open, and what was done last", json=True)
    ls.add_argument("--project", help="only this project's")
    ls.add_argument("--state", help="only tickets in this box: new, run, later, unsorted, hold, failed, done")
    ls.add_argument("-n", type=int, default=10, metavar="N", help="how many finished ones (default 10)")
    command("show", look.show_one, "one task: where it stands and what is in it", task=True, json=True)
    logs = command("logs", upkeep.logs, "a task's history and output; or the journal", json=True)
    logs.add_argument("task", nargs="?", help="the task's id, or `last`; none: all of Skazano, installed")
    logs.add_argument("-f", "--follow", action="store_true", help="go on until the task has ended")


def _acting(command: _Maker) -> None:
    new = command("new", tasks.new, "a task from words or a recording, without Telegram", json=True)
    new.add_argument("words", nargs="*", help="the request; or use --audio")
    new.add_argument("--audio", type=Path, metavar="FILE", help="a recording to be transcribed")
    new.add_argument("--project", help="the project's slug")
    new.add_argument("--mode", choices=("text", "audio"), help="how to answer")
    new.add_argument("--wait", action="store_true", help="wait for the answer and print it")
    move = command("move", tasks.move, "file a task under a project and let it go on", task=True)
    move.add_argument("project", help="the project's slug")
    retry = command("retry", tasks.retry, "let a failed, held or finished task go again", task=True)
    retry.add_argument("--from", dest="stage", metavar="STAGE", help="from this stage on")
    command("cancel", tasks.cancel, "cancel a task; a run is stopped", task=True)
    command("hold", tasks.hold, "stop a waiting task until it is retried", task=True)


def _speech(command: _Maker) -> None:
    correct = command("correct", speech.correct, "keep what was really said beside the transcript", task=True)
    correct.add_argument("words", nargs="*", help="the right text; without it $EDITOR opens")
    models = command("asr-get", speech.models, "speech models: list them, or fetch one")
    models.add_argument("name", nargs="?", help="fetch this one")
    export = command("asr-export", speech.export, "write a GigaAM checkpoint as ONNX, int8 and fp32")
    export.add_argument("name", help="the checkpoint's name, e.g. v2_ctc")
    compare = command("asr-compare", speech.compare, "replay kept recordings through several engines")
    compare.add_argument("task", nargs="*", help="ids (default: every task that has a recording)")
    compare.add_argument("--engine", action="append", metavar="NAME[:MODEL]", help="may be repeated")
    compare.add_argument("--html", type=Path, metavar="FILE", help="where the page goes")
    compare.add_argument("--store", type=Path, metavar="FILE", help="where results are kept between runs")
    replay = command("replay-understanding", speech.replay, "run transcripts through the rules")
    replay.add_argument("file", type=Path, help="JSON lines: text, projects, terms, tools, expected")
    replay.add_argument("--models", action="store_true", help="refine with the configured language models")


def _box(command: _Maker) -> None:
    fsck = command("fsck", box.fsck, "check the spool: one ticket a task, no strangers", json=True)
    fsck.add_argument("--repair", action="store_true", help="mend what can only be mended in one way")
    index = command("index", box.index, "the SQLite view, spool/index.db")
    index.add_argument("--rebuild", action="store_true", help="make it anew from the spool")
    command("render", box.render, "write all pages anew")
    project = command("project", box.project_ls, "projects: `project ls`, `project add`")
    verbs = project.add_subparsers(metavar="ls|add")
    listed = verbs.add_parser("ls", help="the projects there are")
    listed.add_argument("--json", action="store_true")
    listed.set_defaults(run=box.project_ls)
    add = verbs.add_parser("add", help="a new project; its folder is made and `git init` run if need be")
    add.add_argument("slug", help="a-z, 0-9 and -, e.g. my-site")
    add.add_argument("--title", help="as it is shown and said (default: the slug)")
    add.add_argument("--path", default="", help="its folder, if it is not paths.work/SLUG")
    add.add_argument("--tool", default="note", help="the tool that works there (default note)")
    add.add_argument("--alias", action="append", default=[], help="another name for it; may be repeated")
    add.set_defaults(run=box.project_add)
    command("doctor", box.doctor, "what is wrong on this machine, and the command that mends it", json=True)
    up = command("up", box.up, "run every stage in this checkout until Ctrl-C")
    up.add_argument("--logs", type=Path, metavar="DIR", help="write each program's log into this folder")


def _upkeep(command: _Maker) -> None:
    backup = command("backup", upkeep.backup, "a consistent copy of spool and configuration", json=True)
    backup.add_argument("--to", type=Path, metavar="PATH", help="a folder, or the archive's own name")
    backup.add_argument("--secrets", action="store_true", help="with tokens and keys")
    backup.add_argument("--keep", type=int, default=0, metavar="N", help="remove all but the newest N there")
    restore = command("restore", upkeep.restore, "put a backup's tasks into an empty spool")
    restore.add_argument("archive", type=Path)
    restore.add_argument("--with-config", dest="config_too", action="store_true", help="configuration too")
    restore.set_defaults(unopened=True)
    clean = command("clean", upkeep.clean, "remove what [retention] in skazano.toml says", json=True)
    clean.add_argument("--dry-run", action="store_true", help="only say what")
    migrate = command("migrate", upkeep.migrate, "bring a spool of an older version up to date")
    migrate.add_argument("--check", action="store_true", help="only say whether it is needed: exit code 3")
    migrate.set_defaults(unopened=True)
    agent = command("agent", upkeep.agent_ls, "unix users of agents: `agent ls`, `agent add`, `agent login`")
    verbs = agent.add_subparsers(metavar="ls|add|login")
    verbs.add_parser("ls", help="those there are").set_defaults(run=upkeep.agent_ls)
    add = verbs.add_parser("add", help="a further one, with a home and a unit of its own")
    add.add_argument("name", help="a-z and 0-9")
    add.set_defaults(run=upkeep.agent_add)
    login = verbs.add_parser("login", help="run a program as that user, e.g. claude")
    login.add_argument("name")
    login.add_argument("words", nargs=argparse.REMAINDER, metavar="program", help="default: a shell")
    login.set_defaults(run=upkeep.agent_login)
