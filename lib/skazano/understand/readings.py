"""The ways a name may be said aloud, as phone strings (see phonetics)."""

import re
from functools import lru_cache
from itertools import product

from skazano.understand.lexicon import CYRILLIC_LETTERS, ENGLISH_LETTERS, RUSSIAN_LETTERS, WORDS, english
from skazano.understand.phonetics import cyrillic, likeness, normal, tidy

MOST = 24  # readings of one name; more would only bring false likenesses

_RUSSIAN_RULES = [
    (re.compile(pattern), phones)
    for pattern, phones in (
        ("shch", "W"), ("sch", "S"), ("tch", "C"), ("sh", "S"), ("ch", "C"), ("zh", "Z"), ("kh", "x"),
        ("ph", "f"), ("th", "t"), ("ts", "c"), ("ck", "k"), ("qu", "kv"), ("ya", "ja"), ("yu", "ju"),
        ("yo", "jo"), ("ye", "je"), ("ee", "i"), ("oo", "u"), ("(?<=[^aeiou])e$", ""),
        ("c(?=[eiy])", "c"), ("c", "k"), ("h", "x"), ("j", "J"),
        ("q", "k"), ("w", "v"), ("x", "ks"), ("y", "i"),
    )
]  # fmt: skip
_ENGLISH_RULES = [
    (re.compile(pattern), phones)
    for pattern, phones in (
        ("^kn", "n"), ("^wr", "r"), ("^x", "ks"), ("tion$|sion$", "Sn"), ("ture$", "Cer"), ("tch", "C"),
        ("dge", "J"), ("igh", "aj"), ("eigh", "ej"), ("ough", "o"), ("augh", "o"), ("sch", "sk"),
        ("sh", "S"), ("ch", "C"), ("zh", "Z"), ("ph", "f"), ("th", "s"), ("ck", "k"), ("ng$", "ng"),
        ("qu", "kv"), ("wh", "v"), ("ee|ea|ie(?!s?$)", "i"), ("oo", "u"), ("ou|ow", "au"),
        ("ai|ay|ey", "ej"), ("oi|oy", "oj"), ("au|aw", "o"), ("oa", "ou"), ("ew|ue", "ju"),
        ("a(?=[bcdfgklmnpstvz]es?$)", "ej"), ("i(?=[bcdfgklmnprstvz]es?$)", "aj"),
        ("o(?=[bcdfgklmnpstvz]es?$)", "ou"), ("u(?=[bcdfgklmnpstvz]es?$)", "ju"),
        ("y$", "i"), ("^y", "j"), ("y(?=[aeou])", "j"), ("c(?=[eiy])", "s"), ("g(?=[eiy])", "J"),
        ("er$|or$", "er"), ("ir|ur", "er"), ("le$", "l"), ("(?<=[^aeiou])e$", ""),
        ("(?<=[^aeiou])es$", "s"),
        ("u", "a"), ("a", "e"), ("c", "k"), ("h", "x"), ("j", "J"), ("q", "k"), ("w", "v"),
        ("x", "ks"), ("y", "i"),
    )
]  # fmt: skip
_CAMEL, _HUMP = re.compile("[A-Za-zА-Яа-яЁё]+"), re.compile("(?<=[a-zа-яё])(?=[A-ZА-ЯЁ])")
_CAPITALS, _UNSPEAKABLE = re.compile(r"\b[А-Я]{2,5}\b"), re.compile("[бвгджзклмнпрстфхцчшщ]{2,5}")
_UNITS = "ноль один два три четыре пять шесть семь восемь девять".split()
_ENGLISH_UNITS = "зироу ван ту сри фо файв сикс севен эйт найн".split()


def _by_rules(word: str, rules: list[tuple[re.Pattern[str], str]]) -> str:
    """Phones of a Latin word: at each place the first rule that fits, else the letter itself."""
    out, at = [], 0
    while at < len(word):
        for pattern, phones in rules:
            found = pattern.match(word, at)
            if found and (not pattern.pattern.startswith("^") or at == 0):
                out.append(phones)
                at = found.end()
                break
        else:
            out.append(word[at])
            at += 1
    return tidy("".join(out))


@lru_cache(maxsize=4096)
def _pieces(word: str) -> tuple[str, ...] | None:
    """word cut into known words, fewest pieces; else None. At an end may stand what is spelled: one
    letter before them, or two or three consonants («pgadmin», «fastmcp»)."""
    best: list[tuple[str, ...] | None] = [()] + [None] * len(word)
    for end in range(1, len(word) + 1):
        for start in range(end):
            before, piece = best[start], word[start:end]
            at_end = (start == 0) != (end == len(word))
            spelled = (at_end and re.fullmatch("[^aeiouy]{2,3}", piece)) or (end == 1 and len(word) > 3)
            known = (len(piece) > 2 and piece in WORDS) or (len(piece) > 3 and english(piece)) or spelled
            if before is None or not known:
                continue
            so_far = best[end]
            if so_far is None or len(before) + 1 < len(so_far):
                best[end] = (*before, piece)
    return best[-1]


def _letters(word: str, names: dict[str, str]) -> str:
    return tidy("".join(cyrillic(names[letter]) for letter in word))


def _spelled(word: str) -> list[str]:
    """Phones of a word said letter by letter: in English, the same with a Russian «эр», in Russian."""
    mixed = ENGLISH_LETTERS | {"r": RUSSIAN_LETTERS["r"]}
    return list(dict.fromkeys(_letters(word, names) for names in (ENGLISH_LETTERS, RUSSIAN_LETTERS, mixed)))


