"""One line an event to stderr, the task's id first, with the sd-daemon(3) priority that journald reads."""

import re
import sys

ERROR, WARNING, NOTICE, INFO = 3, 4, 5, 6

_secrets: list[str] = []
_BOT_TOKEN = re.compile(r"\d{6,12}(?::|%3A)[A-Za-z0-9_-]{30,}")


def keep_out(secret: str) -> None:
    """Blot this out of every later line."""
    if len(secret) >= 6 and secret not in _secrets:
        _secrets.append(secret)


def blot(text: str) -> str:
    """`text` without the secrets that this process knows, and without anything like a bot's token."""
    for secret in _secrets:
        text = text.replace(secret, "***")
    return _BOT_TOKEN.sub("***", text)


def log(id: str, event: str, *, level: int = INFO, **fields: object) -> None:
    """`<6>20261122-180431-tg-5512-89 claimed stage=route attempt=1`; `id` is "-" for no task."""
    words = [id, event]
    for key, value in fields.items():
        if value is not None:
            text = str(value)
            words.append(f"{key}={text!r}" if re.search(r"[^\x21-\x7eа-яёА-ЯЁ]", text) else f"{key}={text}")
    print(f"<{level}>" + blot(" ".join(words)), file=sys.stderr, flush=True)


def log_traceback(id: str, text: str) -> None:
    """A traceback, each line with its priority, so that journald keeps it together."""
    for line in blot(text).rstrip().splitlines():
        print(f"<{ERROR}>{id} | {line}", file=sys.stderr, flush=True)
