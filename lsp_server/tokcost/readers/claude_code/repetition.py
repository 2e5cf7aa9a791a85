"""Lines that repeat a response without new information: they are recognised by their bytes and not decoded."""

from tokcost.model.usage import Usage
from tokcost.readers.claude_code.fragments import REPLY, TOTAL
from tokcost.readers.claude_code.lines import Line, Message

_ASSISTANT = b'"assistant"'
_ROLE = b'"role":'
NEVER = b"\n"
"""No line contains its end."""

# 400 bytes are too few for the id of a message behind these.
HEAD = 640
"""Bytes at the beginning of a line that identify its kind: older versions write folder, session and branch there."""

_NO_STOP_REASON = b'"stop_reason":null'
_BETWEEN = 64
"""Bytes within which a `stop_reason` precedes the usage, with at most a `stop_sequence` in between."""


class Repetition:
    """The marks of a line that adds nothing to the last response. Most responses have one line: all marks but the
    first are created when a line has that."""

    def __init__(self) -> None:
        self.id = NEVER
        """The id of the message and the following bytes, at the line's beginning."""
        self._last: tuple[bytes, Line, Usage] | None = None
        """The repeated line, as bytes and decoded, and its response, until the marks are created."""
        self._begins_with = b""
        """Also at its beginning."""
        self._usage = b""
        """After its content."""
        self._usage_back = 0
        """Bytes from there to the end of the repeated line: its repetitions usually have the same number."""
        self._request = b""
        """Anywhere, usually after its usage."""
        self._request_back = 0
        """Bytes from the request id to the end of the repeated line."""
        self._version = b""
        """Anywhere as well; empty if irrelevant."""

    def forget(self) -> None:
        """Expect no line to be a repetition."""
        self.id = NEVER

    def expect(self, raw: bytes, line: Line, message_id: str, found: Usage) -> None:
        """Expect lines like `raw`, of the same request, with byte-identical usage. `found` is what is known about
        the response so far."""
        self.id = b'"id":"%s",%s' % (message_id.encode(), REPLY)
        self._last = raw, line, found

    def _make_marks(self, raw: bytes, line: Line, found: Usage) -> None:
        message = line.message or Message()
        written = b'"usage":%s' % bytes(message.usage)
        self._usage = _unfinished(raw, written) if found.lower_bound else written
        # Any other line would be a better original.
        self._begins_with = b'"isSidechain":true' if found.copy_rank == 1 else b""
        self._version = b""
        if found.kind == "partial":
            # A line of a sub-agent or an older version would mark the reply as complete.
            self._begins_with = b'"isSidechain":false'
            self._version = b'"version":"%s"' % (line.version or "").encode()
        self._request = b'"requestId":"%s"' % (line.request_id or "").encode()
        self._usage_back, self._request_back = len(raw) - raw.rfind(self._usage), len(raw) - raw.rfind(self._request)
        self._last = None

    # Four in ten lines of the assistant are repetitions. Decoding one takes 2.3 µs, these comparisons much less.
    def usage_in(self, block: bytes, begin: int, assistant: int, end: int) -> int:
        """The position of the usage in such a line, and -1 in any other; `assistant` is where the line first shows
        its kind. Whether another reply is inside the line is not checked."""
        starts = block.startswith
        named = assistant + len(_ASSISTANT) - len(self.id)  # the end of the id
        if named < begin or not starts(self.id, named):
            if starts(_ROLE, assistant - len(_ROLE)):
                return -1  # it is the reply itself, of another response
            named = block.find(self.id, max(begin, named), min(begin + HEAD, end))
            if named < 0:
                return -1
        if self._last is not None:
            self._make_marks(*self._last)
        find = block.find
        if self._begins_with and find(self._begins_with, begin, begin + HEAD) < 0:
            return -1
        usage = end - self._usage_back
        if usage < named or not starts(self._usage, usage):
            usage = block.rfind(self._usage, named, end)
            if usage < 0:
                return -1
        request = end - self._request_back
        if (request < begin or not starts(self._request, request)) and find(self._request, begin, end) < 0:
            return -1
        # A line end may be lost, and a session total follow on the same line.
        if find(TOTAL, usage + len(self._usage), end) >= 0:
            return -1
        return -1 if self._version and block.rfind(self._version, begin, end) < 0 else usage


def _unfinished(raw: bytes, written: bytes) -> bytes:
    """A line's usage together with the null `stop_reason` just before it: with a `stop_reason`, a repetition would
    make the response final. `NEVER` if they are not in this form."""
    usage = raw.rfind(written)
    begin = raw.rfind(_NO_STOP_REASON, max(0, usage - _BETWEEN), usage) if usage > 0 else -1
    return raw[begin:usage] + written if begin >= 0 else NEVER
