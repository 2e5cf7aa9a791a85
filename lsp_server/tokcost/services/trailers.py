"""Switching cost lines on and off in a clone, and showing what would be written before it is."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tokcost.errors import NotARepository, UsageError
from tokcost.ledger.claims import branches_with_pending, keys_claimed, names_known, withhold_pending, worth_pending
from tokcost.ledger.open import open_ledger
from tokcost.model.claims import Precision, Terms, Worth
from tokcost.model.trailer import Line
from tokcost.repo.head import read_head
from tokcost.repo.run import run_git
from tokcost.repo.worktree import Worktree, find_worktree
from tokcost.services import journal
from tokcost.services.claims import Message, new_name, propose
from tokcost.services.clone_state import CloneState, read_state
from tokcost.services.consent import Consent, agree, agree_no_more, read_consent, read_policy
from tokcost.services.ingest import refresh
from tokcost.services.installing.hooks import Installed, install
from tokcost.services.look import look
from tokcost.services.worktrees import repository_of

SUBJECT = "Subject of the commit"


class Preview(NamedTuple):
    """What the next commit on this branch would carry."""

    branch: str | None
    """`None` when HEAD is detached: such commits carry nothing."""
    lines: tuple[Line, ...]
    fresh: frozenset[str]
    """Ids that are not made yet; the real one is drawn at the commit."""
    pending: Worth
    """The usage behind it."""


def here(cwd: Path) -> Worktree:
    """The worktree around a folder. Raises `NotARepository`."""
    found = find_worktree(str(cwd))
    if found is None:
        raise NotARepository(f"{cwd} lies in no git repository", "Go into the clone that you mean.")
    return found


def state_here(cwd: Path) -> CloneState:
    """What holds in the worktree around a folder. Raises `NotARepository`."""
    return read_state(here(cwd))


def allowed_terms(home: Path, worktree: Worktree, precision: Precision | None, models: bool | None) -> Terms:
    """What somebody would publish who wishes this (`None`: as before), as far as the repository allows it. Raises
    `UsageError` where it forbids cost lines, `SettingsDamaged` where its file cannot be understood."""
    state = read_state(worktree)
    before, policy = read_consent(home, state).terms, read_policy(state)
    if policy.forbids:
        raise UsageError("this repository forbids cost lines", "Its `.tokcost.toml` says so under [trailers].")
    return Terms(
        "coarse" if policy.coarse_only else precision or before.precision,
        (before.models if models is None else models) and not policy.hides_models,
    )


def preview(home: Path, environ: Mapping[str, str], worktree: Worktree, terms: Terms) -> Preview:
    """Do everything a commit would do, and take it back. Raises `TokcostError`."""
    branch = read_head(worktree).branch
    refresh(home, environ, here=worktree)
    nothing = Preview(branch, (), frozenset(), Worth(0, 0, 0, ()))
    if branch is None:
        return nothing
    with open_ledger(home) as ledger:
        repository = repository_of(ledger, worktree).id
        if repository < 0:
            return nothing
        pending = worth_pending(ledger, repository, branch)
        try:
            with ledger.transaction():
                look(ledger, repository, worktree.common_dir)
                message = Message(f"{SUBJECT}\n", "commit")
                raise _TakenBack(propose(ledger, repository, branch, message, terms).lines)
        except _TakenBack as done:
            known = {line.id for line in done.lines if line.version > 1} | names_known(
                ledger, [line.id for line in done.lines]
            )
            return Preview(branch, done.lines, frozenset(line.id for line in done.lines) - known, pending)


def enable(home: Path, worktree: Worktree, terms: Terms, *, from_now: bool) -> Installed:
    """Write lines from now on in this clone: consent in its own configuration, hooks in its hooks folder.

    `from_now` keeps what was spent until now to this machine. Raises `EnvironmentProblem`, and `UsageError` where the
    repository forbids it.
    """
    if read_policy(read_state(worktree)).forbids:
        raise UsageError("this repository forbids cost lines", "Its `.tokcost.toml` says so under [trailers].")
    installed = install(worktree)
    if from_now:
        _keep_everything(home, worktree)
    _say(worktree, "precision", terms.precision)
    _say(worktree, "models", "true" if terms.models else "false")
    agree(home, worktree)
    _say(worktree, "enabled", "true")
    return installed


def disable(home: Path, worktree: Worktree) -> Consent:
    """Write nothing from now on. The hooks stay: they bind what is spent to commits on this machine alone."""
    before = read_consent(home, read_state(worktree))
    if before.decided or before.is_anothers:
        agree_no_more(home, worktree)
        _say(worktree, "enabled", "false")
        return before._replace(decided=True)
    return before


class _TakenBack(Exception):
    def __init__(self, lines: tuple[Line, ...]) -> None:
        super().__init__()
        self.lines = lines


def _keep_everything(home: Path, worktree: Worktree) -> None:
    kept: list[journal.Entry] = []
    with open_ledger(home) as ledger, ledger.transaction():
        repository = repository_of(ledger, worktree).id
        if repository < 0:
            return
        look(ledger, repository, worktree.common_dir)
        for branch in branches_with_pending(ledger, repository):
            name = new_name()
            withhold_pending(ledger, repository, branch, name)
            kept.append(journal.Entry(name, 1, "", keys_claimed(ledger, name, 1), True))
    journal.write(worktree.common_dir, kept)


def _say(worktree: Worktree, key: str, value: str) -> None:
    run_git(["config", "--local", f"tokcost.{key}", value], worktree.path)
