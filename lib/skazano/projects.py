"""Projects: projects/<slug>.toml beside skazano.toml, one file each."""

import re
from pathlib import Path

import msgspec

from skazano.config import ConfigError, Settings, parse
from skazano.log import ERROR, log

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")  # a host name's label, for sandbox-<slug>

# Claude's rules without a path, or with one that is none.
_WRITES_ANYWHERE = re.compile(r"(?:Edit|MultiEdit|Write|NotebookEdit)(?:\(\s*(?:/*\*+(?:/\*+)?)?\s*\))?\s*")


class _File(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    title: str
    aliases: list[str] = []
    path: str = ""
    tool: str = "note"
    tools: list[str] = []
    remote: str | None = None
    user: str | None = None
    terms: list[str] = []
    hidden: bool = False
    box: str | None = None
    allow: list[str] = []
    deny: list[str] = []
    day_runs: int | None = None
    day_minutes: float | None = None
    day_cost: float | None = None


class Project(_File, kw_only=True):
    """A project: its file, with what that leaves open filled in. `path` is its folder, `tools` the names of
    the tools that may be used there; `allow` and `deny` are rules of Claude's permissions beside the usual
    ones; day_… stand above those of [execute]."""

    slug: str


def load_all(settings: Settings) -> dict[str, Project]:
    """Every project by slug, sorted by title. One whose file is wrong is not among them: it is logged,
    once for each state of the file, and breaks nothing else; `broken` tells of it."""
    found = []
    for file in _files(settings):
        try:
            found.append(_load(settings, file))
        except ConfigError as error:
            _complain(file, error)
    return {project.slug: project for project in sorted(found, key=lambda p: p.title.casefold())}


def writes_anywhere(rule: str) -> bool:
    """Whether a rule of Claude's would let it write outside of the project."""
    return _WRITES_ANYWHERE.fullmatch(rule) is not None


def broken(settings: Settings) -> list[ConfigError]:
    """What is wrong with projects' files."""
    wrong = []
    for file in _files(settings):
        try:
            _load(settings, file)
        except ConfigError as error:
            wrong.append(error)
    return wrong


def _files(settings: Settings) -> list[Path]:
    return sorted(settings.projects.glob("[!.]*.toml"))


_told: dict[Path, str] = {}


def _complain(file: Path, error: ConfigError) -> None:
    if _told.get(file) != str(error):
        _told[file] = str(error)
        log("-", "project left out", level=ERROR, why=error)


def _load(settings: Settings, file: Path) -> Project:
    slug, data = file.stem, parse(file, _File)
    if not SLUG.fullmatch(slug):
        raise ConfigError(f"{file}: the file's name is the slug: a-z, 0-9 and -, at most 40")
    tools = data.tools or [data.tool]
    for name in {data.tool, *tools}:
        if name not in settings.config.tools:
            known = ", ".join(settings.config.tools)
            raise ConfigError(f"{file}: no tool {name!r} in {settings.file}; there are: {known}")
    if data.tool not in tools:
        raise ConfigError(f"{file}: tool {data.tool!r} is not among tools = {tools}")
    for rule in data.allow:
        if writes_anywhere(rule):
            raise ConfigError(f"{file}: allow: {rule!r} lets it write anywhere: say Edit(./**), Write(./**)")
    if data.box is not None and data.box not in settings.config.boxes:
        raise ConfigError(f"{file}: no box {data.box!r}: {settings.file} has no table [boxes.{data.box}]")
    path = settings.folder / Path(data.path).expanduser() if data.path else settings.work / slug
    values = msgspec.structs.asdict(data)
    return Project(**{**values, "slug": slug, "path": str(path), "tools": tools})
