"""Conversations in logs: sub-agents, forks, calls that left no line, broken replies, branches and sessions."""

import json
from pathlib import Path
from typing import Any

import pytest

from support import samples
from support.claude_lines import cost_state, write
from support.codex_lines import PARENT, T0, THREAD, count, counters, meta, turn
from support.worked import MINUTE, Worked
from tokcost.errors import UsageError
from tokcost.model.drivers import DRIVERS, Explanation
from tokcost.services.explain_cost import WhyOptions, explain_cost
from tokcost.services.refresh import refresh
from tokcost.services.summarise import LogOptions, summarise

OUTPUT = 15_000


@pytest.mark.parametrize(
    "file", ["session-1/subagents/agent-a1.jsonl", "agent-a1.jsonl", "session-1/subagents/workflows/w/agent-a1.jsonl"]
)
def test_a_subagent_has_a_conversation_and_a_share_of_its_own(worked: Worked, file: str) -> None:
    worked.request(write=150_000, output=10)
    worked.request(write=20_000, output=20, file=file, isSidechain=True)
    worked.request(read=20_000, write=1_000, file=file, isSidechain=True)
    worked.request(read=150_000, write=2_000)
    assert worked.tokens() == {"cache_written": 173_000, "cache_read": 170_000, "visible_output": 30}
    share = worked.explain().shares["subagents"]
    assert (share.requests, share.tokens) == (2, 41_020)
    assert share.list_cost == 21_000 * 3_750 + 20_000 * 300 + 20 * OUTPUT


def test_an_agent_in_the_log_of_its_session_has_a_conversation_and_a_share_of_its_own_too(worked: Worked) -> None:
    """Claude Code 1 wrote the lines of its agents between those of the session."""
    worked.request(write=150_000, output=10)
    worked.request(write=20_000, output=20, isSidechain=True)
    worked.request(read=20_000, write=1_000, isSidechain=True)
    worked.request(read=150_000, write=2_000)
    found = worked.explain()
    assert found.shares["subagents"].tokens == 41_020
    assert found.drivers["cache_written"].tokens == 173_000
    assert found.drivers["cache_rewritten_after_compaction"].tokens == 0


def test_threads_that_codex_spawned_are_in_the_share_of_sub_agents(worked: Worked) -> None:
    folder = worked.repo.home / ".codex" / "sessions"
    folder.mkdir(parents=True)
    spawned: dict[str, Any] = {"parent_thread_id": THREAD}
    for thread, facts, read in ((THREAD, dict[str, Any](), 100), (PARENT, spawned, 70)):
        lines = (meta(thread, **facts), turn(T0 + 1000), count(counters(read, 60, 30), time_ms=T0 + 2000))
        write(folder / f"rollout-2026-09-21T10-00-00-{thread}.jsonl", *lines)
    found = worked.explain(all_repos=True)
    assert (found.total.tokens, found.shares["subagents"].tokens) == (230, 100)


def test_while_a_subagent_works_the_conversation_itself_rests(worked: Worked) -> None:
    worked.request(write=50_000)
    for _ in range(4):
        worked.request(2, write=1_000, file="session-1/subagents/agent-a1.jsonl", isSidechain=True)
    worked.request(2, write=51_000)
    assert worked.tokens()["cache_rewritten_after_pause"] == 50_000


def test_a_forked_session_is_compared_with_the_one_it_repeats(worked: Worked) -> None:
    """Older versions resume into a new file that begins with a copy of the old one, under the new session's id."""
    worked.request(write=50_000)
    original = (worked.projects / "session-1.jsonl").read_text()
    worked.explain()
    copy = original.replace("session-1", "session-2")
    (worked.projects / "session-2.jsonl").write_text(copy)
    worked.request(60, write=51_000, session="session-2")
    found = worked.explain()
    assert found.total.requests == 2
    assert found.drivers["cache_rewritten_after_pause"].tokens == 50_000


def test_a_broken_reply_is_in_the_share_of_those_and_in_its_drivers(worked: Worked) -> None:
    worked.request(write=1_000, output=1, stop_reason=None)
    found = worked.explain()
    assert found.shares["broken_and_refused"] == found.total
    assert found.total.lower_bound == 1
    assert found.drivers["cache_written"].tokens == 1_000


def test_what_a_reply_of_unknown_length_makes_a_lower_bound_is_what_its_output_is_part_of(worked: Worked) -> None:
    worked.request(write=1_000, output=500)
    worked.request(2, read=1_000, write=10, output=1, stop_reason=None)
    found = worked.explain()
    assert {name: one.lower_bound for name, one in found.drivers.items() if one.lower_bound} == {"visible_output": 1}
    assert found.shares["broken_and_refused"].lower_bound == 1


