"""A dataset of many claims, and the reading of a long history, timed.

    python benchmarks/organisation.py --claims 1000000 --files 1000 --commits 100000 --engines duckdb spark

makes `claims/` of as many files as jobs would have written (a tenth of the claims is there twice, at a higher version,
a tenth in two areas), with the cells that follow from them, and times what reads them: the report, the check, the
compaction, and the report after it. Each of `--engines` then makes the same report and the sums of all claims: both
answers must be those of the embedded DuckDB. Then it makes a repository with `git fast-import`, of whose commits a
tenth carries a line, written by 300 people in 40 areas, and times the first `tokcost collect` and the next one.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "lsp_server"), str(HERE.parent / "hooks"), str(HERE.parent / "tests")]

import duckdb  # noqa: E402

from support.organisation import Work, claim_id, make_repository  # noqa: E402
from tokcost.datasets.folder import file_digest, make_dataset  # noqa: E402
from tokcost.model.dataset import Bounds, DatasetCheck, DatasetReport  # noqa: E402
from tokcost.services.check_dataset import check_dataset, compact_dataset  # noqa: E402
from tokcost.services.collect import CollectOptions, collect  # noqa: E402
from tokcost.services.report_dataset import report_dataset  # noqa: E402

_CLAIMS = """
COPY (
  WITH claim AS (
    SELECT n, n % {distinct} AS which, (1 + n // {distinct})::INTEGER AS version, part,
           ({areas})[1 + which % 5] || (which + part) % 400 AS area, 'model-' || which % 7 AS model,
           CASE WHEN which % 97 = 0 THEN NULL ELSE (1 + which % 50) * 1000000007 + part END AS list_cost,
           (1 + which % 50) * 1000003 + part AS tokens
    FROM range({first}, {last}) AS rows(n), (VALUES (0), (1)) AS parts(part)
    WHERE part = 0 OR which % 10 = 3)
  SELECT substr(md5(which::VARCHAR), 1, 12) AS id, version::BIGINT AS version,
         md5((which % 5000)::VARCHAR) AS repository,
         (DATE '2025-01-01' + to_months((which % 22)::INTEGER))::DATE AS month, area, model, list_cost, tokens,
         list_cost IS NULL AS unpriced, which % 11 = 0 AS exact, (part = 0)::BIGINT AS counted,
         printf('%08x', version) || repeat('0', 74) || '1' AS rank, area AS cell_area, model AS cell_model,
         CASE WHEN version = 1 THEN coalesce(list_cost, 0) ELSE 0 END AS cell_list_cost,
         CASE WHEN version = 1 THEN tokens ELSE 0 END AS cell_tokens,
         (version = 1 AND part = 0)::BIGINT AS cell_counted
  FROM claim
) TO '{path}' (FORMAT parquet, COMPRESSION zstd)
"""
_AREAS = "['area', 'Area', 'Ünï ''code\"', '面積', 'a_rea']"
"""Collations differ about the order of these."""
_CELLS = """
COPY (
  SELECT month, cell_area AS area, cell_model AS model, SUM(cell_list_cost)::BIGINT AS list_cost,
         SUM(cell_tokens)::BIGINT AS tokens, SUM(cell_counted)::BIGINT AS claims, BOOL_OR(unpriced) AS unpriced,
         BOOL_AND(exact) AS exact
  FROM '{source}' GROUP BY ALL HAVING SUM(cell_tokens) > 0 ORDER BY ALL
) TO '{path}' (FORMAT parquet, COMPRESSION zstd, KV_METADATA {{"tokcost.claims": '{source}'}})
"""


def main() -> None:
    """Make both, time them, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--claims", type=int, default=1_000_000)
    parser.add_argument("--files", type=int, default=1_000)
    parser.add_argument("--commits", type=int, default=100_000)
    parser.add_argument("--engines", nargs="*", default=[], help="addresses, as of tokcost report --engine")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="tokcost-organisation-"))
    try:
        if arguments.claims:
            of_dataset(folder / "costs", arguments.claims, arguments.files)
            of_engines(folder / "costs", arguments.engines)
        if arguments.commits:
            of_reading(folder, arguments.commits)
    finally:
        shutil.rmtree(folder)


