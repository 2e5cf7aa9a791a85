"""Moving between branches and worktrees with our hooks: what was spent goes where the work goes."""

import pytest

from support.hooked import REPLY, Hooked, everywhere


def test_a_soft_reset_and_one_commit_instead_of_two(repo: Hooked) -> None:
    repo.work("One", "one")
    repo.work("Two", "two")
    repo.git("reset", "-q", "--soft", "HEAD~2")
    assert repo.replies() == {"total": 2, "pending": 2}
    repo.now += 1
    repo.hooked("-m", "Both")
    assert [line.tokens for line in repo.lines()] == [REPLY, REPLY]
    assert repo.replies() == {"total": 2, "carried": 2}


def test_a_mixed_reset_and_new_spend(repo: Hooked) -> None:
    repo.work("One")
    repo.git("reset", "-q", "HEAD~1")
    repo.work("Again")
    assert sum(line.tokens for line in repo.lines()) == 2 * REPLY
    assert repo.replies() == {"total": 2, "carried": 2}


def test_a_hard_reset_and_the_same_again(repo: Hooked) -> None:
    repo.work("One")
    repo.git("reset", "-q", "--hard", "HEAD~1")
    assert repo.replies() == {"total": 1, "pending": 1}
    repo.work("Again")
    assert sum(line.tokens for line in repo.lines()) == 2 * REPLY
    assert repo.replies() == {"total": 2, "carried": 2}


def test_a_reset_that_is_undone(repo: Hooked) -> None:
    repo.work("One")
    repo.git("reset", "-q", "--hard", "HEAD~1")
    assert repo.replies() == {"total": 1, "pending": 1}
    repo.git("reset", "-q", "--hard", "HEAD@{1}")
    assert repo.replies() == {"total": 1, "carried": 1}


def test_a_reset_that_is_undone_after_its_line_was_written_again(repo: Hooked) -> None:
    """The same id is on two commits then, and counts once."""
    lost = repo.work("One", "one")
    repo.git("reset", "-q", "--hard", "HEAD~1")
    repo.work("Two", "two")
    repo.now += 1
    repo.run("merge", "-q", "--no-edit", lost)
    assert {line.id for line in repo.lines(lost)} <= {line.id for line in repo.lines("HEAD^1")}
    assert repo.replies() == {"total": 2, "carried": 2}


def test_a_soft_reset_and_the_old_message(repo: Hooked) -> None:
    """`git commit -C ORIG_HEAD`: the message brings its line along."""
    repo.work("One")
    repo.git("reset", "-q", "--soft", "HEAD~1")
    repo.spend()
    repo.now += 1
    repo.hooked("-C", "ORIG_HEAD")
    assert sorted(line.tokens for line in repo.lines()) in ([REPLY, REPLY], [2 * REPLY])
    assert repo.replies() == {"total": 2, "carried": 2}


def test_a_stash_is_taken_to_another_branch(repo: Hooked) -> None:
    """The spend stays on the branch where it happened."""
    repo.git("branch", "other")
    repo.spend()
    repo.change()
    repo.git("stash", "push", "-q")
    repo.switch("other")
    repo.now += 1
    repo.spend()
    repo.git("stash", "pop", "-q")
    repo.change()
    repo.hooked("-m", "There")
    assert repo.replies() == {"total": 2, "carried": 1, "pending": 1}
    repo.switch("main")
    repo.work("Here")
    assert repo.replies() == {"total": 3, "carried": 3}


@everywhere
def test_work_begun_on_main_goes_along_to_a_new_branch(repo: Hooked) -> None:
    repo.work("On main")
    repo.spend()
    repo.switch("-c", "feat/x")
    repo.work("On the branch")
    assert [line.tokens for line in repo.lines()] == [2 * REPLY]
    assert repo.replies() == {"total": 3, "carried": 3}


def test_work_begun_on_main_goes_along_although_a_commit_was_tried_there(repo: Hooked) -> None:
    repo.spend()
    repo.change()
    repo.hooked(ok=False, env=repo.editor(': > "$1"'))
    repo.switch("-c", "feat/x")
    repo.hooked("-m", "On the branch")
    assert [line.tokens for line in repo.lines()] == [REPLY]
    assert repo.replies() == {"total": 1, "carried": 1}
    assert [row.branch for row in repo.log().branches if row.split.total.usage] == ["feat/x"]


@pytest.mark.parametrize("how", [("checkout", "-q", "-b"), ("switch", "-q", "-C")])
def test_work_goes_along_however_the_branch_is_made(repo: Hooked, how: tuple[str, ...]) -> None:
    repo.spend()
    repo.git(*how, "feat/x")
    repo.work("On the branch")
    assert [line.tokens for line in repo.lines()] == [2 * REPLY]
    assert repo.replies() == {"total": 2, "carried": 2}


def test_work_goes_along_over_two_branches(repo: Hooked) -> None:
    repo.spend()
    repo.switch("-c", "feat/x")
    repo.now += 1
    repo.spend()
    repo.switch("-c", "feat/y")
    repo.work("At last")
    assert [line.tokens for line in repo.lines()] == [3 * REPLY]
    assert repo.replies() == {"total": 3, "carried": 3}


@everywhere
def test_two_branches_in_turn(repo: Hooked) -> None:
    repo.git("branch", "a")
    repo.git("branch", "b")
    for _ in range(2):
        for branch in ("a", "b"):
            repo.switch(branch)
            repo.now += 1
            repo.spend()
    for branch in ("a", "b"):
        repo.now += 1
        repo.switch(branch)
        repo.change(branch)
        repo.hooked("-m", branch)
        assert [line.tokens for line in repo.lines()] == [2 * REPLY]
    assert repo.replies() == {"total": 4, "carried": 4}


