"""Regular expressions from the bundle are those that `re` would have compiled."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokcost_hooks import expressions

PATTERNS: list[tuple[Any, int]] = [
    (r"(?P<whole>\d[\d,]*)(?:\.(?P<part>\d{1,9}))?\s*USD$", 0),
    (r"^\s*(a|b)+?(?=c)(?!d)", re.IGNORECASE | re.MULTILINE),
    (rb"^([0-9a-f]{40,64}) [^>\n]*>", 0),
    (r"[^\W_]+ # words\n", re.VERBOSE),
    (r"(?i:x)y\Z", re.ASCII),
    (r"", 0),
]


@pytest.fixture(autouse=True)
def compiler() -> Iterator[None]:
    """`re` as it was, afterwards."""
    before = re._compiler.compile  # type: ignore[attr-defined]
    yield
    re._compiler.compile = before  # type: ignore[attr-defined]
    re.purge()


def learned() -> expressions.Known:
    re.purge()
    new = expressions.install({})
    for text, flags in PATTERNS:
        re.compile(text, flags)
    re.purge()
    return new


def test_what_was_compiled_once_is_not_compiled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    known = learned()
    assert len(known) == len(PATTERNS)
    monkeypatch.setattr(re._compiler, "_code", None)  # type: ignore[attr-defined]
    assert expressions.install(known) == {}
    for text, flags in PATTERNS:
        re.compile(text, flags)
    with pytest.raises(TypeError):
        re.compile("something new")


@given(st.text(alphabet="ab12.,USD xyXYcd_\n0", max_size=30))
def test_it_finds_what_a_pattern_of_re_finds(text: str) -> None:
    before = re._compiler.compile  # type: ignore[attr-defined]
    try:
        known = learned()
        expressions.install(known)
        ready = [re.compile(*one) for one in PATTERNS]
    finally:
        re._compiler.compile = before  # type: ignore[attr-defined]
    re.purge()
    for one, (pattern, flags) in zip(ready, PATTERNS, strict=True):
        other = re.compile(pattern, flags)
        assert (one.pattern, one.flags, one.groups, one.groupindex) == (
            *(other.pattern, other.flags, other.groups),
            other.groupindex,
        )
        where = text.encode() if isinstance(pattern, bytes) else text
        assert [m.groups() for m in one.finditer(where)] == [m.groups() for m in other.finditer(where)]


def test_text_and_bytes_and_flags_are_told_apart() -> None:
    known = learned()
    expressions.install(known)
    for text, flags in [("x", 0), (b"x", 0), ("x", re.IGNORECASE)]:
        re.compile(text, flags)
    assert re.compile("x", re.IGNORECASE).match("X")
    assert not re.compile("x").match("X")
    assert re.compile(b"x").match(b"x")


def test_no_more_are_kept_than_a_hook_may_need() -> None:
    new = expressions.install({})
    for number in range(2 * expressions.MOST):
        assert re.compile(f"{number}$").match(f"{number}")
    assert len(new) == expressions.MOST


def test_a_python_that_compiles_them_otherwise_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(re._compiler, "_sre")  # type: ignore[attr-defined]
    before = re._compiler.compile  # type: ignore[attr-defined]
    assert expressions.install({}) == {}
    assert re._compiler.compile is before  # type: ignore[attr-defined]


def test_what_is_wrong_is_still_wrong() -> None:
    new = expressions.install({})
    with pytest.raises(re.error):
        re.compile("(")
    assert new == {}
    assert re.compile("(x)").match("x")


def test_what_a_failing_disk_changed_is_compiled_anew() -> None:
    known = learned()
    text, flags = PATTERNS[1]
    whole = known[text, int(flags)]
    known[text, int(flags)] = (whole[0], [99, *whole[1]], *whole[2:])
    expressions.install(known)
    assert re.compile(text, flags).match(" ABC")
