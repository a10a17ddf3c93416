"""An open checkout: git with an identity, where it is, its configuration and its remote."""

import shutil
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from skazano.git.command import Git, Identity
from skazano.git.facts import Config, Entry, git_directory, read_config
from skazano.git.stage import LeftOut, stage


class Checkout:
    """Opening costs one process. `remote` is None if there is none, or several and not that one."""

    def __init__(
        self,
        repo: Path,
        identity: Identity,
        remote: str,
        env: Mapping[str, str] | None,
        trust_owner: bool,
    ) -> None:
        self.git = Git(repo, env, trust_owner)
        self.top = repo.resolve()
        self.git_dir = git_directory(repo)
        self.config: Config = read_config(self.git)
        for key, value in (("user.name", identity.name), ("user.email", identity.email)):
            if not self.config.get(key, [""])[-1].strip():
                self.git.options += ["-c", f"{key}={value}"]
        self.remote = remote if f"remote.{remote}.url" in self.config else self._only_remote()
        self.lfs_missing = not shutil.which("git-lfs", path=self.git.env["PATH"])
        if self.lfs_missing and any(key.startswith("filter.lfs.") for key in self.config):
            # Configured but not installed: git would refuse every file under filter=lfs.
            for key in ("clean", "smudge", "process"):
                self.git.options += ["-c", f"filter.lfs.{key}="]
            self.git.options += ["-c", "filter.lfs.required=false"]

    def _only_remote(self) -> str | None:
        names = {
            key.removeprefix("remote.").removesuffix(".url")
            for key in self.config
            if key.startswith("remote.") and key.endswith(".url")
        }
        return names.pop() if len(names) == 1 else None

    @property
    def uses_lfs(self) -> bool:
        """Whether files may need git-lfs and it is not there."""
        attributes = self.top / ".gitattributes"
        try:
            return self.lfs_missing and b"filter=lfs" in attributes.read_bytes()
        except OSError:
            return False

    def stage(
        self,
        entries: Sequence[Entry],
        skip: Collection[str],
        max_file: int,
        strict: bool = False,
    ) -> tuple[int, list[LeftOut]]:
        """As `stage.stage`, with what this checkout knows of git-lfs."""
        return stage(self.git, self.top, entries, skip, max_file, self.uses_lfs, strict)


def is_repository(repo: Path) -> bool:
    """Whether the folder itself has a `.git`: a checkout further up is not the project's."""
    return (repo / ".git").exists()
