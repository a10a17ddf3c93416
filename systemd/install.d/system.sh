# shellcheck shell=bash
# The system-wide installation. Sourced by install.sh, whose say, die, step, missing and apt_install it uses.
# Every step looks first and does only what is missing, so each later run is safe; a later run from another
# version is the upgrade.

OPT=/opt/skazano          # a link to the release in use, switched by one rename
RELEASES=/opt/skazano.d   # releases and environments, side by side
ETC=/etc/skazano
SECRETS=$ETC/secrets
CONFIG=$ETC/skazano.toml
SPOOL=/var/spool/skazano
HERE=$ROOT/systemd/install.d
UNITS=/etc/systemd/system
STAGES=(reply speak summarize execute refine route transcribe download receive react render index)
KEYS=(telegram gemini-key openrouter-key openrouter anthropic openai)
SYSTEM_LOG=/var/log/skazano-install.log
# What a run stops for its own time: started again however it ends.
PAUSED=()
# A stage did not start: said at once, and by the exit code.
FAILED=''

# shellcheck source=systemd/install.d/answers.sh
source "$HERE/answers.sh"
# shellcheck source=systemd/install.d/program.sh
source "$HERE/program.sh"
# shellcheck source=systemd/install.d/pages.sh
source "$HERE/pages.sh"
# shellcheck source=systemd/install.d/remove.sh
source "$HERE/remove.sh"

system_usage() {
    cat <<'TEXT'
usage: sudo ./install.sh [ANSWER …]        install on this machine, or upgrade what is installed
       sudo ./install.sh --dry-run …       say what would be done, change nothing
       sudo ./install.sh --uninstall       remove program and units; spool, projects, configuration stay
       sudo ./install.sh --uninstall --purge   remove those too, after a question (or with --yes)

What is not given is asked; with --yes, or where there is no terminal, it is left as it is. Files hold secrets,
so that none stands in a process list; a variable does the same (sudo hands it on when it stands after sudo).
  --yes                            SKAZANO_YES=1            ask nothing
  --token-file FILE|skip           SKAZANO_TOKEN            the bot's token, from @BotFather
  --user ID[,ID]|skip              SKAZANO_ALLOWED          who may use the bot; else a one-time code is sent to it
  --api-url URL                    SKAZANO_API_URL          a Bot API server of your own
  --gemini-key-file FILE|skip      SKAZANO_GEMINI_KEY       optional
  --openrouter-key-file FILE|skip  SKAZANO_OPENROUTER_KEY   optional
  --anthropic-key-file FILE|skip   SKAZANO_ANTHROPIC_KEY    optional: for an agent without a login of its own
  --openai-key-file FILE|skip      SKAZANO_OPENAI_KEY       optional: the same
  --domain NAME|skip               SKAZANO_DOMAIN           pages at https://NAME behind nginx, optional
  --password-file FILE             SKAZANO_PASSWORD         of the pages; the user is "skazano"
  --models NAME[,NAME]|skip        SKAZANO_MODELS           speech models to fetch
  --lang ru|en                     SKAZANO_LANG_OF_PEOPLE   language of people (default ru)
TEXT
}

# doing WHAT COMMAND…: with --dry-run only say it.
doing() {
    local what=$1
    shift
    if [[ -n $DRY ]]; then
        say "would: $what"
    else
        step "$what" "$@"
    fi
}

fail() { # STEP REASON REMEDY
    die "$1: $2
    what to do: $3"
}

install_system() {
    DRY='' YES=${SKAZANO_YES-} REMOVE='' PURGE=''
    # Whatever the caller's shell is set to: `su`, cron and a umask of 077 among them.
    export PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    umask 022
    read_flags "$@"
    ((EUID == 0)) || [[ -n $DRY ]] || fail "start" "this needs root" "sudo ./install.sh $*"
    LOG=/dev/null
    [[ -n $DRY ]] || begin_log
    if [[ -n $REMOVE ]]; then
        remove_all
        return
    fi
    check_machine
    need_packages # to ask with
    ask_all
    need_packages # nginx, if there are to be pages
    place_program
    doing "users and groups" place_users
    doing "directories" place_directories
    local before
    before=$(answers_sum)
    doing "secrets" write_secrets
    doing "configuration $CONFIG" write_config
    CHANGED=''
    [[ $before == "$(answers_sum)" ]] || CHANGED=1
    fetch_models
    switch_and_start
    place_pages
    finish
}

