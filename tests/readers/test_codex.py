"""Codex rollouts: each known trap, with its reasoning in the test's name."""

import json
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from support.claude_lines import append, encode, iso, write
from support.codex_lines import PARENT, T0, THREAD, count, counters, line, meta, record, turn, uuid7
from tokcost.model.logs import Batch, Location
from tokcost.model.usage import Tokens, Usage
from tokcost.readers.codex.reader import CodexReader
from tokcost.readers.sources import files


def read(path: Path, cursor: bytes | None = None) -> Batch:
    """What is new in a file that is read in one batch."""
    (batch,) = CodexReader().read(files.file_source(str(path), path.stat()), cursor)
    return batch


def tokens(path: Path, *lines: dict[str, Any] | str) -> list[Tokens]:
    batch = read(write(path / "rollout-x.jsonl", *lines))
    assert len({usage.key for usage in batch.usage}) == len(batch.usage)
    return [usage.tokens for usage in batch.usage]


def test_cached_tokens_are_inside_input_and_reasoning_inside_output(tmp_path: Path) -> None:
    assert tokens(tmp_path, meta(), turn(), count(counters(100, 60, 30, 20))) == [Tokens(40, 60, 0, 0, 30, 20)]


@pytest.mark.parametrize(
    ("facts", "is_told"),
    [
        ({}, False),
        ({"source": "cli"}, False),
        ({"source": {"subagent": {"thread_spawn": {"parent_thread_id": PARENT, "depth": 1}}}}, True),
        ({"source": {"subagent": "review"}}, True),
        ({"source": {"custom": "x"}}, False),
        ({"thread_source": "subagent", "parent_thread_id": PARENT}, True),
        ({"thread_source": "user"}, False),
        ({"thread_source": 7}, False),
        ({"parent_thread_id": PARENT}, True),
        ({"forked_from_id": PARENT}, False),
        ({"forked_from_id": PARENT, "source": "vscode"}, False),
        ({"forked_from_id": PARENT, "source": {"subagent": {"thread_spawn": {"parent_thread_id": PARENT}}}}, True),
    ],
)
def test_a_thread_that_was_spawned_is_a_sub_agents_and_a_fork_is_none(
    tmp_path: Path, facts: dict[str, Any], is_told: bool
) -> None:
    lines = (meta(**facts), turn(T0 + 1000), count(counters(100, 60, 30), time_ms=T0 + 2000))
    path = write(tmp_path / "rollout-x.jsonl", *lines)
    first = read(path)
    assert [one.subagent for one in first.usage] == [is_told]
    append(path, count(counters(250, 160, 50), counters(150, 100, 20), time_ms=T0 + 9000))
    assert [one.subagent for one in read(path, first.cursor).usage] == [is_told]


def test_a_running_total_written_again_is_no_new_response(tmp_path: Path) -> None:
    one, two = counters(100, 60, 30), counters(250, 160, 50)
    found = tokens(tmp_path, meta(), turn(), count(one), count(one), count(two, counters(150, 100, 20)), count(two))
    assert found == [Tokens(40, 60, 0, 0, 30), Tokens(50, 100, 0, 0, 20)]


def test_an_event_without_counts_tells_nothing(tmp_path: Path) -> None:
    assert tokens(tmp_path, meta(), turn(), count(None), count(counters(10))) == [Tokens(10)]


def test_an_aborted_turn_advances_the_total_by_two_responses_and_both_count(tmp_path: Path) -> None:
    found = tokens(tmp_path, meta(), turn(), count(counters(100)), count(counters(350), counters(120)))
    assert sum(t.input for t in found) == 350


def test_a_total_that_restarts_at_zero_on_resume_does_not_lose_the_first_call(tmp_path: Path) -> None:
    found = tokens(tmp_path, meta(), turn(), count(counters(100)), turn(T0 + 9), count(counters(120)))
    assert [t.input for t in found] == [100, 120]


def test_a_total_that_restarts_below_the_last_one_is_a_new_count(tmp_path: Path) -> None:
    lines = [meta(), turn(), count(counters(100)), count(counters(300), counters(200)), count(counters(110))]
    assert [t.input for t in tokens(tmp_path, *lines, count(counters(230), counters(120)))] == [100, 200, 110, 120]


