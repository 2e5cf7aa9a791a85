"""The grammar of the line, through writing and reading it."""

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokcost.model.commit_message import drop_lines, marks
from tokcost.model.trailer import (
    ID_ALPHABET,
    WIDTH,
    Line,
    format_line,
    highest,
    possible_ids,
    read_message,
    writable_name,
)
from tokcost.model.usage import Tokens

EXAMPLE = "AI-Cost: ~2 USD list; ~1M tokens; claude-opus-4-5, gpt-5.1-codex; 7k3qf9x2m4tc"
READ = Line("7k3qf9x2m4tc", 1, 2_000_000_000, False, 1_000_000, ("claude-opus-4-5", "gpt-5.1-codex"))

ids = st.text(ID_ALPHABET, min_size=12, max_size=12)
names = st.from_regex(r"[a-z][a-z0-9.\-]{2,30}[a-z0-9]", fullmatch=True)
grid = st.builds(lambda digit, power: digit * 10**power, st.sampled_from((1, 2, 5)), st.integers(5, 14))


@st.composite
def lines(draw: st.DrawFn) -> Line:
    exact = draw(st.booleans())
    cost = draw(st.none() | (st.integers(0, 10**9).map(lambda n: n * 100_000) if exact else grid))
    unpriced = cost is None or draw(st.booleans())
    classes = Tokens(*draw(st.lists(st.integers(0, 10**9), min_size=5, max_size=5))) if exact else None
    tokens = classes.total if classes else draw(st.integers(0, 10**12))
    models = tuple(draw(st.lists(names, max_size=6, unique=True)))
    return Line(draw(ids), draw(st.integers(1, 999)), cost, unpriced, tokens, models, 0, exact, classes)


def test_the_example_of_the_design_reads_as_what_it_says_and_is_written_back_to_the_letter() -> None:
    assert read_message(f"Add login\n\n{EXAMPLE}\n").lines == [READ]
    assert format_line(READ) == EXAMPLE


@given(lines())
def test_what_is_written_is_read_back(line: Line) -> None:
    (read,) = read_message(f"Subject\n\n{format_line(line)}\n").lines
    assert read._replace(models=(), more_models=0) == line._replace(models=(), more_models=0)
    assert read.models == line.models[: len(read.models)]
    assert len(read.models) + read.more_models == len(line.models)


@given(lines())
def test_no_written_line_is_wider_than_commitlint_allows(line: Line) -> None:
    assert all(len(text) <= WIDTH for text in format_line(line).splitlines())


@given(st.lists(lines()), st.lists(lines()), st.randoms(use_true_random=False))
def test_the_join_is_idempotent_commutative_and_associative(
    some: list[Line], others: list[Line], chance: random.Random
) -> None:
    both = highest([*some, *others])
    shuffled = [*others, *some, *some]
    chance.shuffle(shuffled)
    assert highest(shuffled) == both
    assert highest([*highest(some).values(), *highest(others).values()]) == both


@given(ids, st.lists(st.integers(0, 10**6), min_size=2, max_size=5), st.randoms(use_true_random=False))
def test_one_version_edited_into_several_amounts_reads_the_same_in_any_order(
    name: str, amounts: list[int], chance: random.Random
) -> None:
    edited = [Line(name, 1, amount * 100_000, False, amount, exact=True) for amount in amounts]
    once = highest(edited)
    chance.shuffle(edited)
    assert highest(edited) == once


@pytest.mark.parametrize(
    "text",
    [
        f"    {EXAMPLE}",
        f"> {EXAMPLE}",
        f"> > {EXAMPLE}",
        f"* {EXAMPLE}",
        f"- {EXAMPLE}",
        f"  * {EXAMPLE}",
        EXAMPLE.replace("AI-Cost:", "ai-cost:"),
        EXAMPLE.replace("7k3qf9x2m4tc", "7K3QF9X2M4TC"),
        f"{EXAMPLE}  ",
        f"{EXAMPLE}\r",
        EXAMPLE.replace("; ", " ;  "),
        EXAMPLE.replace(" gpt", "\n  gpt"),
        EXAMPLE.replace("; 7k", ";\n> 7k"),
        EXAMPLE.replace("list; ~1M tokens; ", "list;\n    ~1M tokens;\n    "),
    ],
)
def test_a_line_is_found_however_a_forge_or_a_person_set_it(text: str) -> None:
    found = read_message(f"Squashed (#12)\n\n* Add login\n\n{text}\n\n* Fix login\n")
    assert (found.lines, found.foreign, found.damaged) == ([READ], 0, [])


