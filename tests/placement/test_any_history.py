"""Random histories in real git: what a simple bookkeeper notes at each moment, the reflog tells afterwards."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from support.bookkeeper import STEPS, Bookkeeper
from support.git_sandbox import T0, GitSandbox
from tokcost.model.place import BranchPlace
from tokcost.placement.branch import place
from tokcost.placement.timeline import build_timeline
from tokcost.repo.reflog import read_head_history
from tokcost.repo.worktree import find_worktree


def placed(repo: GitSandbox, seconds: int, hint: str = "") -> BranchPlace:
    worktree = find_worktree(str(repo.path))
    assert worktree is not None
    return place(build_timeline(read_head_history(worktree)), (T0 + seconds) * 1000 + 500, hint)


def new_repository(factory: pytest.TempPathFactory) -> GitSandbox:
    repo = GitSandbox(factory.mktemp("any") / "repo")
    repo.commit()
    return repo


@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 5)), max_size=14))
@example([("detach", 0), ("commit", 0), ("create", 0), ("create", 0)])
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_usage_is_where_it_belongs_whatever_was_done_around_it(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    book = Bookkeeper(new_repository(tmp_path_factory))
    for number, (step, choice) in enumerate(steps, start=1):
        book.repo.at(number * 10)
        book.do(step, choice)
        book.work(number * 10 + 5)
    assert [(second, placed(book.repo, second).branch) for second, _ in book.noted] == book.noted


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=12))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_however_fast_branches_are_switched_a_live_hint_is_right_in_that_second_and_none_is_needed_later(
    tmp_path_factory: pytest.TempPathFactory, switches: list[tuple[int, int]]
) -> None:
    repo = new_repository(tmp_path_factory)
    branches = ["main", "a", "b", "c"]
    for name in branches[1:]:
        repo.git("branch", name)
    now, noted = 10, [(10, "main")]
    for choice, pause in switches:
        now += pause
        repo.at(now).switch(branches[choice])
        noted.append((now, branches[choice]))
    for seconds, branch in noted:
        assert placed(repo, seconds, branch) == BranchPlace(branch, "reflog")
    last = dict(noted)
    assert {seconds: placed(repo, seconds).branch for seconds in last} == last