# Stages read configuration and secrets when they start.
answers_sum() { { cat "$CONFIG" "$SECRETS"/* "$SECRETS"/*/* 2>/dev/null || true; } | sha256sum; }

begin_log() {
    [[ ! -L $SYSTEM_LOG ]] || die "$SYSTEM_LOG is a link: remove it"
    (umask 077 && : >>"$SYSTEM_LOG")
    LOG=$SYSTEM_LOG
    exec 8>/run/skazano-install.lock
    flock -n 8 || fail "start" "another install.sh is at work" "wait for it, then run this again"
    date -u '+%Y-%m-%dT%H:%M:%SZ install.sh' >>"$LOG"
    trap 'systemctl start "${PAUSED[@]}" >>"$LOG" 2>&1 || true' EXIT
    # What is written below is taken up at the end, and not by a restart of everything in between.
    if systemctl is-active --quiet skazano-config.path; then
        systemctl stop skazano-config.path
        PAUSED+=(skazano-config.path)
    fi
}

check_machine() {
    [[ -d /run/systemd/system ]] || [[ -n $DRY ]] ||
        fail "look at the machine" "systemd does not run here" "use ./install.sh setup and 'skazano up' in a checkout"
    command -v apt-get >/dev/null ||
        fail "look at the machine" "no apt-get" "Debian 12 or 13, or Ubuntu 24.04, is what this knows"
    [[ -L $OPT ]] || need_space
}

need_space() {
    local free place=/opt
    [[ -d $place ]] || place=/
    free=$(df --output=avail -m "$place" | tail -n 1)
    ((free > 3000)) ||
        fail "look at the machine" "$((free)) MB free in /opt, 3000 are needed" "make room, or mount a larger disk there"
}

need_packages() {
    local packages
    mapfile -t packages < <(wanted_packages)
    ((${#packages[@]} == 0)) || doing "Debian packages: ${packages[*]}" install_packages "${packages[@]}"
}

wanted_packages() {
    local pairs=(python3=python3 ffmpeg=ffmpeg espeak-ng=espeak-ng git=git curl=curl openssl=openssl
        setpriv=util-linux ssh=openssh-client)
    [[ -z ${DOMAIN-} || $DOMAIN == skip ]] || pairs+=(nginx=nginx-light)
    missing "${pairs[@]}"
    [[ -e /usr/lib/polkit-1/polkitd || -e /usr/libexec/polkitd ]] || echo polkitd
    python3 -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv
}

install_packages() {
    local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300)
    "${apt[@]}" update 8>&- && "${apt[@]}" install -y --no-install-recommends "$@" 8>&-
}

place_users() {
    install -D -m 644 "$ROOT/systemd/sysusers.d/skazano.conf" /etc/sysusers.d/skazano.conf
    systemd-sysusers /etc/sysusers.d/skazano.conf
}

place_directories() {
    install -D -m 644 "$ROOT/systemd/tmpfiles.d/skazano.conf" /etc/tmpfiles.d/skazano.conf
    systemd-tmpfiles --create /etc/tmpfiles.d/skazano.conf
    # Repositories have several owners, one of them an agent's user: git is told that this is meant.
    local home user
    for home in /var/lib/skazano/execute /var/lib/skazano/agents/*; do
        [[ -d $home && ! -e $home/.gitconfig ]] || continue
        user=$(stat -c %U "$home")
        printf '[safe]\n\tdirectory = *\n' |
            setpriv --reuid="$user" --regid="$user" --clear-groups tee "$home/.gitconfig" >/dev/null
    done
}

# write_secret NAME VALUE: an empty value leaves what is there; a file that is missing is made empty, for units.
write_secret() {
    local file=$SECRETS/$1
    if [[ -n $2 ]]; then
        [[ ! -f $file || $(<"$file") != "$2" ]] || return 0
        (umask 077 && printf '%s\n' "$2" >"$file.tmp") && mv "$file.tmp" "$file"
    elif [[ ! -e $file ]]; then
        (umask 077 && : >"$file")
    fi
}

write_secrets() {
    local name
    for name in "${KEYS[@]}"; do write_secret "$name" "${SECRET[$name]-}"; done
}

write_config() {
    "$NEW/venv/bin/python" -I "$HERE/configure.py" "$CONFIG" "$NEW/lib/skazano/data/skazano.toml" \
        "lang=$LANGUAGE" "allowed=$ALLOWED" "api_url=$API_URL" "domain=$DOMAIN"
}

# place_units RELEASE
place_units() {
    local from=$1/systemd unit
    for unit in "$from"/*.{service,target,timer,slice,path,socket}; do
        [[ -e $unit ]] || continue
        install -m 644 "$unit" "$UNITS/${unit##*/}"
    done
    rm -f "$UNITS"/skazano@*.service.d/10-*.conf
    for unit in "$from"/*.service.d; do
        install -D -m 644 -t "$UNITS/${unit##*/}" "$unit"/*.conf
    done
    agents_units
    drop_units "$from"
    # polkit can miss a change of its rules, or see half of one: it is told by a restart.
    ! place_file "$from/polkit/50-skazano.rules" /etc/polkit-1/rules.d/50-skazano.rules ||
        systemctl try-restart polkit.service
    ! place_file "$from/journald.conf.d/skazano.conf" /etc/systemd/journald.conf.d/skazano.conf ||
        systemctl restart systemd-journald
    allow_name_server
    install -D -m 755 "$from/install.d/skazano" /usr/local/bin/skazano
    # A wrong skazano.toml is the stages' to tell of.
    [[ ! -e $1/lib/skazano/upkeep/keys.py ]] || "$1/venv/bin/python" -I "$1/lib/skazano/upkeep/keys.py" || true
    systemctl daemon-reload
    systemctl enable --quiet skazano.target
}

