# shellcheck shell=bash
# shellcheck disable=SC2034,SC2015 # what is read here is used by the files beside it; shift cannot fail there
# What the installation has to know: from flags, from the environment, from what is configured, or asked.

# What is not told stays empty and means: leave it as it is. "skip" means: without it.
declare -A SECRET=()
TOKEN=${SKAZANO_TOKEN-} ALLOWED=${SKAZANO_ALLOWED-} API_URL=${SKAZANO_API_URL-} DOMAIN=${SKAZANO_DOMAIN-}
PASSWORD=${SKAZANO_PASSWORD-} MODELS=${SKAZANO_MODELS-} LANGUAGE=${SKAZANO_LANG_OF_PEOPLE-}
SECRET[gemini-key]=${SKAZANO_GEMINI_KEY-} SECRET[openrouter-key]=${SKAZANO_OPENROUTER_KEY-}
SECRET[anthropic]=${SKAZANO_ANTHROPIC_KEY-} SECRET[openai]=${SKAZANO_OPENAI_KEY-}
BOT=''

read_flags() {
    while (($#)); do
        case $1 in
        --yes | -y) YES=1 ;;
        --dry-run) DRY=1 ;;
        --uninstall) REMOVE=1 ;;
        --purge) REMOVE=1 PURGE=1 ;;
        --token-file) TOKEN=$(from_file "$1" "${2-}") && shift || exit 1 ;;
        --gemini-key-file) SECRET[gemini-key]=$(from_file "$1" "${2-}") && shift || exit 1 ;;
        --openrouter-key-file) SECRET[openrouter-key]=$(from_file "$1" "${2-}") && shift || exit 1 ;;
        --anthropic-key-file) SECRET[anthropic]=$(from_file "$1" "${2-}") && shift || exit 1 ;;
        --openai-key-file) SECRET[openai]=$(from_file "$1" "${2-}") && shift || exit 1 ;;
        --password-file) PASSWORD=$(from_file "$1" "${2-}") && shift || exit 1 ;;
        --user) ALLOWED=$(given "$1" "${2-}") && shift || exit 1 ;;
        --api-url) API_URL=$(given "$1" "${2-}") && shift || exit 1 ;;
        --domain) DOMAIN=$(given "$1" "${2-}") && shift || exit 1 ;;
        --models) MODELS=$(given "$1" "${2-}") && shift || exit 1 ;;
        --lang) LANGUAGE=$(given "$1" "${2-}") && shift || exit 1 ;;
        -h | --help)
            system_usage
            exit 0
            ;;
        *)
            system_usage >&2
            exit 2
            ;;
        esac
        shift
    done
    [[ -t 0 ]] || YES=1
    [[ -z $ALLOWED || $ALLOWED == skip || $ALLOWED =~ ^[0-9]+(,[0-9]+)*$ ]] ||
        fail "--user" "'$ALLOWED' is no numeric id" "--user 123456789, or leave it out and send the bot a code"
    [[ -z $DOMAIN || $DOMAIN == skip || $DOMAIN =~ ^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$ ]] ||
        fail "--domain" "'$DOMAIN' is no host name" "--domain box.example.org"
    [[ -z $LANGUAGE || $LANGUAGE == ru || $LANGUAGE == en ]] || fail "--lang" "'$LANGUAGE'" "--lang ru or --lang en"
    API_URL=${API_URL%/}
    [[ -z $API_URL || $API_URL =~ ^https?://[^[:space:]\"\\]+$ ]] || fail "--api-url" "'$API_URL'" "https://host"
}

given() { # FLAG VALUE
    [[ -n $2 ]] || fail "$1" "it wants a value" "./install.sh --help"
    printf '%s' "$2"
}

from_file() { # FLAG FILE|skip
    [[ $2 == skip ]] && { printf skip; return; }
    [[ -r $2 ]] || fail "$1" "cannot read '$2'" "give the path of a file that holds it"
    tr -d '\r\n' <"$2"
}

ask() { # QUESTION: the answer, or nothing
    local answer
    read -r -p "$1 " answer </dev/tty 2>/dev/tty
    printf '%s' "${answer//[[:space:]]/}"
}

ask_secret() {
    local answer
    read -r -s -p "$1 " answer </dev/tty 2>/dev/tty
    printf '\n' >/dev/tty
    printf '%s' "${answer//[[:space:]]/}"
}

has_secret() { [[ -s $ETC/secrets/$1 ]]; }

configured() { grep -qsE "^$1 *=" "$CONFIG"; }

ask_all() {
    ask_token
    ask_who
    local name
    for name in gemini-key openrouter-key; do
        [[ -n $YES || -n ${SECRET[$name]} ]] || has_secret "$name" ||
            SECRET[$name]=$(ask_secret "${name%-key} key, for better wording (Enter: the local engine does it):")
    done
    for name in "${!SECRET[@]}"; do [[ ${SECRET[$name]} != skip ]] || SECRET[$name]=''; done
    SECRET[openrouter]=${SECRET[openrouter-key]} # the same key, for the tools of kind chat
    if [[ -z $YES && -z $DOMAIN ]] && ! configured url; then
        DOMAIN=$(ask "Host name of the pages, e.g. box.example.org (Enter: no pages on the network):")
    fi
    [[ $DOMAIN != skip ]] || DOMAIN=''
    [[ $PASSWORD != skip ]] || PASSWORD=''
    if [[ -n $DOMAIN && -z $PASSWORD && -z $YES && ! -s $ETC/htpasswd ]]; then
        PASSWORD=$(ask_secret "Password of the pages (user skazano; Enter: one is made):")
    fi
}

# --- Telegram ----------------------------------------------------------------------------------

# The URL holds the token: it goes to curl on standard input, so that it stands in no process list and no log.
telegram() { # METHOD [QUERY]: the server's answer
    local base=${API_URL:-$(sed -nE 's/^api_url *= *"(.*)".*/\1/p' "$CONFIG" 2>/dev/null | head -n 1)}
    printf 'url = "%s/bot%s/%s?%s"\n' "${base:-https://api.telegram.org}" "$TOKEN" "$1" "${2-}" |
        curl --config - --silent --max-time 70 2>/dev/null
}

field() { # JSON-EXPRESSION: of the answer on standard input
    python3 -I -c 'import json, sys
answer = json.load(sys.stdin)
print(eval(sys.argv[1], {"a": answer}) or "")' "$1" 2>/dev/null
}

ask_token() {
    if [[ -z $TOKEN && -z $YES ]] && ! has_secret telegram; then
        TOKEN=$(ask_secret "The bot's token, from @BotFather (Enter: without Telegram):")
    fi
    [[ $TOKEN != skip ]] || TOKEN=''
    [[ -n $TOKEN ]] || return 0
    [[ $TOKEN =~ ^[0-9]+:[A-Za-z0-9_-]+$ ]] ||
        fail "bot's token" "it does not look like one" "copy it whole from @BotFather: digits, a colon, letters"
    SECRET[telegram]=$TOKEN
    if [[ -n $DRY ]]; then
        say "would: check the token with getMe"
        return
    fi
    check_token
}

check_token() {
    local answer
    answer=$(telegram getMe) ||
        fail "bot's token" "Telegram cannot be reached" "look at the network (or --api-url), then run this again"
    [[ -n $(field '"ok" in a' <<<"$answer") ]] ||
        fail "bot's token" "what answers is no Bot API" "look at --api-url, or at what stands between here and Telegram"
    BOT=$(field 'a["result"]["username"]' <<<"$answer") ||
        fail "bot's token" "Telegram refuses it: $(field 'a["description"]' <<<"$answer")" "get a new one from @BotFather"
    say "the bot is @$BOT"
}

ask_who() {
    [[ $ALLOWED != skip ]] || { ALLOWED='' && return; }
    [[ -z $ALLOWED ]] || return 0
    configured allowed && return
    [[ -z $DRY ]] || return 0
    [[ -n $TOKEN ]] || has_secret telegram || return 0
    [[ -z $YES || -n ${SKAZANO_CODE-} ]] || {
        say "nobody may use the bot yet: give --user ID, or run this at a terminal"
        return
    }
    if [[ -z $TOKEN ]]; then
        TOKEN=$(<"${SECRETS:?}/telegram")
        check_token
    fi
    # Only one program can ask Telegram for news.
    if systemctl is-active --quiet skazano@receive.service; then
        systemctl stop skazano@receive.service
        PAUSED+=(skazano@receive.service)
    fi
    pair
}

# Who sends the code owns the bot. What else is said to it before is a stranger's, and confirmed unread.
pair() {
    local code offset='' answer why='' until=$((SECONDS + 300))
    code=${SKAZANO_CODE:-$(printf '%06d' $(($(od -An -N4 -tu4 /dev/urandom) % 1000000)))}
    say "send this code to @$BOT from your Telegram: $code"
    say "    or open https://t.me/$BOT?start=$code"
    while ((SECONDS < until)); do
        answer=$(telegram getUpdates "timeout=20&${offset:+offset=$offset}") || answer=''
        if [[ $(field 'a["ok"]' <<<"$answer") != True ]]; then
            why=$(field 'a["description"]' <<<"$answer") || why="it cannot be reached"
            sleep 2
            continue
        fi
        read -r offset ALLOWED < <(python3 -I "$HERE/pairing.py" "$code" "${offset:-0}" <<<"$answer") || true
        [[ -z $ALLOWED ]] || break
    done
    [[ -n $ALLOWED ]] || fail "who may use the bot" "no code came within five minutes${why:+. Telegram says: $why}" \
        "run this again, or give --user ID"
    telegram getUpdates "timeout=0&offset=$offset" >/dev/null || true
    say "it came from the user with id $ALLOWED: this is who may use the bot"
}
