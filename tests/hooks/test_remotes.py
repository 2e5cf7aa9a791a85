"""Several clones with our hooks: what others fetch, overwrite and rebase counts once in each developer's ledger."""

from pathlib import Path

import pytest

from support.hooked import REPLY, Hooked
from tokcost.model.trailer import highest, read_message


@pytest.fixture
def remote(repo: Hooked) -> Path:
    """A bare repository that the clone pushes to."""
    path = repo.path.parent / "remote.git"
    repo.git("init", "-q", "--bare", "-b", "main", str(path))
    repo.git("remote", "add", "origin", str(path))
    repo.git("push", "-q", "-u", "origin", "main")
    return path


class Colleague(Hooked):
    """Somebody else with a ledger of their own, in a clone of their own."""

    def __init__(self, path: Path, remote: Path, start: int) -> None:
        path.mkdir()
        super().__init__(path)
        self.now = start
        self.git("remote", "add", "origin", str(remote))
        self.git("fetch", "-q")
        self.git("switch", "-q", "-C", "main", "origin/main")


def colleague(repo: Hooked, remote: Path) -> Colleague:
    return Colleague(repo.path.parent / "colleague", remote, repo.now)


def see(repo: Hooked, other: Hooked) -> None:
    """What a colleague published is theirs."""
    repo.others |= other.published().keys() - other.others


def test_a_pushed_line_is_carried_wherever_the_branch_goes(repo: Hooked, remote: Path) -> None:
    repo.work("One")
    repo.git("push", "-q")
    repo.git("reset", "-q", "--hard", "HEAD~1")
    assert repo.replies() == {"total": 1, "carried": 1}
    repo.work("Two")
    assert [line.tokens for line in repo.lines()] == [REPLY]
    assert repo.replies() == {"total": 2, "carried": 2}


def test_a_forced_push_lets_the_line_be_written_again(repo: Hooked, remote: Path) -> None:
    repo.work("One")
    repo.git("push", "-q")
    repo.git("reset", "-q", "--hard", "HEAD~1")
    repo.git("push", "-q", "--force")
    assert repo.replies() == {"total": 1, "pending": 1}
    repo.work("Two")
    repo.git("push", "-q")
    assert repo.replies() == {"total": 2, "carried": 2}


def test_somebody_elses_forced_push_loses_nothing(repo: Hooked, remote: Path) -> None:
    repo.work("One")
    repo.git("push", "-q")
    other = colleague(repo, remote)
    other.others = set(repo.published())
    other.git("reset", "-q", "--hard", "HEAD~1")
    other.work("Mine instead", "mine")
    other.git("push", "-q", "--force", "origin", "main")
    see(repo, other)
    repo.git("fetch", "-q")
    repo.git("reset", "-q", "--hard", "origin/main")
    assert repo.replies() == {"total": 1, "pending": 1}
    repo.work("One again")
    assert repo.replies() == {"total": 2, "carried": 2}
    assert other.replies() == {"total": 1, "carried": 1}


def test_somebody_elses_claims_are_not_ours(repo: Hooked, remote: Path) -> None:
    other = colleague(repo, remote)
    other.work("Theirs", "theirs")
    other.git("push", "-q", "origin", "main")
    see(repo, other)
    repo.git("pull", "-q")
    assert repo.balance() == {}
    repo.work("Ours", "ours")
    repo.git("push", "-q")
    other.others = set(repo.published())
    other.git("pull", "-q", "origin", "main")
    assert repo.replies() == other.replies() == {"total": 1, "carried": 1}
    everything = highest(read_message(repo.git("log", "--format=%B%n")).lines)
    assert sum(line.tokens for line in everything.values()) == 2 * REPLY


