"""Received usage that its owner assigned, or a commit holds, when a log comes to tell the same: the log's record takes
its place, on the branch and in the claim."""

from pathlib import Path
from typing import Any

import pytest

from receivers.serving import Serving, claude_event, logs
from support.claude_lines import append, assistant, counts, iso
from support.hooked import REPLY, Hooked


class Remote:
    """An assistant that sends what it spends, and whose log comes later, or never."""

    def __init__(self, repo: Hooked) -> None:
        self.repo, self.began = repo, repo.now
        self.log = repo.home / ".claude" / "projects" / "remote" / "s-1.jsonl"
        self.elsewhere = repo.home / "elsewhere"
        self.elsewhere.mkdir(parents=True)

    def sends(self, *numbers: int, **more: object) -> None:
        """Telemetry of replies; each took place so many minutes after the beginning as its number says."""
        usual: dict[str, object] = {"input_tokens": 4, "output_tokens": 1000, "cache_read_tokens": 10_000}
        events = [
            claude_event("s-1", **{
                **usual,
                "event.timestamp": iso(self._time(number)),
                "request_id": f"req_{number}",
                "cache_creation_tokens": 1200,
                **more,
            })
            for number in numbers
        ]  # fmt: skip
        with Serving(self.repo.ledger_home) as serving:
            assert serving.post("/v1/logs", logs(*events)) == 200

    def logs(self, *numbers: int, request: bool = True, **more: Any) -> None:
        """Lines of the log of the same replies, in a folder of no repository unless `cwd` says another one."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        for number in numbers:
            name = f"req_{number}" if request else None
            usage = {"usage": counts(output=1000), "sessionId": "s-1", "cwd": str(self.elsewhere), "gitBranch": ""}
            append(self.log, assistant(f"msg_{number}", name, self._time(number), **(usage | more)))

    def assign(self) -> None:
        """Put the session on the branch that is checked out."""
        self.repo.log()
        done = self.repo.tokcost("assign", "--session", "claude-code/s-1", "main")
        assert done.returncode == 0, done.stderr

    def commit(self) -> None:
        """A commit with hooks."""
        self.repo.change()
        self.repo.hooked("-m", "Work")

    def lose_ledger(self) -> None:
        """The ledger goes; journals, logs and what was received stay."""
        for path in self.repo.ledger_home.glob("ledger.db*"):
            path.unlink()

    def _time(self, number: int) -> int:
        return (self.began + 60 * number) * 1000


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    return Remote(Hooked(tmp_path, rooted=True, forks=True))


def test_a_log_of_assigned_usage_counts_on_the_branch_it_was_assigned_to(remote: Remote) -> None:
    remote.sends(1, 2)
    remote.assign()
    assert remote.repo.replies() == {"total": 2, "pending": 2}
    remote.logs(1, 2)
    assert remote.repo.replies() == {"total": 2, "pending": 2}
    remote.commit()
    assert [line.tokens for line in remote.repo.lines()] == [2 * REPLY]
    assert remote.repo.replies() == {"total": 2, "carried": 2}


def test_a_log_of_claimed_usage_is_in_the_claim_that_published_it(remote: Remote) -> None:
    remote.sends(1, 2)
    remote.assign()
    remote.commit()
    assert remote.repo.replies() == {"total": 2, "carried": 2}
    remote.logs(1, 2)
    assert remote.repo.replies() == {"total": 2, "carried": 2}
    remote.commit()
    assert remote.repo.lines() == []
    assert remote.repo.replies() == {"total": 2, "carried": 2}


def test_a_log_in_the_repository_itself_is_in_that_claim_too(remote: Remote) -> None:
    remote.sends(1, 2)
    remote.assign()
    remote.commit()
    remote.logs(1, 2, cwd=str(remote.repo.path))
    remote.commit()
    assert remote.repo.lines() == []
    assert remote.repo.replies() == {"total": 2, "carried": 2}


def test_a_log_without_request_ids_is_told_by_its_counts_and_time(remote: Remote) -> None:
    remote.sends(1, 2)
    remote.assign()
    remote.commit()
    remote.logs(1, 2, request=False, cwd=str(remote.repo.path))
    assert remote.repo.replies() == {"total": 2, "carried": 2}


def test_counts_that_differ_a_little_are_the_same_reply_by_their_time(remote: Remote) -> None:
    """The claim is worth what the log says; its line said more, and the next one says so much less."""
    remote.sends(1, request_id="", output_tokens=1003)
    remote.assign()
    remote.commit()
    remote.logs(1, request=False, cwd=str(remote.repo.path))
    assert remote.repo.balance() == {"total": REPLY, "carried": REPLY}


def test_a_log_that_grows_line_by_line_takes_the_place_of_one_reply_after_another(remote: Remote) -> None:
    remote.sends(1, 2, 3)
    remote.assign()
    remote.commit()
    for number in (1, 2, 3):
        remote.logs(number, request=False, cwd=str(remote.repo.path))
        assert remote.repo.replies() == {"total": 3, "carried": 3}
    remote.logs(4, cwd=str(remote.repo.path))
    assert remote.repo.balance() == {"total": 4 * REPLY, "carried": 3 * REPLY, "pending": REPLY}


def test_assigned_usage_waits_for_the_log_to_reach_it(remote: Remote) -> None:
    remote.sends(1, 2)
    remote.assign()
    remote.logs(1)
    assert remote.repo.replies() == {"total": 2, "pending": 2}
    remote.logs(2)
    assert remote.repo.replies() == {"total": 2, "pending": 2}


def test_what_was_published_and_is_in_no_log_stays_published(remote: Remote) -> None:
    remote.sends(1, 60)
    remote.assign()
    remote.commit()
    remote.logs(1, 120, cwd=str(remote.repo.path))
    assert remote.repo.balance() == {"total": 3 * REPLY, "carried": 2 * REPLY, "pending": REPLY}


def test_what_its_owner_keeps_is_kept_when_it_is_logged(remote: Remote) -> None:
    remote.sends(1)
    remote.assign()
    remote.repo.change()
    remote.repo.hooked("-m", "Work", env={"TOKCOST": "off"})
    assert remote.repo.replies() == {"total": 1, "withheld": 1}
    remote.logs(1, cwd=str(remote.repo.path))
    remote.commit()
    assert remote.repo.lines() == []
    assert remote.repo.replies() == {"total": 1, "withheld": 1}


def test_what_is_sent_after_it_was_logged_adds_nothing(remote: Remote) -> None:
    remote.logs(1, cwd=str(remote.repo.path))
    remote.repo.log()
    remote.sends(1)
    assert remote.repo.replies() == {"total": 1, "pending": 1}
    remote.commit()
    remote.sends(1)
    assert remote.repo.replies() == {"total": 1, "carried": 1}


def test_another_look_and_the_same_telemetry_again_change_nothing(remote: Remote) -> None:
    remote.sends(1, 2)
    remote.assign()
    remote.commit()
    remote.logs(1, 2, cwd=str(remote.repo.path))
    remote.repo.log()
    remote.sends(1, 2)
    assert remote.repo.replies() == {"total": 2, "carried": 2}


@pytest.mark.parametrize("is_published", [False, True])
def test_a_lost_ledger_comes_to_the_same_result(remote: Remote, is_published: bool) -> None:
    remote.sends(1, 2)
    remote.assign()
    if is_published:
        remote.commit()
    remote.logs(1, 2, cwd=str(remote.repo.path), request=False)
    before = remote.repo.replies()
    remote.lose_ledger()
    assert remote.repo.replies() == before == {"total": 2, ("carried" if is_published else "pending"): 2}