def test_several_lines_in_the_middle_of_a_message_are_all_found() -> None:
    other = EXAMPLE.replace("7k3qf9x2m4tc", "00000000000z.3")
    found = read_message(f"A\n\n{EXAMPLE}\nmore prose\n\n{other}\n\nSigned-off-by: A <a@b.c>\n")
    assert [line.token for line in found.lines] == ["7k3qf9x2m4tc", "00000000000z.3"]


@pytest.mark.parametrize(
    "text", ["AI-Cost: $3.20", "AI-Cost: 0.42 USD (claude)", "AI-Cost: ", "AI-Cost: 2 USD list; 1M tokens; x; ilou"]
)
def test_a_line_without_an_id_of_ours_is_somebody_elses(text: str) -> None:
    found = read_message(f"A\n\n{text}\nReviewed-by: B <b@c.d>\n")
    assert (found.lines, found.foreign, found.damaged) == ([], 1, [])


@pytest.mark.parametrize(
    "text",
    [
        "AI-Cost: lots; ~1M tokens; -; 7k3qf9x2m4tc",
        "AI-Cost: ~2 USD list; many; -; 7k3qf9x2m4tc",
        "AI-Cost: 7k3qf9x2m4tc",
    ],
)
def test_a_line_whose_rest_was_mangled_is_damaged_and_never_counted(text: str) -> None:
    found = read_message(f"A\n\n{text}\n")
    assert found.lines == []
    assert len(found.damaged) == 1


def test_a_wrapped_line_does_not_swallow_the_trailer_behind_it() -> None:
    found = read_message("A\n\nAI-Cost: $3\nChange-Id: I7k3qf9x2m4tc\nX: y; 7k3qf9x2m4tc\n")
    assert (found.lines, found.foreign) == ([], 1)


def test_hidden_models_are_a_dash() -> None:
    line = READ._replace(models=())
    assert format_line(line) == "AI-Cost: ~2 USD list; ~1M tokens; -; 7k3qf9x2m4tc"


def test_models_without_room_are_counted() -> None:
    models = tuple(f"a-model-with-a-long-name-{number}" for number in range(6))
    (line,) = read_message(format_line(READ._replace(models=models))).lines
    assert 1 <= len(line.models) < 6
    assert line.more_models == 6 - len(line.models)


def test_unpriced_usage_is_said_and_never_zero() -> None:
    alone = READ._replace(cost=None, unpriced=True)
    some = READ._replace(unpriced=True)
    assert format_line(alone).startswith("AI-Cost: unpriced; ~1M tokens; ")
    assert format_line(some).startswith("AI-Cost: ~2 USD list + unpriced; ")
    assert read_message(format_line(alone)).lines == [alone]
    assert read_message(format_line(some)).lines == [some]


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("claude-opus-4-5", "claude-opus-4-5"),
        ("openrouter/anthropic/claude-opus-4.5", "claude-opus-4.5"),
        ("arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude", "eu.anthropic.claude"),
        ("arn:aws:bedrock:eu-west-1:123456789012:something", "other"),
        ("/home/ann/models/llama.gguf", "llama.gguf"),
        ("two; words, here", "two-words-here"),
        ("a\nSigned-off-by: x", "a-Signed-off-by:-x"),
        ("", "other"),
    ],
)
def test_a_model_name_publishes_no_account_no_folder_and_breaks_no_line(model: str, name: str) -> None:
    assert writable_name(model) == name


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    read_message(f"AI-Cost: {text}")


