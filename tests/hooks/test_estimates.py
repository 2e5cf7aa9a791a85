"""Usage that an assistant only estimated: it is counted here, and no line of a commit says it."""

from datetime import UTC, datetime
from pathlib import Path

from support.hooked import REPLY, Hooked

HISTORY = """
# aider chat started at {at}

> /usr/bin/aider
> Main model: gpt-4o with diff edit format

> Tokens: {sent} sent, 9 received.
"""


def estimate(repo: Hooked, sent: int = 91) -> None:
    """One report of aider, now."""
    at = datetime.fromtimestamp(repo.now, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    (repo.git_dir / "info").mkdir(exist_ok=True)
    (repo.git_dir / "info/exclude").write_text(".aider*\n")
    with (repo.path / ".aider.chat.history.md").open("a") as stream:
        stream.write(HISTORY.format(at=at, sent=sent))
    repo.now += 1


def test_a_line_says_what_was_told_and_not_what_was_estimated(tmp_path: Path) -> None:
    repo = Hooked(tmp_path)
    estimate(repo)
    repo.work("Add login")
    (line,) = repo.lines()
    assert line.tokens == REPLY
    assert repo.balance() == {"total": REPLY + 100, "carried": REPLY, "withheld": 100}


def test_a_commit_of_estimates_alone_carries_no_line(tmp_path: Path) -> None:
    repo = Hooked(tmp_path)
    estimate(repo)
    repo.change()
    repo.hooked("-m", "Add login")
    assert repo.message() == "Add login"
    assert repo.balance() == {"total": 100, "withheld": 100}


def test_an_amend_raises_the_line_by_what_was_told_alone(tmp_path: Path) -> None:
    repo = Hooked(tmp_path)
    repo.work("Add login")
    estimate(repo)
    repo.spend()
    repo.hooked("--amend", "--no-edit")
    (line,) = repo.lines()
    assert (line.version, line.tokens) == (2, 2 * REPLY)
    assert repo.balance() == {"total": 2 * REPLY + 100, "carried": 2 * REPLY, "withheld": 100}


def test_what_was_estimated_is_bound_to_its_commit_where_nothing_is_published(tmp_path: Path) -> None:
    repo = Hooked(tmp_path, enabled=False)
    estimate(repo)
    repo.work("Add login")
    assert repo.lines() == []
    assert set(repo.balance()) <= {"total", "bound", "pending"}
    assert repo.balance()["total"] == REPLY + 100


def test_a_preview_shows_no_line_of_what_was_estimated(tmp_path: Path) -> None:
    repo = Hooked(tmp_path)
    estimate(repo)
    assert "AI-Cost:" not in repo.tokcost("preview").stdout
    assert repo.balance() == {"total": 100, "pending": 100}