def test_the_same_totals_after_a_restart_have_keys_of_their_own(tmp_path: Path) -> None:
    lines = [meta(), turn(), count(counters(100)), count(counters(300), counters(200)), turn(T0 + 9)]
    lines += [count(counters(90)), count(counters(300), counters(210))]
    assert [t.input for t in tokens(tmp_path, *lines)] == [100, 200, 90, 210]


def test_compaction_writes_a_last_usage_of_zero_that_is_no_response(tmp_path: Path) -> None:
    total = counters(100, 0, 5)
    zero = {**counters(0), "total_tokens": 4000}
    assert len(tokens(tmp_path, meta(), turn(), count(total), count(total, zero))) == 1


def test_an_overflowing_context_sets_the_total_to_zero_and_is_no_response(tmp_path: Path) -> None:
    zero = {**counters(0), "total_tokens": 272_000}
    lines = [meta(), turn(), count(counters(100)), count(zero, {**counters(0), "total_tokens": 9}), count(counters(50))]
    assert [t.input for t in tokens(tmp_path, *lines)] == [100, 50]


def test_cached_tokens_that_grow_more_than_input_leave_no_negative_count(tmp_path: Path) -> None:
    lines = [meta(), turn(), count(counters(100, 10)), count(counters(110, 100), counters(10, 10))]
    assert tokens(tmp_path, *lines) == [Tokens(90, 10), Tokens(0, 10)]


def test_responses_recorded_one_by_one_make_their_running_totals_repetitions(tmp_path: Path) -> None:
    one, two = counters(100, 60, 30), counters(120, 90, 10)
    lines = [meta(), turn(), record("a", one), count(one), record("b", two), count(counters(220, 150, 40), two)]
    assert tokens(tmp_path, *lines) == [Tokens(40, 60, 0, 0, 30), Tokens(30, 90, 0, 0, 10)]


def test_a_thread_that_outlives_an_upgrade_counts_old_events_then_new_records(tmp_path: Path) -> None:
    lines = [meta(), turn(), count(counters(100)), record("b", counters(20)), count(counters(120), counters(20))]
    assert [t.input for t in tokens(tmp_path, *lines)] == [100, 20]


def test_a_copy_of_a_record_inside_a_compaction_is_not_counted(tmp_path: Path) -> None:
    compacted = line("compacted", latest_token_usage_record={"response_id": "a", "usage": counters(100)})
    assert len(tokens(tmp_path, meta(), turn(), record("a", counters(100)), compacted)) == 1


def test_a_fork_that_replays_its_parents_history_counts_only_its_own_calls(tmp_path: Path) -> None:
    later = T0 + 60_000
    replayed = [meta(PARENT, later), turn(later, turn_id=uuid7(T0)), count(counters(100), time_ms=later)]
    own = [turn(later + 100), count(counters(130), counters(30), later + 200)]
    lines = [meta(time_ms=later, forked_from_id=PARENT), *replayed, *own]
    assert [t.input for t in tokens(tmp_path, *lines)] == [30]


def test_a_replay_without_turn_ids_ends_with_the_second_in_which_it_was_written(tmp_path: Path) -> None:
    later = T0 + 60_000
    replayed = [meta(PARENT, later), turn(later, turn_id=None), count(counters(100), time_ms=later)]
    own = [turn(later + 5_000, turn_id=None), count(counters(130), counters(30), later + 5_200)]
    assert [t.input for t in tokens(tmp_path, meta(time_ms=later, forked_from_id=PARENT), *replayed, *own)] == [30]


def test_a_replay_that_keeps_its_old_times_ends_where_the_fork_begins(tmp_path: Path) -> None:
    later = T0 + 60_000
    replayed = [meta(PARENT), turn(T0 + 2_000, turn_id=None), count(counters(100), time_ms=T0 + 3_000)]
    own = [turn(later + 100, turn_id=None), count(counters(130), counters(30), later + 200)]
    assert [t.input for t in tokens(tmp_path, meta(time_ms=later, forked_from_id=PARENT), *replayed, *own)] == [30]


