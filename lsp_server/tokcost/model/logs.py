"""Assistants' logs as values: their locations, the state of a source, and the batches that readers return."""

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from tokcost.model.usage import Tokens, Usage

UNFINISHED = -(1 << 63)
"""The recorded `mtime_ns` of a partly read source: no file has it."""


class Location(NamedTuple):
    """A place where an assistant keeps its logs, whether or not it exists yet."""

    path: str
    kind: Literal["folder", "file", "store"] = "folder"
    """`folder`: contains sources at any depth. `file`: is one source. `store`: is one source, a SQLite database
    whose newest content may be only in its WAL file."""


class Source(NamedTuple):
    """Something that a reader reads, and its fingerprint: while `size` and `mtime_ns` are unchanged, it has nothing
    new. For a SQLite store they include its WAL file."""

    path: str
    size: int
    """Bytes."""
    mtime_ns: int
    """Nanoseconds since 1970-01-01 UTC."""


class SessionTotal(NamedTuple):
    """An assistant's own running total of a session and model at one moment: a checksum, and the only trace of calls
    without a usage line."""

    session: str
    model: str
    time_ms: int
    tokens: Tokens
    web_searches: int = 0
    cwd: str = ""
    branch: str = ""
    parents: tuple[str, ...] = ()
    """Sessions from which this one's history was forked: its total includes theirs."""
    spent_ms: int = 0
    """The time of the last work without a line (a compaction) before this total; 0 if the log does not record it."""
    began_ms: int = 0
    """The start of the assistant's count; 0 if the log does not record it. A counter may be older than its session."""


class WorktreeOrigin(NamedTuple):
    """A worktree that an assistant created for itself, and its origin."""

    path: str
    branch: str
    """The worktree's own branch; empty if detached."""
    origin_path: str
    origin_branch: str


class Batch(NamedTuple):
    """The result of one call of `read`."""

    cursor: bytes
    """The position from which to continue; opaque to everything except the reader that made it."""
    usage: Sequence[Usage] = ()
    totals: Sequence[SessionTotal] = ()
    worktrees: Sequence[WorktreeOrigin] = ()
    skipped: Mapping[str, int] = {}
    """Damaged records by reason (a short phrase). They were skipped and must be reported."""
    duplicates: Mapping[str, int] = {}
    """Records dropped inside this source because they repeat another one, by reason."""
    retracted: Sequence[str] = ()
    """Keys of usage that was reported before and turned out to be no separate billed response: a provisional record
    that was replaced under another key, or a copy. A message that the user deleted was paid for and is not
    retracted."""
    restarted: bool = False
    """Whether the source was truncated or replaced since the cursor and was read from its beginning."""
    more: bool = False
    """Whether another batch of the same source follows."""
    position: int = 0
    """The number of bytes of the source that have been read, to show progress."""


class OwnWorktrees(NamedTuple):
    """The worktrees that an assistant creates for itself in one kind of place."""

    path: str
    """The end of their paths, with `/`; each `*` stands for one folder: `.claude/worktrees/*`."""
    branch: str = ""
    """The branch created with each, in which `*` stands for the worktree's folder: `worktree-*`. Empty if HEAD is
    detached there, and the work belongs to the branch that the main worktree was on."""

    @property
    def depth(self) -> int:
        """The number of folders in `path`."""
        return self.path.count("/") + 1

    def branch_at(self, path: str) -> str | None:
        """The branch created with the worktree at a path; `None` if the path is no place of such worktrees."""
        names, wanted = path.replace(os.sep, "/").split("/"), self.path.split("/")
        found = names[-len(wanted) :]
        if len(names) <= len(wanted) or any(one not in ("*", name) for one, name in zip(wanted, found, strict=True)):
            return None
        return self.branch.replace("*", found[-1])


def created_branch(path: str, places: Iterable[OwnWorktrees]) -> str | None:
    """The branch that an assistant created with its own worktree at a path; empty if it created none there, `None` if
    the path is no place of such worktrees."""
    return next((branch for one in places if (branch := one.branch_at(path)) is not None), None)


FolderOf = Literal["each response", "session", "project", "none"]
BranchOf = Literal["each response", "session", "none"]
RecordOf = Literal["request", "turn"]


class Capabilities(NamedTuple):
    """The facts that an assistant's logs record, for `tokcost doctor` and docs/assistants.md, and what is particular to
    the assistant. Most texts are short phrases."""

    versions: str = ""
    """Versions of the assistant with which this reader was tested."""
    classes: tuple[str, ...] = ("input", "output")
    """Token classes that the logs record, in the terms of `Tokens`."""
    folder: FolderOf = "each response"
    """The unit for which the logs record the folder."""
    branch: BranchOf = "none"
    """The unit for which the logs record a branch."""
    retention: str = ""
    """The time for which the assistant keeps its logs; empty if it keeps them for ever."""
    exactness: str = "exact"
    """The accuracy of the counts: `exact` if each is as reported by the provider; otherwise weaker."""
    record: RecordOf = "request"
    """The requests covered by a record: one, or all of a turn, in which case its prompt is that of no single
    request."""
    gaps: str = ""
    """Billed calls without a trace in the logs; empty if none are known."""
    worktrees: tuple[OwnWorktrees, ...] = ()
    """The worktrees that the assistant creates for itself."""
    subagent_logs: str = ""
    """A regular expression, searched in the path of a log (with `/`), which finds the logs of sub-agents; empty if
    paths do not show that."""
