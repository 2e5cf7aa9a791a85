"""Every error a user can meet.

TokcostError                 a sentence and what to do about it
  UsageError                 the command line asks for something that makes no sense   (exit 2)
  EnvironmentProblem         this machine lacks something, or a file is in the way     (exit 3)
    NotARepository
    LedgerUnavailable        the ledger is locked, read-only or from a newer version
    SettingsDamaged
  LedgerDamaged              the ledger's file is no sound one any more                (exit 1)
"""

from pathlib import Path


class TokcostError(Exception):
    """A problem that is told in one sentence; `hint` says what to do."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(TokcostError):
    """The command line asks for something that makes no sense."""

    exit_code = 2


class EnvironmentProblem(TokcostError):
    """This machine lacks something, or a file is in the way."""

    exit_code = 3


class NotARepository(EnvironmentProblem):
    """The current folder lies in no git worktree."""


class LedgerUnavailable(EnvironmentProblem):
    """The ledger is locked, read-only, or was written by a newer tokcost."""


class SettingsDamaged(EnvironmentProblem):
    """A settings or override file cannot be read."""


class LedgerDamaged(TokcostError):
    """The ledger's file is no sound one any more: it must be rescued (`services/rescue.py`)."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(f"the ledger {path} is damaged ({what})", "`tokcost log` saves everything readable of it.")
        self.what = what
