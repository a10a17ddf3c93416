"""Writes skazano.toml: a documented copy with the answers in it, or the answers into the one there is.

python -I configure.py FILE DEFAULTS key=value …   An empty value changes nothing; comments are kept.
"""

import os
import sys
from pathlib import Path
from typing import Any

import tomlkit

FIXED = {
    ("paths", "spool"): "/var/spool/skazano",
    ("paths", "work"): "/srv/skazano",
    ("paths", "site"): "/var/lib/skazano/site",
    ("asr", "models_dir"): "/var/lib/skazano/models",
}


def main(file: Path, defaults: Path, answers: dict[str, str]) -> None:
    fresh = not file.exists()
    document = tomlkit.parse((defaults if fresh else file).read_text(encoding="utf-8"))
    wanted: dict[tuple[str, str], Any] = dict(FIXED) if fresh else {}
    if answers["lang"]:
        wanted["chat", "lang"] = answers["lang"]
    if answers["allowed"]:
        wanted["telegram", "allowed"] = [int(number) for number in answers["allowed"].split(",")]
    if answers["api_url"]:
        wanted["telegram", "api_url"] = answers["api_url"]
    if answers["domain"]:
        wanted["pages", "url"] = f"https://{answers['domain']}"
    for (table, key), value in wanted.items():
        document.setdefault(table, tomlkit.table())[key] = value
    text = tomlkit.dumps(document)
    if fresh or text != file.read_text(encoding="utf-8"):
        temporary = file.with_name(f".{file.name}.tmp")
        temporary.write_text(text, encoding="utf-8")
        temporary.chmod(0o644)
        os.replace(temporary, file)


if __name__ == "__main__":
    given = dict(word.split("=", 1) for word in sys.argv[3:])
    main(Path(sys.argv[1]), Path(sys.argv[2]), given)