def test_output_of_which_the_log_tells_nothing_is_a_lower_bound_too(worked: Worked) -> None:
    worked.request(write=1_000, output=0, stop_reason=None)
    assert worked.explain().drivers["visible_output"].lower_bound == 1


def test_a_reply_of_unknown_length_without_a_price_is_one_too(worked: Worked) -> None:
    worked.request(write=1_000, output=1, stop_reason=None, model="nobody-knows-1")
    found = worked.explain()
    assert (found.unpriced.requests, found.unpriced.lower_bound, found.total.lower_bound) == (1, 1, 0)
    assert worked.repo.tokcost("why", "--csv").stdout.splitlines()[-1] == "unpriced,unpriced,,1001,1,1"


def test_a_reply_of_unknown_length_at_other_prices_is_a_lower_bound_there(worked: Worked) -> None:
    worked.request(write=1_000, output=1, stop_reason=None)
    (row,) = json.loads(worked.repo.tokcost("why", "--as", "claude-haiku-4-5", "--json").stdout)["as"]
    assert row["lower_bound_requests"] == 1


def test_a_refused_attempt_that_was_billed_is_in_that_share(worked: Worked) -> None:
    attempts = [
        {"type": "message", "model": "claude-opus-4-5", "input_tokens": 5, "output_tokens": 7,
         "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0},
        {"type": "fallback_message", "model": "claude-sonnet-4-5", "input_tokens": 0, "output_tokens": 100,
         "cache_read_input_tokens": 0, "cache_creation_input_tokens": 1_000},
    ]  # fmt: skip
    worked.request(write=1_000, output=100, counts={"iterations": attempts})
    share = worked.explain().shares["broken_and_refused"]
    assert (share.requests, share.list_cost) == (1, 5 * 5_000 + 7 * 25_000)


def test_a_compaction_inside_a_response_is_in_its_share_and_no_part_of_the_conversation(worked: Worked) -> None:
    attempts = [
        {"type": "compaction", "input_tokens": 100, "output_tokens": 1_000,
         "cache_read_input_tokens": 150_000, "cache_creation_input_tokens": 0},
        {"type": "message", "input_tokens": 0, "output_tokens": 10,
         "cache_read_input_tokens": 10_000, "cache_creation_input_tokens": 15_000},
    ]  # fmt: skip
    worked.request(write=150_000)
    worked.request(read=10_000, write=15_000, output=10, counts={"iterations": attempts})
    found = worked.explain()
    assert found.shares["compaction_and_titles"].list_cost == 100 * 3_000 + 1_000 * OUTPUT + 150_000 * 300
    assert found.drivers["cache_rewritten_after_compaction"].tokens == 15_000


def test_a_call_that_left_no_line_has_a_share_and_its_prompt_is_not_known(worked: Worked) -> None:
    worked.request(write=1_000, output=100)
    total = {"claude_sonnet_4_5": {"write_5m": 5_000, "cache_read": 300, "output": 400}}
    worked.write(cost_state("session-1", **total), "session-1.jsonl")
    found = worked.explain()
    assert found.shares["compaction_and_titles"].tokens == 4_000 + 300 + 300
    assert found.drivers["not_known"][:2] == (4_000 * 3_750, 4_000)
    assert found.drivers["cache_read"].tokens == 300


def test_the_branches_of_a_session_add_up_to_it_and_each_knows_what_was_before(worked: Worked) -> None:
    worked.request(write=50_000, output=3)
    worked.repo.now = worked.now_ms // 1000 + 1
    worked.repo.git("switch", "-q", "-c", "feat/x")
    worked.request(10, write=52_000, output=5)
    worked.request(read=52_000, write=1_000, output=7)
    main, feature, whole = (worked.explain(branch=name) for name in ("main", "feat/x", None))
    assert feature.drivers["cache_rewritten_after_pause"].tokens == 50_000
    assert main.drivers["cache_rewritten_after_pause"].tokens == 0
    assert added(main, feature) == {driver: tuple(part) for driver, part in whole.drivers.items()}


def test_the_days_of_a_session_add_up_to_it(worked: Worked) -> None:
    worked.request(write=50_000)
    middle = worked.now_ms + MINUTE
    worked.request(10, write=52_000)
    before, after = worked.explain(until_ms=middle), worked.explain(since_ms=middle)
    assert after.drivers["cache_rewritten_after_pause"].tokens == 50_000
    assert added(before, after) == {driver: tuple(part) for driver, part in worked.explain().drivers.items()}


def test_a_session_is_found_by_the_beginning_of_its_id(worked: Worked) -> None:
    worked.request(output=1, session="aaa-1")
    worked.request(output=2, session="aab-2")
    assert worked.explain(session="aab").total.tokens == 2
    with pytest.raises(UsageError, match="2 sessions begin with aa: aaa-1, aab-2"):
        worked.explain(session="aa")
    with pytest.raises(UsageError, match="no session begins with b"):
        worked.explain(session="b")


def test_logs_say_the_same_in_whatever_order_they_are_read(tmp_path: Path) -> None:
    found: list[Explanation] = []
    for order in ((1, 2), (2, 1)):
        worked = Worked(tmp_path / str(order[0]))
        worked.request(write=50_000)
        worked.request(2, write=20_000, file="session-1/subagents/agent-a1.jsonl", isSidechain=True)
        worked.request(8, write=52_000, session="session-2")
        worked.request(0, write=53_000)
        logs = {1: worked.projects / "session-1.jsonl", 2: worked.projects / "session-2.jsonl"}
        hidden = logs[order[1]]
        hidden.rename(hidden.with_suffix(".later"))
        worked.explain()
        hidden.with_suffix(".later").rename(hidden)
        found.append(worked.explain())
    assert found[0].drivers == found[1].drivers


def test_codex_is_billed_anew_for_what_it_had_read_from_the_cache(worked: Worked) -> None:
    """Its provider caches by itself: nothing is ever written, and what was lost is billed as input."""
    rollout = worked.repo.home / f".codex/sessions/2026/09/21/rollout-2026-09-21T00-00-00-{THREAD}.jsonl"
    write(rollout, *codex(worked, (0, 20_000, 0), (1, 24_000, 19_968), (30, 26_000, 0)))
    found = worked.explain()
    assert found.drivers["cache_rewritten_after_pause"].tokens == 19_968
    assert found.drivers["new_input"].tokens == 20_000 + 4_032 + 6_032
    assert found.drivers["cache_rewritten_after_pause"].list_cost == 19_968 * 1_250


def codex(worked: Worked, *requests: tuple[int, int, int]) -> list[dict[str, Any]]:
    """A rollout of requests: minutes since the one before, tokens of the prompt, and those of them that were read."""
    now, place = worked.now_ms + MINUTE, str(worked.repo.path)
    lines = [meta(time_ms=now, cwd=place), turn(now, "gpt-5", cwd=place)]
    read = cached = output = 0
    for minutes, prompt, hit in requests:
        now, read, cached, output = now + minutes * MINUTE, read + prompt, cached + hit, output + 10
        lines.append(count(counters(read, cached, output), counters(prompt, hit, 10), now))
    return lines


def added(one: Explanation, other: Explanation) -> dict[str, tuple[int, ...]]:
    return {
        driver: tuple(a + b for a, b in zip(one.drivers[driver], other.drivers[driver], strict=True))
        for driver in DRIVERS
    }


@pytest.mark.parametrize("name", samples.names())
def test_of_real_logs_the_drivers_add_up_to_what_tokcost_log_shows(name: str, tmp_path: Path) -> None:
    sample = samples.unpack(name, tmp_path)
    home = tmp_path / "ledger"
    refresh(home, sample.environ)
    (summary,) = summarise(home, sample.repo, LogOptions())
    found = explain_cost(home, sample.repo, WhyOptions()).explanation
    total = summary.totals.total
    assert found.closes
    assert (found.total.list_cost, found.unpriced.tokens) == (total.list_cost, total.unpriced_tokens)
    assert found.total.requests + found.unpriced.requests == total.usage
    assert sum(part.list_cost for part in found.drivers.values()) == total.list_cost
    for row in summary.branches:
        of_branch = explain_cost(home, sample.repo, WhyOptions(row.branch)).explanation
        assert of_branch.total.list_cost == row.split.total.list_cost
    assert found.drivers["not_known"].requests == 0
    assert (found.drivers["estimated_counts"].requests > 0) == (total.estimates.usage > total.estimates.unpriced_tokens)


def test_of_requests_in_one_moment_the_one_that_read_less_was_first(worked: Worked) -> None:
    """Some logs know seconds alone; names of requests say nothing of their order (`msg_10` comes before `msg_9`)."""
    for _ in range(8):
        worked.request(output=1, session="another")
    worked.request(write=50_000)
    worked.request(0, read=50_000, write=1_000)
    worked.request(0, read=51_000, write=1_000)
    found = worked.tokens(session="session-1")
    assert found == {"cache_written": 52_000, "cache_read": 101_000}
