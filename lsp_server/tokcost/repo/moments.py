"""Times in commits and reflogs: digits that their makers could write as they liked, so they are kept within bounds."""

LAST_SECOND = (1 << 32) - 1
"""The latest second that is believed, in 2106."""


def moment_of(text: str) -> int:
    """A commit's time as its maker wrote it, in seconds UTC. What is none (a minus, nothing) is the first second that
    there is, and what lies beyond 32 bits the last."""
    return min(int(text[:20]), LAST_SECOND) if text.isdecimal() and text.isascii() else 0
