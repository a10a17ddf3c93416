"""Project names by sound, over the corpus that tests/bench/names.py measures."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from bench import names as corpus
from skazano.understand.names import Name, match, match_prefix
from skazano.understand.phonetics import cyrillic, distance, likeness
from skazano.understand.readings import readings
from skazano.understand.terms import collect, correct

A_FEW = [
    Name("ebench"),
    Name("rebench"),
    Name("crm"),
    Name("smart-home", "Умный дом"),
    Name("cpp", "C++ задачи"),
]


@pytest.mark.parametrize(
    ("heard", "slug"),
    [
        ("и бенч", "ebench"),
        ("ебенч", "ebench"),
        ("эбэнч", "ebench"),
        ("е-банч", "ebench"),
        ("в ребенче", "rebench"),
        ("сиарэм", "crm"),
        ("срм", "crm"),
        ("CRM", "crm"),
        ("умном доме", "smart-home"),
        ("смарт хоум", "smart-home"),
        ("си плюс плюс задачи", "cpp"),
    ],
)
def test_the_sure_ones(heard, slug):
    found = match(heard, A_FEW)
    assert (found.slug, found.sure) == (slug, True)
    assert found.reason


@pytest.mark.parametrize("heard", ["синхрофазотрон", "", "…", "😀", "а", "'; drop table", "x" * 500])
def test_what_is_none_of_them(heard):
    assert not match(heard, A_FEW).sure


def test_no_projects():
    assert match("демо", []).slug is None


def test_two_that_sound_alike_are_asked_about():
    found = match("тэст", [Name("test"), Name("tests", "тэст")])
    assert found.sure is (found.slug == "tests" and found.score == 1.0)
    found = match("нотс", [Name("notes-a", "Ноты"), Name("notes-b", "Нота")])
    assert not found.sure
    assert {slug for slug, _ in found.candidates} == {"notes-a", "notes-b"}


def test_an_alias_is_certain():
    projects = [*A_FEW, Name("zoo", "Зоопарк", ("бетбжет",))]
    found = match("бетбжет", projects)
    assert (found.slug, found.sure, found.score) == ("zoo", True, 1.0)


def test_the_name_at_the_beginning():
    found, taken = match_prefix("умный дом добавь кнопку".split(), A_FEW)
    assert (found.slug, taken) == ("smart-home", 2)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ebench", "и бенч"),
        ("gigastt", "гига эс ти ти"),
        ("html-editor", "эйч ти эм эль эдитор"),
        ("game2048", "гейм две тысячи сорок восемь"),
        ("PostgreSQL", "постгрес куль"),
        ("C++", "си плюс плюс"),
        ("vpnManager", "ви пи эн менеджер"),
    ],
)
def test_ways_to_say_a_name(name, said):
    heard = readings(said)[0]
    assert max(likeness(heard, way) for way in readings(name)) >= 0.9


def test_distance_is_that_of_russian_phonetics():
    assert distance(cyrillic("блок"), cyrillic("блог")) < distance(cyrillic("блок"), cyrillic("блот"))
    assert distance(cyrillic("пагода"), cyrillic("погода")) < distance(cyrillic("пугода"), cyrillic("погода"))
    assert distance("abc", "abc") == 0


def test_the_corpus():
    known = {key: corpus.projects(key) for key in "ab"}
    counts: dict[str, Counter[str]] = {"a": Counter(), "b": Counter(), "strangers": Counter()}
    for line in corpus.corpus():
        projects = known["a" if line["list"] == "strangers" else line["list"]]
        counts[line["list"]][corpus.verdict(match(line["heard"], projects), line["slug"])] += 1
    assert counts["a"].total() + counts["b"].total() > 1000
    assert counts["a"]["wrong"] == counts["b"]["wrong"] == 0
    assert counts["a"]["right"] >= 0.965 * counts["a"].total()
    assert counts["b"]["right"] >= 0.945 * counts["b"].total()
    assert counts["strangers"]["wrong"] <= 0.1 * counts["strangers"].total()


TERMS = ["ebench", "parse_config", "task_list"]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("постгресс куль не запускается", "PostgreSQL не запускается"),
        ("добавь в реадми раздел про докер", "добавь в README раздел про Docker"),
        ("почини ебенч, пожалуйста", "почини ebench, пожалуйста"),
        ("переименуй таск лист", "переименуй task_list"),
        ("сделай джейсон вместо ямла", "сделай JSON вместо YAML"),
        ("почини пул реквест", "почини pull request"),
    ],
)
def test_terms_are_put_right(said, meant):
    assert correct(said, TERMS)[0] == meant


@pytest.mark.parametrize(
    "text",
    [
        "добавь проверку почты в форму регистрации",
        "напиши тесты для парсера и сделай коммит",
        "вынеси отчёт за неделю на отдельную страницу с графиком",
        "обнови документацию к проекту, удали старый скрипт сборки",
        "Fix parse_config in README.md",
        "",
    ],
)
def test_ordinary_words_stay(text):
    assert correct(text, TERMS) == (text, [])


def test_terms_of_a_checkout(tmp_path):
    (tmp_path / "README.md").write_text("Uses `FastAPI` and parse_config.\n")
    (tmp_path / "billing_report.py").write_text("def send_invoice(found):\n    return InvoiceSender(found)\n")
    (tmp_path / "secret").symlink_to("/etc/passwd")
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "leftPad.js").write_text("function leftPadding() {}")
    (tmp_path / ".env").write_text("SECRET_TOKEN=1")
    found = collect(tmp_path)
    assert {"billing_report.py", "README.md", "send_invoice", "InvoiceSender", "FastAPI"} <= set(found)
    assert not {"leftPadding", "SECRET_TOKEN", "found", "secret"} & set(found)
    assert collect(tmp_path / "absent") == []
    assert correct("почини сенд инвойс", found)[0] == "почини send_invoice"


def test_the_bench_prints_json_lines():
    import json

    bench = Path(__file__).parent / "bench" / "names.py"
    out = subprocess.run([sys.executable, bench], capture_output=True, text=True, check=True).stdout
    lines = [json.loads(line) for line in out.splitlines()]
    assert all(set(line) == {"bench", "what", "value", "unit", "against", "ratio"} for line in lines)
    assert any("99th percentile" in line["what"] for line in lines)
