"""References to issues, as forges and trackers write them."""

import time

import pytest

from tokcost.history.issue_references import issues_of


@pytest.mark.parametrize(
    ("message", "branch", "own", "issues"),
    [
        ("Add login (#12)\n\nFixes #3, #4 and ABC-12", "", 12, ("#3", "#4", "ABC-12")),
        ("Add login (#12)", "", 12, ()),
        ("Add login for #7 (#12)", "", 12, ("#7",)),
        ("ABC-12: add login", "", None, ("ABC-12",)),
        ("[ABC-12][DEF-3] add", "", None, ("ABC-12", "DEF-3")),
        ("Add\n\nCloses: #5\nCloses: #5", "", None, ("#5",)),
        ("Add\n\nresolves https://example.org/a/b/issues/77", "", None, ("a/b#77",)),
        ("Add\n\nCloses https://gitlab.com/group/sub/-/issues/8", "", None, ("group/sub#8",)),
        ("Use a/b#4, GH-9", "", None, ("a/b#4", "#9")),
        ("Add\n\nRefs: ABC-1", "", None, ("ABC-1",)),
        ("Add\n\nLike #5 in passing", "", None, ()),
        ("Read UTF-8, SHA-256 and RFC-2119", "", None, ()),
        ("Release REL-2024-01-02", "", None, ()),
        ("a&#39;s quote, x#y, ##2", "", None, ()),
        ("Merge", "feat/ABC-123-login", None, ("ABC-123",)),
        ("Merge", "12-add-login", None, ("#12",)),
        ("Merge", "fix/issue-12", None, ("#12",)),
        ("Merge", "release-2", None, ()),
        ("Fixes utf-8", "", None, ()),
    ],
)
def test_references_are_found_and_what_only_looks_like_one_is_not(
    message: str, branch: str, own: int | None, issues: tuple[str, ...]
) -> None:
    assert issues_of(message, message.partition("\n")[0], branch, own) == issues


@pytest.mark.parametrize(
    "part",
    ["fixes #1,", "a/", "A-", "http://", "fixes issue ", "#1", "a.-", "fixes #1" + " " * 50, "A1-1 and ", "a/b#"],
)
def test_no_message_takes_long(part: str) -> None:
    text = part * (200_000 // len(part))
    start = time.process_time()
    issues_of(text, text[:1000], text[:1000], None)
    assert time.process_time() - start < 2
