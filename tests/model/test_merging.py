"""One response from several records of it, of which some have estimated counts."""

from functools import reduce
from itertools import permutations

import pytest

from tokcost.model.usage import Tokens, Usage, merge

TOLD = Usage("a", "k", 1, "m", Tokens(input=100, output=300))
LEAST = TOLD._replace(tokens=Tokens(input=100, output=20), lower_bound=True)
GUESS = TOLD._replace(tokens=Tokens(input=140, output=500), estimated=True)
LOWER_GUESS = TOLD._replace(tokens=Tokens(input=1, output=2), estimated=True)


@pytest.mark.parametrize("records", [*permutations([TOLD, LEAST, GUESS, LOWER_GUESS])])
def test_what_was_told_counts_whatever_was_guessed_and_in_whatever_order(records: tuple[Usage, ...]) -> None:
    found = reduce(merge, records)
    assert (found.tokens, found.estimated, found.lower_bound) == (TOLD.tokens, False, False)


@pytest.mark.parametrize("records", [*permutations([LEAST, GUESS, LOWER_GUESS])])
def test_an_estimate_makes_no_count_final(records: tuple[Usage, ...]) -> None:
    found = reduce(merge, records)
    assert (found.tokens, found.estimated, found.lower_bound) == (LEAST.tokens, False, True)


def test_estimates_alone_stay_estimated() -> None:
    assert merge(GUESS, LOWER_GUESS).estimated
    assert merge(GUESS, GUESS) == GUESS
