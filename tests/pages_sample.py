"""A spool with a task in every state, for looking at the pages: `python tests/pages_sample.py DIR`."""

import json
import os
import shutil
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from skazano import ids
from skazano.projects import Project
from skazano.spool import Spool, Ticket

VOICES = Path(__file__).parent / "voices"
PROJECTS = [
    (
        "shop",
        "Магазин керамики",
        ["магазин", "керамика"],
        "claude",
        "git@github.com:petrova/ceramic-shop.git",
    ),
    ("ebench", "eBench", ["и бенч", "эбэнч"], "codex", "https://git.example.org/lab/ebench.git"),
    ("home", "Домашние дела", ["дом"], "note", None),
    ("blog", "Блог о чае", ["блог"], "claude", "https://bot:secret@git.example.org/tea/blog.git"),
]
HOSTILE = '</script><img src=x onerror="document.title=1"><b>жирно</b> "кавычки" & \u202eабв\u202c {{ 7*7 }}'
NAME = "отчёт #1 100% <b>?.txt"  # a file name with everything that a link must encode

PATCH = """\
diff --git a/templates/cart.html b/templates/cart.html
index 5b1f2aa..c0d91e7 100644
--- a/templates/cart.html
+++ b/templates/cart.html
@@ -14,7 +14,12 @@
   <section class="cart">
     <h1>Корзина</h1>
-    <p>Итого: {{ total }}</p>
+    <p>Итого: {{ total | rubles }}</p>
+    {% if total < free_delivery %}
+    <p class="hint">До бесплатной доставки осталось {{ (free_delivery - total) | rubles }}</p>
+    {% else %}
+    <p class="hint">Доставка бесплатная</p>
+    {% endif %}
   </section>
diff --git a/shop/money.py b/shop/money.py
index 81be0c1..77a0f1d 100644
--- a/shop/money.py
+++ b/shop/money.py
@@ -1,4 +1,9 @@
 FREE_DELIVERY = 3000

-def rubles(value):
-    return f"{value} р."
+
+def rubles(value: int) -> str:
+    \"\"\"3 450 ₽: тонкий пробел между разрядами, неразрывный перед знаком.\"\"\"
+    return f"{value:,}".replace(",", "\\u202f") + "\\u00a0₽"
"""


def projects() -> list[Project]:
    """The sample's projects."""
    return [
        Project(
            slug=slug, title=title, aliases=aliases, path=f"/srv/skazano/{slug}", tool=tool, tools=[tool],
            remote=remote, user=None, terms=[], hidden=False,
        )
        for slug, title, aliases, tool, remote in PROJECTS
    ]  # fmt: skip


class Sample:
    """Makes tasks in a spool, each a minute older than the one before."""

    def __init__(self, root: Path, begin: datetime) -> None:
        self.spool = Spool.open(root)
        self.begin = begin
        self.count = 0

    def task(
        self,
        box: str,
        stage: str | None = None,
        *,
        said: str | None,
        meant: str | None = None,
        answer: str | None = None,
        age: float = 0,
        seconds: float | None = None,
        parent: str | None = None,
        texts: dict[str, str] | None = None,
        past: list[dict[str, Any]] | None = None,
        attempts: int = 0,
        **fields: Any,
    ) -> str:
        """A task whose ticket lies in `box`, said `age` minutes before the beginning. Its id."""
        self.count += 1
        created = self.begin - timedelta(minutes=age)
        id = (
            ids.child(parent, self.count % 9 or 9)
            if parent
            else ids.make(created, "tg", 5512, 80 + self.count)
        )
        id = fields.pop("id", id)
        folder = self.spool.dir(id)
        (folder / "run").mkdir(parents=True)
        task = {
            "id": id, "created": created.isoformat().replace("+00:00", "Z"), "source": "telegram",
            "chat": 5512, "message": 80 + self.count, "kind": "voice" if seconds else "text",
            "seconds": seconds, "parent": parent, **fields,
        }  # fmt: skip
        if seconds:
            task["audio"] = "voice.oga"
            _audio(folder / "voice.oga", seconds)
        put = {"transcript.txt": said, "refined.txt": meant, "answer.txt": answer, **(texts or {})}
        put["task.json"] = json.dumps({k: v for k, v in task.items() if v is not None}, ensure_ascii=False)
        for name, text in put.items():
            if text is not None:
                (folder / name).parent.mkdir(exist_ok=True)
                (folder / name).write_text(text + "\n", encoding="utf-8")
        _history(folder, created, past or [])
        ticket = Ticket(id, box, stage, attempts)  # type: ignore[arg-type]
        path = self.spool.path(ticket)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        if box == "later":
            due = (self.begin + timedelta(minutes=5)).timestamp()
            os.utime(path, (due, due))
        return id


