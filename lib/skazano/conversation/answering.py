"""How an answer is cut into messages and sent, so that a crash at any point repeats as little as can be.

reply.json holds the parts: each has `message` (Telegram's id) once it was sent; one with `sending` and no
`message` was being sent when the process died, and may have arrived.
"""

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

from skazano.conversation import press, press_run, sending
from skazano.execution import undoing
from skazano.log import WARNING, log
from skazano.spool import Ticket
from skazano.stage import Context
from skazano.task import Task, TaskDir, now
from skazano.texts import say

if TYPE_CHECKING:
    from skazano.conversation.chat import Telegram

PART = 3900  # UTF-16 units, which Telegram counts; must be below Telegram's 4096 with the mark of a repeat
PARTS = 3  # more than this many messages are sent as a file
CAPTION = 900  # UTF-16 units; must be below Telegram's 1024 with the mark


def send(task: TaskDir, card: Task, context: Context, telegram: "Telegram") -> None:
    """Send what of the answer was not sent. Raises stage.Later, chat.Refused."""
    from skazano.conversation.chat import Refused

    text = (task.text("answer.txt") or (task.text("error.txt") or "").split("\n\n")[0]).strip()
    plan = task.json("reply.json") or {"parts": [*_plan(task, card, text), *_pictures(task)]}
    last = max(number for number, part in enumerate(plan["parts"]) if part["kind"] != "picture")

    def keep() -> None:
        task.write_json("reply.json", plan)

    for number, part in enumerate(plan["parts"]):
        if part.get("message") or part.get("refused"):
            continue
        try:
            with sending.marked(part, "sending", keep, card.lang) as mark:
                buttons = _buttons(task, card, context) if number == last else []
                part["message"] = _send_part(task, card, context, telegram, part, mark, buttons)
        except Refused as error:
            if part["kind"] == "voice":
                # Some people let nobody send them voice messages: then in writing.
                log(task.id, "voice refused, goes out as text", level=WARNING, error=error)
                task.write_json("reply.json", {"parts": [*_written(card, text), *_pictures(task)]})
                send(task, card, context, telegram)
                return
            if part["kind"] != "picture":
                raise
            log(task.id, "picture refused", level=WARNING, file=part["file"], error=error)
            part["refused"] = str(error)
        keep()
        if mark:
            log(task.id, "part sent again, may be a repeat", level=WARNING, part=number)
            context.note(maybe_repeated=True)
        context.ping()


def _plan(task: TaskDir, card: Task, text: str) -> list[dict[str, Any]]:
    if card.mode == "audio" and task.has("answer.oga") and task.has("speech.json"):
        voice = {"kind": "voice", "text": _short(text, CAPTION)}
        return [voice] if voice["text"] == text else [{**voice, "text": ""}, *_written(card, text)]
    return _written(card, text)


def _written(card: Task, text: str) -> list[dict[str, Any]]:
    pieces = split(text, PART)
    if len(pieces) > PARTS:
        return [{"kind": "file", "text": say(card.lang, "see-file")}]
    return [{"kind": "text", "text": piece} for piece in pieces]


def _pictures(task: TaskDir) -> list[dict[str, Any]]:
    """What the tool brought to be seen."""
    names = (task.json("run/exit.json") or {}).get("pictures") or []
    return [{"kind": "picture", "file": name, "text": ""} for name in names if task.has(name)]


