"""The claims that commits carry, always read from messages that a ref reaches, never assumed.

The ledger records the refs it has seen, so that only new commits are walked.
"""

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple
from zlib import crc32

from tokcost.claims import claim_journal
from tokcost.errors import EnvironmentProblem, LedgerUnavailable
from tokcost.ledger.claims import (
    add_carriers,
    carrying_commits,
    drop_carriers,
    follow_bound,
    forget_tips,
    has_claims,
    known_state,
    known_tips,
    names_among,
    record_state,
    record_tips,
    release_unbound,
    settle_carried,
)
from tokcost.ledger.open import Ledger
from tokcost.ledger.settings import record_setting, setting
from tokcost.model.trailer import possible_ids, read_message
from tokcost.model.worktree import CloneState, Config, Head
from tokcost.policy.consent import is_enabled
from tokcost.repo.config import read_config
from tokcost.repo.messages import commits_beside, messages_with_lines, patch_ids, reachable, unreachable
from tokcost.repo.objects import walk
from tokcost.repo.operation import is_rebase_ending
from tokcost.repo.refs import all_tips, detached_heads, has_many_refs
from tokcost.repo.refs_state import is_still, read_changed, refs_state
from tokcost.repo.run import GitFailed, GitTooSlow

MOST_COMPARED = 200
"""The maximum number of new commits whose changes are compared with those of vanished commits."""

MOST_SECONDS = 30.0
"""The maximum time for which a command reads commits; git needs about ten seconds for a million."""
_GIVEN_UP = "refs given up {}"
"""The setting that records for which refs of a repository which time was too short. A caller with no more time does
not try again while the refs are unchanged."""

_MANY_REFS = 1_000
"""The number of refs from which on their state is recorded; reading fewer takes no longer than that."""

_TRIES = 5
"""Another process may record refs while this one asks git about them."""

RESTORE_SECONDS = 5.0
"""The time that restoring a large journal takes; a caller with less time does not begin."""


class RestoreNeeded(EnvironmentProblem):
    """The claims of a clone must be restored before anything can be proposed."""


class News(NamedTuple):
    """The result of asking git about refs that moved."""

    before: "Tips"
    now: "Tips"
    found: Sequence[tuple[str, str, int]] = ()
    """Commits that carry claims of this clone: commit, id and version."""
    gone: Collection[str] = ()
    """Carrying commits that no ref reaches any more."""
    same: Sequence[tuple[str, str]] = ()
    """Old and new commits with the same change."""


def follow_carriers(
    ledger: Ledger,
    repository: int,
    common_dir: str,
    here: CloneState | None = None,
    *,
    seconds: float = MOST_SECONDS,
    held: Mapping[int, claim_journal.BoundRecord] | None = None,
) -> bool:
    """Bring the record of a repository's commits up to date, like `refresh_carriers`, for a caller without a
    transaction. Git may take half a minute for what a fetch brought, and a commit that is made meanwhile must find the
    ledger free to get its line, so the ledger is locked when all is read. A large journal is restored in portions,
    for the same reason (`restore_claims`, which gets `held`).

    A rebase that is about to tell its hook which commit became which is left to the next refresh: the commits that it
    replaced would be taken for dropped ones. Raises `GitFailed`, and `RestoreNeeded` as `refresh_carriers` does.
    """
    if seconds >= RESTORE_SECONDS:
        restore_claims(ledger, repository, common_dir, held)
    only_local = _has_too_many(common_dir, seconds)
    for _ in range(_TRIES):
        look = _Look(ledger, repository, common_dir, _heads(here), only_local=only_local)
        now, before = look.tips()
        if is_rebase_ending(common_dir, now):
            return True
        news = News(before, now)
        if has_claims(ledger, repository):
            turns = _in_turn(before, now, only_local=only_local)
            asked = _read_unlocked(ledger, repository, common_dir, (before, turns), seconds)
            if asked is None:
                return False
            news = asked
        with ledger.transaction():
            _restore_at_once(ledger, repository, common_dir, seconds)
            # git was asked about the way from `before` to `now`. If another process has recorded other refs meanwhile,
            # the answer is about commits that the ledger knows already, or lacks some that it needs.
            if known_tips(ledger, repository, only_local=only_local) == before:
                _write(ledger, repository, news, here.config if here else read_config(common_dir))
                if news.now == now:
                    look.remember()
                return news.now == now and not only_local
    return False