def _history(folder: Path, created: datetime, past: list[dict[str, Any]]) -> None:
    moment = created
    lines = []
    for given in past:
        fields = dict(given)
        moment += timedelta(milliseconds=fields.get("ms", 0) + 40, seconds=fields.pop("gap", 0))
        time = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        lines.append(json.dumps({"time": time, "event": "done", **fields}, ensure_ascii=False))
    (folder / "history.jsonl").write_text("".join(line + "\n" for line in lines), encoding="utf-8")


def _audio(path: Path, seconds: float) -> None:
    """A voice note: a real one if the tests bring any of that length, else a tone."""
    if (VOICES / "02-request-note.oga").exists():
        name = "02-request-note.oga" if seconds < 10 else "08-long.oga"
        shutil.copyfile(VOICES / name, path)
        return
    import numpy
    import soundfile

    time = numpy.arange(int(min(seconds, 2) * 48000)) / 48000
    soundfile.write(path, 0.2 * numpy.sin(2 * numpy.pi * 220 * time), 48000, format="OGG", subtype="OPUS")


def _work(commits: list[tuple[str, str]], numstat: list[list[Any]], pushed: bool = True) -> str:
    return json.dumps(
        {
            "branch": "autobot/2026-11-22",
            "commits": [{"sha": sha, "subject": subject} for sha, subject in commits],
            "numstat": [{"added": a, "removed": d, "path": p} for a, d, p in numstat],
            "push": {"ok": pushed} if pushed else {"ok": False, "error": "remote: Permission denied"},
        },
        ensure_ascii=False,
    )


def whole(sample: Sample, age: float = 38) -> str:
    """A task that went all the way: voice, commit, spoken answer."""
    id = sample.task(
        "done",
        said=(
            "так в магазине э в корзине сделай пожалуйста чтобы сумма была с нормальными рублями ну со "
            "знаком рубля и ещё покажи сколько осталось до бесплатной доставки"
        ),
        meant=(
            "В корзине:\n— показывать итог со знаком рубля и пробелами между разрядами;\n"
            "— под итогом писать, сколько осталось до бесплатной доставки."
        ),
        answer=(
            "Готово. Итог в корзине теперь выглядит как «3 450 ₽», под ним строка «До бесплатной доставки "
            "осталось 550 ₽». Все 48 тестов проходят, изменения отправлены в ветку autobot/2026-11-22."
        ),
        age=age, seconds=38.9, project="shop", tool="claude", mode="audio",
        title="Корзина: сумма со знаком рубля и остаток до бесплатной доставки",
        session="7f0c2b1e-5d0a",
        texts={
            "prompt.md": "# Задание\n\nВ корзине показывать итог со знаком рубля.",
            "result.md": "Изменил `shop/money.py` и `templates/cart.html`.\n\n48 passed in 3.21s",
            "speech.txt": "Готово. Итог в корзине теперь со знаком рубля. Все сорок восемь тестов проходят.",
            "commit.json": _work(
                [("c0d91e77a0f1d5b1f2aa81be0c1c0d91e77a0f1d", "Корзина: рубли и бесплатная доставка")],
                [[6, 1, "templates/cart.html"], [4, 2, "shop/money.py"], [None, None, "static/ruble.woff2"]],
            ),
            "changes.patch": PATCH,
            "transcript.json": json.dumps({"engine": "gigaam", "segments": [{"start": 0.3, "end": 10.9}]}),
            "run/argv.json": '["claude", "-p"]',
            "run/stdout.log": "Правлю shop/money.py\n\x1b[32m48 passed\x1b[0m in 3.21s",
            "run/exit.json": '{"code": 0}',
            "reply.json": '{"messages": [101, 102]}',
        },
        past=[
            {"stage": "download", "ms": 210},
            {"stage": "transcribe", "ms": 1840, "engine": "gigaam"},
            {"stage": "route", "ms": 6},
            {"stage": "refine", "ms": 2300, "engine": "gemini", "cost": 0.0007},
            {"stage": "execute", "ms": 94000, "engine": "claude", "cost": 0.1312, "gap": 21},
            {"stage": "summarize", "ms": 1900, "engine": "gemini", "cost": 0.0004},
            {"stage": "speak", "ms": 1450, "engine": "silero"},
            {"stage": "reply", "ms": 380},
        ],
    )  # fmt: skip
    _audio(sample.spool.dir(id) / "answer.oga", 6)
    return id


