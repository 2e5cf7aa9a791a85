"""The branch a usage belongs to, and the evidence for it."""

from typing import Literal, NamedTuple

Evidence = Literal["observed", "reflog", "transcript", "carried", "assigned", "none"]
"""The reasons why a usage is on its branch.

- `observed`: the server saw HEAD then.
- `reflog`: HEAD's reflog of that worktree says so.
- `transcript`: only the assistant's own branch field says so.
- `carried`: it followed its worktree to a branch that was created from the one it happened on. Screens say `followed`.
- `assigned`: the user said so.
- `none`: unknown.
"""


class BranchPlace(NamedTuple):
    """A branch (short name, `None` when unknown) and the evidence for it."""

    branch: str | None
    evidence: Evidence


class Observation(NamedTuple):
    """A stretch of time, milliseconds UTC, over which the server saw HEAD of a worktree on one branch."""

    first_ms: int
    last_ms: int
    branch: str
    """Empty if HEAD was on no branch."""


UNKNOWN = BranchPlace(None, "none")
