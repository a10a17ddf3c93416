"""Secrets in text that is about to be committed: known formats, then names with random values.

Formats come from their issuers: GitHub, GitLab and Slack prefixes, AWS unique ids, Telegram's
`<bot id>:<35 characters>`, `sk-…` keys of OpenAI, Anthropic and OpenRouter, Google's AIza… and
ya29…. detect-secrets 1.5 reads 0.24 MB/s and has no rule for Anthropic, OpenRouter or Google keys.

A line that says `gitleaks:allow` or `pragma: allowlist secret` is the owner's word that it is none.
"""

import math
import re
from collections import Counter
from pathlib import PurePosixPath
from typing import NamedTuple


class Finding(NamedTuple):
    """`rule` says what kind of secret, `line` (from 1) where: never the secret itself."""

    rule: str
    line: int


class Rule(NamedTuple):
    """`near`: lower-case texts one of which must be in the data before the pattern is tried."""

    name: str
    near: tuple[bytes, ...]
    pattern: re.Pattern[bytes]


def _rule(name: str, near: str, pattern: str) -> Rule:
    return Rule(name, tuple(near.encode().split()), re.compile(pattern.encode()))


_B = r"(?<![A-Za-z0-9_-])"  # nothing of a longer word before it
_E = r"(?![A-Za-z0-9_-])"  # nor after it

