"""The pages: static HTML made from the spool alone, readable with every daemon stopped.

A view, not a store: the site may be deleted at any time and is made anew. So nothing here is fsynced; a
page is replaced by rename, and only if it differs. Everything that came from outside is escaped by the
templates, which let no string through unescaped, and reaches a link only percent-encoded.
"""

import os
from collections.abc import Callable, Sequence
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from skazano import ids
from skazano.spool import Spool, Ticket
from skazano.views import pages_output, pages_read, pages_view
from skazano.views.pages_changes import Changes
from skazano.views.pages_html import SHOWN, WEB, environment, write
from skazano.views.pages_read import Row, is_id
from skazano.views.pages_recent import KEEP, Recent, newest
from skazano.views.pages_text import Speech, machine

if TYPE_CHECKING:
    from skazano.projects import Project

RECENT = 15  # finished tasks on the board
WORKING = ("run", "new", "later", "waiting")  # in this order


def timezone(name: str) -> tzinfo | None:
    """The timezone of that name; None, the machine's own, if it is empty or unknown."""
    try:
        return ZoneInfo(name) if name else None
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return None


class Site:
    """The pages below `site_root`. `tz` None: the machine's timezone."""

    def __init__(
        self,
        spool_root: Path,
        site_root: Path,
        projects: "Sequence[Project]",
        lang: str = "ru",
        tz: tzinfo | None = None,
    ) -> None:
        self.spool = Spool(spool_root)
        self.root = site_root
        self.projects = list(projects)
        self.speech = Speech(lang, tz)
        self._recent = Recent(self.spool, self._finished)
        self._changes = Changes(self.spool)
        self._shown: list[Project] = []  # for which the overviews were written
        self._rows: dict[str, tuple[tuple[object, ...], Row]] = {}  # of open tasks
        self._loaded = False
        self._install()
        self._templates = environment(self.speech)

    # -- the pages --------------------------------------------------------------------------------

    def render_task(self, id: str) -> bool:
        """Write the task's page; remove it if the task is gone. Whether a file changed.

        Raises ids.BadId.
        """
        page = self.root / "task" / f"{ids.check(id)}.html"
        row = pages_read.row(self.spool, id, self.spool.find(id))
        if row is None:
            self._recent.drop(id)
            there = page.exists()
            page.unlink(missing_ok=True)
            return there
        self._recent.put(row)
        return self._write(page, "task.html.j2", **self._detail(row))

    def render_board(self) -> bool:
        """Write index.html. Whether it changed."""
        self._load()
        rows = self._open_rows()
        cards = [self._card(project, rows) for project in self.projects if not project.hidden]
        cards.sort(key=lambda card: card["last"] or "", reverse=True)
        recent = self._recent.rows(None, RECENT)
        return self._write(
            self.root / "index.html",
            "board.html.j2",
            root="",
            groups=self._groups(rows, ("unsorted", "hold", "failed")),
            working=_working(rows),
            cards=cards,
            recent=recent,
            last=max((row.last for row in [*rows, *recent]), default=None),
        )

    def render_project(self, slug: str) -> bool:
        """Write the project's page; remove it if there is no such project. Whether a file changed."""
        page = self.root / "project" / f"{slug}.html"
        project = next((one for one in self.projects if one.slug == slug), None)
        if project is None:
            there = page.exists()
            page.unlink(missing_ok=True)
            return there
        self._load()
        rows = [row for row in self._open_rows() if row.project == slug]
        finished = self._recent.rows(slug, KEEP)
        return self._write(
            page,
            "project.html.j2",
            root="../",
            project=project,
            remote=pages_view.shown_remote(project.remote),
            remote_link=pages_view.web_address(project.remote),
            groups=self._groups(rows, ("unsorted", "hold", "failed")),
            working=_working(rows),
            recent=finished,
            last=max((row.last for row in [*rows, *finished]), default=None),
        )

    def render_all(self, progress: Callable[[int], None] | None = None) -> int:
        """Every page anew, of every task in the spool; the number of tasks."""
        self._loaded = False
        count = 0
        for day in sorted(self.spool.tasks.glob("[0-9]*"), reverse=True):
            for id in sorted(os.listdir(day), reverse=True):
                if is_id(id):
                    self.render_task(id)
                    count += 1
                    if progress:
                        progress(count)
        self._load()
        self._render_overviews()
        return count

    # -- keeping up with the spool ----------------------------------------------------------------

    def update(self, changed: Sequence[str]) -> None:
        """Render these tasks, their parents, and the pages that list them."""
        self._load()
        slugs = {self._slug(id) for id in changed}
        for id in dict.fromkeys([*changed, *filter(None, map(ids.parent, changed))]):
            self.render_task(id)
        self.render_board()
        slugs |= {self._slug(id) for id in changed}
        for slug in sorted(filter(None, slugs)):
            self.render_project(slug)

    def sync(self) -> list[str]:
        """Render whatever differs from what this object saw last; the ids of the tasks rendered.

        The first call also renders what finished while nobody looked, and the overviews. It needs no
        events: an overflow of inotify costs nothing but a call. `projects` may be replaced before it.
        """
        first = not self._loaded
        self._load()
        changed = self._changes.look()
        if first:
            changed += self._stale()
        if first or self._shown != self.projects:
            for id in changed:
                self.render_task(id)
            self._render_overviews()
        elif changed:
            self.update(changed)
        return changed

    def _stale(self) -> list[str]:
        """Newest finished tasks that have no page, or one older than the ticket's last rename (ctime)."""
        found = []
        for ticket in newest(self.spool, KEEP):
            page = self.root / "task" / f"{ticket.id}.html"
            try:
                if page.stat().st_mtime < self.spool.path(ticket).stat().st_ctime:
                    found.append(ticket.id)
            except FileNotFoundError:
                found.append(ticket.id)
        return found

    def _render_overviews(self) -> None:
        gone = {one.slug for one in self._shown} - {one.slug for one in self.projects}
        for slug in [*gone, *(one.slug for one in self.projects)]:
            self.render_project(slug)
        self._shown = list(self.projects)
        self.render_board()

    # -- what they show ---------------------------------------------------------------------------

    def _load(self) -> None:
        if not self._loaded:
            self._recent.load([project.slug for project in self.projects])
            self._loaded = True

    def _finished(self, ticket: Ticket) -> Row | None:
        return pages_read.row(self.spool, ticket.id, ticket) if is_id(ticket.id) else None

    def _open_rows(self) -> list[Row]:
        """A row for each task that is not done, read again only if it changed; a project's newest first.

        Of failed ones, which nobody may have cleared away for a year, only the newest are read.
        """
        kept: dict[str, tuple[tuple[object, ...], Row]] = {}
        tickets = [t for t in self.spool.open_tickets() if t.box != "failed"]
        for ticket in [*tickets, *self.spool.tickets("failed")[-SHOWN * 5 :]]:
            mark = pages_read.signature(self.spool, ticket)
            former = self._rows.get(ticket.id)
            if former and former[0] == mark:
                kept[ticket.id] = former
            elif row := pages_read.row(self.spool, ticket.id, ticket):
                kept[ticket.id] = (mark, row)
        self._rows = kept
        return [row for _, row in kept.values()]

    def _slug(self, id: str) -> str | None:
        former = self._rows.get(id)
        row = former[1] if former else self._recent.get(id)
        return row.project if row else None

    def _groups(self, rows: list[Row], boxes: Sequence[str]) -> list[tuple[str, list[Row]]]:
        groups = [(box, _newest_first([row for row in rows if row.state == box])) for box in boxes]
        return [(box, found) for box, found in groups if found]

    def _card(self, project: "Project", rows: list[Row]) -> dict[str, Any]:
        mine = [row for row in rows if row.project == project.slug]
        shown = [*_newest_first(mine), *self._recent.rows(project.slug, 4)][:4]
        last = max((machine(row.last) for row in shown), default=None)
        return {"project": project, "rows": shown, "open": len(mine), "last": last}

    def _detail(self, row: Row) -> dict[str, Any]:
        folder = self.spool.dir(row.id)
        project = next((one for one in self.projects if one.slug == row.project), None)
        past = pages_read.events(folder)
        steps, worked = pages_view.steps(past)
        patches, cut = pages_output.diff(folder)
        files = pages_view.listing(folder, row.id)
        return {
            "root": "../",
            "row": row,
            **_fields(pages_read.value(folder / "task.json")),
            "project": project,
            "projects": [one for one in self.projects if not one.hidden],
            "files": {file.name: file for file in files},
            "pictures": [file for file in files if file.picture],
            "said": pages_read.said(folder),
            "texts": {
                name: pages_view.long_text(folder, name)
                for name in ("refined.txt", "answer.txt", "speech.txt", "result.md")
            },
            "trouble": pages_view.trouble(folder),
            "steps": steps,
            "worked": worked,
            "work": pages_view.work(folder, project.remote if project else None),
            "patches": patches,
            "patch_cut": cut,
            "logs": pages_output.logs(folder),
            "parent": self._relative(ids.parent(row.id)),
            "children": self._children(row.id),
        }

    def _relative(self, id: str | None) -> Row | None:
        return pages_read.row(self.spool, id, self.spool.find(id)) if id else None

    def _children(self, id: str) -> list[Row]:
        found: list[Row] = []
        while id.count(".") < 2 and len(found) < 99:
            row = self._relative(ids.child(id, len(found) + 1))
            if row is None:
                break
            found.append(row)
        return found

    # -- files ------------------------------------------------------------------------------------

    def _install(self) -> None:
        for folder in ("task", "project"):
            (self.root / folder).mkdir(mode=0o755, parents=True, exist_ok=True)
        for name in ("style.css", "icon.svg"):
            write(self.root / name, (WEB / name).read_bytes())
        link = self.root / "files"
        if not link.is_symlink() and not link.exists():
            link.symlink_to(os.path.relpath(self.spool.tasks, self.root), target_is_directory=True)

    def _write(self, page: Path, template: str, **values: Any) -> bool:
        html: str = self._templates.get_template(template).render(values)
        return write(page, html.encode())


def _fields(task: dict[str, Any]) -> dict[str, str | None]:
    """What the template takes from task.json as it lies there: strings, or None."""
    return {
        "spoken_lang": "en" if task.get("lang") == "en" else "ru",
        "source": "cli" if task.get("source") == "cli" else "telegram",
        "audio": pages_read.word(task.get("audio")),
        "session": pages_read.word(task.get("session")),
    }


def _working(rows: list[Row]) -> list[Row]:
    found = [row for row in _newest_first(rows) if row.state in WORKING]
    return sorted(found, key=lambda row: WORKING.index(row.state))


def _newest_first(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row.id, reverse=True)
