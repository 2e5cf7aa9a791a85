"""Running totals of Codex, and records beside them: what is one response and what is another."""

import json
from itertools import cycle, pairwise, permutations
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from support.claude_lines import append, encode, write
from support.codex_lines import (
    PARENT,
    T0,
    THREAD,
    count,
    counters,
    last_only,
    line,
    meta,
    of_limit,
    record,
    thread_settings,
    total_only,
    turn,
    uuid7,
)
from tokcost.model.logs import Batch
from tokcost.model.usage import Tokens, Usage, merge
from tokcost.readers.codex.reader import CodexReader
from tokcost.readers.codex.totals import JUMPED
from tokcost.readers.sources import files

LATER = T0 + 60_000
FORK = T0 + 3_600_000
Lines = list[dict[str, Any]]


def read_once(path: Path, cursor: bytes | None = None) -> Batch:
    (batch,) = CodexReader().read(files.file_source(str(path), path.stat()), cursor)
    return batch


def read_in_steps(path: Path, lines: Lines) -> list[Usage]:
    """What is found when the file grows line by line and is looked at each time."""
    cursor, found = None, dict[str, Usage]()
    path.write_bytes(b"")
    for one in lines:
        with path.open("ab") as log:
            log.write(encode(one))
        batch = read_once(path, cursor)
        cursor = batch.cursor
        for usage in batch.usage:
            found[usage.key] = merge(found[usage.key], usage) if usage.key in found else usage
    return list(found.values())


def read(folder: Path, *lines: dict[str, Any]) -> Batch:
    """A rollout read at once. Read in steps or compressed, it has to say the same."""
    batch = read_once(write(folder / "rollout-x.jsonl", *lines))
    assert len({usage.key for usage in batch.usage}) == len(batch.usage)
    assert read_in_steps(folder / "rollout-y.jsonl", list(lines)) == [
        usage._replace(key=usage.key.replace("rollout-x", "rollout-y"), session=usage.session.replace("-x", "-y"))
        for usage in batch.usage
    ]
    packed = folder / "rollout-x.jsonl.zst"
    packed.write_bytes(zstandard.compress(b"".join(encode(one) for one in lines)))
    assert read_once(packed).usage == batch.usage
    return batch


def inputs(folder: Path, *lines: dict[str, Any]) -> list[int]:
    """The prompts of the responses of a session."""
    return [usage.tokens.input for usage in read(folder, meta(), turn(), *lines).usage]


def growing(*steps: int, time_ms: int = T0) -> Lines:
    """A running total after each of these responses."""
    totals = [sum(steps[: number + 1]) for number in range(len(steps))]
    return [count(counters(total), counters(step), time_ms) for total, step in zip(totals, steps, strict=True)]


# Counters, one for each rate limit


def test_each_rate_limit_has_a_running_total_of_its_own(tmp_path: Path) -> None:
    lines = [of_limit("codex", 1_000, 1_000), of_limit("other", 60_000, 2_000)]
    lines += [of_limit("codex", 2_500, 1_500), of_limit("other", 60_500, 500)]
    assert inputs(tmp_path, *lines) == [1_000, 2_000, 1_500, 500]


def test_two_counters_that_begin_with_this_session_count_whole(tmp_path: Path) -> None:
    lines = [of_limit("codex", 100, 100), of_limit("other", 70, 70), of_limit("other", 150, 80)]
    assert inputs(tmp_path, *lines, of_limit("codex", 130, 30)) == [100, 70, 80, 30]


def test_the_counter_of_a_further_limit_may_be_the_first_one_told(tmp_path: Path) -> None:
    lines = [of_limit("other", 60_000, 2_000), of_limit("codex", 1_000, 1_000), of_limit("other", 60_500, 500)]
    assert inputs(tmp_path, *lines) == [2_000, 1_000, 500]


def test_a_limit_that_is_not_named_is_codexs_own(tmp_path: Path) -> None:
    lines = [*growing(100), of_limit(None, 150, 50), of_limit("codex", 170, 20), count(counters(200), counters(30))]
    assert inputs(tmp_path, *lines) == [100, 50, 20, 30]


@pytest.mark.parametrize("limits", [None, [], "codex", {"limit_id": 7}, {"limit_id": None}])
def test_limits_of_another_type_are_as_if_they_were_not_there(tmp_path: Path, limits: Any) -> None:
    assert inputs(tmp_path, *growing(100), count(counters(150), counters(50), rate_limits=limits)) == [100, 50]


def interleaved(order: str) -> Lines:
    """Totals of two counters without a limit's name: one began with this session, one elsewhere."""
    steps = {"a": [(1_000, 1_000), (2_500, 1_500), (3_000, 500)], "b": [(60_000, 2_000), (60_500, 500), (61_000, 500)]}
    left = {name: iter(those) for name, those in steps.items()}
    lines = (next(left[name]) for name in order)
    return [count(counters(total), counters(last), T0 + 1000 * n) for n, (total, last) in enumerate(lines)]


@pytest.mark.parametrize(
    "order", sorted({"".join(one) for one in permutations("aaabbb")} - {"aaabbb", "bbbaaa"}), ids=str
)
def test_counters_that_take_turns_without_a_name_are_told_apart_once_both_go_on(tmp_path: Path, order: str) -> None:
    assert sorted(inputs(tmp_path, *interleaved(order))) == [500, 500, 500, 1_000, 1_500, 2_000]


def test_a_counter_that_only_follows_another_one_is_taken_for_its_rest(tmp_path: Path) -> None:
    """Nothing says whether the events of some responses are lost or another counter begins: that is counted."""
    batch = read(tmp_path, meta(), turn(), *interleaved("aaabbb"))
    assert (sum(usage.tokens.input for usage in batch.usage), batch.skipped) == (61_000, {JUMPED: 1})


