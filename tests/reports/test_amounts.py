import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokcost.reports.amounts import amount, bar, closing_sum, percent, places_beside, short_tokens, sparkline


@pytest.mark.parametrize(
    ("count", "short"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1.0k"),
        (99_949, "99.9k"),
        (99_950, "100k"),
        (999_499, "999k"),
        (999_500, "1.0M"),
        (1_234_567, "1.2M"),
        (10**9, "1.0G"),
        (10**13, "10000G"),
    ],
)
def test_tokens_in_short(count: int, short: str) -> None:
    assert short_tokens(count) == short


@pytest.mark.parametrize(
    ("nano", "unpriced", "said"),
    [
        (1_840_000_000, 0, "$1.84"),
        (0, 0, "$0.00"),
        (0, 7, "unpriced"),
        (1_840_000_000, 7, "$1.84 + unpriced"),
        (1_200_000, 0, "$0.0012"),
    ],
)
def test_unknown_is_unpriced_and_never_zero_dollars(nano: int, unpriced: int, said: str) -> None:
    assert amount(nano, unpriced) == said


def _units(text: str) -> int:
    return int(text.replace("$", "").replace(",", "").replace(".", ""))


@given(st.lists(st.integers(0, 10**15), min_size=1, max_size=4))
def test_the_parts_shown_add_up_to_the_total_shown_because_a_reader_will_check(parts: list[int]) -> None:
    shown, total = closing_sum(parts, sum(parts))
    assert sum(map(_units, shown)) == _units(total)
    assert not any("-" in text for text in shown)


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=4))
def test_a_part_that_is_not_nothing_is_not_shown_as_nothing(parts: list[int]) -> None:
    shown, _ = closing_sum(parts, sum(parts))
    assert all(_units(text) > 0 for part, text in zip(parts[:-1], shown, strict=False) if part)


def test_a_small_part_gets_no_more_places_than_it_needs_to_be_seen() -> None:
    assert closing_sum([17_194_500, 19_687_500, 63_000], 36_945_000)[0] == ["$0.017195", "$0.019687", "$0.000063"]
    assert closing_sum([2_000_000_000, 63_000], 2_000_063_000) == (["$2.000000", "$0.000063"], "$2.000063")
    assert closing_sum([2_000_000_000, 63], 2_000_000_063)[0] == ["$2.000000000", "$0.000000063"]


@pytest.mark.parametrize(("part", "drawn"), [(0, ""), (1, "▏"), (500, "████"), (1000, "████████"), (2000, "████████")])
def test_bars_show_whatever_is_not_nothing_and_never_burst(part: int, drawn: str) -> None:
    assert bar(part, 1000, 8) == drawn


def test_a_sparkline_leaves_days_without_use_blank() -> None:
    assert sparkline([0, 1, 5, 10, 0]) == " ▂▅█ "
    assert sparkline([0, 0]) == ""
    assert sparkline([]) == ""


def test_a_small_share_is_not_zero_percent() -> None:
    assert [percent(n, 1000) for n in (0, 1, 10, 1000)] == ["0%", "<1%", "1%", "100%"]


@pytest.mark.parametrize(
    ("nano", "total", "said"),
    [
        (0, 12_100_000, "$0.0000"),
        (12_100_000, 12_100_000, "$0.0121"),
        (49_999, 12_100_000, "$<0.0001"),
        (999_960_000, 999_970_000, "$1.0000"),
        (12_100_000, 5_000_000_000, "$0.01"),
        (4_900_000, 5_000_000_000, "$<0.01"),
        (1, 5_000_000_000, "$<0.01"),
        (0, 5_000_000_000, "$0.00"),
        (0, 0, "$0.00"),
    ],
)
def test_amounts_beside_a_total_have_its_places_and_what_is_not_nothing_shows(nano: int, total: int, said: str) -> None:
    assert amount(nano, 0, places_beside(total)) == said


@given(st.lists(st.integers(0, 10**11), min_size=1, max_size=5))
def test_a_column_has_one_precision_and_nothing_of_it_looks_like_zero_but_zero(parts: list[int]) -> None:
    places = places_beside(sum(parts))
    texts = [amount(part, 0, places) for part in parts]
    assert {len(text.rpartition(".")[2]) for text in texts} == {places}
    assert [part for part, text in zip(parts, texts, strict=True) if not text.strip("$0.")] == [
        p for p in parts if not p
    ]
