"""The lines of a range and the steps that brought them, from the cache and from what is new since.

A whole history (one tip, nothing excluded) is walked once; later only what was added to its first-parent line. When the
old tip is not on that line any more (rewritten, force-pushed), it is walked again, and what is gone drops out. A range
with a lower end is walked each time: it is short.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tokcost.attribution.changes import Placed
from tokcost.attribution.steps import read_reverts, steps_of
from tokcost.ledger.harvest import Harvest, Home, Walk, open_harvest
from tokcost.model.changes import Carrier, Graph
from tokcost.model.trailer import Line, read_message
from tokcost.repo.commit import Commit
from tokcost.repo.history import Range, Repository, read_both, read_graph, shape


class Told(NamedTuple):
    """What a range says."""

    placed: list[Placed]
    commits: int
    """Merges left out."""


def read_history(repository: Repository, cache: Path, span: Range) -> Told:
    """Everything in the range that carries a line or takes a commit back. Raises `EnvironmentProblem`."""
    with open_harvest(cache, repository.common_dir, shape(repository)) as harvest:
        known = harvest.tips()
        last = harvest.walk() if len(span.tips) == 1 and not span.excluded else None
        unread = span._replace(excluded=(*span.excluded, *known))
        unwalked = span._replace(excluded=(last.tip,)) if last else span
        messages, graph = read_both(repository, unread, unwalked)
        whole = () if span.excluded else span.tips
        harvest.add((read_carrier(commit) for commit in messages), whole, (last.tip,) if last else ())
        carriers = harvest.carriers()
        if span.excluded or len(span.tips) > 1:
            return _told(carriers, _walk(graph, span.tips, carriers))
        return _whole(repository, harvest, span, last, graph)


def read_carrier(commit: Commit) -> Carrier:
    """What one message says."""
    found = read_message(commit.message)
    reverts = read_reverts(commit.message)
    is_merge = len(commit.parents) > 1
    return Carrier(commit.id, tuple(found.lines), found.foreign, tuple(found.damaged), reverts, is_merge)


def carried(graph: Graph, tip: str, carriers: Mapping[str, Carrier]) -> list[Line]:
    """Every line on the way from a tip to where the graph ends."""
    return [line for commit in reach(graph, tip) if commit in carriers for line in carriers[commit].lines]


def reach(graph: Graph, tip: str) -> list[str]:
    """The commits on the way from a tip to where the graph ends."""
    found: dict[str, None] = {}
    todo = [tip]
    while todo:
        commit = todo.pop()
        if commit in graph and commit not in found:
            found[commit] = None
            todo += graph[commit]
    return list(found)


def _whole(repository: Repository, harvest: Harvest, span: Range, last: Walk | None, graph: Graph) -> Told:
    carriers = harvest.carriers()
    tip = span.tips[0]
    if last and not _continues(graph, tip, last.tip):
        last, graph = None, read_graph(repository, span)
    new = _walk(graph, span.tips, carriers, last.steps if last else 0)
    if last is None or new.steps > last.steps:
        before = last or Walk(tip, 0, 0, {})
        new = Walk(tip, before.commits + new.commits, new.steps, before.homes | new.homes)
        fresh = {commit: home for commit, home in new.homes.items() if commit not in before.homes}
        harvest.record_walk(new, fresh, last is None)
        last = new
    return _told(carriers, last)


def _continues(graph: Graph, tip: str, old: str) -> bool:
    """Whether the first-parent line of a tip leads to another commit that the graph leaves out."""
    at = tip
    while at in graph:
        at = graph[at][0] if graph[at] else ""
    return at == old


def _walk(graph: Graph, tips: tuple[str, ...], carriers: dict[str, Carrier], before: int = 0) -> Walk:
    steps = steps_of(graph, tips)
    homes: dict[str, Home] = {}
    for position, (step, brought) in enumerate(steps, start=before):
        if not carriers.keys().isdisjoint(brought):
            homes |= {commit: Home(step, position) for commit in brought if commit in carriers}
    commits = sum(len(parents) < 2 for parents in graph.values())
    return Walk(tips[0], commits, before + len(steps), homes)


def _told(carriers: dict[str, Carrier], walk: Walk) -> Told:
    placed = [Placed(carriers[commit], home.step, home.position) for commit, home in walk.homes.items()]
    return Told(placed, walk.commits)
