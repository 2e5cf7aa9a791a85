"""One cell of a grouping: the amounts of each contributor, and whether the cell may be shown."""

from collections.abc import Iterable

from tokcost.history.privacy.dominance import PERCENT, Sums

Labels = dict[str, str]
"""The name under which each cell of a grouping is shown: its own, that of the merged periods, or `(other)`."""


def is_safe(sums: Sums, least: int) -> bool:
    """Rule 1 of `suppression.py`: enough contributors, none of whom dominates."""
    if len(sums) < least:
        return False
    return all(_is_spread([amounts[measure] for amounts in sums.values()], least) for measure in (0, 1))


def _is_spread(amounts: list[int], least: int) -> bool:
    values = sorted((value for value in amounts if value), reverse=True)
    if not values:
        return True
    return len(values) >= least and 100 * sum(values[2:]) >= PERCENT * values[0]


def joined(several: Iterable[Sums]) -> Sums:
    """Several cells merged into one."""
    found: Sums = {}
    for sums in several:
        for who, (cost, tokens) in sums.items():
            before = found.get(who, (0, 0))
            found[who] = before[0] + cost, before[1] + tokens
    return found


def weakness(name: str, sums: Sums) -> tuple[int, int, str]:
    """A sort key: the weakest cell has the fewest contributors, then the lowest list cost."""
    return len(sums), sum(cost for cost, _ in sums.values()), name
