# shellcheck shell=bash
# nginx in front of the pages and of the projects' folders: TLS and basic auth, always both.

SITE=/etc/nginx/sites-available/skazano.conf

place_pages() {
    [[ -n $DOMAIN ]] || DOMAIN=$(sed -nE 's#^url *= *"https?://([^"/]+)"#\1#p' "$CONFIG" 2>/dev/null | head -n 1)
    if [[ -z $DOMAIN ]]; then
        say "no host name for the pages: they lie in /var/lib/skazano/site (give --domain NAME to serve them)"
        return
    fi
    if [[ -n $DRY ]]; then
        say "would: serve the pages at https://$DOMAIN"
        return
    fi
    step "doors for nginx" nginx_doors
    [[ -s $ETC/htpasswd && -z $PASSWORD ]] || make_password
    TLS=/etc/letsencrypt/live/$DOMAIN
    [[ -s $TLS/fullchain.pem ]] || TLS=$ETC/tls
    [[ -s $TLS/fullchain.pem ]] || step "certificate of our own" certificate
    step "nginx: https://$DOMAIN" nginx_site
    # The rest is installed and works: no reason to stop here.
    start_nginx >>"$LOG" 2>&1 || {
        say "nginx does not start: $(journalctl -u nginx -n 20 -o cat --no-pager | grep -m1 -F '[emerg]')"
        say "    what to do: see what else listens on ports 80 and 443 (ss -ltnp), then run this again"
    }
}

nginx_doors() {
    mkdir -p /var/lib/skazano/acme
    install -D -m 644 "$NEW/systemd/tmpfiles.d/skazano-nginx.conf" /etc/tmpfiles.d/skazano-nginx.conf
    systemd-tmpfiles --create /etc/tmpfiles.d/skazano-nginx.conf
}

make_password() {
    if [[ -z $PASSWORD ]]; then
        PASSWORD=$(openssl rand -base64 15)
        (umask 077 && printf '%s\n' "$PASSWORD" >"$SECRETS/pages")
        say "the password of the pages (user skazano) is in $SECRETS/pages"
    fi
    (umask 027 && printf 'skazano:%s\n' "$(openssl passwd -6 -stdin <<<"$PASSWORD")" >"$ETC/htpasswd.tmp")
    chgrp www-data "$ETC/htpasswd.tmp"
    mv "$ETC/htpasswd.tmp" "$ETC/htpasswd"
}

# One from certbot if there is one; until then one of our own, so that no password ever goes in the clear.
certificate() {
    install -d -m 700 "$TLS"
    openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj "/CN=$DOMAIN" \
        -addext "subjectAltName=DNS:$DOMAIN,DNS:*.$DOMAIN" \
        -keyout "$TLS/privkey.pem" -out "$TLS/fullchain.pem"
    chmod 600 "$TLS/privkey.pem"
}

nginx_site() {
    if [[ -e $SITE ]] && ! grep -q 'Managed by install.sh' "$SITE"; then
        echo "$SITE is the owner's: left as it is"
        return
    fi
    sed -e "s#@DOMAIN@#$DOMAIN#g" -e "s#@DOMAIN_RE@#${DOMAIN//./\\\\.}#g" -e "s#@TLS@#$TLS#g" \
        "$NEW/web/nginx/skazano.conf" >"$SITE.tmp"
    mv "$SITE.tmp" "$SITE"
    ln -sf "$SITE" /etc/nginx/sites-enabled/skazano.conf
    nginx -t
}

start_nginx() {
    systemctl enable --quiet nginx && systemctl reload-or-restart nginx
}
