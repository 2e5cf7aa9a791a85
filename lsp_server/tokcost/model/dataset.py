"""The rows of a dataset over many repositories, and the figures calculated from them.

Amounts are whole nano-dollars at list price, months are in UTC. Nothing here names a person: claims are identified by
their published ids, repositories by a digest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tokcost.model.changes import Cell, Grouping, Report

ALL = "(other)"
"""The area or model of a cell into which several were merged, because they must not be shown separately."""


class ClaimRow(NamedTuple):
    """The part of one claim in one area; the parts of a claim add up to its line."""

    id: str
    version: int
    repository: str
    """A digest of the repository's identity (`history/identity.py`)."""
    month: str
    """The month in which its change was committed."""
    area: str
    model: str
    list_cost: int | None
    """`None` if the line has no price."""
    tokens: int
    unpriced: bool
    """Whether the claim has usage without a price, which `list_cost` excludes."""
    exact: bool
    counted: int
    """1 in one row of each claim and 0 in the others, so that its sum counts claims."""
    rank: str
    """A fixed number of hexadecimal digits. The rows of a claim with the highest rank are the ones that count."""
    cell_area: str | None = None
    """The area of the cell in which this part was published; `None` before that."""
    cell_model: str | None = None
    cell_list_cost: int | None = None
    """The amount by which the cell grew: less than `list_cost` if an older version was in a cell already."""
    cell_tokens: int | None = None
    cell_counted: int | None = None


class CellRow(NamedTuple):
    """Figures of one area, month and model that may be shown to anyone."""

    month: str
    area: str
    model: str
    list_cost: int
    tokens: int
    claims: int
    unpriced: bool
    """Whether `list_cost` excludes something."""
    exact: bool
    """Whether all amounts were published exactly."""


class CellGroup(NamedTuple):
    """The sum of cells with the same month, area or model, whichever was asked for."""

    name: str
    list_cost: int
    tokens: int
    claims: int
    unpriced: bool
    exact: bool


CELL_GROUPINGS: tuple[Grouping, ...] = ("month", "area", "model")
"""The groupings that cells support."""


class Bounds(NamedTuple):
    """The months asked for, both included; an empty text is no bound."""

    first: str = ""
    last: str = ""


@dataclass
class DatasetReport:
    """Everything that `tokcost report --dataset` shows."""

    range: str
    """The months covered."""
    list_cost: int = 0
    tokens: int = 0
    claims: int = 0
    unpriced: bool = False
    precision: str = "coarse"
    groups: dict[Grouping, list[Cell]] = field(default_factory=dict[Grouping, list[Cell]])
    engine: str = ""
    """The engine that calculated the sums, with its version."""
    twice: int | None = 0
    """Claims that are counted twice, because two jobs did not see each other's files and some claims are missing;
    `None` if that cannot be determined without the claims."""
    published_twice: int = 0
    """Claims that two jobs published and that are counted once here."""
    cells_left_out: int = 0
    """Cells that were left out because they would have counted them again."""
    claims_left_out: int = 0
    """Claims that were only in these cells, and are in no figure."""
    cells_lost: bool = False
    """Whether files of cells are missing to which claims refer: their contents are in no figure."""


Grouped = Report | DatasetReport
"""A report, as far as its rows by area, model or time need it."""


class RepositoryOutcome(NamedTuple):
    """The result of reading one repository."""

    name: str
    """As the caller wrote it."""
    claims: int = 0
    problem: str = ""
    notes: Sequence[str] = ()


@dataclass
class DatasetCheck:
    """The result of `tokcost dataset check`."""

    files: dict[str, int] = field(default_factory=dict[str, int])
    """The number of files that count, by kind."""
    bytes: dict[str, int] = field(default_factory=dict[str, int])
    replaced: int = 0
    """Files that are superseded and still exist."""
    claims: int = 0
    waiting: int = 0
    """Claims with a part that is in no cell yet."""
    repositories: int = 0
    list_cost: int = 0
    tokens: int = 0
    digest: str = ""
    """The digest of the sums of all claims, equal on every engine. Empty if files are damaged."""
    engine: str = ""
    """The engine that calculated the same digest."""
    problems: list[str] = field(default_factory=list[str])


@dataclass
class Collected:
    """The result of `tokcost collect`."""

    through: str
    """The last month that was collected."""
    outcomes: list[RepositoryOutcome] = field(default_factory=list[RepositoryOutcome])
    claims: int = 0
    """Claims of all repositories read, each counted once."""
    new: int = 0
    """Claims that the dataset did not have in this state before."""
    published: int = 0
    """The new claims that are in cells."""
    waiting: int = 0
    """Claims that are in no cell yet, because by themselves they would reveal one person's spending."""
    cells: int = 0
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    """The files written, by kind."""