RULES = (
    _rule("private key", "private", r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"),
    _rule("private key", "putty-user-key-file", r"PuTTY-User-Key-File-[23]:"),
    _rule("age key", "age-secret-key-", r"AGE-SECRET-KEY-1[0-9A-Z]{58}"),
    _rule("AWS access key", "akia asia abia acca", _B + r"A(?:KIA|SIA|BIA|CCA)[A-Z2-7]{16}" + _E),
    _rule(
        "AWS secret key",
        "aws",
        r"(?i)aws.{0,30}secret.{0,30}?[=:]\s*[\"']?[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])",
    ),
    _rule("GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_", r"gh[pousr]_[A-Za-z0-9]{36,255}"),
    _rule("GitHub token", "github_pat_", r"github_pat_[A-Za-z0-9_]{36,255}"),
    _rule(
        "GitLab token",
        "glpat- gldt- glrt- glcbt- glptt- glft- glsoat- glagent-",
        r"gl(?:pat|dt|rt|cbt|ptt|ft|soat|agent)-[A-Za-z0-9_.-]{20,}",
    ),
    _rule("Slack token", "xox xapp-", r"(?:xox[abeoprs]|xapp)-(?:\d+-)?[A-Za-z0-9-]{20,}"),
    _rule("Slack webhook", "hooks.slack", r"hooks\.slack\.com/(?:services|workflows)/T\w+/\w{8,}"),
    _rule("Telegram bot token", ":aa", r"(?<!\d)\d{8,10}:AA[A-Za-z0-9_-]{33}" + _E),
    _rule("Anthropic key", "sk-ant-", r"sk-ant-[A-Za-z0-9]{3,10}-[A-Za-z0-9_-]{24,}"),
    _rule("OpenRouter key", "sk-or-", r"sk-or-v1-[0-9a-f]{48,}"),
    _rule("OpenAI key", "sk-", _B + r"sk-(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{40,}"),
    _rule("OpenAI key", "t3blbkfj", r"sk-[A-Za-z0-9_-]{16,}T3BlbkFJ[A-Za-z0-9_-]{16,}"),
    _rule("secret key", "sk-", _B + r"sk-[A-Za-z0-9]{32,64}" + _E),
    _rule("Google key", "aiza", _B + r"AIza[A-Za-z0-9_-]{35}" + _E),
    _rule("Google token", "ya29.", r"ya29\.[A-Za-z0-9_-]{30,}"),
    _rule("Google client secret", "gocspx-", r"GOCSPX-[A-Za-z0-9_-]{28}"),
    _rule("Stripe key", "sk_live_ rk_live_ whsec_", r"(?:[sr]k_live|whsec)_[A-Za-z0-9]{20,}"),
    _rule("npm token", "npm_", _B + r"npm_[A-Za-z0-9]{36}" + _E),
    _rule("PyPI token", "pypi-age", r"pypi-AgE[A-Za-z0-9_-]{50,}"),
    _rule("Hugging Face token", "hf_", _B + r"hf_[A-Za-z]{34}" + _E),
    _rule("SendGrid key", "sg.", _B + r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"),
    _rule("Yandex Cloud key", "aqvn", _B + r"AQVN[A-Za-z0-9_-]{35,38}" + _E),
    _rule("Yandex Cloud token", "t1.", _B + r"t1\.[A-Z0-9a-z_-]+={0,2}\.[\w-]{86}"),
    _rule(
        "JSON web token",
        "eyj",
        _B + r"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}",
    ),
    _rule(
        "password in a URL",
        "://",
        r"[a-z][a-z0-9+.-]{1,20}://[^\s/:@\"'<>${}]{0,100}"
        r":(?P<value>[^\s/:@\"'<>${}%*]{3,200})@[\w.\[-]",
    ),
    _rule(
        ".netrc",
        "machine",
        r"(?m)^\s*machine\s+\S+(?:\s+login\s+\S+)?\s+password\s+(?P<value>\S{3,})",
    ),
)

_WORD = rb"(?:api[_-]?key|apikey|access[_-]?key|secret|token|passwd|password|passphrase|credential)s?"
NAMED = re.compile(
    rb"(?im)" + _WORD + rb"[\w-]{0,20}[\"']?\s*(?::=|=>|[=:])\s*"
    rb"(?:(?P<q>[\"'`])(?P<quoted>[^\s\"'`]{16,200})(?P=q)|(?P<bare>[A-Za-z0-9/+_=-]{20,200})\s*$)"
)
_NAMED_NEAR = (b"key", b"secret", b"token", b"pass", b"credential")

ALLOWED = (b"gitleaks:allow", b"pragma: allowlist secret", b"pragma:allowlist secret")
_PLACEHOLDER = re.compile(
    rb"(?i)example|changeme|change[_-]me|your[_-]|placeholder|dummy|sample|redacted|secret|password"
    rb"|token|\bpass\b|xxxx|0000|1234567|abcdef|\.\.\.|\*\*\*|[<{$(\[]"
)
_HASHES = re.compile(
    r"(?i)(?:[._-]lock(?:\.json|file|\.hcl)?|lock\.ya?ml|go\.sum|\.(?:svg|map|min\.js|min\.css|ipynb))$"
)
_IDENTIFIER = re.compile(rb"[A-Za-z]+[0-9]{0,4}(?:[_.-][A-Za-z]+[0-9]{0,4})+")
_UUID = re.compile(rb"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

_NAMES = {
    ".env": "environment file",
    ".netrc": ".netrc",
    "_netrc": ".netrc",
    ".pgpass": "password file",
    ".htpasswd": "password file",
    ".git-credentials": "password file",
    "id_rsa": "private key",
    "id_dsa": "private key",
    "id_ecdsa": "private key",
    "id_ed25519": "private key",
}
_SUFFIXES = {
    ".p12": "key store",
    ".pfx": "key store",
    ".jks": "key store",
    ".keystore": "key store",
    ".kdbx": "password file",
    ".ppk": "private key",
}
_TEMPLATES = ("example", "sample", "template", "dist", "defaults", "default", "schema")


def secret_name(path: str) -> str | None:
    """The rule by which a file of this name is secret, whatever it holds; templates are not."""
    name = PurePosixPath(path).name.lower()
    if name.rsplit(".", 1)[-1] in _TEMPLATES:
        return None
    if name.startswith(".env."):
        return _NAMES[".env"]
    return _NAMES.get(name) or _SUFFIXES.get(PurePosixPath(name).suffix)


def scan(data: bytes, path: str = "") -> list[Finding]:
    """Findings in `data` (any encoding; UTF-16 is read through), in the order of the rules."""
    data = data.replace(b"\0", b"")
    lowered = data.lower()
    found = []
    for rule in RULES:
        if any(word in lowered for word in rule.near):
            for match in rule.pattern.finditer(data):
                value = match.groupdict().get("value") or match.group()
                if not _harmless(rule, value) and not _allowed(data, match):
                    found.append(Finding(rule.name, _line(data, match)))
    if not _HASHES.search(path) and any(word in lowered for word in _NAMED_NEAR):
        for match in NAMED.finditer(data):
            value = match.group("quoted") or match.group("bare")
            if _random(value) and not _allowed(data, match):
                found.append(Finding("password or token", _line(data, match)))
    return found


def redact(text: str) -> str:
    """`text` with credentials in URLs and every known token replaced."""
    if not text:
        return text
    text = re.sub(r"(?<=://)[^\s/@'\"]+@", "", text)
    data = text.encode("utf-8", "surrogateescape")
    lowered = data.lower()
    for rule in RULES:
        if any(word in lowered for word in rule.near):
            data = rule.pattern.sub(b"***", data)
    return data.decode("utf-8", "backslashreplace")


def entropy(value: bytes) -> float:
    """Shannon entropy, bits a byte."""
    return -sum(n / len(value) * math.log2(n / len(value)) for n in Counter(value).values())


def _harmless(rule: Rule, value: bytes) -> bool:
    if rule.name == "private key":
        return False
    if b"EXAMPLE" in value:
        return True
    if "value" in rule.pattern.groupindex:
        return bool(_PLACEHOLDER.search(value)) or len(set(value)) < 3
    return entropy(value) < 2.5


def _random(value: bytes) -> bool:
    """Whether a value looks drawn by chance: letters and digits, no placeholder, no path."""
    if _PLACEHOLDER.search(value) or value.count(b"/") > 2 or value.count(b".") > 2:
        return False
    kinds = (re.search(rb"[0-9]", value), re.search(rb"[A-Za-z]", value))
    if not all(kinds) or _UUID.fullmatch(value) or _IDENTIFIER.fullmatch(value):
        return False
    return entropy(value) >= (3.0 if re.fullmatch(rb"[0-9a-fA-F]+", value) else 3.5)


def _line(data: bytes, match: re.Match[bytes]) -> int:
    return data.count(b"\n", 0, match.start()) + 1


def _allowed(data: bytes, match: re.Match[bytes]) -> bool:
    start = data.rfind(b"\n", 0, match.start()) + 1
    end = data.find(b"\n", match.end())
    line = data[start : end if end >= 0 else len(data)]
    return any(word in line for word in ALLOWED)
