"""Weeks and months that must not be shown alone: neighbours are merged until they pass the rules together.

A run is a sequence of periods shown as one; the runs of a grouping cover all of its periods. Names of periods sort
chronologically.
"""

from collections.abc import Iterator, Mapping, Sequence

from tokcost.history.privacy.cells import Labels, is_safe, joined, weakness
from tokcost.history.privacy.dominance import Sums

Cells = Mapping[str, Sums]
Run = list[str]

_MOST_CUTS = 40


def in_runs(cells: Cells, least: int) -> Labels:
    """Each period with as many following ones as it needs to be safe; the remaining ones at the end are merged with
    those before. Empty if everything would be one run."""
    found: list[Run] = []
    waiting: Run = []
    for name in sorted(cells):
        waiting = [*waiting, name]
        if _is_safe(cells, waiting, least):
            found.append(waiting)
            waiting = []
    while waiting and found and not _is_safe(cells, waiting, least):
        waiting = found.pop() + waiting
    if waiting and not found and not _is_safe(cells, waiting, least):
        return {}
    return _named([*found, *([waiting] if waiting else [])])


def in_fewer_runs(cells: Cells, labels: Labels, blamed: set[str]) -> Labels:
    """The runs that violate a rule, each merged with the weaker of its neighbours; if none is known, the weakest
    quarter.

    There is always one run less than before; empty if only one would be left.
    """
    runs = _runs(labels)
    if len(runs) < 2:
        return {}
    chosen = [run for run in runs if labels[run[0]] in blamed]
    for run in chosen or sorted(runs, key=lambda run: _weakness(cells, run))[: max(1, len(runs) // 4)]:
        at = next((at for at, one in enumerate(runs) if one is run), None)
        if at is None or len(runs) < 2:
            continue  # a neighbour merged with it already
        around = [one for one in (at - 1, at + 1) if 0 <= one < len(runs)]
        first, second = sorted((at, min(around, key=lambda one: _weakness(cells, runs[one]))))
        runs[first : second + 1] = [runs[first] + runs[second]]
    return _named(runs)


def in_more_runs(cells: Cells, labels: Labels, least: int) -> Iterator[Labels]:
    """Every way to split one of the runs (without labels: all periods) into two safe ones, the most even split
    first, as far as it is worth trying them one after the other."""
    runs = _runs(labels) or [sorted(cells)]
    cuts = [(abs(2 * cut - len(run)) - len(run), at, cut) for at, run in enumerate(runs) for cut in range(1, len(run))]
    for _, at, cut in sorted(cuts)[:_MOST_CUTS]:
        halves = runs[at][:cut], runs[at][cut:]
        if all(_is_safe(cells, half, least) for half in halves):
            yield _named([*runs[:at], *halves, *runs[at + 1 :]])


def _is_safe(cells: Cells, run: Run, least: int) -> bool:
    return is_safe(joined(cells[name] for name in run), least)


def _weakness(cells: Cells, run: Run) -> tuple[bool, int, int, str]:
    return weakness(run[0], joined(cells[name] for name in run))


def _named(runs: Sequence[Run]) -> Labels:
    if len(runs) == 1 and len(runs[0]) > 1:
        return {}
    return {name: run[0] if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs for name in run}


def _runs(labels: Labels) -> list[Run]:
    found: dict[str, Run] = {}
    for name in sorted(labels):
        found.setdefault(labels[name], []).append(name)
    return list(found.values())
