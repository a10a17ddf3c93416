"""Swearing, chatter before and after a request, and what careless words are written as."""

import re
from collections.abc import Sequence

from skazano.understand.words import WISHES, is_imperative, is_infinitive, is_verb, vocabulary


def phrases(text: str) -> list[tuple[str, ...]]:
    """The word tuples of «one phrase | another»."""
    return [tuple(phrase.split()) for phrase in text.split("|")]


SWEARING = re.compile(
    r"^(?:бля+|бля(?:дь|ть|ха|дский|дская|дское|дские|дского|дскую)|су(?:ка|кин|чий|чья)|нахуй|нахер|нахрен|нафиг|"
    r"пиздец|пизде?ц|еб(?:анут(?:ый|ая|ое|ые|ую)|ана|аный|аная|аное|аные|аную|аного|аный|учий|учая|анный|анная)|"
    r"йоб(?:аный|аная)|еп(?:рст|та)|еба(?:ть|ный)|заебись|заеб(?:ал|ала|ало|али)|хуле|хули|"
    r"хуев(?:ый|ая|ое|ые|ого|ую)|хренов(?:ый|ая|ое|ые|ого|ую)|гребан(?:ый|ая|ое|ые|ого|ую)|"
    r"долбан(?:ый|ая|ое|ые|ого|ую)|чертов(?:ый|а|ый|ы|у|ого)|сраны?(?:й|я|е)|сран(?:ая|ое|ую|ого)|охуе(?:ть|нно)|"
    r"черт|блять|блеать|пипец|капец)$"
)
SWEAR_PHRASES = phrases(
    "хрен его знает | хер его знает | черт его знает | "
    "твою мать | твою ж мать | твою же мать | е мое | мать твою | мать его | черт с ним | черт с ней "
    "| ну его | едрена мать | какого хрена | какого хера | какого хуя | к черту | на хуй | на хер | "
    "на хрен | на фиг | едрить колотить | елки палки | пиздец как | пипец как | капец как | ебать как "
    "| охуеть как"
)
WRITTEN_SO = {
    "нихуя": "ничего", "нихера": "ничего", "нихрена": "ничего", "нифига": "ничего", "ни хрена": "ничего",
    "хуево": "плохо", "херово": "плохо", "хреново": "плохо", "хуйню": "ерунду", "херню": "ерунду",
    "че": "что", "чо": "что", "щас": "сейчас", "ваще": "вообще", "тока": "только", "скока": "сколько",
    "чето": "что-то", "нахуя": "зачем", "нахера": "зачем", "нахрена": "зачем", "нафига": "зачем",
    "апи": "API", "пдф": "PDF", "днс": "DNS", "урл": "URL", "впн": "VPN", "айпи": "IP", "сиай": "CI",
    "хрень": "ерунда", "хрени": "ерунды",
    "хуйня": "ерунда", "херня": "ерунда", "хуйни": "ерунды", "херни": "ерунды",
    "дохуя": "много", "дохера": "много", "дофига": "много", "дохрена": "много",
}  # fmt: skip

