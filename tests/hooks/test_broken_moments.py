"""Clones that are broken for a while: what is spent then is placed, at the latest once they are repaired."""

from pathlib import Path

import pytest

from support.hooked import REPLY, Hooked, both_ways


@pytest.fixture
def tree(repo: Hooked) -> Path:
    """A linked worktree with a commit of its own."""
    path = repo.path.parent / "tree"
    repo.work("One")
    repo.git("worktree", "add", "-q", "-b", "side", str(path))
    repo.now += 1
    repo.work("Two", cwd=path)
    return path


@both_ways
def test_a_clone_that_says_it_is_bare_is_whole_seen_from_its_worktrees(repo: Hooked, tree: Path) -> None:
    main = repo.path
    repo.git("config", "core.bare", "true")
    repo.path = tree
    repo.work("Three", cwd=tree)
    assert len(repo.lines()) == 1
    repo.spend(cwd=main)
    assert repo.replies() == {"total": 4, "carried": 3, "pending": 1}
    repo.git("--git-dir=.git", "config", "core.bare", "false", cwd=main)
    repo.path = main
    assert repo.replies() == {"total": 4, "carried": 3, "pending": 1}
    repo.change()
    repo.hooked("-m", "Main again")
    assert [line.tokens for line in repo.lines()] == [REPLY]
    assert repo.replies() == {"total": 4, "carried": 4}


def test_so_it_is_where_worktrees_have_settings_of_their_own(repo: Hooked, tree: Path) -> None:
    main = repo.path
    repo.git("config", "extensions.worktreeConfig", "true")
    repo.git("config", "--worktree", "core.bare", "true")
    repo.spend(cwd=main)
    repo.path = tree
    assert repo.replies() == {"total": 3, "carried": 2, "pending": 1}


def test_a_clone_that_was_first_seen_while_it_said_it_is_bare(repo: Hooked, tree: Path) -> None:
    main = repo.path
    repo.git("config", "core.bare", "true")
    repo.spend(cwd=main)
    repo.ledger_home.rename(repo.ledger_home.with_name("lost"))
    repo.path = tree
    assert repo.balance()["total"] == 3 * REPLY
    repo.git("--git-dir=.git", "config", "core.bare", "false", cwd=main)
    repo.path = main
    assert repo.balance()["total"] == 3 * REPLY


def test_a_bare_clone_is_still_none_that_has_a_main_worktree(repo: Hooked, tmp_path: Path) -> None:
    around = tmp_path / "around"
    around.mkdir()
    repo.git("clone", "-q", "--bare", str(repo.path), str(around / ".git"))
    repo.git("worktree", "add", "-q", str(around / "main"), "main", cwd=around / ".git")
    repo.path = around / "main"
    repo.enable()
    repo.work("In the worktree")
    assert repo.replies() == {"total": 1, "carried": 1}
    assert repo.tokcost("status", cwd=around).returncode == 3


@pytest.mark.parametrize("words", [["log"], ["status"], ["preview"], ["report"], ["doctor"], ["why"], ["budget"]])
def test_a_renamed_clone_is_found_by_any_command_in_it(repo: Hooked, words: list[str]) -> None:
    repo.work("One")
    repo.spend()
    repo.log()
    repo.path = repo.path.rename(repo.path.with_name("renamed"))
    assert repo.tokcost(*words).returncode in (0, 1, 2)
    assert repo.replies() == {"total": 2, "carried": 1, "pending": 1}
    repo.change()
    repo.hooked("-m", "Renamed")
    assert repo.replies() == {"total": 2, "carried": 2}
