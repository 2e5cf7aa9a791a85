"""What reading an assistant's log yields, and what must be remembered to go on reading it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tokcost.model.usage import Tokens, Usage

UNFINISHED = -(1 << 63)
"""The `mtime_ns` of a checkpoint whose file is only partly read: no file has it."""


class LogFile(NamedTuple):
    """A log file as the file system shows it now."""

    path: str
    size: int
    mtime_ns: int
    device: int
    inode: int


class Checkpoint(NamedTuple):
    """How far a file has been read: enough to go on from there, and to notice that it is no longer the same file."""

    size: int
    mtime_ns: int
    device: int
    inode: int
    offset: int
    """Bytes consumed: always just behind a line end (or the whole size of a file that is read whole)."""
    tail: bytes
    """A digest of the bytes just before `offset`, to recognise a file that was rewritten in place."""
    state: bytes = b""
    """The reader's own memory of this file."""


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


class WorktreeOrigin(NamedTuple):
    """A worktree that an assistant made for itself, and what it was made from."""

    path: str
    branch: str
    """The worktree's own branch; empty when detached."""
    origin_path: str
    origin_branch: str


class Batch(NamedTuple):
    """What one call of `read` found."""

    checkpoint: Checkpoint
    usage: Sequence[Usage] = ()
    totals: Sequence[SessionTotal] = ()
    worktrees: Sequence[WorktreeOrigin] = ()
    skipped: Mapping[str, int] = {}
    """Damaged records by reason (a short phrase); they were passed over and must be shown."""
    duplicates: Mapping[str, int] = {}
    """Records dropped inside this file because they repeat another, by reason."""
    restarted: bool = False
    """The file was truncated or replaced since the checkpoint and was read from its beginning."""
    more: bool = False
    """The call stopped before the end of a very large file; call again with the new checkpoint."""
