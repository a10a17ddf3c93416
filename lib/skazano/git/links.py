"""Web addresses of commits, taken from a remote's URL as git has it.

GitHub has `/<owner>/<repo>/commit/<sha>` and `/compare/<a>...<b>`, Gitea and Forgejo the same;
GitLab puts `/-/` before them. A host of no known kind is taken for the first form.
"""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlsplit

_SCP = re.compile(r"(?:[^/@:]+@)?(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\]):(?P<path>(?!//|:).+)")
_HOST = re.compile(r"[A-Za-z0-9.-]+(:\d+)?|\[[0-9A-Fa-f:]+\](:\d+)?")
_SSH_HOSTS = {"ssh.github.com": "github.com", "altssh.gitlab.com": "gitlab.com"}


def web_url(remote_url: str) -> str | None:
    """`https://host/path` of the repository, without credentials; None for a local path."""
    if "://" not in remote_url:
        scp = _SCP.fullmatch(remote_url)
        return _join("https", scp["host"], scp["path"]) if scp else None
    try:
        parts = urlsplit(remote_url)
        port = parts.port
    except ValueError:
        return None
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    if parts.scheme in ("http", "https"):
        return _join(parts.scheme, f"{host}:{port}" if port else host, parts.path)
    if parts.scheme in ("ssh", "git+ssh", "git"):
        return _join("https", host, parts.path)
    return None


def _join(scheme: str, host: str, path: str) -> str | None:
    host = _SSH_HOSTS.get(host.lower(), host)
    path = path.strip("/").removesuffix(".git").strip("/")
    if not _HOST.fullmatch(host) or not path or ".." in path.split("/"):
        return None
    return f"{scheme}://{host}/{quote(path, safe='/~._-')}"


def forge(url: str) -> str:
    """ "gitlab", or "github" for every host that has its form of address."""
    return "gitlab" if "gitlab" in (urlsplit(url).hostname or "") else "github"


def commit_link(remote_url: str, sha: str, kind: str | None = None) -> str | None:
    """The page of one commit. `kind` overrides what the host's name says."""
    url = web_url(remote_url)
    if url is None:
        return None
    return f"{url}{_slash(kind or forge(url))}commit/{sha}"


def compare_link(remote_url: str, base: str, head: str, kind: str | None = None) -> str | None:
    """The page of everything between two commits."""
    url = web_url(remote_url)
    if url is None:
        return None
    return f"{url}{_slash(kind or forge(url))}compare/{base}...{head}"


def _slash(kind: str) -> str:
    return "/-/" if kind == "gitlab" else "/"


def rewritten(remote_url: str, config: Mapping[str, Sequence[str]]) -> str:
    """`remote_url` after `url.<base>.insteadOf`, the longest match, as git-config(1) says."""
    best = ("", remote_url)
    for key, values in config.items():
        if key.startswith("url.") and key.endswith(".insteadof"):
            base = key[len("url.") : -len(".insteadof")]
            for start in values:
                if remote_url.startswith(start) and len(start) > len(best[0]):
                    best = (start, base + remote_url[len(start) :])
    return best[1]
