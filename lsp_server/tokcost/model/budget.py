"""Budgets: a limit on list cost, and its state. Pure rules; amounts are nano-dollars.

A budget never reports less than is known: usage without a price can turn `ok` into `unpriced`, but never `over` into
`ok`.
"""

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

from tokcost.model.money import NANO_PER_USD

Scope = Literal["branch", "commit", "day"]
State = Literal["over", "unpriced", "near", "ok", "none"]
Source = Literal["clone", "branch", "repository", ""]

SCOPES: tuple[Scope, ...] = ("branch", "commit", "day")
STATES: tuple[State, ...] = ("over", "unpriced", "near", "ok", "none")
"""Most urgent first."""
NEAR = 80
"""Percentage of a budget from which on it is `near`, unless another one is set."""
NO_LIMIT = "none"

# Nine digits of dollars are less than 10^18 nano-dollars, which fit into SQLite's 64 bits.
_AMOUNT = re.compile(r"\$?([0-9]{1,9})(?:\.([0-9]{1,9}))?|\$?\.([0-9]{1,9})")


class Budget(NamedTuple):
    """A limit, and its effect."""

    scope: Scope
    """`branch`: everything ever spent on the branch. `commit`: the branch's pending usage. `day`: the repository
    since local midnight."""
    limit: int | None = None
    """`None` if there is no limit, or it was removed on purpose (`source` then says where)."""
    blocks: bool = False
    """Whether a commit is stopped when the budget is exceeded."""
    near: int = NEAR
    source: Source = ""
    """The source of the limit: the clone, the clone for this branch alone, or the repository's `.tokcost.toml`."""


class BudgetChange(NamedTuple):
    """The arguments of `tokcost budget set`; `None` leaves a setting unchanged."""

    scope: Scope
    amount: str
    branch: str = ""
    """A branch that gets a budget of its own."""
    blocks: bool | None = None
    near: int | None = None


class Standing(NamedTuple):
    """A budget and the usage that counts against it."""

    budget: Budget
    list_cost: int
    unpriced_tokens: int
    lower_bound: int = 0
    """Responses whose log records only a minimum of the output."""
    estimated: int = 0
    """Responses whose counts no provider reported."""
    broken_off: int = 0
    """Responses whose stream broke: they are in the list cost, and perhaps not billed."""

    @property
    def state(self) -> State:
        """The state. A budget is over only if it is certainly exceeded; without a price nobody can say that it is
        not."""
        limit = self.budget.limit
        if limit is None:
            return "none"
        if self.list_cost > limit:
            return "over"
        if self.unpriced_tokens:
            return "unpriced"
        return "near" if self.list_cost * 100 >= self.budget.near * limit else "ok"

    @property
    def percent(self) -> int | None:
        """Whole percentage of the limit, rounded so that 100 means exactly the limit."""
        limit = self.budget.limit
        if limit is None:
            return None
        share = self.list_cost * 100
        return -(-share // limit) if share > limit * 100 else share // limit

    @property
    def stops(self) -> bool:
        """Whether a commit is to be stopped."""
        return self.budget.blocks and self.state == "over"


def worst(standings: Iterable[Standing]) -> State:
    """The most urgent state."""
    found = {one.state for one in standings}
    for state in STATES:
        if state in found:
            return state
    return "none"


def parse_limit(text: str) -> int | None:
    """US dollars in decimal, exact to the nano-dollar; `none` is no limit. Raises `ValueError` with a sentence."""
    said = text.strip()
    if said.lower() == NO_LIMIT:
        return None
    if said.startswith("-"):
        raise ValueError(f"{ascii(said[:40])[1:-1]} is negative; an amount must be more than $0")
    found = _AMOUNT.fullmatch(said)
    if found is None:
        raise ValueError(
            f"{said[:40]!a} is not an amount in US dollars (write 20 or 12.50, with at most nine decimals)"
        )
    whole, decimals = found[1] or "0", found[2] or found[3] or ""
    limit = int(whole) * NANO_PER_USD + int(decimals.ljust(9, "0"))
    if not limit:
        raise ValueError("an amount must be more than $0")
    return limit


def parse_near(text: str) -> int:
    """Whole percentage of a budget from which on it is near. Raises `ValueError` with a sentence."""
    said = text.strip().removesuffix("%")
    if not re.fullmatch(r"[0-9]{1,3}", said) or not 1 <= int(said) <= 100:
        raise ValueError(f"{text.strip()[:40]!a} is not a percentage from 1 to 100")
    return int(said)
