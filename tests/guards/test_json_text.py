"""Elements that are put into settings which people wrote by hand, and taken out again to the byte."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokcost.guards.json_text import UnreadableJson, insertions, without, without_elements
from tokcost.guards.protocol import Entry

ENTRIES = [
    Entry(("hooks", "UserPromptSubmit"), {"hooks": [{"command": "tokcost prompt"}]}),
    Entry(("hooks", "PreToolUse"), {"matcher": "*", "hooks": [{"command": "tokcost tool"}]}),
]

scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner))
documents = st.builds(
    lambda others, hooks: {**others, **hooks},
    st.dictionaries(st.text(max_size=6).filter(lambda key: key != "hooks"), values, max_size=4),
    st.sampled_from([{}, {"hooks": {}}, {"hooks": {"PreToolUse": []}}, {"hooks": {"PreToolUse": [{"hooks": []}]}}])
    | st.builds(lambda inner: {"hooks": {"UserPromptSubmit": inner, "Stop": []}}, st.lists(values, max_size=3)),
)


@settings(max_examples=200, deadline=None)
@given(documents, st.sampled_from([None, 1, 2, 4, "\t"]), st.sampled_from(["", "\n", "\r\n\n"]), st.booleans())
def test_entries_are_added_to_any_document_and_taken_out_to_the_byte(
    document: dict[str, Any], indent: int | str | None, end: str, ascii: bool
) -> None:
    text = json.dumps(document, indent=indent, ensure_ascii=ascii) + end
    after, pieces = insertions(text, ENTRIES)
    expected = json.loads(text)
    for entry in ENTRIES:
        expected.setdefault("hooks", {}).setdefault(entry.path[1], []).append(entry.value)
    assert json.loads(after) == expected
    assert without(after, pieces) == text


def test_the_layout_of_the_document_goes_on() -> None:
    text = '{\n    "model": "x",\n    "hooks": {\n        "PreToolUse": []\n    }\n}\n'
    after, _ = insertions(text, ENTRIES[1:])
    assert after == json.dumps({"model": "x", "hooks": {"PreToolUse": [ENTRIES[1].value]}}, indent=4) + "\n"


def test_what_others_added_since_stays() -> None:
    after, pieces = insertions("{}", ENTRIES)
    left = without(after[:-1] + ', "model": "y"}', pieces)
    assert left is not None
    assert json.loads(left) == {"model": "y"}


def test_a_piece_that_is_not_there_as_it_was_is_told() -> None:
    after, pieces = insertions("{}", ENTRIES)
    assert without(after.replace("tool", "tools"), pieces) is None


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("others", [[[], []], [["a"], []], [[], ["b"]], [["a"], ["b"]]])
def test_elements_are_found_also_where_somebody_wrote_around_them(indent: int | None, others: list[list[str]]) -> None:
    before, behind = others
    document = {"hooks": {"Stop": [], "PreToolUse": [*before, {"x": ["the mark"]}, *behind]}}
    left = without_elements(json.dumps(document, indent=indent), ("hooks", "PreToolUse"), "the mark")
    assert json.loads(left) == {"hooks": {"Stop": [], "PreToolUse": [*before, *behind]}}
    assert without_elements(left, ("hooks", "Other"), "the mark") == left


@pytest.mark.parametrize(
    "text",
    ["", "[]", "nothing", "{", '{"hooks": []}', '{"hooks": {"PreToolUse": {}}}', '{"a": 1,, "b": 2}', '{"a" 1}',
     '{"hooks": {} /* more', '{"hooks": {}} // a\n{}', '{"a": [1,,]}', '{"a": ' + "[" * 100_000, "{1: 2}",
     '{"a": ' + "9" * 5000 + "}", '{"hooks": {"PreToolUse": [-' + "9" * 5000 + "]}}"],
)  # fmt: skip
def test_what_is_no_such_document_is_refused(text: str) -> None:
    with pytest.raises(UnreadableJson):
        insertions(text, ENTRIES)
