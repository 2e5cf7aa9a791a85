"""Copilot CLI's events and store: each known trap, with its reasoning in the test's name."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from support.claude_lines import append
from support.copilot_lines import (
    SESSION,
    T0,
    counts,
    event,
    events,
    message,
    record,
    row,
    shutdown,
    start,
    store,
    tool,
)
from tokcost.model.logs import Batch, Location
from tokcost.model.usage import NO_TOKENS, Tokens, Usage, merge
from tokcost.readers.copilot_cli.reader import CopilotCliReader
from tokcost.readers.sources import sqlite_store
from tokcost.readers.sources.files import source_at, store_source

READER = CopilotCliReader()
ONE = Tokens(input=40, cache_read=60, output=30, reasoning=5)


def read(path: Path, cursor: bytes | None = None) -> Batch:
    source = store_source(str(path)) if path.name.endswith(".db") else source_at(str(path))
    assert source is not None
    (batch,) = READER.read(source, cursor)
    return batch


def together(*batches: Batch) -> list[Usage]:
    """What batches of several sources or times say, as the ledger holds it."""
    found: dict[str, Usage] = {}
    for batch in batches:
        for key in batch.retracted:
            found.pop(key, None)
        for one in batch.usage:
            found[one.key] = merge(found[one.key], one) if one.key in found else one
    return list(found.values())


def total(*batches: Batch) -> Tokens:
    tokens = NO_TOKENS
    for one in together(*batches):
        tokens = tokens.plus(one.tokens)
    return tokens


def times(tokens: Tokens, many: int) -> Tokens:
    return Tokens(*(count * many for count in tokens))


# A record of a request


@pytest.mark.parametrize(
    ("line", "is_told"),
    [
        (record(), False),
        (record(interactionType="conversation-agent"), False),
        (record(interactionType="conversation-subagent"), True),
        (record() | {"agentId": "agent-1"}, True),
        (record() | {"agentId": None}, False),
    ],
)
def test_a_request_of_a_sub_agent_is_told_from_those_of_the_main_one(
    tmp_path: Path, line: dict[str, Any], is_told: bool
) -> None:
    (usage,) = read(events(tmp_path, start(), line)).usage
    assert usage.subagent is is_told


def test_the_input_contains_the_cache_and_the_output_contains_reasoning(tmp_path: Path) -> None:
    said: dict[str, Any] = counts(input=200, output=30, cached=60, written=50, thought=5)
    (usage,) = read(events(tmp_path, start(), record(**said))).usage
    assert usage.tokens == Tokens(input=90, cache_read=60, cache_write_5m=50, output=30, reasoning=5)
    assert (usage.assistant, usage.session, usage.model, usage.time_ms) == ("copilot-cli", SESSION, "gpt-5", T0 + 5000)
    assert (usage.cwd, usage.branch, usage.provider, usage.copy_rank) == ("/repo", "feat/a", "github-copilot", 0)


def test_a_model_of_the_users_own_provider_is_not_served_by_github(tmp_path: Path) -> None:
    (usage,) = read(events(tmp_path, start(), record(isByok=True))).usage
    assert usage.provider == ""


@pytest.mark.parametrize(("credits", "cost"), [(None, None), (0.0, None), (250_000_000, 2_500_000)])
def test_the_credits_that_it_reports_are_kept_as_its_own_cost(
    tmp_path: Path, credits: float | None, cost: int | None
) -> None:
    said: dict[str, Any] = {} if credits is None else {"copilotUsage": {"totalNanoAiu": credits}}
    (usage,) = read(events(tmp_path, start(), record(**said))).usage
    assert usage.reported_cost == cost


def test_the_sum_at_the_end_of_a_run_repeats_the_records_also_after_a_resumption(tmp_path: Path) -> None:
    first = shutdown(T0 + 6000, gpt_5=counts())
    again = shutdown(T0 + 30_000, gpt_5=counts(200, 60, 120, 0, 10))
    lines = (start(), record(), first, start(T0 + 20_000, kind="resume"), record(T0 + 25_000, 2), again)
    assert total(read(events(tmp_path, *lines))) == times(ONE, 2)


def test_a_killed_session_without_a_sum_has_all_of_its_requests(tmp_path: Path) -> None:
    assert total(read(events(tmp_path, start(), record(), record(number=2)))) == times(ONE, 2)


def test_requests_of_sub_agents_and_compaction_count(tmp_path: Path) -> None:
    lines = (
        record(interactionType="conversation-subagent"),
        record(number=2, interactionType="conversation-compaction"),
        event("subagent.completed", T0 + 6000, {"totalTokens": 99}),
        event("session.compaction_complete", T0 + 7000, {"compactionTokensUsed": {"inputTokens": 5}}),
    )
    assert total(read(events(tmp_path, start(), *lines))) == times(ONE, 2)


def test_a_session_that_was_forked_counts_the_copied_requests_once_where_they_were_made(tmp_path: Path) -> None:
    original = read(events(tmp_path, start(), record()))
    fork = read(
        events(tmp_path, start(T0 + 60_000, "feat/b"), record(), record(T0 + 70_000, 2, "gpt-5", "f"), session="f")
    )
    for batches in ((original, fork), (fork, original)):
        found = together(*batches)
        assert {(one.session, one.branch) for one in found} == {(SESSION, "feat/a"), ("f", "feat/b")}
        assert len(found) == 2


def test_two_requests_with_the_same_counts_are_two(tmp_path: Path) -> None:
    same: dict[str, Any] = {"duration": 17}
    lines = (record(timeToFirstTokenMs=15.25, **same), record(timeToFirstTokenMs=15.5, **same))
    assert total(read(events(tmp_path, start(), *lines))) == times(ONE, 2)


def test_so_are_requests_of_which_nobody_measured_how_long_they_took(tmp_path: Path) -> None:
    untimed: dict[str, Any] = {"duration": None, "timeToFirstTokenMs": None}
    lines = [record(T0 + second * 1000, second, **untimed) for second in (5, 9)]
    assert total(read(events(tmp_path, start(), *lines))) == times(ONE, 2)
    copies = read(events(tmp_path, start(T0 + 60_000, "feat/b"), *lines, session="f"))
    assert total(read(events(tmp_path, start(), *lines)), copies) == times(ONE, 2)
    old = {name: value for name, value in row().items() if not name.startswith(("reasoning", "duration", "time_to"))}
    rows = [{**old, "session_id": "old", "created_at": f"2026-09-21 14:13:2{second}"} for second in (5, 9)]
    assert total(read(store(tmp_path, *rows, later=False))) == times(ONE, 2)._replace(reasoning=0)


@pytest.mark.parametrize(
    "wrong",
    [{"inputTokens": 59}, {"outputTokens": -1}, {"inputTokens": None}, {"outputTokens": 1.5}, {"inputTokens": 2e9}],
)
def test_impossible_counts_reject_one_record_and_count_it(tmp_path: Path, wrong: dict[str, Any]) -> None:
    batch = read(events(tmp_path, start(), record(**wrong), record(number=2)))
    assert [usage.tokens for usage in batch.usage] == [ONE]
    assert batch.skipped == {"usage record with impossible or missing values": 1}


def test_a_count_may_be_written_as_a_fraction(tmp_path: Path) -> None:
    batch = read(events(tmp_path, start(), record(outputTokens=30.0, reasoningTokens=5.0)))
    assert [usage.tokens for usage in batch.usage] == [ONE]


def test_counts_that_a_record_leaves_out_or_a_row_has_as_null_are_0(tmp_path: Path) -> None:
    cut = record()
    for name in ("cacheReadTokens", "cacheWriteTokens", "reasoningTokens"):
        del cut["data"]["usage"][name]
    nulls = dict.fromkeys(("cache_read_tokens", "cache_write_tokens", "reasoning_tokens"))
    for batch in (read(events(tmp_path / "a", start(), cut)), read(store(tmp_path / "b", row(**nulls)))):
        assert [usage.tokens for usage in batch.usage] == [Tokens(100, output=30)]
        assert batch.skipped == {}


def test_a_request_that_was_broken_off_has_no_counts_and_is_no_damage(tmp_path: Path) -> None:
    """The connection broke in the middle of a reply (1.0.102): what is billed of it nobody says, here or in the store,
    which has NULL where the record leaves fields out."""
    cut = record(number=1)
    for name in ("inputTokens", "outputTokens", "reasoningTokens"):
        del cut["data"]["usage"][name]
    cut["data"]["usage"] |= {"cacheReadTokens": 0, "cacheWriteTokens": 0}
    path = events(tmp_path, start(), cut, record(number=2))
    nulls = dict.fromkeys(("input_tokens", "output_tokens", "reasoning_tokens"))
    rows = store(tmp_path, row(**nulls, cache_read_tokens=0), row(number=2))
    assert [(len(batch.usage), batch.skipped) for batch in (read(path), read(rows))] == [(1, {}), (0, {})]
    assert total(read(path), read(rows)) == ONE


def test_a_damaged_record_among_good_ones_is_counted_and_loses_no_other(tmp_path: Path) -> None:
    batch = read(events(tmp_path, start(), '{"type":"session.usage_record","data":{"us', record()))
    assert [usage.tokens for usage in batch.usage] == [ONE]
    assert batch.skipped == {"damaged record": 1}


@pytest.mark.parametrize(
    "broken",
    [
        '{"type":"tool.execution_complete","data":{"result":{"content":"one\ntwo {\nthree"}}}\n',  # raw line ends
        '{"type":"user.message","data":{"content":"a\u2028b\u2029c\u0085d"}}\n',
        "\0" * 1728,  # a crash, and the resumed session goes on behind it
        "\n\n \n",
        '{"type":"assistant.message","data":{"messageId":"m1","out',  # a resumed session goes on without a line end
        '{"type":"system.notification","data":{"kind":"new"}}\n',
    ],
)
def test_what_crashes_and_resumptions_leave_between_records_loses_none(tmp_path: Path, broken: str) -> None:
    path = events(tmp_path, start(), record())
    with path.open("a", encoding="utf-8") as log:
        log.write(broken)
    append(path, record(number=2), record(number=2))
    assert total(read(path)) == times(ONE, 2)


def test_words_of_a_conversation_that_look_like_a_record_are_none(tmp_path: Path) -> None:
    words = event("user.message", T0, {"content": '{"type":"session.usage_record","data":{"usage":{"inputTokens":5}}}'})
    batch = read(events(tmp_path, start(), words))
    assert (list(batch.usage), batch.skipped) == ([], {})


# A second look


def test_a_session_that_grew_goes_on_at_its_place(tmp_path: Path) -> None:
    path = events(tmp_path, start(), record())
    first = read(path)
    append(path, record(T0 + 9000, 2))
    second = read(path, first.cursor)
    assert [(one.cwd, one.branch, one.session) for one in second.usage] == [("/repo", "feat/a", SESSION)]
    assert not read(path, second.cursor).usage


# Its place


def placed(tmp_path: Path, *lines: dict[str, Any]) -> list[tuple[str, bool, bool]]:
    found = read(events(tmp_path, *lines)).usage
    return [(one.branch, one.branch_stale, one.moves_head) for one in found]


def test_a_response_is_logged_when_it_is_complete_so_it_was_asked_for_before_a_move_in_that_second(
    tmp_path: Path,
) -> None:
    assert placed(tmp_path, start(), record()) == [("feat/a", False, True)]


def test_a_branch_that_was_told_in_the_second_of_a_response_decides_alone(tmp_path: Path) -> None:
    assert placed(tmp_path, start(), record(T0 + 500)) == [("feat/a", False, False)]


def test_a_resumption_on_another_branch_holds_from_there_on(tmp_path: Path) -> None:
    lines = (start(), record(), start(T0 + 20_000, "feat/b", kind="resume"), record(T0 + 25_000, 2))
    assert [one[0] for one in placed(tmp_path, *lines)] == ["feat/a", "feat/b"]


def test_a_change_of_the_folder_holds_from_there_on_and_its_branch_once_that_is_known(tmp_path: Path) -> None:
    pending = {"cwd": "/other", "pendingGitContext": True}
    settled = {"cwd": "/other", "branch": "feat/b"}
    lines = (
        start(),
        event("session.context_changed", T0 + 1000, pending),
        record(T0 + 3000),
        event("session.context_changed", T0 + 4000, settled),
        record(T0 + 6000, 2),
    )
    found = read(events(tmp_path, *lines)).usage
    assert [(one.cwd, one.branch) for one in found] == [("/other", ""), ("/other", "feat/b")]


def test_a_detached_head_has_no_branch(tmp_path: Path) -> None:
    lines = (start(), start(T0 + 1000, None, kind="resume"), record())
    assert [one[0] for one in placed(tmp_path, *lines)] == [""]


def test_what_follows_a_tool_that_moved_head_comes_after_the_move(tmp_path: Path) -> None:
    moves = tool("git switch -q main", T0 + 5200, ends=T0 + 5300)
    lines = (start(), record(T0 + 5100), *moves, record(T0 + 5400, 2), record(T0 + 9000, 3))
    assert placed(tmp_path, *lines) == [("feat/a", False, True), ("feat/a", True, False), ("feat/a", True, True)]


def test_the_response_whose_tool_moved_head_came_before_also_when_its_branch_was_told_in_that_second(
    tmp_path: Path,
) -> None:
    moves = tool("git switch -q main", T0 + 200, ends=T0 + 300)
    lines = (start(), record(T0 + 100), *moves, record(T0 + 400, 2))
    assert placed(tmp_path, *lines) == [("feat/a", False, True), ("feat/a", True, False)]


def test_a_response_between_two_moves_of_one_second_came_before_the_last(tmp_path: Path) -> None:
    first = tool("git switch x", T0 + 5200, ends=T0 + 5300)
    second = tool("git switch y", T0 + 5500, ends=T0 + 5600, call="call_2")
    lines = (start(), record(T0 + 5100), *first, record(T0 + 5400, 2), *second, record(T0 + 5700, 3))
    assert [one[1:] for one in placed(tmp_path, *lines)] == [(False, True), (True, True), (True, False)]


def test_a_move_is_remembered_until_the_second_look(tmp_path: Path) -> None:
    begin, end = tool("git switch x", T0 + 5200, ends=T0 + 5300)
    path = events(tmp_path, start(), record(T0 + 5100), begin)
    first = read(path)
    append(path, end, record(T0 + 5400, 2))
    assert [one.moves_head for one in read(path, first.cursor).usage] == [False]


@pytest.mark.parametrize("command", ["git status", "git checkout -- file", "echo switch"])
def test_other_tools_move_nothing(tmp_path: Path, command: str) -> None:
    lines = (start(), record(T0 + 5100), *tool(command, T0 + 5200, ends=T0 + 5300), record(T0 + 5400, 2))
    assert placed(tmp_path, *lines) == [("feat/a", False, True)] * 2


# The store, which has the same requests


def test_a_request_in_the_store_and_in_the_events_counts_once_in_either_order(tmp_path: Path) -> None:
    told, kept = (
        read(events(tmp_path, start(), record(), record(number=2))),
        read(store(tmp_path, row(), row(number=2))),
    )
    assert total(told, kept) == total(kept, told) == times(ONE, 2)
    assert not kept.usage


def test_the_last_request_of_a_killed_session_counts_where_its_record_was_not_written(tmp_path: Path) -> None:
    told, kept = (
        read(events(tmp_path, start(), record())),
        read(store(tmp_path, row(), row(T0 + 6000, 2, input_tokens=110))),
    )
    assert total(told, kept) == times(ONE, 2)._replace(input=90)
    assert [one.branch for one in kept.usage] == ["feat/a"]


def test_a_record_and_a_row_that_time_a_request_differently_are_one(tmp_path: Path) -> None:
    told, kept = read(events(tmp_path, start(), record())), read(store(tmp_path, row(time_to_first_token_ms=15)))
    assert total(told, kept) == ONE


def test_a_row_that_was_read_before_its_record_was_written_has_the_same_key(tmp_path: Path) -> None:
    path = events(tmp_path, start())
    kept = read(store(tmp_path, row()))
    append(path, record())
    (usage,) = together(kept, read(path))
    assert usage.tokens == ONE
    assert len(kept.usage) == 1


def test_rows_count_where_the_events_have_no_records(tmp_path: Path) -> None:
    resumed = start(T0 + 20_000, "feat/b", "/other", "resume")
    path = store(tmp_path, row(), row(T0 + 25_000, 2))
    told = read(events(tmp_path, start(), message(), shutdown(T0 + 6000, gpt_5=counts()), resumed))
    kept = read(path)
    assert total(told, kept) == times(ONE, 2)
    assert [(one.cwd, one.branch) for one in kept.usage] == [("/repo", "feat/a"), ("/other", "feat/b")]


def test_rows_of_a_session_whose_events_are_gone_count_where_the_session_was_last(tmp_path: Path) -> None:
    found = read(store(tmp_path, row(total_nano_aiu=250_000_000))).usage
    assert [(one.tokens, one.cwd, one.branch) for one in found] == [(ONE, "/last", "last")]
    assert [(one.reported_cost, one.provider) for one in found] == [(2_500_000, "github-copilot")]


def test_a_session_that_was_updated_while_it_lasted_has_rows_before_and_records_behind(tmp_path: Path) -> None:
    lines = (start(), message(), start(T0 + 60_000, kind="resume"), record(T0 + 70_000, 2))
    told = read(events(tmp_path, *lines))
    assert total(told, read(store(tmp_path, row(), row(T0 + 70_000, 2)))).total == 2 * ONE.total + 30
    told = read(events(tmp_path, *lines))  # now the store is there
    assert total(told, read(tmp_path / ".copilot/session-store.db")) == times(ONE, 2)


def test_messages_that_were_told_before_the_store_had_their_requests_are_taken_back(tmp_path: Path) -> None:
    path = events(tmp_path, start(), message())
    first = read(path)
    kept = read(store(tmp_path, row()))
    append(path, shutdown(T0 + 9000, gpt_5=counts()))
    assert total(first, kept, read(path, first.cursor)) == ONE


def test_a_leg_before_the_store_began_counts_beside_the_rows_of_later_legs(tmp_path: Path) -> None:
    first = shutdown(T0 + 6000, gpt_5=counts())
    again = shutdown(T0 + 90_000, gpt_5=counts(200, 60, 120, 0, 10))
    lines = (start(), message(), first, start(T0 + 60_000, kind="resume"), message("m2", T0 + 70_000), again)
    kept = read(store(tmp_path, row(T0 + 70_000, 2)))
    assert total(read(events(tmp_path, *lines)), kept) == times(ONE, 2)


def test_a_store_of_its_first_version_lacks_columns_and_is_read(tmp_path: Path) -> None:
    old = {name: value for name, value in row().items() if not name.startswith(("reasoning", "duration", "time_to"))}
    found = read(store(tmp_path, {**old, "created_at": "2026-09-21 14:13:25"}, later=False)).usage
    assert [(one.tokens, one.time_ms) for one in found] == [(ONE._replace(reasoning=0), T0 + 5000)]


def test_a_store_goes_on_behind_its_newest_row_and_begins_again_when_it_was_made_anew(tmp_path: Path) -> None:
    path = store(tmp_path, row(), row(number=2))
    first = read(path)
    assert not read(path, first.cursor).usage
    store(tmp_path, row(number=3))
    second = read(path, first.cursor)
    assert len(second.usage) == 1
    path.unlink()
    assert len(read(store(tmp_path, row(number=4)), second.cursor).usage) == 1


def test_one_damaged_row_is_counted_and_loses_no_other(tmp_path: Path) -> None:
    batch = read(store(tmp_path, row(created_at="yesterday"), row(number=2), row(number=3, input_tokens=10)))
    assert len(batch.usage) == 1
    assert batch.skipped == {"damaged record": 2}


def test_a_store_of_an_unknown_version_is_named(tmp_path: Path) -> None:
    path = store(tmp_path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("DROP TABLE assistant_usage_events")
        db.commit()
    with pytest.raises(OSError, match="lacks a table"):
        read(path)


def test_messages_wait_for_a_store_that_is_locked_and_not_for_one_that_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_store, "WAIT_SECONDS", 0.05)
    told = events(tmp_path, start(), message(), shutdown(T0 + 6000, gpt_5=counts()))
    path = store(tmp_path, row())
    with closing(sqlite3.connect(path)) as db:
        db.execute("BEGIN EXCLUSIVE")
        with pytest.raises(BlockingIOError):
            read(told)
    path.write_bytes(b"damaged" * 1000)
    assert total(read(told)) == ONE


def test_a_session_that_names_another_folder_reads_no_file_there(tmp_path: Path) -> None:
    (usage,) = read(store(tmp_path, row(session="../../x"))).usage
    assert usage.cwd == ""


# Versions without a record of each request


def test_messages_of_a_killed_session_count_with_their_output_as_a_lower_bound(tmp_path: Path) -> None:
    found = read(events(tmp_path, start(), message(), message("m2", T0 + 8000, 7))).usage
    assert [(one.tokens, one.lower_bound) for one in found] == [(Tokens(output=30), True), (Tokens(output=7), True)]


def test_the_sum_of_a_run_is_distributed_over_its_messages_and_exact(tmp_path: Path) -> None:
    said = counts(input=1001, output=60, cached=700, written=101, thought=7)
    resumed = start(T0 + 7000, "feat/b", kind="resume")
    lines = (start(), message(output=20), resumed, message("m2", T0 + 9000, 15), shutdown(T0 + 10_000, gpt_5=said))
    batch = read(events(tmp_path, *lines))
    assert total(batch) == Tokens(200, 700, 101, 0, 60, 7)
    found = together(batch)
    assert [one.branch for one in found] == ["feat/a", "feat/b"]
    assert not any(one.lower_bound for one in found)
    assert all(one.tokens.prompt for one in found)


def test_sums_grow_over_resumptions_so_a_later_run_has_the_difference(tmp_path: Path) -> None:
    path = events(tmp_path, start(), message(), shutdown(T0 + 6000, gpt_5=counts()))
    first = read(path)
    resumed = start(T0 + 20_000, kind="resume")
    append(path, resumed, message("m2", T0 + 25_000), shutdown(T0 + 30_000, gpt_5=counts(300, 60, 180, 0, 10)))
    assert total(first, read(path, first.cursor)) == Tokens(120, 180, 0, 0, 60, 10)


def test_a_sum_that_fell_was_begun_anew_by_compaction_and_counts_in_full(tmp_path: Path) -> None:
    first = shutdown(T0 + 6000, gpt_5=counts(1000, 30, 600, 0, 5))
    again = shutdown(T0 + 30_000, gpt_5=counts())
    lines = (start(), message(), first, start(T0 + 20_000, kind="resume"), message("m2", T0 + 25_000), again)
    assert total(read(events(tmp_path, *lines))) == Tokens(440, 660, 0, 0, 60, 10)


def test_messages_before_compaction_keep_their_output_where_the_sum_has_what_followed(tmp_path: Path) -> None:
    lines = (start(), message(output=500), message("m2", T0 + 8000), shutdown(T0 + 10_000, gpt_5=counts(output=40)))
    batch = read(events(tmp_path, *lines))
    assert total(batch) == Tokens(40, 60, 0, 0, 540, 5)
    assert [one.lower_bound for one in together(batch)] == [True, False]


def test_requests_without_a_message_count_at_the_end_of_their_run(tmp_path: Path) -> None:
    end = shutdown(T0 + 9000, gpt_5=counts(), claude_haiku=counts(50, 5, 0))
    found = together(read(events(tmp_path, start(), message(), end)))
    assert {(one.model, one.time_ms, one.tokens) for one in found} == {
        ("gpt-5", T0 + 5000, ONE),
        ("claude-haiku", T0 + 9000, Tokens(50, output=5, reasoning=5)),
    }


def test_messages_without_a_model_have_the_one_of_the_sum(tmp_path: Path) -> None:
    lines = (start(), message(model=None), shutdown(T0 + 9000, gpt_5=counts()))
    assert [(one.model, one.tokens) for one in together(read(events(tmp_path, *lines)))] == [("gpt-5", ONE)]


def test_a_response_that_was_split_into_messages_counts_once(tmp_path: Path) -> None:
    lines = (message(apiCallId="c1"), message("m2", apiCallId="c1"), shutdown(T0 + 9000, gpt_5=counts()))
    assert [one.tokens for one in together(read(events(tmp_path, start(), *lines)))] == [ONE]


# Where they are


def test_events_of_sessions_and_the_store_are_found_and_nothing_else(tmp_path: Path) -> None:
    state = tmp_path / ".copilot/session-state"
    wanted = [events(tmp_path), state / "old.jsonl"]
    for path in (wanted[1], state / SESSION / "other.jsonl", state / SESSION / "checkpoints/index.md"):
        path.parent.mkdir(exist_ok=True)
        path.write_text("")
    folder, database = READER.locations({"HOME": str(tmp_path)})
    assert {source.path for source in READER.discover(folder)} == {str(path) for path in wanted}
    assert list(READER.discover(database)) == []
    path = store(tmp_path)
    assert [source.path for source in READER.discover(database)] == [str(path)]


def test_its_home_folder_can_be_elsewhere(tmp_path: Path) -> None:
    found = READER.locations({"HOME": "/nowhere", "COPILOT_HOME": str(tmp_path)})
    assert found == [Location(str(tmp_path / "session-state")), Location(str(tmp_path / "session-store.db"), "store")]