def _read_unlocked(
    ledger: Ledger, repository: int, common_dir: str, tips: tuple["Tips", list[tuple["Tips", str]]], seconds: float
) -> News | None:
    before, turns = tips
    for seen, mark in turns:
        if _given_up(ledger, repository).get(mark, -1.0) >= seconds:
            continue
        with suppress(GitTooSlow):
            return _read(ledger, repository, common_dir, (before, seen), seconds)
        with ledger.transaction():
            _give_up(ledger, repository, mark, seconds)
    return None


def refresh_carriers(
    ledger: Ledger,
    repository: int,
    common_dir: str,
    here: CloneState | None = None,
    *,
    seconds: float = MOST_SECONDS,
) -> bool:
    """Bring the record of a repository's commits up to date, in the caller's transaction.

    Anyone can fill what a fetch brings. If git does not finish within `seconds`, or a hook has no time for so many
    refs, only the clone's own branches are read and the result is False: the rest is still new for the next refresh.
    Until then a line may be written again that somebody's commit carries already, which changes no sum.

    `here` is the state of a worktree of this repository, if it was read before. Raises `GitFailed`, and `RestoreNeeded`
    if many claims must be restored first and less than `RESTORE_SECONDS` is left.
    """
    _restore_at_once(ledger, repository, common_dir, seconds)
    only_local = _has_too_many(common_dir, seconds)
    look = _Look(ledger, repository, common_dir, _heads(here), only_local=only_local)
    if look.is_as_before():
        return not only_local
    now, before = look.tips()
    if now == before:
        look.remember()
        return not only_local
    # Only the refs are recorded: no commit from before the first claim has to be walked later.
    if not has_claims(ledger, repository):
        record_tips(ledger, repository, before, now)
        return not only_local
    config = here.config if here else read_config(common_dir)
    for seen, mark in _in_turn(before, now, only_local=only_local):
        if seconds <= _given_up(ledger, repository).get(mark, -1.0):
            continue
        with suppress(GitTooSlow):
            _write(ledger, repository, _read(ledger, repository, common_dir, (before, seen), seconds), config)
            if seen == now:
                look.remember()
            return seen == now and not only_local
        _give_up(ledger, repository, mark, seconds)
    return False


def _restore_at_once(ledger: Ledger, repository: int, common_dir: str, seconds: float) -> None:
    start, end = claim_journal.unread(ledger, repository, common_dir)
    if seconds < RESTORE_SECONDS and end - start > claim_journal.LARGE_BYTES:
        raise RestoreNeeded(
            "the ledger is new and must read first which spend was published already",
            "Run `tokcost log` once: it does that.",
        )
    if start < end and claim_journal.restore(ledger, repository, common_dir):
        # Commits that carry the restored claims may lie behind refs that the ledger has followed already.
        forget_tips(ledger, repository)
    elif start == end:
        claim_journal.note_size(ledger, repository, common_dir)


def restore_claims(
    ledger: Ledger, repository: int, common_dir: str, held: Mapping[int, claim_journal.BoundRecord] | None = None
) -> None:
    """Restore the claims of a clone's journal in separate transactions. Other processes need not wait for all of
    them, and an interrupted restore keeps its progress. `held` are the records that an import bound."""
    while True:
        start, end = claim_journal.unread(ledger, repository, common_dir)
        if start >= end:
            return
        with ledger.transaction():
            if claim_journal.restore(ledger, repository, common_dir, claim_journal.LARGE_BYTES, held):
                forget_tips(ledger, repository)