def test_a_first_total_with_more_than_its_response_is_counted_as_such(tmp_path: Path) -> None:
    """The beginning of the file may be lost, or it is another counter's."""
    batch = read(tmp_path, meta(), turn(), *interleaved("bbbaaa"))
    assert (sum(usage.tokens.input for usage in batch.usage), batch.skipped) == (64_000, {JUMPED: 1})


@pytest.mark.parametrize("order", ["aabbba", "abab", "babaab", "abbbaa"])
def test_nothing_is_left_counted_once_counters_are_told_apart(tmp_path: Path, order: str) -> None:
    assert JUMPED not in read(tmp_path, meta(), turn(), *interleaved(order)).skipped


def test_lost_events_are_counted_whole_and_as_such_in_each_look(tmp_path: Path) -> None:
    lines = [count(counters(total), counters(last)) for total, last in ((1_000, 1_000), (3_000, 500), (9_000, 400))]
    batch = read(tmp_path, meta(), turn(), *lines)
    assert ([usage.tokens.input for usage in batch.usage], batch.skipped) == ([1_000, 2_000, 6_000], {JUMPED: 2})
    path = write(tmp_path / "rollout-z.jsonl", meta(), turn(), *lines[:2])
    first = read_once(path)
    append(path, lines[2])
    second = read_once(path, first.cursor)
    assert (first.skipped, second.skipped) == ({JUMPED: 1}, {JUMPED: 1})


def test_two_counters_without_a_name_that_both_began_with_this_session_count_whole(tmp_path: Path) -> None:
    lines = [(1_000, 1_000), (70, 70), (1_200, 200), (150, 80), (1_300, 100), (160, 10)]
    found = inputs(tmp_path, *(count(counters(total), counters(last)) for total, last in lines))
    assert found == [1_000, 70, 200, 80, 100, 10]


def test_a_late_event_of_a_response_that_a_jump_contains_is_not_counted_again(tmp_path: Path) -> None:
    lines = [(1_000, 1_000), (3_000, 500), (2_500, 1_500), (3_400, 400)]
    assert sum(inputs(tmp_path, *(count(counters(total), counters(last)) for total, last in lines))) == 3_400


def test_a_counter_is_told_apart_in_a_later_look(tmp_path: Path) -> None:
    lines = [meta(), turn(), *interleaved("abab")]
    path = write(tmp_path / "rollout-x.jsonl", *lines[:4])
    first = read_once(path)
    append(path, *lines[4:])
    second = read_once(path, first.cursor)
    found = {usage.key: usage.tokens.input for usage in (*first.usage, *second.usage)}
    assert sorted(found.values()) == [500, 1_000, 1_500, 2_000]


@pytest.mark.parametrize("response", [7, None, ""])
@pytest.mark.parametrize("with_totals", [False, True])
def test_a_record_with_an_id_of_another_type_or_without_one_counts_once(
    tmp_path: Path, response: Any, with_totals: bool
) -> None:
    lines: Lines = []
    for number, tokens in enumerate((100, 200), start=1):
        name = response and response + number
        lines.append(record(name, counters(tokens), T0 + number * 1000, turn_id=uuid7(T0)))
        if with_totals:
            total = counters(100) if number == 1 else counters(300)
            lines.append(count(total, counters(tokens), T0 + number * 1000 + 100))
    batch = read(tmp_path, meta(), turn(), *lines, *(lines[-1:] if with_totals else ()))
    assert ([usage.tokens.input for usage in batch.usage], batch.skipped) == ([100, 200], {})


def test_one_running_total_told_under_every_limit_of_the_account_counts_once(tmp_path: Path) -> None:
    lines = [of_limit(name, 1_000, 1_000) for name in ("codex", "other", "third")]
    lines += [of_limit(name, 1_500, 500) for name in ("other", "codex", "third")]
    assert inputs(tmp_path, *lines) == [1_000, 500]


def test_one_running_total_goes_on_under_another_limit_when_the_model_changes(tmp_path: Path) -> None:
    lines = [of_limit("codex", 1_000, 1_000), of_limit("other", 1_300, 300), of_limit("other", 1_400, 100)]
    assert inputs(tmp_path, *lines, of_limit("codex", 1_450, 50)) == [1_000, 300, 100, 50]


def test_counters_with_equal_totals_at_different_moments_have_keys_of_their_own(tmp_path: Path) -> None:
    lines = [of_limit("codex", 100, 100), of_limit("other", 50, 50)]
    lines += [of_limit("codex", 300, 200), of_limit("other", 100, 50), of_limit("other", 300, 200)]
    assert inputs(tmp_path, *lines) == [100, 50, 200, 50, 200]


def test_a_session_with_a_thousand_limits_is_read(tmp_path: Path) -> None:
    lines = [meta(), turn(), *(of_limit(f"limit-{number}", 10**6 + number, 7) for number in range(1_000))]
    path = write(tmp_path / "rollout-x.jsonl", *lines)
    assert read_once(path).usage
    assert len(read_once(path).cursor) < 100_000


# Late and stale totals


def test_a_total_that_was_passed_before_adds_nothing_and_takes_nothing_away(tmp_path: Path) -> None:
    one, two, three, four = growing(1_000, 1_500, 500, 700)
    batch = read(tmp_path, meta(), turn(), one, two, one, three, two, one, two, four, three)
    assert [usage.tokens.input for usage in batch.usage] == [1_000, 1_500, 500, 700]
    assert batch.duplicates == {"running total that was reached before": 5}


