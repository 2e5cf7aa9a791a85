"""A record that is the sum of a turn's requests has no long prompt: whether one of its requests had one is unknown."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from readers import test_mux as mux
from support.hooked import Hooked
from tokcost.ledger.open import open_ledger
from tokcost.services.explain_prices import reprice
from tokcost.services.refresh import refresh

SHORT, LONG = 100_000, 300_000
"""Tokens of a prompt, on both sides of the 200,000 from which claude-sonnet-4-5 costs twice its 3 $ a million."""


class Here:
    """A repository of somebody who works with Mux."""

    def __init__(self, path: Path) -> None:
        self.repo = Hooked(path, rooted=True, forks=True)

    def turn(self, name: str, tokens: int, model: str = "anthropic:claude-sonnet-4-5") -> None:
        """A turn with a prompt of so many tokens, all its requests together."""
        said = {"inputTokens": tokens, "outputTokens": 0}
        told = mux.message(name, said, model=model, providerMetadata=None, timestamp=self.repo.now * 1000)
        known = [{"id": "ws1", "path": str(self.repo.path)}]
        mux.chat(self.repo.home, told, below=f"ws1/subagent-transcripts/{name}", workspaces=known)

    def prices(self) -> list[tuple[float, str]]:
        """Dollars and the state of the price of each turn, the cheapest first."""
        refresh(self.repo.ledger_home, self.repo.environ)
        with open_ledger(self.repo.ledger_home) as ledger:
            rows = ledger.db.execute("SELECT list_cost / 1e9, price_state FROM usage_row ORDER BY 1").fetchall()
        return [(cost, state) for cost, state in rows]

    def charges(self) -> list[dict[str, str]]:
        """The charges of all turns."""
        return list(csv.DictReader(io.StringIO(self.says("export", "focus"))))

    def says(self, *words: str) -> Any:
        done = self.repo.tokcost(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def here(tmp_path: Path) -> Here:
    return Here(tmp_path)


def test_a_turn_has_the_price_of_short_prompts_and_is_marked_where_one_may_have_been_long(here: Here) -> None:
    here.turn("short", SHORT)
    here.turn("long", LONG)
    assert here.prices() == [(0.3, "priced"), (0.9, "estimated")]


def test_its_reasons_and_its_charges_add_up_to_it(here: Here) -> None:
    here.turn("short", SHORT)
    here.turn("long", LONG)
    found = json.loads(here.says("why", "--json", "--as", "claude-opus-4-1", "--as", "claude-sonnet-4-5"))
    assert found["list_cost"] == "1.200000000"
    assert {one["driver"]: one["list_cost"] for one in found["drivers"] if float(one["list_cost"])} == {
        "not_known": "1.200000000"
    }
    assert [one["list_cost"] for one in found["as"]] == ["6.000000000", "1.200000000"]
    assert sorted((float(one["ListCost"]), float(one["ConsumedQuantity"] or 0)) for one in here.charges()) == [
        (0.3, SHORT),
        (0.9, LONG),
    ]


def test_what_an_earlier_version_priced_as_one_long_prompt_can_be_priced_again(here: Here) -> None:
    here.turn("long", LONG)
    assert here.prices() == [(0.9, "estimated")]
    with open_ledger(here.repo.ledger_home) as ledger, ledger.transaction():
        ledger.db.execute("UPDATE usage SET list_cost = 1800000000")
    assert [(float(one["ListCost"]), one["ListUnitPrice"]) for one in here.charges()] == [(1.8, "6.0")]
    reprice(here.repo.ledger_home, 0, dry_run=False)
    assert here.prices() == [(0.9, "estimated")]
