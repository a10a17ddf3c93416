"""Configuration: what is wrong is told with file, key and the nearest right name, before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from demo_world import World
from skazano.config import ConfigError, load
from skazano.projects import load_all
from stages import once


def written(folder: Path, text: str) -> Path:
    file = folder / "skazano.toml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[telegram]\nalowed = [1]", "unknown key 'telegram.alowed'; did you mean 'allowed'?"),
        ("[telegramm]\nallowed = [1]", "unknown key 'telegramm'; did you mean 'telegram'?"),
        ("[telegram]\nallowed = ['a']", "telegram.allowed"),
        ("[telegram]\nallowed = 5512", "telegram.allowed"),
        ("[telegram]\npoll_seconds = 'fifty'", "telegram.poll_seconds"),
        ("[chat]\nlang = 'de'", "chat.lang"),
        ("[tools.x]\nkind = 'comand'", "tools.*.kind: Invalid enum value 'comand'; known here: note"),
        ("[chat]\nlang = 'de'", "known here: ru, en"),
        ("[tools.x]\nkind = 'command'", "tools.x.command"),
        ("[tools.'X Y']\nkind = 'note'", "tools.X Y"),
        ("[tools.x]\nkind = 'command'\ncommand = 'a'\nargz = []", "did you mean 'args'?"),
        ("[telegram\n", "skazano.toml"),
        ("\x00", "skazano.toml"),
    ],
)
def test_a_mistake_names_file_and_key(tmp_path: Path, text: str, told: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert str(file) in str(caught.value)
    assert told in str(caught.value)


def test_nothing_at_all_is_a_configuration(tmp_path: Path) -> None:
    settings = load(tmp_path / "absent.toml")
    assert settings.config.telegram.allowed == []


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    settings = load(written(tmp_path, "[paths]\nspool = '../here/spool'"))
    assert settings.spool == tmp_path.parent / "here" / "spool"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_secret_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    (tmp_path / "secrets").mkdir()
    secret = tmp_path / "secrets" / "telegram"
    secret.write_text("123:abc")
    secret.chmod(mode)
    settings = load(written(tmp_path, ""))
    with pytest.raises(ConfigError, match="chmod 600"):
        settings.secret("telegram")
    secret.chmod(0o600)
    assert settings.secret("telegram") == "123:abc"


def test_systemds_credentials_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "telegram").write_text("456:def\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert load(tmp_path / "absent.toml").secret("telegram") == "456:def"


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("site.toml", "titel = 'x'", "did you mean 'title'?"),
        ("Site.toml", "title = 'x'", "a-z, 0-9 and -"),
        ("site.toml", "title = 'x'\ntool = 'нету'", "no tool 'нету'"),
        ("site.toml", "title = 'x'\ntool = 'note'\ntools = ['note', 'clod']", "no tool 'clod'"),
        ("site.toml", "title = 5", "title"),
    ],
)
def test_a_mistake_in_a_project_names_its_file_and_leaves_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, text: str, told: str
) -> None:
    (tmp_path / "projects").mkdir()
    file = written(tmp_path / "projects", text).rename(tmp_path / "projects" / name)
    (tmp_path / "projects" / "good.toml").write_text("title = 'Хороший'\n")
    assert list(load_all(load(tmp_path / "absent.toml"))) == ["good"]
    line = capsys.readouterr().err
    assert str(file) in line
    assert told in line.replace("\\'", "'")


def test_a_program_tells_it_in_one_line_and_is_not_restarted(world: World) -> None:
    world.config.write_text("[telegram]\nalowed = [1]\n")
    ended = once(world, "receive")
    assert ended.code == 78
    assert len(ended.log.splitlines()) == 1
    assert "did you mean 'allowed'?" in ended.log