def test_a_replayed_record_that_names_the_new_thread_is_still_its_parents(tmp_path: Path) -> None:
    later = T0 + 60_000
    copied = record("a", counters(100), later)
    copied["payload"]["turn_id"] = uuid7(T0)
    lines = [meta(time_ms=later, forked_from_id=PARENT), meta(PARENT, later), turn(later, turn_id=uuid7(T0)), copied]
    own = [turn(later + 100), record("b", counters(30), later + 200)]
    assert [t.input for t in tokens(tmp_path, *lines, *own)] == [30]


def test_a_fork_without_replay_starts_from_its_parents_total(tmp_path: Path) -> None:
    lines = [meta(forked_from_id=PARENT), turn(), count(counters(1_030), counters(30))]
    assert [t.input for t in tokens(tmp_path, *lines)] == [30]


def test_a_subagent_without_replay_is_counted_whole(tmp_path: Path) -> None:
    lines = [meta(parent_thread_id=PARENT, source={"subagent": {}}), turn(), count(counters(100))]
    assert [t.input for t in tokens(tmp_path, *lines)] == [100]


def test_a_repeated_session_meta_of_the_same_thread_is_no_new_session(tmp_path: Path) -> None:
    lines = [meta(), turn(), count(counters(100)), meta(time_ms=T0 + 9), count(counters(150), counters(50))]
    assert [t.input for t in tokens(tmp_path, *lines)] == [100, 50]


def test_the_model_of_a_response_is_that_of_the_turn_it_belongs_to(tmp_path: Path) -> None:
    lines = [meta(), turn(), count(counters(1)), turn(T0 + 9, "gpt-5.1-codex"), count(counters(3), counters(2))]
    batch = read(write(tmp_path / "rollout-x.jsonl", *lines))
    assert [usage.model for usage in batch.usage] == ["gpt-5-codex", "gpt-5.1-codex"]


def test_the_folder_follows_the_turn_and_the_branch_is_only_that_of_the_start(tmp_path: Path) -> None:
    lines = [meta(), turn(), count(counters(1)), turn(T0 + 9, cwd="/wt"), count(counters(3), counters(2))]
    first, second = read(write(tmp_path / "rollout-x.jsonl", *lines)).usage
    assert (first.cwd, first.branch, first.branch_stale) == ("/r", "feat/a", False)
    assert (second.cwd, second.branch, second.branch_stale) == ("/wt", "feat/a", True)


def call(time_ms: int, command: str = "git switch -q main", kind: str = "function_call", **more: Any) -> dict[str, Any]:
    said = more or {"name": "exec_command", "arguments": json.dumps({"cmd": command})}
    return line("response_item", time_ms, type=kind, call_id="c1", **said)


def output(time_ms: int) -> dict[str, Any]:
    return line("response_item", time_ms, type="function_call_output", call_id="c1", output="git switch x")


def order(path: Path, *lines: dict[str, Any]) -> list[tuple[bool, bool]]:
    """Of each response whether HEAD moved after it, and whether its branch is stale."""
    found = read(write(path / "rollout-x.jsonl", *lines)).usage
    return [(usage.moves_head, usage.branch_stale) for usage in found]


NEW, OLD = ("call", "usage", "output"), ("usage", "call", "output")
"""In which order versions write the call, the usage of its response, and the call's output."""


@pytest.mark.parametrize("written", [NEW, OLD])
def test_a_call_that_moves_head_does_so_after_its_response_and_all_above_it(
    tmp_path: Path, written: tuple[str, ...]
) -> None:
    lines = {"call": call(T0 + 110), "usage": record("two", counters(200), T0 + 120), "output": output(T0 + 130)}
    found = order(
        tmp_path,
        meta(),
        turn(),
        record("one", counters(10), T0 + 50),
        *(lines[one] for one in written),
        record("three", counters(3), T0 + 500),
        record("four", counters(4), T0 + 600),
    )
    assert found == [(True, False), (True, False), (False, True), (False, True)]


