"""The annotated default file and the code say the same."""

import re
import tomllib

import msgspec

from skazano.config import DEFAULTS, Config, parse


def test_every_key_is_documented_with_its_default(tmp_path):
    text = DEFAULTS.read_text(encoding="utf-8")
    head, _, tools = text.partition("# Tools, one table each")
    keys = "\n".join(
        line.removeprefix("# ")
        for line in head.splitlines()
        if line.startswith("[") or re.match(r"# [a-z_]+ = ", line)
    )
    shown = tomllib.loads(keys)
    real = msgspec.to_builtins(Config())
    del real["tools"], real["boxes"]
    assert shown == real
    assert "[tools.note]" in tools


def test_the_default_file_is_a_valid_configuration():
    assert parse(DEFAULTS, Config) == Config()
