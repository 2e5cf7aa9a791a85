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
        """The first second of the month, UTC."""
        return int(datetime(self.year, self.number, 1, tzinfo=UTC).timestamp())

    @property
    def end(self) -> int:
        """The first second after the month, UTC."""
        return self.start + 86_400 * len(self.days)


def day_plus(day: str, days: int) -> str:
    """The day `days` days after another one; before it if `days` is negative."""
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


class Billed(NamedTuple):
    """A line of a bill: the cost of a model on a day. The person who caused it is not read."""

    day: str
    model: str
    """As the provider writes it; empty for costs that belong to no model."""
    list_cost: int | None
    """Before discounts; `None` if the provider does not report it."""
    billed: int


class Bill(NamedTuple):
    """The bill of a month, as far as the provider reports it."""

    lines: list[Billed]
    first: str
    """The first day that it covers."""
    last: str
    refreshed: str = ""
    """The moment up to which the provider has counted, RFC 3339; empty if it does not say."""
    notes: tuple[str, ...] = ()


class DailyUsage(NamedTuple):
    """Usage of a day and a model, from the ledger."""

    day: str
    provider: str
    """As logged; usually empty."""
    model: str
    usage: int
    tokens: int
    list_cost: int
    unpriced_tokens: int
    estimated_tokens: int
    """The tokens whose counts or price are estimated."""


class BillCell(NamedTuple):
    """Both sides of a day and a model."""

    day: str
    model: str
    """One name for both sides: the provider's, or ours if it has none."""
    usage: int = 0
    tokens: int = 0
    unpriced_tokens: int = 0
    ours: int = 0
    """List cost according to the ledger."""
    list_cost: int | None = None
    """List cost according to the provider."""
    billed: int = 0
    names: tuple[str, ...] = ()
    """All names of the model on either side."""
    is_ours: bool = False
    is_theirs: bool = False


class Cause(NamedTuple):
    """A likely reason for a part of a difference."""

    name: str
    amount: int | None
    """The part of the difference that it would explain; `None` if unknown."""
    text: str


class Tolerance(NamedTuple):
    """The maximum difference between two amounts."""

    nano: int
    """Nano-dollars, or billionths of a percent."""
    is_percent: bool

    def allows(self, ours: int, theirs: int) -> bool:
        """Whether the amounts are close enough; percentages are of the provider's amount."""
        apart = abs(theirs - ours)
        # Multiplied out, so that no division rounds a difference away.
        return apart * 100 * NANO_PER_USD <= abs(theirs) * self.nano if self.is_percent else apart <= self.nano


class Reconciliation(NamedTuple):
    """A month on both sides."""

    provider: str
    title: str
    month: str
    bill: Bill
    basis: Basis
    """The provider's amount that list cost is compared with: its own list cost if it reports that."""
    cells: list[BillCell]
    causes: list[Cause]
    notes: list[str]
    """Remarks on our side."""

    @property
    def ours(self) -> int:
        """List cost according to the ledger."""
        return sum(cell.ours for cell in self.cells)

    @property
    def theirs(self) -> int:
        """The provider's amount that is compared."""
        return sum(compared(cell, self.basis) for cell in self.cells)

    @property
    def list_cost(self) -> int | None:
        """The provider's list cost; `None` if it reports none."""
        return self.theirs if self.basis == "list" else None

    @property
    def billed(self) -> int:
        """The provider's amount after discounts."""
        return sum(cell.billed for cell in self.cells)

    @property
    def difference(self) -> int:
        """The provider's amount minus ours."""
        return self.theirs - self.ours


def compared(cell: BillCell, basis: Basis) -> int:
    """The provider's amount of a cell that is compared with ours."""
    return (cell.list_cost or 0) if basis == "list" else cell.billed


def difference(cell: BillCell, basis: Basis) -> int:
    """The provider's amount minus ours."""
    return compared(cell, basis) - cell.ours
