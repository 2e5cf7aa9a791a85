"""A worktree's past as git remembers it: plain values, read by `repo` and interpreted by `placement`."""

from typing import NamedTuple

NULL_ID = "0" * 40
"""The id git writes where there was nothing before."""
_COMMIT = ("commit", "cherry-pick: ", "revert: ", "am: ")


class ReflogEntry(NamedTuple):
    """One movement of HEAD or of a branch."""

    second: int
    """Seconds since 1970-01-01 UTC, by the clock of whoever moved it."""
    old: str
    new: str
    message: str


def is_commit(message: str) -> bool:
    """Whether a reflog entry made a commit (a fast-forward makes none, a rebase only repeats what was committed)."""
    return message.startswith(_COMMIT) or ": Merge made by " in message


class Creation(NamedTuple):
    """The birth of a branch."""

    second: int
    source: str
    """The start point of the branch, as git noted it: `HEAD`, a branch, a remote branch, a commit."""


class Rename(NamedTuple):
    """A branch got another name (`git branch -m`)."""

    second: int
    before: str
    after: str


class History(NamedTuple):
    """Everything that says which branch a worktree was on."""

    entries: list[ReflogEntry]
    """HEAD's reflog in that worktree, oldest first."""
    head: str | None
    """The branch checked out now, or being rebased or bisected; `None` when HEAD is plainly detached."""
    creations: dict[str, Creation]
    renames: list[Rename]
    problem: str = ""
    """The reason why there is no reflog, as a part of a sentence; empty when there is one."""
    quiet_since: int | None = None
    """Without entries: from this second on HEAD has been where it is now (0: always, nothing was committed yet)."""
    told_from: int = 0
    """Before this second something may be missing here that git remembers: only its newest entries were read."""