def fill(root: Path, begin: datetime, hostile: str = HOSTILE) -> dict[str, str]:
    """The sample spool at `root`; the ids by a short name. `hostile` is what one of them says."""
    sample = Sample(root, begin)
    task, made = sample.task, {}
    made["whole"] = whole(sample)
    made["unsorted"] = task(
        "unsorted", said="напиши скрипт который считает строки в файле", age=12, seconds=3.1,
        past=[{"stage": "transcribe", "ms": 900, "engine": "gigaam"}, {"stage": "route", "ms": 12}],
    )  # fmt: skip
    made["hostile"] = task(
        "unsorted", said=hostile, age=9, seconds=4.2, title=hostile, texts={NAME: "x", "result.md": hostile}
    )
    made["hold"] = task(
        "hold", "execute", said="обнови зависимости", meant="Обновить зависимости и прогнать тесты.", age=55,
        project="ebench", tool="codex",
        texts={"error.txt": "Запуск прервался вместе с питанием: неизвестно, чем он кончился."},
    )  # fmt: skip
    made["failed"] = task(
        "failed", said="выложи новую статью про улун", meant="Опубликовать статью «Улун».", age=95,
        seconds=5.5, project="blog", tool="claude",
        answer="Не получилось: claude не вошёл в учётную запись.",
        texts={
            "error.txt": "Claude не вошёл в учётную запись. На сервере: claude login\n\nstage: execute",
            "run/stderr.log": "Invalid API key · Please run /login",
        },
        past=[{"stage": "execute", "event": "failed", "ms": 1300, "reason": "exit code 1"}],
    )  # fmt: skip
    made["run"] = task(
        "run", "execute", said="сделай тёмную тему", meant="Сделать тёмную тему сайта.", age=4, seconds=2.2,
        project="shop", tool="claude", attempts=1,
        texts={"run/stdout.log": "Смотрю static/site.css\nВыношу цвета в переменные"},
        past=[{"stage": "transcribe", "ms": 700, "engine": "gigaam"}, {"stage": "refine", "ms": 1200}],
    )  # fmt: skip
    made["later"] = task(
        "later", "refine", said="добавь в реадми раздел про докер", age=6, seconds=4.9, project="ebench",
        tool="codex", attempts=2,
        past=[{"stage": "refine", "event": "later", "ms": 3100, "reason": "429 from Gemini", "seconds": 60}],
    )  # fmt: skip
    made["new"] = task("new", "transcribe", said=None, age=1, seconds=39.0)
    made["waiting"] = task(
        "waiting", said="сделай три вещи", age=20, seconds=6.6, project="home", tool="note"
    )
    parts = ["Обновить документацию", "Написать тесты для парсера", "Удалить старый скрипт сборки"]
    for number, part in enumerate(parts, 1):
        box, stage = [("done", None), ("run", "execute"), ("new", "execute")][number - 1]
        made[f"child{number}"] = task(
            box, stage, said=part, meant=part + ".", age=20, project="home", tool="note",
            parent=made["waiting"], id=ids.child(made["waiting"], number),
            answer="Записано." if box == "done" else None,
        )  # fmt: skip
    for number, (slug, title, answer) in enumerate(FINISHED):
        task(
            "done", said=title.lower(), meant=title, answer=answer, age=130 + number * 410, project=slug,
            tool={"shop": "claude", "ebench": "codex", "home": "note", "blog": "claude"}[slug],
            seconds=[3.4, None, 7.9][number % 3],
            past=[{"stage": "reply", "ms": 300, "cost": 0.04 * (number % 3)}],
        )  # fmt: skip
    return made


FINISHED = [
    (
        "ebench",
        "Добавить в отчёт медиану и 99-й перцентиль",
        "Добавил обе величины, график перерисован. 31 тест проходит.",
    ),
    ("shop", "Исправить опечатку в письме о заказе", "Исправил «заказ принять» на «заказ принят»."),
    ("home", "Купить фильтр для воды и лампу в коридор", "Записал в список покупок."),
    (
        "blog",
        "Сжать картинки в статье про пуэр",
        "Девять картинок стали легче в четыре раза, вид не изменился.",
    ),
    (
        "ebench",
        "Почему прогон на ноутбуке медленнее?",
        "Дело в частоте: без питания процессор держит 1,4 ГГц.",
    ),
    ("shop", "Отсортировать вазы по высоте", "Теперь вазы идут от низких к высоким, порядок можно сменить."),
    ("home", "Напомнить про поверку счётчиков", "Записал: поверка до 15 декабря."),
    ("blog", "Черновик заметки о воде для чая", "Черновик на 600 слов лежит в drafts/voda.md."),
    ("ebench", "Перейти на pytest 9", "Перешёл, поправил три устаревших вызова."),
]


if __name__ == "__main__":
    from datetime import UTC
    from zoneinfo import ZoneInfo

    from skazano.views.pages import Site

    target = Path(sys.argv[1])
    language = sys.argv[2] if len(sys.argv) > 2 else "ru"
    if not (target / "spool").exists():
        fill(target / "spool", datetime(2026, 11, 22, 15, 4, 31, tzinfo=UTC))
    Site(target / "spool", target / "site", projects(), language, ZoneInfo("Europe/Moscow")).render_all()
    print(target / "site" / "index.html")
