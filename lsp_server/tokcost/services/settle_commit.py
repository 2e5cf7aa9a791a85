"""What git's hooks do after a commit: see what it really carries, and follow commits that were rewritten."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tokcost.claims import claim_journal
from tokcost.claims.commit_notes import (
    BIND,
    Noted,
    all_kept,
    begin_settling,
    forget,
    is_omitted_from,
    must_still_keep,
    note_withheld,
    omit_no_more,
    read_unsettled,
    settled,
    take_withheld,
    withheld_recorded,
)
from tokcost.claims.propose import new_name
from tokcost.claims.refresh_carriers import refresh_carriers
from tokcost.known_worktrees import repository_of
from tokcost.ledger.claims import (
    bind_pending,
    claims_named,
    decide_fate,
    follow_bound,
    keys_claimed,
    unsettled_claims,
    withhold_pending,
)
from tokcost.ledger.open import Ledger, open_ledger
from tokcost.model.trailer import read_message
from tokcost.model.worktree import Worktree
from tokcost.policy.clone_state import CloneState
from tokcost.policy.consent import read_consent
from tokcost.repo.commit import Commit
from tokcost.repo.messages import read_commit
from tokcost.repo.reflog import last_message
from tokcost.repo.run import GitFailed
from tokcost.services.refresh import open_refreshed
from tokcost.settings import is_switched_off

GIT_SECONDS = 1.0
"""On a busy machine git may be slow too; a git that is stuck is seen by whoever watches the hook."""
LOOK_SECONDS = 0.5
"""For what a fetch brought: it may be any amount of anything, and the commit shall get its line all the same."""
BUSY_SECONDS = 0.15
"""With what the check of a budget waits for (0.1 s), a ledger that another process holds costs a commit 0.25 s."""


def settle(home: Path, environ: Mapping[str, str], here: CloneState) -> None:
    """See which proposed lines the new commit carries (post-commit): one that is not there was removed by its owner,
    and is never proposed again. Without consent, what was spent is bound to the commit on this machine."""
    worktree, head = here.worktree, here.commit
    noted = begin_settling(worktree.git_dir)
    if noted is None and head and must_still_keep(worktree.git_dir):
        _keep(home, environ, here, read_commit(worktree.common_dir, head, seconds=GIT_SECONDS))
    if noted is not None and head not in ("", noted.head):
        _settle_noted(home, environ, here, noted)
    settled(worktree.git_dir)


def settle_late(home: Path, here: CloneState) -> None:
    """Do what the hook after an earlier commit did not get to: what that commit was to carry, and the one that is here
    now does not, is kept. When unsure nothing is published. Raises as `settle` does, and is then done later."""
    worktree = here.worktree
    noted = read_unsettled(worktree.git_dir)
    if noted is None:
        return
    if here.commit and noted.tokens != (BIND,):
        commit = read_commit(worktree.common_dir, here.commit, seconds=GIT_SECONDS)
        _withhold_removed(home, worktree, commit, noted.tokens)
    settled(worktree.git_dir)


def _settle_noted(home: Path, environ: Mapping[str, str], here: CloneState, noted: Noted) -> None:
    worktree, head = here.worktree, here.commit
    commit = read_commit(worktree.common_dir, head, seconds=GIT_SECONDS)
    amended = ""
    if noted.head and noted.head not in commit.parents:
        amended = noted.head
        if _parents(worktree, amended) != commit.parents:
            return  # the note is of a commit that never happened, HEAD has moved since
    omit_no_more(worktree)
    if noted.tokens == (BIND,):
        _bind(home, environ, here, commit, amended)
    else:
        _withhold_removed(home, worktree, commit, noted.tokens)


def settle_merge(home: Path, environ: Mapping[str, str], here: CloneState, *, squashed: bool) -> None:
    """The same after a merge (post-merge). One that made no commit settles nothing: what is noted then is of a commit
    that never happened."""
    if squashed or last_message(here.worktree).endswith("Fast-forward"):
        forget(here.worktree.git_dir)
    else:
        settle(home, environ, here)


def follow_rebase(home: Path, worktree: Worktree, pairs: Sequence[tuple[str, str]]) -> None:
    """What was bound to a commit is bound to what it was rewritten to (post-rewrite): pairs of old and new commit."""
    with open_ledger(home, busy_seconds=BUSY_SECONDS) as ledger, ledger.transaction():
        repository = repository_of(ledger, worktree).id
        if repository >= 0:
            follow_bound(ledger, repository, pairs)


def open_refreshed_at(home: Path, environ: Mapping[str, str], here: CloneState) -> Ledger:
    """The ledger, brought up to date for a hook that has looked at its clone. Raises as `open_refreshed`."""
    return open_refreshed(home, environ, here, busy_seconds=BUSY_SECONDS)


def record_withheld(ledger: Ledger, repository: int, git_dir: str) -> None:
    """Tell the ledger of lines that were removed by hand; part of the caller's transaction, who then calls
    `withheld_recorded`."""
    for claim in claims_named(ledger, repository, take_withheld(git_dir)):
        decide_fate(ledger, claim.id, "withheld")


def _parents(worktree: Worktree, commit: str) -> tuple[str, ...] | None:
    """`None` when git has thrown the commit away."""
    try:
        return read_commit(worktree.common_dir, commit, seconds=GIT_SECONDS).parents
    except GitFailed:
        return None


def _withhold_removed(home: Path, worktree: Worktree, commit: Commit, proposed: Sequence[str]) -> None:
    present = {line.token for line in read_message(commit.message).lines}
    removed = tuple(token.partition(".")[0] for token in proposed if token not in present)
    if not removed:
        return
    note_withheld(worktree.git_dir, removed)
    claim_journal.write(worktree.common_dir, [claim_journal.Entry(name, 0, "", [], True) for name in removed])
    with open_ledger(home, busy_seconds=BUSY_SECONDS) as ledger, ledger.transaction():
        record_withheld(ledger, repository_of(ledger, worktree).id, worktree.git_dir)
    withheld_recorded(worktree.git_dir)


def _keep(home: Path, environ: Mapping[str, str], here: CloneState, commit: Commit) -> None:
    """The hook before this commit did not get as far as keeping what its owner wants kept."""
    worktree, branch = here.worktree, here.branch
    wanted = is_switched_off(environ) or is_omitted_from(worktree, commit.parents)
    if wanted and branch is not None and read_consent(home, here).enabled and not here.operation.rebasing:
        with open_refreshed_at(home, environ, here) as ledger, ledger.transaction():
            repository = repository_of(ledger, worktree).id
            if repository >= 0:
                refresh_carriers(ledger, repository, worktree.common_dir, here, seconds=LOOK_SECONDS)
                _withhold_pending(ledger, repository, branch, worktree.common_dir)
    omit_no_more(worktree)
    all_kept(worktree.git_dir)


def _withhold_pending(ledger: Ledger, repository: int, branch: str, common_dir: str) -> None:
    """What no claim holds, and what a hook claimed that did not get as far as saying so."""
    kept: list[claim_journal.Entry] = []
    for claim in unsettled_claims(ledger, repository, branch):
        if not claim.ever_carried:
            decide_fate(ledger, claim.id, "withheld")
            kept.append(claim_journal.Entry(claim.name, 0, "", [], True))
    claim = withhold_pending(ledger, repository, branch, new_name())
    if claim is not None:
        keys = keys_claimed(ledger, claim.name, claim.version)
        kept.append(claim_journal.Entry(claim.name, claim.version, "", keys, True))
    claim_journal.write(common_dir, kept)


def _bind(home: Path, environ: Mapping[str, str], here: CloneState, commit: Commit, amended: str) -> None:
    worktree, branch = here.worktree, here.branch
    if branch is None:
        return
    with open_refreshed_at(home, environ, here) as ledger, ledger.transaction():
        repository = repository_of(ledger, worktree).id
        if repository < 0:
            return
        if amended:
            follow_bound(ledger, repository, [(amended, commit.id)])
        refresh_carriers(ledger, repository, worktree.common_dir, here, seconds=LOOK_SECONDS)
        bind_pending(ledger, repository, branch, new_name(), commit.id)
