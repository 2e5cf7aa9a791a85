"""The rules of claims: which line a commit gets, its contents, and what became of it. Pure functions over plain data.

Claims partition usage, versions of a claim are prefixes of it, and a published version never changes. Whatever git
copies, drops or joins, the sum of the highest version of each id is exact, and usage that no commit carries is still in
the ledger.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from tokcost.claims.commit_notes import Noted, ToWithhold
from tokcost.model.claims import Claim, Terms, Worth
from tokcost.model.history import ReflogEntry, is_amend, is_commit
from tokcost.model.trailer import KEY, MOST_COST, MOST_TOKENS, MOST_VERSION, Line, read_message, writable_name
from tokcost.model.usage import Tokens
from tokcost.model.worktree import Operation

SMALLEST_COST = 100_000
"""The finest published amount: $0.0001, in nano-dollars."""

CommitKind = Literal["commit", "amend", "join", "copy"]
"""The kinds of things that git is about to do with a message.

- `commit`: something new.
- `amend`: the newest commit is replaced; the message is its message.
- `join`: a squash or a merge; the message holds older messages.
- `copy`: a rebase, a cherry-pick, a revert, a patch applied: nothing new is claimed.
"""


class Situation(NamedTuple):
    """The facts known when a message is being prepared."""

    kind: CommitKind
    of_branch: tuple[Claim, ...]
    """Claims whose usage is on this branch, oldest first."""
    in_message: Mapping[str, int]
    """Ids in the message, with their highest version."""
    mine: tuple[Claim, ...]
    """The claims in the message that the ledger knows."""
    has_pending: bool
    """Whether the branch has usage that no claim holds."""
    otherwise: frozenset[str] = frozenset()
    """The claims whose newest line has another precision than lines have now."""


class Decision(NamedTuple):
    """The lines that the message shall carry in addition to those it has."""

    grow: Claim | None
    """The claim that the pending usage joins; `None` with pending usage means a new claim."""
    claim_pending: bool
    """Whether pending usage, if there is any, gets a line. A claim to grow is written anew in any case."""
    again: tuple[Claim, ...]
    """Claims whose newest line is written again unchanged."""


class ProposalOutcome(NamedTuple):
    """The outcome for proposed lines that their commit does not carry. The usage of those that are not withheld is
    pending again."""

    withheld: tuple[str, ...] = ()
    """The ids of lines that their owner removed."""
    is_damaged: bool = False
    """Whether a part of a line is left that cannot be read."""
    stripped_by: str = ""
    """The hook of somebody else that removed lines, in words; empty if none did."""


def kind_of_commit(operation: Operation, source: str, commit: str, *, reverts: bool) -> CommitKind:
    """The kind of a commit, by the operation in progress and the arguments of prepare-commit-msg: the source of the
    message, and the commit that it is from. `reverts` is whether the message is that of a revert."""
    # git passes `merge` for a revert whose message is edited.
    may_revert = source == "message" or (source == "merge" and not operation.merging)
    if operation.copying or (may_revert and reverts):
        return "copy"
    # `--amend` passes HEAD; `-c` and `-C` pass the commit as it was typed, and make a new one (githooks(5)).
    if (source, commit) == ("commit", "HEAD"):
        return "amend"
    joins = operation.squashing or operation.merging or source in ("squash", "merge")
    return "join" if joins else "commit"


def decide(situation: Situation) -> Decision:
    """The lines that a commit gets (rules 1, 4, 5 and 6 of the design).

    A claim keeps the precision with which it was first carried. If the setting has changed since, an amend gets a
    second claim, and exact amounts stay exact. A line of the other precision that no commit ever carried is written
    anew instead of repeated.
    """
    if situation.kind == "copy":
        return Decision(None, False, ())
    fresh = _fresh(situation)
    grow = _claim_to_grow(situation, fresh)
    waits = {claim.name for claim in fresh if claim.name in situation.otherwise}  # one at each commit
    lost = (claim for claim in situation.of_branch if claim.is_lost and claim != grow and claim.name not in waits)
    again = tuple(claim for claim in lost if situation.in_message.get(claim.name, 0) < claim.version)
    return Decision(grow, situation.has_pending or grow is not None, again)


def _claim_to_grow(situation: Situation, fresh: list[Claim]) -> Claim | None:
    """An amend grows the commit's own claim; otherwise a claim that no commit ever carried grows."""
    # Without new usage only a line of the other precision is written anew, so that an exact amount that nobody has seen
    # is not published where coarse ones are asked for.
    if not situation.has_pending:
        return max((claim for claim in fresh if claim.name in situation.otherwise), default=None)
    own = [claim for claim in _own(situation) if claim.name not in situation.otherwise]
    if situation.kind == "amend" and own:
        # Claims compare by their row id, so this is the newest.
        return max(own)
    return max(fresh, default=None)


