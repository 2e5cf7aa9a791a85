"""`tokcost prices` and what `tokcost log` shows, which must never disagree: the real program on logs of our own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.claude_lines import assistant, counts
from support.prices import at_ms

PROGRAM = "from tokcost.cli.start import main; main()"
DAY = at_ms("2026-08-01")


class Payer:
    """Somebody whose assistant answered in a repository."""

    def __init__(self, path: Path) -> None:
        self.repo, self.home = path / "repo", path / "ledger"
        subprocess.run(["git", "init", "-q", "-b", "main", str(self.repo)], check=True)
        self.environ = {"PATH": os.environ["PATH"], "HOME": str(path), "TOKCOST_HOME": str(self.home), "TZ": "UTC"}
        self.log = path / ".claude/projects/-repo/s1.jsonl"
        self.log.parent.mkdir(parents=True)
        self.count = 0

    def answered(self, model: str, *, time_ms: int = DAY, **usage: Any) -> None:
        """One more response."""
        self.count += 1
        line = assistant(f"msg_{self.count}", f"req_{self.count}", time_ms, model=model, usage=counts(**usage))
        with self.log.open("a") as log:
            log.write(json.dumps(line | {"cwd": str(self.repo), "gitBranch": "main"}) + "\n")

    def runs(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run tokcost with these words."""
        command = [sys.executable, "-P", "-c", PROGRAM, *words]
        return subprocess.run(command, cwd=self.repo, env=self.environ, capture_output=True, text=True, check=False)

    def totals(self) -> dict[str, Any]:
        return json.loads(self.runs("log", "--json").stdout)["totals"]

    def cost(self) -> str:
        """The list cost that `tokcost log` shows."""
        return self.totals()["list_cost"]

    def prices(self, text: str) -> None:
        """Write a price file of their own."""
        self.home.mkdir(mode=0o700, exist_ok=True)
        (self.home / "prices.toml").write_text(text)


@pytest.fixture
def payer(tmp_path: Path) -> Payer:
    return Payer(tmp_path)


ONE = {"input": 100_000, "cache_read": 0, "write_5m": 0, "write_1h": 0, "output": 10_000}


@pytest.mark.parametrize(
    ("geo", "cost"), [("us", "0.825000000"), ("global", "0.750000000"), ("not_available", "0.750000000")]
)
def test_where_the_inference_was_kept_is_part_of_the_price(payer: Payer, geo: str, cost: str) -> None:
    payer.answered("claude-opus-4-8", **ONE, inference_geo=geo)
    assert payer.cost() == cost


def test_a_region_survives_pricing_again(payer: Payer) -> None:
    payer.answered("claude-opus-4-8", **ONE, inference_geo="us")
    payer.answered("claude-opus-4-8", **ONE)
    assert payer.cost() == "1.575000000"
    payer.prices('[[price]]\nmatch = "claude-*"\ndiscount = "0.5"\n')
    assert payer.runs("prices", "reprice", "--since", "2026-01-01").returncode == 0
    assert payer.cost() == "0.787500000"


def test_a_region_whose_price_nobody_knows_has_the_standard_one_and_is_called_estimated(payer: Payer) -> None:
    payer.answered("claude-opus-4-8", **ONE, inference_geo="eu")
    assert payer.cost() == "0.750000000"
    payer.prices('[[price]]\nmatch = "claude-*"\ngeo = "eu"\ndiscount = "1.2"\n')
    payer.runs("prices", "reprice", "--since", "2026-01-01")
    assert payer.cost() == "0.900000000"
