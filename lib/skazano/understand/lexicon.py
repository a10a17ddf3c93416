"""How Russian developers say English words and Latin letters: written in Cyrillic, several ways by «/»."""

from skazano.understand.words import vocabulary

ALPHABET = "abcdefghijklmnopqrstuvwxyz"
_ENGLISH = "эй би си ди и эф джи эйч ай джей кей эл эм эн оу пи кью ар эс ти ю ви даблью экс уай зед"
_RUSSIAN = "а бэ цэ дэ е эф гэ аш и йот ка эл эм эн о пэ ку эр эс тэ у вэ вэ икс игрек зет"
ENGLISH_LETTERS = dict(zip(ALPHABET, _ENGLISH.split(), strict=True))
RUSSIAN_LETTERS = dict(zip(ALPHABET, _RUSSIAN.split(), strict=True))

WORDS: dict[str, tuple[str, ...]] = {
    latin: tuple(said.split("/")) for latin, said in (entry.split("=") for entry in vocabulary("lexicon.txt"))
}
