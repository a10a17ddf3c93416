#!/usr/bin/env python3
"""A Telegram Bot API server on loopback, for tests and the demo.

Real HTTP over a socket: whatever speaks to api.telegram.org speaks to it. State is in memory,
the bot is one (`token`), people are played by the test:

    with BotApi() as api:                      # Bot(api.token, base_url=f"{api.url}/bot",
        note = api.say_voice("note.oga")       #     base_file_url=f"{api.url}/file/bot")
        api.wait_for(lambda: api.reactions.get((note["chat"]["id"], note["message_id"])) == "👍")
        answer = api.wait_sent("sendVoice")    # answer.voice: the bytes

What it knows: updates by long polling, files up to 20 MB (any size in local mode), messages with
Telegram's HTML, voice, audio, documents, photos, reactions, edits, buttons; every limit and error
in Telegram's words; faults on demand (`fault`, `down`, `hang_up`, `redeliver`, `limit_rate`).
It does not know webhooks' delivery, Markdown, inline mode, payments.

By itself: `botapi.py --serve --port 8081 --token 123:abc`; then POST /control/say_voice
{"source": "/path/note.oga"} and so on for every name in CONTROLS, GET /control/sent.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import random
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import botapi_edits  # noqa: F401  (its methods enrol themselves)
from botapi_http import Answer, Listener, encode, refuse
from botapi_people import OWNER, People
from botapi_state import Call, Fault, Flood, Message, Sent, State, Update
from botapi_text import Refused

T = TypeVar("T")
TOKEN = "5550001112:AAGf9bYtM2nUe0Wq3ZxK7cVd4LhR8sJpXyI"
PATIENCE = 60.0  # seconds; far above what anything here takes, the machine being busy or not
FAULTS = ("drop", "delay", "status", "flood", "truncate", "garbage")
_CONTROLS = """
say say_text say_voice say_audio say_video_note say_photo say_document press edit delete
push block unblock forbid_voice lose_file expire redeliver repeat fault clear_faults limit_rate
hang_up
"""
CONTROLS = frozenset(_CONTROLS.split())


class BotApi(People):
    """The server and its people. Every method may be called from any thread."""

    def __init__(self, token: str = TOKEN, port: int = 0, *, local: bool | Path = False):
        """local: as `telegram-bot-api --local`, files in that directory (True: a temporary one)."""
        self._scratch = tempfile.TemporaryDirectory(prefix="botapi-") if local is True else None
        place = Path(self._scratch.name) if self._scratch else local
        self.state = State(token, place if isinstance(place, Path) else None)
        self._listener = Listener(self.state, port)
        self.state.chat(None, self.state.user(OWNER))

    def __enter__(self) -> BotApi:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> BotApi:
        self._listener.listen()
        return self

    def stop(self) -> None:
        with self.state.cond:
            self.state.stopping = True
            self.state.cond.notify_all()
        self._listener.close()
        if self._scratch is not None:
            self._scratch.cleanup()

    @property
    def port(self) -> int:
        return self._listener.port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    # what the bot did

    @property
    def token(self) -> str:
        return self.state.token

    @token.setter
    def token(self, token: str) -> None:
        """As /revoke at BotFather: the old token gets 401 from here on."""
        with self.state.cond:
            self.state.token = token

    @property
    def sent(self) -> list[Sent]:
        """Everything the bot did that people can see, in order: messages, edits, reactions …"""
        with self.state.cond:
            return list(self.state.sent)

    @property
    def calls(self) -> list[Call]:
        """Every request that reached the server, the refused and the dropped too, in order."""
        with self.state.cond:
            return list(self.state.calls)

    @property
    def messages(self) -> dict[tuple[int, int], Message]:
        """What stands in the chats, by (chat, message id), edits applied."""
        with self.state.cond:
            return {key: dict(message) for key, message in self.state.messages.items()}

    @property
    def reactions(self) -> dict[tuple[int, int], str]:
        """The bot's reaction on each message that bears one, by (chat, message id)."""
        with self.state.cond:
            return dict(self.state.reactions)

    @property
    def answered(self) -> dict[str, dict[str, Any] | None]:
        """Button presses by callback query id: the answer's text and show_alert, or None yet."""
        with self.state.cond:
            return dict(self.state.queries)

    @property
    def pending(self) -> list[Update]:
        """Updates that the bot has not confirmed."""
        with self.state.cond:
            return list(self.state.pending)

    def reactions_of(self, message: Message) -> list[str]:
        """The reactions that the bot gave the message, one after another; "" took one away."""
        place = (message["chat"]["id"], message["message_id"])
        return [
            given[0]["emoji"] if (given := act.params.get("reaction")) else ""
            for act in self.sent
            if act.method == "setMessageReaction" and (act.chat, act.message_id) == place
        ]

    def replies(self, chat: int | None = None) -> list[Sent]:
        """The messages that the bot sent, to the chat or to all; not edits, actions, reactions."""
        return [
            act
            for act in self.sent
            if act.method.startswith("send") and isinstance(act.result, dict) and chat in (None, act.chat)
        ]

    def wait_for(self, predicate: Callable[[], T], timeout: float = PATIENCE) -> T:
        """The predicate's first true value; looked at again whenever anything changes here."""
        with self.state.cond:
            value: T | None = None

            def holds() -> bool:
                nonlocal value
                value = predicate()
                return bool(value)

            if self.state.cond.wait_for(holds, timeout):
                assert value is not None
                return value
            seen = [f"{c.method} {c.status} {c.description or ''}" for c in self.state.calls[-8:]]
        raise TimeoutError(f"not within {timeout} s; the last calls: {'; '.join(seen) or 'none'}")

    def wait_sent(self, method: str, count: int = 1, timeout: float = PATIENCE) -> Sent:
        """The count-th call of the method that took effect."""

        def nth() -> Sent | None:
            return next(iter([act for act in self.sent if act.method == method][count - 1 :]), None)

        found = self.wait_for(nth, timeout)
        assert found is not None
        return found

    def wait_polling(self, timeout: float = PATIENCE) -> None:
        """Until a living client waits in getUpdates: it has confirmed all that it was given."""
        self.wait_for(lambda: self.state.poller is not None and self.state.poller.alive, timeout)

    # what goes wrong

    def fault(self, what: str, method: str = "*", *, times: int | None = 1,
              probability: float = 1.0, seed: int = 0, after: bool = False, seconds: float = 1.0,
              status: int = 502) -> Fault:  # fmt: skip
        """Spoil the next calls of a method ("file" is the download; "*" any). `.hits` counts them.

        what: "drop" (the connection is closed unanswered), "delay" (by `seconds`), "status" (a
        proxy's HTML page with `status`; 500 is Telegram's JSON), "flood" (429, retry after `seconds`),
        "truncate" (half the answer, then closed), "garbage" (200 with broken JSON).
        after: the call takes effect first, as when the answer is lost on its way.
        times None: until `.cancel()`. A poll that already waits is past this: see hang_up.
        """
        if what not in FAULTS:
            raise ValueError(f"no fault {what!r}; there are {', '.join(FAULTS)}")
        made = Fault(what, method, times, probability, after, seconds, status, random.Random(seed))
        with self.state.cond:
            self.state.faults.append(made)
        return made

    def clear_faults(self) -> None:
        with self.state.cond:
            self.state.faults.clear()

    def limit_rate(self, rate: float, *, burst: int = 3, penalty: float = 0.0,
                   clock: Callable[[], float] = time.monotonic) -> None:  # fmt: skip
        """Flood control: `rate` messages and edits a second in a chat, after a burst (0: none).
        Over it 429 until the wait, `penalty` s at least, has passed."""
        with self.state.cond:
            self.state.flood = Flood(rate, burst, penalty, clock)

    def down(self) -> None:
        """Cut every connection and refuse all others, on the same port, until up()."""
        self._listener.refuse()
        self._cut_poll()

    def up(self) -> None:
        self._listener.listen()

    def hang_up(self) -> None:
        """Cut every connection, idle and waiting, as a restarted proxy does; go on listening."""
        self._listener.hang_up()
        self._cut_poll()

    def _cut_poll(self) -> None:
        with self.state.cond:
            if self.state.poller is not None:
                self.state.poller.cut = True
                self.state.poller = None
            self.state.cond.notify_all()

    def redeliver(self, update_id: int) -> None:
        """Deliver a known update once more, confirmed or not, under its own id."""
        with self.state.cond:
            self.state.again.append(self.state.history[update_id])
            self.state.cond.notify_all()

    def repeat(self, message: int | Message, *, chat: int | None = None) -> None:
        """Deliver a message once more in an update with another id."""
        with self.state.cond:
            self.state.push("message", dict(self._find(message, chat)))

    def lose_file(self, file_id: str) -> None:
        """getFile refuses it from here on, and its path is gone."""
        with self.state.cond:
            self.state.files[file_id].lost = True

    def expire(self, query_id: str) -> None:
        """The button press is too old to be answered."""
        with self.state.cond:
            self.state.stale.add(query_id)

    # the same over HTTP

    def open_control(self) -> None:
        """Serve /control/…: whoever reaches the port may play people and read files here."""
        self._listener.control = self._control

    def _control(self, name: str, given: dict[str, Any]) -> Answer:
        if name == "sent":
            acts = self.sent[int(given.get("since", 0)) :]
            return encode([{**vars(act), "files": _sizes(act)} for act in acts])
        if name == "calls":
            return encode([dataclasses.asdict(call) for call in self.calls])
        if name == "reactions":
            table = self.reactions.items()
            return encode([{"chat": c, "message_id": m, "emoji": e} for (c, m), e in table])
        if name == "file":
            data = self.sent[int(given["n"])].files[given["name"]]
            return 200, data, "application/octet-stream"
        if name not in CONTROLS:
            return refuse(Refused(404, "Not Found"))
        try:
            done = getattr(self, name)(**given)
        except (TypeError, ValueError, LookupError, OSError) as error:
            return refuse(Refused(400, f"Bad Request: {error!r}"))
        return encode(done if isinstance(done, dict | str | int) else True)


def _sizes(act: Sent) -> dict[str, int]:
    return {name: len(data) for name, data in act.files.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description="A Telegram Bot API server on loopback.")
    parser.add_argument("--serve", action="store_true", help="serve until SIGTERM (the default)")
    parser.add_argument("--port", type=int, default=0, help="0: any free one; told on stdout")
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--local", type=Path, help="local mode, files in this directory")
    parser.add_argument("--rate", type=float, default=0, help="messages a second in a chat")
    given = parser.parse_args()
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)  # before the first thread, which inherits it
    local = given.local.resolve() if given.local else False
    with BotApi(given.token, given.port, local=local) as api:
        api.limit_rate(given.rate)
        api.open_control()
        print(json.dumps({"url": api.url, "token": api.token}), flush=True)
        signal.sigwait(signals)


if __name__ == "__main__":
    main()
