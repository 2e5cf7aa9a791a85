"""The work of git's hooks after a commit: they read what it really carries, and follow rewritten commits."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from tokcost.claims import claim_journal
from tokcost.claims.commit_notes import (
    Noted,
    ToWithhold,
    all_withheld,
    begin_settling,
    earlier_withheld,
    forget,
    is_omitted_from,
    note_stripped,
    note_withheld,
    omit_no_more,
    read_unsettled,
    seen,
    settled,
    still_to_withhold,
    still_to_withhold_of_earlier,
    take_unseen,
    withheld_recorded,
)
from tokcost.claims.notes_folder import notes_folder_of_hook
from tokcost.claims.propose import new_name
from tokcost.claims.refresh_carriers import refresh_carriers
from tokcost.claims.rules import (
    begins_at,
    branches_to_withhold,
    commit_made_on,
    may_be_of,
    may_have_remains,
    missing_lines,
    outcome_of,
    replaced_commit,
    was_given_up,
)
from tokcost.claims.withhold import record_withheld, withhold_all_pending
from tokcost.ledger.claims import bind_pending, follow_bound, lines_named
from tokcost.ledger.open import open_ledger
from tokcost.model.claims import Consent
from tokcost.model.remains import remains
from tokcost.model.worktree import CloneState, Worktree
from tokcost.policy.consent import read_consent
from tokcost.repo.calling_git import calling_gits, may_be_run_by
from tokcost.repo.head import head_commit
from tokcost.repo.messages import read_commit
from tokcost.repo.objects import Commit
from tokcost.repo.reflog import entries_since, last_message, read_reflog
from tokcost.repo.refs import local_branches
from tokcost.repo.run import GitFailed
from tokcost.repo.successor import successor
from tokcost.services.refresh import How, open_refreshed
from tokcost.usage.known_worktrees import repository_of

GIT_SECONDS = 1.0
"""The time git may take, also on a busy machine; the process that watches the hook detects a git that hangs."""
LOOK_SECONDS = 0.5
"""The time for reading what a fetch brought, which may be any amount; the commit must get its line anyway."""
BUSY_SECONDS = 0.15
"""The time to wait for the ledger. With the 0.1 s of a budget check, a ledger held by another process costs a commit
0.25 s."""
# Left open, because closing the last connection checkpoints the WAL and waits for the disk (sqlite.org/wal.html).
IN_HOOK = How(follow=False, busy_seconds=BUSY_SECONDS, leave_open=True)


_DAMAGED = (
    "the cost line of this commit was changed and cannot be read: the next commit carries that usage. To keep it"
    " private, delete the whole line."
)
_STRIPPED = "{} removed the cost line from this commit; the usage stays pending. This is reported once."


def settle(home: Path, environ: Mapping[str, str], here: CloneState) -> str:
    """Find out which proposed lines the new commit carries (post-commit).

    A missing line was removed by its owner and is never proposed again; a line that a hook removed waits for the next
    commit. Without consent, the usage is bound to the commit on this machine. Returns a sentence for the owner, or an
    empty one.
    """
    notes, said = notes_folder_of_hook(environ, here.worktree), ""
    noted = begin_settling(notes)
    if here.commit and (found := still_to_withhold(notes)):
        _withhold_of(home, environ, here, notes, found)
    if noted is not None and _is_of_this(environ, noted):
        said = _settle_noted(home, environ, here, notes, noted)
    elif noted is not None:
        _settle_unseen(home, environ, here, notes, noted)
    settled(notes)
    return said


def _is_of_this(environ: Mapping[str, str], noted: Noted) -> bool:
    """Whether a proposal belongs to the commit that runs this hook, and not to one that was abandoned before; True
    if that cannot be determined."""
    return not noted.git or may_be_run_by(environ, noted.git)


def settle_late(home: Path, environ: Mapping[str, str], here: CloneState, notes: str) -> None:
    """Do what the hook after an earlier commit did not finish: usage that the earlier commit was to carry, and the
    present one does not, is withheld.

    When in doubt, nothing is published. Raises as `settle` does, and is then done later.
    """
    worktree, noted = here.worktree, read_unsettled(notes)
    if noted is not None:
        # The script of post-commit has moved this note, so a commit was made. Where nothing names it, HEAD is examined
        # in its place.
        made = _made_since(worktree, noted) or here.commit
        if made and not noted.is_bound:
            commit = read_commit(worktree.common_dir, made, seconds=GIT_SECONDS)
            _withhold_removed(home, worktree, notes, commit, noted)
        settled(notes)
    noted = take_unseen(notes)
    if noted is not None:
        _settle_unseen(home, environ, here, notes, noted)
        seen(notes)


def _settle_unseen(home: Path, environ: Mapping[str, str], here: CloneState, notes: str, noted: Noted) -> None:
    """Withhold the lines that are missing in the commit for which a proposal was noted, if it was made although its
    hook did not run, or cannot be told from another one: its git process may have ended together with the hook."""
    made = _made_without_its_hook(environ, here, noted)
    if made is not None and not noted.is_bound:
        _withhold_removed(home, here.worktree, notes, made, noted)


def _made_without_its_hook(environ: Mapping[str, str], here: CloneState, noted: Noted) -> Commit | None:
    """The commit for which a proposal was noted, if it was made anyway; `None` if it was abandoned, because HEAD has
    not moved or something else moved it."""
    # The git process of the note is still above us where somebody's hook commits or amends inside its commit.
    if was_given_up(noted, is_running=any(git.id == noted.git for git in calling_gits(environ))):
        return None
    worktree = here.worktree
    made = _made_since(worktree, noted)
    return read_commit(worktree.common_dir, made, seconds=GIT_SECONDS) if made else None


def _made_since(worktree: Worktree, noted: Noted) -> str:
    """The commit made on the HEAD at which a proposal was noted; empty if there is none. HEAD may be back there,
    because somebody's hook undoes a commit or makes it again. Where the reflog has expired, or none is kept, the
    history shows which commit was made, though not by whom."""
    entries = entries_since(worktree, noted.reflog)
    if entries is not None:
        entries = [entry for entry in entries if may_be_of(noted, entry)]
    else:  # any other commit may have been made there before
        head = head_commit(worktree)
        if head == noted.head:
            return ""
        entries = [entry for entry in read_reflog(worktree).entries if begins_at(entry, noted.head)][-1:]
        if not entries and head:
            return successor(worktree.common_dir, noted.head, head, seconds=GIT_SECONDS)
    return commit_made_on(noted.head, entries)


def _settle_noted(home: Path, environ: Mapping[str, str], here: CloneState, notes: str, noted: Noted) -> str:
    worktree = here.worktree
    # What is bound follows the commit that exists now.
    made = here.commit if noted.is_bound else _made_since(worktree, noted) or here.commit
    if made in ("", noted.head):
        return ""
    commit = read_commit(worktree.common_dir, made, seconds=GIT_SECONDS)
    amended = replaced_commit(noted, commit.parents)
    if amended and _parents(worktree, amended) != commit.parents:
        return ""  # the note belongs to a commit that was never made, and HEAD has moved since
    omit_no_more(notes)
    if noted.is_bound:
        _bind(home, environ, here, commit, amended)
        return ""
    return _withhold_removed(home, worktree, notes, commit, noted)


def settle_merge(home: Path, environ: Mapping[str, str], here: CloneState, *, squashed: bool) -> str:
    """Find out which proposed lines a merge carries (post-merge); otherwise as `settle`. A merge without a commit
    settles nothing: a note then belongs to a commit that was never made."""
    # git runs post-merge after a fast-forward too and only tells hooks whether it was a squash (githooks(5)).
    if squashed or last_message(here.worktree).endswith("Fast-forward"):
        forget(notes_folder_of_hook(environ, here.worktree))
        return ""
    return settle(home, environ, here)


def follow_rebase(home: Path, worktree: Worktree, pairs: Sequence[tuple[str, str]]) -> None:
    """Bind the claims of commits to the commits they were rewritten to (post-rewrite): pairs of old and new commit."""
    with open_ledger(home, busy_seconds=BUSY_SECONDS) as ledger, ledger.transaction():
        repository = repository_of(ledger, worktree).id
        if repository >= 0:
            follow_bound(ledger, repository, pairs)


def _parents(worktree: Worktree, commit: str) -> tuple[str, ...] | None:
    """The parents of a commit; `None` if git has discarded it."""
    try:
        return read_commit(worktree.common_dir, commit, seconds=GIT_SECONDS).parents
    except GitFailed:
        return None


def _withhold_removed(home: Path, worktree: Worktree, notes: str, commit: Commit, noted: Noted) -> str:
    """Withhold the lines that their owner removed from a message. Returns a sentence for the owner if lines are
    missing for another reason; about a hook that removes them, only the first time."""
    missing = missing_lines(noted, commit.message)
    damaged = _damaged(home, worktree, commit.message, missing) if missing else ()
    found = outcome_of(noted, missing, damaged)
    if found.withheld:
        _withhold(home, worktree, notes, found.withheld)
    if found.stripped_by:
        return _STRIPPED.format(found.stripped_by) if note_stripped(notes, found.stripped_by) else ""
    return _DAMAGED if found.is_damaged else ""


def _withhold(home: Path, worktree: Worktree, notes: str, names: tuple[str, ...]) -> None:
    """Withhold claims by their ids."""
    # The note first, because the ledger may be locked; the journal second, because a ledger that is rebuilt from it
    # must not propose the line again.
    note_withheld(notes, names)
    claim_journal.write(worktree.common_dir, map(claim_journal.removed_record, names))
    with open_ledger(home, busy_seconds=BUSY_SECONDS) as ledger, ledger.transaction():
        record_withheld(ledger, repository_of(ledger, worktree).id, notes)
    withheld_recorded(notes)


def _damaged(home: Path, worktree: Worktree, message: str, missing: Sequence[str]) -> Collection[str]:
    """The missing lines, by id, of which a part is left in a message: they wait for the next commit."""
    # Mostly nothing is left of a removed line, and the ledger need not be opened.
    if not may_have_remains(message):
        return ()
    with open_ledger(home, busy_seconds=BUSY_SECONDS) as ledger:
        return remains(message, lines_named(ledger, repository_of(ledger, worktree).id, missing), "")


def withhold_earlier(
    home: Path, environ: Mapping[str, str], here: CloneState, notes: str, consent: Consent, *, asked_now: bool
) -> bool:
    """Withhold the usage of commits before the one being prepared that was to be withheld, if no hook did that yet;
    `asked_now` is whether the one being prepared is switched off too.

    False if it must be done later. Raises as `settle` does, which means the same.
    """
    found = still_to_withhold_of_earlier(notes, here.commit, asked_now=asked_now)
    if not found:
        return True
    is_done = _withhold_where_made(home, environ, here, consent, found)
    if is_done:
        earlier_withheld(notes, asked_now=asked_now)
    return is_done


def _withhold_of(
    home: Path, environ: Mapping[str, str], here: CloneState, notes: str, found: Sequence[ToWithhold]
) -> None:
    """Withhold the usage of this commit, and of earlier ones, that was to be withheld and is not yet."""
    commit = read_commit(here.worktree.common_dir, here.commit, seconds=GIT_SECONDS)
    wanted = [one for one in found if one.is_off or is_omitted_from(notes, commit.parents)]
    if _withhold_where_made(home, environ, here, read_consent(home, here), wanted):
        omit_no_more(notes)
        all_withheld(notes)


def _withhold_where_made(
    home: Path, environ: Mapping[str, str], here: CloneState, consent: Consent, found: Sequence[ToWithhold]
) -> bool:
    """Withhold pending usage where these commits were made; returns whether nothing is left to do. When in doubt,
    usage pending on the branch of the present commit is withheld too."""
    # Lines may be enabled here after all, and would then publish usage that was to be withheld.
    if consent.is_unclear or consent.is_anothers:
        return False
    if not found or not consent.enabled:
        return True
    worktree = here.worktree
    with open_refreshed(home, environ, here, IN_HOOK)[0] as ledger, ledger.transaction():
        repository = repository_of(ledger, worktree).id
        if repository >= 0:
            refresh_carriers(ledger, repository, worktree.common_dir, here, seconds=LOOK_SECONDS)
            for branch in branches_to_withhold(found, here.branch, local_branches(worktree.common_dir) or {}):
                withhold_all_pending(ledger, repository, branch, worktree)
    return True


def _bind(home: Path, environ: Mapping[str, str], here: CloneState, commit: Commit, amended: str) -> None:
    worktree, branch = here.worktree, here.branch
    if branch is None:
        return
    with open_refreshed(home, environ, here, IN_HOOK)[0] as ledger, ledger.transaction():
        repository = repository_of(ledger, worktree).id
        if repository < 0:
            return
        if amended:
            # Before the refresh, which releases what is bound to a commit that no ref reaches, such as the amended one.
            follow_bound(ledger, repository, [(amended, commit.id)])
        refresh_carriers(ledger, repository, worktree.common_dir, here, seconds=LOOK_SECONDS)
        bind_pending(ledger, repository, branch, new_name(), commit.id)
