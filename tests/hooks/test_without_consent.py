"""Hooks without consent: what is spent is bound to commits on this machine, and nothing is ever written."""

from pathlib import Path

import pytest

from support.hooked import Hooked
from tokcost.services.hooks import install


@pytest.fixture
def silent(tmp_path: Path) -> Hooked:
    """Hooks installed, nothing agreed to."""
    repo = Hooked(tmp_path, enabled=False)
    install(repo.worktree)
    repo.change("root")
    repo.git("commit", "-q", "-m", "root")
    return repo


def test_a_commit_binds_what_was_spent_and_says_nothing(silent: Hooked) -> None:
    silent.work("One")
    assert silent.message() == "One"
    assert silent.replies() == {"total": 1, "bound": 1}


def test_an_amend_takes_it_along(silent: Hooked) -> None:
    silent.work("One")
    silent.spend()
    silent.change()
    silent.hooked("--amend", "-m", "One again")
    assert silent.replies() == {"total": 2, "bound": 2}


def test_a_rebase_takes_it_along(silent: Hooked) -> None:
    silent.git("switch", "-q", "-c", "feat/x")
    silent.work("One", "one")
    silent.work("Two", "two")
    silent.git("switch", "-q", "main")
    silent.change("base")
    silent.git("commit", "-q", "-m", "Base")
    silent.run("rebase", "-q", "main", "feat/x")
    assert silent.replies() == {"total": 2, "bound": 2}


def test_a_rebase_that_no_hook_saw_is_followed_by_its_changes(silent: Hooked) -> None:
    silent.git("switch", "-q", "-c", "feat/x")
    silent.work("One", "one")
    silent.work("Two", "two")
    silent.git("switch", "-q", "main")
    silent.change("base")
    silent.git("commit", "-q", "-m", "Base")
    silent.git("-c", "core.hooksPath=/dev/null", "rebase", "-q", "main", "feat/x")
    assert silent.replies() == {"total": 2, "bound": 2}


def test_what_was_bound_to_a_dropped_commit_waits_for_the_next(silent: Hooked) -> None:
    silent.work("One")
    silent.git("reset", "-q", "--hard", "HEAD~1")
    assert silent.replies() == {"total": 1, "pending": 1}
    silent.work("Two")
    assert silent.replies() == {"total": 2, "bound": 2}


def test_saying_yes_later_publishes_only_what_is_spent_since(silent: Hooked) -> None:
    silent.work("One")
    silent.git("config", "--local", "tokcost.enabled", "true")
    silent.git("config", "--local", "tokcost.precision", "exact")
    silent.work("Two")
    assert silent.replies() == {"total": 2, "bound": 1, "carried": 1}


def test_saying_no_later_publishes_nothing_any_more(repo: Hooked) -> None:
    repo.work("One")
    repo.git("config", "--local", "tokcost.enabled", "false")
    repo.work("Two")
    assert repo.replies() == {"total": 2, "carried": 1, "bound": 1}