def test_a_total_that_comes_after_a_higher_one_was_counted_with_it(tmp_path: Path) -> None:
    one, two, three, four = growing(1_000, 1_500, 2_000, 700)
    assert inputs(tmp_path, one, three, two, four) == [1_000, 3_500, 700]


def test_late_totals_without_a_last_response_add_nothing_either(tmp_path: Path) -> None:
    lines = [total_only(total) for total in (1_000, 2_500, 1_000, 3_000, 2_500)]
    assert inputs(tmp_path, *lines) == [1_000, 1_500, 500]


def test_a_lower_total_that_tells_no_response_is_shown_and_the_highest_one_stays(tmp_path: Path) -> None:
    batch = read(tmp_path, meta(), turn(), *(total_only(total) for total in (1_000, 2_500, 1_800, 3_000)))
    assert [usage.tokens.input for usage in batch.usage] == [1_000, 1_500, 500]
    assert batch.skipped == {"running total below an earlier one, so its response is unknown": 1}


def test_a_late_total_of_one_counter_leaves_the_other_alone(tmp_path: Path) -> None:
    lines = [of_limit("codex", 1_000, 1_000), of_limit("other", 9_000, 300), of_limit("codex", 1_400, 400)]
    lines += [of_limit("codex", 1_000, 1_000), of_limit("other", 9_000, 300), of_limit("other", 9_100, 100)]
    assert inputs(tmp_path, *lines) == [1_000, 300, 400, 100]


def test_a_late_first_total_in_another_turn_adds_nothing(tmp_path: Path) -> None:
    one, two, three = growing(1_000, 1_500, 700)
    assert inputs(tmp_path, one, two, turn(LATER), one) == [1_000, 1_500]
    assert inputs(tmp_path, one, two, turn(LATER), one, three) == [1_000, 1_500, 700]


def test_a_total_that_begins_anew_with_the_same_response_counts_once_it_goes_on(tmp_path: Path) -> None:
    lines = [*growing(1_000, 1_500), turn(LATER), *growing(1_000, 800, 300)]
    assert inputs(tmp_path, *lines) == [1_000, 1_500, 1_800, 300]


# Totals that begin anew


def test_a_total_that_begins_anew_grows_from_there_also_past_its_old_height(tmp_path: Path) -> None:
    lines = [*growing(1_000, 1_500), turn(LATER), *growing(900, 1_200, 800, 400)]
    assert inputs(tmp_path, *lines) == [1_000, 1_500, 900, 1_200, 800, 400]


def test_a_total_that_begins_anew_above_its_old_height_counts_whole(tmp_path: Path) -> None:
    assert inputs(tmp_path, *growing(100), *growing(120, 30)) == [100, 120, 30]


def test_a_total_that_fell_goes_on_counting_though_the_event_of_its_beginning_is_lost(tmp_path: Path) -> None:
    fallen = [count(counters(900), counters(400)), count(counters(1_500), counters(600))]
    assert inputs(tmp_path, *growing(5_000, 1_000), turn(LATER), *fallen) == [5_000, 1_000, 400, 600]


def test_totals_alone_that_fell_count_from_zero_once_the_session_was_resumed(tmp_path: Path) -> None:
    lines = [total_only(1_000), total_only(2_500), meta(time_ms=LATER), total_only(300), total_only(700)]
    assert inputs(tmp_path, *lines) == [1_000, 1_500, 300, 400]


def test_an_overflowing_context_that_empties_the_total_loses_no_response_after_it(tmp_path: Path) -> None:
    full = count({**counters(0), "total_tokens": 272_000}, {**counters(0), "total_tokens": 9})
    assert inputs(tmp_path, *growing(1_000, 1_500), full, full, *growing(300, 200)) == [1_000, 1_500, 300, 200]


def test_a_total_that_seemed_empty_goes_on_from_its_old_height(tmp_path: Path) -> None:
    one, two, three = growing(1_000, 1_500, 700)
    assert inputs(tmp_path, one, two, count(counters(0)), three) == [1_000, 1_500, 700]


def test_a_compaction_of_which_only_the_context_size_is_told_is_no_response(tmp_path: Path) -> None:
    (one, two), size = growing(1_000, 500), {**counters(0), "total_tokens": 4_000}
    assert inputs(tmp_path, one, count(counters(1_000), size), two) == [1_000, 500]


# Responses without a total


def test_a_response_without_a_total_counts_once_however_often_it_is_written(tmp_path: Path) -> None:
    one, two = counters(500, 0, 200), counters(700, 0, 50)
    lines = [last_only(one), last_only(one, T0 + 1_000), last_only(one, T0 + 30_000), last_only(two), last_only(two)]
    batch = read(tmp_path, meta(), turn(), *lines)
    assert [usage.tokens for usage in batch.usage] == [Tokens(500, 0, 0, 0, 200), Tokens(700, 0, 0, 0, 50)]
    assert batch.duplicates == {"running total without a new response": 3}


def test_the_same_counts_in_another_turn_are_another_response(tmp_path: Path) -> None:
    one = counters(500, 0, 200)
    lines = [last_only(one, T0 + 5_000), turn(LATER), last_only(one, LATER + 5_000)]
    assert inputs(tmp_path, *lines) == [500, 500]


def test_counts_written_again_as_the_next_turn_begins_are_the_same_response(tmp_path: Path) -> None:
    one = counters(500, 0, 200)
    assert inputs(tmp_path, last_only(one, LATER), turn(LATER + 100), last_only(one, LATER + 200)) == [500]


def test_a_response_without_a_total_under_two_limits_counts_once(tmp_path: Path) -> None:
    one = last_only(counters(500))
    other = {**one, "payload": {**one["payload"], "rate_limits": {"limit_id": "other"}}}
    assert inputs(tmp_path, one, other) == [500]


