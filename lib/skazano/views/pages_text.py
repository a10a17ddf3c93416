"""What the pages say and how they write dates, durations, sizes and money: Russian and English.

Every visible word of the pages is in WORDS. Texts that a person or a program gave never pass through
here, except `visible`, which shows characters that could deceive the eye as what they are.
"""

import re
from datetime import UTC, datetime, tzinfo

NBSP, THIN = "\u00a0", "\u202f"

# Russian, English.
WORDS: dict[str, tuple[str, str]] = {
    "name": ("Сказано", "Skazano"),
    "board": ("Доска", "Board"),
    "skip": ("К содержанию", "Skip to content"),
    "where": ("Путь", "Breadcrumb"),
    "summary": ("Сводка", "Summary"),
    "unsorted": ("Неразобранное", "Unsorted"),
    "unsorted_hint": ("Проект не назван: выберите, куда отнести.", "No project named: file it."),
    "hold": ("Ждёт решения", "Waits for a decision"),
    "failed": ("Не удалось", "Failed"),
    "working": ("Сейчас в работе", "Working right now"),
    "projects": ("Проекты", "Projects"),
    "recent": ("Недавнее", "Recent"),
    "open": ("Открытые", "Open"),
    "finished": ("Готовые", "Done"),
    "more": ("Показать ещё", "Show more"),
    "not_shown": ("Не показаны на этой странице", "Not shown on this page"),
    "quiet": ("Пока тихо", "All quiet"),
    "quiet_hint": (
        "Запишите боту голосовое сообщение или поставьте задачу из терминала:",
        "Send the bot a voice message or give it a task from the terminal:",
    ),
    "no_tasks": ("Задач пока нет.", "No tasks yet."),
    "last_event": ("Последнее событие", "Last event"),
    "source": ("Страница составлена из каталога задач", "Made from the task spool"),
    "untitled": ("Без слов", "No words"),
    "unheard": ("Голосовое сообщение", "Voice message"),
    "said": ("Сказано", "What was said"),
    "written": ("Написано", "What was written"),
    "meant": ("Понято", "What was meant"),
    "not_yet_said": ("Ещё не расшифровано.", "Not transcribed yet."),
    "silence": ("Слов не слышно.", "No words heard."),
    "not_yet_meant": ("Ещё не уточнено.", "Not refined yet."),
    "answer": ("Ответ", "Answer"),
    "full_result": ("Полный ответ инструмента", "The tool’s whole answer"),
    "spoken_text": ("Текст для озвучивания", "Text as read aloud"),
    "audio_said": ("Запись сообщения", "Recording of the message"),
    "audio_answer": ("Ответ голосом", "Spoken answer"),
    "no_audio": ("Браузер не проигрывает звук; файл:", "This browser plays no audio; the file:"),
    "what_happened": ("Что случилось", "What happened"),
    "what_to_do": ("Что сделать", "What to do"),
    "do_failed": ("Устраните причину и повторите:", "Mend the cause and try again:"),
    "do_hold": ("Продолжить с того же места или отменить:", "Go on from here or cancel:"),
    "do_unsorted": ("Отнесите задачу к проекту:", "File the task under a project:"),
    "do_missing": (
        "У задачи нет билета ни в одной очереди. Проверьте каталог:",
        "The task has no ticket in any queue. Check the spool:",
    ),
    "slug": ("проект", "project"),
    "waits_until": ("повтор не раньше", "tried again after"),
    "commit": ("Изменения", "Changes"),
    "branch": ("Ветка", "Branch"),
    "commits": ("Коммиты", "Commits"),
    "file": ("Файл", "File"),
    "added": ("Добавлено", "Added"),
    "deleted": ("Удалено", "Deleted"),
    "compare": ("сравнить", "compare"),
    "left_out": ("Не вошло в коммит", "Left out of the commit"),
    "no_changes": ("Файлы не изменились.", "No files changed."),
    "binary": ("двоичный", "binary"),
    "pushed": ("отправлено", "pushed"),
    "not_pushed": ("не отправлено", "not pushed"),
    "diff": ("Построчно", "Diff"),
    "cut_diff": ("Показано начало; целиком в файле", "Only the beginning is shown; the whole is in"),
    "cut_log": ("Показан конец; целиком в файле", "Only the end is shown; the whole is in"),
    "log": ("Журнал выполнения", "Run log"),
    "stdout": ("Вывод", "Output"),
    "stderr": ("Ошибки", "Errors"),
    "history": ("Ход работы", "History"),
    "stage": ("Этап", "Stage"),
    "time": ("Время", "Time"),
    "took": ("Длилось", "Took"),
    "worked": ("Всего работы", "Work in all"),
    "waited": ("ждало", "waited"),
    "files": ("Файлы", "Files"),
    "size": ("Размер", "Size"),
    "about": ("О задаче", "About the task"),
    "id": ("Номер", "Id"),
    "project": ("Проект", "Project"),
    "tool": ("Инструмент", "Tool"),
    "tools": ("Инструменты", "Tools"),
    "reply_mode": ("Отвечать", "Answer by"),
    "mode_text": ("текстом", "text"),
    "mode_audio": ("голосом", "voice"),
    "created": ("Поступило", "Received"),
    "finished_at": ("Завершено", "Finished"),
    "from": ("Откуда", "From"),
    "source_telegram": ("Телеграм", "Telegram"),
    "source_cli": ("терминал", "terminal"),
    "length": ("Запись", "Recording"),
    "cost": ("Стоимость", "Cost"),
    "parent": ("Часть задачи", "Part of"),
    "children": ("Подзадачи", "Subtasks"),
    "session": ("Сеанс", "Session"),
    "path": ("Папка", "Folder"),
    "remote": ("Репозиторий", "Repository"),
    "aliases": ("Имена", "Names"),
    "attempt": ("попытка", "attempt"),
    "picture": ("Приложенная картинка", "Attached picture"),
    "state": ("Состояние", "State"),
    "state_new": ("в очереди", "queued"),
    "state_run": ("в работе", "working"),
    "state_later": ("отложено", "deferred"),
    "state_unsorted": ("без проекта", "no project"),
    "state_waiting": ("ждёт подзадач", "waits for subtasks"),
    "state_hold": ("ждёт решения", "on hold"),
    "state_done": ("готово", "done"),
    "state_failed": ("не удалось", "failed"),
    "state_missing": ("без билета", "no ticket"),
    "stage_receive": ("приём", "receive"),
    "stage_download": ("загрузка", "download"),
    "stage_transcribe": ("расшифровка", "transcribe"),
    "stage_route": ("выбор проекта", "route"),
    "stage_refine": ("уточнение", "refine"),
    "stage_execute": ("выполнение", "execute"),
    "stage_summarize": ("краткий ответ", "summarize"),
    "stage_speak": ("озвучивание", "speak"),
    "stage_skazano": ("вручную", "by hand"),
    "stage_clean": ("уборка", "clean"),
    "stage_reply": ("отправка", "reply"),
    "event_done": ("сделано", "done"),
    "event_later": ("отложено", "deferred"),
    "event_failed": ("не удалось", "failed"),
    "event_claimed": ("взято", "claimed"),
    "event_published": ("поступило", "received"),
    "event_received": ("поступило", "received"),
    "event_parked": ("ждёт человека", "parked"),
    "event_unsorted": ("ждёт выбора проекта", "unsorted"),
    "event_hold": ("остановлено", "held"),
    "event_recovered": ("возвращено после сбоя", "recovered"),
    "event_moved": ("перенесено", "moved"),
    "event_retried": ("повторено", "retried"),
    "event_cancelled": ("отменено", "cancelled"),
    "event_filed": ("отнесено к проекту", "filed"),
    "event_held": ("остановлено", "held"),
    "event_asked": ("задан вопрос", "asked"),
    "event_gathered": ("собраны ответы подзадач", "subtasks gathered"),
    "event_joining": ("присоединяется к первой", "joins the first one"),
    "event_joined": ("дополнено", "added to"),
    "event_confirmed": ("слова поправлены", "words corrected"),
    "event_interrupted": ("служба молчала, продолжено", "service away, went on"),
    "event_session unknown": ("сеанса больше нет, начато заново", "session gone, begun afresh"),
    "event_removed": ("удалено при уборке", "removed by clean"),
    "event_waiting": ("ждёт подзадач", "waits for subtasks"),
}  # fmt: skip

