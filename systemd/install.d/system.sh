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
STAGES=(reply speak summarize execute refine route transcribe download receive react render index)
KEYS=(telegram gemini-key openrouter-key openrouter anthropic openai)
SYSTEM_LOG=/var/log/skazano-install.log

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
so that none stands in a process list; the variable does the same.
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
    doing "secrets" write_secrets
    doing "configuration $CONFIG" write_config
    fetch_models
    doing "units, polkit rule, journal limits" place_units
    switch_and_start
    place_pages
    finish
}

begin_log() {
    [[ ! -L $SYSTEM_LOG ]] || die "$SYSTEM_LOG is a link: remove it"
    (umask 077 && : >>"$SYSTEM_LOG")
    LOG=$SYSTEM_LOG
    exec 8>/run/skazano-install.lock
    flock -n 8 || fail "start" "another install.sh is at work" "wait for it, then run this again"
    date -u '+%Y-%m-%dT%H:%M:%SZ install.sh' >>"$LOG"
}

check_machine() {
    [[ -d /run/systemd/system ]] || [[ -n $DRY ]] ||
        fail "look at the machine" "systemd does not run here" "use ./install.sh setup and 'skazano up' in a checkout"
    command -v apt-get >/dev/null ||
        fail "look at the machine" "no apt-get" "Debian 12 or 13, or Ubuntu 24.04, is what this knows"
    local free
    free=$(df --output=avail -m /opt | tail -n 1)
    ((free > 3000)) || [[ -L $OPT ]] ||
        fail "look at the machine" "$free MB free in /opt, 3000 are needed" "make room, or mount a larger disk there"
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

place_units() {
    local unit
    for unit in "$NEW"/systemd/*.{service,target,timer,slice,path}; do
        install -m 644 "$unit" "/etc/systemd/system/${unit##*/}"
    done
    for unit in "$NEW"/systemd/*.service.d; do
        install -D -m 644 -t "/etc/systemd/system/${unit##*/}" "$unit"/*.conf
    done
    install -D -m 644 "$NEW/systemd/polkit/50-skazano.rules" /etc/polkit-1/rules.d/50-skazano.rules
    if ! cmp -s "$NEW/systemd/journald.conf.d/skazano.conf" /etc/systemd/journald.conf.d/skazano.conf; then
        install -D -m 644 "$NEW/systemd/journald.conf.d/skazano.conf" /etc/systemd/journald.conf.d/skazano.conf
        systemctl restart systemd-journald
    fi
    allow_name_server
    install -D -m 755 "$HERE/skazano" /usr/local/bin/skazano
    systemctl daemon-reload
    systemctl enable --quiet skazano.target
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
    skazano doctor || say "what is marked above is yours to decide; skazano doctor says it again at any time"
}