HOSTILE = {
    "a second line of one endless word": f"AI-Tokens: {'a' * 20_000}; 7k3qf9x2m4tc",
    "an amount with endless spaces": f"AI-Cost: ~1{' ' * 20_000}; ~1M tokens; x; 7k3qf9x2m4tc",
    "an amount of 5,000 digits": f"AI-Cost: ~{'9' * 5000} USD list; ~1M tokens; x; 7k3qf9x2m4tc",
    "an amount of 300 digits": f"AI-Cost: ~{'9' * 300} USD list; ~1M tokens; x; 7k3qf9x2m4tc",
    "an amount of many commas": f"AI-Cost: ~1{',1' * 5000} USD list; ~1M tokens; x; 7k3qf9x2m4tc",
    "tokens of 5,000 digits": f"AI-Cost: ~2 USD list; {'9' * 5000} tokens; x; 7k3qf9x2m4tc",
    "tokens beyond 64 bits": "AI-Cost: ~2 USD list; ~99999999999G tokens; x; 7k3qf9x2m4tc",
    "an amount beyond 64 bits": "AI-Cost: ~99999999999 USD list; ~1M tokens; x; 7k3qf9x2m4tc",
    "endless fields": f"AI-Cost: {';' * 20_000} 7k3qf9x2m4tc",
    "endless models": f"AI-Cost: ~2 USD list; ~1M tokens; {'x,' * 10_000}; 7k3qf9x2m4tc",
    "brackets without an end": f"AI-Cost: {'7k3qf9x2m4tc [' * 2000}",
    "brackets in front of a word": f"AI-Cost: 7k3qf9x2m4tc{'[]' * 10_000}x",
    "many ids": f"AI-Cost: {'7k3qf9x2m4tc ' * 2000}x",
    "many begun": "AI-Cost: ~1 USD list; ~1M\n" * 1000,
    "a version of ten digits": "AI-Cost: ~2 USD list; ~1M tokens; x; 7k3qf9x2m4tc.1000000000",
    "letters that only look like ours": "AI-Cost: ~2 USD list; ~1M tokens; x; 7\u212a3qf9x2m4tc",
    "digits of another script": "AI-Cost: ~\u0662 USD list; ~1M tokens; x; 7k3qf9x2m4tc",
    "quotes in front": f"{'> ' * 10_000}AI-Cost: ~2 USD list",
    "half a character": "AI-Cost: \udcff; \udcff; \udcff; 7k3qf9x2m4tc",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_line_is_damaged_or_somebody_elses_and_spoils_no_neighbour(text: str) -> None:
    found = read_message(f"A\n\n{EXAMPLE}\n{text}\n\n{EXAMPLE.replace('tc', 'td')}\n")
    assert [line.id for line in found.lines] == ["7k3qf9x2m4tc", "7k3qf9x2m4td"]
    assert found.foreign + len(found.damaged) == (0 if "AI-Tokens" in text else text.count("AI-Cost"))


@pytest.mark.parametrize("name", [name for name in HOSTILE if name.startswith(("an amount", "tokens", "endless"))])
def test_what_has_an_id_of_ours_and_cannot_be_right_is_damaged(name: str) -> None:
    found = read_message(f"A\n\n{HOSTILE[name]}\n")
    assert (found.foreign, len(found.damaged)) == (0, 1)
    assert len(found.damaged[0]) <= 1024


def test_the_largest_line_there_is_fits_into_64_bits_and_one_dollar_more_is_damage() -> None:
    largest = READ._replace(version=999_999_999, cost=100_000_000 * 10**9, tokens=10**15, models=("x",))
    assert read_message(format_line(largest)).lines == [largest]
    assert largest.cost is not None
    assert largest.cost < 2**63
    for more in (largest._replace(cost=largest.cost + 10**9), largest._replace(tokens=10**15 + 1)):
        assert len(read_message(format_line(more)).damaged) == 1


def test_a_second_line_with_a_number_beyond_64_bits_says_nothing_and_the_first_stays() -> None:
    line = "AI-Cost: 0.0121 USD list; 11504 tokens; x; 7k3qf9x2m4tc\nAI-Tokens: input=1 output={}; 7k3qf9x2m4tc"
    assert read_message(line.format(2)).lines[0].classes == Tokens(1, 0, 0, 0, 2)
    for count in (10**16, "9" * 5000):
        (found,) = read_message(line.format(count)).lines
        assert (found.tokens, found.classes) == (11504, None)


@pytest.mark.parametrize("prefix", ["", "> ", "* ", "\t"])
@pytest.mark.parametrize("at", range(1, 12))
def test_an_id_that_is_cut_in_two_is_read(at: int, prefix: str) -> None:
    text = f"{prefix}AI-Cost: ~2 USD list; ~1M tokens; x; {READ.id[:at]}\n{prefix}{READ.id[at:]}\n{prefix}Key: value"
    assert [line.id for line in read_message(text).lines] == [READ.id]
    assert READ.id in possible_ids(text)


def test_words_of_two_lines_that_are_no_end_of_a_line_of_ours_are_not_put_together() -> None:
    found = read_message("AI-Cost: about twenty dollars\n\nSecond paragraph")
    assert (found.lines, found.foreign, found.damaged) == ([], 1, [])


def test_a_wrapped_line_of_more_than_a_kibibyte_is_not_put_together() -> None:
    wrapped = "AI-Cost: ~2 USD list; ~1M tokens;\n  {}\n  ; 7k3qf9x2m4tc"
    assert len(read_message(wrapped.format("x" * 900)).lines) == 1
    found = read_message(wrapped.format("x" * 1100))
    assert (found.lines, found.foreign) == ([], 1)


@given(st.data())
def test_a_mutated_line_is_read_counted_or_passed_over_and_never_an_error(data: st.DataObject) -> None:
    text = format_line(data.draw(lines()))
    piece = st.sampled_from(
        ["9" * 400, " " * 400, ",", ";", "[", "]", "\n", "> ", "AI-Cost:", "AI-Tokens:", "=", ".", "~"]
    )
    for _ in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(0, len(text)))
        stop = data.draw(st.integers(start, min(len(text), start + 5)))
        text = text[:start] + data.draw(piece | st.text(max_size=5)) * data.draw(st.integers(0, 4)) + text[stop:]
    for line in read_message(f"A\n\n{text}\n").lines:
        assert 0 <= (line.cost or 0) < 2**63
        assert 0 <= line.tokens < 2**63
        assert 1 <= line.version < 10**9
        assert all(0 <= count < 2**63 for count in line.classes or ())
        assert line.id.isascii()


