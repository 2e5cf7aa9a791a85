"""Exported usage: one row for each response, and charges, which sum up a day's usage of one class of tokens. Nothing
here names a session, a folder or a person."""

from typing import Literal, NamedTuple

from tokcost.model.usage import Tokens

Meter = Literal[
    "input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "web_search", "request", "rounding", "unsplit"
]
"""The thing that a charge is for.

- The five classes of tokens. - `web_search`: searches that the provider ran. - `request`: a price for each request.
- `rounding`: the difference between amounts that were rounded once for each response, as the ledger does, and prices
  times the quantities of a day. - `unsplit`: usage whose amount is known and whose rates are not any more.
"""
METERS: tuple[Meter, ...] = (
    *("input", "cache_read", "cache_write_5m", "cache_write_1h", "output"),
    *("web_search", "request", "unsplit", "rounding"),
)
State = Literal["carried", "withheld", "bound", "pending", "unplaced"]
"""The state of a usage's claim, as in the conservation sum of `tokcost log`."""


class ExportedUsage(NamedTuple):
    """One response. Amounts are nano-dollars, times milliseconds UTC."""

    time_ms: int
    repository: str
    """The repository's name; empty outside repositories."""
    branch: str
    """The branch; empty if unplaced."""
    evidence: str
    state: State
    assistant: str
    provider: str
    """As logged, like the model."""
    model: str
    kind: str
    speed: str
    tier: str
    geo: str
    tokens: Tokens
    web_searches: int
    lower_bound: bool
    estimated: bool
    """Whether its counts are estimated, because no provider reported them."""
    list_cost: int | None
    """`None` if unpriced."""
    reported_cost: int | None
    price_state: str
    price: str | None
    """Id of the rate cards that priced it."""
    factor_percent: int | None = None
    """The factor applied to tokens counted in text; `None` for all other usage."""


class Origin(NamedTuple):
    """The facts that all usage of a charge has in common."""

    day: int
    """Days since 1970-01-01, in UTC."""
    repository: str
    branch: str
    state: State
    assistant: str
    source: str
    """The model in the price source, `anthropic/claude-opus-4-5`; empty if unknown there."""
    provider: str
    """As logged, like the model."""
    model: str
    price_state: str
    estimated: bool
    """Whether the counts are estimated."""


class Charge(NamedTuple):
    """A quantity at one price."""

    origin: Origin
    meter: Meter
    way: str
    """The service level of the price (`fast`, `batch`, `above-200000`); empty for the standard price."""
    rate: int | None
    """Atto-dollars per unit; `None` if the charge is no price times a quantity."""
    quantity: int
    """Tokens, searches or requests."""
    list_cost: int
    """Nano-dollars."""


class Unpriced(NamedTuple):
    """A day's usage without a known price, and therefore without an amount."""

    origin: Origin
    tokens: Tokens
    usage: int


class Charges(NamedTuple):
    """All usage asked for, ordered by day and name."""

    charges: list[Charge]
    unpriced: list[Unpriced]

    @property
    def list_cost(self) -> int:
        """The sum of the charges in nano-dollars, equal to the ledger's."""
        return sum(one.list_cost for one in self.charges)

    @property
    def unpriced_tokens(self) -> int:
        """Tokens that are in no charge."""
        return sum(one.tokens.total for one in self.unpriced)
