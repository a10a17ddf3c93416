"""What `route` decides: settings phrases, commands and the project of a request."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from skazano import acts, ids, project_edit, thinking
from skazano.conversation import chats, orders, pieces
from skazano.execution import undoing
from skazano.projects import Project
from skazano.spool import SpoolError
from skazano.stage import Context
from skazano.task import Task, TaskDir
from skazano.texts import say
from skazano.understand import names
from skazano.understand.mentions import mentioned
from skazano.understand.refine import sentence
from skazano.understand.settings import Settings, parse_project_prefix
from skazano.understand.tools import match_tool

ADDITION = re.compile(
    r"^(?:(?:да|и|а|ну)\s+)?(?:и\s+)?(?:ещё|еще|также|заодно)\b(?!\s+(?:раз|не|бы|больше|меньше|лучше|как)\b)[\s,:—-]*",
    re.I,
)  # «ещё раз проверь» is no addition
SHOWN = 8  # projects offered as buttons at most
BEGINNING = 8  # words of a request in which it may name another project than the sticky one
NAME_WORDS = 4  # what is longer is no project's name alone


class Desk:
    """One task on route's desk. Each verb ends with the name of where the task goes."""

    def __init__(self, task: TaskDir, card: Task, context: Context) -> None:
        self.task = task
        self.card = card
        self.context = context
        self.spool = context.spool
        self.all = context.projects()
        self.projects: Sequence[Project] = [p for p in self.all.values() if not p.hidden]
        self.chat = chats.read(self.spool, card.chat)
        self.card.lang = self.chat.lang or context.config.chat.lang
        if card.source != "cli":  # there it was said with the task
            self.card.mode = self.chat.mode or context.config.chat.mode

    def answer(self, key: str, **values: object) -> str:
        """Answer at once; nothing is to be done."""
        self.card.mode = "text"
        self.task.save(self.card)
        self.task.write("answer.txt", say(self.card.lang, key, **values))
        return "reply"

    # -- settings ---------------------------------------------------------------------------------

    def settle(self, wanted: Settings) -> str:
        """Apply a settings phrase; a request behind it goes on as a task."""
        if wanted.unclear:
            return self.answer("settings-unclear", said=wanted.unclear, **self.what_is_set())
        project, near = None, None
        if wanted.project:
            near = names.match(wanted.project, self.projects)
            slug = near.slug if near.sure else self._ask_model(wanted.project, wanted.rest)
            project = self.all[slug] if slug else None
        tool = self._tool(wanted.tool, project)
        self._remember(wanted, project, tool)
        if wanted.action:
            return self._act(wanted)
        if wanted.project and project is None:
            likely = [slug for slug, _ in near.candidates] if near else []
            if wanted.rest:
                return self._unsorted(wanted.rest, likely, wanted.project)
            if not self.projects:
                return self.answer("projects-none")
            return self.answer("no-project", name=wanted.project, known=self._titles(likely))
        if wanted.tool and tool is None:
            return self.answer("no-tool", name=wanted.tool, known=", ".join(self.context.config.tools))
        if wanted.rest:
            return self.file(wanted.rest)
        if project and self._settles_question(project.slug):
            return "done"
        return self.answer("settings", **self.what_is_set())

    def _act(self, wanted: Settings) -> str:
        """«создай проект X» (after a press), «скрой проект X», «покажи скрытые»."""
        if wanted.action == "show-hidden":
            hidden = [p.title for p in self.all.values() if p.hidden]
            return self.answer("hidden", known=", ".join(hidden)) if hidden else self.answer("hidden-none")
        name = wanted.name or ""
        if wanted.action == "hide":
            found = names.match(name, self.projects)
            if not found.sure or found.slug is None:
                likely = [slug for slug, _ in found.candidates]
                return self.answer("no-project", name=name, known=self._titles(likely))
            project_edit.change(self.context.settings, found.slug, hidden=True)
            return self.answer("hid", title=self.all[found.slug].title)
        if not name:
            return self.answer("create-nameless")
        if wanted.rest:
            self.task.write("request.txt", wanted.rest)
        self.task.write_json("ask.json", {"create": sentence(name).rstrip("."), "options": []})
        self.task.save(self.card)
        return "unsorted"

    def _remember(self, wanted: Settings, project: Project | None, tool: str | None) -> None:
        with chats.change(self.spool, self.card.chat) as chat:
            if wanted.reset:
                chat.project, chat.until, chat.mode, chat.tool, chat.lang = None, 0.0, None, None, None
            if project:
                chat.project = project.slug
                chat.until = chats.ends(self.context.config.chat.sticky_hours)
            if wanted.mode:
                chat.mode = wanted.mode
            if wanted.lang in ("ru", "en"):
                chat.lang = wanted.lang  # type: ignore[assignment]
            if tool:
                chat.tool = tool
            self.chat = chat
        self.card.mode = self.chat.mode or self.context.config.chat.mode
        self.card.lang = self.chat.lang or self.context.config.chat.lang

    def _tool(self, spoken: str | None, project: Project | None) -> str | None:
        known = project.tools if project else list(self.context.config.tools)
        return match_tool(spoken, known) if spoken else None

    def what_is_set(self) -> dict[str, str]:
        lang, project = self.card.lang, self.all.get(self.chat.sticky or "")
        return {
            "project": project.title if project else say(lang, "none-set"),
            "mode": say(lang, f"mode-{self.card.mode}"),
            "tool": self.chat.tool or (project.tool if project else say(lang, "none-set")),
            "known": self._titles([]),
        }

    def _titles(self, slugs: Sequence[str]) -> str:
        found = [self.all[slug].title for slug in slugs if slug in self.all]
        return ", ".join(found or [p.title for p in self.projects]) or say(self.card.lang, "none-yet")

    # -- requests ---------------------------------------------------------------------------------

    def file(self, text: str) -> str:
        """Put a request under its project: named in it, answered to, or sticky; else unsorted."""
        named = parse_project_prefix(text, self.projects)
        alone = self._named_alone(*(named or (text, "")))
        if alone and self._settles_question(alone):
            return "done"
        if alone and named:
            return self.settle(Settings(project=named[0]))
        if named is not None:
            found = names.match(named[0], self.projects)
            slug = found.slug if found.sure else self._ask_model(named[0], named[1])
            if slug and named[1]:
                return self._under(slug, named[1])
            if found.candidates and not slug:
                return self._unsorted(text, [slug for slug, _ in found.candidates], named[0])
        parent = self._answered()
        if parent and parent.project in self.all:
            self.card.parent = parent.id
            self.card.session, self.card.tool = parent.session, parent.tool
            return self._under(parent.project, text)
        if parent and parent.project is None:  # a file that came without words, and now these
            pieces.take_files(TaskDir(self.spool.dir(parent.id)), parent, self.task, self.card)
        if self.card.project in self.all:
            return self._under(self.card.project, text)
        if self._joined(text):
            return "done"
        return self._by_its_words(text)

    def _by_its_words(self, text: str) -> str:
        """The sticky project, or else the one that the request speaks of. Asked about if it begins with
        the name of another than the sticky one."""
        sticky = self.chat.sticky
        if sticky and sticky in self.all:
            told = mentioned(text, self.projects, BEGINNING)
            if told.slug not in (None, sticky) and told.leading:
                return self._unsorted(text, [*told.likely, sticky])
            if self.context.config.chat.sticky_renewed:
                with chats.change(self.spool, self.card.chat) as chat:
                    chat.until = chats.ends(self.context.config.chat.sticky_hours)
            return self._under(sticky, text)
        told = mentioned(text, self.projects)
        return self._under(told.slug, text) if told.slug else self._unsorted(text, told.likely)

    def _named_alone(self, spoken: str, request: str) -> str | None:
        """The project, if nothing is said but its name."""
        if request or len(spoken.split()) > NAME_WORDS:
            return None
        found = names.match(spoken, self.projects)
        return found.slug if found.sure else None

    def _settles_question(self, slug: str) -> bool:
        """Whether this is a reply to the question which project a task is for, and that is settled by it."""
        asked = self._answered()
        ticket = self.spool.find(asked.id) if asked else None
        if asked is None or ticket is None or ticket.box != "unsorted":
            return False
        if (TaskDir(self.spool.dir(asked.id)).json("ask.json") or {}).get("create"):
            return False
        with chats.change(self.spool, self.card.chat) as chat:
            chat.project, chat.until = slug, chats.ends(self.context.config.chat.sticky_hours)
        try:
            acts.file_under(self.spool, asked.id, slug, by=self.task.id)
        except SpoolError:
            return False  # it was settled otherwise at this moment
        self.task.save(self.card)
        self.context.note(filed=asked.id)
        return True

    def _ask_model(self, spoken: str, request: str) -> str | None:
        """The project that a language model takes for the one that was meant; it may choose none."""
        models = thinking.models(self.context)
        if models is None or not self.projects:
            return None
        from skazano.understand.by_model import choose_project_with_model

        slug, usage = choose_project_with_model(
            models, spoken, self.projects, request, thinking.prompts(self.context)
        )
        thinking.note(self.context, usage)
        return slug

    def _joined(self, text: str) -> bool:
        """Whether «и ещё …» could be added to the request before it."""
        within = self.context.config.chat.join_seconds
        words = ADDITION.sub("", text).strip()
        if words == text or not words or not within:
            return False
        for ticket in reversed(orders.own_open(self)):
            project = TaskDir(self.spool.dir(ticket.id)).load().project
            if self.chat.sticky not in (None, project):
                return False
            young = (ids.created(self.task.id) - ids.created(ticket.id)).total_seconds() <= within
            try:
                if not young or not acts.join(self.spool, ticket.id, words, by=self.task.id):
                    return False
            except SpoolError:
                return False  # it moved on at this moment
            self.task.save(self.card)
            self.context.note(joined=ticket.id)
            return True
        return False

    def _under(self, slug: str, text: str) -> str:
        self.card.project = slug
        if self.card.tool is None and self.chat.tool in self.all[slug].tools:
            self.card.tool = self.chat.tool
        self.task.write("request.txt", text)
        self.task.save(self.card)
        self.context.note(project=slug)
        return "refine"

    def _unsorted(self, text: str, likely: Sequence[str], spoken: str = "") -> str:
        if not self.projects:
            self.task.write("request.txt", text)
            return self.answer("no-projects")
        rest = [p.slug for p in self.projects if p.slug not in likely]
        self.task.write("request.txt", text)
        self.task.write_json("ask.json", {"options": [*likely, *rest][:SHOWN], "spoken": spoken})
        self.task.save(self.card)
        return "unsorted"

    def _answered(self) -> Task | None:
        """The task whose message this one replies to."""
        card = self.card
        if card.reply_to is None or card.chat is None:
            return None
        id = chats.task_of(self.spool, card.chat, card.reply_to) or self._mine(card.reply_to)
        if id is None or not self.spool.dir(id).exists():
            return None
        found = TaskDir(self.spool.dir(id)).load()
        undone = found.parent if found.tool == undoing.TOOL else None
        return TaskDir(self.spool.dir(undone)).load() if undone else found

    def _mine(self, message: int) -> str | None:
        """The id of the task that the person's own message made: its date is in the update."""
        update = self.task.json("update.json") or {}
        date = update.get("message", {}).get("reply_to_message", {}).get("date")
        if not isinstance(date, int) or self.card.chat is None:
            return None
        return ids.make(datetime.fromtimestamp(date, UTC), "tg", self.card.chat, message)
