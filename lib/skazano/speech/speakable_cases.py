"""Which case and gender a number takes where it stands: by the preposition before and the noun after.

No dictionary of the language: the endings say almost everything, small word lists the rest.
"""

from __future__ import annotations

import re

from skazano.speech.speakable_numbers import is_feminine_soft

GENITIVE = frozenset(
    "без до для из от ото около после у кроме среди вместо против свыше более менее больше меньше "
    "порядка вокруг возле внутри относительно мимо ради старше младше выше ниже дольше короче "
    "быстрее медленнее хуже лучше дороже дешевле длиннее тяжелее легче позже раньше ранее позднее "
    "хватает хватило нет достиг достигла достигло достигает достигли касается из-за вплоть".split()
)
DATIVE = frozenset("к ко благодаря согласно вопреки равно равен равна равны соответствует".split())
ACCUSATIVE = frozenset("в во на за про через сквозь спустя под".split())
INSTRUMENTAL = frozenset("над перед между".split())
PREPOSITIONAL = frozenset("о об обо при".split())
WITH = frozenset("с со".split())
ALONG = frozenset("по".split())
# Words between a preposition and its number.
PASSED_OVER = frozenset(
    "примерно приблизительно всего ровно почти целых лишь только максимум минимум где-то эти "
    "последние первые следующие ближайшие каждые остальные целые все".split()
)
DEVERBAL = re.compile(
    r"(?:ени|ани|яни|ити|ыти)(?:е|я|ю|ем|и)$|^(?:провер|прав|загруз|обработ|сбор|отправ|чист|"
    r"выгруз|установ|настрой|перестрой|замен)(?:ка|ки|ке|ку|кой|а|ы|е|у|ой)$"
)
PLURAL_ADJECTIVE = {"ых": "g", "их": "g", "ыми": "i", "ими": "i", "ым": "d", "им": "d"}
# Words that no number counts, though they follow one.
NO_NOUN = frozenset(
    "и или а но да не ни же ли бы то что как где когда если чтобы потому так там тут вот уже ещё "
    "еще из от до для на в во с со к ко у о об по под над при за про через без около после между "
    "был была было были есть будет будут нет это этот эта эти тот та те он она оно они мы вы я ты "
    "его её их все всё всего раза готов готова готово готовы здоров нов нова здесь теперь сейчас "
    "более менее больше меньше можно нужно надо сегодня вчера завтра".split()
)
ADJECTIVE = re.compile(r"(?:ых|их|ые|ый|ая|яя|ое|ее|ого|его|ому|ему|ым|им|ыми|ими|ую|юю)$")
NOT_PLURAL_AM = frozenset("программ диаграмм реклам драм дам грамм килограмм панорам".split())
FEMININE_I = frozenset("пути имени времени".split())  # в форме на -и, а не женского рода
# Zero endings of the genitive plural that are common beside a number.
GENITIVE_PLURAL = re.compile(
    r"(?:ов|ев|ёв|ей|ий)$|^(?:строк|ошибок|страниц|задач|минут|секунд|веток|команд|кнопок|папок|"
    r"таблиц|библиотек|проверок|попыток|недель|сборок|ссылок|точек|правок|заметок|запросов|раз|"
    r"программ|схем|проблем|систем|тем|форм|функций|метод|групп|копий|картинок|иконок|вкладок|"
    r"колонок|настроек|заявок|покупок|оценок|просьб|служб|единиц|тысяч|штук|лет|мест|слов|полей|"
    r"окон|писем|чисел|свойств|устройств|средств|правил|сообщений|машин|причин|сторон|половин)$"
)
SHORT_ADJECTIVES = frozenset("готов здоров нов каков таков скорей ей".split())
# Nouns in -е of the prepositional case that are masculine or neuter though they look feminine.
MASCULINE_E = re.compile(
    r"(?:блок|поток|срок|урок|списк|диск|запуск|поиск|выпуск|участк|кусок|куск|токен|шаг|месяц|"
    r"конц|абзац|образц|файл|тест|кадр|пакет|проект|класс|метод|модул|сервер|случа|час|байт|запрос|"
    r"коммит|репозитори|скрипт|вариант|процесс|раз|год|дн|пункт|этап|узл|окн|мест|слов|пол|"
    r"сообщени|значени|устройств|свойств|правил|числ|письм|цикл|канал|режим|столбц|фрагмент)е$"
)
FEMININE_E = re.compile(
    r"(?:[кцчж]|строк|систем|схем|проблем|тем|форм|минут|секунд|команд|баз|"
    r"недел|групп|программ|служб|машин|таблиц|сред|сесси|единиц|истори)е$"
)


def preposition_before(words: list[str]) -> str:
    """The word that governs the number; `words`: what stands before it, lower case, last is nearest.

    «за последние 5 минут» → «за».
    """
    for word in reversed(words[-3:]):
        if word not in PASSED_OVER:
            return word
    return ""