def test_a_total_behind_responses_without_one_contains_them(tmp_path: Path) -> None:
    lines = [*growing(1_000), last_only(counters(200)), last_only(counters(300)), count(counters(1_900), counters(400))]
    assert inputs(tmp_path, *lines) == [1_000, 200, 300, 400]


def test_a_total_that_never_contained_the_responses_without_one_counts_as_well(tmp_path: Path) -> None:
    lines = [*growing(1_000), last_only(counters(200)), count(counters(1_400), counters(400))]
    assert inputs(tmp_path, *lines) == [1_000, 200, 400]


def test_a_total_written_again_without_itself_is_no_response(tmp_path: Path) -> None:
    assert inputs(tmp_path, *growing(1_000, 500), last_only(counters(500), T0 + 9)) == [1_000, 500]


def test_a_server_may_give_every_response_one_id_and_the_totals_tell_them_apart(tmp_path: Path) -> None:
    steps, totals = [counters(100), counters(200), counters(300)], [counters(100), counters(300), counters(600)]
    lines = [one for step, sum in zip(steps, totals, strict=True) for one in (record("r", step), count(sum, step))]
    assert inputs(tmp_path, *lines) == [100, 200, 300]
    equal = [record("r", counters(100), thread_token_usage=counters(sum)) for sum in (100, 200)]
    assert inputs(tmp_path, *equal) == [100, 100]


NOTHING = ({}, counters(0), {"input_tokens": None, "output_tokens": None}, {"total_tokens": 700})


@pytest.mark.parametrize("total", NOTHING)
def test_a_total_of_nothing_beside_a_response_is_as_if_it_were_not_there(total: dict[str, Any], tmp_path: Path) -> None:
    one, two = counters(500, 0, 200), counters(700, 0, 50)
    lines = [count(total, one), count(total, one, T0 + 1_000), count(total, two, T0 + 2_000)]
    assert inputs(tmp_path, *lines) == [500, 700]
    assert inputs(tmp_path, *growing(1_000, 1_500), count(total, two, T0 + 2_000)) == [1_000, 1_500, 700]


@pytest.mark.parametrize("total", NOTHING)
def test_nor_does_it_hide_the_record_of_its_response(total: dict[str, Any], tmp_path: Path) -> None:
    one, two = counters(500), counters(700)
    assert inputs(tmp_path, record("a", one), count(total, one), record("b", two), count(total, two)) == [500, 700]


# Records and totals in one thread


def test_totals_alone_behind_records_count(tmp_path: Path) -> None:
    lines = [record("a", counters(400)), *growing(400), meta(time_ms=LATER), turn(LATER)]
    lines += [count(counters(920), counters(520), LATER), count(counters(1_000), counters(80), LATER)]
    assert inputs(tmp_path, *lines) == [400, 520, 80]


def test_a_total_that_begins_anew_behind_records_counts(tmp_path: Path) -> None:
    lines = [record("a", counters(400)), *growing(400), meta(time_ms=LATER), turn(LATER), *growing(520, 80)]
    assert inputs(tmp_path, *lines) == [400, 520, 80]


def test_records_behind_totals_and_totals_behind_those_count(tmp_path: Path) -> None:
    (one, two, three), used = growing(100, 200, 300), counters(200)
    assert inputs(tmp_path, one, turn(LATER), record("b", used), two, turn(FORK), three) == [100, 200, 300]


def test_records_without_running_totals_are_contained_in_the_next_one(tmp_path: Path) -> None:
    lines = [record("a", counters(100)), record("b", counters(200)), turn(LATER), count(counters(350), counters(50))]
    assert inputs(tmp_path, *lines) == [100, 200, 50]


def test_a_record_that_no_running_total_contains_does_not_hide_the_next_response(tmp_path: Path) -> None:
    lines = [*growing(100), record("compact", counters(70)), count(counters(250), counters(150))]
    assert inputs(tmp_path, *lines) == [100, 70, 150]


def test_a_total_told_again_leaves_a_record_to_the_total_that_contains_it(tmp_path: Path) -> None:
    lines = [*growing(100), record("a", counters(70)), count(counters(100), counters(0))]
    lines += [count(counters(170), counters(70)), count(counters(180), counters(10))]
    assert inputs(tmp_path, *lines) == [100, 70, 10]


def test_a_running_total_before_its_record_is_the_same_response(tmp_path: Path) -> None:
    one, two = growing(100, 250)
    lines = [one, record("a", counters(100), T0 + 40), two, record("b", counters(250), T0 + 90)]
    assert inputs(tmp_path, *lines) == [100, 250]


def test_two_records_with_the_same_counts_are_two_responses(tmp_path: Path) -> None:
    used = counters(100)
    lines = [record("a", used), count(used), record("b", used, LATER), count(counters(200), used, LATER)]
    assert inputs(tmp_path, *lines) == [100, 100]


def test_a_damaged_record_is_made_up_for_by_its_running_total(tmp_path: Path) -> None:
    one, two = growing(100, 200)
    lines = [record("a", counters(100)), one, line("token_usage_record", usage=None), two]
    batch = read(tmp_path, meta(), turn(), *lines)
    assert [usage.tokens.input for usage in batch.usage] == [100, 200]
    assert sum(batch.skipped.values()) == 1


def test_the_total_of_the_thread_in_a_record_tells_which_running_total_repeats_it(tmp_path: Path) -> None:
    lines = [record("a", counters(100), thread_token_usage=counters(5_100)), total_only(5_100), total_only(5_150)]
    assert inputs(tmp_path, *lines) == [100, 50]


# Histories that a fork or an agent begins with


