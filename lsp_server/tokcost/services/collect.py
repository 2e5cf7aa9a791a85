"""`tokcost collect`: reads repositories, takes each claim once, and publishes what may be published.

Each repository is read separately. One that fails is reported and left out, and is included in a later run. The
decision what may be published is made at the end, over all repositories, because forks share claims and small
repositories hide in large ones. Nothing is written before that, and two files afterwards. A run that was killed
therefore left nothing or everything, and repeating it, with the messages that are cached already, writes the same.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from itertools import chain
from pathlib import Path
from time import time
from typing import NamedTuple

from tokcost.datasets.columns import (
    CELLS,
    CLAIMS,
    SCHEMA,
    CellSums,
    cell_values,
    cells_of,
    claim_values,
    last_closed_month,
)
from tokcost.datasets.duck import check_available, opened, read_claims, read_known
from tokcost.datasets.folder import (
    CELLS_OF,
    CLAIMS_OF,
    claims_without_cells,
    make_dataset,
    name_of,
    one_at_a_time,
    write_file,
    write_file_in_pieces,
)
from tokcost.errors import EnvironmentProblem, TokcostError, UsageError, of_file
from tokcost.files.parquet import in_portions, parquet_bytes, parquet_pieces
from tokcost.history.privacy.claims_of_many import Claims
from tokcost.history.repository_changes import read_repository_changes
from tokcost.model.dataset import ClaimRow, Collected, RepositoryOutcome
from tokcost.repo.clones import Without, is_address, updated_clone, without_secret

NOTES = {"schema": SCHEMA}
_MONTH = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])")
OnRepository = Callable[[RepositoryOutcome, int, int], None]
"""Called after each repository with its outcome, its number and the number of repositories."""


class CollectOptions(NamedTuple):
    """The options of a run."""

    into: Path
    cache: Path
    through: str
    """The last month, which must be over."""
    key: bytes = b""
    """The key of the digests that name repositories."""
    clones: Path | None = None
    """The folder for clones of repositories that are named by address; `None` for a folder in the cache."""
    without: Without = "blobs"
    """The objects that those clones leave out."""


def collect(names: Sequence[str], options: CollectOptions, tell: OnRepository) -> Collected:
    """Read these repositories into a dataset. Raises `EnvironmentProblem`."""
    check_available()
    make_dataset(options.into)
    found = Collected(options.through)
    claims = Claims()
    # Sorted, so that the order of the arguments changes nothing in the files.
    for number, name in enumerate(sorted(set(names)), start=1):
        outcome = _read(name, options, claims)
        found.outcomes.append(outcome)
        tell(outcome, number, len(set(names)))
    # Only from here on: reading takes most of the time and writes nothing into the dataset.
    with one_at_a_time(options.into):
        _publish(claims, options, found)
    return found


def _read(name: str, options: CollectOptions, claims: Claims) -> RepositoryOutcome:
    notes: list[str] = []
    shown = without_secret(name)
    try:
        folder = name
        if is_address(name):
            folder = updated_clone(name, options.clones or options.cache / "clones", options.without)
        number = claims.add(read_repository_changes(folder, options.cache, options.through, options.key, notes))
    except (TokcostError, OSError, ValueError) as error:
        return RepositoryOutcome(shown, problem=_said(error))
    return RepositoryOutcome(shown, number, notes=notes)


def _said(error: Exception) -> str:
    if isinstance(error, OSError):
        return of_file(error.filename or "one of its files", "cannot be read", error).told
    if isinstance(error, TokcostError):
        return error.told
    return str(error) or type(error).__name__


def _publish(claims: Claims, options: CollectOptions, found: Collected) -> None:
    # Before anything new is published: claims of a killed run name cells that do not exist yet.
    restore_cells(options.into)
    with opened(options.into) as connection:
        ids = claims.ids()
        known = read_known(connection, ids)
    found.claims = len(ids)
    before = {id for id, some in known.items() if any(row.cell_area is not None for row in some)}
    tally = _Tally(before)
    found.files = _write(options.into, tally.counted(claims.rows(known)), tally.sums)
    found.new, found.published = tally.new, tally.published
    found.waiting = found.claims - len(before) - tally.first
    found.cells = len(tally.sums.cells)


class _Tally:
    """The counts of a run, taken from its rows as they pass by once, claim by claim."""

    def __init__(self, before: Set[str]) -> None:
        self._before = before
        """Claims that were in cells before."""
        self.sums = CellSums()
        self.new = 0
        self.published = 0
        self.first = 0
        """Claims that are in cells for the first time."""

    def counted(self, rows: Iterable[ClaimRow]) -> Iterator[ClaimRow]:
        """The rows, counted as they pass."""
        last = ""
        for row in rows:
            self.sums.add(row)
            if row.id != last:
                last = row.id
                self.new += 1
                self.published += row.cell_area is not None
                self.first += row.cell_area is not None and row.id not in self._before
            yield row


def _write(folder: Path, rows: Iterator[ClaimRow], sums: CellSums) -> dict[str, str]:
    """Write claims and then their cells; returns the names of the files.

    Claims contain the names of their cells, and cells follow from claims, so `restore_cells` completes a run that was
    killed in between.
    """
    first = next(rows, None)
    if first is None:
        return {}
    cells = b""

    def notes() -> Mapping[str, str]:
        nonlocal cells
        # Called when the last claim has passed, because only then are the sums complete.
        cells = _cells(sums) if sums.cells else b""
        return NOTES | ({CELLS_OF: name_of(cells)} if cells else {})

    values = claim_values(chain([first], rows))
    try:
        claims = write_file_in_pieces(folder, "claims", parquet_pieces(CLAIMS, in_portions(values), notes))
    except ValueError as error:
        raise _too_large(error) from error
    return {"claims": claims} | ({"cells": write_file(folder, "cells", cells)} if cells else {})


def restore_cells(folder: Path) -> list[str]:
    """Write the cells of claims whose run was killed before it wrote them; returns the names of the files. Raises
    `EnvironmentProblem`."""
    return [write_file(folder, "cells", _cells(cells_of(read_claims(path)))) for path in claims_without_cells(folder)]


def _cells(sums: CellSums) -> bytes:
    """The file of some cells. Two jobs may have equal cells of different claims: a digest of the claims keeps their
    files apart."""
    try:
        return parquet_bytes(CELLS, cell_values(sums.cells), NOTES | {CLAIMS_OF: sums.claims_digest})
    except ValueError as error:
        raise _too_large(error) from error


def _too_large(error: ValueError) -> EnvironmentProblem:
    return EnvironmentProblem(
        f"the sums of these repositories do not fit into a dataset: {error}",
        "Nothing was written. Leave out the repository whose lines have such amounts: `tokcost report` shows them.",
    )


def month_through(text: str | None) -> str:
    """The last month to collect: the named one, else the previous one. Raises `UsageError`."""
    last = last_closed_month(time())
    if text is None:
        return last
    if not _MONTH.fullmatch(text):
        raise UsageError(f"--through {text}: this is not a month", "Write a month such as 2026-10.")
    if text > last:
        raise UsageError(
            f"--through {text}: that month has not ended", f"The last month that has ended, in UTC, is {last}."
        )
    return text
