"""The proposal for a commit being made: the thin shell around the rules of claims.

The order of steps makes every moment safe: one transaction claims the usage and records the line, then the message is
written, then a note of the proposal. A process that is killed in between leaves a claim that no commit carries, which
the next commit continues.
"""

import os
from collections.abc import Iterable
from typing import NamedTuple

from tokcost.claims.rules import CommitKind, Situation, decide, publish
from tokcost.ledger.claims import (
    claim_pending,
    claims_named,
    has_pending,
    new_claim,
    newest_line,
    record_line,
    unsaid,
    unsettled_claims,
    worth_of,
)
from tokcost.ledger.open import Ledger
from tokcost.ledger.prices import sources_of
from tokcost.model.claims import Claim, Terms
from tokcost.model.commit_message import Placement, add_lines, lift_lines, lines_in
from tokcost.model.trailer import ID_ALPHABET, ID_LENGTH, Line
from tokcost.pricing.public import public_name

MOST_USAGE = 20_000
"""The maximum usage that one commit claims, oldest first: more would exceed a hook's deadline. The rest stays
pending for the next commit."""


class Proposal(NamedTuple):
    """A proposed message, and the lines put into it."""

    text: str
    lines: tuple[Line, ...]
    """Lines that were not in the message before."""
    new: tuple[Line, ...]
    """The lines that are published for the first time."""
    unseen: tuple[Line, ...]
    """The lines that no commit ever carried in this version, so that they can still be withheld."""


class Message(NamedTuple):
    """A message that git is about to use."""

    text: str
    kind: CommitKind
    comment: str = "#"
    """The prefix of comments that git removes; empty if it removes none."""
    carried_in: tuple[Line, ...] = ()
    """Lines of messages that git drops in this operation."""
    placement: Placement = "auto"


def propose(
    ledger: Ledger, repository: int, branch: str, message: Message, terms: Terms, most: int = MOST_USAGE
) -> Proposal:
    """Claim the pending usage of a branch and put the line into the message.

    Runs in the caller's transaction, which must commit before the message is written. `most` limits the usage to claim;
    -1 claims all.
    """
    counts = "any" if terms.estimates else "reported"
    present: dict[str, int] = {}
    for line in [*lines_in(message.text, message.comment), *message.carried_in]:
        # A squash can list several versions of one claim, of which the highest counts.
        present[line.id] = max(line.version, present.get(line.id, 0))
    of_branch, mine = unsettled_claims(ledger, repository, branch), claims_named(ledger, repository, present)
    situation = Situation(
        message.kind,
        tuple(of_branch),
        present,
        tuple(mine),
        has_pending(ledger, repository, branch, counts),
        _otherwise(ledger, {*of_branch, *mine}, terms),
    )
    decision = decide(situation)
    again = {
        claim: line
        for claim in decision.again
        # Anybody can push a message that gives a claim of ours a higher version than it has; below that one our line
        # would change nothing.
        if (line := newest_line(ledger, claim.id)) and line.version > max(claim.carried, present.get(claim.name, 0))
    }
    new: list[Line] = []
    if decision.claim_pending:
        claim = decision.grow or new_claim(ledger, repository, new_name())
        claimed = claim_pending(ledger, claim, repository, branch, most, counts)
        new.append(_published_line(ledger, repository, claim, claimed.version, terms))
    text = message.text
    if message.kind == "join" or message.carried_in:
        # `merge --squash` indents the old messages, where git sees no trailers, and each branch brings its own block.
        text = lift_lines(text, message.carried_in, message.comment, message.placement)
    lines = (*again.values(), *new)
    unseen = (*(line for claim, line in again.items() if not claim.ever_carried), *new)
    text = add_lines(text, lines, message.comment, message.placement)
    return Proposal(text, lines, tuple(new), unseen)


def new_name() -> str:
    """An id that nobody can guess or trace, from the system's cryptographic random source."""
    return "".join(ID_ALPHABET[byte % len(ID_ALPHABET)] for byte in os.urandom(ID_LENGTH))  # 32 divides 256


def _otherwise(ledger: Ledger, claims: Iterable[Claim], terms: Terms) -> frozenset[str]:
    """The names of claims whose newest line has another precision than these terms."""
    lines = ((claim.name, newest_line(ledger, claim.id)) for claim in claims if claim.version)
    return frozenset(name for name, line in lines if line and line.exact != (terms.precision == "exact"))


def _published_line(ledger: Ledger, repository: int, claim: Claim, version: int, terms: Terms) -> Line:
    """Record and return the line of a claim's next version; `claim` is its previous state."""
    before = newest_line(ledger, claim.id) if claim.version else None
    rest = unsaid(ledger, repository, without=claim.id, exact=terms.precision == "exact")
    worth = worth_of(ledger, claim.id)
    if terms.models:
        worth = worth._replace(models=tuple(_published(ledger, model) for model in worth.models))
    line = publish(claim.name, version, worth, rest, before, terms)
    record_line(ledger, claim.id, line)
    return line


def _published(ledger: Ledger, model: str) -> str:
    """The public name of a model as logged."""
    return public_name(model, next(iter(sources_of(ledger, model)), ""))