def spawned(**more: Any) -> dict[str, Any]:
    return meta(time_ms=FORK, source={"subagent": {"thread_spawn": {"parent_thread_id": PARENT, "depth": 1}}}, **more)


def replay(*steps: int, time_ms: int = FORK + 100) -> Lines:
    return growing(*steps, time_ms=time_ms)


OWN = [turn(FORK + 300), count(counters(700), counters(100), FORK + 9_000), count(counters(750), counters(50), FORK)]


@pytest.mark.parametrize(
    "head",
    [spawned(), meta(time_ms=FORK, forked_from_id=PARENT), meta(time_ms=FORK, parent_thread_id=PARENT)],
    ids=["spawned", "forked", "child"],
)
@pytest.mark.parametrize("time_ms", [T0 + 5, FORK + 100], ids=["old times", "new times"])
@pytest.mark.parametrize("steps", [(100, 200, 300), (600,)], ids=["all turns", "last turn"])
def test_what_an_agent_begins_with_is_its_parents_whatever_announces_it(
    tmp_path: Path, head: dict[str, Any], time_ms: int, steps: tuple[int, ...]
) -> None:
    batch = read(tmp_path, head, *replay(*steps, time_ms=time_ms), *OWN)
    assert [usage.tokens.input for usage in batch.usage] == [100, 50]
    assert batch.duplicates == {"history of the session it was forked from": len(steps)}


def test_the_history_may_begin_in_the_middle_of_the_parents_totals(tmp_path: Path) -> None:
    history = [count(counters(500), counters(200), FORK + 100), count(counters(600), counters(100), FORK + 100)]
    found = read(tmp_path, spawned(), *history, *OWN).usage
    assert [usage.tokens.input for usage in found] == [100, 50]


def test_an_agent_with_a_history_and_a_counter_of_its_own_counts_from_zero(tmp_path: Path) -> None:
    lines = [spawned(), *replay(100, 200, 300), turn(FORK + 300), *growing(80, 20, time_ms=FORK + 900)]
    assert [usage.tokens.input for usage in read(tmp_path, *lines).usage] == [80, 20]


def test_a_copied_turn_of_the_parent_does_not_end_the_history(tmp_path: Path) -> None:
    copied = [turn(FORK + 100, turn_id=uuid7(T0)), *replay(100, 200), turn(FORK + 100, turn_id=uuid7(T0 + 9))]
    lines = [meta(time_ms=FORK, forked_from_id=PARENT), *copied, count(counters(600), counters(300), FORK + 100), *OWN]
    assert [usage.tokens.input for usage in read(tmp_path, *lines).usage] == [100, 50]


def test_records_of_the_parent_in_a_history_count_in_its_thread(tmp_path: Path) -> None:
    copied = record("p", counters(600), FORK + 100, PARENT)
    lines = [meta(time_ms=FORK, forked_from_id=PARENT), copied, *replay(600), turn(FORK + 300)]
    lines += [record("a", counters(100), FORK + 900), count(counters(700), counters(100), FORK + 900)]
    found = read(tmp_path, *lines).usage
    assert [(u.session, u.tokens.input, u.copy_rank) for u in found] == [(PARENT, 600, 2), (THREAD, 100, 0)]


def test_a_history_of_two_counters_is_the_parents(tmp_path: Path) -> None:
    history = [of_limit("codex", 100, 100, FORK), of_limit("other", 50, 50, FORK), of_limit("codex", 300, 200, FORK)]
    own = [of_limit("codex", 310, 10, FORK + 900), of_limit("other", 55, 5, FORK + 900)]
    lines = [spawned(), *history, turn(FORK + 300), *own]
    assert [usage.tokens.input for usage in read(tmp_path, *lines).usage] == [10, 5]


def test_responses_without_totals_in_a_history_are_the_parents(tmp_path: Path) -> None:
    history = [last_only(counters(100), FORK), last_only(counters(200), FORK)]
    lines = [spawned(), *history, turn(FORK + 300), last_only(counters(300), FORK + 9_000)]
    assert [usage.tokens.input for usage in read(tmp_path, *lines).usage] == [300]


def test_an_agent_that_never_writes_a_turn_counts_from_a_minute_on(tmp_path: Path) -> None:
    lines = [spawned(), *replay(100, 200), count(counters(340), counters(40), FORK + 61_000)]
    assert [usage.tokens.input for usage in read(tmp_path, *lines).usage] == [40]


def test_a_fork_without_history_whose_totals_stand_alone_says_what_it_cannot_tell(tmp_path: Path) -> None:
    lines = [meta(time_ms=FORK, forked_from_id=PARENT), turn(FORK), total_only(5_000, FORK), total_only(5_200, FORK)]
    batch = read(tmp_path, *lines)
    assert [usage.tokens.input for usage in batch.usage] == [200]
    assert batch.skipped == {"running total that includes an unknown part of another session's": 1}


def test_a_total_alone_of_a_limit_that_the_history_does_not_tell_is_the_forks_own(tmp_path: Path) -> None:
    history = of_limit("codex", 600, 600, FORK + 100)
    alone = total_only(300, FORK + 900)
    alone["payload"]["rate_limits"] = {"limit_id": "other"}
    batch = read(tmp_path, spawned(), history, turn(FORK + 300), alone)
    assert [usage.tokens.input for usage in batch.usage] == [300]
    assert batch.skipped == {}


@pytest.mark.parametrize("source", ["cli", {"subagent": "review"}, {"subagent": {"thread_spawn": 3}}, 7, None])
def test_a_session_that_nobody_spawned_counts_whole(tmp_path: Path, source: Any) -> None:
    lines = [meta(source=source), *growing(100, 50)]
    assert [usage.tokens.input for usage in read(tmp_path, *lines).usage] == [100, 50]


