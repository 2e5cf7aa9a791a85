"""Which refs count: what is published carries a line, what another tool keeps to itself does not."""

import os
from pathlib import Path

import pytest

from support.hooked import REPLY, Hooked

PRIVATE = (
    "refs/bisect/bad",
    "refs/branchless/0123",
    "refs/gitbutler/x",
    "refs/jj/keep/0123",
    "refs/notes/kept",
    "refs/original/refs/heads/main",
    "refs/pull/1/head",
    "refs/replace/0123456789012345678901234567890123456789",
    "refs/stacks/main",
    "refs/wip/wtree/refs/heads/main",
    "refs/worktree/x",
)
PUBLISHED = ("refs/heads/other", "refs/remotes/origin/main", "refs/tags/v1", "refs/tags/deep/er")


def lose(repo: Hooked) -> None:
    """Take the line of the last commit out of the branch, as `git commit --amend -m` does."""
    repo.change()
    repo.hooked("--amend", "-m", "Another message")
    repo.git("reflog", "expire", "--expire=now", "--all")


def test_a_line_that_only_refs_of_other_tools_hold_is_written_again(repo: Hooked) -> None:
    repo.work("One")
    for ref in PRIVATE:
        repo.git("update-ref", ref, "HEAD")
    (line,) = repo.lines()
    lose(repo)
    assert repo.replies() == {"total": 1, "pending": 1}
    repo.change()
    repo.hooked("-m", "Next")
    assert repo.lines() == [line]
    assert repo.replies() == {"total": 1, "carried": 1}


def test_so_it_is_where_these_refs_are_packed(repo: Hooked) -> None:
    repo.work("One")
    for ref in PRIVATE:
        repo.git("update-ref", ref, "HEAD")
    repo.git("pack-refs", "--all")
    lose(repo)
    assert repo.replies() == {"total": 1, "pending": 1}


def test_a_stash_carries_nothing(repo: Hooked) -> None:
    repo.work("One")
    repo.change()
    repo.git("stash", "-q")
    lose(repo)
    assert repo.replies() == {"total": 1, "pending": 1}


@pytest.mark.few
@pytest.mark.parametrize("ref", PUBLISHED)
@pytest.mark.parametrize("packed", [False, True], ids=["loose", "packed"])
def test_a_line_that_a_published_ref_has_is_not_written_again(repo: Hooked, ref: str, packed: bool) -> None:
    repo.work("One")
    repo.git("update-ref", ref, "HEAD")
    if packed:
        repo.git("pack-refs", "--all")
    lose(repo)
    assert repo.replies() == {"total": 1, "carried": 1}
    repo.change()
    repo.hooked("-m", "Next")
    assert repo.lines() == []


def test_a_detached_worktree_carries_what_it_is_at(repo: Hooked) -> None:
    repo.work("One")
    repo.git("worktree", "add", "-q", "--detach", "../aside", "HEAD")
    lose(repo)
    repo.log()
    assert repo.balance() == {"total": REPLY, "carried": REPLY}


def packed_refs(repo: Hooked, names: list[str]) -> None:
    """Write refs into the common file, as git does."""
    repo.git("pack-refs", "--all")
    path = repo.common_dir / "packed-refs"
    tip = repo.id()
    lines = [*path.read_text().splitlines()[1:], *(f"{tip} {name}" for name in names)]
    header = "# pack-refs with: peeled fully-peeled sorted \n"
    path.write_text(header + "".join(f"{one}\n" for one in sorted(lines, key=lambda line: line[41:])))


def loose_refs(repo: Hooked, names: list[str]) -> None:
    """Write refs into files of their own."""
    tip = repo.id()
    for name in names:
        path = repo.common_dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{tip}\n")


@pytest.mark.parametrize(("kind", "count"), [("packed", 20_000), ("loose", 2_000)])
def test_a_line_is_written_and_written_again_beside_many_refs_of_others(repo: Hooked, kind: str, count: int) -> None:
    repo.work("One")
    names = [f"refs/remotes/origin/pull/{n // 100:04}/{n:06}" for n in range(count)]
    (packed_refs if kind == "packed" else loose_refs)(repo, names)
    repo.work("Two")
    assert [line.tokens for line in repo.lines()] == [REPLY]
    assert repo.replies() == {"total": 2, "carried": 2}
    repo.git("reset", "-q", "--hard", "HEAD~1")
    repo.change()
    repo.hooked("-m", "Without the second")
    assert repo.replies() == {"total": 2, "carried": 2}


def test_a_clone_with_very_many_branches_has_its_settings_and_its_line(repo: Hooked) -> None:
    config = repo.common_dir / "config"
    many = "".join(
        f'[branch "team/feature-{n}"]\n\tremote = origin\n\tmerge = refs/heads/team/feature-{n}\n'
        for n in range(20_000)
    )
    config.write_text(many + config.read_text() + many.replace("team", "more"))
    repo.work("One")
    assert [line.tokens for line in repo.lines()] == [REPLY]
    assert repo.replies() == {"total": 1, "carried": 1}


def test_a_ref_that_is_a_pipe_keeps_nobody_waiting(repo: Hooked) -> None:
    repo.work("One")
    os.mkfifo(Path(repo.common_dir) / "refs/heads/pipe")
    repo.spend()
    repo.log()
