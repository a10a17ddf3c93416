"""An open checkout: git with an identity, where it is, its configuration and its remote."""

import shutil
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from skazano.files import open_plain
from skazano.git import guard
from skazano.git.command import NO_HOOKS, Git, Identity
from skazano.git.facts import Config, Entry, git_directory, read_config
from skazano.git.stage import LeftOut, Lfs, stage


class Checkout:
    """Opening costs one process. `remote` is None if there is none, or several and not that one. Raises
    Refused if git would be led astray there, see guard."""

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
        guard.is_plain(self.top, self.git_dir)
        self.config: Config = read_config(self.git)
        guard.leads_here(self.top, self.git_dir, self.config)
        common = guard.common_directory(self.git_dir)
        self.shared = not self.git.user and guard.is_shared(common)
        if self.shared:
            guard.borrows_nothing(common)
            guard.names_no_program(self.git)
            # A repository within it is the agent's work too: no git looks into it.
            self.git.options += (*NO_HOOKS, "-c", "safe.directory=", "-c", f"safe.directory={self.top}")
            self.git.submodules = "dirty"
        for key, value in (("user.name", identity.name), ("user.email", identity.email)):
            if not self.config.get(key, [""])[-1].strip():
                self.git.options += ["-c", f"{key}={value}"]
        self.remote = remote if f"remote.{remote}.url" in self.config else self._only_remote()
        self.lfs_missing = not shutil.which("git-lfs", path=self.git.env["PATH"])
        self.has_lfs = any(key.startswith("filter.lfs.") for key in self.config)
        if self.lfs_missing and self.has_lfs:
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
    def lfs(self) -> Lfs:
        """What becomes of files that .gitattributes gives to git-lfs."""
        try:
            with open_plain(self.top / ".gitattributes") as stream:
                used = b"filter=lfs" in stream.read(1 << 20)
        except OSError:
            return "unused"
        return (
            "unused" if not used else "missing" if self.lfs_missing else "works" if self.has_lfs else "unused"
        )

    def stage(
        self,
        entries: Sequence[Entry],
        skip: Collection[str],
        max_file: int,
        strict: bool = False,
    ) -> tuple[int, list[LeftOut]]:
        """As `stage.stage`, with what this checkout knows of git-lfs."""
        return stage(self.git, self.top, entries, skip, max_file, self.lfs, strict)


def is_repository(repo: Path) -> bool:
    """Whether the folder itself has a `.git`: a checkout further up is not the project's."""
    return (repo / ".git").exists()
