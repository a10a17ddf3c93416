"""install.sh, the lock, bin/_here.py and the bench runner.

install.sh runs for real in a small tree. What stands in for the outside: apt-get, the system's Python that
would make the environment, and pip, which would fetch a gigabyte. The full installation needs no test of
its own: `./install.sh test` is one.
"""

import ast
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from skazano.config import Config, parse

ROOT = Path(__file__).resolve().parent.parent

# Declared by the package, not needed by what is used of it (gigaam gets a stand-in for torchaudio).
NOT_NEEDED = {"gigaam": {"torchaudio", "pydub"}, "silero-tts": {"torchaudio"}}
WRONG_PINS = {"gigaam"}

TOOLS = "bash cat cut date dirname env flock grep ln mkdir mv readlink rm sed sha256sum tail timeout"

FAKE_APT = """#!/bin/bash
echo "apt-get $*" >>"$CALLS"
[[ $* == *install* && -z ${APT_FAILS-} ]] || exit 0
for package; do
    case $package in ffmpeg | espeak-ng | git | strace | shellcheck) ln -sf /bin/true "$BIN/$package" ;; esac
done
"""

# A Python that makes an environment of one file, itself, whose pip only says what it was asked.
FAKE_PYTHON = """#!/bin/bash
if [[ $* == *"-m venv"* ]]; then
    echo venv >>"$CALLS"
    mkdir -p "${!#}/bin"
    cp "$0" "${!#}/bin/python"
elif [[ $* == "-m pip"* ]]; then
    echo "$*" >>"$CALLS"
    [[ $* != *-r* || -z ${PIP_FAILS-} ]] || { echo "no space left on device"; exit 1; }
    while (($#)); do [[ $1 != --report ]] || printf '%s' "$REPORT" >"$2"; shift; done
elif [[ $* == *realpath* ]]; then
    echo "$0"
elif [[ $* == "- http"* ]]; then
    exit "${INDEX_STATUS-1}"
elif [[ $* == *"import msgspec"* ]]; then
    :
elif [[ $1 == */demo.py || $1 == */run.py ]]; then
    echo "ran ${*##*/}"
else
    exec "$REAL" "$@"
fi
"""


def torch_report(*requires: str) -> str:
    """What pip's report says of the torch it would take."""
    return json.dumps({"install": [{"metadata": {"name": "torch", "requires_dist": list(requires)}}]})


CPU = torch_report("filelock", 'opt-einsum; extra == "opt-einsum"')
CUDA = torch_report("filelock", 'triton==3.7.1; platform_system == "Linux"', "nvidia-cudnn-cu13==9.20.0.48")


