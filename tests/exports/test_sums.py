"""Every export adds up to the ledger, whatever was used, and charges are prices times quantities."""

import csv
import io
import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from focus_data_toolkit.model.validator import lint_focus_1_4_structure
from hypothesis import given
from hypothesis import strategies as st

from exports.conftest import CONDITIONS
from support import samples
from support.hooked import Hooked
from tokcost.exports.focus import focus_file
from tokcost.exports.metrics import count, metrics_file
from tokcost.exports.usage import usage_file
from tokcost.model.charges import Charges, ExportedUsage
from tokcost.model.money import NANO_PER_USD, decimal_string
from tokcost.model.usage import Tokens, Usage
from tokcost.pricing.book import PriceBook
from tokcost.pricing.cards import ModelCards, RateCard, Rates, RateStep
from tokcost.pricing.charges import charges_of
from tokcost.services.export_usage import ExportOptions, export_charges, export_usage
from tokcost.services.look_at_clone import state_around
from tokcost.services.refresh import refresh
from tokcost.services.summarise import LogOptions, summarise


def rows_of(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode())))


def dollars(rows: list[dict[str, str]], column: str) -> str:
    total = sum((Decimal(row[column]) for row in rows if row[column]), Decimal(0))
    return decimal_string(int(total * NANO_PER_USD))


@pytest.mark.parametrize("name", samples.names())
def test_exports_of_real_logs_add_up_to_the_log_and_pass_the_linter(name: str, tmp_path: Path) -> None:
    sample = samples.unpack(name, tmp_path)
    home = tmp_path / "tokcost"
    refresh(home, sample.environ, here=state_around(sample.repo))
    summaries = summarise(home, tmp_path, LogOptions(all_repos=True))
    total = sum(one.conservation.total[1] for one in summaries)
    tokens = sum(one.conservation.total[0] for one in summaries)
    asked = ExportOptions(all_repos=True, estimates=True)
    charges, _ = export_charges(home, tmp_path, asked)
    usage, _ = export_usage(home, tmp_path, asked, list)
    assert usage
    assert charges.list_cost == total == sum(one.list_cost or 0 for one in usage)
    assert sum(one.tokens.total for one in usage) == tokens
    counted = sum(one.quantity for one in charges.charges if one.meter not in ("web_search", "request"))
    assert counted + charges.unpriced_tokens == tokens
    assert not [one for one in charges.charges if one.meter == "unsplit"]
    rows = rows_of(b"".join(focus_file("csv", "1.4", charges)))
    assert dollars(rows, "ListCost") == decimal_string(total)
    if rows:
        report = lint_focus_1_4_structure("Cost and Usage", rows, supported_conditions=CONDITIONS["ledger"])
        assert report.messages() == []
    assert dollars(rows_of(b"".join(usage_file("csv", usage))), "list_cost") == decimal_string(total)
    metrics = count(usage).samples
    assert sum(metrics["tokcost_list_cost_usd"].values()) == total
    assert sum(metrics["tokcost_usage_tokens"].values()) == tokens


def cards(rates: Rates, long: Rates) -> ModelCards:
    """A model whose rates change on 2026-10-01 at noon, and with prompts of more than 1,000 tokens."""
    noon = 1_790_856_000_000
    before = RateCard("", None, noon, 0, 1440, (RateStep(-1, rates), RateStep(1000, long)))
    after = RateCard("", noon, None, 0, 1440, (RateStep(-1, long),))
    return ModelCards("lab", "m", "lab/m", "priced", "test", (before, after))


def response(model: ModelCards, time_ms: int, tokens: Tokens, list_cost: int | None, **more: Any) -> ExportedUsage:
    """One response of a model, unplaced unless told otherwise."""
    state = "unpriced" if list_cost is None else "priced"
    place = ("", "", "none", "unplaced")
    served = ("a", "lab", "m", "response", "", "", "")
    plain = ExportedUsage(time_ms, *place, *served, tokens, 0, False, False, list_cost, None, state, model.id)
    return plain._replace(**more)


rate = st.integers(0, 10**14)
some_rates = st.builds(Rates, rate, rate, rate, rate, rate, rate, rate)
counts = st.integers(0, 3000)
responses = st.lists(
    st.tuples(
        st.sampled_from(["", "main", "=x"]),
        st.integers(0, 3 * 86_400_000),
        st.builds(Tokens, counts, counts, counts, counts, counts, st.just(0)),
        st.integers(0, 3),
        st.sampled_from(["priced", "unpriced", "lost"]),
    ),
    max_size=30,
)


@given(some_rates, some_rates, responses)
def test_charges_of_any_usage_add_up_to_what_was_recorded(rates: Rates, long: Rates, found: list[Any]) -> None:
    model = cards(rates, long)
    book = PriceBook([model])
    usage: list[ExportedUsage] = []
    for branch, after, tokens, searches, how in found:
        time_ms = 1_790_800_000_000 + after
        price = book.price(Usage("a", "k", time_ms, "m", tokens, provider="lab", web_searches=searches))
        cost = None if how == "unpriced" else (price.list_cost or 0) + (7 if how == "lost" else 0)
        state = "pending" if branch else "unplaced"
        placed = {"repository": "shop", "branch": branch, "state": state, "web_searches": searches}
        usage.append(response(model, time_ms, tokens, cost, **placed))
    charges = charges_of(usage, {model.id: model})
    assert charges.list_cost == sum(one.list_cost or 0 for one in usage)
    priced = sum(one.quantity for one in charges.charges if one.meter not in ("web_search", "request"))
    assert priced + charges.unpriced_tokens == sum(one.tokens.total for one in usage)
    rows = rows_of(b"".join(focus_file("csv", "1.4", charges)))
    assert dollars(rows, "ListCost") == decimal_string(charges.list_cost)
    if rows:
        report = lint_focus_1_4_structure("Cost and Usage", rows, supported_conditions=CONDITIONS["ledger"])
        assert report.messages() == []
    by_sku: dict[str, set[str]] = {}
    for row in rows:
        if row["PricingUnit"] != "Lots":
            by_sku.setdefault(row["SkuPriceId"], set()).add(row["ListUnitPrice"])
    assert all(len(prices) == 1 for prices in by_sku.values())


