"""Names that other people chose, through every way of showing them."""

import csv
import unicodedata
from io import StringIO

from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tokcost.reports.markdown import safe
from tokcost.reports.text import cell, escape

HOSTILE = st.lists(
    st.sampled_from(
        ["![](https://x.example)", "[a](b)", "<img src=x>", "<!-- tokcost report -->", "@team", "#123", "fixes #1", "`",
         "*", "_", "~", "|", "\\", "\n", "\r", "\t", "\0", "\x1b[2J", "\u202e", "\u2066", "\u200b", "\ud800", "=1+1",
         "+", "-", "@", "www.x.example", "https://x.example", "&lt;", "&#64;", " ", "a"]
    ),
    max_size=6,
).map("".join)  # fmt: skip


@given(HOSTILE | st.text())
@example("=cmd|' /C calc'!A0")
@example("\t=1")
@example(" =1")
@example("\uff1d1")
def test_a_cell_is_one_cell_and_no_formula(name: str) -> None:
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerow((cell(name), 7))
    (row,) = csv.reader(StringIO(text.getvalue()))
    assert row[1:] == ["7"]
    assert not row[0].lstrip().startswith(("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"))
    assert all(unicodedata.category(char) not in ("Cc", "Cf", "Cs") for char in row[0])


@given(HOSTILE | st.text())
def test_in_markdown_a_name_is_text_and_nothing_else(name: str) -> None:
    made = safe(f"x {name} x")
    inline = [
        child for token in MarkdownIt("gfm-like", {"linkify": False}).parse(made) for child in token.children or []
    ]
    assert {child.type for child in inline} <= {"text", "text_special"}
    assert "".join(child.content for child in inline) == f"x {escape(name)} x"
    assert not {"@", "://", "<!--"} & {made[at : at + size] for size in (1, 3, 4) for at in range(len(made))}
    assert "#" not in made.replace("&#", "")
    assert "www." not in made.lower()
