"""The history of a worktree's HEAD as recorded by git: plain values, read by `repo` and interpreted by `placement`."""

from typing import NamedTuple

NULL_ID = "0" * 40
"""The id that git writes if there was no commit before."""
# `commit` also begins `commit (initial)`, `commit (amend)` and `commit (merge)`.
_COMMIT = ("commit", "cherry-pick: ", "revert: ", "am: ")


class ReflogEntry(NamedTuple):
    """One movement of HEAD or of a branch."""

    second: int
    """Seconds since 1970-01-01 UTC, by the clock of the person who moved it."""
    old: str
    new: str
    message: str


def is_commit(message: str) -> bool:
    """Whether a reflog entry created a commit (a fast-forward creates none, a rebase only repeats earlier commits)."""
    return message.startswith(_COMMIT) or ": Merge made by " in message


def is_amend(message: str) -> bool:
    """Whether a reflog entry replaced the newest commit."""
    return message.startswith("commit (amend)")


class Creation(NamedTuple):
    """The creation of a branch."""

    second: int
    source: str
    """The start point of the branch as recorded by git: `HEAD`, a branch, a remote branch, a commit."""


class Rename(NamedTuple):
    """The renaming of a branch (`git branch -m`)."""

    second: int
    before: str
    after: str


class HeadHistory(NamedTuple):
    """Everything that determines which branch a worktree was on."""

    entries: list[ReflogEntry]
    """HEAD's reflog in that worktree, oldest first."""
    head: str | None
    """The branch that is checked out now, or being rebased or bisected; `None` if HEAD is detached."""
    creations: dict[str, Creation]
    renames: list[Rename]
    problem: str = ""
    """The reason why there is no reflog, as part of a sentence; empty if there is one."""
    quiet_since: int | None = None
    """Without entries: the second since which HEAD has been in its present place (0: always, nothing was committed
    yet)."""
    told_from: int = 0
    """The second before which entries may be missing here that git has: only the newest entries were read."""
