"""Nothing that `tokcost purge` deletes is in a byte of ours, comes back or is published again; the equation closes."""

from pathlib import Path

import pytest

from support.claude_lines import append, assistant, counts
from support.hooked import REPLY, Hooked


def spend(repo: Hooked, session: str, number: int, **more: object) -> None:
    """One response in a session with a file of its own."""
    line = assistant(
        f"msg_{session}_{number}", f"req_{session}_{number}", repo.now * 1000 + 500, usage=counts(output=1000)
    )
    line |= {"cwd": str(repo.path), "gitBranch": "", "sessionId": session, **more}
    folder = repo.home / ".claude/projects/repo"
    folder.mkdir(parents=True, exist_ok=True)
    append(folder / f"{session}.jsonl", line)
    repo.now += 1


def files(repo: Hooked) -> list[Path]:
    """Everything that tokcost may have written."""
    roots = [repo.ledger_home, *repo.common_dir.glob("tokcost*"), *repo.common_dir.glob("TOKCOST*")]
    return [path for root in roots for path in ([root] if root.is_file() else root.rglob("*")) if path.is_file()]


def holding(repo: Hooked, canary: str) -> list[str]:
    """Names of our files in which these bytes are."""
    return [path.name for path in files(repo) if canary.encode() in path.read_bytes()]


def purge(repo: Hooked, *words: str, code: int = 0) -> str:
    done = repo.tokcost("purge", *words)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def balance(repo: Hooked) -> dict[str, int]:
    """The equation in replies; what purged lines say in commits is no part of it."""
    return {name: tokens // REPLY for name, tokens in repo.balance().items()}


def import_all_again(repo: Hooked) -> None:
    for path in repo.ledger_home.glob("ledger.db*"):
        path.unlink()


def commit(repo: Hooked, message: str, *more: str) -> None:
    repo.change()
    repo.hooked("-m", message, *more)


def test_a_purged_session_is_in_no_byte_and_does_not_come_back(repo: Hooked) -> None:
    spend(repo, "kept-session", 1)
    spend(repo, "canary-session", 1, gitBranch="canary-hint")
    repo.tokcost("log")
    assert holding(repo, "canary-session")
    purge(repo, "--session", "canary-session", "--yes")
    assert holding(repo, "canary") == []
    assert balance(repo) == {"total": 1, "pending": 1}
    repo.tokcost("log")
    assert holding(repo, "canary") == []
    import_all_again(repo)
    assert balance(repo) == {"total": 1, "pending": 1}
    assert holding(repo, "canary") == []


def test_more_of_a_purged_session_is_counted_and_the_purged_part_is_not(repo: Hooked) -> None:
    spend(repo, "canary-session", 1)
    repo.tokcost("log")
    purge(repo, "--session", "canary-session", "--yes")
    spend(repo, "canary-session", 2)
    assert balance(repo) == {"total": 1, "pending": 1}


def test_a_purged_claim_is_forgotten_and_its_line_is_not_written_again(repo: Hooked) -> None:
    spend(repo, "canary-session", 1)
    commit(repo, "One")
    (line,) = repo.lines()
    assert holding(repo, line.id)
    said = purge(repo, "--session", "canary-session", "--yes")
    assert "1 claim" in said
    assert holding(repo, "canary") == []
    assert holding(repo, line.id) == []
    repo.git("reset", "-q", "--soft", "HEAD^")
    spend(repo, "kept-session", 1)
    commit(repo, "Again")
    assert [one.tokens for one in repo.lines()] == [REPLY]
    assert repo.lines()[0].id != line.id
    assert balance(repo) == {"total": 1, "carried": 1}


@pytest.mark.parametrize("loses_ledger", [False, True])
def test_what_is_left_of_a_claim_stays_in_it_and_is_published_no_more(repo: Hooked, loses_ledger: bool) -> None:
    spend(repo, "kept-session", 1)
    spend(repo, "canary-session", 1)
    commit(repo, "One")
    (line,) = repo.lines()
    purge(repo, "--session", "canary-session", "--yes")
    if loses_ledger:
        import_all_again(repo)
    assert balance(repo) == {"total": 1, "carried": 1}
    assert holding(repo, "canary") == []
    spend(repo, "kept-session", 2)
    repo.change()
    repo.hooked("--amend", "--no-edit")
    assert [(one.id == line.id, one.version, one.tokens) for one in repo.lines()] == [
        (True, 1, 2 * REPLY),
        (False, 1, REPLY),
    ]
    assert balance(repo) == {"total": 2, "carried": 2}
    repo.git("reset", "-q", "--soft", "HEAD^")
    commit(repo, "Anew")
    assert line.id not in {one.id for one in repo.lines()}
    assert balance(repo) == {"total": 2, "carried": 1, "withheld": 1}


def test_everything_can_be_purged(repo: Hooked) -> None:
    repo.git("switch", "-q", "-c", "branch/of-the-past")
    spend(repo, "canary-session", 1)
    commit(repo, "One")
    spend(repo, "canary-session", 2)
    repo.tokcost("log")
    assert holding(repo, "branch/of-the-past")
    purge(repo, "--all", "--yes")
    for canary in ("canary", "sonnet", "branch/of-the-past", str(repo.path)):
        assert holding(repo, canary) == []
    assert balance(repo) == {}
    assert holding(repo, "canary") == []


def test_nothing_goes_without_a_word_of_consent(repo: Hooked) -> None:
    spend(repo, "canary-session", 1)
    assert "1 reply" in purge(repo, "--all", "--dry-run")
    assert "--yes" in purge(repo, "--all", code=2)
    purge(repo, "--yes", code=2)
    purge(repo, "--all", "--session", "x", "--yes", code=2)
    assert balance(repo) == {"total": 1, "pending": 1}
