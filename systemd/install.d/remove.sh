# shellcheck shell=bash
# --uninstall: program and units go; what was said and what was made stays, unless --purge is meant.

remove_all() {
    [[ -n $DRY ]] || step "stop" stop_all
    doing "remove units, polkit rule, program" remove_program
    if [[ -z $PURGE ]]; then
        say "left: $SPOOL, /srv/skazano, /var/lib/skazano, /var/backups/skazano, $ETC. Installing again takes them up."
        return
    fi
    [[ -z $DRY ]] || { say "would: ask, then remove spool, projects, configuration, backups and users" && return; }
    if [[ -z $YES ]]; then
        local answer
        answer=$(ask "Everything that was ever said, all projects in /srv/skazano and all backups go. Type 'remove':")
        [[ $answer == remove ]] || die "nothing more was removed"
    fi
    step "remove spool, projects, configuration, users" purge_all
}

stop_all() {
    local unit
    systemctl disable --quiet skazano.target 2>/dev/null || true
    systemctl stop skazano.target 'skazano@*' 'skazano-*.timer' 'skazano-*.service' 2>/dev/null || true
    for unit in $(systemctl list-units --plain --no-legend --all 'skazano-agent-*' | awk '{print $1}'); do
        systemctl stop "$unit" || true
    done
}

remove_program() {
    rm -rf "$UNITS"/skazano.target "$UNITS"/skazano@* "$UNITS"/skazano-*
    rm -f "$UNITS"/multi-user.target.wants/skazano.target
    rm -f /etc/polkit-1/rules.d/50-skazano.rules /etc/systemd/journald.conf.d/skazano.conf /usr/local/bin/skazano
    rm -f /etc/sysusers.d/skazano.conf /etc/tmpfiles.d/skazano.conf /etc/tmpfiles.d/skazano-nginx.conf
    if [[ -e /etc/nginx/sites-enabled/skazano.conf ]]; then
        rm -f /etc/nginx/sites-enabled/skazano.conf /etc/nginx/sites-available/skazano.conf
        systemctl reload nginx 2>/dev/null || true
    fi
    systemctl daemon-reload
    systemctl reset-failed 'skazano*' 2>/dev/null || true
    rm -rf "$OPT" "$RELEASES" /run/skazano
}

purge_all() {
    rm -rf --one-file-system "$SPOOL" /srv/skazano /var/lib/skazano /var/backups/skazano "$ETC"
    rm -f /etc/sysusers.d/skazano-agent-*.conf /etc/tmpfiles.d/skazano-agent-*.conf
    local user group
    for user in $(getent passwd | sed -nE 's/^(skazano(-[a-z0-9-]+)?):.*/\1/p'); do userdel "$user" || true; done
    for group in skazano-code skazano; do groupdel "$group" 2>/dev/null || true; done
}
