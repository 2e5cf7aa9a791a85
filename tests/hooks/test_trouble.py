"""What can go wrong around a commit: each time the commit happens, nothing is lost and nothing is published twice."""

import shutil

import pytest

from support.hooked import REPLY, Hooked


def test_a_lost_ledger_publishes_nothing_twice(repo: Hooked) -> None:
    repo.work("One")
    repo.spend()
    repo.hooked("-e", "--allow-empty", "-m", "Quiet", env=repo.editor('sed -i "/^AI-/d;/^  cache/d" "$1"'))
    repo.spend()
    before = repo.replies()
    shutil.rmtree(repo.ledger_home)
    assert repo.replies() == before == {"total": 3, "carried": 1, "withheld": 1, "pending": 1}
    repo.change()
    repo.hooked("-m", "Loud")
    assert [line.tokens for line in repo.lines()] == [REPLY]
    assert repo.replies() == {"total": 3, "carried": 2, "withheld": 1}


def test_a_ledger_lost_between_two_commits_is_made_anew_by_the_hook(repo: Hooked) -> None:
    repo.work("One")
    shutil.rmtree(repo.ledger_home)
    repo.work("Two")
    assert [line.tokens for line in repo.lines()] == [REPLY]
    assert repo.replies() == {"total": 2, "carried": 2}


def test_a_raise_after_a_lost_ledger_is_a_raise_of_the_same_claim(repo: Hooked) -> None:
    repo.work("One")
    shutil.rmtree(repo.ledger_home)
    repo.spend()
    repo.hooked("--amend", "--no-edit")
    (line,) = repo.lines()
    assert (line.version, line.tokens) == (2, 2 * REPLY)
    assert repo.replies() == {"total": 2, "carried": 2}


@pytest.mark.parametrize("damage", [b"", b"\n{", b"\n[1,2]", b'\n["x",1,"",[[1]],false]', b"\xff\x00"])
def test_a_damaged_record_of_the_journal_spoils_no_other(repo: Hooked, damage: bytes) -> None:
    repo.work("One")
    path = repo.path / ".git/tokcost/claims"
    path.write_bytes(path.read_bytes() + damage)
    repo.work("Two")
    shutil.rmtree(repo.ledger_home)
    assert repo.replies() == {"total": 2, "carried": 2}


def test_a_copy_of_a_clone_claims_nothing_of_the_original(repo: Hooked) -> None:
    repo.work("One")
    copy = repo.path.parent / "copy"
    shutil.copytree(repo.path, copy)
    repo.spend(cwd=copy)
    (copy / "new").write_text("x")
    repo.git("add", "-A", cwd=copy)
    repo.hooked("-m", "In the copy", cwd=copy)
    assert repo.replies() == {"total": 1, "carried": 1}
    assert "AI-Cost" in repo.git("log", "-1", "--format=%B", cwd=copy)
