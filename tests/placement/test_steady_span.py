"""Within a steady span, usage is placed by its worktree alone: one answer must hold for all of it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tokcost.model.place import Observation
from tokcost.placement.branch import place, steady_span
from tokcost.placement.timeline import Timeline

_BRANCHES = ("main", "feat/a", "feat/b", None)
_NEVER = 1 << 60


def timeline(seconds: list[int], branches: list[str | None], carried: list[int | None], begins: int) -> Timeline:
    starts = [-_NEVER, *sorted(seconds)]
    count = len(starts)
    # Usage is carried along to a branch that there is, within the stay that it was made in.
    carries = [since if since is not None and number + 1 < count else None for number, since in enumerate(carried)]
    return Timeline(starts, branches[:count], carries[:count], begins, [], [], max(seconds), told_from=begins // 2)


_timelines = st.builds(
    timeline,
    st.lists(st.integers(10, 40), min_size=1, max_size=5),
    st.lists(st.sampled_from(_BRANCHES), min_size=6, max_size=6),
    st.lists(st.none() | st.integers(5, 45), min_size=6, max_size=6),
    st.integers(0, 25),
)


@settings(max_examples=100)
@given(
    _timelines,
    st.integers(0, 50_000),
    st.integers(0, 50_000),
    st.sampled_from(["", "HEAD", "main", "feat/a", "elsewhere"]),
    st.booleans(),
    st.booleans(),
)
def test_all_usage_of_a_steady_span_has_one_place_whatever_its_line_says(
    history: Timeline, asked_ms: int, other_ms: int, hint: str, stale: bool, moves: bool
) -> None:
    begin_ms, end_ms = steady_span(history, asked_ms)
    seen = [Observation(0, 50_000, "feat/b")]

    if begin_ms <= asked_ms < end_ms and begin_ms <= other_ms < end_ms:
        told = place(history, other_ms, hint, hint_stale=stale, moves_head=moves, observed=seen)
        assert told == place(history, asked_ms)


def test_a_second_in_which_head_moved_belongs_to_no_steady_span() -> None:
    history = timeline([10, 20], ["main", "feat/a", "feat/b"], [None] * 3, 5)

    assert steady_span(history, 15_500) == (11_000, 20_000)
    assert steady_span(history, 10_999) == (0, 0)
    assert steady_span(history, 4_999) == (0, 0)