class Tree:
    """A checkout with install.sh and the lock, and a PATH with nothing but what is put there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.bin = path / "path"
        self.calls = path / "calls"
        self.bin.mkdir()
        for name in ("install.sh", "requirements.txt"):
            shutil.copy2(ROOT / name, path / name)
        for name in TOOLS.split():
            self.link(name)
        self.program("cp", '#!/bin/bash\nexec /bin/cp "$@"\n')
        self.program("python3.11", FAKE_PYTHON)
        self.program("apt-get", FAKE_APT)

    def link(self, name: str, target: str | None = None) -> None:
        found = target or shutil.which(name)
        assert found, name
        (self.bin / name).symlink_to(found)

    def program(self, name: str, text: str) -> None:
        (self.bin / name).write_text(text)
        (self.bin / name).chmod(0o755)

    def have(self, *names: str) -> None:
        for name in names:
            self.link(name, "/bin/true")

    def env(self, **more: str) -> dict[str, str]:
        fixed = {"PATH": str(self.bin), "BIN": str(self.bin), "CALLS": str(self.calls)}
        return {**fixed, "REAL": sys.executable, "REPORT": CPU, "HOME": str(self.path), **more}

    def start(self, *args: str, user: int | None = None, **env: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["/bin/bash", str(self.path / "install.sh"), *args],
            env=self.env(**env), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, user=user,
        )  # fmt: skip

    def run(self, *args: str, user: int | None = None, **env: str) -> tuple[int, str]:
        process = self.start(*args, user=user, **env)
        out, _ = process.communicate(timeout=60)
        return process.returncode, out

    def called(self) -> list[str]:
        lines = self.calls.read_text().splitlines() if self.calls.exists() else []
        self.calls.unlink(missing_ok=True)
        return lines


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


@pytest.fixture
def ready(tree: Tree) -> Tree:
    """A tree that lacks nothing."""
    tree.have("ffmpeg", "espeak-ng", "git")
    status, out = tree.run("setup")
    assert status == 0, out
    tree.called()
    return tree


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="apt-get is only run by root")


# --- Debian packages


@as_root
def test_installs_exactly_what_is_missing(tree: Tree) -> None:
    tree.have("git")
    status, out = tree.run("setup")
    assert status == 0, out
    apt = [line for line in tree.called() if line.startswith("apt-get")]
    assert [line.split()[4] for line in apt] == ["update", "install"]
    assert apt[1].split()[4:] == ["install", "-y", "--no-install-recommends", "ffmpeg", "espeak-ng"]


@as_root
def test_a_package_that_does_not_come_is_told(tree: Tree) -> None:
    tree.have("git", "ffmpeg")
    status, out = tree.run("setup", APT_FAILS="1")
    assert status == 1
    assert "espeak-ng" in out.splitlines()[-1]
    assert not (tree.path / ".venv").exists()


def test_who_is_not_root_gets_the_command(tree: Tree) -> None:
    tree.have("git")
    user = None
    if os.geteuid() == 0:
        user = 65534
        open_to_all(tree.path)
    status, out = tree.run("setup", user=user)
    assert status == 1
    wanted = "sudo apt-get update && sudo apt-get install -y --no-install-recommends ffmpeg espeak-ng"
    assert wanted in out
    assert tree.called() == []


def open_to_all(path: Path) -> None:
    """Let another user work in path, whose parents pytest keeps to itself."""
    path.chmod(0o777)
    for parent in path.parents:
        if parent.stat().st_uid == os.geteuid() and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o011)


def test_no_apt_here(tree: Tree) -> None:
    (tree.bin / "apt-get").unlink()
    status, out = tree.run("setup")
    assert status == 1
    assert "missing: ffmpeg espeak-ng git" in out


# --- the environment


def test_second_run_does_nothing(ready: Tree) -> None:
    assert ready.run("demo", "--clean") == (0, "ran demo.py --clean\n")
    assert ready.run("bench", "hop", "a b") == (0, "ran run.py hop a b\n")
    assert ready.called() == []


def test_order_of_the_installation(tree: Tree) -> None:
    tree.have("ffmpeg", "espeak-ng", "git")
    tree.run("setup", INDEX_STATUS="0")
    calls = tree.called()
    assert calls[0] == "venv"
    assert [line for line in calls if "--extra-index-url" in line] == calls[2:4]
    assert "--dry-run" in calls[2]
    assert re.search(r"install --no-deps .* torch==", calls[3])
    assert calls[4].endswith(f"install --no-deps --no-build-isolation -r {tree.path}/requirements.txt")
    assert len(calls) == 5


def test_index_out_of_reach_is_dropped(tree: Tree) -> None:
    tree.have("ffmpeg", "espeak-ng", "git")
    status, out = tree.run("setup", INDEX_STATUS="1")
    assert status == 0, out
    assert "--extra-index-url" not in "\n".join(tree.called())


@pytest.mark.parametrize(("index", "reason"), [("0", "has no build"), ("1", "cannot be reached")])
def test_cuda_is_refused_before_it_is_downloaded(tree: Tree, index: str, reason: str) -> None:
    tree.have("ffmpeg", "espeak-ng", "git")
    status, out = tree.run("setup", INDEX_STATUS=index, REPORT=CUDA)
    assert status == 1
    assert "only the CUDA build" in out
    assert reason in out
    assert "--dry-run" in tree.called()[-1]
    assert not (tree.path / ".venv/.whole").exists()


def test_half_made_environment_is_made_anew(tree: Tree) -> None:
    tree.have("ffmpeg", "espeak-ng", "git")
    status, out = tree.run("setup", PIP_FAILS="1")
    assert status == 1
    assert "no space left on device" in out
    (tree.path / ".venv/leftover").touch()
    status, out = tree.run("setup")
    assert status == 0, out
    assert tree.called().count("venv") == 2
    assert not (tree.path / ".venv/leftover").exists()


@pytest.mark.parametrize("harm", ["lock", "python", "stamp", "moved"])
def test_what_is_not_whole_is_made_anew(ready: Tree, harm: str) -> None:
    match harm:
        case "lock":
            with (ready.path / "requirements.txt").open("a") as lock:
                lock.write("more==1.0\n")
        case "python":
            (ready.path / ".venv/bin/python").unlink()
            (ready.path / ".venv/bin/python").symlink_to("/nowhere/python3.11")
        case "stamp":
            (ready.path / ".venv/.whole").write_text("")
        case "moved":
            ready.path.joinpath("elsewhere").mkdir()
            for name in ("install.sh", "requirements.txt", ".venv"):
                (ready.path / name).rename(ready.path / "elsewhere" / name)
            ready.path = ready.path / "elsewhere"
    status, out = ready.run("setup")
    assert status == 0, out
    assert "venv" in ready.called()
    ready.run("setup")
    assert ready.called() == []


def test_two_at_once_install_once(tree: Tree) -> None:
    tree.have("ffmpeg", "espeak-ng", "git")
    (tree.path / ".cache").mkdir()
    with (tree.path / ".cache/install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        runs = [tree.start("setup"), tree.start("setup")]
        for run in runs:
            assert run.stdout is not None
            assert "waiting for it" in run.stdout.readline()
    for run in runs:
        out, _ = run.communicate(timeout=30)
        assert run.returncode == 0, out
    assert tree.called().count("venv") == 1


def test_python_too_old_or_a_dead_shim(tree: Tree) -> None:
    tree.have("ffmpeg", "espeak-ng", "git")
    tree.program("python3.11", "#!/bin/bash\necho 'command not found' >&2; exit 127\n")
    tree.program("python3", "#!/bin/bash\nexit 1\n")
    status, out = tree.run("setup")
    assert status == 1
    assert "Python 3.11 or newer" in out or "apt-get install" in out


# --- the words


def test_unknown_and_no_command(tree: Tree) -> None:
    user = None  # root without a word would install
    if os.geteuid() == 0:
        user = 65534
        open_to_all(tree.path)
    for args in ([], ["frobnicate"]):
        status, out = tree.run(*args, user=user)
        assert status == 2
        assert "./install.sh demo" in out
    assert tree.called() == []


# --- the system-wide installation: what needs no system. tests/test_system.py does it on a machine of its own


def system(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/bash", str(ROOT / "install.sh"), *args],
        env={"PATH": os.environ["PATH"], "HOME": "/", **env}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_dry_run_says_what_it_would_do_and_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("5550001112:AAGf9bYtM2nUe0Wq3ZxK7cVd4LhR8sJpXyI\n")
    names = ("/opt/skazano", "/etc/skazano", "/var/spool/skazano", "/usr/local/bin/skazano")
    places = [Path(name) for name in names]
    before = [place.exists() for place in places]
    token = str(tmp_path / "token")
    done = system("--dry-run", "--token-file", token, "--user", "5512", "--domain", "box.example")
    assert done.returncode == 0, done.stderr
    said = done.stderr
    for words in ("check the token", "users and groups", "units, polkit rule", "https://box.example"):
        assert words in said
    assert "AAGf9bYtM2nUe0Wq3ZxK7cVd4LhR8sJpXyI" not in said
    assert said.splitlines()[-1] == "install.sh: nothing was changed"
    assert [place.exists() for place in places] == before


@pytest.mark.parametrize(
    ("flag", "value", "remedy"),
    [
        ("--user", "me", "--user 123456789"),
        ("--token-file", "/nowhere/token", "path of a file"),
        ("--domain", "box.example; rm -rf /", "--domain box.example.org"),
        ("--domain", "", "--help"),
        ("--lang", "de", "--lang ru"),
        ("--api-url", 'https://x" -o /etc/passwd', "https://host"),
    ],
)
def test_a_wrong_answer_names_the_remedy(flag: str, value: str, remedy: str) -> None:
    done = system("--dry-run", flag, value)
    assert done.returncode == 1
    assert remedy in done.stderr
    assert "would:" not in done.stderr


def test_a_token_that_is_none() -> None:
    done = system("--dry-run", SKAZANO_TOKEN="not-a-token")
    assert done.returncode == 1
    assert "@BotFather" in done.stderr


def test_unknown_flags_and_help() -> None:
    assert system("--frobnicate").returncode == 2
    for words in (("--help",), ("--yes", "--help")):
        done = system(*words)
        assert done.returncode == 0
        for flag in ("--token-file", "--dry-run", "--uninstall", "--purge", "--yes", "--domain"):
            assert flag in done.stdout


def pairing(offset: int, *updates: dict[str, object]) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-I", str(ROOT / "systemd/install.d/pairing.py"), "314159", str(offset)],
        input=json.dumps({"ok": True, "result": updates}),
        capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    return done.stdout.split()


def said(number: int, text: str, sender: int, kind: str = "private") -> dict[str, object]:
    message = {"text": text, "from": {"id": sender}, "chat": {"id": sender, "type": kind}}
    return {"update_id": number, "message": message}


def test_who_sends_the_code_is_the_owner() -> None:
    assert pairing(0) == []
    assert pairing(0, said(7, "привет", 66)) == ["8"]
    batch = said(8, "314158", 66), said(9, "/start 314159", 5512), said(10, "314159", 66)
    assert pairing(8, *batch) == ["10", "5512"]
    assert pairing(0, said(3, "314159", 66, "group"), {"update_id": 4, "my_chat_member": {}}) == ["5"]


def configure(file: Path, **answers: str) -> str:
    given = {"lang": "", "allowed": "", "api_url": "", "domain": "", **answers}
    script, defaults = ROOT / "systemd/install.d/configure.py", ROOT / "lib/skazano/data/skazano.toml"
    words = [f"{key}={value}" for key, value in given.items()]
    subprocess.run(
        [sys.executable, "-I", str(script), str(file), str(defaults), *words], check=True, timeout=30
    )  # fmt: skip
    return file.read_text(encoding="utf-8")


def test_the_configuration_is_written_once_and_then_only_answered(tmp_path: Path) -> None:
    file = tmp_path / "skazano.toml"
    text = configure(file, lang="en", allowed="5512,77", domain="box.example")
    told = parse(file, Config)
    assert (told.chat.lang, told.telegram.allowed) == ("en", [5512, 77])
    assert told.paths.spool == "/var/spool/skazano"
    assert told.pages.url == "https://box.example"
    assert "# The spool: every task" in text
    file.write_text(text.replace('lang = "en"', 'lang = "ru"  # mine') + "\n# the end\n", encoding="utf-8")
    before = file.stat().st_ino
    text = configure(file)
    assert file.stat().st_ino == before
    text = configure(file, allowed="1")
    assert parse(file, Config).telegram.allowed == [1]
    assert 'lang = "ru"  # mine' in text
    assert text.endswith("# the end\n")


def test_speech_models_are_offered() -> None:
    script = [sys.executable, "-I", str(ROOT / "systemd/install.d/models.py")]
    done = subprocess.run([*script, "list"], capture_output=True, text=True, timeout=60, check=True)
    assert "v3_ctc" in done.stdout
    assert "225 MB" in done.stdout
    unknown = [*script, "get", "/tmp", "nope"]
    wrong = subprocess.run(unknown, capture_output=True, text=True, timeout=60, check=False)
    assert wrong.returncode == 2
    assert "there are: " in wrong.stderr


def test_every_package_of_an_installation_has_checksums() -> None:
    text = (ROOT / "requirements-hashes.txt").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    known = {line[0]: line[1:] for line in lines}
    lock, _, tests = (ROOT / "requirements.txt").read_text(encoding="utf-8").partition("\n# tests only\n")
    assert tests
    wanted = {line for line in lock.splitlines() if "==" in line and not line.startswith(("#", "torch=="))}
    assert known.keys() == wanted, "run tools/hashes.py"
    for name, sums in known.items():
        assert sums, name
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", sum) for sum in sums), name


def test_ci_is_the_test_command() -> None:
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    assert script.read_text().splitlines()[-1] == "exec ./install.sh test"


# --- the lock


def locked() -> dict[str, str]:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pairs}


def direct() -> dict[str, str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needs = map(Requirement, project["dependencies"] + project["optional-dependencies"]["test"])
    return {canonicalize_name(need.name): str(need.specifier).removeprefix("==") for need in needs}


def needs_of(name: str) -> Iterator[Requirement]:
    """What an installed package needs on this machine."""
    for text in metadata.requires(name) or []:
        need = Requirement(text)
        if need.marker is None or need.marker.evaluate({"extra": ""}):
            yield need


def test_pyproject_and_lock_agree() -> None:
    lock = locked()
    assert {name: lock.get(name) for name in direct()} == direct()


def test_environment_is_the_lock() -> None:
    versions = {name: metadata.version(name).removesuffix("+cpu") for name in locked()}
    assert versions == locked()


def test_nothing_missing_from_the_lock() -> None:
    lock = locked()
    for name in lock:
        for need in needs_of(name):
            other = canonicalize_name(need.name)
            if other in NOT_NEEDED.get(name, ()):
                assert other not in lock, f"{other} is in the lock, {name} does not need it"
            else:
                assert other in lock, f"{name} needs {other}"
                assert name in WRONG_PINS or need.specifier.contains(lock[other]), (name, str(need))


def test_nothing_left_over_in_the_lock() -> None:
    reached, ahead = set(), [*direct(), "pip", "setuptools"]
    while ahead:
        name = ahead.pop()
        if name not in reached:
            reached.add(name)
            more = {canonicalize_name(need.name) for need in needs_of(name)}
            ahead += more - NOT_NEEDED.get(name, set())
    assert reached == set(locked())


def imported(source: str) -> Iterator[str]:
    """The top-level modules that a program imports, wherever in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def test_everything_imported_is_in_the_lock() -> None:
    programs = [p for top in ("lib", "bin", "tests") for p in (ROOT / top).rglob("*.py")]
    programs.append(ROOT / "bin/skazano")
    own = {p.stem for p in programs} | {"skazano"}
    # Whoever has Whisper's weights can hear the corpus anew with it: tests/bench/_speak_*.py --whisper.
    known = {*sys.stdlib_module_names, *own, *NOT_NEEDED["gigaam"], "faster_whisper"}
    comes_with = metadata.packages_distributions()
    for program in filter(Path.exists, programs):
        for module in set(imported(program.read_text())) - known:
            names = {canonicalize_name(name) for name in comes_with.get(module, [])}
            assert names & set(locked()), f"{program.relative_to(ROOT)} imports {module}"


