"""The committed or staged changes of a branch, by path; no filter program runs for that."""

from tokcost.errors import EnvironmentProblem
from tokcost.model.worktree import Worktree
from tokcost.repo.history import default_range, find_repository
from tokcost.repo.named_worktree import git_folder
from tokcost.repo.run import GitFailed, run_git

_MOST = 100_000
"""The maximum number of paths to compare."""


def changed_paths(worktree: Worktree, *, seconds: float = 1.0) -> list[str] | None:
    """Paths that differ between the index and the commit where the branch left the default branch; `None` if that is
    unknown."""
    folder = git_folder(worktree)
    try:
        base = default_range(find_repository(folder)).tips[0]
        begin = run_git(["merge-base", base, "HEAD"], folder, seconds=seconds).strip()
        # With `--cached`, no file of the working tree is read, so no clean filter runs. With renames, `--name-only`
        # would show the new path alone.
        asked = ["diff", "--cached", "--name-only", "--no-renames", "--no-ext-diff", "--ignore-submodules=all", "-z"]
        found = run_git([*asked, begin, "--"], folder, seconds=seconds)
    except (GitFailed, EnvironmentProblem):
        return None
    return [path for path in found.split("\0")[:_MOST] if path]
