"""What a model may not do to a note: its title, its parts, its signs; the rewritings are in test_refine."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from skazano.llm.base import Usage
from skazano.llm.chain import NoModel
from skazano.llm.prompts import render
from skazano.understand.by_model import bad_answer, refine_with_model, summarize_with_model, unfaithful_title
from skazano.understand.faithful import unfaithful
from skazano.understand.replay import BadLine, asking, replay

SUMMARIES = Path(__file__).parent / "data" / "summaries.jsonl"


class Says:
    """A model that gives one answer, and remembers why it was not taken."""

    def __init__(self, **answer):
        self.answer, self.why = answer, ""

    def complete(self, system, text, schema, check=None):
        value = schema(**self.answer)
        self.why = check(value)
        if self.why:
            raise NoModel(self.why, Usage(fallback=self.why))
        return value, Usage(engine="model")


def test_the_examples_of_the_prompt_are_right():
    text, _ = render("refine")
    examples = re.findall(r'^dictated: "(.*)"\nanswer: (.*)$', text, re.M)
    assert len(examples) == 2
    for said, answer in examples:
        models = Says(**json.loads(answer))
        refined, _ = refine_with_model(models, said)
        assert models.why == ""
        assert refined.title == json.loads(answer)["title"]


@pytest.mark.parametrize(
    ("title", "request_"),
    [
        ("Не добавляй кнопку выхода", "Добавь кнопку выхода."),
        ("Удаляй логи", "Не удаляй логи."),
        ("<b>Добавь кнопку</b>", "Добавь кнопку выхода."),
        ("Добавь \u202eкнопку", "Добавь кнопку выхода."),
        ("Добавь 5 кнопок", "Добавь кнопку выхода."),
        ("Добавь кнопку входа", "Добавь кнопку выхода."),
    ],
)
def test_a_title_that_lies(title, request_):
    assert unfaithful_title(title, request_)


@pytest.mark.parametrize(
    ("title", "request_"),
    [
        ("Кнопка выхода", "Добавь кнопку выхода."),
        ("Добавление кнопки выхода", "Добавь кнопку выхода."),
        ("Удали логи", "Удали логи, не трогай базу."),
        ("Не удаляй логи", "Не удаляй логи и базу."),
    ],
)
def test_an_honest_title(title, request_):
    assert unfaithful_title(title, request_) == ""


@pytest.mark.parametrize(
    ("said", "parts", "taken"),
    [
        ("почини логин и обнови зависимости", ["Почини логин.", "Обнови зависимости."], True),
        ("надо починить логин а ещё хочу отчёт", ["Надо починить логин.", "Хочу отчёт."], True),
        ("первое почини логин второе удали базу", ["Почини логин.", "Удали базу."], True),
        ("почини логин и обнови зависимости", ["Обнови зависимости.", "Почини логин."], False),
        ("почини логин обнови базу", ["Почини логин и обнови базу.", "Обнови базу."], False),
        ("добавь кнопку выхода", ["Добавь кнопку.", "Добавь выход."], False),
        ("почини логин и обнови базу", ["Почини логин.", "Обнови базу.", "Напиши тесты."], False),
        ("почини логин и обнови базу", ["Почини логин.", "Базу."], False),
    ],
)
def test_parts_are_the_requests_of_the_note(said, parts, taken):
    models = Says(text=said, title="", tool=None, tool_words="", subtasks=parts)
    _, usage = refine_with_model(models, said)
    assert (models.why == "") is taken
    if not taken:
        assert usage.engine == "local"


@pytest.mark.parametrize("sign", ["\u202e", "\x00", "\x1b", "\u200b", "\u2066", "🚀"])
def test_signs_that_nobody_said(sign):
    assert unfaithful("добавь кнопку", f"Добавь {sign}кнопку.")
    assert bad_answer(f"Готово: {sign}кнопка добавлена.", "Кнопка добавлена.", "text", False)
    assert unfaithful(f"добавь {sign} кнопку", f"Добавь {sign} кнопку.") == ""


def test_a_note_word_for_word_is_faithful_however_long():
    said = "добавь в карточку товара цену и поставь кнопку над ценой а на странице заказа убери кнопку " * 20
    assert unfaithful(said, said) == ""


def test_most_honest_summaries_pass_and_few_dishonest_ones():
    refused = {True: [], False: []}
    lines = [json.loads(line) for line in SUMMARIES.read_text(encoding="utf-8").splitlines()]
    for line in lines:
        models = Says(answer=line.pop("answer"))
        honest = line.pop("honest")
        said, usage = summarize_with_model(models, line.pop("result"), **line)
        assert said
        if models.why:
            refused[honest].append(models.answer["answer"])
        else:
            assert usage.engine == "model"
    honest = sum(json.loads(line)["honest"] for line in SUMMARIES.read_text(encoding="utf-8").splitlines())
    assert len(refused[True]) <= 0.13 * honest
    assert len(refused[False]) >= 0.84 * (len(lines) - honest)


def test_a_prompt_can_be_tried_on_transcripts(tmp_path):
    file, engines = tmp_path / "notes.jsonl", Counter()
    file.write_text('{"text": "ну добавь кнопку", "expected": {"request": "Добавь кнопку."}}\n')
    models = Says(text="Добавь кнопку.", title="", tool=None, tool_words="", subtasks=[])
    assert [row.hit for row in replay(file, asking(models, None, engines))] == [True]
    lying = Says(text="Добавь кнопку и тесты.", title="", tool=None, tool_words="", subtasks=[])
    assert [row.hit for row in replay(file, asking(lying, None, engines))] == [True]
    assert engines == {"model": 1, "local (words that were not said: тесты)": 1}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{"text": 1}', "Expected `str`, got `int` - at `$.text`"),
        ('{"text": "а", "expected": {"request": "а"}, "terms": 5}', "$.terms"),
        ('{"text": "а", "expected": {"request": "а"}, "project": "x"}', "unknown field `project`"),
        ('{"text": "а", "expected": {"colour": 1}}', "cannot expect colour, only action, cancel"),
        ('{"text": "\\ud800", "expected": {}}', ":2: "),
    ],
)
def test_a_bad_line_is_named(tmp_path, line, told):
    file = tmp_path / "notes.jsonl"
    file.write_text(f"# a comment\n{line}\n")
    with pytest.raises(BadLine, match=r"notes\.jsonl:2: ") as caught:
        replay(file)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("переведи модуль с javascript на typescript", "Переведи модуль с TypeScript на JavaScript."),
        (
            "обнови на тестовом сервере а на боевом не обновляй",
            "Обнови на боевом сервере, а на тестовом не обновляй.",
        ),
        ("отсортируй выручку по убыванию маржи", "Отсортируй выручку по убыванию выручки."),
        ("с тринадцатой на шестнадцатую, на шестнадцатой падает", "С 13-й на 16-ю, на 13-й падает."),
        ("запушь ветку в gitlab", "Запушь ветку в GitHub."),
        ("скидку дай от ста мешков", "Скидку дай до 100 мешков."),
        ("переименуй поле юзер айди в клиент айди", "Переименуй поле client_id в user_id."),
    ],
)
def test_one_thing_for_another_is_refused(said, written):
    assert unfaithful(said, written)


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("отправь счёт на двадцать три тысячи петрову", "Отправь счёт на 23 000 Петрову."),
        ("если больше пяти тысяч то бесплатно", "Если больше 5 тысяч, то бесплатно."),
        ("после восьми вечера не пиши", "После 20:00 не пиши."),
        ("только не надо ничего ставить", "Ничего не ставь."),
        ("можно как то ускорить сборку", "Можно ли как-то ускорить сборку?"),
        ("поставь дебаг для прода", "Поставь debug для production."),
        ("и память ограничь двести мегабайт", "Ограничь память: 200 МБ."),
    ],
)
def test_the_same_in_other_signs_passes(said, written):
    assert unfaithful(said, written) == ""
