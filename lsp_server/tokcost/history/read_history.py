"""The lines of a range and the steps that introduced them, from the cache and from newer history.

A complete history (one tip, nothing excluded) is walked once; later only the additions to its first-parent line. If the
old tip is no longer on that line (rewritten, force-pushed), it is walked again, and vanished commits drop out. A range
with a lower end is walked each time: it is short.
"""

from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, TypeVar

from tokcost.history.changes import Placed
from tokcost.history.first_parent import Steps
from tokcost.history.merge_subjects import read_reverts
from tokcost.ledger.history_cache import CachedWalk, HistoryCache, open_history_cache
from tokcost.model.changes import Carrier, Graph
from tokcost.model.trailer import Line, read_message
from tokcost.repo.history import Range, Repository, read_messages, read_nodes, shape
from tokcost.repo.objects import Commit

_One = TypeVar("_One")
_Other = TypeVar("_Other")


class Told(NamedTuple):
    """The result of reading a range."""

    placed: list[Placed]
    commits: int
    """Without merges."""


def read_history(repository: Repository, cache: Path, span: Range) -> Told:
    """Everything in the range that carries a line or reverts a commit. Raises `EnvironmentProblem`."""
    with open_history_cache(cache, repository.common_dir, shape(repository)) as history:
        known = history.tips()
        last = history.walk() if len(span.tips) == 1 and not span.excluded else None
        # Messages are cached by commit, for whichever range they were read; the walk goes on from this line's last tip.
        unread = span._replace(excluded=(*span.excluded, *known))
        unwalked = span._replace(excluded=(last.tip,)) if last else span
        before = last.steps if last else 0
        new, steps = _side_by_side(
            lambda: [read_carrier(commit) for commit in read_messages(repository, unread)],
            lambda: Steps(read_nodes(repository, unwalked), span.tips, before),
        )
        # Only a range without a lower end has read everything that its tips reach.
        whole = () if span.excluded else span.tips
        history.add(new, whole, (last.tip,) if last else ())
        del new  # so that carriers are not in memory twice
        if span.excluded or len(span.tips) > 1:
            carriers = history.carriers()
            return _told(carriers, CachedWalk(span.tips[0], steps.commits, steps.steps, steps.introduced(carriers)))
        return _whole(repository, span, history, steps, last)


def read_branches(repository: Repository, span: Range) -> tuple[dict[str, Carrier], Graph]:
    """The carriers in a range of branches, which are short, and the graph of their commits."""
    carriers, graph = _side_by_side(
        lambda: {commit.id: read_carrier(commit) for commit in read_messages(repository, span)},
        lambda: dict(read_nodes(repository, span)),
    )
    return carriers, graph


def read_carrier(commit: Commit) -> Carrier:
    """Read the lines of one message."""
    found = read_message(commit.message)
    reverts = read_reverts(commit.message)
    is_merge = len(commit.parents) > 1
    return Carrier(commit.id, tuple(found.lines), found.foreign, tuple(found.damaged), reverts, is_merge)


def carried(graph: Graph, tip: str, carriers: Mapping[str, Carrier]) -> list[Line]:
    """Every line between a tip and the end of the graph."""
    return [line for commit in reach(graph, tip) if commit in carriers for line in carriers[commit].lines]


def reach(graph: Graph, tip: str, seen: Collection[str] = ()) -> list[str]:
    """The commits between a tip and the end of the graph, or commits that were visited before."""
    found: dict[str, None] = {}
    todo = [tip]
    while todo:
        commit = todo.pop()
        if commit in graph and commit not in found and commit not in seen:
            found[commit] = None
            todo += graph[commit]
    return list(found)


def _side_by_side(one: Callable[[], _One], other: Callable[[], _Other]) -> tuple[_One, _Other]:
    # A thread is enough: the work is done by two git processes, which run side by side.
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(one)
        made = other()
        return found.result(), made


def _whole(repository: Repository, span: Range, history: HistoryCache, steps: Steps, last: CachedWalk | None) -> Told:
    carriers = history.carriers()
    # Rewritten: the former tip is no longer on the first-parent line, and what it introduced may be gone.
    if last and not steps.leads_to(last.tip):
        last, steps = None, Steps(read_nodes(repository, span), span.tips)
    if last is None or steps.steps > last.steps:
        before = last or CachedWalk(span.tips[0], 0, 0, {})
        introduced = steps.introduced(carriers)
        fresh = {commit: one for commit, one in introduced.items() if commit not in before.introduced}
        commits = before.commits + steps.commits
        replaces, last = last is None, CachedWalk(span.tips[0], commits, steps.steps, before.introduced | introduced)
        history.record_walk(last, fresh, replaces)
    return _told(carriers, last)


def _told(carriers: dict[str, Carrier], walk: CachedWalk) -> Told:
    placed = [Placed(carriers[commit], one.step, one.position) for commit, one in walk.introduced.items()]
    return Told(placed, walk.commits)
