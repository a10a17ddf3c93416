"""Which words of a request carry meaning, and which may go without harm."""

import re
from collections.abc import Sequence

from skazano.understand.numerals import NUMERALS
from skazano.understand.quantities import is_ordinal
from skazano.understand.words import vocabulary

_SMALL = frozenset(vocabulary("small_words.txt"))
# What adds nothing to a request, and what is lost without harm.
_ADDS_NOTHING = frozenset(
    """проблему проблема ошибку ошибка ошибки сейчас текущий должен должна должно должны необходимо требуется
    следующее таким образом слишком возможность возможностью данных будет около работает устройствах проект
    проекта""".split()
)
IDLE = re.compile(
    r"сдела\w*|дела[йт]\w*|хо(?:чу|тел\w*|чется|тим)|можешь|можно|кажется|вообще|просто|прямо|опять|снова|наконец|сегодня|"
    r"поговорить|штук\w*|вещ\w*|дел[оа]|задач\w*|какой-нибудь|как-нибудь|как-то|пожалуйста|сначала|потом|затем|"
    r"главное|давай|слушай|смотри|привет|добрый|больше|теперь|именно|перв\w+|втор\w+|треть\w+|четверт\w+|"
    r"дерьм\w*|ерунд\w*|обязательно|причем|желательно|буквально|будем|равно|спасибо|"
    r"пускай|пусть|никак|туда|сюда|т[эе]кс|ужас\w*|кошмар\w*|(?:на|по|до|за)?(?:хер|хрен|говн|дерьм|пизд)\w*|"
    r"ошибк\w*|проблем\w*|во-первых|во-вторых|в-третьих|потому|том|это(?:му|го|м)|утра|почему|отдельн\w*|друг(?:ая|ой)|кстати|точка|слэш|слеш|дефис"
)


def contents(words: Sequence[str]) -> list[str]:
    """The words that carry meaning."""
    return [
        w
        for w in words
        if (len(w) > 2 or re.fullmatch("[a-z]{2}", w))
        and w not in _ADDS_NOTHING | _SMALL
        and not re.search(r"\d", w)
        and w not in NUMERALS
        and not is_ordinal(w)
    ]
