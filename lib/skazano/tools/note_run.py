"""The tool `note`: writes the request into the project's NOTES.md. Needs no model and no network.

Run as `python -I -S note_run.py ID TITLE SAID-AT`, in the project's folder, the request on standard input.
"""

import os
import sys

FILE = "NOTES.md"


def main(id: str, title: str, when: str, text: str) -> str:
    """Append the request under its title; what was done, in one line. A repeat changes nothing.
    Raises SystemExit."""
    if os.path.islink(FILE):  # it would be read through, and what it leads to be committed
        sys.exit(f"{FILE} — ссылка, а не файл")
    mark = f"<!-- {id} -->"
    try:
        with open(FILE, encoding="utf-8") as stream:
            before = stream.read()
    except FileNotFoundError:
        before = "# Заметки\n"
    if mark not in before:
        body = "\n".join(f"  {line}".rstrip() for line in text.strip().splitlines())
        gap = "" if before.endswith("\n\n") else "\n" if before.endswith("\n") else "\n\n"
        with open(f".{FILE}.tmp", "w", encoding="utf-8") as stream:
            stream.write(f"{before}{gap}- [ ] **{title}** ({when}) {mark}\n\n{body}\n")
        os.replace(f".{FILE}.tmp", FILE)
    return f"Записал в {FILE}: «{title}»."


if __name__ == "__main__":
    print(main(sys.argv[1], sys.argv[2], sys.argv[3], sys.stdin.read()))
