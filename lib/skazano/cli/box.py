"""fsck, index, render, project, doctor, up: the box and the spool as a whole."""

import argparse
import signal
import sys

from skazano import projects
from skazano.cli.common import Desk, Refusal, print_json, show, table
from skazano.config import ConfigError
from skazano.project_edit import create
from skazano.spool import SpoolError
from skazano.upkeep import fsck as checker
from skazano.upkeep.doctor import Finding, examine
from skazano.upkeep.supervise import PROGRAMS, Supervisor


def fsck(desk: Desk, options: argparse.Namespace) -> int:
    """Check the spool; exit code 1 if something is left to be mended."""
    found = checker.fsck(desk.spool, repair=options.repair)
    if desk.json:
        desk.print([vars(finding) for finding in found])
    elif not found:
        print("The spool is in order.")
    else:
        made = table("finding", "what", "remedy")
        for finding in found:
            done = " (done)" if finding.repaired else ""
            made.add_row(finding.kind, finding.what, finding.remedy + done)
        show(made)
    return 1 if any(not finding.repaired for finding in found) else 0


def index(desk: Desk, options: argparse.Namespace) -> int:
    """Bring the index up to date, or make it anew."""
    from skazano.views import index as view

    if not options.rebuild:
        print(f"{view.catch_up(desk.spool)} tasks brought up to date in {view.path(desk.spool)}")
        return 0
    from rich.progress import Progress, TextColumn, TimeElapsedColumn

    with Progress(TextColumn("{task.completed} tasks"), TimeElapsedColumn(), transient=True) as bar:
        work = bar.add_task("index", total=None)
        count = view.rebuild(desk.spool, lambda done: bar.update(work, completed=done))
    print(f"{count} tasks in {view.path(desk.spool)}")
    return 0


def render(desk: Desk, options: argparse.Namespace) -> int:
    """Write every page anew."""
    from skazano.views.pages import Site, timezone

    config, known = desk.settings.config, list(projects.load_all(desk.settings).values())
    zone = timezone(config.pages.timezone)
    site = Site(desk.spool.root, desk.settings.site, known, config.chat.lang, zone)
    print(f"{site.render_all()} tasks: {desk.settings.site / 'index.html'}")
    return 0


def project_ls(desk: Desk, options: argparse.Namespace) -> int:
    """The projects there are."""
    known = projects.load_all(desk.settings)
    if getattr(options, "json", False):
        import msgspec

        desk.print([msgspec.to_builtins(project) for project in known.values()])
        return 0
    made = table("project", "title", "aliases", "tool", "folder")
    for found in known.values():
        made.add_row(found.slug, found.title, ", ".join(found.aliases), found.tool, found.path)
    show(made if known else "No projects yet: `skazano project add my-site --title 'Сайт'`.")
    return 0


def project_add(desk: Desk, options: argparse.Namespace) -> int:
    """A new project: its file, and its folder with a repository if there is none."""
    made = create(
        desk.settings,
        options.slug,
        title=options.title or options.slug,
        path=options.path,
        tool=options.tool,
        aliases=options.alias,
    )
    print(f"{made.title}: {made.path}\nsettings: {desk.settings.projects / made.slug}.toml")
    return 0


def doctor(desk: Desk, options: argparse.Namespace) -> int:
    """What is wrong, with the command that mends it; exit code 1 if anything is."""
    return _findings(examine(desk.settings, desk.spool), json=desk.json)


def no_doctor(error: ConfigError | SpoolError, *, json: bool) -> int:
    """What keeps everything else from being looked at, as doctor's only finding; exit code 78 or 1."""
    named = str(error).partition(":")[0]
    if isinstance(error, ConfigError):
        finding = Finding("wrong", "configuration", str(error), f"edit {named}; then skazano doctor")
    else:
        finding = Finding("wrong", "spool", str(error), "do what it says; then skazano doctor")
    _findings([finding], json=json)
    return 78 if isinstance(error, ConfigError) else 1


def _findings(found: list[Finding], *, json: bool) -> int:
    from rich.markup import escape

    code = 1 if any(finding.verdict == "wrong" for finding in found) else 0
    if json:
        print_json([vars(finding) for finding in found])
        return code
    marks = {"warning": "[yellow]warning[/]", "wrong": "[red]wrong[/]"}
    made = table("", "what", "how it is", "what to run")
    for column in made.columns:
        column.no_wrap, column.overflow = False, "fold"
    for finding in found:
        if finding.verdict in marks:
            told = (finding.what, finding.state, finding.remedy)
            made.add_row(marks[finding.verdict], *map(escape, told))
    if fine := [f"{finding.what} ({finding.state})" for finding in found if finding.verdict == "ok"]:
        show(escape(f"In order: {'; '.join(fine)}.\n"))
    if made.row_count:
        show(made)
    return code


def up(desk: Desk, options: argparse.Namespace) -> int:
    """Run every program until Ctrl-C or SIGTERM."""
    if not desk.settings.secret("telegram"):
        names = tuple(name for name in PROGRAMS if name not in ("receive", "react"))
        print("skazano: no bot token: without Telegram; use `skazano new`", file=sys.stderr)
    else:
        names = PROGRAMS
    if desk.settings.file.exists() is False:
        desk.settings.file.parent.mkdir(parents=True, exist_ok=True)
    asked = [False]
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.__setitem__(0, True))
    try:
        with Supervisor(desk.settings.file, names, options.logs) as programs:
            told = False
            while not asked[0]:
                programs.step(1.0)
                if not told and all(program.ready for program in programs.programs):
                    print(f"ready: {', '.join(names)}; Ctrl-C stops them", file=sys.stderr)
                    told = True
    except RuntimeError as error:
        raise Refusal(str(error)) from error
    return 0
