"""doctor: other boxes on which projects live, and whether this one works for another."""

import time
from collections.abc import Iterator

from skazano.config import ConfigError, Settings
from skazano.projects import Project, load_all
from skazano.tooler.talk import Box, Http, Pace, Unwell, answer_of, make, token
from skazano.tooler.wire import FRESH, VERSION, Here
from skazano.upkeep.doctor_finding import Finding, installed
from skazano.upkeep.doctor_stages import locked

SECONDS = 8.0


def boxes(settings: Settings) -> Iterator[Finding]:
    """Each box in skazano.toml: there, its token taken, its clock, its version, our projects and tools."""
    for name, table in settings.config.boxes.items():
        what = f"box {name}"
        try:
            found = token(settings, f"boxes/{name}")
        except PermissionError:
            yield Finding("warning", what, "its token cannot be read from here", "sudo skazano doctor")
            continue
        except ConfigError as error:
            yield Finding("wrong", what, str(error), f"chmod 600 {settings.folder}/secrets/boxes/{name}")
            continue
        if found is None:
            copy = f"install -D -m 600 /dev/stdin {settings.folder}/secrets/boxes/{name}"
            yield Finding("wrong", what, "no token", f"{copy}   # what that box has in secrets/tooler")
            continue
        box = Box(name=name, url=table.url, token=found)
        mine = [project for project in load_all(settings).values() if project.box == name]
        yield from _asked(what, box, mine)


def _asked(what: str, box: Box, mine: list[Project]) -> Iterator[Finding]:
    http = Http(box, Pace(connect=SECONDS, read=SECONDS, whole=SECONDS))
    begun = time.time()
    try:
        status, body = http.call("GET", "/box")
        if status == 401:
            mend = f"copy its secrets/tooler to secrets/boxes/{box.name} here"
            yield Finding("wrong", what, "does not take our token", mend)
            return
        if status != 200:
            raise Unwell(f"status {status}")
        here = answer_of(body, Here)
    except Unwell as trouble:
        start = "systemctl start skazano@tooler" if installed() else "bin/tooler.py"
        yield Finding("wrong", what, f"{box.url} has no tooler: {trouble}", f"there: {start}")
        return
    finally:
        http.close()
    wrong = [*_differences(what, here, (begun + time.time()) / 2), *_lacking(what, here, mine)]
    yield from wrong or [Finding("ok", what, f"{box.url}, {len(mine)} projects")]


def _differences(what: str, here: Here, now: float) -> Iterator[Finding]:
    if here.version != VERSION:
        state = f"its protocol is {here.version}, ours {VERSION}"
        yield Finding("wrong", what, state, "install the same version on both")
    if abs(here.time - now) > FRESH / 2:
        state = f"its clock is {here.time - now:+.0f} s off ours: callbacks are refused"
        yield Finding("warning", what, state, "on both: timedatectl set-ntp true")


def _lacking(what: str, here: Here, mine: list[Project]) -> Iterator[Finding]:
    for project in mine:
        if project.slug not in here.projects:
            add = f"there: skazano project add {project.slug}"
            yield Finding("wrong", what, f"has no project {project.slug}", add)
        elif missing := sorted(set(project.tools) - set(here.projects[project.slug])):
            state = f"its project {project.slug} has no {', '.join(missing)}"
            yield Finding("warning", what, state, f"there: tools = … in projects/{project.slug}.toml")


def tooler(settings: Settings) -> Iterator[Finding]:
    """Whether this box works for another one, if it is to: its tooler holds the lock of its store."""
    try:
        wanted = token(settings, "tooler")
    except PermissionError:
        return  # whether it is to can be seen by root alone
    except ConfigError as error:
        yield Finding("wrong", "tooler", str(error), make("tooler"))
        return
    if wanted is None:
        return
    if locked(settings.spool / "state" / "tooler" / "lock"):
        yield Finding("ok", "tooler", "runs tools for another box")
    else:
        start = "systemctl start skazano@tooler" if installed() else "bin/tooler.py"
        yield Finding("wrong", "tooler", "has a token and does not run", start)
