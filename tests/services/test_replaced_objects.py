"""What git-replace(1) and pipes in a git folder change of what is shown: nothing, and they keep nobody waiting."""

import os
from pathlib import Path

import pytest

from support.hooked import Hooked


@pytest.fixture
def repo(tmp_path: Path) -> Hooked:
    found = Hooked(tmp_path, rooted=True)
    for name in ("One", "Two"):
        found.work(name)
    return found


def shown(repo: Hooked) -> list[str]:
    asked = (["log", "--json"], ["log", "main"], ["report", "--json"], ["why", "--json"])
    return [repo.tokcost(*words).stdout for words in asked]


def test_a_replaced_commit_changes_nothing_that_is_shown_and_the_next_commit_carries_its_line(repo: Hooked) -> None:
    repo.tokcost("log")
    before = shown(repo)
    repo.git("replace", repo.git("rev-parse", "HEAD"), repo.git("rev-parse", "HEAD~2"))
    assert shown(repo) == before
    repo.work("Three")
    assert repo.message().count("AI-Cost: ") == 1
    repo.git("replace", "-d", repo.git("rev-parse", "HEAD~1"))
    assert repo.replies() == {"total": 3, "carried": 3}


@pytest.mark.few
@pytest.mark.parametrize("name", ["shallow", "info/grafts", "objects/info/alternates"])
def test_a_pipe_that_git_would_wait_for_is_named_by_a_report(repo: Hooked, name: str) -> None:
    path = repo.common_dir / name
    path.parent.mkdir(exist_ok=True)
    os.mkfifo(path)
    for words in (["report"], ["log"], ["status"]):
        done = repo.tokcost(*words)
        assert done.returncode == (3 if words == ["report"] else 0)
        assert "bug" not in done.stderr
    assert f"{name} is not a regular file" in " ".join(repo.tokcost("report", "--json").stderr.split())
