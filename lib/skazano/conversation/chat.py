"""Telegram: the client that receive, download, reply and react share, and what its errors mean to them.

python-telegram-bot's `Bot` only: its Application and Updater acknowledge an update before it is on disk.
"""

import asyncio
import logging
import os
import warnings
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

os.environ.setdefault("PTB_TIMEDELTA", "1")  # durations as timedelta: the other way is deprecated

import httpx
from telegram import Bot
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    RetryAfter,
    TelegramError,
)
from telegram.request import HTTPXRequest
from telegram.warnings import PTBUserWarning

from skazano import log as journal
from skazano.config import ConfigError, Settings
from skazano.stage import Later

T = TypeVar("T")

UPDATES = ["message", "callback_query"]

# httpx logs every URL at INFO, and the URL has the token in it.
logging.getLogger("httpx").setLevel(logging.WARNING)
# It logs a traceback for an answer that is no JSON, as a 502's; the error itself reaches us anyway.
logging.getLogger("telegram").setLevel(logging.CRITICAL)
# The raw answer is asked for on purpose: what Telegram sent is kept as it was sent.
warnings.filterwarnings("ignore", message="Please use 'Bot.", category=PTBUserWarning)


class Refused(Exception):
    """Telegram understood and said no (400, 403); the text is Telegram's."""


class Moved(Refused):
    """The group has become a supergroup, and `chat` is its number."""

    def __init__(self, error: ChatMigrated) -> None:
        super().__init__(error.message)
        self.chat = error.new_chat_id


class NotSent(Later):
    """Telegram cannot have acted on the call: it said not now (401, 429), or was not reached at all."""


class Telegram:
    """A `Bot` and the event loop it needs, called from plain code."""

    def __init__(self, settings: Settings) -> None:
        token = settings.secret("telegram")
        if not token:
            raise ConfigError(
                f"no bot token. Put it into {settings.folder / 'secrets' / 'telegram'} (chmod 600), "
                "or give the service the credential `telegram`"
            )
        journal.keep_out(token)
        api = settings.config.telegram.api_url.rstrip("/")
        self.id = token.split(":")[0]
        self.bot = Bot(
            token,
            base_url=f"{api}/bot",
            base_file_url=f"{api}/file/bot",
            local_mode=settings.config.telegram.local_server,
            request=HTTPXRequest(connect_timeout=10, read_timeout=30, write_timeout=60, pool_timeout=10),
            get_updates_request=HTTPXRequest(connect_timeout=10, read_timeout=15, pool_timeout=10),
        )
        self._runner = asyncio.Runner()
        self._username: str | None = None

    def run(self, call: Coroutine[Any, Any, T]) -> T:
        """Wait for a call of the Bot. Raises telegram.error.TelegramError."""
        return self._runner.run(call)

    def ask(self, call: Coroutine[Any, Any, T]) -> T:
        """Wait for a call; trouble as stages know it. Raises Later (an outage), Refused, Moved."""
        try:
            return self._runner.run(call)
        except RetryAfter as error:
            raise NotSent(f"flood control: {error}", outage=True, seconds=retry_seconds(error)) from error
        except InvalidToken as error:
            raise NotSent("Telegram refuses the bot's token (401)", outage=True) from error
        except ChatMigrated as error:
            raise Moved(error) from error
        except (BadRequest, Forbidden, Conflict) as error:
            raise Refused(error.message) from error
        except TelegramError as error:
            if "Too Large" in error.message:  # 413, which the client takes for a broken network
                raise Refused(error.message) from error
            unreached = isinstance(error.__cause__, httpx.ConnectError | httpx.ConnectTimeout)
            kind = NotSent if unreached else Later
            raise kind(f"Telegram cannot be reached: {error.message}", outage=True) from error

    def username(self) -> str | None:
        """The bot's name, as commands in groups bear it; None if Telegram does not tell it at this moment."""
        if self._username is None:
            try:
                self._username = self.run(self.bot.get_me()).username
            except TelegramError:
                return None
        return self._username

    def show_commands(self, commands: list[tuple[str, str]]) -> None:
        """Put the commands into Telegram's menu. Raises telegram.error.TelegramError."""
        shown = self.run(self.bot.get_my_commands())
        if [(command.command, command.description) for command in shown] != commands:
            self.run(self.bot.set_my_commands(commands))

    def poll(self, offset: int | None, seconds: int, wakes: int) -> list[dict[str, Any]]:
        """Updates from `offset` on, exactly as sent; none when the file descriptor `wakes` can be read.

        Raises telegram.error.TelegramError.
        """
        return self._runner.run(self._poll(offset, seconds, wakes))

    async def _poll(self, offset: int | None, seconds: int, wakes: int) -> list[dict[str, Any]]:
        asked: dict[str, Any] = {"timeout": seconds, "allowed_updates": UPDATES}
        if offset is not None:
            asked["offset"] = offset
        call = asyncio.ensure_future(
            self.bot.do_api_request("getUpdates", api_kwargs=asked, read_timeout=seconds + 15)
        )
        loop = asyncio.get_running_loop()
        loop.add_reader(wakes, call.cancel)
        try:
            found = await call
        except asyncio.CancelledError:
            return []
        finally:
            loop.remove_reader(wakes)
        return [update for update in found if isinstance(update, dict)]

    def fetch(self, file_id: str, target: Path) -> int:
        """Download a file to `target` (not yet fsynced); its size in bytes. Raises Later, Refused."""
        file = self.ask(self.bot.get_file(file_id))
        try:
            self.run(file.download_to_drive(target, read_timeout=60))
        except (BadRequest, InvalidToken) as error:  # a 404 too, which the client calls an invalid token
            raise Later(f"the file is not given out: {error.message}") from error
        except TelegramError as error:
            raise Later(f"the file's server cannot be reached: {error.message}", outage=True) from error
        return os.stat(target).st_size


def retry_seconds(error: RetryAfter) -> float:
    """How long flood control wants us to wait."""
    wait = error.retry_after
    return float(wait if isinstance(wait, int | float) else wait.total_seconds())
