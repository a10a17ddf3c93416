"""Prompts are Jinja files with a version: lib/skazano/prompts/NAME.j2, overridable in another folder.

The first line of a file is `{# version: N #}`; history names the prompt as "NAME/N".
"""

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

BUILT_IN = Path(__file__).resolve().parents[1] / "prompts"


@lru_cache(maxsize=8)
def _environment(override: Path | None) -> Any:
    import jinja2

    folders = [str(folder) for folder in (override, BUILT_IN) if folder]
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folders),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # plain text for a model; what was said goes in the user message
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )


def render(name: str, override: Path | None = None, **values: Any) -> tuple[str, str]:
    """(the system prompt, "NAME/VERSION"). Raises jinja2.TemplateError for a broken override."""
    environment = _environment(override)
    source, _, _ = environment.loader.get_source(environment, f"{name}.j2")
    version = re.match(r"\{#-?\s*version:\s*(\S+)\s*-?#\}", source)
    text: str = environment.get_template(f"{name}.j2").render(**values)
    return text.strip(), f"{name}/{version.group(1) if version else '?'}"
