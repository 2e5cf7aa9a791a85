"""Patterns that are compiled late match like others."""

import re

import pytest

from tokcost.patterns import pattern


def test_a_late_pattern_does_what_the_compiled_one_does() -> None:
    late, early = (
        pattern(r"(?P<word>[a-z]+)\s*=\s*(\d+)", re.IGNORECASE),
        re.compile(r"(?P<word>[a-z]+)\s*=\s*(\d+)", re.I),
    )
    text = "Input = 3, output=4"
    for ask in ("search", "match", "fullmatch"):
        found, expected = getattr(late, ask)(text), getattr(early, ask)(text)
        assert (found and found.groups()) == (expected and expected.groups())
    assert late.findall(text) == early.findall(text) == [("Input", "3"), ("output", "4")]
    assert late.sub("x", text) == early.sub("x", text)
    assert (late.pattern, late.flags, dict(late.groupindex)) == (early.pattern, early.flags, dict(early.groupindex))


def test_bytes_are_matched_by_bytes() -> None:
    assert pattern(rb"^(\d+)$", re.MULTILINE).findall(b"1\nx\n22\n") == [b"1", b"22"]


def test_a_wrong_pattern_says_so_when_it_is_used() -> None:
    wrong = pattern("(")
    with pytest.raises(re.error):
        wrong.match("x")
