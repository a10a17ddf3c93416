"""What a speaker puts right after other words, and hyphens that a recogniser leaves out."""

import pytest

from skazano.understand.corrections import corrected
from skazano.understand.hyphens import with_hyphens


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("В субботу дежурит Марина, ей пересылай. Нет, не Марина, Лена. Цены не называй.",
         "В субботу дежурит Лена, ей пересылай. Цены не называй."),
        ("Кирпич по двадцать два рубля, цемент по сорок. Нет, кирпич по двадцать четыре. Скидку дай.",
         "Кирпич по двадцать четыре рубля, цемент по сорок. Скидку дай."),
        ("Кирпич по 22 рубля, цемент по 40, нет, подожди, кирпич по 24, и скидку дай",
         "Кирпич по 24 рубля, цемент по 40, и скидку дай"),
        ("отправь акт за второй квартал. Нет, подожди, за третий. И скажи Петрову",
         "отправь акт за третий квартал. И скажи Петрову"),
    ],
)  # fmt: skip
def test_what_is_put_right_after_other_words(said: str, meant: str) -> None:
    assert corrected(said) == meant


@pytest.mark.parametrize(
    "said",
    [
        "Напиши «дежурит Марина», ей пересылай. Нет, не Марина, Лена.",  # wording is kept, so both are seen
        "Цемент по сорок, песок по десять. Нет, кирпича по двадцать пока не заказывай.",
        "Проверь, сколько стоит кирпич сейчас. Нет, гравий по двадцать четыре пусть будет.",
        "Марина дежурит, ей пересылай. Нет, не надо никому.",
    ],
)
def test_what_does_not_say_what_it_puts_right_stays(said: str) -> None:
    assert corrected(said) == said


@pytest.mark.parametrize(
    ("heard", "written"),
    [
        ("падает из за кэша, они по моему живут час", "падает из-за кэша, они по-моему живут час"),
        ("где то в логах что то не так, всё таки проверь", "где-то в логах что-то не так, всё-таки проверь"),
        ("добавь какой нибудь тест по русски", "добавь какой-нибудь тест по-русски"),
    ],
)
def test_hyphens_that_were_not_heard(heard: str, written: str) -> None:
    assert with_hyphens(heard) == written


@pytest.mark.parametrize(
    "heard", ["если непонятно как то спроси", "по моему сайту", "когда готово что то пришли"]
)
def test_hyphens_only_where_nothing_else_is_meant(heard: str) -> None:
    assert with_hyphens(heard) == heard
