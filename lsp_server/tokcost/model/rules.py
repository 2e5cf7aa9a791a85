"""Rules: conditions on usage, and a sentence to print if they are met. Pure; amounts are nano-dollars at list price."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Literal, NamedTuple

from tokcost.model.budget import NEAR, State

Per = Literal["branch", "session", "day"]
Kind = Literal["", "compaction", "broken"]
Source = Literal["own", "repository"]

PERS: tuple[Per, ...] = ("branch", "session", "day")
KINDS: tuple[Kind, ...] = ("compaction", "broken")


class Rule(NamedTuple):
    """A rule. All given conditions must be met; an empty or `None` condition is always met."""

    name: str
    source: Source
    say: str = ""
    branches: tuple[str, ...] = ()
    """Patterns of branches; one must match the branch that is checked out."""
    models: tuple[str, ...] = ()
    """Patterns of models, as logged, in lower case."""
    assistants: tuple[str, ...] = ()
    subagent: bool | None = None
    """Only requests of sub-agents, or only others."""
    context: int | None = None
    """Requests with more input tokens than this, including cached ones."""
    kind: Kind = ""
    per: Per = "branch"
    """The requests that are added up: those of the branch, of the most expensive session on it, or of the repository
    since local midnight."""
    over: int | None = None
    """The list cost that must be exceeded; with `None`, a single request is enough."""
    areas: tuple[str, ...] = ()
    """Patterns of paths; the branch must have changed a path that matches."""
    outside: tuple[str, ...] = ()
    """Patterns of paths; the branch must not have changed a path that matches."""

    @property
    def needs_paths(self) -> bool:
        """Whether it depends on the files that the branch changed."""
        return bool(self.areas or self.outside)

    def is_for(self, branch: str | None) -> bool:
        """Whether it applies to a branch; on a detached HEAD only daily rules do."""
        if branch is None:
            return self.per == "day" and not self.branches
        return not self.branches or any(fnmatchcase(branch, pattern) for pattern in self.branches)


class Matched(NamedTuple):
    """The usage that matches a rule."""

    requests: int = 0
    list_cost: int = 0
    unpriced_tokens: int = 0
    lower_bound: int = 0
    """Requests whose log records only a minimum of the output."""
    estimated: int = 0
    """Requests with estimated counts; 0 unless the clone includes estimates."""
    broken_off: int = 0
    """Requests whose response broke off."""


class Heard(NamedTuple):
    """A rule that is broken, nearly broken, or cannot be evaluated, and the usage it concerns."""

    rule: Rule
    matched: Matched

    @property
    def state(self) -> State:
        """`over`: it is broken. `unpriced`: unknown, because usage has no price. `near`: its usage is near its
        limit."""
        return state_of(self.rule, self.matched)

    @property
    def can_stop(self) -> bool:
        """Whether a guard installed with `--block` stops a run: the usage exceeds an amount that the user set."""
        return self.rule.source == "own" and self.rule.over is not None and self.state == "over"


def heard(rules: Sequence[tuple[Rule, Matched]]) -> list[Heard]:
    """The rules whose usage exceeds or nears their limit, and those that cannot be evaluated without a price."""
    return [Heard(rule, matched) for rule, matched in rules if state_of(rule, matched) != "ok"]


def state_of(rule: Rule, matched: Matched) -> State:
    """The state of a rule, as that of a budget: `over` only if it is certainly exceeded."""
    if rule.over is None:
        return "over" if matched.requests else "ok"
    if matched.list_cost > rule.over:
        return "over"
    if matched.unpriced_tokens:
        return "unpriced"
    return "near" if matched.list_cost * 100 >= rule.over * NEAR else "ok"
