"""`tokcost export focus`: charges that add up to the ledger, checked by the linter of others."""

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from focus_data_toolkit.cli import main as focus_toolkit

from exports.conftest import CONDITIONS, Work, table

FORMATS = ("csv", "parquet")


def lints(path: Path, profile: str = "ledger") -> bool:
    supports = [word for one in CONDITIONS[profile] for word in ("--supports", one)]
    return focus_toolkit(["validate", "--dataset", "cost-and-usage", *supports, str(path)]) == 0


def cost(rows: list[dict[str, str]]) -> Decimal:
    return sum((Decimal(row["ListCost"]) for row in rows), Decimal(0))


def test_the_sum_is_that_of_the_log_and_so_is_that_of_each_state(work: Work) -> None:
    log = json.loads(work.repo.tokcost("log", "--json").stdout)
    rows = table(work.export("focus", "--estimates", "--unpriced", "/dev/null"))
    assert cost(rows) == Decimal(log["conservation"]["total"]["list_cost"]) > 0
    by_state: Counter[str] = Counter()
    for row in rows:
        by_state[row["x_ClaimState"]] += Decimal(row["ListCost"])  # type: ignore[assignment]
    parts = {name: Decimal(part["list_cost"]) for name, part in log["conservation"].items() if name != "total"}
    assert {name: by_state[name] for name in parts} == parts
    assert min(by_state[name] for name in ("carried", "withheld", "pending", "unplaced")) > 0


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_of_each_profile_passes_the_linter_of_1_4(work: Work, tmp_path: Path, form: str) -> None:
    for profile in ("ledger", "history"):
        path = tmp_path / f"{profile}.{form}"
        work.export("focus", "--profile", profile, "-o", str(path))
        assert lints(path, profile)
