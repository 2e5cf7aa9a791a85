"""A folder that is gone was a part of the worktree around it, or a worktree of its own: what speaks for which."""

import pytest

from tokcost.model.history import NULL_ID, HeadHistory, ReflogEntry, Rename
from tokcost.model.place import UNKNOWN, BranchPlace
from tokcost.model.usage import Tokens, Usage
from tokcost.placement.branch import place
from tokcost.placement.gone_folder import place_in_gone_folder
from tokcost.placement.timeline import build_timeline

ONE = "1" * 40
PAST = HeadHistory(
    [
        ReflogEntry(0, NULL_ID, ONE, "commit (initial): first"),
        ReflogEntry(10, ONE, ONE, "checkout: moving from main to feat/a"),
        ReflogEntry(20, ONE, ONE, "checkout: moving from feat/a to feat/b"),
    ],
    "feat/b",
    {},
    [],
)


def at(second: float, hint: str, *inside: str, stale: bool = False, past: HeadHistory = PAST) -> BranchPlace:
    timeline = build_timeline(past)
    usage = Usage("a", "k", int(second * 1000), "m", Tokens(1), branch=hint, branch_stale=stale)
    found = place(timeline, usage.time_ms, hint, hint_stale=stale)
    return place_in_gone_folder(timeline, usage, inside, found)


def test_an_assistant_that_agrees_with_the_worktree_around_it_was_in_it() -> None:
    assert at(15, "feat/a", "build") == BranchPlace("feat/a", "reflog")
    assert [at(20.5, hint, "build") for hint in ("feat/a", "feat/b")] == [
        BranchPlace("feat/a", "reflog"),
        BranchPlace("feat/b", "reflog"),
    ]


@pytest.mark.parametrize("second", [5, 15, 25])
def test_an_assistant_that_names_a_branch_which_was_not_checked_out_there_was_elsewhere(second: int) -> None:
    assert at(second, "feat/login", "src") == BranchPlace("feat/login", "transcript")
    assert at(15, "feat/b", "src") == BranchPlace("feat/b", "transcript")


def test_a_word_that_is_not_stale_does_not_mean_where_the_worktree_around_it_was_before() -> None:
    assert at(25, "feat/a", "src") == BranchPlace("feat/a", "transcript")


def test_a_stale_word_names_where_the_worktree_around_it_was_before() -> None:
    assert at(25, "feat/a", "build", stale=True) == BranchPlace("feat/b", "reflog")
    assert at(25, "feat/login", "build", stale=True) == BranchPlace("feat/login", "transcript")
    assert at(25, "feat/a", ".worktrees", "x", stale=True) == BranchPlace("feat/a", "transcript")


@pytest.mark.parametrize("hint", ["", "HEAD"])
def test_without_a_word_only_a_folder_where_worktrees_are_kept_is_doubted(hint: str) -> None:
    assert at(15, hint, "build") == BranchPlace("feat/a", "reflog")
    assert at(15, hint, "worktrees") == BranchPlace("feat/a", "reflog")
    assert [at(15, hint, *inside) for inside in ((".worktrees", "x"), (".claude", "worktrees", "x", "src"))] == [
        UNKNOWN,
        UNKNOWN,
    ]


def test_a_branch_is_called_what_it_is_called_now() -> None:
    past = PAST._replace(renames=[Rename(30, "feat/login", "feat/sign-in")])
    assert at(15, "feat/login", "src", past=past) == BranchPlace("feat/sign-in", "transcript")