def needs_refresh(
    ledger: Ledger, repository: int, common_dir: str, here: CloneState | None = None, *, seconds: float = MOST_SECONDS
) -> bool:
    """Whether a repository with claims has refs that differ from the last refresh, or claims that the ledger lacks,
    as far as `seconds` allow to tell."""
    if not os.path.isdir(common_dir):
        return False
    start, end = claim_journal.unread(ledger, repository, common_dir)
    if start < end:
        return True
    if not has_claims(ledger, repository):
        return False
    try:
        only_local = _has_too_many(common_dir, seconds)
        look = _Look(ledger, repository, common_dir, _heads(here), only_local=only_local)
        if look.is_as_before():
            return False
        now, before = look.tips()
        if now == before and look.is_worth_remembering:
            with suppress(LedgerUnavailable), ledger.transaction():
                if known_tips(ledger, repository, only_local=only_local) == now:
                    look.remember()
        return now != before
    except EnvironmentProblem:
        return False


class _Look:
    """The refs of a repository at one moment. If there are many, the ledger records the state of their files, and an
    unchanged state is not read again."""

    def __init__(
        self, ledger: Ledger, repository: int, common_dir: str, heads: Mapping[str, Head], *, only_local: bool
    ) -> None:
        self._ledger, self._repository, self._common_dir = ledger, repository, common_dir
        self._heads, self._only_local = heads, only_local
        self._state = ""

    def is_as_before(self) -> bool:
        """Whether nothing has moved since the ledger recorded the state."""
        known = known_state(self._ledger, self._repository, only_local=self._only_local)
        heads, _, state = known.partition("\n")
        return bool(state) and heads == self._mark_of_heads() and is_still(self._common_dir, state)

    def tips(self) -> tuple["Tips", "Tips"]:
        """All refs, now and as the ledger knows them."""
        before = known_tips(self._ledger, self._repository, only_local=self._only_local)
        if len(before) <= _MANY_REFS:
            return all_tips(self._common_dir, self._heads, only_local=self._only_local), before
        state = known_state(self._ledger, self._repository, only_local=self._only_local).partition("\n")[2]
        # Before the refs: one that moves in between differs from this state, and is read again next time.
        self._state = refs_state(self._common_dir, only_local=self._only_local)
        changed = read_changed(self._common_dir, state, before, only_local=self._only_local)
        if changed is not None:
            return changed | detached_heads(self._common_dir, self._heads), before
        return all_tips(self._common_dir, self._heads, only_local=self._only_local), before

    @property
    def is_worth_remembering(self) -> bool:
        """Whether there are many refs and their state can be determined."""
        return bool(self._state)

    def remember(self) -> None:
        """Record that the ledger knows the refs as of this moment, in the caller's transaction."""
        if self._state:
            state = f"{self._mark_of_heads()}\n{self._state}"
            record_state(self._ledger, self._repository, state, only_local=self._only_local)

    def _mark_of_heads(self) -> str:
        return _mark(detached_heads(self._common_dir, self._heads))


def _has_too_many(common_dir: str, seconds: float) -> bool:
    return seconds < RESTORE_SECONDS and has_many_refs(common_dir)


Tips = dict[str, str]


def _own(tips: Tips) -> Tips:
    """The tips that only this clone moves: its branches and detached HEADs."""
    return {ref: tip for ref, tip in tips.items() if ref.startswith("refs/heads/") or not ref.startswith("refs/")}


def _fetched(tips: Tips) -> Tips:
    """The tips that a fetch can move."""
    own = _own(tips)
    return {ref: tip for ref, tip in tips.items() if ref not in own}


def _mark(tips: Tips) -> str:
    """A short text that differs where refs differ."""
    # Not hashlib, which would load OpenSSL in every hook.
    return f"{crc32(repr(sorted(tips.items())).encode('ascii', 'backslashreplace')):08x}"


def _given_up(ledger: Ledger, repository: int) -> dict[str, float]:
    """Marks of refs, each with the number of seconds that were too few."""
    words = (setting(ledger, _GIVEN_UP.format(repository)) or "").split()
    return dict(zip(words[::2], map(float, words[1::2]), strict=True))


def _give_up(ledger: Ledger, repository: int, mark: str, seconds: float) -> None:
    """Record that these seconds were too few for the refs of that mark."""
    # There is one mark for what a fetch moves and one for the clone's own refs; older ones are of refs that moved
    # since.
    newest = list((_given_up(ledger, repository) | {mark: seconds}).items())[-2:]
    record_setting(ledger, _GIVEN_UP.format(repository), " ".join(f"{mark} {seconds}" for mark, seconds in newest))


