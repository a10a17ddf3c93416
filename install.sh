#!/usr/bin/env bash
# Makes sure that everything Skazano needs is there, then does what it is asked to do.
# What is there is left alone: a run that finds all of it costs milliseconds and needs neither root nor network.
set -euo pipefail

ROOT=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
VENV=$ROOT/.venv
LOCK=$ROOT/requirements.txt
CACHE=$ROOT/.cache
LOG=$CACHE/install.log
SYSTEM=$ROOT/systemd/install.d/system.sh
# PyTorch's own index of CPU builds. PyPI's torch for Linux is the CUDA one.
TORCH_INDEX=https://download.pytorch.org/whl/cpu
# Another Python's settings must not leak into the environment made here.
unset PYTHONHOME PYTHONPATH PIP_USER PIP_TARGET PIP_PREFIX

usage() {
    cat <<'TEXT'
usage: sudo ./install.sh [ANSWER …]        install on this machine, or upgrade; --help says which answers there are
       ./install.sh demo [--clean | …]     play a Telegram conversation against real stages and show what comes out
       ./install.sh test [--quick | ARGS]  run every check; --quick leaves the slow tests out; other ARGS go to pytest alone
       ./install.sh bench [NAME …] [--json FILE]
       ./install.sh setup                  only install what is missing into this checkout
TEXT
}