@given(
    lines(),
    st.text("-> *|[]().,;_:é\u2028K\u212a0a\n", max_size=8),
    st.text("-> *|[]().,;_é\u2028K\u212a0a\n", max_size=8),
)
def test_whatever_is_read_as_a_line_of_ours_has_a_possible_id(line: Line, before: str, behind: str) -> None:
    texts = format_line(line), format_line(line).upper()
    for text in (f"Subject\n\n{before}{one[:-14]}{before}{one[-14:]}{behind}" for one in texts):
        assert {one.id for one in read_message(text).lines} <= possible_ids(text)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029", " \u2028 > "])
def test_an_id_that_any_end_of_a_line_cut_in_two_is_a_possible_id(end: str) -> None:
    text = f"Subject\n\nAI-Cost: ~2 USD list; ~1M tokens; -; 7k3qf9{end}x2m4tc\n"
    assert {one.id for one in read_message(text).lines} == {"7k3qf9x2m4tc"}
    assert "7k3qf9x2m4tc" in possible_ids(text)


@pytest.mark.parametrize("version", [1, 2, 9, 12])
@pytest.mark.parametrize("models", [("gpt-5",), ("claude-sonnet-4-5",), ("claude-opus-4-5", "gpt-5.1-codex")])
def test_a_line_is_read_at_whatever_width_a_program_cut_it_in_words(version: int, models: tuple[str, ...]) -> None:
    """`fold` without -s cuts anywhere, also at the dot in front of a version. Between two digits nobody can tell."""
    line = Line(READ.id, version, 24_100_000, False, 12_204, models, 0, True)
    text = format_line(line)
    for width in range(50, len(text) + 2):
        cut = "\n".join(text[start : start + width] for start in range(0, len(text), width))
        if not re.search(r"\.\d\n\d", cut):
            message, wanted = f"Title\n\n{cut}\n", line._replace(models=())  # a name may have a space in it then
            assert [one._replace(models=()) for one in read_message(message).lines] == [wanted], cut
            assert [one.line and one.line._replace(models=()) for one in marks(message)] == [wanted], cut
            assert drop_lines(message).strip() == "Title", cut
