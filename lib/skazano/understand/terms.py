"""A project's own words: collected from its checkout, and put right where they were misheard.

«постгресс куль» is PostgreSQL, «реадми» README. A word is replaced only when it sounds all but
like a term and is no ordinary Russian word: a term missed is a small loss, a word spoiled a large one.
"""

import itertools
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from skazano.understand.lexicon import WORDS as LEXICON
from skazano.understand.phonetics import likeness
from skazano.understand.readings import readings
from skazano.understand.sameness import is_everyday
from skazano.understand.words import IMPERATIVES, WISHES, Word, is_imperative, parts, vocabulary, words

MOST_FILES, MOST_BYTES, MOST_TERMS = 400, 120_000, 300  # read of a checkout; bytes are each file's
ALIKE = 0.8  # likeness at which a word is a term misheard
EXACT = 0.96  # the same for what is an everyday word («меняй» is not main.py)
SHORTEST = 4  # phones of a term that is looked for at all
CUT = 0.88  # the same for what is cut out of a word
LONGER = 0.06  # what a longer run may be less alike: «постгресс куль» is not Postgres and «куль»
LONGEST_RUN = 4  # words that one term may have been heard as

_SKIPPED = set(
    ("node_modules vendor dist build target venv env __pycache__ site-packages third_party").split()
)
_SOURCE = {".py", ".js", ".ts", ".tsx", ".jsx", ".go", ".rs", ".c", ".h", ".cpp", ".java", ".kt", ".rb",
           ".php", ".sql", ".sh", ".toml", ".yaml", ".yml", ".html", ".css", ".md", ".vue", ".svelte",
           ".txt"}  # fmt: skip
_NOISE = frozenset(
    """self return import from class def none true false else elif with while break continue except
    raise lambda yield async await const function export default interface public private static
    void string number boolean null undefined this that type name value data item items list
    dict args kwargs file path text line lines result results test tests assert print open read
    write main init index object string array length push pull code error errors user users time
    date help info para span href link style width height color auto none block flex margin
    padding border""".split()
)
_PLAIN = tuple(vocabulary("plain_words.txt"))
_ENDING = re.compile(r"[кнц]?[аеиоуыэюяйьмхвтш]{0,4}")
_GLUED = re.compile(r"(?:про|под|из|от|до|по|на|в|с|к)(?=[а-я]{4})")
_SMALL = frozenset(vocabulary("small_words.txt"))
_BINDING = _SMALL | set("сделать добавить новый новая новое старый старая один одна раз два три".split())


def collect(folder: Path) -> list[str]:
    """Terms of a checkout, the likeliest first: file names, identifiers, names in README. Nothing in
    the folder is run and no link is followed; an absent folder has none."""
    found: Counter[str] = Counter()
    for path in _files(folder):
        if len(path.stem) > 3:
            found[path.name] += 4
        if path.suffix.lower() not in _SOURCE:
            continue
        try:
            text = path.read_bytes()[:MOST_BYTES].decode("utf-8", "ignore")
        except OSError:
            continue
        inside = Counter(re.findall(r"\b[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*\b", text))
        quoted = set(re.findall(r"`([\w.-]+)`", text)) if path.suffix == ".md" else set()
        for name, count in inside.items():
            # A plain English word is no name; «found» would only spoil what was said.
            if 4 <= len(name) <= 40 and (_shaped(name) or name in quoted) and name.lower() not in _NOISE:
                found[name] += min(count, 5) * (3 if name in quoted else 1)
    best = sorted(found.items(), key=lambda entry: (-entry[1], entry[0]))
    unique: dict[str, str] = {}
    for name, _ in best:
        unique.setdefault(name.lower(), name)
    return list(unique.values())[:MOST_TERMS]


def _shaped(name: str) -> bool:
    return "_" in name.strip("_") or bool(re.search(r"[a-z][A-Z]", name))


def _files(folder: Path) -> Iterator[Path]:
    count = 0
    for here, folders, names in os.walk(folder, followlinks=False):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f not in _SKIPPED)
        for name in sorted(names):
            path = Path(here, name)
            if name.startswith(".") or path.is_symlink() or not path.is_file():
                continue
            count += 1
            if count > MOST_FILES:
                return
            yield path


_LAW = re.compile("(?:трудов|граждан|уголовн|налогов|семейн|жилищн|земельн|этическ)[а-я]+")  # «кодекс» of law


