"""The files that a branch changed, as far as they are committed or staged: no filter of anybody runs for that."""

from tokcost.errors import EnvironmentProblem
from tokcost.model.worktree import Worktree
from tokcost.repo.history import default_range, find_repository
from tokcost.repo.run import GitFailed, run_git

_MOST = 100_000
"""Paths that are looked at."""


def changed_paths(worktree: Worktree, *, seconds: float = 1.0) -> list[str] | None:
    """Paths that are different in the index and where the branch left the default branch; `None` where nobody can
    tell."""
    try:
        base = default_range(find_repository(worktree.path)).tips[0]
        begin = run_git(["merge-base", base, "HEAD"], worktree.path, seconds=seconds).strip()
        asked = ["diff", "--cached", "--name-only", "--no-renames", "--no-ext-diff", "--ignore-submodules=all", "-z"]
        found = run_git([*asked, begin, "--"], worktree.path, seconds=seconds)
    except (GitFailed, EnvironmentProblem):
        return None
    return [path for path in found.split("\0")[:_MOST] if path]
