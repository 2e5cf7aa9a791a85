"""Which claims commits carry: always read from messages that a ref reaches, never assumed.

The ledger remembers the refs it saw, so that only what is new since the last look is walked.
"""

import os
from collections.abc import KeysView

from tokcost.errors import EnvironmentProblem
from tokcost.ledger.claims import (
    add_carriers,
    carrying_commits,
    drop_carriers,
    follow_bound,
    forget_tips,
    has_claims,
    known_tips,
    record_tips,
    release_unbound,
    settle_carried,
)
from tokcost.ledger.open import Ledger
from tokcost.model.trailer import read_message
from tokcost.repo.messages import commits_beside, messages_with_lines, patch_ids, reachable, unreachable
from tokcost.repo.objects import walk
from tokcost.repo.refs import all_tips
from tokcost.repo.run import GitFailed
from tokcost.services import journal
from tokcost.services.consent import is_enabled

MOST_COMPARED = 200
"""New commits whose change is compared with that of commits that are gone."""

RESTORE_SECONDS = 5.0
"""Who has less time restores no large journal."""


class RestoreNeeded(EnvironmentProblem):
    """Nothing can be proposed before the claims of a clone are restored."""


def look(ledger: Ledger, repository: int, common_dir: str, *, seconds: float = 60.0) -> None:
    """Bring what is known of a repository's commits up to date; part of the caller's transaction.

    Raises `EnvironmentProblem` when git does not answer within `seconds`, or when many claims must be restored first
    and there is not even `RESTORE_SECONDS`; what was known then stays.
    """
    start, end = journal.unread(ledger, repository, common_dir)
    if seconds < RESTORE_SECONDS and end - start > journal.LARGE_BYTES:
        raise RestoreNeeded(
            "the ledger is new and must read first which spend was published already", "`tokcost log` does that."
        )
    if start < end and journal.restore(ledger, repository, common_dir):
        forget_tips(ledger, repository)
    now, before = all_tips(common_dir), known_tips(ledger, repository)
    if now == before:
        return
    if has_claims(ledger, repository):
        _follow(ledger, repository, common_dir, (before, now), seconds)
    record_tips(ledger, repository, before, now)


def needs_look(ledger: Ledger, repository: int, common_dir: str) -> bool:
    """Whether a repository with claims has refs that differ from those of the last look, or claims that the ledger
    does not know."""
    if not os.path.isdir(common_dir):
        return False
    start, end = journal.unread(ledger, repository, common_dir)
    if start < end:
        return True
    if not has_claims(ledger, repository):
        return False
    try:
        return all_tips(common_dir) != known_tips(ledger, repository)
    except EnvironmentProblem:
        return False


Tips = dict[str, str]


def _follow(ledger: Ledger, repository: int, common_dir: str, tips: tuple[Tips, Tips], seconds: float) -> None:
    new = set(tips[1].values())
    messages, left = _news(common_dir, tips, seconds)
    for commit, message in messages:
        lines = read_message(message).lines
        add_carriers(ledger, repository, [(commit, line.id, line.version) for line in lines])
    if left:
        carriers = carrying_commits(ledger, repository)
        gone = _gone(carriers.keys(), common_dir, (left, new), seconds) if carriers else set[str]()
        bound = [commit for commit in gone if any(claim.fate == "bound" for claim in carriers[commit])]
        if bound:
            follow_bound(ledger, repository, _same_change(common_dir, bound, new, seconds))
        drop_carriers(ledger, repository, gone)
    settle_carried(ledger, repository)
    # What was spent while nothing was agreed to is not published because somebody agreed since.
    release_unbound(ledger, repository, "withheld" if is_enabled(common_dir) else "")


def _news(common_dir: str, tips: tuple[Tips, Tips], seconds: float) -> tuple[list[tuple[str, str]], set[str]]:
    """New commits that may carry lines, with their messages; and what refs named before that new refs may not reach."""
    old, new = (set(side.values()) for side in tips)
    replaced = any(ref.startswith("refs/replace/") for ref in tips[1])
    walked = None if replaced else walk(common_dir, new - old, old)
    if walked is None:
        return list(messages_with_lines(common_dir, new - old, old, seconds=seconds)), old - new
    return [(commit.id, commit.message) for commit in walked.commits], old - new - walked.reached


def _gone(carriers: KeysView[str], common_dir: str, tips: tuple[set[str], set[str]], seconds: float) -> set[str]:
    """Those of the carrying commits that no ref reaches any more; `tips` are what refs left, and what they name."""
    left, new = tips
    try:
        return carriers & unreachable(common_dir, left, new, seconds=seconds)
    except GitFailed:  # git has thrown away what a ref named before: ask from the other side
        return set(carriers) - reachable(common_dir, new, seconds=seconds)


def _same_change(common_dir: str, gone: list[str], tips: set[str], seconds: float) -> list[tuple[str, str]]:
    """Commits that were rewritten while no hook of ours was asked, or copied before they went: pairs of old and new
    commit with the same change."""
    candidates = commits_beside(common_dir, tips, gone, most=MOST_COMPARED, seconds=seconds)
    patches = patch_ids(common_dir, [*gone, *candidates], seconds=seconds) if candidates else {}
    return [
        (before, after)
        for before in gone
        for after in candidates
        if before in patches and patches[before] == patches.get(after)
    ]
