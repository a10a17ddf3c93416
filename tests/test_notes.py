"""Dictated notes against what a careful person would write: corrections, commas, cancelling, tools, terms."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skazano.understand.commas import with_commas
from skazano.understand.corrections import calls_itself_off, corrected
from skazano.understand.phonetics import normal
from skazano.understand.refine import refine_local
from skazano.understand.replay import replay
from skazano.understand.terms import correct

DATA = Path(__file__).parent / "data"
REQUESTS = 112  # of 123 come out word for word as a careful person wrote them


def test_notes_as_a_careful_person_would_write_them():
    rows = replay(DATA / "notes.jsonl")
    assert [row for row in rows if not row.hit and row.field != "request"] == []
    requests = [row for row in rows if row.field == "request"]
    assert len(requests) == 123
    assert sum(row.hit for row in requests) >= REQUESTS


def test_what_recognisers_made_of_them_cancels_nothing_and_asks_for_no_other_tool():
    rows = replay(DATA / "notes_heard.jsonl")
    assert len({row.line for row in rows}) > 120
    assert [row for row in rows if row.field == "cancel" and row.got and not row.expected] == []
    assert [row for row in rows if row.field == "tool" and row.got not in (None, row.expected)] == []
    assert [row for row in rows if row.field == "subtasks" and row.got and not row.expected] == []


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("поменяй цвет на красный, нет, на синий", "поменяй цвет на синий"),
        ("перекрась в зелёный ой вернее в жёлтый цвет", "перекрась в жёлтый цвет"),
        ("добавь красную нет синюю кнопку", "добавь синюю кнопку"),
        ("в левую нет вправую часть", "вправую часть"),
        ("поставь таймаут тридцать секунд нет шестьдесят и проверь",
         "поставь таймаут шестьдесят секунд и проверь"),
        ("сделай отступ 10 точнее 15 пикселей", "сделай отступ 15 пикселей"),
        ("удали поле имя то есть не поле имя а поле пол", "удали поле пол"),
        ("удали ой скрой кнопку", "скрой кнопку"),
        ("удали колонку нет лучше скрой колонку", "скрой колонку"),
        ("добавь поле телефон вернее адрес в форму", "добавь поле адрес в форму"),
        ("добавь в добавь в профиль аватар", "добавь в профиль аватар"),
        ("почему по почему падает", "почему падает"),
    ],
)  # fmt: skip
def test_what_is_plainly_taken_back_goes(said, meant):
    assert corrected(said) == meant


@pytest.mark.parametrize(
    "text",
    [
        "если пользователя нет в базе покажи страницу",
        "если в корзине товаров нет в шапке показывай ноль",
        "проверь что в базе нет в кэше нет записи",
        "ошибок в базе нет в кэше тоже",
        "сделай округление точнее до двух знаков",
        "добавь варианты да, нет, не знаю",
        "в таблице есть имя нет фамилии",
        "удали колонку нет лучше скрой её",
        "добавь в шапку сайта нет в подвал",
        "поменяй порт с восьмидесяти ой на восемьдесят один",
        'напиши "на красный нет на синий"',
        "тест модуль тест модуль",
        "пять плюс пять плюс пять",
    ],
)
def test_what_may_be_meant_stays(text):
    assert corrected(text) == text


WORDS = st.sampled_from(
    "добавь удали на в красный синий кнопку нет ой вернее лучше не а два три секунд если и то есть".split()
)


@given(st.lists(WORDS, max_size=14).map(" ".join))
def test_no_word_is_added_by_a_correction_or_a_comma(text):
    said = Counter(normal(text).split())
    assert not Counter(normal(corrected(text)).split()) - said
    assert Counter(normal(with_commas(text)).split()) == said


@pytest.mark.parametrize(
    ("text", "off"),
    [
        ("добавь в шапку телефон, хотя нет, не надо, забудь", True),
        ("сделай тёмную тему ой нет всё отмена не надо ничего делать", True),
        ("удали логи я передумал не надо", True),
        ("почини вход ладно забудь", True),
        ("добавь кнопки да нет отмена", False),
        ("добавь кнопки пуск стоп отмена", False),
        ("если заказов нет ничего не делай", False),
        ("логи чистить не надо", False),
        ("добавь кнопку отмены", False),
        ("напиши клиенту не надо забудь", False),
        ("добавь кнопку хотя нет не надо забудь", True),
        ("напиши на кнопке «ой, не надо, забудь»", False),
        ("отмена", False),  # that calls off what was said before
    ],
)
def test_a_note_that_takes_itself_back(text, off):
    assert calls_itself_off(text) is off


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("исправь ошибку которая появляется когда нажимаешь на кнопку",
         "исправь ошибку, которая появляется, когда нажимаешь на кнопку"),
        ("сделай страницу на которой видно заказы", "сделай страницу, на которой видно заказы"),
        ("если файла нет покажи ошибку", "если файла нет, покажи ошибку"),
        ("если файла нет то покажи ошибку", "если файла нет, то покажи ошибку"),
        ("не меняй базу но добавь индекс чтобы было быстрее",
         "не меняй базу, но добавь индекс, чтобы было быстрее"),
        ("напиши в документации что клод умеет", "напиши в документации, что клод умеет"),
        ("менеджеры спорят потому что цены разные", "менеджеры спорят, потому что цены разные"),
        ("не шапку а подвал", "не шапку, а подвал"),
        ("поправь main.py если надо", "поправь main.py, если надо"),
        ("так что сделай", "так что сделай"),
        ("добавь кнопку и чтобы она была синей", "добавь кнопку и чтобы она была синей"),
        ("Всё, что есть, покажи если надо", "Всё, что есть, покажи если надо"),
        ("удали «но если когда»", "удали «но если когда»"),
    ],
)  # fmt: skip
def test_commas_where_russian_wants_them_for_certain(text, written):
    assert with_commas(text) == written


@pytest.mark.parametrize(
    ("said", "tool"),
    [
        ("запиши в заметки что надо продлить домен", "note"),
        ("пусть кодекс исправит сборку", "codex"),
        ("открой в браузере главную и сделай снимок", "browser"),
        ("проверь в браузере форму и исправь её", None),
        ("добавь абзац про то как я пишу код через клод", None),
        ("сделай чтобы сайт работал в старом браузере", None),
        ("удали интеграцию с кодекс", None),
    ],
)
def test_a_tool_is_asked_for_or_only_spoken_of(said, tool):
    assert refine_local(said, tools=["note", "claude", "codex", "browser"]).tool == tool


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("посмотри что там спостгрес куэль", "посмотри что там с PostgreSQL"),
        ("добавь вдокер файл редис", "добавь в Dockerfile Redis"),
        ("удали из мейн точка пай юзер сервис", "удали из main.py user_service.py"),
        ("поправь конфиг точка ямл", "поправь config.yaml"),
        ("настрой гитхаб экшенс и докер компоуз", "настрой GitHub Actions и Docker Compose"),
        ("не меняй конфиг и поменяй промпт", "не меняй конфиг и поменяй промпт"),
        ("исправь надо прав тест вексель", "исправь надо прав тест вексель"),
    ],
)
def test_terms_and_everyday_words(said, meant):
    assert correct(said, ["main.py", "config.yaml", "user_service.py"])[0] == meant


CHECKOUT = [
    "main.py",
    "config.yaml",
    "index.html",
    "README.md",
    "loadSettings",
    "price_list",
    "ItemCard",
    "cart_total",
]
TERMS_RIGHT = 95  # of some 220; the rest are heard as nobody would know them


def test_terms_that_recognisers_heard_and_no_term_in_ordinary_speech():
    lines = (DATA / "terms_heard.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines if not line.startswith("#")]
    known = [*CHECKOUT, *dict.fromkeys(row["term"] for row in rows if row["own"])]
    right, false, wrong = 0, [], []
    for row in rows:
        written, changed = correct(row["heard"], known)
        if row["term"] is None:
            false += changed
        else:
            right += row["term"].lower() in written.lower()
            wrong += [
                (row["term"], c) for c in changed if c[1] not in row["term"] and row["term"] not in c[1]
            ]
    assert (false, wrong) == ([], [])
    assert right >= TERMS_RIGHT
