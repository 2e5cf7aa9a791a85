"""The cost of one branch in one value: what prompts, status bars and status lines show."""

from collections.abc import Mapping
from typing import NamedTuple

from tokcost.model.budget import Standing, worst
from tokcost.model.figures import NO_ESTIMATES, Estimates


class Status(NamedTuple):
    """The checked-out branch and its figures. Amounts are nano-dollars at list price."""

    branch: str | None
    """Short name; `None` when HEAD is detached and on the way to no branch."""
    repository: str
    """Path of the repository's root."""
    list_cost: int = 0
    pending_list_cost: int = 0
    """The part of `list_cost` that no claim holds yet."""
    tokens: int = 0
    unpriced_tokens: int = 0
    """Tokens of models without a known price: in `tokens`, not in `list_cost`."""
    today_list_cost: int = 0
    """All branches of the repository since local midnight."""
    today_unpriced_tokens: int = 0
    pending_tokens: int = 0
    """The part of `tokens` that no claim holds yet."""
    pending_unpriced_tokens: int = 0
    lower_bound: int = 0
    """The number of responses whose output the log tells only the least of."""
    pending_lower_bound: int = 0
    today_lower_bound: int = 0
    broken_off: int = 0
    """The number of responses whose stream broke: they are in `list_cost`, and perhaps not billed."""
    broken_off_list_cost: int = 0
    pending_broken_off: int = 0
    today_broken_off: int = 0
    estimates: Estimates = NO_ESTIMATES
    """The part of the branch's usage whose counts are estimated."""
    today_estimated: int = 0
    """The number of responses since local midnight whose counts are estimated, on all branches."""
    takes_estimates: bool = False
    """Whether commits here carry what is estimated, and budgets count it."""
    models: tuple[str, ...] = ()
    """Models used on the branch, most expensive first, named as in the logs."""
    evidence: Mapping[str, int] = {}
    """The number of responses by the evidence that they belong to the branch."""
    budgets: tuple[Standing, ...] = ()
    """One for each scope that makes sense here, also where nothing limits it."""
    budget_problems: tuple[str, ...] = ()
    """The reasons why a budget that somebody wrote down is not among them."""
    not_agreed: bool = False
    """Whether cost lines are on in this clone, but this person has not agreed to them."""
    current: bool = True
    """Whether everything logged so far is in these figures; false when only the ledger was asked."""
    notice: str = ""
    """A notice for everyone until somebody says that it was read."""
    rules: tuple[str, ...] = ()
    """A sentence for each rule that has something to say here."""
    rules_unpriced: tuple[str, ...] = ()
    """A sentence for each rule of which nobody can tell, because usage that it is about has no price."""
    rules_near: tuple[str, ...] = ()
    """A sentence for each rule whose usage is near what it allows."""
    stopping_rules: tuple[str, ...] = ()
    """The sentences of those whose amount the developer set and which is exceeded: what a guard may stop a run for."""
    no_logs: tuple[str, ...] = ()
    """The assistants that are read, where no log of any was found and nothing was ever recorded here."""

    @property
    def held_list_cost(self) -> int:
        """The part of what is pending that no commit carries, because its counts are estimated."""
        return 0 if self.takes_estimates else self.estimates.pending_list_cost

    @property
    def next_list_cost(self) -> int:
        """The part of what is pending that the next commit carries."""
        return self.pending_list_cost - self.held_list_cost

    @property
    def next_tokens(self) -> int:
        """The tokens of that part."""
        return self.pending_tokens - (0 if self.takes_estimates else self.estimates.pending_tokens)

    @property
    def next_unpriced_tokens(self) -> int:
        """Those of its tokens that have no price."""
        return self.pending_unpriced_tokens - (0 if self.takes_estimates else self.estimates.pending_unpriced_tokens)

    @property
    def has_next(self) -> bool:
        """Whether the next commit carries anything."""
        return self.next_list_cost > 0 or self.next_tokens > 0

    @property
    def next_estimated(self) -> bool:
        """Whether a part of that is estimated."""
        return self.takes_estimates and self.estimates.pending_tokens > 0

    @property
    def presses(self) -> bool:
        """Whether a budget or a rule has something to say at a commit, be it that it could not be checked."""
        is_well = worst(self.budgets) in ("ok", "none")
        return not is_well or bool(self.budget_problems or self.rules or self.rules_unpriced)
