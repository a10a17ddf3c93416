"""speakable(): what it may never leave in or lose, whatever the text."""

import re
import subprocess
import sys
import time
import tomllib

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from skazano.speech.speakable import KEPT, speakable
from skazano.speech.speakable_numbers import cardinal, decimal, noun, ordinal
from skazano.speech.speakable_terms import DATA, table, transliterated, word

PIECES = st.sampled_from(
    "1 22 333 4,5 6.7 2026 10:30 5% $3 -2 №1 v1.2.3 а1b2c3d abc API main.py a/b.txt «да» файл "
    "файлов в из до к с на МБ мс ₽ и т. д. `x` **b** | # - > ! ? . , ; ( ) & + = < / \\ @ _ ~ ^ "
    "é 字 α ² ✅ \n".split(" ")
)
WRITTEN = st.one_of(
    st.text(max_size=60),
    st.lists(PIECES, max_size=15).map(" ".join),
    st.lists(PIECES, max_size=15).map("".join),
)

LONG = 40_000
HOSTILE = {
    "letters": "a",
    "capitals": "A",
    "camel": "aB",
    "digits": "1",
    "ones": "1 ",
    "commas": "1,",
    "dots": "1.",
    "dotted": "a.b",
    "slashes": "a/",
    "underscores": "_",
    "stars": "*",
    "star": "*a ",
    "brackets": "[",
    "links": "[a](",
    "images": "![",
    "tags": "<a",
    "dashes": "-",
    "flags": "--a",
    "urls": "http://",
    "mails": "a@b.",
    "clocks": "1:2",
    "versions": "v1.",
    "ranges": "1-",
    "hexes": "0x",
    "hashes": "abcdef0",
    "acute": "а\u0301",
    "prepositions": "в 1 ",
    "quotes": "> ",
    "and": "1 и ",
    "cyrillic": "Щ",
    "chinese": "字, ",
    "spaces": " ",
    "lines": "\n",
    "tables": "|a",
    "money": "$1 ",
    "thousands": "1 000 ",
    "dates": "01.01.2026 ",
    "abbreviations": "т. ",
    "arrows": "1->",
    "entities": "&lt;",
    "backslashes": "\\",
    "apostrophes": "json'",
    "emoji": "✅",
}


@settings(max_examples=400, deadline=None)
@given(WRITTEN)
@example("\ue000")
@example("+а")
@example("ⅷ㎒１²½")
def test_leaves_only_cyrillic_and_punctuation(text: str) -> None:
    assert set(speakable(text)) <= KEPT
    assert set(speakable(text, stress=True)) <= KEPT | {"+"}


@settings(max_examples=200, deadline=None)
@given(WRITTEN)
def test_is_tidy_and_stays_what_it_is(text: str) -> None:
    said = speakable(text)
    assert said == speakable(text)
    assert "  " not in said
    assert not re.search(r"\n\n|^[ ,.]|[,.] [,.]", said)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10**15 - 1), st.sampled_from("абв файлов и строк".split()))
def test_no_number_is_lost(n: int, after: str) -> None:
    assert cardinal(n).split()[0][:2] == speakable(f"{n} {after}")[:2]


@settings(max_examples=200, deadline=None)
@given(st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=30))
def test_no_latin_word_is_lost(latin: str) -> None:
    assert re.search("[а-яё]", speakable(latin))
    assert re.search("[а-яё]", transliterated(latin))


@pytest.mark.slow
@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text_costs_linear_time(kind: str) -> None:
    piece = HOSTILE[kind]
    text = (piece * LONG)[:LONG]
    begun = time.process_time()
    assert set(speakable(text)) <= KEPT
    # A quadratic pattern takes minutes over this; the slowest of these takes half a second.
    assert time.process_time() - begun < 10


def test_cyrillic_words_stay_word_for_word() -> None:
    text = "Сделал, что просили: убрал старую панель, перенёс кнопки; остальное — завтра!"
    assert speakable(text) == text


def test_paragraphs_become_lines_that_end() -> None:
    text = "# Итог\n\nГотово\n\n- раз\n- два;\n\nконец"
    assert speakable(text) == "Итог.\nГотово.\nраз.\nдва;\nконец"


def test_code_block_is_announced_not_read() -> None:
    text = "Вот:\n```python\nprint(1)\n```\nи всё"
    assert speakable(text) == "Вот:\nФрагмент кода — в тексте.\nи всё"


def test_unclosed_code_block_is_announced() -> None:
    assert speakable("Вот\n```\nx = 1") == "Вот.\nФрагмент кода — в тексте."


def test_table_is_read_row_by_row() -> None:
    text = "| имя | размер |\n|---|---|\n| a | 5 МБ |"
    assert speakable(text) == "имя, размер.\nэй, пять мегабайт"


def test_stress_only_where_asked() -> None:
    assert speakable("GitHub и за́мок") == "гитхаб и замок"
    assert speakable("GitHub и за́мок", stress=True) == "гитх+аб и з+амок"
    assert speakable("2 + 2", stress=True) == "два плюс два"


