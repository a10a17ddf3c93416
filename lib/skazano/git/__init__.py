"""Git around a task: the owner's work kept apart, one branch a day, a commit, a push, an undo.

    work = prepare(repo, task, today=date.today())      # store it, then start the agent
    commit, patch = finish(repo, work, subject, {"Project": slug, "Tool": tool})
    result = push(repo, commit.branch)
    undo(repo, task, today=date.today(), commits=[made.sha for made in commit.commits])

`prepare` and `finish` give None for a folder without `.git`. One task at a time in a checkout.
"""

from skazano.git.begin import OwnerCommit, Work, prepare
from skazano.git.checkout import is_repository
from skazano.git.command import Busy, Git, GitError, Identity, Refused
from skazano.git.end import Changed, Commit, Made, finish
from skazano.git.links import commit_link, compare_link, web_url
from skazano.git.push import PushResult, push, rebased
from skazano.git.stage import LeftOut
from skazano.git.undo import Undone, undo

__all__ = [
    "Busy",
    "Changed",
    "Commit",
    "Git",
    "GitError",
    "Identity",
    "LeftOut",
    "Made",
    "OwnerCommit",
    "PushResult",
    "Refused",
    "Undone",
    "Work",
    "commit_link",
    "compare_link",
    "finish",
    "is_repository",
    "prepare",
    "push",
    "rebased",
    "undo",
    "web_url",
]