# What is said of the speaker, the hour and the noise, never of the work. Each is a whole clause.
_SORRY = (
    r"(?:извини|прости)(?:те)?(?: меня)?(?: пожалуйста)?(?: (?:что|если))?(?: я)?(?: так)?"
    r"(?: (?:поздно|рано|беспокою|отвлекаю|дергаю|пишу|звоню|ночью|в выходной))+"
    r"|(?:извини|прости)(?:те)?(?: меня)? за (?:ветер|шум|фон|беспокойство|качество (?:звука|записи|связи)"
    r"|поздний (?:час|звонок))|прошу прощения|сорри"
)
_CHATTER = (
    r"привет|здравствуй(?:те)?|добр(?:ый|ого|ое|ой) (?:день|дня|вечер|вечера|утро|утра|ночи)"
    r"|надеюсь(?: я)?(?: (?:ты|вы|тебя|вас))? не "
    r"(?:разбудила?|помешала?|отвлекла?|отвлек|мешаю|отвлекаю|спишь|спите)"
    r"|нет мне (?:пока )?ничего(?: не (?:надо|нужно))?"
    rf"|{_SORRY}"
)
_ALIVE = (
    r"я (?:тут |вот )?подумала?"
    r"|я (?:тут |сейчас |пока |еще |уже |опять )?"
    r"(?:за рулем|в (?:баре|метро|машине|дороге|автобусе|поезде|электричке"
    r"|такси|аэропорту|кафе|лифте|пробке)|на (?:улице|бегу|ходу|вокзале|даче)"
    r"|гуляю(?: с (?:собакой|ребенком|детьми))?"
    r"|еду(?: домой)?|иду(?: домой)?|бегу|спешу|опаздываю)(?: поэтому)?(?: (?:коротко|кратко|быстро))?"
    r"|(?:совсем|чуть не) забыла?(?: сказать)?"
    r"|(?:меня слышно|слышно меня|как слышно|плохо слышно"
    r"|тут (?:очень |так |немного )?(?:шумно|ветрено))(?: да)?"
    r"|(?:погоди|подожди|секунду)|поэтому (?:коротко|кратко|быстро)|спасибо(?: большое)?"
)
_NAMES = (
    "александр алексей андрей антон артем борис вадим василий виктор владимир дмитрий дима евгений егор иван "
    "игорь илья кирилл константин костя леша максим макс михаил миша никита николай олег павел паша петр "
    "саша сергей сережа степан тимур федор юрий юра анастасия настя анна аня валентина "
    "валерия виктория вика галина дарья даша екатерина катя елена лена ирина ира ксения лариса людмила "
    "марина мария маша наталья наташа оксана ольга оля полина светлана света татьяна таня юлия юля"
).replace(" ", "|")
_CLAUSE = re.compile(rf"(?:{_CHATTER})(?!\S)")
_OF_ONESELF = re.compile(rf"(?:{_ALIVE}|это (?:(?:опять |снова )?я|{_NAMES})(?: (?:опять|снова))?)(?!\S)")
_OPENERS = re.compile(
    r"(?:короче|смотри(?:те)?|слушай(?:те)?|так|ну|вот|значит|э+|м+|ладно|в общем|что я хотела?"
    r"|если не (?:сложно|трудно)|такое дело|тут такое дело)(?!\S)"
)
_OF_THEM = frozenset("он она его ее ему ей им него нее нему ней нем нею".split())
_NOT_TO_ORDERS = re.compile(r"спасибо|секунду")  # «спасибо нужно убрать со страницы»
_GOES_ON = re.compile(r"(?:в|на|у|по) ")
_CLOSING = re.compile(
    r"(?<!\S)(?:(?:заранее )?(?:большое |огромное )?(?:спасибо|благодарю)"
    r"(?: (?:тебе|вам|большое|огромное|заранее))*"
    r"|буду (?:очень )?благодар(?:ен|на))(?: (?:обнимаю|целую|удачи|пока|до связи|хорошего (?:дня|вечера)))*$"
)
_WRITES = re.compile(
    r"\b(?:напис|напиш|допис|допиш|припис|припиш|подпис|подпиш|надпис|слов|фраз|текст|в кон(?:це|ец)|кнопк|"
    r"страниц|скаж|ответ|передай|отправ|поблагодар)"
)
_TO_ONE = re.compile(r"\b(?:тебе|вам)\b")
_INTO = re.compile(r"\b(?:добавь|вставь|поставь|помести) (?:в|во|на|под|к|после|перед) \S+(?: \S+)?$")
_NAMELESS = re.compile(r"(?:(?:этот|эту|эта|это|эти)(?: самый| самую)? )?как (?:там )?(?:его|ее|их)(?!\S)")
_BEGUN = frozenset("там тут я мы мне нам".split())
_GOES_ON_WITH = frozenset("в на у с не надо нужно нужен нужна нужны тут там кажется хочу хотим".split())
_MADE_SHORTER = re.compile(
    r"с?дела\w*|пиши\w*|напи(?:ши|са)\w*|отвеча\w*|(?:при|об)дума\w*|назов\w*|говори|формулир\w*|выводи"
)
_NOT_SURE = {("не", "знаю"), ("ты", "понял"), ("ты", "поняла"), ("ты", "знаешь")}
_UNKNOWN = frozenset(
    "как что чем кто где куда откуда когда почему зачем сколько какой какая какое какие есть можно".split()
)
_SHORTENED = frozenset(
    """чтобы должен должна должно должны был была было были стал стала стало стали становится намного чуть
    гораздо""".split()
)
_SMALL = frozenset(vocabulary("small_words.txt"))
FAR = 40  # words that are looked at


