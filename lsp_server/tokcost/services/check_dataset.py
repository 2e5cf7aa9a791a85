"""`tokcost dataset`: verifies a dataset, and compacts it into fewer files with the same rows."""

import os
from pathlib import Path

from tokcost.datasets import checks, engines
from tokcost.datasets.compacting import Compacted, compact
from tokcost.datasets.duck import check_available, opened
from tokcost.datasets.folder import KINDS, check_dataset_folder, is_whole, make_dataset, one_at_a_time, read_files
from tokcost.datasets.publications import count_published_twice
from tokcost.model.dataset import DatasetCheck
from tokcost.reports.text import counted
from tokcost.services.collect import restore_cells

_FROM_COPY = "restore it from a copy of the dataset"


def check_dataset(folder: Path, engine: str = "") -> DatasetCheck:
    """Verify every byte of a dataset, and compare its sums with those of another engine if one is named.

    Raises `UsageError`, and `EnvironmentProblem`, also if files cannot be read.
    """
    check_available()
    check_dataset_folder(folder)
    found = DatasetCheck()
    for kind in KINDS:
        files = read_files(folder, kind)
        found.files[kind] = len(files.counted)
        found.bytes[kind] = sum(os.path.getsize(path) for path in files.counted)
        found.replaced += len(files.replaced)
        damaged = [path for path in files.counted if not is_whole(path)]
        found.problems += [f"{path} is damaged: its content does not match its name; {_FROM_COPY}" for path in damaged]
    # Sums over damaged files would be further findings with the same cause.
    if found.problems:
        return found
    with opened(folder) as connection:
        totals = checks.read_totals(connection)
        found.claims, found.waiting = totals.claims, totals.waiting
        found.list_cost, found.tokens, found.repositories = totals.list_cost, totals.tokens, totals.repositories
        found.digest = checks.digest_of(checks.read_sums(connection))
        if twice := count_published_twice(connection):
            found.problems.append(
                f"{counted(twice, 'claim')} were put into cells by two jobs that did not see each other's files;"
                f" reports omit one of each two such cells, and `tokcost dataset compact` removes it for good"
            )
        if different := checks.count_different_cells(connection):
            found.problems.append(
                f"{counted(different, 'cell')} do not match the claims; after a killed run, or if files of cells"
                f" were lost, `tokcost dataset compact` repairs that"
            )
    if engine:
        with engines.connected(engine) as other:
            told = checks.digest_of(other.sums(folder))
            found.engine = other.version
        if told != found.digest:
            found.problems.append(
                f"{found.engine} has other sums, with the digest {told}; check that it reads this folder"
            )
    return found


def compact_dataset(folder: Path) -> Compacted:
    """Merge the files of a dataset into one of each kind, so that nothing counts twice. Raises `EnvironmentProblem`."""
    check_available()
    check_dataset_folder(folder)
    make_dataset(folder)  # restores a folder whose files were lost completely
    with one_at_a_time(folder):
        restore_cells(folder)
        return compact(folder)
