"""Which lines of Claude Code's transcripts are one response: whatever files they stand in, and however often somebody
looks while they are being written."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support import codex_lines
from support.claude_lines import append, assistant, counts, iso
from tokcost.ledger.open import open_ledger
from tokcost.ledger.rollup import disagreements
from tokcost.ledger.sources import tallies
from tokcost.model.usage import Tokens
from tokcost.readers.claude_code.order import MERGED
from tokcost.services.refresh import refresh

T0 = 1_790_000_000_000

Line = tuple[str, dict[str, Any]]
"""A file's name and a line of it."""


class Home:
    """A home with transcripts, and a ledger."""

    def __init__(self, path: Path) -> None:
        self.path, self.ledger = path / "home", path / "ledger"

    def add(self, *lines: Line) -> None:
        for name, line in lines:
            path = self.path / ".claude/projects/p" / f"{name}.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            append(path, line)

    def look(self) -> list[tuple[str, Tokens]]:
        """Import: model and tokens of each response, in the order of its first line."""
        refresh(self.ledger, {"HOME": str(self.path)})
        with open_ledger(self.ledger) as ledger:
            assert disagreements(ledger) == []
            rows = ledger.db.execute(
                "SELECT model, input, cache_read, cache_write_5m, cache_write_1h, output, reasoning FROM usage_row"
                " ORDER BY time_ms, model, input, output"
            ).fetchall()
        return [(row[0], Tokens(*row[1:])) for row in rows]


def inputs_and_outputs(found: Sequence[tuple[str, Tokens]]) -> list[tuple[int, int]]:
    return [(tokens.input, tokens.output) for _, tokens in found]


def looks(folder: Path, lines: Sequence[Line]) -> list[tuple[int, int]]:
    """Input and output of each response, after one look at the whole, a look after each line, and a look at all of it
    again; they must agree."""
    at_once, in_steps = Home(folder / "once"), Home(folder / "steps")
    at_once.add(*lines)
    for line in lines:
        in_steps.add(line)
        in_steps.look()
    found = at_once.look()
    assert in_steps.look() == found
    for path in at_once.path.rglob("*.jsonl"):  # written anew, so that all is read again
        path.write_bytes(b"\n" + path.read_bytes())
    assert at_once.look() == found
    return inputs_and_outputs(found)


def said(
    file: str,
    input: int,
    output: int,
    second: float,
    *,
    message: str = "gateway",
    request: str | None = None,
    **more: Any,
) -> Line:
    """A line of a response with one message id for all; without a request id unless one is given."""
    usage = counts(input, more.pop("read", 0), 0, 0, output)
    return file, assistant(message, request, T0 + int(second * 1000), usage=usage, **{"sessionId": file, **more})


def result(file: str, second: float) -> Line:
    content = [{"tool_use_id": "t", "type": "tool_result", "content": "x"}]
    return file, {
        "type": "user",
        "message": {"role": "user", "content": content},
        "sessionId": file,
        "timestamp": iso(T0 + int(second * 1000)),
    }


def prompt(file: str, second: float) -> Line:
    message = {"role": "user", "content": "go on"}
    return file, {"type": "user", "message": message, "sessionId": file, "timestamp": iso(T0 + int(second * 1000))}


# --- with request ids ---


def test_calls_with_one_message_id_and_request_ids_of_their_own_are_different_responses(tmp_path: Path) -> None:
    lines = [said("s", 10 * n, n, n, request=f"req_{n}") for n in (1, 2, 3)]
    assert looks(tmp_path, lines) == [(10, 1), (20, 2), (30, 3)]


def test_so_are_they_where_every_count_and_even_the_time_is_the_same(tmp_path: Path) -> None:
    lines = [said("s", 10, 5, 0, request=f"req_{n}") for n in range(3)]
    assert looks(tmp_path, lines) == [(10, 5)] * 3


