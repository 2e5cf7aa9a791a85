"""What is a count, for all readers and for what programs send."""

import math

import pytest

from tokcost.model.bounds import count, unquoted, whole
from tokcost.model.usage import MAX_TOKENS

NO_INTEGERS = [1.5, math.nan, math.inf, -math.inf, 1 << 53, -(1 << 53), 1e300, True, False, "7", "", b"7", [7], {}]


@pytest.mark.parametrize(("given", "found"), [(7, 7), (7.0, 7), (0, 0), (-0.0, 0), (-7, -7), (None, 0)])
def test_an_integer_may_be_written_as_a_fraction_and_a_missing_one_is_0(given: object, found: int) -> None:
    assert whole(given) == found


@pytest.mark.parametrize("given", NO_INTEGERS, ids=repr)
def test_anything_else_is_no_integer(given: object) -> None:
    assert whole(given) is None
    with pytest.raises(ValueError, match="not a count"):
        count(given)


@pytest.mark.parametrize("given", [-1, -1.0, MAX_TOKENS, float(MAX_TOKENS)])
def test_a_count_is_never_negative_nor_larger_than_any_responses(given: object) -> None:
    assert whole(given) == given
    with pytest.raises(ValueError, match="not a count"):
        count(given)


@pytest.mark.parametrize(("given", "found"), [(MAX_TOKENS - 1, MAX_TOKENS - 1), (12.0, 12), (None, 0)])
def test_a_count_is_an_integer_within_the_bounds(given: object, found: int) -> None:
    assert count(given) == found


@pytest.mark.parametrize(
    ("given", "found"), [("12", 12), ("007", 7), ("9" * 15, 10**15 - 1), (10.5, 10.5), (None, None)]
)
def test_a_text_of_digits_is_the_number_in_it_where_a_format_has_such_texts(given: object, found: object) -> None:
    assert unquoted(given) == found


@pytest.mark.parametrize(
    "given", ["", "ten", "-1", "1.0", "1_000", " 1", "٣", "²", "9" * 16, "9" * 5000], ids=range(10)
)
def test_any_other_text_stays_what_it_is_and_is_no_count(given: str) -> None:
    assert unquoted(given) == given
    with pytest.raises(ValueError, match="not a count"):
        count(unquoted(given))