@pytest.mark.parametrize("how", [("--rebase",), ("--no-rebase", "--no-edit")])
def test_a_pull_keeps_both_sides(repo: Hooked, remote: Path, how: tuple[str, ...]) -> None:
    other = colleague(repo, remote)
    other.work("Theirs", "theirs")
    other.git("push", "-q", "origin", "main")
    see(repo, other)
    repo.work("Ours", "ours")
    repo.spend()
    repo.now += 1
    repo.run("pull", "-q", *how)
    assert repo.replies()["total"] == 2
    repo.work("More")
    assert repo.replies() == {"total": 3, "carried": 3}


def test_a_squash_of_somebody_elses_branch_keeps_their_lines(repo: Hooked, remote: Path) -> None:
    other = colleague(repo, remote)
    other.switch("-c", "feat")
    other.work("Theirs 1", "one")
    other.work("Theirs 2", "two")
    other.git("push", "-q", "origin", "feat")
    see(repo, other)
    repo.git("fetch", "-q")
    repo.run("merge", "-q", "--squash", "origin/feat")
    repo.spend()
    repo.hooked("--no-edit")
    assert len(repo.lines()) == 3
    assert {line.id for line in repo.lines()} >= repo.others
    assert repo.replies() == {"total": 1, "carried": 1}


def test_a_rebase_of_somebody_elses_fixup_keeps_their_line(repo: Hooked, remote: Path) -> None:
    other = colleague(repo, remote)
    other.work("Theirs 1", "one")
    other.work("Theirs 2", "two")
    other.git("push", "-q", "origin", "main")
    see(repo, other)
    repo.git("pull", "-q")
    repo.rebase("-i", "HEAD~2", todo="2s/^pick/fixup/")
    assert {line.id for line in repo.lines()} == repo.others


def test_a_clone_without_a_ledger_amends_and_squashes_as_it_likes(repo: Hooked, remote: Path) -> None:
    """Lines are plain text: somebody who never heard of tokcost carries them along."""
    repo.work("One", "one")
    repo.work("Two", "two")
    repo.git("push", "-q")
    clone = repo.path.parent / "clone"
    repo.git("clone", "-q", str(remote), str(clone))
    repo.git("reset", "-q", "--soft", "HEAD~1", cwd=clone)
    repo.git("commit", "-q", "--amend", "-m", repo.message() + "\n\n" + repo.message("HEAD~1"), cwd=clone)
    repo.git("push", "-q", "--force", cwd=clone)
    repo.git("fetch", "-q")
    repo.git("reset", "-q", "--hard", "origin/main")
    assert repo.replies() == {"total": 2, "carried": 2}


def test_a_clone_of_ones_own_with_the_same_ledger_publishes_nothing_twice(repo: Hooked, remote: Path) -> None:
    """Usage belongs to the clone it happened in; lines of the other clone are there somebody's who is known."""
    repo.work("One")
    repo.git("push", "-q")
    clone = repo.path.parent / "clone"
    repo.git("clone", "-q", str(remote), str(clone))
    first = Hooked.__new__(Hooked)
    first.__dict__.update(repo.__dict__)
    first.path = clone
    first.enable()
    first.spend()
    first.change()
    first.hooked("-m", "In the other clone")
    assert [line.tokens for line in first.lines()] == [REPLY]
    first.others = set(repo.published())
    assert first.replies() == {"total": 1, "carried": 1}
    assert repo.replies() == {"total": 1, "carried": 1}


def test_an_amend_in_another_clone_of_ones_own_adds_a_line(repo: Hooked, remote: Path) -> None:
    """A claim is raised where its usage is; elsewhere it is somebody's."""
    repo.work("One")
    repo.git("push", "-q")
    clone = repo.path.parent / "clone"
    repo.git("clone", "-q", str(remote), str(clone))
    first = Hooked.__new__(Hooked)
    first.__dict__.update(repo.__dict__)
    first.path = clone
    first.enable()
    first.spend()
    first.hooked("--amend", "--no-edit")
    assert [line.tokens for line in first.lines()] == [REPLY, REPLY]
    first.others = set(repo.published())
    assert first.replies() == {"total": 1, "carried": 1}
