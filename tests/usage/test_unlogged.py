"""Calls that left no usage line, recovered from a session's own totals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokcost.model.logs import SessionTotal
from tokcost.model.usage import NO_TOKENS, Tokens, Usage
from tokcost.usage.unlogged import SUBAGENTS_MS, continued, unlogged_usage

MODEL = "claude-sonnet-4-5"


def line(time_ms: int, tokens: Tokens, session: str = "s", model: str = MODEL, **more: object) -> Usage:
    return Usage("claude-code", f"{session}-{model}-{time_ms}", time_ms, model, tokens, session)._replace(**more)


def total(time_ms: int, tokens: Tokens, model: str = MODEL) -> SessionTotal:
    return SessionTotal("s", model, time_ms, tokens, cwd="/r", branch="feat/a")


def find(
    totals: list[SessionTotal],
    logged: list[Usage],
    inherited: list[Usage] | None = None,
    beside: tuple[Usage, ...] = (),
) -> list[Usage]:
    """`beside` are lines of sub-agents' own files."""
    return unlogged_usage("claude-code", totals, [*logged, *beside], inherited or [], {u.key for u in beside})


def test_a_compaction_call_is_what_the_total_has_more_than_the_lines() -> None:
    (found,) = find([total(20, Tokens(110, 5, 0, 0, 60))], [line(10, Tokens(10, 5, 0, 0, 20))])
    assert (found.tokens, found.kind, found.time_ms, found.cwd) == (Tokens(100, 0, 0, 0, 40), "unlogged", 20, "/r")


def test_a_total_that_the_lines_explain_gives_nothing() -> None:
    assert find([total(20, Tokens(10, 5, 1, 2, 20))], [line(10, Tokens(10, 5, 1, 2, 20))]) == []


def test_each_total_gives_only_what_was_new_since_the_one_before() -> None:
    far = SUBAGENTS_MS * 2
    lines = [line(10, Tokens(10)), line(far, Tokens(50))]
    first, second = find([total(20, Tokens(110)), total(far + 10, Tokens(165))], lines)
    assert (first.tokens.input, second.tokens.input) == (100, 5)


@pytest.mark.parametrize("later_ms", [1, 1_000, SUBAGENTS_MS + 1])
def test_a_later_line_of_the_sessions_own_file_is_not_in_its_total(later_ms: int) -> None:
    """The run that is closed by the total logged all of it above; the next one may go on at once and then be killed."""
    (found,) = find([total(20, Tokens(15))], [line(10, Tokens(10)), line(20 + later_ms, Tokens(50))])
    assert (found.tokens.input, found.time_ms) == (5, 20)


def test_a_subagent_that_writes_on_after_the_sessions_last_line_is_in_its_total() -> None:
    assert find([total(20, Tokens(60))], [line(10, Tokens(10))], beside=(line(30, Tokens(50)),)) == []


def test_a_subagent_of_the_next_run_is_not_in_the_total_of_the_run_before() -> None:
    next_run, its_agent = line(30, Tokens(7)), line(40, Tokens(50))
    (found,) = find([total(20, Tokens(60))], [line(10, Tokens(10)), next_run], beside=(its_agent,))
    assert (found.tokens.input, found.time_ms) == (50, 20)


def test_a_subagent_later_than_any_can_be_is_not_in_the_total() -> None:
    (found,) = find([total(20, Tokens(15))], [line(10, Tokens(10))], beside=(line(21 + SUBAGENTS_MS, Tokens(50)),))
    assert found.tokens.input == 5


def test_each_run_gives_what_it_did_not_log_also_where_the_next_one_follows_at_once() -> None:
    lines = [line(10, Tokens(10)), line(30, Tokens(50))]
    (first,) = find([total(20, Tokens(40))], lines)
    assert (first.tokens.input, first.time_ms) == (30, 20)
    assert find([total(20, Tokens(40)), total(40, Tokens(90))], lines) == [first]


FAR = 10 * SUBAGENTS_MS


@pytest.mark.parametrize("began_ms", [0, FAR - 5])
def test_a_counter_that_begins_anew_takes_nothing_back_of_what_an_earlier_one_told(began_ms: int) -> None:
    lines = [line(10, Tokens(10)), line(FAR, Tokens(50)), line(2 * FAR, Tokens(3))]
    again = [total(FAR + 10, Tokens(57)), total(2 * FAR + 10, Tokens(62))]
    found = find([total(20, Tokens(110)), *(one._replace(began_ms=began_ms) for one in again)], lines)
    assert [(u.tokens.input, u.time_ms) for u in found] == [(100, 20), (7, FAR + 10), (2, 2 * FAR + 10)]


def test_a_counter_that_says_when_it_began_may_have_more_than_the_one_before() -> None:
    lines = [line(10, Tokens(10)), line(FAR, Tokens(500))]
    second = total(FAR + 10, Tokens(507))
    told = [total(20, Tokens(110)), second._replace(began_ms=FAR - 5)]
    assert [u.tokens.input for u in find(told, lines)] == [100, 7]
    whole = [total(20, Tokens(110))._replace(began_ms=5), total(FAR + 10, Tokens(617))._replace(began_ms=5)]
    assert [u.tokens.input for u in find(whole, lines)] == [100, 7]


