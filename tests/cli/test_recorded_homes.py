"""`tokcost log --json` against the truth of recorded homes: what real assistants left in the scenarios of
tests/real_assistants (record.py there records them)."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from support import samples, warm
from support.tables import few

CLASSES = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
PARTS = ("carried", "withheld", "bound", "pending", "unplaced")
BYTES = 100_000
NAMES = samples.names(samples.RECORDED)


def told(sample: samples.Sample, ledger: Path) -> dict[str, Any]:
    environ = {"PATH": os.environ["PATH"], **sample.environ, "TOKCOST_HOME": str(ledger), "TZ": "UTC"}
    done = warm.tokcost("log", "--json", cwd=sample.repo, env=environ)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def spent(document: dict[str, Any]) -> dict[str, dict[str, int]]:
    """Tokens by branch and class; what is on none under an empty name."""
    rows = {row["branch"]: row["tokens"] for row in document["branches"] if row["usage"]}
    if document["unplaced"]["usage"]:
        rows[""] = document["unplaced"]["tokens"]
    return {branch: {one: tokens[one] for one in CLASSES if tokens[one]} for branch, tokens in rows.items()}


@pytest.mark.few
@pytest.mark.parametrize("name", few(NAMES, 20))
def test_each_branch_of_a_recorded_home_has_what_was_billed_on_it(name: str, tmp_path: Path) -> None:
    """What is billed of a reply that broke off is not known: nothing, all of it, or what was told before."""
    sample = samples.unpack(name, tmp_path, samples.RECORDED)
    least, most = sample.truth["least"], sample.truth["most"]
    document = told(sample, tmp_path / "ledger")
    found = spent(document)
    if least == most:
        assert found == most
    for branch, counts in most.items():
        assert all(least[branch].get(one, 0) <= found[branch].get(one, 0) <= counts[one] for one in counts)
    assert found.keys() == most.keys()
    assert document["skipped"]["records"] == 0
    rows = document["conservation"]
    assert rows["total"]["tokens"] == sum(rows[part]["tokens"] for part in PARTS)


def test_each_recorded_home_is_small() -> None:
    sizes = {path.name: path.stat().st_size for path in samples.RECORDED.rglob("*.tar.gz")}
    assert not {name: size for name, size in sizes.items() if size > BYTES}
