"""The rows of a dataset over many repositories, and the figures that are made of them.

Amounts are whole nano-dollars at list price, months those of UTC. Nothing in here names a person: claims are told by
their published ids, repositories by a digest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tokcost.model.changes import Cell, Grouping, Report

ALL = "(other)"
"""The area or the model of a cell into which several were put, because they must not be shown alone."""


class ClaimRow(NamedTuple):
    """The part of one claim that falls into one area; the parts of a claim add up to its line."""

    id: str
    version: int
    repository: str
    """A digest of the repository's identity (`history/identity.py`)."""
    month: str
    """The month in which its change was committed."""
    area: str
    model: str
    list_cost: int | None
    """`None` where the line has no price."""
    tokens: int
    unpriced: bool
    """Whether the claim has usage without a price, which `list_cost` leaves out."""
    exact: bool
    counted: int
    """1 in one row of each claim, 0 in the others: its sum counts claims."""
    rank: str
    """Hexadecimal digits of a fixed number. The rows of a claim whose rank is the highest are the ones that count."""
    cell_area: str | None = None
    """The area of the cell that this part was published in; `None` while it is in none."""
    cell_model: str | None = None
    cell_list_cost: int | None = None
    """The amount by which the cell is larger for it: less than `list_cost` where an older version is in a cell
    already."""
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
    """Whether `list_cost` leaves something out."""
    exact: bool
    """Whether all amounts were published exactly."""


class Group(NamedTuple):
    """The sum of cells that have a month, an area or a model in common, whichever was asked for."""

    name: str
    list_cost: int
    tokens: int
    claims: int
    unpriced: bool
    exact: bool


CELL_GROUPINGS: tuple[Grouping, ...] = ("month", "area", "model")
"""The groupings that cells can answer."""


class Bounds(NamedTuple):
    """The months that are asked for, both included; an empty text where there is no bound."""

    first: str = ""
    last: str = ""


@dataclass
class DatasetReport:
    """Everything that `tokcost report --dataset` shows."""

    range: str
    """The months that it covers."""
    list_cost: int = 0
    tokens: int = 0
    claims: int = 0
    unpriced: bool = False
    precision: str = "coarse"
    groups: dict[Grouping, list[Cell]] = field(default_factory=dict[Grouping, list[Cell]])
    engine: str = ""
    """The engine that made the sums, with its version."""
    twice: int | None = 0
    """Claims that are counted twice, because two jobs did not see each other's files and some claims are missing;
    `None` where that cannot be told without the claims."""
    published_twice: int = 0
    """Claims that two jobs published and that are counted once here."""
    cells_left_out: int = 0
    """Cells that would have counted them again."""
    claims_left_out: int = 0
    """Claims that were in these cells alone, and are in no figure."""
    cells_lost: bool = False
    """Whether files of cells are missing of which the claims tell: no figure has what was in them."""


Grouped = Report | DatasetReport
"""A report as far as its rows by area, model or time need it."""


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
    """Files that count no more and are still there."""
    claims: int = 0
    waiting: int = 0
    """Claims of which something is in no cell yet."""
    repositories: int = 0
    list_cost: int = 0
    tokens: int = 0
    digest: str = ""
    """Of the sums of all claims: the same on every engine. Empty where files are damaged."""
    engine: str = ""
    """The engine that was asked for the same digest."""
    problems: list[str] = field(default_factory=list[str])


@dataclass
class Collected:
    """The result of `tokcost collect`."""

    through: str
    """The last month that was collected."""
    outcomes: list[RepositoryOutcome] = field(default_factory=list[RepositoryOutcome])
    claims: int = 0
    """Claims of all repositories that were read, each counted once."""
    new: int = 0
    """Claims that the dataset did not have in this state before."""
    published: int = 0
    """Of these, claims that are in cells."""
    waiting: int = 0
    """Claims that are in no cell yet: alone they would tell what one person spent."""
    cells: int = 0
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    """The files that were written, by kind."""
