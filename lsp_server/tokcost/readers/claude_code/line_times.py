"""Times of lines of a transcript, for records without one."""

import re
from datetime import datetime

from tokcost.readers.sources.records import milliseconds

_TIMESTAMP = re.compile(rb'"timestamp"\s*:\s*"([^"]{10,40})"')


class LineTimes:
    """The times in the lines of one block, for records without one: each was written after the line above it."""

    def __init__(self, last: int | None = None) -> None:
        """`last` is the time of the last line with a time above the block."""
        self._searched = 0
        self._last = last

    def before(self, block: bytes, begin: int) -> int | None:
        """The time of the last line above `begin` that has one. Earlier parts are not searched again, so the next
        call must be about a later line."""
        at = block.rfind(b'"timestamp"', self._searched, begin)
        self._searched = begin
        if at >= 0:
            match = _TIMESTAMP.match(block, at)
            self._last = _parse_time(match[1]) if match else None
        return self._last

    @staticmethod
    def first(block: bytes) -> int | None:
        """The first time in a block, in milliseconds UTC."""
        match = _TIMESTAMP.search(block)
        return _parse_time(match[1]) if match else None


def _parse_time(text: bytes) -> int | None:
    try:
        return milliseconds(datetime.fromisoformat(text.decode("ascii")))
    except (ValueError, OverflowError):
        return None
