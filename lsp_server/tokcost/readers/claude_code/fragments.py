"""Lines of a transcript that are not exactly one record, recognised by their bytes; the rest of a record may have
contained usage.

Words are searched with their quotes, which are escaped inside a text.
"""

from tokcost.readers.sources.records import kind_of

REPLY = b'"type":"message","role":"assistant"'
"""Bytes in every reply; such a long word is excluded after comparing few bytes."""
TOTAL = b'"cost-state"'
WORKTREE = b'"worktree-state"'
STATE = b'-state"'
"""The end of both."""
COMPACTION = b'"compact_boundary"'
UUID, PARENT = b'"uuid":"', b'"parentUuid":"'
"""The keys of a line's id and of its parent's, as written by all versions."""

_COUNTING = (b'"assistant"', TOTAL, WORKTREE)
_OTHERS = (b'"user"', b'"system"', b'"progress"', b'"attachment"', b'"summary"', b'"file-history', b'"queue-operation"')
_LONGEST_ID = 200

_OPEN, CLOSE = b"{}"
"""The first and the last byte of a record."""


class Replies:
    """The positions of replies in a block, searched in the lines asked about, in order."""

    def __init__(self, block: bytes = b"") -> None:
        self._block = block
        self.next = -1
        """The last answer of `behind`, which is valid for every position between the one asked about and itself."""

    def behind(self, begin: int) -> int:
        """The position of the first reply from `begin` on; the end of the block if there is none."""
        if self.next < begin:
            found = self._block.find(REPLY, begin)
            self.next = found if found >= 0 else len(self._block)
        return self.next


def written_id(block: bytes, named: bytes, begin: int, end: int, *, is_last: bool = False) -> str:
    """The first or last id after its key in a line that is not decoded; empty if there is none."""
    at = block.rfind(named, begin, end) if is_last else block.find(named, begin, end)
    if at < 0:
        return ""
    at += len(named)
    close = block.find(b'"', at, min(at + _LONGEST_ID, end))
    return block[at:close].decode("utf-8", "replace") if close > 0 else ""


def looks_whole(block: bytes, begin: int, end: int) -> bool:
    """Whether a line has no obvious sign of not being exactly one record."""
    return begin < end and block[begin] == _OPEN and block[end - 1] == CLOSE and block.find(b"\0", begin, end) < 0


def reason_of(damaged: bytes) -> str:
    """The reason under which a damaged record, or a part of one, is counted; empty if it shows that its kind has no
    usage."""
    kind = kind_of(damaged)
    if kind is None:
        is_other = any(word in damaged for word in _OTHERS) and not any(word in damaged for word in _COUNTING)
    else:
        is_other = kind != "assistant" or b'"usage"' not in damaged
    if is_other:
        return ""
    return "damaged usage record" if b'"usage"' in damaged else "damaged record"