# Models


def models(folder: Path, *lines: dict[str, Any]) -> list[str]:
    return [usage.model for usage in read(folder, meta(), *lines).usage]


def test_the_model_may_stand_in_the_threads_settings_alone_and_change_there(tmp_path: Path) -> None:
    one, two, three = growing(1, 2, 3)
    lines = [thread_settings(model="gpt-5.5"), one, thread_settings(model="gpt-5.4"), two, thread_settings(), three]
    assert models(tmp_path, *lines) == ["gpt-5.5", "gpt-5.4", "gpt-5.4"]


def test_settings_do_not_change_the_model_of_the_running_turn(tmp_path: Path) -> None:
    one, two, three = growing(1, 2, 3)
    begun = line("event_msg", LATER, type="task_started", turn_id=uuid7(LATER))
    lines = [turn(model="gpt-5.5"), one, thread_settings(model="gpt-5.4"), two, begun, three]
    assert models(tmp_path, *lines) == ["gpt-5.5", "gpt-5.5", "gpt-5.4"]


def test_a_record_of_another_turn_has_the_model_of_the_settings_before_it(tmp_path: Path) -> None:
    lines = [turn(model="gpt-5.5"), record("a", counters(1), turn_id=uuid7(T0)), thread_settings(model="gpt-5.4")]
    assert models(tmp_path, *lines, record("b", counters(2), turn_id=uuid7(LATER))) == ["gpt-5.5", "gpt-5.4"]


def test_a_later_turn_overrules_the_settings_before_it(tmp_path: Path) -> None:
    one, two = growing(1, 2)
    lines = [thread_settings(model="gpt-5.4"), turn(model="gpt-5.5"), one, turn(LATER, "gpt-5.2"), two]
    assert models(tmp_path, *lines) == ["gpt-5.5", "gpt-5.2"]


def test_settings_name_provider_and_folder_where_no_turn_does(tmp_path: Path) -> None:
    named = thread_settings(model="m", model_provider_id="azure", cwd="/other")
    (usage,) = read(tmp_path, meta(), named, *growing(1)).usage
    assert (usage.provider, usage.cwd) == ("azure", "/other")


# Cache writes


def written(read_: int, cached: int, wrote: int, output: int = 10) -> dict[str, int]:
    return counters(read_, cached, output, cache_write_input_tokens=wrote)


@pytest.mark.parametrize("model", ["gpt-5.6-sol", "gpt-6-astra", "openai/gpt-6.1-sol", "openai.gpt-5.6-luna", "gpt-10"])
def test_cache_writes_are_a_part_of_input_that_is_charged_apart(tmp_path: Path, model: str) -> None:
    lines = [
        meta(),
        turn(model=model),
        count(written(100, 40, 30)),
        count(written(250, 140, 50, 20), written(150, 100, 20)),
    ]
    found = [usage.tokens for usage in read(tmp_path, *lines).usage]
    assert found == [Tokens(30, 40, 30, 0, 10), Tokens(30, 100, 20, 0, 10)]


@pytest.mark.parametrize(
    "model", ["gpt-5-codex", "gpt-5.5", "gpt-4o", "openai/gpt-5.4-mini", "codex-mini-latest", "o3"]
)
def test_models_that_charge_no_cache_writes_have_them_as_input(tmp_path: Path, model: str) -> None:
    (usage,) = read(tmp_path, meta(), turn(model=model), count(written(100, 40, 30))).usage
    assert usage.tokens == Tokens(60, 40, 0, 0, 10)


def test_cache_writes_of_records_and_of_responses_without_totals_are_a_class_too(tmp_path: Path) -> None:
    lines = [meta(), turn(model="gpt-5.6-sol"), record("a", written(100, 40, 30)), last_only(written(90, 10, 5))]
    found = [usage.tokens for usage in read(tmp_path, *lines).usage]
    assert found == [Tokens(30, 40, 30, 0, 10), Tokens(75, 10, 5, 0, 10)]


def test_more_cache_writes_than_there_is_input_leave_no_negative_count(tmp_path: Path) -> None:
    (usage,) = read(tmp_path, meta(), turn(model="gpt-5.6-sol"), count(written(100, 40, 90))).usage
    assert usage.tokens == Tokens(0, 40, 60, 0, 10)


# Odd fields

USED = counters(1_000, 600, 50)


@pytest.mark.parametrize(
    ("place", "field"),
    [
        (0, {"git": "main"}),
        (0, {"git": {"branch": ["main"]}}),
        (0, {"model_provider": {"id": "openai"}}),
        (0, {"forked_from_id": {"id": "x"}}),
        (0, {"timestamp": 5}),
        (0, {"source": [1]}),
        (1, {"model": {"slug": "gpt-5.5"}}),
        (1, {"turn_id": 7}),
        (1, {"cwd": None}),
        (2, {"id": 5}),
        (2, {"rate_limits": [1]}),
        (2, {"cwd": 1}),
        (2, {"turn_id": {}}),
        (2, {"thread_settings": "x"}),
    ],
)
def test_a_field_of_another_type_is_as_if_it_were_not_there(tmp_path: Path, place: int, field: dict[str, Any]) -> None:
    lines = [meta(), turn(), count(USED)]
    lines[place]["payload"] |= field
    batch = read(tmp_path, *lines)
    assert [usage.tokens for usage in batch.usage] == [Tokens(400, 600, 0, 0, 50)]
    assert set(batch.skipped) <= {"field of an unexpected type, ignored"}