def governed(before: str) -> str:
    """The case that the word before a number asks for: n where it asks for none."""
    for case, words in (
        ("g", GENITIVE),
        ("d", DATIVE),
        ("a", ACCUSATIVE),
        ("i", INSTRUMENTAL),
        ("p", PREPOSITIONAL),
        ("g", WITH),
    ):
        if before in words:
            return case
    return "n"


def case_and_gender(n: int, before: str, after: list[str]) -> tuple[str, str]:
    """Case (n g d a i p) and gender (m f n) for the number n.

    before: preposition_before(); after: the words that follow it, lower case, Cyrillic only.
    """
    adjective, noun = _noun(n, after)
    if not adjective and not noun:
        return governed(before), "m"
    if n % 10 == 1 and n % 100 != 11:
        if adjective and (found := _by_adjective(adjective, before)):
            return found
        return _one(noun, before)
    if plural := _oblique(noun):
        return plural, "m"
    if n % 10 in (2, 3, 4) and n % 100 not in (12, 13, 14):
        return _few(noun, adjective, before)
    return _many(noun, before), "m"


def _noun(n: int, after: list[str]) -> tuple[str, str]:
    """The first adjective, if there is one, and the noun after it."""
    one = n % 10 == 1 and n % 100 != 11
    adjective = ""
    for word in after[:3]:
        if word in NO_NOUN:
            break
        looks = ADJECTIVE.search(word) or (word.endswith("ий") and one)
        if not looks and not (word.endswith("ие") and not one):
            return adjective, word
        adjective = adjective or word
    return adjective, ""


def _oblique(noun: str) -> str:
    if noun in NOT_PLURAL_AM or len(noun) < 4:
        return ""
    for endings, case in ((("ами", "ями", "ьми"), "i"), (("ам", "ям"), "d"), (("ах", "ях"), "p")):
        if noun.endswith(endings):
            return case
    return ""


def _by_adjective(word: str, before: str) -> tuple[str, str] | None:
    wanted = governed(before)
    for endings, found in (
        (("ый", "ий"), ("n", "m")),
        (("ая", "яя"), ("n", "f")),
        (("ую", "юю"), ("a", "f")),
        (("ое", "ее"), ("n", "n")),
        (("ого", "его"), ("g", "m")),
        (("ому", "ему"), ("d", "m")),
        (("ым", "им"), ("i", "m")),
    ):
        if word.endswith(endings):
            return found
    if word.endswith(("ых", "их")):
        return (wanted if wanted in "gp" else "n"), "m"
    return None


def _one(noun: str, before: str) -> tuple[str, str]:
    wanted = governed(before)
    if not noun:
        return wanted, "m"
    if noun.endswith("ие"):
        return "n", "n"
    if noun.endswith(("ью",)):
        return "i", "f"
    if noun.endswith(("ом", "ём", "ем")):
        return "i", "m"
    if noun.endswith(("ой", "ей")):
        return "i", "f"
    last = noun[-1]
    if last == "ь":
        return ("a" if wanted == "a" else "n"), "f" if is_feminine_soft(noun) else "m"
    if last in "ая":
        if noun.endswith("мя"):
            return "n", "n"
        return ("g", "m") if wanted == "g" else ("n", "f")
    if last in "ую":
        return ("d", "m") if wanted == "d" or before in ALONG else ("a", "f")
    if last in "ыи":
        return _one_in_i(noun, wanted)
    if last == "о":
        return "n", "n"
    if last == "е":
        return _one_in_e(noun, before)
    return "n", "m"


def _one_in_i(noun: str, wanted: str) -> tuple[str, str]:
    if noun.endswith("нии"):
        return "p", "n"
    return (wanted if wanted in "gd" else "p"), "f"


def _one_in_e(noun: str, before: str) -> tuple[str, str]:
    if before in DATIVE or before in ALONG:
        return "d", "f"
    if before in ACCUSATIVE or before in PREPOSITIONAL:
        feminine = FEMININE_E.search(noun) and not MASCULINE_E.search(noun)
        return "p", "f" if feminine else "m"
    return "n", "n"


def _few(noun: str, adjective: str, before: str) -> tuple[str, str]:
    wanted = governed(before)
    if not noun:
        return (wanted, "f" if adjective.endswith(("ые", "ие")) and wanted in "na" else "m")
    genitive = noun not in SHORT_ADJECTIVES and bool(GENITIVE_PLURAL.search(noun))
    if genitive or (wanted == "g" and noun[-1] not in "аяыиоеуюэ"):
        return "g", "m"
    if noun[-1] in "ыи" and noun not in FEMININE_I:
        return "n", "f"
    return "n", "m"


def _many(noun: str, before: str) -> str:
    wanted = governed(before)
    if wanted == "g" and (before not in WITH or noun):
        return "g"
    for ending, case in PLURAL_ADJECTIVE.items():
        if before.endswith(ending) and len(before) > 3:
            return case
    if before in ("всех", "тех", "двух", "этих"):
        return "g"
    if noun and DEVERBAL.search(before):
        return "g"
    return wanted if wanted in "di" else "n"