def _abbreviation(word: str) -> str:
    """Phones of Cyrillic letters said one by one: «пвз»."""
    return tidy("".join(cyrillic(CYRILLIC_LETTERS[letter]) for letter in word))


def _number(digits: str) -> list[str]:
    """Phones of a number: as a Russian number, digit by digit, four digits in pairs («двадцать сорок
    восемь»), and in English if it is one digit."""
    from num2words import num2words

    def spoken(number: str) -> str:
        return "".join(cyrillic(w) for w in normal(num2words(int(number), lang="ru")).split())

    one_by_one = "".join(cyrillic(_UNITS[int(d)]) for d in digits)
    if len(digits) > 6:
        return [tidy(one_by_one)]
    said = [tidy(spoken(digits)), tidy(one_by_one)]
    if len(digits) == 4 and "0" not in (digits[0], digits[2]):
        said.append(tidy(spoken(digits[:2]) + spoken(digits[2:])))
    if len(digits) == 1:
        said.append(cyrillic(_ENGLISH_UNITS[int(digits)]))
    return said


def _latin(word: str) -> list[str]:
    """Readings of one Latin word, likeliest first."""
    said: list[str] = []
    if word in WORDS:
        said += [cyrillic(w) for w in WORDS[word]]
    pieces = _pieces(word)
    if pieces and len(pieces) > 1:
        choices = [
            [cyrillic(w) for w in WORDS[p]]
            if p in WORDS and len(p) > 2
            else [english(p)]
            if len(p) > 3 and english(p)
            else _spelled(p)
            for p in pieces
        ]
        said += [tidy("".join(c)) for c in list(product(*choices))[:6]]
    if spelled := re.match(r"(.*[aeiouy])([^aeiouy]{2,4})$", word):
        head, tail = spelled.groups()
        if word not in WORDS and re.search(r"(.)\1$|[^aeiouy]{3}$", word):  # «gigastt»: the end is spelled
            said.append(tidy(_by_rules(head, _RUSSIAN_RULES) + _letters(tail, ENGLISH_LETTERS)))
            if len(tail) > 2:
                said.append(
                    tidy(_by_rules(head + tail[0], _RUSSIAN_RULES) + _letters(tail[1:], ENGLISH_LETTERS))
                )
    if len(word) <= 4 and (word not in WORDS or not re.search("[aeiouy]", word)):
        said += _spelled(word)
    if phones := english(word):
        said.append(phones)
    if word not in WORDS or len(word) > 3:
        said.append(_by_rules(word, _RUSSIAN_RULES))
        if not phones:
            said.append(_by_rules(word, _ENGLISH_RULES))
        if word.startswith("h"):  # «гермес», «гугенот»
            said.append(_by_rules("g" + word[1:], _RUSSIAN_RULES))
    return said


def endless(word: str) -> str:
    """A Cyrillic word without its case ending (three letters at least remain)."""
    return re.sub(
        r"(?<=[а-я]{3})(?:ами|ями|ого|его|ому|ему|ыми|ими|ах|ях|ов|ев|ей|ом|ем|ам|ям|ой|ый|ий|"
        r"ая|яя|ое|ее|ые|ие|ую|юю|ых|их|ым|им|ою|ею|а|я|о|е|ы|и|у|ю|ь)$",
        "",
        word,
    )


@lru_cache(maxsize=4096)
def _words(text: str) -> tuple[str, ...]:
    """Words of a name: split at everything but letters and digits, at digits, and at CamelCase if the
    whole («GraphQL») is no word that is known."""
    text = _CAMEL.sub(lambda m: m.group() if m.group().lower() in WORDS else _HUMP.sub(" ", m.group()), text)
    text = text.replace("++", " плюс плюс ")
    text = normal(text).replace("#", " шарп ").replace("+", " плюс ")
    return tuple(re.findall(r"\d+|[a-z]+|[а-я]+", text))


@lru_cache(maxsize=8192)
def readings(text: str, stem: bool = False) -> tuple[str, ...]:
    """Every likely way to say text, as phones without spaces; stem drops Russian case endings."""
    choices: list[list[str]] = []
    capitals = {word.lower() for word in _CAPITALS.findall(text)}
    for word in _words(text):
        if word.isdigit():
            choices.append(_number(word))
        elif re.match("[а-я]", word):
            choices.append([cyrillic(endless(word) if stem else word)])
            if word in capitals or _UNSPEAKABLE.fullmatch(word):
                choices[-1].append(_abbreviation(word))
        else:
            choices.append(_latin(word))
    if not choices:
        return ()
    said: dict[str, None] = {}
    for combination in product(*choices):
        said.setdefault(tidy("".join(combination)))
        if len(said) >= MOST:
            break
    return tuple(s for s in said if s)


def alike_words(one: str, other: str) -> float:
    """0 … 1: how alike two phrases sound, spaces aside."""
    return likeness(sound(one), sound(other))


def sound(text: str) -> str:
    """Phones of a phrase; of a Latin word its likeliest reading."""
    return tidy("".join(cyrillic(w) or "".join(readings(w)[:1]) for w in normal(text).split()))


def sounds_like(word: str, target: str, least: float = 0.75) -> bool:
    """Whether word could be target misheard."""
    return alike_words(word, target) >= least
