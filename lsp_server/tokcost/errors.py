"""Every error a user can meet.

TokcostError                 a sentence and what to do about it
  UsageError                 the command line cannot be understood                        (exit 2)
  EnvironmentProblem         this machine lacks something, or a file is in the way     (exit 3)
    NotARepository
    LedgerUnavailable        the ledger is locked, read-only or from a newer version
    SettingsDamaged
  LedgerDamaged              the ledger's file is damaged                            (exit 1)
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
        """Both in one text: the sentence, and what to do."""
        return f"{self}. {self.hint}"


class UsageError(TokcostError):
    """The command line cannot be understood."""

    exit_code = 2


class EnvironmentProblem(TokcostError):
    """This machine lacks something, or a file is in the way."""

    exit_code = 3


class NotARepository(EnvironmentProblem):
    """The current folder is not in a git worktree."""


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
    return UsageError(f"{one} and {other} cannot be used together", "Leave one of them out.")


def not_before(since: object, until: object) -> UsageError:
    """A span that would end before it begins."""
    return UsageError(f"--since {since} is not before --until {until}", "Swap the two dates, or leave one of them out.")


_IS_CLOSED = "Give yourself permission to read and write it, or choose another path."
_WAYS_ON = {
    errno.ENOENT: "Check that its name is right and that its folder exists.",
    errno.ENOTDIR: "Check its name: a part of the path is not a folder.",
    errno.EISDIR: "It is a folder; name a file.",
    errno.EACCES: _IS_CLOSED,
    errno.EPERM: _IS_CLOSED,
    errno.EINVAL: "Replace it with a regular file.",
    errno.EFBIG: "Make it smaller.",
    errno.ELOOP: "Replace the link with the file itself.",
    errno.EROFS: "That file system is read-only; choose another path.",
    errno.ENOSPC: "Free space on that disk, then run the command again.",
    errno.EDQUOT: "Free space within your quota on that disk, then run the command again.",
}


def require_name(what: str, name: str) -> None:
    """Refuse a name without characters: it is an unset variable of a shell, and would find nothing, or, as a path, the
    current folder. `what` is the option or argument. Raises `UsageError`."""
    if not name.strip():
        raise UsageError(f"{what}: the name is empty", "Name one, or leave it out.")


def of_file(
    path: object, what: str, error: OSError, kind: type[EnvironmentProblem] = EnvironmentProblem
) -> EnvironmentProblem:
    """An operation on a file that failed (`cannot be written`): the reason, and what to do about it."""
    hint = _WAYS_ON.get(error.errno or 0, f"Run `ls -ld` on {path} to see what it is, then run the command again.")
    return kind(f"{path} {what}: {error.strerror or error}", hint)
