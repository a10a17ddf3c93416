"""Putting right what an agent leaves in a repository, so that its work can be committed."""

from skazano.git.begin import Work
from skazano.git.branch import HEADS
from skazano.git.checkout import Checkout
from skazano.git.command import Git
from skazano.git.facts import Status, read_status, unfinished
from skazano.git.message import one_line
from skazano.git.stage import find_secrets


def settle(there: Checkout, work: Work, notes: list[str]) -> Status:
    """Back on a branch that holds the work, whatever the agent left half done; nothing undone."""
    git = there.git
    status = read_status(git)
    command = unfinished(there.git_dir)
    if command and (command != "merge" or any(entry.unmerged for entry in status.entries)):
        git(command, *(("reset", "HEAD") if command == "bisect" else ("--quit",)))
        notes.append(f"Агент не закончил git {command}: записано то, что было в файлах.")
        status = read_status(git)
    if status.branch == work.branch or status.head is None:
        return status
    day = git("rev-parse", "--verify", "--quiet", HEADS + work.branch, ok=(0, 1)).out.decode()
    day = day.strip()
    if not day or holds(git, day, status.head):
        # The same commit, so the switch touches no file.
        git("switch", "--quiet", "--no-track", "-C", work.branch)
        return status._replace(branch=work.branch)
    if holds(git, status.head, day):
        # No commit of its own there: its files come along to the day's branch if they fit.
        if not git("switch", "--quiet", "--no-overwrite-ignore", work.branch, ok=None).code:
            return read_status(git)
        status = status._replace(branch=None)
    if status.branch is None and status.head:
        name = f"{work.branch}-{status.head[:8]}"
        git("switch", "--quiet", "--no-track", "-C", name)
        status = status._replace(branch=name)
    notes.append(f"Агент ушёл с ветки дня: работа записана на ветке {status.branch}.")
    return status


def keep_base(git: Git, work: Work, status: Status, notes: list[str]) -> None:
    """A branch for what stood before the task, if the agent rewrote it away."""
    base = work.base
    if base is None or status.head == base or (status.head and holds(git, base, status.head)):
        return
    places = ("refs/heads", "refs/remotes")
    if not git("for-each-ref", f"--contains={base}", "--count=1", *places).out:
        name = f"{work.branch}-{base[:8]}"
        git("branch", "--no-track", "--force", name, base)
        notes.append(f"Агент переписал историю ветки: прежнее осталось на ветке {name}.")


def holds(git: Git, old: str, new: str) -> bool:
    return git("merge-base", "--is-ancestor", old, new, ok=(0, 1)).code == 0


def task_range(work: Work, head: str) -> list[str]:
    """Arguments that select the task's commits."""
    known = {sha for sha in (work.base, work.default_sha) if sha}
    return [head, *(f"^{sha}" for sha in sorted(known))]


def uncommit_secrets(
    there: Checkout, work: Work, status: Status, notes: list[str]
) -> tuple[Status, str, bool]:
    """If the agent committed a secret that nobody has seen yet, make its commits uncommitted again.

    Only HEAD and the index move; every file stays. Gives the status, a body that tells what the
    agent called its commits, and whether a secret had to be left where it is.
    """
    git = there.git
    if status.head is None or status.head == work.base:
        return status, "", False
    selected = task_range(work, status.head)
    if not find_secrets(git, "log", "-p", "--remerge-diff", "--format=", *selected):
        return status, "", False
    pushed = git("for-each-ref", f"--contains={status.head}", "--count=1", "refs/remotes").out
    if pushed or (work.base and not holds(git, work.base, status.head)):
        notes.append("В коммитах агента есть секрет: замените его.")
        return status, "", True
    subjects = git("log", "--reverse", "--format=%s", *selected).out.decode("utf-8", "replace")
    if work.base:
        git("reset", "--quiet", "--soft", work.base)
    else:
        git("update-ref", "-d", "HEAD")
    notes.append("Агент записал в git секрет: его коммиты сделаны заново, без секрета.")
    body = "\n".join("- " + one_line(line, 200) for line in subjects.splitlines()[:50])
    return read_status(git), body, False