say() { printf 'install.sh: %s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

# step WHAT COMMAND…: one line on the screen, the output in the log; when it fails, the log's end.
step() {
    local what=$1 begin=$SECONDS
    shift
    printf 'install.sh: %s … ' "$what" >&2
    printf '\n== %s: %s\n' "$what" "$*" >>"$LOG"
    # A subshell that is no condition: only so does set -e hold within a function of several commands.
    set +e
    (
        set -e
        "$@"
    ) >>"$LOG" 2>&1
    local status=$?
    set -e
    if ((status == 0)); then
        printf '%d s\n' $((SECONDS - begin)) >&2
    else
        printf 'FAILED\n' >&2
        tail -n 15 "$LOG" | sed 's/^/    /' >&2
        die "$what: failed. The whole log is $LOG; run the same command again when the cause is gone."
    fi
}

# --- Debian packages ---------------------------------------------------------------------------

# missing COMMAND=PACKAGE…: the packages whose command is not to be found.
missing() {
    local pair
    for pair in "$@"; do
        command -v "${pair%%=*}" >/dev/null || echo "${pair#*=}"
    done
}

need_debian() {
    local packages
    mapfile -t packages < <(missing "$@")
    ((${#packages[@]})) || return 0
    apt_install "${packages[@]}"
    mapfile -t packages < <(missing "$@")
    ((${#packages[@]} == 0)) || die "apt-get put no command in PATH for: ${packages[*]}"
}

apt_install() {
    command -v apt-get >/dev/null ||
        die "missing: $*. Install them with this system's package manager (those are Debian's names)."
    if ((EUID != 0)); then
        say "missing Debian packages: $*. Install them, then run this again:"
        die "    sudo apt-get update && sudo apt-get install -y --no-install-recommends $*"
    fi
    local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300)
    # 9>&-: a service that a package starts must not keep our lock.
    step "Debian's package lists" "${apt[@]}" update 9>&-
    step "Debian packages: $*" "${apt[@]}" install -y --no-install-recommends "$@" 9>&-
}

# --- the Python environment --------------------------------------------------------------------

# The stamp names the lock and the place that the environment was made for; a moved one has wrong paths inside.
venv_key() { printf '%s\n' "$ROOT" | cat - "$LOCK" | sha256sum | cut -d' ' -f1; }

venv_is_whole() {
    [[ -x $VENV/bin/python && -f $VENV/.whole && $(<"$VENV/.whole") == "$(venv_key)" ]]
}

# find_python: the path of the first Python that is new enough, or nothing.
find_python() {
    local name
    for name in python3.11 python3.12 python3.13 python3; do
        # A name in PATH may be a shim for a Python that is not there: run it.
        "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
        "$name" -c 'import os, sys; print(os.path.realpath(sys.executable))'
        return
    done
}

need_venv_module() {
    local python=$1 version
    "$python" -c 'import ensurepip, venv' 2>/dev/null && return
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    apt_install "python$version-venv"
    "$python" -c 'import ensurepip, venv' || die "$python still cannot make a virtual environment"
}

pin() { grep -m1 "^$1==" "$LOCK"; }

pip() { "$VENV/bin/python" -m pip --disable-pip-version-check --no-input "$@"; }

torch_index_answers() {
    # `timeout` bounds the name lookup too, which urlopen's own limit does not.
    timeout 8 "$VENV/bin/python" - "$TORCH_INDEX/torch/" <<'PY' >>"$LOG" 2>&1
import sys
import urllib.request
urllib.request.urlopen(sys.argv[1], timeout=5).close()
PY
}

# What torch would bring along on this machine; nothing CUDA among it is printed as "".
cuda_requirements() {
    "$VENV/bin/python" - "$1" <<'PY'
import json
import sys
from pip._vendor.packaging.requirements import Requirement
with open(sys.argv[1], encoding="utf-8") as report:
    metadata = json.load(report)["install"][0]["metadata"]
needs = map(Requirement, metadata.get("requires_dist", []))
needs = [r.name for r in needs if r.marker is None or r.marker.evaluate({"extra": ""})]
print(*(n for n in needs if n.startswith(("nvidia", "cuda", "triton"))))
PY
}

# Ask pip which torch it would take before it takes it: fast-deps reads a few kilobytes of the wheel.
install_torch() {
    local index=() why="PyTorch's CPU index has no build for this Python and machine" cuda torch
    torch=$(pin torch)
    if torch_index_answers; then
        index=(--extra-index-url "$TORCH_INDEX")
    else
        why="PyTorch's CPU index $TORCH_INDEX cannot be reached"
    fi
    step "looking for a CPU build of $torch" pip install --dry-run --quiet --no-deps --ignore-installed \
        --use-feature=fast-deps --report "$CACHE/torch.json" "${index[@]}" "$torch"
    cuda=$(cuda_requirements "$CACHE/torch.json")
    if [[ -n $cuda ]]; then
        say "only the CUDA build of $torch could be had, gigabytes that are of no use here: nothing was downloaded."
        die "$why. Make it reachable, or point pip at a folder with the CPU wheel (PIP_FIND_LINKS=DIR), and run this again."
    fi
    step "$torch for the CPU (about 200 MB)" pip install --no-deps "${index[@]}" "$torch"
}

build_venv() {
    local python
    python=$(find_python)
    if [[ -z $python ]]; then
        apt_install python3
        python=$(find_python)
    fi
    [[ -n $python ]] || die "no Python 3.11 or newer in PATH, and this system's python3 is older"
    need_venv_module "$python"
    step "Python environment in .venv" make_venv "$python"
    step "$(pin pip)" pip install --no-deps "$(pin pip)" "$(pin setuptools)"
    install_torch
    # Two packages are source only and need no more than the setuptools that is there.
    step "the other Python packages" pip install --no-deps --no-build-isolation -r "$LOCK"
    step "a look at the result" "$VENV/bin/python" -c \
        'import msgspec, soundfile, torch; assert torch.version.cuda is None, torch.__version__'
    venv_key >"$VENV/.whole.tmp"
    mv "$VENV/.whole.tmp" "$VENV/.whole" # last: without it the next run begins anew
}

make_venv() {
    rm -rf "$VENV"
    "$1" -m venv "$VENV"
}

# --- everything, once at a time ----------------------------------------------------------------

# prepare COMMAND=PACKAGE…
prepare() {
    local packages
    mapfile -t packages < <(missing "$@")
    if ((${#packages[@]} == 0)) && venv_is_whole; then return; fi
    mkdir -p "$CACHE"
    exec 9>"$CACHE/install.lock"
    if ! flock -n 9; then
        say "another install.sh is at work in this checkout: waiting for it"
        flock 9
    fi
    date -u '+%Y-%m-%dT%H:%M:%SZ install.sh' >"$LOG"
    need_debian "$@"
    venv_is_whole || build_venv
    exec 9>&-
}

# --- what it is asked to do --------------------------------------------------------------------

run_demo() { exec "$VENV/bin/python" "$ROOT/tests/demo.py" "$@"; }

run_bench() { exec "$VENV/bin/python" "$ROOT/tests/bench/run.py" "$@"; }

run_setup() { say "everything is there: $("$VENV/bin/python" --version) in .venv"; }

# With arguments for pytest only pytest runs; without, every check does and pytest has the last word.
run_test() {
    local failed=()
    cd "$ROOT"
    if [[ $# -gt 0 && $1 != --quick ]]; then
        exec "$VENV/bin/python" -m pytest "$@"
    fi
    [[ ${1-} != --quick ]] || set -- -m "not slow" "${@:2}"
    check shellcheck shellcheck -x install.sh .ci/run systemd/install.d/*.sh systemd/install.d/skazano tests/box
    check ruff "$VENV/bin/python" -m ruff check
    check mypy "$VENV/bin/python" -m mypy
    # The real claude and codex, for the tests that drive them against a scripted model server.
    check agents env PYTHONPATH="$ROOT/lib" "$VENV/bin/python" "$ROOT/tests/real_agents.py"
    check pytest "$VENV/bin/python" -m pytest "$@"
    ((${#failed[@]} == 0)) || die "failed: ${failed[*]}"
}

# check NAME COMMAND…: run it, remember its failure in the caller's list.
check() {
    local name=$1
    shift
    say "$name"
    "$@" || failed+=("$name")
}

readonly RUN=(ffmpeg=ffmpeg espeak-ng=espeak-ng git=git)
readonly TEST=("${RUN[@]}" strace=strace shellcheck=shellcheck chromium=chromium npm=npm git-lfs=git-lfs)

main() {
    local command=${1-}
    (($# == 0)) || shift
    case $command in
    demo | bench | setup)
        prepare "${RUN[@]}"
        "run_$command" "$@"
        ;;
    test)
        prepare "${TEST[@]}"
        run_test "$@"
        ;;
    -h | --help | help)
        usage
        if [[ -e $SYSTEM ]]; then
            # shellcheck source=systemd/install.d/system.sh
            source "$SYSTEM"
            system_usage
        fi
        ;;
    "") nothing_asked ;;
    --*)
        # shellcheck source=systemd/install.d/system.sh
        source "$SYSTEM"
        install_system "$command" "$@"
        ;;
    *)
        usage >&2
        exit 2
        ;;
    esac
}

nothing_asked() {
    if ((EUID != 0)); then
        usage >&2
        exit 2
    fi
    # shellcheck source=systemd/install.d/system.sh
    source "$SYSTEM"
    install_system
}

main "$@"
