#!/usr/bin/env python3
"""receive: long polling of Telegram; every update of a batch is on disk before Telegram is asked on.

Takes: updates. Adds: a task each, with update.json (exactly what was sent), task.json and, for text,
transcript.txt. Goes to: download, or route for text. Delivery: at least once; the same message gives the
same task id, so a repeated delivery is recognised. Button presses are applied before the offset moves on.
Strangers get silence and one log line. Exit codes: as in skazano.program.
"""

import _here  # noqa: F401

import argparse
import os
import random
import re
import shutil
import signal
import sys
from typing import Any

from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

from skazano import files, program, stage
from skazano.config import load
from skazano.conversation import incoming, orders
from skazano.conversation.chat import Telegram, retry_seconds
from skazano.conversation.press import press
from skazano.log import ERROR, WARNING, log
from skazano.notify import notify
from skazano.spool import Spool
from skazano.wake import Wake

CONFLICT = 30.0  # seconds; must be above the other consumer's request that has to end first
REFUSED = 60.0


class Receiver:
    """The polling loop. `step` does one batch; the pause it wants afterwards, in seconds."""

    def __init__(self, context: stage.Context, telegram: Telegram) -> None:
        self.context = context
        self.telegram = telegram
        self.path = context.spool.state / "telegram" / telegram.id / "offset.json"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.offset: int | None = files.read_json(self.path)
        self.failures = 0
        self.introduced = False

    def step(self, seconds: int) -> float:
        if shutil.disk_usage(self.context.spool.root).free < self.context.config.limits.free_mb * 1_000_000:
            log("-", "disk nearly full: Telegram keeps the messages", level=ERROR, stage="receive")
            notify(STATUS="disk nearly full")
            return stage.LISTING
        try:
            batch = self.telegram.poll(self.offset, seconds, self.context.wake.fileno())
            self.failures = 0
        except TelegramError as error:
            return self._unwell(error)
        try:
            for update in batch:
                self._take(update)
        except OSError as error:
            if error.errno not in stage.FULL:
                raise
            log("-", "disk full: the batch will come again", level=ERROR, stage="receive")
            return stage.LISTING
        if batch:
            self.offset = max(update["update_id"] for update in batch) + 1
            files.write_json(self.path, self.offset)
        if not self.introduced and seconds:
            self._introduce()
        return 0.0

    def _introduce(self) -> None:
        """Show the commands in Telegram's menu: once, and only if nothing is in the way."""
        self.introduced = True
        try:
            self.telegram.show_commands(orders.commands(self.context.config.chat.lang))
        except TelegramError as error:
            log("-", "menu not set", level=WARNING, stage="receive", error=error.message)

    def _take(self, update: dict[str, Any]) -> None:
        """Make one update durable. What cannot be understood is kept too, and blocks nothing."""
        try:
            if "callback_query" in update:
                press(update, self.context, self.telegram)
            elif not self._is_for_another(update):
                incoming.publish(update, self.context.settings, self.context.spool)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            number = int(str(update.get("update_id", 0)))
            kept = self.context.spool.state / "unread"
            kept.mkdir(exist_ok=True)
            files.write_file(kept / f"{number}.json", incoming.as_sent(update))
            log("-", "update not understood, kept", level=ERROR, file=f"{number}.json", error=repr(error))

    def _is_for_another(self, update: dict[str, Any]) -> bool:
        """Whether it is a command that names another bot of the group."""
        named = re.match(r"/\w+@(\w+)", str((update.get("message") or {}).get("text", "")))
        own = self.telegram.username() if named else None
        return named is not None and own is not None and named[1].lower() != own.lower()

    def _unwell(self, error: TelegramError) -> float:
        self.failures += 1
        pause = min(60.0, 2.0 ** min(self.failures, 6)) * random.uniform(0.5, 1.0)
        if isinstance(error, RetryAfter):
            event, pause = "flood control", retry_seconds(error)
        elif isinstance(error, Conflict):
            event, pause = "another program polls with this token: stop it, or revoke the token", CONFLICT
        elif isinstance(error, InvalidToken):
            event, pause = "Telegram refuses the bot's token: get a new one from @BotFather", REFUSED
        else:
            event = "Telegram cannot be reached"
        log("-", event, level=WARNING, stage="receive", error=error.message, seconds=round(pause))
        notify(STATUS=event)
        return pause


def run(options: argparse.Namespace) -> int:
    settings = load(options.config)
    spool = Spool.open(settings.spool)
    wake = Wake([])
    wake.stop_on(signal.SIGTERM, signal.SIGINT)
    context = stage.Context("receive", settings, spool, wake)
    alive = context.mark_alive(alone=True)
    receiver = Receiver(context, Telegram(settings))
    for id in spool.unpublished():
        spool.finish_publishing(id)
        log(id, "published after a crash", stage="receive")
    if not settings.config.telegram.allowed:
        log("-", "telegram.allowed is empty: nobody may use the bot", level=WARNING, stage="receive")
    notify(READY=1)
    while not wake.stopping:
        context.ping()
        pause = receiver.step(0 if options.once else poll_seconds(context))
        if options.once:
            break
        while pause > 0 and not wake.stopping:
            wake.wait(min(pause, context.longest_wait))
            context.ping()
            pause -= context.longest_wait
    os.close(alive)
    log("-", "stopped", stage="receive")
    return 0


def poll_seconds(context: stage.Context) -> int:
    """Telegram's side may wait this long; must be below what systemd's watchdog grants."""
    return int(min(context.config.telegram.poll_seconds, context.longest_wait))


if __name__ == "__main__":
    options = program.arguments_of("receive")
    sys.exit(program.guarded("receive", lambda: run(options)))
