"""Importing logs into the ledger: exact, repeatable, safe against all that happens to processes and files."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from support import samples
from support.claude_lines import append, assistant, cost_state, counts, iso, write
from support.git_sandbox import T0, GitSandbox
from tokcost.ledger.open import FILE_NAME, open_ledger
from tokcost.ledger.rollup import disagreements
from tokcost.model.figures import Summary
from tokcost.model.selection import Selection
from tokcost.services.assign import assign
from tokcost.services.look_at_clone import state_around
from tokcost.services.refresh import refresh
from tokcost.services.show_notices import notices
from tokcost.services.summarise import LogOptions, summarise

MS = 1000


class Machine:
    """A home with assistants' logs, a ledger, and a repository."""

    def __init__(self, path: Path) -> None:
        self.ledger = path / "ledger"
        self.environ = {"HOME": str(path / "home")}
        self.projects = path / "home/.claude/projects"
        self.git = GitSandbox(path / "repo")
        self.git.commit()

    def say(self, file: str, message: str, seconds: float, **more: object) -> None:
        """Append a response to a transcript; it happened in the repository unless `cwd` says otherwise."""
        path = self.projects / file
        line = assistant(message, f"req_{message}", int((T0 + seconds) * MS), **{"cwd": str(self.git.path), **more})
        append(path, line) if path.exists() else write(path, line)

    def log(self, path: Path | None = None) -> Summary:
        """Import and summarise; every summary closes, and every kept sum agrees with its rows."""
        refresh(self.ledger, self.environ)
        (summary,) = summarise(self.ledger, path or self.git.path, LogOptions())
        assert summary.conservation.closes
        with open_ledger(self.ledger) as ledger:
            assert disagreements(ledger) == []
        return summary

    def tokens(self, path: Path | None = None) -> dict[str, int]:
        """Tokens by branch; without a branch under the empty name."""
        summary = self.log(path)
        found = {row.branch: row.split.total.tokens.total for row in summary.branches}
        return {name: count for name, count in {**found, "": summary.unplaced.total.tokens.total}.items() if count}


ONE = 4 + 10_000 + 500 + 700 + 200


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize("name", samples.exact_names())
def test_the_ledger_holds_exactly_what_a_real_assistant_logged(name: str, tmp_path: Path) -> None:
    sample = samples.unpack(name, tmp_path)
    refresh(tmp_path / "ledger", sample.environ)
    (summary,) = summarise(tmp_path / "ledger", sample.repo, LogOptions())
    truth = sample.truth["expected"]["recoverable"]
    tokens = summary.totals.total.tokens
    assert (tokens.input, tokens.cache_read, tokens.output) == (
        truth["uncached_in"],
        truth["cache_read"],
        truth["output"],
    )
    assert tokens.cache_write_5m + tokens.cache_write_1h == truth["cache_write"]
    assert summary.conservation.closes
    assert refresh(tmp_path / "ledger", sample.environ).new_usage == 0


@pytest.mark.parametrize("name", [n for n in samples.exact_names() if "S1" in n or "S2" in n or "S3" in n])
def test_a_session_on_one_branch_is_on_that_branch(name: str, tmp_path: Path) -> None:
    sample = samples.unpack(name, tmp_path)
    refresh(tmp_path / "ledger", sample.environ)
    (summary,) = summarise(tmp_path / "ledger", sample.repo, LogOptions())
    assert {row.branch for row in summary.branches if row.split.total.usage} == set(
        sample.truth["expected"]["by_branch"]
    )


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("claude-2.1.330/S5-switch", {"feat/a": 9, "feat/b": 21, "main": 19}),
        ("claude-2.1.330/S6-worktree-subdir", {"feat/a": 51, "feat/b": 34}),
        ("codex-0.169.0/S5-switch", {"feat/a": 6027, "feat/b": 9108, "main": 6117}),
        ("codex-0.169.0/S6-worktree-subdir", {"feat/a": 6063, "feat/b": 12126}),
        ("gemini-0.61.0/S5-switch", {"feat/a": 6027, "feat/b": 9108, "main": 6117}),
    ],
)
def test_each_response_of_a_real_run_is_on_the_branch_it_was_asked_from(
    name: str, split: dict[str, int], tmp_path: Path
) -> None:
    """The call that switches, or that changes to another folder, still belongs to where it was asked from. The runs
    are fast: several moves of HEAD and responses share a second."""
    sample = samples.unpack(name, tmp_path)
    refresh(tmp_path / "ledger", sample.environ)
    (summary,) = summarise(tmp_path / "ledger", sample.repo, LogOptions())
    assert {row.branch: row.split.total.tokens.input for row in summary.branches if row.split.total.usage} == split


def test_the_list_cost_of_a_real_run_is_what_the_assistant_itself_computed(tmp_path: Path) -> None:
    sample = samples.unpack("claude-2.1.330/S2-tools", tmp_path)
    refresh(tmp_path / "ledger", sample.environ)
    (summary,) = summarise(tmp_path / "ledger", sample.repo, LogOptions())
    assert summary.totals.total.list_cost == 48_913_500


def test_a_log_that_is_deleted_stays_in_the_ledger(machine: Machine) -> None:
    machine.say("p/s.jsonl", "msg_1", 10)
    before = machine.tokens()
    shutil.rmtree(machine.projects)
    assert machine.tokens() == before == {"main": ONE}


