"""Making and changing projects: for `skazano project`, for voice and for buttons.

A project's file is its owner's: a change keeps comments and order (tomlkit), and adds only what is asked.
"""

import re
import subprocess
from pathlib import Path
from typing import Any

from skazano import files
from skazano.config import ConfigError, Settings
from skazano.projects import SLUG, Project, load_all

GIT_SECONDS = 30.0
# GOST 7.79-2000 system B, without its marks: for folder and host names.
_LATIN = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
        "a b v g d e e zh z i y k l m n o p r s t u f h ts ch sh sch  y  e yu ya".split(" "),
        strict=True,
    )
)
TERMS = 500
ALIASES = 30  # a person's slips of the tongue are remembered, not hoarded


def slug_of(title: str) -> str:
    """`moy-sayt` for «Мой сайт»: a file name and a host's label. Raises ConfigError if nothing is left."""
    latin = "".join(_LATIN.get(letter, letter) for letter in title.lower())
    slug = re.sub(r"[^a-z0-9]+", "-", latin).strip("-")[:40].strip("-")
    if not slug:
        raise ConfigError(f"no letters or digits in {title[:40]!r}: a project needs a name")
    return slug


def create(
    settings: Settings,
    slug: str,
    *,
    title: str,
    path: str = "",
    tool: str = "note",
    aliases: list[str] | None = None,
) -> Project:
    """Write the project's file; make its folder, and a repository in it if there is none.

    Raises ConfigError if it cannot be a project, or is one already; OSError.
    """
    if not SLUG.fullmatch(slug):
        raise ConfigError(f"{slug!r} is no slug: a-z, 0-9 and -, at most 40, e.g. my-site")
    if tool not in settings.config.tools:
        raise ConfigError(f"no tool {tool!r}; there are: {', '.join(settings.config.tools)}")
    file = settings.projects / f"{slug}.toml"
    if file.exists():
        raise ConfigError(f"{file} is there already: edit it")
    folder = Path(path).expanduser().resolve() if path else settings.work / slug
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / ".git").exists():
        _git_init(folder)
    file.parent.mkdir(parents=True, exist_ok=True)
    place = str(folder) if path else ""
    given = {"title": title, "aliases": aliases, "path": place, "tool": tool}
    _write(file, {key: value for key, value in given.items() if value})
    return load_all(settings)[slug]


def change(settings: Settings, slug: str, **values: Any) -> None:
    """Set keys in the project's file. Raises ConfigError if there is no such project."""
    file = settings.projects / f"{slug}.toml"
    if not SLUG.fullmatch(slug) or not file.exists():
        raise ConfigError(f"no project {slug!r}: see `skazano project ls`")
    _write(file, values)


def learn_alias(settings: Settings, project: Project, spoken: str) -> None:
    """Remember under what name a person meant this project."""
    name = " ".join(spoken.split())
    if name and len(name) <= 60 and name not in project.aliases and len(project.aliases) < ALIASES:
        change(settings, project.slug, aliases=[*project.aliases, name])


def learn_terms(settings: Settings, project: Project, confirmed: str) -> list[str]:
    """Take over the names that a person wrote in a corrected transcript; those that are new."""
    found = dict.fromkeys(re.findall(r"[A-Za-z][A-Za-z0-9]*(?:[._+#/-][A-Za-z0-9+#]+)*", confirmed))
    new = [term for term in found if len(term) > 1 and term not in project.terms]
    if new:
        change(settings, project.slug, terms=[*project.terms, *new][-TERMS:])
    return new


def _write(file: Path, values: dict[str, Any]) -> None:
    import tomlkit

    document = tomlkit.parse(file.read_text(encoding="utf-8")) if file.exists() else tomlkit.document()
    for key, value in values.items():
        document[key] = value
    files.write_file(file, tomlkit.dumps(document).rstrip() + "\n")


def _git_init(folder: Path) -> None:
    try:
        subprocess.run(
            ["git", "init", "--quiet", "--initial-branch=main", "--", str(folder)],
            check=True,
            capture_output=True,
            timeout=GIT_SECONDS,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ConfigError(f"`git init {folder}` failed: {error}") from error
