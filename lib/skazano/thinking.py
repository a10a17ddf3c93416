"""The language models of a stage: opened as configured, kept between tasks, told of in history.

Without any configured (models.order = []) nothing is imported or asked, and the local rules do the work.
"""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skazano import log as journal
from skazano.projects import Project
from skazano.stage import Context

if TYPE_CHECKING:
    from skazano.llm.base import Usage
    from skazano.llm.chain import Chain

TERMS_KEPT = 600.0  # seconds for which a checkout's names are taken for unchanged


def models(context: Context) -> "Chain | None":
    """The chain of language models, or None if none is configured."""
    wanted = context.config.models
    if not wanted.order:
        return None
    if "models" not in context.kept:
        from skazano.llm.setup import DEFAULTS, open_chain

        context.kept["models"] = open_chain(
            wanted.order,
            {**DEFAULTS, **wanted.engines},
            lambda name: _secret(context, name),
            context.spool.state / "models.json",
            seconds=wanted.seconds,
            daily_calls=wanted.daily_calls or None,
            daily_money=wanted.daily_money or None,
        )
    chain: Chain = context.kept["models"]
    return chain


def prompts(context: Context) -> Path | None:
    """The folder of the owner's own prompts, if there is one."""
    folder = context.config.models.prompts
    return context.settings.folder / folder if folder else None


def note(context: Context, usage: "Usage") -> None:
    """Put what an answer took into this task's line of history."""
    fields: dict[str, Any] = {
        "engine": usage.engine,
        "model": usage.model or None,
        "prompt": usage.prompt or None,
        "calls": usage.calls or None,
        "tokens_in": usage.input_tokens or None,
        "tokens_out": usage.output_tokens or None,
        "cost": round(usage.cost, 6) or None,
        "fallback": journal.blot(usage.fallback) or None,
    }
    context.note(**{key: value for key, value in fields.items() if value is not None})


def terms(context: Context, project: Project) -> list[str]:
    """The project's terms: those in its file, then names from its checkout."""
    from skazano.understand.terms import collect

    known = context.kept.setdefault("terms", {})
    found, until = known.get(project.slug, ([], 0.0))
    if time.monotonic() > until:
        found = collect(Path(project.path))
        known[project.slug] = (found, time.monotonic() + TERMS_KEPT)
    return list(dict.fromkeys([*project.terms, *found]))


def _secret(context: Context, name: str) -> str | None:
    key = context.settings.secret(name)
    if key:
        journal.keep_out(key)
    return key
