"""Filler that ends a note: «… заранее спасибо», «… поставь, окей?»."""

import re

from skazano.understand.swearing import FAR, phrases, thanks_closing
from skazano.understand.words import Word, is_imperative

_THANKS = {"спасибо", "ага", "ладно", "а"}  # close a note wherever they end it
_NO_THANKS = ["нет", "спасибо"]  # is what a button says
# What follows one of these is its name: «на страницу спасибо», «кнопку ладно».
_NAMING = re.compile(
    r"(?:кнопк|страниц|надпис|текст|слов|сообщени|команд|раздел|пункт|поле|пол[яею]|заголов|колонк|столб|ячейк|букв|класс|"
    r"вариант|блок|корпус)[а-я]{0,4}|и|или"
)
# What follows one of these is wording: «на кнопке напиши большое спасибо», «замени слово пожалуйста».
WORDING = re.compile(
    r"напиши(?:те)?|напишем|написать|написано|слов(?:о|а|у|ом|ами)|надпись(?:ю)?|фраз(?:а|у|ы|ой)"
)
# Close it only right after other filler: «возвращает окей» and «удали все» are meant.
CLOSING = {"короче", "ладно", "окей", "ага", "да", "спасибо", "все", "так"}
_SHOWN = re.compile(r"пока[жз]|вывод|вывед|(?:на)?пиш|отобра[жз]")  # «после отправки показывай спасибо»
_ANSWERED = re.compile(r"наж|жм|выбер|вы(?:вед|вод)|верн|пиш|напиш|пока[жз]|ответ|отвеч|сделай")
_CLOSING_PHRASES = phrases(
    "ну вот | ну вот и все | вот и все | как то так | на этом все | заранее спасибо | спасибо "
    "большое | большое спасибо "
)


def mark_closing(tokens: list[Word], out: set[int]) -> None:
    """Add the filler that ends the note."""
    end = len(tokens)
    while end > 1:
        said = [t.norm for t in tokens[max(0, end - FAR) : end]]
        long = thanks_closing(said)
        long = long or next((len(p) for p in _CLOSING_PHRASES if tuple(said[-len(p) :]) == p), 0)
        if WORDING.fullmatch(tokens[end - max(long, 1) - 1].norm):
            return
        if long and end > long:
            out.update(range(end - long, end))
            end -= long
        elif end - 1 in out:
            end -= 1
        elif _is_wording(tokens[end - 2].norm, tokens[end - 1].norm):
            return
        elif tokens[end - 1].norm in _THANKS or (
            tokens[end - 1].norm in CLOSING and (end < len(tokens) or _agreed(tokens, end))
        ):
            end -= 1
            out.add(end)
        else:
            return


def _is_wording(before: str, last: str) -> bool:
    """Whether a closing word is what is to be written: «кнопку ладно», «показывай спасибо», «нет спасибо»."""
    shown = last == "спасибо" and _SHOWN.match(before) and is_imperative(before)
    return bool(_NAMING.fullmatch(before) or shown or [before, last] == _NO_THANKS)


def _agreed(tokens: list[Word], end: int) -> bool:
    """«поярче поставь окей», not «нажми окей»."""
    last, order = tokens[end - 1].norm, tokens[end - 2].norm
    return last in {"окей", "ок", "да"} and is_imperative(order) and not _ANSWERED.match(order)
