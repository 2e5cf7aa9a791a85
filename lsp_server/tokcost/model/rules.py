"""Rules: conditions on usage, and the sentence to say where they hold. Pure; amounts are nano-dollars at list price."""

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
    """A rule. Everything that is given must hold; what is empty or `None` holds always."""

    name: str
    source: Source
    say: str = ""
    branches: tuple[str, ...] = ()
    """Patterns of branches; one of them must fit the branch that is checked out."""
    models: tuple[str, ...] = ()
    """Patterns of models, as logged, in lower case."""
    assistants: tuple[str, ...] = ()
    subagent: bool | None = None
    """Requests of sub-agents alone, or of none."""
    context: int | None = None
    """Requests with more tokens of input than this, cached ones included."""
    kind: Kind = ""
    per: Per = "branch"
    """The requests that are added up: those of the branch, of the most expensive session on it, or of the repository
    since local midnight."""
    over: int | None = None
    """The list cost that must be exceeded; `None`: a single request is enough."""
    areas: tuple[str, ...] = ()
    """Patterns of paths; the branch must have changed one that fits."""
    outside: tuple[str, ...] = ()
    """Patterns of paths; the branch must have changed none that fits."""

    @property
    def needs_paths(self) -> bool:
        """Whether the files that the branch changed matter."""
        return bool(self.areas or self.outside)

    def is_for(self, branch: str | None) -> bool:
        """Whether it has something to say on a branch; on a detached HEAD only what is about the day."""
        if branch is None:
            return self.per == "day" and not self.branches
        return not self.branches or any(fnmatchcase(branch, pattern) for pattern in self.branches)


class Matched(NamedTuple):
    """The usage that fits a rule."""

    requests: int = 0
    list_cost: int = 0
    unpriced_tokens: int = 0
    lower_bound: int = 0
    """Requests whose log tells only the least of the output."""
    estimated: int = 0
    """Requests whose counts are estimated; none unless the clone takes estimates."""
    broken_off: int = 0
    """Requests whose reply broke off."""


class Heard(NamedTuple):
    """A rule that has something to say, soon will, or cannot tell, and about what."""

    rule: Rule
    matched: Matched

    @property
    def state(self) -> State:
        """`over`: it speaks. `unpriced`: nobody can say whether it is, because usage has no price. `near`: it is only
        near what it allows."""
        return state_of(self.rule, self.matched)

    @property
    def can_stop(self) -> bool:
        """Whether a guard that was installed with `--block` stops a run: it is over an amount that the user set."""
        return self.rule.source == "own" and self.rule.over is not None and self.state == "over"


def heard(rules: Sequence[tuple[Rule, Matched]]) -> list[Heard]:
    """The rules whose usage is over what they allow or near it, and those of which nobody can say, without a price,
    that it is not."""
    return [Heard(rule, matched) for rule, matched in rules if state_of(rule, matched) != "ok"]


def state_of(rule: Rule, matched: Matched) -> State:
    """The state of a rule, as that of a budget: over is what is surely over."""
    if rule.over is None:
        return "over" if matched.requests else "ok"
    if matched.list_cost > rule.over:
        return "over"
    if matched.unpriced_tokens:
        return "unpriced"
    return "near" if matched.list_cost * 100 >= rule.over * NEAR else "ok"