# place_file SOURCE TARGET: put it there by one rename; false if it is there already.
place_file() {
    ! cmp -s "$1" "$2" || return 1
    install -D -m 644 "$1" "$2.new"
    mv "$2.new" "$2"
}

# The users that `skazano agent add` made have copies of main's unit.
agents_units() {
    local name
    for name in /etc/sysusers.d/skazano-agent-*.conf; do
        [[ -e $name ]] || continue
        name=${name##*/skazano-agent-} name=${name%.conf}
        sed -e "s#skazano-agent-main#skazano-agent-$name#g" -e "s#agents/main#agents/$name#g" \
            "$UNITS/skazano-agent-main@.service" >"$UNITS/skazano-agent-$name@.service"
    done
}

# drop_units FOLDER: units of a former version that this one does without.
drop_units() {
    local path unit
    for path in "$UNITS"/skazano[-@.]*; do
        unit=${path##*/}
        [[ -f $path && $unit != skazano-agent-*@.service && ! -e $1/$unit ]] || continue
        systemctl stop "$unit" 2>/dev/null || true
        rm -f "$path"
    done
}

# Where the name server has the address of the metadata service, as in some clouds, agents need it.
allow_name_server() {
    local server file=/etc/systemd/system/skazano-agents.slice.d/10-name-server.conf
    server=$(sed -nE 's/^nameserver (169\.254\.[0-9.]+|fe80:[0-9a-f:]+)(%.*)?$/\1/p' /etc/resolv.conf | xargs)
    rm -f "$file"
    [[ -z $server ]] || install -D -m 644 /dev/stdin "$file" <<<"[Slice]
IPAddressAllow=$server"
}

finish() {
    if [[ -n $DRY ]]; then
        say "nothing was changed"
        return
    fi
    say "installed: $(readlink "$OPT"). The log is $SYSTEM_LOG."
    /usr/local/bin/skazano doctor || say "what is marked above is yours to decide; skazano doctor says it again at any time"
    [[ -z $FAILED ]] || die "start: not everything runs. What to do: see what is said above, then run this again"
}
