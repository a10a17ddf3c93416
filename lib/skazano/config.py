"""skazano.toml and projects/<slug>.toml. data/skazano.toml documents every key and is the default.

Where it is looked for: $SKAZANO_CONFIG, /etc/skazano (if the program is installed), else
`.dev/etc` in the checkout, so that nothing needs root to be tried. Relative paths in it are relative to
the folder that holds it. Unknown keys and wrong types are errors that name file, key and the nearest name.
"""

import difflib
import os
import re
import tomllib
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

import msgspec

HOME = Path(__file__).resolve().parents[2]  # the checkout, or /opt/skazano
DEFAULTS = Path(__file__).with_name("data") / "skazano.toml"


T = TypeVar("T")


class ConfigError(Exception):
    """A configuration file is wrong; the text names file, key, and what would be right."""


class _Table(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    pass


class Paths(_Table):
    spool: str = "../../spool"
    work: str = "../projects"
    site: str = "../site"


class Telegram(_Table):
    api_url: str = "https://api.telegram.org"
    local_server: bool = False
    allowed: list[int] = []
    poll_seconds: int = 50
    download_mb: int = 20


class Chat(_Table):
    lang: Literal["ru", "en"] = "ru"
    mode: Literal["text", "audio"] = "text"
    sticky_hours: float = 3.0
    sticky_renewed: bool = True
    join_seconds: float = 120.0


class Asr(_Table):
    engine: str = "auto"
    model: str = ""
    models_dir: str = ""
    threads: int = 0


class Tts(_Table):
    engine: str = "auto"
    voice: str = ""
    rate: float = 1.0
    model: str = ""
    max_seconds: int = 240


class Execute(_Table):
    branch_prefix: str = "autobot/"
    minutes: float = 45.0
    push_seconds: float = 60.0
    environment: list[str] = msgspec.field(
        default_factory=lambda: ["PATH", "HOME", "LANG", "TZ", "USER", "LOGNAME", "SHELL"]
    )
    author_name: str = "Skazano"
    author_email: str = "skazano@localhost"
    parallel: int = 2
    tell_wait_seconds: float = 15.0
    quiet_minutes: float = 10.0
    output_mb: int = 64
    isolation: Literal["auto", "off"] = "auto"
    processes: int = 0
    day_runs: int = 0
    day_minutes: float = 0.0
    day_cost: float = 0.0


class Engine(_Table):
    """One language model. base_url "": the service's own; secret "": it wants no key (a local server);
    prices in US dollars a million tokens, for servers that do not tell what a call cost."""

    kind: Literal["gemini", "openai"]
    model: str = ""
    base_url: str = ""
    secret: str = ""
    price_input: float = 0.0
    price_output: float = 0.0


class Models(_Table):
    order: list[str] = []
    seconds: float = 30.0
    daily_calls: int = 0
    daily_money: float = 0.0
    prompts: str = ""
    engines: dict[str, Engine] = {}


class Limits(_Table):
    free_mb: int = 200


class Retention(_Table):
    task_days: float = 0.0
    recording_days: float = 0.0
    attachment_days: float = 0.0
    spoken_days: float = 0.0
    run_days: float = 0.0


class Pages(_Table):
    url: str = ""
    timezone: str = ""


class Tool(_Table):
    kind: Literal["note", "command", "claude", "codex", "chat", "browser"]
    command: str = ""
    args: list[str] = []
    prompt: Literal["stdin", "argument", "file"] = "stdin"
    answer: str = ""
    session: str = ""
    resume: list[str] = []
    environment: dict[str, str] = {}
    secrets: dict[str, str] = {}
    minutes: float = 0.0
    cost: float = 0.0
    turns: int = 0
    model: str = ""
    instructions: str = ""
    network: bool = True
    url: str = ""


class Box(_Table):
    url: str
    callback: str = ""


class Config(_Table):
    paths: Paths = msgspec.field(default_factory=Paths)
    telegram: Telegram = msgspec.field(default_factory=Telegram)
    chat: Chat = msgspec.field(default_factory=Chat)
    asr: Asr = msgspec.field(default_factory=Asr)
    tts: Tts = msgspec.field(default_factory=Tts)
    execute: Execute = msgspec.field(default_factory=Execute)
    models: Models = msgspec.field(default_factory=Models)
    limits: Limits = msgspec.field(default_factory=Limits)
    retention: Retention = msgspec.field(default_factory=Retention)
    pages: Pages = msgspec.field(default_factory=Pages)
    boxes: dict[str, Box] = {}
    tools: dict[str, Tool] = msgspec.field(default_factory=lambda: {"note": Tool(kind="note")})


class Settings:
    """The configuration as read, with its paths made absolute."""

    def __init__(self, file: Path, config: Config) -> None:
        self.file = file
        self.folder = file.parent
        self.config = config
        self.spool = self._path(config.paths.spool)
        self.work = self._path(config.paths.work)
        self.site = self._path(config.paths.site)
        self.projects = self.folder / "projects"

    def _path(self, text: str) -> Path:
        return Path(os.path.normpath(self.folder / Path(text).expanduser()))

    def secret(self, name: str) -> str | None:
        """A secret: systemd's credential of that name, else the file `secrets/NAME` beside skazano.toml.

        Of a folder of secrets ("boxes/home") systemd makes credentials with _ for /. None if there is
        neither. Raises ConfigError if others may read the file.
        """
        credentials = os.environ.get("CREDENTIALS_DIRECTORY")
        path = self.folder / "secrets" / name
        if credentials:
            path = Path(credentials) / name.replace("/", "_")
        try:
            mode, text = path.stat().st_mode, path.read_text().strip()
        except FileNotFoundError:
            return None
        if not credentials and mode & 0o077:
            raise ConfigError(f"{path}: others may read this secret. Run: chmod 600 {path}")
        return text or None


def default_file() -> Path:
    """The skazano.toml that this process uses if it is told of no other."""
    if named := os.environ.get("SKAZANO_CONFIG"):
        return Path(named).resolve()
    if HOME.parent == Path("/opt/skazano.d"):
        return Path("/etc/skazano/skazano.toml")
    return HOME / ".dev" / "etc" / "skazano.toml"


def load(file: Path | None = None) -> Settings:
    """Read the configuration; an absent file means the defaults. Raises ConfigError."""
    file = (file or default_file()).absolute()
    config = parse(file, Config) if file.exists() else Config()
    for name, tool in config.tools.items():
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,31}", name):
            raise ConfigError(f"{file}: tools.{name}: a tool's name has a-z, 0-9, - and _")
        if need := _lacking(tool):
            raise ConfigError(f"{file}: tools.{name}.{need}: a tool of kind {tool.kind} needs it")
    known = ["gemini", "openrouter", *config.models.engines]
    for name in config.models.order:
        if name not in known:
            raise ConfigError(f"{file}: models.order: no engine {name!r}; there are: {', '.join(known)}")
    return Settings(file, config)


