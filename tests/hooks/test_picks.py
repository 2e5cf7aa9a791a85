"""Cherry-picks and reverts with our hooks: a copy of a line counts once, and nothing new is proposed."""

import pytest

from support.hooked import NO_HOOKS, REPLY, Hooked, everywhere


def feature(repo: Hooked) -> None:
    """`feat` with One and Two; HEAD is on main, which has a commit of its own."""
    repo.switch("-c", "feat")
    for name in ("one", "two"):
        repo.work(name.title(), name)
    repo.switch("main")
    repo.change("main")
    repo.git(*NO_HOOKS, "commit", "-q", "-m", "Main")


def pick(repo: Hooked, *args: str, ok: bool = True, **more: object) -> None:
    repo.now += 1
    repo.run("cherry-pick", *args, ok=ok, **more)  # type: ignore[arg-type]


@pytest.mark.few
@pytest.mark.parametrize("args", [("feat",), ("-x", "feat"), ("feat~2..feat",), ("--ff", "feat")])
def test_a_picked_commit_counts_once(repo: Hooked, args: tuple[str, ...]) -> None:
    feature(repo)
    repo.spend()
    pick(repo, *args)
    assert [line.tokens for line in repo.lines()] == [REPLY]
    assert repo.replies() == {"total": 3, "carried": 2, "pending": 1}
    repo.work("More")
    repo.git("branch", "-q", "-D", "feat")
    found = repo.replies()
    assert found["carried"] == (4 if ".." in args[-1] else 3)
    assert found.get("pending", 0) == 4 - found["carried"]


def test_a_pick_in_the_editor(repo: Hooked) -> None:
    feature(repo)
    repo.spend()
    pick(repo, "-e", "feat", env=repo.editor('sed -i "1s/.*/Picked/" "$1"'))
    assert len(repo.lines()) == 1
    assert repo.replies() == {"total": 3, "carried": 2, "pending": 1}


@pytest.mark.few
@pytest.mark.parametrize("finish", [("cherry-pick", "--continue"), ("commit", "--no-edit"), ("commit", "-m", "Mine")])
def test_a_pick_with_a_conflict(repo: Hooked, finish: tuple[str, ...]) -> None:
    feature(repo)
    repo.work("Clash", "one")
    pick(repo, "feat~1", ok=False)
    repo.spend()
    repo.change("one")
    repo.run(*finish)
    assert len(repo.lines()) == (0 if "-m" in finish else 1)
    assert repo.replies() == {"total": 4, "carried": 3, "pending": 1}
    repo.work("More")
    assert repo.replies() == {"total": 5, "carried": 5}


@pytest.mark.few
@pytest.mark.parametrize("finish", ["--abort", "--skip", "--quit"])
def test_a_pick_that_is_given_up(repo: Hooked, finish: str) -> None:
    feature(repo)
    repo.work("Clash", "one")
    pick(repo, "feat~1", ok=False)
    repo.spend()
    repo.run("cherry-pick", finish)
    repo.git("reset", "-q", "--hard")
    repo.work("More")
    assert repo.replies() == {"total": 5, "carried": 5}


def test_picks_without_commits_are_a_commit_of_ones_own(repo: Hooked) -> None:
    feature(repo)
    pick(repo, "-n", "feat~1", "feat")
    repo.spend()
    repo.now += 1
    repo.hooked("-m", "Two and three")
    assert [line.tokens for line in repo.lines()] == [REPLY]
    assert repo.replies() == {"total": 3, "carried": 3}


@everywhere
def test_a_backport_to_a_release_branch_counts_once(repo: Hooked) -> None:
    repo.git("branch", "release")
    repo.work("Fix", "fix")
    repo.switch("release")
    pick(repo, "-x", "main")
    assert repo.lines() == repo.lines("main")
    repo.work("Release", "notes")
    assert repo.replies() == {"total": 2, "carried": 2}


def test_a_picked_commit_that_is_amended_raises_the_claim(repo: Hooked) -> None:
    feature(repo)
    pick(repo, "feat")
    repo.spend()
    repo.hooked("--amend", "--no-edit")
    (raised,) = repo.lines()
    assert (raised.version, raised.tokens) == (2, 2 * REPLY)
    assert [line.version for line in repo.lines("feat")] == [1]
    assert repo.replies() == {"total": 3, "carried": 3}


@everywhere
def test_a_revert_proposes_nothing(repo: Hooked) -> None:
    repo.work("One")
    repo.spend()
    repo.now += 1
    repo.run("revert", "--no-edit", "HEAD")
    assert repo.lines() == []
    assert repo.replies() == {"total": 2, "carried": 1, "pending": 1}
    repo.work("More")
    assert repo.replies() == {"total": 3, "carried": 3}


def test_a_revert_of_a_revert_counts_nothing_twice(repo: Hooked) -> None:
    repo.work("One")
    for _ in range(2):
        repo.now += 1
        repo.run("revert", "--no-edit", "HEAD")
    assert repo.message().startswith(("Reapply", 'Revert "Revert'))
    assert repo.lines() == []
    assert repo.replies() == {"total": 1, "carried": 1}


def test_a_revert_with_a_conflict(repo: Hooked) -> None:
    repo.work("One")
    repo.work("Two")
    repo.now += 1
    repo.run("revert", "--no-edit", "HEAD~1", ok=False)
    repo.spend()
    repo.change()
    repo.run("revert", "--continue")
    assert repo.lines() == []
    assert repo.replies() == {"total": 3, "carried": 2, "pending": 1}


def test_a_revert_without_a_commit_is_a_commit_of_ones_own(repo: Hooked) -> None:
    repo.work("One")
    repo.run("revert", "-n", "HEAD")
    repo.spend()
    repo.now += 1
    repo.hooked("-m", "Take it back, differently")
    found = repo.replies()
    assert (found["total"], found["carried"] + found.get("pending", 0)) == (2, 2)
    repo.work("More")
    assert repo.replies() == {"total": 3, "carried": 3}
