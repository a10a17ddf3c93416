"""The secret scanner: what it must find, and what it must not take for a secret."""

import random
import string

import pytest

from skazano.git.secrets import entropy, redact, scan, secret_name

CHANCE = random.Random(7)
WORD = string.ascii_letters + string.digits


def some(length: int, letters: str = WORD) -> str:
    """Random characters, put together here so that this file holds no secret itself."""
    return "".join(CHANCE.choice(letters) for _ in range(length))


HEX = string.digits + "abcdef"
BASE32 = string.ascii_uppercase + "234567"

FOUND = [
    ("AWS access key", "aws_access_key_id = AKIA" + some(16, BASE32)),
    ("AWS access key", "ASIA" + some(16, BASE32)),
    ("AWS secret key", 'AWS_SECRET_ACCESS_KEY="' + some(40, WORD + "/+") + '"'),
    ("GitHub token", "https://x-access-token:ghp_" + some(36) + "@github.com/o/r"),
    ("GitHub token", "GH=ghs_" + some(36)),
    ("GitHub token", "github_pat_" + some(22) + "_" + some(59)),
    ("GitLab token", "token: glpat-" + some(20)),
    ("GitLab token", "glrt-" + some(20)),
    ("Slack token", "xoxb-123456789012-1234567890123-" + some(24)),
    ("Slack token", "xapp-1-A0123456789-1234567890123-" + some(64, HEX)),
    ("Slack webhook", "https://hooks.slack.com/services/T00000001/B00000001/" + some(24)),
    ("Telegram bot token", "bot = Bot('123456789:AA" + some(33) + "')"),
    ("Telegram bot token", "https://api.telegram.org/bot1234567890:AA" + some(33) + "/getMe"),
    ("OpenAI key", "OPENAI_API_KEY=sk-proj-" + some(74) + "T3BlbkFJ" + some(74)),
    ("OpenAI key", "sk-" + some(20) + "T3BlbkFJ" + some(20)),
    ("secret key", "sk-" + some(48)),
    ("Anthropic key", "sk-ant-api03-" + some(93) + "AA"),
    ("Anthropic key", "export CLAUDE_CODE_OAUTH_TOKEN=sk-ant-oat01-" + some(95)),
    ("OpenRouter key", "sk-or-v1-" + some(64, HEX)),
    ("Google key", "key=AIza" + some(35, WORD + "_-")),
    ("Google token", "ya29." + some(60)),
    ("Google client secret", "GOCSPX-" + some(28)),
    ("Stripe key", "sk_live_" + some(24)),
    ("npm token", "//registry.npmjs.org/:_authToken=npm_" + some(36)),
    ("PyPI token", "pypi-AgEIcHlwaS5vcmc" + some(100)),
    ("Hugging Face token", "hf_" + some(34, string.ascii_letters)),
    ("SendGrid key", "SG." + some(22) + "." + some(43)),
    ("Yandex Cloud key", "AQVN" + some(36)),
    ("age key", "AGE-SECRET-KEY-1" + some(58, string.ascii_uppercase + string.digits)),
    ("private key", "-----BEGIN RSA " + "PRIVATE KEY-----"),
    ("private key", "-----BEGIN " + "PRIVATE KEY-----"),
    ("private key", "-----BEGIN OPENSSH " + "PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n"),
    ("private key", "-----BEGIN PGP " + "PRIVATE KEY BLOCK-----"),
    ("private key", "PuTTY-User-Key-" + "File-3: ssh-ed25519"),
    ("JSON web token", "Bearer eyJ" + some(30) + ".eyJ" + some(60) + "." + some(43)),
    (".netrc", "machine github.com login me password " + some(12)),
    (".netrc", "machine h\n  login me\n  password " + some(12)),
    ("password in a URL", "postgres://app:" + some(12) + "@db.local/app"),
    ("password in a URL", "redis://:" + some(16) + "@127.0.0.1:6379"),
    ("password or token", 'API_KEY = "' + some(32) + '"'),
    ("password or token", "db_password: '" + some(20) + "9a'"),
    ("password or token", "WEBHOOK_SECRET=" + some(40)),
    ("password or token", '"client_secret": "' + some(40, HEX) + '"'),
]

