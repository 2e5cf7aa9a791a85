"""The cells in a report of a dataset: all except those that would count a claim twice."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tokcost.datasets.checks import count_different_cells, lacks_cells
from tokcost.datasets.compacting import write_settled_cells
from tokcost.datasets.duck import opened
from tokcost.datasets.folder import claims_without_cells, read_files
from tokcost.datasets.publications import RemovedCells, count_published_twice, remove_overlaps


class Shown(NamedTuple):
    """Files of cells, with facts about claims that two jobs published."""

    files: list[str]
    twice: int | None = 0
    """Claims that these cells count twice; `None` for a reader without access to the claims."""
    removed: RemovedCells = RemovedCells(0, 0, 0)
    are_lost: bool = False
    """Whether claims refer to cells that are in none of these files."""


@contextmanager
def shown_cells(folder: Path) -> Generator[Shown]:
    """The files to read, which are those that a compaction would keep. Raises `EnvironmentProblem`."""
    files = read_files(folder, "cells").counted
    # Listing a folder needs the right to read it, and opening its files the right to enter it.
    if not os.access(folder / "claims", os.R_OK | os.X_OK) or not (folder / "claims").is_dir():
        # A single file is that of one job, which counts no claim twice.
        yield Shown(files, None if len(files) > 1 else 0)
        return
    with TemporaryDirectory(prefix="tokcost-") as spare:
        yield _without_overlaps(folder, files, Path(spare) / "cells.parquet")._replace(
            are_lost=_are_lost(folder, files)
        )


def _are_lost(folder: Path, files: list[str]) -> bool:
    """Whether cells are missing. Claims of a compaction do not name their cells, so the claims are queried if there
    are no cells."""
    if claims_without_cells(folder):
        return True
    if files or not read_files(folder, "claims").counted:
        return False
    with opened(folder) as connection:
        return lacks_cells(connection)


def _without_overlaps(folder: Path, files: list[str], path: Path) -> Shown:
    if len(read_files(folder, "claims").counted) < 2:
        return Shown(files)  # one file, like that of a compaction, has no claim twice
    with opened(folder) as connection:
        twice = count_published_twice(connection)
        if not twice:
            return Shown(files)
        if count_different_cells(connection):
            return Shown(files, twice)  # claims are missing, so cells do not follow from the existing ones
        removed = remove_overlaps(connection)
        write_settled_cells(connection, path)
        return Shown([str(path)], 0, removed)
