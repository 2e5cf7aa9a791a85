"""Answers of git that are read as they come."""

import time
from pathlib import Path

import pytest

from support import hostile_history
from support.git_sandbox import GitSandbox
from tokcost.repo.messages import messages_with_lines
from tokcost.repo.run import MOST_BYTES, GitFailed, GitTooSlow, stream_git


@pytest.fixture
def repo(tmp_path: Path) -> GitSandbox:
    return GitSandbox(tmp_path / "repo")


def test_a_message_is_read_up_to_sixteen_mebibytes_and_the_ones_behind_it_whole(repo: GitSandbox) -> None:
    folder = repo.path / "large.git"
    large, line = "x" * (MOST_BYTES + 1_000_000), "AI-Cost: $3"
    hostile_history.make(folder, ["first\n\nAI-Cost: x", f"{line}\n{large}", f"last\n\n{line}"])
    tip = repo.git("rev-parse", "HEAD", cwd=folder)
    last, middle, first = (message for _, message in messages_with_lines(str(folder), [tip]))
    assert (first.strip(), last.strip()) == ("first\n\nAI-Cost: x", f"last\n\n{line}")
    assert middle.startswith(line)
    assert MOST_BYTES - 1000 < len(middle) < MOST_BYTES  # the head of the commit counts, too


def test_the_time_that_the_reader_takes_counts_as_well(repo: GitSandbox) -> None:
    repo.commit()
    read = list[bytes]()
    with pytest.raises(GitTooSlow, match=r"did not answer within 0\.1 seconds"):
        for piece in stream_git(["log"], repo.path, seconds=0.1):
            read.append(piece)
            time.sleep(0.3)
    assert read


def test_a_reader_may_stop_early_and_what_git_refuses_is_said(repo: GitSandbox) -> None:
    repo.commit()
    pieces = stream_git(["log", "--stdin"], repo.path, feed="HEAD\n" * 100_000, seconds=60)
    assert next(pieces).startswith(b"commit ")
    pieces.close()  # type: ignore[attr-defined]
    with pytest.raises(GitFailed, match="nothing-of-that-name"):
        list(stream_git(["log", "nothing-of-that-name", "--"], repo.path))
