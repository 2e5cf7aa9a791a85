"""Parts of sources that another process has read, packed to be handed over: ten times cheaper than as Python objects.

A part names its job by number. The job itself, with the path of the source, stays in the process that made it. msgpack
is UTF-8: folders that are not travel in the form in which the ledger stores them.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import msgspec

from tokcost.ledger.paths import from_stored, to_stored
from tokcost.model.logs import Batch


class SourcePart(NamedTuple):
    """A part of a source, or a sentence about the reason why there is none."""

    number: int
    """The number of the job."""
    cursor: bytes | None
    position: int
    """`cursor` and `position` are those from which this part was read."""
    batch: Batch | None
    problem: str
    passing: bool
    has_stored_paths: bool = False
    """Whether the paths in the batch are in the stored form: only if one of them is not UTF-8."""


def packed(part: SourcePart) -> bytes:
    """A part as bytes."""
    try:
        # Hardly any folder needs another form, and looking at each of them would cost every import.
        return msgspec.msgpack.encode(part)
    except UnicodeEncodeError:
        stored = part.batch and _with_paths(part.batch, to_stored)
        return msgspec.msgpack.encode(part._replace(batch=stored, has_stored_paths=True))


def unpacked(results: Iterable[bytes]) -> Iterator[SourcePart]:
    """The parts from their packed form."""
    for part in map(msgspec.msgpack.Decoder(SourcePart).decode, results):
        if part.batch and part.has_stored_paths:
            yield part._replace(batch=_with_paths(part.batch, from_stored), has_stored_paths=False)
        else:
            yield part


def _with_paths(batch: Batch, form: Callable[[str], str]) -> Batch:
    """A batch with all its paths in another form. They are its only texts that may contain anything but characters
    (`model/bounds.py`)."""
    return batch._replace(
        usage=[one._replace(cwd=form(one.cwd)) for one in batch.usage],
        totals=[one._replace(cwd=form(one.cwd)) for one in batch.totals],
        worktrees=[one._replace(path=form(one.path), origin_path=form(one.origin_path)) for one in batch.worktrees],
    )
