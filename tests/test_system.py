"""The installation on a booted systemd: a clean Debian in a box (tests/box), from install.sh to --purge.

Slow (some minutes; the first time also makes the box's base tree), and only where a box can be booted:
root, on Debian. Elsewhere it skips, and says why. The tests are one story and run in order; the box is
theirs alone. Telegram is a Bot API server of this process: the box shares this machine's loopback.
"""

from __future__ import annotations

import json
import os
import re
import select
import subprocess
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest

from botapi import BotApi
from demo_world import OWNER, VOICES
from skazano.upkeep.alert import SILENT

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent
BOX = ROOT / "tests" / "box"
SOURCES = (
    "bin",
    "lib",
    "web",
    "systemd",
    "spool/README.md",
    "install.sh",
    "README.md",
    "LICENSE",
    "tests/voices",
)
ANTHROPIC = "sk-ant-test-0123456789abcdefghijklmnopqrstuv"
PASSWORD = "лес-и-море-4711"
CODE = "314159"
DOMAIN = "box.example"
TOKEN = "5550009998:AAH0f9bYtM2nUe0Wq3ZxK7cVd4LhR8sSystem"
STAGES = ("receive", "download", "transcribe", "route", "refine", "execute", "summarize", "speak", "reply",
          "react", "render", "index")  # fmt: skip

ALL_ACTIVE = "[ $(systemctl list-units --plain --no-legend --state=active 'skazano@*' | wc -l) = 12 ]"
CONFIG_TAKEN = "systemctl show -P ActiveState skazano-config.service | grep -qE 'inactive|failed'"

# What a hostile tool would try. It answers with one word a line.
PROBE = r"""#!/bin/bash
own="/var/spool/skazano/tasks/${SKAZANO_TASK:0:4}-${SKAZANO_TASK:4:2}-${SKAZANO_TASK:6:2}/$SKAZANO_TASK"
try() { local name=$1; shift; if "$@" >/dev/null 2>&1; then echo "$name: YES"; else echo "$name: no"; fi; }
try token cat /etc/skazano/secrets/telegram
try config cat /etc/skazano/skazano.toml
try credentials cat /run/credentials/skazano@receive.service/telegram
try other-task cat /var/spool/skazano/tasks/*/*-1/voice.oga
try spool-state ls /var/spool/skazano/state
try queue ls /var/spool/skazano/reply/new
try other-project cat /srv/skazano/secretplan/plan.txt
try write-usr touch /usr/local/bin/evil
try write-task touch "$own/evil"
try start-unit systemctl --no-ask-password start skazano@receive
try journal journalctl -n 1
try sudo sudo -n true
try other-process cat /proc/1/environ
try own-project touch here.txt
try own-task cat "$own/task.json"
try own-out touch "$SKAZANO_OUT/x"
try own-home touch "$HOME/x"
try node-like-netlink ip link
echo "user: $(id -un) group: $(id -gn)"
echo "key: ${#ANTHROPIC_API_KEY}"
env | grep -c -i telegram
setsid nohup sleep 1000 >/dev/null 2>&1 &
"""
WAITS = r"""#!/bin/bash
echo begun >"$SKAZANO_OUT/begun"
while [ ! -e "$HOME/go" ]; do sleep 0.1; done
echo "дождался"
"""
TOOLS = """
[tools.probe]
kind = "command"
command = "/usr/local/bin/probe"
secrets = { ANTHROPIC_API_KEY = "anthropic" }

[tools.waits]
kind = "command"
command = "/usr/local/bin/waits"
"""


