"""Hooks without consent: what is spent belongs to commits on this machine alone, and no byte of it is published."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.hooked import NO_HOOKS, REPLY, Hooked, everywhere

BACKENDS = pytest.mark.parametrize("backend", ["--merge", "--apply"])


@pytest.fixture
def quiet(repo: Hooked) -> Iterator[Hooked]:
    """Hooks are installed, lines are off; at the end no message anywhere names us."""
    repo.disable()
    yield repo
    assert "AI-" not in repo.git("log", "--all", "--reflog", "--format=%B")


@everywhere
def test_what_is_spent_is_bound_to_the_commit(repo: Hooked) -> None:
    repo.disable()
    repo.work("One")
    repo.spend()
    assert repo.replies() == {"total": 2, "bound": 1, "pending": 1}
    assert repo.message() == "One"


def test_hooks_that_were_never_agreed_to_bind_as_well(repo: Hooked) -> None:
    repo.git("config", "--unset", "tokcost.enabled")
    repo.work("One")
    assert repo.replies() == {"total": 1, "bound": 1}
    assert repo.message() == "One"


@pytest.mark.parametrize("how", [("--no-edit",), ("-m", "Another")])
def test_an_amend_takes_it_along(repo: Hooked, how: tuple[str, ...]) -> None:
    repo.disable()
    repo.work("One")
    repo.spend()
    repo.change()
    repo.hooked("--amend", *how)
    assert repo.replies() == {"total": 2, "bound": 2}


def test_an_amend_without_hooks_is_followed_by_its_change(quiet: Hooked) -> None:
    quiet.work("One")
    quiet.now += 1
    quiet.git(*NO_HOOKS, "commit", "-q", "--amend", "-m", "By a tool")
    assert quiet.replies() == {"total": 1, "bound": 1}


MEASURED = (
    "import pathlib, resource, sys; from tokcost.services.refresh import refresh;"
    "refresh(pathlib.Path(sys.argv[1]), {'HOME': sys.argv[2]});"
    "own = int(pathlib.Path('/proc/self/status').read_text().partition('VmHWM:')[2].split()[0]);"
    "print(max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) >> 10)"
)


@pytest.mark.slow
@pytest.mark.parametrize("files", [(1, 90 << 20), (60, 3 << 20)], ids=["one file", "many files"])
def test_changes_are_compared_in_little_memory_however_large_those_are_that_were_fetched(
    quiet: Hooked, files: tuple[int, int]
) -> None:
    """A few kilobytes of a pack can hold any amount of text."""
    number, size = files
    theirs = quiet.path.parent / "theirs"
    quiet.git("clone", "-q", str(quiet.path), str(theirs))
    for one in range(number):
        with (theirs / f"large{one}").open("w") as stream:  # in pieces: what a test takes counts as its child's
            for _ in range(size >> 20):
                stream.write(f"{one:07d}\n" * (1 << 17))
    quiet.git("add", "-A", cwd=theirs)
    quiet.git(*NO_HOOKS, "commit", "-q", "-m", "Theirs", cwd=theirs)
    quiet.work("One")
    quiet.git("fetch", "-q", str(theirs), "main:refs/remotes/origin/main")
    quiet.now += 1
    quiet.git(*NO_HOOKS, "commit", "-q", "--amend", "-m", "By a tool")
    measured = [sys.executable, "-P", "-c", MEASURED, str(quiet.ledger_home), str(quiet.home)]
    assert int(subprocess.run(measured, capture_output=True, check=True, text=True).stdout) < 200
    assert quiet.replies() == {"total": 1, "bound": 1}


def test_an_amend_without_hooks_of_something_else_goes_back_to_pending(quiet: Hooked) -> None:
    quiet.work("One")
    quiet.change("other")
    quiet.git(*NO_HOOKS, "commit", "-q", "--amend", "-m", "By a tool")
    assert quiet.replies() == {"total": 1, "pending": 1}
    quiet.work("Two")
    assert quiet.replies() == {"total": 2, "bound": 2}


def feature(repo: Hooked) -> None:
    repo.switch("-c", "feat")
    for name in ("one", "two", "three"):
        repo.work(name.title(), name)
    repo.switch("main")
    repo.now += 1
    repo.git(*NO_HOOKS, "commit", "-q", "--allow-empty", "-m", "Upstream")
    repo.switch("feat")


@everywhere
def test_a_rebase_takes_it_along(repo: Hooked) -> None:
    repo.disable()
    feature(repo)
    assert repo.replies() == {"total": 3, "bound": 3}
    repo.rebase("main")
    assert repo.replies() == {"total": 3, "bound": 3}


@BACKENDS
def test_a_rebase_that_nobody_looked_before_takes_it_along(quiet: Hooked, backend: str) -> None:
    feature(quiet)
    quiet.rebase(backend, "main")
    quiet.git("reflog", "expire", "--expire=now", "--all")
    quiet.git("gc", "-q", "--prune=now")
    assert quiet.replies() == {"total": 3, "bound": 3}


@BACKENDS
def test_a_rebase_without_hooks_is_followed_by_its_changes(quiet: Hooked, backend: str) -> None:
    feature(quiet)
    quiet.log()
    quiet.now += 1
    quiet.git(*NO_HOOKS, "rebase", "-q", backend, "main")
    assert quiet.replies() == {"total": 3, "bound": 3}


@everywhere
def test_melted_commits_are_bound_to_one(repo: Hooked) -> None:
    repo.disable()
    feature(repo)
    repo.rebase("-i", "HEAD~3", todo="2s/^pick/squash/;3s/^pick/fixup/")
    assert repo.replies() == {"total": 3, "bound": 3}


def test_a_dropped_commit_lets_go_of_it(quiet: Hooked) -> None:
    feature(quiet)
    quiet.rebase("-i", "HEAD~3", todo="2d")
    assert quiet.replies() == {"total": 3, "bound": 2, "pending": 1}
    quiet.work("Four")
    assert quiet.replies() == {"total": 4, "bound": 4}


def test_a_rebase_that_is_given_up_changes_nothing(quiet: Hooked) -> None:
    feature(quiet)
    quiet.rebase("-i", "HEAD~3", todo="2s/^pick/fixup/;3s/.*/break/")
    quiet.spend()
    quiet.log()
    quiet.run("rebase", "--abort")
    assert quiet.replies() == {"total": 4, "bound": 3, "pending": 1}


@pytest.mark.parametrize("mode", ["--soft", "--hard"])
def test_a_reset_lets_go_of_it(quiet: Hooked, mode: str) -> None:
    quiet.work("One")
    quiet.git("reset", "-q", mode, "HEAD~1")
    assert quiet.replies() == {"total": 1, "pending": 1}
    quiet.work("Again")
    assert quiet.replies() == {"total": 2, "bound": 2}


def test_a_reset_that_is_undone_never_counts_twice(quiet: Hooked) -> None:
    quiet.work("One")
    quiet.git("reset", "-q", "--hard", "HEAD~1")
    quiet.work("Two", "two")
    quiet.git("branch", "back", "HEAD@{2}")
    found = quiet.replies()
    assert found == {"total": 2, "bound": 2}


def test_a_pick_and_its_source_count_once(quiet: Hooked) -> None:
    feature(quiet)
    quiet.switch("main")
    quiet.now += 1
    quiet.run("cherry-pick", "feat")
    assert quiet.replies() == {"total": 3, "bound": 3}
    quiet.git("branch", "-q", "-D", "feat")
    assert quiet.replies() == {"total": 3, "bound": 1, "pending": 2}


def test_a_merge_commit_binds_what_was_spent_on_the_target(quiet: Hooked) -> None:
    feature(quiet)
    quiet.switch("main")
    quiet.spend()
    quiet.now += 1
    quiet.run("merge", "-q", "--no-ff", "--no-edit", "feat")
    assert quiet.replies() == {"total": 4, "bound": 4}


def test_a_squash_leaves_what_it_cannot_tell_pending(quiet: Hooked) -> None:
    feature(quiet)
    quiet.switch("main")
    quiet.run("merge", "-q", "--squash", "feat")
    quiet.now += 1
    quiet.hooked("--no-edit")
    assert quiet.replies() == {"total": 3, "bound": 3}
    quiet.git("branch", "-q", "-D", "feat")
    found = quiet.replies()
    assert (found["total"], found.get("bound", 0) + found.get("pending", 0)) == (3, 3)


def test_agreeing_later_publishes_only_what_is_pending_since(repo: Hooked) -> None:
    repo.disable()
    repo.work("Before")
    repo.spend()
    repo.enable()
    repo.work("After")
    assert [line.tokens for line in repo.lines()] == [2 * REPLY]
    assert repo.replies() == {"total": 3, "bound": 1, "carried": 2}


def test_agreeing_later_never_publishes_what_was_bound_before(repo: Hooked) -> None:
    """Not even when its commit goes: what was spent while lines were off stays here."""
    repo.disable()
    repo.work("Before")
    repo.enable()
    repo.change()
    repo.hooked("--amend", "--no-edit")
    assert repo.lines() == []
    assert repo.replies() == {"total": 1, "withheld": 1}
    repo.spend()
    repo.change()
    repo.hooked("--amend", "--no-edit")
    assert [line.tokens for line in repo.lines()] == [REPLY]
    assert repo.replies() == {"total": 2, "withheld": 1, "carried": 1}


def test_stopping_keeps_what_is_published(repo: Hooked) -> None:
    repo.work("Before")
    repo.disable()
    repo.work("After")
    assert [len(repo.lines(one)) for one in ("HEAD", "HEAD~1")] == [0, 1]
    assert repo.replies() == {"total": 2, "carried": 1, "bound": 1}
    repo.spend()
    repo.rebase("-i", "HEAD~2", todo="2s/^pick/fixup/")
    assert repo.replies()["total"] == 3
    repo.enable()
    repo.work("Again")
    assert repo.replies()["total"] == 4
    assert "pending" not in repo.replies()


def test_a_published_line_that_is_lost_while_lines_are_off_waits(repo: Hooked) -> None:
    repo.work("Before")
    repo.disable()
    repo.change()
    repo.hooked("--amend", "-m", "Without it")
    assert repo.replies() == {"total": 1, "pending": 1}
    repo.work("Quiet")
    assert repo.lines() == []
    assert repo.replies() == {"total": 2, "pending": 1, "bound": 1}
    repo.enable()
    repo.work("Loud")
    assert repo.replies() == {"total": 3, "bound": 1, "carried": 2}


def test_a_worktree_added_later_binds_too(quiet: Hooked, tmp_path: Path) -> None:
    quiet.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    quiet.now += 1
    quiet.work("There", "there", cwd=tmp_path / "side")
    assert quiet.replies() == {"total": 1, "bound": 1}