def test_a_counter_that_begins_anew_does_so_for_all_models_of_its_record() -> None:
    lines = [line(10, Tokens(10)), line(11, Tokens(9), model="claude-haiku-4-5"), line(FAR, Tokens(50))]
    first = [total(20, Tokens(110)), total(20, Tokens(29), model="claude-haiku-4-5")]
    again = [total(FAR + 10, Tokens(4), model="claude-haiku-4-5"), total(FAR + 10, Tokens(57))]
    found = find([*first, *again], lines)
    assert sorted((u.time_ms, u.model, u.tokens.input) for u in found) == [
        *((20, "claude-haiku-4-5", 20), (20, MODEL, 100)),
        *((FAR + 10, "claude-haiku-4-5", 4), (FAR + 10, MODEL, 7)),
    ]


def test_a_process_that_runs_beside_another_one_is_behind_it_and_begins_nothing_anew() -> None:
    lines = [line(10, Tokens(10)), line(FAR, Tokens(50)), line(2 * FAR, Tokens(5))]
    assert find([total(20, Tokens(10)), total(FAR + 10, Tokens(60)), total(2 * FAR + 10, Tokens(15))], lines) == []


def test_a_line_logged_late_takes_back_what_seemed_unlogged() -> None:
    late = [line(10, Tokens(10)), line(25, Tokens(7))]
    assert find([total(20, Tokens(17)), total(40, Tokens(17))], late) == []


def test_a_fork_starts_from_its_parents_total_so_the_parents_unlogged_calls_are_not_its_own() -> None:
    copied = line(10, Tokens(10), session="parent")
    compaction = line(15, Tokens(100), session="parent", kind="unlogged")
    own = line(20, Tokens(1))
    assert find([total(40, Tokens(111))], [copied, own], [copied, compaction]) == []


def test_a_forks_total_contains_its_parents_subagents_whose_files_were_not_copied() -> None:
    copied = line(10, Tokens(10), session="parent")
    subagent = line(12, Tokens(70), session="parent")
    own = line(20, Tokens(1))
    later = line(90, Tokens(500), session="parent")
    assert find([total(40, Tokens(81))], [copied, own], [copied, subagent, later]) == []


def test_a_model_named_with_its_date_in_the_lines_is_the_model_of_the_total() -> None:
    assert find([total(20, Tokens(10))], [line(10, Tokens(10), model=f"{MODEL}-20250929")]) == []


def test_a_model_with_another_name_in_the_total_does_not_count_twice() -> None:
    assert find([total(20, Tokens(10), model="alias")], [line(10, Tokens(10), model="claude-opus-4-5")]) == []


def test_a_compaction_is_of_its_own_moment_and_the_total_that_tells_of_it_of_a_later_one() -> None:
    (found,) = find([total(20, Tokens(110))._replace(spent_ms=12)], [line(10, Tokens(10)), line(15, Tokens(0))])
    assert (found.time_ms, found.key) == (12, f"s#unlogged:{MODEL}:20")


def continuing(spent: int, *earlier: list[Usage], began_ms: int = 0) -> int:
    """Input of earlier sessions that the total of this one contains; it began at 100 and logged an input of 7."""
    totals, own = [total(200, Tokens(spent))._replace(began_ms=began_ms)], [line(100, Tokens(7))]
    return sum(u.tokens.input for u in continued(totals, own, find(totals, own), earlier))


def test_a_counter_that_goes_on_behind_a_clear_contains_the_session_before() -> None:
    before = [line(10, Tokens(40), "before"), line(20, Tokens(60), "before")]
    assert continuing(107, before) == 100
    assert continuing(307, before) == 100, "the rest is what this session did not log"
    assert continuing(407, before, [line(5, Tokens(300), "first")]) == 400


def test_a_counter_without_room_for_a_session_does_not_go_on_from_it() -> None:
    before = [line(10, Tokens(40), "before"), line(20, Tokens(60), "before")]
    assert continuing(106, before) == 0
    assert continuing(7, before) == 0
    assert continuing(307, [line(20, Tokens(60), "before", model="claude-opus-4-5")]) == 0


def test_a_counter_that_is_younger_than_a_session_does_not_go_on_from_it() -> None:
    before = [line(10, Tokens(40), "before"), line(20, Tokens(60), "before")]
    assert continuing(107, before, began_ms=10) == 100
    assert continuing(107, before, began_ms=99) == 0


def test_a_session_that_went_on_beside_this_one_is_not_in_its_counter() -> None:
    assert continuing(307, [line(10, Tokens(40), "beside"), line(150, Tokens(60), "beside")]) == 0


def test_partial_replies_do_not_make_a_difference_appear() -> None:
    assert find([total(20, Tokens(10))], [line(10, Tokens(10)), line(11, Tokens(9), kind="partial")]) == []


@given(st.lists(st.tuples(st.integers(0, 50), st.booleans(), st.booleans()), max_size=20))
def test_lines_and_recovered_calls_together_are_the_last_total(calls: list[tuple[int, bool, bool]]) -> None:
    logged, totals, spent = list[Usage](), list[SessionTotal](), NO_TOKENS
    for number, (amount, is_logged, total_follows) in enumerate(calls, start=1):
        spent = spent.plus(Tokens(amount, amount * 2))
        if is_logged:
            logged.append(line(number * 2 * SUBAGENTS_MS, Tokens(amount, amount * 2)))
        if total_follows:
            totals.append(total(number * 2 * SUBAGENTS_MS + 5, spent))
    found = find(totals, logged)
    if totals:
        until = [u for u in logged if u.time_ms <= totals[-1].time_ms]
        assert sum(u.tokens.total for u in [*until, *found]) == totals[-1].tokens.total
    assert all(min(u.tokens) >= 0 for u in found)