class Box:
    """A machine. `run` is a command on it as root; what it printed."""

    def __init__(self) -> None:
        self.env = {**os.environ, "BOX_NAME": f"skazano-{os.getpid()}", "BOX_PACKAGES": "polkitd"}
        self.env.setdefault("BOX_HOME", "/var/tmp/skazano-box")

    def verb(
        self, *words: str, seconds: float = 600, stdin: bytes | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        given = {"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}
        return subprocess.run(
            ["bash", str(BOX), *words], env=self.env, capture_output=True, timeout=seconds,
            check=False, **given
        )  # fmt: skip

    def ask(self, *words: str, seconds: float = 600, stdin: bytes | None = None) -> tuple[int, str]:
        done = self.verb("run", *words, seconds=seconds, stdin=stdin)
        return done.returncode, (done.stdout + done.stderr).decode(errors="replace").strip()

    def run(self, *words: str, seconds: float = 600, stdin: bytes | None = None) -> str:
        code, told = self.ask(*words, seconds=seconds, stdin=stdin)
        assert code == 0, f"{' '.join(words)}: exit code {code}\n{told[-3000:]}"
        return told

    def sh(self, text: str, seconds: float = 600) -> str:
        return self.run("bash", "-c", text, seconds=seconds)

    def write(self, path: str, text: str, mode: str = "644") -> None:
        self.run("install", "-D", "-m", mode, "/dev/stdin", path, stdin=text.encode())

    def wait(self, condition: str, seconds: int = 60) -> None:
        """Until a shell condition holds."""
        loop = f"for i in $(seq {seconds * 5}); do if {condition}; then exit 0; fi; sleep 0.2; done; exit 1"
        code, told = self.ask("bash", "-c", loop, seconds=seconds + 30)
        assert code == 0, f"not within {seconds} s: {condition}\n{told}\n{self.ask('skazano', 'ls')[1]}"

    def reboot(self) -> None:
        """Reboot, and wait until it is up again. What is asked meanwhile would delay its shutdown."""
        home = Path(self.env["BOX_HOME"]) / "boxes" / self.env["BOX_NAME"]
        found = re.search(r"^LEADER=(\d+)", (home / "state").read_text(), re.M)
        assert found
        ended = os.pidfd_open(int(found[1]))
        self.verb("enter", "systemctl", "--no-block", "reboot")
        try:
            assert select.select([ended], [], [], 150)[0], "the box does not go down"
        finally:
            os.close(ended)
        deadline = time.monotonic() + 120
        while self.verb("status").stdout.split()[-1:] not in ([b"running"], [b"degraded"]):
            assert time.monotonic() < deadline, "the box does not come up"

    def place(self, id: str) -> str:
        return str(json.loads(self.run("skazano", "show", id, "--json"))["place"])

    def newest(self) -> str:
        return str(json.loads(self.run("skazano", "show", "last", "--json"))["id"])


def source(change: Callable[[Path], bytes | None] = lambda path: None) -> bytes:
    """The checkout as a tar; `change` may give other content for a file."""
    packed = BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        names = [*SOURCES, *(path.name for path in ROOT.glob("requirements*.txt"))]
        for file in sorted(
            f for name in names for f in [ROOT / name, *(ROOT / name).rglob("*")] if f.is_file()
        ):
            if "__pycache__" in file.parts:
                continue
            data = change(file.relative_to(ROOT)) or file.read_bytes()
            info = tarfile.TarInfo(str(file.relative_to(ROOT)))
            info.size, info.mode = len(data), file.stat().st_mode & 0o777
            archive.addfile(info, BytesIO(data))
    return packed.getvalue()


def bring(box: Box, data: bytes) -> None:
    box.run("bash", "-c", "rm -rf /root/src; mkdir /root/src; tar -C /root/src -xf -", stdin=data)


def install(box: Box, *flags: str, seconds: float = 1500) -> tuple[int, str]:
    return box.ask("bash", "-c", 'cd /root/src && ./install.sh "$@"', "install", *flags, seconds=seconds)


@pytest.fixture(scope="module")
def api() -> Iterator[BotApi]:
    with BotApi(TOKEN) as server:
        yield server


@pytest.fixture(scope="module")
def box(api: BotApi) -> Iterator[Box]:
    if os.geteuid() != 0:
        pytest.skip("a box needs root: nothing of the installation was tested on a booted systemd")
    made = Box()
    for verb in ("build", "boot"):
        done = made.verb(verb)
        if done.returncode != 0:
            made.verb("clean")
            pytest.skip(f"no box can be had here: {done.stderr.decode().strip().splitlines()[-1:]}")
    try:
        yield made
    finally:
        made.verb("clean")


@pytest.fixture(scope="module")
def there(box: Box, api: BotApi) -> Box:
    """The box with Skazano installed, as a person would: a token, a code sent to the bot, a host name."""
    bring(box, source())
    box.write("/root/token", TOKEN, "600")
    box.write("/root/key", ANTHROPIC, "600")
    box.write("/root/password", PASSWORD, "600")
    stranger = threading.Thread(target=lambda: api.say_text("/start 000000", user=666))
    stranger.start()
    api.say_text(f"/start {CODE}")
    stranger.join()
    code, told = box.ask(
        "bash", "-c", 'cd /root/src && SKAZANO_CODE="$1" ./install.sh "${@:2}"', "install", CODE,
        "--yes", "--token-file", "/root/token", "--api-url", api.url, "--anthropic-key-file", "/root/key",
        "--domain", DOMAIN, "--password-file", "/root/password", "--lang", "ru", seconds=1800,
    )  # fmt: skip
    assert code == 0, told[-4000:]
    assert f"id {OWNER}:" in told
    box.write("/usr/local/bin/probe", PROBE, "755")
    box.write("/usr/local/bin/waits", WAITS, "755")
    box.run("bash", "-c", "cat >>/etc/skazano/skazano.toml", stdin=TOOLS.encode())
    for slug, title in (("demo", "Демо"), ("secretplan", "Секретный план")):
        box.run(
            "skazano",
            "project",
            "add",
            slug,
            "--title",
            title,
            "--alias",
            "сайт" if slug == "demo" else "план",
        )
    box.run("bash", "-c", "echo мир >/srv/skazano/secretplan/plan.txt")
    box.run(
        "bash",
        "-c",
        "cat >>/etc/skazano/projects/demo.toml",
        stdin=b'tools = ["note", "probe", "waits"]\n',
    )
    box.run("systemctl", "start", "skazano-config.service")  # what its path unit is about to do
    box.wait(f"{ALL_ACTIVE} && {CONFIG_TAKEN}", 120)
    return box


def active(box: Box) -> list[str]:
    told = box.sh("systemctl list-units --plain --no-legend --state=active 'skazano@*' | cut -d' ' -f1")
    return sorted(re.findall(r"skazano@(\w+)\.service", told))


# -- one go ------------------------------------------------------------------------------------------


def test_everything_runs_after_one_command(there: Box) -> None:
    assert active(there) == sorted(STAGES)
    assert there.sh("systemctl list-units --failed --plain --no-legend 'skazano*'") == ""


def test_a_second_run_changes_nothing(there: Box) -> None:
    def state() -> str:
        return there.sh(
            "readlink /opt/skazano; systemctl show -p ActiveEnterTimestampMonotonic 'skazano@*';"
            "cat /etc/skazano/skazano.toml; stat -c '%n %U:%G %a' /etc/skazano/secrets/* /var/spool/skazano/*"
        )

    before = state()
    code, told = install(there, "--yes")
    assert code == 0, told
    assert state() == before
    code, told = install(there, "--yes", "--dry-run")
    assert code == 0
    assert "nothing was changed" in told
    assert state() == before


def test_doctor_finds_nothing_wrong(there: Box) -> None:
    code, told = there.ask("skazano", "doctor", "--json")
    wrong = [f for f in json.loads(told) if f["verdict"] == "wrong" and f["what"] != "pages"]
    assert wrong == []
    assert code in (0, 1)


# -- a conversation ----------------------------------------------------------------------------------


def test_a_voice_note_becomes_a_commit_and_an_answer(there: Box, api: BotApi) -> None:
    api.say_voice(str(VOICES / "01-settings-demo.oga"))
    first = len(api.replies(OWNER))
    api.wait_for(lambda: len(api.replies(OWNER)) > 0, 60)
    said = api.say_voice(str(VOICES / "02-request-note.oga"))
    api.wait_for(lambda: len(api.replies(OWNER)) > max(first, 1), 60)
    api.wait_for(lambda: api.reactions.get((OWNER, said["message_id"])) == "👍", 30)
    log = there.sh("git -c safe.directory='*' -C /srv/skazano/demo log --format=%s -2 --all")
    assert "почты" in log
    assert there.place(there.newest()).startswith("done/")


def test_logs_name_the_task_across_stages_and_run(there: Box) -> None:
    id = there.newest()
    told = there.sh(f"journalctl -u 'skazano@*' -g {id} -o cat --no-pager")
    for stage in ("transcribe", "route", "refine", "execute", "summarize", "reply"):
        assert f"{id} claimed stage={stage}" in told
    assert "--- run/stdout.log" in there.run("skazano", "logs", id)


def test_timers_do_their_work(there: Box) -> None:
    for name in ("fsck", "clean", "backup", "watch"):
        assert there.ask("systemctl", "is-active", f"skazano-{name}.timer")[0] == 0
        there.run("systemctl", "start", f"skazano-{name}.service")
    archive = there.sh("ls /var/backups/skazano/*.tar.gz")
    names = there.run("tar", "-tzf", archive)
    assert "MANIFEST.json" in names
    assert "secrets" not in names
    assert "etc/projects/demo.toml" in names


def test_strangers_get_silence(there: Box, api: BotApi) -> None:
    before = len(api.sent)
    api.say_text("сделай что-нибудь", user=666)
    api.wait_polling(30)
    assert [act for act in api.sent[before:] if act.chat == 666] == []


# -- trust ---------------------------------------------------------------------------------------------


def test_only_those_who_need_a_secret_can_read_it(there: Box) -> None:
    told = there.sh(
        "ls -1 /run/credentials/*/ 2>/dev/null || true; systemctl show -p Id,User,LoadCredential 'skazano@*'"
    )
    blocks = [
        dict(line.split("=", 1) for line in block.splitlines() if "=" in line) for block in told.split("\n\n")
    ]
    user = {b["Id"].removeprefix("skazano@").removesuffix(".service"): b["User"] for b in blocks if "Id" in b}
    telegram = {"receive", "download", "react", "reply"}
    assert {name for name, who in user.items() if who == "skazano-telegram"} == telegram
    assert {name for name, who in user.items() if who == "skazano-llm"} == {"route", "refine", "summarize"}
    assert user["execute"] == "skazano-execute"
    for name in STAGES:
        holds = there.sh(f"ls /run/credentials/skazano@{name}.service 2>/dev/null || true").split()
        expected = {"skazano-telegram": ["telegram"], "skazano-llm": ["gemini-key", "openrouter-key"]}
        assert holds == expected.get(user[name], []), name
    for who in ("skazano-execute", "skazano-speech", "skazano-pages", "skazano-agent-main"):
        code, _ = there.ask("setpriv", f"--reuid={who}", "--regid=skazano", "--init-groups", "cat",
                            "/etc/skazano/secrets/telegram")  # fmt: skip
        assert code != 0, who


def test_a_tool_sees_its_task_and_its_project_only(there: Box) -> None:
    told = there.run("skazano", "new", "--project", "demo", "--wait", "инструмент probe посмотри вокруг")
    id = there.newest()
    told = there.sh(f"cat /var/spool/skazano/tasks/*/{id}/run/stdout.log")
    lines = dict(line.split(": ", 1) for line in told.splitlines() if ": " in line)
    mine = {"own-project", "own-task", "own-out", "own-home", "node-like-netlink"}
    assert {name for name, can in lines.items() if can == "YES"} == mine
    assert lines["user"] == "skazano-agent-main group: skazano-code"
    assert lines["key"] == str(len(ANTHROPIC))
    assert told.splitlines()[-1] == "0"
    there.wait(f"! systemctl is-active -q 'skazano-agent-main@{id}.service'")
    assert there.ask("pgrep", "-u", "skazano-agent-main")[0] == 1


def test_an_agents_user_enters_nothing_outside_of_a_run(there: Box) -> None:
    as_agent = ("setpriv", "--reuid=skazano-agent-main", "--regid=skazano-agent-main", "--init-groups")
    for path in ("/var/spool/skazano", "/srv/skazano", "/etc/skazano/secrets", "/var/backups/skazano"):
        assert there.ask(*as_agent, "ls", path)[0] != 0, path
    assert there.ask(*as_agent, "cat", "/srv/skazano/demo/NOTES.md")[0] != 0


def test_execute_may_start_the_agents_template_and_nothing_else(there: Box) -> None:
    as_execute = ("setpriv", "--reuid=skazano-execute", "--regid=skazano", "--init-groups", "systemctl",
                  "--no-ask-password")  # fmt: skip
    task = "20261122-000000-cli-1-1"
    for words in (
        ("start", "skazano@receive"), ("stop", "skazano@receive"),
        ("start", f"skazano-agent-main@{task}.timer"),
        ("restart", f"skazano-agent-main@{task}"), ("start", "skazano-agent-main@../../x"),
        ("daemon-reload",),
        ("start", f"skazano-agent-root@{task}; id"), ("enable", f"skazano-agent-main@{task}"),
    ):  # fmt: skip
        code, told = there.ask(*as_execute, *words)
        assert code != 0, (words, told)
    code, told = there.ask("setpriv", "--reuid=skazano-execute", "--regid=skazano", "--init-groups",
                           "systemd-run",
                           "--no-ask-password", "id")  # fmt: skip
    assert code != 0
    # The unit itself may be asked for; without a task it ends by itself.
    assert (
        "Interactive authentication" not in there.ask(*as_execute, "start", f"skazano-agent-main@{task}")[1]
    )
    for who in ("skazano-telegram", "skazano-llm", "skazano-pages"):
        argv = (
            "setpriv",
            f"--reuid={who}",
            "--regid=skazano",
            "--init-groups",
            "systemctl",
            "--no-ask-password",
        )
        assert "nteractive authentication" in there.ask(*argv, "start", f"skazano-agent-main@{task}")[1]


def test_every_units_score_as_systemd_sees_it(there: Box) -> None:
    for name in STAGES:
        there.run("systemd-analyze", "security", "--threshold=15", "--no-pager", f"skazano@{name}.service")
    agent = "skazano-agent-main@20261122-000000-cli-1-1.service"
    there.run("systemd-analyze", "security", "--threshold=30", "--no-pager", agent)


def test_pages_ask_for_a_password(there: Box) -> None:
    curl = ("curl", "-sk", "--resolve", f"{DOMAIN}:443:127.0.0.1", "-o", "/dev/null", "-w", "%{http_code}")
    if there.ask("systemctl", "is-active", "-q", "nginx")[0] != 0:
        pytest.skip("nginx has no port here: the box shares this machine's")
    assert there.run(*curl, f"https://{DOMAIN}/") == "401"
    there.write("/root/netrc", f"machine {DOMAIN} login skazano password {PASSWORD}\n", "600")
    assert there.run(*curl, "--netrc-file", "/root/netrc", f"https://{DOMAIN}/") == "200"
    id = there.newest()
    page = f"https://{DOMAIN}/files/{id[:4]}-{id[4:6]}-{id[6:8]}/{id}/transcript.txt"
    assert there.run(*curl, "--netrc-file", "/root/netrc", page) == "200"


# -- trouble -------------------------------------------------------------------------------------------


def test_killed_stages_come_back_and_nothing_is_lost(there: Box, api: BotApi) -> None:
    before = len(api.replies(OWNER))
    for number in range(6):
        api.say_text(f"добавь пункт номер {number}")
    for name in STAGES:
        there.ask("systemctl", "kill", "-s", "KILL", f"skazano@{name}")
    there.wait(ALL_ACTIVE, 120)
    api.wait_for(lambda: len(api.replies(OWNER)) >= before + 6, 120)
    assert there.sh("systemctl show -P NRestarts skazano@reply") >= "1"
    assert there.run("skazano", "fsck") == "The spool is in order."


def test_a_silent_stage_is_told_to_the_owner_once(there: Box, api: BotApi) -> None:
    there.run("systemctl", "stop", "skazano@summarize")
    there.run("skazano", "new", "--project", "demo", "проверь ссылки")
    there.wait("ls /var/spool/skazano/summarize/new/ | grep -q .", 60)
    old = f"touch -d '10 min ago' /var/spool/skazano/state/alive/summarize; sleep {SILENT + 2:.0f}"
    there.sh(old)
    before = len(api.replies(OWNER))
    for _ in range(3):
        there.run("systemctl", "start", "skazano-watch.service")
    told = [act.params.get("text", "") for act in api.replies(OWNER)[before:]]
    assert len([text for text in told if "summarize" in text]) == 1
    there.run("systemctl", "start", "skazano@summarize")


def texts(api: BotApi, since: int) -> str:
    return " ".join(str(act.params.get("text")) for act in api.replies(OWNER)[since:])


def test_a_changed_configuration_is_taken(there: Box) -> None:
    there.sh("sed -i 's/^# sticky_hours = 3.0/sticky_hours = 4.0/' /etc/skazano/skazano.toml")
    began = there.sh("systemctl show -P ActiveEnterTimestampMonotonic skazano@route")
    there.wait(f"[ $(systemctl show -P ActiveEnterTimestampMonotonic skazano@route) -gt {began} ]", 30)
    there.wait(f"{ALL_ACTIVE} && {CONFIG_TAKEN}", 120)


def test_a_broken_configuration_is_told_and_not_taken(there: Box, api: BotApi) -> None:
    before = len(api.replies(OWNER))
    there.sh(
        "cp /etc/skazano/skazano.toml /root/kept.toml; sed -i '1i nonsense = 1' /etc/skazano/skazano.toml"
    )
    api.wait_for(lambda: "skazano-config" in texts(api, before), 30)
    assert active(there) == sorted(STAGES)
    assert there.ask("skazano", "doctor")[0] == 78
    # A stage that is started with it is given up at once, and that is told too.
    there.ask("systemctl", "restart", "skazano@index")
    there.wait("systemctl is-failed -q skazano@index", 60)
    api.wait_for(lambda: " index " in texts(api, before), 30)
    there.wait(CONFIG_TAKEN)
    there.sh("cat /root/kept.toml >/etc/skazano/skazano.toml; sleep 2")
    there.wait(f"{ALL_ACTIVE} && {CONFIG_TAKEN}", 120)


def begin_long(box: Box) -> str:
    id = str(
        json.loads(box.run("skazano", "new", "--project", "demo", "--json", "инструмент waits подожди"))["id"]
    )
    box.wait(f"[ -e /var/spool/skazano/tasks/*/{id}/run/out/begun ]")
    return id


def test_a_restart_of_execute_leaves_the_run_alone(there: Box) -> None:
    id = begin_long(there)
    pid = there.sh(f"systemctl show -P MainPID skazano-agent-main@{id}.service")
    there.run("systemctl", "restart", "skazano@execute")
    there.run("systemctl", "kill", "-s", "KILL", "skazano@execute")
    assert there.sh(f"systemctl show -P MainPID skazano-agent-main@{id}.service") == pid
    there.sh("touch /var/lib/skazano/agents/main/go")
    there.wait(f"ls /var/spool/skazano/done/*/{id}", 60)
    there.sh("rm /var/lib/skazano/agents/main/go")
    assert "дождался" in there.sh(f"cat /var/spool/skazano/tasks/*/{id}/answer.txt")


def test_cancel_stops_the_unit(there: Box) -> None:
    id = begin_long(there)
    there.run("skazano", "cancel", id)
    there.wait(f"! systemctl is-active -q skazano-agent-main@{id}.service", 60)
    there.wait(f"ls /var/spool/skazano/done/*/{id}", 60)


def test_a_reboot_in_the_middle_of_a_run_asks_the_person(there: Box, api: BotApi) -> None:
    id = begin_long(there)
    there.reboot()
    there.wait(ALL_ACTIVE, 120)
    there.wait(f"ls /var/spool/skazano/hold/execute,{id},*", 60)
    api.say_text("добавь ещё один пункт")
    count = len(api.replies(OWNER))
    api.wait_for(lambda: len(api.replies(OWNER)) > count, 60)


# -- upgrade -------------------------------------------------------------------------------------------


def newer(path: Path) -> bytes | None:
    if str(path) == "bin/reply.py":
        return (ROOT / path).read_bytes() + b"\n# a later version\n"
    return None


def broken(path: Path) -> bytes | None:
    return b"raise SystemExit(3)\n" if str(path) == "bin/summarize.py" else None


def test_an_upgrade_leaves_runs_and_tasks_alone(there: Box) -> None:
    id = begin_long(there)
    pid = there.sh(f"systemctl show -P MainPID skazano-agent-main@{id}.service")
    old = there.run("readlink", "/opt/skazano")
    bring(there, source(newer))
    code, told = install(there, "--yes")
    assert code == 0, told[-3000:]
    assert there.run("readlink", "/opt/skazano") != old
    assert active(there) == sorted(STAGES)
    assert there.sh(f"systemctl show -P MainPID skazano-agent-main@{id}.service") == pid
    there.sh("touch /var/lib/skazano/agents/main/go")
    there.wait(f"ls /var/spool/skazano/done/*/{id}", 60)
    there.sh("rm /var/lib/skazano/agents/main/go")


def test_an_upgrade_that_does_not_start_is_taken_back(there: Box) -> None:
    old = there.run("readlink", "/opt/skazano")
    bring(there, source(broken))
    code, told = install(there, "--yes")
    assert code == 1
    assert "going back" in told
    assert there.run("readlink", "/opt/skazano") == old
    assert active(there) == sorted(STAGES)


def test_a_spool_of_a_later_version_is_refused_and_left_alone(there: Box) -> None:
    bring(there, source())
    there.sh("echo 99 >/var/spool/skazano/state/format")
    code, told = install(there, "--yes")
    there.sh("echo 1 >/var/spool/skazano/state/format")
    assert code == 1
    assert "format 99" in told
    assert active(there) == sorted(STAGES)


# -- the end -------------------------------------------------------------------------------------------


def test_no_secret_in_the_journal_in_pages_or_in_process_lists(there: Box) -> None:
    for secret in (TOKEN, ANTHROPIC, PASSWORD, TOKEN.split(":")[1]):
        there.write("/root/needle", secret, "600")
        for command in (
            "journalctl --no-pager -o export",
            "cat /var/log/skazano-install.log /var/log/nginx/* 2>/dev/null",
            "cat /proc/[0-9]*/cmdline | tr '\\0' ' '",
            "find /var/lib/skazano/site /var/spool /srv /opt/skazano.d/release-* -type f -exec cat {} +",
        ):
            assert there.ask("bash", "-c", f"{command} | grep -a -F -f /root/needle")[0] == 1, command


def test_backup_uninstall_purge_install_restore(there: Box) -> None:
    tasks = there.sh("ls /var/spool/skazano/tasks/*/ | grep -c '^20'")
    there.run("skazano", "backup", "--to", "/root/backup.tar.gz", "--secrets")
    code, told = install(there, "--uninstall")
    assert code == 0, told
    assert there.sh("ls /var/spool/skazano/tasks/*/ | grep -c '^20'") == tasks
    assert (
        there.sh("systemctl list-unit-files --no-legend 'skazano*'; ls -d /opt/skazano* 2>/dev/null || true")
        == ""
    )
    code, told = install(there, "--uninstall", "--purge", "--yes")
    assert code == 0, told
    left = "ls -d /var/spool/skazano /srv/skazano /etc/skazano /var/lib/skazano 2>/dev/null;"
    left += "getent passwd | grep skazano"
    assert there.sh(f"{left} || true") == ""
    code, told = install(there, "--yes", "--token-file", "skip")
    assert code == 0, told[-3000:]
    there.run("systemctl", "stop", "skazano.target", "skazano@*")
    there.run("skazano", "restore", "/root/backup.tar.gz", "--with-config")
    assert there.sh("ls /var/spool/skazano/tasks/*/ | grep -c '^20'") == tasks
    assert there.run("skazano", "fsck") == "The spool is in order."
    there.run("systemctl", "start", "skazano.target")
    there.wait(ALL_ACTIVE, 120)
