"""The format of a line of a Claude Code transcript, and its reliability."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

import msgspec

from tokcost.model.usage import MAX_SEARCHES, Kind
from tokcost.readers.claude_code.counts import Counts
from tokcost.readers.sources.records import Folder, KeptName, Name

_MAX_PARTS = 1000
"""The maximum number of parts of a response: a record with more is damaged."""

KNOWN_COPY = 2
"""`Usage.copy_rank` of records copied by a fork."""

_FINAL_IN_EVERY_LINE = (2, 1, 59)
"""From this version on, a finished response has a `stop_reason` and its final output count in at least its last
line; before, lines without a `stop_reason` have the stream's initial placeholder."""

STANDARD = (None, "", "standard")
"""The values of `speed` and `service_tier` for the standard service level."""

ANYWHERE = (None, "", "global", "not_available")
"""The values of `inference_geo` if the inference was not kept in a region; older models do not have the field."""


class Message(msgspec.Struct, gc=False):
    """The part of a line that comes from the provider."""

    id: Name | None = None
    model: Name | None = None
    stop_reason: str | None = None
    usage: msgspec.Raw = msgspec.Raw()
    """The original bytes: further lines of a response repeat them exactly."""


class Line(msgspec.Struct, gc=False):
    """One record of a transcript."""

    type: str | None = None
    message: Message | None = None
    timestamp: datetime | None = None
    uuid: Name | None = None
    request_id: Name | None = msgspec.field(default=None, name="requestId")
    request_session: KeptName | None = msgspec.field(default=None, name="requestSessionId")
    session: Name | None = msgspec.field(default=None, name="sessionId")
    session_kind: str | None = msgspec.field(default=None, name="sessionKind")
    cwd: Folder | None = None
    branch: Folder | None = msgspec.field(default=None, name="gitBranch")
    version: Name | None = None
    sidechain: bool | None = msgspec.field(default=None, name="isSidechain")


class _ServerTools(msgspec.Struct, gc=False):
    web_search_requests: int | None = None


class MessageUsage(Counts, gc=False):
    """`message.usage` of a response: its counts, and everything else on which its price depends."""

    server_tool_use: _ServerTools | None = None
    service_tier: Name | None = None
    speed: Name | None = None
    inference_geo: Name | None = None
    iterations: msgspec.Raw = msgspec.Raw()


def is_sane(usage: MessageUsage, attempts: Sequence[object]) -> bool:
    """Whether a response can have this many web searches and parts."""
    searches = (usage.server_tool_use.web_search_requests or 0) if usage.server_tool_use else 0
    return 0 <= searches < MAX_SEARCHES and len(attempts) <= _MAX_PARTS


def completeness(line: Line, message: Message) -> tuple[Kind, bool]:
    """Whether the output count is final.

    A line without `stop_reason` has the stream's initial count: in the main thread of newer versions, a broken stream
    left nothing else; in older versions, and in sub-agents, it is a placeholder.
    """
    if message.stop_reason is not None:
        return "response", False
    if _version(line.version) >= _FINAL_IN_EVERY_LINE and not line.sidechain:
        return "partial", True
    return "response", True


def copy_rank(line: Line) -> int:
    """The likelihood that a line is a copy (`Usage.copy_rank`)."""
    if line.request_session and line.request_session != line.session:
        return KNOWN_COPY
    # The file of a side question repeats responses of its parent, as a side chain.
    # A session that moves to the background begins with a copy of its history.
    return 0 if line.request_id and line.session_kind != "bg" and not line.sidechain else 1


def unless_usual(said: str | None, usual: tuple[str | None, ...]) -> str:
    """The value of a field in lower case; empty if it is a standard one."""
    if said in usual:
        return ""
    word = (said or "").strip().lower()
    return "" if word in usual else word


@lru_cache(maxsize=256)
def _version(text: str | None) -> tuple[int, ...]:
    parts = (text or "")[:32].split(".")
    try:
        return tuple(int(part) for part in parts[:3])
    except ValueError:
        return ()
