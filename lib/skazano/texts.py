"""What the person reads, in Russian and English. `say(lang, key, …)` fills one in."""

TEXTS: dict[str, tuple[str, str]] = {
    # -- troubles of a task: what happened and what to do
    "poison": (
        "Не получилось: на шаге «{stage}» программа падала пять раз подряд. Запись сохранена.",
        "This did not work: at the step “{stage}” the program died five times. The recording is kept.",
    ),
    "gave-up": (
        "Не получилось за пять попыток. Запись сохранена, можно попробовать ещё раз.",
        "Five tries failed. The recording is kept, and you can try again.",
    ),
    "fault": (
        "Ошибка в программе на шаге «{stage}». Запись сохранена, подробности — в журнале.",
        "A fault in the program at the step “{stage}”. The recording is kept, details are in the log.",
    ),
    "disk-unwell": (
        "На машине, где живёт проект, не читается или не пишется файл ({why}). Всё сделанное сохранено.",
        "On the box where the project lives a file cannot be read or written ({why}). All is kept.",
    ),
    "broken-task": (
        "Карточка задачи на диске повреждена, продолжить нельзя.",
        "The task's card on disk is damaged; it cannot go on.",
    ),
    "not-delivered": (
        "Ответ не доставлен: Telegram не пускает бота в этот чат. Сделанное и ответ сохранены.",
        "The answer was not delivered: Telegram does not let the bot into this chat. All is kept.",
    ),
    "too-big": (
        "Файл больше {mb} МБ: такие Telegram ботам не отдаёт. Пришлите его частями.",
        "The file is over {mb} MB: Telegram does not give such files to bots. Send it in parts.",
    ),
    "no-file": (
        "Telegram больше не отдаёт этот файл. Пришлите его ещё раз, пожалуйста.",
        "Telegram no longer gives out this file. Please send it again.",
    ),
    "no-audio": (
        "В задаче нет звука. Пришлите запись ещё раз, пожалуйста.",
        "There is no audio in this task. Please send the recording again.",
    ),
    "audio-empty": (
        "Запись пришла пустой. Запишите ещё раз, пожалуйста.",
        "The recording came empty. Please record it again.",
    ),
    "audio-unreadable": (
        "Не могу прочитать этот файл: похоже, это не звукозапись. Пришлите голосовое сообщение или аудио.",
        "I cannot read this file: it does not look like audio. Send a voice note or an audio file.",
    ),
    "audio-no-audio": ("В этом видео нет звука: слушать нечего.", "There is no sound in this video."),
    "nothing-heard": (
        "Не расслышал ни слова: тишина или шум. Запись сохранена. Скажите ещё раз, пожалуйста.",
        "I heard no words, only silence or noise. The recording is kept. Please say it again.",
    ),
    "no-words": (
        "Не понял, что сделать. Скажите или напишите; к фото или файлу добавьте подпись.",
        "I do not know what to do. Say it or write it; add a caption to a photo or a file.",
    ),
    "only-filler": (
        "Не понял, что сделать: в сообщении только «{heard}». Скажите ещё раз, пожалуйста.",
        "I do not know what to do: the message is only “{heard}”. Please say it again.",
    ),
    "project-gone": (
        "Проекта «{name}» больше нет. Верните его файл или отнесите задачу к другому проекту.",
        "There is no project “{name}” any more. Restore its file or file the task under another one.",
    ),
    "project-broken": (
        "В файле проекта «{name}» ошибка, её назовёт skazano doctor. Исправьте и попробуйте ещё раз.",
        "The file of the project “{name}” is wrong, skazano doctor says how. Mend it and try again.",
    ),
    "no-folder": (
        "Нет папки проекта «{title}»: {path}. Создайте её и попробуйте ещё раз.",
        "The folder of “{title}” is not there: {path}. Create it and try again.",
    ),
    "no-tool": (
        "Инструмента «{name}» нет. Есть: {known}.",
        "There is no tool “{name}”. There are: {known}.",
    ),
    "no-program": (
        "Программа инструмента «{tool}» не запускается: {why}.",
        "The program of the tool “{tool}” does not start: {why}.",
    ),
    "tool-failed": (
        "Инструмент «{tool}» закончил с ошибкой (код {code}). {why}",
        "The tool “{tool}” ended with an error (code {code}). {why}",
    ),
    "tool-killed": (
        "Инструмент «{tool}» был прерван (сигнал {code}).",
        "The tool “{tool}” was interrupted (signal {code}).",
    ),
    "tool-timeout": (
        "Инструмент «{tool}» не уложился в {minutes} мин и был остановлен.",
        "The tool “{tool}” did not finish in {minutes} min and was stopped.",
    ),
    "tool-offline": (
        "Инструмент «{tool}» остался без сети и остановлен. Проверьте связь и попробуйте ещё раз.",
        "The tool “{tool}” had no network and was stopped. Check the connection and try again.",
    ),
    "no-result": (
        "Инструмент «{tool}» закончил работу, но ответа не дал. {why}",
        "The tool “{tool}” ended without an answer. {why}",
    ),
    "max-turns": (
        "Инструмент «{tool}» остановлен, шагов было {turns}: похоже, он зациклился. Сделанное сохранено.",
        "The tool “{tool}” was stopped after {turns} turns: it goes in circles. What was done is kept.",
    ),
    "max-cost": (
        "Инструмент «{tool}» остановлен: потрачено {cost} $, это предел. Сделанное сохранено.",
        "The tool “{tool}” was stopped: it cost ${cost}, which is the limit. What was done is kept.",
    ),
    "session-gone": (
        "Прошлый разговор с инструментом «{tool}» не найден. Скажите задачу целиком ещё раз.",
        "The earlier session of the tool “{tool}” is not there. Please say the whole request again.",
    ),
    "agent-login": (
        "Инструмент «{tool}» не вошёл в свою учётную запись: войдите на сервере или дайте ключ. {why}",
        "The tool “{tool}” is not logged in: log it in on the server or give it a key. {why}",
    ),
    "agent-quota": (
        "У инструмента «{tool}» исчерпан лимит запросов. Попробуйте позже. {why}",
        "The tool “{tool}” has reached its provider's limit. Try later. {why}",
    ),
    "agent-refused": (
        "Сервис инструмента «{tool}» отверг запрос: {why}",
        "The service of the tool “{tool}” refused the request: {why}",
    ),
    "agent-down": (
        "Сервис инструмента «{tool}» не отвечает. Попробуйте позже. {why}",
        "The service of the tool “{tool}” does not answer. Try later. {why}",
    ),
    "day-runs": (
        "Дневной предел проекта «{title}» исчерпан, запусков — {most}. Завтра можно снова.",
        "The project “{title}” has had its {most} runs for today. Tomorrow it goes on.",
    ),
    "day-minutes": (
        "Дневной предел проекта «{title}» исчерпан, минут работы — {most}. Завтра можно снова.",
        "The project “{title}” has used its {most} minutes for today. Tomorrow it goes on.",
    ),
    "day-cost": (
        "Дневной предел проекта «{title}» исчерпан: {most} $. Завтра можно снова.",
        "The project “{title}” has spent its ${most} for today. Tomorrow it goes on.",
    ),
    "no-url": (
        "Не понял, какую страницу открыть. Назовите адрес, например example.org.",
        "I do not know which page to open. Name its address, for instance example.org.",
    ),
    "page-failed": (
        "Страница не открылась: {why}",
        "The page did not open: {why}",
    ),
    "partial": ("Не закончено: {title}", "Unfinished: {title}"),
    "denied": (
        "Не разрешено, поэтому не сделано: {calls}.",
        "Not allowed, and so not done: {calls}.",
    ),
    "output-cut": (
        "Часть вывода инструмента пропущена ({mb} МБ): он длиннее предела, или на диске нет места.",
        "A part of the tool's output is skipped ({mb} MB): it is over the limit, or the disk is full.",
    ),
    "go-on-up": (
        "Связь с сервисом прервалась и восстановлена. Посмотри, что уже сделано, и продолжи с того места.",
        "The service was out of reach and is back. Look at what is done already and go on from there.",
    ),
    "go-on": (
        "Работа прервалась на полпути. Посмотри, что уже сделано, и доведи её до конца.",
        "The work was cut off half-way. Look at what is done already and finish it.",
    ),
    "now-allowed": (
        "Разрешено то, в чём было отказано: {rules}. Продолжай с этого места.",
        "What was refused is allowed: {rules}. Go on from there.",
    ),
    "git-failed": (
        "Работа сделана, но закоммитить её не удалось: {why}",
        "The work is done, but it could not be committed: {why}",
    ),
    "git-gone": ("в папке проекта больше нет .git", "there is no .git in the project's folder any more"),
    "git-unprepared": (
        "Не удалось подготовить репозиторий: {why}",
        "The repository could not be prepared: {why}",
    ),
    "left-out": (
        "Не закоммитил (похоже на секреты или лишнее): {files}.",
        "Left uncommitted (secrets, or what does not belong there): {files}.",
    ),
    "left-out-spoken": (
        "Некоторые файлы не закоммичены: похоже, в них секреты.",
        "Some files are not committed: they look like secrets.",
    ),
    "hook-failed": (
        "Хук репозитория не прошёл, коммит сделан без него: {why}",
        "A hook of the repository failed, the commit was made without it: {why}",
    ),
    "secret-kept": (
        "В коммите остался секрет, поэтому ветка не отправлена: замените его.",
        "A secret is left in a commit, so the branch was not pushed: replace it.",
    ),
    # -- what a tool says
    "noted": ("Записал в {file}: {title}.", "Noted in {file}: {title}."),
    "attached": ("Приложено:", "Attached:"),
    "family-done": ("Готово {done} из {all}.", "{done} of {all} done."),
    "no-answer": ("Без ответа.", "No answer."),
    "truncated": (
        "Запись пришла не целиком: услышал только её начало.",
        "The recording came cut short: I heard only its beginning.",
    ),
    # -- answers without work
    "cancelled": ("Отменено.", "Cancelled."),
    "cancelled-one": ("Отменено: «{title}».", "Cancelled: “{title}”."),
    "stopping": ("Останавливаю.", "Stopping."),
    "nothing-to-cancel": ("Отменять нечего: всё закончено.", "Nothing to cancel: everything is finished."),
    "hid": ("Скрыл проект «{title}». Задачи и файлы на месте.", "“{title}” is hidden. Nothing is deleted."),
    "hidden": ("Скрытые проекты: {known}.", "Hidden projects: {known}."),
    "hidden-none": ("Скрытых проектов нет.", "No project is hidden."),
    "create-nameless": (
        "Как назвать проект? Скажите: «создай проект …».",
        "What shall it be called? Say: “create project …”.",
    ),
    "ask-create": ("Создать проект «{name}»?", "Create the project “{name}”?"),
    "button-create": ("Создать «{name}»", "Create “{name}”"),
    "created": ("Создал проект «{title}»: {path}", "Created “{title}”: {path}"),
    "settings": (
        "Проект: {project}. Ответ: {mode}. Инструмент: {tool}.",
        "Project: {project}. Answers: {mode}. Tool: {tool}.",
    ),
    "settings-unclear": (
        "Не понял, что настроить: «{said}». Скажите ещё раз, например «настройки проект …» или «настройки "
        "режим аудио». Сейчас: проект — {project}, ответ — {mode}, инструмент — {tool}.",
        "I did not understand what to set: “{said}”. Say it again, for instance “settings project …” or "
        "“settings mode audio”. Set: project {project}, answers {mode}, tool {tool}.",
    ),
    "no-project": (
        "Не нашёл проекта «{name}». Есть: {known}.",
        "I found no project “{name}”. There are: {known}.",
    ),
    "no-projects": (
        "Проектов ещё нет. Скажите, например: «создай проект сайт», потом нажмите «Ещё раз».",
        "There are no projects yet. Say, for instance: “create project site”, then press “Again”.",
    ),
    "projects": ("Проекты:\n{known}", "Projects:\n{known}"),
    "projects-none": (
        "Проектов ещё нет. Чтобы создать первый, скажите, например: «создай проект сайт».",
        "There are no projects yet. To create one say, for instance: “create project site”.",
    ),
    "status": (
        "Проект: {project}. Ответ: {mode}. Инструмент: {tool}.\n{tasks}",
        "Project: {project}. Answers: {mode}. Tool: {tool}.\n{tasks}",
    ),
    "no-command": (
        "Команды /{name} нет. Есть /status, /projects, /cancel и /help.",
        "There is no command /{name}. There are /status, /projects, /cancel and /help.",
    ),
    "help": (
        "Скажите, что сделать, голосом или текстом.\n\n"
        "«Настройки проект …» — выбрать проект на несколько часов.\n"
        "«Настройки режим аудио» или «режим текст» — как отвечать.\n"
        "«Настройки» — что выбрано сейчас.\n"
        "«Создай проект …» — новый проект.\n"
        "«Отмена» — остановить последнюю задачу.\n"
        "Ответ на сообщение о задаче продолжает её.\n\n{commands}",
        "Say what to do, by voice or in writing.\n\n"
        "“Settings project …” chooses a project for some hours.\n"
        "“Settings mode audio” or “mode text”: how to answer.\n"
        "“Settings” tells what is set.\n"
        "“Create project …” makes a new one.\n"
        "“Cancel” stops the latest task.\n"
        "A reply to a message about a task goes on with it.\n\n{commands}",
    ),
    "command-status": ("что в работе", "what is being done"),
    "command-projects": ("проекты", "the projects"),
    "command-cancel": ("отменить последнюю задачу", "cancel the latest task"),
    "command-help": ("как мной пользоваться", "how to use me"),
    "none-set": ("не выбран", "not set"),
    "none-yet": ("пока ни одного", "none yet"),
    "unheard": ("запись, ещё не распознана", "a recording, not yet transcribed"),
    "nothing-open": ("В работе ничего нет.", "Nothing is being done."),
    "mode-text": ("текстом", "as text"),
    "mode-audio": ("голосом", "by voice"),
    "at-download": ("загружается", "being fetched"),
    "at-transcribe": ("распознаётся", "being transcribed"),
    "at-route": ("разбирается", "being filed"),
    "at-refine": ("разбирается", "being refined"),
    "at-queue": ("ждёт очереди", "waits for its turn"),
    "at-execute": ("выполняется", "being done"),
    "at-summarize": ("готовится ответ", "being summed up"),
    "at-speak": ("озвучивается", "being spoken"),
    "at-unsorted": ("ждёт проекта", "waits for a project"),
    "at-waiting": ("ждёт подзадач", "waits for its subtasks"),
    "at-hold": ("ждёт решения", "waits for a decision"),
    # -- questions and buttons
    "ask-unknown": (
        "Не нашёл проекта «{name}». К какому отнести?\n\n«{heard}»",
        "I found no project “{name}”. Which one is this for?\n\n“{heard}”",
    ),
    "ask-project": ("К какому проекту это отнести?\n\n«{heard}»", "Which project is this for?\n\n“{heard}”"),
    "ask-hold": (
        "Работа прервалась на полпути и сама не возобновится:\n\n«{heard}»\n\nЧто делать?",
        "The work was cut off half-way and does not go on by itself:\n\n“{heard}”\n\nWhat now?",
    ),
    "button-allow": ("Разрешить в этом проекте", "Allow in this project"),
    "button-go-on": ("Продолжить", "Go on"),
    "button-undo": ("Вернуть как было", "Undo"),
    "button-stop": ("Остановить", "Stop it"),
    "button-first": ("Без очереди", "Jump the queue"),
    "notice-queued": (
        "Ждёт очереди: перед этой задачей ещё {ahead}.",
        "In the queue: {ahead} before this one.",
    ),
    "notice-quiet": (
        "Инструмент «{tool}» молчит уже {minutes} мин. Можно подождать или остановить его.",
        "The tool “{tool}” has been silent for {minutes} min. Wait, or stop it.",
    ),
    "notice-file": (
        "Telegram пока не отдаёт файл. Пробую дальше; можно прислать его ещё раз.",
        "Telegram does not give out the file yet. I keep trying; you can also send it again.",
    ),
    "notice-away": (
        "Машина «{box}», где живёт проект, не отвечает. Задача дождётся её. Что не так: skazano doctor.",
        "The box {box}, where the project lives, does not answer. The task waits. See: skazano doctor.",
    ),
    "allowed": ("Разрешено: {rules}. Продолжаю.", "Allowed: {rules}. Going on."),
    "goes-on": ("Продолжаю.", "Going on."),
    "is-first": ("Следующая в очереди.", "Next in the queue."),
    "button-again": ("Ещё раз", "Again"),
    "button-drop": ("Не надо", "Drop it"),
    "button-details": ("Подробности", "Details"),
    "filed": ("{title}", "{title}"),
    "undoing": ("Возвращаю как было.", "Undoing."),
    "undone": ("Вернул всё, как было до этой задачи.", "All is as it was before that task."),
    "not-undone": ("Вернуть не удалось: {why}", "It could not be undone: {why}"),
    "undo-no-project": ("проекта «{name}» больше нет.", "there is no project “{name}” any more."),
    "undo-broken": (
        "в файле проекта «{name}» ошибка, её назовёт skazano doctor.",
        "the file of the project “{name}” is wrong, skazano doctor says how.",
    ),
    "undo-no-folder": ("папки проекта «{title}» нет: {path}", "the folder of “{title}” is not there: {path}"),
    "undo-title": ("Отмена: {title}", "Undo: {title}"),
    "retried": ("Пробую ещё раз.", "Trying again."),
    "press-refused": ("Не вышло, причина в журнале.", "That did not work; the reason is in the log."),
    "press-late": ("Уже решено.", "Decided already."),
    "press-unknown": ("Эта кнопка больше не действует.", "This button no longer works."),
    "maybe-repeat": (
        "(Возможно, повтор: связь прервалась при отправке.)\n",
        "(Perhaps a repeat: the connection broke while sending.)\n",
    ),
    "see-file": ("Ответ длинный, он в файле.", "The answer is long, it is in the file."),
}


def say(lang: str, key: str, **values: object) -> str:
    """The text of that key, filled in. Raises KeyError for a key or value that is not there."""
    return TEXTS[key][1 if lang == "en" else 0].format(**values)
