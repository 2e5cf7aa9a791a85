"""The protocol of a reader of an assistant's logs: three questions, answered without any knowledge of the ledger or of
git. docs/readers.md explains it with complete examples.

A reader owns its sources: it determines their places and the signs of a change, and reads the new part of a source from
an opaque cursor. It keeps nothing between calls. `sources/` has bases for the usual kinds of sources.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from tokcost.model.logs import Batch, Capabilities, Location, OwnWorktrees, SessionTotal, Source, WorktreeOrigin

__all__ = ["Batch", "Capabilities", "Location", "OwnWorktrees", "Reader", "SessionTotal", "Source", "WorktreeOrigin"]


class Reader(Protocol):
    """One assistant. Implementations are stateless and cheap to make; third-party ones register in the entry-point
    group `tokcost.readers`."""

    name: str
    """A stable name for the assistant, for example `claude-code`: it is stored and shown."""
    capabilities: Capabilities

    def locations(self, environ: Mapping[str, str]) -> Sequence[Location]:
        """The locations of this assistant's logs, existing or not, according to the environment variables that the
        assistant itself uses. An editor's server watches these places."""
        ...

    def discover(self, location: Location) -> Iterable[Source]:
        """The sources at a location, in any order; for a folder, including those in subfolders. Anything unreadable is
        skipped.

        Which files of a folder are sources must follow from their names alone: while a folder is unchanged, only the
        files found in it before are checked; once it has changed, this is called again for that folder. For a `file` or
        `store` it is called every time.
        """
        ...

    def read(self, source: Source, cursor: bytes | None) -> Iterable[Batch]:
        """Read the records of a source since `cursor` (all of it for `None`, or for a cursor that does not fit), in one
        or several batches, so that memory stays flat whatever the size. All batches but the last have `more` set.

        Raises `OSError` if the source cannot be read. Damaged records never raise: they are counted in `Batch.skipped`.
        A record that no assistant can have written (`model/bounds.py`) is dropped and counted as well.
        """
        ...


class ReaderFailed(Exception):
    """A third-party reader violated the protocol. `kind` names the error; its text could quote a log."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class NoReader(Exception):
    """A registered object is not a reader. The text is ours."""


def told_as(error: Exception) -> str:
    """The kind of an error in a reader, in a form that may be shown."""
    return error.kind if isinstance(error, ReaderFailed) else type(error).__name__
