"""The installation on a booted systemd: a clean Debian in a box (tests/box), from install.sh to --purge.

Slow (some minutes; the first time also makes the box's base tree), and only where a box can be booted:
root, on Debian. Elsewhere it skips, and says why. The tests are one story and run in order; the box is
theirs alone. Telegram is a Bot API server of this process: the box shares this machine's loopback.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from booted import (
    ALL_ACTIVE,
    ANTHROPIC,
    CODE,
    CONFIG_TAKEN,
    DOMAIN,
    PASSWORD,
    PROBE,
    ROOT,
    STAGES,
    TOKEN,
    TOOLS,
    WAITS,
    Box,
    bring,
    install,
    previous,
    source,
)
from botapi import BotApi
from demo_world import OWNER, VOICES
from skazano.upkeep.alert import SILENT

pytestmark = pytest.mark.slow


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
        stdin=b'tools = ["note", "probe", "waits", "fails"]\n',
    )
    box.run("systemctl", "start", "skazano-config.service")  # what its path unit is about to do
    box.wait(f"{ALL_ACTIVE} && {CONFIG_TAKEN}", 120)
    return box


SPOOL = "/var/spool/skazano"


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
    files = "find /etc /opt /srv /usr /root/src /var/lib /var/spool /var/log/skazano* -xdev"
    files += " -printf '%p %s %C@ %m %u\\n'"
    files += (
        " | grep -v -e /state/alive -e /var/lib/systemd -e /var/spool/skazano/index.db | sort | sha256sum"
    )
    seen = there.sh(files)
    code, told = install(there, "--dry-run", "--domain", "other.example", "--token-file", "/root/token")
    assert code == 0
    assert "nothing was changed" in told
    assert there.sh(files) == seen


def test_doctor_finds_nothing_wrong(there: Box) -> None:
    code, told = there.ask("skazano", "doctor", "--json")
    wrong = [f for f in json.loads(told) if f["verdict"] == "wrong" and f["what"] != "pages"]
    assert wrong == []
    assert code in (0, 1)


# What is broken, what doctor calls it, and whether its remedy mends it as it stands.
BROKEN = {
    "chmod 644 /etc/skazano/secrets/telegram": "secret telegram",
    "chmod 755 /var/spool/skazano": "/var/spool/skazano",
    "chown root /srv/skazano": "/srv/skazano",
    "chgrp -R root /srv/skazano/demo/.git": "project demo",
    "mv /srv/skazano/secretplan /root/plan": "project secretplan",
    "systemctl stop skazano@index": "unit skazano@index",
    "systemctl stop skazano-clean.timer": "unit skazano-clean.timer",
    "systemctl stop skazano-config.path": "unit skazano-config.path",
    "systemctl disable --quiet skazano.target": "unit skazano.target",
    "install -d -o skazano -g skazano -m 2775 /var/spool/skazano/tasks/2026-01-01"
    " /var/spool/skazano/tasks/2026-01-01/20260101-000000-cli-1-{1,2}": "spool",
    "touch -d '+300 days' /var/spool/skazano/speak/later/20260101-000000-cli-1-2,1": (
        "task 20260101-000000-cli-1-2"
    ),
}


def test_doctor_finds_each_thing_that_is_broken_and_its_remedy_mends_it(there: Box) -> None:
    def doctor() -> dict[str, dict[str, str]]:
        found = json.loads(there.ask("skazano", "doctor", "--json")[1])
        return {one["what"]: one for one in found if one["verdict"] != "ok"}

    before = doctor().keys()
    assert not before & set(BROKEN.values())
    for command in BROKEN:
        there.sh(command)
    found = doctor()
    assert set(BROKEN.values()) - found.keys() == set()
    for name in set(BROKEN.values()):
        there.ask("bash", "-c", found[name]["remedy"])
    there.sh("rmdir /srv/skazano/secretplan && mv /root/plan /srv/skazano/secretplan")
    there.wait(f"{CONFIG_TAKEN} && {ALL_ACTIVE}", 60)
    left = doctor()
    there.sh(
        "rm -rf /var/spool/skazano/tasks/2026-01-01 /var/spool/skazano/*/*/20260101-* "
        "/var/spool/skazano/*/*20260101-* /var/spool/skazano/failed/20260101-*"
    )
    assert {name: left[name] for name in left.keys() & set(BROKEN.values())} == {}


def test_doctor_tells_what_keeps_it_from_looking(there: Box) -> None:
    there.run("systemctl", "stop", "skazano-config.path")
    there.sh(
        "cp /etc/skazano/skazano.toml /root/kept.toml; sed -i '1i nonsense = 1' /etc/skazano/skazano.toml"
    )
    code, told = there.ask("skazano", "doctor", "--json")
    there.sh("cat /root/kept.toml >/etc/skazano/skazano.toml; systemctl start skazano-config.path")
    [found] = json.loads(told)
    assert (code, found["verdict"], found["what"]) == (78, "wrong", "configuration")
    assert "/etc/skazano/skazano.toml" in found["remedy"]


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
    pids = "systemctl show -P MainPID skazano@receive skazano@execute"
    there.sh(f"{pids} | grep '[1-9]' >/srv/skazano/demo/stages; [ $(wc -l </srv/skazano/demo/stages) = 2 ]")
    there.run("skazano", "new", "--project", "demo", "--wait", "инструмент probe посмотри вокруг")
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
    as_agent = "setpriv --reuid=skazano-agent-main --regid=skazano-agent-main --init-groups"
    stage = there.sh("systemctl show -P MainPID skazano@receive")
    attempts = [f"ls {path}" for path in (
        "/var/spool/skazano", "/srv/skazano", "/etc/skazano/secrets", "/var/backups/skazano",
        "/var/lib/skazano/execute", f"/proc/{stage}/fd", "/run/credentials/skazano@receive.service",
    )]  # fmt: skip
    attempts += [
        "cat /srv/skazano/demo/NOTES.md", "cat /etc/skazano/htpasswd", "cat /var/log/skazano-install.log",
        f"cat /proc/{stage}/environ", f"kill -0 {stage}", "touch /etc/skazano/projects/evil.toml",
        "touch /run/skazano/runs/evil", "touch /opt/skazano/evil", "touch /var/lib/skazano/site/evil",
        "systemctl --no-ask-password stop skazano@receive", "systemctl --no-ask-password restart nginx",
        "systemd-run --no-ask-password true", "systemctl --no-ask-password daemon-reload",
        "journalctl -u skazano@receive -n 1 --quiet | grep .",
    ]  # fmt: skip
    tried = there.sh("\n".join(f"{as_agent} bash -c {shlex.quote(one)} &>/dev/null && echo {shlex.quote(one)}"
                               for one in attempts) + "\ntrue")  # fmt: skip
    assert tried == ""


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


def test_a_key_that_the_configuration_names_is_handed_to_those_who_need_it(there: Box) -> None:
    """By putting it into secrets/, with no word to systemd; and a changed one is taken."""
    engine = "[models.engines.house]\nkind = 'openai'\nbase_url = 'http://127.0.0.1:9'\nmodel = 'm'\n"
    engine += "secret = 'house'"
    tool = "[tools.search]\nkind = 'chat'\nmodel = 'm'\nsecrets = { KEY = 'search' }"
    there.sh(f'printf "\n{engine}\n{tool}\n" >>/etc/skazano/skazano.toml')
    there.write("/etc/skazano/secrets/search", "sk-search", "600")
    there.write("/etc/skazano/secrets/house", "sk-house", "600")
    has = "/run/credentials/skazano@{}.service/house"
    there.wait(" && ".join(f"[ -s {has.format(name)} ]" for name in ("route", "refine", "summarize")), 60)
    there.wait(f"{CONFIG_TAKEN} && {ALL_ACTIVE}", 60)
    holds = there.sh("ls -d /run/credentials/*/house /run/credentials/*/search 2>/dev/null || true").split()
    assert holds == sorted(has.format(name) for name in ("route", "refine", "summarize"))
    agent = there.sh("systemctl cat skazano-agent-main@x.service")
    assert "LoadCredential=search:" in agent
    assert "house" not in agent
    there.write("/etc/skazano/secrets/house", "sk-other", "600")
    there.wait(f"grep -q sk-other {has.format('route')}", 60)
    there.wait(f"{CONFIG_TAKEN} && {ALL_ACTIVE}", 60)


# -- another box ---------------------------------------------------------------------------------------

ASK = """T=$(cat /etc/skazano/secrets/tooler); ask() { curl -s --unix-socket /run/skazano/tooler.sock \
-H "Authorization: Bearer $T" -H 'Content-Type: application/json' "$@"; }; """
FAR_TASK = "20261122-180431-tg-77-1"


def test_tooler_runs_for_another_box_in_a_unit_of_the_agent(there: Box) -> None:
    assert there.ask("systemctl", "is-active", "skazano@tooler.service")[1] == "inactive"  # without a token
    there.sh("(umask 077; openssl rand -hex 32 >/etc/skazano/secrets/tooler); systemctl start skazano@tooler")
    there.run("rm", "-f", "/var/lib/skazano/agents/main/go")
    body = json.dumps({"task": FAR_TASK, "project": "demo", "tool": "waits", "prompt": "подожди"})
    view = json.loads(there.sh(f"{ASK} ask -d '{body}' http://x/runs"))
    assert (view["status"], view["pid"] > 1) == ("running", True)
    assert there.ask("systemctl", "is-active", f"skazano-agent-main@{FAR_TASK}.service")[0] == 0
    there.sh("systemctl kill -s KILL skazano@tooler; touch /var/lib/skazano/agents/main/go")
    there.wait(f'{ASK} ask http://x/runs/{FAR_TASK}_1 | grep -q \'"status":"ended"\'')
    assert "дождался" in json.loads(there.sh(f"{ASK} ask http://x/runs/{FAR_TASK}_1"))["stdout"]
    there.wait(f"! systemctl is-active -q 'skazano-agent-main@{FAR_TASK}.service'")


def test_callbacks_start_with_the_first_one(there: Box) -> None:
    there.sh(
        "(umask 077; openssl rand -hex 32 >/etc/skazano/secrets/boxes/home); systemctl start skazano.target"
    )
    assert there.ask("systemctl", "is-active", "skazano@callbacks.service")[1] == "inactive"
    url = f"https://{DOMAIN}/callbacks/{FAR_TASK}_1"
    code = there.sh(
        f"curl -sk -o /dev/null -w '%{{http_code}}' --resolve {DOMAIN}:443:127.0.0.1 -d '{{}}' {url}"
    )
    assert code == "401"
    assert there.ask("systemctl", "is-active", "skazano@callbacks.service")[0] == 0
    there.sh("systemctl stop skazano-config.path 'skazano@callbacks*' 'skazano@tooler*'")
    there.sh("rm /etc/skazano/secrets/tooler /etc/skazano/secrets/boxes/home")
    there.run("systemctl", "start", "skazano-config.service", "skazano-config.path")
    there.wait(f'[ -z "$(systemctl list-jobs --no-legend)" ] && {ALL_ACTIVE}', 60)


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
    assert "ождался" in there.sh(f"cat /var/spool/skazano/tasks/*/{id}/answer.txt")


def test_cancel_stops_the_unit(there: Box) -> None:
    id = begin_long(there)
    there.run("skazano", "cancel", id)
    there.wait(f"! systemctl is-active -q skazano-agent-main@{id}.service", 60)
    there.wait(f"ls /var/spool/skazano/done/*/{id}", 60)


@pytest.mark.parametrize("ends", [Box.reboot, Box.power_cut])
def test_a_reboot_in_the_middle_of_a_run_asks_the_person(
    there: Box, api: BotApi, ends: Callable[[Box], None]
) -> None:
    id = begin_long(there)
    ends(there)
    there.wait(ALL_ACTIVE, 120)
    there.wait(f"ls /var/spool/skazano/hold/execute,{id},*", 60)
    api.say_text("добавь ещё один пункт")
    count = len(api.replies(OWNER))
    api.wait_for(lambda: len(api.replies(OWNER)) > count, 60)


def test_a_full_disk_stops_the_asking_and_loses_nothing(there: Box, api: BotApi) -> None:
    """The spool on a small filesystem of its own: first nearly full, then full to the last byte."""
    api.say_text("настройки проект демо режим текст")
    with there.small_disk(SPOOL, 280, "skazano.target", "'skazano@*'"):
        before = len(api.replies(OWNER))
        there.run("systemctl", "stop", "skazano@refine")
        id = str(json.loads(there.run("skazano", "new", "--project", "demo", "--json", "добавь пункт"))["id"])
        there.wait(f"[ -e {SPOOL}/refine/new/{id},0 ]")
        there.sh(f"fallocate -l 100M {SPOOL}/.much; systemctl restart skazano@receive")
        there.wait("systemctl show -P StatusText skazano@receive | grep -q 'nearly full'", 30)
        for _ in range(2):
            there.run("systemctl", "start", "skazano-watch.service")
        assert texts(api, before).count("df -h") == 1
        late = api.say_text("добавь пункт при полном диске")
        there.sh(f"dd if=/dev/zero of={SPOOL}/.all bs=64K &>/dev/null; true")
        there.run("systemctl", "start", "skazano@refine")
        there.wait("journalctl -u skazano@refine -n 30 -o cat --no-pager | grep -q 'disk full'", 30)
        assert there.place(id) == f"refine/new/{id},0"
        assert len(api.pending) == 1
        assert "receive has stopped" in there.ask("skazano", "doctor")[1]
        there.sh(f"rm {SPOOL}/.much {SPOOL}/.all")
        there.wait(f"ls {SPOOL}/done/*/{id}", 90)
        api.wait_for(lambda: api.reactions.get((OWNER, late["message_id"])) == "👍", 90)
        assert there.run("skazano", "fsck") == "The spool is in order."


def test_a_full_disk_of_the_projects_is_told_and_the_task_can_be_repeated(there: Box) -> None:
    with there.small_disk("/srv/skazano", 20, "skazano@execute"):
        there.sh("dd if=/dev/zero of=/srv/skazano/.all bs=4K &>/dev/null; true")
        id = str(json.loads(there.run("skazano", "new", "--project", "demo", "--json", "добавь пункт"))["id"])
        there.wait(f"ls {SPOOL}/failed/{id} {SPOOL}/execute/later/{id},* 2>/dev/null | grep -q .", 60)
        there.sh("rm /srv/skazano/.all")
        there.run("skazano", "retry", id)
        there.wait(f"ls {SPOOL}/done/*/{id}", 60)


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


AT_REST = f'[ -z "$(ls -d {SPOOL}/*/{{new,run,later}}/* {SPOOL}/waiting/* 2>/dev/null)" ]'
ASKED, SPEAKS, UNDOES = 7001, 7002, 7003  # who has said no project; is answered by voice; takes work back


def task_of(box: Box, message: dict[str, Any]) -> str:
    """The task that the message became."""
    end = f"-tg-{message['chat']['id']}-{message['message_id']}"
    box.wait(f"ls {SPOOL}/tasks/*/ | grep -q -e {end}$")
    return box.sh(f"ls {SPOOL}/tasks/*/ | grep -e {end}$ | tail -n 1")


def buttons(api: BotApi, chat: int, verb: str) -> list[tuple[int, str]]:
    """(message, data) of the buttons that begin with that verb, oldest first."""
    return [
        (number, button["callback_data"])
        for (where, number), message in api.messages.items()
        for row in message.get("reply_markup", {}).get("inline_keyboard", ())
        for button in row
        if where == chat and button.get("callback_data", "").startswith(f"{verb}|")
    ]


def three(box: Box, api: BotApi, stage: str, say: Callable[[int], dict[str, Any]]) -> list[str]:
    """Stop a stage and let three tasks come before it; leave them in new/, run/ and later/."""
    box.run("systemctl", "stop", f"skazano@{stage}")
    tasks = [task_of(box, say(number)) for number in range(3)]
    queue = f"{SPOOL}/{stage}"
    for task in tasks:
        box.wait(f"[ -e {queue}/new/{task},0 ]")
    box.sh(f"mv {queue}/new/{tasks[1]},0 {queue}/run/{tasks[1]},1")
    later = f"{queue}/later/{tasks[2]},1"
    box.sh(f"mv {queue}/new/{tasks[2]},0 {later}; touch -d '+5 sec' {later}")
    return tasks


def test_an_upgrade_from_the_commit_before_with_a_task_in_every_state(there: Box, api: BotApi) -> None:
    before = previous()
    if before is None:
        pytest.skip("a shallow clone: there is no commit before this one")
    bring(there, source())
    code, told = install(there, "--yes", "--user", f"{OWNER},{ASKED},{SPEAKS},{UNDOES}")
    assert code == 0, told[-3000:]
    bring(there, before)
    code, told = install(there, "--yes")
    assert code == 0, told[-3000:]

    def text(stage: str) -> Callable[[int], dict[str, Any]]:
        who = SPEAKS if stage == "speak" else OWNER
        return lambda number: api.say_text(f"добавь пункт {stage} {number}", user=who)

    def voice(number: int) -> dict[str, Any]:
        return api.say_voice(str(VOICES / "02-request-note.oga"))

    api.say_text("настройки проект демо режим аудио", user=SPEAKS)
    api.say_text("настройки проект демо режим текст")
    api.say_text("настройки проект план", user=UNDOES)
    done = task_of(there, api.say_text("добавь пункт, который я верну", user=UNDOES))
    failed = task_of(there, api.say_text("инструмент fails попробуй"))
    asked = task_of(there, api.say_text("добавь пункт без проекта", user=ASKED))
    api.wait_for(lambda: buttons(api, ASKED, "file"), 60)
    api.wait_for(lambda: buttons(api, UNDOES, "undo"), 60)
    there.wait(f"[ -e {SPOOL}/failed/{failed} ]")
    every = {stage: three(there, api, stage, text(stage)) for stage in ("reply", "speak", "summarize")}
    live = begin_long(there)
    pid = there.sh(f"systemctl show -P MainPID skazano-agent-main@{live}.service")
    every["execute"] = three(there, api, "execute", text("execute"))
    undo = done.replace("-tg-", "-undo-")
    api.press(*buttons(api, UNDOES, "undo")[-1], user=UNDOES)
    there.wait(f"[ -e {SPOOL}/execute/new/{undo},0 ]")
    parent = task_of(there, api.say_text("сделай две вещи первое обнови документацию второе напиши тесты"))
    there.wait(f"[ -e {SPOOL}/waiting/{parent} ]")
    held = str(
        json.loads(there.run("skazano", "new", "--project", "demo", "--json", "добавь пункт потом"))["id"]
    )
    there.wait(f"ls {SPOOL}/execute/new/{held},0")
    there.run("skazano", "hold", held)
    every["refine"] = three(there, api, "refine", text("refine"))
    every["route"] = three(there, api, "route", text("route"))
    every["transcribe"] = three(there, api, "transcribe", voice)
    every["download"] = three(there, api, "download", voice)

    bring(there, source())
    code, told = install(there, "--yes")
    assert code == 0, told[-3000:]
    assert active(there) == sorted(STAGES)
    assert there.run("skazano", "fsck") == "The spool is in order."
    assert there.sh(f"systemctl show -P MainPID skazano-agent-main@{live}.service") == pid
    api.press(*buttons(api, ASKED, "file")[0], user=ASKED)
    there.sh("touch /var/lib/skazano/agents/main/go")
    there.wait(AT_REST, 180)
    there.sh("rm /var/lib/skazano/agents/main/go")
    assert there.run("skazano", "fsck") == "The spool is in order."
    for stage, tasks in every.items():
        for task in tasks:
            assert there.place(task).startswith("done/"), (
                stage,
                there.sh(f"cat {SPOOL}/tasks/*/{task}/history.jsonl"),
            )
            history = there.sh(f"cat {SPOOL}/tasks/*/{task}/history.jsonl")
            assert [
                history.count(f'"stage": "{name}", "event": "done"') for name in ("execute", "reply")
            ] == [1, 1]
    for task in (live, asked, undo, parent, f"{parent}.1", f"{parent}.2"):
        assert there.place(task).startswith("done/"), task
    assert there.place(failed).startswith("failed/")
    assert there.place(held).startswith("hold/")


def test_an_upgrade_that_is_killed_is_finished_by_the_next_one(there: Box) -> None:
    bring(there, source(newer))
    began = there.sh("cut -d' ' -f1 /proc/uptime")
    there.sh(
        "cd /root/src; setsid ./install.sh --yes >/root/killed.log 2>&1 & pid=$!;"
        "until grep -q 'restart summarize' /root/killed.log; do sleep 0.02; done; kill -KILL -- -$pid"
    )
    code, told = install(there, "--yes")
    assert code == 0, told[-3000:]
    since = there.sh(
        "systemctl show -P ActiveEnterTimestampMonotonic 'skazano@*' | sort -n | grep . | head -1"
    )
    assert int(since) / 1e6 > float(began)
    assert active(there) == sorted(STAGES)


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
    """The environment is kept aside: to make it again would take a minute and show nothing."""
    tasks = there.sh("ls /var/spool/skazano/tasks/*/ | grep -c '^20'")
    there.run("skazano", "backup", "--to", "/root/backup.tar.gz", "--secrets")
    there.sh("mkdir /root/aside && mv /opt/skazano.d/venv-* /root/aside/")
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
    # From a bare shell with other answers, and killed on its way.
    there.sh("mkdir -p /opt/skazano.d && mv /root/aside/venv-* /opt/skazano.d/")
    bare = (
        "cd /root/src && umask 077 && env -i PATH=/usr/bin:/bin LC_ALL=C ./install.sh --yes --token-file skip"
    )
    there.sh(
        f"setsid bash -c '{bare}' &>/root/killed.log </dev/null & pid=$!;"
        "until grep -q 'configuration' /root/killed.log; do sleep 0.01; done; kill -KILL -- -$pid"
    )
    code, told = there.ask("bash", "-c", bare, seconds=600)
    assert code == 0, told[-3000:]
    assert sorted(set(STAGES) - set(active(there))) == ["react", "receive"]
    there.run("systemctl", "stop", "skazano.target", "skazano@*")
    there.run("skazano", "restore", "/root/backup.tar.gz", "--with-config")
    assert there.sh("ls /var/spool/skazano/tasks/*/ | grep -c '^20'") == tasks
    assert there.run("skazano", "fsck") == "The spool is in order."
    there.run("systemctl", "start", "skazano.target")
    there.wait(ALL_ACTIVE, 120)
