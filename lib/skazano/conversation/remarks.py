"""What a commit leaves to be told, out of commit.json."""

from typing import Any

from skazano.texts import say


def remarks(commit: dict[str, Any], lang: str, *, spoken: bool = False) -> list[str]:
    """What the person must know of commit.json beyond the commit itself, a sentence each."""
    told = []
    left = [item["path"] for item in commit.get("left_out", [])]
    if left and spoken:
        told.append(say(lang, "left-out-spoken"))
    elif left:
        told.append(say(lang, "left-out", files=", ".join(left[:5]) + ("…" if len(left) > 5 else "")))
    if commit.get("hook") and not spoken:
        told.append(say(lang, "hook-failed", why=commit["hook"].strip().splitlines()[-1][:200]))
    if commit.get("secret"):
        told.append(say(lang, "secret-kept"))
    if commit.get("note"):
        told.append(commit["note"])
    return told
