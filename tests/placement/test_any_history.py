"""Random histories in real git: what a simple bookkeeper notes at each moment, the reflog tells afterwards."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from support.git_sandbox import T0, GitSandbox
from tokcost.model.place import BranchPlace
from tokcost.placement.branch import build_timeline, place
from tokcost.repo.reflog import read_history
from tokcost.repo.worktree import find_worktree

_STEPS = ["switch", "switch", "create", "create", "commit", "rename", "detach", "rebase", "branch", "reset"]


class Bookkeeper:
    """Works in a repository and notes, as it happens, where usage belongs by rule 7 of the design."""

    def __init__(self, repo: GitSandbox) -> None:
        self.repo = repo
        self.branches = ["main"]
        self.current: str | None = "main"
        self.noted: list[tuple[int, str | None]] = []
        self.uncommitted: list[int] = []
        """Usage of this stay that would follow to a branch created now, by its number in `noted`."""
        self.on_no_branch: list[int] = []
        """Usage of this stay that was committed on a detached HEAD: the branch created from there has the commit."""

    def work(self, second: int) -> None:
        """One usage now."""
        self.uncommitted.append(len(self.noted))
        self.noted.append((second, self.current))

    def do(self, step: str, choice: int) -> None:
        """One step that a person might take."""
        chosen = self.branches[choice % len(self.branches)]
        fresh = f"b{len(self.branches)}.{self.repo.now}"
        match step:
            case "switch":
                self.repo.switch(chosen)
                self._leave(chosen)
            case "create":
                self.repo.switch("-c", fresh)
                self._create(fresh)
            case "commit":
                self.repo.git("commit", "-q", "--allow-empty", "-m", "x")
                if self.current is None:
                    self.on_no_branch += self.uncommitted
                self.uncommitted.clear()
            case "rename" if self.current:
                self.repo.git("branch", "-m", fresh)
                self._rename(self.current, fresh)
            case "detach":
                self.repo.git("checkout", "-q", "--detach")
                self._leave(None)
            case "rebase":
                self.repo.git("rebase", "-q", "--keep-empty", "--force-rebase", chosen)
            case "branch":
                self.repo.git("branch", fresh)
                self.branches.append(fresh)
            case _:
                self.repo.git("reset", "-q", "--soft", "HEAD")

    def _leave(self, branch: str | None) -> None:
        if branch != self.current:
            self.uncommitted.clear()
            self.on_no_branch.clear()
        self.current = branch

    def _create(self, branch: str) -> None:
        for number in [*self.uncommitted, *self.on_no_branch]:
            self.noted[number] = (self.noted[number][0], branch)
        self.on_no_branch.clear()
        self.branches.append(branch)
        self.current = branch

    def _rename(self, before: str, after: str) -> None:
        self.noted = [(second, after if branch == before else branch) for second, branch in self.noted]
        self.branches[self.branches.index(before)] = self.current = after


def placed(repo: GitSandbox, seconds: int, hint: str = "") -> BranchPlace:
    worktree = find_worktree(str(repo.path))
    assert worktree is not None
    return place(build_timeline(read_history(worktree)), (T0 + seconds) * 1000 + 500, hint)


def new_repository(factory: pytest.TempPathFactory) -> GitSandbox:
    repo = GitSandbox(factory.mktemp("any") / "repo")
    repo.commit()
    return repo


@given(st.lists(st.tuples(st.sampled_from(_STEPS), st.integers(0, 5)), max_size=14))
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
