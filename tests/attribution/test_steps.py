"""Graphs to steps, messages to numbers and reverts; no git."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokcost.attribution.steps import read_head, read_reverts, steps_of
from tokcost.model.changes import Graph, Revert

SHA = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("message", "number", "subject"),
    [
        ("Add login (#12)", 12, "Add login (#12)"),
        ("Add login (!12)\n\nbody", 12, "Add login (!12)"),
        ("Merge pull request #7 from a/b\n\nAdd login", 7, "Add login"),
        ("Merge pull request #7 from a/b\n", 7, "Merge pull request #7 from a/b"),
        ("Merge branch 'x' into 'main'\n\nTitle\n\nSee merge request a/b/c!9", 9, "Title"),
        ("Merge branch 'x'\n\nSee merge request !9", 9, "Merge branch 'x'"),
        ("Merged in x (pull request #4)\n\nTitle", 4, "Merged in x (pull request #4)"),
        ("Fix #12 for good", None, "Fix #12 for good"),
        ("\n\nLate subject", None, "Late subject"),
    ],
)
def test_what_a_change_is_called(message: str, number: int | None, subject: str) -> None:
    assert read_head(message, 5) == (subject, number, 5)


@pytest.mark.parametrize(
    ("message", "reverts"),
    [
        (f"This reverts commit {SHA}.", [(SHA, False)]),
        (f"This reverts commit\n{SHA}.", [(SHA, False)]),
        (f"This reverts commit {SHA}, reversing\nchanges made to {SHA[::-1]}.", [(SHA, False)]),
        ("This reverts commits abcdef1, 1234567 and fedcba9.", [("abcdef1", 0), ("1234567", 0), ("fedcba9", 0)]),
        (f"This partially reverts commit {SHA}.", [(SHA, True)]),
        ("This partly reverts abcdef12", [("abcdef12", True)]),
        ("Reverts org/repo#12", [("#12", False)]),
        ("This reverts merge request !34", [("!34", False)]),
        ("Reverts #5", [("#5", False)]),
        ("Prose about how one reverts a change", []),
        ("nothing", []),
    ],
)
def test_what_a_message_takes_back(message: str, reverts: list[tuple[str, bool]]) -> None:
    assert list(read_reverts(message)) == [Revert(target, bool(partial)) for target, partial in reverts]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """A history in which every commit has up to three earlier ones as parents."""
    graph: Graph = {}
    for number in range(draw(st.integers(1, 14))):
        earlier = st.lists(st.sampled_from(sorted(graph)), unique=True, max_size=3) if graph else st.just([])
        graph[f"{number:02d}"] = tuple(draw(earlier))
    return graph


def reached(graph: Graph, start: str) -> set[str]:
    found: set[str] = set()
    todo = [start]
    while todo:
        commit = todo.pop()
        if commit not in found:
            found.add(commit)
            todo += graph[commit]
    return found


@given(graphs())
def test_a_step_brings_exactly_what_its_first_parent_does_not_reach(graph: Graph) -> None:
    tip = max(graph)
    for step, brought in steps_of(graph, [tip]):
        first = reached(graph, graph[step][0]) if graph[step] else set[str]()
        assert set(brought) == reached(graph, step) - first
        assert len(brought) == len(set(brought))


@given(graphs())
def test_with_all_tips_every_commit_is_brought_once(graph: Graph) -> None:
    brought = [commit for _, found in steps_of(graph, sorted(graph, reverse=True)) for commit in found]
    assert sorted(brought) == sorted(graph)