@pytest.mark.parametrize(
    "more",
    [
        {"kind": "custom_tool_call", "name": "exec", "input": "await run('git checkout main')"},
        {"kind": "local_shell_call", "action": {"type": "exec", "command": ["git", "switch", "main"]}},
        {"name": "shell", "arguments": json.dumps({"command": ["bash", "-lc", "cd /r && git rebase main"]})},
        {"name": "shell", "arguments": json.dumps({"command": ["git", "-C", "/r", "switch", "-c", "x"]})},
        {"name": "exec_command", "arguments": json.dumps({"cmd": "git fetch\ngit switch main"})},
    ],
)
def test_every_kind_of_call_can_move_head(tmp_path: Path, more: dict[str, Any]) -> None:
    found = order(tmp_path, meta(), turn(), call(T0 + 10, **more), record("one", counters(10), T0 + 20))
    assert found == [(True, False)]


def test_a_call_that_moves_nothing_leaves_the_branch_as_fresh_as_it_was(tmp_path: Path) -> None:
    lines = [call(T0 + 10, "git status"), record("one", counters(10), T0 + 20), output(T0 + 30)]
    assert order(tmp_path, meta(), turn(), *lines, record("two", counters(1), T0 + 40)) == [(False, False)] * 2


def test_a_move_is_remembered_where_reading_stopped_between_a_call_and_its_output(tmp_path: Path) -> None:
    path = write(tmp_path / "rollout-x.jsonl", meta(), turn(), call(T0 + 10))
    first = read(path)
    append(path, record("one", counters(10), T0 + 20), output(T0 + 30), record("two", counters(1), T0 + 40))
    found = read(path, first.cursor).usage
    assert [(usage.moves_head, usage.branch_stale) for usage in found] == [(True, False), (False, True)]


def test_a_later_prompt_that_took_its_time_was_asked_before_whatever_moved_head_when_it_was_logged(
    tmp_path: Path,
) -> None:
    later = turn(T0 + 5_000)
    found = order(tmp_path, meta(), turn(), later, record("one", counters(10), T0 + 8_000))
    assert found == [(True, True)]
    assert order(tmp_path, meta(), turn(), later, record("one", counters(10), T0 + 5_900)) == [(False, True)]


def test_a_command_that_moves_head_twice_leaves_no_doubt_who_moved_it(tmp_path: Path) -> None:
    """A stale branch would let the first of two moves within a second be the user's."""
    lines = [meta(), turn(), turn(T0 + 5_000), call(T0 + 7_000, "git checkout main && git checkout -b x")]
    (usage,) = read(write(tmp_path / "rollout-x.jsonl", *lines, record("one", counters(10), T0 + 7_100))).usage
    assert (usage.moves_head, usage.branch_stale, usage.branch) == (True, False, "")


def test_a_service_tier_that_is_not_the_default_is_kept(tmp_path: Path) -> None:
    tier = line("event_msg", type="thread_settings_applied", thread_settings={"service_tier": "priority"})
    (usage,) = read(write(tmp_path / "rollout-x.jsonl", meta(), turn(), tier, count(counters(1)))).usage
    assert (usage.tier, usage.provider) == ("priority", "openai")


def test_words_of_a_conversation_that_look_like_events_are_harmless(tmp_path: Path) -> None:
    said = line("response_item", type="message", content='"token_count" "token_usage_record"', info={"token_count": 1})
    batch = read(write(tmp_path / "rollout-x.jsonl", meta(), turn(), said, count(counters(1))))
    assert (len(batch.usage), batch.skipped) == (1, {})


def test_odd_spacing_changes_nothing(tmp_path: Path) -> None:
    lines = [json.dumps(one, separators=(" , ", " : ")) for one in (meta(), turn(), count(counters(5)))]
    assert tokens(tmp_path, *lines) == [Tokens(5)]


@pytest.mark.parametrize("usage", [counters(-1), counters(5, 6), counters(10**13)])
def test_impossible_counts_are_rejected_and_counted(tmp_path: Path, usage: dict[str, int]) -> None:
    batch = read(write(tmp_path / "rollout-x.jsonl", meta(), turn(), record("a", usage)))
    assert (batch.usage, sum(batch.skipped.values())) == ([], 1)


def test_a_damaged_record_is_counted_and_the_next_one_is_read(tmp_path: Path) -> None:
    damaged = encode(record("a", counters(1))).decode().rstrip("\n")[:-4]
    batch = read(write(tmp_path / "rollout-x.jsonl", meta(), turn(), damaged, record("b", counters(2))))
    assert ([u.tokens.input for u in batch.usage], batch.skipped) == ([2], {"damaged record": 1})


