"""Graphs to steps, messages to numbers and reverts; no git."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokcost.history.first_parent import Steps
from tokcost.history.merge_subjects import read_reverts, read_title
from tokcost.model.changes import Graph, Node, Revert

SHA = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("message", "number", "subject"),
    [
        ("Add login (#12)", 12, "Add login (#12)"),
        ("Add login (!12)\n\nbody", 12, "Add login (!12)"),
        ("Merge pull request #7 from a/b\n\nAdd login", 7, "Add login"),
        ("Merge pull request #7 from a/b\r\n\r\nAdd\x85login\u2028now\r\nbody", 7, "Add\x85login\u2028now"),
        ("Merge pull request #7 from a/b\n", 7, "Merge pull request #7 from a/b"),
        ("Merge branch 'x' into 'main'\n\nTitle\n\nSee merge request a/b/c!9", 9, "Title"),
        ("Merge branch 'x'\n\nSee merge request !9", 9, "Merge branch 'x'"),
        ("Merged in x (pull request #4)\n\nTitle", 4, "Title"),
        ("Merged in x (pull request #4)", 4, "Merged in x (pull request #4)"),
        ("Merged PR 5: Title (#3)", 5, "Title (#3)"),
        ("Title\n\n> Reviewed-on: https://x.org/+/7\nReviewed-on: https://x.org/#/c/8/", 8, "Title"),
        ('Revert "Merged PR 5: Title"', None, 'Revert "Merged PR 5: Title"'),
        ("Add login (#12) [skip ci]", 12, "Add login (#12) [skip ci]"),
        ("Add login (#12) [skip ci][a] ", 12, "Add login (#12) [skip ci][a]"),
        ("Add login (#12) [see (#13)]", 12, "Add login (#12) [see (#13)]"),
        ("Add login (#12) for good", None, "Add login (#12) for good"),
        ("Merged in x (pull request #4) [skip ci]", 4, "Merged in x (pull request #4) [skip ci]"),
        ("Merge in what is new\n\nTitle", None, "Merge in what is new"),
        (f"Add login (#{'9' * 5000})", None, f"Add login (#{'9' * 5000})"),
        (f"Merged PR {'9' * 5000}: Title", None, f"Merged PR {'9' * 5000}: Title"),
        (f"Merge pull request #{'9' * 5000} from a/b", None, f"Merge pull request #{'9' * 5000} from a/b"),
        (f"A\n\nSee merge request a/b!{'9' * 5000}", None, "A"),
        ("(#1)[" * 20_000, None, "(#1)[" * 20_000),
        ("Merged in " + "(pull request #1)[" * 20_000, None, "Merged in " + "(pull request #1)[" * 20_000),
        ("Fix #12 for good", None, "Fix #12 for good"),
        ("\n\nLate subject", None, "Late subject"),
    ],
)
def test_what_a_change_is_called(message: str, number: int | None, subject: str) -> None:
    assert read_title(message, 5) == (subject, number, 5)


@pytest.mark.parametrize(
    ("message", "reverts"),
    [
        (f"This reverts #{'9' * 5000}.", []),
        (f"This reverts commit {'a' * 5000}.", [("a" * 64, False)]),
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


def newest_first(graph: Graph, tips: Iterable[str]) -> list[Node]:
    """What the tips reach; in the graph's order no commit comes before its parents."""
    found = set[str]().union(*(reached(graph, tip) for tip in tips))
    return [(commit, parents) for commit, parents in reversed(graph.items()) if commit in found]


def brought(graph: Graph, tips: list[str]) -> list[tuple[str, set[str]]]:
    """Every step, oldest first, with the commits that belong to it."""
    steps = Steps(newest_first(graph, tips), tips)
    found: dict[int, tuple[str, set[str]]] = {}
    for commit, home in steps.introduced(graph).items():
        step, commits = found.setdefault(home.position, (home.step, set()))
        assert step == home.step
        commits.add(commit)
    assert sorted(found) == list(range(steps.steps))
    return [found[position] for position in range(steps.steps)]


@given(graphs())
def test_a_step_brings_exactly_what_its_first_parent_does_not_reach(graph: Graph) -> None:
    tip = max(graph)
    before: str | None = None
    for step, commits in brought(graph, [tip]):
        first = graph[step][0] if graph[step] else None
        assert first == before
        assert commits == reached(graph, step) - (reached(graph, first) if first else set())
        before = step
    assert before == tip


@given(graphs(), st.data())
def test_what_an_earlier_tip_reaches_belongs_to_its_steps(graph: Graph, data: st.DataObject) -> None:
    tips = data.draw(st.permutations(sorted(graph)))[: data.draw(st.integers(1, 4))]
    steps = brought(graph, tips)
    taken: set[str] = set()
    for tip in tips:
        line: list[str] = []
        at: str | None = tip
        while at and at not in taken:
            line.append(at)
            at = graph[at][0] if graph[at] else None
        for step in reversed(line):
            assert steps.pop(0) == (step, reached(graph, step) - taken - set(line) | {step})
            taken |= reached(graph, step)
    assert not steps


@given(graphs(), st.data())
def test_what_is_new_goes_on_where_the_last_walk_ended(graph: Graph, data: st.DataObject) -> None:
    tip = max(graph)
    line = [step for step, _ in brought(graph, [tip])]
    old = data.draw(st.sampled_from(line))
    nodes = [node for node in newest_first(graph, [tip]) if node[0] not in reached(graph, old)]
    steps = Steps(nodes, [tip], line.index(old) + 1)
    assert steps.leads_to(old)
    assert steps.steps == len(line)
    whole = Steps(newest_first(graph, [tip]), [tip]).introduced(graph)
    assert steps.introduced(graph) == {commit: whole[commit] for commit, _ in nodes}


@given(st.text(), st.text())
def test_any_message_can_be_read(one: str, other: str) -> None:
    for words in ("(#1)", "Merged PR 5: ", "Merge pull request '", "reverts ", "Reviewed-on: https://"):
        read_title(f"{one}{words}{other}", 0)
        read_reverts(f"{one}{words}{other}")
