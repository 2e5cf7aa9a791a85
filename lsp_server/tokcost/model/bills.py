"""Values of a comparison with a provider's bill. Amounts are nano-dollars, days are calendar days in UTC."""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from typing import Literal, NamedTuple

from tokcost.model.money import NANO_PER_USD

Basis = Literal["list", "billed"]


class Month(NamedTuple):
    """A calendar month in UTC, as providers bill it."""

    year: int
    number: int

    @property
    def name(self) -> str:
        """The month as it is written: `2026-10`."""
        return f"{self.year:04d}-{self.number:02d}"

    @property
    def days(self) -> list[str]:
        """Every day of it: `2026-10-01`."""
        return [f"{self.name}-{day:02d}" for day in range(1, monthrange(self.year, self.number)[1] + 1)]

    @property
    def start(self) -> int:
        """Its first second, UTC."""
        return int(datetime(self.year, self.number, 1, tzinfo=UTC).timestamp())

    @property
    def end(self) -> int:
        """The first second behind it, UTC."""
        return self.start + 86_400 * len(self.days)


def day_plus(day: str, days: int) -> str:
    """The day that is `days` days after another one, or before it where that is negative."""
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


class Billed(NamedTuple):
    """A line of a bill: what a model cost on a day. Whoever caused it is not read."""

    day: str
    model: str
    """As the provider writes it; empty for what belongs to no model."""
    list_cost: int | None
    """Before discounts; `None` where the provider does not say it."""
    billed: int


class Bill(NamedTuple):
    """The bill of a month, as far as the provider tells it."""

    lines: list[Billed]
    first: str
    """The first day that it covers."""
    last: str
    refreshed: str = ""
    """The moment up to which the provider has counted, RFC 3339; empty where it does not say it."""
    notes: tuple[str, ...] = ()


class Spent(NamedTuple):
    """Usage of a day and a model, as the ledger has it."""

    day: str
    provider: str
    """As logged; mostly empty."""
    model: str
    usage: int
    tokens: int
    list_cost: int
    unpriced_tokens: int
    estimated_tokens: int
    """The part of the tokens whose counts or price are estimated."""


class Cell(NamedTuple):
    """Both sides of a day and a model."""

    day: str
    model: str
    """One name for both sides: the provider's, or ours where it has none."""
    usage: int = 0
    tokens: int = 0
    unpriced_tokens: int = 0
    ours: int = 0
    """List cost by the ledger."""
    list_cost: int | None = None
    """List cost by the provider."""
    billed: int = 0
    names: tuple[str, ...] = ()
    """Every name that the model has on either side."""
    is_ours: bool = False
    is_theirs: bool = False


class Cause(NamedTuple):
    """A reason that likely stands behind a part of a difference."""

    name: str
    amount: int | None
    """The part of the difference that it would explain; `None` where it cannot be told."""
    text: str


class Tolerance(NamedTuple):
    """The most that two amounts may lie apart."""

    nano: int
    """Nano-dollars, or a thousand-millionth of a percent."""
    is_percent: bool

    def allows(self, ours: int, theirs: int) -> bool:
        """Whether the amounts are near enough; percent are those of the provider's."""
        apart = abs(theirs - ours)
        return apart * 100 * NANO_PER_USD <= abs(theirs) * self.nano if self.is_percent else apart <= self.nano


class Reconciliation(NamedTuple):
    """A month on both sides."""

    provider: str
    title: str
    month: str
    bill: Bill
    basis: Basis
    """The amount of the provider's that list cost is compared with: its own list cost where it tells that."""
    cells: list[Cell]
    causes: list[Cause]
    notes: list[str]
    """Remarks on our own side."""

    @property
    def ours(self) -> int:
        """List cost by the ledger."""
        return sum(cell.ours for cell in self.cells)

    @property
    def theirs(self) -> int:
        """The provider's amount that is compared."""
        return sum(compared(cell, self.basis) for cell in self.cells)

    @property
    def list_cost(self) -> int | None:
        """The provider's list cost; `None` where it tells none."""
        return self.theirs if self.basis == "list" else None

    @property
    def billed(self) -> int:
        """The provider's amount after discounts."""
        return sum(cell.billed for cell in self.cells)

    @property
    def difference(self) -> int:
        """The provider's amount minus ours."""
        return self.theirs - self.ours


def compared(cell: Cell, basis: Basis) -> int:
    """The provider's amount of a cell that is compared with ours."""
    return (cell.list_cost or 0) if basis == "list" else cell.billed


def difference(cell: Cell, basis: Basis) -> int:
    """The provider's amount minus ours."""
    return compared(cell, basis) - cell.ours