def split(text: str, limit: int) -> list[str]:
    """`text` in pieces of at most `limit` UTF-16 units, cut at paragraphs, else lines, else words."""
    pieces = []
    while (room := _fits(text, limit)) < len(text):
        cut = next(
            (at for mark in ("\n\n", "\n", " ") if (at := text.rfind(mark, room // 2, room)) > 0), room
        )
        pieces.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [*pieces, text] if text else pieces or ["…"]


def _fits(text: str, limit: int) -> int:
    """How many characters from the beginning take at most `limit` UTF-16 units."""
    used = 0
    for number, character in enumerate(text[: limit + 1]):
        used += 2 if ord(character) > 0xFFFF else 1
        if used > limit:
            return number
    return len(text)


def _send_part(
    task: TaskDir,
    card: Task,
    context: Context,
    telegram: "Telegram",
    part: dict[str, Any],
    mark: str,
    buttons: list[tuple[str, str]],
) -> int:
    from telegram import InputFile, LinkPreviewOptions

    shown = escape(mark + part["text"], quote=False)

    def sent(method: str, **fields: Any) -> int:
        return sending.send(context.spool, telegram, card, buttons, method, parse_mode="HTML", **fields)

    def file(name: str) -> InputFile:
        return InputFile((task.path / name).read_bytes(), name.rpartition("/")[2])

    if part["kind"] == "voice":
        seconds = round(float((task.json("speech.json") or {}).get("seconds", 0)))
        return sent("sendVoice", voice=file("answer.oga"), caption=shown, duration=seconds)
    if part["kind"] == "picture":
        # As a file: Telegram makes photos small, and refuses long ones.
        return sent("sendDocument", document=file(part["file"]), caption=shown or None)
    if part["kind"] == "file":
        return sent("sendDocument", document=file("answer.txt"), caption=shown)
    preview = LinkPreviewOptions(is_disabled=True)
    return sent("sendMessage", text=shown, link_preview_options=preview)


def _buttons(task: TaskDir, card: Task, context: Context) -> list[tuple[str, str]]:
    made = []
    error = task.text("error.txt")
    repeatable = "\nagain: " in error if error else task.has("result.md") and card.tool != undoing.TOOL
    unfiled = card.project is None and task.has("request.txt")  # there was no project yet
    if repeatable or unfiled or task.has("cancel"):
        made.append((say(card.lang, "button-again"), press.data(press.RETRY, task)))
    if task.has("error.txt") and card.session and task.has("run/exit.json"):
        made.append((say(card.lang, "button-go-on"), press.data(press.GO, task)))
    if press_run.refused(task):
        made.append((say(card.lang, "button-allow"), press.data(press.ALLOW, task)))
    commits = (task.json("commit.json") or {}).get("commits")
    if commits and card.tool != undoing.TOOL:
        made.append((say(card.lang, "button-undo"), press.data(press.UNDO, task)))
    if (task.has("result.md") or task.has("error.txt")) and (url := page_url(context, task.id)):
        made.append((say(card.lang, "button-details"), url))
    return made


def page_url(context: Context, id: str) -> str | None:
    """The address of a task's page, if the pages have one."""
    base = context.config.pages.url.rstrip("/")
    return f"{base}/task/{id}.html" if base else None


def ask(ticket: Ticket, context: Context, client: "Callable[[], Telegram]") -> None:
    """Ask the person about a task that lies in unsorted/ or hold/, and note that it was asked.

    Raises stage.Later; BadTask.
    """
    from skazano.conversation.chat import Refused

    held = context.spool.lock(ticket, wait=True)  # the stage that parked it may not have let go yet
    if held is None:
        return  # it was taken away meanwhile
    with held:
        task = TaskDir(held.dir)
        card, asked = task.load(), task.json("ask.json") or {}
        if asked.get("asked"):
            return
        refused = None
        if card.chat is not None:
            text, buttons = _question(ticket, task, card, context, asked)

            def keep() -> None:
                task.write_json("ask.json", asked)

            try:
                with sending.marked(asked, "asking", keep, card.lang) as mark:
                    asked["message"] = sending.send(context.spool, client(), card, buttons, text=mark + text)
            except Refused as error:
                refused = str(error)
        asked["asked"] = now()
        task.write_json("ask.json", asked)
        task.history("reply", "asked", about=ticket.box, refused=refused)
        log(task.id, "question refused" if refused else "asked", about=ticket.box, error=refused)


def _question(
    ticket: Ticket, task: TaskDir, card: Task, context: Context, asked: dict[str, Any]
) -> tuple[str, list[tuple[str, str]]]:
    said = task.text("request.txt") or task.text("transcript.txt") or card.title or task.id
    heard, drop = _short(said, 1500), (say(card.lang, "button-drop"), press.data(press.CANCEL, task))
    if name := asked.get("create"):
        create = (say(card.lang, "button-create", name=_short(name, 30)), press.data(press.CREATE, task))
        return say(card.lang, "ask-create", name=name), [create, drop]
    if ticket.box == "unsorted":
        projects = context.projects()
        made = [
            (projects[slug].title, press.data(press.FILE, task, str(number)))
            for number, slug in enumerate(asked.get("options", []))
            if slug in projects
        ]
        if spoken := asked.get("spoken"):
            return say(card.lang, "ask-unknown", name=_short(spoken, 60), heard=heard), [*made, drop]
        return say(card.lang, "ask-project", heard=heard), [*made, drop]
    again = (say(card.lang, "button-again"), press.data(press.RETRY, task))
    go_on = (say(card.lang, "button-go-on"), press.data(press.GO, task))
    kept = task.has("run/started.json") and card.session
    return say(card.lang, "ask-hold", heard=heard), [again, *([go_on] if kept else []), drop]


def _short(text: str, limit: int) -> str:
    return text if _fits(text, limit) == len(text) else text[: _fits(text, limit - 1)].rstrip() + "…"
