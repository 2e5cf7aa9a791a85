"""The cost of one branch in one value, as shown by prompts, status bars and status lines."""

from collections.abc import Mapping
from typing import NamedTuple

from tokcost.model.budget import Standing, worst
from tokcost.model.figures import NO_ESTIMATES, Estimates
from tokcost.model.rules import Heard


class Status(NamedTuple):
    """The checked-out branch and its figures. Amounts are nano-dollars at list price."""

    branch: str | None
    """Short name; `None` if HEAD is detached and no operation is going to return to a branch."""
    repository: str
    """Path of the repository's root."""
    list_cost: int = 0
    pending_list_cost: int = 0
    """The part of `list_cost` that no claim holds yet."""
    tokens: int = 0
    unpriced_tokens: int = 0
    """Tokens of models without a known price: included in `tokens`, not in `list_cost`."""
    today_list_cost: int = 0
    """All branches of the repository since local midnight."""
    today_unpriced_tokens: int = 0
    pending_tokens: int = 0
    """The part of `tokens` that no claim holds yet."""
    pending_unpriced_tokens: int = 0
    lower_bound: int = 0
    """The number of responses whose log records only a minimum of the output."""
    pending_lower_bound: int = 0
    today_lower_bound: int = 0
    broken_off: int = 0
    """The number of responses whose stream broke: they are in `list_cost`, and perhaps not billed."""
    broken_off_list_cost: int = 0
    pending_broken_off: int = 0
    today_broken_off: int = 0
    estimates: Estimates = NO_ESTIMATES
    """The part of the branch's usage with estimated counts."""
    today_estimated: int = 0
    """The number of responses since local midnight with estimated counts, on all branches."""
    takes_estimates: bool = False
    """Whether commits here carry estimated usage, and budgets count it."""
    models: tuple[str, ...] = ()
    """Models used on the branch, most expensive first, with their names in the logs."""
    evidence: Mapping[str, int] = {}
    """The number of responses by the evidence for the branch."""
    budgets: tuple[Standing, ...] = ()
    """One for each scope that applies here, also if it has no limit."""
    budget_problems: tuple[str, ...] = ()
    """The reasons why a configured budget is not among them."""
    not_agreed: bool = False
    """Whether cost lines are enabled in this clone, but not by this person."""
    current: bool = True
    """Whether these figures include everything logged so far; false if only the ledger was read."""
    notice: str = ""
    """A notice for everyone until somebody acknowledges it."""
    rules: tuple[Heard, ...] = ()
    """The rules that are broken here."""
    rules_unpriced: tuple[Heard, ...] = ()
    """The rules that cannot be evaluated, because usage they concern has no price."""
    rules_near: tuple[Heard, ...] = ()
    """The rules whose usage is near their limit."""
    no_logs: tuple[str, ...] = ()
    """The assistants that are read, if no logs were found and nothing was ever recorded here."""

    @property
    def held_list_cost(self) -> int:
        """The pending part that no commit carries, because its counts are estimated."""
        return 0 if self.takes_estimates else self.estimates.pending_list_cost

    @property
    def next_list_cost(self) -> int:
        """The pending part that the next commit carries."""
        return self.pending_list_cost - self.held_list_cost

    @property
    def next_tokens(self) -> int:
        """The tokens that the next commit carries."""
        return self.pending_tokens - (0 if self.takes_estimates else self.estimates.pending_tokens)

    @property
    def next_unpriced_tokens(self) -> int:
        """The unpriced tokens that the next commit carries."""
        return self.pending_unpriced_tokens - (0 if self.takes_estimates else self.estimates.pending_unpriced_tokens)

    @property
    def has_next(self) -> bool:
        """Whether the next commit carries anything."""
        return self.next_list_cost > 0 or self.next_tokens > 0

    @property
    def next_estimated(self) -> bool:
        """Whether a part of what the next commit carries is estimated."""
        return self.takes_estimates and self.estimates.pending_tokens > 0

    @property
    def all_rules(self) -> tuple[Heard, ...]:
        """The rules that speak, those of which nobody can tell, and those that soon will."""
        return (*self.rules, *self.rules_unpriced, *self.rules_near)

    @property
    def stopping_rules(self) -> list[Heard]:
        """Those whose amount the developer set and which is exceeded: what a guard may stop a run for."""
        return [one for one in self.rules if one.can_stop]

    @property
    def presses(self) -> bool:
        """Whether a budget or a rule has a message at a commit, including that it could not be checked."""
        is_well = worst(self.budgets) in ("ok", "none")
        return not is_well or bool(self.budget_problems or self.rules or self.rules_unpriced)