@lru_cache(maxsize=16)
def _sounds(terms: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """(readings, the term of each), the first terms first."""
    said: dict[str, str] = {}
    for term in terms:
        stem, _, ending = term.rpartition(".")
        forms = [term]
        if stem and ending.isalpha():
            forms.append(f"{stem} точка {ending}")
            # «конфиг» alone need not be config.toml, «скедулер» is scheduler.py.
            forms += [stem] if stem.lower() not in LEXICON else []
        for form in forms:
            for phones in readings(form)[:8]:
                if len(phones) >= SHORTEST:
                    said.setdefault(phones, term)
    return list(said), list(said.values())


def _bound(word: str) -> bool:
    """Whether a word belongs to the sentence, never to a term."""
    return word in _BINDING or word in WISHES or word in IMPERATIVES or is_imperative(word)


def _plain(word: str) -> bool:
    """Whether a Russian word is an ordinary one, which no term is made of alone."""
    return any(word.startswith(stem) and _ENDING.fullmatch(word, len(stem)) for stem in _PLAIN)


def _term(spoken: str, sounds: list[str], names: list[str]) -> tuple[float, str]:
    """(likeness, term) of the term that words sound like, (0, "") if there is none."""
    best, said_in = (0.0, ""), spoken.split()
    everyday = all(map(is_everyday, said_in))
    for stem in (False, True):
        for said in readings(spoken, stem)[:3]:
            if len(said) < SHORTEST:
                continue
            near = process.extract(
                said, sounds, scorer=Levenshtein.normalized_similarity, limit=5, score_cutoff=0.5
            )
            for phones, _, place in near:
                score = likeness(said, phones)
                if everyday and score < EXACT:
                    continue
                score -= 0.02 * stem + 0.015 * (len(said_in) - 1)
                # A short word has to be said more exactly, and two words heard as one.
                least = ALIKE + max(0, 7 - len(phones)) * 0.04
                least += 0.08 if re.search(r"[_.]", names[place]) and len(said_in) == 1 else 0.0
                if score >= least and score > best[0]:
                    best = (score, names[place])
    return best


def correct(text: str, terms: Sequence[str], common: bool = True) -> tuple[str, list[tuple[str, str]]]:
    """(text with misheard terms as they are spelled, [(heard, term)]). common: with the terms that
    every project knows. Text in Latin letters is as someone wrote it, and stays."""
    every = tuple(
        dict.fromkeys(
            [*terms, *((t.replace("~", " ") for t in vocabulary("common_terms.txt")) if common else ())]
        )
    )
    sounds, names = _sounds(every)
    tokens = [part for word in words(text) for part in parts(word)]
    able = [bool(re.fullmatch(r"[а-я0-9 ]+", t.norm)) and not _bound(t.norm) for t in tokens]
    plain = [
        _plain(t.norm) or (t.norm.startswith("кодекс") and at > 0 and bool(_LAW.match(tokens[at - 1].norm)))
        for at, t in enumerate(tokens)
    ]
    out, changed, at, end = [], [], 0, 0
    while at < len(tokens):
        best, length, before = (0.0, ""), 0, ""
        for count in range(1, LONGEST_RUN + 1):
            run = tokens[at : at + count]
            if len(run) < count or not all(able[at : at + count]) or re.search(r"[^\s-]", between(text, run)):
                break
            if count == 1 and plain[at]:
                continue
            found, glued = _likeliest([w.norm for w in run], sounds, names)
            if found[0] and found[0] >= best[0] - LONGER:
                best, length, before = found, count, glued
        if length:
            heard = text[tokens[at].start : tokens[at + length - 1].end]
            out += [text[end : tokens[at].start], heard[: len(before)], " " * bool(before), best[1]]
            changed.append((heard, best[1]))
            end = tokens[at + length - 1].end
        at += max(1, length)
    return "".join([*out, text[end:]]), changed


def _likeliest(run: Sequence[str], sounds: list[str], names: list[str]) -> tuple[tuple[float, str], str]:
    """(what _term says, preposition): the words as they stand, or with a preposition cut off that the
    recogniser ran into the first («спостгрес»)."""
    whole = _term(" ".join(run), sounds, names)
    glued = _GLUED.match(run[0])
    if glued is None or is_everyday(run[0]):
        return whole, ""
    bare = run[0][glued.end() :]
    cut = _term(" ".join([bare, *run[1:]]), sounds, names)
    return (cut, glued.group()) if cut[0] > max(whole[0], CUT) and not _plain(bare) else (whole, "")


def between(text: str, run: Sequence[Word]) -> str:
    """What stands between the words of a run: a term is not heard across punctuation."""
    return "".join(text[a.end : b.start] for a, b in itertools.pairwise(run))
