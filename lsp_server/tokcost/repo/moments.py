"""Times in commits and reflogs. Their authors can write any digits, so times are limited to a range."""

LAST_SECOND = (1 << 32) - 1
"""The latest accepted second, in 2106."""


def moment_of(text: str) -> int:
    """A commit's time as its author wrote it, in seconds UTC. An invalid one (negative, empty) becomes the first
    possible second, one beyond 32 bits the last."""
    # Twenty digits are beyond the limit in any case, and Python refuses to convert thousands of them.
    return min(int(text[:20]), LAST_SECOND) if text.isdecimal() and text.isascii() else 0