@pytest.mark.parametrize(
    "field", [{"turn_id": 7}, {"model": 3}, {"thread_token_usage": "x"}, {"id": 1}, {"thread_id": 4}]
)
def test_a_record_with_a_field_of_another_type_counts(tmp_path: Path, field: dict[str, Any]) -> None:
    one = record("a", USED)
    one["payload"] |= field
    assert [usage.tokens for usage in read(tmp_path, meta(), turn(), one).usage] == [Tokens(400, 600, 0, 0, 50)]


def test_whole_counts_in_another_notation_count(tmp_path: Path) -> None:
    odd = {**USED, "input_tokens": 1_000.0, "output_tokens": "50", "reasoning_output_tokens": "many"}
    assert [usage.tokens for usage in read(tmp_path, meta(), turn(), count(odd)).usage] == [Tokens(400, 600, 0, 0, 50)]
    assert [usage.tokens for usage in read(tmp_path, meta(), turn(), record("a", odd)).usage] == [
        Tokens(400, 600, 0, 0, 50)
    ]


@pytest.mark.parametrize("value", ["many", 1.5, True, [], {}])
def test_counts_that_are_no_numbers_are_counted_as_passed_over(tmp_path: Path, value: Any) -> None:
    for one in (record("a", {**USED, "input_tokens": value}), count({**USED, "input_tokens": value})):
        batch = read(tmp_path, meta(), turn(), one)
        assert (batch.usage, bool(batch.skipped)) == ([], True)


ODD_REASONING = ["many", 1.5, -5, True, [], {}, None, 2**63, 10**30]


def with_reasoning(value: Any, where: str, line: dict[str, Any]) -> dict[str, Any]:
    """The same line with this reasoning in some of its counts."""
    changed = json.loads(json.dumps(line))
    given = changed["payload"].get("info") or changed["payload"]
    for name, counts in given.items():
        if isinstance(counts, dict) and "reasoning_output_tokens" in counts and where in ("all", name):
            counts["reasoning_output_tokens"] = value
    return changed


def thrice(*, records: str = "", totals: bool = True, lasts: bool = True) -> Lines:
    """Three responses, each with two equal events; `records` names what their records have."""
    lines, total, at = Lines(), counters(0), T0
    for number in range(3):
        used = counters(1_000 + number, 600, 50, 30)
        total = {name: total[name] + used[name] for name in used}
        at += 10_000
        if records:
            more: dict[str, Any] = {"thread_token_usage": total} if records == "with totals" else {}
            lines.append(record(f"r{number}", used, at, **more))
        info = {"total_token_usage": total if totals else None, "last_token_usage": used if lasts else None}
        lines += [count(None, None, at, info=info)] * 2
    return lines


WAYS: dict[str, dict[str, Any]] = {
    "events": {},
    "no last": {"lasts": False},
    "no totals": {"totals": False},
    "records": {"records": "alone"},
    "records with totals": {"records": "with totals"},
}


@pytest.mark.parametrize("where", ["all", "total_token_usage", "last_token_usage", "usage", "thread_token_usage"])
@pytest.mark.parametrize("way", WAYS)
def test_odd_reasoning_in_one_of_two_equal_lines_leaves_one_response(tmp_path: Path, way: str, where: str) -> None:
    """It is a part of output, and may be missing: nothing is recognised by it."""
    lines = thrice(**WAYS[way])
    right = [usage.tokens._replace(reasoning=0) for usage in read(tmp_path, meta(), turn(), *lines).usage]
    assert [tokens.output for tokens in right] == [50, 50, 50]
    for odd, number in zip(cycle(ODD_REASONING), range(len(lines)), strict=False):
        changed = [with_reasoning(odd, where, one) if at == number else one for at, one in enumerate(lines)]
        batch = read(tmp_path, meta(), turn(), *changed)
        assert [usage.tokens._replace(reasoning=0) for usage in batch.usage] == right, (odd, number)
        assert all(0 <= usage.tokens.reasoning <= 50 for usage in batch.usage)
        assert not batch.skipped


@pytest.mark.parametrize("odd", ODD_REASONING)
def test_odd_reasoning_in_a_record_without_an_id_leaves_one_response(tmp_path: Path, odd: Any) -> None:
    one = record("a", counters(1_000, 600, 50, 30))
    del one["payload"]["response_id"]
    for lines in ([one, with_reasoning(odd, "all", one)], [with_reasoning(odd, "all", one), one]):
        batch = read_once(write(tmp_path / "rollout-x.jsonl", meta(), turn(), *lines))
        assert len({usage.key for usage in batch.usage}) == 1


def test_an_odd_total_leaves_the_last_response(tmp_path: Path) -> None:
    one = count(None, None, info={"total_token_usage": "1000", "last_token_usage": USED})
    assert [usage.tokens for usage in read(tmp_path, meta(), turn(), one).usage] == [Tokens(400, 600, 0, 0, 50)]


def test_a_record_without_a_time_has_that_of_the_line_before_it(tmp_path: Path) -> None:
    for odd in (None, 5, "yesterday"):
        one = {**record("a", USED), "timestamp": odd}
        (usage,) = read(tmp_path, meta(), turn(T0 + 7), one).usage
        assert usage.time_ms == T0 + 7


def test_a_meta_line_with_an_odd_field_keeps_all_others(tmp_path: Path) -> None:
    odd = meta(git="main", model_provider="azure")
    (usage,) = read(tmp_path, odd, turn(cwd={"path": "/x"}), count(USED)).usage
    assert (usage.session, usage.cwd, usage.provider, usage.branch) == (THREAD, "/r", "azure", "")


# Whole sessions

WORDS = (
    "respond",
    "lose",
    "again",
    "elsewhere",
    "late",
    "record",
    "record_alone",
    "turn",
    "restart",
    "resume",
    "other",
)


