"""Assistants' logs as values: their locations, the state of a source, and the batches that reading it yields."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from tokcost.model.usage import Tokens, Usage

UNFINISHED = -(1 << 63)
"""The `mtime_ns` that is recorded of a source which is only partly read: no file has it."""


class Location(NamedTuple):
    """A place where an assistant keeps its logs, whether it exists by now or not."""

    path: str
    kind: Literal["folder", "file", "store"] = "folder"
    """`folder`: sources lie in it, at any depth. `file`: it is one source. `store`: it is one source, a SQLite database
    whose newest content may be in its WAL file alone."""


class Source(NamedTuple):
    """Something a reader reads, and its fingerprint: while `size` and `mtime_ns` are what they were, nothing in it is
    new. For a SQLite store they cover its WAL file as well."""

    path: str
    size: int
    """Bytes."""
    mtime_ns: int
    """Nanoseconds since 1970-01-01 UTC."""


class SessionTotal(NamedTuple):
    """An assistant's own running total of a session and model, as it stood at a moment: a checksum, and the only trace
    of calls that leave no usage line."""

    session: str
    model: str
    time_ms: int
    tokens: Tokens
    web_searches: int = 0
    cwd: str = ""
    branch: str = ""
    parents: tuple[str, ...] = ()
    """Sessions whose history this one was forked from: its total contains theirs."""
    spent_ms: int = 0
    """The time of the last work without a line (a compaction) before this total; 0 where the log does not say."""
    began_ms: int = 0
    """The start of the assistant's count; 0 where the log does not say. A counter may be older than its session."""


class WorktreeOrigin(NamedTuple):
    """A worktree that an assistant made for itself, and what it was made from."""

    path: str
    branch: str
    """The worktree's own branch; empty when detached."""
    origin_path: str
    origin_branch: str


class Batch(NamedTuple):
    """The result of one call of `read`."""

    cursor: bytes
    """The position from which to go on: opaque to everybody but the reader that made it."""
    usage: Sequence[Usage] = ()
    totals: Sequence[SessionTotal] = ()
    worktrees: Sequence[WorktreeOrigin] = ()
    skipped: Mapping[str, int] = {}
    """Damaged records by reason (a short phrase); they were passed over and must be shown."""
    duplicates: Mapping[str, int] = {}
    """Records dropped inside this source because they repeat another, by reason."""
    retracted: Sequence[str] = ()
    """Keys of usage that was reported before and turned out to be no billed response of its own (a provisional record
    that was replaced under another key, a copy). A message that the user deleted was paid for: it is not retracted."""
    restarted: bool = False
    """The source was truncated or replaced since the cursor and was read from its beginning."""
    more: bool = False
    """Another batch of the same source follows."""
    position: int = 0
    """The number of bytes of the source that are read by now, for showing progress."""


class Capabilities(NamedTuple):
    """The facts that an assistant's logs can tell, for `tokcost doctor` and docs/assistants.md. All texts are short
    phrases."""

    versions: str = ""
    """Versions of the assistant that this reader was checked with."""
    classes: tuple[str, ...] = ("input", "output")
    """Token classes that the logs report, in the words of `Tokens`."""
    folder: Literal["each response", "session", "project", "none"] = "each response"
    """The unit for which the logs tell the folder."""
    branch: Literal["each response", "session", "none"] = "none"
    """The unit for which the logs name a branch of their own."""
    retention: str = ""
    """The time for which the assistant keeps its logs; empty where it keeps them for ever."""
    exactness: str = "exact"
    """The worth of the counts: `exact` where each is what the provider told, or where they are less than that."""
    record: Literal["request", "turn"] = "request"
    """The requests that a record stands for: one, or all of a turn together, so that its prompt is that of none."""
    gaps: str = ""
    """Billed calls that leave no trace in the logs; empty where none are known."""