def _own(situation: Situation) -> list[Claim]:
    """The claims in the message that can grow. A forged message can give a claim the highest possible version, and
    that claim cannot grow."""
    return [claim for claim in situation.mine if claim.fate == "" and claim.version < MOST_VERSION]


def _fresh(situation: Situation) -> list[Claim]:
    """Claims carried neither by any commit nor by this message."""
    own = _names(_own(situation))
    return [c for c in situation.of_branch if c.fate == "" and c.ever_carried == 0 and c.name not in own]


def _names(claims: Iterable[Claim]) -> set[str]:
    return {claim.name for claim in claims}


def publish(name: str, version: int, worth: Worth, rest: Worth, before: Line | None, terms: Terms) -> Line:
    """The line of a claim's next version.

    `worth` is all of the claim's usage. `rest` is the amount that earlier lines of the repository left out, except for
    this claim's own: rounding differences, and usage that grew after its publication (a response was still being
    written).

    `before` is the claim's previous version. The new one may not go below it, because a reader may know only the
    previous one. A version that a commit carried has the same precision (`decide`), so a coarse line stays within the
    factor of two (see `coarse`): the previous version was at most twice the claim's worth at the time. A version of the
    other precision was carried by no commit and sets no minimum: after an exact amount of 2.3, the next point of the
    grid would be 5, more than twice as much.

    A line published before its response was complete cannot change any more. The missing amount is a rest like any
    other, and moves into later lines in portions.
    """
    if before is not None and before.exact != (terms.precision == "exact"):
        before = None
    # Free usage is 0 USD; `unpriced` is only for usage of which no part has a price.
    priced = worth.list_cost > 0 or worth.unpriced_tokens < worth.tokens or not worth.unpriced_tokens
    exact = terms.precision == "exact"
    cost = _amount(worth.list_cost, rest.list_cost, exact, SMALLEST_COST)
    tokens = _amount(worth.tokens, rest.tokens, exact, 1)
    if before is not None:
        cost = _at_least(cost, before.cost or 0, exact, SMALLEST_COST)
        tokens = _at_least(tokens, before.tokens, exact, 1)
        priced = priced or before.cost is not None
    # A reader takes a line with more than these for damaged.
    cost, tokens = min(cost, MOST_COST), min(tokens, MOST_TOKENS)
    return Line(
        name,
        version,
        cost if priced else None,
        worth.unpriced_tokens > 0,
        tokens,
        tuple(dict.fromkeys(map(writable_name, worth.models))) if terms.models else (),
        0,
        exact,
        _classes(worth.classes, tokens) if exact else None,
    )


def coarse(own: int, rest: int, smallest: int) -> int:
    """The amount in a coarse line for `own`, if earlier lines left out `rest` (negative if they said too much).

    The result is the point of the 1-2-5 grid that is nearest to the sum of both, among the points from half to twice
    `own`, so a line is never far from its own claim. What does not fit stays in the rest and moves into later lines in
    portions.

    No part of a rest is lost, and the rest shrinks with every line that has a grid point on the required side. All
    amounts have one, except those that begin with 2 to 2.5 or with 4 to 5, for which only one point (2 or 5) lies
    within the factor of two.

    One exception: an amount below half of the smallest point is rounded up to that point, since something is never
    shown as nothing. 0 is 0.
    """
    if own <= 0:
        return 0
    least, most = (own + 1) // 2, 2 * own
    wanted = min(max(own + rest, least), most)
    below, above = _around(wanted, smallest)
    nearest_first = (below, above) if wanted - below < above - wanted else (above, below)
    return next((point for point in nearest_first if least <= point <= most), smallest)