# --- bin/_here.py

STAGE = """
import _here  # noqa: F401
import json, sys
import skazano
print(json.dumps([sys.prefix, sys.path, sys.argv, skazano.__file__]))
"""


@pytest.fixture
def stage(tmp_path: Path) -> Path:
    """A tree with one stage and its library, no environment yet."""
    for folder in ("bin", "lib/skazano"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copy(ROOT / "bin/_here.py", tmp_path / "bin")
    (tmp_path / "lib/skazano/__init__.py").touch()
    (tmp_path / "bin/json.py").write_text("raise SystemExit('bin/json.py stood in for json')")
    (tmp_path / "bin/index.py").write_text(STAGE)
    return tmp_path / "bin/index.py"


def other_python() -> str:
    """The Python that the environment was made from: any one that is not the environment's."""
    return str(Path(sys.executable).resolve())


def environment(tree: Path, name: str) -> Path:
    """An environment without packages, made in no time."""
    (tree / name / "bin").mkdir(parents=True)
    (tree / name / "bin/python").symlink_to(other_python())
    (tree / name / "pyvenv.cfg").write_text(f"home = {Path(other_python()).parent}\n")
    return tree / name


@pytest.mark.parametrize("name", [".venv", "venv"])
def test_stage_enters_its_environment(stage: Path, name: str) -> None:
    root = stage.parent.parent
    venv = environment(root, name)
    for python in (other_python(), str(venv / "bin/python")):
        out = subprocess.check_output([python, stage, "--once", "a b", ""], cwd="/", text=True)
        prefix, path, argv, package = json.loads(out)
        assert prefix == str(venv)
        assert path[0] == str(root / "lib")
        assert str(root / "bin") not in path
        assert argv == [str(stage), "--once", "a b", ""]
        assert package == str(root / "lib/skazano/__init__.py")


def test_stage_without_environment_says_what_to_do(stage: Path) -> None:
    result = subprocess.run([other_python(), stage], capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert "./install.sh setup" in result.stderr


def test_broken_environment_does_not_loop(stage: Path) -> None:
    venv = environment(stage.parent.parent, ".venv")
    (venv / "pyvenv.cfg").unlink()
    result = subprocess.run(
        [other_python(), stage], capture_output=True, text=True, check=False, timeout=20
    )
    assert result.returncode == 1
    assert "broken" in result.stderr


def test_imported_it_changes_nothing(stage: Path) -> None:
    environment(stage.parent.parent, ".venv")
    code = "import sys; before = sys.path[:]; import _here; print(sys.path == before)"
    env = {**os.environ, "PYTHONPATH": str(stage.parent)}
    # -S: bin/json.py is first in this path, and nothing of the start-up may meet it
    out = subprocess.check_output([other_python(), "-S", "-c", code], env=env, text=True)
    assert out == "True\n"


# --- tests/bench/run.py


@pytest.fixture
def bench(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    folder = tmp_path / "tests/bench"
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "tests/bench/run.py", folder)
    figure = {"bench": "hop", "what": "медиана", "value": 1.23456, "unit": "ms", "against": 5, "ratio": 0.25}
    (folder / "hop.py").write_text(f"print({json.dumps(json.dumps(figure))})\nprint('warm-up')\n")
    (folder / "sad.py").write_text("print('{}'); raise SystemExit(3)")
    (folder / "_help.py").write_text("raise SystemExit('not a measurement')")

    def run(*args: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(folder / "run.py"), *args]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)

    return run


def test_bench_passes_figures_on(
    bench: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    result = bench("hop", "--json", "out.jsonl")
    assert result.returncode == 0
    assert result.stdout.split() == ["hop", "медиана", "1.235", "ms", "against", "5", "×0.25"]
    assert result.stderr == "warm-up\n"
    assert json.loads((tmp_path / "out.jsonl").read_text())["value"] == 1.23456


def test_bench_names_failures_and_unknown_names(
    bench: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    everything = bench()
    assert everything.returncode == 1
    assert "hop" in everything.stdout
    assert "sad failed, exit status 3" in everything.stderr
    unknown = bench("nope")
    assert unknown.returncode == 2
    assert "there are: hop, sad" in unknown.stderr
