"""Links, messages, patches, branch names: the parts that need no repository."""

import itertools
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skazano.git.branch import Family
from skazano.git.links import commit_link, compare_link, rewritten, web_url
from skazano.git.locks import named_lock
from skazano.git.message import message, one_line, subject_line
from skazano.git.patch import Additions, unquote


@pytest.mark.parametrize(
    ("remote", "web"),
    [
        ("git@github.com:owner/repo.git", "https://github.com/owner/repo"),
        ("https://github.com/owner/repo", "https://github.com/owner/repo"),
        ("https://user:ghp_token@github.com/owner/repo.git/", "https://github.com/owner/repo"),
        ("https://oauth2:t%40k@gitlab.example.org:8443/a/b/c.git", "https://gitlab.example.org:8443/a/b/c"),
        ("ssh://git@git.example.org:2222/o/r.git", "https://git.example.org/o/r"),
        ("ssh://git@ssh.github.com:443/o/r.git", "https://github.com/o/r"),
        ("http://gitea.lan:3000/o/r", "http://gitea.lan:3000/o/r"),
        ("host:path/to/repo", "https://host/path/to/repo"),
        ("https://host/o/имя", "https://host/o/%D0%B8%D0%BC%D1%8F"),
        ('https://host/o/"><script>', "https://host/o/%22%3E%3Cscript%3E"),
        ("https://host<script>/o/r", None),
        ("https://host:port/o/r", None),
        ("https://host/../r", None),
        ("javascript://host/%0aalert(1)", None),
        ("ext::sh -c evil", None),
        ("/srv/git/repo.git", None),
        ("file:///srv/git/repo.git", None),
        ("../relative", None),
        ("", None),
    ],
)
def test_web_url(remote: str, web: str | None) -> None:
    assert web_url(remote) == web


@pytest.mark.parametrize(
    ("remote", "kind", "commit", "compare"),
    [
        (
            "git@github.com:o/r.git",
            None,
            "https://github.com/o/r/commit/aa",
            "https://github.com/o/r/compare/aa...bb",
        ),
        (
            "git@gitlab.com:g/s/r.git",
            None,
            "https://gitlab.com/g/s/r/-/commit/aa",
            "https://gitlab.com/g/s/r/-/compare/aa...bb",
        ),
        (
            "https://codeberg.org/o/r",
            None,
            "https://codeberg.org/o/r/commit/aa",
            "https://codeberg.org/o/r/compare/aa...bb",
        ),
        (
            "https://code.lan/o/r",
            "gitlab",
            "https://code.lan/o/r/-/commit/aa",
            "https://code.lan/o/r/-/compare/aa...bb",
        ),
        ("/srv/r.git", None, None, None),
    ],
)
def test_links(remote: str, kind: str | None, commit: str | None, compare: str | None) -> None:
    assert commit_link(remote, "aa", kind) == commit
    assert compare_link(remote, "aa", "bb", kind) == compare


def test_instead_of_takes_the_longest() -> None:
    config = {"url.https://github.com/.insteadof": ["gh:"], "url.https://x/.insteadof": ["gh:o/"]}
    assert rewritten("gh:p/r", config) == "https://github.com/p/r"
    assert rewritten("gh:o/r", config) == "https://x/r"


@given(st.text(), st.dictionaries(st.just("Tool"), st.text() | st.none()))
def test_any_text_is_a_fit_message(text: str, trailers: dict[str, str | None]) -> None:
    subject = subject_line(text, "task t")
    lines = message(subject, {"Task": "t", **trailers}).decode().split("\n")
    assert 0 < len(lines[0]) <= 72
    assert lines[0][0] not in "-#"
    assert not {unicodedata.category(c) for c in lines[0]} & {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
    assert lines[1:3] == ["", "Task: t"]
    assert len(lines) <= 5


def test_trailer_keys_are_checked() -> None:
    with pytest.raises(ValueError, match="trailer"):
        message("s", {"Evil\nTask": "x"})


def test_one_line_cuts_at_a_word() -> None:
    assert one_line("одно два три", 9) == "одно два…"
    assert one_line("x" * 80, 72) == "x" * 71 + "…"


@pytest.mark.parametrize(
    ("quoted", "plain"),
    [
        (b"a b", b"a b"),
        (rb'"a\tb\nc"', b"a\tb\nc"),
        (rb'"\320\266\"\\"', "ж".encode() + b'"\\'),
        (rb'"\001"', b"\x01"),
    ],
)
def test_unquote(quoted: bytes, plain: bytes) -> None:
    assert unquote(quoted) == plain


PATCH = (
    b"diff --git a/old b/old\n--- a/old\n+++ b/old\n@@ -1,2 +1,2 @@\n-gone\n+++ b/fake\n context\n"
    b"@@ -9 +9,2 @@ def\n-x\n+y\n+diff --git a/no b/no\n\\ No newline at end of file\n"
    b'diff --git "a/n\\n" "b/n\\n"\nnew file mode 100644\nindex 0..1\n'
    b'--- /dev/null\n+++ "b/n\\n"\n@@ -0,0 +1 @@\n+z\n'
    b"diff --git a/gone b/gone\ndeleted file mode 100644\n--- a/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n-q\n"
)


@given(st.lists(st.integers(1, len(PATCH) - 1)))
def test_added_lines_however_the_patch_comes(cuts: list[int]) -> None:
    seen: list[tuple[bytes, bool, bytes]] = []
    reader = Additions(lambda path, new, data: seen.append((path, new, data)))
    edges = [0, *sorted(cuts), len(PATCH)]
    for start, end in itertools.pairwise(edges):
        reader.feed(PATCH[start:end])
    reader.end()
    assert seen == [(b"old", False, b"++ b/fake\ny\ndiff --git a/no b/no"), (b"n\n", True, b"z")]


def test_family() -> None:
    family = Family("autobot/")
    assert [
        family.parse(n) is not None
        for n in ("autobot/2026-11-22", "autobot/2026-11-22-3", "autobot-2026-11-22")
    ] == [
        True,
        True,
        True,
    ]
    assert family.parse("autobot/2026-11-22/x") is None
    assert family.parse("autobot/feature") is None
    assert max(family.parse(f"autobot/2026-11-22-{n}") for n in (2, 10)).number == 10  # type: ignore[type-var]
    assert next(Family("bot-").names("2026-11-22")) == "bot-2026-11-22"


def test_named_lock() -> None:
    said = "fatal: cannot lock ref 'x': Unable to create '/a/.git/refs/heads/x.lock': File exists.\n\nAnother"
    assert named_lock(said) == Path("/a/.git/refs/heads/x.lock")
    assert named_lock("fatal: no") is None
