"""What other people push reaches a clone with the next fetch: it may stop no commit and no command, and falsify no
figure beyond what the join says."""

import sys

import pytest

from support import hostile_history
from support.hooked import NO_HOOKS, REPLY, Hooked
from tokcost.claims.refresh_carriers import refresh_carriers
from tokcost.ledger.claims import known_tips
from tokcost.ledger.open import open_ledger
from tokcost.model.trailer import Line, format_line
from tokcost.usage.known_worktrees import repository_of


def fetch(repo: Hooked, messages: list[str]) -> None:
    """Somebody has pushed these."""
    folder = repo.path.parent / "theirs.git"
    hostile_history.make(folder, messages)
    repo.git("remote", "add", "origin", str(folder))
    repo.git("fetch", "-q", "origin")
    repo.others.add(hostile_history.ID)


def fetch_again(repo: Hooked, message: str) -> None:
    """Somebody has pushed one more."""
    folder = repo.path.parent / "theirs.git"
    tree = repo.git("rev-parse", "main^{tree}", cwd=folder)
    commit = repo.git("commit-tree", tree, "-p", "main", "-m", message, cwd=folder)
    repo.git("update-ref", "refs/heads/main", commit, cwd=folder)
    repo.git("fetch", "-q", "origin")


def raised(line: Line, version: int) -> str:
    """What somebody else makes of a line of ours."""
    return format_line(line._replace(version=version))


@pytest.mark.slow
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


def test_a_commit_does_not_wait_for_refs_that_were_fetched_by_the_hundred_thousand(repo: Hooked, way: str) -> None:
    repo.work("One")
    before = repo.id()
    for prefix in ("x", "y"):  # a fetch that changes them all
        refs = "".join(f"{before} refs/remotes/origin/{prefix}{number:060}\n" for number in range(50_000))
        (repo.common_dir / "packed-refs").write_text(f"# pack-refs with: peeled fully-peeled sorted \n{refs}")
        repo.work("Two")
        assert [line.tokens for line in repo.lines()] == [REPLY]
        with open_ledger(repo.ledger_home) as ledger:
            assert way == "served" or len(known_tips(ledger, 1)) < 10
    repo.spend()
    repo.hooked("--amend", "--no-edit")
    repo.git("branch", "-q", "kept")
    repo.git("reset", "-q", "--hard", "HEAD~1")
    assert repo.balance() == {"total": 4 * REPLY, "carried": 4 * REPLY}
    with open_ledger(repo.ledger_home) as ledger:
        assert len(known_tips(ledger, 1)) == 50_002


@pytest.mark.slow
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


@pytest.mark.slow
def test_what_was_fetched_is_read_by_the_next_command_that_has_time(repo: Hooked) -> None:
    """The hook could not get to the end of it: a copy of our commit among it is found later."""
    repo.work("One")
    (line,) = repo.lines()
    fetch(repo, [*hostile_history.messages(5000), f"A copy\n\n{format_line(line)}"])
    repo.work("Two")
    repo.git("reset", "-q", "--hard", "HEAD~2")
    repo.git("reflog", "expire", "--expire=now", "--all")
    assert repo.balance() == {"total": 2 * REPLY, "carried": REPLY, "pending": REPLY}


def test_what_took_too_long_is_not_tried_again_by_those_who_have_no_more_time(repo: Hooked) -> None:
    """Every commit and every prompt would wait for it anew."""
    repo.work("One")
    assert repo.replies() == {"total": 1, "carried": 1}
    fetch(repo, hostile_history.messages(200))
    started: list[str] = []
    sys.addaudithook(lambda event, args: started.append(str(args[0])) if event == "subprocess.Popen" else None)

    def looks(seconds: float) -> tuple[bool, bool]:
        """Whether everything was read, and whether git was asked."""
        started.clear()
        with open_ledger(repo.ledger_home) as ledger, ledger.transaction():
            number = repository_of(ledger, repo.worktree).id
            read = refresh_carriers(ledger, number, str(repo.common_dir), seconds=seconds)
        return read, bool(started)

    assert looks(0.0) == (False, True)
    assert looks(0.0) == (False, False)
    fetch_again(repo, "Theirs, later")
    assert looks(0.0) == (False, True)
    repo.change()
    repo.git(*NO_HOOKS, "commit", "-q", "-m", "Mine, later")
    assert looks(0.0) == (False, False)
    assert looks(60.0) == (True, True)
    assert looks(0.0) == (True, False)


@pytest.mark.slow
def test_ids_of_others_are_told_from_ours_however_many_a_message_has(repo: Hooked) -> None:
    repo.work("One")
    (line,) = repo.lines()
    theirs = [format_line(line._replace(id=f"{number:012d}")) for number in range(40_000)]
    fetch(repo, ["\n".join(["Theirs", "", *theirs, f"> - {format_line(line)}"])])
    repo.git("reset", "-q", "--hard", "HEAD~1")
    repo.git("reflog", "expire", "--expire=now", "--all")
    assert repo.balance() == {"total": REPLY, "carried": REPLY}


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
