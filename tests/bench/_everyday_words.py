#!/usr/bin/env python3
"""Make lib/skazano/understand/everyday.txt: how the commonest Russian words sound (phonetics' alphabet).

The words are the 150 000 most frequent of Robyn Speer's wordfreq 3.1.1 (Russian, "large"; `pip install
wordfreq` somewhere apart: the product does not need it), without their case endings; with them go the
English words of lexicon.txt as Russians say them. wordfreq's data is under CC BY-SA 4.0, so this file is.
"""

import importlib
import re
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "lib"))

from skazano.understand.lexicon import WORDS  # noqa: E402
from skazano.understand.phonetics import cyrillic, normal  # noqa: E402
from skazano.understand.readings import endless  # noqa: E402

COMMONEST, SHORTEST = 150_000, 3
HEAD = """\
# How common Russian words sound, without case endings, in the alphabet of phonetics.py; made by
# tests/bench/_everyday_words.py from the Russian word list of wordfreq 3.1.1 (Robyn Speer and the sources
# named there), CC BY-SA 4.0 <https://creativecommons.org/licenses/by-sa/4.0/>; this file is under it too.
"""


def main() -> None:
    wordfreq = importlib.import_module("wordfreq")  # no part of the environment, so not imported above
    listed = wordfreq.top_n_list("ru", 10 * COMMONEST, wordlist="large")
    russian = [w for w in listed if re.fullmatch("[а-яё]{3,}", w)][:COMMONEST]
    said = {cyrillic(endless(normal(word))) for word in russian}
    said |= {cyrillic(way) for ways in WORDS.values() for way in ways}
    kept = " ".join(sorted(phones for phones in said if len(phones) >= SHORTEST))
    out = ROOT / "lib" / "skazano" / "understand" / "everyday.txt"
    out.write_text(HEAD + textwrap.fill(kept, 110, break_long_words=False) + "\n")


if __name__ == "__main__":
    main()
