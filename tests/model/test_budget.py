"""What a budget says of an amount, for all amounts."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokcost.model.budget import STATES, Budget, Standing, parse_limit, parse_near, worst
from tokcost.model.money import NANO_PER_USD, decimal_string

limits = st.integers(1, 10**15)
amounts = st.integers(0, 2 * 10**15)
nears = st.integers(1, 100)


@st.composite
def standings(draw: st.DrawFn) -> Standing:
    budget = Budget("branch", draw(st.none() | limits), draw(st.booleans()), draw(nears), "clone")
    return Standing(budget, draw(amounts), draw(st.sampled_from((0, 0, 7))))


@given(limits)
def test_an_amount_is_read_to_the_nano_dollar_as_it_is_written(limit: int) -> None:
    assert parse_limit(decimal_string(limit)) == limit


@given(st.decimals(Decimal("0.000000001"), Decimal("999999999"), places=9))
def test_an_amount_agrees_with_decimal_arithmetic(amount: Decimal) -> None:
    assert parse_limit(f"{amount:f}") == int(amount * NANO_PER_USD)


@pytest.mark.parametrize(("text", "limit"), [("20", 20_000_000_000), (" $.5 ", 500_000_000), ("None", None)])
def test_an_amount_may_be_written_as_people_do(text: str, limit: int | None) -> None:
    assert parse_limit(text) == limit


@pytest.mark.parametrize(
    "text",
    ["", "-5", "-0.1", "0", "0.0", "nan", "NaN", "inf", "1e3", "1,000", "12,50", "1_000", "0x10", ".", "$", "20 USD",
     "٢٠", "1.0000000001", "9999999999", "20\n30"],
)  # fmt: skip
def test_what_is_no_amount_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"budget|amount"):
        parse_limit(text)


@pytest.mark.parametrize("text", ["0", "101", "-1", "80.5", "x", ""])
def test_what_is_no_percentage_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="percentage"):
        parse_near(text)


def test_a_percentage_may_have_its_sign() -> None:
    assert (parse_near("90%"), parse_near(" 1 ")) == (90, 1)


@given(standings())
def test_over_is_said_of_what_is_surely_over_and_of_nothing_else(one: Standing) -> None:
    limit = one.budget.limit
    assert (one.state == "over") == (limit is not None and one.list_cost > limit)
    assert one.stops == (one.budget.blocks and one.state == "over")


@given(standings())
def test_usage_without_a_price_is_never_silently_nothing(one: Standing) -> None:
    if one.unpriced_tokens and one.budget.limit is not None:
        assert one.state in ("unpriced", "over")


@given(standings(), st.integers(0, 10**15))
def test_more_spend_never_makes_a_budget_look_better(one: Standing, more: int) -> None:
    later = one._replace(list_cost=one.list_cost + more)
    assert STATES.index(later.state) <= STATES.index(one.state)
    assert (later.percent or 0) >= (one.percent or 0)


@given(standings())
def test_a_hundred_percent_is_said_of_exactly_the_limit_alone(one: Standing) -> None:
    if one.percent is not None and one.budget.limit is not None:
        assert (one.percent > 100) == (one.state == "over")
        assert (one.percent == 100) == (one.list_cost == one.budget.limit)


@given(standings())
def test_near_begins_at_its_percentage(one: Standing) -> None:
    if one.state in ("near", "ok") and one.percent is not None:
        assert (one.state == "near") == (one.percent >= one.budget.near)


@given(st.lists(standings()))
def test_the_worst_state_counts(several: list[Standing]) -> None:
    assert worst(several) == min((one.state for one in several), key=STATES.index, default="none")