def test_nothing_gives_nothing() -> None:
    assert speakable("") == ""
    assert speakable(" \n\t ") == ""
    assert speakable("🚀") == ""


def test_a_developers_answer() -> None:
    text = (
        "Готово: исправил 2 ошибки в `parse_date()` (src/dates.py, строка 42), добавил 3 теста.\n"
        "48 passed in 2.31s. Коммит 3f2a9bc в ветке autobot/2026-11-22, PR #17."
    )
    assert speakable(text) == (
        "Готово: исправил две ошибки в парс дейт, сорс слэш дейтс точка пай, строка сорок два, "
        "добавил три теста.\n"
        "прошло сорок восемь тестов за две целых тридцать одну сотую секунды. Коммит в ветке "
        "автобот слэш двадцать второе ноября две тысячи двадцать шестого года, "
        "пул реквест номер семнадцать."
    )


def test_table_of_terms_is_sound() -> None:
    raw = tomllib.loads(DATA.read_text(encoding="utf-8"))
    assert len(raw["terms"]) >= 250
    for section in ("terms", "special", "abbreviations", "shortened", "emoji"):
        for key, said in raw[section].items():
            assert re.fullmatch(r"[а-яё +-]+", said, re.I), (section, key, said)
            assert not re.search(r"\+(?![аеёиоуыэюя])", said), (section, key, said)
    for key in raw["terms"]:
        assert key == key.lower()


def test_every_term_is_said_as_the_table_says() -> None:
    for key, said in table().terms.items():
        if key.isalpha() and key not in ("it",):
            assert word(key) == said


@pytest.mark.parametrize(
    ("n", "case", "gender", "said"),
    [
        (2_000_001, "n", "f", "два миллиона одна"),
        (1_000_000, "n", "f", "один миллион"),
        (21_000_000_000, "g", "m", "двадцати одного миллиарда"),
        (5_000_000, "d", "m", "пяти миллионам"),
        (2341, "a", "f", "две тысячи триста сорок одну"),
        (
            999_999_999_999_999,
            "n",
            "m",
            "девятьсот девяносто девять триллионов девятьсот девяносто "
            "девять миллиардов девятьсот девяносто девять миллионов девятьсот девяносто девять тысяч "
            "девятьсот девяносто девять",
        ),
    ],
)
def test_cardinals(n: int, case: str, gender: str, said: str) -> None:
    assert cardinal(n, case, gender) == said


def test_ordinals_in_the_plural() -> None:
    assert ordinal(90, "p", "p") == "девяностых"
    assert ordinal(3, "n", "p") == "третьи"


def test_decimals_in_cases() -> None:
    assert decimal("1", "5", "g") == "полутора"
    assert decimal("2", "5", "g") == "двух с половиной"
    assert decimal("0", "25", "g") == "нуля целых двадцати пяти сотых"


@pytest.mark.parametrize(
    ("word_", "genitives", "forms"),
    [
        ("файл", "файлов", "файл файла файлу файл файлом файле"),
        ("рубль", "рублей", "рубль рубля рублю рубль рублем рубле"),
        ("секунда", "секунд", "секунда секунды секунде секунду секундой секунде"),
        ("ошибка", "ошибок", "ошибка ошибки ошибке ошибку ошибкой ошибке"),
        ("неделя", "недель", "неделя недели неделе неделю неделей неделе"),
        ("итерация", "итераций", "итерация итерации итерации итерацию итерацией итерации"),
        ("слово", "слов", "слово слова слову слово словом слове"),
        ("изменение", "изменений", "изменение изменения изменению изменение изменением изменении"),
        ("запись", "записей", "запись записи записи запись записью записи"),
        ("месяц", "месяцев", "месяц месяца месяцу месяц месяцем месяце"),
    ],
)
def test_declension(word_: str, genitives: str, forms: str) -> None:
    assert " ".join(noun(word_, genitives).one) == forms
    assert noun(word_, genitives).after(5) == genitives
    assert noun(word_, genitives).after(12) == genitives


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("21 files in 3.5 s", "twenty-one files in three point five seconds"),
        ("See https://github.com/a/b for **details**", "See link to github dot com for details"),
        ("commit a1b2c3d on main.py", "commit on main dot py"),
        ("v2.1 costs $5, up 10%", "version two point one costs five dollars, up ten percent"),
        ("the 2nd of 1,000 tests", "the second of one thousand tests"),
    ],
)
def test_english(written: str, spoken: str) -> None:
    assert speakable(written, "en") == spoken


@settings(max_examples=200, deadline=None)
@given(WRITTEN)
def test_english_leaves_no_digits(text: str) -> None:
    assert not re.search(r"\d", speakable(text, "en"))


def test_import_is_light() -> None:
    code = (
        "import sys; sys.path.insert(0, 'lib'); from skazano.speech.speakable import speakable;"
        "speakable('5 МБ'); print(any(m in sys.modules for m in ('torch', 'numpy', 'soundfile')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
