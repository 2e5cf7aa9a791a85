"""What other people push reaches a clone with the next fetch: it may stop no commit and no command, and falsify no
figure beyond what the join says."""

import pytest

from support import hostile_history
from support.hooked import REPLY, Hooked
from tokcost.model.trailer import Line, format_line


def fetch(repo: Hooked, messages: list[str]) -> None:
    """Somebody has pushed these."""
    folder = repo.path.parent / "theirs.git"
    hostile_history.make(folder, messages)
    repo.git("remote", "add", "origin", str(folder))
    repo.git("fetch", "-q", "origin")
    repo.others.add(hostile_history.ID)


def raised(line: Line, version: int) -> str:
    """What somebody else makes of a line of ours."""
    return format_line(line._replace(version=version))


def test_a_commit_carries_its_line_whatever_was_fetched(repo: Hooked) -> None:
    repo.work("One")
    fetch(repo, hostile_history.messages(5000))
    for message in ("Two", "Three"):
        repo.work(message)
        assert [line.tokens for line in repo.lines()] == [REPLY]
    repo.spend()
    repo.change()
    repo.hooked("--amend", "--no-edit")
    assert [(line.version, line.tokens) for line in repo.lines()] == [(2, 2 * REPLY)]
    assert repo.balance() == {"total": 4 * REPLY, "carried": 4 * REPLY}
    repo.work("Four")
    assert [line.tokens for line in repo.lines()] == [REPLY]
    assert repo.balance() == {"total": 5 * REPLY, "carried": 5 * REPLY}


def test_every_command_answers_whatever_was_fetched(repo: Hooked) -> None:
    repo.work("One")
    fetch(repo, hostile_history.messages(200))
    repo.spend()
    for words in (
        *(["log"], ["status"], ["preview"], ["budget"], ["report"], ["report", "--all"], ["report", "--all", "--json"]),
        *(["report", "--all", "--verbose"], ["report", "origin/main", "--by", "month"], ["doctor", "--forge"]),
    ):
        done = repo.tokcost(*words)
        assert done.returncode in (0, 1), (words, done.stderr)
        assert "Traceback" not in done.stderr
    assert repo.balance() == {"total": 2 * REPLY, "carried": REPLY, "pending": REPLY}


def test_what_was_fetched_is_read_by_the_next_command_that_has_time(repo: Hooked) -> None:
    """The hook could not get to the end of it: a copy of our commit among it is found later."""
    repo.work("One")
    (line,) = repo.lines()
    fetch(repo, [*hostile_history.messages(5000), f"A copy\n\n{format_line(line)}"])
    repo.work("Two")
    repo.git("reset", "-q", "--hard", "HEAD~2")
    repo.git("reflog", "expire", "--expire=now", "--all")
    assert repo.balance() == {"total": 2 * REPLY, "carried": REPLY, "pending": REPLY}


@pytest.mark.parametrize("version", [2, 999_999_998])
def test_a_version_that_somebody_else_made_up_is_not_used_again(repo: Hooked, version: int) -> None:
    repo.work("One")
    fetch(repo, [f"Theirs\n\n{raised(repo.lines()[0], version)}"])
    repo.spend()
    repo.change()
    repo.hooked("--amend", "--no-edit")
    assert [(line.version, line.tokens) for line in repo.lines()] == [(version + 1, 2 * REPLY)]
    assert repo.replies() == {"total": 2, "carried": 2}


def test_a_claim_that_somebody_else_gave_the_last_version_is_not_raised_and_new_spend_gets_a_new_one(
    repo: Hooked,
) -> None:
    repo.work("One")
    (mine,) = repo.lines()
    fetch(repo, [f"Theirs\n\n{raised(mine, 999_999_999)}"])
    repo.spend()
    repo.change()
    repo.hooked("--amend", "--no-edit")
    assert [(line.version, line.tokens) for line in repo.lines()] == [(1, REPLY), (1, REPLY)]
    repo.work("Two")
    assert repo.replies() == {"total": 3, "carried": 3}


def test_a_line_that_was_lost_is_written_again_although_somebody_else_made_up_a_later_version(repo: Hooked) -> None:
    repo.work("One")
    (mine,) = repo.lines()
    fetch(repo, [f"Theirs\n\n{raised(mine, 999_999_999)}"])
    repo.log()
    repo.git("remote", "remove", "origin")
    repo.git("reset", "-q", "--hard", "HEAD~1")
    repo.change()
    repo.hooked("-m", "Again")
    assert repo.lines() == [mine]
    repo.change()
    repo.hooked("-m", "Not twice")
    assert repo.lines() == []
