"""Clones that are broken for a while: what is spent then is placed, at the latest once they are repaired."""

from pathlib import Path

import pytest

from support.hooked import REPLY, Hooked
from support.tables import few


@pytest.fixture
def tree(repo: Hooked) -> Path:
    """A linked worktree with a commit of its own."""
    path = repo.path.parent / "tree"
    repo.work("One")
    repo.git("worktree", "add", "-q", "-b", "side", str(path))
    repo.now += 1
    repo.work("Two", cwd=path)
    return path


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


@pytest.mark.few
@pytest.mark.parametrize("text", ["", "garbage\n", None], ids=["empty", "garbage", "gone"])
def test_what_was_spent_while_HEAD_was_broken_is_placed_once_it_is_repaired(repo: Hooked, text: str | None) -> None:
    repo.work("One")
    head = repo.common_dir / "HEAD"
    before = head.read_text()
    if text is None:
        head.unlink()
    else:
        head.write_text(text)
    repo.spend()
    repo.tokcost("log", "--all-repos")
    head.write_text(before)
    assert repo.replies() == {"total": 2, "carried": 1, "pending": 1}
    repo.change()
    repo.hooked("-m", "Next")
    assert [line.tokens for line in repo.lines()] == [REPLY]
    assert repo.replies() == {"total": 2, "carried": 2}


@pytest.mark.few
@pytest.mark.parametrize("part", ["HEAD", "objects", "refs", "config"])
def test_what_was_spent_while_a_part_of_the_repository_was_away_is_placed_afterwards(repo: Hooked, part: str) -> None:
    repo.work("One")
    where = repo.common_dir / part
    where.rename(where.with_name("aside"))
    repo.spend()
    repo.tokcost("log", "--all-repos")
    where.with_name("aside").rename(where)
    assert repo.replies() == {"total": 2, "carried": 1, "pending": 1}


def test_what_was_spent_before_git_init_ran_again_is_placed(repo: Hooked, tmp_path: Path) -> None:
    """A `.git` that was moved away for a while."""
    repo.work("One")
    (repo.path / ".git").rename(tmp_path / "aside")
    repo.spend()
    repo.tokcost("log", "--all-repos")
    (tmp_path / "aside").rename(repo.path / ".git")
    assert repo.replies() == {"total": 2, "carried": 1, "pending": 1}


def test_what_another_repository_spent_in_the_same_folder_stays_its_own(repo: Hooked, tmp_path: Path) -> None:
    repo.work("One")
    (repo.path / ".git").rename(tmp_path / "first.git")
    repo.spend()
    repo.tokcost("log", "--all-repos")
    repo.git("init", "-q", "-b", "other")
    repo.change()
    repo.git("commit", "-q", "-m", "Another project")
    repo.spend()
    assert repo.balance() == {"total": REPLY, "pending": REPLY}
    (repo.path / ".git").rename(tmp_path / "second.git")
    (tmp_path / "first.git").rename(repo.path / ".git")
    assert repo.balance() == {"total": REPLY, "carried": REPLY}


@pytest.mark.few
@pytest.mark.parametrize(
    "words", few([["log"], ["status"], ["preview"], ["report"], ["doctor"], ["why"], ["budget"]], 4)
)
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


def test_a_linked_worktree_goes_on_while_the_main_one_has_no_head(repo: Hooked) -> None:
    """git asks for HEAD in the folder of the worktree alone."""
    linked = repo.path.parent / "beside"
    repo.git("worktree", "add", "-q", "-b", "side", str(linked))
    (repo.path / ".git/HEAD").rename(repo.path / ".git/HEAD.gone")
    repo.work("One", cwd=linked)
    done = repo.tokcost("status", cwd=linked)
    assert (done.returncode, "side" in done.stdout) == (0, True), done.stderr
    (repo.path / ".git/HEAD.gone").rename(repo.path / ".git/HEAD")
    assert repo.replies() == {"total": 1, "carried": 1}
    assert repo.tokcost("log", cwd=linked).returncode == 0