COUNTED = {
    "tasks": (("задача", "задачи", "задач"), ("task", "tasks", "tasks")),
}

_MONTHS = (
    ("января", "Jan"), ("февраля", "Feb"), ("марта", "Mar"), ("апреля", "Apr"), ("мая", "May"),
    ("июня", "June"), ("июля", "July"), ("августа", "Aug"), ("сентября", "Sept"), ("октября", "Oct"),
    ("ноября", "Nov"), ("декабря", "Dec"),
)  # fmt: skip

# Controls, bidirectional overrides and isolates, invisible spaces, tag characters, lone surrogates.
# Tab, newline, and the joiners that emoji and Indic scripts need, stay.
_DECEIVING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_SHORT = re.compile(r"(?i)(?<!\w)([а-яё]{1,2}) (?=\w)")


def visible(text: str) -> str:
    """`text` with every deceiving character written as its code point: ⟨U+202E⟩."""
    return _DECEIVING.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text.replace("\r\n", "\n"))


def plural(number: int) -> int:
    """Which Russian form goes with `number`: 0 one, 1 few, 2 many."""
    if number % 10 == 1 and number % 100 != 11:
        return 0
    return 1 if 2 <= number % 10 <= 4 and not 12 <= number % 100 <= 14 else 2


class Speech:
    """The words and number formats of one language, times in one timezone (None: the machine's)."""

    def __init__(self, lang: str = "ru", tz: tzinfo | None = None) -> None:
        self.lang = "en" if lang == "en" else "ru"
        self.tz = tz
        self._column = 1 if self.lang == "en" else 0

    def say(self, key: str) -> str:
        """The word for `key`; an unknown key (an event that a later stage invented) is said as it is."""
        found = WORDS.get(key)
        return found[self._column] if found else key.partition("_")[2] or key

    def title(self, given: str | None, kind: str) -> str:
        """A task's title for reading: what it is called, or that nobody has heard it yet. In Russian a short
        word stays with the next one, and a dash with the one before."""
        if not given:
            return self.say("untitled" if kind in ("text", "photo", "document") else "unheard")
        return self.bound(given)

    def bound(self, given: str) -> str:
        """`given` with no-break spaces where a Russian line must not break."""
        return _SHORT.sub(rf"\1{NBSP}", given).replace(" —", f"{NBSP}—") if self.lang == "ru" else given

    def count(self, number: int, what: str) -> str:
        """`3 задачи`, `3 tasks`."""
        forms = COUNTED[what][self._column]
        form = forms[plural(number)] if self.lang == "ru" else forms[number != 1]
        return f"{self.number(number)}{NBSP}{form}"

    def number(self, value: float, digits: int = 0) -> str:
        """Thousands apart, decimal comma in Russian."""
        text = f"{value:,.{digits}f}"
        return text if self.lang == "en" else text.replace(",", THIN).replace(".", ",")

    def duration(self, seconds: float) -> str:
        """`350 мс`, `4,2 с`, `1 мин 20 с`, `2 ч 5 мин`, `3 дн. 4 ч`."""
        ru = self.lang == "ru"
        if seconds < 1:
            return f"{max(0, round(seconds * 1000))}{NBSP}{'мс' if ru else 'ms'}"
        if seconds < 59.95:
            return f"{self.number(seconds, 1 if seconds < 9.95 else 0)}{NBSP}{'с' if ru else 's'}"
        whole = round(seconds)
        for big, small, names in (
            (86400, 3600, ("дн.", "ч", "d", "h")),
            (3600, 60, ("ч", "мин", "h", "min")),
            (60, 1, ("мин", "с", "min", "s")),
        ):
            if whole >= big:
                units = names[:2] if ru else names[2:]
                rest = whole % big // small
                tail = f" {rest}{NBSP}{units[1]}" if rest else ""
                return f"{whole // big}{NBSP}{units[0]}{tail}"
        raise AssertionError(seconds)

    def size(self, count: int) -> str:
        """Bytes in decimal units: `18 кБ`."""
        units = ("Б", "кБ", "МБ", "ГБ") if self.lang == "ru" else ("B", "kB", "MB", "GB")
        value, unit = float(count), 0
        while value >= 999.5 and unit < 3:
            value, unit = value / 1000, unit + 1
        return f"{self.number(value, 1 if unit and value < 9.95 else 0)}{NBSP}{units[unit]}"

    def money(self, dollars: float) -> str:
        """US dollars; fractions of a cent are shown."""
        digits = 2 if dollars >= 0.01 else 4
        return f"{self.number(dollars, digits)}{NBSP}$" if self.lang == "ru" else f"${dollars:,.{digits}f}"

    def local(self, when: datetime) -> datetime:
        """`when` in the owner's timezone."""
        return when.astimezone(self.tz)

    def date(self, when: datetime) -> str:
        """`22 ноября 2026`, `22 Nov 2026`."""
        here = self.local(when)
        return f"{here.day}{NBSP}{_MONTHS[here.month - 1][self._column]} {here.year}"

    def clock(self, when: datetime, seconds: bool = False) -> str:
        """`18:04`, `18:04:31`."""
        return self.local(when).strftime("%H:%M:%S" if seconds else "%H:%M")

    def day(self, when: datetime) -> str:
        """`22 ноя.`: a short date for rows."""
        here = self.local(when)
        name = _MONTHS[here.month - 1][self._column]
        short = name if self.lang == "en" or len(name) < 5 else name[:3] + "."
        return f"{here.day}{NBSP}{short}"

    def moment(self, when: datetime) -> str:
        """`22 ноября 2026, 18:04`."""
        return f"{self.date(when)}, {self.clock(when)}"


def machine(when: datetime) -> str:
    """The value of <time datetime>: UTC, seconds."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
