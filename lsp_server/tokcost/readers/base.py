"""What a reader of an assistant's logs is: three questions, answered without any knowledge of the ledger or of git.

A reader finds its files, and reads what is new in one file since a checkpoint. It keeps nothing between calls: what it
must remember of a file travels in `Checkpoint.state`, opaque to everybody else.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Protocol, runtime_checkable

from tokcost.model.logs import Batch, Checkpoint, LogFile, SessionTotal, WorktreeOrigin

__all__ = ["Batch", "Checkpoint", "LogFile", "Reader", "ReaderInPortions", "SessionTotal", "WorktreeOrigin"]


class Reader(Protocol):
    """One assistant. Implementations are stateless and cheap to make; third-party ones register in the entry-point
    group `tokcost.readers`."""

    name: str
    """Stable word for the assistant, for example `claude-code`: it is stored and shown."""

    def roots(self, environ: Mapping[str, str]) -> list[Path]:
        """The folders in which this assistant keeps its logs, existing or not, honouring the environment variables that
        the assistant itself honours."""
        ...

    def discover(self, root: Path) -> Iterable[LogFile]:
        """The log files below a root, or below a folder in it, in any order. Folders that cannot be read are passed
        over.

        Which they are follows from the names there alone: as long as a folder has not changed, the files found in it
        before are looked at; once it has, this is asked again for that folder.
        """
        ...

    def read(self, file: LogFile, checkpoint: Checkpoint | None) -> Batch:
        """What is new in a file since `checkpoint` (all of it for `None`).

        Raises `OSError` when the file cannot be read. Damaged records never raise: they are counted in `Batch.skipped`.
        A record that no assistant can have written (`model/bounds.py`) is dropped and counted there as well.
        """
        ...


@runtime_checkable
class ReaderInPortions(Protocol):
    """A reader that cannot go on in the middle of some files, so that `Batch.more` is no way to read these in bounded
    memory."""

    def portions(self, file: LogFile, checkpoint: Checkpoint | None) -> Iterator[Batch]:
        """What `read` would return, in several batches; all but the last have `more` set, and a checkpoint of their
        own. Raises as `read`."""
        ...