def of_dataset(costs: Path, claims: int, files: int) -> None:
    """Times of what reads a dataset."""
    make_dataset(costs)
    rows = claims + claims // 10
    each = -(-rows // files)
    timed(f"made: {rows:,} rows in {files:,} files", lambda: make_files(costs, claims, rows, each))
    megabytes = sum(one.stat().st_size for one in costs.rglob("*.parquet")) / 1e6
    print(f"{'':40s} {megabytes:8.1f} MB")
    timed("report", lambda: report_dataset(costs, Bounds()))
    timed("check", lambda: print("   ", check_dataset(costs).problems or "all is well"))
    timed("compact", lambda: compact_dataset(costs))
    megabytes = sum(one.stat().st_size for one in costs.rglob("*.parquet")) / 1e6
    print(f"{'':40s} {megabytes:8.1f} MB")
    timed("report after it", lambda: report_dataset(costs, Bounds()))
    timed("check after it", lambda: print("   ", check_dataset(costs).problems or "all is well"))


def of_engines(costs: Path, engines: Sequence[str]) -> None:
    """Times of the same report and the same sums on other engines. Ends the run where one says anything else."""
    for engine in engines:
        name = engine.partition(":")[0]
        found: list[DatasetReport] = []
        timed(f"report on {name}", lambda: found.append(report_dataset(costs, Bounds(), engine)))  # noqa: B023
        if (own := report_dataset(costs, Bounds())) != replace(found[0], engine=own.engine):
            sys.exit(f"{name} has another report")
        checks: list[DatasetCheck] = []
        timed(f"check on {name}", lambda: checks.append(check_dataset(costs, engine)))  # noqa: B023
        if checks[0].problems:
            sys.exit(checks[0].problems[0])
        print(f"    {checks[0].claims:,} claims, digest {checks[0].digest}, by {checks[0].engine}")


def make_files(costs: Path, claims: int, rows: int, each: int) -> None:
    """The files of so many jobs."""
    connection = duckdb.connect()
    for first in range(0, rows, each):
        new = costs / "claims/new"
        values = {"distinct": claims, "first": first, "last": min(first + each, rows), "path": new, "areas": _AREAS}
        connection.execute(_CLAIMS.format(**values))
        claim_file = new.rename(costs / f"claims/{file_digest(new)}.parquet")
        new = costs / "cells/new"
        connection.execute(_CELLS.format(source=claim_file, path=new))
        new.rename(costs / f"cells/{file_digest(new)}.parquet")


def of_reading(folder: Path, commits: int) -> None:
    """Times of collecting one long history."""
    draw = random.Random(1)
    people = [f"p{number}" for number in range(300)]
    works = []
    for number in range(commits):
        day = f"{2024 + number * 2 // commits}-{1 + draw.randrange(12):02d}-{1 + draw.randrange(28):02d}"
        area = f"area{int(40 * draw.random() ** 2)}"
        has_line = draw.random() < 0.1
        who = people[int(300 * draw.random() ** 2)]
        works.append(Work(who, day, area, draw.choice((1, 2, 5, 10)), claim_id(number) if has_line else ""))
    timed(f"made: {commits:,} commits", lambda: make_repository(folder / "repo.git", works))
    subprocess.run(["git", "repack", "-adq"], cwd=folder / "repo.git", check=True)
    plan = CollectOptions(folder / "own", folder / "cache", "2025-12")

    def run() -> None:
        found = collect([os.fspath(folder / "repo.git")], plan, lambda *_: None)
        print(f"    {found.claims:,} claims, {found.published:,} published in {found.cells:,} cells")

    timed("collect, first", run)
    timed("collect, again", run)


def timed(what: str, action: Callable[[], object]) -> None:
    """Run, and print how long it took."""
    began = time.perf_counter()
    action()
    print(f"{what:40s} {time.perf_counter() - began:8.2f} s", flush=True)


if __name__ == "__main__":
    main()
