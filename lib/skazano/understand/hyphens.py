"""The hyphens that a recogniser without punctuation leaves out: «из за», «что нибудь», «по моему»."""

import re

_ALWAYS = re.compile(
    r"\b(?:(из) (за|под)(?= \w)|(во) (первых|вторых)|(в) (третьих|четв[её]ртых)|(кое) (кто|кого|что|где|как)"
    r"|((?:кто|кого|кому|кем|что|чего|чему|чем|где|куда|откуда|когда|как|какой|какая|какое|какие|какую|"
    r"какого|каких|каким|какими|почему|зачем)) (нибудь)"
    r"|(по) (русски|английски|немецки|французски|китайски|человечески|братски|быстрому|прежнему|видимому)"
    r"|(вс[её]) (таки))\b",
    re.I,
)
# «то» of a condition stands alone: «если непонятно как, то спроси».
_SOME = re.compile(
    r"\b(где|куда|как|какой|какая|какое|какие|какую|каких|какого|кто|кого|почему|что) то\b", re.I
)
_CONDITION = re.compile(r"\b(?:если|когда|раз|коли|ли|тем|пока|хоть)\b", re.I)
_AFTER_CONDITION = re.compile(r"\b(?:если|когда|раз|ли|чтобы) $", re.I)  # «если какая-то»
# «по моему, они …», not «по моему сайту».
_OPINION = re.compile(
    r"\b(по) (моему|твоему|вашему|нашему)(?=,| (?:это|он|она|оно|они|там|тут|у|в|на|надо|нужно|лучше|"
    r"что-то|не|уже|так|все|всё|слишком|очень|[а-яё]+(?:ет|ит|ут|ют|ат|ят|ал[аои]?|ил[аои]?))\b)",
    re.I,
)


def with_hyphens(text: str) -> str:
    """text with them, where nothing else can be meant."""
    text = _ALWAYS.sub(lambda found: "-".join(part for part in found.groups() if part), text)
    text = _OPINION.sub(r"\1-\2", text)

    def some(found: re.Match[str]) -> str:
        clause = re.split(r"[.!?;]", text[: found.start()])[-1]
        stands_alone = _CONDITION.search(clause) and not _AFTER_CONDITION.search(clause)
        return found.group() if stands_alone else f"{found[1]}-то"

    return _SOME.sub(some, text)
