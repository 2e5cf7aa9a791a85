"""Long tables of values for one rule: `make test` tries some of them, `make slow` all others."""

from collections.abc import Iterable
from typing import Any, cast

import pytest


def few(values: Iterable[Any], most: int = 3) -> list[Any]:
    """All values for `parametrize`, of which so many, from the first to the last, are not slow. A tuple is a case with
    several values."""
    cases = list(values)
    kept = {round(number * (len(cases) - 1) / max(most - 1, 1)) for number in range(most)}
    return [case if number in kept else _slow(case) for number, case in enumerate(cases)]


def _slow(case: Any) -> Any:
    values = cast(tuple[Any, ...], case) if isinstance(case, tuple) else (case,)
    return pytest.param(*values, marks=pytest.mark.slow)
