"""What a hook says: lines on standard error, written at once."""

import os

STDERR = 2
STOP = 79
"""Exit code of a commit that is stopped on purpose: Python never leaves with it by itself, nor does a shell."""


def say(text: str) -> None:
    """Write a line to standard error; nobody may be listening. Not by way of `sys.stderr`, which is `None` where the
    stream was closed before Python started."""
    data = f"{text}\n".encode("utf-8", "backslashreplace")
    try:
        while data:
            data = data[os.write(STDERR, data) :]
    except OSError:
        pass


def failure(name: str, reason: str, code: int) -> str:
    """What did not happen in a hook that ends with this code, and why."""
    if name == "prepare-commit-msg":
        lost = f"{name} left this commit without a cost line ({reason}); the spend stays pending"
    elif name == "pre-commit":
        lost = f"the budget was not checked ({reason})"
    else:
        lost = f"{name} could not finish ({reason}); the commit is not touched, and the next one catches up"
    return f"tokcost: {lost}{_STOPPED if code == STOP else '.'}"


_STOPPED = """; the commit was stopped, as tokcost.budgetUnchecked asks.
hint: try again, or once: git commit --no-verify; from now on: git config tokcost.budgetUnchecked pass"""


def words(problem: BaseException) -> str:
    """An error in a sentence."""
    return str(problem) or type(problem).__name__