def test_a_price_that_changed_at_noon_makes_two_rows_of_the_day() -> None:
    cheap, dear = Rates(10**12, 0, 0, 0, 0), Rates(2 * 10**12, 0, 0, 0, 0)
    model = cards(cheap, dear)
    book = PriceBook([model])
    usage = []
    for hour in (11, 13):
        time_ms = 1_790_856_000_000 + (hour - 12) * 3_600_000
        tokens = Tokens(input=1000)
        cost = book.price(Usage("a", "k", time_ms, "m", tokens, provider="lab")).list_cost
        usage.append(response(model, time_ms, tokens, cost))
    rows = rows_of(b"".join(focus_file("csv", "1.4", charges_of(usage, {model.id: model}))))
    assert [(row["ListUnitPrice"], row["ListCost"]) for row in rows] == [("1.0", "0.001"), ("2.0", "0.002")]
    assert {row["ChargePeriodStart"] for row in rows} == {"2026-10-01T00:00:00Z"}
    assert len({row["SkuPriceId"] for row in rows}) == 2
    assert len({row["SkuId"] for row in rows}) == 1


@pytest.mark.parametrize(
    ("moment", "day", "month"),
    [
        ("2026-10-31T23:59:59.999Z", ("2026-10-31", "2026-11-01"), ("2026-10-01", "2026-11-01")),
        ("2026-11-01T00:00:00.000Z", ("2026-11-01", "2026-11-02"), ("2026-11-01", "2026-12-01")),
        ("2026-12-31T23:59:59.999Z", ("2026-12-31", "2027-01-01"), ("2026-12-01", "2027-01-01")),
        ("2028-02-29T12:00:00.000Z", ("2028-02-29", "2028-03-01"), ("2028-02-01", "2028-03-01")),
    ],
)
def test_days_and_months_are_those_of_utc(moment: str, day: tuple[str, str], month: tuple[str, str]) -> None:
    time_ms = round(datetime.fromisoformat(moment).timestamp() * 1000)
    model = cards(Rates(10**12, 0, 0, 0, 0), Rates(10**12, 0, 0, 0, 0))
    usage = [response(model, time_ms, Tokens(input=1), 1000)]
    (row,) = rows_of(b"".join(focus_file("csv", "1.4", charges_of(usage, {model.id: model}))))
    assert (row["ChargePeriodStart"][:10], row["ChargePeriodEnd"][:10]) == day
    assert (row["BillingPeriodStart"][:10], row["BillingPeriodEnd"][:10]) == month
    (line,) = rows_of(b"".join(usage_file("csv", usage)))
    assert line["time"] == moment


@pytest.mark.parametrize("state", ["free", "included"])
def test_what_costs_nothing_is_a_charge_at_a_price_of_nothing(state: Any) -> None:
    # Unlike what has no known price, which is no charge at all.
    model = ModelCards("ollama", "m", "", state, "test", ())
    usage = [response(model, 1_790_856_000_000, Tokens(input=5, output=7), 0, provider="ollama", price_state=state)]
    rows = rows_of(b"".join(focus_file("csv", "1.4", charges_of(usage, {model.id: model}))))
    assert [(row["ListCost"], row["ListUnitPrice"], row["ConsumedQuantity"]) for row in rows] == [
        ("0.0", "0.0", "5.0"),
        ("0.0", "0.0", "7.0"),
    ]
    assert {(row["x_PriceState"], row["ServiceProviderName"]) for row in rows} == {(state, "ollama")}


def test_an_own_price_is_in_the_charges(tmp_path: Path) -> None:
    repo = Hooked(tmp_path, rooted=True, forks=True)
    repo.ledger_home.mkdir(mode=0o700, exist_ok=True)
    (repo.ledger_home / "prices.toml").write_text(
        '[[price]]\nmatch = "homegrown-7"\ninput = "1.5"\ncache_read = "0.15"\ncache_write_5m = "2"\n'
        'cache_write_1h = "3"\noutput = "7.123456789"\n'
    )
    repo.spend(model="homegrown-7")
    log = json.loads(repo.tokcost("log", "--json").stdout)["totals"]
    done = repo.tokcost("export", "focus")
    assert done.returncode == 0, done
    rows = rows_of(done.stdout.encode())
    assert {row["SkuMeter"]: row["ListUnitPrice"] for row in rows if row["SkuMeter"]} == {
        "Input Tokens": "1.5",
        "Input Cache Read Tokens": "0.15",
        "Input Cache Write 5m Tokens": "2.0",
        "Input Cache Write 1h Tokens": "3.0",
        "Output Tokens": "7.123456789",
    }
    assert dollars(rows, "ListCost") == log["list_cost"]


def test_nothing_makes_files_that_say_nothing() -> None:
    assert rows_of(b"".join(focus_file("csv", "1.4", Charges([], [])))) == []
    assert metrics_file("openmetrics", ()).endswith(b"# EOF\n")
    assert json.loads(metrics_file("otlp-json", ()))["resourceMetrics"][0]["scopeMetrics"][0]["metrics"] == []
