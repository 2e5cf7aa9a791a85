"""Spend without a line that a commit already carries, and the lines that explain it later: it is the same spend."""

from pathlib import Path
from typing import Any

import pytest

from support.claude_lines import append, assistant, cost_state, counts, write
from support.hooked import REPLY, Hooked
from support.opencode_store import StoreOf, message
from support.opencode_store import counts as of_opencode
from tokcost.ledger.open import FILE_NAME

ONE = {"input": 4, "cache_read": 10_000, "write_5m": 500, "write_1h": 700, "output": 1000}
"""One reply of the usual size."""


def total(repo: Hooked, replies: int, **more: int) -> None:
    """Append what the session has spent in all: so many replies."""
    said = {name: replies * count + more.get(name, 0) for name, count in ONE.items()}
    append(repo.home / ".claude/projects/repo/session-1.jsonl", cost_state(claude_sonnet_4_5=said))


def late(repo: Hooked, number: int, seconds: float, usage: dict[str, Any] | None = None, **more: Any) -> None:
    """A sub-agent's reply in a file of its own, `seconds` before now."""
    line = assistant(
        f"late_{number}", f"late_{number}", int((repo.now - seconds) * 1000), usage=usage or counts(output=1000)
    ) | {"cwd": str(repo.path), "gitBranch": "", "isSidechain": True, **more}
    write(repo.home / f".claude/projects/repo/session-1/subagents/agent-{number}.jsonl", line)


def lose_ledger(repo: Hooked) -> None:
    for path in repo.ledger_home.glob(f"{FILE_NAME}*"):
        path.unlink()


def commit(repo: Hooked, message: str) -> None:
    repo.change()
    repo.hooked("-m", message)


def test_a_late_line_is_in_the_claim_that_holds_what_it_explains(repo: Hooked) -> None:
    repo.spend()
    total(repo, 2)
    commit(repo, "One")
    assert repo.replies() == {"total": 2, "carried": 2}
    late(repo, 1, 3.5)
    commit(repo, "Two")
    assert repo.lines() == []
    assert repo.replies() == {"total": 2, "carried": 2}
    assert repo.log().totals.total.unlogged == 0


@pytest.mark.parametrize("looks", [False, True])
def test_a_lost_ledger_repeats_it(repo: Hooked, looks: bool) -> None:
    repo.spend()
    total(repo, 2)
    commit(repo, "One")
    late(repo, 1, 3.5)
    if looks:
        repo.log()
    commit(repo, "Two")
    lose_ledger(repo)
    assert repo.replies() == {"total": 2, "carried": 2}
    lose_ledger(repo)
    commit(repo, "Three")
    assert repo.lines() == []
    repo.work("Four")
    assert repo.replies() == {"total": 3, "carried": 3}


def test_several_late_lines_share_what_one_claim_holds(repo: Hooked) -> None:
    repo.spend()
    total(repo, 3, input=50)
    commit(repo, "One")
    late(repo, 1, 3.5)
    assert repo.balance() == {"total": 3 * REPLY + 50, "carried": 3 * REPLY + 50}
    late(repo, 2, 4.5)
    assert repo.balance() == {"total": 3 * REPLY + 50, "carried": 3 * REPLY + 50}
    assert repo.log().totals.total.unlogged_tokens == 50
    commit(repo, "Two")
    assert repo.lines() == []
    lose_ledger(repo)
    assert repo.balance() == {"total": 3 * REPLY + 50, "carried": 3 * REPLY + 50}


def test_what_is_spent_later_is_not_taken_for_a_late_line(repo: Hooked) -> None:
    repo.spend()
    total(repo, 2)
    commit(repo, "One")
    repo.now += 600
    repo.spend()
    late(repo, 1, 604)
    commit(repo, "Two")
    (line,) = repo.lines()
    assert line.tokens == REPLY
    assert repo.replies() == {"total": 3, "carried": 3}


def test_a_line_by_which_the_total_has_grown_since_takes_nothing_from_what_was_claimed(repo: Hooked) -> None:
    repo.spend()
    total(repo, 2)
    commit(repo, "One")
    late(repo, 1, 1, usage=counts(0, 0, 0, 0, 1))
    total(repo, 2, output=1)
    assert repo.balance() == {"total": 2 * REPLY + 1, "carried": 2 * REPLY, "pending": 1}


def test_a_late_line_of_another_branch_is_not_published_again_there(repo: Hooked) -> None:
    repo.spend()
    total(repo, 2)
    commit(repo, "One")
    repo.git("worktree", "add", "-q", "-b", "agent", "../agent")
    late(repo, 1, 3.5, cwd=str(repo.path.parent / "agent"))
    assert repo.replies() == {"total": 2, "carried": 2}
    repo.change(cwd=repo.path.parent / "agent")
    repo.hooked("-m", "Two", cwd=repo.path.parent / "agent")
    assert repo.lines("agent") == []
    assert repo.replies() == {"total": 2, "carried": 2}


