"""doctor: Telegram, the pages' server, the clock: what can only be seen by asking others."""

import email.utils
import http.client
import json
import shutil
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from skazano.config import ConfigError, Settings
from skazano.upkeep.doctor_finding import Finding, installed, output

SECONDS = 8.0
SKEW = 60.0  # seconds between our clock and Telegram's
CERTIFICATE_DAYS = 14


def telegram(settings: Settings) -> Iterator[Finding]:
    """The token, Telegram's answer to it, who else uses it, who may use the bot."""
    place = settings.folder / "secrets" / "telegram"
    try:
        token = settings.secret("telegram")
    except (ConfigError, PermissionError) as error:
        yield Finding("wrong", "bot token", str(error), f"chmod 600 {place}")
        return
    if not token:
        put = f"install -m 600 /dev/stdin {place}"
        start = " && systemctl start skazano@receive skazano@react" if installed() else ""
        yield Finding("warning", "bot token", "none: no Telegram", put + start)
        return
    yield from _asked(settings, token)
    if not settings.config.telegram.allowed:
        yield Finding("warning", "telegram.allowed", "empty: nobody may use the bot", f"edit {settings.file}")
    else:
        yield Finding("ok", "telegram.allowed", f"{len(settings.config.telegram.allowed)} people")


def _asked(settings: Settings, token: str) -> Iterator[Finding]:
    url = f"{settings.config.telegram.api_url}/bot{token}"
    try:
        me, date = _get(f"{url}/getMe")
        hook, _ = _get(f"{url}/getWebhookInfo")
    except urllib.error.HTTPError as error:
        state = f"Telegram refuses it ({error.code})"
        yield Finding("wrong", "bot token", state, "a new one from @BotFather, then sudo ./install.sh")
        return
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or type(error).__name__
        remedy = f"curl -sI {settings.config.telegram.api_url}"
        yield Finding("wrong", "telegram", f"cannot be reached: {reason}", remedy)
        return
    yield Finding("ok", "telegram", f"@{me.get('username')}")
    if hook.get("url"):
        state = "a webhook is set: getUpdates gets nothing"
        yield Finding("wrong", "telegram", state, "delete it: the method deleteWebhook of the Bot API")
    status = output(["systemctl", "show", "-P", "StatusText", "skazano@receive"])[1] if installed() else ""
    if "another program" in status:
        remedy = "stop the other one, or /revoke the token at @BotFather"
        yield Finding("wrong", "telegram", status, remedy)
    if date is not None and abs(time.time() - date) > SKEW:
        state = f"{time.time() - date:+.0f} s off Telegram's"
        yield Finding("wrong", "clock", state, "timedatectl set-ntp true")


def _get(url: str) -> tuple[dict[str, Any], float | None]:
    with urllib.request.urlopen(url, timeout=SECONDS) as answer:
        told = answer.headers.get("Date")
        moment = email.utils.parsedate_to_datetime(told).timestamp() if told else None
        return dict(json.load(answer)["result"]), moment


def clock() -> Iterator[Finding]:
    """Whether the clock is kept right."""
    if not shutil.which("timedatectl"):
        return
    code, told = output(["timedatectl", "show", "-P", "NTPSynchronized"], 5.0)
    if code == 0 and told == "no":
        yield Finding("warning", "clock", "not synchronised", "apt-get install systemd-timesyncd")
    elif code == 0:
        yield Finding("ok", "clock", "synchronised")


def pages(settings: Settings) -> Iterator[Finding]:
    """The server in front of the pages: there, asks for a password, its certificate, the projects' hosts."""
    url = settings.config.pages.url
    if not url:
        yield Finding("ok", "pages", f"not served; they lie in {settings.site}")
        return
    if shutil.which("nginx"):
        code, told = output(["nginx", "-t"])
        if code != 0:
            yield Finding("wrong", "nginx", told[-200:], "nginx -t")
    yield _without_password(url)
    host = urlsplit(url).hostname or ""
    if url.startswith("https:"):
        yield from _certificate(host)
    try:
        socket.getaddrinfo(f"sandbox-x.{host}", 443)
    except OSError:
        remedy = f"a DNS record for *.{host} with this machine's address"
        yield Finding("warning", "sandbox hosts", f"sandbox-….{host} is not found", remedy)


def _without_password(url: str) -> Finding:
    # The question is whether a password is asked for; whether the certificate is good is another finding.
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with urllib.request.urlopen(url, timeout=SECONDS, context=context):
            pass
    except urllib.error.HTTPError as error:
        if error.code == 401:
            return Finding("ok", "pages", f"{url}, with a password")
        return Finding("wrong", "pages", f"{url} answers {error.code}", "journalctl -u nginx -n 20")
    except OSError as error:
        return Finding("wrong", "pages", f"{url} cannot be reached: {error}", "systemctl restart nginx")
    return Finding("wrong", "pages", f"{url} asks for no password", "sudo ./install.sh --domain …")


def _certificate(host: str) -> Iterator[Finding]:
    try:
        with (
            socket.create_connection((host, 443), SECONDS) as plain,
            ssl.create_default_context().wrap_socket(plain, server_hostname=host) as secure,
        ):
            until = ssl.cert_time_to_seconds(str((secure.getpeercert() or {}).get("notAfter")))
    except ssl.SSLCertVerificationError:
        remedy = f"certbot certonly --webroot -w /var/lib/skazano/acme -d {host}, then sudo ./install.sh"
        yield Finding("warning", "certificate", "of our own: browsers warn", remedy)
        return
    except (OSError, ValueError):
        return  # told already
    days = (until - time.time()) / 86400
    if days < CERTIFICATE_DAYS:
        yield Finding("warning", "certificate", f"{days:.0f} days left", "certbot renew")