def test_a_fork_copies_history_and_relabels_it_but_the_first_copy_keeps_its_branch(machine: Machine) -> None:
    machine.git.git("config", "core.logAllRefUpdates", "false")
    (machine.git.path / ".git/logs/HEAD").unlink()
    machine.say("p/a.jsonl", "msg_1", 10, gitBranch="feat/a")
    machine.say("p/b.jsonl", "msg_1", 10, gitBranch="feat/b", sessionId="fork", requestSessionId="session-1")
    machine.say("p/b.jsonl", "msg_2", 90, gitBranch="feat/b", sessionId="fork")
    assert machine.tokens() == {"feat/a": ONE, "feat/b": ONE}


def test_an_unmarked_fork_imported_later_does_not_move_what_was_recorded(machine: Machine) -> None:
    (machine.git.path / ".git/logs/HEAD").unlink()
    machine.say("p/a.jsonl", "msg_1", 10, gitBranch="feat/a")
    machine.log()
    machine.say("p/0.jsonl", "msg_1", 10, gitBranch="feat/b", sessionId="fork")
    assert machine.tokens() == {"feat/a": ONE}


def test_the_original_found_after_its_copy_takes_its_place_back(machine: Machine) -> None:
    (machine.git.path / ".git/logs/HEAD").unlink()
    machine.say("p/b.jsonl", "msg_1", 10, gitBranch="feat/b", sessionId="fork", requestSessionId="session-1")
    assert machine.tokens() == {"feat/b": ONE}
    machine.say("p/a.jsonl", "msg_1", 10, gitBranch="feat/a")
    assert machine.tokens() == {"feat/a": ONE}


def test_an_unmarked_fork_that_is_read_first_gives_back_what_it_copied(machine: Machine) -> None:
    """Its copies are older than what it wrote on top of them itself."""
    (machine.git.path / ".git/logs/HEAD").unlink()
    queued = {"type": "queue-operation", "operation": "enqueue", "sessionId": "fork", "timestamp": iso((T0 + 90) * MS)}
    write(machine.projects / "p/fork.jsonl", queued)
    machine.say("p/fork.jsonl", "msg_1", 10, gitBranch="feat/b", sessionId="fork")
    machine.say("p/fork.jsonl", "msg_2", 91, gitBranch="feat/b", sessionId="fork")
    assert machine.tokens() == {"feat/b": 2 * ONE}
    machine.say("p/original.jsonl", "msg_1", 10, gitBranch="feat/a")
    machine.say("p/original.jsonl", "msg_3", 99, gitBranch="feat/c")
    assert machine.tokens() == {"feat/a": ONE, "feat/b": ONE, "feat/c": ONE}
    assert machine.tokens() == {"feat/a": ONE, "feat/b": ONE, "feat/c": ONE}


def test_a_fork_of_an_unmarked_fork_gives_back_what_both_copied(machine: Machine) -> None:
    (machine.git.path / ".git/logs/HEAD").unlink()
    for number, name in enumerate(("third", "second"), start=1):
        at = {"third": 190, "second": 90}[name]
        queued = {"type": "queue-operation", "sessionId": name, "timestamp": iso((T0 + at) * MS)}
        write(machine.projects / f"p/{number}.jsonl", queued)
        machine.say(f"p/{number}.jsonl", "msg_1", 10, gitBranch=name, sessionId=name)
        machine.say(f"p/{number}.jsonl", "msg_2", 91, gitBranch=name, sessionId=name)
        if name == "third":
            machine.say(f"p/{number}.jsonl", "msg_3", 191, gitBranch=name, sessionId=name)
        machine.log()
    machine.say("p/3.jsonl", "msg_1", 10, gitBranch="first")
    assert machine.tokens() == {"first": ONE, "second": ONE, "third": ONE}


def test_a_gateway_without_request_ids_reuses_message_ids_between_sessions(machine: Machine) -> None:
    machine.say("p/a.jsonl", "msg_1", 10, requestId=None)
    machine.say("p/b.jsonl", "msg_1", 20, requestId=None, sessionId="other", usage=counts(input=7))
    assert machine.tokens() == {"main": 2 * ONE + 3}
    assert machine.tokens() == {"main": 2 * ONE + 3}


def test_a_resumed_copy_without_request_id_is_the_response_it_copies(machine: Machine) -> None:
    machine.say("p/a.jsonl", "msg_1", 10, usage=counts(output=2), stop_reason=None, version="1.0.69")
    machine.say("p/b.jsonl", "msg_1", 10, requestId=None, sessionId="other", version="1.0.69")
    assert machine.tokens() == {"main": ONE}
    machine.log()
    assert machine.log().totals.total.lower_bound == 0


def test_lines_of_one_response_that_arrive_one_by_one_end_at_the_final_count(machine: Machine) -> None:
    machine.say("p/a.jsonl", "msg_1", 10, usage=counts(output=3), stop_reason=None, version="2.1.80")
    first = machine.log().totals.total
    machine.say("p/a.jsonl", "msg_1", 11, usage=counts(output=900), version="2.1.80")
    second = machine.log().totals.total
    assert (first.tokens.output, first.partial) == (3, 1)
    assert (second.tokens.output, second.partial, second.usage, second.lower_bound) == (900, 0, 1, 0)


@pytest.mark.parametrize("looks_between", [False, True])
def test_a_stream_that_ends_in_a_refusal_before_any_output_costs_nothing(machine: Machine, looks_between: bool) -> None:
    machine.say("p/a.jsonl", "msg_1", 10)
    machine.say("p/a.jsonl", "msg_2", 20, usage=counts(output=2), stop_reason=None, requestId="req_2")
    if looks_between:
        assert machine.tokens() == {"main": 2 * ONE - 198}
    machine.say("p/a.jsonl", "msg_2", 21, usage=counts(output=0), stop_reason="refusal", requestId="req_2")
    assert machine.tokens() == {"main": ONE}