def _amount(own: int, rest: int, exact: bool, smallest: int) -> int:
    """The published amount for `own`, with the rest of earlier lines; something is never shown as nothing."""
    if not exact:
        return coarse(own, rest, smallest)
    return max((own + rest + smallest // 2) // smallest * smallest, 0) if own > 0 else 0


def _classes(own: Sequence[int], tokens: int) -> Tokens:
    """Token classes that add up to the line's total. A positive rest goes to output, the class that grows; a
    negative one is taken from the largest classes."""
    classes = list(own[:5])
    more = tokens - sum(classes)
    classes[4] += max(more, 0)
    for number in sorted(range(5), key=lambda n: -classes[n]):
        taken = min(classes[number], max(-more, 0))
        classes[number] -= taken
        more += taken
    return Tokens(*classes)


def _at_least(amount: int, floor: int, exact: bool, smallest: int) -> int:
    if amount >= floor:
        return amount
    if exact:
        return floor
    below, above = _around(floor, smallest)
    return floor if floor in (below, above) else above


def _around(amount: int, smallest: int) -> tuple[int, int]:
    """The neighbours of a positive amount on the grid; both are the amount itself if it lies on the grid."""
    below, step = smallest, smallest
    while True:
        for point in (step, 2 * step, 5 * step):
            if point >= amount:
                return (point, point) if point in (amount, smallest) else (below, point)
            below = point
        step *= 10


def was_given_up(noted: Noted, *, is_running: bool) -> bool:
    """Whether the commit for which a proposal was noted was not made by the git process that ran the hooks.

    Another program made the commit if the message had its lines when it passed our last hook, or never reached that
    hook. `is_running` is whether that git process still runs.
    """
    return not is_running and (noted.was_whole or (noted.is_checked and not noted.has_passed))


def begins_at(entry: ReflogEntry, head: str) -> bool:
    """Whether HEAD was at a commit before a move; an empty one is a branch without commits."""
    return entry.old == head if head else not entry.old.strip("0")


def may_be_of(noted: Noted, entry: ReflogEntry) -> bool:
    """Whether the git process of a proposal may have made a commit, by its entry in the reflog. A later commit, and
    one of another kind, is another program's."""
    is_kind = noted.amends is None or noted.amends == is_amend(entry.message)
    return is_kind and (noted.latest < 0 or entry.second <= noted.latest)


def commit_made_on(head: str, entries: Iterable[ReflogEntry]) -> str:
    """The first commit that was made on top of HEAD, by these moves of it; empty if there is none."""
    return next((entry.new for entry in entries if begins_at(entry, head) and is_commit(entry.message)), "")


def replaced_commit(noted: Noted, parents: Collection[str]) -> str:
    """The commit that was amended, if a commit with these parents is the one for which a proposal was noted; empty if
    it was made on top of the newest one."""
    return "" if not noted.head or noted.head in parents else noted.head


def missing_lines(noted: Noted, message: str) -> list[str]:
    """The proposed lines, as id and version, that a message does not have."""
    present = {line.token for line in read_message(message).lines}
    return [token for token in noted.tokens if token not in present]


def may_have_remains(message: str) -> bool:
    """Whether a message may have a part of a line of ours that cannot be read any more."""
    # A line has three semicolons: what has neither one nor the key cannot be recognised as a part of it.
    return ";" in message or KEY.lower() in message.lower()


def outcome_of(noted: Noted, missing: Iterable[str], damaged: Collection[str]) -> ProposalOutcome:
    """The outcome for the lines of a proposal that the message of its commit does not have (rule 2 of the design).
    `damaged` are the ids of those of which a part is left."""
    removed = tuple(name for name in (token.partition(".")[0] for token in missing) if name not in damaged)
    if noted.is_removed_by_hook:
        return ProposalOutcome(stripped_by=_hook_that_stripped(noted) if removed else "")
    return ProposalOutcome(removed, bool(damaged))


def _hook_that_stripped(noted: Noted) -> str:
    if noted.was_stripped:
        return "the commit-msg hook that runs before tokcost's (commit-msg.before-tokcost)"
    if noted.was_whole:
        return "a hook that runs after tokcost's commit-msg"
    return "another prepare-commit-msg or commit-msg hook"


def branches_to_withhold(found: Iterable[ToWithhold], current: str | None, known: Collection[str]) -> list[str | None]:
    """The branches on which usage that was to be withheld may be; `None` is a detached HEAD. A missing branch may
    have been renamed."""
    branches: dict[str | None, None] = {}
    for one in found:
        is_sure = one.branch in known or one.branch == current
        branches |= dict.fromkeys([one.branch] if is_sure else [one.branch or None, None, current])
    return list(branches)
