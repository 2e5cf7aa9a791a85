"""Finds out whether the clone in the place of a known one is of the same project: git is asked for a commit that the
ledger knows. This happens outside transactions, where nobody waits for the ledger."""

import time
from typing import NamedTuple

from tokcost.errors import EnvironmentProblem, LedgerUnavailable
from tokcost.ledger.open import Ledger
from tokcost.ledger.places import KnownRepository
from tokcost.ledger.settings import record_setting, setting
from tokcost.repo.run import GitTooSlow
from tokcost.repo.worktree import disk_identity, repository_fingerprint

COMMIT = "commit:"
"""The prefix of the token in a fingerprint that many clones may share (`repository_fingerprint`)."""
ANEW = "anew:"
"""The prefix, in the fingerprint of a repository, of the tokens of a clone that was made again in its place."""
_MOST_COMMITS = 1_000
_UNANSWERED = "git did not answer in {}"
"""The setting that records when git was last asked about a repository without an answer, and by how patient a
process."""
_PAUSE_MS = 60_000


class Replaced(NamedTuple):
    """A known clone, another folder in its place, and whether that is of the same project."""

    known: KnownRepository
    is_same: bool


def compare(ledger: Ledger, known: KnownRepository, seconds: float) -> Replaced | None:
    """Whether the clone in a known place, whose folder has changed, is of the same project; `None` if git does not
    answer.

    With nothing to compare (no commit of it is known), nothing shows that it is another one, unless it has no commit
    and was made later: what was spent in a project that has just begun must not be published in another one.

    git is not asked again for a minute if it did not answer, unless there is more time than then: a prompt or an editor
    asks all the time, and each commit has several hooks.
    """
    commits = _commits(known.fingerprint)
    if not commits.isdisjoint(_commits(repository_fingerprint(known.common_dir))):
        return Replaced(known, True)
    from tokcost.ledger.commits import commits_known  # hardly any clone is made again
    from tokcost.repo.messages import has_any
    from tokcost.repo.refs import local_branches

    commits.update(commits_known(ledger, known.id, _MOST_COMMITS))
    if not commits:
        is_same = is_copy(known, disk_identity(known.common_dir)) or bool(local_branches(known.common_dir))
        return Replaced(known, is_same)
    if _is_given_up(ledger, known, seconds):
        return None
    try:
        return Replaced(known, has_any(known.common_dir, commits, seconds=seconds))
    except GitTooSlow:
        _give_up(ledger, known, seconds)
        return None
    except EnvironmentProblem:
        return None


def is_copy(known: KnownRepository, identity: str) -> bool:
    """Whether a folder with this identity was made together with a known clone: it is a copy of that, as from a backup,
    or the same on a disk that has another number since it was mounted."""
    made = identity.rpartition(":")[2]  # `repository_fingerprint`
    return any(token.startswith("inode:") and token.endswith(f":{made}") for token in known.fingerprint.split())


def _commits(fingerprint: str) -> set[str]:
    return {token.removeprefix(COMMIT) for token in fingerprint.split() if token.startswith(COMMIT)}


def _is_given_up(ledger: Ledger, known: KnownRepository, seconds: float) -> bool:
    words = (setting(ledger, _UNANSWERED.format(known.id)) or "").split()
    if len(words) != 2:
        return False
    asked_ms, patience = int(words[0]), float(words[1])
    # A clock that was set back says nothing.
    return patience >= seconds and 0 <= _now_ms() - asked_ms < _PAUSE_MS


def _give_up(ledger: Ledger, known: KnownRepository, seconds: float) -> None:
    try:
        with ledger.transaction():
            record_setting(ledger, _UNANSWERED.format(known.id), f"{_now_ms()} {seconds}")
    except LedgerUnavailable:
        return  # the next process asks again


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
