"""Words that are only the search for words, told by the marks about them: «у нас там… как это… сайт»."""

import re

# «вот» run into the word before it; no Russian word in these endings ends so.
_GLUED = re.compile(r"(?<=[а-яё]{4})(?<=ии|ие|ия|ой|ую|ая|ом|ах|ть)вот\b")
_SEARCHING = re.compile(
    r"(?:…|\.\.\.)\s+(?:(?:ну|э+|э-э+|м+|как (?:это|его|её|там его)),\s+|"
    r"(?:ну|э+|э-э+|м+|как (?:это|его|её|там его))(?:…|\.\.\.)\s+)+(?=[а-яё«\"])",
    re.I,
)
_WELL = re.compile(
    r"\A\s*(?:ну|так)[, ]+(?:что|ч[еёо]),\s+(?!если\b)"
    r"|\A\s*(?:э-э+,?\s+)?как (?:там|это|его|же это)(?:…|\.\.\.)\s+(?=[А-Яа-яЁё])"
    r"|\A(?:(?:блин|да|ну|сука|господи)[, ]+)+сколько можно,?\s+(?=опять\b|снова\b)",
    re.I,
)  # «ну что, …»
_AND_MORE = re.compile(r"\A\s*(?:да,? )?(?:и|а) ещ[её][.:…]+\s+(?=\w)", re.I)
_THAT_IS_ALL = re.compile(r"(?<=[.!?])\s+(?:Ну,? )?[Вв]сё[.!]*\s*\Z")
_SOMEHOW = re.compile(r"\A(?:ну )?ч[её]т\b(?=[ ,]+(?:у|не|я|мне|сайт|опять)\b)", re.I)


def smoothed(text: str) -> str:
    """text without them, and with «чёт у меня» as «что-то у меня»."""
    text = _THAT_IS_ALL.sub("", _AND_MORE.sub("", text))
    return _GLUED.sub("", _SOMEHOW.sub("что-то", _WELL.sub("", _SEARCHING.sub(" ", text))))
