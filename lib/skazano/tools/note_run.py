"""The tool `note`: writes the request into the project's NOTES.md. Needs no model and no network.

Run as `python -I -S note_run.py ID TITLE SAID-AT LANG`, in the project's folder, the request on
standard input.
"""

import os
import sys

FILE = "NOTES.md"


def main(id: str, title: str, when: str, lang: str, text: str) -> str:
    """Append the request under its title; what was done, in one line. A repeat changes nothing.
    Raises SystemExit."""
    if os.path.islink(FILE):  # it would be read through, and what it leads to be committed
        sys.exit(f"{FILE} is a link, not a file" if lang == "en" else f"{FILE} — ссылка, а не файл")
    mark = f"<!-- {id} -->"
    try:
        with open(FILE, encoding="utf-8") as stream:
            before = stream.read()
    except FileNotFoundError:
        before = "# Notes\n" if lang == "en" else "# Заметки\n"
    if mark not in before:
        body = "\n".join(f"  {line}".rstrip() for line in text.strip().splitlines())
        gap = "" if before.endswith("\n\n") else "\n" if before.endswith("\n") else "\n\n"
        with open(f".{FILE}.tmp", "w", encoding="utf-8") as stream:
            stream.write(f"{before}{gap}- [ ] **{title}** ({when}) {mark}\n\n{body}\n")
        os.replace(f".{FILE}.tmp", FILE)
    return f"Noted in {FILE}: “{title}”." if lang == "en" else f"Записал в {FILE}: «{title}»."


if __name__ == "__main__":
    _, id, title, when, lang = sys.argv
    print(main(id, title, when, lang, sys.stdin.read()))
