# shellcheck shell=bash
# The program: a release beside the one in use, its environment, and the switch from one to the other.

# What a release consists of. Its name is the hash of all of it: the same version is one release.
release_files() {
    (cd "$ROOT" && find bin lib web systemd install.sh requirements*.txt README.md LICENSE spool/README.md \
        -type f ! -path '*/__pycache__/*' ! -name '*.pyc' -print0 2>/dev/null | sort -z)
}

release_name() {
    (cd "$ROOT" && release_files | xargs -0 sha256sum) | sha256sum | cut -c1-12
}

place_program() {
    NEW=$RELEASES/release-$(release_name)
    OLD=''
    [[ ! -L $OPT ]] || OLD=$(readlink "$OPT")
    [[ ! -e $OPT || -L $OPT ]] || fail "program" "$OPT is no link, so it is not ours" "move it away"
    local python
    python=$(find_python)
    if [[ -z $python ]]; then
        [[ -n $DRY ]] || fail "program" "no Python 3.11 or newer" "Debian 12, Ubuntu 24.04 or newer have one"
        python=python3
    fi
    ENVIRONMENT=$RELEASES/venv-$(environment_name "$python")
    if [[ ! -e $ENVIRONMENT/.whole ]]; then
        if [[ -n $DRY ]]; then say "would: make the Python environment $ENVIRONMENT (1.5 GB)"; else build_environment "$python"; fi
    fi
    [[ -e $NEW/.whole ]] || doing "program in $NEW" copy_program
}

environment_name() { # PYTHON
    { "$1" -c 'import sys; print(sys.version_info[:2])' && cat "$ROOT"/requirements*.txt; } | sha256sum | cut -c1-12
}

# install.sh's own steps, for another place. What was left half made is made anew.
build_environment() {
    # shellcheck disable=SC2034 # make_venv, pip and install_torch of install.sh go by these
    VENV=$ENVIRONMENT CACHE=$RELEASES
    mkdir -p "$RELEASES"
    step "Python environment $VENV" make_venv "$1"
    step "$(pin pip)" pip install --no-deps "$(pin pip)" "$(pin setuptools)"
    install_torch
    local lock=(-r "$LOCK")
    [[ ! -e $ROOT/requirements-hashes.txt ]] || lock=(--require-hashes -r "$ROOT/requirements-hashes.txt")
    step "the other Python packages" pip install --no-deps --no-build-isolation "${lock[@]}"
    step "a look at the result" "$VENV/bin/python" -c \
        'import msgspec, soundfile, torch; assert torch.version.cuda is None, torch.__version__'
    rm -f "$RELEASES/torch.json"
    : >"$VENV/.whole"
}

copy_program() {
    local work=$NEW.tmp
    rm -rf "$work"
    mkdir -p "$work"
    (cd "$ROOT" && release_files | xargs -0 cp --parents -t "$work")
    chmod -R u=rwX,go=rX "$work"
    ln -s "$ENVIRONMENT" "$work/venv"
    # Stages write no bytecode: they may not.
    "$ENVIRONMENT/bin/python" -m compileall -q -s "$work" -p "$NEW" "$work/lib" "$work/bin"
    : >"$work/.whole"
    mv "$work" "$NEW"
}

fetch_models() {
    if [[ -z $MODELS && -z $YES && -z $DRY ]] && ! compgen -G '/var/lib/skazano/models/*/*' >/dev/null; then
        "$NEW/venv/bin/python" -I "$HERE/models.py" list >/dev/tty
        MODELS=$(ask "Speech models to fetch, with commas (Enter: v3_ctc; skip: none):")
        MODELS=${MODELS:-v3_ctc}
    fi
    [[ -n $MODELS && $MODELS != skip ]] || return 0
    doing "speech models: $MODELS" "$NEW/venv/bin/python" -I "$HERE/models.py" get /var/lib/skazano/models "${MODELS//,/ }"
}

# --- the switch --------------------------------------------------------------------------------

switch_and_start() {
    if [[ -n $DRY ]]; then
        say "would: switch $OPT to $NEW and restart the stages one by one; runs of agents go on"
        return
    fi
    migrate
    if [[ $OLD == "$NEW" ]]; then
        start_stages
        return
    fi
    step "switch to ${NEW##*/}" point_to "$NEW"
    if [[ -z $OLD ]]; then
        start_stages
        return
    fi
    restart_stages || {
        say "a stage does not start with the new version: going back to ${OLD##*/}"
        point_to "$OLD"
        place_old_units
        restart_stages || true
        fail "upgrade" "the stage named above fails: journalctl -u 'skazano@*' -n 50" \
            "mend what it says and run this again; the old version is at work"
    }
    prune
}

point_to() {
    ln -sfn "$1" "$OPT.new"
    mv -T "$OPT.new" "$OPT"
}

place_old_units() {
    local kept=$NEW
    NEW=$OLD
    place_units
    NEW=$kept
}

# A spool of an older format is brought up to date while no stage runs; agents' runs do not mind.
migrate() {
    [[ -e $SPOOL/state/format ]] || return 0
    local status=0
    "$NEW/venv/bin/python" "$NEW/bin/skazano" --config "$CONFIG" migrate --check >>"$LOG" 2>&1 || status=$?
    case $status in
    0) return 0 ;;
    3)
        step "stop the stages" systemctl stop skazano.target 'skazano@*.service'
        step "bring the spool up to date" "$NEW/venv/bin/python" "$NEW/bin/skazano" --config "$CONFIG" migrate
        ;;
    *) fail "spool" "$(tail -n 1 "$LOG")" "install the version that made it, or a newer one" ;;
    esac
}

start_stages() {
    step "start" systemctl start skazano.target
    wait_for_stages
}

# Which of them are to run: without a token receive and react stay off.
wait_for_stages() {
    local stage until=$((SECONDS + 900)) state
    for stage in "${STAGES[@]}"; do
        while :; do
            state=$(systemctl show -P ActiveState "skazano@$stage")
            case $state in
            active) break ;;
            inactive) [[ $(systemctl show -P ConditionResult "skazano@$stage") == no ]] && break ;;
            failed) say "skazano@$stage does not start: journalctl -u skazano@$stage -n 20" && break ;;
            esac
            if (($(systemctl show -P NRestarts "skazano@$stage") > 2)); then
                say "skazano@$stage ends again and again: journalctl -u skazano@$stage -n 20"
                break
            fi
            ((SECONDS < until)) || fail "start" "skazano@$stage is $state" "journalctl -u skazano@$stage"
            sleep 0.2
        done
    done
}

restart_stages() {
    local stage
    systemctl daemon-reload
    for stage in "${STAGES[@]}"; do
        printf 'install.sh: restart %s\n' "$stage" >&2
        systemctl restart "skazano@$stage.service" >>"$LOG" 2>&1 || {
            say "skazano@$stage: $(journalctl -u "skazano@$stage" -n 1 -o cat --no-pager)"
            return 1
        }
    done
    systemctl start skazano.target
}

# The release in use, the one before it, and whatever a process still runs from, stay.
prune() {
    local path
    for path in "$RELEASES"/release-*; do
        [[ $path == "$NEW" || $path == "$OLD" ]] && continue
        grep -qsF "$path/" /proc/[0-9]*/maps /proc/[0-9]*/cmdline 2>/dev/null && continue
        rm -rf "$path"
    done
    for path in "$RELEASES"/venv-*; do
        local user used=''
        for user in "$RELEASES"/release-*/venv; do
            [[ $(readlink "$user") != "$path" ]] || used=1
        done
        [[ -n $used ]] || rm -rf "$path"
    done
}
