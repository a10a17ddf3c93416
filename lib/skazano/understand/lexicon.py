"""How Russian developers say English words and Latin letters: written in Cyrillic, several ways by «/»."""

from bisect import bisect_left
from functools import lru_cache

from skazano.understand.words import vocabulary

ALPHABET = "abcdefghijklmnopqrstuvwxyz"
_ENGLISH = "эй би си ди и эф джи эйч ай джей кей эл эм эн оу пи кью ар эс ти ю ви даблью экс уай зед"
_RUSSIAN = "а бэ цэ дэ е эф гэ аш и йот ка эл эм эн о пэ ку эр эс тэ у вэ вэ икс игрек зет"
ENGLISH_LETTERS = dict(zip(ALPHABET, _ENGLISH.split(), strict=True))
RUSSIAN_LETTERS = dict(zip(ALPHABET, _RUSSIAN.split(), strict=True))
_CYRILLIC = "а бэ вэ гэ дэ е жэ зэ и й ка эл эм эн о пэ эр эс тэ у эф ха цэ че ша ща ъ ы ь э ю я"
CYRILLIC_LETTERS = {chr(ord("а") + place): said for place, said in enumerate(_CYRILLIC.split())}

WORDS: dict[str, tuple[str, ...]] = {
    latin: tuple(said.split("/")) for latin, said in (entry.split("=") for entry in vocabulary("lexicon.txt"))
}


@lru_cache(maxsize=1)
def _english() -> list[str]:
    return vocabulary("english.txt")


def english(word: str) -> str:
    """Phones of a common English word that is not in WORDS; "" where it is not known."""
    entries = _english()  # sorted, as the file is; a dictionary would take three times the memory
    place = bisect_left(entries, word + "=")
    known, _, phones = entries[place].partition("=") if place < len(entries) else ("", "", "")
    return phones if known == word else ""
