"""One cell of a grouping: the amounts of each contributor, and whether the cell may be shown."""

from collections.abc import Iterable

from tokcost.history.privacy.contributors import NOBODY
from tokcost.history.privacy.dominance import PERCENT, Sums

Labels = dict[str, str]
"""The name under which each cell of a grouping is shown: its own, that of the merged periods, or `(other)`."""


def is_safe(sums: Sums, least: int) -> bool:
    """Rule 1 of `suppression.py`. A cell of bots alone reveals nobody."""
    return not sums or hides_everyone(sums, least)


def hides_everyone(sums: Sums, least: int) -> bool:
    """Whether there are enough contributors, none of whom dominates."""
    if len(sums) < least:
        return False
    return all(_is_spread([amounts[measure] for amounts in sums.values()], least) for measure in (0, 1))


def _is_spread(amounts: list[int], least: int) -> bool:
    values = sorted((value for value in amounts if value), reverse=True)
    if not values:
        return True
    return len(values) >= least and 100 * sum(values[2:]) >= PERCENT * values[0]


def add(sums: Sums, who: int, list_cost: int, tokens: int) -> None:
    """Add an amount to those of a cell's contributors; a bot is nobody."""
    if who != NOBODY:
        before = sums.get(who, (0, 0))
        sums[who] = before[0] + list_cost, before[1] + tokens


def joined(several: Iterable[Sums]) -> Sums:
    """Several cells merged into one."""
    found: Sums = {}
    for sums in several:
        for who, amounts in sums.items():
            add(found, who, *amounts)
    return found


def weakness(name: str, sums: Sums) -> tuple[bool, int, int, str]:
    """A sort key: the weakest cell has the fewest contributors, then the lowest list cost. Cells of bots are last,
    since merging them with another one hides nobody in it."""
    return not sums, len(sums), sum(cost for cost, _ in sums.values()), name