def test_two_worktrees_at_once(repo: Hooked) -> None:
    other = repo.path.parent / "other"
    repo.git("worktree", "add", "-q", "-b", "feat/x", str(other))
    repo.now += 1
    for _ in range(2):
        repo.spend()
        repo.spend(cwd=other)
    repo.change("here")
    repo.hooked("-m", "Here")
    assert repo.replies() == {"total": 4, "carried": 2, "pending": 2}
    repo.change("there", cwd=other)
    repo.hooked("-m", "There", cwd=other)
    assert [line.tokens for line in repo.lines("feat/x")] == [2 * REPLY]
    assert repo.replies() == {"total": 4, "carried": 4}


def test_a_worktree_that_is_removed_leaves_its_lines(repo: Hooked) -> None:
    other = repo.path.parent / "other"
    repo.git("worktree", "add", "-q", "-b", "feat/x", str(other))
    repo.now += 1
    repo.work("There", "there", cwd=other)
    repo.spend(cwd=other)
    repo.log()
    repo.git("worktree", "remove", "--force", str(other))
    assert repo.replies() == {"total": 2, "carried": 1, "pending": 1}
    repo.switch("feat/x")
    repo.work("Here")
    assert repo.replies() == {"total": 3, "carried": 3}


def test_a_commit_on_a_detached_head_of_a_worktree_keeps_its_line(repo: Hooked) -> None:
    """A line that only a detached HEAD carries is carried, until HEAD goes elsewhere."""
    repo.work("One")
    repo.git("switch", "-q", "--detach")
    repo.git("branch", "-q", "-f", "main", "HEAD~1")
    assert repo.replies() == {"total": 1, "carried": 1}
    repo.switch("main")
    assert repo.replies() == {"total": 1, "pending": 1}
    repo.work("Two")
    assert repo.replies() == {"total": 2, "carried": 2}


def test_a_renamed_branch_keeps_what_is_pending(repo: Hooked) -> None:
    repo.switch("-c", "feat/x")
    repo.work("One")
    repo.git("reset", "-q", "--hard", "HEAD~1")
    repo.spend()
    repo.git("branch", "-m", "feat/y")
    repo.work("Two")
    assert sum(line.tokens for line in repo.lines()) == 3 * REPLY
    assert repo.replies() == {"total": 3, "carried": 3}


def test_a_branch_that_is_deleted_unmerged_keeps_its_spend_pending(repo: Hooked) -> None:
    repo.switch("-c", "feat/x")
    lost = repo.work("One")
    repo.spend()
    repo.switch("main")
    repo.git("branch", "-q", "-D", "feat/x")
    assert repo.replies() == {"total": 2, "pending": 2}
    repo.work("Elsewhere", "elsewhere")
    assert repo.replies() == {"total": 3, "carried": 1, "pending": 2}
    repo.git("branch", "feat/x", lost)
    assert repo.replies() == {"total": 3, "carried": 2, "pending": 1}
    repo.switch("feat/x")
    repo.work("Back again")
    assert repo.replies() == {"total": 4, "carried": 4}


def test_a_branch_that_is_deleted_merged_loses_nothing(repo: Hooked) -> None:
    repo.switch("-c", "feat/x")
    repo.work("One")
    repo.switch("main")
    repo.run("merge", "-q", "--ff-only", "feat/x")
    repo.git("branch", "-q", "-d", "feat/x")
    assert repo.replies() == {"total": 1, "carried": 1}


def test_a_branch_that_is_deleted_and_begun_anew(repo: Hooked) -> None:
    repo.switch("-c", "feat/x")
    repo.work("One")
    repo.switch("main")
    repo.git("branch", "-q", "-D", "feat/x")
    repo.now += 1
    repo.switch("-c", "feat/x")
    repo.work("Anew")
    assert repo.replies() == {"total": 2, "carried": 2}


def test_an_orphan_branch(repo: Hooked) -> None:
    repo.work("One")
    repo.now += 1
    repo.switch("--orphan", "pages")
    repo.work("Pages")
    assert [line.tokens for line in repo.lines()] == [REPLY]
    assert repo.replies() == {"total": 2, "carried": 2}


def test_a_tag_keeps_a_line_alive(repo: Hooked) -> None:
    repo.work("One")
    repo.git("tag", "v1")
    repo.git("reset", "-q", "--hard", "HEAD~1")
    assert repo.replies() == {"total": 1, "carried": 1}
    repo.git("tag", "-d", "v1")
    assert repo.replies() == {"total": 1, "pending": 1}


@pytest.mark.parametrize("annotated", [True, False])
def test_packed_refs_and_collected_garbage_change_nothing(repo: Hooked, annotated: bool) -> None:
    repo.work("One")
    repo.git("tag", *(("-a", "-m", "Version") if annotated else ()), "v1")
    repo.git("reset", "-q", "--hard", "HEAD~1")
    repo.git("reflog", "expire", "--expire=never", "--expire-unreachable=now", "--all")
    repo.git("gc", "-q", "--prune=now")
    assert repo.replies() == {"total": 1, "carried": 1}
    repo.git("tag", "-d", "v1")
    repo.git("gc", "-q", "--prune=now")
    assert repo.replies() == {"total": 1, "pending": 1}
    repo.work("Two")
    assert repo.replies() == {"total": 2, "carried": 2}