NOT_FOUND = [
    "aws_access_key_id = AKIAIOSFODNN7EXAMPLE",
    "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY ",
    '"integrity": "sha512-' + some(86, WORD + "+/") + '=="',
    "github.com/pkg/errors v0.9.1 h1:" + some(43, WORD + "+/") + "=",
    'checksum = "' + some(64, HEX) + '"',
    "commit " + some(40, HEX),
    "id = '5f3b8c1e-9a27-4d6f-8e21-0c9d7b6a5e43'",
    "token = '5f3b8c1e-9a27-4d6f-8e21-0c9d7b6a5e43'",
    "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n",
    "-----BEGIN CERTIFICATE-----",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + some(43) + " me@host",
    'password = os.environ["DATABASE_PASSWORD_2"]',
    "api_key: ${{ secrets.API_KEY_2024_PROD }}",
    'token = "<your-token-goes-here-0123>"',
    "SECRET_KEY=changeme-in-production-2024",
    "postgres://user:password@localhost/db",
    "https://user:${TOKEN}@host/path",
    "git clone https://git@github.com/o/r.git",
    "http://localhost:8080/a@b",
    "ssh://git@host:2222/path",
    "password: hunter2",
    "tokens = tokenizer.encode(text, max_tokens=4096)",
    "self.access_token_expires_at = now + timedelta(minutes=30)",
    "const keyboardLayoutTokenizerVersion2 = new TokenizerV2();",
    "sk-learn-compatible-estimator-with-a-long-name",
    "risk-assessment-procedures-and-guidelines",
    "data:image/png;base64," + some(400, WORD + "+/"),
    "12:34:56 AAbb",
    "port 8080:AA",
    "xoxo-love",
    "author_password_hash_algorithm = 'pbkdf2_sha256_iterations'",
    "пароль: не скажу",
]


@pytest.mark.parametrize(("rule", "text"), FOUND)
def test_found(rule: str, text: str) -> None:
    findings = scan(f"# first line\n{text}\nlast\n".encode())
    assert rule in [finding.rule for finding in findings]
    assert findings[0].line >= 2


@pytest.mark.parametrize("text", NOT_FOUND)
def test_not_found(text: str) -> None:
    assert scan(f"first\n{text}\n".encode()) == []


@pytest.mark.parametrize(
    "path", ["package-lock.json", "poetry.lock", "pnpm-lock.yaml", "go.sum", "a/app.js.map"]
)
def test_hashes_in_lock_files(path: str) -> None:
    assert scan(f'"token": "{some(40)}"'.encode(), path) == []
    assert scan(f"ghp_{some(36)}".encode(), path) != []


def test_utf16_is_read_through() -> None:
    assert scan(f"ghp_{some(36)}".encode("utf-16")) != []


def test_the_owners_word() -> None:
    assert scan(f"K = 'ghp_{some(36)}'  # gitleaks:allow\n".encode()) == []
    assert scan(f"K = 'ghp_{some(36)}'\n# gitleaks:allow\n".encode()) != []


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        (".env", True),
        ("deploy/.env.production", True),
        (".env.example", False),
        (".env.local.sample", False),
        (".envrc", False),
        ("environment.py", False),
        ("keys/id_ed25519", True),
        ("id_rsa.pub", False),
        ("Store.P12", True),
        (".netrc", True),
        ("netrc.md", False),
    ],
)
def test_names(name: str, secret: bool) -> None:
    assert bool(secret_name(name)) is secret


def test_redact() -> None:
    key = "ghp_" + some(36)
    text = f"fatal: unable to access 'https://me:pw@host/x.git/': {key}"
    assert redact(text) == "fatal: unable to access 'https://host/x.git/': ***"
    assert redact("ssh://git@host/x") == "ssh://host/x"
    assert redact("") == ""


def test_entropy() -> None:
    assert entropy(b"aaaa") == 0
    assert entropy(b"abcd") == 2
