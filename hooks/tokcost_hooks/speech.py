"""What hooks say, on standard error. Imports nothing that Python has not loaded anyway: who says that the deadline has
come must not wait for an import."""

import sys


def tell(sentence: str, hint: str = "") -> None:
    """One line, and one that says what to do. What could move the cursor, begin another line, change direction or hide
    shows as `\\x1b`.

    Raises `OSError`, or `AttributeError` where standard error is closed.
    """
    text = f"tokcost: {_plain(sentence)}\n" + (f"hint: {_plain(hint)}\n" if hint else "")
    encoding = sys.stderr.encoding
    sys.stderr.write(text.encode(encoding, "backslashreplace").decode(encoding))
    sys.stderr.flush()


def _plain(text: str) -> str:
    """As `tokcost.reports.text.escape`, without the tables of Unicode."""
    return text if text.isprintable() else "".join(map(_shown, text))


def _shown(char: str) -> str:
    return char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
