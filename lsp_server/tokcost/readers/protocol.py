"""The protocol of a reader of an assistant's logs, version 2: three questions, answered without any knowledge of the
ledger or of git. docs/readers.md explains it with complete examples.

A reader owns its sources: it says where they are and what makes one differ from how it was, and it reads what is new in
one since an opaque cursor. It keeps nothing between calls. `sources/` has bases for the usual kinds of source.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from tokcost.model.logs import Batch, Capabilities, Location, SessionTotal, Source, WorktreeOrigin

__all__ = ["Batch", "Capabilities", "Location", "Reader", "SessionTotal", "Source", "WorktreeOrigin"]

VERSION = 2


class Reader(Protocol):
    """One assistant. Implementations are stateless and cheap to make; third-party ones register in the entry-point
    group `tokcost.readers`."""

    name: str
    """Stable word for the assistant, for example `claude-code`: it is stored and shown."""
    capabilities: Capabilities

    def locations(self, environ: Mapping[str, str]) -> Sequence[Location]:
        """The locations of this assistant's logs, existing or not, honouring the environment variables that the
        assistant itself honours. An editor's server watches these places."""
        ...

    def discover(self, location: Location) -> Iterable[Source]:
        """The sources at a location, in any order; of a folder also those of a folder in it. What cannot be read is
        passed over.

        Which files of a folder are sources follows from the names there alone: as long as a folder has not changed, the
        files found in it before are looked at; once it has, this is asked again for that folder. A `file` or `store` is
        asked for each time.
        """
        ...

    def read(self, source: Source, cursor: bytes | None) -> Iterable[Batch]:
        """Read the records of a source since `cursor` (all of it for `None`, or for a cursor that does not fit), in one
        batch or in several, so that memory stays flat whatever its size. All but the last have `more` set.

        Raises `OSError` when the source cannot be read. Damaged records never raise: they are counted in
        `Batch.skipped`. A record that no assistant can have written (`model/bounds.py`) is dropped and counted as well.
        """
        ...


class ReaderFailed(Exception):
    """A reader of another package did what a reader may not. `kind` names the error; its words could quote a log."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class NoReader(Exception):
    """Something that a package registers is no reader. The words are ours."""


def told_as(error: Exception) -> str:
    """The kind of an error met in a reader, as it may be shown."""
    return error.kind if isinstance(error, ReaderFailed) else type(error).__name__
