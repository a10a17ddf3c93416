# shellcheck shell=bash
# shellcheck disable=SC2034 # FAILED is read by system.sh
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
    # The link alone does not tell what the stages run when an upgrade was killed before all were restarted.
    local worked
    worked=$(cat "$RELEASES/at-work" 2>/dev/null) || true
    [[ -z $worked || $worked == "$NEW" || ! -d $worked ]] || OLD=$worked
    [[ ! -e $OPT || -L $OPT ]] || fail "program" "$OPT is no link, so it is not ours" "move it away"
    # Not one in somebody's home: the stages' users could not run it.
    local python
    python=$(PATH=/usr/local/bin:/usr/bin:/bin find_python)
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
    need_space
    need_venv_module "$1"
    # pip unpacks there what it fetches: /tmp may be small.
    export TMPDIR=$RELEASES/tmp
    mkdir -p "$TMPDIR"
    step "Python environment $VENV" make_venv "$1"
    step "$(pin pip)" pip install --no-deps "$(pin pip)" "$(pin setuptools)"
    install_torch
    local lock=(-r "$LOCK")
    [[ ! -e $ROOT/requirements-hashes.txt ]] || lock=(--require-hashes -r "$ROOT/requirements-hashes.txt")
    step "the other Python packages" pip install --no-deps --no-build-isolation "${lock[@]}"
    step "a look at the result" "$VENV/bin/python" -c \
        'import msgspec, soundfile, torch; assert torch.version.cuda is None, torch.__version__'
    rm -rf "$RELEASES/torch.json" "$TMPDIR"
    unset TMPDIR
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
        say "would: units, polkit rule, journal limits"
        say "would: switch $OPT to $NEW and restart the stages one by one; runs of agents go on"
        return
    fi
    migrate
    [[ -z $OLD || -e $RELEASES/at-work ]] || note_at_work "$OLD"
    # No run begins while program and units change.
    [[ -z $OLD || $OLD == "$NEW" ]] || systemctl stop skazano@execute.service
    step "units, polkit rule, journal limits; switch to ${NEW##*/}" switch_to "$NEW"
    if [[ -z $OLD ]]; then
        start_stages
    elif [[ $OLD == "$NEW" ]]; then
        [[ -z $CHANGED ]] || restart_stages || fail "start" "the stage named above fails" "mend what it says and run this again"
        start_stages
    elif restart_stages; then
        prune
    else
        go_back
    fi
    note_at_work "$NEW"
}

switch_to() {
    ln -sfn "$1" "$OPT.new"
    mv -T "$OPT.new" "$OPT"
    place_units "$1"
}

note_at_work() {
    printf '%s\n' "$1" >"$RELEASES/at-work.tmp"
    mv "$RELEASES/at-work.tmp" "$RELEASES/at-work"
}

go_back() {
    say "a stage does not start with the new version: going back to ${OLD##*/}"
    step "units, polkit rule; switch to ${OLD##*/}" switch_to "$OLD"
    restart_stages || true
    fail "upgrade" "the stage named above fails: journalctl -u 'skazano@*' -n 50" \
        "mend what it says and run this again; the old version is at work"
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
            failed)
                say "skazano@$stage does not start: journalctl -u skazano@$stage -n 20"
                FAILED=1
                break
                ;;
            esac
            if (($(systemctl show -P NRestarts "skazano@$stage") > 2)); then
                say "skazano@$stage ends again and again: journalctl -u skazano@$stage -n 20"
                FAILED=1
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
            say "skazano@$stage: $(journalctl -t "skazano-$stage" -n 1 -o cat --no-pager)"
            return 1
        }
    done
    # Those that run here only for other boxes.
    systemctl try-restart skazano@tooler.service skazano@callbacks.service >>"$LOG" 2>&1 || true
    systemctl start skazano.target
}

# The release in use and the one before it stay; all of them while a run goes on, which may be an older one's.
prune() {
    local path
    [[ -z $(systemctl list-units --plain --no-legend 'skazano-agent-*@*') ]] || return 0
    for path in "$RELEASES"/release-*; do
        [[ $path == "$NEW" || $path == "$OLD" ]] || rm -rf "$path"
    done
    for path in "$RELEASES"/venv-*; do
        local user used=''
        for user in "$RELEASES"/release-*/venv; do
            [[ $(readlink "$user") != "$path" ]] || used=1
        done
        [[ -n $used ]] || rm -rf "$path"
    done
}
