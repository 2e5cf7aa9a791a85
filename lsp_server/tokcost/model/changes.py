"""Merged changes read from history: commits that carry lines, changes, and the figures of a report.

Nothing here names a person. Amounts are nano-dollars at list price, as published.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple

from tokcost.model.trailer import Line

Node = tuple[str, Sequence[str]]
"""A commit and its parents."""
Graph = dict[str, Sequence[str]]
"""Parents of each commit of a short range."""


class Introduced(NamedTuple):
    """The step of a history that introduced a commit, and the number of steps before it."""

    step: str
    position: int


Grouping = Literal["area", "model", "month", "week", "tag", "size", "type", "issue"]
GROUPINGS: tuple[Grouping, ...] = ("month", "area", "model", "week", "size", "tag", "type", "issue")
"""In the order in which privacy allows them to be shown. A new grouping is added at the end; otherwise earlier
figures and present ones could be subtracted from each other. The order is the same for all queries, whatever they
ask for; otherwise the answers to two queries could be subtracted from each other."""
PERIODS: tuple[Grouping, ...] = ("month", "week")
"""The groupings whose cells follow each other in time, in the order of their names."""

USUAL, FEWEST = 5, 3
"""Contributors required for a grouped figure, and the minimum that a repository may set."""


class Revert(NamedTuple):
    """A sentence in a message that reverts a change."""

    target: str
    """A commit id, perhaps abbreviated; `#123` or `!123` for a pull or merge request."""
    partial: bool = False


class Carrier(NamedTuple):
    """A commit whose message carries lines, or reverts another commit."""

    commit: str
    lines: tuple[Line, ...] = ()
    foreign: int = 0
    damaged: tuple[str, ...] = ()
    reverts: tuple[Revert, ...] = ()
    is_merge: bool = False


class ChangeTitle(NamedTuple):
    """The title of a change."""

    subject: str
    number: int | None
    time: int
    """The time of the commit, in seconds UTC."""


class Rework(NamedTuple):
    """The lines of one change, and what became of them soon after."""

    lines: int
    """Lines that the change wrote."""
    changed_again: int
    """The number of its lines that another change replaced or removed within the period."""

    @property
    def is_most(self) -> bool:
        """Whether at least half of its lines were changed again."""
        return 0 < self.lines <= 2 * self.changed_again


class Reworked(NamedTuple):
    """The changes of a range most of whose lines were changed again."""

    days: int
    """The number of days after a change within which its lines count as changed again."""
    changes: int
    list_cost: int
    too_young: int
    """Changes that are younger than that, and have not been reworked so far."""


REWORK_DAYS = 21
"""The default number of days."""

State = Literal["", "reverted", "partly reverted"]


@dataclass(slots=True)
class Change:
    """The commits that reached a branch in one step: a merge with all the commits it brought in, a squash commit, or
    a commit pushed directly."""

    commit: str
    title: ChangeTitle
    lines: list[Line] = field(default_factory=list[Line])
    """Claims that this change was the first to introduce, each at the highest version in the range."""
    carriers: list[str] = field(default_factory=list[str])
    """The commit that carries each of `lines`."""
    state: State = ""
    reverted_cost: int = 0
    """The reverted part of the list cost; an upper bound if the change was reverted partly."""
    rework: Rework | None = None
    """The fate of its lines, if that was asked for and can be determined."""

    @property
    def list_cost(self) -> int:
        """The sum of everything with a price."""
        return sum(line.cost or 0 for line in self.lines)

    @property
    def tokens(self) -> int:
        """All classes together."""
        return sum(line.tokens for line in self.lines)

    @property
    def is_unpriced(self) -> bool:
        """Whether a part of it has no price."""
        return any(line.unpriced for line in self.lines)

    @property
    def models(self) -> list[str]:
        """Published names, in descending order of their largest claim."""
        order = sorted(self.lines, key=lambda line: -(line.cost or 0))
        return list(dict.fromkeys(name for line in order for name in line.models))


class OpenBranch(NamedTuple):
    """An unmerged branch, and the contents of its lines."""

    branch: str
    lines: tuple[Line, ...]


class Cell(NamedTuple):
    """One row of a grouping that may be shown."""

    name: str
    list_cost: int
    tokens: int
    changes: int
    median: int | None = None
    """List cost of the median change; `None` if there are too few."""
    p90: int | None = None
    unpriced: bool = False
    """Whether `list_cost` leaves something out."""
    merged: int = 0
    """The number of cells that were merged into this one because they must not be shown; 0 for a single cell."""
    periods: int = 1
    """The number of weeks or months that it covers."""


class Coverage(NamedTuple):
    """Commits with a line among all commits except merges."""

    with_line: int
    commits: int


@dataclass
class Report:
    """Everything that `tokcost report` shows about one range. Its changes are immutable, and sums over them are
    cached."""

    range: str
    changes: list[Change]
    """Newest first; only those that carry claims."""
    foreign_lines: int = 0
    damaged: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Commit and line."""
    open: list[OpenBranch] = field(default_factory=list[OpenBranch])
    groups: dict[Grouping, list[Cell]] = field(default_factory=dict[Grouping, list[Cell]])
    """Groupings that were asked for and may be shown."""
    missing: dict[Grouping, str] = field(default_factory=dict[Grouping, str])
    """Groupings for which history has no data, and the reasons."""
    coverage: Coverage | None = None
    contributors_needed: int = USUAL
    notes: list[str] = field(default_factory=list[str])
    commits: int = 0
    """Commits in the range."""
    reworked: Reworked | None = None

    @cached_property
    def lines(self) -> list[Line]:
        """Every claim of the range, once."""
        return [line for change in self.changes for line in change.lines]

    @cached_property
    def list_cost(self) -> int:
        """The total as published."""
        return sum(change.list_cost for change in self.changes)

    @cached_property
    def tokens(self) -> int:
        """All classes together."""
        return sum(change.tokens for change in self.changes)

    @cached_property
    def unpriced_tokens(self) -> int:
        """Tokens of claims without any price."""
        return sum(line.tokens for line in self.lines if line.cost is None)

    @cached_property
    def precision(self) -> str:
        """`coarse`, `exact` or `mixed`: how the amounts were published."""
        found = {line.exact for line in self.lines}
        return "mixed" if len(found) > 1 else "exact" if found == {True} else "coarse"


def quantile(values: Sequence[int], share: float) -> int:
    """The quantile of the values for a share, interpolated between neighbours."""
    order = sorted(values)
    at = (len(order) - 1) * share
    low = int(at)
    high = min(low + 1, len(order) - 1)
    return round(order[low] + (order[high] - order[low]) * (at - low))
