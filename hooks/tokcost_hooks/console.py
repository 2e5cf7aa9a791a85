"""What hooks say, on standard error. Imports nothing that Python has not loaded anyway: whoever says that the deadline
has come must not wait for an import."""

import os

STDERR = 2
PAST_UNCHECKED = "try again, or once: git commit --no-verify; from now on: git config tokcost.budgetUnchecked pass"
"""What to do about a commit that was stopped because its budget could not be checked."""


def tell(sentence: str, hint: str = "") -> None:
    """Write one line, and one that says what to do; nobody may be listening. What could move the cursor, begin another
    line, change direction or hide shows as `\\x1b`."""
    text = f"tokcost: {_plain(sentence)}\n" + (f"hint: {_plain(hint)}\n" if hint else "")
    # Not by way of `sys.stderr`, which is `None` where the stream was closed before Python started.
    data = text.encode("utf-8", "backslashreplace")
    try:
        while data:
            data = data[os.write(STDERR, data) :]
    except OSError:
        pass


def _plain(text: str) -> str:
    """As `tokcost.reports.text.escape`, without the tables of Unicode."""
    return text if text.isprintable() else "".join(map(_shown, text))


def _shown(char: str) -> str:
    return char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