def test_each_of_them_may_have_several_lines_one_after_the_other_or_mixed(tmp_path: Path) -> None:
    one, other = [
        [said("s", 10, out, out, request=f"req_{n}", stop_reason=stop) for out, stop in ((n, None), (50, "tool_use"))]
        for n in (1, 2)
    ]
    assert looks(tmp_path / "a", [*one, *other]) == [(10, 50), (10, 50)]
    assert looks(tmp_path / "b", [one[0], other[0], one[1], other[1]]) == [(10, 50), (10, 50)]


def test_a_request_seen_again_in_a_fork_is_one_response_whichever_call_the_fork_kept(tmp_path: Path) -> None:
    original = [said("s", 10 * n, n, n, request=f"req_{n}") for n in (1, 2, 3)]
    copies = [(f"fork{n}", line | {"sessionId": f"fork{n}"}) for n, (_, line) in enumerate(original)]
    expected = [(10, 1), (20, 2), (30, 3)]
    assert looks(tmp_path / "a", [*original, *copies]) == expected
    assert looks(tmp_path / "b", [*reversed(copies), *original]) == expected


def test_sub_agents_behind_a_gateway_with_one_message_id_have_responses_of_their_own(tmp_path: Path) -> None:
    main = [said("s", 100, 10, 0, request="req_1"), said("s", 120, 11, 9, request="req_4")]
    agents = [said(f"s/subagents/agent-{n}", 50 + n, n, n, request=f"req_{n}", isSidechain=True) for n in (2, 3)]
    assert looks(tmp_path, [main[0], *agents, main[1]]) == [(100, 10), (52, 2), (53, 3), (120, 11)]


@pytest.mark.parametrize("first", ["parent", "side question"])
def test_a_side_question_repeats_its_parents_response_under_another_request_id(tmp_path: Path, first: str) -> None:
    parent = said("s", 100, 10, 1, request="req_1", read=20_000)
    again = said("s/subagents/agent-a", 100, 10, 1, request="req_2", read=20_000, isSidechain=True)
    answer = said("s/subagents/agent-a", 7, 3, 5, message="msg_own", request="req_3", isSidechain=True)
    lines = [parent, again] if first == "parent" else [again, parent]
    assert looks(tmp_path, [*lines, answer]) == [(100, 10), (7, 3)]


@pytest.mark.parametrize("second", [1, 60])
def test_such_a_repetition_may_have_another_time_or_other_prompt_counts_but_the_parents_hold(
    tmp_path: Path, second: int
) -> None:
    parent = said("s", 100, 10, 1, request="req_1")
    read = 50_000 if second == 1 else 0
    again = said("s/subagents/agent-a", 100, 10, second, request="req_2", read=read, isSidechain=True)
    assert looks(tmp_path / "a", [parent, again]) == [(100, 10)]
    home = Home(tmp_path / "b")
    home.add(again, parent)
    assert [tokens.cache_read for _, tokens in home.look()] == [0]


def test_a_copy_without_request_id_is_the_response_with_the_same_prompt(tmp_path: Path) -> None:
    original = [said("s", 10 * n, 2, n, request=f"req_{n}", version="1.0.69", stop_reason=None) for n in (1, 2)]
    copies = [said("resumed", 10 * n, 40 + n, n + 60, version="1.0.69") for n in (1, 2)]
    first = [said("s", 10, 2, 1, request="req_1", version="1.0.69", stop_reason=None)]
    assert looks(tmp_path / "a", [*first, copies[0]]) == [(10, 41)]
    home = Home(tmp_path / "b")
    home.add(*original[:1], *copies[:1])
    assert inputs_and_outputs(home.look()) == [(10, 41)]


# --- without request ids ---


