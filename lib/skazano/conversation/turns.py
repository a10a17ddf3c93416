"""Messages of a chat are routed in the order in which they were said: a settings phrase holds for what
follows it, also when a text message is faster through the stages than the voice note before it."""

from skazano.spool import Box, Spool
from skazano.task import BadTask, TaskDir

# Where a message goes that does not come to route: its arrival there ends the waiting of those behind it.
PASSED_BY = ("download/later", "transcribe/later", "reply/new")
BUSY: tuple[Box, ...] = ("new", "run")
SETTING_SECONDS = 20.0  # a settings phrase is short: behind a longer recording nothing waits


def older_on_the_way(spool: Spool, id: str) -> bool:
    """Whether a short message of the same chat, said before this one, is in download or transcribe."""
    chat = id.split("-")[2:4]
    for stage in ("download", "transcribe"):
        for box in BUSY:
            for other in spool.tickets(box, stage):
                if other.id < id and other.id.split("-")[2:4] == chat and _short(spool, other.id):
                    return True
    return False


def _short(spool: Spool, id: str) -> bool:
    try:
        seconds = TaskDir(spool.dir(id)).load().seconds
    except BadTask:
        return False
    return seconds is None or seconds <= SETTING_SECONDS
