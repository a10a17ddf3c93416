"""A dictated note as a written request, by rules: filler and swearing out, a title, explicit lists split.

Nothing is added, and nothing is left out that could carry meaning. What was typed and does not read
like speech stays as it is: it may hold code, a command, a quotation.
"""

import re
from collections.abc import Sequence

import msgspec

from skazano.understand.commas import with_commas
from skazano.understand.corrections import corrected
from skazano.understand.filler import clean
from skazano.understand.hyphens import with_hyphens
from skazano.understand.labels import in_quotes, quoted
from skazano.understand.lists import split_list, split_numbered
from skazano.understand.numerals import with_digits
from skazano.understand.terms import correct
from skazano.understand.tools import asked_tool
from skazano.understand.words import words

_SAID = r"[А-Яа-яЁё0-9]+(?:-[А-Яа-яЁё0-9]+)*[,.!?;:…]{0,3}"
_LIKE_SPEECH = re.compile(rf"{_SAID}(?: (?:[–—-] )?{_SAID})*")
TITLE = 72  # characters: the usual width of a commit's first line


class Refined(msgspec.Struct):
    """text: the request; title: at most 72 characters; tool: only if one was clearly asked for;
    subtasks: the parts of an explicit list, empty if there is none."""

    text: str
    title: str
    tool: str | None = None
    subtasks: list[str] = []


def like_speech(text: str) -> bool:
    """Whether text reads as if it had been dictated: Russian words and whole numbers, one space between
    them, and after a word `,.!?;:…` or a dash that stands alone. Latin letters, quotation marks, brackets,
    a second line or a second space, `2.5` and any other mark make it a text that is not to be touched."""
    return _LIKE_SPEECH.fullmatch(text.strip()) is not None


def sentence(text: str) -> str:
    """text with a capital first letter and a full stop, if it ends in a word."""
    text = text.strip()
    if not text:
        return ""
    first = re.match(r"[\w./-]+", text)
    shaped = bool(first and re.search(r"[A-Z_/.\d]", first.group()[1:].rstrip(".")))  # a name keeps its case
    text = text if shaped else text[0].upper() + text[1:]
    return text + "." if re.search(r"[\w»\")]$", text) and not text.endswith("```") else text


def title(text: str) -> str:
    """The first line of a commit: the first sentence, whole words, at most 72 characters."""
    line = next((ln.strip() for ln in text.splitlines() if re.search(r"\w", ln)), "")
    line = re.sub(r"^(?:\d{1,2}[.)]|[-*•#]+)\s+", "", line)
    line = "".join(c for c in line if c.isprintable())
    line = re.split(r"(?<=[.!?])\s+(?=[А-ЯЁA-Z])", line)[0].rstrip(" .,;:")
    if len(line) <= TITLE:
        return line
    cut = line[: TITLE - 1].rsplit(" ", 1)[0] if " " in line[: TITLE - 1] else line[: TITLE - 1]
    while " " in cut and len(cut.rsplit(" ", 1)[1]) < 3:
        cut = cut.rsplit(" ", 1)[0]  # never ends in «и» or «в»
    return cut.rstrip(" .,;:–—-") + "…"


def said_once(text: str) -> str:
    """text without filler and without what the speaker took back in the same breath."""
    cleaned = clean(text)
    return cleaned if "```" in cleaned else corrected(cleaned)


def refine_local(
    text: str, terms: Sequence[str] = (), tools: Sequence[str] = (), *, typed: bool = False
) -> Refined:
    """The request without a model, text and title "" if it was all filler. terms are the project's
    words; they and those that every project knows are spelled right where they were misheard.
    tools: the names that may be asked for; the words that ask stay in the text. typed: no recording of
    it; then only a text that is like_speech is treated so, any other is kept to the letter (blank lines
    before it and white space after it go), and only a numbered list of it is split."""
    if typed and not like_speech(text):
        return _as_written(text, tools)
    meant = said_once(correct(text, terms)[0])
    items = [_written(clean(item)) for item in split_list(meant)]
    whole = _written(meant)
    tool = asked_tool(text, tools)
    return Refined(whole, title(whole), tool, [i for i in items if i] if len(items) > 1 else [])


def _written(said: str) -> str:
    said = with_hyphens(said)
    text = with_digits(with_commas(said), quoted(said, words(said)))
    return sentence(in_quotes(text, words(text)))


def _as_written(text: str, tools: Sequence[str]) -> Refined:
    if not re.search(r"\w", text):
        return Refined("", "")
    exact = re.sub(r"\A(?:[^\S\n]*\n)+", "", text).rstrip()
    exact = exact if "\n" in exact else exact.strip()
    return Refined(exact, title(exact), asked_tool(text, tools), split_numbered(exact))