def _in_turn(before: Tips, now: Tips, *, only_local: bool = False) -> list[tuple[Tips, str]]:
    """The refs to follow at once, each with its mark: all of them, or the clone's own if git is too slow for all."""
    own = _fetched(before) | _own(now), _mark(_own(now))
    return [own] if only_local else [(now, _mark(_fetched(now))), own]


def _read(ledger: Ledger, repository: int, common_dir: str, tips: tuple[Tips, Tips], seconds: float) -> News:
    """Ask git, and write nothing: a timeout leaves nothing half done."""
    new = set(tips[1].values())
    messages, left = _moved(common_dir, tips, seconds)
    found = [one for commit, message in messages for one in _carried(ledger, repository, commit, message)]
    # If every previous tip was reached from a new one, no commit can have disappeared.
    carriers = carrying_commits(ledger, repository) if left else {}
    gone, same = set[str](), list[tuple[str, str]]()
    if left and (carriers or found):
        known = {*carriers, *(commit for commit, _, _ in found)}
        gone = _gone(known, common_dir, (left, new), seconds)
        bound = [commit for commit in gone if any(claim.fate == "bound" for claim in carriers.get(commit, ()))]
        same = _same_change(common_dir, bound, new, seconds) if bound else []
    return News(*tips, found, gone, same)


def _write(ledger: Ledger, repository: int, news: News, config: Config) -> None:
    """Record what was read. Claims that no commit binds are released: usage from before the consent is not published
    because of it."""
    add_carriers(ledger, repository, news.found)
    if news.same:
        # Before `release_unbound`, which gives back what is bound to commits without a ref.
        follow_bound(ledger, repository, news.same)
    drop_carriers(ledger, repository, news.gone)
    settle_carried(ledger, repository)
    release_unbound(ledger, repository, "withheld" if is_enabled(config) else "")
    record_tips(ledger, repository, news.before, news.now)


def _heads(here: CloneState | None) -> dict[str, Head]:
    return {here.worktree.git_dir: here.head} if here else {}


def _carried(ledger: Ledger, repository: int, commit: str, message: str) -> list[tuple[str, str, int]]:
    """The claims of this clone that a commit carries. Messages without an id of ours are not even parsed."""
    ids = possible_ids(message)
    # One question for all ids: a fetch can bring ten thousand messages that have ids of others.
    mine = names_among(ledger, repository, ids) if ids else set[str]()
    lines = read_message(message).lines if mine else []
    return [(commit, line.id, line.version) for line in lines if line.id in mine]


def _moved(common_dir: str, tips: tuple[Tips, Tips], seconds: float) -> tuple[Iterable[tuple[str, str]], set[str]]:
    """New commits that may carry lines, with their messages, and the previous tips that new refs may not reach."""
    old, new = (set(side.values()) for side in tips)
    # Nearly always one commit is new, in a file of its own, and reading it starts no process.
    walked = walk(common_dir, new - old, old)
    if walked is None:
        return messages_with_lines(common_dir, new - old, old, seconds=seconds), old - new
    return [(commit.id, commit.message) for commit in walked.commits], old - new - walked.reached


def _gone(carriers: set[str], common_dir: str, tips: tuple[set[str], set[str]], seconds: float) -> set[str]:
    """The carrying commits that no ref reaches any more; `tips` are the previous and the present tips of refs."""
    left, new = tips
    try:
        return carriers & unreachable(common_dir, left, new, seconds=seconds)
    except GitFailed:  # git has discarded a previous tip: ask from the other side
        return carriers - reachable(common_dir, new, seconds=seconds)


def _same_change(common_dir: str, gone: list[str], tips: set[str], seconds: float) -> list[tuple[str, str]]:
    """Commits that were rewritten without a hook of ours, or copied before they vanished: pairs of old and new
    commits with the same change."""
    candidates = commits_beside(common_dir, tips, gone, most=MOST_COMPARED, seconds=seconds)
    patches = patch_ids(common_dir, [*gone, *candidates], seconds=seconds) if candidates else {}
    return [
        (before, after)
        for before in gone
        for after in candidates
        if before in patches and patches[before] == patches.get(after)
    ]
