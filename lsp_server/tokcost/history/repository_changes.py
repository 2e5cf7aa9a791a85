"""Collects everything that a dataset takes from one repository: its merged changes up to a month, and facts about
them."""

import os
from datetime import UTC, datetime
from pathlib import Path

from tokcost.errors import EnvironmentProblem, NotARepository
from tokcost.history.changes import changes_of
from tokcost.history.facts_of_changes import read_facts, read_titles
from tokcost.history.identity import repository_digest
from tokcost.history.privacy.claims_of_many import RepositoryChanges
from tokcost.history.read_history import read_history
from tokcost.history.report_policy import read_report_policy
from tokcost.model.changes import Change
from tokcost.model.money import NANO_PER_USD
from tokcost.repo.history import (
    Repository,
    default_range,
    find_repository,
    first_commits,
    read_authors,
    remote_address,
)

_MOST_COST = 100_000_000 * NANO_PER_USD
_MOST_TOKENS = 10**16
"""Of one repository: a larger number is forged, and would not fit into the sums of many repositories."""


def read_repository_changes(folder: str, cache: Path, through: str, key: bytes, notes: list[str]) -> RepositoryChanges:
    """Read one repository up to the end of a month; `notes` receives remarks.

    The parsed messages are cached in `cache`, in a file for this repository. Raises `EnvironmentProblem`,
    `SettingsDamaged`.
    """
    repository = _repository(folder)
    name = repository_digest(remote_address(repository), (), key) if remote_address(repository) else ""
    span = default_range(repository)
    # Only here: finding the root commits walks the whole history.
    name = name or repository_digest("", first_commits(repository, span), key)
    policy = read_report_policy(repository, span.tips[0])
    told = read_history(repository, cache / "history-of" / name, span)
    found = changes_of(told.placed, read_titles(repository, told))
    changes = [change for change in found if _month(change) <= through and change.lines]
    _check_amounts(changes)
    facts = read_facts(repository, span, changes, policy, notes)
    authors = read_authors(repository, {commit for change in changes for commit in change.carriers})
    if repository.is_shallow:
        notes.append("this clone is shallow and lacks older history; `git fetch --unshallow` fetches it")
    return RepositoryChanges(name, changes, authors, facts, policy.contributors)


def _repository(folder: str) -> Repository:
    """The repository at a path. A repository that merely contains the path is hardly meant: a clone may be missing
    there."""
    is_top = os.path.lexists(os.path.join(folder, ".git"))
    if not is_top and not os.path.isdir(os.path.join(folder, "objects")):
        raise NotARepository("not a git repository", "Name the top folder of a clone, or a bare repository.")
    return find_repository(folder)


def _month(change: Change) -> str:
    return datetime.fromtimestamp(change.title.time, UTC).strftime("%Y-%m")


def _check_amounts(changes: list[Change]) -> None:
    cost, tokens = sum(change.list_cost for change in changes), sum(change.tokens for change in changes)
    if cost > _MOST_COST or tokens > _MOST_TOKENS:
        raise EnvironmentProblem(
            f"its lines add up to {cost // NANO_PER_USD:,} USD and {tokens:,} tokens, which is impossible",
            "`tokcost report` shows the lines. Leave this repository out until they are removed.",
        )
