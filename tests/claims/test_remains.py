"""Knowing a line again that was damaged by hand."""

import pytest

from tokcost.model.remains import remains
from tokcost.model.trailer import Line, format_line

ONE = Line("7k3qf9x2m4tc", 1, 2 * 10**9, False, 10**6, ("claude-opus-4-5",))
TWIN = ONE._replace(id="9z8y7x6w5v4t")
OTHER = Line("4q3mf9x2m4tc", 1, 5 * 10**9, False, 2 * 10**6, ("gpt-5.1",))
TITLE = "Title\n\n"


def left(text: str, *lines: Line) -> dict[str, int]:
    """The numbers of the lines in which something is left."""
    return {name: mark.start for name, mark in remains(TITLE + text, lines).items()}


@pytest.mark.parametrize(
    "text",
    [
        "AI-Cost: two USD list; ~1M tokens; claude-opus-4-5; 7k3qf9x2m4tc",
        "AI-Cost: 7k3qf9x2m4tc",
        "AI-Cost: ~2 USD list; ~1M tokens; claude-opus-4-5",
        "AI-Cost: ~2 USD list",
        "AI-Cost: nothing; 7k3qf9",
        "ai-cots: ~2 USD list; ~1M tokens; claude-opus-4-5; 7k3qf9x2m4tc",
        "~2 USD list; ~1M tokens; claude-opus-4-5; 7k3qf9x2m4tc",
        "> AI-Cost : ~2 USD list; claude-opus-4-5;",
        "  ~1M tokens; claude-opus-4-5; 7k3qf9x",
    ],
)
def test_a_part_of_a_line_tells_which_one_it_was(text: str) -> None:
    assert left(text, ONE, OTHER) == {ONE.id: 2}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "AI-Cost:",
        "AI-Cost: $3; my own count",
        "I looked at claude-opus-4-5; it is fine.",
        "Claim 7k3qf9x2m4tc is mine; nobody else's",
        "AI-Tokens: input=4 output=5 cache-read=6 cache-write-5m=7 cache-write-1h=8; 7k3qf9x2m4tc",
        format_line(OTHER),
        format_line(TWIN),
        format_line(TWIN).replace("; claude", ";\n  claude"),
        "# AI-Cost: ~2 USD list; ~1M tokens; claude-opus-4-5; 7k3qf9x2m4tx",
    ],
)
def test_nothing_is_left_where_only_other_things_stand(text: str) -> None:
    assert left(text, ONE) == {}


def test_of_twins_one_may_be_damaged_and_the_other_gone() -> None:
    text = "AI-Cost: ~2 USD list; ~1M tokens; claude-opus-4-5"
    assert len(left(text, ONE, TWIN)) == 1
    assert left(f"{text}\n{text}", ONE, TWIN) == {ONE.id: 2, TWIN.id: 3}


def test_a_message_full_of_semicolons_takes_no_longer_than_its_length() -> None:
    assert left("a; b; c\n" * 20_000, ONE) == {}