def test_a_compaction_is_recovered_from_the_sessions_own_total_and_priced(machine: Machine) -> None:
    machine.say("p/a.jsonl", "msg_1", 10)
    spent = {"input": 104, "output": 260, "cache_read": 10_000, "write_5m": 500, "write_1h": 700}
    append(machine.projects / "p/a.jsonl", cost_state(claude_sonnet_4_5=spent))
    total = machine.log().totals.total
    assert (total.unlogged, total.unlogged_tokens) == (1, 160)
    assert total.unlogged_list_cost == 100 * 3_000 + 60 * 15_000
    assert machine.tokens() == {"main": ONE + 160}


@pytest.mark.parametrize(("regions", "tenths"), [(("us", "US"), 11), (("us", "global"), 10), (("eu", "eu"), 10)])
def test_a_call_without_a_line_was_made_in_the_region_that_all_lines_of_its_session_name(
    machine: Machine, regions: tuple[str, str], tenths: int
) -> None:
    for number, region in enumerate(regions):
        told = counts(inference_geo=region)
        machine.say("p/a.jsonl", f"msg_{number}", 10 + number, usage=told, model="claude-opus-4-7")
    spent = {"input": 108, "output": 460, "cache_read": 20_000, "write_5m": 1_000, "write_1h": 1_400}
    append(machine.projects / "p/a.jsonl", cost_state(claude_opus_4_7=spent))
    total = machine.log().totals.total
    assert (total.unlogged_tokens, total.unlogged_list_cost) == (160, (100 * 5_000 + 60 * 25_000) * tenths // 10)
    assert total.estimated == (3 if regions[0] == "eu" else 0)


def test_a_fork_of_a_session_with_a_compaction_and_a_subagent_counts_neither_again(machine: Machine) -> None:
    machine.say("p/a.jsonl", "msg_1", 10)
    machine.say("p/session-1/subagents/agent-1.jsonl", "msg_2", 12, isSidechain=True)
    spent = {"input": 108, "output": 460, "cache_read": 20_000, "write_5m": 1_000, "write_1h": 1_400}
    append(machine.projects / "p/a.jsonl", cost_state(claude_sonnet_4_5=spent))
    machine.say("p/f.jsonl", "msg_1", 10, sessionId="fork", requestSessionId="session-1")
    machine.say("p/f.jsonl", "msg_3", 50, sessionId="fork")
    forked = {name: count + own for (name, count), own in zip(spent.items(), (4, 200, 10_000, 500, 700), strict=True)}
    append(machine.projects / "p/f.jsonl", cost_state("fork", claude_sonnet_4_5=forked))
    assert machine.tokens() == {"main": 3 * ONE + 160}
    assert machine.tokens() == {"main": 3 * ONE + 160}


def test_what_seemed_unlogged_and_was_only_logged_late_is_taken_back(machine: Machine) -> None:
    machine.say("p/a.jsonl", "msg_1", 10)
    spent = {"input": 8, "output": 400, "cache_read": 20_000, "write_5m": 1000, "write_1h": 1400}
    append(machine.projects / "p/a.jsonl", cost_state(claude_sonnet_4_5=spent))
    assert machine.tokens() == {"main": 2 * ONE}
    machine.say("p/s/subagents/agent-1.jsonl", "msg_2", 9, isSidechain=True)
    append(machine.projects / "p/a.jsonl", cost_state(claude_sonnet_4_5=spent))
    assert machine.tokens() == {"main": 2 * ONE}
    assert machine.log().totals.total.unlogged == 0


@pytest.mark.parametrize("looks_between", [False, True])
def test_a_total_that_begins_anew_leaves_what_was_recovered_before(machine: Machine, looks_between: bool) -> None:
    path = machine.projects / "p/a.jsonl"
    machine.say("p/a.jsonl", "msg_1", 10)
    spent = {"input": 104, "output": 260, "cache_read": 10_000, "write_5m": 500, "write_1h": 700}
    append(path, cost_state(claude_sonnet_4_5=spent))
    if looks_between:
        assert machine.tokens() == {"main": ONE + 160}
    machine.say("p/a.jsonl", "msg_2", 4000)
    append(path, cost_state(claude_sonnet_4_5=spent | {"input": 34, "output": 200}))
    assert machine.tokens() == {"main": 2 * ONE + 160 + 30}
    machine.say("p/a.jsonl", "msg_3", 8000)
    append(path, cost_state(claude_sonnet_4_5={name: 2 * count for name, count in spent.items()}))
    assert machine.tokens() == {"main": 3 * ONE + 160 + 200 + 120}


def test_a_call_without_a_line_belongs_to_the_branch_of_its_run_although_the_next_run_follows_at_once(
    machine: Machine,
) -> None:
    machine.git.at(5).git("branch", "feat/a")
    machine.git.at(60).switch("feat/a")
    machine.say("p/a.jsonl", "msg_1", 10)
    unlogged = {"input": 504, "output": 200, "cache_read": 10_000, "write_5m": 500, "write_1h": 700}
    append(machine.projects / "p/a.jsonl", cost_state(claude_sonnet_4_5=unlogged))
    machine.say("p/a.jsonl", "msg_2", 61)  # of a run that goes on, or was killed: there is no later total
    assert machine.tokens() == {"main": ONE + 500, "feat/a": ONE}
    both = {name: count + own for (name, count), own in zip(unlogged.items(), (4, 200, 10_000, 500, 700), strict=True)}
    append(machine.projects / "p/a.jsonl", cost_state(claude_sonnet_4_5=both))
    assert machine.tokens() == {"main": ONE + 500, "feat/a": ONE}


def spent(responses: int, more: int = 0, **others: object) -> dict[str, object]:
    """A session's total after so many responses and `more` input."""
    names = ("output", "cache_read", "write_5m", "write_1h")
    counts = {name: responses * one for name, one in zip(names, (200, 10_000, 500, 700), strict=True)}
    return cost_state(claude_sonnet_4_5={"input": 4 * responses + more, **counts}) | others


@pytest.mark.parametrize("looks", [1, 2])
def test_a_compaction_belongs_to_the_branch_where_it_happened_and_not_to_that_of_the_total(
    machine: Machine, looks: int
) -> None:
    """An interactive session writes one total when it ends, on whichever branch it then is."""
    machine.git.at(5).git("branch", "feat/a")
    machine.git.at(60).switch("feat/a")
    machine.say("p/a.jsonl", "msg_1", 10)
    boundary = {"type": "system", "subtype": "compact_boundary", "cwd": str(machine.git.path), "gitBranch": "main"}
    append(machine.projects / "p/a.jsonl", boundary | {"timestamp": iso((T0 + 20) * MS), "sessionId": "session-1"})
    if looks > 1:
        assert machine.tokens() == {"main": ONE}
    machine.say("p/a.jsonl", "msg_2", 70)
    append(machine.projects / "p/a.jsonl", spent(2, 500))
    assert machine.tokens() == {"main": ONE + 500, "feat/a": ONE}
    machine.say("p/a.jsonl", "msg_3", 80)
    append(machine.projects / "p/a.jsonl", spent(3, 507))
    assert machine.tokens() == {"main": ONE + 500, "feat/a": 2 * ONE + 7}


@pytest.mark.parametrize("with_time", [True, False])
@pytest.mark.parametrize("at_once", [True, False])
def test_a_total_that_survives_a_clear_counts_the_session_before_once(
    machine: Machine, with_time: bool, at_once: bool
) -> None:
    began = {"startTime": (T0 + 9) * MS} if with_time else {}
    machine.say("p/a.jsonl", "msg_1", 10)
    append(machine.projects / "p/a.jsonl", spent(1, 500, **began))
    if not at_once:
        assert machine.tokens() == {"main": ONE + 500}
    machine.say("p/b.jsonl", "msg_2", 30, sessionId="cleared")
    append(machine.projects / "p/b.jsonl", spent(2, 530, sessionId="cleared", **began))
    assert machine.tokens() == {"main": 2 * ONE + 530}
    assert machine.tokens() == {"main": 2 * ONE + 530}


def test_a_session_with_a_counter_of_its_own_keeps_what_it_did_not_log(machine: Machine) -> None:
    machine.say("p/a.jsonl", "msg_1", 10)
    append(machine.projects / "p/a.jsonl", spent(1, startTime=(T0 + 9) * MS))
    machine.say("p/b.jsonl", "msg_2", 30, sessionId="next")
    append(machine.projects / "p/b.jsonl", spent(3, sessionId="next", startTime=(T0 + 29) * MS))
    assert machine.tokens() == {"main": 4 * ONE}


def test_a_total_of_an_unmarked_fork_contains_its_parents_unlogged_calls(machine: Machine) -> None:
    queued = {"type": "queue-operation", "sessionId": "fork", "timestamp": iso((T0 + 90) * MS)}
    write(machine.projects / "p/f.jsonl", queued)
    machine.say("p/a.jsonl", "msg_1", 10)
    append(machine.projects / "p/a.jsonl", spent(1, 500))
    machine.say("p/f.jsonl", "msg_1", 10, sessionId="fork")
    machine.say("p/f.jsonl", "msg_2", 91, sessionId="fork")
    append(machine.projects / "p/f.jsonl", spent(2, 500, sessionId="fork"))
    assert machine.tokens() == {"main": 2 * ONE + 500}


def test_a_subagent_that_writes_on_below_the_last_total_is_in_it(machine: Machine) -> None:
    machine.say("p/session-1.jsonl", "msg_1", 10)
    machine.say("p/session-1/subagents/agent-1.jsonl", "msg_2", 40, isSidechain=True)
    spent = {"input": 8, "output": 400, "cache_read": 20_000, "write_5m": 1000, "write_1h": 1400}
    append(machine.projects / "p/session-1.jsonl", cost_state(claude_sonnet_4_5=spent))
    assert machine.tokens() == {"main": 2 * ONE}
    assert machine.log().totals.total.unlogged == 0


def test_a_subagents_file_that_is_read_after_the_total_takes_back_what_seemed_unlogged(machine: Machine) -> None:
    machine.say("p/session-1.jsonl", "msg_1", 10)
    spent = {"input": 8, "output": 400, "cache_read": 20_000, "write_5m": 1000, "write_1h": 1400}
    append(machine.projects / "p/session-1.jsonl", cost_state(claude_sonnet_4_5=spent))
    assert (machine.tokens(), machine.log().totals.total.unlogged) == ({"main": 2 * ONE}, 1)
    machine.say("p/session-1/subagents/agent-1.jsonl", "msg_2", 14, isSidechain=True)
    assert (machine.tokens(), machine.log().totals.total.unlogged) == ({"main": 2 * ONE}, 0)
    machine.say("p/session-1.jsonl", "msg_3", 20)
    assert machine.tokens() == {"main": 3 * ONE}


def test_a_later_reply_of_the_session_itself_leaves_what_was_unlogged_before(machine: Machine) -> None:
    machine.say("p/session-1.jsonl", "msg_1", 10)
    spent = {"input": 8, "output": 400, "cache_read": 20_000, "write_5m": 1000, "write_1h": 1400}
    append(machine.projects / "p/session-1.jsonl", cost_state(claude_sonnet_4_5=spent))
    assert machine.tokens() == {"main": 2 * ONE}
    machine.say("p/session-1.jsonl", "msg_2", 14)
    assert machine.tokens() == {"main": 3 * ONE}


def test_a_partial_reply_is_counted_and_shown_as_its_own_class(machine: Machine) -> None:
    machine.say("p/a.jsonl", "msg_1", 10, usage=counts(output=2), stop_reason=None)
    machine.say("p/a.jsonl", "msg_2", 12)
    total = machine.log().totals.total
    assert (total.usage, total.partial, total.partial_tokens, total.lower_bound) == (2, 1, ONE - 198, 1)


def test_usage_outside_any_repository_is_in_no_repositorys_sum(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    machine.say("p/a.jsonl", "msg_1", 10)
    machine.say("p/b.jsonl", "msg_2", 10, cwd=str(tmp_path / "notes"))
    assert machine.tokens() == {"main": ONE}
    everywhere = summarise(machine.ledger, tmp_path, LogOptions(all_repos=True))
    assert [summary.totals.total.tokens.total for summary in everywhere] == [ONE, ONE]


def test_a_folder_that_becomes_a_repository_later_gets_its_usage(machine: Machine, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    machine.say("p/a.jsonl", "msg_1", 10, cwd=str(other))
    machine.log()
    sandbox = GitSandbox(other).at(50)
    sandbox.commit()
    assert machine.tokens(other) == {"main": ONE}


def test_a_deleted_worktree_is_remembered(machine: Machine, tmp_path: Path) -> None:
    worktree = tmp_path / "wt"
    machine.git.at(5).git("worktree", "add", "-q", "-b", "feat/w", str(worktree))
    machine.say("p/a.jsonl", "msg_1", 10, cwd=str(worktree), gitBranch="main")
    machine.log()
    machine.git.git("worktree", "remove", "--force", str(worktree))
    machine.say("p/a.jsonl", "msg_2", 20, cwd=str(worktree / "src"), gitBranch="feat/w")
    assert machine.tokens() == {"feat/w": 2 * ONE}


def origin(machine: Machine, path: Path, branch: str = "worktree-x") -> dict[str, object]:
    """The record that Claude Code writes of a worktree that it makes for itself."""
    names = {"worktreePath": str(path), "worktreeBranch": branch, "worktreeName": path.name}
    from_where = {"originalCwd": str(machine.git.path), "originalBranch": "feat/a"}
    return {"type": "worktree-state", "worktreeSession": names | from_where}


def test_an_assistants_own_worktree_that_was_gone_before_we_looked_leaves_its_usage_where_it_came_from(
    machine: Machine,
) -> None:
    gone = machine.git.path / ".claude/worktrees/x"
    write(machine.projects / "p/a.jsonl", origin(machine, gone))
    machine.say("p/a.jsonl", "msg_1", 10, cwd=str(gone), gitBranch="")
    machine.say("p/a.jsonl", "msg_2", 11, cwd=str(gone / "src"), gitBranch="worktree-x")
    assert machine.tokens() == {"feat/a": 2 * ONE}


def test_an_assistants_own_worktree_keeps_its_branch_as_long_as_it_exists(machine: Machine) -> None:
    machine.git.at(4).switch("-c", "feat/a")
    own = machine.git.path / ".claude/worktrees/x"
    machine.git.at(5).git("worktree", "add", "-q", "-b", "worktree-x", str(own))
    write(machine.projects / "p/a.jsonl", origin(machine, own))
    machine.say("p/a.jsonl", "msg_1", 10, cwd=str(own), gitBranch="worktree-x")
    assert machine.tokens() == {"worktree-x": ONE}
    machine.git.git("worktree", "remove", "--force", str(own))
    machine.git.git("branch", "-q", "-D", "worktree-x")
    assert machine.tokens() == {"feat/a": ONE}
    assert machine.tokens() == {"feat/a": ONE}


@pytest.mark.parametrize("looked_before", [True, False])
def test_an_assistants_own_branch_with_a_commit_keeps_its_usage_when_the_worktree_is_gone(
    machine: Machine, looked_before: bool
) -> None:
    own = machine.git.path / ".claude/worktrees/x"
    machine.git.at(5).git("worktree", "add", "-q", "-b", "worktree-x", str(own))
    write(machine.projects / "p/a.jsonl", origin(machine, own))
    machine.say("p/a.jsonl", "msg_1", 10, cwd=str(own), gitBranch="worktree-x")
    machine.git.at(20).commit("one", cwd=own)
    if looked_before:
        assert machine.tokens() == {"worktree-x": ONE}
    machine.git.at(30).git("worktree", "remove", "--force", str(own))
    assert machine.tokens() == {"worktree-x": ONE}
    machine.say("p/a.jsonl", "msg_2", 15, cwd=str(own / "src"), gitBranch="worktree-x")
    assert machine.tokens() == {"worktree-x": 2 * ONE}


@pytest.mark.parametrize("looked_before", [True, False])
def test_the_worktree_of_an_assistants_sub_agent_has_no_record_and_goes_back_all_the_same(
    machine: Machine, looked_before: bool
) -> None:
    machine.git.at(4).switch("-c", "feat/a")
    own = machine.git.path / ".claude/worktrees/agent-1"
    machine.git.at(5).git("worktree", "add", "-q", "-b", "worktree-agent-1", str(own))
    machine.say("p/a.jsonl", "msg_1", 10, cwd=str(own), gitBranch="worktree-agent-1")
    if looked_before:
        assert machine.tokens() == {"worktree-agent-1": ONE}
    machine.git.git("worktree", "remove", "--force", str(own))
    machine.git.git("branch", "-q", "-D", "worktree-agent-1")
    assert machine.tokens() == {"feat/a": ONE}


def test_a_worktree_of_the_users_own_keeps_its_branch_when_both_are_gone(machine: Machine, tmp_path: Path) -> None:
    machine.git.at(5).git("worktree", "add", "-q", "-b", "feat/w", str(tmp_path / "wt"))
    machine.say("p/a.jsonl", "msg_1", 10, cwd=str(tmp_path / "wt"), gitBranch="feat/w")
    assert machine.tokens() == {"feat/w": ONE}
    machine.git.git("worktree", "remove", "--force", str(tmp_path / "wt"))
    machine.git.git("branch", "-q", "-D", "feat/w")
    assert machine.tokens() == {"feat/w": ONE}


def remove_by_hand(folder: Path) -> None:
    shutil.rmtree(folder)


@pytest.mark.parametrize("tree_first", [True, False])
def test_a_worktree_elsewhere_whose_folder_was_deleted_is_looked_up_in_git(
    machine: Machine, tmp_path: Path, tree_first: bool
) -> None:
    """Its path leads to no repository, and the log may name it before the clone that lists it."""
    tree = tmp_path / "home/.codex/worktrees/1a2b/repo"
    machine.git.at(5).git("worktree", "add", "-q", "-b", "feat/w", str(tree))
    machine.git.at(20).switch("-c", "later", cwd=tree)
    remove_by_hand(tree)
    said = [
        ("msg_1", 10, {"cwd": str(tree / "src"), "gitBranch": "elsewhere"}),
        ("msg_2", 30, {"cwd": str(tree), "gitBranch": ""}),
        ("msg_3", 30, {"cwd": str(machine.git.path), "gitBranch": "main"}),
    ]
    for message, at, more in said if tree_first else reversed(said):
        machine.say("p/a.jsonl", message, at, **more)
    assert machine.tokens() == {"main": ONE, "later": 2 * ONE}


def test_a_deleted_worktree_is_looked_up_in_the_clone_that_somebody_asks_about(
    machine: Machine, tmp_path: Path
) -> None:
    """No usage ever named that clone itself."""
    tree = tmp_path / "elsewhere/wt"
    machine.git.at(5).git("worktree", "add", "-q", "-b", "feat/w", str(tree))
    machine.say("p/a.jsonl", "msg_1", 10, cwd=str(tree), gitBranch="feat/w")
    remove_by_hand(tree)
    refresh(machine.ledger, machine.environ)
    here = state_around(machine.git.path)
    refresh(machine.ledger, machine.environ, here=here)
    assert machine.tokens() == {"feat/w": ONE}


def test_a_nested_worktree_that_was_removed_is_what_the_assistant_says_and_not_the_one_around_it(
    machine: Machine,
) -> None:
    tree = machine.git.path / ".trees/login"
    machine.git.at(5).git("worktree", "add", "-q", "-b", "feat/login", str(tree))
    machine.git.at(30).git("worktree", "remove", "--force", str(tree))
    machine.say("p/a.jsonl", "msg_1", 10, cwd=str(tree), gitBranch="feat/login")
    machine.say("p/a.jsonl", "msg_2", 11, cwd=str(tree / "src/deep"), gitBranch="feat/login")
    machine.say("p/a.jsonl", "msg_3", 12, cwd=str(machine.git.path), gitBranch="main")
    assert machine.tokens() == {"feat/login": 2 * ONE, "main": ONE}
    machine.git.at(40).commit()
    machine.say("p/a.jsonl", "msg_4", 41, cwd=str(machine.git.path), gitBranch="main")
    assert machine.tokens() == {"feat/login": 2 * ONE, "main": 2 * ONE}


def test_a_removed_worktree_of_which_nobody_says_the_branch_is_on_none(machine: Machine) -> None:
    machine.say("p/a.jsonl", "msg_1", 10, cwd=str(machine.git.path / ".worktrees/login"), gitBranch="")
    machine.say("p/a.jsonl", "msg_2", 10, cwd=str(machine.git.path / "build"), gitBranch="")
    assert machine.tokens() == {"": ONE, "main": ONE}


def test_a_deleted_subfolder_follows_the_branch_it_was_carried_to(machine: Machine) -> None:
    machine.say("p/a.jsonl", "msg_1", 10, cwd=str(machine.git.path / "build"), gitBranch="main")
    machine.git.at(60).switch("-c", "feat/new")
    assert machine.tokens() == {"feat/new": ONE}


def bare_clone(machine: Machine, project: Path) -> None:
    """`project/.bare`, `project/.git` that leads to it, and worktrees beside them."""
    machine.git.git("branch", "feat/a")
    machine.git.git("clone", "-q", "--bare", str(machine.git.path), str(project / ".bare"))
    (project / ".git").write_text("gitdir: ./.bare\n")
    for branch in ("main", "feat/a"):
        machine.git.at(5).git("worktree", "add", "-q", str(project / Path(branch).name), branch, cwd=project)


def test_the_folder_around_a_bare_clone_belongs_to_it_and_to_no_branch(machine: Machine, tmp_path: Path) -> None:
    bare_clone(machine, project := tmp_path / "project")
    for number, folder in enumerate(("", "notes", ".bare", "a", "main")):
        machine.say("p/a.jsonl", f"msg_{number}", 10, cwd=str(project / folder), gitBranch="main")
    (project / "notes").mkdir()
    assert machine.tokens(project / "main") == {"": 3 * ONE, "feat/a": ONE, "main": ONE}
    assert machine.tokens(project / "main") == {"": 3 * ONE, "feat/a": ONE, "main": ONE}


def test_a_worktree_of_a_bare_clone_that_was_removed_is_on_the_branch_that_the_assistant_says(
    machine: Machine, tmp_path: Path
) -> None:
    bare_clone(machine, project := tmp_path / "project")
    machine.say("p/a.jsonl", "msg_1", 10, cwd=str(project / "a"), gitBranch="feat/a")
    machine.git.git("worktree", "remove", "--force", str(project / "a"), cwd=project)
    assert machine.tokens(project / "main") == {"feat/a": ONE}


def test_a_folder_that_lay_in_no_repository_belongs_to_the_bare_clone_that_was_made_there(
    machine: Machine, tmp_path: Path
) -> None:
    (project := tmp_path / "project").mkdir()
    machine.say("p/a.jsonl", "msg_1", 10, cwd=str(project), gitBranch="")
    machine.log()
    bare_clone(machine, project)
    machine.say("p/a.jsonl", "msg_2", 20, cwd=str(project / "main"))
    assert machine.tokens(project / "main") == {"": ONE, "main": ONE}


@pytest.mark.parametrize("place", ["1a2b/repo", "try-it"])
def test_codexs_own_detached_worktree_belongs_to_the_branch_it_began_from(
    machine: Machine, tmp_path: Path, place: str
) -> None:
    machine.git.at(5).switch("-c", "feat/a")
    machine.git.at(6).commit()
    worktree = tmp_path / "home/.codex/worktrees" / place
    machine.git.at(10).git("worktree", "add", "-q", "--detach", str(worktree))
    machine.git.at(20).switch("main")
    machine.say("p/a.jsonl", "msg_1", 30, cwd=str(worktree), gitBranch="")
    machine.say("p/b.jsonl", "msg_2", 30, cwd=str(worktree / "src"), gitBranch="HEAD")
    assert machine.tokens() == {"feat/a": 2 * ONE}


def test_any_other_detached_worktree_has_no_branch(machine: Machine, tmp_path: Path) -> None:
    machine.git.at(10).git("worktree", "add", "-q", "--detach", str(tmp_path / "wt"))
    machine.say("p/a.jsonl", "msg_1", 30, cwd=str(tmp_path / "wt"), gitBranch="HEAD")
    assert machine.tokens() == {"": ONE}


def test_a_repository_that_moved_takes_its_usage_along(machine: Machine, tmp_path: Path) -> None:
    machine.say("p/a.jsonl", "msg_1", 10)
    machine.log()
    moved = machine.git.path.rename(tmp_path / "moved")
    machine.say("p/a.jsonl", "msg_2", 20, cwd=str(moved))
    assert machine.tokens(moved) == {"main": 2 * ONE}


def test_a_second_clone_has_its_own_sum(machine: Machine, tmp_path: Path) -> None:
    machine.say("p/a.jsonl", "msg_1", 10)
    machine.git.at(20).git("clone", "-q", str(machine.git.path), str(tmp_path / "clone"))
    machine.say("p/a.jsonl", "msg_2", 30, cwd=str(tmp_path / "clone"))
    assert machine.tokens() == machine.tokens(tmp_path / "clone") == {"main": ONE}


def test_work_on_main_follows_when_the_branch_is_created_after_the_import(machine: Machine) -> None:
    machine.say("p/a.jsonl", "msg_1", 10)
    assert machine.tokens() == {"main": ONE}
    machine.git.at(60).switch("-c", "feat/new")
    assert machine.tokens() == {"feat/new": ONE}
    machine.git.at(70).commit()
    machine.git.at(80).switch("-c", "feat/next")
    assert machine.tokens() == {"feat/new": ONE}


def test_a_rename_after_the_import_is_followed(machine: Machine) -> None:
    machine.git.at(5).git("branch", "feat/a")
    machine.git.at(6).switch("feat/a")
    machine.git.at(7).commit()
    machine.say("p/a.jsonl", "msg_1", 10)
    machine.log()
    machine.git.at(20).git("branch", "-m", "feat/better")
    assert machine.tokens() == {"feat/better": ONE}


def test_an_expired_reflog_does_not_take_back_what_it_once_said(machine: Machine) -> None:
    machine.git.at(5).git("branch", "feat/a")
    machine.git.at(6).switch("feat/a")
    machine.say("p/a.jsonl", "msg_1", 10, gitBranch="wrong")
    machine.log()
    (machine.git.path / ".git/logs/HEAD").write_text("")
    machine.git.at(100).switch("main")
    assert machine.tokens() == {"feat/a": ONE}


def test_without_a_reflog_the_answer_says_what_it_rests_on(machine: Machine) -> None:
    (machine.git.path / ".git/logs/HEAD").unlink()
    machine.say("p/a.jsonl", "msg_1", 10, gitBranch="feat/x")
    report = refresh(machine.ledger, machine.environ)
    assert any("reflog" in note for note in report.notes)
    (row,) = [row for row in machine.log().branches if row.split.total.usage]
    assert (row.branch, row.split.evidence) == ("feat/x", {"transcript": 1})


def test_old_usage_is_placed_by_the_old_part_of_a_long_reflog(machine: Machine) -> None:
    log = machine.git.path / ".git/logs/HEAD"
    first = log.read_text()
    line = "{0} {0} Ada <a@b.c> {1} +0000\t{2}\n"
    one = "1" * 40
    text = first + line.format(one, T0 + 100, "checkout: moving from main to feat/old")
    text += line.format(one, T0 + 200, "checkout: moving from feat/old to main")
    text += "".join(line.format(one, T0 + 1000 + number, "commit: work") for number in range(3000))
    log.write_text(text)
    machine.say("p/a.jsonl", "new", 3500)
    assert machine.tokens() == {"main": ONE}
    machine.say("p/b.jsonl", "old", 150)
    machine.say("p/b.jsonl", "newer", 3600)
    assert machine.tokens() == {"main": 2 * ONE, "feat/old": ONE}


def test_what_the_user_assigned_stays_whatever_comes_later(machine: Machine) -> None:
    machine.git.at(5).git("branch", "feat/a")
    machine.say("p/a.jsonl", "msg_1", 10)
    machine.log()
    moved = assign(machine.ledger, machine.git.path, "feat/a", Selection(from_branch="main"), dry_run=False)
    assert (moved.usage, moved.tokens) == (1, ONE)
    machine.git.at(60).switch("-c", "feat/new")
    machine.say("p/a.jsonl", "msg_1", 10, usage=counts(output=300))
    assert machine.tokens() == {"feat/a": ONE + 100}


def test_a_damaged_ledger_is_set_aside_and_made_anew_from_the_logs(machine: Machine) -> None:
    machine.say("p/a.jsonl", "msg_1", 10)
    before = machine.tokens()
    for suffix in ("", "-wal", "-shm"):
        Path(f"{machine.ledger / FILE_NAME}{suffix}").unlink(missing_ok=True)
    (machine.ledger / FILE_NAME).write_bytes(b"\xff" * 8192)
    refresh(machine.ledger, machine.environ)
    assert len(notices(machine.ledger)) == 1
    assert len(list(machine.ledger.glob("ledger.damaged-*"))) == 1
    assert machine.tokens() == before


def test_a_ledger_damaged_in_its_middle_is_set_aside_too(machine: Machine) -> None:
    for number in range(200):
        machine.say("p/a.jsonl", f"msg_{number}", 10 + number)
    machine.log()
    with open_ledger(machine.ledger) as ledger:
        ledger.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path = machine.ledger / FILE_NAME
    data = bytearray(path.read_bytes())
    data[4096:] = os.urandom(len(data) - 4096)
    path.write_bytes(data)
    machine.say("p/a.jsonl", "msg_200", 900)
    refresh(machine.ledger, machine.environ)
    assert len(notices(machine.ledger)) == 1
    assert machine.tokens() == {"main": 201 * ONE}


def test_a_ledger_that_cannot_be_written_is_still_shown(machine: Machine) -> None:
    machine.say("p/a.jsonl", "msg_1", 10)
    machine.log()
    machine.say("p/a.jsonl", "msg_2", 20)
    with open_ledger(machine.ledger) as holder, holder.transaction():
        report = refresh(machine.ledger, machine.environ, busy_seconds=0.05)
    assert "locked" in report.notes[0]
    assert (report.is_current, report.was_imported) == (False, False)
    (summary,) = summarise(machine.ledger, machine.git.path, LogOptions())
    assert summary.totals.total.tokens.total == ONE


def test_a_log_that_cannot_be_read_is_named_and_the_others_are_read(machine: Machine) -> None:
    machine.say("p/a.jsonl", "msg_1", 10)
    unreadable = machine.projects / "p/b.jsonl"
    unreadable.symlink_to("/proc/self/mem")
    (machine.projects / "p/c.jsonl").symlink_to(machine.projects / "p")
    summary = machine.log()
    assert summary.totals.total.tokens.total == ONE
    assert [path for path, _ in summary.skipped.files] == [str(unreadable)]
    unreadable.unlink()
    machine.say("p/b.jsonl", "msg_2", 20)
    summary = machine.log()
    assert (summary.totals.total.tokens.total, summary.skipped.files) == (2 * ONE, [])


IMPORT = (
    "import sys, pathlib; from tokcost.services.refresh import refresh;"
    "refresh(pathlib.Path(sys.argv[1]), {'HOME': sys.argv[2]})"
)


def importing(machine: Machine) -> subprocess.Popen[bytes]:
    home = machine.environ["HOME"]
    return subprocess.Popen([sys.executable, "-P", "-c", IMPORT, str(machine.ledger), home], stderr=subprocess.PIPE)


def fill(machine: Machine, files: int = 40, each: int = 40) -> dict[str, int]:
    for number in range(files):
        lines = [
            assistant(f"msg_{number}_{n}", f"req_{number}_{n}", (T0 + n) * MS, cwd=str(machine.git.path))
            for n in range(each)
        ]
        write(machine.projects / f"p/{number}.jsonl", *lines)
    return {"main": files * each * ONE}


def test_several_imports_at_once_give_what_one_gives(machine: Machine) -> None:
    expected = fill(machine)
    running = [importing(machine) for _ in range(4)]
    for process in running:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err.decode()
    assert machine.tokens() == expected


def test_an_import_killed_at_any_moment_loses_nothing_and_doubles_nothing(machine: Machine) -> None:
    expected = fill(machine)
    for attempt in range(12):
        process = importing(machine)
        time.sleep(0.02 + attempt * 0.03)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert machine.tokens() == expected


def test_a_log_that_grows_while_it_is_imported_is_counted_once(machine: Machine) -> None:
    machine.say("p/a.jsonl", "msg_0", 1)
    done = threading.Event()

    def write_on() -> None:
        for number in range(1, 150):
            machine.say("p/a.jsonl", f"msg_{number}", number)
        done.set()

    writer = threading.Thread(target=write_on)
    writer.start()
    while not done.is_set():
        refresh(machine.ledger, machine.environ)
    writer.join()
    assert machine.tokens() == {"main": 150 * ONE}


def test_no_word_of_a_conversation_is_in_any_byte_of_the_ledger(machine: Machine) -> None:
    canary = "CANARY-f3a9"
    machine.say("p/a.jsonl", "msg_1", 10, text=canary, toolUseResult={"stdout": canary})
    write(machine.projects / "p/b.jsonl", {"type": "user", "message": {"content": canary}, "usage": canary})
    machine.log()
    for path in machine.ledger.iterdir():
        assert canary.encode() not in path.read_bytes()
