"""Ledgers made by hand: output, surcharges, searches, and what has no price."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from support.worked import Worked

SHORT, OUTPUT = 3_750, 15_000


def test_reasoning_is_told_apart_from_visible_output_where_the_log_says_so(worked: Worked) -> None:
    worked.request(output=500, counts={"output_tokens_details": {"thinking_tokens": 200}})
    assert worked.costs() == {"visible_output": 300 * OUTPUT, "reasoning": 200 * OUTPUT}


def test_a_long_prompt_pays_the_difference_as_a_surcharge(worked: Worked) -> None:
    """Sonnet 4.5 above 200,000 tokens: twice the prompt's price, one and a half times that of the output."""
    worked.request(write=200_000, output=100)
    worked.request(read=200_000, write=1, output=100)
    assert worked.costs() == {
        "cache_written": 200_001 * SHORT,
        "cache_read": 200_000 * 300,
        "visible_output": 200 * OUTPUT,
        "long_context_surcharge": 1 * SHORT + 200_000 * 300 + 100 * 7_500,
    }


def test_fast_mode_is_a_surcharge_on_every_class(worked: Worked) -> None:
    worked.request(write=1_000, output=100, model="claude-opus-4-8", counts={"speed": "fast"})
    assert worked.costs() == {
        "cache_written": 1_000 * 6_250,
        "visible_output": 100 * 25_000,
        "fast_surcharge": 1_000 * 6_250 + 100 * 25_000,
    }


def test_a_discount_lowers_the_drivers_and_is_none_of_its_own(worked: Worked) -> None:
    worked.request(write=1_000, output=100, counts={"service_tier": "batch"})
    assert worked.costs() == {"cache_written": 1_000 * SHORT // 2, "visible_output": 100 * OUTPUT // 2}


def test_web_searches_are_counted_by_their_own_price(worked: Worked) -> None:
    worked.request(output=100, counts={"server_tool_use": {"web_search_requests": 3}})
    assert worked.costs() == {"visible_output": 100 * OUTPUT, "web_searches": 3 * 10_000_000}


def test_inference_in_one_region_is_a_surcharge(worked: Worked) -> None:
    worked.request(write=1_000, output=100, model="claude-opus-4-8", counts={"inference_geo": "us"})
    found = worked.costs()
    assert found["residency_surcharge"] * 10 == found["cache_written"] + found["visible_output"]


def test_usage_without_a_price_stands_beside_the_drivers(worked: Worked) -> None:
    worked.request(output=100)
    worked.request(write=1_000, output=100, model="some-model-of-our-own")
    found = worked.explain()
    assert found.total.list_cost == 100 * OUTPUT
    assert (found.unpriced.tokens, found.unpriced.requests) == (1_100, 1)
    assert found.total.tokens == 100


@pytest.mark.parametrize("tokens", [1, 3, 7, 999])
def test_fractions_of_a_nano_dollar_are_shared_out_and_the_sum_closes(worked: Worked, tokens: int) -> None:
    prices = '[[price]]\nmatch = "odd"\ninput = "0.0123"\noutput = "0.0457"\ncache_read = "0.0011"\n'
    prices += 'cache_write_5m = "0.0177"\n'
    worked.repo.ledger_home.mkdir(mode=0o700)
    Path(worked.repo.ledger_home / "prices.toml").write_text(prices)
    worked.request(read=tokens, write=tokens, input=tokens, output=tokens, model="odd")
    found = worked.explain()
    assert found.total.tokens == 4 * tokens
    assert sum(part.list_cost for part in found.drivers.values()) == found.total.list_cost > 0
    assert found.drivers["not_known"].requests == 0


def test_prices_that_changed_since_leave_the_drivers_at_the_recorded_ones(worked: Worked) -> None:
    worked.request(write=1_000)
    before = worked.costs()
    (worked.repo.ledger_home / "prices.toml").write_text('[[price]]\nmatch = "claude-sonnet-4-5"\ninput = 99\n')
    assert worked.costs() == before


def test_without_its_rate_cards_the_cost_of_a_request_is_not_known_by_driver(worked: Worked) -> None:
    worked.request(write=1_000, output=100)
    total = worked.explain().total
    with closing(sqlite3.connect(worked.repo.ledger_home / "ledger.db", isolation_level=None)) as ledger:
        ledger.execute("UPDATE price SET body = NULL")
    found = worked.explain()
    assert found.total == total
    assert found.drivers["not_known"] == total