def test_only_new_bytes_are_read(tmp_path: Path) -> None:
    path = write(tmp_path / "rollout-x.jsonl", meta(), turn(), count(counters(100)))
    first = read(path)
    append(path, count(counters(150), counters(50)))
    second = read(path, first.cursor)
    assert [u.tokens.input for u in second.usage] == [50]
    assert second.usage[0].model == "gpt-5-codex"


def test_an_archived_or_compressed_rollout_gives_the_same_keys(tmp_path: Path) -> None:
    lines = [meta(), turn(), count(counters(100)), count(counters(150), counters(50))]
    plain = write(tmp_path / "sessions/rollout-x.jsonl", *lines)
    packed = tmp_path / "archived_sessions/rollout-x.jsonl.zst"
    packed.parent.mkdir()
    packed.write_bytes(zstandard.compress(plain.read_bytes()))
    assert [u.key for u in read(plain).usage] == [u.key for u in read(packed).usage]


def test_a_compressed_file_of_several_frames_is_read_to_its_end(tmp_path: Path) -> None:
    data = b"".join(encode(one) for one in (meta(), turn(), count(counters(100)), record("b", counters(7))))
    packed = tmp_path / "rollout-x.jsonl.zst"
    packed.write_bytes(zstandard.compress(data[:300]) + zstandard.compress(data[300:]))
    assert [usage.tokens.input for usage in read(packed).usage] == [100, 7]


