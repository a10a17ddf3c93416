"""A small world around Skazano, for the demo and for tests: a folder with configuration, a project with a
real repository and a real bare remote, and the person's side of a chat."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from botapi import TOKEN, BotApi
from skazano.config import HOME, Settings, load

OWNER = 5512
VOICES = HOME / "tests" / "voices"
GIT = {
    **{k: v for k, v in os.environ.items() if not k.startswith("GIT_")},
    "GIT_AUTHOR_NAME": "Хозяйка",
    "GIT_AUTHOR_EMAIL": "owner@example.org",
    "GIT_COMMITTER_NAME": "Хозяйка",
    "GIT_COMMITTER_EMAIL": "owner@example.org",
}

CONFIG = """\
[paths]
spool = "../spool"
work = "../projects"
site = "../site"

[telegram]
api_url = "{api}"
allowed = [{owner}]
poll_seconds = 20

[limits]
free_mb = 20

[tools.note]
kind = "note"

{more}
"""


def git(folder: Path, *words: str) -> str:
    """What a git command prints. Raises CalledProcessError."""
    done = subprocess.run(
        ["git", *words], cwd=folder, env=GIT, check=True, capture_output=True, text=True, timeout=60
    )
    return done.stdout.strip()


class World:
    """The folder: etc/ (configuration), spool/, projects/<slug>, remotes/<slug>.git, site/, logs/."""

    def __init__(self, root: Path, api: BotApi | str, *, more: str = "", owner: int = OWNER) -> None:
        self.root = root
        self.etc = root / "etc"
        self.config = self.etc / "skazano.toml"
        secrets = self.etc / "secrets"
        secrets.mkdir(parents=True, exist_ok=True)
        url = api if isinstance(api, str) else api.url
        self.config.write_text(CONFIG.format(api=url, owner=owner, more=more), encoding="utf-8")
        (secrets / "telegram").write_text(TOKEN if isinstance(api, str) else api.token)
        (secrets / "telegram").chmod(0o600)
        self.settings: Settings = load(self.config)
        self.spool = self.settings.spool

    def project(self, slug: str, title: str, *, tool: str = "note", remote: bool = True, **more: Any) -> Path:
        """A project with a repository of one commit and, unless not wanted, a bare remote."""
        folder = self.settings.work / slug
        if remote:
            bare = self.root / "remotes" / f"{slug}.git"
            bare.mkdir(parents=True)
            git(bare, "init", "--quiet", "--bare", "--initial-branch=main")
            folder.parent.mkdir(parents=True, exist_ok=True)
            git(folder.parent, "clone", "--quiet", str(bare), slug)
        else:
            folder.mkdir(parents=True)
            git(folder, "init", "--quiet", "--initial-branch=main")
        (folder / "README.md").write_text(f"# {title}\n", encoding="utf-8")
        git(folder, "add", "README.md")
        git(folder, "commit", "--quiet", "-m", "Первый коммит")
        if remote:
            git(folder, "push", "--quiet", "-u", "origin", "HEAD:main")
        values = {"title": title, "tool": tool, **more}
        lines = [f"{key} = {_toml(value)}" for key, value in values.items()]
        file = self.settings.projects / f"{slug}.toml"
        file.parent.mkdir(exist_ok=True)
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return folder

    def remote(self, slug: str) -> Path:
        """The bare repository to which the project pushes."""
        return self.root / "remotes" / f"{slug}.git"


def _toml(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_toml(item) for item in value)}]"
    return str(value).lower() if isinstance(value, bool) else f'"{value}"'


def clean(root: Path) -> None:
    """Remove a world's folder."""
    shutil.rmtree(root, ignore_errors=True)
