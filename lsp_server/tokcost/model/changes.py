"""Merged changes as history tells them: commits that carry lines, changes, and the figures of a report.

Nothing in here names a person. Amounts are nano-dollars at list price, as published.
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
    """The step of a history that brought a commit, and how many steps came before it."""

    step: str
    position: int


Grouping = Literal["area", "model", "month", "week", "tag", "size", "type", "issue"]
GROUPINGS: tuple[Grouping, ...] = ("month", "area", "model", "week", "size", "tag", "type", "issue")
"""In the order in which they get what privacy leaves room for; a new one comes last, or what was shown before it and
what is shown with it could be subtracted from each other. It is one for all questions: what is asked by decides
nothing, or the answers to two questions could be subtracted from each other."""
PERIODS: tuple[Grouping, ...] = ("month", "week")
"""Those whose cells follow each other in time, in the order of their names."""

USUAL, FEWEST = 5, 3
"""Contributors that a grouped figure needs, and the least that a repository may ask for."""


class Revert(NamedTuple):
    """A sentence in a message that takes something back."""

    target: str
    """A commit id, perhaps shortened; `#123` or `!123` for a pull or merge request."""
    partial: bool = False


class Carrier(NamedTuple):
    """A commit whose message carries lines, or takes another commit back."""

    commit: str
    lines: tuple[Line, ...] = ()
    foreign: int = 0
    damaged: tuple[str, ...] = ()
    reverts: tuple[Revert, ...] = ()
    is_merge: bool = False


class Head(NamedTuple):
    """The title of a change."""

    subject: str
    number: int | None
    time: int
    """The time of the commit, in seconds UTC."""


class Rework(NamedTuple):
    """The lines of one change, and what became of them soon after."""

    lines: int
    """Lines that it wrote."""
    changed_again: int
    """The number of them that another change replaced or removed in time."""

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
    """Changes that are younger than that, and not reworked so far."""


REWORK_DAYS = 21
"""Unless other days are asked for."""

State = Literal["", "reverted", "partly reverted"]


@dataclass(slots=True)
class Change:
    """The commits that came to a branch in one step: a merge with all that it brought, a squash commit, or a pushed
    commit."""

    commit: str
    head: Head
    lines: list[Line] = field(default_factory=list[Line])
    """Claims that this change was the first to bring, each at the highest version in the range."""
    carriers: list[str] = field(default_factory=list[str])
    """The commit that carries each of `lines`."""
    state: State = ""
    reverted_cost: int = 0
    """The part of the list cost that was taken back; an upper bound where it was partly reverted."""
    rework: Rework | None = None
    """The fate of its lines, where that was asked for and can be told."""

    @property
    def list_cost(self) -> int:
        """Sum of what has a price."""
        return sum(line.cost or 0 for line in self.lines)

    @property
    def tokens(self) -> int:
        """All classes together."""
        return sum(line.tokens for line in self.lines)

    @property
    def is_unpriced(self) -> bool:
        """Whether something in it has no price."""
        return any(line.unpriced for line in self.lines)

    @property
    def models(self) -> list[str]:
        """Published names, those of the largest claim first."""
        order = sorted(self.lines, key=lambda line: -(line.cost or 0))
        return list(dict.fromkeys(name for line in order for name in line.models))


class Open(NamedTuple):
    """A branch that is not merged, and what its lines say."""

    branch: str
    lines: tuple[Line, ...]


class Cell(NamedTuple):
    """One row of a grouping that may be shown."""

    name: str
    list_cost: int
    tokens: int
    changes: int
    median: int | None = None
    """List cost of the change in the middle; `None` where there are too few."""
    p90: int | None = None
    unpriced: bool = False
    """Whether `list_cost` leaves something out."""
    merged: int = 0
    """The number of cells that were put together into this one because they must not be shown; 0 for a cell of its
    own."""
    periods: int = 1
    """The number of weeks or months from its first to its last."""


class Coverage(NamedTuple):
    """Commits with a line among all commits but merges."""

    with_line: int
    commits: int


@dataclass
class Report:
    """Everything `tokcost report` shows of one range. Its changes stay as they are; sums over them are kept."""

    range: str
    changes: list[Change]
    """Newest first; only those that carry claims."""
    foreign_lines: int = 0
    damaged: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Commit and text."""
    open: list[Open] = field(default_factory=list[Open])
    groups: dict[Grouping, list[Cell]] = field(default_factory=dict[Grouping, list[Cell]])
    """Groupings that were asked for and may be shown."""
    missing: dict[Grouping, str] = field(default_factory=dict[Grouping, str])
    """Groupings that history says nothing about, and why."""
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
    """The value that so large a share of the values does not exceed, between two of them where it lies there."""
    order = sorted(values)
    at = (len(order) - 1) * share
    low = int(at)
    high = min(low + 1, len(order) - 1)
    return round(order[low] + (order[high] - order[low]) * (at - low))