def _lacking(tool: Tool) -> str | None:
    """The key that this kind of tool cannot do without."""
    needs = {"command": ("command",), "chat": ("model",)}.get(tool.kind, ())
    return next((key for key in needs if not getattr(tool, key)), None)


def parse(file: Path, kind: type[T]) -> T:
    """A TOML file as `kind`. Raises ConfigError."""
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{file}: {error}") from error
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{file}: {_explain(str(error), kind)}") from error


def _explain(message: str, kind: Any) -> str:
    """msgspec's message in terms of TOML keys, with the nearest right name of an unknown one."""
    text, _, where = message.partition(" - at `$")
    path = [part for part in where.rstrip("`").replace("[...]", ".*").split(".") if part]
    for part in path:
        kind = _member(kind, part)
    unknown = re.fullmatch(r"Object contains unknown field `(.*)`", text)
    if not unknown:
        choices = get_args(kind) if get_origin(kind) is Literal else ()
        hint = f"; known here: {', '.join(choices)}" if choices else ""
        return f"{'.'.join(path) or 'the file'}: {text}{hint}"
    names = list(getattr(kind, "__struct_fields__", ()))
    near = difflib.get_close_matches(unknown[1], names, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(names)}"
    return f"unknown key {'.'.join([*path, unknown[1]])!r}; {hint}"


def _member(kind: Any, part: str) -> Any:
    if hasattr(kind, "__struct_fields__"):
        found = {f.name: f.type for f in msgspec.structs.fields(kind)}
        return found.get(part.split("[")[0], object)
    return get_args(kind)[-1] if get_args(kind) else object
