"""Lines that repeat a response and tell nothing new of it: they are recognised by their bytes and not decoded."""

from tokcost.model.usage import Usage
from tokcost.readers.claude_code.fragments import REPLY, TOTAL

NEVER = b"\n"
"""No line contains its end."""

HEAD = 640
"""Bytes at the beginning of a line that tell whose it is: older versions write folder, session and branch there."""

_NO_STOP_REASON = b'"stop_reason":null'
_BETWEEN = 64
"""Bytes in which a `stop_reason` stands before the usage, with a `stop_sequence` between them at most."""


class Repetition:
    """The marks of a line that tells nothing new of the last response."""

    def __init__(self) -> None:
        self.id = NEVER
        """The id of the message and what follows it, at its beginning."""
        self._begins_with = b""
        """At its beginning as well."""
        self._usage = b""
        """Behind its content."""
        self._behind: tuple[bytes, ...] = ()
        """Anywhere, mostly behind its content."""

    def forget(self) -> None:
        """No line is expected to repeat anything."""
        self.id = NEVER

    def expect(self, raw: bytes, message_id: str, request_id: str, usage: bytes, version: str, found: Usage) -> None:
        """Lines like `raw`, of the same request, whose usage is the same to the byte. `found` is what is known of the
        response by now."""
        self._begins_with = b""
        written = b'"usage":%s' % usage
        if found.lower_bound:
            written = _unfinished(raw, written)
        if found.copy_rank == 1:
            self._begins_with = b'"isSidechain":true'  # any other line would be surer of being the original
        self._usage = written
        self._behind = (b'"requestId":"%s"' % request_id.encode(),)
        if found.kind == "partial":
            # A line of a sub-agent or an older version would say that the reply is whole.
            self._behind += b'"isSidechain":false', b'"version":"%s"' % version.encode()
        self.id = b'"id":"%s",%s' % (message_id.encode(), REPLY)

    def is_in(self, block: bytes, begin: int, named: int, end: int) -> bool:
        """Whether a line that has the id at `named` is such a one, and holds no other record."""
        if block.find(self._begins_with, begin, begin + HEAD) < 0:
            return False
        usage = block.rfind(self._usage, named, end)
        if usage < 0 or block.find(REPLY, named + len(self.id), end) >= 0 or block.find(TOTAL, usage, end) >= 0:
            return False
        return all(block.rfind(words, begin, end) >= 0 for words in self._behind)


def _unfinished(raw: bytes, written: bytes) -> bytes:
    """A line's usage together with the null `stop_reason` just before it: with a `stop_reason`, a repetition would make
    the response final. `NEVER` where they do not stand so."""
    usage = raw.rfind(written)
    begin = raw.rfind(_NO_STOP_REASON, max(0, usage - _BETWEEN), usage) if usage > 0 else -1
    return raw[begin:usage] + written if begin >= 0 else NEVER
