"""Pending usage of a branch, divided by whether the next commit carries it."""

from typing import NamedTuple

from tokcost.ledger.claims import worth_pending
from tokcost.ledger.open import Ledger
from tokcost.model.claims import Worth

_NOTHING = Worth(0, 0, 0, ())


class Pending(NamedTuple):
    """The usage of a branch that no claim holds."""

    taken: Worth = _NOTHING
    """The part that the next commit carries."""
    left: Worth = _NOTHING
    """The part that the next commit does not carry, because its counts are estimated."""


def pending_on(ledger: Ledger, repository: int, branch: str, takes_estimates: bool) -> Pending:
    """The usage of a branch that no claim holds, divided by whether a commit would carry it."""
    estimated = worth_pending(ledger, repository, branch, "estimated")
    if not takes_estimates:
        reported = worth_pending(ledger, repository, branch, "reported")
        return Pending(reported, estimated._replace(has_estimates=estimated.tokens > 0))
    # With estimates a commit takes everything, so nothing is left over.
    every = worth_pending(ledger, repository, branch)
    return Pending(every._replace(has_estimates=estimated.tokens > 0))