def test_growing_prompts_under_one_message_id_are_different_responses(tmp_path: Path) -> None:
    lines = [said("s", 10 * n, n, n) for n in (1, 2, 3)]
    assert looks(tmp_path / "bare", lines) == [(10, 1), (20, 2), (30, 3)]
    with_results = [line for n, one in enumerate(lines) for line in (one, result("s", n + 1.5))]
    assert looks(tmp_path / "results", with_results) == [(10, 1), (20, 2), (30, 3)]
    with_prompts = [line for n, one in enumerate(lines) for line in (one, prompt("s", n + 1.5))]
    assert looks(tmp_path / "prompts", with_prompts) == [(10, 1), (20, 2), (30, 3)]


def test_blocks_of_each_of_them_are_lines_of_one_response_also_where_tools_answer_in_between(tmp_path: Path) -> None:
    lines = [
        said("s", 10, 7, 1.0, stop_reason="tool_use"),
        said("s", 10, 7, 1.2, stop_reason="tool_use"),
        result("s", 1.3),
        said("s", 10, 7, 1.4, stop_reason="tool_use"),
        result("s", 1.5),
        said("s", 30, 8, 2.0, stop_reason="tool_use"),
        result("s", 2.1),
        said("s", 30, 8, 2.2),
        prompt("s", 9),
        said("s", 50, 9, 10),
    ]
    assert looks(tmp_path, lines) == [(10, 7), (30, 8), (50, 9)]


def test_after_the_user_said_something_the_same_counts_are_another_response(tmp_path: Path) -> None:
    lines = [said("s", 10, 7, 1), prompt("s", 2), said("s", 10, 7, 3), prompt("s", 4), said("s", 10, 7, 5)]
    assert looks(tmp_path, lines) == [(10, 7)] * 3


def test_a_gateway_that_counts_no_prompt_is_told_apart_by_its_output(tmp_path: Path) -> None:
    turn = [said("s", 0, 7, 1, stop_reason="tool_use"), result("s", 2), said("s", 0, 9, 3, stop_reason="tool_use")]
    assert looks(tmp_path, [*turn, result("s", 4), said("s", 0, 5, 5)]) == [(0, 7), (0, 9), (0, 5)]


def test_a_line_written_before_the_counts_were_known_belongs_to_the_next_one(tmp_path: Path) -> None:
    lines = [said("s", 0, 1, 1, stop_reason=None), result("s", 1.5), said("s", 500, 40, 2, stop_reason="tool_use")]
    assert looks(tmp_path, [*lines, result("s", 3), said("s", 700, 41, 4)]) == [(500, 40), (700, 41)]


def test_the_same_id_in_two_sessions_is_two_responses_and_a_copied_history_is_one(tmp_path: Path) -> None:
    one = [said("a", 10, 7, 1), prompt("a", 2), said("a", 20, 8, 3)]
    other = [said("b", 10, 7, 11), prompt("b", 12), said("b", 20, 8, 13)]
    assert looks(tmp_path / "two", [*one, *other]) == [(10, 7), (20, 8), (10, 7), (20, 8)]
    fork = [("fork", line | {"sessionId": "fork"}) for _, line in one]
    assert looks(tmp_path / "fork", [*one, *fork, said("fork", 30, 9, 20)]) == [(10, 7), (20, 8), (30, 9)]


def test_some_lines_of_a_response_may_lack_the_request_id_that_others_have(tmp_path: Path) -> None:
    for number, requests in enumerate([(None, "req_1"), ("req_1", None), (None, "req_1", None)]):
        lines = [said("s", 10, 7, n, message="msg_1", request=request) for n, request in enumerate(requests)]
        assert looks(tmp_path / str(number), lines) == [(10, 7)]


