"""Hands the secrets that skazano.toml names to the units that may read them: LoadCredential= in drop-ins.

Keys of models' engines go to the stages that ask models, keys of tools to the agents' units. Names that the
units have already are left out, and so is what does not lie in secrets/: a unit whose credential is missing
does not start. Run as root by install.sh, and whenever skazano.toml or secrets/ change
(skazano-config.service). Exit code 78: the configuration is wrong, nothing was changed.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__)))))

from skazano import files
from skazano.config import ConfigError, Settings, load

UNITS = Path("/etc/systemd/system")
NAME = "20-keys.conf"
ASK_MODELS = ("route", "refine", "summarize")
SECRET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}")
NEVER = ("telegram", "tooler", "pages")  # not for those who ask models, nor for agents


def wanted(settings: Settings, units: Path = UNITS) -> Iterator[tuple[str, list[str]]]:
    """(unit, names of the secrets that it is to be handed) of every unit that may be handed one."""
    config = settings.config
    models = {engine.secret for engine in config.models.engines.values()} - {*NEVER}
    tools = {name for tool in config.tools.values() for name in tool.secrets.values()} - {*NEVER}
    for stage in ASK_MODELS:
        yield f"skazano@{stage}.service", list(there(settings, models))
    for unit in sorted(units.glob("skazano-agent-*@.service")):
        yield unit.name, list(there(settings, tools))


def there(settings: Settings, names: Iterable[str]) -> Iterator[str]:
    """Those of the names that lie in secrets/ and are not empty."""
    for name in sorted(names):
        file = settings.folder / "secrets" / name
        if SECRET.fullmatch(name) and file.is_file() and not file.is_symlink() and file.stat().st_size:
            yield name


def hand_out(settings: Settings, units: Path = UNITS) -> list[str]:
    """Write the drop-ins; the units that got another one than they had."""
    changed = []
    for unit, names in wanted(settings, units):
        folder = units / f"{unit}.d"
        file, text = folder / NAME, drop_in(settings, names, given(units, unit))
        if text == (file.read_text() if file.exists() else ""):
            continue
        changed.append(unit)
        if text:
            folder.mkdir(exist_ok=True)
            files.write_file(file, text, 0o644)
        else:
            file.unlink()
    return changed


def given(units: Path, unit: str) -> set[str]:
    """The credentials that the unit and its own drop-in name."""
    template = units / re.sub(r"@.*\.service", "@.service", unit)
    sources = [template, *(units / f"{unit}.d").glob("10-*.conf")]
    text = "\n".join(path.read_text() for path in sources if path.exists())
    return set(re.findall(r"^LoadCredential=([^:\n]+):", text, re.M))


def drop_in(settings: Settings, names: Iterable[str], known: set[str]) -> str:
    """The drop-in's text; "" if it says nothing."""
    more = [name for name in names if name not in known]
    loads = [f"LoadCredential={name}:{settings.folder}/secrets/{name}\n" for name in more]
    return (
        "".join(["# Written by upkeep/keys.py: secrets that skazano.toml names.\n[Service]\n", *loads])
        if more
        else ""
    )


def main() -> int:
    """As a program."""
    try:
        changed = hand_out(load())
    except ConfigError as error:
        print(f"<3>- keys: {error}", file=sys.stderr)
        return 78
    if changed:
        print(f"<6>- keys units={','.join(changed)}", file=sys.stderr)
        subprocess.run(["systemctl", "daemon-reload"], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