def test_a_compressed_file_that_ends_early_is_read_so_far_and_says_so(tmp_path: Path) -> None:
    lines = [meta(), turn(), *(record(f"r{number}", counters(number)) for number in range(1, 3_000))]
    whole = zstandard.compress(b"".join(encode(one) for one in lines))
    packed = tmp_path / "rollout-x.jsonl.zst"
    packed.write_bytes(whole[: len(whole) // 2])
    batch = read(packed)
    assert 0 < len(batch.usage) < 3_000
    assert batch.skipped == {"compressed file that ends early": 1}


def test_a_file_from_before_counts_were_written_is_told_and_not_taken_for_empty(tmp_path: Path) -> None:
    head = {"id": THREAD, "timestamp": iso(T0), "instructions": None, "git": {"branch": "main"}}
    path = write(tmp_path / "rollout-x.jsonl", head, {"type": "message", "role": "user", "content": []})
    first = read(path)
    assert (first.usage, first.skipped) == ([], {"file of a version that recorded no usage": 1})
    append(path, {"type": "message", "role": "assistant", "content": []})
    assert read(path, first.cursor).skipped == {}


def test_a_rollout_whose_first_line_is_lost_is_known_by_its_name(tmp_path: Path) -> None:
    name = f"rollout-2026-11-23T10-00-00-{THREAD}.jsonl"
    whole = read(write(tmp_path / "a" / name, meta(), turn(), count(counters(5)))).usage
    beheaded = read(write(tmp_path / "b" / name, turn(), count(counters(5)))).usage
    assert [usage.key for usage in beheaded] == [usage.key for usage in whole]


def test_a_file_replaced_by_a_shorter_one_is_read_again_from_its_beginning(tmp_path: Path) -> None:
    path = write(tmp_path / "rollout-x.jsonl", meta(), turn(), count(counters(100)), count(counters(300)))
    before = read(path)
    again = read(write(path, meta(), turn(), count(counters(100))), before.cursor)
    assert again.restarted
    assert [usage.key for usage in again.usage] == [usage.key for usage in before.usage[:1]]


def test_carriage_returns_bytes_that_are_no_text_and_an_empty_file_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "rollout-x.jsonl"
    path.write_bytes(b"")
    assert read(path).usage == []
    lines = [meta(), turn(cwd="/r@"), count(counters(5))]
    path.write_bytes(b"".join(encode(one) for one in lines).replace(b"@", b"\xff").replace(b"\n", b"\r\n"))
    batch = read(path)
    assert ([usage.tokens.input for usage in batch.usage], batch.skipped) == ([5], {})


def test_a_damaged_compressed_file_is_an_error_of_that_file(tmp_path: Path) -> None:
    packed = tmp_path / "rollout-x.jsonl.zst"
    packed.write_bytes(b"not zstd at all")
    with pytest.raises(OSError, match="zstd"):
        read(packed)


def test_the_plain_file_wins_where_its_compressed_twin_lies_beside_it(tmp_path: Path) -> None:
    for name in ("2026/11/23/rollout-a.jsonl", "2026/11/23/rollout-a.jsonl.zst", "2026/11/22/rollout-b.jsonl.zst"):
        write(tmp_path / name)
    found = {Path(file.path).name for file in CodexReader().discover(Location(str(tmp_path)))}
    assert found == {"rollout-a.jsonl", "rollout-b.jsonl.zst"}


def test_its_folders_are_found_as_codex_finds_them(tmp_path: Path) -> None:
    reader = CodexReader()
    home = {"HOME": str(tmp_path)}
    folders = [str(tmp_path / ".codex" / name) for name in ("sessions", "archived_sessions")]
    assert [one.path for one in reader.locations(home)] == folders
    assert reader.locations(home | {"CODEX_HOME": "/elsewhere"})[0] == Location("/elsewhere/sessions")


def parts(folder: Path, data: bytes, cuts: list[int]) -> list[Usage]:
    """What is found when the file grows from cut to cut."""
    path, cursor, found = folder / "rollout-parts.jsonl", None, dict[str, Usage]()
    for end in sorted({min(cut, len(data)) for cut in cuts} | {len(data)}):
        path.write_bytes(data[:end])
        batch = read(path, cursor)
        cursor = batch.cursor
        found.update((usage.key, usage) for usage in batch.usage)
    return list(found.values())


SMALL = st.builds(counters, st.integers(0, 4), st.integers(0, 4), st.integers(0, 3), st.integers(0, 3))
TIMES = st.integers(T0 - 3, T0 + 3).map(lambda time: time * 1000 - T0 * 999)
LINES = st.one_of(
    st.builds(meta, st.sampled_from([THREAD, PARENT]), TIMES, forked_from_id=st.sampled_from([None, PARENT])),
    st.builds(turn, TIMES, st.sampled_from(["gpt-5", "gpt-5.1"]), turn_id=st.one_of(st.none(), TIMES.map(uuid7))),
    st.builds(count, st.one_of(st.none(), SMALL), st.one_of(st.none(), SMALL), TIMES),
    st.builds(record, st.sampled_from("abc"), SMALL, TIMES, st.sampled_from([THREAD, PARENT])),
)


@given(lines=st.lists(LINES, max_size=25), cuts=st.lists(st.integers(0, 6000), max_size=6))
@settings(max_examples=150, deadline=None)
def test_whatever_the_lines_say_no_count_is_negative_and_reading_in_parts_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, lines: list[dict[str, Any]], cuts: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("parts")
    data = b"".join(encode(one) for one in lines)
    path = folder / "rollout-whole.jsonl"
    path.write_bytes(data)
    whole = read(path).usage
    assert all(min(usage.tokens) >= 0 for usage in whole)
    totals = [usage.key for usage in whole if "." in usage.key.rpartition(":")[2]]
    assert len(set(totals)) == len(totals)
    renamed = {usage.key.replace("rollout-parts", "rollout-whole"): usage for usage in parts(folder, data, cuts)}
    assert list(renamed) == list(dict.fromkeys(usage.key for usage in whole))
    assert [usage.tokens for usage in renamed.values()] == [u.tokens for u in {u.key: u for u in whole}.values()]


@given(cuts=st.lists(st.integers(0, 3000), max_size=6))
@settings(max_examples=60, deadline=None)
def test_reading_in_parts_finds_what_reading_at_once_finds(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int]
) -> None:
    lines = [meta(), turn(), count(counters(100)), count(counters(100)), count(counters(300), counters(200))]
    lines += [
        turn(T0 + 9, "gpt-5.1"),
        count(counters(110)),
        record("a", counters(7)),
        count(counters(117), counters(7)),
    ]
    data = b"".join(encode(one) for one in lines)
    folder = tmp_path_factory.mktemp("parts")
    whole = folder / "rollout-whole.jsonl"
    whole.write_bytes(data)
    assert parts(folder, data, cuts) == read(whole).usage