def test_a_late_line_of_what_its_owner_keeps_is_kept(repo: Hooked) -> None:
    repo.spend()
    total(repo, 2)
    repo.change()
    repo.hooked("-e", "-m", "Quiet", env=repo.editor('sed -i "/^AI-/d;/^  cache/d" "$1"'))
    assert repo.replies() == {"total": 2, "withheld": 2}
    late(repo, 1, 3.5)
    commit(repo, "Two")
    assert repo.lines() == []
    assert repo.replies() == {"total": 2, "withheld": 2}
    lose_ledger(repo)
    commit(repo, "Three")
    assert repo.lines() == []
    assert repo.replies() == {"total": 2, "withheld": 2}


def test_a_late_line_that_is_partly_in_what_its_owner_keeps_is_kept_whole(repo: Hooked) -> None:
    repo.spend()
    total(repo, 2, output=-500)
    repo.change()
    repo.hooked("-e", "-m", "Quiet", env=repo.editor('sed -i "/^AI-/d;/^  cache/d" "$1"'))
    late(repo, 1, 3.5)
    commit(repo, "Two")
    assert repo.lines() == []
    assert repo.replies() == {"total": 2, "withheld": 2}


def test_a_late_line_of_what_is_bound_without_consent_is_bound(tmp_path: Path) -> None:
    repo = Hooked(tmp_path, rooted=True, forks=True)
    repo.disable()
    repo.spend()
    total(repo, 2)
    commit(repo, "One")
    assert repo.balance() == {"total": 2 * REPLY, "bound": 2 * REPLY}
    late(repo, 1, 3.5)
    assert repo.balance() == {"total": 2 * REPLY, "bound": 2 * REPLY}
    assert not (repo.common_dir / "tokcost/claims").exists()


def test_what_a_line_has_more_than_the_claim_is_all_that_the_next_commit_says(repo: Hooked) -> None:
    repo.spend()
    total(repo, 2, output=-500)
    commit(repo, "One")
    late(repo, 1, 3.5)
    commit(repo, "Two")
    (line,) = repo.lines()
    assert line.tokens == 500
    assert repo.balance() == {"total": 2 * REPLY, "carried": 2 * REPLY}
    assert sum(line.tokens for line in repo.published().values()) == 2 * REPLY


def test_a_late_line_is_in_the_version_that_its_spend_came_into(repo: Hooked) -> None:
    repo.spend()
    total(repo, 2)
    commit(repo, "One")
    repo.git("branch", "copy")
    repo.spend()
    repo.change()
    repo.hooked("--amend", "--no-edit")
    late(repo, 1, 9)
    assert repo.replies() == {"total": 3, "carried": 3}
    repo.git("reset", "-q", "--hard", "copy")
    assert repo.replies() == {"total": 3, "carried": 2, "pending": 1}


def test_a_final_count_below_what_was_published_is_made_up_for_by_the_next_line(repo: Hooked) -> None:
    repo.spend(output=30_000, number=99)
    commit(repo, "One")
    line = assistant("msg_99", "req_99", repo.now * 1000, usage=counts(cache_read=0, input=10_004, output=20_000))
    append(repo.home / ".claude/projects/repo/session-1.jsonl", line | {"cwd": str(repo.path), "gitBranch": ""})
    repo.spend(output=30_000)
    commit(repo, "Two")
    found = repo.balance()
    assert found == {"total": found["total"], "carried": found["total"]}
    assert sum(line.tokens for line in repo.published().values()) == found["total"]


def test_a_reply_that_gets_another_key_when_it_is_complete_stays_in_its_claim(repo: Hooked) -> None:
    store = StoreOf(repo.home / ".local/share/opencode/opencode.db")
    created, place = repo.now * 1000, {"cwd": str(repo.path), "root": str(repo.path)}
    store.session(began=created - 1000, cwd=str(repo.path))
    store.say("msg_1", message(created, tokens=of_opencode(output=5), done=False, path=place))
    repo.now += 1
    commit(repo, "One")
    assert repo.balance() == {"total": 65, "carried": 65}
    store.say("msg_1", message(created, path=place), updated=created + 30_000)
    assert repo.balance() == {"total": 100, "carried": 100}
    commit(repo, "Two")
    assert repo.lines() == []
    lose_ledger(repo)
    assert repo.balance() == {"total": 100, "carried": 100}
    repo.work("Three")
    assert repo.balance() == {"total": 100 + REPLY, "carried": 100 + REPLY}
    assert sum(line.tokens for line in repo.published().values()) in (100 + REPLY, 65 + REPLY)
