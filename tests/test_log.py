"""Logs: one line an event, the task's id first, and no secret in it."""

from __future__ import annotations

import pytest

from skazano import log as journal

TOKEN = "5550001112:AAGf9bYtM2nUe0Wq3ZxK7cVd4LhR8sJpXyI"
ID = "20261122-180431-tg-5512-89"


def test_a_line_has_priority_id_event_and_fields(capsys: pytest.CaptureFixture[str]) -> None:
    journal.log(ID, "claimed", stage="route", attempt=1, nothing=None)
    assert capsys.readouterr().err == f"<6>{ID} claimed stage=route attempt=1\n"


@pytest.mark.parametrize("value", ["a\nb", "a b", "«тире» — \x1b[31m", "", "\u2028", "\ud800"])
def test_what_somebody_said_makes_no_line_of_its_own(capsys: pytest.CaptureFixture[str], value: str) -> None:
    journal.log("-", "stranger", level=journal.NOTICE, name=value)
    line = capsys.readouterr().err
    assert line.startswith("<5>- stranger name=")
    assert len(line.splitlines()) == 1
    assert "\x1b" not in line


@pytest.mark.parametrize(
    "text",
    [
        f"GET https://api.telegram.org/bot{TOKEN}/getMe",
        f"https://api.telegram.org/file/bot{TOKEN.replace(':', '%3A')}/voice/1.oga",
        f"token={TOKEN!r}",
    ],
)
def test_anything_like_a_bots_token_is_blotted_out(capsys: pytest.CaptureFixture[str], text: str) -> None:
    journal.log("-", "trouble", error=text)
    journal.log_traceback(ID, f"Traceback\n  {text}\n")
    assert TOKEN.split(":")[1] not in capsys.readouterr().err


def test_a_known_secret_is_blotted_out_everywhere(capsys: pytest.CaptureFixture[str]) -> None:
    journal.keep_out("s3cr3t-k3y-0123456789")
    journal.log("-", "trouble s3cr3t-k3y-0123456789", error="x s3cr3t-k3y-0123456789 y")
    assert "s3cr3t" not in capsys.readouterr().err


def test_each_line_of_a_traceback_has_its_priority(capsys: pytest.CaptureFixture[str]) -> None:
    journal.log_traceback(ID, "one\n  two\n\nthree\n")
    lines = [f"<3>{ID} | {line}" for line in ("one", "  two", "", "three")]
    assert capsys.readouterr().err.splitlines() == lines
