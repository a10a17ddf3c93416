"""An answer that turns round, denies, makes up or keeps back what its result says."""

import pytest

from skazano.understand.by_model import bad_answer

RENAMED = """Переименовал user_id в client_id в 9 таблицах. Применил на локальной базе, на боевой не применял.
Тесты: 130 прошло, 2 упали (`test_export`) — они ждут старое имя, их не правил."""
QUEUE = """Исправил двойную отправку писем: число повторов уменьшено с 5 до 3.
- `test_import` — 48 с
- `test_pdf` — 31 с
Тесты не запускал: в окружении нет Redis."""
COMPARED = """Сравнение для 100 сообщений в минуту:
- RabbitMQ проще в установке, есть повторы и отложенные задания.
- Kafka хранит историю сообщений, но требует больше памяти.
Ничего не устанавливал. Кнопка красная, фон синий."""


@pytest.mark.parametrize(
    ("result", "answer"),
    [
        (RENAMED, "Переименовал user_id в client_id в девяти таблицах, но только на локальной базе, "
                  "на боевой не применял. 130 тестов прошло, два упали, их не правил."),
        (QUEUE, "Исправил двойную отправку: повторов было пять, стало три. Тесты не запускались, нет Redis."),
        (COMPARED, "RabbitMQ проще в установке, а Kafka хранит историю. Ничего не установлено."),
    ],
)  # fmt: skip
def test_an_honest_answer_is_sent(result: str, answer: str) -> None:
    assert bad_answer(answer, result, "text", failed=False) == ""


@pytest.mark.parametrize(
    ("result", "answer", "why"),
    [
        (RENAMED, "Переименовал client_id в user_id в 9 таблицах. На боевой базе не применял, 2 теста упали.",
         "the other way round"),
        (RENAMED, "Переименовал user_id в client_id. Применено на локальной и боевой базе. 2 теста упали.",
         "a deed that the result denies"),
        (RENAMED, "Переименовал user_id в client_id, на боевой базе не применял. Тесты: 130 прошло.",
         "what was not done or went wrong is not told"),
        (QUEUE, "Исправил двойную отправку писем: число повторов увеличено. Тесты не запускал.",
         "the opposite"),
        (QUEUE, "Исправил отправку, повторов было с 3 до 5. Тесты не запускал, нет Redis.",
         "the other way round"),
        (QUEUE, "Исправил двойную отправку писем. Тесты не запускал. Самый долгий — test_pdf — 48 с.",
         "a number that the result tells of test_import"),
        (QUEUE, "Исправил двойную отправку писем. Тесты не запускал, потому что закончилось место на диске.",
         "a reason that the result does not tell"),
        (COMPARED, "Для 100 сообщений в секунду подходит RabbitMQ. Ничего не устанавливал.", "another rate"),
        (COMPARED, "Kafka проще в установке, есть повторы и отложенные задания. Ничего не устанавливал.",
         "what the result tells of rabbitmq"),
        (COMPARED, "RabbitMQ проще в установке, я его установил. Кнопка красная.",
         "a deed that the result denies"),
        (COMPARED, "Ничего не устанавливал. Теперь кнопка синяя, фон красный.",
         "what the result tells of something"),
    ],
)  # fmt: skip
def test_one_that_says_otherwise_is_not(result: str, answer: str, why: str) -> None:
    assert why in bad_answer(answer, result, "text", failed=False)


@pytest.mark.parametrize(
    "piece", ["не запускал ", "не запускал\nзапускал\n", "с 5 до 3 ", "первый один ", "а./ "]
)
def test_hostile_results_end(piece: str) -> None:
    answer = (f"исправил {piece}" * 90)[:690]
    assert bad_answer(answer, (piece * 24_000)[:24_000], "text", failed=False) != "empty"