class Session:
    """A session of Codex, whose lines are written with all that can happen to them."""

    def __init__(self) -> None:
        self.lines: Lines = [meta(), turn()]
        self.spent = 0
        self._number = self._total = self._lost = 0
        self._others_total = 10**9
        self._has_restarted = False
        self._told: Lines = []

    def do(self, word: str) -> None:
        """Let one thing happen."""
        self._number += 1
        getattr(self, f"_{word}")(1_000 + 3 * self._number**2)

    def _tell(self, total: int, last: int) -> None:
        self._told.append(count(counters(total), counters(last), self._time))
        self.lines.append(self._told[-1])

    @property
    def _time(self) -> int:
        return T0 + 10_000 * self._number

    def _respond(self, used: int) -> None:
        self._total += used
        self.spent += used + self._lost
        self._lost = 0
        self._tell(self._total, used)

    def _lose(self, used: int) -> None:
        """The event of a response is lost: the next total contains it. Behind a restart, or with several counters,
        nobody can tell what a total has grown from that neither repeats nor goes on with another."""
        if self._told and not self._has_restarted and self._others_total == 10**9:
            self._total += used
            self._lost += used

    def _again(self, _used: int) -> None:
        self.lines += self._told[-1:]

    def _elsewhere(self, _used: int) -> None:
        for one in self._told[-1:]:
            self.lines.append({**one, "payload": {**one["payload"], "rate_limits": {"limit_id": "elsewhere"}}})

    def _late(self, _used: int) -> None:
        self.lines += self._told[:1]

    def _record(self, used: int) -> None:
        if not self._lost:
            self._record_alone(used)
            self._tell(self._total, used)

    def _record_alone(self, used: int) -> None:
        if not self._lost:
            self._total += used
            self.spent += used
            self.lines.append(record(f"resp-{self._number}", counters(used), self._time))

    def _turn(self, _used: int) -> None:
        self.lines.append(turn(self._time))

    def _restart(self, used: int) -> None:
        self._turn(used)
        self._total, self._told, self._lost, self._has_restarted = 0, [], 0, True
        self._respond(used)

    def _resume(self, _used: int) -> None:
        self.lines.append(meta(time_ms=self._time))

    def _other(self, used: int) -> None:
        """A counter of its own, which began before this session."""
        self._others_total += used
        self.spent += used
        self.lines.append(of_limit("other", self._others_total, used, self._time))


@given(words=st.lists(st.sampled_from(WORDS), max_size=40))
@settings(max_examples=60, deadline=None)
def test_whatever_happens_to_the_lines_of_a_session_all_it_spent_counts_once(
    tmp_path_factory: pytest.TempPathFactory, words: list[str]
) -> None:
    session = Session()
    for word in words:
        session.do(word)
    batch = read(tmp_path_factory.mktemp("session"), *session.lines)
    assert sum(usage.tokens.input for usage in batch.usage) == session.spent
    assert set(batch.skipped) <= ({JUMPED} if "lose" in words else set())


# Cursors


def test_a_cursor_of_the_version_before_goes_on_where_it_was(tmp_path: Path) -> None:
    lines = [meta(), turn(), *growing(100, 200)]
    path = write(tmp_path / "rollout-x.jsonl", *lines)
    cursor = old_cursor(path, base=[300, 0, 0, 0], epoch=0)
    write(path, *lines, count(counters(350), counters(50)))
    assert [(u.key.rpartition(":")[2], u.tokens.input) for u in read_once(path, cursor).usage] == [("0.350.0.0", 50)]


def test_a_cursor_of_the_version_before_does_not_count_what_records_told(tmp_path: Path) -> None:
    lines = [meta(), turn(), record("a", counters(100)), *growing(100), record("b", counters(20))]
    path = write(tmp_path / "rollout-x.jsonl", *lines)
    cursor = old_cursor(path, base=[0, 0, 0, 0], epoch=0, has_records=True)
    later = [count(counters(120), counters(20)), record("c", counters(7)), count(counters(127), counters(7))]
    write(path, *lines, *later, turn(LATER), count(counters(130), counters(3)))
    assert [usage.tokens.input for usage in read_once(path, cursor).usage] == [7, 3]


def test_a_cursor_of_the_version_before_hides_no_response_of_a_further_limit(tmp_path: Path) -> None:
    lines = [meta(), turn(), record("a", counters(100)), of_limit("codex", 100, 100)]
    path = write(tmp_path / "rollout-x.jsonl", *lines)
    cursor = old_cursor(path, base=[0, 0, 0, 0], epoch=0, has_records=True)
    later = [record("b", counters(7)), of_limit("codex", 107, 7), of_limit("other", 40, 10)]
    write(path, *lines, *later)
    assert [usage.tokens.input for usage in read_once(path, cursor).usage] == [7, 10]


def old_cursor(path: Path, **state: Any) -> bytes:
    """A cursor at the end of a file, as version 2 of the reader wrote it."""
    new = read_once(path).cursor
    kept = {"begun": True, "thread": THREAD, "model": "gpt-5-codex", "cwd": "/r", "start_ms": T0}
    return new[: 9 + new[8]] + json.dumps({**kept, **state}).encode()


def test_totals_only_grow_or_begin_anew_and_no_growth_is_counted_twice(tmp_path: Path) -> None:
    steps = [7, 90, 13, 400, 22, 1]
    totals = [sum(steps[: number + 1]) for number in range(len(steps))]
    for before, after in pairwise(range(len(steps))):
        lines = growing(*steps)
        lines.insert(after + 1, lines[before])
        assert sum(inputs(tmp_path, *lines)) == totals[-1]
