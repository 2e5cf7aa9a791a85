"""Every error a user can meet.

TokcostError                 a sentence and what to do about it
  UsageError                 the command line asks for something that makes no sense   (exit 2)
  EnvironmentProblem         this machine lacks something, or a file is in the way     (exit 3)
    NotARepository
    LedgerUnavailable        the ledger is locked, read-only or from a newer version
    SettingsDamaged
  LedgerDamaged              the ledger's file is no sound one any more                (exit 1)
"""

import errno
from pathlib import Path


class TokcostError(Exception):
    """A problem described by one sentence; `hint` says what to do, and no problem is without one."""

    exit_code = 1

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint

    @property
    def told(self) -> str:
        """Both, where there is one text for them: the sentence, and what to do."""
        return f"{self}. {self.hint}"


class UsageError(TokcostError):
    """The command line asks for something that makes no sense."""

    exit_code = 2


class EnvironmentProblem(TokcostError):
    """This machine lacks something, or a file is in the way."""

    exit_code = 3


class NotARepository(EnvironmentProblem):
    """The current folder is in no git worktree."""


class LedgerUnavailable(EnvironmentProblem):
    """The ledger is locked, read-only, or was written by a newer tokcost."""


class SettingsDamaged(EnvironmentProblem):
    """A settings or override file cannot be read."""


class LedgerDamaged(TokcostError):
    """The ledger's file is damaged and must be rescued (`services/rescue.py`)."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(f"the ledger {path} is damaged ({what})", "`tokcost log` saves everything readable of it.")
        self.what = what


def exclude_each_other(one: str, other: str) -> UsageError:
    """Two mutually exclusive options."""
    return UsageError(f"{one} and {other} exclude each other", "Leave one of them out.")


def not_before(since: object, until: object) -> UsageError:
    """A span that would end before it begins."""
    return UsageError(f"--since {since} is not before --until {until}", "Exchange the two, or leave one of them out.")


_IS_CLOSED = "Let it be yours to read and write, or name another place."
_WAYS_ON = {
    errno.ENOENT: "Look whether its name is right, and whether its folder is there.",
    errno.ENOTDIR: "Look whether its name is right: a part of it is no folder.",
    errno.EISDIR: "It is a folder: name a file.",
    errno.EACCES: _IS_CLOSED,
    errno.EPERM: _IS_CLOSED,
    errno.EINVAL: "Put a plain file in its place.",
    errno.EFBIG: "Make it smaller.",
    errno.ELOOP: "Put the file itself in place of the link.",
    errno.EROFS: "That disk can only be read: name another place.",
    errno.ENOSPC: "Make room on that disk, then run the command again.",
    errno.EDQUOT: "Make room in your share of that disk, then run the command again.",
}


def of_file(
    path: object, what: str, error: OSError, kind: type[EnvironmentProblem] = EnvironmentProblem
) -> EnvironmentProblem:
    """An operation on a file that failed (`cannot be written`): the reason, and what to do about it."""
    hint = _WAYS_ON.get(error.errno or 0, "Look what it is, then run the command again.")
    return kind(f"{path} {what}: {error.strerror or error}", hint)
