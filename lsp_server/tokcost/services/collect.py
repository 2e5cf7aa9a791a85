"""The story of `tokcost collect`: read repositories, take each claim once, publish what may be published of it.

Each repository is read by itself; one that fails is told and left out, and comes in with a later run. What may be
published is decided at the end, over all of them, because forks share claims and small repositories hide in large ones.
Until then nothing is written, and afterwards two files: so a run that was killed left nothing or all of it, and its
repetition, which finds the messages read already in the cache, writes the same.
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from time import time
from typing import NamedTuple

from tokcost.datasets.columns import (
    CELLS,
    CLAIMS,
    SCHEMA,
    cell_values,
    cells_of,
    claim_values,
    claims_digest,
    last_closed_month,
)
from tokcost.datasets.duck import check_available, opened, read_claims, read_known
from tokcost.datasets.folder import (
    CELLS_OF,
    CLAIMS_OF,
    make_dataset,
    name_of,
    one_at_a_time,
    read_files,
    read_note,
    write_file,
)
from tokcost.errors import EnvironmentProblem, TokcostError, UsageError
from tokcost.history.harvest import harvest
from tokcost.history.privacy.claims_of_many import Harvest, claim_rows, count_claims, ids_of
from tokcost.model.dataset import ClaimRow, Collected, RepositoryOutcome
from tokcost.parquet_files import Column, Value, parquet_bytes
from tokcost.repo.clones import Without, is_address, updated_clone, without_secret

NOTES = {"schema": SCHEMA}
_MONTH = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])")
Step = Callable[[RepositoryOutcome, int, int], None]
"""Called behind each repository: what came of it, its number and the number of all."""


class Plan(NamedTuple):
    """The options of a run."""

    into: Path
    cache: Path
    through: str
    """The last month; it must be over."""
    key: bytes = b""
    """Of the digests that name repositories."""
    clones: Path | None = None
    """The folder of clones of repositories that are named by their address; `None` for one in the cache."""
    without: Without = "blobs"
    """The objects that those clones leave out."""


def collect(names: Sequence[str], plan: Plan, tell: Step) -> Collected:
    """Read these repositories into a dataset. Raises `EnvironmentProblem`."""
    check_available()
    make_dataset(plan.into)
    found = Collected(plan.through)
    harvests: list[Harvest] = []
    for number, name in enumerate(sorted(set(names)), start=1):
        outcome, got = _read(name, plan)
        if got is not None:
            harvests.append(got)
        found.outcomes.append(outcome)
        tell(outcome, number, len(set(names)))
    found.claims = count_claims(harvests)
    with one_at_a_time(plan.into):
        _publish(harvests, plan, found)
    return found


def _read(name: str, plan: Plan) -> tuple[RepositoryOutcome, Harvest | None]:
    notes: list[str] = []
    shown = without_secret(name)
    try:
        folder = name
        if is_address(name):
            folder = updated_clone(name, plan.clones or plan.cache / "clones", plan.without)
        got = harvest(folder, plan.cache, plan.through, plan.key, notes)
    except (TokcostError, OSError, ValueError) as error:
        return RepositoryOutcome(shown, problem=_said(error)), None
    return RepositoryOutcome(shown, count_claims([got]), notes=notes), got


def _said(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(error) or type(error).__name__


def _publish(harvests: Sequence[Harvest], plan: Plan, found: Collected) -> None:
    restore_cells(plan.into)
    with opened(plan.into) as connection:
        known = read_known(connection, _ids(harvests))
    rows = claim_rows(harvests, known)
    published = {row.id for row in rows if row.cell_area is not None}
    found.new = len({row.id for row in rows})
    found.published = len(published)
    before = {id for id, some in known.items() if any(row.cell_area is not None for row in some)}
    found.waiting = found.claims - len(before | published)
    cells = cells_of(rows)
    found.cells = len(cells)
    files: dict[str, str] = {}
    data = _cells(rows) if cells else b""
    if rows:
        # Claims first, with the name of their cells: these follow from them, so `restore_cells` makes good what a run
        # did not get to that was killed here.
        notes = NOTES | ({CELLS_OF: name_of(data)} if cells else {})
        files["claims"] = write_file(plan.into, "claims", _bytes(CLAIMS, claim_values(rows), notes))
    if cells:
        files["cells"] = write_file(plan.into, "cells", data)
    found.files = files


def restore_cells(folder: Path) -> list[str]:
    """Write the cells of claims whose run was killed before it got to them; the names of the files. Raises
    `EnvironmentProblem`."""
    files = read_files(folder, "cells")
    there = {os.path.basename(path) for path in (*files.counted, *files.replaced)} | files.gone
    found: list[str] = []
    for path in read_files(folder, "claims").counted:
        name = read_note(path, CELLS_OF)
        if name and name not in there:
            found.append(write_file(folder, "cells", _cells(read_claims(path))))
    return found


def _cells(rows: Sequence[ClaimRow]) -> bytes:
    """The file of the cells of these rows. Two jobs may have the same cells of different claims: a digest of the claims
    keeps their files apart."""
    return _bytes(CELLS, cell_values(cells_of(rows)), NOTES | {CLAIMS_OF: claims_digest(rows)})


def _bytes(columns: Sequence[Column], rows: Iterable[Sequence[Value]], notes: Mapping[str, str]) -> bytes:
    try:
        return parquet_bytes(columns, rows, notes)
    except ValueError as error:
        raise EnvironmentProblem(f"the sums of these repositories do not fit into a dataset: {error}") from error


def _ids(harvests: Iterable[Harvest]) -> set[str]:
    return {id for one in harvests for id in ids_of(one)}


def month_through(text: str | None) -> str:
    """The last month to collect: the one that is named, else the one before this. Raises `UsageError`."""
    last = last_closed_month(time())
    if text is None:
        return last
    if not _MONTH.fullmatch(text):
        raise UsageError(f"--through {text}: this is no month", "Write a month as 2026-10.")
    if text > last:
        raise UsageError(f"--through {text}: that month is not over", f"The last one that is over, in UTC, is {last}.")
    return text