def chatter_at(norms: Sequence[str], at: int) -> int:
    """How many words from `at`, where nothing of the request has been said, are one clause of chatter."""
    said = " ".join(norms[at : at + FAR])
    polite = _CLAUSE.match(said)
    found = polite or _OF_ONESELF.match(said)
    if found is None:
        return 0
    length, rest = len(found.group().split()), said[found.end() :].strip()
    if found.group().startswith("это ") and _OF_THEM & set(norms[at + length : at + FAR]):
        return 0  # «это Ольга, надо ей выдать доступ»
    first = rest.split(" ")[0]
    follows = _OPENERS.match(rest) is not None
    if not _NOT_TO_ORDERS.match(said):
        follows = follows or is_imperative(first) or first in WISHES or rest.startswith("было бы ")
    follows = follows or (polite is not None and _GOES_ON.match(rest) is not None)
    return length if follows or chatter_at(norms[at + length : at + FAR], 0) else 0


def thanks_closing(norms: Sequence[str]) -> int:
    """How many of a note's last words are the thanks that close it; none if they may be its wording."""
    said = " ".join(norms)
    found = _CLOSING.search(said)
    if found is None or len(found.group().split()) < 2:
        return 0
    before = said[: found.start()].strip()
    near = " ".join(before.split()[-4:])
    ordered = near and is_imperative(near.split()[-1]) and not _TO_ONE.search(found.group())
    meant = not near or ordered or _WRITES.search(near) or _INTO.search(before)
    return 0 if meant else len(found.group().split())


def said_for_nothing(norms: Sequence[str], at: int) -> int:
    """How many words from `at` («короче», «кстати», «ой», «типа», «не знаю») are said for nothing."""
    norm, last = norms[at], norms[at - 1] if at else ""
    following = norms[at + 1] if at + 1 < len(norms) else ""
    if norm == "короче":
        begun = at == 1 and last in _BEGUN and following in _GOES_ON_WITH
        told = _told(norms[:at]) and _ordered(norms[at + 1 :])
        return begun or told or following in {"давай", "давайте", "там", "у"}
    if norm == "типа":
        said = bool(at) and (is_verb(last) or is_infinitive(last) or is_imperative(last))
        return said and following in {"когда", "если", "чтобы", "там"}
    if norm == "ой":
        return bool(at) and following in {"и", "еще"}
    if last == "ну" and tuple(norms[at : at + 2]) in _NOT_SURE:
        return 0 if set(norms[at + 2 : at + 3]) <= _UNKNOWN else 2
    if norm == "кстати":
        return last in {"и", "а", "но", "еще"}
    if norm != "значит" or not last or not following:
        return 0
    if is_imperative(last):
        return following not in {"ли", "что"}
    begins = following in {"сначала", "потом", "затем"} or is_imperative(following)
    meant = last in {"что", "это", "не", "и", "слово"} or {"если", "раз", "когда"} & set(
        norms[max(0, at - FAR) : at]
    )
    return begins and not meant


def _told(said: Sequence[str]) -> bool:
    """Whether the words only tell what is so: nothing in them could be made shorter."""
    return (
        len(said) > 2
        and any(map(is_verb, said))
        and not any(is_imperative(norm) or is_infinitive(norm) for norm in said)
        and not (_SHORTENED | WISHES) & set(said)
    )


def _ordered(following: Sequence[str]) -> bool:
    """Whether an order follows, and none that may ask for something shorter: «короче сделай»."""
    order = 1 if following[0] in ("надо", "нужно") else 0
    says = is_infinitive if order else is_imperative
    return len(following) > order and says(following[order]) and not _MADE_SHORTER.fullmatch(following[order])


def nameless(norms: Sequence[str], at: int) -> int:
    """«этот как его столбец»: how many words from `at` only look for the name that follows them."""
    found = _NAMELESS.match(" ".join(norms[at : at + 5]))
    size = len(found.group().split()) if found else 0
    name = norms[at + size] if size and at + size < len(norms) else ""
    asked = size == 2 and (at == 0 or is_imperative(norms[at - 1]) or norms[at + 1] != "его")
    named = name and not asked and name not in _SMALL and not is_infinitive(name) and not is_verb(name)
    return size if named else 0
