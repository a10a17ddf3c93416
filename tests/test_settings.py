"""Settings by voice: what is a settings phrase, what it sets, and what is left of it."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skazano.understand.names import Name
from skazano.understand.settings import Settings, is_cancel, parse, parse_project_prefix

PROJECTS = [
    Name("demo", "Демо"),
    Name("shop", "Сайт магазина", ("сайт",)),
    Name("ebench"),
    Name("rebench"),
    Name("smart-home", "Умный дом"),
    Name("notes", "Заметки"),
]

SETS = [
    ("настройки", {}),
    ("Настройки.", {}),
    ("настройки проект демо", {"project": "демо"}),
    ("настройки режим аудио", {"mode": "audio"}),
    ("настройки режим голос", {"mode": "audio"}),
    ("настройки режим текст", {"mode": "text"}),
    ("настройки режим тест", {"mode": "text"}),
    ("настройки голос", {"mode": "audio"}),
    ("настройки инструмент код", {"tool": "код"}),
    ("настройки инструмент клод код проект демо", {"tool": "клод код", "project": "демо"}),
    ("настройки язык английский", {"lang": "en"}),
    ("настройки сброс", {"reset": True}),
    ("настройка проект демо режим аудио", {"project": "демо", "mode": "audio"}),
    ("на стройке проект демо", {"project": "демо"}),
    ("на стройки режим аудио", {"mode": "audio"}),
    ("настрой ки режим голос", {"mode": "audio"}),
    ("settings проект демо", {"project": "демо"}),
    ("настройки режим аудио проект демо", {"project": "демо", "mode": "audio"}),
    ("настройки и пожалуйста режим аудио и еще проект демо", {"project": "демо", "mode": "audio"}),
    ("настройки прокт демо", {"project": "демо"}),
    ("настройки проек демо режем аудио", {"project": "демо", "mode": "audio"}),
    ("настройки проектумный дом", {"project": "умный дом"}),
    ("настройки сбросинструмент код", {"reset": True, "tool": "код"}),
    ("настройки режим текстынструмент код", {"mode": "text", "tool": "код"}),
    ("настройки проект дневникинструмент код", {"project": "дневник", "tool": "код"}),
    ("настройки проект демоисправь опечатку", {"project": "демо", "rest": "исправь опечатку"}),
    ("настройки режим голос иинструмент код", {"mode": "audio", "tool": "код"}),
    ("настройки брос", {"reset": True}),
    ("настройки сбросну инструмент код", {"reset": True, "tool": "код"}),
    ("настройки проект дневник еща режим текст", {"project": "дневник", "mode": "text"}),
    ("настройки проект дневник бпожалуйста режим голос", {"project": "дневник", "mode": "audio"}),
    ("настройки проект дневник прижим аудио", {"project": "дневник", "mode": "audio"}),
    ("настройки инструмент клот кот режим голос", {"tool": "клот кот", "mode": "audio"}),
    ("настройки инструмент кодык с режим голос", {"tool": "кодык с", "mode": "audio"}),
    ("настройки проект ребенчуберилишние пробелы", {"project": "ребенч", "rest": "уберилишние пробелы"}),
    ("Настройки режима у дя.", {"mode": "audio"}),
    ("Настройки сброс режима удэ проект демо", {"reset": True, "mode": "audio", "project": "демо"}),
    ("Настройки режим голосы, инструмент к лодкот.", {"mode": "audio", "tool": "к лодкот"}),
    ("Настройки пожалуй, ста режим голос", {"mode": "audio"}),
    ("Настройки режима у тебя о потом язык русский", {"mode": "audio", "lang": "ru"}),
    ("настройки езыкрусский режим текст", {"lang": "ru", "mode": "text"}),
    ("настройки с бросы троектдемо", {"reset": True, "project": "демо"}),
    ("настройки режим аудиодобавь кнопку", {"mode": "audio", "rest": "добавь кнопку"}),
    ("Настройки: проект «Умный дом», режим аудио.", {"project": "умный дом", "mode": "audio"}),
    ("настройки проект и бенч", {"project": "и бенч"}),
    ("настройки проект сайт режим аудио добавь кнопку",
     {"project": "сайт", "mode": "audio", "rest": "добавь кнопку"}),
    ("настройки проект демо режим текст добавь кнопку выхода в шапку сайта",
     {"project": "демо", "mode": "text", "rest": "добавь кнопку выхода в шапку сайта"}),
    ("настройки проект умный дом и почини README.md",
     {"project": "умный дом", "rest": "почини README.md"}),
    ("настройки добавь кнопку", {"rest": "добавь кнопку"}),
    ("настройки проект синхрофазотрон", {"project": "синхрофазотрон"}),
    ("настройки проект синхрофазотрон добавь кнопку",
     {"project": "синхрофазотрон", "rest": "добавь кнопку"}),
    ("создай проект погода", {"action": "create", "name": "погода"}),
    ("создай новый проект погода и добавь страницу",
     {"action": "create", "name": "погода", "rest": "добавь страницу"}),
    ("настройки создай проект моя игра", {"action": "create", "name": "моя игра"}),
    ("скрой проект демо", {"action": "hide", "name": "демо"}),
    ("создай проект", {"action": "create"}),
    ("создай новый проект, пожалуйста", {"action": "create"}),
    ("create a new project shop", {"action": "create", "name": "shop"}),
    ("show hidden projects", {"action": "show-hidden"}),
    ("покажи скрытые", {"action": "show-hidden"}),
    ("покажи скрытые проекты", {"action": "show-hidden"}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), SETS)
@pytest.mark.parametrize("names", [(), PROJECTS], ids=["no names", "names"])
def test_what_a_phrase_sets(text, expected, names):
    found = parse(text, names)
    assert found is not None
    assert found == Settings(**expected)


def test_known_names_end_a_name_without_a_verb():
    text = "настройки проект демо кнопка выхода не работает"
    assert parse(text, PROJECTS) == Settings(project="демо", rest="кнопка выхода не работает")
    assert parse(text, ["Демо", "Сайт"]) == Settings(project="демо", rest="кнопка выхода не работает")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Настройки проекты бенч.", "ы бенч"),
        ("Настройки проектумный дом.", "умный дом"),
        ("настройки проект деморежим текст", "демо"),
        ("настройки проект демоно режим текст", "демо"),
        ("Проекты бенчь добавь кнопку", "ы бенчь"),
        ("настройки проект нотс", "нотс"),
    ],
)
def test_what_ran_into_a_name(text, name):
    prefix = parse_project_prefix(text, PROJECTS)
    assert (prefix[0] if prefix else parse(text, PROJECTS).project) == name


@pytest.mark.parametrize(
    "text",
    [
        "проектор не работает",
        "проектирование сайта начни завтра",
        "проектор демо поставь",
        "проектами занимается Маша",
        "настройки проектора перенеси",
        "режим текста не работает",
        "настрой кнопку выхода",
        "настройка почты не работает",
        "на стройке нужен кран",
        "настройки проекта вынеси в отдельный файл",
        "настройки не сохраняются исправь",
        "добавь настройки проекта в меню",
        "скрой проекты на главной странице",
        "создай задачу добавь кнопку",
        "покажи проект",
        "отмена",
        "",
        "   ",
        "…",
    ],
)
@pytest.mark.parametrize("names", [(), PROJECTS], ids=["no names", "names"])
def test_what_is_no_settings_phrase(text, names):
    assert parse(text, names) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("проект демо добавь кнопку", ("демо", "добавь кнопку")),
        ("в проекте демо исправь тест", ("демо", "исправь тест")),
        ("Проект сайт: добавь кнопку.", ("сайт", "добавь кнопку.")),
        ("ну в проекте и бенч почини вход", ("и бенч", "почини вход")),
        ("проект умный дом свет не горит", ("умный дом", "свет не горит")),
        ("проект демо", ("демо", "")),
        ("в проекте надо добавить тест", None),
        ("проекты покажи", None),
        ("добавь проект демо в список", None),
        ("проект", None),
    ],
)
def test_a_project_named_before_a_request(text, expected):
    assert parse_project_prefix(text, PROJECTS) == expected


@pytest.mark.parametrize(
    "text", ["отмена", "Отмена.", "не надо, забудь", "ну не надо", "забудь это", "cancel"]
)
def test_calling_off(text):
    assert is_cancel(text)


@pytest.mark.parametrize("text", ["отмена заказа не работает", "не надо кнопку", "добавь отмену", ""])
def test_what_calls_nothing_off(text):
    assert not is_cancel(text)


PIECES = [*"абвгеи.,-«»\n ", "настройки ", "проект ", "режим ", "аудио ", "демо ", "создай ", "сброс "]


@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join))
def test_any_text_is_read_without_an_error_and_the_rest_is_the_texts_end(text):
    found = parse(text, PROJECTS)
    if found is not None:
        assert text.rstrip().endswith(found.rest)
        assert msgspec.convert(msgspec.to_builtins(found), Settings) == found


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("настройки проект сайт <b>добавь</b>", "<b>добавь</b>"),
        ("настройки проект сайт: <b>добавь</b>", "<b>добавь</b>"),
        ("настройки проект «сайт», «добавь» кнопку", "«добавь» кнопку"),
        ("настройки проект сайт:`добавь` кнопку", "`добавь` кнопку"),
        ("настройки проект сайт — добавь кнопку", "добавь кнопку"),
        ("настройки проект сайт - добавь кнопку", "добавь кнопку"),
        ("настройки проект сайт\n- добавь кнопку\n- исправь тест", "- добавь кнопку\n- исправь тест"),
        ("настройки проект сайт:\n\n    добавь x\n", "    добавь x"),
        ("настройки режим текст .gitignore обнови", ".gitignore обнови"),
        ("настройки проект сайт.", ""),
    ],
)
def test_the_request_keeps_the_marks_it_begins_with(text, rest):
    found = parse(text, PROJECTS)
    assert found is not None
    assert found.rest == rest
    project = parse_project_prefix(text.removeprefix("настройки "), PROJECTS)
    assert project is None or project == ("сайт", rest)