def test_responses_of_many_gateway_calls_are_read_in_linear_time(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.add(*(said("s", n + 1, 1, n) for n in range(3_000)))
    assert len(home.look()) == 3_000


def linked(*lines: Line, after: str | None = None) -> list[Line]:
    """Lines that each name the one before it as their parent, the first one `after`."""
    made: list[Line] = []
    for number, (file, line) in enumerate(lines):
        uuid = f"{line['timestamp']}-{number}-{after}"
        made.append((file, line | {"uuid": uuid, "parentUuid": after}))
        after = uuid
    return made


def test_two_answers_to_different_lines_are_two_responses_whatever_their_counts(tmp_path: Path) -> None:
    prompts = linked(prompt("s", 0), prompt("s", 1))
    lines = [
        line for n, (_, asked) in enumerate(prompts) for line in linked(said("s", 10, 7, 2 + n), after=asked["uuid"])
    ]
    assert looks(tmp_path, [*prompts, *lines]) == [(10, 7)] * 2


def test_blocks_of_two_responses_written_among_each_other_are_told_by_their_parents(tmp_path: Path) -> None:
    prompts = linked(prompt("s", 0), prompt("s", 1))
    one, other = (
        linked(*(said("s", 10, 7, n + number) for n in (2, 4, 6)), after=asked["uuid"])
        for number, (_, asked) in enumerate(prompts)
    )
    mixed = [line for pair in zip(one, other, strict=True) for line in pair]
    assert looks(tmp_path / "a", [*prompts, *mixed]) == [(10, 7)] * 2
    assert looks(tmp_path / "b", [prompts[0], one[0], prompts[1], other[0], one[1], other[1]]) == [(10, 7)] * 2


@pytest.mark.parametrize("between", [result, prompt])
def test_numbers_of_blocks_tell_where_a_response_begins_also_behind_a_tools_result(
    tmp_path: Path, between: Callable[[str, float], Line]
) -> None:
    def block(number: int, second: float) -> Line:
        return said("s", 10, 7, second, stop_reason="tool_use", apiBlockIndex=number)

    begins_anew = linked(block(0, 1), between("s", 2), block(0, 3), between("s", 4), block(0, 5))
    assert looks(tmp_path / "anew", begins_anew) == [(10, 7)] * 3
    goes_on = linked(block(0, 1), block(1, 2), result("s", 3), block(2, 4))
    assert looks(tmp_path / "on", goes_on) == [(10, 7)]


def test_a_block_may_be_behind_what_a_hook_logged_in_between(tmp_path: Path) -> None:
    hooks = [
        ("s", {"type": "progress", "data": {"type": "hook_progress"}, "timestamp": iso(T0 + n)}) for n in range(20)
    ]
    lines = linked(prompt("s", 0), said("s", 10, 7, 1, stop_reason="tool_use"), *hooks, said("s", 10, 7, 2))
    assert looks(tmp_path, lines) == [(10, 7)]


def test_of_two_finished_lines_with_other_outputs_nothing_makes_one_response(tmp_path: Path) -> None:
    assert looks(tmp_path, [said("s", 10, 7, 1), said("s", 10, 9, 2)]) == [(10, 7), (10, 9)]


def test_lines_that_nothing_tells_apart_count_once_and_are_named(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.add(said("s", 10, 7, 1), said("s", 10, 7, 2))
    home.add(*linked(prompt("t", 0), said("t", 10, 7, 11), said("t", 10, 7, 12)))  # these are told
    assert inputs_and_outputs(home.look()) == [(10, 7)] * 2
    with open_ledger(home.ledger) as ledger:
        assert tallies(ledger, "skipped") == {("claude-code", MERGED): 1}


# --- the last line corrects ---


@pytest.mark.parametrize("request_id", ["req_1", None])
def test_a_final_line_that_found_the_prompt_cached_lowers_the_fresh_input(
    tmp_path: Path, request_id: str | None
) -> None:
    begun = said("s", 30_000, 1, 1, request=request_id, stop_reason=None)
    final = said("s", 2_000, 300, 2, request=request_id, read=28_000)
    for number, lines in enumerate([[begun, final], [begun, begun, final, final]]):
        home = Home(tmp_path / str(number))
        for line in lines:
            home.add(line)
            home.look()
        ((_, tokens),) = home.look()
        assert tokens == Tokens(2_000, 28_000, output=300)
        assert looks(tmp_path / f"looks{number}", lines) == [(2_000, 300)]


def test_of_two_final_lines_the_later_one_holds(tmp_path: Path) -> None:
    lines = [said("s", 30_000, 400, 1, request="req_1"), said("s", 2_000, 300, 2, request="req_1", read=28_000)]
    assert looks(tmp_path, lines) == [(2_000, 300)]


def test_a_copy_that_ends_before_the_final_line_changes_nothing(tmp_path: Path) -> None:
    begun = said("s", 30_000, 1, 1, request="req_1", stop_reason=None)
    final = said("s", 2_000, 300, 2, request="req_1", read=28_000)
    copy = "fork", begun[1] | {"sessionId": "fork"}
    for number, lines in enumerate([[begun, final, copy], [copy, begun, final], [begun, copy, final]]):
        assert looks(tmp_path / str(number), lines) == [(2_000, 300)]


def test_a_final_line_without_counts_takes_none_away(tmp_path: Path) -> None:
    begun = said("s", 5_000, 1, 1, request="req_1", stop_reason=None)
    assert looks(tmp_path / "a", [begun, said("s", 0, 300, 2, request="req_1")]) == [(5_000, 300)]
    assert looks(tmp_path / "b", [begun, said("s", 0, 0, 2, request="req_1")]) == [(5_000, 1)]


def test_unfinished_lines_only_grow_in_output_but_the_later_one_knows_the_prompt(tmp_path: Path) -> None:
    lines = [
        said("s", 30_000, 8, 1, request="req_1", stop_reason=None),
        said("s", 2_000, 5, 2, request="req_1", read=28_000, stop_reason=None),
    ]
    assert looks(tmp_path, lines) == [(2_000, 8)]


@st.composite
def sessions(draw: st.DrawFn) -> tuple[list[Line], list[tuple[int, int]]]:
    """A session behind some gateway or none, and what it really used."""
    kind = draw(st.sampled_from(["own ids", "one id with requests", "one id", "one id, one file of an agent"]))
    lines: list[Line] = []
    truth: list[tuple[int, int]] = []
    second = 0.0
    for number in range(draw(st.integers(1, 5))):
        message = f"msg_{number}" if kind == "own ids" else "gateway"
        request = f"req_{number}" if kind in ("own ids", "one id with requests") else None
        side = kind.endswith("agent") and number % 2 == 1
        file, input, output = ("s/agent-1" if side else "s"), 100 * (number + 1), draw(st.integers(3, 9))
        blocks = draw(st.integers(1, 3))
        grows = draw(st.booleans())
        for block in range(blocks):
            second += 0.25
            is_last = block == blocks - 1
            stop = "tool_use" if is_last or not grows else None
            counted = output if is_last or not grows else 1
            lines.append(
                said(file, input, counted, second, message=message, request=request, stop_reason=stop, isSidechain=side)
            )
            if draw(st.booleans()):
                lines.append(result(file, second + 0.1))
        lines.append(draw(st.sampled_from([result, prompt]))(file, second + 0.2))
        truth.append((input, output))
    return lines, truth


@pytest.mark.slow
@given(session=sessions())
@settings(max_examples=10, deadline=None)
def test_whatever_gateway_answers_each_response_counts_once(
    tmp_path_factory: pytest.TempPathFactory, session: tuple[list[Line], list[tuple[int, int]]]
) -> None:
    lines, truth = session
    assert looks(tmp_path_factory.mktemp("session"), lines) == truth


def test_of_two_records_of_one_response_of_codex_the_later_one_holds(tmp_path: Path) -> None:
    home = Home(tmp_path)
    log = home.path / ".codex/sessions/rollout-x.jsonl"
    log.parent.mkdir(parents=True)
    append(log, codex_lines.meta(), codex_lines.turn())
    for input in (100, 80):
        append(log, codex_lines.record("a", codex_lines.counters(input)))
        found = [tokens.input for _, tokens in home.look()]
        assert found == [input]
