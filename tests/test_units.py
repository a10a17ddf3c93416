"""systemd/: the units say what they should, without a booted systemd. tests/test_system.py boots one."""

import grp
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from skazano.context import Later
from skazano.execution import units
from skazano.tools.base import NoProgram
from skazano.upkeep.doctor_box import PLACES
from skazano.upkeep.doctor_stages import TIMERS
from skazano.upkeep.supervise import PROGRAMS

ROOT = Path(__file__).resolve().parent.parent
UNITS = ROOT / "systemd"
AGENT = "skazano-agent-main@.service"
ALL = (*PROGRAMS, "tooler", "callbacks")
STAGES_AT_MOST, AGENT_AT_MOST = 15, 30  # ten times the score
TASK = "20261122-180431-tg-5512-89"

analyze = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with the units in their places, and something executable where they look for it."""
    root = tmp_path_factory.mktemp("root")
    target = root / "etc/systemd/system"
    target.mkdir(parents=True)
    for path in UNITS.iterdir():
        if path.suffix in (".service", ".target", ".timer", ".slice", ".path", ".socket"):
            shutil.copy(path, target)
        elif path.name.endswith(".service.d"):
            shutil.copytree(path, target / path.name)
    for unit in target.glob("*.service"):
        for program in re.findall(r"^Exec\w+=(/\S+)", unit.read_text(), re.M):
            stub = root / program[1:]
            stub.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy("/bin/true", stub)
    system = next(p for p in (Path("/lib/systemd/system"), Path("/usr/lib/systemd/system")) if p.is_dir())
    shutil.copytree(system, root / "usr/lib/systemd/system", symlinks=True)
    return root


def instances() -> list[str]:
    plain = [p.name for p in UNITS.glob("*.*") if p.is_file()]
    named = [f"skazano@{name}.service" for name in ALL]
    given = {AGENT: f"skazano-agent-main@{TASK}.service", "skazano-alert@.service": "skazano-alert@x.service"}
    return [*named, *(given.get(name, name) for name in plain if name != "skazano@.service")]


@analyze
@pytest.mark.parametrize("unit", instances())
def test_verify_is_silent(tree: Path, unit: str) -> None:
    """It exits with 0 on unknown keys and bad values, which it only prints."""
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", f"--root={tree}", unit],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    ours = [line for line in (done.stdout + done.stderr).splitlines() if "skazano" in line]
    assert (done.returncode, ours) == (0, [])


@analyze
@pytest.mark.parametrize("name", [*ALL, AGENT])
def test_score(tree: Path, tmp_path: Path, name: str) -> None:
    source = tree / "etc/systemd/system"
    unit = name if name == AGENT else f"skazano@{name}.service"
    shutil.copy(source / (name if name == AGENT else "skazano@.service"), tmp_path / unit)
    extra = source / f"skazano@{name}.service.d"
    if extra.is_dir():
        shutil.copytree(extra, tmp_path / extra.name)
    expose(tmp_path / unit, AGENT_AT_MOST if name == AGENT else STAGES_AT_MOST)


@analyze
@pytest.mark.parametrize("name", ["alert@", "backup", "clean", "config", "fsck", "watch"])
def test_score_of_what_helps(tree: Path, name: str) -> None:
    expose(tree / f"etc/systemd/system/skazano-{name}.service", STAGES_AT_MOST)


def expose(unit: Path, most: int) -> None:
    """Fail if systemd thinks the unit more exposed than that."""
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={most}", str(unit)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout.splitlines()[-1:] + done.stderr.splitlines()


def lines(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if line and line[0] not in "#;["]


def test_the_agents_unit_lets_agents_work_and_ends_them() -> None:
    said = lines(UNITS / AGENT)
    for wanted in (
        "SystemCallErrorNumber=EPERM",
        "Restart=no",
        "KillMode=control-group",
        "NoNewPrivileges=yes",
    ):
        assert wanted in said
    for key in ("RuntimeMaxSec=", "MemoryMax=", "TasksMax=", "TimeoutStopSec="):
        assert any(line.startswith(key) for line in said), key
    assert not {
        "MemoryDenyWriteExecute=yes",
        "RestrictNamespaces=yes",
        "ProcSubset=pid",
        "PrivateNetwork=yes",
    } & set(said)
    assert not any("telegram" in line for line in said)


def test_every_relaxed_line_says_why() -> None:
    """Each drop-in begins with what the stage is; a setting that opens something stands under a comment."""
    opening = re.compile(
        r"(?:PrivateNetwork|PrivateUsers|MemoryDenyWriteExecute)=no|SystemCallFilter=@|ProcSubset=all|ReadWritePaths="
    )
    for path in UNITS.glob("*.service.d/*.conf"):
        text = path.read_text().splitlines()
        assert text[0].startswith("# "), path.name
        assert all(len(line) <= 120 for line in text)
        block: list[str] = []
        for line in text:
            block = [*block, line] if line else []
            if opening.match(line):
                assert any(earlier.startswith("# ") for earlier in block), f"{path.name}: {line}"


def test_secrets_by_trust_level() -> None:
    """The bot's token for who talks to Telegram, models' keys for who asks models, none for the rest."""
    holds = {}
    for name in ALL:
        text = "".join(p.read_text() for p in (UNITS / f"skazano@{name}.service.d").glob("*.conf"))
        user = re.search(r"^User=(.*)$", text, re.M)
        found = set(re.findall(r"^LoadCredential=([a-z-]+):", text, re.M))
        holds[name] = (user[1] if user else "skazano-pages", found)
    keys = {"gemini-key", "openrouter-key"}
    expected = dict.fromkeys(("receive", "download", "react", "reply"), ("skazano-telegram", {"telegram"}))
    expected |= dict.fromkeys(("route", "refine", "summarize"), ("skazano-llm", keys))
    expected |= dict.fromkeys(("transcribe", "speak"), ("skazano-speech", set()))
    expected |= {"execute": ("skazano-execute", {"boxes"}), "tooler": ("skazano-execute", {"tooler"})}
    expected |= {"callbacks": ("skazano-callbacks", {"boxes"})}
    for name in ALL:
        assert holds[name] == expected.get(name, ("skazano-pages", set())), name


def test_the_target_starts_every_program_and_timer() -> None:
    wants = {word for line in lines(UNITS / "skazano.target") for word in line.removeprefix("Wants=").split()}
    assert {f"skazano@{name}.service" for name in PROGRAMS} <= wants
    assert {f"skazano-{name}.timer" for name in TIMERS} <= wants
    assert not any("agent" in unit for unit in wants)


def test_polkit_takes_the_agents_template_only() -> None:
    text = (UNITS / "polkit/50-skazano.rules").read_text()
    found = re.search(r"/(\^skazano-agent-.*\$)/;", text)
    assert found
    rule = re.compile(found[1].replace("\\/", "/"))
    for good in (TASK, "20261122-180431-tg-g100512-89", f"{TASK}.1", f"{TASK}.12.3"):
        assert rule.fullmatch(units.unit_name(good, None))
    for bad in (
        "skazano@receive.service", "ssh.service", "skazano-agent-main@.service",
        f"skazano-agent-@{TASK}.service",
        f"skazano-agent-main@{TASK}.timer", f"skazano-agent-main@{TASK}.service.service",
        f"skazano-agent-main@../{TASK}.service", f"skazano-agent-main@{TASK}.service\n",
        f"x-skazano-agent-main@{TASK}.service",
    ):  # fmt: skip
        assert not rule.fullmatch(bad), bad
    assert 'subject.user != "skazano-execute"' in text
    assert re.search(r'verb == "start" \|\| verb == "stop"', text)


def test_users_and_directories_agree() -> None:
    users = set(re.findall(r"^u\s+(\S+)", (UNITS / "sysusers.d/skazano.conf").read_text(), re.M))
    named = set(
        re.findall(
            r"^User=(\S+)$", "\n".join(p.read_text() for p in UNITS.rglob("*.[sc]*") if p.is_file()), re.M
        )
    )
    assert named - {"root"} <= users
    made = {}
    for line in (UNITS / "tmpfiles.d/skazano.conf").read_text().splitlines():
        if line.startswith("d "):
            _, path, mode, owner, group = line.split()
            made[path] = (int(mode, 8), owner, group)
            assert {owner} <= users | {"root"}
    for path, mode, owner, group in PLACES:
        assert made[path] == (mode, owner, group)


@pytest.mark.skipif(
    shutil.which("systemd-sysusers") is None or os.geteuid() != 0, reason="needs systemd, root"
)
def test_systemd_takes_users_and_directories(tmp_path: Path) -> None:
    for folder in ("sysusers.d", "tmpfiles.d"):
        shutil.copytree(UNITS / folder, tmp_path / "etc" / folder)
    (tmp_path / "etc/tmpfiles.d/skazano-nginx.conf").unlink()
    for program, options in (("systemd-sysusers", []), ("systemd-tmpfiles", ["--create"])):
        done = subprocess.run(
            [program, f"--root={tmp_path}", *options, "skazano.conf"],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert (
            done.returncode,
            [x for x in done.stderr.splitlines() if "skazano" in x and "Creating" not in x],
        ) == (0, [])
    assert (tmp_path / "srv/skazano").stat().st_mode & 0o7777 == 0o2770
    assert "skazano-code:" in (tmp_path / "etc/group").read_text()


@pytest.mark.parametrize(
    ("said", "raised"),
    [
        ("Failed to start x.service: Interactive authentication required.", Later),
        ("Failed to start x.service: Access denied", Later),
        ("Failed to connect to bus: No such file or directory", Later),
        ("Failed to start x.service: Unit x.service not found.", NoProgram),
    ],
)
def test_a_start_that_nobody_could_allow_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, raised: type[Exception]
) -> None:
    for folder in ("bin", "links", "task/run/out"):
        (tmp_path / folder).mkdir(parents=True)
    os.mkfifo(tmp_path / "task/run/control")
    program = tmp_path / "bin" / "systemctl"
    program.write_text(f"#!/bin/sh\necho '{said}' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    monkeypatch.setenv("SKAZANO_RUNS", str(tmp_path / "links"))
    monkeypatch.setattr(units, "account", lambda user: None)
    monkeypatch.setattr(units, "GROUP", grp.getgrgid(os.getgid()).gr_name)
    with pytest.raises(raised, match=said[-15:]):
        units.start_unit("20261122-180431-tg-100512-89", tmp_path / "task", str(tmp_path), None)
    assert list((tmp_path / "links").iterdir()) == []
