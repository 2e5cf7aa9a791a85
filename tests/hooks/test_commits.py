"""Commits with our hooks, made by git itself; each scenario ends with the equation."""

from pathlib import Path

import pytest

from support.hooked import Hooked
from tokcost.model.trailer import format_line


@pytest.fixture
def repo(tmp_path: Path) -> Hooked:
    hooked = Hooked(tmp_path)
    hooked.git("commit", "-q", "--allow-empty", "-m", "root")
    return hooked


def test_a_commit_carries_what_its_branch_spent(repo: Hooked) -> None:
    repo.spend()
    repo.change()
    repo.hooked("-m", "Add login")
    (line,) = repo.lines()
    assert repo.message() == f"Add login\n\n{format_line(line)}"
    assert line.version == 1
    assert repo.balance() == {"total": 12_204, "carried": 12_204}


def test_a_commit_without_spend_carries_nothing(repo: Hooked) -> None:
    repo.change()
    repo.hooked("-m", "Add login")
    assert repo.message() == "Add login"


def test_ten_amends_leave_one_line(repo: Hooked) -> None:
    repo.spend()
    repo.change()
    repo.hooked("-m", "Add login")
    for _ in range(10):
        repo.spend()
        repo.change()
        repo.hooked("--amend", "--no-edit")
    (line,) = repo.lines()
    assert line.version == 11
    assert repo.balance() == {"total": 11 * 12_204, "carried": 11 * 12_204}
