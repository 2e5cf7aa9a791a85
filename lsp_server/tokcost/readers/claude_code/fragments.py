"""Lines of a transcript that are not one record, as their bytes show; what is left of a record may have told usage.

Words are searched for with their quotes, which inside of a text are escaped.
"""

from tokcost.readers.sources.records import kind_of

REPLY = b'"type":"message","role":"assistant"'
"""Bytes that every reply has; of so long a word few must be looked at to see that it is not there."""
TOTAL = b'"cost-state"'
WORKTREE = b'"worktree-state"'
STATE = b'-state"'
"""The end of both."""
COMPACTION = b'"compact_boundary"'
UUID, PARENT = b'"uuid":"', b'"parentUuid":"'
"""The beginnings of a line's id and its parent's, as all versions write them."""

_COUNTING = (b'"assistant"', TOTAL, WORKTREE)
_OTHERS = (b'"user"', b'"system"', b'"progress"', b'"attachment"', b'"summary"', b'"file-history', b'"queue-operation"')
_LONGEST_ID = 200

_OPEN, CLOSE = b"{}"
"""The first and the last byte of a record."""


class Replies:
    """The places of replies in a block, searched for in the lines that are asked about, in their order."""

    def __init__(self, block: bytes = b"") -> None:
        self._block = block
        self.next = -1
        """The last answer of `behind`, which holds for every place between the one asked about and itself."""

    def behind(self, begin: int) -> int:
        """The place of the first reply from `begin` on; the end of the block where there is none."""
        if self.next < begin:
            found = self._block.find(REPLY, begin)
            self.next = found if found >= 0 else len(self._block)
        return self.next


def written_id(block: bytes, named: bytes, begin: int, end: int, *, is_last: bool = False) -> str:
    """The id behind its name in a line that is not decoded, the first there or the last; empty where there is none."""
    at = block.rfind(named, begin, end) if is_last else block.find(named, begin, end)
    if at < 0:
        return ""
    at += len(named)
    close = block.find(b'"', at, min(at + _LONGEST_ID, end))
    return block[at:close].decode("utf-8", "replace") if close > 0 else ""


def looks_whole(block: bytes, begin: int, end: int) -> bool:
    """Whether nothing shows at once that a line is not one record."""
    return begin < end and block[begin] == _OPEN and block[end - 1] == CLOSE and block.find(b"\0", begin, end) < 0


def reason_of(damaged: bytes) -> str:
    """The reason under which a damaged record is counted, or what is left of one; empty where it says that it was of a
    kind without usage."""
    kind = kind_of(damaged)
    if kind is None:
        is_other = any(word in damaged for word in _OTHERS) and not any(word in damaged for word in _COUNTING)
    else:
        is_other = kind != "assistant" or b'"usage"' not in damaged
    if is_other:
        return ""
    return "damaged usage record" if b'"usage"' in damaged else "damaged record"
