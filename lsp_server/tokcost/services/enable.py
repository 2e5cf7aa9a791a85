"""Enabling and disabling cost lines in a clone."""

from pathlib import Path

from tokcost.claims import claim_journal
from tokcost.claims.propose import new_name
from tokcost.claims.refresh_carriers import follow_carriers
from tokcost.errors import EnvironmentProblem, UsageError
from tokcost.ledger.claims import branches_with_pending, withhold_pending
from tokcost.ledger.open import open_ledger
from tokcost.model.claims import Consent, Precision, Remembered, Terms
from tokcost.model.worktree import Worktree
from tokcost.policy.clone_state import read_state
from tokcost.policy.consent import agree, agree_no_more, read_consent, read_policy
from tokcost.repo.named_worktree import git_folder
from tokcost.repo.run import run_git
from tokcost.services.remember_clone import remember_clone
from tokcost.usage.known_worktrees import repository_of
from tokcost_hooks.installation.hooks import Installed, install_anew
from tokcost_hooks.installation.planned import Planned, planned_hooks

_FORBIDDEN = "Its `.tokcost.toml` does so under [trailers]. `tokcost log` still shows your figures here."


def allowed_terms(home: Path, worktree: Worktree, precision: Precision | None, models: bool | None) -> Terms:
    """The terms of publication for somebody who asks for these (`None`: unchanged), as far as the repository allows
    them.

    Raises `UsageError` if the repository forbids cost lines, `SettingsDamaged` if its file cannot be parsed.
    """
    state = read_state(worktree)
    before, policy = read_consent(home, state).terms, read_policy(state)
    if policy.forbids:
        raise UsageError("this repository forbids cost lines", _FORBIDDEN)
    return Terms(
        "coarse" if policy.coarse_only else precision or before.precision,
        (before.models if models is None else models) and not policy.hides_models,
        before.estimates,
    )


def enable(home: Path, worktree: Worktree, terms: Terms, *, from_now: bool) -> Installed:
    """Write lines from now on in this clone: consent in its own configuration, hooks in its hooks folder. `from_now`
    keeps earlier usage to this machine.

    Raises `EnvironmentProblem`, and `UsageError` if the repository forbids it.
    """
    if read_policy(read_state(worktree)).forbids:
        raise UsageError("this repository forbids cost lines", _FORBIDDEN)
    # First, because it is the step that other people's files can refuse.
    installed = install_anew(worktree)
    remember_clone(home, worktree)
    if from_now:
        # Before the consent, so that no commit in between publishes earlier usage.
        _withhold_everything(home, worktree)
    _write_setting(worktree, "precision", terms.precision)
    _write_setting(worktree, "models", "true" if terms.models else "false")
    agree(home, worktree)
    # Last: a process killed before leaves a clone that writes no line.
    _write_setting(worktree, "enabled", "true")
    return installed


def hooks_to_install(worktree: Worktree) -> list[Planned]:
    """The hooks that enabling would install, and their folder; none if that cannot be determined in advance."""
    try:
        return planned_hooks(worktree)
    except EnvironmentProblem:
        return []  # `enable` reports it, and changes nothing


def disable(home: Path, worktree: Worktree) -> Consent:
    """Write no lines from now on. The hooks stay: they bind usage to commits on this machine only."""
    before = read_consent(home, read_state(worktree))
    if before.decided or before.is_anothers:
        agree_no_more(home, worktree)
        _write_setting(worktree, "enabled", "false")
        return before._replace(decided=True)
    return before


def _withhold_everything(home: Path, worktree: Worktree) -> None:
    records: list[Remembered] = []
    with open_ledger(home) as ledger:
        repository = repository_of(ledger, worktree).id
        if repository < 0:
            return
        follow_carriers(ledger, repository, worktree.common_dir)
        with ledger.transaction():
            for branch in branches_with_pending(ledger, repository):
                claim = withhold_pending(ledger, repository, branch, new_name())
                records += [] if claim is None else [claim_journal.withheld_record(ledger, claim)]
    claim_journal.write(worktree.common_dir, records)


def _write_setting(worktree: Worktree, key: str, value: str) -> None:
    run_git(["config", "--local", f"tokcost.{key}", value], git_folder(worktree))
